//go:build galago

package sched

import "galago/arch"

// Settle waits until t, which is about to sleep, is off its CPU: its registers are where a context switch leaves them.
// t must not be woken meanwhile, or settles later.
func Settle(t *Thread) {
	for !t.settled() {
		Yield()
	}
}

func (t *Thread) settled() bool {
	flags := arch.IRQDisable()
	rq := t.lockQueue()
	off := !t.onRQ && rq.curr != t
	rq.lock.UnlockIRQ(flags)
	return off
}
