//go:build galago

package sched

import (
	"math/bits"
	"sync/atomic"

	"galago/kernel/sched/policy"
	"galago/kernel/time"
)

// Threads of the real-time and deadline classes over several CPUs: the most urgent ones run, wherever there is a CPU that does something
// less urgent. A waking thread goes to such a CPU; one that is displaced has another CPU pull it.

// urgentWaiting counts the threads of the upper classes that wait for a CPU.
var urgentWaiting atomic.Int32

// urgent notes that t, of an upper class, has come into the queue: it waits, or it is held until its next period. The queue is locked.
//
// +checklocks:rq.lock
func (rq *runQueue) urgent(t *Thread) {
	if !t.entity.Held() {
		urgentWaiting.Add(1)
		return
	}
	rq.discount(t)
	rq.awaitPeriod()
}

// awaitPeriod sets the timer for the next thread that is held. The queue is locked.
//
// +checklocks:rq.lock
func (rq *runQueue) awaitPeriod() {
	if at, ok := rq.queue.NextPeriod(); ok {
		rq.period.Start(at)
	}
}

// periodTimer gives threads of the deadline class the budget of a new period. It runs in the timer interrupt.
func periodTimer(tm *time.Timer) {
	rq := (*runQueue)(tm.Arg)
	rq.lock.Lock()
	now := time.Now()
	rq.account(now)
	rq.queue.Now = now
	for e := rq.queue.Replenish(); e != nil; e = rq.queue.Replenish() {
		rq.count((*Thread)(e.Owner))
		urgentWaiting.Add(1)
		if rq.curr == rq.idle {
			idleMask.And(^uint64(1 << uint(rq.cpu)))
			rq.resched()
		} else if rq.queue.Preempts(e, &rq.curr.entity) {
			rq.resched()
		}
	}
	rq.awaitPeriod()
	rq.lock.Unlock()
}

// current tells how urgent what a CPU runs is; 0 if it idles. The queue is locked, or it is a hint.
func (rq *runQueue) current() int {
	if rq.curr == rq.idle {
		return 0
	}
	return rq.curr.entity.Urgency()
}

// selectUrgent chooses where a woken thread of an upper class should run: where it ran last if it may run there at once, else where
// the least urgent thread runs.
func (t *Thread) selectUrgent(prev int, allowed CPUMask) int {
	mine := t.entity.Urgency()
	if allowed.Has(prev) && queues[prev].current() < min(mine, policy.MinPriority+2) {
		return prev // it idles, or runs nothing of an upper class
	}
	best, least := -1, mine
	for m := uint64(allowed); m != 0; m &= m - 1 {
		cpu := bits.TrailingZeros64(m)
		if u := queues[cpu].current(); u < least {
			best, least = cpu, u
		}
	}
	switch {
	case best >= 0:
		return best
	case allowed.Has(prev):
		return prev
	case allowed != 0:
		return leastLoaded(allowed)
	}
	return prev
}

// lowerThan returns a CPU that t, which waits here, may run on and that does something less urgent; −1 if there is none.
func (rq *runQueue) lowerThan(t *Thread) int {
	allowed := CPUMask(onlineMask.Load()) & t.affinity &^ (1 << uint(rq.cpu))
	best, least := -1, t.entity.Urgency()
	for m := uint64(allowed); m != 0; m &= m - 1 {
		cpu := bits.TrailingZeros64(m)
		if u := queues[cpu].current(); u < least {
			best, least = cpu, u
		}
	}
	return best
}

// pokeToPull has another CPU look for urgent threads that wait elsewhere. Interrupts are off.
func pokeToPull(cpu int) {
	rq := &queues[cpu]
	rq.lock.Lock()
	rq.resched()
	rq.lock.Unlock()
}

// pullUrgent takes the most urgent waiting thread of another CPU over if it is more urgent than what waits here. The queue is locked; the
// other's lock is only tried.
func (rq *runQueue) pullUrgent() {
	for m := onlineMask.Load() &^ (1 << uint(rq.cpu)); m != 0; m &= m - 1 {
		other := &queues[bits.TrailingZeros64(m)]
		if !other.lock.TryLock() {
			continue
		}
		least := max(rq.queue.UrgentWaiting(), policy.MinPriority+1)
		if other.queue.UrgentWaiting() > least {
			other.giveUrgent(rq, least)
		}
		other.lock.Unlock()
	}
}

// giveUrgent moves the first waiting thread more urgent than least that may run there to another queue. Both are locked.
//
// +checklocks:rq.lock
func (rq *runQueue) giveUrgent(to *runQueue, least int) {
	e := rq.queue.Next(nil)
	for i := 0; e != nil && i < scanLimit && e.Urgency() > least; i++ {
		if t := (*Thread)(e.Owner); t.affinity.Has(int(to.cpu)) {
			rq.give(t, to)
			return
		}
		e = rq.queue.Next(e)
	}
}
