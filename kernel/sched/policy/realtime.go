package policy

import "math/bits"

// realTime is the class of fixed priorities (sched(7), SCHED_FIFO and SCHED_RR): a line for each, and a bitmap of those that are not empty.
type realTime struct {
	lines [MaxPriority + 1]struct{ head, tail *Entity }
	used  [2]uint64 // bit p of the pair: line p is not empty
	n     int
}

// MinPriority and MaxPriority bound real-time priorities.
const (
	MinPriority = 1
	MaxPriority = 99
)

// RealTimeTurn is the quantum of SCHED_RR in ns.
const RealTimeTurn = 100_000_000

// enqueue puts e at the end of its line; at its head if it was interrupted before its turn was over.
func (q *realTime) enqueue(e *Entity, why Why) {
	l := &q.lines[e.Priority]
	e.Queued = true
	if why == Preempted && (!e.RoundRobin || e.Turn < RealTimeTurn) {
		if e.prev, e.next = nil, l.head; l.head == nil {
			l.tail = e
		} else {
			l.head.prev = e
		}
		l.head = e
	} else {
		e.Turn = 0
		if e.prev, e.next = l.tail, nil; l.tail == nil {
			l.head = e
		} else {
			l.tail.next = e
		}
		l.tail = e
	}
	q.used[e.Priority>>6] |= 1 << (e.Priority & 63)
	q.n++
}

func (q *realTime) dequeue(e *Entity) {
	l := &q.lines[e.Priority]
	e.Queued = false
	if e.prev == nil {
		l.head = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		l.tail = e.prev
	} else {
		e.next.prev = e.prev
	}
	e.next, e.prev = nil, nil
	if l.head == nil {
		q.used[e.Priority>>6] &^= 1 << (e.Priority & 63)
	}
	q.n--
}

// below returns the highest priority under p that somebody waits at, 0 if none.
func (q *realTime) below(p int) int {
	for w := (p - 1) >> 6; w >= 0; w-- {
		set := q.used[w]
		if p-w<<6 < 64 {
			set &= 1<<uint(p-w<<6) - 1
		}
		if set != 0 {
			return w<<6 + bits.Len64(set) - 1
		}
	}
	return 0
}

// first returns the entity to run next; there is one.
func (q *realTime) first() *Entity { return q.lines[q.below(MaxPriority+1)].head }

func (q *realTime) pick() *Entity {
	e := q.first()
	q.dequeue(e)
	return e
}

// after walks the lines from the highest priority down.
func (q *realTime) after(e *Entity) *Entity {
	p := MaxPriority + 1
	if e != nil {
		if e.next != nil {
			return e.next
		}
		p = int(e.Priority)
	}
	if p = q.below(p); p == 0 {
		return nil
	}
	return q.lines[p].head
}

// expired tells whether curr must make room for a higher priority, or for its own after a turn.
func (q *realTime) expired(curr *Entity) bool {
	if q.n == 0 {
		return false
	}
	p := q.below(MaxPriority + 1)
	return p > int(curr.Priority) || p == int(curr.Priority) && curr.RoundRobin && curr.Turn >= RealTimeTurn
}
