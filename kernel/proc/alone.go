//go:build galago

package proc

import (
	"galago/kernel/errno"
)

// A program is replaced in a process of one thread: execve(2) in a process of several ends the others first, and the caller becomes the
// first thread, whose number is the PID.

// doomed reports whether the task has to end: its process ends, or another task replaces the program.
func (t *Task) doomed() bool {
	p := t.Proc
	if p.exiting.Load() != 0 {
		return true
	}
	x := p.execer.Load()
	return x != nil && x != t
}

// beAlone ends the other tasks of the process. False: another task has got there first, or the process ends; the caller must give up
// what it holds and return to user mode, where it will not arrive.
func (t *Task) beAlone() bool {
	p := t.Proc
	table.lock.Lock()
	if p.nTasks > 1 {
		if t.doomed() {
			table.lock.Unlock()
			return false
		}
		p.execer.Store(t)
		for o := p.tasks.Front(); o != nil; o = o.node.Next() {
			if o != t {
				o.setWork(workSignal)
				o.interrupt(true)
			}
		}
		table.lock.Unlock()
		p.execWait.WaitKillable(func() bool { return p.nTasks == 1 })
		if p.nTasks != 1 || p.exiting.Load() != 0 {
			return false // killed meanwhile
		}
		table.lock.Lock()
		p.execer.Store(nil)
	}
	p.lead(t)
	table.lock.Unlock()
	return true
}

// lead makes the only task the first one, with the process's number. table.lock is held.
//
// +checklocks:table.lock
func (p *Process) lead(t *Task) {
	if t.TID == p.PID {
		return
	}
	table.tasks[t.TID].Store(nil)
	dropPID(t.TID)
	t.TID = p.PID
	table.tasks[t.TID].Store(t)
	p.limitsMu.Lock()
	old := p.cred
	p.cred = t.Ctx.Cred.Get()
	p.limitsMu.Unlock()
	old.Put()
}

// ownFiles makes sure that the task shares its descriptors with nobody but the tasks that exec ends. ENOMEM.
func (t *Task) ownFiles() errno.Errno {
	if !t.Ctx.Files.Shared() {
		return errno.OK
	}
	n, e := t.Ctx.Files.Copy()
	if e != 0 {
		return e
	}
	p := t.Proc
	p.limitsMu.Lock()
	old := t.Ctx.Files
	t.Ctx.Files = n
	p.limitsMu.Unlock()
	old.Put()
	return errno.OK
}
