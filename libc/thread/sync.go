//go:build galago_user

package thread

import (
	"runtime"
	"sync/atomic"
)

// queue is a sync object's list of waiting threads, in the order of arrival. A thread waits in one at most.
type queue struct{ first, last *Thread }

// push appends the running thread.
func (q *queue) push(t *Thread) {
	t.waitNext = nil
	t.granted.Store(false)
	if q.first == nil {
		q.first = t
	} else {
		q.last.waitNext = t
	}
	q.last = t
}

func (q *queue) pop() *Thread {
	t := q.first
	if t != nil {
		q.first = t.waitNext
	}
	return t
}

// grant ends the wait of a thread taken from a queue.
func (t *Thread) grant() {
	t.granted.Store(true)
	lib.unpark(t)
}

// await parks until granted.
func (t *Thread) await() {
	for !t.granted.Load() {
		lib.park(t)
	}
}

// Mutex excludes; the zero value is free. A contended one is handed over in the order of arrival.
type Mutex struct {
	state atomic.Uint32 // 0 free, 1 held, 2 held and waited for
	guard runtime.Lock
	queue queue // guarded by guard
}

// Lock takes the mutex.
func (m *Mutex) Lock() {
	if !m.state.CompareAndSwap(0, 1) {
		m.lockSlow()
	}
}

func (m *Mutex) lockSlow() {
	t := Self()
	m.guard.Lock()
	for {
		if m.state.CompareAndSwap(0, 1) {
			m.guard.Unlock()
			return
		}
		if m.state.Load() == 2 || m.state.CompareAndSwap(1, 2) {
			break
		}
	}
	m.queue.push(t)
	m.guard.Unlock()
	t.await()
}

// Unlock releases the mutex, which the caller holds.
func (m *Mutex) Unlock() {
	if m.state.CompareAndSwap(1, 0) {
		return
	}
	m.guard.Lock()
	t := m.queue.pop()
	if m.queue.first == nil {
		m.state.Store(1) // held by t
	}
	m.guard.Unlock()
	t.grant()
}

// Cond is a condition variable; the zero value is ready. Waiters are woken in the order of arrival.
type Cond struct {
	guard runtime.Lock
	queue queue // guarded by guard
}

// Wait releases m, waits for a Signal or Broadcast, and takes m again.
func (c *Cond) Wait(m *Mutex) {
	t := Self()
	c.guard.Lock()
	c.queue.push(t)
	c.guard.Unlock()
	m.Unlock()
	t.await()
	m.Lock()
}

// Signal wakes one waiter, if there is one.
func (c *Cond) Signal() {
	c.guard.Lock()
	t := c.queue.pop()
	c.guard.Unlock()
	if t != nil {
		t.grant()
	}
}

// Broadcast wakes all who wait now.
func (c *Cond) Broadcast() {
	c.guard.Lock()
	all := c.queue
	c.queue = queue{}
	c.guard.Unlock()
	for t := all.first; t != nil; {
		next := t.waitNext
		t.grant()
		t = next
	}
}

// Semaphore counts; the zero value is 0.
type Semaphore struct {
	guard runtime.Lock
	n     int   // guarded by guard
	queue queue // guarded by guard; empty if n > 0
}

// Up adds one, or wakes the one who waits longest.
func (s *Semaphore) Up() {
	s.guard.Lock()
	t := s.queue.pop()
	if t == nil {
		s.n++
	}
	s.guard.Unlock()
	if t != nil {
		t.grant()
	}
}

// Down waits until the count is positive and takes one.
func (s *Semaphore) Down() {
	t := Self()
	s.guard.Lock()
	if s.n > 0 {
		s.n--
		s.guard.Unlock()
		return
	}
	s.queue.push(t)
	s.guard.Unlock()
	t.await()
}
