package sched

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/lock"
)

// Work is a piece of work for a worker thread, which may sleep. It may be queued again from its own function, which
// may also free it. One item never runs twice at once.
type Work struct {
	Func func(w *Work)
	Arg  unsafe.Pointer

	queue   *WorkQueue // where it was queued last; who flushes it must know that it was queued
	next    *Work      // guarded by the queue's lock, as is pending
	pending bool       // queued, not yet begun
}

// WorkQueue is a list of work and the threads that do it. When all of them are busy and more work waits, another
// thread is started, up to a limit; a thread that has been idle for a while ends.
type WorkQueue struct {
	ready       WaitQueue // idle workers; its lock guards all but done
	first, last *Work
	name        string
	idle        int
	workers     int
	limit       int
	trim        bool // idle workers that are not needed end at once: TrimWorkers
	running     [maxWorkers]*Work
	done        WaitQueue // those who wait for an item to end
}

const (
	maxWorkers     = 32
	minWorkers     = 2
	workerIdleTime = 5_000_000_000 // ns
)

// systemWork is the queue of QueueWork.
var systemWork WorkQueue

// StartWorkers starts the threads of the system's queue; work that was queued before begins then.
func StartWorkers() errno.Errno { return systemWork.Start("work", maxWorkers) }

// Start starts a work queue with at most limit threads of the given name (a constant).
func (q *WorkQueue) Start(name string, limit int) errno.Errno {
	flags := q.ready.lockAs(lock.RankWork)
	q.name = name
	q.limit = min(max(limit, 1), maxWorkers)
	q.workers++
	q.ready.unlock(flags)
	return q.addWorker()
}

// addWorker starts a thread that has been counted already.
func (q *WorkQueue) addWorker() errno.Errno {
	_, err := Go(q.name, worker, unsafe.Pointer(q))
	if err != errno.OK {
		flags := q.ready.lockAs(lock.RankWork)
		q.workers--
		q.ready.unlock(flags)
	}
	return err
}

func worker(arg unsafe.Pointer) {
	q := (*WorkQueue)(arg)
	t := Current()
	for {
		slot, w := q.take(t)
		if w == nil {
			return
		}
		w.Func(w) // w may be gone after this
		flags := q.ready.lockAs(lock.RankWork)
		q.running[slot] = nil
		q.ready.unlock(flags)
		q.done.WakeAll()
	}
}

// take waits for an item that is not running already, and marks it as running. nil tells the worker to end.
func (q *WorkQueue) take(t *Thread) (slot int, w *Work) {
	flags := q.ready.lockAs(lock.RankWork)
	for {
		if w = q.pop(); w != nil {
			break
		}
		deadline := uint64(0)
		if q.workers > minWorkers {
			deadline = deadlineIn(workerIdleTime)
		}
		err := errno.OK
		if deadline == 0 || !q.trim {
			q.idle++
			flags, err = q.ready.park(t, flags, Interruptible, deadline, true)
			q.idle--
		}
		if (err == errno.ETIMEDOUT || q.trim) && q.workers > minWorkers {
			q.workers--
			q.ready.unlock(flags)
			return 0, nil
		}
	}
	for q.running[slot] != nil { // there are no more workers than slots
		slot++
	}
	q.running[slot] = w
	// There is always one worker to spare, or work that waits for other work could wait for ever.
	more := q.idle == 0 && q.workers < q.limit
	if more {
		q.workers++
	}
	q.ready.unlock(flags)
	if more {
		q.addWorker() // failing that, the next one to take work tries again
	}
	return slot, w
}

// pop takes the first item off the list that is not running. The queue is locked.
func (q *WorkQueue) pop() *Work {
	var prev *Work
	for w := q.first; w != nil; prev, w = w, w.next {
		if !q.isRunning(w) {
			q.remove(prev, w)
			return w
		}
	}
	return nil
}

// remove takes w, which follows prev, off the list. The queue is locked.
func (q *WorkQueue) remove(prev, w *Work) {
	if prev == nil {
		q.first = w.next
	} else {
		prev.next = w.next
	}
	if q.last == w {
		q.last = prev
	}
	w.next = nil
	w.pending = false
}

func (q *WorkQueue) isRunning(w *Work) bool {
	for _, r := range &q.running {
		if r == w {
			return true
		}
	}
	return false
}

// Queue has a thread of q call w.Func(w) soon. It returns false if w is queued already and not yet begun.
func (q *WorkQueue) Queue(w *Work) bool {
	flags := q.ready.lockAs(lock.RankWork)
	if w.pending {
		q.ready.unlock(flags)
		return false
	}
	w.pending = true
	w.queue = q
	w.next = nil
	if q.first == nil {
		q.first = w
	} else {
		q.last.next = w
	}
	q.last = w
	if q.ready.first != nil {
		q.ready.wakeFirst()
	}
	q.ready.unlock(flags)
	return true
}

// TrimWorkers ends the system's worker threads that are idle and beyond the fewest it keeps, for leak checks, and waits until they
// are gone. Workers that are busy for more than a second, which is what a check is to find, stay.
func TrimWorkers() {
	const step, steps = 10_000_000, 100
	q := &systemWork
	for i := range steps {
		flags := q.ready.lockAs(lock.RankWork)
		q.trim = i < steps-1
		left := q.workers > minWorkers
		q.trim = q.trim && left
		for q.trim && q.ready.first != nil {
			q.ready.wakeFirst()
		}
		q.ready.unlock(flags)
		if left || i > 0 { // the last one to be counted out is still on its way
			Sleep(step)
		}
		if !left {
			return
		}
	}
}

// QueueWork queues w for the system's worker threads.
func QueueWork(w *Work) bool {
	needWorkers()
	return systemWork.Queue(w)
}

// FlushWork waits until w is neither queued nor running.
func FlushWork(w *Work) {
	if q := w.queue; q != nil {
		q.done.Wait(func() bool {
			flags := q.ready.lockAs(lock.RankWork)
			over := !w.pending && !q.isRunning(w)
			q.ready.unlock(flags)
			return over
		})
	}
}

// CancelWork takes w off its queue if it has not begun, and waits for it if it has.
func CancelWork(w *Work) {
	q := w.queue
	if q == nil {
		return
	}
	flags := q.ready.lockAs(lock.RankWork)
	if w.pending {
		var prev *Work
		for x := q.first; x != w; x = x.next {
			prev = x
		}
		q.remove(prev, w)
	}
	q.ready.unlock(flags)
	q.done.WakeAll() // for those who flush it
	FlushWork(w)
}

// DelayedWork is Work that is queued after a delay.
type DelayedWork struct {
	Work
	delay delayTimer
	armed atomic.Uint32
}

// QueueDelayedWork queues w for the system's worker threads after ns nanoseconds; a delay that is running already
// stays as it is (false).
func QueueDelayedWork(w *DelayedWork, ns int64) bool {
	if !w.armed.CompareAndSwap(0, 1) {
		return false
	}
	w.delay.start(w, deadlineIn(max(ns, 0)))
	return true
}

// CancelDelayedWork stops the delay, takes w off the queue, and waits for it if it runs.
func CancelDelayedWork(w *DelayedWork) {
	if w.armed.Load() != 0 {
		w.delay.stop()
		w.armed.Store(0)
	}
	CancelWork(&w.Work)
}

// fire runs when the delay is over.
func (w *DelayedWork) fire() {
	if w.armed.CompareAndSwap(1, 0) {
		QueueWork(&w.Work)
	}
}
