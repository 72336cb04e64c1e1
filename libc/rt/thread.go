//go:build galago_user

package runtime

import (
	"internal/runtime/atomic"
	"unsafe"
)

// Thread is the header of a thread of control: a kernel thread, or a user-level thread that a library switches to. R14 points
// to it while the thread runs. Its first part is what compiled code knows.
type Thread struct {
	G
	region regions
	sp     uintptr // saved while it does not run
	stack  uintptr // mapping, guard page included; 0: not ours
	size   uintptr
	fn     func(arg unsafe.Pointer)
	arg    unsafe.Pointer

	// Held counts critical sections: a library must not switch away from the thread while it is not 0. Only the thread
	// itself, and a signal's handler on it, change it.
	Held int32
	// Pending: a library wanted to switch away while Held was not 0. OnRelease is called when it becomes 0.
	Pending bool
	// TID is the kernel's number of a kernel thread made by Start; the kernel clears it, and wakes futex waiters, when
	// the thread has ended.
	TID uint32
	// Local is the thread library's.
	Local unsafe.Pointer
}

var (
	mainThread Thread
	threaded   bool // more than one kernel thread has existed
)

// OnRelease is a thread library's: see Thread.Pending.
var OnRelease func()

// Self returns the running thread.
func Self() *Thread { return (*Thread)(unsafe.Pointer(getg())) }

// Threaded tells whether the process has, or had, a second kernel thread or user-level threads.
func Threaded() bool { return threaded }

func switchStack(save *uintptr, sp uintptr, t *Thread)
func cloneThread(flags, sp uintptr, t *Thread, tid *uint32) uintptr
func threadEntryAddr() uintptr
func exitThread(stack, size uintptr)
func pause()

const (
	guardSize    = 4096
	stackReserve = 1024 // what functions without a stack check, and the report of an overflow, may use

	sysMprotect = 10
	sysFutex    = 202
	sysYield    = 24
)

// Prepare gives a thread a stack of size bytes (a multiple of the page size) above a guard page, and what it will run: fn(arg), which must
// end with Exit or a switch away for ever. False: out of memory.
func (t *Thread) Prepare(size uintptr, fn func(arg unsafe.Pointer), arg unsafe.Pointer) bool {
	const protRW, private = 3, 0x20022 // MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK
	total := size + guardSize
	at := Syscall(sysMmap, 0, total, protRW, private, ^uintptr(0), 0)
	if at > ^uintptr(4095) {
		return false
	}
	if Syscall(sysMprotect, at, guardSize, 0, 0, 0, 0) != 0 {
		Syscall(sysMunmap, at, total, 0, 0, 0, 0)
		return false
	}
	threaded = true
	t.stack, t.size = at, total
	t.StackLo, t.StackHi = at+guardSize, at+total
	t.Stackguard0 = t.StackLo + stackReserve
	t.Stackguard1 = t.Stackguard0
	t.fn, t.arg = fn, arg
	top := t.StackHi - 64
	*(*uintptr)(unsafe.Pointer(top)) = 0 // BP: the end of the frame chain
	*(*uintptr)(unsafe.Pointer(top + 8)) = threadEntryAddr()
	t.sp = top
	return true
}

// threadMain is the first Go code of a prepared thread.
func threadMain() {
	t := Self()
	t.fn(t.arg)
	die("a thread's function returned", nil, false, 0, 0, 0, 0)
}

// SwitchTo leaves the running thread, which goes on when somebody switches to it, for t, which does not run.
func SwitchTo(t *Thread) { switchStack(&Self().sp, t.sp, t) }

// Flags of clone(2) for a kernel thread: VM FS FILES SIGHAND THREAD SYSVSEM PARENT_SETTID CHILD_CLEARTID.
const threadFlags = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000 | 0x100000 | 0x200000

// Start runs a prepared thread as a kernel thread. It returns 0 or a negated errno.
func (t *Thread) Start() int {
	if r := cloneThread(threadFlags, t.sp, t, &t.TID); r > ^uintptr(4095) {
		return int(r)
	}
	return 0
}

// Wait waits until a kernel thread that Start made has ended.
func (t *Thread) Wait() {
	for {
		tid := atomic.Load(&t.TID)
		if tid == 0 {
			return
		}
		const wait = 0 // not private: the kernel's wake-up at the thread's end is not
		Syscall(sysFutex, uintptr(unsafe.Pointer(&t.TID)), wait, uintptr(tid), 0, 0, 0)
	}
}

// Free gives back the stack and the region memory of a thread that has ended, or that will never run again.
func (t *Thread) Free() {
	t.region.freeAll()
	if t.stack != 0 {
		Syscall(sysMunmap, t.stack, t.size, 0, 0, 0, 0)
		t.stack = 0
	}
}

// ExitThread ends the running kernel thread. With detach its stack goes with it, as nobody will Wait and Free.
func (t *Thread) ExitThread(detach bool) {
	if detach {
		t.region.freeAll()
		exitThread(t.stack, t.size)
	}
	exitThread(0, 0)
}

// FutexWait sleeps while *addr is val, at most ns nanoseconds (0: without limit). It may return for no reason.
func FutexWait(addr *uint32, val uint32, ns int64) {
	const waitPrivate = 128
	var limit [2]int64
	at := uintptr(0)
	if ns > 0 {
		limit[0], limit[1] = ns/1e9, ns%1e9
		at = uintptr(noescape(unsafe.Pointer(&limit)))
	}
	Syscall(sysFutex, uintptr(unsafe.Pointer(addr)), waitPrivate, uintptr(val), at, 0, 0)
}

// FutexWake wakes up to n of those who wait at addr.
func FutexWake(addr *uint32, n int) {
	const wakePrivate = 129
	Syscall(sysFutex, uintptr(unsafe.Pointer(addr)), wakePrivate, uintptr(n), 0, 0, 0)
}

// noescape hides a pointer from escape analysis; what it points to is used during the call only.
//
//go:nosplit
func noescape(p unsafe.Pointer) unsafe.Pointer {
	x := uintptr(p)
	return unsafe.Pointer(x ^ 0)
}

// Lock is a mutual exclusion lock between kernel threads for short critical sections of libraries. While it is held, Held of the
// thread is raised: user-level threads are not preempted there, so a thread never waits for one that cannot run.
// (U. Drepper, Futexes Are Tricky, mutex 3, is the protocol: 0 free, 1 held, 2 held and perhaps waited for.)
type Lock struct{ state uint32 }

const spins = 50

// Lock takes the lock.
func (l *Lock) Lock() {
	Self().Held++
	if !threaded || atomic.Cas(&l.state, 0, 1) {
		return
	}
	for range spins {
		if atomic.Load(&l.state) == 0 && atomic.Cas(&l.state, 0, 1) {
			return
		}
		pause()
	}
	for atomic.Xchg(&l.state, 2) != 0 {
		FutexWait(&l.state, 2, 0)
	}
}

// Unlock releases it, though not the thread's right to go on unpreempted while it holds other locks.
func (l *Lock) Unlock() {
	l.Release()
	Self().Leave()
}

// Leave ends a critical section that Lock (or raising Held) began.
func (t *Thread) Leave() {
	if t.Held--; t.Held == 0 && t.Pending {
		t.Pending = false
		OnRelease()
	}
}

// Release releases the lock and leaves Held as it is: for the one who took over the critical section by a switch of threads.
func (l *Lock) Release() {
	if threaded && atomic.Xchg(&l.state, 0) == 2 {
		FutexWake(&l.state, 1)
	}
}
