//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/time"
)

// Setting and adjusting the wall clock: settimeofday(2), adjtimex(2), clock_adjtime(2). The clock's rate is the counter's as measured at
// boot; it is not steered, so requests to do that give EINVAL, and the state is "not synchronised".

func sysSettimeofday(f *arch.Frame) (uintptr, errno.Errno) {
	var tv timeval
	if arg0(f) != 0 {
		if e := get(&tv, arg0(f)); e != 0 {
			return 0, e
		}
		if uint64(tv.Usec) > 1_000_000 {
			return 0, errno.EINVAL
		}
	}
	var zone [2]int32
	if arg1(f) != 0 {
		if e := get(&zone, arg1(f)); e != 0 {
			return 0, e
		}
	}
	const farthest = 15 * 60 // minutes west
	switch {
	case arg0(f) != 0 && (tv.Sec < 0 || tv.Usec == 1_000_000 || tv.Sec > maxWall):
		return 0, errno.EINVAL
	case !ctx().Cred.Capable(cred.SysTime):
		return 0, errno.EPERM
	case arg1(f) != 0 && (zone[0] > farthest || zone[0] < -farthest):
		return 0, errno.EINVAL
	case arg0(f) != 0:
		time.SetWall(tv.Sec, tv.Usec*1000)
	}
	return 0, 0
}

// maxWall is the latest time in seconds that the wall clock may be set to.
const maxWall = 1 << 62 / 1_000_000_000

// timex is struct timex.
type timex struct {
	Modes                                    uint32
	Offset, Freq, MaxError, EstError         int64
	Status                                   int32
	Constant, Precision, Tolerance           int64
	Time                                     timeval
	Tick, PPSFreq, Jitter                    int64
	Shift                                    int32
	Stabil, JitCnt, CalCnt, ErrCnt, StableCt int64
	TAI                                      int32
	_                                        [11]int32
}

// Modes and state of adjtimex(2).
const (
	adjSetOffset  = 0x0100
	adjNano       = 0x2000
	adjMicro      = 0x1000
	adjSlewRead   = 0xa001
	staUnsync     = 0x40
	timeError     = 5
	clockMaxError = 16_000_000 // us: NTP_PHASE_LIMIT
)

func adjust(user uintptr) (uintptr, errno.Errno) {
	var t timex
	if e := get(&t, user); e != 0 {
		return 0, e
	}
	switch t.Modes {
	case 0, adjSlewRead:
	default:
		if !ctx().Cred.Capable(cred.SysTime) {
			return 0, errno.EPERM
		}
		if t.Modes&^(adjSetOffset|adjNano|adjMicro) != 0 {
			return 0, errno.EINVAL
		}
		if e := t.step(); e != 0 {
			return 0, e
		}
	}
	sec, nsec := time.Wall()
	t = timex{Modes: t.Modes, MaxError: clockMaxError, EstError: clockMaxError, Status: staUnsync, Constant: 2, Precision: 1,
		Tolerance: 500 << 16, Time: timeval{sec, nsec / 1000}, Tick: 10_000}
	if e := put(user, &t); e != 0 {
		return 0, e
	}
	return timeError, 0
}

// step moves the clock by t.Time: ADJ_SETOFFSET.
func (t *timex) step() errno.Errno {
	if t.Modes&adjSetOffset == 0 {
		return errno.OK
	}
	unit, scale := int64(1_000_000), int64(1000)
	if t.Modes&adjNano != 0 {
		unit, scale = 1_000_000_000, 1
	}
	if t.Time.Usec < 0 || t.Time.Usec >= unit || t.Time.Sec > maxWall || t.Time.Sec < -maxWall {
		return errno.EINVAL
	}
	sec, nsec := time.Wall()
	sec, nsec = sec+t.Time.Sec, nsec+t.Time.Usec*scale
	if nsec >= 1_000_000_000 {
		sec, nsec = sec+1, nsec-1_000_000_000
	}
	if sec < 0 || sec > maxWall {
		return errno.EINVAL
	}
	time.SetWall(sec, nsec)
	return errno.OK
}

func sysAdjtimex(f *arch.Frame) (uintptr, errno.Errno) { return adjust(arg0(f)) }

func sysClockAdjtime(f *arch.Frame) (uintptr, errno.Errno) {
	switch id := int0(f); {
	case id == clockRealtime:
		return adjust(arg1(f))
	case id == clockMonotonic, id == clockMonotonicRaw, id == clockRealtimeCoarse, id == clockMonoCoarse, id == clockBoottime,
		id == clockProcessCPU, id == clockThreadCPU, id == clockTAI:
		return 0, errno.EOPNOTSUPP
	}
	return 0, errno.EINVAL
}
