// Package time tells the time and calls functions later: a monotonic clock in nanoseconds since boot, the wall clock, and
// per-CPU one-shot timers. There is no periodic tick: each CPU's interval timer is programmed for its earliest deadline.
//
// Invariants: a Timer is on at most one CPU's queue; its function runs in interrupt context on that CPU, outside
// the queue's lock, and may start the timer again.
//
// Lock order: a CPU's queue lock (RankTimer) is a leaf but for the interval timer's own registers.
package time

import (
	"math/bits"

	"galago/kernel/lock"
)

// Durations in nanoseconds.
const (
	Microsecond = 1000
	Millisecond = 1000 * Microsecond
	Second      = 1000 * Millisecond
)

// clock converts a free-running counter to nanoseconds: (counter − base) · mult / 2^32.
var clock struct {
	read func() uint64
	base uint64
	mult uint64
}

// SetClock makes the counter that read returns, of hz counts a second, the time base. Called once, at boot, before
// other CPUs run; time begins now.
func SetClock(read func() uint64, hz uint64) {
	clock.base = read()
	clock.mult, _ = bits.Div64(Second>>32, Second<<32&(1<<64-1), hz)
	clock.read = read
}

// Now returns nanoseconds since boot; it never goes back.
func Now() uint64 {
	if clock.read == nil {
		return 0
	}
	hi, lo := bits.Mul64(clock.read()-clock.base, clock.mult)
	return hi<<32 | lo>>32
}

var wall struct {
	seq    lock.SeqLock
	offset uint64 // wall-clock ns at boot
}

// Wall returns the wall-clock time since the Epoch.
func Wall() (sec, nsec int64) {
	w := Now()
	for {
		s := wall.seq.ReadBegin()
		off := wall.offset
		if !wall.seq.ReadRetry(s) {
			w += off
			return int64(w / Second), int64(w % Second)
		}
	}
}

// SetWall sets the wall clock.
func SetWall(sec, nsec int64) {
	f := wall.seq.LockIRQ()
	wall.offset = uint64(sec)*Second + uint64(nsec) - Now()
	wall.seq.UnlockIRQ(f)
}

// BootTime returns the wall-clock time of boot in seconds.
func BootTime() int64 {
	sec, nsec := Wall()
	return int64((uint64(sec)*Second + uint64(nsec) - Now()) / Second)
}
