//go:build galago

package sched

import (
	"sync/atomic"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/sched/policy"
	"galago/kernel/time"
)

// What a program asks for its threads: policy, priority, nice level (sched(7)).

// Scheduling policies, numbered as on Linux.
const (
	SchedOther    = 0
	SchedFIFO     = 1
	SchedRR       = 2
	SchedBatch    = 3
	SchedIdle     = 5
	SchedDeadline = 6
)

// Params are a thread's own parameters; what it inherits through locks comes on top.
type Params struct {
	Policy      int
	Nice        int
	Priority    int           // of SchedFIFO and SchedRR: 1…99
	Budget      policy.Budget // of SchedDeadline
	ResetOnFork bool
}

// Standing is a thread's place among all: its class, and its priority or deadline there. The zero value is the lowest.
type Standing struct {
	Class    policy.Class
	Priority uint8
	Due      uint64
}

// Above tells whether s is more urgent than o.
func (s Standing) Above(o Standing) bool {
	switch {
	case s.Class != o.Class:
		return s.Class > o.Class
	case s.Class == policy.RealTime:
		return s.Priority > o.Priority
	case s.Class == policy.Deadline:
		return int64(s.Due-o.Due) < 0
	}
	return false
}

// Params returns the thread's own parameters.
func (t *Thread) Params() Params {
	flags := arch.IRQDisable()
	rq := t.lockQueue()
	p := t.params
	rq.lock.UnlockIRQ(flags)
	return p
}

// Standing returns the thread's place now, with what it has inherited.
func (t *Thread) Standing() Standing {
	flags := arch.IRQDisable()
	rq := t.lockQueue()
	s := Standing{t.entity.Class, t.entity.Priority, t.entity.Due()}
	rq.lock.UnlockIRQ(flags)
	return s
}

// Nice returns the nice level, −20…19.
func (t *Thread) Nice() int { return t.params.Nice }

// SetNice sets the nice level, clamped to −20…19.
func (t *Thread) SetNice(nice int) {
	p := t.Params()
	p.Nice = min(max(nice, -20), 19)
	t.SetParams(p)
}

// admitted is the sum of the bandwidths of all threads of the deadline class.
var admitted atomic.Int64

// admit changes the sum if there is room (95 % of the CPUs, as on Linux).
func admit(delta int64) bool {
	limit := int64(policy.BandwidthUnit) * 95 / 100 * int64(arch.NumCPU())
	for {
		sum := admitted.Load()
		if delta > 0 && sum+delta > limit {
			return false
		}
		if admitted.CompareAndSwap(sum, sum+delta) {
			return true
		}
	}
}

func (p *Params) bandwidth() int64 {
	if p.Policy != SchedDeadline {
		return 0
	}
	return int64(p.Budget.Bandwidth())
}

// SetParams gives the thread parameters, which the caller has checked. EBUSY: there is no room for such a budget. EPERM: a thread of the
// deadline class must be able to run on every CPU.
func (t *Thread) SetParams(p Params) errno.Errno {
	flags := arch.IRQDisable()
	rq := t.lockQueue()
	e := errno.OK
	online := CPUMask(onlineMask.Load())
	switch {
	case p.Policy == SchedDeadline && t.affinity&online != online:
		e = errno.EPERM
	case !admit(p.bandwidth() - t.params.bandwidth()):
		e = errno.EBUSY
	default:
		t.params = p
		rq.apply(t)
	}
	rq.lock.UnlockIRQ(flags)
	if e == 0 {
		t.standingChanged()
	}
	return e
}

// inherit sets what the thread has from those who wait for its locks.
func (t *Thread) inherit(s Standing) {
	flags := arch.IRQDisable()
	rq := t.lockQueue()
	if t.inherited != s {
		t.inherited = s
		rq.apply(t)
	}
	rq.lock.UnlockIRQ(flags)
}

// apply makes t's entity follow its parameters. The queue, t's, is locked.
//
// +checklocks:rq.lock
func (rq *runQueue) apply(t *Thread) {
	queued, running := t.entity.Queued, rq.curr == t
	counted := t.onRQ && !t.migrate && (queued || running)
	if queued {
		rq.dequeue(t)
	}
	if counted {
		rq.account(time.Now())
		rq.discount(t)
	}
	class := t.entity.Class
	t.shape()
	if counted {
		rq.count(t)
	}
	switch {
	case queued:
		why := policy.Migrated
		if class != t.entity.Class {
			why = policy.Woken
		}
		rq.enqueue(t, why)
		if rq.curr == rq.idle || rq.queue.Preempts(&t.entity, &rq.curr.entity) {
			rq.resched()
		}
	case running && rq.nr.Load() > 1, running && t.entity.Class == policy.Deadline:
		rq.resched() // somebody else may be more urgent now
	}
}

// shape computes the entity from the parameters and the inheritance. It is not queued; the run queue is locked.
func (t *Thread) shape() {
	e, p := &t.entity, &t.params
	own := Standing{}
	switch p.Policy {
	case SchedFIFO, SchedRR:
		own = Standing{Class: policy.RealTime, Priority: uint8(p.Priority)}
	case SchedDeadline:
		if e.Class != policy.Deadline || e.Budget != p.Budget {
			e.Budget = p.Budget
			e.Begin(time.Now())
		}
		own = Standing{Class: policy.Deadline, Due: e.Due()}
	}
	e.Background, e.Batch, e.RoundRobin = p.Policy == SchedIdle, p.Policy == SchedBatch, p.Policy == SchedRR
	e.SetNice(p.Nice)
	if t.inherited.Above(own) {
		own = t.inherited
		if own.Class == policy.Deadline {
			e.Inherit(own.Due)
		}
	}
	e.Class, e.Priority = own.Class, own.Priority
}

// InheritPolicy gives a thread that has not started its parent's parameters. EAGAIN: they cannot be had twice.
func (t *Thread) InheritPolicy(parent *Thread) errno.Errno {
	p := parent.Params()
	if p.ResetOnFork {
		p.ResetOnFork = false
		if p.Policy != SchedBatch && p.Policy != SchedIdle {
			p.Policy, p.Priority, p.Budget = SchedOther, 0, policy.Budget{}
		}
		p.Nice = max(p.Nice, 0)
	}
	if p.Policy == SchedDeadline {
		return errno.EAGAIN
	}
	t.params = p
	t.shape()
	return errno.OK
}

// releaseBandwidth gives back what a thread that ends was admitted with.
func (t *Thread) releaseBandwidth() {
	if b := t.params.bandwidth(); b != 0 {
		admit(-b)
	}
}

// Interval is the turn of a thread among its equals, in ns: sched_rr_get_interval(2). 0: it has none.
func (t *Thread) Interval() uint64 {
	switch t.Params().Policy {
	case SchedRR:
		return policy.RealTimeTurn
	case SchedFIFO, SchedDeadline:
		return 0
	}
	return policy.Period
}
