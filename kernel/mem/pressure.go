package mem

import (
	"sync/atomic"

	"galago/arch"
	"galago/kernel/lock"
)

// Shrinker gives memory back under pressure: a cache of reclaimable things.
type Shrinker struct {
	Name string
	// Shrink tries to free about want frames' worth and returns how much it freed. It may sleep.
	Shrink func(want int) (freed int)
	freed  atomic.Int64
	next   *Shrinker
}

const reclaimTries = 4

var (
	shrinkers     atomic.Pointer[Shrinker] // only ever added to, so that reclaim may read it without the lock
	shrinkersLock = lock.Spin{Rank: lock.RankShrinkers}
	pressure      atomic.Uint32
	// WakeReclaim starts the page-out thread; its floor sets it.
	WakeReclaim func()
)

// RegisterShrinker adds a shrinker for good.
func RegisterShrinker(s *Shrinker) {
	irq := shrinkersLock.LockIRQ()
	s.next = shrinkers.Load()
	shrinkers.Store(s)
	shrinkersLock.UnlockIRQ(irq)
}

// Plenty tells whether more than an eighth of memory is free: then it may be spent on what will probably be wanted.
func Plenty() bool {
	free := int64(0)
	for i := range zones {
		free += zones[i].nfree.Load()
	}
	return free > int64(total/8)
}

// checkPressure wakes the page-out thread when a zone falls below its low watermark.
func checkPressure() {
	free, low := int64(0), int64(0)
	for i := range zones {
		free += zones[i].nfree.Load()
		low += zones[i].low
	}
	if free < low && WakeReclaim != nil && pressure.CompareAndSwap(0, 1) {
		WakeReclaim()
	}
}

// ReclaimBackground is the page-out thread's work: it shrinks until the free memory is comfortable.
func ReclaimBackground() {
	pressure.Store(0)
	for range 64 {
		free, low := int64(0), int64(0)
		for i := range zones {
			free += zones[i].nfree.Load()
			low += zones[i].low
		}
		if free > 2*low || !reclaim(64, true) {
			return
		}
	}
}

// reclaim asks the shrinkers for n frames; it reports whether anything was freed. A thread that reclaims and
// allocates does not reclaim again. sparing: see Sparing.
func reclaim(n int, sparing bool) bool {
	if !mayReclaim() {
		return false
	}
	enterReclaim(true, sparing)
	freed := drainLocal()
	for s := shrinkers.Load(); s != nil; s = s.next {
		k := s.Shrink(n)
		s.freed.Add(int64(k))
		freed += k
	}
	enterReclaim(false, false)
	drainLocal()
	return freed > 0
}

// reclaimGoal is how many frames an attempt to find a block asks for. Single frames that are freed here and there seldom are
// buddies, so for a larger block it is many times its size, and more with each attempt.
func reclaimGoal(order, attempt int) int {
	if order == 0 {
		return pcpBatch
	}
	return 16 << (order + attempt)
}

// Reclaim asks the shrinkers for n frames for a process's memory and reports whether anything was freed: a last resort after a
// failed allocation.
func Reclaim(n int) bool { return reclaim(n, true) }

// TotalFrames returns the number of frames of the machine.
func TotalFrames() int { return int(total) }

// EachShrinker calls fn with every shrinker and the frames it freed so far.
func EachShrinker(fn func(s *Shrinker, freed int64)) {
	for s := shrinkers.Load(); s != nil; s = s.next {
		fn(s, s.freed.Load())
	}
}

// drainLocal empties this CPU's cache of frames into the zones and returns how many it held.
func drainLocal() int {
	irq := pcpLock.lock()
	c := &pcp[arch.CPUID()]
	n := c.n
	c.drain(n)
	pcpLock.unlock(irq)
	return n
}
