package policy

import "galago/kernel/ds"

// Fair gives each thread a share of the CPU in proportion to its weight. Each has a virtual run time, which
// advances slower the greater its weight; the one that is furthest behind runs next. It is the design of Linux's
// CFS (Documentation/scheduler/sched-design-CFS.rst): a red-black tree ordered by virtual run time, and
//
//   - base, the virtual time of the queue, which never goes back: newcomers start there, sleepers are brought up to
//     half a period before it, so that neither a long sleep nor a long life buys a monopoly;
//   - a turn is the thread's share of Period, or of MinTurn for each thread if there are too many;
//   - a woken thread runs at once if it is more than WakeGrain behind the running one.
type Fair struct {
	tree   ds.RBTree[Entity]
	n      int
	weight uint64 // sum over the waiting entities
	base   uint64
}

// The constants of the fair class, in ns.
const (
	Period    = 6_000_000
	MinTurn   = 1_000_000
	WakeGrain = 1_000_000
)

// firstBase keeps virtual times that lie before the base above zero.
const firstBase = 1 << 40

var fairQueues [maxCPUs]Fair

// scale turns real time into e's virtual time.
func (e *Entity) scale(ns uint64) uint64 {
	if e.Weight == NiceWeight {
		return ns
	}
	return ns * NiceWeight / e.Weight
}

// advance moves the base to the smaller of the running entity's virtual time and the first waiting one's.
func (q *Fair) advance(curr *Entity) {
	v := curr.vruntime
	if first := q.tree.Min(); first != nil && before(first.vruntime, v) {
		v = first.vruntime
	}
	if before(q.base, v) {
		q.base = v
	}
}

// before compares virtual times, which may be taken as never wrapping but for entities between queues.
func before(a, b uint64) bool { return int64(a-b) < 0 }

func (q *Fair) start() {
	if q.base == 0 {
		q.base = firstBase
	}
}

// Enqueue puts e in at its virtual time, adjusted for why it comes.
func (q *Fair) Enqueue(e *Entity, why Why) {
	q.start()
	switch why {
	case Created:
		e.vruntime = q.base
		e.Turn = 0
	case Woken:
		if least := q.base - Period/2; before(e.vruntime, least) {
			e.vruntime = least
		}
		e.Turn = 0
	case Yielded:
		// Behind all who wait with it.
		if first := q.tree.Min(); first != nil && !before(first.vruntime, e.vruntime) {
			e.vruntime = first.vruntime + 1
		}
	}
	e.Queued = true
	q.n++
	q.weight += e.Weight
	e.node.Init(e)
	q.tree.Insert(&e.node, e.vruntime)
}

// Dequeue takes e out.
func (q *Fair) Dequeue(e *Entity) {
	e.Queued = false
	q.n--
	q.weight -= e.Weight
	q.tree.Remove(&e.node)
}

// Pick takes out the entity that is furthest behind.
func (q *Fair) Pick() *Entity {
	e := q.tree.Min()
	if e == nil {
		return nil
	}
	q.Dequeue(e)
	e.Turn = 0
	if before(q.base, e.vruntime) {
		q.base = e.vruntime
	}
	return e
}

// Account advances the virtual time of the running entity.
func (q *Fair) Account(curr *Entity, ns uint64) {
	curr.Turn += ns
	curr.vruntime += curr.scale(ns)
	q.advance(curr)
}

// turn is the time curr may run among those waiting.
func (q *Fair) turn(curr *Entity) uint64 {
	period := uint64(Period)
	if n := uint64(q.n + 1); n*MinTurn > period {
		period = n * MinTurn
	}
	return max(period*curr.Weight/(q.weight+curr.Weight), MinTurn)
}

// Expired tells whether curr has had its share of the period and is no longer the one furthest behind.
func (q *Fair) Expired(curr *Entity) bool {
	if q.n == 0 || curr.Turn < q.turn(curr) {
		return false
	}
	return !before(curr.vruntime, q.tree.Min().vruntime)
}

// Preempts tells whether woken is so far behind curr that it may interrupt it.
func (q *Fair) Preempts(woken, curr *Entity) bool {
	return before(woken.vruntime+woken.scale(WakeGrain), curr.vruntime)
}

// Leave makes e's virtual time relative to this queue's base.
func (q *Fair) Leave(e *Entity) {
	q.start()
	e.vruntime -= q.base
}

// Join makes it absolute again by the new queue's base.
func (q *Fair) Join(e *Entity) {
	q.start()
	e.vruntime += q.base
}

// Next walks the entities in the order of their virtual times.
func (q *Fair) Next(e *Entity) *Entity {
	if e == nil {
		return q.tree.Min()
	}
	return q.tree.Next(&e.node)
}

// Len is the number of waiting entities.
func (q *Fair) Len() int { return q.n }
