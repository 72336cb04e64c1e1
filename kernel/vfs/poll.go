package vfs

import (
	"galago/kernel/sched"
)

// Poll events (poll(2)).
const (
	POLLIN     = 0x001
	POLLPRI    = 0x002
	POLLOUT    = 0x004
	POLLERR    = 0x008
	POLLHUP    = 0x010
	POLLNVAL   = 0x020
	POLLRDNORM = 0x040
	POLLRDBAND = 0x080
	POLLWRNORM = 0x100
	POLLWRBAND = 0x200
	POLLRDHUP  = 0x2000

	// DefaultPoll is the answer of files that never block.
	DefaultPoll = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM
)

// PollAlways is reported whether asked for or not.
const PollAlways = POLLERR | POLLHUP

// PollTable is given to FileOps.Poll by those who wait for several files (poll, select, epoll). A file calls Wait or
// WaitFor for each queue on which it announces events; one that never does cannot be watched by epoll. It is embedded
// first by the waiter's own structure.
type PollTable struct {
	// Events are those the waiter cares for.
	Events uint32
	// Queue registers a callback in q, which announces events. nil: the waiter only asks for the present state.
	Queue func(pt *PollTable, q *sched.WaitQueue, events uint32)
}

// Wait registers the waiter in q, on which any event is announced. A nil table is allowed.
func (pt *PollTable) Wait(q *sched.WaitQueue) {
	if pt != nil { // here, so that it is inlined where the caller only asks
		pt.register(q, ^uint32(0))
	}
}

// WaitFor registers the waiter in q, on which only the given events are announced. A waiter that does not care for them stays
// out, so that it is not woken for nothing, and epoll sees no edge where there is none.
func (pt *PollTable) WaitFor(q *sched.WaitQueue, events uint32) {
	if pt != nil {
		pt.register(q, events)
	}
}

// register is a call of its own, so that Wait and WaitFor are small enough to be inlined.
//
//go:noinline
func (pt *PollTable) register(q *sched.WaitQueue, events uint32) {
	if pt.Queue != nil && pt.Events&events != 0 {
		pt.Queue(pt, q, events)
	}
}
