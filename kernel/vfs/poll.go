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

// PollTable is given to FileOps.Poll by those who wait for several files (poll, select, epoll). A file calls Wait for
// each queue on which it announces events. It is embedded first by the waiter's own structure.
type PollTable struct {
	// Events are those the waiter cares for.
	Events uint32
	// Queue registers a callback in q. nil: the waiter only asks for the present state.
	Queue func(pt *PollTable, q *sched.WaitQueue)
}

// Wait registers the waiter in q. A nil table is allowed.
func (pt *PollTable) Wait(q *sched.WaitQueue) {
	if pt != nil && pt.Queue != nil {
		pt.Queue(pt, q)
	}
}
