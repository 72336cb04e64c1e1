//go:build galago

package proc

import (
	"galago/kernel/errno"
	"galago/kernel/sched"
)

// Subject is a thread that a scheduling call is about.
type Subject struct {
	Thread *sched.Thread
	task   *Task
	// Mine: the caller may change it, by its user identity. Limits are those of its process.
	Mine              bool
	NiceLimit, RTPrio uint64
}

// look fills s in from o, whose number is in the table. table.lock is held, or o is the running task.
//
// +checklocks:table.lock
func (t *Task) look(o *Task) (s Subject) {
	p := o.Proc
	c := t.Ctx.Cred
	mine := o == t
	if !mine {
		p.limitsMu.Lock()
		if oc := o.Ctx.Cred; oc != nil {
			mine = c.EUID == oc.EUID || c.EUID == oc.UID
		}
		p.limitsMu.Unlock()
	}
	return Subject{Thread: o.Thread, task: o, Mine: mine, NiceLimit: p.Limits[LimitNice].Cur, RTPrio: p.Limits[LimitRTPrio].Cur}
}

// Subject returns the thread of a number, 0 being the running one, with a reference that its Put gives back. ESRCH.
func (t *Task) Subject(tid int) (s Subject, e errno.Errno) {
	if tid == 0 || tid == t.TID {
		s = t.look(t) // +checklocksforce: the running task
		s.Thread.Get()
		return s, errno.OK
	}
	if tid < 0 || tid >= MaxPID {
		return s, errno.ESRCH
	}
	table.lock.Lock()
	defer table.lock.Unlock()
	o := table.tasks[tid].Load()
	if o == nil {
		return s, errno.ESRCH
	}
	s = t.look(o)
	s.Thread.Get()
	return s, errno.OK
}

// Put gives the thread back.
func (s *Subject) Put() { s.Thread.Put() }

// Kinds of sets for EachSubject.
const (
	OneThread = iota // by thread number, 0: the running one
	OneGroup         // the processes of a group, 0: the own
	OneUser          // the processes of a user, 0: the own
)

// EachSubject calls fn for each thread of a set, and reports whether there is any. fn runs under a spin lock.
func (t *Task) EachSubject(set, id int, fn func(s Subject)) (any bool) {
	table.lock.Lock()
	defer table.lock.Unlock()
	if set == OneThread {
		o := t
		if id != 0 {
			if id < 0 || id >= MaxPID {
				return false
			}
			o = table.tasks[id].Load()
		}
		return o != nil && t.each(o, fn)
	}
	for n := 1; n < MaxPID; n++ {
		p := table.procs[n]
		if p == nil || p.state != Alive || !t.inSet(p, set, id) {
			continue
		}
		for o := p.tasks.Front(); o != nil; o = o.node.Next() {
			any = t.each(o, fn) || any
		}
	}
	return any
}

// +checklocks:table.lock
func (t *Task) each(o *Task, fn func(s Subject)) bool {
	s := t.look(o)
	fn(s)
	return true
}

// inSet tells whether p belongs to a set of processes. table.lock is held.
//
// +checklocks:table.lock
func (t *Task) inSet(p *Process, set, id int) bool {
	if set == OneGroup {
		if id == 0 {
			return p.group == t.Proc.group
		}
		return p.group != nil && p.group.ID == id
	}
	c := p.BorrowCred()
	defer c.Put()
	if id == 0 {
		return c.UID == t.Ctx.Cred.UID
	}
	return c.UID == uint32(id)
}

// IOPriority is what ioprio_set(2) chose for the thread.
func (s *Subject) IOPriority() uint16     { return s.task.ioPriority }
func (s *Subject) SetIOPriority(p uint16) { s.task.ioPriority = p }

// ThreadOf returns the thread of a number with a reference, or nil.
func ThreadOf(tid int) *sched.Thread {
	if tid <= 0 || tid >= MaxPID {
		return nil
	}
	table.lock.Lock()
	defer table.lock.Unlock()
	o := table.tasks[tid].Load()
	if o == nil {
		return nil
	}
	o.Thread.Get()
	return o.Thread
}
