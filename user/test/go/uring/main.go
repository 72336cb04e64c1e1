//go:build linux

// Test uring exercises io_uring: rings and their errors, files and pipes and sockets, requests that wait, links, drains, timeouts,
// cancelling, registered files and buffers, results beyond the ring's room, and the end of a process with requests under way.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Operations.
const (
	nop, readv, writev, fsync, readFixed, writeFixed, pollAdd, pollRemove = 0, 1, 2, 3, 4, 5, 6, 7
	sendmsg, recvmsg, timeout, timeoutRemove, accept, cancel, linkTimeout = 9, 10, 11, 12, 13, 14, 15
	connect, fallocate, openat, closeOp, statx, read, write, send, recv   = 16, 17, 18, 19, 21, 22, 23, 26, 27
	renameat, unlinkat, mkdirat, symlinkat, linkat, socket                = 35, 36, 37, 38, 39, 45
)

// Flags of entries.
const fixed, drain, link, hardLink, async, skip = 1, 2, 4, 8, 16, 64

const none = ^uint64(0)

func main() {
	runtime.LockOSThread()
	if len(os.Args) > 1 {
		leave()
		return
	}
	if len(os.Args) == 1 {
		setups()
		files()
		names()
		pipes()
		sockets()
		links()
		times()
		cancels()
		registered()
		overflow()
		threads()
		ends()
	}
}

func setups() {
	for _, c := range []struct {
		n uint32
		p params
	}{{0, params{}}, {5, params{}}, {32769, params{}}, {40000, params{flags: 16}}, {4, params{flags: 8}}, {4, params{flags: 8, cqEntries: 20}},
		{4, params{flags: 8, cqEntries: 2}}, {4, params{flags: 1 << 30}}} {
		p := c.p
		fd, err := setup(c.n, &p)
		fmt.Println("setup", c.n, c.p.flags, err, p.sqEntries, p.cqEntries)
		if err == nil {
			fmt.Println(p.sq.a, p.sq.b, p.sq.mask, p.sq.entries, p.cq.a, p.cq.b, p.cq.f, p.sq.g == p.cq.f+16*p.cqEntries)
			unix.Close(fd)
		}
	}
	r := newRing(4, 0)
	_, err := unix.Mmap(r.fd, 0x20000000, 4096, unix.PROT_READ, unix.MAP_SHARED)
	fmt.Println("mmap elsewhere", err != nil)
	n, err := r.enter(0, 0, 1<<20)
	fmt.Println("enter with unknown flags", n, err)
	n, err = r.enter(3, 0, 0)
	fmt.Println("enter with nothing queued", n, err)
	_, _, e := unix.Syscall6(unix.SYS_IO_URING_ENTER, 1, 0, 0, 0, 0, 0)
	fmt.Println("enter of another file", unix.ErrnoName(e))
	_, _, e = unix.Syscall6(unix.SYS_IO_URING_ENTER, 99, 0, 0, 0, 0, 0)
	fmt.Println("enter of nothing", unix.ErrnoName(e))
	r.do("nops", sqe{op: nop}, sqe{op: nop}, sqe{op: nop, flags: async})
	r.do("unknown operation", sqe{op: 200})
	r.do("unknown flags", sqe{op: nop, persona: 7})
	b := make([]byte, 8)
	_, err = unix.Read(r.fd, b)
	fmt.Println("read of the ring", err)
	p := []unix.PollFd{{Fd: int32(r.fd), Events: unix.POLLIN | unix.POLLOUT}}
	unix.Poll(p, 0)
	fmt.Println("poll", p[0].Revents)
	r.add(sqe{op: nop})
	r.enter(1, 0, 0)
	unix.Poll(p, 0)
	fmt.Println("poll with a result", p[0].Revents)
	r.close()
}

func files() {
	r := newRing(8, 0)
	f, _ := os.Create("f")
	g, _ := os.OpenFile("f", os.O_RDONLY, 0)
	text, at := buffer(100)
	copy(text, "the first text, and more of it")
	r.do("write", sqe{op: write, fd: int32(f.Fd()), addr: at, len: 30, off: 0})
	in, to := buffer(100)
	r.do("read", sqe{op: read, fd: int32(g.Fd()), addr: to, len: 100, off: 4})
	fmt.Printf("%q\n", in[:26])
	iov := [2]unix.Iovec{{Base: &in[0], Len: 3}, {Base: &in[50], Len: 7}}
	r.do("readv", sqe{op: readv, fd: int32(g.Fd()), addr: addr(&iov), len: 2, off: 0})
	fmt.Printf("%q %q\n", in[:3], in[50:57])
	r.do("writev", sqe{op: writev, fd: int32(f.Fd()), addr: addr(&iov), len: 2, off: 100})
	r.do("own position", sqe{op: read, fd: int32(g.Fd()), addr: to, len: 4, off: none, flags: link}, sqe{op: read, fd: int32(g.Fd()), addr: to + 4, len: 4, off: none})
	fmt.Printf("%q\n", in[:8])
	r.do("fsync", sqe{op: fsync, fd: int32(f.Fd())}, sqe{op: fsync, fd: int32(f.Fd()), opFlags: 1}, sqe{op: fsync, fd: int32(f.Fd()), opFlags: 8})
	r.do("wrong", sqe{op: read, fd: 99, addr: to, len: 4}, sqe{op: read, fd: int32(f.Fd()), addr: 5, len: 4}, sqe{op: write, fd: int32(g.Fd()), addr: at, len: 4},
		sqe{op: read, fd: int32(g.Fd()), addr: to, len: 4, opFlags: 1 << 30})
	r.do("end of file", sqe{op: read, fd: int32(g.Fd()), addr: to, len: 4, off: 1000})
	mem, _ := unix.MemfdCreate("m", 0)
	r.do("fallocate", sqe{op: fallocate, fd: int32(mem), off: 0, addr: 5000})
	var st unix.Stat_t
	unix.Fstat(mem, &st)
	fmt.Println(st.Size)
	r.close()
	f.Close()
	g.Close()
}

func names() {
	r := newRing(8, 0)
	at := func(name string, s sqe) sqe { s.fd, s.addr = unix.AT_FDCWD, cstr(name); return s }
	r.do("mkdirat", at("d", sqe{op: mkdirat, len: 0o755}), at("d", sqe{op: mkdirat, len: 0o755}))
	r.add(at("d/x", sqe{op: openat, opFlags: unix.O_CREAT | unix.O_RDWR, len: 0o600, data: 1}))
	r.submit(1)
	fd := r.reap()[0].res
	fmt.Println("openat", fd > 2)
	var sx unix.Statx_t
	r.do("statx", at("d/x", sqe{op: statx, len: unix.STATX_BASIC_STATS, off: addr(&sx)}), at("none", sqe{op: statx, len: unix.STATX_BASIC_STATS, off: addr(&sx)}))
	fmt.Printf("%o\n", sx.Mode)
	r.do("close", sqe{op: closeOp, fd: fd, flags: hardLink}, sqe{op: closeOp, fd: fd}, sqe{op: closeOp, fd: int32(r.fd)})
	here := unix.AT_FDCWD
	r.do("linkat", at("d/x", sqe{op: linkat, len: uint32(here), off: cstr("d/y")}))
	r.do("symlinkat", at("x", sqe{op: symlinkat, off: cstr("d/s")}))
	r.do("renameat", at("d/y", sqe{op: renameat, len: uint32(here), off: cstr("d/z")}))
	list, _ := os.ReadDir("d")
	for _, e := range list {
		fmt.Print(e.Name(), " ")
	}
	fmt.Println()
	r.do("unlinkat", at("d/x", sqe{op: unlinkat, flags: link}), at("d/z", sqe{op: unlinkat, flags: link}), at("d/s", sqe{op: unlinkat, flags: link}),
		at("d", sqe{op: unlinkat, opFlags: unix.AT_REMOVEDIR}))
	r.close()
}

func pipes() {
	r := newRing(8, 0)
	var p [2]int
	unix.Pipe(p[:])
	in, to := buffer(10)
	r.add(sqe{op: read, fd: int32(p[0]), addr: to, len: 10, data: 1})
	r.submit(0)
	r.show("nothing yet")
	unix.Write(p[1], []byte("hello"))
	r.enter(0, 1, 1)
	r.show("read that waited")
	fmt.Printf("%q\n", in[:5])
	r.add(sqe{op: pollAdd, fd: int32(p[0]), opFlags: unix.POLLIN, data: 2})
	r.add(sqe{op: pollAdd, fd: int32(p[1]), opFlags: unix.POLLOUT, data: 3})
	r.submit(1)
	r.show("poll")
	unix.Write(p[1], []byte("x"))
	r.enter(0, 1, 1)
	r.show("poll that waited")
	for unix.SetNonblock(p[1], true); ; {
		if _, err := unix.Write(p[1], make([]byte, 4096)); err != nil {
			break
		}
	}
	unix.SetNonblock(p[1], false)
	r.add(sqe{op: write, fd: int32(p[1]), addr: to, len: 5, data: 4})
	r.submit(0)
	r.show("full")
	unix.Read(p[0], make([]byte, 65536))
	r.enter(0, 1, 1)
	r.show("write that waited")
	// Without a call: the task that asked does the rest on its way back to user mode.
	var q [2]int
	unix.Pipe(q[:])
	r.add(sqe{op: read, fd: int32(q[0]), addr: to, len: 10, data: 5})
	r.submit(0)
	go func() {
		time.Sleep(20 * time.Millisecond)
		unix.Write(q[1], []byte("late"))
	}()
	for end := time.Now().Add(5 * time.Second); r.word(r.p.cq.a).Load() == r.word(r.p.cq.b).Load() && time.Now().Before(end); {
	}
	r.show("without a call")
	fmt.Printf("%q\n", in[:4])
	unix.Close(q[1])
	r.do("end", sqe{op: read, fd: int32(q[0]), addr: to, len: 10})
	ev, _ := unix.Eventfd(0, 0)
	r.add(sqe{op: read, fd: int32(ev), addr: to, len: 8, data: 6})
	r.submit(0)
	unix.Write(ev, []byte{3, 0, 0, 0, 0, 0, 0, 0})
	r.enter(0, 1, 1)
	r.show("eventfd")
	fmt.Println(in[0])
	r.close()
}

func sockets() {
	r := newRing(8, 0)
	s, _ := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	in, to := buffer(20)
	r.add(sqe{op: recv, fd: int32(s[0]), addr: to, len: 20, data: 1})
	r.submit(0)
	out, at := buffer(20)
	copy(out, "over the socket")
	r.do("send", sqe{op: send, fd: int32(s[1]), addr: at, len: 15, data: 2})
	r.enter(0, 0, 1)
	r.show("recv")
	fmt.Printf("%q\n", in[:15])
	iov := unix.Iovec{Base: &out[0], Len: 4}
	msg := unix.Msghdr{Iov: &iov, Iovlen: 1}
	back := unix.Iovec{Base: &in[0], Len: 20}
	msg2 := unix.Msghdr{Iov: &back, Iovlen: 1}
	kept = append(kept, &iov, &back)
	r.do("sendmsg", sqe{op: sendmsg, fd: int32(s[0]), addr: addr(&msg)}, sqe{op: recvmsg, fd: int32(s[1]), addr: addr(&msg2)})
	fmt.Printf("%q\n", in[:4])
	l, _ := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	unix.Bind(l, &unix.SockaddrUnix{Name: "sock"})
	unix.Listen(l, 5)
	r.add(sqe{op: accept, fd: int32(l), data: 3})
	r.submit(0)
	r.show("nobody yet")
	c, _ := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	name := unix.RawSockaddrUnix{Family: unix.AF_UNIX}
	for i, b := range []byte("sock") {
		name.Path[i] = int8(b)
	}
	r.add(sqe{op: connect, fd: int32(c), addr: addr(&name), off: 2 + 5, data: 4})
	r.submit(2)
	for _, e := range r.reap() {
		fmt.Println("connected", e.data, e.data == 4 && e.res == 0 || e.data == 3 && e.res > 2)
	}
	r.do("recv that does not wait", sqe{op: recv, fd: int32(s[0]), addr: to, len: 5, opFlags: unix.MSG_DONTWAIT})
	r.do("not a socket", sqe{op: recv, fd: 0, addr: to, len: 5})
	r.close()
}

func links() {
	r := newRing(16, 0)
	f, _ := os.Create("l")
	b, at := buffer(10)
	w := sqe{op: write, fd: int32(f.Fd()), addr: at, len: 5, flags: link}
	rd := sqe{op: read, fd: int32(f.Fd()), addr: at + 5, len: 5}
	copy(b, "abcde")
	r.do("write, then read", w, rd)
	fmt.Printf("%q\n", b)
	bad := sqe{op: read, fd: 99, addr: at, len: 5, flags: link}
	r.do("a failure ends a chain", sqe{op: nop, flags: link}, bad, sqe{op: nop, flags: link}, sqe{op: nop})
	bad.flags = hardLink
	r.do("but not a hard one", sqe{op: nop, flags: link}, bad, sqe{op: nop, flags: link}, sqe{op: nop})
	short := rd
	short.len, short.flags, short.off = 10, link, 2
	r.do("a short read ends it", short, sqe{op: nop})
	r.add(sqe{op: nop, flags: link | skip, data: 1})
	r.add(sqe{op: nop, data: 2})
	r.submit(1)
	r.show("skipped results")
	var p [2]int
	unix.Pipe(p[:])
	r.add(sqe{op: read, fd: int32(p[0]), addr: at, len: 5, data: 1, flags: link})
	r.add(sqe{op: nop, data: 2})
	r.add(sqe{op: nop, data: 3})
	r.submit(1)
	r.show("the chain waits")
	unix.Write(p[1], []byte("12345"))
	r.enter(0, 2, 1)
	r.show("the chain goes on")
	r.do("no drain where results are skipped", sqe{op: nop, flags: drain})
	r.close()
	r = newRing(8, 0)
	r.add(sqe{op: read, fd: int32(p[0]), addr: at, len: 5, data: 1})
	r.add(sqe{op: nop, data: 2, flags: drain})
	r.add(sqe{op: nop, data: 3})
	r.submit(0)
	r.show("drained")
	unix.Write(p[1], []byte("12345"))
	r.enter(0, 3, 1)
	r.show("after it")
	long := newRing(256, 0)
	for i := range 256 {
		long.add(sqe{op: nop, flags: link, data: uint64(i)})
	}
	long.submit(256)
	fmt.Println("a long chain", len(long.reap()))
	long.close()
	r.close()
}

func times() {
	r := newRing(8, 0)
	ts := &[2]int64{0, 20e6}
	begin := time.Now()
	r.do("timeout", sqe{op: timeout, addr: addr(ts), len: 1})
	fmt.Println("it took its time", time.Since(begin) >= 20*time.Millisecond)
	r.do("wrong length", sqe{op: timeout, addr: addr(ts), len: 2})
	r.do("wrong address", sqe{op: timeout, addr: 8, len: 1})
	r.do("wrong time", sqe{op: timeout, addr: addr(&[2]int64{0, -2}), len: 1})
	r.add(sqe{op: timeout, addr: addr(ts), len: 2})
	r.add(sqe{op: nop})
	n, err := r.enter(2, 1, 1)
	fmt.Println("what is wrong ends a submission", n, err)
	n, err = r.enter(1, 1, 1)
	r.queued = 0
	fmt.Println("the rest", n, err, len(r.reap()))
	long := &[2]int64{100, 0}
	r.add(sqe{op: timeout, addr: addr(long), len: 1, off: 2, data: 1})
	r.add(sqe{op: nop, data: 2})
	r.add(sqe{op: nop, data: 3})
	r.submit(3)
	r.show("a number of results")
	r.add(sqe{op: timeout, addr: addr(long), len: 1, data: 7})
	r.submit(0)
	r.do("removed", sqe{op: timeoutRemove, addr: 7, data: 1}, sqe{op: timeoutRemove, addr: 8, data: 2}, sqe{op: nop, data: 3})
	r.enter(0, 0, 1)
	r.show("rest")
	r.do("absolute, over", sqe{op: timeout, addr: addr(&[2]int64{0, 1000}), len: 1, opFlags: 1})
	r.do("success for what follows", sqe{op: timeout, addr: addr(ts), len: 1, opFlags: 1 << 5, flags: link}, sqe{op: nop})
	r.do("failure for what follows", sqe{op: timeout, addr: addr(ts), len: 1, flags: link}, sqe{op: nop})
	var p [2]int
	unix.Pipe(p[:])
	_, to := buffer(5)
	r.do("limited", sqe{op: read, fd: int32(p[0]), addr: to, len: 5, flags: link}, sqe{op: linkTimeout, addr: addr(ts), len: 1})
	unix.Write(p[1], []byte("x"))
	r.do("in time", sqe{op: read, fd: int32(p[0]), addr: to, len: 5, flags: link}, sqe{op: linkTimeout, addr: addr(long), len: 1})
	r.do("a limit of nothing", sqe{op: linkTimeout, addr: addr(ts), len: 1})
	arg := struct {
		mask   uint64
		size   uint32
		_      uint32
		expiry uint64
	}{size: 8, expiry: addr(ts)}
	_, _, e := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), 0, 1, 1|8, uintptr(unsafe.Pointer(&arg)), unsafe.Sizeof(arg))
	fmt.Println("wait with a timeout", unix.ErrnoName(e))
	r.close()
}

func cancels() {
	r := newRing(8, 0)
	var p [2]int
	unix.Pipe(p[:])
	_, to := buffer(5)
	waiting := func(data ...uint64) {
		for _, d := range data {
			r.add(sqe{op: read, fd: int32(p[0]), addr: to, len: 5, data: d})
		}
		r.submit(0)
	}
	waiting(10, 11, 12)
	r.do("cancel one", sqe{op: cancel, addr: 11, data: 1}, sqe{op: nop, data: 2})
	r.do("cancel nothing", sqe{op: cancel, addr: 99, data: 1})
	waiting(10)
	r.do("cancel all of a number", sqe{op: cancel, addr: 10, opFlags: 1, data: 1}, sqe{op: nop, data: 2}, sqe{op: nop, data: 3})
	waiting(20)
	r.do("cancel by file", sqe{op: cancel, fd: int32(p[0]), opFlags: 1 | 2, data: 1}, sqe{op: nop, data: 2}, sqe{op: nop, data: 3})
	waiting(30, 31)
	r.do("cancel everything", sqe{op: cancel, opFlags: 4, data: 1}, sqe{op: nop, data: 2}, sqe{op: nop, data: 3})
	r.add(sqe{op: pollAdd, fd: int32(p[0]), opFlags: unix.POLLIN, data: 40})
	r.submit(0)
	r.do("poll removed", sqe{op: pollRemove, addr: 40, data: 1}, sqe{op: nop, data: 2})
	r.do("no poll removed", sqe{op: pollRemove, addr: 40, data: 1})
	r.add(sqe{op: read, fd: int32(p[0]), addr: to, len: 5, data: 60, flags: hardLink})
	r.add(sqe{op: nop, data: 61})
	r.submit(0)
	r.do("what is linked hard goes on", sqe{op: cancel, addr: 60, data: 1}, sqe{op: nop, data: 2}, sqe{op: nop, data: 3})
	r.enter(0, 0, 1)
	r.show("all of it")
	waiting(50)
	r.close() // with a request that waits
	unix.Write(p[1], []byte("z"))
	b := make([]byte, 5)
	n, _ := unix.Read(p[0], b)
	fmt.Println("still in the pipe", n)
}

func registered() {
	r := newRing(8, 0)
	f, _ := os.Create("r")
	b, at := buffer(8192)
	copy(b, "a registered buffer")
	fds := []int32{int32(f.Fd()), -1}
	r.register("files", 2, uintptr(unsafe.Pointer(&fds[0])), 2)
	r.register("files again", 2, uintptr(unsafe.Pointer(&fds[0])), 2)
	r.do("by index", sqe{op: write, fd: 0, flags: fixed, addr: at, len: 19}, sqe{op: write, fd: 1, flags: fixed, addr: at, len: 19}, sqe{op: write, fd: 2, flags: fixed, addr: at, len: 19})
	update := struct {
		first, _ uint32
		fds      uint64
	}{1, 0, uint64(uintptr(unsafe.Pointer(&fds[0])))}
	kept = append(kept, &update, &fds[0])
	r.register("update", 6, uintptr(unsafe.Pointer(&update)), 1)
	f.Close()
	r.do("after close", sqe{op: write, fd: 1, flags: fixed, addr: at, len: 5, off: 19})
	r.register("update too far", 6, uintptr(unsafe.Pointer(&update)), 2)
	iov := []unix.Iovec{{Base: &b[0], Len: 4096}}
	r.register("buffers", 0, uintptr(unsafe.Pointer(&iov[0])), 1)
	r.do("fixed buffers", sqe{op: writeFixed, fd: 0, flags: fixed, addr: at, len: 10, buf: 0}, sqe{op: writeFixed, fd: 0, flags: fixed, addr: at, len: 10, buf: 1},
		sqe{op: writeFixed, fd: 0, flags: fixed, addr: at + 4090, len: 10, buf: 0})
	g, _ := os.Open("r")
	r.do("read", sqe{op: readFixed, fd: int32(g.Fd()), addr: at + 100, len: 24})
	fmt.Printf("%q\n", b[100:124])
	r.register("no buffers", 1, 0, 0)
	r.register("no buffers again", 1, 0, 0)
	r.register("no files", 3, 0, 0)
	r.register("no files again", 3, 0, 0)
	ev, _ := unix.Eventfd(0, 0)
	fd := int32(ev)
	r.register("eventfd", 4, uintptr(unsafe.Pointer(&fd)), 1)
	r.register("eventfd again", 4, uintptr(unsafe.Pointer(&fd)), 1)
	r.do("with notice", sqe{op: nop}, sqe{op: nop})
	n := make([]byte, 8)
	unix.Read(ev, n)
	fmt.Println("notices", n[0] > 0)
	r.register("no eventfd", 5, 0, 0)
	fd = 0
	r.register("a file that is none", 4, uintptr(unsafe.Pointer(&fd)), 1)
	r.register("unknown", 1000, 0, 0)
	var probe [16 + 8*30]byte
	r.register("probe", 8, uintptr(unsafe.Pointer(&probe)), 30)
	fmt.Println(probe[16+8*read+2], probe[16+8*nop+2], probe[16+8*openat+2])
	r.close()
}

func overflow() {
	r := newRing(4, 0)
	for range 5 {
		for range 4 {
			r.add(sqe{op: nop, data: 1})
		}
		r.submit(0)
	}
	got := len(r.reap())
	for range 5 {
		r.enter(0, 0, 1)
		got += len(r.reap())
	}
	fmt.Println("results beyond the ring", got)
	r.close()
}

func threads() {
	r := newRing(64, 0)
	var p [2]int
	unix.Pipe(p[:])
	_, to := buffer(100)
	for i := range 50 {
		r.add(sqe{op: read, fd: int32(p[0]), addr: to, len: 1, data: uint64(i)})
	}
	r.submit(0)
	done := make(chan bool)
	for range 4 {
		go func() {
			for range 12 {
				unix.Write(p[1], []byte("1"))
				time.Sleep(time.Millisecond)
			}
			done <- true
		}()
	}
	for range 4 {
		<-done
	}
	unix.Write(p[1], []byte("12"))
	r.enter(0, 50, 1)
	sum := 0
	for _, c := range r.reap() {
		sum += int(c.res)
	}
	fmt.Println("fifty reads", sum)
	r.close()
}

// ends: a process ends, and one executes another program, with requests under way.
func ends() {
	for _, how := range []string{"exit", "exec", "kill"} {
		c := exec.Command("/proc/self/exe", how)
		c.Stdout = os.Stdout
		fmt.Println(how, c.Run())
	}
}

func leave() {
	r := newRing(8, 0)
	var p [2]int
	unix.Pipe(p[:])
	_, to := buffer(5)
	r.add(sqe{op: read, fd: int32(p[0]), addr: to, len: 5})
	r.add(sqe{op: timeout, addr: addr(&[2]int64{100, 0}), len: 1})
	r.add(sqe{op: pollAdd, fd: int32(p[0]), opFlags: unix.POLLIN, flags: link})
	r.add(sqe{op: nop})
	r.add(sqe{op: read, fd: int32(p[0]), addr: to, len: 5, flags: hardLink})
	r.add(sqe{op: read, fd: int32(p[0]), addr: to, len: 5, flags: hardLink})
	r.add(sqe{op: nop})
	r.submit(0)
	switch os.Args[1] {
	case "exec":
		unix.Exec("/bin/sh", []string{"sh", "-c", "echo another program"}, nil)
	case "kill":
		unix.Kill(os.Getpid(), unix.SIGKILL)
	}
}
