package blk

import (
	"bytes"
	"encoding/binary"
	"math/rand"
	"sync"
	"testing"
	"time"

	"galago/drivers/hw/hwtest"
	"galago/drivers/pci"
	"galago/drivers/virtio/virtiotest"
	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/mem"
)

func TestMain(m *testing.M) {
	mem.HostInit(64 << 20)
	m.Run()
}

const (
	sectors  = 4096
	features = virtiotest.Version1 | virtiotest.Indirect | virtiotest.EventIdx
	blkBits  = 1<<2 | 1<<6 | 1<<9 | 1<<13 | 1<<14
)

// fake is the storage behind a fake device.
type fake struct {
	virtiotest.Device
	data    []byte
	kinds   []uint32
	silent  bool
	failing map[uint64]bool
}

func newFake(offered uint64) *fake {
	f := &fake{data: make([]byte, sectors*512), failing: map[uint64]bool{}}
	f.Offered, f.QueueSize, f.NumQueues = offered, 64, 1
	c := make([]byte, 60)
	le := binary.LittleEndian
	le.PutUint64(c, sectors)
	le.PutUint32(c[12:], 62)
	le.PutUint32(c[20:], 512)
	le.PutUint16(c[34:], 1)
	le.PutUint32(c[36:], 1000)
	le.PutUint32(c[48:], 1000)
	f.Config = c
	f.Serve = f.serve
	return f
}

// attach brings the device up with the driver and returns its disk.
func (f *fake) attach(t *testing.T) *block.Device {
	t.Helper()
	pci.Forget()
	f.Attach(hwtest.NewBus(0xb0000000, 1), int(pci.MakeAddr(0, 3, 0)), 2, 2)
	if err := pci.Init(pci.Config{ECAM: 0xb0000000}); err != errno.OK {
		t.Fatal(err)
	}
	before := nextIndex
	Register()
	pci.Probe()
	if nextIndex == before {
		return nil
	}
	var d *disk
	pci.Each(func(p *pci.Device) bool { d = (*disk)(p.Private); return true })
	return &d.block
}

func (f *fake) serve(q int, c *virtiotest.Chain) (uint32, bool) {
	if f.silent {
		return 0, false
	}
	h, status := c.Out[0], c.In[len(c.In)-1]
	le := binary.LittleEndian
	kind, sector := le.Uint32(h), le.Uint64(h[8:])
	f.kinds = append(f.kinds, kind)
	at := f.data[min(sector, sectors)*512:]
	status[0] = 0
	n := 0
	switch kind {
	case typeIn:
		for _, b := range c.In[:len(c.In)-1] {
			n += copy(b, at[n:])
		}
	case typeOut:
		for _, b := range c.Out[1:] {
			n += copy(at[n:], b)
		}
	case typeDiscard, typeZeroes:
		start, count := le.Uint64(c.Out[1]), uint64(le.Uint32(c.Out[1][8:]))
		clear(f.data[start*512 : (start+count)*512])
	case typeFlush:
	default:
		status[0] = 2
	}
	if f.failing[sector] {
		status[0] = 1
	}
	if kind == typeIn {
		return uint32(n) + 1, true
	}
	return 1, true
}

func page(t *testing.T, fill byte) *mem.Frame {
	f := mem.AllocFrame(0)
	for i := range f.Bytes() {
		f.Bytes()[i] = fill
	}
	t.Cleanup(f.Put)
	return f
}

func TestOperations(t *testing.T) {
	for _, offered := range []uint64{features | blkBits, virtiotest.Version1 | blkBits, virtiotest.Version1 | virtiotest.EventIdx} {
		f := newFake(offered)
		d := f.attach(t)
		if d == nil {
			t.Fatal("no disk")
		}
		if d.Sectors != sectors || d.Cache != (offered&blkBits != 0) {
			t.Errorf("%+v", d)
		}
		w, r := page(t, 0x5a), page(t, 0)
		if err := d.WriteSync(7, w); err != errno.OK {
			t.Fatal(err)
		}
		if err := d.ReadSync(7, r); err != errno.OK || !bytes.Equal(r.Bytes(), w.Bytes()) {
			t.Errorf("read back: %v", err)
		}
		if err := d.Flush(); err != errno.OK {
			t.Error(err)
		}
		if offered&blkBits != 0 {
			if err := d.Zero(56, 8); err != errno.OK || f.data[7*4096] != 0 {
				t.Errorf("zero: %v", err)
			}
			if err := d.Discard(56, 8); err != errno.OK {
				t.Errorf("discard: %v", err)
			}
		}
		if (f.Device.Indirect.Load() > 0) != (offered&virtiotest.Indirect != 0) {
			t.Errorf("%d indirect requests", f.Device.Indirect.Load())
		}
	}
}

func TestErrorStatus(t *testing.T) {
	f := newFake(features | blkBits)
	d := f.attach(t)
	f.Locked(func() { f.failing[80] = true })
	if err := d.ReadSync(10, page(t, 0)); err != errno.EIO {
		t.Errorf("got %v", err)
	}
	if err := d.ReadSync(11, page(t, 0)); err != errno.OK {
		t.Errorf("got %v", err)
	}
}

func TestLoad(t *testing.T) {
	for _, offered := range []uint64{features | blkBits, virtiotest.Version1 | blkBits} {
		f := newFake(offered)
		d := f.attach(t)
		var wg sync.WaitGroup
		const workers, pages, rounds = 4, 100, 200
		for w := range workers {
			p := page(t, 0)
			wg.Add(1)
			go func() {
				defer wg.Done()
				rnd := rand.New(rand.NewSource(int64(w)))
				var model [pages]byte
				for i := range rounds {
					k := rnd.Intn(pages)
					if rnd.Intn(2) == 0 {
						model[k] = byte(i)
						copy(p.Bytes(), bytes.Repeat([]byte{byte(i)}, 4096))
						if err := d.WriteSync(uint64(w*pages+k), p); err != errno.OK {
							t.Error(err)
						}
					} else if err := d.ReadSync(uint64(w*pages+k), p); err != errno.OK || p.Bytes()[77] != model[k] {
						t.Errorf("%v: %d, want %d", err, p.Bytes()[77], model[k])
					}
				}
			}()
		}
		wg.Wait()
		if n := f.Notified.Load(); n > workers*rounds+10 {
			t.Errorf("%d notifications", n)
		}
	}
}

// TestHostile: nonsense in the used ring makes the driver reset the device and repeat the request; a device that keeps
// talking nonsense is given up. Nothing panics.
func TestHostile(t *testing.T) {
	for name, mangle := range map[string]func(id, n uint32, index uint16) (uint32, uint32, uint16){
		"id out of range": func(id, n uint32, index uint16) (uint32, uint32, uint16) { return 1000, n, index },
		"id negative":     func(id, n uint32, index uint16) (uint32, uint32, uint16) { return ^uint32(0), n, index },
		"id not in use":   func(id, n uint32, index uint16) (uint32, uint32, uint16) { return id + 1, n, index },
		"index jumps":     func(id, n uint32, index uint16) (uint32, uint32, uint16) { return id, n, index + 1000 },
		"too many bytes":  func(id, n uint32, index uint16) (uint32, uint32, uint16) { return id, 1 << 30, index },
	} {
		t.Run(name, func(t *testing.T) {
			for _, always := range []bool{false, true} {
				f := newFake(features | blkBits)
				d := f.attach(t)
				count := 0
				f.Locked(func() {
					f.Mangle = func(q int, id, n uint32, index uint16) (uint32, uint32, uint16) {
						if count++; always || count == 1 {
							return mangle(id, n, index)
						}
						return id, n, index
					}
				})
				err := d.ReadSync(3, page(t, 0))
				if always && err != errno.EIO || !always && err != errno.OK {
					t.Errorf("always %v: %v", always, err)
				}
				if f.Resets.Load() < 2 {
					t.Errorf("%d resets", f.Resets.Load())
				}
			}
		})
	}
}

// TestSilentDevice: a device that takes requests and answers none is reset; if it still does not answer, the requests fail.
func TestSilentDevice(t *testing.T) {
	f := newFake(features | blkBits)
	d := f.attach(t)
	f.Locked(func() { f.silent = true })
	done := make(chan errno.Errno)
	p := page(t, 0)
	go func() { done <- d.ReadSync(3, p) }()
	drv := (*disk)(d.Private)
	for {
		select {
		case err := <-done:
			if err != errno.EIO || f.Resets.Load() < 3 {
				t.Errorf("%v after %d resets", err, f.Resets.Load())
			}
			return
		case <-time.After(20 * time.Millisecond):
			drv.fault()
		}
	}
}

func TestResetRefused(t *testing.T) {
	f := newFake(features | blkBits)
	d := f.attach(t)
	f.Locked(func() { f.silent, f.RefuseReset = true, true })
	drv := (*disk)(d.Private)
	time.AfterFunc(20*time.Millisecond, drv.fault)
	if err := d.ReadSync(3, page(t, 0)); err != errno.EIO {
		t.Error(err)
	}
	if err := d.ReadSync(3, page(t, 0)); err != errno.EIO {
		t.Errorf("a dead disk: %v", err)
	}
}

func TestBadConfiguration(t *testing.T) {
	for name, spoil := range map[string]func(f *fake){
		"huge":        func(f *fake) { binary.LittleEndian.PutUint64(f.Config, 1<<60) },
		"block size":  func(f *fake) { binary.LittleEndian.PutUint32(f.Config[20:], 100) },
		"no version":  func(f *fake) { f.Offered &^= virtiotest.Version1 },
		"no queue":    func(f *fake) { f.QueueSize = 0 },
		"queues gone": func(f *fake) { f.NumQueues = 0 },
	} {
		f := newFake(features | blkBits)
		spoil(f)
		if f.attach(t) != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
