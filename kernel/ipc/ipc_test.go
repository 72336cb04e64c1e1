package ipc

import (
	"bytes"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	gotime "time"
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/time"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

func TestMain(m *testing.M) {
	mem.HostInit(64 << 20)
	start := gotime.Now()
	time.SetClock(func() uint64 { return uint64(gotime.Since(start)) }, 1e9)
	sched.SignalPending = func(t *sched.Thread) bool { return signalled.Load() == t }
	os.Exit(m.Run())
}

// signalled is the thread with a signal pending.
var signalled atomic.Pointer[sched.Thread]

func newPipe(t testing.TB, flags uint32) (r, w *vfs.File) {
	t.Helper()
	r, w, e := NewPipe(flags, &cred.Root)
	if e != 0 {
		t.Fatalf("NewPipe: %v", e)
	}
	return r, w
}

func write(f *vfs.File, b []byte) (int, errno.Errno) {
	c := onHeap(len(b))
	copy(c, b)
	it := uio.FromKernel(c)
	return f.Write(&it)
}

// onHeap allocates a buffer that does not move, as a goroutine's stack may: an Iter holds its address as a number.
func onHeap(n int) []byte {
	b := make([]byte, n)
	keep.Store(&b)
	return b
}

var keep atomic.Pointer[[]byte]

func read(f *vfs.File, n int) ([]byte, errno.Errno) {
	b := onHeap(n)
	it := uio.FromKernel(b)
	k, e := f.Read(&it)
	return b[:k], e
}

// checkLeaks fails the test if frames or objects are left over.
func checkLeaks(t *testing.T) {
	t.Helper()
	f, e := NewEventFD(0, 0, &cred.Root) // make what is made once
	if e != 0 {
		t.Fatal(e)
	}
	f.Put()
	before := mem.TakeSnapshot()
	t.Cleanup(func() {
		if after := mem.TakeSnapshot(); after != before {
			t.Errorf("leak: before %+v, after %+v", before, after)
		}
	})
}

func TestPipeBasics(t *testing.T) {
	checkLeaks(t)
	r, w := newPipe(t, vfs.O_NONBLOCK)
	if _, e := read(r, 10); e != errno.EAGAIN {
		t.Errorf("read of an empty pipe: %v", e)
	}
	if n, e := write(w, []byte("hello")); n != 5 || e != 0 {
		t.Errorf("write: %d %v", n, e)
	}
	if b, e := read(r, 3); string(b) != "hel" || e != 0 {
		t.Errorf("read: %q %v", b, e)
	}
	if b, e := read(r, 10); string(b) != "lo" || e != 0 {
		t.Errorf("read: %q %v", b, e)
	}
	if _, e := read(w, 1); e != errno.EBADF {
		t.Errorf("read of the writing end: %v", e)
	}
	if _, e := write(r, []byte{1}); e != errno.EBADF {
		t.Errorf("write to the reading end: %v", e)
	}
	if b, e := read(r, 0); len(b) != 0 || e != 0 {
		t.Errorf("read of 0 bytes: %q %v", b, e)
	}
	write(w, []byte("end"))
	w.Put()
	if b, e := read(r, 10); string(b) != "end" || e != 0 {
		t.Errorf("read after close: %q %v", b, e)
	}
	if b, e := read(r, 10); len(b) != 0 || e != 0 {
		t.Errorf("read at the end: %q %v", b, e)
	}
	r.Put()
}

func TestPipeBroken(t *testing.T) {
	checkLeaks(t)
	signals := 0
	OnBrokenPipe = func() { signals++ }
	defer func() { OnBrokenPipe = nil }()
	r, w := newPipe(t, 0)
	write(w, []byte("lost"))
	r.Put()
	if n, e := write(w, []byte("x")); n != 0 || e != errno.EPIPE || signals != 1 {
		t.Errorf("write without reader: %d %v, %d signals", n, e, signals)
	}
	w.Put()
}

func TestPipeFull(t *testing.T) {
	checkLeaks(t)
	r, w := newPipe(t, vfs.O_NONBLOCK)
	big := make([]byte, 100000)
	for i := range big {
		big[i] = byte(i * 7)
	}
	if n, e := write(w, big); n != PipeSize || e != 0 {
		t.Fatalf("filling: %d %v", n, e)
	}
	if _, e := write(w, []byte{0}); e != errno.EAGAIN {
		t.Errorf("write to a full pipe: %v", e)
	}
	if b, _ := read(r, 100); !bytes.Equal(b, big[:100]) {
		t.Errorf("wrong bytes")
	}
	if n, e := write(w, big[:101]); n != 0 || e != errno.EAGAIN {
		t.Errorf("a write of up to PIPE_BUF bytes must not be torn: %d %v", n, e)
	}
	if b, _ := read(r, PipeBuf-100); !bytes.Equal(b, big[100:PipeBuf]) {
		t.Errorf("wrong bytes")
	}
	if n, e := write(w, big[PipeSize:PipeSize+100]); n != 100 || e != 0 {
		t.Errorf("write of what fits: %d %v", n, e)
	}
	var got []byte
	for {
		b, e := read(r, 777)
		if e != 0 {
			break
		}
		got = append(got, b...)
	}
	if !bytes.Equal(got, big[PipeBuf:PipeSize+100]) {
		t.Errorf("%d bytes read back differ", len(got))
	}
	r.Put()
	w.Put()
}

// TestPipeStream sends a stream in pieces of all sizes, blocking on both sides.
func TestPipeStream(t *testing.T) {
	checkLeaks(t)
	r, w := newPipe(t, 0)
	const total = 1 << 20
	sent := make([]byte, total)
	for i := range sent {
		sent[i] = byte(i*i>>3 + i)
	}
	go func() {
		size := 1
		for off := 0; off < total; {
			n := min(size, total-off)
			k, e := write(w, sent[off:off+n])
			if k != n || e != 0 {
				t.Errorf("write of %d: %d %v", n, k, e)
				break
			}
			off += n
			size = size*3%150001 + 1
		}
		w.Put()
	}()
	var got []byte
	size := 5
	for {
		b, e := read(r, size)
		if e != 0 {
			t.Fatal(e)
		}
		if len(b) == 0 {
			break
		}
		got = append(got, b...)
		size = size*5%70001 + 1
	}
	r.Put()
	if !bytes.Equal(got, sent) {
		t.Errorf("%d bytes arrived, not as sent", len(got))
	}
}

// TestPipeAtomic has several writers and readers of messages that must arrive whole.
func TestPipeAtomic(t *testing.T) {
	checkLeaks(t)
	r, w := newPipe(t, 0)
	const writers, messages, size = 4, 150, 1000 // does not divide the page size
	var wg sync.WaitGroup
	for id := range writers {
		w.Get()
		wg.Add(1)
		go func() {
			defer wg.Done()
			msg := bytes.Repeat([]byte{byte(id + 1)}, size)
			for range messages {
				if n, e := write(w, msg); n != size || e != 0 {
					t.Errorf("write: %d %v", n, e)
				}
			}
			w.Put()
		}()
	}
	w.Put()
	var counts [writers + 1]atomic.Int32
	for range 2 {
		r.Get()
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				b, e := read(r, size)
				if e != 0 {
					t.Error(e)
				}
				if len(b) == 0 {
					break
				}
				if len(b) != size || bytes.Count(b, b[:1]) != size {
					t.Errorf("torn message of %d bytes", len(b))
					break
				}
				counts[b[0]].Add(1)
			}
			r.Put()
		}()
	}
	wg.Wait()
	r.Put()
	for id := 1; id <= writers; id++ {
		if counts[id].Load() != messages {
			t.Errorf("writer %d: %d of %d messages arrived", id, counts[id].Load(), messages)
		}
	}
}

func TestPipeInterrupted(t *testing.T) {
	checkLeaks(t)
	r, w := newPipe(t, 0)
	done := make(chan errno.Errno)
	var th atomic.Pointer[sched.Thread]
	go func() {
		th.Store(sched.Current())
		_, e := read(r, 1)
		done <- e
	}()
	for th.Load() == nil || th.Load().State() != sched.Interruptible {
		gotime.Sleep(gotime.Millisecond)
	}
	signalled.Store(th.Load())
	sched.Interrupt(th.Load(), sched.Interruptible)
	if e := <-done; e != errno.EINTR {
		t.Errorf("interrupted read: %v", e)
	}
	signalled.Store(nil)
	r.Put()
	w.Put()
}

func TestPipeNoMemory(t *testing.T) {
	checkLeaks(t)
	for n := int64(1); ; n++ {
		mem.FailNth(n)
		r, w, e := NewPipe(0, &cred.Root)
		if e == 0 {
			mem.FailNth(0)
			r.Put()
			w.Put()
			break
		}
		if e != errno.ENOMEM || n > 20 {
			t.Fatalf("allocation %d failing: %v", n, e)
		}
	}
}

func TestPipeFionread(t *testing.T) {
	r, w := newPipe(t, 0)
	write(w, make([]byte, 5000))
	var n int32
	if _, e := r.Ioctl(0x541b, uintptr(unsafe.Pointer(&n))); e != 0 || n != 5000 {
		t.Errorf("FIONREAD: %d %v", n, e)
	}
	if _, e := r.Ioctl(0x5401, 0); e != errno.ENOTTY {
		t.Errorf("TCGETS: %v", e)
	}
	if _, e := r.Lseek(0, io.SeekCurrent); e != errno.ESPIPE {
		t.Errorf("lseek: %v", e)
	}
	r.Put()
	w.Put()
}
