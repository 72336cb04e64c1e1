package sched

import (
	"galago/kernel/errno"
	"galago/kernel/lock"
)

// Semaphore is a counting semaphore. The zero value has the count 0. With waiters, an Up is handed to the one who has
// waited longest.
type Semaphore struct {
	q WaitQueue
	n int // guarded by q.lock
}

// Init sets the count. Only before use.
func (s *Semaphore) Init(n int) { s.n = n }

// Count returns the count.
func (s *Semaphore) Count() int {
	flags := s.q.lockAs(lock.RankSleepLock)
	n := s.n
	s.q.unlock(flags)
	return n
}

// TryDown takes one from the count if there is one.
func (s *Semaphore) TryDown() bool {
	flags := s.q.lockAs(lock.RankSleepLock)
	ok := s.n > 0
	if ok {
		s.n--
	}
	s.q.unlock(flags)
	return ok
}

// Down takes one from the count, sleeping while it is 0.
func (s *Semaphore) Down() { s.down(Uninterruptible, 0) }

// DownInterruptible is Down that a signal ends with EINTR.
func (s *Semaphore) DownInterruptible() errno.Errno { return s.down(Interruptible, 0) }

// DownTimeout is Down for at most ns nanoseconds, then ETIMEDOUT; EINTR on a signal if interruptible.
func (s *Semaphore) DownTimeout(ns int64, interruptible bool) errno.Errno {
	if interruptible {
		return s.down(Interruptible, deadlineIn(ns))
	}
	return s.down(Uninterruptible, deadlineIn(ns))
}

func (s *Semaphore) down(st State, deadline uint64) errno.Errno {
	lock.AssertMaySleep()
	err := errno.OK
	flags := s.q.lockAs(lock.RankSleepLock)
	if s.n > 0 {
		s.n--
	} else {
		flags, err = s.q.park(Current(), flags, st, deadline, false)
	}
	s.q.unlock(flags)
	return err
}

// Up adds one to the count, or wakes a waiter in its stead.
func (s *Semaphore) Up() {
	flags := s.q.lockAs(lock.RankSleepLock)
	if s.q.first != nil {
		s.q.wakeFirst()
	} else {
		s.n++
	}
	s.q.unlock(flags)
}
