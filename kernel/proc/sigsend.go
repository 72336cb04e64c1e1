//go:build galago

package proc

import (
	"galago/kernel/errno"
)

// Sending: what happens to a signal between its cause and the pending set of a process or thread (signal(7)).

// Send makes sig pending for a process and wakes a thread that can take it. The caller holds a reference to p, or p cannot go away for
// another reason; a zombie takes no signals. EAGAIN: the receiving user's queue is full.
func (p *Process) Send(sig int, info *Siginfo) errno.Errno {
	table.lock.Lock()
	e := p.send(sig, info)
	table.lock.Unlock()
	return e
}

// SendTask makes sig pending for one thread.
func (t *Task) SendTask(sig int, info *Siginfo) errno.Errno {
	table.lock.Lock()
	e := t.sendTask(sig, info)
	table.lock.Unlock()
	return e
}

// send is Send with table.lock held.
//
// +checklocks:table.lock
func (p *Process) send(sig int, info *Siginfo) errno.Errno {
	t := p.tasks.Front()
	if p.state != Alive || t == nil {
		return errno.OK
	}
	p.sig.lock.Lock()
	e := errno.OK
	if p.accepts(t, sig) {
		if e = p.sig.shared.add(info, p.sigCount(), p.Limits[LimitSigPending].Cur); e == errno.OK {
			p.announce(sig)
			p.wakeFor(sig)
		}
	}
	p.sig.lock.Unlock()
	return e
}

// sendTask is SendTask with table.lock held.
//
// +checklocks:table.lock
func (t *Task) sendTask(sig int, info *Siginfo) errno.Errno {
	p := t.Proc
	if p.state != Alive {
		return errno.OK
	}
	p.sig.lock.Lock()
	e := errno.OK
	if p.accepts(t, sig) {
		if e = t.sig.pending.add(info, p.sigCount(), p.Limits[LimitSigPending].Cur); e == errno.OK {
			p.announce(sig)
			if sig == SIGKILL {
				p.wakeFor(sig)
			} else {
				t.notify(sig)
			}
		}
	}
	p.sig.lock.Unlock()
	return e
}

// SendReserved makes the owner's entry r, filled in with info, pending for the process, or for the thread t if that is not nil. It
// returns false when the entry is pending already. It may be called from a DPC; r stays the owner's, who calls Recall before
// freeing it.
func (p *Process) SendReserved(r *Reserved, t *Task, info *Siginfo) bool {
	table.lock.Lock()
	defer table.lock.Unlock()
	return p.sendReserved(r, t, info)
}

// sendReserved is SendReserved with table.lock held.
//
// +checklocks:table.lock
func (p *Process) sendReserved(r *Reserved, t *Task, info *Siginfo) bool {
	front := t
	if front == nil {
		front = p.tasks.Front()
	}
	if p.state != Alive || front == nil {
		return true
	}
	p.sig.lock.Lock()
	defer p.sig.lock.Unlock()
	if r.queued {
		return false
	}
	sig := int(info.Signo)
	if !p.accepts(front, sig) {
		return true
	}
	r.entry.info, r.entry.owner, r.queued = *info, r, true
	if t != nil {
		t.sig.pending.push(&r.entry)
		p.announce(sig)
		t.notify(sig)
	} else {
		p.sig.shared.push(&r.entry)
		p.announce(sig)
		p.wakeFor(sig)
	}
	return true
}

// Recall takes a reserved entry back, if it is pending.
func (p *Process) Recall(r *Reserved) {
	table.lock.Lock()
	p.sig.lock.Lock()
	if r.queued && !p.sig.shared.remove(r) {
		for t := p.tasks.Front(); t != nil; t = t.node.Next() {
			if t.sig.pending.remove(r) {
				break
			}
		}
	}
	p.sig.lock.Unlock()
	table.lock.Unlock()
}

// accepts is the first half of sending, for thread t or, through it, the process: a stop cancels a pending continue and the reverse, whatever
// the dispositions; then it tells whether the signal is to be queued. table.lock and p.sig.lock are held.
//
// +checklocks:table.lock
// +checklocks:p.sig.lock
func (p *Process) accepts(t *Task, sig int) bool {
	switch {
	case stopSet.Has(sig):
		p.discardAll(bitOf(SIGCONT))
	case sig == SIGCONT:
		p.discardAll(stopSet)
		p.resume()
	case sig == SIGKILL:
		p.endStops()
	}
	if p.PID == 1 && p.sig.actions[sig].Handler == SigDfl && sig != SIGCHLD && !t.traced() {
		return false // init takes only what it asked for
	}
	// What is ignored when it comes is lost, unless it is blocked: the disposition may change before it is let in.
	if !p.ignored(sig) || (t.sig.blocked | t.sig.real).Has(sig) {
		return true
	}
	return t.traced() && sig != SIGKILL
}

func (p *Process) discardAll(set SigSet) {
	p.sig.shared.discard(set)
	for t := p.tasks.Front(); t != nil; t = t.node.Next() {
		t.sig.pending.discard(set)
	}
}

// wants tells whether the thread can take sig now. p.sig.lock is held.
//
// +checklocks:t.Proc.sig.lock
func (t *Task) wants(sig int) bool {
	return !t.sig.blocked.Has(sig) && t.sig.job.bits&(jobStopped|jobTraced|jobExiting) == 0
}

// wakeFor notifies a thread that does not block sig, in turn; for SIGKILL all of them. table.lock and p.sig.lock are held.
//
// +checklocks:table.lock
// +checklocks:p.sig.lock
func (p *Process) wakeFor(sig int) {
	main := p.tasks.Front()
	if sig == SIGKILL {
		for t := main; t != nil; t = t.node.Next() {
			t.notify(sig)
		}
		return
	}
	if main.wants(sig) {
		main.notify(sig)
		return
	}
	var first *Task
	past := p.sig.next == nil
	for t := main.node.Next(); t != nil; t = t.node.Next() {
		if t.wants(sig) {
			if past {
				first = t
				break
			}
			if first == nil {
				first = t
			}
		}
		if t == p.sig.next {
			past = true
		}
	}
	if first != nil {
		p.sig.next = first
		first.notify(sig)
	}
}

// SignalGroup sends a signal of the kernel's own (terminal keys, hang-up) to a process group.
func SignalGroup(id, sig int) {
	info := Siginfo{Signo: int32(sig), Code: SI_KERNEL}
	table.lock.Lock()
	if id > 0 && id < MaxPID && table.groups[id] != nil {
		g := table.groups[id]
		for p := g.members.Front(); p != nil; p = p.inGroup.Next() {
			p.send(sig, &info)
		}
	}
	table.lock.Unlock()
}

// Force delivers a fault's signal to the running thread: it cannot be blocked or ignored away, and it kills even process 1.
func (t *Task) Force(sig int, info *Siginfo) {
	p := t.Proc
	table.lock.Lock()
	p.sig.lock.Lock()
	a := &p.sig.actions[sig]
	if t.sig.blocked.Has(sig) || a.Handler == SigIgn {
		a.Handler = SigDfl
		t.sig.blocked &^= bitOf(sig)
	}
	if sig == SIGKILL {
		p.endStops()
	}
	t.sig.pending.add(info, p.sigCount(), Infinity)
	t.setWork(workSignal)
	p.sig.lock.Unlock()
	table.lock.Unlock()
}

// BrokenPipe sends the running thread SIGPIPE.
func BrokenPipe() {
	t := Current()
	if t == nil {
		return
	}
	info := Siginfo{Signo: SIGPIPE, Code: SI_USER}
	info.setSender(t.Proc.PID, t.Cred().UID)
	t.SendTask(SIGPIPE, &info)
}
