package lock

import "sync/atomic"

// TestAndSet is the bare lock inside Spin: whoever finds it free takes it, in no order, and nothing else (no preempt count, no
// order checking).
//
// Why not in order of arrival, as Ticket and MCS have it: on a virtual machine with more CPUs than its host has to spare, the CPU
// whose turn it is may just not be running, and then all others wait for one of the host's time slices, although the lock
// is free. Here one that runs takes it. (Linux's virt_spin_lock gives up queueing on hypervisors for the same reason.)
type TestAndSet struct {
	word uint32
}

// spinTurns is how often a waiter looks at the lock before it begins to pause between its looks. A pause leaves an emulated CPU's
// translated code, which costs more than most critical sections.
const spinTurns = 100

// Lock waits until the lock is free, and takes it.
func (t *TestAndSet) Lock() {
	if atomic.SwapUint32(&t.word, 1) != 0 {
		t.wait()
	}
}

// wait spins until it has the lock. It only reads while somebody else has it.
//
//go:noinline
func (t *TestAndSet) wait() {
	for turn := 0; ; turn++ {
		if atomic.LoadUint32(&t.word) == 0 && atomic.SwapUint32(&t.word, 1) == 0 {
			return
		}
		if turn >= spinTurns {
			spinWait()
		}
	}
}

// TryLock takes the lock if nobody holds it.
func (t *TestAndSet) TryLock() bool {
	return atomic.LoadUint32(&t.word) == 0 && atomic.SwapUint32(&t.word, 1) == 0
}

// Unlock frees the lock.
func (t *TestAndSet) Unlock() { storeRelease(&t.word, 0) }

// Locked tells whether somebody holds the lock.
func (t *TestAndSet) Locked() bool { return atomic.LoadUint32(&t.word) != 0 }
