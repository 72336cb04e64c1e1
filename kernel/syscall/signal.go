//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/proc"
)

// Signals.

const sigsetSize = 8

func sysRtSigaction(f *arch.Frame) (uintptr, errno.Errno) {
	if arg3(f) != sigsetSize {
		return 0, errno.EINVAL
	}
	var new proc.Action
	var p *proc.Action
	if arg1(f) != 0 {
		if e := get(&new, arg1(f)); e != 0 {
			return 0, e
		}
		p = &new
	}
	old, e := current().Proc.SigAction(int0(f), p)
	if e == 0 && arg2(f) != 0 {
		e = put(arg2(f), &old)
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
	return ok(put(arg0(f), &s))
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
