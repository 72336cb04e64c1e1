//go:build linux

// Test sigio has files send signals: O_ASYNC, and who gets which signal.
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	. "galago/user/test/sock"
)

const sig = 34

func init() { runtime.LockOSThread() }

func fcntl(fd, cmd, arg int) (int, error) { return unix.FcntlInt(uintptr(fd), cmd, arg) }

type ownerEx struct{ kind, id int32 }

func fcntlEx(fd, cmd int, o *ownerEx) error {
	_, _, e := unix.Syscall(unix.SYS_FCNTL, uintptr(fd), uintptr(cmd), uintptr(unsafe.Pointer(o)))
	if e != 0 {
		return e
	}
	return nil
}

// own has a file's signals go to this thread: the others of the process do not block them.
func own(fd int) error { return fcntlEx(fd, unix.F_SETOWN_EX, &ownerEx{0, int32(unix.Gettid())}) }

// siginfo is what SIGIO fills in.
type siginfo struct {
	signo, errno, code int32
	_                  int32
	band               int64
	fd                 int32
	_                  [128]byte
}

// next waits for a signal of the set, at most ms milliseconds.
func next(ms int) string {
	set := uint64(1)<<(sig-1) | 1<<(uint(unix.SIGIO)-1) | 1<<(uint(unix.SIGCHLD)-1)
	var info siginfo
	ts := unix.NsecToTimespec(int64(ms) * 1e6)
	for {
		n, _, e := unix.Syscall6(unix.SYS_RT_SIGTIMEDWAIT, uintptr(unsafe.Pointer(&set)), uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&ts)), 8, 0, 0)
		if e == unix.EINTR {
			continue
		}
		if e != 0 {
			return Name(e)
		}
		if n == uintptr(unix.SIGIO) && info.code == 0x80 {
			return "SIGIO from the kernel"
		}
		return fmt.Sprintf("signal %d code %d band %#x fd %d", int(n)-sig, info.code, info.band, info.fd)
	}
}

func main() {
	set := unix.Sigset_t{}
	set.Val[0] = uint64(1)<<(sig-1) | 1<<(uint(unix.SIGIO)-1) | 1<<(uint(unix.SIGCHLD)-1)
	unix.PthreadSigmask(unix.SIG_BLOCK, &set, nil)
	owners()
	signals()
	pipes()
}

func owners() {
	var p [2]int
	unix.Pipe2(p[:], unix.O_NONBLOCK)
	r := p[0]
	v, e := fcntl(r, unix.F_GETOWN, 0)
	Show("owner", v, e)
	_, e = fcntl(r, unix.F_SETOWN, os.Getpid())
	v, _ = fcntl(r, unix.F_GETOWN, 0)
	Show("set", e, v == os.Getpid())
	var o ownerEx
	e = fcntlEx(r, unix.F_GETOWN_EX, &o)
	Show("kind", e, o.kind, int(o.id) == os.Getpid())
	_, e = fcntl(r, unix.F_SETOWN, -unix.Getpgrp())
	e2 := fcntlEx(r, unix.F_GETOWN_EX, &o)
	Show("group", e, e2, o.kind, int(o.id) == unix.Getpgrp())
	_, e = fcntl(r, unix.F_SETOWN, 1<<22-5)
	_, e2 = fcntl(r, unix.F_SETOWN, -1<<31)
	Show("nobody", e, e2)
	for _, kind := range []int32{-1, 0, 1, 2, 3} {
		o = ownerEx{kind, int32(unix.Gettid())}
		if kind == 2 {
			o.id = int32(unix.Getpgrp())
		}
		Show("kind", kind, fcntlEx(r, unix.F_SETOWN_EX, &o))
	}
	o = ownerEx{1, 1<<22 - 5}
	Show("no such", fcntlEx(r, unix.F_SETOWN_EX, &o))
	_, e = fcntl(r, unix.F_SETOWN, 0)
	v, _ = fcntl(r, unix.F_GETOWN, 0)
	Show("nobody", e, v)
	v, e = fcntl(r, unix.F_GETSIG, 0)
	Show("signal", v, e)
	for _, s := range []int{-1, 65, 64, 0} {
		_, e = fcntl(r, unix.F_SETSIG, s)
		v, _ = fcntl(r, unix.F_GETSIG, 0)
		Show("set signal", s, e, v)
	}
	CloseAll(p[:]...)
}

// signals of a socket.
func signals() {
	a, b := Pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	unix.Write(a, []byte("x"))
	Show("without O_ASYNC", next(20))
	unix.Read(b, make([]byte, 9))
	Show("own", own(b))
	_, e := fcntl(b, unix.F_SETFL, unix.O_ASYNC|unix.O_NONBLOCK)
	fl, _ := fcntl(b, unix.F_GETFL, 0)
	Show("O_ASYNC", e, fl&unix.O_ASYNC != 0)
	unix.Write(a, []byte("x"))
	Show("plain", next(5000), next(20))
	unix.Read(b, make([]byte, 9))
	fcntl(b, unix.F_SETSIG, sig)
	unix.Write(a, []byte("x"))
	s := next(5000)
	Show("with details", s == fmt.Sprintf("signal 0 code 1 band 0x41 fd %d", b), next(20))
	fcntl(b, unix.F_SETSIG, int(unix.SIGCHLD))
	unix.Read(b, make([]byte, 9))
	unix.Write(a, []byte("x"))
	s = next(5000)
	Show("as another signal", s == fmt.Sprintf("signal %d code -5 band 0x41 fd %d", int(unix.SIGCHLD)-sig, b))
	fcntl(b, unix.F_SETSIG, sig)
	one := 0
	_, _, ee := unix.Syscall(unix.SYS_IOCTL, uintptr(b), 0x5452, uintptr(unsafe.Pointer(&one)))
	fl, _ = fcntl(b, unix.F_GETFL, 0)
	Show("FIOASYNC off", unix.ErrnoName(ee), fl&unix.O_ASYNC != 0)
	unix.Write(a, []byte("x"))
	Show("no signal", next(20))
	one = 1
	unix.Syscall(unix.SYS_IOCTL, uintptr(b), 0x5452, uintptr(unsafe.Pointer(&one)))
	var pid int32
	unix.Syscall(unix.SYS_IOCTL, uintptr(b), 0x8904, uintptr(unsafe.Pointer(&pid)))
	Show("SIOCGPGRP", int(pid) == unix.Gettid())
	unix.Close(a)
	s = next(5000)
	Show("hung up", s == fmt.Sprintf("signal 0 code 6 band 0x18 fd %d", b))
	for next(20) != "EAGAIN" {
	}
	CloseAll(b)
}

func pipes() {
	var p [2]int
	unix.Pipe2(p[:], unix.O_NONBLOCK)
	own(p[0])
	fcntl(p[0], unix.F_SETSIG, sig)
	fcntl(p[0], unix.F_SETFL, unix.O_ASYNC|unix.O_NONBLOCK)
	unix.Write(p[1], []byte("x"))
	s := next(5000)
	Show("pipe", s == fmt.Sprintf("signal 0 code 1 band 0x41 fd %d", p[0]))
	d, _ := unix.Dup(p[0])
	unix.Close(p[0])
	unix.Read(d, make([]byte, 9))
	unix.Write(p[1], []byte("x"))
	Show("through a copy", next(5000) != "EAGAIN")
	CloseAll(d)
	time.Sleep(5 * time.Millisecond)
	Show("closed", next(20))
	ef, _ := unix.Eventfd(0, 0)
	own(ef)
	_, e := fcntl(ef, unix.F_SETFL, unix.O_ASYNC)
	unix.Write(ef, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	Show("eventfd does not", e, next(20))
	CloseAll(ef, p[1])
}
