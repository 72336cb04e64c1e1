// Package sched runs threads: it multiplexes the CPUs over them (run queues, context switch, preemption, load
// balancing), puts them to sleep and wakes them (wait queues, timed sleeps), and builds on that the locks that
// sleep (Mutex, RWMutex, Semaphore, Cond, Completion, Barrier), work queues (Work: code that needs a thread) and
// deferred procedure calls (DPC: code an interrupt handler puts off until interrupts are on again).
//
// Which thread runs next, and for how long, is not decided here but by a policy: one file each in
// sched/policy, chosen at boot by sched=rr or sched=fair.
//
// Lock order (ranks.go of package lock has the numbers):
//
//	guard of a sleeping lock → wait queue → (callback's lock → inner wait queue) → work list → run queue → timer
//
// Nobody may sleep with a spin lock held, with preemption or interrupts off, in an interrupt handler or in a DPC;
// everything named Wake…, Up, Done, Signal, Broadcast and Queue… may be called there.
//
// Two variants share this API: the kernel's own (tag galago), and a hosted one in which a thread is a goroutine,
// so that file systems, the block layer and the rest are tested as ordinary Go under the race detector.
package sched

import "sync/atomic"

// State says what a thread is doing.
type State uint32

// The states of a thread. Only a sleeping thread is off the run queues.
const (
	Running         State = 0         // running, or waiting for a CPU
	Interruptible   State = 1 << iota // asleep; a signal ends the sleep
	Uninterruptible                   // asleep until woken
	Killable                          // asleep; only a fatal signal ends the sleep
	New                               // created, not yet started
	Dead                              // left its last function

	sleeping = Interruptible | Uninterruptible | Killable
)

// Letter is the state's letter in /proc/PID/stat and ps.
func (s State) Letter() byte {
	switch s {
	case Running:
		return 'R'
	case Interruptible:
		return 'S'
	case Uninterruptible, Killable, New:
		return 'D'
	}
	return 'X'
}

// NameLen is the length of a thread's name, as of Linux's comm (the last byte is always 0).
const NameLen = 16

// CPUMask is a set of CPUs, one bit each.
type CPUMask uint64

// AllCPUs is the affinity of a thread that may run anywhere.
const AllCPUs = ^CPUMask(0)

// Has tells whether the set contains cpu.
func (m CPUMask) Has(cpu int) bool { return m>>uint(cpu)&1 != 0 }

// Hooks that upper floors set once at boot.
var (
	// SignalPending tells whether a thread has a signal that ends an interruptible sleep. It is asked for kernel
	// threads, too (Proc == nil).
	SignalPending func(*Thread) bool
	// FatalPending tells whether a thread has a signal that ends a killable sleep.
	FatalPending func(*Thread) bool
)

// Charges count what a thread has caused, for getrusage(2).
type Charges struct {
	MinorFaults atomic.Uint64
	MajorFaults atomic.Uint64 // with PageMisses
	PageMisses  atomic.Uint64 // pages of files that its faults found not in memory, or still being read
	Read        atomic.Uint64 // bytes it had read from disks
	Dirtied     atomic.Uint64 // bytes of files it made differ from what is on disk
}

// Stats are the figures of one thread, for /proc.
type Stats struct {
	RunTime     uint64 // ns on a CPU
	KernelTime  uint64 // ns of these in the kernel
	Voluntary   uint64 // context switches by going to sleep
	Involuntary uint64 // context switches by preemption
	CPU         int    // where it runs or last ran
}
