package sched

import (
	"sync/atomic"

	"galago/kernel/errno"
	"galago/kernel/lock"
)

// Mutex is a sleeping mutual exclusion lock with an owner. The zero value is unlocked. Never taken in interrupt
// handlers or DPCs.
//
// The free lock is taken and given back with one compare-and-swap each. With waiters the word has a mark, and both
// go through the queue's lock. An unlock wakes the first waiter but leaves the lock free, so that a running
// thread need not wait for a sleeping one's CPU; a waiter that finds itself overtaken goes back to the front and
// demands that the lock be handed to it, so that none starves.
type Mutex struct {
	owner   atomic.Uintptr // who holds it (selfID), or 0; plus mutexWaiters
	q       WaitQueue
	handoff bool // guarded by q.lock: the next unlock hands the lock over
}

const mutexWaiters = 1

// Lock takes the lock, sleeping while another thread holds it.
func (m *Mutex) Lock() {
	if !m.owner.CompareAndSwap(0, selfID()) {
		m.lockSlow(Uninterruptible)
	}
}

// LockInterruptible is Lock that a signal ends with EINTR.
func (m *Mutex) LockInterruptible() errno.Errno {
	if m.owner.CompareAndSwap(0, selfID()) {
		return errno.OK
	}
	return m.lockSlow(Interruptible)
}

// LockKillable is Lock that a fatal signal ends with EINTR.
func (m *Mutex) LockKillable() errno.Errno {
	if m.owner.CompareAndSwap(0, selfID()) {
		return errno.OK
	}
	return m.lockSlow(Killable)
}

// TryLock takes the lock if it is free.
func (m *Mutex) TryLock() bool {
	v := m.owner.Load()
	return v&^mutexWaiters == 0 && m.owner.CompareAndSwap(v, v|selfID())
}

// Unlock releases the lock.
func (m *Mutex) Unlock() {
	if !m.owner.CompareAndSwap(selfID(), 0) {
		m.unlockSlow()
	}
}

// Locked tells whether somebody holds the lock.
func (m *Mutex) Locked() bool { return m.owner.Load()&^mutexWaiters != 0 }

// AssertHeld panics unless the running thread holds the lock (hosted: unless somebody does).
func (m *Mutex) AssertHeld() {
	if m.owner.Load()&^mutexWaiters != selfID() {
		panic("sched: mutex is not held")
	}
}

//go:noinline
func (m *Mutex) lockSlow(s State) errno.Errno {
	lock.AssertMaySleep()
	t := Current()
	err := errno.OK
	flags := m.q.lockAs(lock.RankSleepLock)
	for overtaken := false; ; overtaken = true {
		if m.take() {
			break
		}
		if overtaken {
			m.handoff = true
		}
		t.wait.handed = false
		flags, err = m.q.park(t, flags, s, 0, overtaken)
		if t.wait.handed {
			err = errno.OK
			break
		}
		if err != errno.OK {
			if m.q.first == nil {
				m.owner.And(^uintptr(mutexWaiters))
			}
			break
		}
	}
	m.q.unlock(flags)
	return err
}

// take takes the lock if it is free, else marks it as waited for. The queue is locked.
//
// +checklocks:m.q.lock
func (m *Mutex) take() bool {
	for {
		v := m.owner.Load()
		if v&^mutexWaiters != 0 {
			if v&mutexWaiters != 0 || m.owner.CompareAndSwap(v, v|mutexWaiters) {
				return false
			}
			continue
		}
		mine := selfID()
		if m.q.first != nil {
			mine |= mutexWaiters
		}
		if m.owner.CompareAndSwap(v, mine) {
			return true
		}
	}
}

//go:noinline
func (m *Mutex) unlockSlow() {
	flags := m.q.lockAs(lock.RankSleepLock)
	if m.owner.Load()&^mutexWaiters != selfID() {
		panic("sched: unlock of a mutex that the thread does not hold")
	}
	w := m.q.first
	if w == nil {
		m.owner.Store(0)
		m.q.unlock(flags)
		return
	}
	m.q.unlink(w)
	rest := uintptr(0)
	if m.q.first != nil {
		rest = mutexWaiters
	}
	if m.handoff {
		m.handoff = false
		w.handed = true
		rest |= w.thread.id()
	}
	m.owner.Store(rest)
	w.thread.wake(sleeping, false)
	m.q.unlock(flags)
}
