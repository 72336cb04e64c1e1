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

	. "galago/user/test/sock"
)

func main() {
	socketCalls()
	names()
	connections()
	backlog()
	data()
	peeks()
	peekBeyond(unix.SOCK_STREAM)
	peekBeyond(unix.SOCK_SEQPACKET)
	shutdowns()
	hangups()
	blocking()
	options()
	transfers()
}

func socketCalls() {
	for _, c := range [][3]int{{1, 1, 0}, {1, 2, 0}, {1, 5, 0}, {1, 3, 0}, {1, 4, 0}, {1, 6, 0}, {1, 11, 0}, {1, 0, 0}, {1, 1, 1}, {1, 1, 2},
		{0, 1, 0}, {46, 1, 0}, {-1, 1, 0}, {1, 1 | 0x1000, 0}, {1, 1 | unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC, 0}} {
		fd, e := unix.Socket(c[0], c[1], c[2])
		Show(fmt.Sprint("socket ", c), e)
		if e == nil {
			fl, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
			fdfl, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
			typ, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
			Show(" flags, type", fl&unix.O_NONBLOCK != 0, fdfl, typ, Poll(fd))
			unix.Close(fd)
		}
	}
	_, e := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 5)
	Show("socketpair protocol", e)
	fd := Socket(unix.SOCK_STREAM)
	var st unix.Stat_t
	unix.Fstat(fd, &st)
	Show("fstat type and mode", fmt.Sprintf("%o", st.Mode), st.Size)
	_, e = unix.Seek(fd, 0, 0)
	Show("seek", e)
	_, e = unix.Pread(fd, make([]byte, 1), 0)
	Show("pread", e)
	_, e = unix.Read(fd, make([]byte, 1))
	Show("read unconnected", e)
	_, e = unix.Write(fd, []byte("x"))
	Show("write unconnected", e)
	Show("send to name", unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrUnix{Name: "@x"}))
	Show("fsync", unix.Fsync(fd))
	Show("ftruncate", unix.Ftruncate(fd, 0))
	CloseAll(fd)
	Show("bad descriptor", unix.Listen(fd, 1))
	f, _ := os.Open(".")
	Show("no socket", unix.Listen(int(f.Fd()), 1))
	_, _, e = unix.Accept(int(f.Fd()))
	Show("accept on a directory", e)
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
	fd := Socket(unix.SOCK_STREAM)
	long := make([]byte, 120)
	for i := range long {
		long[i] = 'p'
	}
	Show("bind too long", rawBind(fd, 1, string(long), 111))
	Show("bind huge", rawBind(fd, 1, "x", 129))
	Show("bind negative", rawBind(fd, 1, "x", -1))
	Show("bind short", rawBind(fd, 1, "x", 1))
	Show("bind wrong family", rawBind(fd, 2, "x", 10))
	Show("bind no directory", rawBind(fd, 1, "none/x", 10))
	Show("bind empty string", rawBind(fd, 1, "", 3))
	a, e := unix.Getsockname(fd)
	Show("one-byte abstract name", AddrName(a), e)
	Show("bind again", unix.Bind(fd, &unix.SockaddrUnix{Name: "again"}))
	_, e = os.Stat("again")
	Show("no file left", os.IsNotExist(e))
	CloseAll(fd)

	fd = Socket(unix.SOCK_STREAM)
	Show("bind path of 108 bytes", rawBind(fd, 1, string(long[:108]), 110))
	a, e = unix.Getsockname(fd)
	Show("its name", e)
	os.Remove(string(long[:108]))
	CloseAll(fd)

	fd = Socket(unix.SOCK_STREAM)
	a, e = unix.Getsockname(fd)
	Show("name of an unbound socket", AddrName(a), e)
	_, e = unix.Getpeername(fd)
	Show("peer of an unconnected one", e)
	unix.Umask(0o027)
	Show("bind path", unix.Bind(fd, &unix.SockaddrUnix{Name: "sock"}))
	unix.Umask(0o022)
	var st unix.Stat_t
	Show("stat", unix.Stat("sock", &st), fmt.Sprintf("%o", st.Mode))
	a, e = unix.Getsockname(fd)
	Show("name", AddrName(a), e)
	_, e = unix.Open("sock", unix.O_RDWR, 0)
	Show("open the file", e)
	fd2 := Socket(unix.SOCK_DGRAM)
	Show("bind where it is", unix.Bind(fd2, &unix.SockaddrUnix{Name: "sock"}))
	Show("bind through a file", unix.Bind(fd2, &unix.SockaddrUnix{Name: "sock/x"}))
	Show("connect with another type", unix.Connect(fd2, &unix.SockaddrUnix{Name: "sock"}))
	Show("connect to no listener", unix.Connect(Socket(unix.SOCK_STREAM), &unix.SockaddrUnix{Name: "sock"}))
	Show("connect to nothing", unix.Connect(fd2, &unix.SockaddrUnix{Name: "nothing"}))
	os.WriteFile("plain", nil, 0o644)
	Show("connect to a plain file", unix.Connect(fd2, &unix.SockaddrUnix{Name: "plain"}))
	Show("connect to a directory", unix.Connect(fd2, &unix.SockaddrUnix{Name: "."}))
	CloseAll(fd)
	Show("connect to a dead socket", unix.Connect(fd2, &unix.SockaddrUnix{Name: "sock"}))
	fd = Socket(unix.SOCK_STREAM)
	Show("bind where a dead one was", unix.Bind(fd, &unix.SockaddrUnix{Name: "sock"}))
	os.Remove("sock")
	Show("bind after unlink", unix.Bind(fd, &unix.SockaddrUnix{Name: "sock"}))
	os.Rename("sock", "moved")
	Show("listen", unix.Listen(fd, 1))
	Show("connect by the new name", unix.Connect(Socket(unix.SOCK_STREAM), &unix.SockaddrUnix{Name: "moved"}))
	os.Symlink("moved", "link")
	Show("connect by a link", unix.Connect(Socket(unix.SOCK_STREAM), &unix.SockaddrUnix{Name: "link"}))
	os.Chmod("moved", 0o444)
	CloseAll(fd, fd2)
	os.Remove("moved")
	os.Remove("link")
	os.Remove("plain")

	a1, a2, d := Socket(unix.SOCK_STREAM), Socket(unix.SOCK_STREAM), Socket(unix.SOCK_DGRAM)
	Show("abstract", unix.Bind(a1, &unix.SockaddrUnix{Name: "@galago-test"}))
	Show("abstract again", unix.Bind(a2, &unix.SockaddrUnix{Name: "@galago-test"}))
	Show("abstract of another type", unix.Bind(d, &unix.SockaddrUnix{Name: "@galago-test"}))
	Show("abstract with a suffix", rawBind(a2, 1, "\x00galago-test\x00", 15))
	a, e = unix.Getsockname(a2)
	Show("its name", AddrName(a), e)
	Show("connect, type by type", unix.Connect(Socket(unix.SOCK_STREAM), &unix.SockaddrUnix{Name: "@galago-test"}),
		unix.Connect(Socket(unix.SOCK_DGRAM), &unix.SockaddrUnix{Name: "@galago-test"}),
		unix.Connect(Socket(unix.SOCK_SEQPACKET), &unix.SockaddrUnix{Name: "@galago-test"}))
	CloseAll(a1)
	Show("free again", unix.Bind(Socket(unix.SOCK_STREAM), &unix.SockaddrUnix{Name: "@galago-test"}))
	CloseAll(a2, d)
	fd = Socket(unix.SOCK_STREAM)
	Show("autobind", rawBind(fd, 1, "", 2))
	a, e = unix.Getsockname(fd)
	Show("autobind name length", len(a.(*unix.SockaddrUnix).Name), e)
	Show("autobind again", rawBind(fd, 1, "", 2))
	CloseAll(fd)
}

// listener makes a listening socket with an abstract name.
func listener(typ int, name string, backlog int) int {
	fd := Socket(typ)
	Must(unix.Bind(fd, &unix.SockaddrUnix{Name: name}))
	Must(unix.Listen(fd, backlog))
	return fd
}

func connections() {
	fd := Socket(unix.SOCK_STREAM)
	Show("listen unbound", unix.Listen(fd, 1))
	_, _, e := unix.Accept(fd)
	Show("accept not listening", e)
	d := Socket(unix.SOCK_DGRAM)
	Show("listen dgram", unix.Listen(d, 1))
	_, _, e = unix.Accept(d)
	Show("accept dgram", e)
	CloseAll(fd, d)
	l := listener(unix.SOCK_STREAM, "@galago-conn", 5)
	Show("listen again", unix.Listen(l, 7), Poll(l))
	Show("connect a listener", unix.Connect(l, &unix.SockaddrUnix{Name: "@galago-conn"}))
	unix.SetNonblock(l, true)
	_, _, e = unix.Accept(l)
	Show("accept without a connection", e)
	c := Socket(unix.SOCK_STREAM)
	Must(unix.Bind(c, &unix.SockaddrUnix{Name: "@galago-client"}))
	Show("connect", unix.Connect(c, &unix.SockaddrUnix{Name: "@galago-conn"}), Poll(c), Poll(l))
	Show("connect again", unix.Connect(c, &unix.SockaddrUnix{Name: "@galago-conn"}))
	Show("listen connected", unix.Listen(c, 1))
	n, e := unix.Write(c, []byte("early"))
	Show("write before accept", n, e)
	s, from, e := unix.Accept4(l, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	Show("accept", AddrName(from), e, Poll(s))
	fl, _ := unix.FcntlInt(uintptr(s), unix.F_GETFL, 0)
	Show("nonblock", fl&unix.O_NONBLOCK != 0)
	_, _, e = unix.Accept4(l, 1)
	Show("accept4 bad flags", e)
	a, _ := unix.Getsockname(s)
	b, _ := unix.Getpeername(s)
	Show("names of the server", AddrName(a), AddrName(b))
	a, _ = unix.Getsockname(c)
	b, _ = unix.Getpeername(c)
	Show("names of the client", AddrName(a), AddrName(b))
	buf := make([]byte, 64)
	n, e = unix.Read(s, buf)
	Show("read", n, e, string(buf[:max(n, 0)]))
	_, e = unix.Read(s, buf)
	Show("read nothing", e)
	Show("send with a name", unix.Sendto(s, []byte("x"), 0, &unix.SockaddrUnix{Name: "@galago-conn"}))
	_, e = unix.Read(l, buf)
	Show("read a listener", e)
	_, e = unix.Write(l, buf)
	Show("write a listener", e)
	ucred, e := unix.GetsockoptUcred(c, unix.SOL_SOCKET, unix.SO_PEERCRED)
	Show("peer's identity", e, ucred.Pid == int32(os.Getpid()), int(ucred.Uid) == os.Geteuid(), int(ucred.Gid) == os.Getegid())
	ucred, e = unix.GetsockoptUcred(s, unix.SOL_SOCKET, unix.SO_PEERCRED)
	Show("client's identity", e, ucred.Pid == int32(os.Getpid()))
	none := Socket(unix.SOCK_STREAM)
	ucred, e = unix.GetsockoptUcred(none, unix.SOL_SOCKET, unix.SO_PEERCRED)
	Show("nobody's identity", e, ucred.Pid, ucred.Uid, ucred.Gid)
	CloseAll(none)
	// A listener that closes resets those it has not accepted.
	c2 := Socket(unix.SOCK_STREAM)
	Must(unix.Connect(c2, &unix.SockaddrUnix{Name: "@galago-conn"}))
	CloseAll(l)
	Show("after the listener closed", Poll(c2), Poll(c))
	_, e = unix.Read(c2, buf)
	Show("read", e)
	n, e = unix.Read(c2, buf)
	Show("read again", n, e)
	Show("connect after", unix.Connect(Socket(unix.SOCK_STREAM), &unix.SockaddrUnix{Name: "@galago-conn"}))
	n, e = unix.Write(c, []byte("still"))
	Show("accepted connection lives", n, e)
	CloseAll(c, c2, s)
	l = listener(unix.SOCK_STREAM, "@galago-conn", 5)
	Show("shutdown a listener", unix.Shutdown(l, unix.SHUT_RD), Poll(l))
	Show("connect then", unix.Connect(Socket(unix.SOCK_STREAM), &unix.SockaddrUnix{Name: "@galago-conn"}))
	_, _, e = unix.Accept(l)
	Show("accept then", e)
	CloseAll(l)
}

func backlog() {
	for _, b := range []int{0, 1, 3} {
		l := listener(unix.SOCK_STREAM, "@galago-backlog", b)
		n := 0
		var fds []int
		for {
			c := Socket(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
			fds = append(fds, c)
			if e := unix.Connect(c, &unix.SockaddrUnix{Name: "@galago-backlog"}); e != nil {
				Show(fmt.Sprint("backlog ", b, " full after"), n, e)
				break
			}
			n++
		}
		done := make(chan error)
		go func() {
			c := Socket(unix.SOCK_STREAM)
			e := unix.Connect(c, &unix.SockaddrUnix{Name: "@galago-backlog"})
			CloseAll(c)
			done <- e
		}()
		time.Sleep(20 * time.Millisecond)
		s, _, e := unix.Accept(l)
		Show("accept makes room", e)
		Show("waiting connect", <-done)
		CloseAll(s, l)
		CloseAll(fds...)
	}
	l := listener(unix.SOCK_STREAM, "@galago-backlog", 0)
	c := Socket(unix.SOCK_STREAM)
	Must(unix.Connect(c, &unix.SockaddrUnix{Name: "@galago-backlog"}))
	c2 := Socket(unix.SOCK_STREAM)
	tv := unix.Timeval{Usec: 20000}
	Must(unix.SetsockoptTimeval(c2, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tv))
	_, e := Again(func() (int, error) { return 0, unix.Connect(c2, &unix.SockaddrUnix{Name: "@galago-backlog"}) })
	Show("connect with a time limit", e)
	done := make(chan error)
	go func() {
		c := Socket(unix.SOCK_STREAM)
		e := unix.Connect(c, &unix.SockaddrUnix{Name: "@galago-backlog"})
		CloseAll(c)
		done <- e
	}()
	time.Sleep(20 * time.Millisecond)
	CloseAll(l)
	Show("connect that waits for a closed listener", <-done)
	CloseAll(c, c2)
}

func data() {
	a, b := Pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	buf := make([]byte, 100)
	for _, s := range []string{"one ", "two ", "", "three"} {
		n, e := unix.Write(a, []byte(s))
		Show("write", n, e)
	}
	var k int32
	unix.Syscall(unix.SYS_IOCTL, uintptr(b), 0x541b, uintptr(unsafe.Pointer(&k)))
	Show("FIONREAD", k)
	n, e := unix.Read(b, buf[:6])
	Show("read 6", n, e, string(buf[:n]))
	n, e = unix.Read(b, buf)
	Show("read all", n, e, string(buf[:n]))
	n, e = unix.Read(b, nil)
	Show("read nothing of nothing", n, e)
	_, _, e = unix.Recvfrom(b, nil, 0)
	Show("recv nothing of nothing", e)
	_, _, e = unix.Recvfrom(b, buf, unix.MSG_OOB)
	Show("recv out of band", e)
	n, e = unix.Writev(a, [][]byte{[]byte("ab"), {}, []byte("cde")})
	Show("writev", n, e)
	x, y := make([]byte, 2), make([]byte, 9)
	n, e = unix.Readv(b, [][]byte{x, y})
	Show("readv", n, e, string(x), string(y[:3]))
	big := make([]byte, 1<<20)
	for i := range big {
		big[i] = byte(i * 7)
	}
	n, e = unix.Write(a, big)
	Show("write of a megabyte is cut", e, n > 100000 && n < len(big))
	_, e = unix.Write(a, []byte("x"))
	Show("full", e, Poll(a))
	got := 0
	same := true
	for got < n {
		m, e := unix.Read(b, big[len(big)-5000:])
		if e != nil {
			Show("read", e)
			break
		}
		for i := range m {
			if big[len(big)-5000+i] != byte((got+i)*7) {
				same = false
			}
		}
		got += m
	}
	Show("read back", got == n, same, Poll(a), Poll(b))
	n, e = unix.SendmsgN(a, []byte("x"), nil, &unix.SockaddrUnix{Name: "@x"}, 0)
	Show("sendmsg with a name", n, e)
	_, _, ee := unix.Syscall6(unix.SYS_SENDTO, uintptr(a), 1<<50, 5, 0, 0, 0)
	Show("bad address", unix.ErrnoName(ee))
	_, _, ee = unix.Syscall6(unix.SYS_SENDTO, uintptr(a), 16, 5, 0, 0, 0)
	Show("unmapped", unix.ErrnoName(ee))
	unix.Write(a, []byte("z"))
	_, _, ee = unix.Syscall6(unix.SYS_RECVFROM, uintptr(b), 16, 5, 0, 0, 0)
	Show("unmapped", unix.ErrnoName(ee))
	n, e = unix.Read(b, buf)
	Show("still there", n, e)
	CloseAll(a, b)
}

func recv(fd, n, flags int) string {
	buf := make([]byte, n)
	k, e := Again(func() (int, error) { k, _, e := unix.Recvfrom(fd, buf, flags); return k, e })
	if e != nil {
		return Name(e)
	}
	return fmt.Sprintf("%q", buf[:k])
}

func shutdowns() {
	for how := -1; how <= 3; how++ {
		a, b := Pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
		unix.Write(a, []byte("to b"))
		unix.Write(b, []byte("to a"))
		Show(fmt.Sprint("shutdown ", how), unix.Shutdown(a, how), Poll(a), Poll(b))
		Show(" a reads", recv(a, 9, 0), recv(a, 9, 0))
		Show(" b reads", recv(b, 9, 0), recv(b, 9, 0))
		_, e := unix.SendmsgN(a, []byte("x"), nil, nil, unix.MSG_NOSIGNAL)
		_, e2 := unix.SendmsgN(b, []byte("x"), nil, nil, unix.MSG_NOSIGNAL)
		Show(" write", e, e2)
		CloseAll(a)
		Show(" closed", Poll(b))
		CloseAll(b)
	}
	fd := Socket(unix.SOCK_STREAM)
	Show("shutdown unconnected", unix.Shutdown(fd, unix.SHUT_RDWR), Poll(fd))
	CloseAll(fd)
}

func hangups() {
	a, b := Pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	unix.Write(a, []byte("last words"))
	CloseAll(a)
	Show("peer closed", Poll(b))
	Show("read", recv(b, 4, 0), recv(b, 40, 0), recv(b, 40, 0))
	_, e := unix.SendmsgN(b, []byte("x"), nil, nil, unix.MSG_NOSIGNAL)
	Show("write", e)
	CloseAll(b)
	a, b = Pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	unix.Write(b, []byte("unread"))
	unix.Write(a, []byte("data"))
	CloseAll(a)
	Show("peer closed with unread data", Poll(b))
	v, _ := unix.GetsockoptInt(b, unix.SOL_SOCKET, unix.SO_ERROR)
	Show("pending error", v, Poll(b))
	Show("read", recv(b, 40, 0), recv(b, 40, 0))
	CloseAll(b)
	a, b = Pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	unix.Write(b, []byte("unread"))
	CloseAll(a)
	_, e = unix.SendmsgN(b, []byte("x"), nil, nil, unix.MSG_NOSIGNAL)
	Show("write", e)
	Show("read", recv(b, 40, 0), recv(b, 40, 0))
	CloseAll(b)
}

// blocking exercises waits.
func blocking() {
	a, b := Pair(unix.SOCK_STREAM)
	start := make(chan string)
	go func() { start <- recv(b, 10, 0) }()
	time.Sleep(10 * time.Millisecond)
	unix.Write(a, []byte("wake"))
	Show("blocked read", <-start)
	go func() { start <- recv(b, 6, unix.MSG_WAITALL) }()
	for _, s := range []string{"ab", "cd", "efgh"} {
		time.Sleep(5 * time.Millisecond)
		unix.Write(a, []byte(s))
	}
	Show("waitall", <-start, recv(b, 10, 0))
	go func() { start <- recv(b, 6, unix.MSG_WAITALL) }()
	time.Sleep(5 * time.Millisecond)
	unix.Write(a, []byte("abc"))
	time.Sleep(5 * time.Millisecond)
	unix.Shutdown(a, unix.SHUT_WR)
	Show("waitall cut by the end", <-start)
	CloseAll(a, b)
	a, b = Pair(unix.SOCK_STREAM)
	go func() {
		n, e := unix.SendmsgN(a, make([]byte, 1<<20), nil, nil, unix.MSG_NOSIGNAL)
		start <- fmt.Sprint(n, " ", Name(e))
	}()
	got := 0
	buf := make([]byte, 70000)
	for got < 1<<20 {
		n, _ := unix.Read(b, buf)
		got += n
	}
	Show("blocked write", <-start, got)
	tv := unix.Timeval{Usec: 10000}
	Must(unix.SetsockoptTimeval(b, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv))
	Show("read with a time limit", recv(b, 1, 0))
	Must(unix.SetsockoptTimeval(a, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tv))
	n, e := Again(func() (int, error) { return unix.Write(a, make([]byte, 1<<20)) })
	Show("write with a time limit", n > 0 && n < 1<<20, e)
	_, e = Again(func() (int, error) { return unix.Write(a, make([]byte, 1<<20)) })
	Show("again", e)
	go func() {
		tv := unix.Timeval{}
		unix.SetsockoptTimeval(a, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tv)
		_, e := unix.SendmsgN(a, make([]byte, 1<<20), nil, nil, unix.MSG_NOSIGNAL)
		start <- Name(e)
	}()
	time.Sleep(500 * time.Millisecond) // it must have begun, or the error is EPIPE
	CloseAll(b)
	Show("write to one who closes", <-start)
	CloseAll(a)
}

func options() {
	fd := Socket(unix.SOCK_STREAM)
	for opt := 1; opt <= 20; opt++ {
		if opt == unix.SO_LINGER || opt == unix.SO_PEERCRED || opt == unix.SO_RCVTIMEO || opt == 11 {
			continue
		}
		v, e := unix.GetsockoptInt(fd, unix.SOL_SOCKET, opt)
		Show(fmt.Sprint("get ", opt), v, e)
		if opt != 10 && opt != unix.SO_DEBUG {
			Show(fmt.Sprint("set ", opt), unix.SetsockoptInt(fd, unix.SOL_SOCKET, opt, 1))
			v, e = unix.GetsockoptInt(fd, unix.SOL_SOCKET, opt)
			Show(fmt.Sprint("get ", opt), v, e)
		}
	}
	for _, v := range []int{0, 1, 4096, 100000, 1 << 20, -1} {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, v)
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, v)
		s, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
		r, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
		Show(fmt.Sprint("buffers of ", v), s, r)
	}
	for _, opt := range []int{unix.SO_ACCEPTCONN, unix.SO_PROTOCOL, unix.SO_DOMAIN, unix.SO_INCOMING_CPU, unix.SO_PEERNAME, 9999} {
		v, e := unix.GetsockoptInt(fd, unix.SOL_SOCKET, opt)
		Show(fmt.Sprint("get ", opt), v, e, unix.SetsockoptInt(fd, unix.SOL_SOCKET, opt, 1))
	}
	tv := unix.Timeval{Sec: 3, Usec: 500000}
	Show("timeout", unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv))
	back, e := unix.GetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO)
	Show("timeout", back.Sec, back.Usec, e)
	tv.Usec = 1000000
	Show("bad timeout", unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv))
	l := unix.Linger{Onoff: 5, Linger: 7}
	Show("linger", unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &l))
	Show("level", unix.SetsockoptInt(fd, unix.IPPROTO_TCP, 1, 1))
	_, e = unix.GetsockoptInt(fd, unix.IPPROTO_TCP, 1)
	Show("level", e)
	var v int32
	n := int32(2)
	_, _, ee := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), 1, unix.SO_TYPE, uintptr(unsafe.Pointer(&v)), uintptr(unsafe.Pointer(&n)), 0)
	Show("short value", v, n, unix.ErrnoName(ee))
	n = -1
	_, _, ee = unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), 1, unix.SO_TYPE, uintptr(unsafe.Pointer(&v)), uintptr(unsafe.Pointer(&n)), 0)
	Show("negative length", unix.ErrnoName(ee))
	_, _, ee = unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), 1, unix.SO_REUSEADDR, uintptr(unsafe.Pointer(&v)), 2, 0)
	Show("short value", unix.ErrnoName(ee))
	_, _, ee = unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), 1, unix.SO_REUSEADDR, 16, 4, 0)
	Show("bad value", unix.ErrnoName(ee))
	_, e = syscall.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEERGROUPS)
	Show("groups of nobody", Name(unix.Errno(e.(syscall.Errno))))
	CloseAll(fd)
	fd = Socket(unix.SOCK_STREAM)
	Show("force", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 1<<20))
	k, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
	Show("forced", k)
	CloseAll(fd)
}

// transfers move data between files, pipes and sockets inside the kernel.
func transfers() {
	data := make([]byte, 300000)
	for i := range data {
		data[i] = byte(i / 7)
	}
	Must(os.WriteFile("plain", data, 0o644))
	f, e := os.Open("plain")
	Must(e)
	a, b := Pair(unix.SOCK_STREAM)
	collect := func() chan string {
		done := make(chan string)
		go func() {
			got := 0
			same := true
			buf := make([]byte, 65536)
			for got < len(data) {
				n, e := unix.Read(b, buf)
				if n <= 0 || e != nil {
					break
				}
				for i, c := range buf[:n] {
					same = same && c == data[got+i]
				}
				got += n
			}
			done <- fmt.Sprint(got, " ", same)
		}()
		return done
	}
	done := collect()
	sent := 0
	for sent < len(data) {
		n, e := unix.Sendfile(a, int(f.Fd()), nil, len(data)-sent)
		if n <= 0 || e != nil {
			Show("sendfile", n, e)
			break
		}
		sent += n
	}
	Show("sendfile", sent, <-done)
	var p [2]int
	Must(unix.Pipe2(p[:], 0))
	done = collect()
	go func() {
		for left := data; len(left) > 0; {
			n, _ := unix.Write(p[1], left[:min(len(left), 30000)])
			left = left[n:]
		}
		unix.Close(p[1])
	}()
	sent = 0
	for {
		n, e := unix.Splice(p[0], nil, a, nil, 1<<16, 0)
		if n <= 0 || e != nil {
			Show("splice ends", n, e)
			break
		}
		sent += int(n)
	}
	Show("splice", sent, <-done)
	_, e = unix.Sendfile(int(f.Fd()), a, nil, 10)
	Show("sendfile from a socket", e)
	CloseAll(a, b, p[0])
	f.Close()
	os.Remove("plain")
}
