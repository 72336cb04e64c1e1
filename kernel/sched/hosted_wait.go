//go:build !galago

package sched

import (
	"sync"
	"time"
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/lock"
)

// WaitQueue is a list of threads that wait for a condition, and of callbacks (Waiter) of those who wait for
// several queues at once. The zero value is ready.
//
// The waker makes the condition true first and wakes second; the waiter enters the queue first and tests second.
// So no wake-up is lost, and a condition may be tested many times: it must not sleep and must not depend on
// how often it is called.
type WaitQueue struct {
	mu      sync.Mutex
	threads []*Thread
	waiters []*Waiter
}

// Waiter is a callback in a wait queue. Func is called at each wake-up, with the queue locked: it must not
// sleep, nor touch this queue, but may wake threads and other queues (those initialised with InitRank(lock.RankWaitQueueInner)).
type Waiter struct {
	Func func(w *Waiter)
	Arg  unsafe.Pointer
	on   *WaitQueue
}

// InitRank gives the queue's lock another rank than RankWaitQueue.
func (q *WaitQueue) InitRank(r lock.Rank) {}

// Add puts a callback into the queue.
func (q *WaitQueue) Add(w *Waiter) {
	q.mu.Lock()
	w.on = q
	q.waiters = append(q.waiters, w)
	q.mu.Unlock()
}

// Remove takes a callback out of the queue. When it returns, the callback does not run and never will again.
func (q *WaitQueue) Remove(w *Waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.on != q {
		return
	}
	w.on = nil
	for i, x := range q.waiters {
		if x == w {
			q.waiters = append(q.waiters[:i:i], q.waiters[i+1:]...)
			return
		}
	}
}

// Active tells whether anybody waits.
func (q *WaitQueue) Active() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.threads)+len(q.waiters) > 0
}

// Wait sleeps until cond is true.
func (q *WaitQueue) Wait(cond func() bool) { q.wait(cond, Uninterruptible, -1) }

// WaitInterruptible sleeps until cond is true, or returns EINTR when a signal comes first.
func (q *WaitQueue) WaitInterruptible(cond func() bool) errno.Errno {
	return q.wait(cond, Interruptible, -1)
}

// WaitKillable sleeps until cond is true, or returns EINTR when a fatal signal comes first.
func (q *WaitQueue) WaitKillable(cond func() bool) errno.Errno { return q.wait(cond, Killable, -1) }

// WaitTimeout sleeps until cond is true, at most ns nanoseconds (ETIMEDOUT; without limit when ns < 0), and if
// interruptible until a signal comes (EINTR).
func (q *WaitQueue) WaitTimeout(cond func() bool, ns int64, interruptible bool) errno.Errno {
	if interruptible {
		return q.wait(cond, Interruptible, ns)
	}
	return q.wait(cond, Uninterruptible, ns)
}

func (q *WaitQueue) wait(cond func() bool, s State, ns int64) errno.Errno {
	if cond() {
		return errno.OK
	}
	t := Current()
	var timeout <-chan time.Time
	if ns >= 0 {
		timer := time.NewTimer(time.Duration(ns))
		defer timer.Stop()
		timeout = timer.C
	}
	for {
		PrepareSleep(s)
		q.mu.Lock()
		if !q.queued(t) {
			q.threads = append(q.threads, t)
		}
		q.mu.Unlock()
		if cond() {
			q.leave(t, true)
			return errno.OK
		}
		if interrupted(t, s) {
			return q.giveUp(t, cond, errno.EINTR)
		}
		select {
		case <-t.wakeup:
			t.state.Store(uint32(Running))
		case <-timeout:
			return q.giveUp(t, cond, errno.ETIMEDOUT)
		}
		if cond() {
			q.leave(t, false)
			return errno.OK
		}
	}
}

func (q *WaitQueue) queued(t *Thread) bool {
	for _, x := range q.threads {
		if x == t {
			return true
		}
	}
	return false
}

// leave takes t out of the queue. If a waker has done so already although t did not need it, the wake-up is
// passed on.
func (q *WaitQueue) leave(t *Thread, passOn bool) {
	t.state.Store(uint32(Running))
	q.mu.Lock()
	found := q.remove(t)
	q.mu.Unlock()
	if !found && passOn {
		q.WakeOne()
	}
}

func (q *WaitQueue) giveUp(t *Thread, cond func() bool, err errno.Errno) errno.Errno {
	t.state.Store(uint32(Running))
	if cond() {
		q.leave(t, false)
		return errno.OK
	}
	q.leave(t, true)
	return err
}

func (q *WaitQueue) remove(t *Thread) bool {
	for i, x := range q.threads {
		if x == t {
			q.threads = append(q.threads[:i:i], q.threads[i+1:]...)
			return true
		}
	}
	return false
}

// WakeOne wakes the thread that has waited longest and calls every callback. It returns the number of threads woken.
func (q *WaitQueue) WakeOne() int { return q.WakeN(1) }

// WakeSync is WakeOne by a thread that is about to sleep itself: the woken thread may take over its CPU.
func (q *WaitQueue) WakeSync() int { return q.WakeN(1) }

// WakeAll wakes all threads and calls every callback.
func (q *WaitQueue) WakeAll() int { return q.WakeN(int(^uint(0) >> 1)) }

// WakeN wakes up to n threads and calls every callback.
func (q *WaitQueue) WakeN(n int) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range q.waiters {
		w.Func(w)
	}
	woken := 0
	for woken < n && len(q.threads) > 0 {
		t := q.threads[0]
		q.threads = q.threads[1:]
		Wake(t)
		woken++
	}
	return woken
}
