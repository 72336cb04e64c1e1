//go:build galago

package lock

import "sync/atomic"

// SeqLock lets readers copy data without writing to memory: they retry when a writer came between. The
// sequence number is odd while a writer is at work. What readers copy must make sense even torn (plain numbers,
// no pointers to follow), for it is thrown away only afterwards. Each ReadBegin is followed by exactly one ReadRetry.
//
// A reader that interrupts a writer on its CPU would retry for ever: data that interrupt handlers read is written
// under LockIRQ.
type SeqLock struct {
	Rank Rank
	seq  atomic.Uint32
	spin Spin
}

// Init sets the rank of a lock in memory that may have been used before, and frees the lock.
func (l *SeqLock) Init(r Rank) {
	l.Rank = r
	l.seq.Store(0)
	l.spin.Init(r)
}

// Lock begins a write.
func (l *SeqLock) Lock() {
	if Debug {
		l.spin.Rank = l.Rank
	}
	l.spin.Lock()
	l.seq.Add(1)
}

// Unlock ends a write.
func (l *SeqLock) Unlock() {
	l.seq.Add(1)
	l.spin.Unlock()
}

// LockIRQ begins a write with interrupts off.
func (l *SeqLock) LockIRQ() (flags uintptr) {
	if Debug {
		l.spin.Rank = l.Rank
	}
	flags = l.spin.LockIRQ()
	l.seq.Add(1)
	return flags
}

// UnlockIRQ ends a write begun with LockIRQ.
func (l *SeqLock) UnlockIRQ(flags uintptr) {
	l.seq.Add(1)
	l.spin.UnlockIRQ(flags)
}

// ReadBegin starts a read and returns the sequence number for ReadRetry.
func (l *SeqLock) ReadBegin() uint32 {
	for {
		if v := l.seq.Load(); v&1 == 0 {
			return v
		}
		spinWait()
	}
}

// ReadRetry tells whether a writer came between, so that what was read must be thrown away. x86 keeps loads in
// order (SDM 3A §8.2.2) and the compiler does not move them over an atomic one.
func (l *SeqLock) ReadRetry(seq uint32) bool { return l.seq.Load() != seq }
