//go:build galago

package proc

import (
	"sync/atomic"

	"galago/kernel/sched"
)

// TaskWork is something that a task is to do itself, in its own memory and with its own credentials, before it goes back to user mode: the rest
// of a request that it made earlier and that could not be finished then. It is its owner's memory; while it is queued the
// owner leaves it alone.
type TaskWork struct {
	Func func(w *TaskWork)
	next *TaskWork
}

// AddWork queues w for t, and gets t out of an interruptible sleep or out of user mode, as a signal would; a call that is
// interrupted so begins again. It may be called from an interrupt and under wait-queue locks. t must not have ended.
func (t *Task) AddWork(w *TaskWork) {
	for {
		w.next = t.works.Load()
		if t.works.CompareAndSwap(w.next, w) {
			break
		}
	}
	t.setWork(workSignal)
	t.interrupt(false)
}

// HasWork tells whether RunWork would do something.
func (t *Task) HasWork() bool { return t.works.Load() != nil }

// RunWork does what is queued for the running task, in order. No lock may be held.
func (t *Task) RunWork() {
	list := t.works.Swap(nil)
	if list == nil {
		return
	}
	t.Proc.sig.lock.Lock()
	t.recalc()
	t.Proc.sig.lock.Unlock()
	var first *TaskWork
	for list != nil {
		list, list.next, first = list.next, first, list
	}
	for first != nil {
		w := first
		first = w.next
		w.Func(w)
	}
}

// SignalPending tells whether a signal, and not only work, waits for the running task.
func (t *Task) SignalPending() bool {
	if t.HasWork() {
		t.RunWork()
	}
	return SignalPending(sched.Current())
}

type taskWorks struct {
	works atomic.Pointer[TaskWork]
	// Requests counts the requests of asynchronous I/O that the task has made and that are not complete; RequestsEnd: it makes no more,
	// and those that cannot be finished at once are cancelled.
	Requests    atomic.Int32
	RequestsEnd atomic.Bool
}
