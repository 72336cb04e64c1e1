package elevator

import "galago/kernel/ds"

// Deadline serves in ascending sector order, in batches of one direction, but no request waits much beyond its
// deadline: when the oldest of a direction is late, the next batch begins with it. Reads, for which somebody waits,
// come before writes, which may be passed over a limited number of times only.
type Deadline struct {
	fifo     [2]ds.List[Item] // in order of arrival, hence of deadlines
	expire   [2]uint64        // ns
	batchMax int
	starvMax int

	dir     int    // of the current batch
	batch   int    // how many it has served
	head    uint64 // where its last item ended
	starved int    // how often writes were passed over
}

// The same figures as Linux's scheduler of that name has by default.
const (
	readExpire    = 500_000_000
	writeExpire   = 5_000_000_000
	deadlineBatch = 16
	writesStarved = 2
)

func (p *Deadline) init() {
	p.expire = [2]uint64{readExpire, writeExpire}
	p.batchMax, p.starvMax = deadlineBatch, writesStarved
}

// Name is "deadline".
func (p *Deadline) Name() string { return "deadline" }

// Add notes the deadline.
func (p *Deadline) Add(q *Queue, it *Item, now uint64) {
	d := it.dir()
	it.Deadline = now + p.expire[d]
	p.fifo[d].PushBack(&it.fifo)
}

// Remove takes the item out.
func (p *Deadline) Remove(q *Queue, it *Item) { p.fifo[it.dir()].Remove(&it.fifo) }

// Next continues the batch or begins another one.
func (p *Deadline) Next(q *Queue, now uint64) *Item {
	if p.batch > 0 && p.batch < p.batchMax {
		if it := q.Sorted[p.dir].Ceil(p.head); it != nil {
			return p.serve(it)
		}
	}
	p.dir = p.choose()
	p.batch = 0
	oldest := p.fifo[p.dir].Front()
	it := q.Sorted[p.dir].Ceil(p.head)
	if it == nil || oldest.Deadline <= now {
		it = oldest
	}
	return p.serve(it)
}

// choose picks the direction of the next batch.
func (p *Deadline) choose() int {
	switch {
	case p.fifo[0].Empty():
		p.starved = 0
		return 1
	case p.fifo[1].Empty():
		return 0
	case p.starved >= p.starvMax:
		p.starved = 0
		return 1
	}
	p.starved++
	return 0
}

func (p *Deadline) serve(it *Item) *Item {
	p.batch++
	p.head = it.End()
	return it
}
