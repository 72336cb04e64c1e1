//go:build linux

// Test unixstream takes byte-stream sockets through their edges: names, connections, shutdown, errors, flags.
package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func main() {
	socketCalls()
	names()
	connections()
	backlog()
	data()
	peeks()
	shutdowns()
	hangups()
	blocking()
	options()
}

func name(e error) string {
	if e == nil {
		return "ok"
	}
	if n, ok := e.(unix.Errno); ok {
		return unix.ErrnoName(n)
	}
	return e.Error()
}

// show prints a result and its error.
func show(what string, v ...any) {
	fmt.Print(what, ":")
	for _, x := range v {
		if e, ok := x.(error); ok {
			x = name(e)
		}
		if x == nil {
			x = "ok"
		}
		fmt.Print(" ", x)
	}
	fmt.Println()
}

func must(e error) {
	if e != nil {
		panic(e)
	}
}

func socket(typ int) int {
	fd, e := unix.Socket(unix.AF_UNIX, typ, 0)
	must(e)
	return fd
}

func pair(typ int) (int, int) {
	fds, e := unix.Socketpair(unix.AF_UNIX, typ, 0)
	must(e)
	return fds[0], fds[1]
}

func closeAll(fds ...int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

// poll returns the events of a descriptor now.
func poll(fd int) string {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLOUT | unix.POLLRDHUP | unix.POLLPRI}}
	unix.Poll(p, 0)
	s := ""
	for _, b := range []struct {
		bit  int16
		name string
	}{{unix.POLLIN, "in "}, {unix.POLLOUT, "out "}, {unix.POLLRDHUP, "rdhup "}, {unix.POLLHUP, "hup "}, {unix.POLLERR, "err "}, {unix.POLLPRI, "pri "}} {
		if p[0].Revents&b.bit != 0 {
			s += b.name
		}
	}
	return "[" + s + "]"
}

func addrName(a unix.Sockaddr) string {
	if a == nil {
		return "none"
	}
	if u, ok := a.(*unix.SockaddrUnix); ok {
		return fmt.Sprintf("%q", u.Name)
	}
	return fmt.Sprintf("%T", a)
}

func socketCalls() {
	for _, c := range [][3]int{{1, 1, 0}, {1, 2, 0}, {1, 5, 0}, {1, 3, 0}, {1, 4, 0}, {1, 6, 0}, {1, 11, 0}, {1, 0, 0}, {1, 1, 1}, {1, 1, 2},
		{0, 1, 0}, {46, 1, 0}, {-1, 1, 0}, {1, 1 | 0x1000, 0}, {1, 1 | unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC, 0}} {
		fd, e := unix.Socket(c[0], c[1], c[2])
		show(fmt.Sprint("socket ", c), e)
		if e == nil {
			fl, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
			fdfl, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
			typ, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
			show(" flags, type", fl&unix.O_NONBLOCK != 0, fdfl, typ, poll(fd))
			unix.Close(fd)
		}
	}
	_, e := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 5)
	show("socketpair protocol", e)
	fd := socket(unix.SOCK_STREAM)
	var st unix.Stat_t
	unix.Fstat(fd, &st)
	show("fstat type and mode", fmt.Sprintf("%o", st.Mode), st.Size)
	_, e = unix.Seek(fd, 0, 0)
	show("seek", e)
	_, e = unix.Pread(fd, make([]byte, 1), 0)
	show("pread", e)
	_, e = unix.Read(fd, make([]byte, 1))
	show("read unconnected", e)
	_, e = unix.Write(fd, []byte("x"))
	show("write unconnected", e)
	show("send to name", unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrUnix{Name: "@x"}))
	show("fsync", unix.Fsync(fd))
	show("ftruncate", unix.Ftruncate(fd, 0))
	closeAll(fd)
	show("bad descriptor", unix.Listen(fd, 1))
	f, _ := os.Open(".")
	show("no socket", unix.Listen(int(f.Fd()), 1))
	_, _, e = unix.Accept(int(f.Fd()))
	show("accept on a directory", e)
	f.Close()
}

// rawBind binds to an address of n bytes.
func rawBind(fd int, family uint16, path string, n int) error {
	var a [200]byte
	*(*uint16)(unsafe.Pointer(&a)) = family
	copy(a[2:], path)
	_, _, e := unix.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&a)), uintptr(n))
	if e != 0 {
		return e
	}
	return nil
}

func names() {
	fd := socket(unix.SOCK_STREAM)
	long := make([]byte, 120)
	for i := range long {
		long[i] = 'p'
	}
	show("bind too long", rawBind(fd, 1, string(long), 111))
	show("bind huge", rawBind(fd, 1, "x", 129))
	show("bind negative", rawBind(fd, 1, "x", -1))
	show("bind short", rawBind(fd, 1, "x", 1))
	show("bind wrong family", rawBind(fd, 2, "x", 10))
	show("bind no directory", rawBind(fd, 1, "none/x", 10))
	show("bind empty string", rawBind(fd, 1, "", 3))
	a, e := unix.Getsockname(fd)
	show("one-byte abstract name", addrName(a), e)
	show("bind again", unix.Bind(fd, &unix.SockaddrUnix{Name: "again"}))
	_, e = os.Stat("again")
	show("no file left", os.IsNotExist(e))
	closeAll(fd)

	fd = socket(unix.SOCK_STREAM)
	show("bind path of 108 bytes", rawBind(fd, 1, string(long[:108]), 110))
	a, e = unix.Getsockname(fd)
	show("its name", e)
	os.Remove(string(long[:108]))
	closeAll(fd)

	fd = socket(unix.SOCK_STREAM)
	a, e = unix.Getsockname(fd)
	show("name of an unbound socket", addrName(a), e)
	_, e = unix.Getpeername(fd)
	show("peer of an unconnected one", e)
	unix.Umask(0o027)
	show("bind path", unix.Bind(fd, &unix.SockaddrUnix{Name: "sock"}))
	unix.Umask(0o022)
	var st unix.Stat_t
	show("stat", unix.Stat("sock", &st), fmt.Sprintf("%o", st.Mode))
	a, e = unix.Getsockname(fd)
	show("name", addrName(a), e)
	_, e = unix.Open("sock", unix.O_RDWR, 0)
	show("open the file", e)
	fd2 := socket(unix.SOCK_DGRAM)
	show("bind where it is", unix.Bind(fd2, &unix.SockaddrUnix{Name: "sock"}))
	show("bind through a file", unix.Bind(fd2, &unix.SockaddrUnix{Name: "sock/x"}))
	show("connect with another type", unix.Connect(fd2, &unix.SockaddrUnix{Name: "sock"}))
	show("connect to no listener", unix.Connect(socket(unix.SOCK_STREAM), &unix.SockaddrUnix{Name: "sock"}))
	show("connect to nothing", unix.Connect(fd2, &unix.SockaddrUnix{Name: "nothing"}))
	os.WriteFile("plain", nil, 0o644)
	show("connect to a plain file", unix.Connect(fd2, &unix.SockaddrUnix{Name: "plain"}))
	show("connect to a directory", unix.Connect(fd2, &unix.SockaddrUnix{Name: "."}))
	closeAll(fd)
	show("connect to a dead socket", unix.Connect(fd2, &unix.SockaddrUnix{Name: "sock"}))
	fd = socket(unix.SOCK_STREAM)
	show("bind where a dead one was", unix.Bind(fd, &unix.SockaddrUnix{Name: "sock"}))
	os.Remove("sock")
	show("bind after unlink", unix.Bind(fd, &unix.SockaddrUnix{Name: "sock"}))
	os.Rename("sock", "moved")
	show("listen", unix.Listen(fd, 1))
	show("connect by the new name", unix.Connect(socket(unix.SOCK_STREAM), &unix.SockaddrUnix{Name: "moved"}))
	os.Symlink("moved", "link")
	show("connect by a link", unix.Connect(socket(unix.SOCK_STREAM), &unix.SockaddrUnix{Name: "link"}))
	os.Chmod("moved", 0o444)
	closeAll(fd, fd2)
	os.Remove("moved")
	os.Remove("link")
	os.Remove("plain")

	a1, a2, d := socket(unix.SOCK_STREAM), socket(unix.SOCK_STREAM), socket(unix.SOCK_DGRAM)
	show("abstract", unix.Bind(a1, &unix.SockaddrUnix{Name: "@galago-test"}))
	show("abstract again", unix.Bind(a2, &unix.SockaddrUnix{Name: "@galago-test"}))
	show("abstract of another type", unix.Bind(d, &unix.SockaddrUnix{Name: "@galago-test"}))
	show("abstract with a suffix", rawBind(a2, 1, "\x00galago-test\x00", 15))
	a, e = unix.Getsockname(a2)
	show("its name", addrName(a), e)
	show("connect, type by type", unix.Connect(socket(unix.SOCK_STREAM), &unix.SockaddrUnix{Name: "@galago-test"}),
		unix.Connect(socket(unix.SOCK_DGRAM), &unix.SockaddrUnix{Name: "@galago-test"}),
		unix.Connect(socket(unix.SOCK_SEQPACKET), &unix.SockaddrUnix{Name: "@galago-test"}))
	closeAll(a1)
	show("free again", unix.Bind(socket(unix.SOCK_STREAM), &unix.SockaddrUnix{Name: "@galago-test"}))
	closeAll(a2, d)
	fd = socket(unix.SOCK_STREAM)
	show("autobind", rawBind(fd, 1, "", 2))
	a, e = unix.Getsockname(fd)
	show("autobind name length", len(a.(*unix.SockaddrUnix).Name), e)
	show("autobind again", rawBind(fd, 1, "", 2))
	closeAll(fd)
}

// listener makes a listening socket with an abstract name.
func listener(typ int, name string, backlog int) int {
	fd := socket(typ)
	must(unix.Bind(fd, &unix.SockaddrUnix{Name: name}))
	must(unix.Listen(fd, backlog))
	return fd
}

func connections() {
	fd := socket(unix.SOCK_STREAM)
	show("listen unbound", unix.Listen(fd, 1))
	_, _, e := unix.Accept(fd)
	show("accept not listening", e)
	d := socket(unix.SOCK_DGRAM)
	show("listen dgram", unix.Listen(d, 1))
	_, _, e = unix.Accept(d)
	show("accept dgram", e)
	closeAll(fd, d)
	l := listener(unix.SOCK_STREAM, "@galago-conn", 5)
	show("listen again", unix.Listen(l, 7), poll(l))
	show("connect a listener", unix.Connect(l, &unix.SockaddrUnix{Name: "@galago-conn"}))
	unix.SetNonblock(l, true)
	_, _, e = unix.Accept(l)
	show("accept without a connection", e)
	c := socket(unix.SOCK_STREAM)
	must(unix.Bind(c, &unix.SockaddrUnix{Name: "@galago-client"}))
	show("connect", unix.Connect(c, &unix.SockaddrUnix{Name: "@galago-conn"}), poll(c), poll(l))
	show("connect again", unix.Connect(c, &unix.SockaddrUnix{Name: "@galago-conn"}))
	show("listen connected", unix.Listen(c, 1))
	n, e := unix.Write(c, []byte("early"))
	show("write before accept", n, e)
	s, from, e := unix.Accept4(l, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	show("accept", addrName(from), e, poll(s))
	fl, _ := unix.FcntlInt(uintptr(s), unix.F_GETFL, 0)
	show("nonblock", fl&unix.O_NONBLOCK != 0)
	_, _, e = unix.Accept4(l, 1)
	show("accept4 bad flags", e)
	a, _ := unix.Getsockname(s)
	b, _ := unix.Getpeername(s)
	show("names of the server", addrName(a), addrName(b))
	a, _ = unix.Getsockname(c)
	b, _ = unix.Getpeername(c)
	show("names of the client", addrName(a), addrName(b))
	buf := make([]byte, 64)
	n, e = unix.Read(s, buf)
	show("read", n, e, string(buf[:max(n, 0)]))
	_, e = unix.Read(s, buf)
	show("read nothing", e)
	show("send with a name", unix.Sendto(s, []byte("x"), 0, &unix.SockaddrUnix{Name: "@galago-conn"}))
	_, e = unix.Read(l, buf)
	show("read a listener", e)
	_, e = unix.Write(l, buf)
	show("write a listener", e)
	ucred, e := unix.GetsockoptUcred(c, unix.SOL_SOCKET, unix.SO_PEERCRED)
	show("peer's identity", e, ucred.Pid == int32(os.Getpid()), int(ucred.Uid) == os.Geteuid(), int(ucred.Gid) == os.Getegid())
	ucred, e = unix.GetsockoptUcred(s, unix.SOL_SOCKET, unix.SO_PEERCRED)
	show("client's identity", e, ucred.Pid == int32(os.Getpid()))
	none := socket(unix.SOCK_STREAM)
	ucred, e = unix.GetsockoptUcred(none, unix.SOL_SOCKET, unix.SO_PEERCRED)
	show("nobody's identity", e, ucred.Pid, ucred.Uid, ucred.Gid)
	closeAll(none)
	// A listener that closes resets those it has not accepted.
	c2 := socket(unix.SOCK_STREAM)
	must(unix.Connect(c2, &unix.SockaddrUnix{Name: "@galago-conn"}))
	closeAll(l)
	show("after the listener closed", poll(c2), poll(c))
	_, e = unix.Read(c2, buf)
	show("read", e)
	n, e = unix.Read(c2, buf)
	show("read again", n, e)
	show("connect after", unix.Connect(socket(unix.SOCK_STREAM), &unix.SockaddrUnix{Name: "@galago-conn"}))
	n, e = unix.Write(c, []byte("still"))
	show("accepted connection lives", n, e)
	closeAll(c, c2, s)
	l = listener(unix.SOCK_STREAM, "@galago-conn", 5)
	show("shutdown a listener", unix.Shutdown(l, unix.SHUT_RD), poll(l))
	show("connect then", unix.Connect(socket(unix.SOCK_STREAM), &unix.SockaddrUnix{Name: "@galago-conn"}))
	_, _, e = unix.Accept(l)
	show("accept then", e)
	closeAll(l)
}

func backlog() {
	for _, b := range []int{0, 1, 3} {
		l := listener(unix.SOCK_STREAM, "@galago-backlog", b)
		n := 0
		var fds []int
		for {
			c := socket(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
			fds = append(fds, c)
			if e := unix.Connect(c, &unix.SockaddrUnix{Name: "@galago-backlog"}); e != nil {
				show(fmt.Sprint("backlog ", b, " full after"), n, e)
				break
			}
			n++
		}
		done := make(chan error)
		go func() {
			c := socket(unix.SOCK_STREAM)
			e := unix.Connect(c, &unix.SockaddrUnix{Name: "@galago-backlog"})
			closeAll(c)
			done <- e
		}()
		time.Sleep(20 * time.Millisecond)
		s, _, e := unix.Accept(l)
		show("accept makes room", e)
		show("waiting connect", <-done)
		closeAll(s, l)
		closeAll(fds...)
	}
	l := listener(unix.SOCK_STREAM, "@galago-backlog", 0)
	c := socket(unix.SOCK_STREAM)
	must(unix.Connect(c, &unix.SockaddrUnix{Name: "@galago-backlog"}))
	c2 := socket(unix.SOCK_STREAM)
	tv := unix.Timeval{Usec: 20000}
	must(unix.SetsockoptTimeval(c2, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tv))
	show("connect with a time limit", unix.Connect(c2, &unix.SockaddrUnix{Name: "@galago-backlog"}))
	done := make(chan error)
	go func() {
		c := socket(unix.SOCK_STREAM)
		e := unix.Connect(c, &unix.SockaddrUnix{Name: "@galago-backlog"})
		closeAll(c)
		done <- e
	}()
	time.Sleep(20 * time.Millisecond)
	closeAll(l)
	show("connect that waits for a closed listener", <-done)
	closeAll(c, c2)
}

func data() {
	a, b := pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	buf := make([]byte, 100)
	for _, s := range []string{"one ", "two ", "", "three"} {
		n, e := unix.Write(a, []byte(s))
		show("write", n, e)
	}
	var k int32
	unix.Syscall(unix.SYS_IOCTL, uintptr(b), 0x541b, uintptr(unsafe.Pointer(&k)))
	show("FIONREAD", k)
	n, e := unix.Read(b, buf[:6])
	show("read 6", n, e, string(buf[:n]))
	n, e = unix.Read(b, buf)
	show("read all", n, e, string(buf[:n]))
	n, e = unix.Read(b, nil)
	show("read nothing of nothing", n, e)
	_, _, e = unix.Recvfrom(b, nil, 0)
	show("recv nothing of nothing", e)
	_, _, e = unix.Recvfrom(b, buf, unix.MSG_OOB)
	show("recv out of band", e)
	n, e = unix.Writev(a, [][]byte{[]byte("ab"), {}, []byte("cde")})
	show("writev", n, e)
	x, y := make([]byte, 2), make([]byte, 9)
	n, e = unix.Readv(b, [][]byte{x, y})
	show("readv", n, e, string(x), string(y[:3]))
	big := make([]byte, 1<<20)
	for i := range big {
		big[i] = byte(i * 7)
	}
	n, e = unix.Write(a, big)
	show("write of a megabyte is cut", e, n > 100000 && n < len(big))
	_, e = unix.Write(a, []byte("x"))
	show("full", e, poll(a))
	got := 0
	same := true
	for got < n {
		m, e := unix.Read(b, big[len(big)-5000:])
		if e != nil {
			show("read", e)
			break
		}
		for i := range m {
			if big[len(big)-5000+i] != byte((got+i)*7) {
				same = false
			}
		}
		got += m
	}
	show("read back", got == n, same, poll(a), poll(b))
	n, e = unix.SendmsgN(a, []byte("x"), nil, &unix.SockaddrUnix{Name: "@x"}, 0)
	show("sendmsg with a name", n, e)
	_, _, ee := unix.Syscall6(unix.SYS_SENDTO, uintptr(a), 1<<50, 5, 0, 0, 0)
	show("bad address", unix.ErrnoName(ee))
	_, _, ee = unix.Syscall6(unix.SYS_SENDTO, uintptr(a), 16, 5, 0, 0, 0)
	show("unmapped", unix.ErrnoName(ee))
	unix.Write(a, []byte("z"))
	_, _, ee = unix.Syscall6(unix.SYS_RECVFROM, uintptr(b), 16, 5, 0, 0, 0)
	show("unmapped", unix.ErrnoName(ee))
	n, e = unix.Read(b, buf)
	show("still there", n, e)
	closeAll(a, b)
}

func recv(fd, n, flags int) string {
	buf := make([]byte, n)
	k, _, e := unix.Recvfrom(fd, buf, flags)
	if e != nil {
		return name(e)
	}
	return fmt.Sprintf("%q", buf[:k])
}

func peeks() {
	a, b := pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	unix.Write(a, []byte("hello "))
	unix.Write(a, []byte("world"))
	show("peek 3", recv(b, 3, unix.MSG_PEEK))
	show("peek 20", recv(b, 20, unix.MSG_PEEK))
	show("peek 20 waitall", recv(b, 20, unix.MSG_PEEK|unix.MSG_WAITALL))
	show("trunc 3", recv(b, 3, unix.MSG_TRUNC))
	off, e := unix.GetsockoptInt(b, unix.SOL_SOCKET, unix.SO_PEEK_OFF)
	show("peek offset", off, e)
	show("set", unix.SetsockoptInt(b, unix.SOL_SOCKET, unix.SO_PEEK_OFF, 1))
	show("peek", recv(b, 2, unix.MSG_PEEK))
	show("peek", recv(b, 3, unix.MSG_PEEK))
	off, _ = unix.GetsockoptInt(b, unix.SOL_SOCKET, unix.SO_PEEK_OFF)
	show("offset", off)
	show("read", recv(b, 4, 0))
	off, _ = unix.GetsockoptInt(b, unix.SOL_SOCKET, unix.SO_PEEK_OFF)
	show("offset", off)
	show("peek", recv(b, 9, unix.MSG_PEEK))
	show("peek at the end", recv(b, 9, unix.MSG_PEEK))
	show("read", recv(b, 9, 0))
	closeAll(a, b)
}

func shutdowns() {
	for how := -1; how <= 3; how++ {
		a, b := pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
		unix.Write(a, []byte("to b"))
		unix.Write(b, []byte("to a"))
		show(fmt.Sprint("shutdown ", how), unix.Shutdown(a, how), poll(a), poll(b))
		show(" a reads", recv(a, 9, 0), recv(a, 9, 0))
		show(" b reads", recv(b, 9, 0), recv(b, 9, 0))
		_, e := unix.SendmsgN(a, []byte("x"), nil, nil, unix.MSG_NOSIGNAL)
		_, e2 := unix.SendmsgN(b, []byte("x"), nil, nil, unix.MSG_NOSIGNAL)
		show(" write", e, e2)
		closeAll(a)
		show(" closed", poll(b))
		closeAll(b)
	}
	fd := socket(unix.SOCK_STREAM)
	show("shutdown unconnected", unix.Shutdown(fd, unix.SHUT_RDWR), poll(fd))
	closeAll(fd)
}

func hangups() {
	a, b := pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	unix.Write(a, []byte("last words"))
	closeAll(a)
	show("peer closed", poll(b))
	show("read", recv(b, 4, 0), recv(b, 40, 0), recv(b, 40, 0))
	_, e := unix.SendmsgN(b, []byte("x"), nil, nil, unix.MSG_NOSIGNAL)
	show("write", e)
	closeAll(b)
	a, b = pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	unix.Write(b, []byte("unread"))
	unix.Write(a, []byte("data"))
	closeAll(a)
	show("peer closed with unread data", poll(b))
	v, _ := unix.GetsockoptInt(b, unix.SOL_SOCKET, unix.SO_ERROR)
	show("pending error", v, poll(b))
	show("read", recv(b, 40, 0), recv(b, 40, 0))
	closeAll(b)
	a, b = pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	unix.Write(b, []byte("unread"))
	closeAll(a)
	_, e = unix.SendmsgN(b, []byte("x"), nil, nil, unix.MSG_NOSIGNAL)
	show("write", e)
	show("read", recv(b, 40, 0), recv(b, 40, 0))
	closeAll(b)
}

// blocking exercises waits.
func blocking() {
	a, b := pair(unix.SOCK_STREAM)
	start := make(chan string)
	go func() { start <- recv(b, 10, 0) }()
	time.Sleep(10 * time.Millisecond)
	unix.Write(a, []byte("wake"))
	show("blocked read", <-start)
	go func() { start <- recv(b, 6, unix.MSG_WAITALL) }()
	for _, s := range []string{"ab", "cd", "efgh"} {
		time.Sleep(5 * time.Millisecond)
		unix.Write(a, []byte(s))
	}
	show("waitall", <-start, recv(b, 10, 0))
	go func() { start <- recv(b, 6, unix.MSG_WAITALL) }()
	time.Sleep(5 * time.Millisecond)
	unix.Write(a, []byte("abc"))
	time.Sleep(5 * time.Millisecond)
	unix.Shutdown(a, unix.SHUT_WR)
	show("waitall cut by the end", <-start)
	closeAll(a, b)
	a, b = pair(unix.SOCK_STREAM)
	go func() {
		n, e := unix.SendmsgN(a, make([]byte, 1<<20), nil, nil, unix.MSG_NOSIGNAL)
		start <- fmt.Sprint(n, " ", name(e))
	}()
	got := 0
	buf := make([]byte, 70000)
	for got < 1<<20 {
		n, _ := unix.Read(b, buf)
		got += n
	}
	show("blocked write", <-start, got)
	tv := unix.Timeval{Usec: 10000}
	must(unix.SetsockoptTimeval(b, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv))
	show("read with a time limit", recv(b, 1, 0))
	must(unix.SetsockoptTimeval(a, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tv))
	n, e := unix.Write(a, make([]byte, 1<<20))
	show("write with a time limit", n > 0 && n < 1<<20, e)
	_, e = unix.Write(a, make([]byte, 1<<20))
	show("again", e)
	go func() {
		tv := unix.Timeval{}
		unix.SetsockoptTimeval(a, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tv)
		_, e := unix.SendmsgN(a, make([]byte, 1<<20), nil, nil, unix.MSG_NOSIGNAL)
		start <- name(e)
	}()
	time.Sleep(30 * time.Millisecond)
	closeAll(b)
	show("write to one who closes", <-start)
	closeAll(a)
}

func options() {
	fd := socket(unix.SOCK_STREAM)
	for opt := 1; opt <= 20; opt++ {
		if opt == unix.SO_LINGER || opt == unix.SO_PEERCRED || opt == unix.SO_RCVTIMEO || opt == 11 {
			continue
		}
		v, e := unix.GetsockoptInt(fd, unix.SOL_SOCKET, opt)
		show(fmt.Sprint("get ", opt), v, e)
		if opt != 10 && opt != unix.SO_DEBUG {
			show(fmt.Sprint("set ", opt), unix.SetsockoptInt(fd, unix.SOL_SOCKET, opt, 1))
			v, e = unix.GetsockoptInt(fd, unix.SOL_SOCKET, opt)
			show(fmt.Sprint("get ", opt), v, e)
		}
	}
	for _, v := range []int{0, 1, 4096, 100000, 1 << 20, -1} {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, v)
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, v)
		s, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
		r, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
		show(fmt.Sprint("buffers of ", v), s, r)
	}
	for _, opt := range []int{unix.SO_ACCEPTCONN, unix.SO_PROTOCOL, unix.SO_DOMAIN, unix.SO_INCOMING_CPU, unix.SO_PEERNAME, 9999} {
		v, e := unix.GetsockoptInt(fd, unix.SOL_SOCKET, opt)
		show(fmt.Sprint("get ", opt), v, e, unix.SetsockoptInt(fd, unix.SOL_SOCKET, opt, 1))
	}
	tv := unix.Timeval{Sec: 3, Usec: 500000}
	show("timeout", unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv))
	back, e := unix.GetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO)
	show("timeout", back.Sec, back.Usec, e)
	tv.Usec = 1000000
	show("bad timeout", unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv))
	l := unix.Linger{Onoff: 5, Linger: 7}
	show("linger", unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &l))
	show("level", unix.SetsockoptInt(fd, unix.IPPROTO_TCP, 1, 1))
	_, e = unix.GetsockoptInt(fd, unix.IPPROTO_TCP, 1)
	show("level", e)
	var v int32
	n := int32(2)
	_, _, ee := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), 1, unix.SO_TYPE, uintptr(unsafe.Pointer(&v)), uintptr(unsafe.Pointer(&n)), 0)
	show("short value", v, n, unix.ErrnoName(ee))
	n = -1
	_, _, ee = unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), 1, unix.SO_TYPE, uintptr(unsafe.Pointer(&v)), uintptr(unsafe.Pointer(&n)), 0)
	show("negative length", unix.ErrnoName(ee))
	_, _, ee = unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), 1, unix.SO_REUSEADDR, uintptr(unsafe.Pointer(&v)), 2, 0)
	show("short value", unix.ErrnoName(ee))
	_, _, ee = unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), 1, unix.SO_REUSEADDR, 16, 4, 0)
	show("bad value", unix.ErrnoName(ee))
	_, e = syscall.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEERGROUPS)
	show("groups of nobody", name(unix.Errno(e.(syscall.Errno))))
	closeAll(fd)
	fd = socket(unix.SOCK_STREAM)
	show("force", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 1<<20))
	k, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
	show("forced", k)
	closeAll(fd)
}
