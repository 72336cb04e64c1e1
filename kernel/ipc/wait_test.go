package ipc

import (
	"sync"
	"sync/atomic"
	"testing"
	gotime "time"
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/vfs"
)

const millisecond = 1_000_000

// table makes a descriptor table with the given files.
func table(t *testing.T, files ...*vfs.File) *vfs.FDTable {
	fds := vfs.NewFDTable()
	for _, f := range files {
		if _, e := fds.Add(f, 0, 1024, false); e != 0 {
			t.Fatal(e)
		}
	}
	return fds
}

// soon calls fn after a while; the test does not end before it has.
func soon(t *testing.T, d gotime.Duration, fn func()) {
	done := make(chan struct{})
	t.Cleanup(func() { <-done })
	go func() {
		gotime.Sleep(d)
		fn()
		close(done)
	}()
}

func TestPollStates(t *testing.T) {
	checkLeaks(t)
	r, w := newPipe(t, vfs.O_NONBLOCK)
	fds := table(t, r, w)
	const in, out = vfs.POLLIN, vfs.POLLOUT
	poll := func(want0, want1 int16) {
		t.Helper()
		p := []PollFD{{FD: 0, Events: in}, {FD: 1, Events: out}, {FD: -1, Events: in}, {FD: 9, Events: in}}
		n, e := Poll(fds, p, 0)
		count := 1
		if want0 != 0 {
			count++
		}
		if want1 != 0 {
			count++
		}
		if e != 0 || n != count || p[0].Revents != want0 || p[1].Revents != want1 || p[2].Revents != 0 || p[3].Revents != vfs.POLLNVAL {
			t.Errorf("poll: %d %v %+v, want %x %x", n, e, p, want0, want1)
		}
	}
	poll(0, out)
	write(w, []byte("x"))
	poll(in, out)
	write(w, make([]byte, PipeSize-PipeBuf))
	poll(in, 0)
	read(r, 1)
	poll(in, out)
	read(r, PipeSize)
	fds.Close(0)
	p := []PollFD{{FD: 1, Events: out}}
	if n, e := Poll(fds, p, -1); n != 1 || e != 0 || p[0].Revents != out|vfs.POLLERR {
		t.Errorf("writer without reader: %d %v %+v", n, e, p)
	}
	fds.Put()
}

func TestPollHangup(t *testing.T) {
	checkLeaks(t)
	r, w := newPipe(t, 0)
	fds := table(t, r)
	soon(t, 5*gotime.Millisecond, func() { w.Put() })
	p := []PollFD{{FD: 0, Events: vfs.POLLIN}}
	if n, e := Poll(fds, p, -1); n != 1 || e != 0 || p[0].Revents != vfs.POLLHUP {
		t.Errorf("poll: %d %v %+v", n, e, p)
	}
	fds.Put()
}

func TestPollTimeout(t *testing.T) {
	checkLeaks(t)
	r, w := newPipe(t, 0)
	fds := table(t, r)
	start := gotime.Now()
	p := []PollFD{{FD: 0, Events: vfs.POLLIN}}
	if n, e := Poll(fds, p, 20*millisecond); n != 0 || e != 0 {
		t.Errorf("poll: %d %v", n, e)
	}
	if d := gotime.Since(start); d < 20*gotime.Millisecond {
		t.Errorf("over after %v", d)
	}
	if n, e := Poll(fds, nil, millisecond); n != 0 || e != 0 {
		t.Errorf("poll of nothing: %d %v", n, e)
	}
	w.Put()
	fds.Put()
}

// TestPollMany waits for more files than a poller has entries of its own; the last one becomes ready.
func TestPollMany(t *testing.T) {
	checkLeaks(t)
	for _, count := range []int{1, inlineEntries, inlineEntries + 1, inlineEntries + blockEntries, inlineEntries + 2*blockEntries + 3} {
		var rs, ws []*vfs.File
		var p []PollFD
		for i := range count {
			r, w := newPipe(t, 0)
			rs, ws = append(rs, r), append(ws, w)
			p = append(p, PollFD{FD: int32(i), Events: vfs.POLLIN})
		}
		fds := table(t, rs...)
		soon(t, 2*gotime.Millisecond, func() { write(ws[count-1], []byte("x")) })
		n, e := Poll(fds, p, -1)
		if n != 1 || e != 0 || p[count-1].Revents != vfs.POLLIN {
			t.Errorf("%d files: %d %v", count, n, e)
		}
		fds.Put()
		for _, w := range ws {
			w.Put()
		}
	}
}

func TestPollNoMemory(t *testing.T) {
	checkLeaks(t)
	var rs, ws []*vfs.File
	var p []PollFD
	for i := range inlineEntries + 1 {
		r, w := newPipe(t, 0)
		rs, ws = append(rs, r), append(ws, w)
		p = append(p, PollFD{FD: int32(i), Events: vfs.POLLIN})
	}
	fds := table(t, rs...)
	for n := int64(1); n <= 2; n++ { // the poller, its first block
		mem.FailNth(n)
		if _, e := Poll(fds, p, -1); e != errno.ENOMEM {
			t.Errorf("allocation %d failing: %v", n, e)
		}
		mem.FailNth(0)
	}
	fds.Put()
	for _, w := range ws {
		w.Put()
	}
}

func TestSelect(t *testing.T) {
	checkLeaks(t)
	r, w := newPipe(t, 0)
	fds := table(t, r, w)
	in, out, got1, got2 := []uint64{1}, []uint64{2}, []uint64{9}, []uint64{9}
	s := &FDSets{WantIn: in, WantOut: out, GotIn: got1, GotOut: got2}
	if n, e := Select(fds, 2, s, -1); n != 1 || e != 0 || got1[0] != 0 || got2[0] != 2 {
		t.Errorf("select: %d %v %x %x", n, e, got1, got2)
	}
	write(w, []byte("x"))
	if n, e := Select(fds, 2, s, -1); n != 2 || e != 0 || got1[0] != 1 || got2[0] != 2 {
		t.Errorf("select: %d %v %x %x", n, e, got1, got2)
	}
	if n, e := Select(fds, 1, s, 0); n != 1 || e != 0 || got1[0] != 1 || got2[0] != 0 {
		t.Errorf("select below 1: %d %v %x %x", n, e, got1, got2)
	}
	in[0] = 1 << 40
	if _, e := Select(fds, 64, s, 0); e != errno.EBADF {
		t.Errorf("select of a closed descriptor: %v", e)
	}
	in[0], out[0] = 1, 0
	read(r, 1)
	soon(t, 2*gotime.Millisecond, func() { fds.Close(1) })
	if n, e := Select(fds, 64, s, -1); n != 1 || e != 0 || got1[0] != 1 {
		t.Errorf("select at the end: %d %v %x", n, e, got1)
	}
	fds.Put()
}

func TestEventFD(t *testing.T) {
	checkLeaks(t)
	if _, e := NewEventFD(0, 2, &cred.Root); e != errno.EINVAL {
		t.Errorf("unknown flag: %v", e)
	}
	f, e := NewEventFD(3, vfs.O_NONBLOCK, &cred.Root)
	if e != 0 {
		t.Fatal(e)
	}
	num := func(v uint64) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(&v)), 8) }
	get := func(b []byte) uint64 { return *(*uint64)(unsafe.Pointer(&b[0])) }
	if b, e := read(f, 8); e != 0 || get(b) != 3 {
		t.Errorf("read: %v %v", b, e)
	}
	if _, e := read(f, 8); e != errno.EAGAIN {
		t.Errorf("read of 0: %v", e)
	}
	if _, e := read(f, 7); e != errno.EINVAL {
		t.Errorf("short read: %v", e)
	}
	if _, e := write(f, num(^uint64(0))); e != errno.EINVAL {
		t.Errorf("write of −1: %v", e)
	}
	if n, e := write(f, num(^uint64(0)-1)); n != 8 || e != 0 {
		t.Errorf("write: %d %v", n, e)
	}
	if m := f.Poll(nil); m != vfs.POLLIN {
		t.Errorf("poll of a full counter: %x", m)
	}
	if _, e := write(f, num(1)); e != errno.EAGAIN {
		t.Errorf("overflow: %v", e)
	}
	f.Put()
	f, _ = NewEventFD(2, EFDSemaphore, &cred.Root)
	for range 2 {
		if b, e := read(f, 8); e != 0 || get(b) != 1 {
			t.Errorf("semaphore: %v %v", b, e)
		}
	}
	soon(t, gotime.Millisecond, func() { write(f, num(1)) })
	if b, e := read(f, 8); e != 0 || get(b) != 1 {
		t.Errorf("blocking read: %v %v", b, e)
	}
	f.Put()
}

// futexWait waits on a word as a private futex of a made-up space.
func futexWait(word *uint32, val, bits uint32, ns int64) errno.Errno {
	return FutexWait(wordOf(word), val, bits, deadlineIn(ns))
}

func keyOf(word *uint32) FutexKey   { return FutexKey{4096, uintptr(unsafe.Pointer(word))} }
func wordOf(word *uint32) FutexWord { return FutexWord{keyOf(word), uintptr(unsafe.Pointer(word))} }

func TestFutex(t *testing.T) {
	checkLeaks(t)
	word := new(uint32)
	other := new(uint32)
	if e := futexWait(word, 1, FutexAny, -1); e != errno.EAGAIN {
		t.Errorf("wrong value: %v", e)
	}
	if e := futexWait(word, 0, FutexAny, millisecond); e != errno.ETIMEDOUT {
		t.Errorf("time-out: %v", e)
	}
	if e := futexWait(word, 0, 0, -1); e != errno.EINVAL {
		t.Errorf("no bits: %v", e)
	}
	const waiters = 6
	var woken atomic.Int32
	var wg sync.WaitGroup
	for range waiters {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if e := futexWait(word, 0, 1, -1); e != 0 {
				t.Errorf("wait: %v", e)
			}
			woken.Add(1)
		}()
	}
	inBucket := func(w *uint32) int {
		n, b := 0, keyOf(w).bucket()
		b.lock.Lock()
		defer b.lock.Unlock()
		for x := b.list.Front(); x != nil; x = x.node.Next() {
			if x.key == keyOf(w) {
				n++
			}
		}
		return n
	}
	for inBucket(word) < waiters {
		gotime.Sleep(gotime.Millisecond)
	}
	if n, _ := FutexWake(keyOf(word), 9, 2); n != 0 {
		t.Errorf("wake of other bits: %d", n)
	}
	if n, _ := FutexWake(keyOf(word), 2, FutexAny); n != 2 {
		t.Errorf("wake: %d", n)
	}
	if w, m, e := FutexRequeue(wordOf(word), keyOf(other), 1, 2, true, 0); w != 1 || m != 2 || e != 0 {
		t.Errorf("requeue: %d %d %v", w, m, e)
	}
	if n := inBucket(other); n != 2 {
		t.Errorf("%d moved", n)
	}
	if n, _ := FutexWake(keyOf(other), 9, FutexAny); n != 2 {
		t.Errorf("wake of the moved: %d", n)
	}
	if n, _ := FutexWake(keyOf(word), 9, FutexAny); n != 1 {
		t.Errorf("wake of the rest: %d", n)
	}
	wg.Wait()
	if woken.Load() != waiters {
		t.Errorf("%d of %d woken", woken.Load(), waiters)
	}
}

// TestFutexRace has waiters give up just as they are woken: no wake-up may get lost.
func TestFutexRace(t *testing.T) {
	checkLeaks(t)
	word := new(uint32)
	for i := range 300 {
		got := make(chan errno.Errno)
		go func() { got <- futexWait(word, 0, FutexAny, int64(i)*1000) }()
		gotime.Sleep(gotime.Duration(i) * gotime.Microsecond)
		n, _ := FutexWake(keyOf(word), 1, FutexAny)
		e := <-got
		if n == 1 && e != 0 || n == 0 && e != errno.ETIMEDOUT {
			t.Fatalf("round %d: woke %d, waiter %v", i, n, e)
		}
	}
}
