//go:build linux

// Package sock is what the tests of sockets and of waiting for files share: short names for making and asking them, and a way of
// printing that is the same on every run.
package sock

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Name returns the name of an error number, or "ok".
func Name(e error) string {
	if e == nil {
		return "ok"
	}
	if n, ok := e.(unix.Errno); ok {
		return unix.ErrnoName(n)
	}
	return e.Error()
}

// Show prints a result and its error.
func Show(what string, v ...any) {
	fmt.Print(what, ":")
	for _, x := range v {
		if e, ok := x.(error); ok {
			x = Name(e)
		}
		if x == nil {
			x = "ok"
		}
		fmt.Print(" ", x)
	}
	fmt.Println()
}

// Must panics if a step of a test's preparation fails.
func Must(e error) {
	if e != nil {
		panic(e)
	}
}

// Socket makes a socket of AF_UNIX.
func Socket(typ int) int {
	fd, e := unix.Socket(unix.AF_UNIX, typ, 0)
	Must(e)
	return fd
}

// Pair makes two that are connected.
func Pair(typ int) (int, int) {
	fds, e := unix.Socketpair(unix.AF_UNIX, typ, 0)
	Must(e)
	return fds[0], fds[1]
}

// CloseAll closes descriptors.
func CloseAll(fds ...int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

// Poll returns the events of a descriptor now.
func Poll(fd int) string {
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

// AddrName shows a socket address.
func AddrName(a unix.Sockaddr) string {
	if a == nil {
		return "none"
	}
	if u, ok := a.(*unix.SockaddrUnix); ok {
		return fmt.Sprintf("%q", u.Name)
	}
	return fmt.Sprintf("%T", a)
}

// Again repeats a call that a signal of Go's own scheduler has interrupted.
func Again[T any](call func() (T, error)) (T, error) {
	for {
		v, e := call()
		if e != unix.EINTR {
			return v, e
		}
	}
}

// EpollWait is epoll_wait(2) by way of Again.
func EpollWait(ep int, ev []unix.EpollEvent, ms int) (int, error) {
	return Again(func() (int, error) { return unix.EpollWait(ep, ev, ms) })
}

// PollFor is poll(2) by way of Again.
func PollFor(p []unix.PollFd, ms int) (int, error) {
	return Again(func() (int, error) { return unix.Poll(p, ms) })
}
