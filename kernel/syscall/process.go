//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/proc"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// Processes: fork, wait, exit, identities of processes.

func sysFork(f *arch.Frame) (uintptr, errno.Errno) {
	return fork(&proc.CloneArgs{ExitSignal: proc.SIGCHLD})
}

func sysVfork(f *arch.Frame) (uintptr, errno.Errno) {
	return fork(&proc.CloneArgs{Flags: proc.CLONE_VM | proc.CLONE_VFORK, ExitSignal: proc.SIGCHLD})
}

// exitSignalMask is the part of clone's flags that is the signal for the parent.
const exitSignalMask = 0xff

func sysClone(f *arch.Frame) (uintptr, errno.Errno) {
	flags := uint64(uint32(arg0(f)))
	if flags&(proc.CLONE_PIDFD|proc.CLONE_PARENT_SETTID) == proc.CLONE_PIDFD|proc.CLONE_PARENT_SETTID {
		return 0, errno.EINVAL // one argument for two addresses
	}
	return fork(&proc.CloneArgs{Flags: flags &^ exitSignalMask, ExitSignal: int(flags & exitSignalMask), Stack: arg1(f), ParentTID: arg2(f), ChildTID: arg3(f), TLS: arg4(f), PIDFD: arg2(f)})
}

func fork(a *proc.CloneArgs) (uintptr, errno.Errno) {
	pid, e := current().Clone(a)
	return uintptr(pid), e
}

func sysExit(f *arch.Frame) (uintptr, errno.Errno) {
	proc.Exit(int0(f))
	return 0, 0
}

func sysExitGroup(f *arch.Frame) (uintptr, errno.Errno) {
	proc.ExitGroup(int0(f) & 0xff << 8)
	return 0, 0
}

// timeval is struct timeval; timespec struct timespec.
type timeval struct{ Sec, Usec int64 }
type timespec struct{ Sec, Nsec int64 }

func toTimeval(ns uint64) timeval { return timeval{int64(ns / 1e9), int64(ns % 1e9 / 1e3)} }

// rusage is struct rusage.
type rusage struct {
	UTime, STime                                   timeval
	MaxRSS, IxRSS, IdRSS, IsRSS                    int64
	MinFlt, MajFlt, NSwap, InBlock, OuBlock        int64
	MsgSnd, MsgRcv, NSignals, NVoluntary, NInvolun int64
}

func toRusage(t *proc.Times) rusage {
	const pageKiB = arch.PageSize / 1024
	return rusage{UTime: toTimeval(t.User), STime: toTimeval(t.Sys), MaxRSS: int64(t.MaxRSS) * pageKiB,
		MinFlt: int64(t.MinFlt), MajFlt: int64(t.MajFlt), InBlock: int64(t.InBlocks), OuBlock: int64(t.OutBlock),
		NVoluntary: int64(t.VolCsw), NInvolun: int64(t.InvolCsw)}
}

func sysWait4(f *arch.Frame) (uintptr, errno.Errno) {
	const known = proc.WNOHANG | proc.WUNTRACED | proc.WCONTINUED | proc.WNOTHREAD | proc.WALL | proc.WCLONE
	options := int(uint32(arg2(f)))
	if options&^known != 0 {
		return 0, errno.EINVAL
	}
	pid := int0(f)
	if pid == -1<<31 {
		return 0, errno.ESRCH
	}
	var w proc.Waited
	if e := current().Wait(pid, options|proc.WEXITED, vfs.NoEscape(&w)); e != 0 || w.PID == 0 {
		return 0, e
	}
	if status := int32(w.Status); arg1(f) != 0 {
		if e := put(arg1(f), &status); e != 0 {
			return 0, e
		}
	}
	if ru := arg3(f); ru != 0 {
		r := toRusage(&w.Times)
		if e := put(ru, &r); e != 0 {
			return 0, e
		}
	}
	return uintptr(w.PID), 0
}

// Values of waitid's idtype.
const (
	idAll   = 0
	idPID   = 1
	idGroup = 2
	idPIDFD = 3
)

func sysWaitid(f *arch.Frame) (uintptr, errno.Errno) {
	options := int(uint32(arg3(f)))
	const what = proc.WEXITED | proc.WUNTRACED | proc.WCONTINUED
	if options&^(what|proc.WNOHANG|proc.WNOWAIT|proc.WNOTHREAD|proc.WALL|proc.WCLONE) != 0 || options&what == 0 {
		return 0, errno.EINVAL
	}
	pid := int1(f)
	switch int0(f) {
	case idAll:
		pid = -1
	case idPID:
		if pid <= 0 {
			return 0, errno.EINVAL
		}
	case idGroup:
		if pid < 0 {
			return 0, errno.EINVAL
		}
		pid = -pid
	case idPIDFD:
		n, e := withPIDFD(pid, func(p *proc.Process) (uintptr, errno.Errno) { return uintptr(p.PID), 0 })
		if e != 0 {
			return 0, e
		}
		pid = int(n)
	default:
		return 0, errno.EINVAL
	}
	var w proc.Waited
	if e := current().Wait(pid, options, vfs.NoEscape(&w)); e != 0 {
		return 0, e
	}
	if p := arg2(f); p != 0 {
		info := w.Siginfo()
		if e := put(p, &info); e != 0 {
			return 0, e
		}
	}
	if ru := arg4(f); ru != 0 && w.PID != 0 {
		r := toRusage(&w.Times)
		return ok(put(ru, &r))
	}
	return 0, 0
}

func sysGetpid(f *arch.Frame) (uintptr, errno.Errno)  { return uintptr(current().Proc.PID), 0 }
func sysGettid(f *arch.Frame) (uintptr, errno.Errno)  { return uintptr(current().TID), 0 }
func sysGetppid(f *arch.Frame) (uintptr, errno.Errno) { return uintptr(current().Proc.ParentPID()), 0 }
func sysGetpgrp(f *arch.Frame) (uintptr, errno.Errno) { return uintptr(current().Proc.GroupID()), 0 }

func sysGetpgid(f *arch.Frame) (uintptr, errno.Errno) {
	id, e := current().GetPGID(int0(f))
	return uintptr(id), e
}

func sysGetsid(f *arch.Frame) (uintptr, errno.Errno) {
	id, e := current().GetSID(int0(f))
	return uintptr(id), e
}

func sysSetpgid(f *arch.Frame) (uintptr, errno.Errno) { return ok(current().SetPGID(int0(f), int1(f))) }

func sysSetsid(f *arch.Frame) (uintptr, errno.Errno) {
	id, e := current().SetSID()
	return uintptr(id), e
}

func sysSchedYield(f *arch.Frame) (uintptr, errno.Errno) {
	sched.Yield()
	return 0, 0
}

func sysSetTidAddress(f *arch.Frame) (uintptr, errno.Errno) {
	t := current()
	t.ClearTID = arg0(f)
	return uintptr(t.TID), 0
}

// arch_prctl(2) codes.
const (
	archSetGS = 0x1001
	archSetFS = 0x1002
	archGetFS = 0x1003
	archGetGS = 0x1004
)

func sysArchPrctl(f *arch.Frame) (uintptr, errno.Errno) {
	fs, gs := arch.UserBases()
	addr := arg1(f)
	switch int0(f) {
	case archSetFS, archSetGS:
		if addr >= arch.UserLimit {
			return 0, errno.EPERM
		}
		if int0(f) == archSetFS {
			fs = addr
		} else {
			gs = addr
		}
		flags := arch.IRQDisable()
		arch.SetUserBases(fs, gs)
		arch.IRQRestore(flags)
		return 0, 0
	case archGetFS:
		return ok(put(addr, &fs))
	case archGetGS:
		return ok(put(addr, &gs))
	}
	return 0, errno.EINVAL
}

// Resource limits and usage.

func sysPrlimit64(f *arch.Frame) (uintptr, errno.Errno) {
	p := current().Proc
	if pid := int0(f); pid != 0 && pid != p.PID {
		q := proc.Find(pid)
		if q == nil {
			return 0, errno.ESRCH
		}
		defer q.Put()
		if !q.MayLimit(ctx().Cred) {
			return 0, errno.EPERM
		}
		p = q
	}
	var new proc.Limit
	if arg2(f) != 0 {
		if e := get(&new, arg2(f)); e != 0 {
			return 0, e
		}
	}
	old, e := p.SetLimit(int1(f), &new, arg2(f) != 0)
	if e == 0 && arg3(f) != 0 {
		e = put(arg3(f), &old)
	}
	return 0, e
}

func sysGetrlimit(f *arch.Frame) (uintptr, errno.Errno) {
	old, e := current().Proc.SetLimit(int0(f), &proc.Limit{}, false)
	if e != 0 {
		return 0, e
	}
	return ok(put(arg1(f), &old))
}

func sysSetrlimit(f *arch.Frame) (uintptr, errno.Errno) {
	var new proc.Limit
	if e := get(&new, arg1(f)); e != 0 {
		return 0, e
	}
	_, e := current().Proc.SetLimit(int0(f), &new, true)
	return 0, e
}

func sysGetrusage(f *arch.Frame) (uintptr, errno.Errno) {
	t, e := current().Usage(int0(f))
	if e != 0 {
		return 0, e
	}
	r := toRusage(&t)
	return ok(put(arg1(f), &r))
}

func sysTimes(f *arch.Frame) (uintptr, errno.Errno) {
	self, _ := current().Usage(proc.UsageSelf)
	kids, _ := current().Usage(proc.UsageChildren)
	const tick = 10_000_000
	b := [4]int64{int64(self.User / tick), int64(self.Sys / tick), int64(kids.User / tick), int64(kids.Sys / tick)}
	if arg0(f) != 0 {
		if e := put(arg0(f), &b); e != 0 {
			return 0, e
		}
	}
	return uintptr(now() / tick), 0
}
