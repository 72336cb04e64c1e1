//go:build galago && lockdep

package oops

import (
	"runtime"

	"galago/arch"
	"galago/kernel/klog"
	"galago/kernel/lock"
)

func initLockdep() { lock.OnViolation = violation }

// heldLocks lists the spin locks a thread holds and where it took them.
func heldLocks(h *arch.ThreadHeader) {
	for i := range int(h.NHeld) {
		l, pc := lock.Held(h, i)
		_, file, line := runtime.FuncLine(pc - 1)
		klog.Log(klog.Emerg, "holds lock %x, taken at %s:%d", uintptr(l), file, line)
	}
}

func trace(t *lock.Trace) {
	for _, pc := range t {
		if pc == 0 {
			return
		}
		fn, file, line := runtime.FuncLine(pc - 1)
		klog.Log(klog.Emerg, "  %016x %s %s:%d", pc, fn, file, line)
	}
}

func violation(v *lock.Violation) {
	if !begin() {
		arch.Halt()
	}
	klog.Log(klog.Emerg, "kernel panic: locking: %s (taking %s, holding %s)", v.What, v.Taken.String(), v.Held.String())
	where(0)
	klog.Log(klog.Emerg, "this stack:")
	trace(&v.Here)
	if v.There != nil {
		klog.Log(klog.Emerg, "the order was set by:")
		trace(v.There)
	}
	finish()
}
