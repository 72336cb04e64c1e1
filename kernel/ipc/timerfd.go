package ipc

import (
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/time"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// timerfd_create(2): a timer that is also a file. How often it has expired is computed when somebody asks; the kernel's timer only wakes those
// who wait.

// Flags of TimerFDSet.
const (
	TimerAbsolute    = 1 // TFD_TIMER_ABSTIME
	TimerCancelOnSet = 2 // TFD_TIMER_CANCEL_ON_SET
)

type timerFD struct {
	lock      lock.Spin
	wall      bool   // the clock is CLOCK_REALTIME
	due       int64  // next expiry on the clock in use, ns; 0: disarmed
	interval  int64  // ns
	absolute  bool   // due is a time of the wall clock, if wall
	cancel    bool   // CANCEL_ON_SET is in force
	cancelled bool   // the clock was set
	expired   uint64 // expiries not yet read
	timer     time.Timer
	watch     time.WallWatch
	wait      sched.WaitQueue
}

var timerFDCache = mem.Cache[timerFD]{Name: "timerfd"}

type timerFile struct{ vfs.NoFileOps }

var timerOps vfs.FileOps = &timerFile{}

// NewTimerFD makes a disarmed timer of the wall clock or the monotonic clock.
func NewTimerFD(wall bool, flags uint32, c *cred.Cred) (*vfs.File, errno.Errno) {
	t := timerFDCache.Alloc()
	if t == nil {
		return nil, errno.ENOMEM
	}
	t.lock.Init(lock.RankIPC)
	t.wall = wall
	t.timer.Func, t.timer.Arg = timerFDExpires, unsafe.Pointer(t)
	t.watch.Func = timerFDClockSet
	f, e := vfs.NewAnonFile(timerOps, nil, unsafe.Pointer(t), flags&vfs.O_NONBLOCK|vfs.O_RDONLY, c)
	if e != errno.OK {
		timerFDCache.Free(t)
	}
	return f, e
}

func timerFDOf(f *vfs.File) *timerFD { return (*timerFD)(f.Private) }

// timerFDExpires wakes those who wait. It runs in the timer interrupt.
func timerFDExpires(tm *time.Timer) { (*timerFD)(tm.Arg).wait.WakeAll() }

// timerFDClockSet runs when the wall clock is set.
func timerFDClockSet(w *time.WallWatch) {
	t := (*timerFD)(unsafe.Add(unsafe.Pointer(w), -int(unsafe.Offsetof(timerFD{}.watch))))
	t.lock.Lock()
	if t.cancel {
		t.cancelled = true
	}
	t.arm()
	t.lock.Unlock()
	t.wait.WakeAll()
}

// now is the clock that due refers to.
func (t *timerFD) now() int64 {
	if t.wall && t.absolute {
		return time.WallNow()
	}
	return int64(time.Now())
}

// arm starts the kernel's timer for the next expiry. t is locked.
//
// +checklocks:t.lock
func (t *timerFD) arm() {
	if t.due == 0 {
		return
	}
	const soonest = 20_000 // ns: no storm of interrupts for a short interval
	left := t.due - t.now()
	t.timer.Start(time.Now() + uint64(max(left, soonest)))
}

// count brings expired up to date. t is locked.
//
// +checklocks:t.lock
func (t *timerFD) count() {
	now := t.now()
	if t.due == 0 || now < t.due {
		return
	}
	n := int64(1)
	if t.interval > 0 {
		n = (now-t.due)/t.interval + 1
		t.due += n * t.interval
		t.expired += uint64(n)
		t.arm()
		return
	}
	t.expired += uint64(n)
	t.due = 0
}

// TimerSetting is a time until the next expiry (0: disarmed), or a point in time, and an interval, in ns.
type TimerSetting struct{ Value, Interval int64 }

// TimerFDSet arms or disarms a timer and returns its former setting: EINVAL for a file that is none.
func TimerFDSet(f *vfs.File, flags uint32, s TimerSetting) (old TimerSetting, e errno.Errno) {
	if f.Ops != timerOps {
		return old, errno.EINVAL
	}
	t := timerFDOf(f)
	t.timer.Stop()
	t.watch.Unwatch()
	t.lock.Lock()
	old = t.setting()
	t.absolute = flags&TimerAbsolute != 0
	t.cancel = t.wall && flags&(TimerAbsolute|TimerCancelOnSet) == TimerAbsolute|TimerCancelOnSet
	t.expired, t.cancelled = 0, false
	t.interval, t.due = s.Interval, s.Value
	if t.due != 0 {
		if !t.absolute {
			if t.due += t.now(); t.due < 0 {
				t.due = 1<<63 - 1
			}
		}
		t.arm()
	}
	watch := t.wall && t.absolute && (t.due != 0 || t.cancel)
	t.lock.Unlock()
	if watch {
		t.watch.Watch()
	}
	return old, errno.OK
}

// TimerFDGet returns the setting: EINVAL for a file that is none.
func TimerFDGet(f *vfs.File) (s TimerSetting, e errno.Errno) {
	if f.Ops != timerOps {
		return s, errno.EINVAL
	}
	t := timerFDOf(f)
	t.lock.Lock()
	s = t.setting()
	t.lock.Unlock()
	return s, errno.OK
}

// setting is what TimerFDGet returns. t is locked.
//
// +checklocks:t.lock
func (t *timerFD) setting() (s TimerSetting) {
	t.count()
	s.Interval = t.interval
	if t.due != 0 {
		s.Value = max(t.due-t.now(), 1)
	}
	return s
}

// take returns the expiries since the last time, ECANCELED if the clock was set, EAGAIN if there is nothing.
func (t *timerFD) take() (n uint64, e errno.Errno) {
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.cancelled {
		t.cancelled, t.expired = false, 0
		return 0, errno.ECANCELED
	}
	t.count()
	if n, t.expired = t.expired, 0; n == 0 {
		e = errno.EAGAIN
	}
	return n, e
}

// Read returns the number of expiries since the last read, when there has been one.
func (*timerFile) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) {
	t := timerFDOf(f)
	if it.Len() < 8 {
		return 0, errno.EINVAL
	}
	n, e := t.take()
	if e == errno.EAGAIN && !f.Nonblock() {
		if w := t.wait.WaitInterruptible(func() bool {
			n, e = t.take()
			return e != errno.EAGAIN
		}); w != errno.OK {
			return 0, w
		}
	}
	if e != errno.OK {
		return 0, e
	}
	return it.CopyOut((*[8]byte)(unsafe.Pointer(&n))[:])
}

// Poll: readable after an expiry.
func (*timerFile) Poll(f *vfs.File, pt *vfs.PollTable) uint32 {
	t := timerFDOf(f)
	if pt != nil {
		pt.WaitFor(&t.wait, vfs.POLLIN|vfs.POLLRDNORM)
	}
	t.lock.Lock()
	t.count()
	ready := t.expired > 0 || t.cancelled
	t.lock.Unlock()
	if ready {
		return vfs.POLLIN
	}
	return 0
}

// Release frees the timer.
func (*timerFile) Release(f *vfs.File) {
	t := timerFDOf(f)
	t.watch.Unwatch()
	t.lock.Lock()
	t.due = 0
	t.lock.Unlock()
	t.timer.Stop()
	timerFDCache.Free(t)
}
