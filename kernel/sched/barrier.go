package sched

import "galago/kernel/lock"

// Barrier holds threads back until a number of them have arrived, over and over.
type Barrier struct {
	q       WaitQueue
	parties int
	arrived int // guarded by q.lock
}

// Init sets the number of threads that meet. Only before use.
func (b *Barrier) Init(parties int) { b.parties, b.arrived = parties, 0 }

// Wait sleeps until all parties have called it; true for the last of them.
func (b *Barrier) Wait() bool {
	lock.AssertMaySleep()
	flags := b.q.lockAs(lock.RankSleepLock)
	b.arrived++
	last := b.arrived >= b.parties
	if last {
		b.arrived = 0
		for b.q.first != nil {
			b.q.wakeFirst()
		}
	} else {
		flags, _ = b.q.park(Current(), flags, Uninterruptible, 0, false)
	}
	b.q.unlock(flags)
	return last
}
