package galfs

import (
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Memory that an operation cannot do without. An operation that has begun to change metadata cannot go back half way: a truncation that
// stops in its middle leaves a file that is neither long nor short. So it waits until there is memory. Memory does come: others free some, or
// a process is killed for want of it. Only after patience has run out is there none.

// patience is how often memory is asked for, at intervals of a millisecond.
const patience = 60_000

// insist calls try until it succeeds.
func insist(try func() bool) errno.Errno {
	const pause = 1_000_000 // ns
	for range patience {
		if try() {
			return errno.OK
		}
		sched.Sleep(pause)
	}
	return errno.ENOMEM
}

// mustFrame is mem.AllocFrame that waits for memory; it may sleep. nil: there is none for a long time.
func mustFrame(fl mem.Flags) (f *mem.Frame) {
	if f = mem.AllocFrame(fl); f == nil {
		insist(func() bool {
			f = mem.AllocFrame(fl)
			return f != nil
		})
	}
	return f
}

// must is c.Alloc that waits likewise.
func must[T any](c *mem.Cache[T]) (p *T) {
	if p = c.Alloc(); p == nil {
		insist(func() bool {
			p = c.Alloc()
			return p != nil
		})
	}
	return p
}
