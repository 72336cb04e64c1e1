//go:build galago

package arch

import (
	"sync/atomic"
	"unsafe"
)

// TLB shoot-down: a CPU that removed or narrowed translations makes the others that may hold them drop
// them before the frames are used again. One request at a time, guarded by shootBusy; responders count down
// shootLeft. A CPU waiting here keeps interrupts on, or serves requests itself, so that two cannot deadlock.

// flushAllPages is the number of pages above which a full flush is cheaper than page by page.
const flushAllPages = 32

var (
	shootBusy  atomic.Uint32
	shootLeft  atomic.Int32
	shootStart atomic.Uintptr
	shootEnd   atomic.Uintptr
)

func flushLocal(start, end uintptr) {
	if (end-start)>>PageShift <= flushAllPages {
		for va := start; va < end; va += PageSize {
			invlpg(va)
		}
		return
	}
	if start >= DirectMap {
		cr4 := readCR4()
		writeCR4(cr4 &^ cr4PGE) // global entries too
		writeCR4(cr4)
		return
	}
	writeCR3(readCR3())
}

// serveTLB runs the request that is pending for this CPU, if any.
func serveTLB() {
	if c := &cpus[CPUID()]; c.pendingIPI.Swap(0) != 0 {
		flushLocal(shootStart.Load(), shootEnd.Load())
		shootLeft.Add(-1)
	}
}

func tlbHandler(unsafe.Pointer) { serveTLB() }

// FlushRange drops the translations of [start, end) on this CPU and on those in mask (bit i: CPU i). The caller
// has preemption off or does not care where it runs; it may hold spin locks, but no lock that a CPU spins
// on with interrupts off for longer than it takes to serve.
func FlushRange(start, end uintptr, mask uint64) {
	h := Current()
	h.Preempt++
	flushLocal(start, end)
	if others := mask &^ (1 << uint(h.CPU)); others != 0 {
		shoot(start, end, others)
	}
	h.Preempt--
}

func shoot(start, end uintptr, others uint64) {
	for !shootBusy.CompareAndSwap(0, 1) {
		serveTLB()
		Pause()
	}
	shootStart.Store(start)
	shootEnd.Store(end)
	n := int32(0)
	for i := range nCPU {
		if others>>i&1 != 0 && cpus[i].online.Load() != 0 {
			n++
		}
	}
	shootLeft.Store(n)
	for i := range nCPU {
		if others>>i&1 != 0 && cpus[i].online.Load() != 0 {
			cpus[i].pendingIPI.Store(1)
			sendIPI(i, VecTLB)
		}
	}
	for shootLeft.Load() > 0 && !Stopping {
		serveTLB()
		Pause()
	}
	shootBusy.Store(0)
}

// FlushKernelRange drops kernel translations everywhere.
func FlushKernelRange(start, end uintptr) { FlushRange(start, end, 1<<MaxCPUs-1) }
