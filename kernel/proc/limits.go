//go:build galago

package proc

import (
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// SetLimit returns a resource limit and, with change, replaces it: prlimit(2). EINVAL, EPERM.
func (p *Process) SetLimit(which int, new *Limit, change bool) (old Limit, e errno.Errno) {
	if which < 0 || which >= NLimits {
		return old, errno.EINVAL
	}
	old, e = p.setLimit(which, new, change)
	if e == 0 && change && which == LimitCPU {
		table.lock.Lock()
		if p.state == Alive {
			p.armCPULimit()
		}
		table.lock.Unlock()
	}
	return old, e
}

// setLimit is SetLimit without what follows from the change.
func (p *Process) setLimit(which int, new *Limit, change bool) (old Limit, e errno.Errno) {
	p.limitsMu.Lock()
	defer p.limitsMu.Unlock()
	old = p.Limits[which]
	if !change {
		return old, errno.OK
	}
	if new.Cur > new.Max {
		return old, errno.EINVAL
	}
	if which == LimitNoFile && new.Max > vfs.MaxFiles {
		return old, errno.EPERM
	}
	if new.Max > old.Max && !Current().Cred().Capable(cred.SysResource) {
		return old, errno.EPERM
	}
	p.Limits[which] = *new
	if s := p.Space; s != nil {
		switch which {
		case LimitAS:
			s.Limits.AS = new.Cur
		case LimitData:
			s.Limits.Data = new.Cur
		case LimitStack:
			s.Limits.Stack = new.Cur
		case LimitMemlock:
			s.Limits.Memlock = new.Cur
		}
	}
	return old, errno.OK
}

// MayLimit reports whether c may see and change the limits of p: all of p's user and group identities are c's real ones, or c has
// CAP_SYS_RESOURCE (prlimit(2)).
func (p *Process) MayLimit(c *cred.Cred) bool {
	o := p.BorrowCred()
	defer o.Put()
	return c.UID == o.UID && c.UID == o.EUID && c.UID == o.SUID && c.GID == o.GID && c.GID == o.EGID && c.GID == o.SGID ||
		c.Capable(cred.SysResource)
}

// FileLimit is the first descriptor the process may not use.
func (p *Process) FileLimit() int { return int(min(p.Limits[LimitNoFile].Cur, vfs.MaxFiles)) }

// Siginfo is waitid(2)'s report.
func (w *Waited) Siginfo() Siginfo {
	if w.PID == 0 {
		return Siginfo{}
	}
	info := Siginfo{Signo: SIGCHLD}
	info.setSender(w.PID, w.UID)
	switch s := w.Status; {
	case s == 0xffff:
		info.Code, info.Status = CLD_CONTINUED, SIGCONT
	case s&0xff == 0x7f:
		info.Code, info.Status = CLD_STOPPED, int32(s>>8)
		if w.Trapped {
			info.Code = CLD_TRAPPED
		}
	case s&0x7f == 0:
		info.Code, info.Status = CLD_EXITED, int32(s>>8)
	case s&0x80 != 0:
		info.Code, info.Status = CLD_DUMPED, int32(s&0x7f)
	default:
		info.Code, info.Status = CLD_KILLED, int32(s&0x7f)
	}
	return info
}
