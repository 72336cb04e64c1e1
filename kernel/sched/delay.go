//go:build galago

package sched

import (
	"unsafe"

	"galago/kernel/time"
)

// needWorkers does nothing: the boot starts the workers, and early work waits for them.
func needWorkers() {}

// delayTimer is the timer of a DelayedWork.
type delayTimer struct {
	t time.Timer
}

func (d *delayTimer) start(w *DelayedWork, deadline uint64) {
	d.t.Func, d.t.Arg = delayOver, unsafe.Pointer(w)
	d.t.Start(deadline)
}

func (d *delayTimer) stop() { d.t.Stop() }

func delayOver(t *time.Timer) { (*DelayedWork)(t.Arg).fire() }
