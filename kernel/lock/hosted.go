//go:build !galago

package lock

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Debug tells whether the lock-dependency checker is compiled in.
const Debug = false

// Resched is called when the preempt count drops to zero with a reschedule due. Hosted code never does.
var Resched func()

// PreemptDisable keeps the thread on its CPU. Hosted goroutines have no CPU: it does nothing.
func PreemptDisable() {}

// PreemptEnable undoes one PreemptDisable.
func PreemptEnable() {}

// AssertMaySleep reports a caller that is not allowed to sleep. Hosted code always may.
func AssertMaySleep() {}

// Spin is a mutual exclusion lock that is held for short stretches only and never over a sleep.
type Spin struct {
	Rank Rank
	mu   sync.Mutex
}

// Init sets the rank of a lock in memory that may have been used before.
func (s *Spin) Init(r Rank) { s.Rank = r }

// Lock takes the lock.
func (s *Spin) Lock() { s.mu.Lock() }

// Unlock releases the lock.
func (s *Spin) Unlock() { s.mu.Unlock() }

// LockIRQ takes the lock with interrupts off and returns what UnlockIRQ needs to restore them.
func (s *Spin) LockIRQ() (flags uintptr) { s.mu.Lock(); return 0 }

// UnlockIRQ releases the lock and restores the interrupt state.
func (s *Spin) UnlockIRQ(flags uintptr) { s.mu.Unlock() }

// TryLock takes the lock if it is free.
func (s *Spin) TryLock() bool { return s.mu.TryLock() }

// Locked tells whether somebody holds the lock.
func (s *Spin) Locked() bool {
	if s.mu.TryLock() {
		s.mu.Unlock()
		return false
	}
	return true
}

// AssertHeld panics unless the lock is held.
func (s *Spin) AssertHeld() {
	if !s.Locked() {
		panic("lock: " + s.Rank.String() + " is not held")
	}
}

// RWSpin is a spin lock for many readers or one writer.
type RWSpin struct {
	Rank Rank
	mu   sync.RWMutex
}

// Init sets the rank of a lock in memory that may have been used before.
func (l *RWSpin) Init(r Rank) { l.Rank = r }

// Lock takes the lock for writing.
func (l *RWSpin) Lock() { l.mu.Lock() }

// Unlock releases the lock held for writing.
func (l *RWSpin) Unlock() { l.mu.Unlock() }

// RLock takes the lock for reading.
func (l *RWSpin) RLock() { l.mu.RLock() }

// RUnlock releases the lock held for reading.
func (l *RWSpin) RUnlock() { l.mu.RUnlock() }

// LockIRQ takes the lock for writing with interrupts off.
func (l *RWSpin) LockIRQ() (flags uintptr) { l.mu.Lock(); return 0 }

// UnlockIRQ undoes LockIRQ.
func (l *RWSpin) UnlockIRQ(flags uintptr) { l.mu.Unlock() }

// RLockIRQ takes the lock for reading with interrupts off.
func (l *RWSpin) RLockIRQ() (flags uintptr) { l.mu.RLock(); return 0 }

// RUnlockIRQ undoes RLockIRQ.
func (l *RWSpin) RUnlockIRQ(flags uintptr) { l.mu.RUnlock() }

// SeqLock lets readers copy data without writing to memory: they retry when a writer came between. Each
// ReadBegin must be followed by exactly one ReadRetry. The hosted variant excludes instead of retrying, which
// the race detector understands.
type SeqLock struct {
	Rank Rank
	mu   sync.RWMutex
}

// Init sets the rank of a lock in memory that may have been used before.
func (l *SeqLock) Init(r Rank) { l.Rank = r }

// Lock begins a write.
func (l *SeqLock) Lock() { l.mu.Lock() }

// Unlock ends a write.
func (l *SeqLock) Unlock() { l.mu.Unlock() }

// LockIRQ begins a write with interrupts off.
func (l *SeqLock) LockIRQ() (flags uintptr) { l.mu.Lock(); return 0 }

// UnlockIRQ ends a write begun with LockIRQ.
func (l *SeqLock) UnlockIRQ(flags uintptr) { l.mu.Unlock() }

// ReadBegin starts a read and returns the sequence number for ReadRetry.
func (l *SeqLock) ReadBegin() uint32 { l.mu.RLock(); return 0 }

// ReadRetry tells whether a writer came between, so that what was read must be thrown away.
func (l *SeqLock) ReadRetry(seq uint32) bool { l.mu.RUnlock(); return false }

// spinWait is one turn of a busy-waiting loop.
func spinWait() { runtime.Gosched() }

// storeRelease publishes v with release ordering.
func storeRelease(p *uint32, v uint32) { atomic.StoreUint32(p, v) }
