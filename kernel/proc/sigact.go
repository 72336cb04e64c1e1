//go:build galago

package proc

import (
	"galago/kernel/errno"
)

// SigAction is rt_sigaction(2): it stores the old action in old, if not nil, and installs new, if not nil. EINVAL.
func (p *Process) SigAction(sig int, new, old *Action) errno.Errno {
	if uint(sig-1) >= NSIG || new != nil && unblockable.Has(sig) {
		return errno.EINVAL
	}
	p.sig.lock.Lock()
	a := &p.sig.actions[sig]
	if old != nil {
		*old = *a
	}
	lost := false
	if new != nil {
		a.Handler, a.Restorer = new.Handler, new.Restorer
		a.Flags, a.Mask = new.Flags&saKnown, new.Mask&^unblockable
		lost = a.Handler <= SigIgn && p.ignored(sig)
		if t := Current(); lost && p.nTasks == 1 && t.Proc == p { // only the caller could make it more
			lost = (t.sig.pending.set | p.sig.shared.set).Has(sig)
		}
	}
	p.sig.lock.Unlock()
	if lost {
		p.dropIgnored(sig)
	}
	return errno.OK
}

// dropIgnored discards pending instances of a signal that has become ignored (POSIX.1-2017 §2.4.3).
func (p *Process) dropIgnored(sig int) {
	table.lock.Lock()
	p.sig.lock.Lock()
	if p.ignored(sig) {
		p.discardAll(bitOf(sig))
	}
	p.sig.lock.Unlock()
	table.lock.Unlock()
}

// How values of rt_sigprocmask(2).
const (
	SIG_BLOCK   = 0
	SIG_UNBLOCK = 1
	SIG_SETMASK = 2
)

// Blocked returns the running task's signal mask.
func (t *Task) Blocked() SigSet { return t.sig.blocked }

// IgnoresOrBlocks reports whether a signal would have no effect on the running task for now.
func (t *Task) IgnoresOrBlocks(sig int) bool {
	p := t.Proc
	p.sig.lock.Lock()
	defer p.sig.lock.Unlock()
	return t.sig.blocked.Has(sig) || p.sig.actions[sig].Handler == SigIgn
}

// SetBlocked replaces the running task's mask.
func (t *Task) SetBlocked(m SigSet) {
	m &^= unblockable
	if m == t.sig.blocked {
		return
	}
	p := t.Proc
	p.sig.lock.Lock()
	t.setBlocked(m)
	p.sig.lock.Unlock()
}

// setBlocked is SetBlocked with p.sig.lock held.
//
// +checklocks:t.Proc.sig.lock
func (t *Task) setBlocked(m SigSet) {
	newly := m &^ t.sig.blocked
	t.sig.blocked = m
	if shared := t.Proc.sig.shared.set; newly&shared != 0 {
		t.Proc.retarget(t, newly&shared)
	}
	t.recalc()
}

// retarget finds other threads for shared signals that t does not take any more. p.sig.lock is held.
//
// +checklocks:p.sig.lock
func (p *Process) retarget(not *Task, set SigSet) {
	for t := p.tasks.Front(); t != nil && set != 0; t = t.node.Next() {
		if take := set &^ t.sig.blocked; t != not && take != 0 && t.sig.job.bits&jobExiting == 0 {
			set &^= take
			t.setWork(workSignal)
			t.interrupt(false)
		}
	}
}

// Pending is rt_sigpending(2).
func (t *Task) Pending() SigSet {
	t.Proc.sig.lock.Lock()
	defer t.Proc.sig.lock.Unlock()
	return (t.sig.pending.set | t.Proc.sig.shared.set) & t.sig.blocked
}

// Suspend sets a temporary mask for a call that waits (sigsuspend, pselect, ppoll); the mask of before comes back
// when the call has ended and its signal, if any, is delivered.
func (t *Task) Suspend(m SigSet) {
	if !t.sig.restoring {
		t.sig.restore = t.sig.blocked
		t.sig.restoring = true
	}
	t.SetBlocked(m)
}

// Unsuspend restores the mask at once, when the call ended without a signal.
func (t *Task) Unsuspend() {
	if t.sig.restoring {
		t.sig.restoring = false
		t.SetBlocked(t.sig.restore)
	}
}

// FinishSuspend arranges that the mask comes back on the way to user mode, after the interrupting signal's frame
// was built with the temporary mask in force.
func (t *Task) FinishSuspend() { t.setWork(workRestore) }

// Pause sleeps until a signal is to be delivered.
func (t *Task) Pause() { t.pause.WaitInterruptible(func() bool { return false }) }

// SigAltStack is sigaltstack(2): EPERM on the stack itself, EINVAL, ENOMEM.
func (t *Task) SigAltStack(new *AltStack) (old AltStack, e errno.Errno) {
	sp := uintptr(t.Thread.UserRegs().SP)
	old = t.sig.altStack
	old.Flags = t.altState(sp) | old.Flags&SS_AUTODISARM
	if new == nil {
		return old, errno.OK
	}
	return old, t.setAltStack(new, sp)
}

// setAltStack installs an alternate stack for a thread whose stack pointer is sp.
func (t *Task) setAltStack(new *AltStack, sp uintptr) errno.Errno {
	if t.onAltStack(sp) {
		return errno.EPERM
	}
	switch mode := new.Flags &^ SS_AUTODISARM; {
	case mode == SS_DISABLE:
		t.sig.altStack = AltStack{Flags: new.Flags}
	case mode != 0 && mode != SS_ONSTACK:
		return errno.EINVAL
	case new.Size < MinSigStack:
		return errno.ENOMEM
	default:
		t.sig.altStack = AltStack{SP: new.SP, Flags: new.Flags, Size: new.Size}
	}
	return errno.OK
}

// altState tells where sp is, as ss_flags says it: SS_DISABLE without alternate stack, SS_ONSTACK on it, 0 elsewhere.
func (t *Task) altState(sp uintptr) int32 {
	switch {
	case t.sig.altStack.Size == 0:
		return SS_DISABLE
	case t.onAltStack(sp):
		return SS_ONSTACK
	}
	return 0
}

// onAltStack tells whether the thread runs on its alternate stack. One that disarms itself is not in force while a handler uses it.
func (t *Task) onAltStack(sp uintptr) bool {
	return t.sig.altStack.Flags&SS_AUTODISARM == 0 && t.sig.altStack.holds(sp)
}

// holds tells whether sp lies in the stack.
func (a *AltStack) holds(sp uintptr) bool { return sp > a.SP && sp-a.SP <= a.Size }
