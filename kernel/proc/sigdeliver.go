//go:build galago

package proc

import (
	"math/bits"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// Delivery: what a thread does about its signals on the way to user mode.

// lowest returns the signal of s that is delivered first, 0 for none: those that report a fault before all others, for the fault is where
// the program stands; then by number.
func (s SigSet) lowest() int {
	if s == 0 {
		return 0
	}
	if s&synchronous != 0 {
		s &= synchronous
	}
	return bits.TrailingZeros64(uint64(s)) + 1
}

// next takes the signal to deliver now; 0: none. p.sig.lock is held.
//
// +checklocks:t.Proc.sig.lock
func (t *Task) next(info *Siginfo) int {
	p := t.Proc
	sig := 0
	switch mine, shared := t.sig.pending.set, p.sig.shared.set; {
	case mine.Has(SIGKILL):
		sig = SIGKILL
		t.sig.pending.discard(bitOf(SIGKILL))
		*info = Siginfo{Signo: SIGKILL}
	case shared.Has(SIGKILL): // left in place: it is for every thread
		sig = SIGKILL
		*info = Siginfo{Signo: SIGKILL}
	case mine&^t.sig.blocked != 0:
		sig = (mine &^ t.sig.blocked).lowest()
		t.sig.pending.take(sig, info)
	case shared&^t.sig.blocked != 0:
		sig = (shared &^ t.sig.blocked).lowest()
		p.sig.shared.take(sig, info)
	default:
		return 0
	}
	if stopSet.Has(sig) {
		t.sig.job.bits |= jobDequeued
	}
	return sig
}

// Deliver acts on pending signals and stops before the return to user mode with registers f: it takes default actions, or builds a
// handler's frame. It may not return.
func (t *Task) Deliver(f *arch.Frame) {
	p := t.Proc
	for {
		if t.doomed() {
			exitTask(p.exitCode)
		}
		t.RunWork()
		if t.sig.job.bits&jobPending != 0 && t.takeStops() {
			continue
		}
		var info Siginfo
		p.sig.lock.Lock()
		t.clearWork(workSignal)
		sig := t.next(&info)
		if sig != 0 && t.traced() && sig != SIGKILL {
			p.sig.lock.Unlock()
			if sig = t.traceSignal(sig, &info); sig == 0 {
				continue
			}
			p.sig.lock.Lock()
		}
		if sig == 0 {
			again := t.sig.job.bits&jobPending != 0 || t.doomed() || t.HasWork() // since the bit was cleared
			p.sig.lock.Unlock()
			if again {
				continue
			}
			t.undelivered(f)
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
		if a.Handler == SigDfl {
			t.defaultAction(sig, &info)
		}
	}
}

// takeStops enters pending stops; it reports whether there was one.
func (t *Task) takeStops() bool {
	if t.sig.job.bits&jobStopPending != 0 && t.enterStop(0) {
		return true
	}
	return t.traceStops()
}

// undelivered is the end of a delivery that ran no handler.
func (t *Task) undelivered(f *arch.Frame) {
	t.restart(f, nil)
	if t.Thread.Work&workRestore != 0 {
		t.clearWork(workRestore)
		t.Unsuspend()
	}
}

// defaultAction does what signal(7) says of sig; it returns if the process goes on.
func (t *Task) defaultAction(sig int, info *Siginfo) {
	p := t.Proc
	action := defaultOf(sig)
	if action == defIgnore || action == defContinue || p.PID == 1 && sig != SIGKILL && !synchronous.Has(sig) {
		return
	}
	if action == defStop {
		if sig == SIGSTOP || !p.orphaned() {
			t.enterStop(sig)
		}
		return
	}
	status := sig
	if action == defCore && t.dumpCore(sig, info) {
		status |= coreFlag
	}
	ExitGroup(status)
}

// coreFlag in a wait status says that a core was written (WCOREDUMP).
const coreFlag = 0x80

// restart mends the registers of an interrupted system call: back to the SYSCALL instruction, or EINTR. a is the
// handler that is about to run, or nil.
func (t *Task) restart(f *arch.Frame, a *Action) {
	if !f.IsSyscall() {
		return
	}
	again, call := false, f.Error
	switch errno.Errno(-int64(f.AX)) {
	case errno.ERESTARTNOINTR:
		again = true
	case errno.ERESTARTSYS:
		again = a == nil || a.Flags&SA_RESTART != 0
	case errno.ERESTARTNOHAND:
		again = a == nil
	case errno.ERESTART_RESTARTBLOCK:
		again, call = a == nil, sysRestart
	default:
		return
	}
	if again {
		f.AX = call
		f.IP -= 2 // length of SYSCALL
	} else {
		e := -int64(errno.EINTR)
		f.AX = uint64(e)
	}
	f.Vector = 0 // never twice
}

// Rework has the running thread look at its signals before it returns to user mode: its call returns an internal code, which only that
// turns into a restart or EINTR. The signal that ended the call may have been another thread's to take.
func (t *Task) Rework() { t.setWork(workSignal) }

// sysRestart is the number of restart_syscall(2).
const sysRestart = 219

// RestartBlock is how a call that waits for a limited time goes on after a stop, for the time that was left: it
// returns ERESTART_RESTARTBLOCK, and restart_syscall(2) calls Fn.
type RestartBlock struct {
	Fn       func(b *RestartBlock) (uintptr, errno.Errno)
	Deadline uint64 // on the clock that Fn knows; 0: none
	Args     [5]uintptr
}

// RestartWith arranges that the running call is continued by fn, unless a handler runs first (EINTR). fn reads the block, which is the
// thread's own; its result is restart_syscall's, and may again be that of RestartWith.
func (t *Task) RestartWith(fn func(b *RestartBlock) (uintptr, errno.Errno), deadline uint64, args [5]uintptr) errno.Errno {
	t.sig.again = RestartBlock{Fn: fn, Deadline: deadline, Args: args}
	return errno.ERESTART_RESTARTBLOCK
}

// Restart is restart_syscall(2): EINTR without an interrupted call.
func (t *Task) Restart() (uintptr, errno.Errno) {
	b := t.sig.again
	t.sig.again.Fn = nil
	if b.Fn == nil {
		return 0, errno.EINTR
	}
	return b.Fn(vfs.NoEscape(&b))
}
