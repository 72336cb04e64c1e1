// Package time tells the time and calls functions later: a monotonic clock in nanoseconds since boot, the wall clock, and
// per-CPU one-shot timers. There is no periodic tick: each CPU's interval timer is programmed for its earliest deadline.
//
// Invariants: a Timer is on at most one CPU's queue; its function runs in interrupt context on that CPU, outside
// the queue's lock, and may start the timer again or free it.
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
	clock.mult = multiplier(hz)
	clock.read = read
}

// Now returns nanoseconds since boot. It does not go back, as far as the CPUs' counters agree.
func Now() uint64 {
	if clock.read == nil {
		return 0
	}
	count := clock.read() - clock.base
	if int64(count) < 0 {
		return 0 // a CPU whose counter is behind, in the first moments
	}
	return toNano(count, clock.mult)
}

// CyclesToNano converts an interval of the time base's counter.
func CyclesToNano(count uint64) uint64 { return toNano(count, clock.mult) }

func toNano(count, mult uint64) uint64 {
	hi, lo := bits.Mul64(count, mult)
	return hi<<32 | lo>>32
}

// multiplier returns ns·2^32 a count, for hz counts a second; hz is at least 1.
func multiplier(hz uint64) uint64 { return Second << 32 / max(hz, 1) }

var wall = struct {
	seq    lock.SeqLock
	offset int64 // wall-clock ns at boot; guarded by seq
}{seq: lock.SeqLock{Rank: lock.RankClock}}

// Wall returns the wall-clock time since the Epoch.
func Wall() (sec, nsec int64) {
	now, offset := readWall()
	return split(int64(now) + offset)
}

// readWall returns the time and the offset that was in force then.
func readWall() (now uint64, offset int64) {
	for {
		s := wall.seq.ReadBegin()
		now, offset = Now(), wall.offset
		if !wall.seq.ReadRetry(s) {
			return now, offset
		}
	}
}

// split makes nanoseconds since the Epoch a struct timespec, whose tv_nsec is never negative.
func split(ns int64) (sec, nsec int64) {
	sec, nsec = ns/Second, ns%Second
	if nsec < 0 {
		sec, nsec = sec-1, nsec+Second
	}
	return sec, nsec
}

// WallToMono converts a wall-clock time to the monotonic clock as things stand; times before boot give 0.
func WallToMono(sec, nsec int64) uint64 {
	const most = 1 << 62 / Second
	switch {
	case sec > most:
		return 1<<63 - 1
	case sec < -most:
		return 0
	}
	_, offset := readWall()
	return uint64(max(sec*Second+nsec-offset, 0))
}

// SetWall sets the wall clock. Within 2^62 ns (146 years) of the Epoch; the caller has checked.
func SetWall(sec, nsec int64) {
	f := wall.seq.LockIRQ()
	wall.offset = sec*Second + nsec - int64(Now())
	publish()
	wall.seq.UnlockIRQ(f)
	wallChanged()
}

// BootTime returns the wall-clock time of boot in seconds.
func BootTime() int64 {
	_, offset := readWall()
	sec, _ := split(offset)
	return sec
}
