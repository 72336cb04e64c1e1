//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/ipc"
	"galago/kernel/proc"
	"galago/kernel/vfs"
)

// Timers: timer_create(2) and its like, setitimer(2), alarm(2), timerfd_create(2).

// itimerspec is struct itimerspec, itimerval struct itimerval.
type itimerspec struct{ Interval, Value timespec }
type itimerval struct{ Interval, Value timeval }

func toTimespec(ns uint64) timespec { return timespec{int64(ns / 1e9), int64(ns % 1e9)} }

func (s *itimerspec) valid() bool {
	return s.Interval.Sec >= 0 && uint64(s.Interval.Nsec) < 1e9 && s.Value.Sec >= 0 && uint64(s.Value.Nsec) < 1e9
}

// nanos converts a valid time, cut to what nanoseconds can hold.
func (ts timespec) nanos() uint64 {
	ns, _ := ts.duration()
	return uint64(ns)
}

// timerEvent is struct sigevent, whose size is 64, as timers use it.
type timerEvent struct {
	Value         uint64
	Signo, Notify int32
	TID           int32
	_             [11]int32
}

// Values of sigev_notify.
const (
	sigevSignal   = 0
	sigevNone     = 1
	sigevThread   = 2
	sigevThreadID = 4
)

// timerClock translates a clock for timer_create: the clock, and the thread whose time it is.
func timerClock(id int) (c proc.TimerClock, tid int32, e errno.Errno) {
	switch id {
	case clockRealtime, clockTAI:
		return proc.TimerWall, 0, 0
	case clockMonotonic, clockBoottime:
		return proc.TimerMono, 0, 0
	case clockProcessCPU:
		return proc.TimerCPU, 0, 0
	case clockThreadCPU:
		return proc.TimerThread, int32(current().TID), 0
	case clockMonotonicRaw, clockRealtimeCoarse, clockMonoCoarse:
		return 0, 0, errno.EOPNOTSUPP
	}
	if id < 0 { // a CPU clock by number: only the caller's own process
		pid, kind := ^(id >> 3), id&7
		if kind&3 != 2 {
			return 0, 0, errno.EINVAL
		}
		if kind&4 != 0 {
			if pid == 0 {
				pid = current().TID
			}
			if current().Proc.HasThread(pid) {
				return proc.TimerThread, int32(pid), 0
			}
		} else if pid == 0 || pid == current().Proc.PID {
			return proc.TimerCPU, 0, 0
		}
	}
	return 0, 0, errno.EINVAL
}

func sysTimerCreate(f *arch.Frame) (uintptr, errno.Errno) {
	var like proc.Timer
	p := vfs.NoEscape(&like)
	ev := timerEvent{Signo: proc.SIGALRM, Notify: sigevSignal}
	if arg1(f) != 0 {
		if e := get(&ev, arg1(f)); e != 0 {
			return 0, e
		}
	}
	var tid int32
	var e errno.Errno
	if p.Clock, tid, e = timerClock(int0(f)); e != 0 {
		return 0, e
	}
	p.TID, p.Value = tid, ev.Value
	switch ev.Notify {
	case sigevNone:
	case sigevSignal, sigevThread:
		p.Signo = ev.Signo
	case sigevThreadID | sigevSignal:
		if tid != 0 && tid != ev.TID || !current().Proc.HasThread(int(ev.TID)) {
			return 0, errno.EINVAL
		}
		p.Signo, p.TID, p.Thread = ev.Signo, ev.TID, true
	default:
		return 0, errno.EINVAL
	}
	if ev.Notify != sigevNone && (ev.Signo < 1 || ev.Signo > proc.NSIG) {
		return 0, errno.EINVAL
	}
	t, e := current().Proc.NewTimer(p)
	if e != 0 {
		return 0, e
	}
	if arg1(f) == 0 {
		t.Value = uint64(t.ID)
	}
	id := t.ID
	if e := put(arg2(f), &id); e != 0 {
		current().Proc.DeleteTimer(id)
		return 0, e
	}
	return 0, 0
}

// timer finds the timer that a call names.
func timer(f *arch.Frame) (*proc.Timer, errno.Errno) {
	if t := current().Proc.FindTimer(int32(int0(f))); t != nil {
		return t, errno.OK
	}
	return nil, errno.EINVAL
}

func putSetting(user uintptr, s proc.Setting) errno.Errno {
	v := itimerspec{Interval: toTimespec(s.Interval), Value: toTimespec(s.Left)}
	return put(user, &v)
}

func sysTimerSettime(f *arch.Frame) (uintptr, errno.Errno) {
	const absolute = 1
	var s itimerspec
	if arg2(f) == 0 {
		return 0, errno.EINVAL
	}
	if e := get(&s, arg2(f)); e != 0 {
		return 0, e
	}
	if !s.valid() {
		return 0, errno.EINVAL
	}
	t, e := timer(f)
	if e != 0 {
		return 0, e
	}
	old := t.Set(s.Value.nanos(), s.Interval.nanos(), int1(f)&absolute != 0)
	current().Proc.PutTimer(t)
	if arg3(f) != 0 {
		return ok(putSetting(arg3(f), old))
	}
	return 0, 0
}

func sysTimerGettime(f *arch.Frame) (uintptr, errno.Errno) {
	t, e := timer(f)
	if e != 0 {
		return 0, e
	}
	s := t.Get()
	current().Proc.PutTimer(t)
	return ok(putSetting(arg1(f), s))
}

func sysTimerGetoverrun(f *arch.Frame) (uintptr, errno.Errno) {
	t, e := timer(f)
	if e != 0 {
		return 0, e
	}
	n := t.Overrun()
	current().Proc.PutTimer(t)
	return uintptr(n), 0
}

func sysTimerDelete(f *arch.Frame) (uintptr, errno.Errno) {
	return ok(current().Proc.DeleteTimer(int32(int0(f))))
}

func toITimerval(s proc.Setting) itimerval {
	// A time that has not come yet is never shown as 0.
	if s.Left > 0 {
		s.Left = max(s.Left, 1000)
	}
	return itimerval{Interval: toTimeval(s.Interval), Value: toTimeval(s.Left)}
}

func sysSetitimer(f *arch.Frame) (uintptr, errno.Errno) {
	var v itimerval
	if arg1(f) != 0 {
		if e := get(&v, arg1(f)); e != 0 {
			return 0, e
		}
	}
	const million = 1_000_000
	if v.Value.Sec < 0 || uint64(v.Value.Usec) >= million || v.Interval.Sec < 0 || uint64(v.Interval.Usec) >= million {
		return 0, errno.EINVAL
	}
	t, e := current().Proc.ITimer(int0(f))
	if e != 0 {
		return 0, e
	}
	nanos := func(v timeval) uint64 { return timespec{v.Sec, v.Usec * 1000}.nanos() }
	old := toITimerval(t.Set(nanos(v.Value), nanos(v.Interval), false))
	if arg2(f) != 0 {
		return ok(put(arg2(f), &old))
	}
	return 0, 0
}

func sysGetitimer(f *arch.Frame) (uintptr, errno.Errno) {
	t, e := current().Proc.ITimer(int0(f))
	if e != 0 {
		return 0, e
	}
	v := toITimerval(t.Get())
	return ok(put(arg1(f), &v))
}

func sysAlarm(f *arch.Frame) (uintptr, errno.Errno) {
	t, e := current().Proc.ITimer(0)
	if e != 0 {
		return 0, e
	}
	old := t.Set(uint64(uint32(arg0(f)))*1e9, 0, false)
	sec := old.Left / 1e9
	if rest := old.Left % 1e9; old.Left > 0 && sec == 0 || rest >= 5e8 {
		sec++ // rounded, but never to nothing
	}
	return uintptr(sec), 0
}

// timerfd_create(2).

func sysTimerfdCreate(f *arch.Frame) (uintptr, errno.Errno) {
	flags := uint32(arg1(f))
	if flags&^(vfs.O_NONBLOCK|vfs.O_CLOEXEC) != 0 {
		return 0, errno.EINVAL
	}
	switch int0(f) {
	case clockRealtime, clockMonotonic, clockBoottime:
	case clockRealtimeAlarm, clockBoottimeAlarm:
		return 0, errno.EPERM // nothing here wakes a sleeping machine
	default:
		return 0, errno.EINVAL
	}
	file, e := ipc.NewTimerFD(int0(f) == clockRealtime, flags, ctx().Cred)
	if e != 0 {
		return 0, e
	}
	return install(file, flags)
}

func putTimerFD(user uintptr, s ipc.TimerSetting) errno.Errno {
	return putSetting(user, proc.Setting{Left: uint64(s.Value), Interval: uint64(s.Interval)})
}

func sysTimerfdSettime(f *arch.Frame) (uintptr, errno.Errno) {
	var s itimerspec
	if e := get(&s, arg2(f)); e != 0 {
		return 0, e
	}
	flags := uint32(arg1(f))
	if flags&^(ipc.TimerAbsolute|ipc.TimerCancelOnSet) != 0 || !s.valid() {
		return 0, errno.EINVAL
	}
	r, e := ctx().Files.Acquire(int0(f))
	if e != 0 {
		return 0, e
	}
	old, e := ipc.TimerFDSet(r.F, flags, ipc.TimerSetting{Value: int64(s.Value.nanos()), Interval: int64(s.Interval.nanos())})
	r.Release()
	if e == 0 && arg3(f) != 0 {
		e = putTimerFD(arg3(f), old)
	}
	return 0, e
}

func sysTimerfdGettime(f *arch.Frame) (uintptr, errno.Errno) {
	r, e := ctx().Files.Acquire(int0(f))
	if e != 0 {
		return 0, e
	}
	s, e := ipc.TimerFDGet(r.F)
	r.Release()
	if e != 0 {
		return 0, e
	}
	return ok(putTimerFD(arg1(f), s))
}
