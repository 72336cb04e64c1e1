//go:build galago && lockdep

package sched

import (
	"runtime"

	"galago/kernel/klog"
	"galago/kernel/lock"
)

// installLockReport has the lock-dependency checker report to the log.
func installLockReport() { lock.OnViolation = reportLock }

// reportLock prints a broken locking rule with both stacks, and panics.
func reportLock(v *lock.Violation) {
	klog.Panicking = true
	klog.Errorf("lockdep: %s: taking %s, holding %s\n", v.What, v.Taken.String(), v.Held.String())
	printTrace(v.Here[:])
	if v.HeldPC != 0 {
		klog.Errorf("lockdep: the lock held was taken at\n")
		printPC(v.HeldPC)
	}
	if v.There != nil {
		klog.Errorf("lockdep: first stack that did the opposite\n")
		printTrace(v.There[:])
	}
	panic("lock: rule broken")
}

func printTrace(t []uintptr) {
	for _, pc := range t {
		if pc == 0 {
			return
		}
		printPC(pc)
	}
}

// printPC prints the call that returns to pc.
func printPC(pc uintptr) {
	fn, file, line := runtime.FuncLine(pc - 1)
	klog.Errorf("  %s %s:%d\n", fn, file, line)
}
