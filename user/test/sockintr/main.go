//go:build galago_user

// Test sockintr has signals interrupt waits of sockets and of epoll: which go on, which end with EINTR, and who gets SIGPIPE.
package main

import (
	"runtime"
	"unsafe"

	"galago/libc/stdio"
	"galago/libc/sys"
)

const (
	sysRead       = 0
	sysWrite      = 1
	sysClose      = 3
	sysAccept     = 43
	sysConnect    = 42
	sysSocket     = 41
	sysSendto     = 44
	sysRecvfrom   = 45
	sysBind       = 49
	sysListen     = 50
	sysSocketpair = 53
	sysSetsockopt = 54
	sysEpollWait  = 232
	sysEpollNew   = 291
	sysPoll       = 7

	stream, dgram, seqpacket = 1, 2, 5
	soRcvTimeo, soSndTimeo   = 20, 21
	noSignal                 = 0x4000
)

var buf [1 << 20]byte

func call(n uintptr, args ...uintptr) (int, sys.Errno) {
	var a [6]uintptr
	copy(a[:], args)
	r := int(runtime.Syscall(n, a[0], a[1], a[2], a[3], a[4], a[5]))
	if r < 0 {
		return -1, sys.Errno(-r)
	}
	return r, 0
}

func show(what string, r int, e sys.Errno) {
	if e != 0 {
		stdio.Printf("%s: %s\n", what, e.Name())
	} else {
		stdio.Printf("%s: %d\n", what, r)
	}
	stdio.Out.Flush()
}

func pair(typ uintptr) (a, b uintptr) {
	var fds [2]int32
	call(sysSocketpair, 1, typ, 0, uintptr(unsafe.Pointer(&fds)))
	return uintptr(fds[0]), uintptr(fds[1])
}

func nap() { sys.Nanosleep(sys.Timespec{Nsec: 60e6}) }

// during forks a child that signals this process in the middle of op, and after that calls later, if not nil.
func during(what string, restart bool, op func() (int, sys.Errno), later func()) {
	caught = 0
	sys.Signal(sys.SIGUSR1, sys.Catch, !restart)
	me := sys.Getpid()
	pid, _ := sys.Fork()
	if pid == 0 {
		nap()
		sys.Kill(me, sys.SIGUSR1)
		nap()
		if later != nil {
			later()
		}
		sys.ExitNow(0)
	}
	r, e := op()
	show(what, r, e)
	sys.WaitFor(pid)
	if caught != 1 {
		show("handler runs", caught, 0)
	}
}

var caught int

func limit(fd uintptr, option uintptr, usec int64) {
	tv := [2]int64{usec / 1e6, usec % 1e6}
	call(sysSetsockopt, fd, 1, option, uintptr(unsafe.Pointer(&tv)), 16)
}

func main() {
	sys.OnSignal(func(int) { caught++ })
	data := uintptr(unsafe.Pointer(&buf))
	for _, typ := range [...]uintptr{stream, dgram, seqpacket} {
		show("type", int(typ), 0)
		a, b := pair(typ)
		say := func() { call(sysWrite, a, data, 3) }
		read := func() (int, sys.Errno) { return call(sysRead, b, data, 100) }
		recv := func() (int, sys.Errno) { return call(sysRecvfrom, b, data, 100, 0, 0, 0) }
		during("read", false, read, nil)
		during("read, restarted", true, read, say)
		during("recv", false, recv, nil)
		during("recv, restarted", true, recv, say)
		limit(b, soRcvTimeo, 2e6)
		during("recv with a time limit", false, recv, nil)
		during("recv with a time limit is not restarted", true, recv, nil)
		during("nor is read", true, read, nil)
		limit(b, soRcvTimeo, 0)
		for {
			if _, e := call(sysSendto, a, data, 1000, 0x40, 0, 0); e != 0 {
				break
			}
		}
		write := func() (int, sys.Errno) { return call(sysWrite, a, data, 10) }
		during("write", false, write, nil)
		during("write, restarted", true, write, func() {
			for {
				if _, e := call(sysRecvfrom, b, data, 1<<20, 0x40, 0, 0); e != 0 {
					break
				}
			}
		})
		call(sysClose, a)
		call(sysClose, b)
	}
	listeners()
	waits()
	pipes()
}

func address(name string) [20]byte {
	var a [20]byte
	a[0] = 1
	copy(a[3:], name)
	return a
}

func listeners() {
	l, _ := call(sysSocket, 1, stream, 0)
	addr := address("galago-intr")
	at := uintptr(unsafe.Pointer(&addr))
	call(sysBind, uintptr(l), at, 14)
	call(sysListen, uintptr(l), 0)
	accept := func() (int, sys.Errno) {
		r, e := call(sysAccept, uintptr(l), 0, 0)
		if e == 0 {
			call(sysClose, uintptr(r))
			r = 0
		}
		return r, e
	}
	connect := func() (int, sys.Errno) {
		c, _ := call(sysSocket, 1, stream, 0)
		r, e := call(sysConnect, uintptr(c), at, 14)
		call(sysClose, uintptr(c))
		return r, e
	}
	during("accept", false, accept, nil)
	during("accept, restarted", true, accept, func() { connect() })
	first, _ := call(sysSocket, 1, stream, 0)
	call(sysConnect, uintptr(first), at, 14)
	during("connect to a full listener", false, connect, nil)
	during("connect, restarted", true, connect, func() { accept() })
	call(sysClose, uintptr(first))
	call(sysClose, uintptr(l))
}

func waits() {
	a, b := pair(stream)
	ep, _ := call(sysEpollNew, 0)
	var ev [12]byte
	ev[0] = 1
	call(233, uintptr(ep), 1, b, uintptr(unsafe.Pointer(&ev)))
	wait := func() (int, sys.Errno) {
		return call(sysEpollWait, uintptr(ep), uintptr(unsafe.Pointer(&buf)), 10, ^uintptr(0))
	}
	during("epoll_wait", false, wait, nil)
	during("epoll_wait is not restarted", true, wait, nil)
	p := sys.PollFD{FD: int32(b), Events: sys.POLLIN}
	poll := func() (int, sys.Errno) { return call(sysPoll, uintptr(unsafe.Pointer(&p)), 1, ^uintptr(0)) }
	during("poll", true, poll, nil)
	call(sysClose, a)
	call(sysClose, b)
	call(sysClose, uintptr(ep))
}

// pipes: writing to who is gone kills the writer, except where it does not.
func pipes() {
	for _, typ := range [...]uintptr{stream, dgram, seqpacket} {
		for _, flags := range [...]uintptr{0, noSignal} {
			a, b := pair(typ)
			call(sysClose, b)
			pid, _ := sys.Fork()
			if pid == 0 {
				_, e := call(sysSendto, a, uintptr(unsafe.Pointer(&buf)), 1, flags, 0, 0)
				sys.ExitNow(int(e))
			}
			show("status of a writer", int(sys.WaitFor(pid)), 0)
			call(sysClose, a)
		}
	}
}
