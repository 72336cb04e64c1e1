package elevator

import "galago/kernel/ds"

// Noop serves first come, first served: right for devices without a head to move.
type Noop struct {
	fifo ds.List[Item]
}

// Name is "noop".
func (p *Noop) Name() string { return "noop" }

// Add puts the item at the end.
func (p *Noop) Add(q *Queue, it *Item, now uint64) { p.fifo.PushBack(&it.fifo) }

// Remove takes the item out.
func (p *Noop) Remove(q *Queue, it *Item) { p.fifo.Remove(&it.fifo) }

// Next is the item that has waited longest.
func (p *Noop) Next(q *Queue, now uint64) *Item { return p.fifo.Front() }
