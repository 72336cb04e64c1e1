//go:build linux

// Test epoll takes epoll through its edges: what may be watched, when events are reported, and who is woken.
package main

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	. "galago/user/test/sock"
)

func main() {
	creation()
	errors()
	triggers()
	sockets()
	descriptors()
	nesting()
	waits()
	eventfds()
	exclusive()
	stress()
	many()
	paths()
}

func create() int {
	ep, e := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	Must(e)
	return ep
}

func ctl(ep, op, fd int, events uint32) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(fd), Pad: 0x12345678}
	return unix.EpollCtl(ep, op, fd, &ev)
}

const (
	add  = unix.EPOLL_CTL_ADD
	mod  = unix.EPOLL_CTL_MOD
	del  = unix.EPOLL_CTL_DEL
	in   = unix.EPOLLIN
	out  = unix.EPOLLOUT
	edge = unix.EPOLLET
	one  = unix.EPOLLONESHOT
)

// wait shows what is ready: names by descriptor.
func wait(ep, max, ms int, names map[int]string) string {
	ev := make([]unix.EpollEvent, max)
	n, e := EpollWait(ep, ev, ms)
	if e != nil {
		return Name(e)
	}
	s := "["
	for i := range n {
		s += names[int(ev[i].Fd)] + ":" + bits(ev[i].Events) + " "
		if ev[i].Pad != 0x12345678 {
			s += "bad data "
		}
	}
	return s + "]"
}

func bits(v uint32) string {
	s := ""
	for _, b := range []struct {
		bit  uint32
		name string
	}{{in, "in"}, {out, "out"}, {unix.EPOLLRDHUP, "rdhup"}, {unix.EPOLLHUP, "hup"}, {unix.EPOLLERR, "err"}, {unix.EPOLLPRI, "pri"},
		{unix.EPOLLRDNORM, "rdnorm"}, {unix.EPOLLWRNORM, "wrnorm"}} {
		if v&b.bit != 0 {
			s += b.name + ","
			v &^= b.bit
		}
	}
	if v != 0 {
		s += fmt.Sprintf("%#x", v)
	}
	return s
}

func pipe() (int, int) {
	var p [2]int
	Must(unix.Pipe2(p[:], unix.O_NONBLOCK))
	return p[0], p[1]
}

func drain(fd int) {
	buf := make([]byte, 65536)
	for {
		if n, e := unix.Read(fd, buf); n <= 0 || e != nil {
			return
		}
	}
}

func creation() {
	for _, n := range []int{-1, 0, 1} {
		fd, e := unix.EpollCreate(n)
		Show("epoll_create", n, e)
		unix.Close(fd)
	}
	for _, f := range []int{0, unix.EPOLL_CLOEXEC, 1, unix.O_NONBLOCK} {
		fd, e := unix.EpollCreate1(f)
		Show("epoll_create1", e)
		if e == nil {
			fl, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
			Show(" flags", fl)
			b := make([]byte, 8)
			_, e = unix.Read(fd, b)
			_, e2 := unix.Write(fd, b)
			_, e3 := unix.Seek(fd, 0, 0)
			Show(" read, write, seek", e, e2, e3, Poll(fd))
			unix.Close(fd)
		}
	}
}

func errors() {
	ep := create()
	r, w := pipe()
	f, _ := os.Open(".")
	file, _ := os.Create("plain")
	null, _ := os.Open("/dev/null")
	zero, _ := os.Open("/dev/zero")
	Show("directory, file, null, zero", ctl(ep, add, int(f.Fd()), in), ctl(ep, add, int(file.Fd()), in), ctl(ep, add, int(null.Fd()), in),
		ctl(ep, add, int(zero.Fd()), in))
	Show("delete a file", ctl(ep, del, int(file.Fd()), in), ctl(ep, 9, int(file.Fd()), in))
	Show("not open", ctl(ep, add, 999, in), ctl(999, add, r, in), ctl(-1, add, r, in), ctl(ep, del, -1, in))
	Show("no instance", ctl(r, add, w, in), ctl(int(file.Fd()), add, r, in))
	Show("itself", ctl(ep, add, ep, in), ctl(ep, del, ep, in))
	Show("operation", ctl(ep, 0, r, in), ctl(ep, 4, r, in))
	Show("not there", ctl(ep, del, r, in), ctl(ep, mod, r, in))
	Show("add", ctl(ep, add, r, in), ctl(ep, add, r, in), ctl(ep, mod, r, in), ctl(ep, del, r, in), ctl(ep, del, r, in))
	Show("null event", unix.EpollCtl(ep, add, r, nil), unix.EpollCtl(ep, mod, r, nil), unix.EpollCtl(ep, del, r, nil))
	Show("odd events", ctl(ep, add, r, 0), ctl(ep, mod, r, 0x0f000000|in), ctl(ep, mod, r, unix.EPOLLWAKEUP|in), ctl(ep, del, r, 0))
	const ex = unix.EPOLLEXCLUSIVE
	Show("exclusive", ctl(ep, add, r, ex|in), ctl(ep, mod, r, in), ctl(ep, mod, r, ex|in), ctl(ep, del, r, 0))
	Show("exclusive and more", ctl(ep, add, r, ex|in|one), ctl(ep, add, r, ex|unix.EPOLLRDHUP), ctl(ep, add, r, ex|unix.EPOLLPRI), ctl(ep, add, r, ex|in|edge),
		ctl(ep, del, r, 0))
	ep2 := create()
	Show("exclusive instance", ctl(ep, add, ep2, ex|in))
	ev := make([]unix.EpollEvent, 4)
	for _, n := range []int{0, -1, -1 << 31, 1<<31 - 1} {
		_, _, e := unix.Syscall6(unix.SYS_EPOLL_WAIT, uintptr(ep), uintptr(unsafe.Pointer(&ev[0])), uintptr(n), 0, 0, 0)
		Show("wait for", n, unix.ErrnoName(e))
	}
	_, _, e := unix.Syscall6(unix.SYS_EPOLL_WAIT, uintptr(ep), 1<<50, 4, 0, 0, 0)
	Show("bad address", unix.ErrnoName(e))
	_, e2 := unix.EpollWait(r, ev, 0)
	_, e3 := unix.EpollWait(999, ev, 0)
	Show("wait on no instance", e2, e3)
	unix.Write(w, []byte("x"))
	ctl(ep, add, r, in)
	_, _, e = unix.Syscall6(unix.SYS_EPOLL_WAIT, uintptr(ep), 16, 4, 0, 0, 0)
	Show("unmapped", unix.ErrnoName(e), wait(ep, 4, 0, map[int]string{r: "r"}))
	ctl(ep, mod, r, in|edge)
	_, _, e = unix.Syscall6(unix.SYS_EPOLL_WAIT, uintptr(ep), 16, 4, 0, 0, 0)
	Show("an edge is not lost", unix.ErrnoName(e), wait(ep, 4, 0, map[int]string{r: "r"}), wait(ep, 4, 0, nil))
	var set [16]byte
	_, _, e = unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(&ev[0])), 4, 0, uintptr(unsafe.Pointer(&set)), 16)
	Show("mask size", unix.ErrnoName(e))
	_, _, e = unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(&ev[0])), 4, 0, 16, 8)
	Show("mask address", unix.ErrnoName(e))
	ts := unix.Timespec{Nsec: 1000000000}
	_, _, e = unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(ep), uintptr(unsafe.Pointer(&ev[0])), 4, uintptr(unsafe.Pointer(&ts)), 0, 8)
	Show("bad time", unix.ErrnoName(e))
	ts = unix.Timespec{Nsec: 1000000}
	n, _, e := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(ep), uintptr(unsafe.Pointer(&ev[0])), 4, uintptr(unsafe.Pointer(&ts)), 0, 8)
	Show("a millisecond", n, unix.ErrnoName(e))
	CloseAll(ep, ep2, r, w)
	f.Close()
	file.Close()
	os.Remove("plain")
}

func triggers() {
	for _, how := range []uint32{0, edge, one, edge | one, unix.EPOLLEXCLUSIVE, unix.EPOLLEXCLUSIVE | edge} {
		ep := create()
		r, w := pipe()
		names := map[int]string{r: "r", w: "w"}
		look := func(what string) { Show(what, wait(ep, 4, 0, names), wait(ep, 4, 0, names)) }
		Show(fmt.Sprintf("how %#x", how), ctl(ep, add, r, in|how))
		look("empty")
		unix.Write(w, []byte("abc"))
		look("written")
		unix.Read(r, make([]byte, 1))
		look("read some")
		unix.Write(w, []byte("d"))
		look("written again")
		ctl(ep, mod, r, in|how)
		look("modified")
		ctl(ep, mod, r, how)
		look("modified to nothing")
		ctl(ep, mod, r, in|how)
		look("and back")
		drain(r)
		look("drained")
		unix.Close(w)
		look("writer gone")
		unix.Close(r)
		look("closed")
		CloseAll(ep)
		ep = create()
		r, w = pipe()
		names = map[int]string{r: "r", w: "w"}
		ctl(ep, add, w, out|how)
		look("writable")
		for {
			if _, e := unix.Write(w, make([]byte, 4096)); e != nil {
				break
			}
		}
		look("full")
		drain(r)
		look("drained")
		unix.Close(r)
		look("reader gone")
		CloseAll(ep, w)
	}
}

func sockets() {
	for _, how := range []uint32{0, edge} {
		for _, typ := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET} {
			ep := create()
			a, b := Pair(typ | unix.SOCK_NONBLOCK)
			names := map[int]string{a: "a", b: "b"}
			look := func(what string) { Show(what, wait(ep, 4, 0, names), wait(ep, 4, 0, names)) }
			ctl(ep, add, a, in|unix.EPOLLRDHUP|how)
			look(fmt.Sprintf("type %d how %#x", typ, how))
			unix.Write(b, []byte("one"))
			look("sent")
			unix.Write(b, []byte("two"))
			look("sent again")
			unix.Read(a, make([]byte, 3))
			look("received one")
			drain(a)
			look("received all")
			unix.Shutdown(b, unix.SHUT_WR)
			look("shut down")
			ctl(ep, add, b, out|how)
			look("writer added")
			unix.Close(b)
			look("closed")
			CloseAll(ep, a)
		}
		l := Socket(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
		Must(unix.Bind(l, &unix.SockaddrUnix{Name: "@galago-epoll"}))
		Must(unix.Listen(l, 8))
		ep := create()
		names := map[int]string{l: "l"}
		look := func(what string) { Show(what, wait(ep, 4, 0, names), wait(ep, 4, 0, names)) }
		ctl(ep, add, l, in|how)
		look("listening")
		var fds []int
		for range 2 {
			c := Socket(unix.SOCK_STREAM)
			Must(unix.Connect(c, &unix.SockaddrUnix{Name: "@galago-epoll"}))
			fds = append(fds, c)
			look("connected")
		}
		s, _, _ := unix.Accept(l)
		look("accepted one")
		s2, _, _ := unix.Accept(l)
		look("accepted both")
		CloseAll(s, s2, ep, l)
		CloseAll(fds...)
	}
}

// descriptors: a file is watched by descriptor, and as long as any descriptor of it is open.
func descriptors() {
	ep := create()
	r, w := pipe()
	d, _ := unix.Dup(r)
	names := map[int]string{r: "r", d: "d"}
	Show("twice", ctl(ep, add, r, in), ctl(ep, add, d, in))
	unix.Write(w, []byte("x"))
	Show("both", wait(ep, 4, 0, names))
	unix.Close(r)
	Show("one closed", wait(ep, 4, 0, names))
	Show("not by that descriptor", ctl(ep, del, r, 0))
	d2, _ := unix.Dup(d)
	Show("another", d2 == r, ctl(ep, mod, d2, 0), wait(ep, 4, 0, names))
	Show("delete through it", ctl(ep, del, d2, 0), wait(ep, 4, 0, names))
	CloseAll(d, d2)
	Show("all closed", wait(ep, 4, 0, names))
	epd, _ := unix.Dup(ep)
	unix.Close(ep)
	r2, w2 := pipe()
	ctl(epd, add, r2, in)
	unix.Write(w2, []byte("x"))
	Show("instance by another descriptor", wait(epd, 4, 0, map[int]string{r2: "r2"}))
	CloseAll(epd, w, r2, w2)
}

func nesting() {
	var eps []int
	for range 7 {
		eps = append(eps, create())
	}
	r, w := pipe()
	names := map[int]string{r: "r"}
	for i, ep := range eps {
		names[ep] = fmt.Sprint("ep", i)
	}
	Show("cycle", ctl(eps[0], add, eps[1], in), ctl(eps[1], add, eps[0], in))
	ctl(eps[0], del, eps[1], 0)
	for i := 1; i < 7; i++ {
		Show(fmt.Sprint("level ", i), ctl(eps[i], add, eps[i-1], in))
	}
	Show("long cycle", ctl(eps[0], add, eps[4], in))
	ctl(eps[0], add, r, in)
	Show("quiet", wait(eps[4], 4, 0, names), Poll(eps[4]))
	unix.Write(w, []byte("x"))
	Show("all levels", wait(eps[0], 4, 0, names), wait(eps[1], 4, 0, names), wait(eps[4], 4, 0, names), Poll(eps[4]))
	drain(r)
	Show("drained", wait(eps[4], 4, 0, names), Poll(eps[4]), Poll(eps[0]))
	done := make(chan string)
	go func() { done <- wait(eps[4], 4, 5000, names) }()
	time.Sleep(10 * time.Millisecond)
	unix.Write(w, []byte("x"))
	Show("woken", <-done)
	CloseAll(eps[2])
	Show("middle closed", wait(eps[4], 4, 0, names), wait(eps[1], 4, 0, names))
	CloseAll(eps...)
	CloseAll(r, w)
	// Two watch one that watches two.
	a, b, c := create(), create(), create()
	r, w = pipe()
	r2, w2 := pipe()
	names = map[int]string{a: "a", b: "b", c: "c", r: "r", r2: "r2"}
	Show("diamond", ctl(a, add, c, in|edge), ctl(b, add, c, in), ctl(c, add, r, in), ctl(c, add, r2, in|edge))
	unix.Write(w2, []byte("x"))
	Show("edge below", wait(a, 4, 0, names), wait(b, 4, 0, names), wait(c, 4, 0, names), wait(b, 4, 0, names), wait(a, 4, 0, names))
	unix.Write(w, []byte("x"))
	Show("level below", wait(a, 4, 0, names), wait(a, 4, 0, names), wait(b, 4, 0, names), wait(b, 4, 0, names))
	CloseAll(a, b, c, r, w, r2, w2)
}

func waits() {
	ep := create()
	start := time.Now()
	Show("20 ms", wait(ep, 4, 20, nil))
	d := time.Since(start)
	Show("took that long", d >= 20*time.Millisecond && d < 5*time.Second)
	r, w := pipe()
	names := map[int]string{r: "r", w: "w"}
	done := make(chan string)
	go func() { done <- wait(ep, 4, -1, names) }()
	time.Sleep(10 * time.Millisecond)
	ctl(ep, add, r, in)
	time.Sleep(10 * time.Millisecond)
	ctl(ep, add, w, out)
	Show("added to a wait", <-done)
	ctl(ep, mod, w, 0)
	go func() { done <- wait(ep, 4, -1, names) }()
	time.Sleep(10 * time.Millisecond)
	ctl(ep, mod, w, out)
	Show("modified in a wait", <-done)
	ctl(ep, mod, w, 0)
	go func() { done <- wait(ep, 4, -1, names) }()
	time.Sleep(10 * time.Millisecond)
	unix.Close(w)
	Show("hung up in a wait", <-done)
	CloseAll(ep, r)
	// Few at a time, in turn.
	ep = create()
	turns := map[int]string{}
	var fds []int
	for i := range 5 {
		fd, _ := unix.Eventfd(1, 0)
		turns[fd] = fmt.Sprint(i)
		ctl(ep, add, fd, in)
		fds = append(fds, fd)
	}
	for range 4 {
		Show("two of five", wait(ep, 2, 0, turns))
	}
	CloseAll(fds...)
	CloseAll(ep)
}

func eventfds() {
	ep := create()
	fd, _ := unix.Eventfd(0, unix.EFD_NONBLOCK)
	names := map[int]string{fd: "e"}
	look := func(what string) { Show(what, wait(ep, 4, 0, names), wait(ep, 4, 0, names)) }
	num := func(n uint64) []byte { return (*[8]byte)(unsafe.Pointer(&n))[:] }
	ctl(ep, add, fd, in|out|edge)
	look("new")
	unix.Write(fd, num(2))
	look("2")
	unix.Write(fd, num(1))
	look("3")
	unix.Read(fd, make([]byte, 8))
	look("read")
	n, e := unix.Write(fd, num(1<<64-2))
	Show("to the brim", n, e)
	look("full")
	n, e = unix.Write(fd, num(1))
	_, e2 := unix.Write(fd, num(1<<64-1))
	n0, e0 := unix.Write(fd, num(0))
	Show("more", e, e2, n0, e0)
	unix.Read(fd, make([]byte, 8))
	look("read")
	_, e = unix.Read(fd, make([]byte, 8))
	_, e2 = unix.Read(fd, make([]byte, 7))
	_, e3 := unix.Write(fd, make([]byte, 7))
	Show("errors", e, e2, e3)
	CloseAll(fd)
	fd, e = unix.Eventfd(3, unix.EFD_SEMAPHORE|unix.EFD_NONBLOCK)
	names[fd] = "s"
	Show("semaphore", e)
	ctl(ep, add, fd, in|edge)
	look("3")
	for range 4 {
		b := make([]byte, 8)
		n, e := unix.Read(fd, b)
		Show("take", n, e, b[0], Poll(fd))
	}
	look("taken")
	_, e = unix.Eventfd(0, 2)
	Show("flags", e)
	var wg sync.WaitGroup
	unix.SetNonblock(fd, false)
	for range 4 {
		wg.Go(func() { unix.Read(fd, make([]byte, 8)) })
	}
	time.Sleep(10 * time.Millisecond)
	unix.Write(fd, num(4))
	wg.Wait()
	Show("four readers", Poll(fd))
	CloseAll(fd, ep)
}

// exclusive: of several instances that watch one file exclusively, at least one is told, and one event does not wake all of them.
func exclusive() {
	r, w := pipe()
	var woken atomic.Int32
	var wg sync.WaitGroup
	var eps []int
	for range 8 {
		ep := create()
		Must(ctl(ep, add, r, in|edge|unix.EPOLLEXCLUSIVE))
		eps = append(eps, ep)
		wg.Go(func() {
			if n, _ := EpollWait(ep, make([]unix.EpollEvent, 1), 300); n == 1 {
				woken.Add(1)
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	unix.Write(w, []byte("x"))
	wg.Wait()
	Show("exclusive wake-ups", woken.Load())
	CloseAll(eps...)
	CloseAll(r, w)
}

// stress adds, changes, removes and closes from many threads while others wait; no token may be lost.
func stress() {
	ep := create()
	const pipes, tokens = 8, 2000
	var rs, ws [pipes]int
	for i := range pipes {
		rs[i], ws[i] = pipe()
		ctl(ep, add, rs[i], in|one)
	}
	var got atomic.Int64
	var stop atomic.Bool
	var writers, waiters sync.WaitGroup
	for i := range pipes {
		writers.Go(func() {
			for range tokens {
				for {
					if _, e := unix.Write(ws[i], []byte{1}); e == nil {
						break
					}
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	for range 2 {
		writers.Go(func() {
			for range 300 {
				r, w := pipe()
				ctl(ep, add, r, in|edge)
				unix.Write(w, []byte{1})
				ctl(ep, mod, r, out)
				unix.Close(r)
				unix.Close(w)
			}
		})
	}
	for range 4 {
		waiters.Go(func() {
			ev := make([]unix.EpollEvent, 3)
			buf := make([]byte, 50)
			for !stop.Load() {
				n, _ := EpollWait(ep, ev, 50)
				for _, v := range ev[:max(n, 0)] {
					mine := false
					for _, r := range rs {
						mine = mine || int(v.Fd) == r
					}
					if !mine {
						continue
					}
					n, _ := unix.Read(int(v.Fd), buf)
					got.Add(int64(max(n, 0)))
					ctl(ep, mod, int(v.Fd), in|one)
				}
			}
		})
	}
	writers.Wait()
	for i := 0; i < 500 && got.Load() < pipes*tokens; i++ {
		time.Sleep(10 * time.Millisecond)
	}
	stop.Store(true)
	waiters.Wait()
	Show("tokens", got.Load())
	CloseAll(ep)
	CloseAll(rs[:]...)
	CloseAll(ws[:]...)
}

// many watches in one instance.
func many() {
	ep := create()
	const n = 500
	var fds [n]int
	for i := range n {
		fds[i], _ = unix.Eventfd(0, 0)
		Must(ctl(ep, add, fds[i], in))
	}
	for i := 0; i < n; i += 7 {
		unix.Write(fds[i], []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
	ev := make([]unix.EpollEvent, n)
	k, e := EpollWait(ep, ev, 0)
	sum := 0
	for _, v := range ev[:k] {
		for i := range fds {
			if fds[i] == int(v.Fd) {
				sum += i
			}
		}
	}
	Show("many", k, e, sum)
	for i := range n {
		Must(ctl(ep, del, fds[i], 0))
	}
	Show("none", wait(ep, 4, 0, nil))
	CloseAll(fds[:]...)
	CloseAll(ep)
}

// paths: so many instances may watch one that watches a file, and no more.
func paths() {
	r, w := pipe()
	inner := create()
	Must(ctl(inner, add, r, in))
	var outer []int
	var e error
	for e == nil && len(outer) < 600 {
		ep := create()
		outer = append(outer, ep)
		e = ctl(ep, add, inner, in)
	}
	Show("watchers of an instance", len(outer), e)
	unix.Write(w, []byte("x"))
	Show("first and last", wait(outer[0], 1, 0, map[int]string{inner: "inner"}), wait(outer[len(outer)-2], 1, 0, map[int]string{inner: "inner"}))
	direct := 0
	for range 300 {
		ep := create()
		outer = append(outer, ep)
		if ctl(ep, add, r, in) == nil {
			direct++
		}
	}
	Show("watchers of a file", direct)
	CloseAll(outer...)
	CloseAll(inner, r, w)
}
