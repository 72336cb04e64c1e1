//go:build galago

package lock

import (
	"unsafe"

	"galago/arch"
)

// Spin is a mutual exclusion lock that is held for short stretches only and never over a sleep: a test-and-set
// lock that also raises the preempt count and takes part in order checking.
type Spin struct {
	Rank Rank
	bare TestAndSet
}

// Init sets the rank of a lock in memory that may have been used before, and frees the lock.
func (s *Spin) Init(r Rank) { *s = Spin{Rank: r} }

// Lock takes the lock.
func (s *Spin) Lock() {
	PreemptDisable()
	if Debug {
		depAcquire(s.Rank, unsafe.Pointer(s), false)
	}
	s.bare.Lock()
}

// Unlock releases the lock.
func (s *Spin) Unlock() {
	if Debug {
		depRelease(unsafe.Pointer(s))
	}
	s.bare.Unlock()
	// PreemptEnable, which is just too large for the compiler to inline.
	h := arch.Current()
	h.Preempt--
	if h.Preempt == 0 && h.NeedResched != 0 {
		resched()
	}
}

// LockIRQ takes the lock with interrupts off and returns what UnlockIRQ needs to restore them.
func (s *Spin) LockIRQ() (flags uintptr) {
	flags = arch.IRQDisable()
	PreemptDisable()
	if Debug {
		depAcquire(s.Rank, unsafe.Pointer(s), false)
	}
	s.bare.Lock()
	return flags
}

// UnlockIRQ releases the lock and restores the interrupt state.
func (s *Spin) UnlockIRQ(flags uintptr) {
	if Debug {
		depRelease(unsafe.Pointer(s))
	}
	s.bare.Unlock()
	arch.IRQRestore(flags)
	h := arch.Current() // as in Unlock
	h.Preempt--
	if h.Preempt == 0 && h.NeedResched != 0 {
		resched()
	}
}

// TryLock takes the lock if it is free.
func (s *Spin) TryLock() bool {
	PreemptDisable()
	if !s.bare.TryLock() {
		PreemptEnable()
		return false
	}
	if Debug {
		depAcquire(s.Rank, unsafe.Pointer(s), true)
	}
	return true
}

// Locked tells whether somebody holds the lock.
func (s *Spin) Locked() bool { return s.bare.Locked() }

// AssertHeld panics unless the lock is held; with lockdep, unless this thread holds it.
func (s *Spin) AssertHeld() {
	if !s.bare.Locked() || Debug && !depHeld(unsafe.Pointer(s)) {
		panic("lock: spin lock is not held")
	}
}

// HandOver moves a held lock from one thread to another, for a context switch under the run queue's lock: the
// next thread releases what the previous one took. The preempt counts are the caller's business.
func (s *Spin) HandOver(from, to *arch.ThreadHeader) {
	if Debug {
		depHandOver(unsafe.Pointer(s), from, to)
	}
}
