//go:build galago

package proc

import (
	"galago/kernel/cred"
	"galago/kernel/errno"
)

// Signals that processes send each other: kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo.

// mayKill is kill(2)'s permission rule for credentials c in the given session. table.lock is held.
//
// +checklocks:table.lock
func mayKill(c *cred.Cred, p *Process, sig int, session *Session) bool {
	target := p.BorrowCred()
	defer target.Put()
	if c == target || c.EUID == target.UID || c.EUID == target.SUID || c.UID == target.UID || c.UID == target.SUID || c.Capable(cred.Kill) {
		return true
	}
	return sig == SIGCONT && p.group != nil && p.group.Session == session
}

// killer sends one signal from the running task to several processes: success if any could be signalled.
type killer struct {
	t      *Task
	sig    int
	info   Siginfo
	result errno.Errno
}

// permit checks whether the signal may go to p. What the kernel itself says (a positive code) needs no permission. table.lock is held.
//
// +checklocks:table.lock
func (k *killer) permit(p *Process) errno.Errno {
	switch me := k.t.Proc; {
	case k.sig < 0 || k.sig > NSIG:
		return errno.EINVAL
	case k.info.Code > 0, p == me, mayKill(k.t.Cred(), p, k.sig, me.group.Session):
		return errno.OK
	}
	return errno.EPERM
}

// one signals one process. table.lock is held.
//
// +checklocks:table.lock
func (k *killer) one(p *Process) errno.Errno {
	e := k.permit(p)
	if e == errno.OK && k.sig != 0 {
		e = p.send(k.sig, &k.info)
	}
	return e
}

// Kill is kill(2) by the running task: pid > 0 one process, 0 the own group, -1 everybody but init and oneself,
// below -1 a group.
func (t *Task) Kill(pid, sig int) errno.Errno {
	k := killer{t: t, sig: sig, result: errno.ESRCH}
	k.info.Signo, k.info.Code = int32(sig), SI_USER
	k.info.setSender(t.Proc.PID, t.Cred().UID)
	table.lock.Lock()
	switch {
	case pid > 0:
		k.process(pid)
	case pid == -1:
		k.everybody()
	case pid == 0:
		k.group(t.Proc.group)
	case pid > -MaxPID && table.groups[-pid] != nil:
		k.group(table.groups[-pid])
	}
	table.lock.Unlock()
	return k.result
}

// process signals the process with a number. The number of any of its threads will do, as on Linux.
//
// +checklocks:table.lock
func (k *killer) process(pid int) {
	if pid >= MaxPID {
		return
	}
	if p := table.procs[pid]; p != nil {
		k.result = k.one(p)
	} else if t := table.tasks[pid].Load(); t != nil {
		k.result = k.one(t.Proc)
	}
}

// +checklocks:table.lock
func (k *killer) everybody() {
	for n := 2; n < MaxPID; n++ {
		p := table.procs[n]
		if p == nil || p == k.t.Proc {
			continue
		}
		if e := k.one(p); e != errno.EPERM || k.result == errno.ESRCH {
			k.result = e
		}
	}
	if k.result == errno.EPERM {
		k.result = errno.OK // Linux counts processes, not successes
	}
}

// group signals a group: success if one member could be signalled.
//
// +checklocks:table.lock
func (k *killer) group(g *Group) {
	done := false
	for p := g.members.Front(); p != nil; p = p.inGroup.Next() {
		e := k.one(p)
		done = done || e == errno.OK
		k.result = e
	}
	if done {
		k.result = errno.OK
	}
}

// KillThread is tgkill(2); pid 0 leaves the process open (tkill).
func (t *Task) KillThread(pid, tid, sig int) errno.Errno {
	k := killer{t: t, sig: sig}
	k.info.Signo, k.info.Code = int32(sig), SI_TKILL
	k.info.setSender(t.Proc.PID, t.Cred().UID)
	return k.thread(pid, tid)
}

// thread signals one thread.
func (k *killer) thread(pid, tid int) errno.Errno {
	if tid >= MaxPID {
		return errno.ESRCH
	}
	table.lock.Lock()
	defer table.lock.Unlock()
	target := table.tasks[tid].Load()
	if target == nil {
		if p := table.procs[tid]; p == nil || pid != 0 && p.PID != pid {
			return errno.ESRCH
		} else { // a zombie's first thread
			return k.permit(p)
		}
	}
	if pid != 0 && target.Proc.PID != pid {
		return errno.ESRCH
	}
	e := k.permit(target.Proc)
	if e == errno.OK && k.sig != 0 {
		e = target.sendTask(k.sig, &k.info)
	}
	return e
}

// Queue is rt_sigqueueinfo(2), and with tid rt_tgsigqueueinfo(2). info comes from user space: only a process itself may claim
// that the kernel or tgkill(2) sent a signal.
func (t *Task) Queue(pid, tid, sig int, info *Siginfo) errno.Errno {
	target := pid
	if tid != 0 {
		target = tid
	}
	if (info.Code >= 0 || info.Code == SI_TKILL) && target != t.TID {
		return errno.EPERM
	}
	k := killer{t: t, sig: sig, info: *info, result: errno.ESRCH}
	k.info.Signo = int32(sig)
	if tid != 0 {
		return k.thread(pid, tid)
	}
	table.lock.Lock()
	if pid > 0 {
		k.process(pid)
	}
	table.lock.Unlock()
	return k.result
}

// KnownCode tells whether the layout of a siginfo with this code is known for sig: what a user may pass on unseen.
func KnownCode(sig int, code int32) bool {
	const lowest, asyncName, polls = -7, -60, 6 // SI_DETHREAD, SI_ASYNCNL; POLL_IN to POLL_HUP
	if code == SI_KERNEL || code == SI_USER || code >= lowest && code < 0 || code == asyncName {
		return true
	}
	limits := [...]int32{SIGILL: 11, SIGFPE: 15, SIGSEGV: 10, SIGBUS: 5, SIGTRAP: 6, SIGCHLD: 6, SIGIO: 6, SIGSYS: 2}
	if sig > 0 && sig < len(limits) && limits[sig] != 0 {
		return code > 0 && code <= limits[sig]
	}
	return code > 0 && code <= polls
}
