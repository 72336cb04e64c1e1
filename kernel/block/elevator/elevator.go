// Package elevator decides in which order a disk's waiting requests are served; package block does the rest. A policy
// is one file: a type that implements Policy, of which each disk has one of every kind (Set). Policies know nothing of
// requests, devices or clocks, so the host tests them alone.
//
// A Queue is the waiting requests of one disk. All of them are in Sorted, by their first sector, which finds the
// neighbours to merge with; the policy keeps them in whatever order it likes besides. The caller serialises all
// calls to one Queue.
package elevator

import (
	"unsafe"

	"galago/kernel/ds"
)

// Item is what the elevator knows of a request. Init prepares it.
type Item struct {
	Owner    unsafe.Pointer // the request
	Sector   uint64
	Count    uint64
	Write    bool   // anything but a read
	Single   bool   // never merged
	Deadline uint64 // set by the policy

	sorted ds.RBNode[Item]
	fifo   ds.ListNode[Item]
	queued bool
}

// Init names the request that the item belongs to.
func (it *Item) Init(owner unsafe.Pointer) {
	it.Owner = owner
	it.sorted.Init(it)
	it.fifo.Init(it)
}

// End returns the sector after the last.
func (it *Item) End() uint64 { return it.Sector + it.Count }

// Queued reports whether the item is in a queue.
func (it *Item) Queued() bool { return it.queued }

func (it *Item) dir() int {
	if it.Write {
		return 1
	}
	return 0
}

// Policy orders the items of one queue.
type Policy interface {
	// Name is what the user calls it.
	Name() string
	// Add puts an item in; it is in q.Sorted already.
	Add(q *Queue, it *Item, now uint64)
	// Remove takes an item out; it is in q.Sorted still.
	Remove(q *Queue, it *Item)
	// Next names the item to serve next, which the caller then removes. The queue is not empty.
	Next(q *Queue, now uint64) *Item
}

// Queue is the waiting requests of a disk.
type Queue struct {
	// Sorted has the reads [0] and the others [1] by first sector.
	Sorted [2]ds.RBTree[Item]
	policy Policy
	set    Set
	n      int
}

// Set has one policy of each kind. A new policy adds itself here and to get.
type Set struct {
	noop     Noop
	deadline Deadline
}

// Names lists the policies, the default first.
var Names = [...]string{"deadline", "noop"}

func (s *Set) get(name string) Policy {
	switch name {
	case "noop":
		return &s.noop
	case "deadline":
		s.deadline.init()
		return &s.deadline
	}
	return nil
}

// Init selects the default policy for an empty queue.
func (q *Queue) Init() { q.policy = q.set.get(Names[0]) }

// Policy returns the name of the policy in force.
func (q *Queue) Policy() string { return q.policy.Name() }

// SetPolicy changes the policy and hands it what is waiting. False: there is none of that name.
func (q *Queue) SetPolicy(name string, now uint64) bool {
	if name == q.policy.Name() {
		return true
	}
	p := q.set.get(name)
	if p == nil {
		return false
	}
	for d := range q.Sorted {
		for it := q.Sorted[d].Min(); it != nil; it = q.Sorted[d].Next(&it.sorted) {
			q.policy.Remove(q, it)
		}
	}
	q.policy = p
	for d := range q.Sorted {
		for it := q.Sorted[d].Min(); it != nil; it = q.Sorted[d].Next(&it.sorted) {
			p.Add(q, it, now)
		}
	}
	return true
}

// Len returns the number of waiting items.
func (q *Queue) Len() int { return q.n }

// Add puts an item into the queue.
func (q *Queue) Add(it *Item, now uint64) {
	q.Sorted[it.dir()].Insert(&it.sorted, it.Sector)
	it.queued = true
	q.n++
	q.policy.Add(q, it, now)
}

// Remove takes an item out, to be merged into another or given up.
func (q *Queue) Remove(it *Item) {
	q.policy.Remove(q, it)
	q.Sorted[it.dir()].Remove(&it.sorted)
	it.queued = false
	q.n--
}

// Next takes out the item to serve next, nil when none waits.
func (q *Queue) Next(now uint64) *Item {
	if q.n == 0 {
		return nil
	}
	it := q.policy.Next(q, now)
	q.Remove(it)
	return it
}

// Before finds a waiting item that ends where it begins: it can be merged to that one's back.
func (q *Queue) Before(it *Item) *Item {
	if it.Single || it.Sector == 0 {
		return nil
	}
	b := q.Sorted[it.dir()].Floor(it.Sector - 1)
	if b == nil || b.Single || b.End() != it.Sector {
		return nil
	}
	return b
}

// After finds a waiting item that begins where it ends: it can be merged to that one's front.
func (q *Queue) After(it *Item) *Item {
	if it.Single {
		return nil
	}
	a := q.Sorted[it.dir()].Find(it.End())
	if a == nil || a.Single {
		return nil
	}
	return a
}
