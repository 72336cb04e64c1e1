package sched

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/lock"
)

// WaitQueue is a list of threads that wait for a condition, and of callbacks (Waiter) of those who wait for
// several queues at once. The zero value is ready.
//
// The waker makes the condition true first and wakes second; the waiter enters the queue first and tests second.
// So no wake-up is lost. A condition may be tested any number of times, must not sleep, and may take what it
// waits for (a wake-up that finds its thread satisfied otherwise is passed on to the next one).
type WaitQueue struct {
	lock        lock.Spin
	first, last *Waiter // guarded by lock
}

// Waiter is an entry of a wait queue. Callers use it for callbacks: Func is called at each wake-up, with the
// queue locked and interrupts off. It must not sleep nor touch this queue, but may wake threads and the queues
// that InitRank(lock.RankWaitQueueInner) prepared.
type Waiter struct {
	Func func(w *Waiter)
	// Take instead of Func makes an entry that counts like a thread: it is called only while threads are left to be
	// woken, under the same rules as Func, and tells whether it woke one.
	Take func(w *Waiter) bool
	Arg  unsafe.Pointer

	// Guarded by the lock of the queue the waiter is in.
	next, prev *Waiter
	on         *WaitQueue // the queue it is in, or nil
	thread     *Thread    // the thread to wake, in an entry without Func
	writer     bool       // RWMutex: waits for writing
	handed     bool       // Mutex: the lock was handed over with the wake-up
}

// InitRank gives the queue's lock another rank than lock.RankWaitQueue.
func (q *WaitQueue) InitRank(r lock.Rank) { q.lock.Rank = r }

// lockAs takes the queue's lock, as a lock of rank r unless InitRank said otherwise.
//
// +checklocksacquire:q.lock
func (q *WaitQueue) lockAs(r lock.Rank) (flags uintptr) {
	if lock.Debug && q.lock.Rank == lock.RankNone {
		q.lock.Rank = r
	}
	return q.lock.LockIRQ()
}

// +checklocksrelease:q.lock
func (q *WaitQueue) unlock(flags uintptr) { q.lock.UnlockIRQ(flags) }

// push puts w at the end of the queue, or at its front. The queue is locked.
//
// +checklocks:q.lock
func (q *WaitQueue) push(w *Waiter, front bool) {
	w.on = q
	if front {
		w.prev, w.next = nil, q.first
	} else {
		w.prev, w.next = q.last, nil
	}
	if w.prev == nil {
		q.first = w
	} else {
		w.prev.next = w
	}
	if w.next == nil {
		q.last = w
	} else {
		w.next.prev = w
	}
}

// unlink takes w out of the queue. The queue is locked.
//
// +checklocks:q.lock
func (q *WaitQueue) unlink(w *Waiter) {
	if w.prev == nil {
		q.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.next, w.prev, w.on = nil, nil, nil
}

// wakeFirst takes the first entry, a thread's, out of the queue and wakes it. The queue is locked.
//
// +checklocks:q.lock
func (q *WaitQueue) wakeFirst() {
	w := q.first
	q.unlink(w)
	w.thread.wake(sleeping, false)
}

// Add puts a callback into the queue: at its front, so that the last one is called first, as on Linux; one that stands for a
// thread waits its turn at the end.
func (q *WaitQueue) Add(w *Waiter) {
	flags := q.lockAs(lock.RankWaitQueue)
	q.push(w, w.Take == nil)
	q.unlock(flags)
}

// Remove takes a callback out of the queue, if it is there. When it returns, the callback does not run and never
// will again.
func (q *WaitQueue) Remove(w *Waiter) {
	flags := q.lockAs(lock.RankWaitQueue)
	if w.on == q {
		q.unlink(w)
	}
	q.unlock(flags)
}

// Active tells whether anybody waits.
func (q *WaitQueue) Active() bool {
	flags := q.lockAs(lock.RankWaitQueue)
	active := q.first != nil
	q.unlock(flags)
	return active
}

// Waiting tells whether anybody was in the queue a moment ago: for a waker who only passes on what every new waiter sees for
// itself.
func (q *WaitQueue) Waiting() bool { return queueHint || q.first != nil }

// Wait sleeps until cond is true.
func (q *WaitQueue) Wait(cond func() bool) {
	if !cond() {
		q.wait(cond, Uninterruptible, 0)
	}
}

// WaitInterruptible sleeps until cond is true, or returns EINTR when a signal comes first.
func (q *WaitQueue) WaitInterruptible(cond func() bool) errno.Errno {
	if cond() {
		return errno.OK
	}
	return q.wait(cond, Interruptible, 0)
}

// WaitKillable sleeps until cond is true, or returns EINTR when a fatal signal comes first.
func (q *WaitQueue) WaitKillable(cond func() bool) errno.Errno {
	if cond() {
		return errno.OK
	}
	return q.wait(cond, Killable, 0)
}

// WaitTimeout sleeps until cond is true, at most ns nanoseconds (ETIMEDOUT; without limit when ns < 0), and if
// interruptible until a signal comes (EINTR).
func (q *WaitQueue) WaitTimeout(cond func() bool, ns int64, interruptible bool) errno.Errno {
	if cond() {
		return errno.OK
	}
	s := Uninterruptible
	if interruptible {
		s = Interruptible
	}
	return q.wait(cond, s, deadlineIn(ns))
}

// deadlineIn turns a relative time into an absolute one; 0 means never.
func deadlineIn(ns int64) uint64 {
	if ns < 0 {
		return 0
	}
	return max(now()+uint64(ns), 1)
}

// wait is the loop behind the Wait family. cond was false a moment ago.
func (q *WaitQueue) wait(cond func() bool, s State, deadline uint64) errno.Errno {
	lock.AssertMaySleep()
	t := Current()
	t.startTimer(deadline)
	w := &t.wait
	for {
		flags := q.lockAs(lock.RankWaitQueue)
		q.push(w, false)
		t.setState(s)
		q.unlock(flags)
		ok := cond()
		err := errno.OK
		if !ok {
			if err = t.mustNotSleep(s, deadline); err == errno.OK {
				schedule()
			}
		}
		t.setState(Running)
		flags = q.lockAs(lock.RankWaitQueue)
		woken := w.on == nil
		if !woken {
			q.unlink(w)
		}
		q.unlock(flags)
		switch {
		case ok:
			// A wake-up that came while cond was tested may have been meant for another.
			if woken {
				q.PassOn()
			}
		case cond():
			err = errno.OK
		case err == errno.OK:
			continue
		case woken:
			q.PassOn()
		}
		t.stopTimer(deadline)
		return err
	}
}

// mustNotSleep tells why a thread in sleeping state s has to give up: a signal or its deadline.
func (t *Thread) mustNotSleep(s State, deadline uint64) errno.Errno {
	switch s {
	case Interruptible:
		if SignalPending != nil && SignalPending(t) {
			return errno.EINTR
		}
	case Killable:
		if FatalPending != nil && FatalPending(t) {
			return errno.EINTR
		}
	}
	if deadline != 0 && now() >= deadline {
		return errno.ETIMEDOUT
	}
	return errno.OK
}

// park puts the running thread into the queue (unless it is there) and sleeps until a waker takes it out (OK),
// or a signal or the deadline comes (EINTR, ETIMEDOUT, and it is out of the queue). The queue is locked on entry
// and on return, and not in between; flags are its lock's.
//
// +checklocks:q.lock
func (q *WaitQueue) park(t *Thread, flags uintptr, s State, deadline uint64, front bool) (uintptr, errno.Errno) {
	w := &t.wait
	if w.on == nil {
		q.push(w, front)
	}
	t.startTimer(deadline)
	err := errno.OK
	for {
		t.setState(s)
		q.unlock(flags)
		if err = t.mustNotSleep(s, deadline); err == errno.OK {
			schedule()
		}
		t.setState(Running)
		flags = q.lockAs(lock.RankSleepLock)
		if w.on == nil {
			err = errno.OK
			break
		}
		if err != errno.OK {
			q.unlink(w)
			break
		}
	}
	t.stopTimer(deadline)
	return flags, err
}

// WakeOne wakes the thread that has waited longest and calls every callback. It returns the number of threads woken.
func (q *WaitQueue) WakeOne() int { return q.wake(1, false) }

// PassOn gives a wake-up that its thread has no use for to the next one. It announces nothing new: no callback is called but
// those that stand for a thread (Take).
func (q *WaitQueue) PassOn() {
	if !queueHint {
		arch.Mb() // as in wake
		if q.first == nil {
			return
		}
	}
	flags := q.lockAs(lock.RankWaitQueue)
	for w := q.first; w != nil; w = w.next {
		if w.Take != nil && w.Take(w) {
			break
		}
		if w.Take == nil && w.Func == nil {
			q.unlink(w)
			w.thread.wake(sleeping, false)
			break
		}
	}
	q.unlock(flags)
}

// WakeSync is WakeOne by a thread that is about to sleep itself: the woken thread may take over its CPU.
func (q *WaitQueue) WakeSync() int { return q.wake(1, true) }

// WakeN wakes up to n threads and calls every callback.
func (q *WaitQueue) WakeN(n int) int { return q.wake(n, false) }

// WakeAll wakes all threads and calls every callback.
func (q *WaitQueue) WakeAll() int { return q.wake(int(^uint(0)>>1), false) }

func (q *WaitQueue) wake(n int, sync bool) int {
	if !queueHint {
		// The fence orders the caller's making its condition true before the look at the queue, as the
		// waiter's lock orders its entry before its test: one of the two sees the other.
		arch.Mb()
		if q.first == nil {
			return 0
		}
	}
	woken := 0
	flags := q.lockAs(lock.RankWaitQueue)
	for w := q.first; w != nil; {
		next := w.next
		switch {
		case w.Func != nil:
			w.Func(w)
		case woken == n:
		case w.Take == nil:
			q.unlink(w)
			w.thread.wake(sleeping, sync)
			woken++
		case w.Take(w):
			woken++
		}
		w = next
	}
	q.unlock(flags)
	return woken
}
