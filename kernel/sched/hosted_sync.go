//go:build !galago

package sched

import (
	"slices"
	"sync"
	"sync/atomic"

	"galago/kernel/errno"
)

// Mutex is a sleeping mutual exclusion lock with an owner. The zero value is unlocked.
type Mutex struct {
	mu    sync.Mutex
	owner atomic.Pointer[Thread]
}

// Lock takes the lock, sleeping while another thread holds it.
func (m *Mutex) Lock() { m.mu.Lock() }

// LockInterruptible is Lock that a signal ends with EINTR.
func (m *Mutex) LockInterruptible() errno.Errno {
	if m.mu.TryLock() {
		return errno.OK
	}
	if interrupted(Current(), Interruptible) {
		return errno.EINTR
	}
	m.mu.Lock()
	return errno.OK
}

// TryLock takes the lock if it is free.
func (m *Mutex) TryLock() bool { return m.mu.TryLock() }

// Unlock releases the lock.
func (m *Mutex) Unlock() { m.mu.Unlock() }

// Locked tells whether somebody holds the lock.
func (m *Mutex) Locked() bool {
	if m.mu.TryLock() {
		m.mu.Unlock()
		return false
	}
	return true
}

// AssertHeld panics unless the lock is held.
func (m *Mutex) AssertHeld() {
	if !m.Locked() {
		panic("sched: mutex is not held")
	}
}

// RWMutex is a sleeping lock for many readers or one writer. A waiting writer keeps new readers out.
type RWMutex struct {
	mu sync.RWMutex
}

// Lock takes the lock for writing.
func (l *RWMutex) Lock() { l.mu.Lock() }

// TryLock takes the lock for writing if it is free.
func (l *RWMutex) TryLock() bool { return l.mu.TryLock() }

// Unlock releases the lock held for writing.
func (l *RWMutex) Unlock() { l.mu.Unlock() }

// RLock takes the lock for reading.
func (l *RWMutex) RLock() { l.mu.RLock() }

// TryRLock takes the lock for reading if that needs no waiting.
func (l *RWMutex) TryRLock() bool { return l.mu.TryRLock() }

// RUnlock releases the lock held for reading.
func (l *RWMutex) RUnlock() { l.mu.RUnlock() }

// Locked tells whether anybody holds the lock, for reading or for writing.
func (l *RWMutex) Locked() bool {
	if l.mu.TryLock() {
		l.mu.Unlock()
		return false
	}
	return true
}

// AssertHeld panics unless the lock is held for writing.
func (l *RWMutex) AssertHeld() {
	if l.mu.TryRLock() {
		panic("sched: rwmutex is not held for writing")
	}
}

// Semaphore is a counting semaphore. The zero value has the count 0.
type Semaphore struct {
	mu sync.Mutex
	n  int
	q  WaitQueue
}

// Init sets the count. Only before use.
func (s *Semaphore) Init(n int) { s.n = n }

// TryDown takes one from the count if there is one.
func (s *Semaphore) TryDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n <= 0 {
		return false
	}
	s.n--
	return true
}

// Down takes one from the count, sleeping while it is 0.
func (s *Semaphore) Down() { s.q.Wait(s.TryDown) }

// DownInterruptible is Down that a signal ends with EINTR.
func (s *Semaphore) DownInterruptible() errno.Errno { return s.q.WaitInterruptible(s.TryDown) }

// DownTimeout is Down for at most ns nanoseconds, then ETIMEDOUT; EINTR on a signal if interruptible.
func (s *Semaphore) DownTimeout(ns int64, interruptible bool) errno.Errno {
	return s.q.WaitTimeout(s.TryDown, ns, interruptible)
}

// Up adds one to the count.
func (s *Semaphore) Up() {
	s.mu.Lock()
	s.n++
	s.mu.Unlock()
	s.q.WakeOne()
}

// Count returns the count.
func (s *Semaphore) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// Cond is a condition variable with Mesa semantics: test the condition again after each Wait.
type Cond struct {
	mu      sync.Mutex
	waiters []*condWaiter
}

type condWaiter struct {
	signalled bool // guarded by Cond.mu
	q         WaitQueue
}

// Wait releases m, sleeps until signalled, and takes m again.
func (c *Cond) Wait(m *Mutex) { c.WaitTimeout(m, -1, false) }

// WaitTimeout is Wait for at most ns nanoseconds (no limit when ns < 0): ETIMEDOUT, or EINTR on a signal if
// interruptible. m is held again in any case.
func (c *Cond) WaitTimeout(m *Mutex, ns int64, interruptible bool) errno.Errno {
	w := &condWaiter{}
	c.mu.Lock()
	c.waiters = append(c.waiters, w)
	c.mu.Unlock()
	m.Unlock()
	err := w.q.WaitTimeout(func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return w.signalled
	}, ns, interruptible)
	c.mu.Lock()
	if w.signalled {
		err = errno.OK
	} else {
		c.waiters = slices.DeleteFunc(c.waiters, func(x *condWaiter) bool { return x == w })
	}
	c.mu.Unlock()
	m.Lock()
	return err
}

// Signal wakes the one who has waited longest.
func (c *Cond) Signal() { c.wake(1) }

// Broadcast wakes all waiters.
func (c *Cond) Broadcast() { c.wake(int(^uint(0) >> 1)) }

func (c *Cond) wake(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ; n > 0 && len(c.waiters) > 0; n-- {
		w := c.waiters[0]
		c.waiters = c.waiters[1:]
		w.signalled = true
		w.q.WakeAll()
	}
}

// Completion is an event that happens: Done announces it (once for one waiter), Wait waits for it. After Wait
// returns, the one who called Done no longer touches the Completion: its memory may be freed.
type Completion struct {
	mu sync.Mutex
	n  int
	q  WaitQueue
}

const completeAll = int(^uint(0)>>1) / 2

// TryWait takes one Done if there is one.
func (c *Completion) TryWait() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == 0 {
		return false
	}
	if c.n < completeAll {
		c.n--
	}
	return true
}

// Done announces the event to one waiter, present or future.
func (c *Completion) Done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n < completeAll {
		c.n++
	}
	c.q.WakeAll()
}

// DoneAll announces the event to all waiters, present and future.
func (c *Completion) DoneAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n = completeAll
	c.q.WakeAll()
}

// Wait waits for the event.
func (c *Completion) Wait() { c.q.Wait(c.TryWait) }

// WaitInterruptible is Wait that a signal ends with EINTR.
func (c *Completion) WaitInterruptible() errno.Errno { return c.q.WaitInterruptible(c.TryWait) }

// WaitTimeout is Wait for at most ns nanoseconds, then ETIMEDOUT.
func (c *Completion) WaitTimeout(ns int64) errno.Errno { return c.q.WaitTimeout(c.TryWait, ns, false) }

// Reset forgets all announcements. Nobody may be waiting.
func (c *Completion) Reset() {
	c.mu.Lock()
	c.n = 0
	c.mu.Unlock()
}

// Barrier holds threads back until a number of them have arrived, over and over.
type Barrier struct {
	mu    sync.Mutex
	n     int
	count int
	round uint64
	q     WaitQueue
}

// Init sets the number of threads that meet. Only before use.
func (b *Barrier) Init(n int) { b.n = n }

// Wait sleeps until n threads have called it; true for the last of them.
func (b *Barrier) Wait() bool {
	b.mu.Lock()
	round := b.round
	b.count++
	if b.count >= b.n {
		b.count = 0
		b.round++
		b.mu.Unlock()
		b.q.WakeAll()
		return true
	}
	b.mu.Unlock()
	b.q.Wait(func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.round != round
	})
	return false
}
