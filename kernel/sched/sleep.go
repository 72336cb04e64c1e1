package sched

import (
	"sync/atomic"

	"galago/kernel/errno"
	"galago/kernel/lock"
)

// Sleep suspends the thread for at least ns nanoseconds, whatever signals come.
func Sleep(ns int64) {
	if ns <= 0 {
		Yield()
		return
	}
	sleepUntil(deadlineIn(ns), Uninterruptible)
}

// SleepInterruptible is Sleep that a signal ends: EINTR, and the time that was left.
func SleepInterruptible(ns int64) (left int64, err errno.Errno) {
	if ns <= 0 {
		Yield()
		return 0, errno.OK
	}
	deadline := deadlineIn(ns)
	if err = sleepUntil(deadline, Interruptible); err == errno.EINTR {
		left = max(int64(deadline-now()), 0)
	}
	return left, err
}

// SleepUntil is SleepInterruptible to an absolute time of the monotonic clock.
func SleepUntil(deadline uint64) errno.Errno { return sleepUntil(max(deadline, 1), Interruptible) }

func sleepUntil(deadline uint64, s State) errno.Errno {
	lock.AssertMaySleep()
	t := Current()
	t.startTimer(deadline)
	err := errno.OK
	for {
		t.setState(s)
		if err = t.mustNotSleep(s, deadline); err != errno.OK {
			break
		}
		schedule()
	}
	t.setState(Running)
	t.stopTimer(deadline)
	if err == errno.ETIMEDOUT {
		err = errno.OK
	}
	return err
}

// SleepUntilSet sleeps until done is not 0, at most ns nanoseconds (ETIMEDOUT; without limit when ns < 0), or until a signal comes (EINTR). Who
// sets done calls Wake for the thread afterwards.
func SleepUntilSet(done *atomic.Uint32, ns int64) errno.Errno {
	lock.AssertMaySleep()
	deadline := deadlineIn(ns)
	t := Current()
	t.startTimer(deadline)
	err := errno.OK
	for {
		t.setState(Interruptible)
		if done.Load() != 0 {
			break
		}
		if err = t.mustNotSleep(Interruptible, deadline); err != errno.OK {
			break
		}
		schedule()
	}
	t.setState(Running)
	t.stopTimer(deadline)
	return err
}

// PrepareSleep declares that the thread is about to sleep in state s. From here on a Wake ends the sleep, even
// one that comes before Schedule. The caller then tests what it waits for and calls Schedule or CancelSleep; a sleep
// may end for no reason, so it does so in a loop.
func PrepareSleep(s State) { Current().setState(s) }

// CancelSleep takes PrepareSleep back.
func CancelSleep() { Current().setState(Running) }

// Schedule sleeps until woken, if PrepareSleep came before and no wake-up since; else it lets another thread run.
func Schedule() {
	lock.AssertMaySleep()
	schedule()
}

// Wake ends any sleep of the thread; it tells whether there was one.
func Wake(t *Thread) bool { return t.wake(sleeping, false) }

// Interrupt ends the thread's sleep if it is in one of the given states: what a signal does, after it has been made
// pending.
func Interrupt(t *Thread, mask State) bool { return t.wake(mask&sleeping, false) }
