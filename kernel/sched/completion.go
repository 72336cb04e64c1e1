package sched

import (
	"galago/kernel/errno"
	"galago/kernel/lock"
)

// Completion is an event that happens: Done announces it (once for one waiter), Wait waits for it. After Wait
// returns, the one who called Done no longer touches the Completion, so its memory may be freed: both go
// through the queue's lock, and Done's last access is to release it. The zero value is ready.
type Completion struct {
	q WaitQueue
	n uint32 // guarded by q.lock: announcements nobody has waited for yet
}

const doneForever = ^uint32(0)

// Done announces the event to one waiter, present or future.
func (c *Completion) Done() {
	flags := c.q.lockAs(lock.RankSleepLock)
	if c.q.first != nil {
		c.q.wakeFirst()
	} else if c.n < doneForever-1 {
		c.n++
	}
	c.q.unlock(flags)
}

// DoneAll announces the event to all waiters, present and future.
func (c *Completion) DoneAll() {
	flags := c.q.lockAs(lock.RankSleepLock)
	c.n = doneForever
	for c.q.first != nil {
		c.q.wakeFirst()
	}
	c.q.unlock(flags)
}

// TryWait takes one announcement if there is one.
func (c *Completion) TryWait() bool {
	flags := c.q.lockAs(lock.RankSleepLock)
	ok := c.take()
	c.q.unlock(flags)
	return ok
}

func (c *Completion) take() bool {
	if c.n == 0 {
		return false
	}
	if c.n != doneForever {
		c.n--
	}
	return true
}

// Wait waits for the event.
func (c *Completion) Wait() { c.wait(Uninterruptible, 0) }

// WaitInterruptible is Wait that a signal ends with EINTR.
func (c *Completion) WaitInterruptible() errno.Errno { return c.wait(Interruptible, 0) }

// WaitKillable is Wait that a fatal signal ends with EINTR.
func (c *Completion) WaitKillable() errno.Errno { return c.wait(Killable, 0) }

// WaitTimeout is Wait for at most ns nanoseconds, then ETIMEDOUT.
func (c *Completion) WaitTimeout(ns int64) errno.Errno {
	return c.wait(Uninterruptible, deadlineIn(ns))
}

func (c *Completion) wait(s State, deadline uint64) errno.Errno {
	lock.AssertMaySleep()
	err := errno.OK
	flags := c.q.lockAs(lock.RankSleepLock)
	if !c.take() {
		flags, err = c.q.park(Current(), flags, s, deadline, false)
	}
	c.q.unlock(flags)
	return err
}

// Reset forgets all announcements. Nobody may be waiting.
func (c *Completion) Reset() {
	flags := c.q.lockAs(lock.RankSleepLock)
	c.n = 0
	c.q.unlock(flags)
}
