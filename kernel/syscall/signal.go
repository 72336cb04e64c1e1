//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/proc"
	"galago/kernel/vfs"
)

// Signals.

const sigsetSize = 8

func sysRtSigaction(f *arch.Frame) (uintptr, errno.Errno) {
	if arg3(f) != sigsetSize {
		return 0, errno.EINVAL
	}
	var actions [2]proc.Action // new and old
	var new, old *proc.Action
	if arg1(f) != 0 {
		new = &actions[0]
		if e := get(new, arg1(f)); e != 0 {
			return 0, e
		}
	}
	if arg2(f) != 0 {
		old = &actions[1]
	}
	e := current().Proc.SigAction(int0(f), new, old)
	if e == 0 && old != nil {
		e = put(arg2(f), old)
	}
	return 0, e
}

func sysRtSigprocmask(f *arch.Frame) (uintptr, errno.Errno) {
	if arg3(f) != sigsetSize {
		return 0, errno.EINVAL
	}
	t := current()
	old := t.Blocked()
	if arg1(f) != 0 {
		var m proc.SigSet
		if e := get(&m, arg1(f)); e != 0 {
			return 0, e
		}
		switch int0(f) {
		case proc.SIG_BLOCK:
			m |= old
		case proc.SIG_UNBLOCK:
			m = old &^ m
		case proc.SIG_SETMASK:
		default:
			return 0, errno.EINVAL
		}
		t.SetBlocked(m)
	}
	if arg2(f) != 0 {
		return ok(put(arg2(f), &old))
	}
	return 0, 0
}

func sysRtSigpending(f *arch.Frame) (uintptr, errno.Errno) {
	if arg1(f) > sigsetSize {
		return 0, errno.EINVAL
	}
	s := current().Pending()
	if arch.CopyToUser(arg0(f), unsafe.Pointer(&s), arg1(f)) != 0 {
		return 0, errno.EFAULT
	}
	return 0, 0
}

func sysRtSigsuspend(f *arch.Frame) (uintptr, errno.Errno) {
	if arg1(f) != sigsetSize {
		return 0, errno.EINVAL
	}
	var m proc.SigSet
	if e := get(&m, arg0(f)); e != 0 {
		return 0, e
	}
	t := current()
	t.Suspend(m)
	t.Pause()
	t.FinishSuspend()
	return 0, errno.ERESTARTNOHAND
}

func sysPause(f *arch.Frame) (uintptr, errno.Errno) {
	current().Pause()
	return 0, errno.ERESTARTNOHAND
}

func sysRtSigreturn(f *arch.Frame) (uintptr, errno.Errno) {
	return uintptr(current().SigReturn(f)), 0
}

func sysSigaltstack(f *arch.Frame) (uintptr, errno.Errno) {
	var new proc.AltStack
	var p *proc.AltStack
	if arg0(f) != 0 {
		if e := get(&new, arg0(f)); e != 0 {
			return 0, e
		}
		p = &new
	}
	old, e := current().SigAltStack(p)
	if e == 0 && arg1(f) != 0 {
		e = put(arg1(f), &old)
	}
	return 0, e
}

func sysKill(f *arch.Frame) (uintptr, errno.Errno) { return ok(current().Kill(int0(f), int1(f))) }

func sysTkill(f *arch.Frame) (uintptr, errno.Errno) {
	if int0(f) <= 0 {
		return 0, errno.EINVAL
	}
	return ok(current().KillThread(0, int0(f), int1(f)))
}

func sysTgkill(f *arch.Frame) (uintptr, errno.Errno) {
	if int0(f) <= 0 || int1(f) <= 0 {
		return 0, errno.EINVAL
	}
	return ok(current().KillThread(int0(f), int1(f), int2(f)))
}

// getSiginfo copies a siginfo_t in for signal sig. What lies behind the part that signals use must be zero, unless the code is one whose
// layout is known (E2BIG).
func getSiginfo(info *proc.Siginfo, user uintptr, sig int) errno.Errno {
	var raw struct {
		info proc.Siginfo
		rest [proc.SiginfoSize - unsafe.Sizeof(proc.Siginfo{})]byte
	}
	if e := get(&raw, user); e != 0 {
		return e
	}
	if !proc.KnownCode(sig, raw.info.Code) {
		for _, b := range raw.rest {
			if b != 0 {
				return errno.E2BIG
			}
		}
	}
	*info = raw.info
	info.Signo = int32(sig)
	return 0
}

func sysRtSigqueueinfo(f *arch.Frame) (uintptr, errno.Errno) {
	var info proc.Siginfo
	if e := getSiginfo(&info, arg2(f), int1(f)); e != 0 {
		return 0, e
	}
	return ok(current().Queue(int0(f), 0, int1(f), &info))
}

func sysRtTgsigqueueinfo(f *arch.Frame) (uintptr, errno.Errno) {
	var info proc.Siginfo
	if e := getSiginfo(&info, arg3(f), int2(f)); e != 0 {
		return 0, e
	}
	if int0(f) <= 0 || int1(f) <= 0 {
		return 0, errno.EINVAL
	}
	return ok(current().Queue(int0(f), int1(f), int2(f), &info))
}

func sysRtSigtimedwait(f *arch.Frame) (uintptr, errno.Errno) {
	if arg3(f) != sigsetSize {
		return 0, errno.EINVAL
	}
	var set proc.SigSet
	if e := get(&set, arg0(f)); e != 0 {
		return 0, e
	}
	ns, e := getTimeout(arg2(f))
	if e != 0 {
		return 0, e
	}
	var info proc.Siginfo
	sig, e := current().WaitSignal(set, ns, vfs.NoEscape(&info))
	if e == 0 && arg1(f) != 0 && !info.CopyOut(arg1(f)) {
		e = errno.EFAULT
	}
	return uintptr(sig), e
}

func sysRestartSyscall(f *arch.Frame) (uintptr, errno.Errno) { return current().Restart() }

func sysSignalfd(f *arch.Frame) (uintptr, errno.Errno) { return signalfd(f, 0) }

func sysSignalfd4(f *arch.Frame) (uintptr, errno.Errno) { return signalfd(f, uint32(arg3(f))) }

func signalfd(f *arch.Frame, flags uint32) (uintptr, errno.Errno) {
	if arg2(f) != sigsetSize {
		return 0, errno.EINVAL
	}
	var set proc.SigSet
	if e := get(&set, arg1(f)); e != 0 {
		return 0, e
	}
	if flags&^(proc.SFD_CLOEXEC|proc.SFD_NONBLOCK) != 0 {
		return 0, errno.EINVAL
	}
	if fd := int0(f); fd != -1 {
		files := ctx().Files
		ref, e := files.Acquire(fd)
		if e != 0 {
			return 0, e
		}
		e = proc.SetSignalFD(ref.F, set)
		ref.Release()
		return uintptr(fd), e
	}
	file, e := proc.NewSignalFD(set, flags, ctx().Cred)
	if e != 0 {
		return 0, e
	}
	return install(file, flags)
}
