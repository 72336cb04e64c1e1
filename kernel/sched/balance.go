//go:build galago

package sched

import (
	"math/bits"
	"sync/atomic"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/sched/policy"
	"galago/kernel/time"
)

// Load is balanced from both ends: a CPU that runs out of work pulls a thread from the busiest one, and a CPU with
// several threads looks every few ticks whether another has less, wakes it if it is idle and else pushes a thread to
// it. A CPU with one thread or none needs no tick and does nothing.

const (
	// TickPeriod is how often, in ns, a CPU with more than one runnable thread looks whether a turn is over.
	TickPeriod = 1_000_000

	minTick      = 50_000 // ns; the shortest tick, for budgets that are almost used up
	balanceTicks = 4      // ticks between attempts to push
	rotateTicks  = 64     // ticks between pushes that merely swap who is better off: 3 threads on 2 CPUs
	scanLimit    = 32     // entities looked at for one that may move
)

// startTick sets this CPU's tick. The queue is locked.
//
// +checklocks:rq.lock
func (rq *runQueue) startTick() {
	rq.tickFor(rq.curr)
}

// tickFor sets the tick for a thread that runs or is about to: at the end of its budget if it has one. The queue is locked.
//
// +checklocks:rq.lock
func (rq *runQueue) tickFor(t *Thread) {
	ns := uint64(TickPeriod)
	if e := &t.entity; e.Class == policy.Deadline && e.Budget.Runtime != 0 {
		ns = uint64(min(max(e.Left(), minTick), TickPeriod))
	}
	rq.ticking = true
	rq.tick.Start(rq.clock + ns)
}

// tickTimer runs in the timer interrupt of the CPU that set it.
func tickTimer(*time.Timer) {
	rq := &queues[arch.Current().CPU]
	rq.lock.Lock()
	rq.account(time.Now())
	rq.ticking = false
	deadline := rq.curr.entity.Class == policy.Deadline
	if rq.nr.Load() > 1 || deadline {
		if rq.curr != rq.idle && rq.queue.Expired(&rq.curr.entity) {
			rq.resched()
		}
		rq.ticks++
		if rq.ticks%balanceTicks == 0 {
			rq.push()
		}
		if rq.nr.Load() > 1 || deadline {
			rq.startTick()
		}
	}
	rq.lock.Unlock()
}

// pull takes a thread from the CPU that has most to run. The queue is locked and empty; the other's lock is
// only tried, so two CPUs never wait for each other.
//
// +checklocks:rq.lock
func (rq *runQueue) pull() bool {
	online := onlineMask.Load() &^ (1 << uint(rq.cpu))
	if online == 0 {
		return false
	}
	var busiest *runQueue
	most := int32(1)
	for ; online != 0; online &= online - 1 {
		other := &queues[bits.TrailingZeros64(online)]
		if nr := other.nr.Load(); nr > most {
			busiest, most = other, nr
		}
	}
	if busiest == nil || !busiest.lock.TryLock() {
		return false
	}
	t := busiest.candidate(int(rq.cpu), ^uint64(0))
	if t != nil {
		busiest.give(t, rq)
	}
	busiest.lock.Unlock()
	return t != nil
}

// push gives an idle CPU a sign to pull, or moves a thread to the least loaded CPU if that evens the load. The queue
// is locked.
//
// +checklocks:rq.lock
func (rq *runQueue) push() {
	others := CPUMask(onlineMask.Load()) &^ (1 << uint(rq.cpu))
	if others == 0 {
		return
	}
	if idle := CPUMask(idleMask.Load()) & others; idle != 0 {
		others = idle
	}
	other := &queues[leastLoaded(others)]
	gap := int64(rq.load.Load() - other.load.Load())
	if rq.ticks%rotateTicks == 0 {
		gap++ // allows a move that only swaps the two
	}
	if gap <= 0 || !other.lock.TryLock() {
		return
	}
	if t := rq.candidate(int(other.cpu), uint64(gap)); t != nil {
		rq.give(t, other)
		if other.curr == other.idle || !other.ticking {
			other.resched()
		}
	}
	other.lock.Unlock()
}

// candidate finds a waiting thread that may run on cpu and weighs less than limit. The queue is locked.
//
// +checklocks:rq.lock
func (rq *runQueue) candidate(cpu int, limit uint64) *Thread {
	e := rq.queue.Next(nil)
	for i := 0; e != nil && i < scanLimit; i++ {
		t := (*Thread)(e.Owner)
		if t.affinity.Has(cpu) && e.Weight < limit {
			return t
		}
		e = rq.queue.Next(e)
	}
	return nil
}

// give moves the waiting thread t to another queue. Both are locked.
//
// +checklocks:rq.lock
func (rq *runQueue) give(t *Thread, to *runQueue) {
	rq.dequeue(t)
	rq.discount(t)
	rq.queue.Leave(&t.entity)
	atomic.StoreInt32(&t.CPU, to.cpu)
	to.queue.Join(&t.entity)
	to.count(t)
	to.enqueue(t, policy.Migrated)
}

// Affinity returns the CPUs the thread may run on.
func (t *Thread) Affinity() CPUMask {
	flags := arch.IRQDisable()
	rq := t.lockQueue()
	m := t.affinity
	rq.lock.UnlockIRQ(flags)
	return m
}

// SetAffinity restricts the thread to a set of CPUs; EINVAL when it holds no CPU that is up. When it returns, a
// running or waiting thread is on its way to one of them, the caller itself has arrived.
func (t *Thread) SetAffinity(m CPUMask) errno.Errno {
	if m&CPUMask(onlineMask.Load()) == 0 {
		return errno.EINVAL
	}
	flags := arch.IRQDisable()
	rq := t.lockQueue()
	t.affinity = m
	if !m.Has(int(rq.cpu)) {
		switch {
		case rq.curr == t:
			rq.resched()
		case t.entity.Queued:
			rq.dequeue(t)
			rq.discount(t)
			rq = rq.moveTo(t, leastLoaded(m&CPUMask(onlineMask.Load())))
			rq.activate(t, policy.Migrated)
		}
	}
	rq.lock.UnlockIRQ(flags)
	return errno.OK
}
