package time

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/ds"
	"galago/kernel/lock"
)

// Timer calls Func once at its deadline, in interrupt context. The zero value with Func set is ready. Start calls
// of one timer must not run side by side; anything else may.
type Timer struct {
	Func func(t *Timer)
	Arg  unsafe.Pointer

	node ds.RBNode[Timer]
	base atomic.Pointer[queue] // the queue it is on, or was last on; changes under the old queue's lock
	on   bool                  // guarded by base.lock
}

// queue is a CPU's pending timers in the order of their deadlines.
type queue struct {
	lock    lock.Spin
	timers  ds.RBTree[Timer]
	running atomic.Pointer[Timer] // set and cleared under lock
	runner  runner                // who runs it
	cpu     int
}

var queues [arch.MaxCPUs]queue

// ProgramEvent arms this CPU's interval timer for a deadline (ns since boot); ^0 disarms it. arch's glue sets it.
var ProgramEvent func(deadline uint64)

const never = ^uint64(0)

// maxRun bounds the timers that one interrupt runs, so that timers which always start themselves again with a
// deadline that has passed cannot keep the CPU.
const maxRun = 64

func init() {
	for i := range queues {
		queues[i].lock.Init(lock.RankTimer)
		queues[i].cpu = i
	}
}

// detach locks the timer's queue, if it has one, and takes the timer off it.
func (t *Timer) detach() (q *queue, irq uintptr, was bool) {
	for {
		q = t.base.Load()
		if q == nil {
			return nil, 0, false
		}
		irq = q.lock.LockIRQ()
		if t.base.Load() == q {
			break
		}
		q.lock.UnlockIRQ(irq) // moved to another CPU meanwhile
	}
	if was = t.on; was {
		q.timers.Remove(&t.node)
		t.on = false
	}
	return q, irq, was
}

// Start makes the timer run at deadline (ns since boot), on this CPU. A pending timer is moved. A timer whose function
// is running on another CPU stays there, so that one queue tells Stop all about it. Start never waits.
func (t *Timer) Start(deadline uint64) {
	flags := arch.IRQDisable()
	mine := &queues[arch.CPUID()]
	q, irq, _ := t.detach()
	switch {
	case q == nil:
		t.base.Store(mine)
		irq = mine.lock.LockIRQ()
	case q != mine && q.running.Load() != t:
		t.base.Store(mine)
		q.lock.UnlockIRQ(irq)
		irq = mine.lock.LockIRQ()
	default:
		mine = q
	}
	t.node.Init(t)
	mine.timers.Insert(&t.node, deadline)
	t.on = true
	// RunTimers programs the next deadline itself once the function that runs has returned.
	first := mine.timers.Min() == t && mine.running.Load() == nil
	mine.lock.UnlockIRQ(irq)
	if first {
		program(deadline)
	}
	arch.IRQRestore(flags)
}

// Stop cancels the timer and reports whether it was pending. When it returns, the timer is not pending, even if its
// function starts it again each time, and the function is not running, unless it is the function itself that calls
// Stop. It may wait for the function, so the caller holds no lock that the function takes.
func (t *Timer) Stop() bool {
	for was := false; ; {
		q, irq, on := t.detach()
		if q == nil {
			return was
		}
		was = was || on
		busy := q.running.Load() == t && !q.runner.here(q)
		q.lock.UnlockIRQ(irq)
		if !busy {
			return was
		}
		for q.running.Load() == t {
			arch.Pause()
			yield()
		}
	}
}

// Cancel is Stop that does not wait for a running function: for callers that hold a lock which the function takes.
func (t *Timer) Cancel() bool {
	q, irq, was := t.detach()
	if q != nil {
		q.lock.UnlockIRQ(irq)
	}
	return was
}

// Pending reports whether the timer is waiting for its deadline.
func (t *Timer) Pending() bool {
	for {
		q := t.base.Load()
		if q == nil {
			return false
		}
		irq := q.lock.LockIRQ()
		same, on := t.base.Load() == q, t.on
		q.lock.UnlockIRQ(irq)
		if same {
			return on
		}
	}
}

// RunTimers runs this CPU's expired timers and programs the next deadline: the timer interrupt's work. Interrupts are
// off.
func RunTimers() {
	q := &queues[arch.CPUID()]
	deadline := never
	q.lock.Lock()
	for n := 0; ; n++ {
		t := q.timers.Min()
		if t == nil {
			break
		}
		if t.node.Key() > Now() || n == maxRun {
			deadline = t.node.Key()
			break
		}
		q.timers.Remove(&t.node)
		t.on = false
		q.runner.enter()
		q.running.Store(t)
		q.lock.Unlock()
		t.Func(t) // may free t
		q.lock.Lock()
		q.running.Store(nil)
	}
	q.lock.Unlock()
	program(deadline)
}

// NextDeadline returns the deadline of this CPU's first timer, ^0 if it has none: what an idle CPU may sleep until.
func NextDeadline() uint64 {
	q := &queues[arch.CPUID()]
	irq := q.lock.LockIRQ()
	deadline := never
	if t := q.timers.Min(); t != nil {
		deadline = t.node.Key()
	}
	q.lock.UnlockIRQ(irq)
	return deadline
}

func program(deadline uint64) {
	if ProgramEvent != nil {
		ProgramEvent(deadline)
	}
}
