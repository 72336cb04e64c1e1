//go:build linux

// Test unixdgram takes datagram and packet sockets through their edges.
package main

import (
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	. "galago/user/test/sock"
)

func main() {
	datagrams()
	limits()
	lost()
	packets()
	batches()
	polling()
}

func bound(typ int, name string) int {
	fd := Socket(typ)
	Must(unix.Bind(fd, &unix.SockaddrUnix{Name: name}))
	return fd
}

func to(name string) *unix.SockaddrUnix { return &unix.SockaddrUnix{Name: name} }

// recv receives n bytes and shows what came, from whom and with which flags.
func recv(fd, n, flags int) string {
	buf := make([]byte, n)
	k, _, out, from, e := unix.Recvmsg(fd, buf, nil, flags)
	if e != nil {
		return Name(e)
	}
	s := fmt.Sprintf("%d %q from %s", k, buf[:min(k, n)], AddrName(from))
	if out&unix.MSG_TRUNC != 0 {
		s += " trunc"
	}
	if out&unix.MSG_EOR != 0 {
		s += " eor"
	}
	if out&unix.MSG_CTRUNC != 0 {
		s += " ctrunc"
	}
	return "<" + s + ">"
}

func datagrams() {
	const nb = unix.SOCK_NONBLOCK
	a, b := bound(unix.SOCK_DGRAM|nb, "@galago-a"), bound(unix.SOCK_DGRAM|nb, "@galago-b")
	c := Socket(unix.SOCK_DGRAM | nb)
	Show("states", Poll(a), Poll(c))
	Show("nothing", recv(a, 10, 0))
	_, e := unix.Write(a, []byte("x"))
	Show("send to nobody", e)
	Show("send to nothing", unix.Sendto(a, []byte("x"), 0, to("@galago-none")))
	Show("send to a", unix.Sendto(b, []byte("from b"), 0, to("@galago-a")), unix.Sendto(c, []byte("from c"), 0, to("@galago-a")),
		unix.Sendto(c, nil, 0, to("@galago-a")), unix.Sendto(a, []byte("to myself"), 0, to("@galago-a")))
	var k int32
	unix.Syscall(unix.SYS_IOCTL, uintptr(a), 0x541b, uintptr(unsafe.Pointer(&k)))
	Show("waiting", Poll(a), k)
	Show("receive", recv(a, 10, 0), recv(a, 3, 0), recv(a, 10, 0), recv(a, 3, unix.MSG_TRUNC), recv(a, 3, 0))
	Show("connect", unix.Connect(a, to("@galago-b")))
	p, e := unix.Getpeername(a)
	Show("peer", AddrName(p), e)
	n, e := unix.Write(a, []byte("connected"))
	Show("send", n, e, recv(b, 20, unix.MSG_PEEK), recv(b, 20, 0))
	Show("send elsewhere", unix.Sendto(a, []byte("x"), 0, to("@galago-a")))
	Show("not from others", unix.Sendto(c, []byte("x"), 0, to("@galago-a")), unix.Connect(c, to("@galago-a")))
	Show("from the peer", unix.Sendto(b, []byte("x"), 0, to("@galago-a")), recv(a, 3, 0))
	Show("zero length", unix.Sendto(a, nil, 0, nil), recv(b, 3, unix.MSG_PEEK), recv(b, 3, 0), recv(b, 3, 0))
	Show("out of band", unix.Sendto(a, []byte("x"), unix.MSG_OOB, nil), recv(b, 3, unix.MSG_OOB))
	Show("bad addresses", rawSend(a, 1, 2), rawSend(a, 2, 10), rawSend(a, 1, 111), rawSend(a, 1, 129), rawSend(a, 1, -1), rawSend(a, 1, 0))
	Show("disconnect", rawConnect(a, 0, 2), rawConnect(a, 0, 1), rawConnect(a, 1, 2))
	_, e = unix.Getpeername(a)
	Show("peer", e)
	Show("from others again", unix.Sendto(c, []byte("x"), 0, to("@galago-a")), recv(a, 3, 0))
	Show("shutdown", unix.Shutdown(a, unix.SHUT_RD), Poll(a), recv(a, 3, 0))
	Show("send then", unix.Sendto(c, []byte("x"), 0, to("@galago-a")))
	Show("shutdown", unix.Shutdown(a, unix.SHUT_WR), Poll(a), unix.Sendto(a, []byte("x"), 0, to("@galago-b")))
	CloseAll(a, b, c)
	a, b = Pair(unix.SOCK_DGRAM)
	unix.Shutdown(b, unix.SHUT_RD)
	_, e = unix.Write(a, []byte("x"))
	Show("peer does not read", e, Poll(a), Poll(b))
	Show("blocking end", recv(b, 3, 0))
	CloseAll(b)
	Show("peer closed", Poll(a))
	_, e = unix.Write(a, []byte("x"))
	_, e2 := unix.Write(a, []byte("x"))
	Show("write", e, e2)
	CloseAll(a)
}

func rawAddr(n uintptr, family uint16, name string) (a [200]byte) {
	*(*uint16)(unsafe.Pointer(&a)) = family
	copy(a[2:], name)
	return a
}

func rawSend(fd int, family uint16, n int) error {
	a := rawAddr(uintptr(n), family, "\x00galago-b")
	_, _, e := unix.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&a)), 1, unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&a)), uintptr(n))
	if e != 0 {
		return e
	}
	return nil
}

func rawConnect(fd int, family uint16, n int) error {
	a := rawAddr(uintptr(n), family, "")
	_, _, e := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&a)), uintptr(n))
	if e != 0 {
		return e
	}
	return nil
}

func limits() {
	const nb = unix.SOCK_NONBLOCK
	a, b := bound(unix.SOCK_DGRAM|nb, "@galago-a"), Socket(unix.SOCK_DGRAM|nb)
	n := 0
	var e error
	for e == nil && n < 100 {
		if e = unix.Sendto(b, []byte("x"), 0, to("@galago-a")); e == nil {
			n++
		}
	}
	Show("queue full", n, e, Poll(b))
	Show("connect", unix.Connect(b, to("@galago-a")), Poll(b))
	done := make(chan error)
	go func() {
		c := Socket(unix.SOCK_DGRAM)
		done <- unix.Sendto(c, []byte("late"), 0, to("@galago-a"))
		CloseAll(c)
	}()
	time.Sleep(20 * time.Millisecond)
	Show("make room", recv(a, 1, 0), <-done, Poll(b))
	recv(a, 1, 0)
	Show("more room", Poll(b))
	CloseAll(a, b)
	a, b = Pair(unix.SOCK_DGRAM | nb)
	size, _ := unix.GetsockoptInt(a, unix.SOL_SOCKET, unix.SO_SNDBUF)
	_, e = unix.Write(a, make([]byte, size-31))
	Show("too long", e)
	m, e := unix.Write(a, make([]byte, size-32))
	Show("as long as can be", m == size-32, e)
	_, e = unix.Write(a, []byte("x"))
	Show("full", e, Poll(a))
	buf := make([]byte, size)
	m, e = unix.Read(b, buf)
	Show("read", m == size-32, e, Poll(a))
	CloseAll(a, b)
}

// lost datagrams after a disconnection.
func lost() {
	const nb = unix.SOCK_NONBLOCK
	a, b := bound(unix.SOCK_DGRAM|nb, "@galago-a"), bound(unix.SOCK_DGRAM|nb, "@galago-b")
	unix.Connect(a, to("@galago-b"))
	unix.Connect(b, to("@galago-a"))
	unix.Write(b, []byte("unread"))
	Show("disconnect", rawConnect(a, 0, 2), recv(a, 10, 0), Poll(b))
	Show("told once", recv(b, 10, 0), recv(b, 10, 0))
	_, e := unix.Write(b, []byte("still goes"))
	Show("write", e, recv(a, 20, 0))
	CloseAll(a)
	_, e = unix.Write(b, []byte("x"))
	_, e2 := unix.Write(b, []byte("x"))
	Show("peer gone", e, e2)
	CloseAll(b)
}

func packets() {
	const nb = unix.SOCK_NONBLOCK
	fd := Socket(unix.SOCK_SEQPACKET | nb)
	_, e := unix.Write(fd, []byte("x"))
	Show("unconnected", Poll(fd), recv(fd, 3, 0), e, unix.Sendto(fd, []byte("x"), 0, to("@x")))
	CloseAll(fd)
	l := bound(unix.SOCK_SEQPACKET, "@galago-l")
	Must(unix.Listen(l, 3))
	c := Socket(unix.SOCK_SEQPACKET | nb)
	Show("connect", unix.Connect(c, to("@galago-l")))
	s, _, e := unix.Accept4(l, nb)
	Show("accept", e, Poll(s))
	for _, m := range []string{"first", "", "third message"} {
		n, e := unix.Write(c, []byte(m))
		Show("write", n, e)
	}
	Show("send", unix.Sendto(c, []byte("fourth"), 0, nil), unix.Sendto(c, []byte("fifth"), unix.MSG_EOR, nil),
		unix.Sendto(c, []byte("named"), 0, to("@anything")))
	var k int32
	unix.Syscall(unix.SYS_IOCTL, uintptr(s), 0x541b, uintptr(unsafe.Pointer(&k)))
	Show("waiting", k)
	for range 7 {
		Show("receive", recv(s, 5, 0))
	}
	Show("out of band", unix.Sendto(c, []byte("x"), unix.MSG_OOB, nil))
	unix.Write(c, []byte("before the end"))
	unix.Shutdown(c, unix.SHUT_WR)
	Show("end", Poll(s), recv(s, 20, 0), recv(s, 20, 0), Poll(c))
	_, e = unix.Write(c, []byte("x"))
	Show("write", e)
	unix.Write(s, []byte("unread"))
	CloseAll(c)
	Show("closed", Poll(s), recv(s, 20, 0), recv(s, 20, 0))
	_, e = unix.Write(s, []byte("x"))
	Show("write", e)
	CloseAll(s, l)
}

func batches() {
	a, b := Pair(unix.SOCK_DGRAM | unix.SOCK_NONBLOCK)
	type mmsghdr struct {
		hdr unix.Msghdr
		n   uint32
		_   uint32
	}
	const count = 4
	bufs := [count][]byte{[]byte("one"), []byte("two"), []byte("three"), []byte("four")}
	var iov [count]unix.Iovec
	var hdr [count]mmsghdr
	for i := range hdr {
		iov[i].Base = &bufs[i][0]
		iov[i].SetLen(len(bufs[i]))
		hdr[i].hdr.Iov = &iov[i]
		hdr[i].hdr.Iovlen = 1
	}
	n, _, e := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(a), uintptr(unsafe.Pointer(&hdr)), count, 0, 0, 0)
	Show("sendmmsg", n, unix.ErrnoName(e), hdr[0].n, hdr[2].n)
	var in [6][10]byte
	var riov [6]unix.Iovec
	var rhdr [6]mmsghdr
	for i := range rhdr {
		riov[i].Base = &in[i][0]
		riov[i].SetLen(4)
		rhdr[i].hdr.Iov = &riov[i]
		rhdr[i].hdr.Iovlen = 1
	}
	recvm := func(count uintptr, flags uintptr, ts *unix.Timespec) {
		n, _, e := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(b), uintptr(unsafe.Pointer(&rhdr)), count, flags, uintptr(unsafe.Pointer(ts)), 0)
		Show("recvmmsg", int(n), unix.ErrnoName(e))
		for i := range int(n) {
			Show(" message", string(in[i][:min(rhdr[i].n, 10)]), rhdr[i].n, rhdr[i].hdr.Flags&unix.MSG_TRUNC != 0)
		}
	}
	recvm(3, 0, nil)
	recvm(6, unix.MSG_WAITFORONE, nil)
	recvm(6, 0, nil)
	recvm(0, 0, nil)
	recvm(2, 0, &unix.Timespec{Nsec: 1000000000})
	unix.SetNonblock(b, false)
	unix.Write(a, []byte("x"))
	recvm(6, unix.MSG_WAITFORONE, nil)
	unix.Write(a, []byte("y"))
	recvm(1, 0, &unix.Timespec{Sec: 5})
	riov[0].Base = nil
	unix.Write(a, []byte("z"))
	recvm(1, 0, nil)
	n, _, e = unix.Syscall6(unix.SYS_SENDMMSG, uintptr(a), 16, 1, 0, 0, 0)
	Show("sendmmsg bad address", unix.ErrnoName(e))
	n, _, e = unix.Syscall6(unix.SYS_SENDMMSG, uintptr(a), 16, 0, 0, 0, 0)
	Show("sendmmsg nothing", n, unix.ErrnoName(e))
	hdr[1].hdr.Iovlen = 2000
	n, _, e = unix.Syscall6(unix.SYS_SENDMMSG, uintptr(a), uintptr(unsafe.Pointer(&hdr)), count, 0, 0, 0)
	Show("sendmmsg with a bad one", n, unix.ErrnoName(e))
	n, _, e = unix.Syscall(unix.SYS_SENDMSG, uintptr(a), uintptr(unsafe.Pointer(&hdr[1])), 0)
	Show("sendmsg with too many pieces", unix.ErrnoName(e))
	CloseAll(a, b)
}

// polling waits for datagrams and for room.
func polling() {
	a, b := bound(unix.SOCK_DGRAM, "@galago-a"), Socket(unix.SOCK_DGRAM|unix.SOCK_NONBLOCK)
	Must(unix.Connect(b, to("@galago-a")))
	for {
		if _, e := unix.Write(b, []byte("x")); e != nil {
			break
		}
	}
	done := make(chan string)
	go func() {
		p := []unix.PollFd{{Fd: int32(b), Events: unix.POLLOUT}}
		n, e := PollFor(p, 5000)
		done <- fmt.Sprint(n, " ", Name(e), " ", p[0].Revents)
	}()
	time.Sleep(10 * time.Millisecond)
	buf := make([]byte, 1)
	unix.Read(a, buf)
	Show("room announced", <-done)
	go func() {
		p := []unix.PollFd{{Fd: int32(a), Events: unix.POLLIN}}
		for range 10 {
			unix.Read(a, buf)
		}
		n, e := PollFor(p, 5000)
		done <- fmt.Sprint(n, " ", Name(e), " ", p[0].Revents)
	}()
	time.Sleep(10 * time.Millisecond)
	unix.Write(b, []byte("y"))
	Show("datagram announced", <-done)
	CloseAll(a, b)
}
