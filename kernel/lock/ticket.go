package lock

import (
	"sync/atomic"
	"unsafe"
)

// Ticket is a bare ticket lock: first come, first served, and nothing else (no preempt count, no
// order checking). The two counters share one 64-bit word so that taking a ticket and reading whose turn it is
// are one instruction (XADD): the low half is the ticket being served, the high half the next ticket to hand out.
type Ticket struct {
	word uint64
}

const ticketInc = 1 << 32

// Lock takes a ticket and waits for its turn.
func (t *Ticket) Lock() {
	v := atomic.AddUint64(&t.word, ticketInc)
	if uint32(v>>32)-1 != uint32(v) {
		t.wait(v)
	}
}

// wait spins until the ticket is served that was taken when the word became v.
//
//go:noinline
func (t *Ticket) wait(v uint64) {
	mine := uint32(v>>32) - 1
	for atomic.LoadUint32(t.serving()) != mine {
		spinWait()
	}
}

// TryLock takes the lock if nobody holds it or waits for it.
func (t *Ticket) TryLock() bool {
	v := atomic.LoadUint64(&t.word)
	return uint32(v>>32) == uint32(v) && atomic.CompareAndSwapUint64(&t.word, v, v+ticketInc)
}

// Unlock serves the next ticket. Only the holder writes the low half, so a 32-bit store is enough and cannot
// carry into the high half.
func (t *Ticket) Unlock() {
	s := t.serving()
	storeRelease(s, atomic.LoadUint32(s)+1)
}

// Locked tells whether somebody holds the lock.
func (t *Ticket) Locked() bool {
	v := atomic.LoadUint64(&t.word)
	return uint32(v>>32) != uint32(v)
}

// serving is the low half of the word (amd64 is little-endian).
func (t *Ticket) serving() *uint32 { return (*uint32)(unsafe.Pointer(&t.word)) }
