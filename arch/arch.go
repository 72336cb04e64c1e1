// Package arch is all that knows the CPU: privileged instructions, page tables, trap and system-call
// entry, context switch, FPU state, interrupt controllers, inter-processor interrupts, and the copies to
// and from user memory. Files named *_amd64.go / *_amd64.s (tag galago) are the real machine; hosted.go
// gives machine-independent packages what they need to run as ordinary Go under `go test -race`.
//
// It is the lowest floor: it imports nothing of the kernel but kernel/rt (as package runtime). Where it must call
// up (a page fault, a system call, a device interrupt), it owns a function variable that a higher floor sets.
package arch

import "unsafe"

// Page geometry and limits common to every variant.
const (
	PageShift = 12
	PageSize  = 1 << PageShift
	MaxCPUs   = 16

	// UserLimit is the first address above user space: one page below the canonical boundary, as on
	// Linux (TASK_SIZE_MAX), so that SYSRET never sees a non-canonical return address.
	UserLimit uintptr = 0x7fff_ffff_f000
)

// MaxHeld bounds the number of spin locks one thread may hold at once; package lock records them for its
// order checker.
const MaxHeld = 16

// ThreadHeader is what R14 points to in all kernel code: Go's "g" as far as the compiler knows it (a stack
// bound at offset 16), followed by what the lowest floors keep per thread. It is the first field of
// sched.Thread, so the current thread is one register away.
type ThreadHeader struct {
	StackLo, StackHi uintptr
	StackGuard0      uintptr        // offset 16: compared with SP by every function prologue
	StackGuard1      uintptr        // offset 24: the same for systemstack functions
	Deferp           unsafe.Pointer // offset 32: chain of stack-allocated defers (kernel/rt)
	SP, BP           uintptr        // offsets 40, 48: saved by Switch
	Preempt          int32          // offset 56: >0 forbids preemption; raised by spin locks and interrupts
	NeedResched      uint32         // offset 60: set by wake-ups and the slice timer
	CPU              int32          // offset 64: index of the CPU this thread runs on
	IRQDepth         int32          // offset 68: nesting of interrupts on this thread
	UserFrame        uintptr        // offset 72: the registers of user mode while in the kernel (*Frame)
	Work             uint32         // offset 80: WorkSignal etc.: work to do before return to user mode
	Reclaiming       uint32         // offset 84: inside memory reclaim, which must not recurse
	NHeld            int32          // spin locks held, newest last
	Trace            uint32         // non-zero: system calls of this thread take the slow way (tracing, filters)
	KernelTime       uint64         // offset 96: cycles spent in the kernel; while there, less the cycle counter at entry (sched.Stats)
	Held             [MaxHeld]unsafe.Pointer
	HeldPC           [MaxHeld]uintptr
	FailEvery        uint32 // each FailEvery-th allocation of the thread fails (mem.FailThreads); 0: none
	FailIn           uint32 // the next one
}
