package console

import (
	"bytes"
	"math/rand"
	"runtime"
	"sync"
	"testing"
	"time"

	"galago/drivers/hw/hwtest"
	"galago/drivers/pci"
	"galago/drivers/virtio/virtiotest"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/uio"
)

func TestMain(m *testing.M) {
	mem.HostInit(64 << 20)
	m.Run()
}

// fake is a console device: what the driver sends is collected, unless held.
type fake struct {
	virtiotest.Device
	mu   sync.Mutex
	sent []byte
	held bool
}

func attach(t *testing.T) (*fake, *Port) {
	t.Helper()
	pci.Forget()
	f := &fake{}
	f.Offered, f.QueueSize, f.NumQueues = virtiotest.Version1|virtiotest.Indirect|virtiotest.EventIdx|1<<1, 64, 4
	f.Config = make([]byte, 12)
	f.Serve = func(q int, c *virtiotest.Chain) (uint32, bool) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if q != transmitQ || f.held {
			return 0, false
		}
		f.take(c)
		return 0, true
	}
	f.Attach(hwtest.NewBus(0xb0000000, 1), int(pci.MakeAddr(0, 3, 0)), 3, 2)
	if err := pci.Init(pci.Config{ECAM: 0xb0000000}); err != errno.OK {
		t.Fatal(err)
	}
	numPorts = 0
	Register()
	pci.Probe()
	if Get(0) == nil {
		t.Fatal("no console")
	}
	if f.Accepted()&2 != 0 {
		t.Error("several ports accepted")
	}
	return f, Get(0)
}

func (f *fake) take(c *virtiotest.Chain) {
	for _, b := range c.Out {
		f.sent = append(f.sent, b...)
	}
}

// receive lets data arrive in pieces of random size, waiting for buffers.
func (f *fake) receive(data []byte, rnd *rand.Rand) {
	for len(data) > 0 {
		n := min(1+rnd.Intn(6000), len(data))
		if f.Answer(receiveQ, func(c *virtiotest.Chain) uint32 {
			n = copy(c.In[0], data[:n])
			return uint32(n)
		}) {
			data = data[n:]
		} else {
			time.Sleep(time.Millisecond)
		}
	}
}

func TestReceive(t *testing.T) {
	f, p := attach(t)
	buf := make([]byte, 3000)
	it := uio.FromKernel(buf)
	if n, err := p.Read(&it, true); n != 0 || err != errno.EAGAIN {
		t.Fatalf("empty: %d %v", n, err)
	}
	want := make([]byte, 500_000)
	rnd := rand.New(rand.NewSource(1))
	rnd.Read(want)
	go f.receive(want, rnd)
	var got []byte
	for len(got) < len(want) {
		it := uio.FromKernel(buf[:1+rand.Intn(len(buf))])
		n, err := p.Read(&it, false)
		if err != errno.OK || n == 0 {
			t.Fatal(n, err)
		}
		got = append(got, buf[:n]...)
	}
	if !bytes.Equal(got, want) {
		t.Error("bytes differ")
	}
	if r, w := p.Ready(); r || !w {
		t.Errorf("ready: %v %v", r, w)
	}
}

func TestSend(t *testing.T) {
	f, p := attach(t)
	want := make([]byte, 300_000)
	rand.New(rand.NewSource(2)).Read(want)
	for left := want; len(left) > 0; {
		k := min(len(left), 1+rand.Intn(20_000))
		it := uio.FromKernel(left[:k])
		if n, err := p.Write(&it, false); n != k || err != errno.OK {
			t.Fatal(n, err)
		}
		left = left[k:]
	}
	if err := p.Drain(5_000_000_000); err != errno.OK {
		t.Fatal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !bytes.Equal(f.sent, want) {
		t.Error("bytes differ")
	}
}

func TestSendWithoutReader(t *testing.T) {
	f, p := attach(t)
	f.mu.Lock()
	f.held = true
	f.mu.Unlock()
	data := make([]byte, 2*numBuffers*bufferSize)
	defer runtime.KeepAlive(data) // an Iter does not
	it := uio.FromKernel(data)
	n, err := p.Write(&it, true)
	if n != numBuffers*bufferSize || err != errno.OK {
		t.Fatalf("took %d, %v", n, err)
	}
	if n, err = p.Write(&it, true); n != 0 || err != errno.EAGAIN {
		t.Fatalf("took %d, %v", n, err)
	}
	if _, w := p.Ready(); w {
		t.Error("writable")
	}
	if err := p.Drain(10_000_000); err != errno.ETIMEDOUT {
		t.Error(err)
	}
	done := make(chan int)
	go func() {
		n, _ := p.Write(&it, false)
		done <- n
	}()
	f.mu.Lock()
	f.held = false
	f.mu.Unlock()
	for !f.Answer(transmitQ, func(c *virtiotest.Chain) uint32 { return 0 }) {
		time.Sleep(time.Millisecond)
	}
	for {
		select {
		case n := <-done:
			if n != numBuffers*bufferSize {
				t.Errorf("took %d", n)
			}
			return
		case <-time.After(time.Millisecond):
			f.Answer(transmitQ, func(c *virtiotest.Chain) uint32 { return 0 })
		}
	}
}

func TestBrokenDevice(t *testing.T) {
	f, p := attach(t)
	f.Locked(func() {
		f.Mangle = func(q int, id, n uint32, index uint16) (uint32, uint32, uint16) { return id, 1 << 20, index }
	})
	go f.receive([]byte("x"), rand.New(rand.NewSource(1)))
	data := make([]byte, 10)
	defer runtime.KeepAlive(data)
	it := uio.FromKernel(data)
	if n, err := p.Read(&it, false); n != 0 || err != errno.EIO {
		t.Errorf("read: %d %v", n, err)
	}
	it = uio.FromKernel(data)
	if n, err := p.Write(&it, false); n != 0 || err != errno.EIO {
		t.Errorf("write: %d %v", n, err)
	}
	if !f.Failed() {
		t.Error("the device was not told")
	}
}
