//go:build galago && lockdep

package lock

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
)

// The lock-dependency checker. Each thread's header lists the spin locks it holds (interrupt handlers run on the
// interrupted thread's stack and use its list). At each acquisition it checks that
//
//   - no lock held has a higher rank, or the same one without leave (ranks.go): order inversion;
//   - the lock is not held already: self-deadlock;
//   - a rank taken in interrupt handlers is never taken with interrupts on: a handler would wait for the
//     thread it interrupted.
//
// For every pair of ranks seen nested it keeps the first stack that nested them, and for every rank the first stack
// in each interrupt state, so that a report can show both sides. Checking costs a scan of the few locks
// held; only the first sight of a pair walks the stack.

// Debug tells whether the lock-dependency checker is compiled in.
const Debug = true

// TraceDepth is the number of return addresses kept of a stack.
const TraceDepth = 16

// Trace is a stack: return addresses, innermost first, 0 at the end if shorter.
type Trace [TraceDepth]uintptr

// Violation describes a broken rule.
type Violation struct {
	What        string
	Taken, Held Rank
	Here        Trace  // the stack that breaks the rule
	There       *Trace // the stack that established the opposite, or nil
	HeldPC      uintptr
}

// OnViolation is called with the first violation; it prints it and does not return. Until it is set, and if it
// does return, the violation panics with its bare name. After the first one checking is off.
var OnViolation func(v *Violation)

const maxTraces = 1024

var (
	broken    atomic.Uint32 // a violation was reported: checking is off
	violation Violation

	traces    [maxTraces]Trace
	numTraces atomic.Uint32

	// edges[held][taken] is 1 + the index of the first stack that took one with the other held; 0 if never seen,
	// noTrace when seen but out of room.
	edges [NumRanks][NumRanks]atomic.Uint32
	inIRQ [NumRanks]atomic.Uint32 // likewise: taken in an interrupt handler
	irqOn [NumRanks]atomic.Uint32 // likewise: taken by a thread with interrupts on
)

const noTrace = ^uint32(0)

// remember records the caller's stack in slot, once.
func remember(slot *atomic.Uint32) {
	if slot.Load() != 0 || !slot.CompareAndSwap(0, noTrace) {
		return
	}
	i := numTraces.Add(1) - 1
	if i >= maxTraces {
		numTraces.Store(maxTraces)
		return
	}
	callers(traces[i][:])
	slot.Store(i + 1)
}

func recall(slot *atomic.Uint32) *Trace {
	if i := slot.Load(); i != 0 && i != noTrace {
		return &traces[i-1]
	}
	return nil
}

// callers walks the chain of frame pointers on the current stack, from its caller's own frame outwards.
//
//go:noinline
func callers(t []uintptr) {
	h := arch.Current()
	fp := arch.FramePointer()
	for i := range t {
		if fp < h.StackLo || fp > h.StackHi-16 || fp&7 != 0 {
			t[i] = 0
			return
		}
		rec := (*[2]uintptr)(unsafe.Pointer(fp))
		t[i] = rec[1]
		if rec[0] <= fp { // the chain must go up: guards against loops
			if i+1 < len(t) {
				t[i+1] = 0
			}
			return
		}
		fp = rec[0]
	}
}

func fail(what string, taken, held Rank, heldPC uintptr, there *Trace) {
	if broken.Swap(1) != 0 {
		return
	}
	v := &violation
	v.What, v.Taken, v.Held, v.HeldPC, v.There = what, taken, held, heldPC, there
	callers(v.Here[:])
	if OnViolation != nil {
		OnViolation(v)
	}
	panic("lock: order violation")
}

// Held lists the locks a thread holds, for reports: the i-th one's address and the place that took it.
func Held(h *arch.ThreadHeader, i int) (lock unsafe.Pointer, pc uintptr) {
	return h.Held[i], h.HeldPC[i]
}

// depAcquire checks and records the acquisition of a lock about to be taken (or, when try, just taken: that
// cannot deadlock, so order does not matter).
//
//go:noinline
func depAcquire(r Rank, p unsafe.Pointer, try bool) {
	h := arch.Current()
	if broken.Load() != 0 {
		return
	}
	for i := int32(0); i < h.NHeld; i++ {
		if h.Held[i] == p {
			fail("spin lock taken twice", r, r, h.HeldPC[i], nil)
			return
		}
		held := *(*Rank)(h.Held[i]) // every lock type begins with its Rank
		if r == RankNone || held == RankNone {
			continue
		}
		if !try && (held > r || held == r && !r.nests()) {
			fail("lock order inversion", r, held, h.HeldPC[i], recall(&edges[r][held]))
			return
		}
		remember(&edges[held][r])
	}
	if r != RankNone && !try {
		checkIRQ(h, r)
	}
	if h.NHeld >= arch.MaxHeld {
		fail("too many spin locks held", r, RankNone, 0, nil)
		return
	}
	// An interrupt handler between the entry and the count would use and clear the same entry.
	pc := callerPC()
	flags := arch.IRQDisable()
	h.Held[h.NHeld] = p
	h.HeldPC[h.NHeld] = pc
	h.NHeld++
	arch.IRQRestore(flags)
}

func checkIRQ(h *arch.ThreadHeader, r Rank) {
	if h.IRQDepth > 0 {
		remember(&inIRQ[r])
		if irqOn[r].Load() != 0 {
			fail("lock taken in an interrupt handler and elsewhere with interrupts on", r, RankNone, 0, recall(&irqOn[r]))
		}
	} else if arch.IRQEnabled() {
		remember(&irqOn[r])
		if inIRQ[r].Load() != 0 {
			fail("lock taken with interrupts on and elsewhere in an interrupt handler", r, RankNone, 0, recall(&inIRQ[r]))
		}
	}
}

// callerPC returns the place that takes a lock: callers ← callerPC ← depAcquire ← Lock ← that place.
//
//go:noinline
func callerPC() uintptr {
	var t [4]uintptr
	callers(t[:])
	return t[3]
}

func depRelease(p unsafe.Pointer) {
	h := arch.Current()
	for i := h.NHeld - 1; i >= 0; i-- {
		if h.Held[i] == p {
			drop(h, i)
			return
		}
	}
	if broken.Load() == 0 {
		fail("spin lock released by one who does not hold it", *(*Rank)(p), RankNone, 0, nil)
	}
}

// drop closes the gap that entry i leaves.
func drop(h *arch.ThreadHeader, i int32) {
	for ; i+1 < h.NHeld; i++ {
		h.Held[i] = h.Held[i+1]
		h.HeldPC[i] = h.HeldPC[i+1]
	}
	h.NHeld--
	h.Held[h.NHeld] = nil
}

func depHeld(p unsafe.Pointer) bool {
	h := arch.Current()
	for i := int32(0); i < h.NHeld; i++ {
		if h.Held[i] == p {
			return true
		}
	}
	return broken.Load() != 0
}

func depHandOver(p unsafe.Pointer, from, to *arch.ThreadHeader) {
	for i := from.NHeld - 1; i >= 0; i-- {
		if from.Held[i] == p && to.NHeld < arch.MaxHeld {
			to.Held[to.NHeld], to.HeldPC[to.NHeld] = p, from.HeldPC[i]
			to.NHeld++
			drop(from, i)
			return
		}
	}
}

// AssertMaySleep reports a caller that holds a spin lock, has preemption or interrupts off, or runs in an
// interrupt handler: it is not allowed to sleep.
func AssertMaySleep() {
	h := arch.Current()
	switch {
	case broken.Load() != 0:
	case h.NHeld > 0:
		fail("sleep with a spin lock held", RankNone, *(*Rank)(h.Held[h.NHeld-1]), h.HeldPC[h.NHeld-1], nil)
	case h.IRQDepth > 0:
		fail("sleep in an interrupt handler", RankNone, RankNone, 0, nil)
	case h.Preempt > 0:
		fail("sleep with preemption off", RankNone, RankNone, 0, nil)
	case !arch.IRQEnabled():
		fail("sleep with interrupts off", RankNone, RankNone, 0, nil)
	}
}
