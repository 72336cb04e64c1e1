//go:build galago_user

package thread

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"galago/kernel/errno"
	"galago/libc/sys"
)

// state of a user-level thread.
type state uint8

const (
	ready state = iota
	running
	parked
	sleeping
	ended
)

// kthread is a kernel thread that runs user-level ones. Between two of them it runs its scheduler, on a stack of its own.
type kthread struct {
	rt      runtime.Thread // header of the scheduler's context, if the library made the kernel thread
	self    *runtime.Thread
	s       *scheduler
	next    *kthread
	timer   int32
	surplus bool // interrupted by the preempting signal: perhaps an activation that has to give its processor up
}

// kernelSide is what the three libraries of user-level threads differ in.
type kernelSide interface {
	// parksFirst tells whether a new kernel thread is idle until it is woken.
	parksFirst() bool
	// idle waits, without the scheduler's lock, until there may be something to run, at most ns nanoseconds (0: without limit). seq is the
	// value of scheduler.wake before the decision to wait.
	idle(k *kthread, seq uint32, ns int64)
	// wake gets an idle kernel thread going.
	wake(s *scheduler)
	// settle is called after a preempting signal, before the kernel thread takes up its next thread.
	settle(k *kthread)
	// end gets all idle kernel threads going: there is nothing left to run.
	end(s *scheduler)
}

// scheduler multiplexes user-level threads over kernel threads.
type scheduler struct {
	kernel  kernelSide
	lock    runtime.Lock
	first   *Thread // ready queue, guarded by lock as all that follows
	last    *Thread
	asleep  *Thread // by deadline
	live    int     // threads that have not ended
	idle    int     // kernel threads without work
	kernels int     // kernel threads in all
	wake    uint32  // changes when idle kernel threads should look again
	over    bool
	list    *kthread
}

// sched is the scheduler of the library in use.
var sched *scheduler

func (s *scheduler) push(t *Thread) {
	t.state, t.next = ready, nil
	if s.first == nil {
		s.first = t
	} else {
		s.last.next = t
	}
	s.last = t
}

// take returns the next thread to run, or nil and how long until a sleeper is due (0: there is none).
func (s *scheduler) take() (t *Thread, wait int64) {
	if s.asleep != nil {
		now := clock()
		for s.asleep != nil && s.asleep.deadline <= now {
			t := s.asleep
			s.asleep = t.next
			s.push(t)
		}
		if s.asleep != nil {
			wait = s.asleep.deadline - now
		}
	}
	if t = s.first; t != nil {
		s.first = t.next
	}
	return t, wait
}

func clock() int64 {
	const monotonic = 1
	t := sys.ClockGettime(monotonic)
	return t.Sec*1e9 + t.Nsec
}

// loop is a kernel thread's scheduler; it returns when no thread is left.
func (k *kthread) loop() {
	s := k.s
	for {
		if k.surplus {
			k.surplus = false
			s.kernel.settle(k)
		}
		s.lock.Lock()
		t, wait := s.take()
		if t == nil {
			if !k.rest(wait) {
				return
			}
			continue
		}
		more := s.first != nil && s.idle > 0
		t.k, t.state = k, running
		s.lock.Unlock()
		if more {
			s.kernel.wake(s)
		}
		runtime.SwitchTo(&t.rt)
		// t switched back inside its critical section.
		dead := t.state == ended
		s.lock.Release()
		if dead {
			t.finished()
		}
	}
}

// rest waits for work; false: there will be none. It is called with the lock and returns without.
func (k *kthread) rest(wait int64) bool {
	s := k.s
	if s.live == 0 {
		s.over = true
		atomic.AddUint32(&s.wake, 1)
		s.lock.Unlock()
		s.kernel.end(s)
		return false
	}
	s.idle++
	seq := atomic.LoadUint32(&s.wake)
	if s.idle == s.kernels && s.asleep == nil && s.first == nil {
		print("thread: deadlock: all threads wait\n")
		runtime.ExitNow(2)
	}
	s.lock.Unlock()
	s.kernel.idle(k, seq, wait)
	s.lock.Lock()
	s.idle--
	over := s.over
	s.lock.Unlock()
	return !over
}

// switchOut leaves the running thread, whose new state is set, for the scheduler. The lock is held and the scheduler releases it;
// when somebody runs the thread again it goes on behind its critical section.
func (s *scheduler) switchOut(t *Thread) {
	runtime.SwitchTo(t.k.self)
	t.rt.Leave()
}

func (s *scheduler) create(t *Thread) sys.Errno {
	t.rt.Held = 0
	s.lock.Lock()
	s.live++
	s.push(t)
	idle := s.idle > 0
	s.lock.Unlock()
	if idle {
		s.kernel.wake(s)
	}
	return 0
}

func (s *scheduler) exit(t *Thread) {
	s.lock.Lock()
	s.live--
	t.state = ended
	runtime.SwitchTo(t.k.self)
}

func (s *scheduler) reap(*Thread) {}

func (s *scheduler) yield() {
	t := Self()
	s.lock.Lock()
	if s.first == nil && s.asleep == nil && !t.k.surplus {
		s.lock.Unlock()
		return
	}
	s.push(t)
	s.switchOut(t)
}

func (s *scheduler) park(t *Thread) {
	s.lock.Lock()
	if t.token != 0 {
		t.token = 0
		s.lock.Unlock()
		return
	}
	t.state = parked
	s.switchOut(t)
}

func (s *scheduler) unpark(t *Thread) {
	s.lock.Lock()
	if t.state != parked {
		t.token = 1
		s.lock.Unlock()
		return
	}
	s.push(t)
	idle := s.idle > 0
	s.lock.Unlock()
	if idle {
		s.kernel.wake(s)
	}
}

func (s *scheduler) sleep(t *Thread, ns int64) {
	s.lock.Lock()
	t.state = sleeping
	t.deadline = clock() + ns
	at := &s.asleep
	for *at != nil && (*at).deadline <= t.deadline {
		at = &(*at).next
	}
	t.next, *at = *at, t
	s.switchOut(t)
}

// Preemption: each kernel thread has a timer on its own CPU time, whose signal switches.
const (
	quantum       = 10_000_000 // ns
	preemptSignal = sys.SIGURG
)

// catchPreempt installs the handler. It may interrupt itself (SA_NODEFER): the thread it switches to was perhaps not interrupted
// by the signal at all, and must not run with the signal blocked.
func catchPreempt() {
	runtime.OnRelease = preempt
	runtime.SignalHandler = func(int, unsafe.Pointer, unsafe.Pointer) { preempt() }
	sys.CatchNested(preemptSignal)
}

// preempt switches to another user-level thread, unless the running one is in a critical section.
func preempt() {
	t := runtime.Self()
	if t.Held > 0 {
		t.Pending = true
		return
	}
	t.Held++ // t stays on its kernel thread
	(*Thread)(unsafe.Pointer(t)).k.surplus = true
	t.Held--
	sched.yield()
}

// adopt makes the running kernel thread one that runs user-level threads; self is its header.
func (k *kthread) adopt(s *scheduler, self *runtime.Thread) {
	k.s, k.self = s, self
	self.Held++ // the scheduler's own code is not preempted
	k.timer = sys.ThreadTimer(preemptSignal, quantum)
}

// release undoes adopt.
func (k *kthread) release() {
	if k.timer >= 0 {
		sys.TimerDelete(k.timer)
	}
	k.self.Held--
	k.self.Pending = false
}

// spawn starts another kernel thread. The lock is not held.
func (s *scheduler) spawn() sys.Errno {
	k := (*kthread)(runtime.Alloc(unsafe.Sizeof(kthread{})))
	k.s = s
	if !k.rt.Prepare(stackSize, kernelThread, unsafe.Pointer(k)) {
		runtime.Free(unsafe.Pointer(k))
		return errno.ENOMEM
	}
	s.lock.Lock()
	s.kernels++
	k.next, s.list = s.list, k
	s.lock.Unlock()
	if e := k.rt.Start(); e != 0 {
		s.lock.Lock()
		s.kernels--
		s.list = k.next
		s.lock.Unlock()
		k.rt.Free()
		runtime.Free(unsafe.Pointer(k))
		return sys.Errno(-e)
	}
	return 0
}

func kernelThread(arg unsafe.Pointer) {
	k := (*kthread)(arg)
	s := k.s
	k.adopt(s, &k.rt)
	work := true
	if s.kernel.parksFirst() {
		s.lock.Lock()
		work = k.rest(0)
	}
	if work {
		k.loop()
	}
	k.release()
	k.rt.ExitThread(false)
}

// run is Run for user-level threads: the caller is the first kernel thread.
func (s *scheduler) run(procs int, first *Thread) sys.Errno {
	sched = s
	catchPreempt()
	s.kernels = 1
	s.create(first)
	var k kthread
	k.adopt(s, runtime.Self())
	e := sys.Errno(0)
	for range procs - 1 {
		if e = s.spawn(); e != 0 {
			break // with what there is
		}
	}
	k.loop()
	k.release()
	for s.list != nil {
		k := s.list
		s.list = k.next
		k.rt.Wait()
		k.rt.Free()
		runtime.Free(unsafe.Pointer(k))
	}
	sys.Signal(preemptSignal, sys.Default, false)
	if s.kernels > 1 || procs == 1 {
		e = 0
	}
	return e
}
