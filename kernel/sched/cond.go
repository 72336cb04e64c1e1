package sched

import (
	"galago/kernel/errno"
	"galago/kernel/lock"
)

// Cond is a condition variable with Mesa semantics: test the condition again after each Wait. The zero value is ready.
type Cond struct {
	q WaitQueue
}

// Wait releases m, sleeps until signalled, and takes m again.
func (c *Cond) Wait(m *Mutex) { c.wait(m, Uninterruptible, 0) }

// WaitTimeout is Wait for at most ns nanoseconds (no limit when ns < 0): ETIMEDOUT, or EINTR on a signal if
// interruptible. m is held again in any case.
//
// +checklocks:m
func (c *Cond) WaitTimeout(m *Mutex, ns int64, interruptible bool) errno.Errno {
	if interruptible {
		return c.wait(m, Interruptible, deadlineIn(ns))
	}
	return c.wait(m, Uninterruptible, deadlineIn(ns))
}

func (c *Cond) wait(m *Mutex, s State, deadline uint64) errno.Errno {
	t := Current()
	flags := c.q.lockAs(lock.RankSleepLock)
	c.q.push(&t.wait, false) // before m is free: no signal after that is missed
	c.q.unlock(flags)
	m.Unlock()
	lock.AssertMaySleep()
	err := errno.OK
	flags = c.q.lockAs(lock.RankSleepLock)
	if t.wait.on != nil {
		flags, err = c.q.park(t, flags, s, deadline, false)
	}
	c.q.unlock(flags)
	m.Lock()
	return err
}

// Signal wakes the one who has waited longest.
func (c *Cond) Signal() {
	flags := c.q.lockAs(lock.RankSleepLock)
	if c.q.first != nil {
		c.q.wakeFirst()
	}
	c.q.unlock(flags)
}

// Broadcast wakes all waiters.
func (c *Cond) Broadcast() {
	flags := c.q.lockAs(lock.RankSleepLock)
	for c.q.first != nil {
		c.q.wakeFirst()
	}
	c.q.unlock(flags)
}
