//go:build galago

package proc

import (
	"galago/arch"
	"galago/kernel/errno"
)

// SigAction is rt_sigaction(2): it returns the old action and installs new, if not nil.
func (p *Process) SigAction(sig int, new *Action) (old Action, e errno.Errno) {
	if sig < 1 || sig > NSIG || new != nil && unblockable.Has(sig) {
		return old, errno.EINVAL
	}
	table.lock.Lock()
	p.sig.lock.Lock()
	old = p.sig.actions[sig]
	if new != nil {
		p.sig.actions[sig] = *new
		p.sig.actions[sig].Mask &^= unblockable
		if p.ignored(sig) {
			p.discardAll(bitOf(sig))
		}
	}
	p.sig.lock.Unlock()
	table.lock.Unlock()
	return old, errno.OK
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
	newly := m &^ t.sig.blocked
	t.sig.blocked = m
	if p.nTasks > 1 && newly&p.sig.shared.set != 0 {
		p.retarget(newly & p.sig.shared.set)
	}
	t.recalc()
	p.sig.lock.Unlock()
}

// retarget finds other threads for shared signals that this one blocks from now on.
func (p *Process) retarget(set SigSet) {
	for t := p.tasks.Front(); t != nil; t = t.node.Next() {
		if set&^t.sig.blocked != 0 {
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

// SigAltStack is sigaltstack(2).
func (t *Task) SigAltStack(new *AltStack) (old AltStack, e errno.Errno) {
	old = t.sig.altStack
	if old.Size == 0 {
		old.Flags = SS_DISABLE
	} else if t.onAltStack(uintptr(t.Thread.UserRegs().SP)) {
		old.Flags |= SS_ONSTACK
	}
	if new == nil {
		return old, errno.OK
	}
	if old.Flags&SS_ONSTACK != 0 {
		return old, errno.EPERM
	}
	switch flags := new.Flags &^ SS_AUTODISARM; {
	case flags == SS_DISABLE:
		t.sig.altStack = AltStack{}
	case flags != 0 && flags != SS_ONSTACK:
		return old, errno.EINVAL
	case new.Size < MinSigStack:
		return old, errno.ENOMEM
	default:
		t.sig.altStack = AltStack{SP: new.SP, Flags: new.Flags & SS_AUTODISARM, Size: new.Size}
	}
	return old, errno.OK
}

func (t *Task) onAltStack(sp uintptr) bool {
	a := &t.sig.altStack
	return a.Size != 0 && a.Flags&SS_AUTODISARM == 0 && sp > a.SP && sp-a.SP <= a.Size
}

// next takes the signal to deliver now; 0: none. p.sig.lock is held.
func (t *Task) next(info *Siginfo) int {
	p := t.Proc
	ready := func(s SigSet) int {
		if s == 0 {
			return 0
		}
		if s&synchronous != 0 {
			s &= synchronous
		}
		n := 1
		for s&1 == 0 {
			s >>= 1
			n++
		}
		return n
	}
	if (t.sig.pending.set | p.sig.shared.set).Has(SIGKILL) {
		t.sig.pending.discard(bitOf(SIGKILL))
		*info = Siginfo{Signo: SIGKILL}
		return SIGKILL
	}
	if sig := ready(t.sig.pending.set &^ t.sig.blocked); sig != 0 {
		t.sig.pending.take(sig, info)
		return sig
	}
	if sig := ready(p.sig.shared.set &^ t.sig.blocked); sig != 0 {
		p.sig.shared.take(sig, info)
		return sig
	}
	return 0
}

// Deliver acts on pending signals before the return to user mode with registers f: it runs default actions, or
// builds a handler's frame. It may not return.
func (t *Task) Deliver(f *arch.Frame) {
	p := t.Proc
	for {
		if t.doomed() {
			exitTask(p.exitCode)
		}
		if p.stopped {
			p.waitContinue()
			continue
		}
		var info Siginfo
		p.sig.lock.Lock()
		t.clearWork(workSignal)
		sig := t.next(&info)
		if sig == 0 {
			p.sig.lock.Unlock()
			t.restart(f, nil)
			if t.Thread.Work&workRestore != 0 {
				t.clearWork(workRestore)
				t.Unsuspend()
			}
			return
		}
		a := p.sig.actions[sig]
		if a.Handler > SigIgn {
			if a.Flags&SA_RESETHAND != 0 {
				p.sig.actions[sig].Handler = SigDfl
			}
			p.sig.lock.Unlock()
			t.restart(f, &a)
			t.handle(f, sig, &a, &info)
			return
		}
		p.sig.lock.Unlock()
		if a.Handler == SigIgn {
			continue
		}
		t.defaultAction(sig)
	}
}

func (t *Task) defaultAction(sig int) {
	p := t.Proc
	if p.PID == 1 && sig != SIGKILL && !synchronous.Has(sig) {
		return
	}
	switch defaultOf(sig) {
	case defStop:
		if sig != SIGSTOP && p.orphaned() {
			return
		}
		p.stop(sig)
	case defTerminate, defCore:
		ExitGroup(sig)
	}
}

// restart mends the registers of an interrupted system call: back to the SYSCALL instruction, or EINTR. a is the
// handler that is about to run, or nil.
func (t *Task) restart(f *arch.Frame, a *Action) {
	if !f.IsSyscall() {
		return
	}
	again := false
	switch errno.Errno(-int64(f.AX)) {
	case errno.ERESTARTNOINTR:
		again = true
	case errno.ERESTARTSYS:
		again = a == nil || a.Flags&SA_RESTART != 0
	case errno.ERESTARTNOHAND, errno.ERESTART_RESTARTBLOCK:
		again = a == nil
	default:
		return
	}
	if again {
		f.AX = f.Error // the call's number
		f.IP -= 2      // length of SYSCALL
	} else {
		e := -int64(errno.EINTR)
		f.AX = uint64(e)
	}
	f.Vector = 0 // never twice
}
