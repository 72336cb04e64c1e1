//go:build galago

package proc

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/lock"
	"galago/kernel/sched"
)

const (
	lockRankSignal = lock.RankSignal
	lockRankMisc   = lock.RankProcMisc
	capSysResource = cred.SysResource
	capSysAdmin    = cred.SysAdmin
)

// OnInitExit is called when process 1 ends: there is nothing left to run.
var OnInitExit func(status int)

// OnLeaveMemory is called when a task is about to leave its memory, by its end or by exec; the system-call floor sets it.
var OnLeaveMemory func(t *Task, ends bool)

// OnProcessEnd is called by the last task of a process.
var OnProcessEnd func(p *Process)

// OnClearTID wakes a futex waiter at the user address that CLONE_CHILD_CLEARTID named; the
// system-call floor sets it.
var OnClearTID func(addr uintptr)

// Exit ends the running task with an exit status: exit(2).
func Exit(code int) { exitTask(code & 0xff << 8) }

// ExitGroup ends the running task's whole process; status is a wait status (exit code in the second byte, or a
// signal number).
func ExitGroup(status int) {
	p := Current().Proc
	table.lock.Lock()
	if p.exiting.Swap(1) == 0 {
		p.exitCode = status
		for t := p.tasks.Front(); t != nil; t = t.node.Next() {
			t.setWork(workSignal)
			t.interrupt(true)
		}
	}
	status = p.exitCode
	table.lock.Unlock()
	exitTask(status)
}

// exitTask ends the running task; the last one takes the process with it. It does not return.
func exitTask(status int) {
	t := Current()
	p := t.Proc
	t.traceExit(status)
	if p.dump.Load() != nil {
		t.park()
	}
	table.lock.Lock()
	t.leaveSignals()
	t.abandonTracees()
	table.lock.Unlock()
	t.leaveMemory(true)
	t.leaveActivations()
	t.releaseContext()
	t.leaveSpace() // as soon as it is off the list, others may end the process and its address space
	var rec *deadTracee
	if t.traced() {
		rec = deadCache.Alloc()
	}
	table.lock.Lock()
	last := p.nTasks == 1
	if p.exiting.Load() != 0 {
		status = p.exitCode
	}
	rec = t.endTrace(rec, status)
	if !last {
		p.detach(t)
		if d := p.dump.Load(); d != nil {
			d.wait.WakeAll()
		}
		if p.execer.Load() != nil && p.nTasks == 1 {
			p.execWait.WakeAll()
		}
	}
	table.lock.Unlock()
	if rec != nil {
		deadCache.Free(rec)
	}
	if last {
		if p == initProcess && OnInitExit != nil {
			OnInitExit(status)
		}
		p.end(t, status)
	}
	t.dropUser()
	t.free()
	sched.Exit()
}

// leaveMemory does what is to be done in the running task's memory before it loses it.
func (t *Task) leaveMemory(ends bool) {
	if OnLeaveMemory != nil {
		OnLeaveMemory(t, ends)
	}
	if t.ClearTID != 0 {
		zero := uint32(0)
		if arch.CopyToUser(t.ClearTID, unsafe.Pointer(&zero), 4) == 0 && OnClearTID != nil {
			OnClearTID(t.ClearTID)
		}
	}
	t.ClearTID, t.RobustPtr = 0, 0
	t.rseq = rseqState{}
}

// leaveSpace cuts the running thread loose from its address space: switches no longer load it.
func (t *Task) leaveSpace() {
	t.endVfork()
	lock.PreemptDisable()
	t.Thread.Space = nil
	lock.PreemptEnable()
}

// detach takes a task off its process's list and frees its number. table.lock is held.
//
// +checklocks:table.lock
func (p *Process) detach(t *Task) {
	p.Times.addTask(t)
	p.sig.lock.Lock()
	p.tasks.Remove(&t.node)
	t.sig.pending.discard(^SigSet(0))
	p.sig.lock.Unlock()
	p.nTasks--
	table.tasks[t.TID].Store(nil)
	if t.TID != p.PID {
		dropPID(t.TID)
	}
	if p.nTasks > 0 {
		t.user.countOut()
		p.inheritChildren(t)
	} else {
		p.user = t.user // a zombie counts
	}
}

// dropUser cuts the thread loose from its task, so that switches no longer touch it.
func (t *Task) dropUser() {
	lock.PreemptDisable()
	t.Thread.Proc = nil
	lock.PreemptEnable()
}

// end turns the process of its last task into a zombie.
func (p *Process) end(t *Task, status int) {
	p.deleteTimers(true)
	if OnProcessEnd != nil {
		OnProcessEnd(p)
	}
	if s := p.Space; s != nil {
		_, _, rss := s.Pages()
		p.Times.MaxRSS = max(p.Times.MaxRSS, rss)
	}
	p.releaseResources()
	p.leaveTerminal()
	p.Get()
	table.lock.Lock()
	p.detach(t)
	p.sig.lock.Lock()
	p.sig.shared.discard(^SigSet(0))
	p.sig.lock.Unlock()
	p.orphanGroups()
	p.reparentChildren()
	p.state = Zombie
	p.endWait.WakeAll()
	p.status = status
	if p.ended != nil {
		p.ended.status, p.ended.ready = status, true
		p.ended.tell()
	} else {
		p.tellOfEnd(status)
	}
	table.lock.Unlock()
	p.cpuTimer.Stop() // nobody starts it again for a zombie; its function may just be running
	p.Put()
}

// notifyParent sends SIGCHLD; it reports whether the parent does not want to wait (SA_NOCLDWAIT or SIGCHLD ignored).
//
// +checklocks:table.lock
func (p *Process) notifyParent(status int) (reap bool) {
	info := Siginfo{Signo: int32(p.exitSignal)}
	info.setSender(p.PID, p.cred.UID)
	switch {
	case status&0x7f == 0:
		info.Code, info.Status = CLD_EXITED, int32(status>>8&0xff)
	case status&0x80 != 0:
		info.Code, info.Status = CLD_DUMPED, int32(status&0x7f)
	default:
		info.Code, info.Status = CLD_KILLED, int32(status&0x7f)
	}
	info.UTime, info.STime = int64(p.Times.User/clockTick), int64(p.Times.Sys/clockTick)
	if p.exitSignal == 0 {
		return false
	}
	if p.exitSignal == SIGCHLD {
		a := &p.parent.sig.actions[SIGCHLD]
		reap = a.Handler == SigIgn || a.Flags&SA_NOCLDWAIT != 0
	}
	p.parent.send(p.exitSignal, &info)
	return reap
}

// heir returns who adopts p's children: the nearest ancestor that asked for it and lives, or init. table.lock is held.
//
// +checklocks:table.lock
func (p *Process) heir() *Process {
	for a := p.parent; a != nil && a != initProcess; a = a.parent {
		if a.Subreaper && a.state == Alive && a.exiting.Load() == 0 {
			return a
		}
	}
	return initProcess
}

// reparentChildren gives p's children away. table.lock is held.
//
// +checklocks:table.lock
func (p *Process) reparentChildren() {
	heir := p.heir()
	for c := p.children.Front(); c != nil; c = p.children.Front() {
		p.children.Remove(&c.sibling)
		c.parent = heir
		c.belong(heir.tasks.Front())
		c.ppid.Store(int32(heir.PID))
		c.exitSignal = SIGCHLD // an heir waits for ordinary children
		heir.children.PushBack(&c.sibling)
		if c.state == Alive {
			c.parentDied(p)
		} else if c.notifyParent(c.status) {
			c.unlink()
			c.Put()
		}
	}
	heir.childWait.WakeAll()
}

// inheritChildren gives the children of a task that ends to another one of its process. table.lock is held.
//
// +checklocks:table.lock
func (p *Process) inheritChildren(t *Task) {
	for c := p.children.Front(); c != nil && t.nKids > 0; c = c.sibling.Next() {
		if c.creator == t {
			t.nKids--
			c.belong(p.tasks.Front())
			c.parentDied(p)
		}
	}
}

// parentDied sends the signals that tasks have asked for (PR_SET_PDEATHSIG). table.lock is held.
//
// +checklocks:table.lock
func (p *Process) parentDied(parent *Process) {
	for t := p.tasks.Front(); t != nil; t = t.node.Next() {
		if t.DeathSignal != 0 {
			info := Siginfo{Signo: int32(t.DeathSignal), Code: SI_USER}
			info.setSender(parent.PID, parent.cred.UID)
			t.sendTask(t.DeathSignal, &info)
		}
	}
}

// unlink removes a zombie from the table and the tree; the caller drops the tree's reference. table.lock is held.
//
// +checklocks:table.lock
func (p *Process) unlink() {
	p.state = Dead
	p.endWait.WakeAll() // a pidfd hangs up
	p.user.countOut()
	p.parent.children.Remove(&p.sibling)
	p.creator.nKids--
	p.parent, p.creator = nil, nil
	table.procs[p.PID] = nil
	dropPID(p.PID)
	table.count--
	p.leave()
}
