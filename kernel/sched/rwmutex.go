package sched

import (
	"sync/atomic"

	"galago/kernel/lock"
)

// RWMutex is a sleeping lock for many readers or one writer. The zero value is unlocked. Who must wait does so in
// arrival order: a waiting writer keeps later readers out, so a thread must not take it for reading twice.
//
// While nobody waits the lock is taken with one compare-and-swap on state. With waiters it changes hands only
// under the queue's lock, given away by whoever releases it last.
type RWMutex struct {
	state atomic.Int32 // rwReader × readers, rwWriter, rwWaiters
	q     WaitQueue
}

const (
	rwWriter  = 1 // a writer holds the lock
	rwWaiters = 2 // somebody is in the queue
	rwReader  = 4 // one reader
)

// RLock takes the lock for reading.
func (l *RWMutex) RLock() {
	if !l.TryRLock() {
		l.slow(false)
	}
}

// TryRLock takes the lock for reading if that needs no waiting.
func (l *RWMutex) TryRLock() bool {
	for {
		v := l.state.Load()
		if v&(rwWriter|rwWaiters) != 0 {
			return false
		}
		if l.state.CompareAndSwap(v, v+rwReader) {
			return true
		}
	}
}

// RUnlock releases the lock held for reading.
func (l *RWMutex) RUnlock() {
	if l.state.Add(-rwReader) == rwWaiters {
		l.release()
	}
}

// Lock takes the lock for writing.
func (l *RWMutex) Lock() {
	if !l.state.CompareAndSwap(0, rwWriter) {
		l.slow(true)
	}
}

// TryLock takes the lock for writing if it is free.
func (l *RWMutex) TryLock() bool { return l.state.CompareAndSwap(0, rwWriter) }

// Unlock releases the lock held for writing.
func (l *RWMutex) Unlock() {
	if l.state.Add(-rwWriter) != 0 {
		l.release()
	}
}

// Downgrade turns the lock held for writing into one held for reading, without letting another writer in between.
func (l *RWMutex) Downgrade() {
	if l.state.Add(rwReader-rwWriter)&rwWaiters != 0 {
		l.release()
	}
}

// Locked tells whether anybody holds the lock, for reading or for writing.
func (l *RWMutex) Locked() bool { return l.state.Load()&^rwWaiters != 0 }

// AssertHeld panics unless the lock is held for writing.
func (l *RWMutex) AssertHeld() {
	if l.state.Load()&rwWriter == 0 {
		panic("sched: rwmutex is not held for writing")
	}
}

// slow queues up. Whoever lets the thread out of the queue has taken the lock on its behalf.
//
//go:noinline
func (l *RWMutex) slow(writer bool) {
	lock.AssertMaySleep()
	t := Current()
	flags := l.q.lockAs(lock.RankSleepLock)
	t.wait.writer = writer
	l.q.push(&t.wait, false)
	l.state.Or(rwWaiters)
	l.grant()
	if t.wait.on != nil {
		flags, _ = l.q.park(t, flags, Uninterruptible, 0, false)
	}
	l.q.unlock(flags)
}

//go:noinline
func (l *RWMutex) release() {
	flags := l.q.lockAs(lock.RankSleepLock)
	l.grant()
	l.q.unlock(flags)
}

// grant gives the lock to those at the head of the queue who can have it. The queue is locked; as rwWaiters is
// set, others can only release the lock meanwhile.
//
// +checklocks:l.q.lock
func (l *RWMutex) grant() {
	for w := l.q.first; w != nil; w = l.q.first {
		v := l.state.Load()
		if v&rwWriter != 0 || w.writer && v >= rwReader {
			return
		}
		if w.writer {
			l.state.Or(rwWriter)
		} else {
			l.state.Add(rwReader)
		}
		l.q.wakeFirst()
	}
	l.state.And(^rwWaiters)
}
