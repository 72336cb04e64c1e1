//go:build galago

package lock

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
)

// RWSpin is a spin lock for many readers or one writer. Writers queue in arrival order, and a waiting writer keeps
// new readers out; readers in interrupt handlers pass all the same, or they could deadlock with a reader that
// they interrupted.
type RWSpin struct {
	Rank    Rank
	state   atomic.Uint32 // number of readers, rwWriter, rwWaiting
	writers Ticket        // held by the writer that holds state or waits for it
}

const (
	rwWriter  = 1 << 31
	rwWaiting = 1 << 30
)

// Init sets the rank of a lock in memory that may have been used before, and frees the lock.
func (l *RWSpin) Init(r Rank) {
	l.Rank = r
	l.state.Store(0)
	l.writers = Ticket{}
}

// Lock takes the lock for writing.
func (l *RWSpin) Lock() {
	PreemptDisable()
	if Debug {
		depAcquire(l.Rank, unsafe.Pointer(l), false)
	}
	l.writers.Lock()
	if l.state.CompareAndSwap(0, rwWriter) {
		return
	}
	l.state.Or(rwWaiting)
	for !l.state.CompareAndSwap(rwWaiting, rwWriter) {
		spinWait()
	}
}

// Unlock releases the lock held for writing.
func (l *RWSpin) Unlock() {
	if Debug {
		depRelease(unsafe.Pointer(l))
	}
	l.state.Store(0)
	l.writers.Unlock()
	PreemptEnable()
}

// RLock takes the lock for reading.
func (l *RWSpin) RLock() {
	PreemptDisable()
	if Debug {
		depAcquire(l.Rank, unsafe.Pointer(l), false)
	}
	stop := uint32(rwWriter | rwWaiting)
	if arch.Current().IRQDepth > 0 {
		stop = rwWriter
	}
	for {
		v := l.state.Load()
		if v&stop == 0 && l.state.CompareAndSwap(v, v+1) {
			return
		}
		spinWait()
	}
}

// RUnlock releases the lock held for reading.
func (l *RWSpin) RUnlock() {
	if Debug {
		depRelease(unsafe.Pointer(l))
	}
	l.state.Add(^uint32(0))
	PreemptEnable()
}

// LockIRQ takes the lock for writing with interrupts off.
func (l *RWSpin) LockIRQ() (flags uintptr) {
	flags = arch.IRQDisable()
	l.Lock()
	return flags
}

// UnlockIRQ undoes LockIRQ.
func (l *RWSpin) UnlockIRQ(flags uintptr) {
	if Debug {
		depRelease(unsafe.Pointer(l))
	}
	l.state.Store(0)
	l.writers.Unlock()
	arch.IRQRestore(flags)
	PreemptEnable()
}

// RLockIRQ takes the lock for reading with interrupts off.
func (l *RWSpin) RLockIRQ() (flags uintptr) {
	flags = arch.IRQDisable()
	l.RLock()
	return flags
}

// RUnlockIRQ undoes RLockIRQ.
func (l *RWSpin) RUnlockIRQ(flags uintptr) {
	if Debug {
		depRelease(unsafe.Pointer(l))
	}
	l.state.Add(^uint32(0))
	arch.IRQRestore(flags)
	PreemptEnable()
}
