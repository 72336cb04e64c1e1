//go:build galago_user

// Package thread runs threads in four ways behind one interface, so that a program and its measurements can be compared:
//
//	OneToOne     each thread is a kernel thread
//	ManyToOne    user-level threads on one kernel thread; a call that blocks, blocks them all
//	ManyToMany   user-level threads on a fixed number of kernel threads
//	Activations  user-level threads on scheduler activations: the kernel runs another activation while one is blocked
//	             (Anderson, Bershad, Lazowska, Levy: Scheduler Activations, SOSP 1991)
//
// User-level threads are switched in user mode (a few instructions) and preempted by a timer's signal, whose handler runs on the
// stack of the thread it interrupts and simply switches to another one.
//
// All synchronisation (sync.go) stands on two operations of a library: park, and unpark of another thread. An unpark that
// comes before the park is not lost.
//
// Invariants:
//   - a Thread's memory, its stack and what the language allocated in it live until it is joined.
//   - a user-level thread is in exactly one place: running on a kernel thread, in the ready queue, among the sleepers, or in the
//     hands of whoever will unpark it.
//
// Lock order: guards of sync objects → the scheduler's lock.
package thread

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"galago/kernel/errno"
	"galago/libc/sys"
)

// Library is one way to run threads.
type Library interface {
	// Name is what tables call it.
	Name() string

	begin(procs int, first *Thread) sys.Errno
	create(t *Thread) sys.Errno
	exit(t *Thread)
	reap(t *Thread)
	yield()
	park(t *Thread)
	unpark(t *Thread)
	sleep(t *Thread, ns int64)
}

// Thread is a thread of control.
type Thread struct {
	rt runtime.Thread // first: R14 points to it while the thread runs

	fn    func()
	token uint32 // 1: an unpark has come

	waitNext *Thread     // in a sync object's queue; guarded by that object
	granted  atomic.Bool // its wait there is over

	guard  runtime.Lock
	done   bool    // guarded by guard
	joiner *Thread // guarded by guard

	// User-level threads only; guarded by the scheduler's lock.
	next     *Thread
	k        *kthread // what it runs on
	state    state
	deadline int64 // of its sleep; CLOCK_MONOTONIC, in nanoseconds
}

const stackSize = 64 << 10

// lib is the library in use between begin and end of Run.
var lib Library

// newThread makes a thread that will run fn; nil: out of memory.
func newThread(fn func()) *Thread {
	t := (*Thread)(runtime.Alloc(unsafe.Sizeof(Thread{})))
	t.fn = fn
	if !t.rt.Prepare(stackSize, entry, unsafe.Pointer(t)) {
		runtime.Free(unsafe.Pointer(t))
		return nil
	}
	return t
}

// entry is where every thread begins.
func entry(arg unsafe.Pointer) {
	t := (*Thread)(arg)
	t.fn()
	lib.exit(t)
}

// free gives everything back; the thread is off its stack.
func (t *Thread) free() {
	t.rt.Free()
	runtime.Free(unsafe.Pointer(t))
}

// finished tells the joiner, now or later.
func (t *Thread) finished() {
	t.guard.Lock()
	t.done = true
	j := t.joiner
	t.guard.Unlock()
	if j != nil {
		lib.unpark(j)
	}
}

// Run runs main as the first thread of a library with procs kernel threads (where the library has a choice) and returns when
// main and all threads it made have been joined or have ended. ENOMEM, EAGAIN; ENOSYS when the kernel does not offer
// what the library needs.
func Run(l Library, procs int, main func()) sys.Errno {
	first := newThread(main)
	if first == nil {
		return errno.ENOMEM
	}
	lib = l
	e := l.begin(procs, first)
	lib = nil
	first.free()
	return e
}

// Go starts a thread; it must be joined. nil: out of memory, or of threads.
func Go(fn func()) *Thread {
	t := newThread(fn)
	if t == nil {
		return nil
	}
	if lib.create(t) != 0 {
		t.free()
		return nil
	}
	return t
}

// Join waits for a thread's end and frees it.
func Join(t *Thread) {
	me := Self()
	t.guard.Lock()
	done := t.done
	t.joiner = me
	t.guard.Unlock()
	for !done {
		lib.park(me)
		t.guard.Lock()
		done = t.done
		t.guard.Unlock()
	}
	lib.reap(t)
	t.free()
}

// Self returns the running thread.
func Self() *Thread { return (*Thread)(unsafe.Pointer(runtime.Self())) }

// Yield lets others run.
func Yield() { lib.yield() }

// Sleep sleeps for ns nanoseconds.
func Sleep(ns int64) { lib.sleep(Self(), ns) }
