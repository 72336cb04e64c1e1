//go:build linux

// Test unixrights sends open files and credentials over sockets.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	. "galago/user/test/sock"
)

func main() {
	files()
	rooms()
	hostile()
	pieces()
	credentials()
	cycles()
	limits()
}

// receive shows what a message brings: bytes, flags, and ancillary data; it returns the descriptors.
func receive(fd, n, room, flags int) (string, []int) {
	buf, oob := make([]byte, n), make([]byte, room)
	k, oobn, out, _, e := unix.Recvmsg(fd, buf, oob, flags)
	if e != nil {
		return Name(e), nil
	}
	s := fmt.Sprintf("%q control %d", buf[:k], oobn)
	for b, name := range map[int]string{unix.MSG_CTRUNC: " ctrunc"} {
		if out&b != 0 {
			s += name
		}
	}
	var fds []int
	msgs, e := unix.ParseSocketControlMessage(oob[:oobn])
	if e != nil {
		return s + " control " + Name(e), nil
	}
	for _, m := range msgs {
		switch m.Header.Type {
		case unix.SCM_RIGHTS:
			for i := 0; i+4 <= len(m.Data); i += 4 {
				fds = append(fds, int(binary.LittleEndian.Uint32(m.Data[i:])))
			}
			s += fmt.Sprintf(" rights %d", len(fds))
		case unix.SCM_CREDENTIALS:
			if len(m.Data) < 12 {
				s += fmt.Sprintf(" cut credentials %d", len(m.Data))
				break
			}
			pid := int32(binary.LittleEndian.Uint32(m.Data))
			who := "other"
			switch pid {
			case int32(os.Getpid()):
				who = "me"
			case 0:
				who = "nobody"
			}
			s += fmt.Sprintf(" %s %d %d", who, binary.LittleEndian.Uint32(m.Data[4:]), binary.LittleEndian.Uint32(m.Data[8:]))
		default:
			s += fmt.Sprintf(" type %d", m.Header.Type)
		}
	}
	return s, fds
}

func send(fd int, data string, fds ...int) error {
	return unix.Sendmsg(fd, []byte(data), unix.UnixRights(fds...), nil, 0)
}

func pipe() (int, int) {
	var p [2]int
	Must(unix.Pipe2(p[:], 0))
	return p[0], p[1]
}

func open(fd int) bool {
	_, e := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return e == nil
}

func files() {
	for _, typ := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET} {
		a, b := Pair(typ | unix.SOCK_NONBLOCK)
		r, w := pipe()
		Show(fmt.Sprint("type ", typ), send(a, "take", w, r))
		CloseAll(r, w)
		s, fds := receive(b, 10, 100, 0)
		Show("received", s)
		n, e := unix.Write(fds[0], []byte("through"))
		Show("write", n, e)
		buf := make([]byte, 10)
		n, e = unix.Read(fds[1], buf)
		Show("read", string(buf[:n]), e)
		fl, _ := unix.FcntlInt(uintptr(fds[0]), unix.F_GETFD, 0)
		Show("flags", fl)
		CloseAll(fds...)

		r, w = pipe()
		send(a, "peek", w)
		CloseAll(w)
		s, fds = receive(b, 10, 100, unix.MSG_PEEK|unix.MSG_CMSG_CLOEXEC)
		fl, _ = unix.FcntlInt(uintptr(fds[0]), unix.F_GETFD, 0)
		Show("peeked", s, fl)
		CloseAll(fds...)
		s, fds = receive(b, 10, 100, 0)
		Show("received", s)
		CloseAll(fds...)
		Show("last writer gone", Poll(r))
		CloseAll(r)

		// What nobody receives is closed.
		r, w = pipe()
		send(a, "lost", w)
		CloseAll(w)
		Show("in flight", Poll(r))
		CloseAll(b)
		Show("lost", Poll(r))
		CloseAll(a, r)

		a, b = Pair(typ | unix.SOCK_NONBLOCK)
		r, w = pipe()
		send(a, "read", w)
		CloseAll(w)
		n, e = unix.Read(b, buf)
		Show("plain read", n, e, Poll(r))
		Show("bad descriptor", send(a, "x", 999), send(a, "x", -1), send(a, "x", w))
		f, _ := unix.Open(".", unix.O_PATH, 0)
		Show("O_PATH", send(a, "x", f))
		CloseAll(a, b, r, f)
	}
}

// rooms receives with ancillary data of all sizes.
func rooms() {
	a, b := Pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	for room := 0; room <= 48; room += 4 {
		r, w := pipe()
		send(a, "x", w, w, w)
		s, fds := receive(b, 10, room, 0)
		CloseAll(w)
		Show(fmt.Sprint("room ", room), s)
		CloseAll(fds...)
		Show("rest closed", Poll(r))
		CloseAll(r)
	}
	Show("set", unix.SetsockoptInt(b, unix.SOL_SOCKET, unix.SO_PASSCRED, 1))
	for room := 0; room <= 64; room += 8 {
		r, w := pipe()
		send(a, "x", w)
		s, fds := receive(b, 10, room, 0)
		Show(fmt.Sprint("with credentials, room ", room), s)
		CloseAll(fds...)
		CloseAll(r, w)
	}
	CloseAll(a, b)
}

// control makes one item of ancillary data.
func control(length uint64, level, typ int32, data ...uint32) []byte {
	b := make([]byte, 16+4*len(data))
	binary.LittleEndian.PutUint64(b, length)
	binary.LittleEndian.PutUint32(b[8:], uint32(level))
	binary.LittleEndian.PutUint32(b[12:], uint32(typ))
	for i, d := range data {
		binary.LittleEndian.PutUint32(b[16+4*i:], d)
	}
	return b
}

func hostile() {
	a, b := Pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	try := func(what string, oob []byte) {
		e := unix.Sendmsg(a, []byte("x"), oob, nil, 0)
		s, fds := receive(b, 10, 2000, 0)
		Show(what, e, s)
		CloseAll(fds...)
	}
	fd := uint32(b)
	try("no data", control(16, 1, unix.SCM_RIGHTS))
	try("length 0", control(0, 1, unix.SCM_RIGHTS, fd))
	try("length 15", control(15, 1, unix.SCM_RIGHTS, fd))
	try("length 18", control(18, 1, unix.SCM_RIGHTS, fd))
	try("length 20", control(20, 1, unix.SCM_RIGHTS, fd))
	try("length 23", control(23, 1, unix.SCM_RIGHTS, fd, fd))
	try("length 25 of 24", control(25, 1, unix.SCM_RIGHTS, fd, fd))
	try("length huge", control(1<<63, 1, unix.SCM_RIGHTS, fd, fd))
	try("length -1", control(^uint64(0), 1, unix.SCM_RIGHTS, fd, fd))
	try("header cut", control(16, 1, unix.SCM_RIGHTS)[:12])
	try("other level", control(20, 2, unix.SCM_RIGHTS, fd))
	try("other type", control(20, 1, 77, fd))
	try("two items", append(append(control(20, 1, unix.SCM_RIGHTS, fd), 0, 0, 0, 0), control(20, 1, unix.SCM_RIGHTS, fd)...))
	try("second bad", append(append(control(20, 1, unix.SCM_RIGHTS, fd), 0, 0, 0, 0), control(8, 1, unix.SCM_RIGHTS, fd)...))
	try("trailing bytes", append(control(24, 1, unix.SCM_RIGHTS, fd, fd), make([]byte, 9)...))
	many := make([]uint32, 253)
	for i := range many {
		many[i] = fd
	}
	try("253 files", control(16+253*4, 1, unix.SCM_RIGHTS, many...))
	try("254 files", control(16+254*4, 1, unix.SCM_RIGHTS, append(many, fd)...))
	try("short credentials", control(24, 1, unix.SCM_CREDENTIALS, 1, 1))
	try("long credentials", control(32, 1, unix.SCM_CREDENTIALS, 1, 1, 1, 1))
	var h unix.Msghdr
	h.Control = (*byte)(unsafe.Pointer(uintptr(16)))
	h.Controllen = 24
	_, _, e := unix.Syscall(unix.SYS_SENDMSG, uintptr(a), uintptr(unsafe.Pointer(&h)), 0)
	Show("unmapped control", unix.ErrnoName(e))
	h.Controllen = 1 << 40
	_, _, e = unix.Syscall(unix.SYS_SENDMSG, uintptr(a), uintptr(unsafe.Pointer(&h)), 0)
	Show("huge control", unix.ErrnoName(e))
	h.Control, h.Controllen = nil, 0
	h.Namelen = 1 << 31
	h.Name = (*byte)(unsafe.Pointer(&h))
	_, _, e = unix.Syscall(unix.SYS_SENDMSG, uintptr(a), uintptr(unsafe.Pointer(&h)), 0)
	Show("negative name length", unix.ErrnoName(e))
	_, _, e = unix.Syscall(unix.SYS_RECVMSG, uintptr(a), 16, 0)
	Show("unmapped header", unix.ErrnoName(e))
	CloseAll(a, b)
}

// pieces of a stream end where files or credentials come along.
func pieces() {
	a, b := Pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	r, w := pipe()
	unix.Write(a, []byte("one"))
	send(a, "two", w)
	unix.Write(a, []byte("three"))
	send(a, "four", w)
	send(a, "five", w)
	for range 5 {
		s, fds := receive(b, 20, 100, 0)
		Show("piece", s)
		CloseAll(fds...)
	}
	send(a, "twice", w)
	for range 2 {
		s, fds := receive(b, 3, 100, 0)
		Show("part", s)
		CloseAll(fds...)
	}
	Show("files without data", send(a, "", w))
	s, _ := receive(b, 3, 100, 0)
	Show("nothing", s)
	unix.Write(a, []byte("a"))
	send(a, "b", w)
	send(a, "c", w)
	s, fds := receive(b, 10, 100, unix.MSG_PEEK)
	Show("peek", s)
	CloseAll(fds...)
	buf := make([]byte, 10)
	n, e := unix.Read(b, buf)
	Show("read", string(buf[:n]), e)
	CloseAll(a, b, r, w)
	a, b = Pair(unix.SOCK_DGRAM | unix.SOCK_NONBLOCK)
	r, w = pipe()
	Show("files without data", send(a, "", w))
	s, fds = receive(b, 3, 100, 0)
	Show("datagram", s)
	CloseAll(fds...)
	CloseAll(a, b, r, w)
}

func sendCred(fd int, pid, uid, gid int) error {
	return unix.Sendmsg(fd, []byte("c"), unix.UnixCredentials(&unix.Ucred{Pid: int32(pid), Uid: uint32(uid), Gid: uint32(gid)}), nil, 0)
}

func credentials() {
	for _, typ := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM} {
		a, b := Pair(typ | unix.SOCK_NONBLOCK)
		me, uid, gid := os.Getpid(), os.Getuid(), os.Getgid()
		unix.Write(a, []byte("before"))
		Show("not wanted", sendCred(a, me, uid, gid))
		Must(unix.SetsockoptInt(b, unix.SOL_SOCKET, unix.SO_PASSCRED, 1))
		for range 3 {
			s, _ := receive(b, 20, 100, 0)
			Show("received", s)
		}
		unix.Write(a, []byte("after"))
		sendCred(a, me, uid, gid)
		unix.Write(a, []byte("more"))
		sendCred(a, 1, 5, 6)
		for range 3 {
			s, _ := receive(b, 20, 100, 0)
			Show("received", s)
		}
		s, _ := receive(b, 20, 0, 0)
		Show("no room", s)
		Show("no such process", sendCred(a, 1<<22-1, uid, gid), sendCred(a, me, -1, gid), sendCred(a, me, uid, -1))
		done := make(chan int)
		go func() {
			// A thread with an identity of its own, for good.
			runtime.LockOSThread()
			syscall.RawSyscall(syscall.SYS_SETRESGID, 1000, 1000, 1000)
			syscall.RawSyscall(syscall.SYS_SETRESUID, 1000, 1000, 1000)
			Show("unprivileged", sendCred(a, me, 1000, 1000), sendCred(a, me, 0, 1000), sendCred(a, me, 1000, 0), sendCred(a, 1, 1000, 1000))
			done <- 0
			select {}
		}()
		<-done
		for range 2 {
			s, _ := receive(b, 20, 100, 0)
			Show("received", s)
		}
		CloseAll(a, b)
	}
}

func both(a, b int) []int { return []int{a, b} }

// cycles makes sockets that only their own queues refer to; they must go, and with them the pipe that lies there too.
func cycles() {
	wait := func(what string, r int) {
		p := []unix.PollFd{{Fd: int32(r)}}
		n, e := PollFor(p, 0)
		for i := 0; i < 500 && n == 0 && e == nil; i++ {
			CloseAll(both(Pair(unix.SOCK_STREAM))...) // on Linux only a last close starts the collector
			n, e = PollFor(p, 10)
		}
		Show(what, n, e, p[0].Revents&unix.POLLHUP != 0)
		CloseAll(r)
	}
	a, b := Pair(unix.SOCK_DGRAM)
	r, w := pipe()
	send(a, "myself", b, w)
	CloseAll(a, b, w)
	wait("a socket in its own queue", r)

	r, w = pipe()
	a, b = Pair(unix.SOCK_STREAM)
	c, d := Pair(unix.SOCK_STREAM)
	send(a, "x", d, w)
	send(c, "y", b)
	CloseAll(a, b, c, d, w)
	wait("two that hold each other", r)

	r, w = pipe()
	l := Socket(unix.SOCK_STREAM)
	Must(unix.Bind(l, &unix.SockaddrUnix{Name: "@galago-cycle"}))
	Must(unix.Listen(l, 5))
	c = Socket(unix.SOCK_STREAM)
	Must(unix.Connect(c, &unix.SockaddrUnix{Name: "@galago-cycle"}))
	send(c, "x", l, w)
	CloseAll(c, l, w)
	wait("a listener in a connection that waits for it", r)

	// A chain is no cycle: each is closed by the one before.
	r, w = pipe()
	a, b = Pair(unix.SOCK_DGRAM)
	send(a, "end", w)
	CloseAll(a, w)
	for range 3000 {
		x, y := Pair(unix.SOCK_DGRAM)
		Must(send(x, "link", b))
		CloseAll(x, b)
		b = y
	}
	CloseAll(b)
	wait("a long chain", r)

	// What is reachable stays.
	a, b = Pair(unix.SOCK_STREAM)
	c, d = Pair(unix.SOCK_STREAM)
	send(c, "d holds b", b)
	send(a, "b holds d", d)
	unix.Write(a, []byte("letter"))
	CloseAll(b)
	for range 50 {
		x, y := Pair(unix.SOCK_STREAM)
		send(x, "x", y)
		CloseAll(x, y)
	}
	time.Sleep(20 * time.Millisecond)
	s, fds := receive(d, 20, 100, 0)
	Show("reachable", s)
	CloseAll(d)
	s, fds2 := receive(fds[0], 20, 100, 0)
	Show("and what it holds", s)
	s, _ = receive(fds[0], 20, 100, 0)
	Show("letter", s)
	CloseAll(fds...)
	CloseAll(fds2...)
	CloseAll(a, c)
}

func limits() {
	var old unix.Rlimit
	unix.Getrlimit(unix.RLIMIT_NOFILE, &old)
	a, b := Pair(unix.SOCK_DGRAM | unix.SOCK_NONBLOCK)
	send(a, "x", 0, 1, 2)
	lim := unix.Rlimit{Cur: uint64(b) + 2, Max: old.Max}
	Must(unix.Setrlimit(unix.RLIMIT_NOFILE, &lim))
	for i := 3; i < b; i++ {
		if !open(i) {
			unix.Dup2(0, i)
		}
	}
	s, fds := receive(b, 10, 100, 0)
	Show("only some descriptors", s, len(fds))
	unix.Setrlimit(unix.RLIMIT_NOFILE, &old)
	CloseAll(fds...)
	CloseAll(a, b)
}
