//go:build galago_user

package sys

import (
	"galago/kernel/errno"
	"runtime"
	"unsafe"
)

// Processes and signals.

func Getpid() int  { return int(call0(39)) }
func Getppid() int { return int(call0(110)) }
func Getpgrp() int { return int(call0(111)) }

func Setpgid(pid, pgid int) Errno { _, e := call2(109, uintptr(pid), uintptr(pgid)); return e }

func Setsid() (int, Errno) {
	r, e := result(call0(112))
	return int(r), e
}

// Fork is fork(2): 0 in the child.
func Fork() (int, Errno) {
	r, e := result(call0(57))
	return int(r), e
}

// Exit flushes and ends; ExitNow ends at once.
func Exit(code int)    { runtime.Exit(code) }
func ExitNow(code int) { runtime.ExitNow(code) }

// vector builds a NULL-terminated array of C strings.
func vector(list []string) uintptr {
	v := make([]*byte, len(list)+1)
	for i, s := range list {
		v[i] = CString(s)
	}
	return uintptr(unsafe.Pointer(&v[0]))
}

// Execve replaces the program; it returns only on failure.
func Execve(path string, argv, envp []string) Errno {
	_, e := call3(59, cstr(path), vector(argv), vector(envp))
	return e
}

// Wait options and status.
const (
	WNOHANG    = 1
	WUNTRACED  = 2
	WCONTINUED = 8
)

// WaitStatus is a status of wait4(2).
type WaitStatus int32

func (s WaitStatus) Exited() bool    { return s&0x7f == 0 }
func (s WaitStatus) ExitCode() int   { return int(s>>8) & 0xff }
func (s WaitStatus) Signaled() bool  { return s&0x7f != 0 && s&0x7f != 0x7f }
func (s WaitStatus) Signal() int     { return int(s & 0x7f) }
func (s WaitStatus) CoreDump() bool  { return s&0x80 != 0 }
func (s WaitStatus) Stopped() bool   { return s&0xff == 0x7f }
func (s WaitStatus) StopSignal() int { return int(s>>8) & 0xff }
func (s WaitStatus) Continued() bool { return s == 0xffff }

// ShellStatus is the status as a shell reports it: exit code, or 128 + signal.
func (s WaitStatus) ShellStatus() int {
	switch {
	case s.Exited():
		return s.ExitCode()
	case s.Stopped():
		return 128 + s.StopSignal()
	}
	return 128 + s.Signal()
}

// Wait4 is wait4(2); EINTR is passed on.
func Wait4(pid int, options int) (int, WaitStatus, Errno) {
	var st int32
	r, e := call4(61, uintptr(pid), uintptr(unsafe.Pointer(&st)), uintptr(options), 0)
	return int(r), WaitStatus(st), e
}

// WaitFor waits for a child to end.
func WaitFor(pid int) WaitStatus {
	for {
		_, st, e := Wait4(pid, 0)
		if e != errno.EINTR {
			return st
		}
	}
}

func Kill(pid, sig int) Errno { _, e := call2(62, uintptr(pid), uintptr(sig)); return e }

// Signals.
const (
	SIGHUP  = 1
	SIGINT  = 2
	SIGQUIT = 3
	SIGABRT = 6
	SIGKILL = 9
	SIGUSR1 = 10
	SIGSEGV = 11
	SIGUSR2 = 12
	SIGPIPE = 13
	SIGALRM = 14
	SIGTERM = 15
	SIGCHLD = 17
	SIGCONT = 18
	SIGSTOP = 19
	SIGTSTP = 20
	SIGTTIN = 21
	SIGTTOU = 22
	SIGURG  = 23
)

// Dispositions for Signal.
const (
	Default = 0
	Ignore  = 1
	Catch   = 2 // calls runtime.SignalHandler
)

type sigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

// Signal sets a signal's disposition; flags are SA_* (restart by default for caught signals unless noRestart).
func Signal(sig, how int, noRestart bool) (old uintptr, e Errno) {
	const restorer, restart = 0x04000000, 0x10000000
	a := sigaction{handler: uintptr(how), flags: restorer}
	if how == Catch {
		a.handler, a.restorer = runtime.SignalEntry()
		if !noRestart {
			a.flags |= restart
		}
	} else {
		_, a.restorer = runtime.SignalEntry()
	}
	var o sigaction
	_, e = call4(13, uintptr(sig), uintptr(unsafe.Pointer(&a)), uintptr(unsafe.Pointer(&o)), 8)
	return o.handler, e
}

// CatchNested has runtime.SignalHandler called for sig, even while it runs for sig already (SA_NODEFER).
func CatchNested(sig int) Errno {
	const restorer, restart, siginfo, noDefer = 0x04000000, 0x10000000, 4, 0x40000000
	a := sigaction{flags: restorer | restart | siginfo | noDefer}
	a.handler, a.restorer = runtime.SignalEntry()
	_, e := call4(13, uintptr(sig), uintptr(unsafe.Pointer(&a)), 0, 8)
	return e
}

// OnSignal installs the function that caught signals call.
func OnSignal(fn func(sig int)) {
	handler = fn
	runtime.SignalHandler = caught
}

var handler func(sig int)

func caught(sig int, info, context unsafe.Pointer) { handler(sig) }

// Sigprocmask changes the signal mask: how 0 block, 1 unblock, 2 set.
func Sigprocmask(how int, set uint64) (old uint64) {
	call4(14, uintptr(how), uintptr(unsafe.Pointer(&set)), uintptr(unsafe.Pointer(&old)), 8)
	return old
}

// Sigsuspend waits for a signal with a temporary mask.
func Sigsuspend(mask uint64) { call2(130, uintptr(unsafe.Pointer(&mask)), 8) }

// PollFD is struct pollfd.
type PollFD struct {
	FD              int32
	Events, Revents int16
}

// Poll events.
const (
	POLLIN  = 1
	POLLOUT = 4
	POLLERR = 8
	POLLHUP = 16
)

// Poll is poll(2); the timeout is in ms, -1 for none.
func Poll(fds []PollFD, ms int) (int, Errno) {
	var p uintptr
	if len(fds) > 0 {
		p = uintptr(unsafe.Pointer(&fds[0]))
	}
	r, e := call3(7, p, uintptr(len(fds)), uintptr(ms))
	return int(r), e
}

// Rlimit is struct rlimit.
type Rlimit struct{ Cur, Max uint64 }

func Prlimit(which int, new, old *Rlimit) Errno {
	_, e := call4(302, 0, uintptr(which), uintptr(unsafe.Pointer(new)), uintptr(unsafe.Pointer(old)))
	return e
}

// Times returns user and system time of self and children in clock ticks (100 a second).
func Times() (t [4]int64) {
	call1(100, uintptr(unsafe.Pointer(&t)))
	return t
}

// SchedGetaffinity counts the CPUs this process may use.
func CPUCount() int {
	var m [16]uint64
	n, _ := call3(204, 0, uintptr(unsafe.Sizeof(m)), uintptr(unsafe.Pointer(&m)))
	count := 0
	for _, w := range m[:n/8] {
		for ; w != 0; w &= w - 1 {
			count++
		}
	}
	return count
}

// Terminals.

// Termios is struct termios of the kernel interface.
type Termios struct {
	Iflag, Oflag, Cflag, Lflag uint32
	Line                       uint8
	CC                         [19]uint8
}

const (
	tcgets     = 0x5401
	tcsets     = 0x5402
	tiocsctty  = 0x540e
	tiocgpgrp  = 0x540f
	tiocspgrp  = 0x5410
	tiocgwinsz = 0x5413
)

func Tcgetattr(fd int, t *Termios) Errno {
	_, e := Ioctl(fd, tcgets, uintptr(unsafe.Pointer(t)))
	return e
}
func Tcsetattr(fd int, t *Termios) Errno {
	_, e := Ioctl(fd, tcsets, uintptr(unsafe.Pointer(t)))
	return e
}
func Isatty(fd int) bool {
	var t Termios
	return Tcgetattr(fd, &t) == 0
}
func Tcsetpgrp(fd, pgrp int) Errno {
	p := int32(pgrp)
	_, e := Ioctl(fd, tiocspgrp, uintptr(unsafe.Pointer(&p)))
	return e
}
func Tcgetpgrp(fd int) (int, Errno) {
	var p int32
	_, e := Ioctl(fd, tiocgpgrp, uintptr(unsafe.Pointer(&p)))
	return int(p), e
}
func SetControllingTTY(fd int) Errno { _, e := Ioctl(fd, tiocsctty, 0); return e }

// Winsize returns rows and columns.
func Winsize(fd int) (rows, cols int, e Errno) {
	var w [4]uint16
	_, e = Ioctl(fd, tiocgwinsz, uintptr(unsafe.Pointer(&w)))
	return int(w[0]), int(w[1]), e
}

// MakeRaw turns off all processing (cfmakeraw(3)).
func (t *Termios) MakeRaw() {
	t.Iflag &^= 0o1753 | 0o2000
	t.Oflag &^= 1
	t.Lflag &^= 0o100113
	t.Cflag = t.Cflag&^0o460 | 0o60
	t.CC[5], t.CC[6] = 0, 1 // VTIME, VMIN
}
