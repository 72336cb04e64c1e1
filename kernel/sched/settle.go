//go:build galago

package sched

import "galago/arch"

// Settle waits until t, which is about to sleep, is off its CPU: its registers are where a context switch leaves them.
// t must not be woken meanwhile, or settles later. It may wait for this very CPU and be less urgent than the caller, who then sleeps.
func Settle(t *Thread) {
	const yields, pause = 2, 50_000 // ns
	for i := 0; !t.settled(); i++ {
		if i < yields {
			Yield()
		} else {
			Sleep(pause)
		}
	}
}

func (t *Thread) settled() bool {
	flags := arch.IRQDisable()
	rq := t.lockQueue()
	off := !t.onRQ && rq.curr != t
	rq.lock.UnlockIRQ(flags)
	return off
}
