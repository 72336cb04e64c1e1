package policy

// RR is round robin: one line in order of arrival, and a turn of one quantum each. Nice levels do not count.
// A thread whose turn was cut short goes on with the rest of it later, from the head of the line.
type RR struct {
	Quantum     uint64 // ns; 0 means DefaultQuantum
	first, last *Entity
	n           int
}

// DefaultQuantum is RR's time slice in ns.
const DefaultQuantum = 10_000_000

var rrQueues [maxCPUs]RR

func (q *RR) quantum() uint64 {
	if q.Quantum == 0 {
		return DefaultQuantum
	}
	return q.Quantum
}

// Enqueue puts e at the end of the line, or at its head if the rest of its turn is still due.
func (q *RR) Enqueue(e *Entity, why Why) {
	e.Queued = true
	q.n++
	if why == Preempted && e.Turn < q.quantum() {
		e.prev, e.next = nil, q.first
	} else {
		e.Turn = 0
		e.prev, e.next = q.last, nil
	}
	if e.prev == nil {
		q.first = e
	} else {
		e.prev.next = e
	}
	if e.next == nil {
		q.last = e
	} else {
		e.next.prev = e
	}
}

// Dequeue takes e out of the line.
func (q *RR) Dequeue(e *Entity) {
	e.Queued = false
	q.n--
	if e.prev == nil {
		q.first = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		q.last = e.prev
	} else {
		e.next.prev = e.prev
	}
	e.next, e.prev = nil, nil
}

// Pick takes the head of the line.
func (q *RR) Pick() *Entity {
	e := q.first
	if e != nil {
		q.Dequeue(e)
	}
	return e
}

// Account counts the turn.
func (q *RR) Account(curr *Entity, ns uint64) { curr.Turn += ns }

// Expired tells whether the quantum is used up and somebody else is there.
func (q *RR) Expired(curr *Entity) bool { return q.n > 0 && curr.Turn >= q.quantum() }

// Preempts is never: everybody waits for his turn.
func (q *RR) Preempts(woken, curr *Entity) bool { return false }

// Leave does nothing: an entity owes its queue nothing.
func (q *RR) Leave(e *Entity) {}

// Join does nothing.
func (q *RR) Join(e *Entity) {}

// Next walks the line.
func (q *RR) Next(e *Entity) *Entity {
	if e == nil {
		return q.first
	}
	return e.next
}

// Len is the length of the line.
func (q *RR) Len() int { return q.n }
