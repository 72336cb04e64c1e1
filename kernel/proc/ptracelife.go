//go:build galago

package proc

import (
	"galago/kernel/sched"
)

// Tracing over the lives of threads: clone, exec, exit of tracees and of tracers, and what wait(2) tells tracers.

// cloneEvent is the event that a clone with these arguments is for the running thread's tracer; 0: none, or not asked for.
func (t *Task) cloneEvent(a *CloneArgs) int {
	if !t.traced() || a.Flags&CLONE_UNTRACED != 0 {
		return 0
	}
	event := eventFork
	switch {
	case a.Flags&CLONE_VFORK != 0:
		event = eventVfork
	case a.ExitSignal != SIGCHLD:
		event = eventClone
	}
	if !t.wantsEvent(event) {
		return 0
	}
	return event
}

// inheritTrace makes a new thread a tracee of its creator's tracer, where it begins with a stop. table.lock is held.
//
// +checklocks:table.lock
func (c *Task) inheritTrace(t *Task, event int, flags uint64) {
	tracer := t.trace.tracer.Load()
	if tracer == nil || event == 0 && flags&CLONE_PTRACE == 0 {
		return
	}
	c.attach(tracer, t.trace.seized, t.trace.options)
	if t.trace.seized {
		c.sig.job.bits |= jobTrapStop
	} else {
		c.sig.pending.set |= bitOf(SIGSTOP)
	}
	c.setWork(workSignal)
}

// traceExec tells the tracer of a new program. was is the thread's number before.
func (t *Task) traceExec(was int) {
	if t.wantsEvent(eventExec) {
		t.event(eventExec, uint64(was))
	} else if t.traced() && !t.trace.seized {
		info := Siginfo{Signo: SIGTRAP, Code: SI_USER}
		info.setSender(t.Proc.PID, t.Ctx.Cred.UID)
		t.SendTask(SIGTRAP, &info)
	}
}

// traceExit tells the tracer that the thread is about to end.
func (t *Task) traceExit(status int) {
	if !t.wantsEvent(eventExit) {
		return
	}
	p := t.Proc
	p.sig.lock.Lock()
	t.sig.job.bits |= jobDying
	p.sig.lock.Unlock()
	if p.exiting.Load() != 0 {
		status = p.exitCode
	}
	t.event(eventExit, uint64(status))
}

// endTrace is the end of a tracee: its tracer gets a report of its own, rec, unless wait(2) by the tracer reports the whole process anyway. It
// returns rec if it was not needed. table.lock is held.
//
// +checklocks:table.lock
func (t *Task) endTrace(rec *deadTracee, status int) *deadTracee {
	tracer := t.trace.tracer.Load()
	if tracer == nil {
		return rec
	}
	p := t.Proc
	tracer.trace.tracees.Remove(&t.trace.node)
	t.trace.tracer.Store(nil)
	first := t.TID == p.PID
	if rec == nil || first && tracer.Proc == p.parent {
		tracer.Proc.childWait.WakeAll()
		return rec
	}
	*rec = deadTracee{next: tracer.trace.dead, tid: t.TID, status: status, ready: !first, uid: p.cred.UID, tracer: tracer}
	if p.group != nil {
		rec.group = p.group.ID
	}
	if first {
		p.Get()
		rec.proc, p.ended = p, rec
	} else {
		holdPID(t.TID)
	}
	tracer.trace.dead = rec
	if rec.ready {
		rec.tell()
	}
	return nil
}

// tell announces a report. table.lock is held.
//
// +checklocks:table.lock
func (r *deadTracee) tell() {
	info := Siginfo{Signo: SIGCHLD}
	info.setSender(r.tid, r.uid)
	info.setEnd(r.status)
	r.tracer.Proc.send(SIGCHLD, &info)
	r.tracer.Proc.childWait.WakeAll()
}

// setEnd fills in si_code and si_status from a wait status.
func (s *Siginfo) setEnd(status int) {
	switch {
	case status&0x7f == 0:
		s.Code, s.Status = CLD_EXITED, int32(status>>8&0xff)
	case status&coreFlag != 0:
		s.Code, s.Status = CLD_DUMPED, int32(status&0x7f)
	default:
		s.Code, s.Status = CLD_KILLED, int32(status&0x7f)
	}
}

// done takes a report off the tracer's list; the parent of an ended process now gets to know. table.lock is held.
//
// +checklocks:table.lock
func (r *deadTracee) done() {
	for at := &r.tracer.trace.dead; *at != nil; at = &(*at).next {
		if *at == r {
			*at = r.next
			break
		}
	}
	p := r.proc
	if p == nil {
		dropPID(r.tid)
	} else {
		p.ended = nil
		if p.state == Zombie {
			p.tellOfEnd(p.status)
		}
		p.Put()
	}
	deadCache.Free(r)
}

// tellOfEnd tells the parent of a zombie, and removes it if the parent does not care. table.lock is held.
//
// +checklocks:table.lock
func (p *Process) tellOfEnd(status int) {
	parent := p.parent
	if parent == nil {
		return
	}
	reap := p.notifyParent(status)
	if reap {
		p.unlink()
	}
	parent.childWait.WakeAll()
	if reap {
		p.Put()
	}
}

// abandonTracees lets all tracees of an ending thread go, or kills those whose tracer asked for that. table.lock is held.
//
// +checklocks:table.lock
func (t *Task) abandonTracees() {
	for o := t.trace.tracees.Front(); o != nil; o = t.trace.tracees.Front() {
		if o.trace.options&optExitKill != 0 {
			info := Siginfo{Signo: SIGKILL, Code: SI_KERNEL}
			o.sendTask(SIGKILL, &info)
		}
		o.detach()
	}
	for t.trace.dead != nil {
		t.trace.dead.done()
	}
}

// tracedByParent tells whether the process's first thread is a tracee of its parent. table.lock is held.
//
// +checklocks:table.lock
func (p *Process) tracedByParent() bool {
	t := p.tasks.Front()
	if t == nil {
		return false
	}
	tracer := t.trace.tracer.Load()
	return tracer != nil && tracer.Proc == p.parent
}

// matchesTracee tells whether a wait call is about a tracee. Tracees match whatever signal they end with.
func (w *waiter) matchesTracee(tid, group int) bool {
	switch {
	case w.pid > 0:
		return tid == w.pid
	case w.pid == -1:
		return true
	case w.pid == 0:
		return w.p.group != nil && group == w.p.group.ID
	}
	return group == -w.pid
}

// scanTracees is scan for the tracees of the process's threads, or of the calling one alone. table.lock is held.
//
// +checklocks:table.lock
func (w *waiter) scanTracees() bool {
	for t := w.p.tasks.Front(); t != nil; t = t.node.Next() {
		if w.options&WNOTHREAD != 0 && t.Thread != sched.Current() {
			continue
		}
		if w.deadTracee(t) || w.stoppedTracee(t) {
			return true
		}
	}
	return false
}

// +checklocks:table.lock
func (w *waiter) deadTracee(t *Task) bool {
	for r := t.trace.dead; r != nil; r = r.next {
		if !w.matchesTracee(r.tid, r.group) {
			continue
		}
		w.any = true
		if !r.ready || w.options&WEXITED == 0 {
			continue
		}
		*w.out = Waited{PID: r.tid, UID: r.uid, Status: r.status}
		if r.proc != nil {
			w.out.Times = r.proc.Times
		}
		if w.options&WNOWAIT == 0 {
			r.done()
		}
		return true
	}
	return false
}

func (w *waiter) stoppedTracee(t *Task) bool {
	for o := t.trace.tracees.Front(); o != nil; o = o.trace.node.Next() {
		group := 0
		if g := o.Proc.group; g != nil {
			group = g.ID
		}
		if !w.matchesTracee(o.TID, group) {
			continue
		}
		w.any = true
		if !o.trace.report || o.sig.job.bits&jobListening != 0 {
			continue
		}
		*w.out = Waited{PID: o.TID, UID: o.Proc.cred.UID, Status: o.trace.code<<8 | 0x7f, Trapped: true}
		o.trace.report = w.options&WNOWAIT != 0
		return true
	}
	return false
}
