package policy

import (
	"math/bits"

	"galago/kernel/ds"
)

// edf is the deadline class: each entity has a budget of run time for each of its periods, and the one whose deadline is nearest runs. Who has
// used his budget up is held until the next period, so that those who keep to theirs meet their deadlines as long as the sum of
// the bandwidths is admitted (C. L. Liu, J. W. Layland, JACM 20(1), 1973; the constant bandwidth server of L. Abeni, G. Buttazzo, RTSS 1998).
type edf struct {
	ready ds.RBTree[Entity] // by deadline
	held  ds.RBTree[Entity] // by the time at which the next period begins
}

// Budget is what the deadline class promises: Runtime ns within Deadline ns of the beginning of each Period. An entity that inherited its
// deadline has none (all 0) and is not limited.
type Budget struct{ Runtime, Deadline, Period uint64 }

// BandwidthUnit is the bandwidth of a whole CPU.
const BandwidthUnit = 1 << 20

// Bandwidth is the fraction of a CPU that the budget takes, in units of 1/BandwidthUnit.
func (b *Budget) Bandwidth() uint64 {
	if b.Period == 0 {
		return 0
	}
	hi, lo := bits.Mul64(b.Runtime, BandwidthUnit)
	q, _ := bits.Div64(hi, lo, b.Period) // Runtime ≤ Period, so the quotient fits
	return q
}

// Begin has e, which is not queued, begin its first period now.
func (e *Entity) Begin(now uint64) { e.due, e.left = now+e.Budget.Deadline, int64(e.Budget.Runtime) }

// Inherit gives e, which is not queued, another's absolute deadline, without a budget.
func (e *Entity) Inherit(due uint64) { e.due, e.Budget = due, Budget{} }

// Due is the absolute deadline.
func (e *Entity) Due() uint64 { return e.due }

func (q *edf) enqueue(e *Entity, why Why, now uint64) {
	e.Queued = true
	if e.Budget.Runtime != 0 {
		switch {
		case why == Yielded:
			e.left = 0
		case why == Created, why == Woken && e.stale(now):
			e.due, e.left = now+e.Budget.Deadline, int64(e.Budget.Runtime)
		}
		if e.left <= 0 {
			next := e.due - e.Budget.Deadline + e.Budget.Period
			if before(now, next) {
				e.held = true
				e.node.Init(e)
				q.held.Insert(&e.node, next)
				return
			}
			e.refill(now)
		}
	}
	e.node.Init(e)
	q.ready.Insert(&e.node, e.due)
}

// stale tells whether e, which slept, may not go on with what it had: its deadline is over, or the rest would take more than its bandwidth.
func (e *Entity) stale(now uint64) bool {
	if !before(now, e.due) {
		return true
	}
	hi, lo := bits.Mul64(uint64(max(e.left, 0)), e.Budget.Deadline)
	most, rest := bits.Mul64(e.due-now, e.Budget.Runtime)
	return hi > most || hi == most && lo > rest
}

// refill begins the period that now lies in.
func (e *Entity) refill(now uint64) {
	for range maxPeriods {
		e.due += e.Budget.Period
		if e.left += int64(e.Budget.Runtime); e.left > 0 && before(now, e.due) {
			return
		}
	}
	e.due, e.left = now+e.Budget.Deadline, int64(e.Budget.Runtime)
}

// maxPeriods bounds how many missed periods are made up for.
const maxPeriods = 8

func (q *edf) dequeue(e *Entity) {
	e.Queued = false
	if e.held {
		e.held = false
		q.held.Remove(&e.node)
	} else {
		q.ready.Remove(&e.node)
	}
}

// Replenish moves one entity whose period has begun to those that wait for the CPU and returns it; nil if there is none.
func (q *Classes) Replenish() *Entity {
	e := q.edf.held.Min()
	if e == nil || before(q.Now, e.node.Key()) {
		return nil
	}
	q.edf.held.Remove(&e.node)
	e.held = false
	e.refill(q.Now)
	e.node.Init(e)
	q.edf.ready.Insert(&e.node, e.due)
	return e
}

// NextPeriod returns when Replenish will have something to do; ok is false if nobody is held.
func (q *Classes) NextPeriod() (at uint64, ok bool) {
	e := q.edf.held.Min()
	if e == nil {
		return 0, false
	}
	return e.node.Key(), true
}
