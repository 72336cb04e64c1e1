package ipc

import (
	"encoding/binary"
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

type event struct {
	events uint32
	data   uint64
}

func newEpoll(t *testing.T) *vfs.File {
	t.Helper()
	f, e := NewEpoll(&cred.Root)
	if e != 0 {
		t.Fatal(e)
	}
	return f
}

// epollWait returns the events and what EpollWait returned.
func epollWait(f *vfs.File, limit int, ns int64) ([]event, errno.Errno) {
	buf := make([]byte, limit*EpollEventSize)
	n, e := EpollWait(f, uintptr(unsafe.Pointer(&buf[0])), limit, ns)
	var got []event
	for i := range n {
		b := buf[i*EpollEventSize:]
		got = append(got, event{binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint64(b[4:])})
	}
	return got, e
}

// expect compares what is ready now.
func expect(t *testing.T, what string, ep *vfs.File, want ...event) {
	t.Helper()
	got, e := epollWait(ep, 16, 0)
	if e != 0 || len(got) != len(want) {
		t.Fatalf("%s: %v %v, want %v", what, got, e, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: %v, want %v", what, got, want)
		}
	}
}

func ctl(t *testing.T, ep *vfs.File, op int, f *vfs.File, fd int, events uint32, data uint64, want errno.Errno) {
	t.Helper()
	if e := EpollCtl(ep, op, f, fd, events, data); e != want {
		t.Fatalf("epoll_ctl %d: %v, want %v", op, e, want)
	}
}

func TestEpollTriggers(t *testing.T) {
	checkLeaks(t)
	const in = vfs.POLLIN
	for _, c := range []struct {
		name string
		how  uint32
		runs [3]bool // reported after: a write, nothing new, another write
	}{
		{"level", 0, [3]bool{true, true, true}},
		{"edge", EpollEdge, [3]bool{true, false, true}},
		{"oneshot", EpollOneShot, [3]bool{true, false, false}},
		{"exclusive", EpollExclusive, [3]bool{true, true, true}},
	} {
		r, w := newPipe(t, vfs.O_NONBLOCK)
		ep := newEpoll(t)
		ctl(t, ep, EpollAdd, r, 3, in|c.how, 77, 0)
		expect(t, c.name+" empty", ep)
		for i, reported := range c.runs {
			if i != 1 {
				write(w, []byte("x"))
			}
			if reported {
				expect(t, c.name, ep, event{in, 77})
			} else {
				expect(t, c.name, ep)
			}
		}
		read(r, 10)
		expect(t, c.name+" drained", ep)
		w.Put()
		if c.how != EpollOneShot {
			expect(t, c.name+" hung up", ep, event{vfs.POLLHUP, 77})
		} else {
			ctl(t, ep, EpollMod, r, 3, in, 78, 0)
			expect(t, c.name+" armed again", ep, event{vfs.POLLHUP, 78})
		}
		r.Put()
		expect(t, c.name+" closed", ep)
		ep.Put()
	}
}

func TestEpollCtlErrors(t *testing.T) {
	checkLeaks(t)
	r, w := newPipe(t, 0)
	ep, ep2 := newEpoll(t), newEpoll(t)
	const in = vfs.POLLIN
	ctl(t, r, EpollAdd, w, 1, in, 0, errno.EINVAL)
	ctl(t, ep, EpollAdd, ep, 1, in, 0, errno.EINVAL)
	ctl(t, ep, 9, r, 1, in, 0, errno.EINVAL)
	ctl(t, ep, EpollDel, r, 1, in, 0, errno.ENOENT)
	ctl(t, ep, EpollMod, r, 1, in, 0, errno.ENOENT)
	ctl(t, ep, EpollAdd, r, 1, in, 0, 0)
	ctl(t, ep, EpollAdd, r, 1, in, 0, errno.EEXIST)
	ctl(t, ep, EpollAdd, r, 2, in, 0, 0)
	ctl(t, ep, EpollMod, r, 1, in|EpollExclusive, 0, errno.EINVAL)
	ctl(t, ep, EpollDel, r, 1, in, 0, 0)
	ctl(t, ep, EpollAdd, r, 1, in|vfs.POLLRDHUP|EpollExclusive, 0, errno.EINVAL)
	ctl(t, ep, EpollAdd, r, 1, in|EpollExclusive|EpollOneShot, 0, errno.EINVAL)
	ctl(t, ep, EpollAdd, r, 1, in|EpollExclusive, 0, 0)
	ctl(t, ep, EpollMod, r, 1, in, 0, errno.EINVAL)
	ctl(t, ep, EpollAdd, ep2, 5, in|EpollExclusive, 0, errno.EINVAL)
	ctl(t, ep, EpollAdd, ep2, 5, in, 0, 0)
	ctl(t, ep2, EpollAdd, ep, 5, in, 0, errno.ELOOP)
	for _, f := range []*vfs.File{r, w, ep, ep2} {
		f.Put()
	}
}

// TestEpollNested: an event goes up a chain of instances as long as allowed; a longer one is refused.
func TestEpollNested(t *testing.T) {
	checkLeaks(t)
	r, w := newPipe(t, vfs.O_NONBLOCK)
	var eps [maxNests + 2]*vfs.File
	for i := range eps {
		eps[i] = newEpoll(t)
	}
	ctl(t, eps[0], EpollAdd, r, 9, vfs.POLLIN, 0, 0)
	for i := 1; i <= maxNests; i++ {
		ctl(t, eps[i], EpollAdd, eps[i-1], i, vfs.POLLIN, uint64(i), 0)
	}
	ctl(t, eps[maxNests+1], EpollAdd, eps[maxNests], 7, vfs.POLLIN, 0, errno.ELOOP)
	ctl(t, eps[0], EpollAdd, eps[maxNests], 7, vfs.POLLIN, 0, errno.ELOOP)
	expect(t, "before", eps[maxNests])
	soon(t, 2*gotime.Millisecond, func() { write(w, []byte("x")) })
	if got, e := epollWait(eps[maxNests], 4, -1); e != 0 || len(got) != 1 || got[0] != (event{vfs.POLLIN, maxNests}) {
		t.Fatal(got, e)
	}
	read(r, 1)
	for i := range maxNests + 1 {
		expect(t, "after", eps[i])
	}
	for _, f := range eps {
		f.Put()
	}
	r.Put()
	w.Put()
}

// TestEpollFair: files that stay ready take turns.
func TestEpollFair(t *testing.T) {
	checkLeaks(t)
	ep := newEpoll(t)
	var files []*vfs.File
	for i := range 5 {
		f, _ := NewEventFD(1, 0, &cred.Root)
		files = append(files, f)
		ctl(t, ep, EpollAdd, f, i, vfs.POLLIN, uint64(i), 0)
	}
	for i := range 20 {
		got, _ := epollWait(ep, 1, -1)
		if len(got) != 1 || got[0].data != uint64(i%5) {
			t.Fatalf("turn %d: %v", i, got)
		}
	}
	ep.Put()
	for _, f := range files {
		f.Put()
	}
}

// TestEpollStress: writers, waiters, and threads that add, change, remove and close, all at once. Each token written is reported
// once (edge) and none is lost.
func TestEpollStress(t *testing.T) {
	checkLeaks(t)
	ep := newEpoll(t)
	var wg, waiters sync.WaitGroup
	var tokens, taken atomic.Int64
	var stop atomic.Bool
	const pipes, rounds = 4, 500
	var rs [pipes]*vfs.File
	var ws [pipes]*vfs.File
	for i := range pipes {
		rs[i], ws[i] = newPipe(t, vfs.O_NONBLOCK)
		ctl(t, ep, EpollAdd, rs[i], i, vfs.POLLIN|EpollEdge, uint64(i), 0)
	}
	for i := range pipes {
		wg.Go(func() {
			for range rounds {
				if n, _ := write(ws[i], []byte("x")); n == 1 {
					tokens.Add(1)
				}
			}
		})
	}
	for range 3 {
		waiters.Go(func() {
			for !stop.Load() {
				got, _ := epollWait(ep, 2, millisecond)
				for _, ev := range got {
					if ev.data >= pipes {
						continue
					}
					for {
						b, e := read(rs[ev.data], 64)
						taken.Add(int64(len(b)))
						if e != 0 {
							break
						}
					}
				}
			}
		})
	}
	for range 3 {
		wg.Go(func() {
			for range rounds {
				f, _ := NewEventFD(0, 0, &cred.Root)
				EpollCtl(ep, EpollAdd, f, 50, vfs.POLLIN, 1<<40)
				EpollCtl(ep, EpollMod, f, 50, vfs.POLLOUT|EpollOneShot, 1<<41)
				f.Put()
			}
		})
	}
	wg.Wait()
	for deadline := gotime.Now().Add(5 * gotime.Second); taken.Load() < tokens.Load() && gotime.Now().Before(deadline); {
		gotime.Sleep(gotime.Millisecond)
	}
	stop.Store(true)
	waiters.Wait()
	if taken.Load() != tokens.Load() {
		t.Errorf("%d of %d taken", taken.Load(), tokens.Load())
	}
	ep.Put()
	for i := range pipes {
		rs[i].Put()
		ws[i].Put()
	}
}

// TestEpollCloseRace: an instance and the files it watches are closed at the same time.
func TestEpollCloseRace(t *testing.T) {
	checkLeaks(t)
	for range 300 {
		ep, outer := newEpoll(t), newEpoll(t)
		r, w := newPipe(t, 0)
		ctl(t, ep, EpollAdd, r, 1, vfs.POLLIN, 0, 0)
		ctl(t, ep, EpollAdd, w, 2, vfs.POLLOUT, 0, 0)
		ctl(t, outer, EpollAdd, ep, 3, vfs.POLLIN, 0, 0)
		ctl(t, outer, EpollAdd, r, 3, vfs.POLLIN, 0, 0)
		var wg sync.WaitGroup
		for _, f := range []*vfs.File{ep, outer, r, w} {
			wg.Go(f.Put)
		}
		wg.Wait()
	}
}

// TestEpollNoMemory lets each allocation fail in turn.
func TestEpollNoMemory(t *testing.T) {
	checkLeaks(t)
	r, w := newPipe(t, 0)
	for n := int64(1); ; n++ {
		mem.FailNth(n)
		ep, e := NewEpoll(&cred.Root)
		if e == 0 {
			e = EpollCtl(ep, EpollAdd, r, 1, vfs.POLLIN, 0)
			pending := mem.FailPending()
			mem.FailNth(0)
			ep.Put()
			if pending {
				if e != 0 {
					t.Errorf("nothing failed, but %v", e)
				}
				break
			}
		}
		if e != errno.ENOMEM {
			t.Errorf("allocation %d fails: %v", n, e)
		}
	}
	r.Put()
	w.Put()
}
