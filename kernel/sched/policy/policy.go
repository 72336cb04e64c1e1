// Package policy decides which thread runs next, and for how long; package sched does the rest. A policy is one
// file: a type that implements Queue, of which each CPU has one. Policies know nothing of CPUs, locks or clocks,
// so the host simulates them (sim_test.go) with the figures of the textbooks.
//
// The caller serialises all calls to one Queue (the run queue's lock). The running entity is not in its queue:
// Pick takes it out, Enqueue puts it back.
package policy

import (
	"unsafe"

	"galago/kernel/ds"
)

// Entity is what a policy keeps of a thread. The zero value with Init called is ready.
type Entity struct {
	Owner  unsafe.Pointer // the thread
	Weight uint64         // share of the CPU, from Nice
	Nice   int8
	Queued bool   // waits in a Queue
	Turn   uint64 // ns run since it was last picked for a new turn

	// Of the fair class.
	vruntime uint64 // ns run, scaled by weight; relative to its queue's base while between queues
	node     ds.RBNode[Entity]

	// Of round robin and the real-time class.
	next, prev *Entity

	Class Class
	// Priority is the real-time priority, 1…99, the greater the more urgent.
	Priority   uint8
	Background bool // of the fair class: gives way to everybody else (SCHED_IDLE)
	Batch      bool // of the fair class: never interrupts another (SCHED_BATCH)
	RoundRobin bool // of the real-time class: takes turns with those of its priority (SCHED_RR)

	// Of the deadline class.
	Budget Budget
	due    uint64 // absolute deadline, ns
	left   int64  // of the run time until then
	held   bool   // has used it up and waits for its next period
}

// Class is a class of entities: those of a higher class run before all of a lower one.
type Class uint8

// The classes.
const (
	Normal   Class = iota // shares the CPU by the policy chosen at boot
	RealTime              // fixed priorities
	Deadline              // earliest deadline first
)

// Why tells Enqueue what brings an entity into the queue.
type Why uint8

// The reasons for Enqueue.
const (
	Created   Why = iota // first time
	Woken                // slept
	Preempted            // was running and still wants to
	Yielded              // was running and lets others go first
	Migrated             // comes from another CPU's queue, or its weight changed
)

// Queue is the set of entities that wait for one CPU, and the order among them.
type Queue interface {
	// Enqueue puts e in.
	Enqueue(e *Entity, why Why)
	// Dequeue takes e, which is queued, out again without running it.
	Dequeue(e *Entity)
	// Pick takes out the entity to run next, nil if there is none.
	Pick() *Entity
	// Account notes that curr, picked and still running, has run for ns nanoseconds more.
	Account(curr *Entity, ns uint64)
	// Expired tells whether curr has had its turn while others wait.
	Expired(curr *Entity) bool
	// Preempts tells whether woken, just enqueued, should run before curr goes on.
	Preempts(woken, curr *Entity) bool
	// Leave and Join move an entity that is not queued from one CPU's queue to another's.
	Leave(e *Entity)
	Join(e *Entity)
	// Next walks the waiting entities, those picked last at the end; Next(nil) is the first.
	Next(e *Entity) *Entity
	// Len is the number of waiting entities.
	Len() int
}

// NiceWeight is the weight of nice 0.
const NiceWeight = 1024

// weights are Linux's (kernel/sched/core.c, sched_prio_to_weight): each nice level is worth about 10 % of the CPU
// against its neighbour, a factor of 1.25, rounded by hand there; programs and their tests rely on the
// same shares.
var weights = [40]uint32{
	88761, 71755, 56483, 46273, 36291,
	29154, 23254, 18705, 14949, 11916,
	9548, 7620, 6100, 4904, 3906,
	3121, 2501, 1991, 1586, 1277,
	1024, 820, 655, 526, 423,
	335, 272, 215, 172, 137,
	110, 87, 70, 56, 45,
	36, 29, 23, 18, 15,
}

// SetNice sets the nice level, clamped to −20…19, and the weight that goes with it. The entity is not queued.
func (e *Entity) SetNice(nice int) {
	nice = min(max(nice, -20), 19)
	e.Nice = int8(nice)
	e.Weight = uint64(weights[nice+20])
	if e.Background {
		e.Weight = backgroundWeight
	}
}

// backgroundWeight is the weight of SCHED_IDLE, whatever the nice level.
const backgroundWeight = 3

// Urgency compares entities over CPUs: greater is more urgent. Deadlines are all alike here.
func (e *Entity) Urgency() int {
	switch {
	case e.Class == Deadline:
		return 200
	case e.Class == RealTime:
		return 2 + int(e.Priority)
	case e.Background:
		return 1
	}
	return 2
}

// maxCPUs bounds the static queues.
const maxCPUs = 16

// ByName returns cpu's queue of the named policy (fair or rr), nil if there is none of that name.
func ByName(name string, cpu int) Queue {
	switch name {
	case "fair":
		return &fairQueues[cpu]
	case "rr":
		return &rrQueues[cpu]
	}
	return nil
}
