//go:build galago

package sched

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched/policy"
	"galago/kernel/time"
)

// Thread is a thread of control in the kernel, perhaps on behalf of a process. The register R14 points to its
// header while it runs.
type Thread struct {
	arch.ThreadHeader
	ID   uint64         // serial number, never reused
	Proc unsafe.Pointer // the process floor's own structure; nil in a kernel thread

	Space unsafe.Pointer // its address space, of package vm; nil in a kernel thread

	// NoWait: files are to answer as if all were O_NONBLOCK. Set by the thread itself, for one attempt.
	NoWait bool

	// Charged is what the thread has caused. It counts itself.
	Charged Charges

	// Watched: OnBlock is called when the thread is about to sleep. Set by the thread itself.
	Watched bool

	// state is written by the thread itself on its way to sleep, and by wakers under the lock of the
	// thread's run queue.
	state atomic.Uint32

	// Guarded by the lock of the run queue of CPU (ThreadHeader.CPU), which changes only under that lock.
	entity      policy.Entity
	params      Params // own, of which entity may have something better by inheritance
	inherited   Standing
	affinity    CPUMask
	onRQ        bool // runnable: running, in the policy's queue, or on the way into one
	migrate     bool // leaves a CPU that its affinity forbids
	runTime     uint64
	voluntary   uint64
	involuntary uint64

	pi piState // guarded by piLock

	wait   Waiter     // its entry in the queue it waits in; guarded by that queue's lock
	timer  time.Timer // ends a timed sleep
	exited Completion
	refs   atomic.Int32 // the thread itself until it is off its stack, its creator, Get
	fn     func(unsafe.Pointer)
	arg    unsafe.Pointer

	// Guarded by threadLock.
	name             [NameLen]byte
	nextAll, prevAll *Thread
}

var (
	threadCache = mem.Cache[Thread]{Name: "thread"}

	threadLock = lock.Spin{Rank: lock.RankThreadList}
	allThreads *Thread // guarded by threadLock, as are the next two
	numThreads int
	lastID     uint64
)

// Current returns the running thread.
func Current() *Thread { return (*Thread)(unsafe.Pointer(arch.Current())) }

// selfID identifies the running thread as the owner of a Mutex.
func selfID() uintptr { return uintptr(unsafe.Pointer(arch.Current())) }

func (t *Thread) id() uintptr { return uintptr(unsafe.Pointer(t)) }

// setup gives a new thread its identity and enters it into the list.
func (t *Thread) setup(name string) {
	t.wait.thread = t
	t.entity.Owner = unsafe.Pointer(t)
	t.entity.SetNice(0)
	t.affinity = AllCPUs
	t.state.Store(uint32(New))
	copy(t.name[:NameLen-1], name)
	flags := threadLock.LockIRQ()
	lastID++
	t.ID = lastID
	t.nextAll = allThreads
	if allThreads != nil {
		allThreads.prevAll = t
	}
	allThreads = t
	numThreads++
	threadLock.UnlockIRQ(flags)
}

// unlist takes the thread out of the list of all threads.
func (t *Thread) unlist() {
	flags := threadLock.LockIRQ()
	if t.prevAll == nil {
		allThreads = t.nextAll
	} else {
		t.prevAll.nextAll = t.nextAll
	}
	if t.nextAll != nil {
		t.nextAll.prevAll = t.prevAll
	}
	numThreads--
	threadLock.UnlockIRQ(flags)
}

// Create makes a thread that will run fn(arg) once Start is called. The caller owns a reference, to be given
// up with Join or Put. The thread inherits its creator's nice level and affinity.
func Create(name string, fn func(arg unsafe.Pointer), arg unsafe.Pointer) (*Thread, errno.Errno) {
	t := threadCache.Alloc()
	if t == nil {
		return nil, errno.ENOMEM
	}
	stack := allocStack()
	if stack == 0 {
		threadCache.Free(t)
		return nil, errno.ENOMEM
	}
	t.SetStack(stack, stack+StackSize)
	t.setup(name)
	me := Current()
	t.params.Nice = int(me.entity.Nice)
	t.entity.SetNice(t.params.Nice)
	if me != queues[me.CPU].idle {
		t.affinity = me.affinity
	}
	t.fn, t.arg = fn, arg
	t.refs.Store(2)
	t.CPU = me.CPU
	t.Preempt = switchPreempt
	t.PrepareKernel(threadStart)
	return t, errno.OK
}

// Abandon frees a thread that was created but never started.
func (t *Thread) Abandon() {
	t.unlist()
	lock.PreemptDisable()
	freeStack(t.StackLo)
	lock.PreemptEnable()
	t.refs.Store(1)
	t.Put()
}

// Go runs fn(arg) in a new thread that nobody joins. The result is valid as long as that thread lives.
func Go(name string, fn func(arg unsafe.Pointer), arg unsafe.Pointer) (*Thread, errno.Errno) {
	t, err := Create(name, fn, arg)
	if err == errno.OK {
		t.Start()
		t.Put()
	}
	return t, err
}

// threadStart is where a kernel thread begins, still inside the switch that brought it here.
func threadStart() {
	t := Current()
	finishSwitch()
	arch.IRQOn()
	lock.PreemptEnable()
	t.fn(t.arg)
	Exit()
}

// Exit ends the calling thread. It holds no locks.
func Exit() {
	lock.AssertMaySleep()
	t := Current()
	t.unlist()
	t.releaseBandwidth()
	t.exited.DoneAll()
	t.Preempt++
	arch.IRQOff()
	t.state.Store(uint32(Dead))
	switchThread(t, policy.Woken, true)
	panic("sched: a dead thread runs")
}

// Join waits until the thread has ended and gives up the caller's reference.
func (t *Thread) Join() {
	t.exited.Wait()
	t.Put()
}

// Get takes another reference to the thread structure.
func (t *Thread) Get() { t.refs.Add(1) }

// Put gives up a reference. The last one frees the structure.
func (t *Thread) Put() {
	if t.refs.Add(-1) == 0 {
		threadCache.Free(t)
	}
}

// Name copies the thread's name to buf and returns its length.
func (t *Thread) Name(buf []byte) int {
	flags := threadLock.LockIRQ()
	n := 0
	for n < len(buf) && n < NameLen && t.name[n] != 0 {
		buf[n] = t.name[n]
		n++
	}
	threadLock.UnlockIRQ(flags)
	return n
}

// SetName sets the name, cut to NameLen−1 bytes.
func (t *Thread) SetName(name string) {
	flags := threadLock.LockIRQ()
	t.name = [NameLen]byte{}
	copy(t.name[:NameLen-1], name)
	threadLock.UnlockIRQ(flags)
}

// State returns what the thread is doing.
func (t *Thread) State() State { return State(t.state.Load()) }

func (t *Thread) setState(s State) { t.state.Store(uint32(s)) }

// Stats returns the thread's figures.
func (t *Thread) Stats() Stats {
	flags := arch.IRQDisable()
	rq := t.lockQueue()
	// The cycle counter is read first, or the time outside the kernel could seem to shrink.
	kernel := t.kernelCycles()
	if rq.curr == t {
		rq.account(time.Now())
	}
	s := Stats{RunTime: t.runTime, Voluntary: t.voluntary, Involuntary: t.involuntary, CPU: int(t.CPU)}
	s.KernelTime = min(time.CyclesToNano(kernel), s.RunTime)
	rq.lock.UnlockIRQ(flags)
	return s
}

// kernelCycles returns the cycles that the thread has spent in the kernel.
func (t *Thread) kernelCycles() uint64 {
	k := atomic.LoadUint64(&t.KernelTime)
	if int64(k) < 0 { // it is there at this moment
		k += arch.Cycles()
	}
	return k
}

// EachThread calls fn for every thread until fn returns false. fn runs under a spin lock: it must not sleep. A
// thread it wants to keep it must Get.
func EachThread(fn func(t *Thread) bool) {
	flags := threadLock.LockIRQ()
	for t := allThreads; t != nil && fn(t); t = t.nextAll {
	}
	threadLock.UnlockIRQ(flags)
}

// Parked calls fn if the thread is not running, and keeps it so meanwhile: its saved registers and its stack can be looked at. fn runs under a spin
// lock with interrupts off.
func (t *Thread) Parked(fn func(h *arch.ThreadHeader)) {
	flags := arch.IRQDisable()
	rq := t.lockQueue()
	if rq.curr != t && t.State() != Dead {
		fn(&t.ThreadHeader)
	}
	rq.lock.UnlockIRQ(flags)
}

// NumThreads returns the number of threads that exist, the idle ones included.
func NumThreads() int {
	flags := threadLock.LockIRQ()
	n := numThreads
	threadLock.UnlockIRQ(flags)
	return n
}

// now is the monotonic clock, in nanoseconds.
func now() uint64 { return time.Now() }

// startTimer has the thread woken at deadline, if there is one.
func (t *Thread) startTimer(deadline uint64) {
	if deadline != 0 {
		t.timer.Func, t.timer.Arg = timerWake, unsafe.Pointer(t)
		t.timer.Start(deadline)
	}
}

// stopTimer undoes startTimer. A timer that is going off this moment does no harm: sleepers expect to be woken
// for no reason, and judge their deadlines by the clock.
func (t *Thread) stopTimer(deadline uint64) {
	if deadline != 0 {
		t.timer.Stop()
	}
}

func timerWake(tm *time.Timer) { (*Thread)(tm.Arg).wake(sleeping, false) }

// queueHint tells that a wait queue may not be looked at without its lock; here it may.
const queueHint = false
