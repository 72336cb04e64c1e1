package policy

// Classes is a CPU's queue of all classes: deadline before real time before the rest, for which the policy chosen at boot is responsible.
//
// The two upper classes could keep the CPU for ever. Together they get at most Share of each window of busy time while others wait, as
// on Linux (sched_rt_runtime_us).
type Classes struct {
	Now    uint64 // the time, for the deadline class; the caller sets it before Enqueue, Account and Replenish
	edf    edf
	rt     realTime
	normal Queue

	busy, urgent uint64 // ns of this window: run by all classes, run by real time
}

// Window and Share limit the real-time class, in ns.
const (
	Window = 1_000_000_000
	Share  = 950_000_000
)

// Init makes an empty queue over a policy for the lowest class.
func (q *Classes) Init(normal Queue) { *q = Classes{normal: normal} }

// exhausted tells whether real time has had its share while others wait.
func (q *Classes) exhausted() bool { return q.urgent >= Share && q.normal.Len() > 0 }

// Enqueue puts e in. One of the deadline class may turn out to be Held.
func (q *Classes) Enqueue(e *Entity, why Why) {
	switch e.Class {
	case Normal:
		q.normal.Enqueue(e, why)
	case RealTime:
		q.rt.enqueue(e, why)
	default:
		q.edf.enqueue(e, why, q.Now)
	}
}

// Dequeue takes e, which is queued, out again.
func (q *Classes) Dequeue(e *Entity) {
	switch e.Class {
	case Normal:
		q.normal.Dequeue(e)
	case RealTime:
		q.rt.dequeue(e)
	default:
		q.edf.dequeue(e)
	}
}

// Pick takes out the entity to run next, nil if there is none.
func (q *Classes) Pick() *Entity {
	if e := q.edf.ready.Min(); e != nil {
		q.edf.dequeue(e)
		return e
	}
	if q.rt.n > 0 && !q.exhausted() {
		return q.rt.pick()
	}
	return q.normal.Pick()
}

// Account notes that curr has run for ns nanoseconds more.
func (q *Classes) Account(curr *Entity, ns uint64) {
	if q.busy += ns; q.busy >= Window {
		q.busy, q.urgent = 0, 0
	}
	switch curr.Class {
	case Normal:
		q.normal.Account(curr, ns)
	case RealTime:
		curr.Turn += ns
		q.urgent += ns
	default:
		curr.left -= int64(ns)
	}
}

// Expired tells whether curr has to give the CPU to one who waits, or its budget is used up.
func (q *Classes) Expired(curr *Entity) bool {
	if first := q.edf.ready.Min(); first != nil {
		if curr.Class != Deadline || before(first.due, curr.due) {
			return true
		}
	}
	switch curr.Class {
	case Normal:
		return q.rt.n > 0 && q.urgent < Share || q.normal.Expired(curr)
	case RealTime:
		return q.rt.expired(curr) || q.exhausted()
	}
	return curr.left <= 0 && curr.Budget.Runtime != 0
}

// Preempts tells whether woken, just enqueued, should run before curr goes on.
func (q *Classes) Preempts(woken, curr *Entity) bool {
	if woken.Class != curr.Class {
		return woken.Class > curr.Class && !woken.held && (woken.Class != RealTime || !q.exhausted())
	}
	switch woken.Class {
	case RealTime:
		return woken.Priority > curr.Priority
	case Deadline:
		return !woken.held && before(woken.due, curr.due)
	}
	switch {
	case woken.Background:
		return false
	case curr.Background:
		return true
	case woken.Batch:
		return false
	}
	return q.normal.Preempts(woken, curr)
}

// Leave and Join move an entity that is not queued from one CPU's queue to another's. Its virtual time goes with it in any class, as it
// may come back to the fair one.
func (q *Classes) Leave(e *Entity) { q.normal.Leave(e) }
func (q *Classes) Join(e *Entity)  { q.normal.Join(e) }

// Next walks the waiting entities, the most urgent first; Next(nil) is the first.
func (q *Classes) Next(e *Entity) *Entity {
	var n *Entity
	class := Deadline
	if e != nil {
		class = e.Class
	}
	if class == Deadline {
		if e == nil {
			n = q.edf.ready.Min()
		} else {
			n = q.edf.ready.Next(&e.node)
		}
		if n != nil {
			return n
		}
		e, class = nil, RealTime
	}
	if class == RealTime {
		if n = q.rt.after(e); n != nil {
			return n
		}
		e = nil
	}
	return q.normal.Next(e)
}

// Len is the number of waiting entities, those held left out.
func (q *Classes) Len() int { return q.edf.ready.Len() + q.rt.n + q.normal.Len() }

// UrgentWaiting tells how urgent the first waiting entity above the normal class is; 0 if there is none, or it may not run now.
func (q *Classes) UrgentWaiting() int {
	if e := q.edf.ready.Min(); e != nil {
		return e.Urgency()
	}
	if q.rt.n > 0 && !q.exhausted() {
		return q.rt.first().Urgency()
	}
	return 0
}

// Held tells whether e is in the queue without waiting for the CPU: its budget is used up until Replenish.
func (e *Entity) Held() bool { return e.held }

// Left is what remains of e's budget, in ns; it may be negative.
func (e *Entity) Left() int64 { return e.left }
