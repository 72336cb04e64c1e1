package time

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/ds"
	"galago/kernel/lock"
)

// Timer calls Func once at its deadline, in interrupt context. The zero value with Func set is ready.
type Timer struct {
	Func func(t *Timer)
	Arg  unsafe.Pointer

	node ds.RBNode[Timer]
	base atomic.Pointer[queue] // the queue it is on, or was last on
	on   bool                  // guarded by base.lock
}

// queue is a CPU's pending timers in the order of their deadlines.
type queue struct {
	lock    lock.Spin
	timers  ds.RBTree[Timer]
	running atomic.Pointer[Timer]
	cpu     int
	_       [24]byte
}

var queues [arch.MaxCPUs]queue

// ProgramEvent arms this CPU's interval timer for a deadline (ns since boot); ^0 disarms it. arch's glue sets it.
var ProgramEvent func(deadline uint64)

const never = ^uint64(0)

func init() {
	for i := range queues {
		queues[i].lock.Init(lock.RankTimer)
		queues[i].cpu = i
	}
}

// Start makes the timer run at deadline (ns since boot), on this CPU. A pending timer is moved.
func (t *Timer) Start(deadline uint64) {
	t.Stop()
	irq := arch.IRQDisable()
	q := &queues[arch.CPUID()]
	q.lock.Lock()
	t.node.Init(t)
	t.base.Store(q)
	t.on = true
	q.timers.Insert(&t.node, deadline)
	first := q.timers.Min() == t
	q.lock.Unlock()
	if first {
		program(deadline)
	}
	arch.IRQRestore(irq)
}

// Stop cancels the timer and reports whether it was pending. When it returns, the function is not running, unless
// it is the function itself that calls Stop.
func (t *Timer) Stop() bool {
	q := t.base.Load()
	if q == nil {
		return false
	}
	irq := q.lock.LockIRQ()
	on := t.on
	if on {
		q.timers.Remove(&t.node)
		t.on = false
	}
	q.lock.UnlockIRQ(irq)
	if !on {
		q.waitFor(t)
	}
	return on
}

// waitFor spins while t's function runs on q's CPU, if that is another one.
func (q *queue) waitFor(t *Timer) {
	for q.running.Load() == t && q.cpu != arch.CPUID() {
		arch.Pause()
	}
}

// Pending reports whether the timer is waiting for its deadline.
func (t *Timer) Pending() bool {
	q := t.base.Load()
	if q == nil {
		return false
	}
	irq := q.lock.LockIRQ()
	defer q.lock.UnlockIRQ(irq)
	return t.on
}

// RunTimers runs this CPU's expired timers and programs the next deadline: the timer interrupt's work. Interrupts are
// off.
func RunTimers() {
	q := &queues[arch.CPUID()]
	q.lock.Lock()
	for {
		t := q.timers.Min()
		if t == nil {
			break
		}
		if t.node.Key() > Now() {
			deadline := t.node.Key()
			q.lock.Unlock()
			program(deadline)
			return
		}
		q.timers.Remove(&t.node)
		t.on = false
		q.running.Store(t)
		q.lock.Unlock()
		t.Func(t)
		q.lock.Lock()
		q.running.Store(nil)
	}
	q.lock.Unlock()
	program(never)
}

func program(deadline uint64) {
	if ProgramEvent != nil {
		ProgramEvent(deadline)
	}
}
