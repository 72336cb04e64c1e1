package net

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
)

// Socket options of the generic level: SOL_SOCKET, socket(7).
const (
	SOL_SOCKET = 1

	SO_DEBUG        = 1
	SO_REUSEADDR    = 2
	SO_TYPE         = 3
	SO_ERROR        = 4
	SO_DONTROUTE    = 5
	SO_BROADCAST    = 6
	SO_SNDBUF       = 7
	SO_RCVBUF       = 8
	SO_KEEPALIVE    = 9
	SO_OOBINLINE    = 10
	SO_PRIORITY     = 12
	SO_LINGER       = 13
	SO_BSDCOMPAT    = 14
	SO_REUSEPORT    = 15
	SO_PASSCRED     = 16
	SO_PEERCRED     = 17
	SO_RCVLOWAT     = 18
	SO_SNDLOWAT     = 19
	SO_RCVTIMEO     = 20
	SO_SNDTIMEO     = 21
	SO_PEERNAME     = 28
	SO_ACCEPTCONN   = 30
	SO_SNDBUFFORCE  = 32
	SO_RCVBUFFORCE  = 33
	SO_MARK         = 36
	SO_PROTOCOL     = 38
	SO_DOMAIN       = 39
	SO_PEEK_OFF     = 42
	SO_INCOMING_CPU = 49
	SO_MEMINFO      = 55
	SO_COOKIE       = 57
	SO_PEERGROUPS   = 59
	SO_RCVTIMEO_NEW = 66 // the same structure on this architecture
	SO_SNDTIMEO_NEW = 67
)

// The smallest buffers. What is asked for counts the bytes of messages, what is kept also their overhead: twice as much.
const (
	minSndBuf = 4608
	minRcvBuf = 2304
)

// options are a socket's settings. They are read without a lock.
type options struct {
	Bits   atomic.Uint64 // by number, those that are on or off
	SndBuf atomic.Int32  // bytes
	RcvBuf atomic.Int32
	// Time limits of waits in nanoseconds; 0: none. A negative one does not wait at all.
	RcvTimeout, SndTimeout atomic.Int64
	RcvLowat               atomic.Int32
	PeekOff                atomic.Int32 // −1: off
	priority, mark         atomic.Uint32
	cpu                    atomic.Int32  // SO_INCOMING_CPU; messages of local sockets come from no device
	linger                 atomic.Uint64 // struct linger
}

func (o *options) setup() {
	o.SndBuf.Store(sndDefault.Load())
	o.RcvBuf.Store(rcvDefault.Load())
	o.RcvLowat.Store(1)
	o.PeekOff.Store(-1)
	o.cpu.Store(-1)
}

// flagOptions are on or off, and only remembered or looked at by the family.
const flagOptions = 1<<SO_DEBUG | 1<<SO_REUSEADDR | 1<<SO_DONTROUTE | 1<<SO_BROADCAST | 1<<SO_KEEPALIVE |
	1<<SO_OOBINLINE | 1<<SO_REUSEPORT | 1<<SO_PASSCRED

// Has tells whether an option that is on or off is on.
func (o *options) Has(option int) bool { return o.Bits.Load()>>uint(option)&1 != 0 }

func (o *options) set(option int, on bool) {
	if on {
		o.Bits.Or(1 << uint(option))
	} else {
		o.Bits.And(^uint64(1 << uint(option)))
	}
}

// SetOption is setsockopt(2) for SOL_SOCKET; n is the length of the value at user.
func (s *Socket) SetOption(option int, user uintptr, n int) errno.Errno {
	var v int32
	if n < int(unsafe.Sizeof(v)) {
		return errno.EINVAL
	}
	if arch.CopyFromUser(unsafe.Pointer(&v), user, unsafe.Sizeof(v)) != 0 {
		return errno.EFAULT
	}
	e := errno.OK
	switch option {
	case SO_RCVTIMEO, SO_RCVTIMEO_NEW:
		return setLimit(&s.Options.RcvTimeout, user, n)
	case SO_SNDTIMEO, SO_SNDTIMEO_NEW:
		return setLimit(&s.Options.SndTimeout, user, n)
	case SO_LINGER:
		var l uint64
		if n < int(unsafe.Sizeof(l)) {
			return errno.EINVAL
		}
		if arch.CopyFromUser(unsafe.Pointer(&l), user, unsafe.Sizeof(l)) != 0 {
			return errno.EFAULT
		}
		s.Options.setLinger(l)
		return errno.OK
	case SO_TYPE, SO_PROTOCOL, SO_DOMAIN, SO_ERROR, SO_PEERCRED, SO_PEERNAME, SO_ACCEPTCONN, SO_SNDLOWAT, SO_PEERGROUPS,
		SO_COOKIE, SO_MEMINFO:
		return errno.ENOPROTOOPT
	case SO_DEBUG:
		if v != 0 && !Cred().Capable(cred.NetAdmin) {
			return errno.EACCES
		}
		s.Options.set(option, v != 0)
	case SO_REUSEPORT:
		if v != 0 && s.Family == AF_UNIX {
			return errno.EOPNOTSUPP
		}
		s.Options.set(option, v != 0)
	case SO_SNDBUF:
		s.Options.SndBuf.Store(bufferSize(v, sndMax.Load(), minSndBuf))
	case SO_RCVBUF:
		s.Options.RcvBuf.Store(bufferSize(v, rcvMax.Load(), minRcvBuf))
	case SO_SNDBUFFORCE, SO_RCVBUFFORCE:
		switch {
		case !Cred().Capable(cred.NetAdmin):
			return errno.EPERM
		case option == SO_SNDBUFFORCE:
			s.Options.SndBuf.Store(bufferSize(max(v, 0), maxBuf, minSndBuf))
		default:
			s.Options.RcvBuf.Store(bufferSize(max(v, 0), maxBuf, minRcvBuf))
		}
	default:
		if option > 0 && option < 64 && flagOptions>>uint(option)&1 != 0 {
			s.Options.set(option, v != 0)
		} else {
			e = s.setNumber(option, v)
		}
	}
	if e == errno.OK {
		s.Ops.OptionChanged(s, option)
	}
	return e
}

// maxBuf is the most that can be doubled.
const maxBuf = 1<<30 - 1

// bufferSize doubles what was asked for, for overhead. A negative size counts as a huge one, as on Linux.
func bufferSize(v, most, least int32) int32 {
	if v < 0 {
		v = most
	}
	return max(min(v, most, maxBuf)*2, least)
}

func (s *Socket) setNumber(option int, v int32) errno.Errno {
	switch option {
	case SO_PRIORITY:
		if (v < 0 || v > 6) && !Cred().Capable(cred.NetAdmin) {
			return errno.EPERM
		}
		s.Options.priority.Store(uint32(v))
	case SO_MARK:
		if c := Cred(); !c.Capable(cred.NetAdmin) && !c.Capable(cred.NetRaw) {
			return errno.EPERM
		}
		s.Options.mark.Store(uint32(v))
	case SO_INCOMING_CPU:
		s.Options.cpu.Store(v)
	case SO_RCVLOWAT:
		switch {
		case v < 0:
			v = 1<<31 - 1
		case v == 0:
			v = 1
		}
		s.Options.RcvLowat.Store(v)
	case SO_PEEK_OFF:
		s.Options.PeekOff.Store(max(v, -1))
	case SO_BSDCOMPAT:
		// Obsolete: accepted and ignored, as on Linux.
	default:
		return errno.ENOPROTOOPT
	}
	return errno.OK
}

type timeval struct{ Sec, Usec int64 }

// setLimit reads a struct timeval: {0, 0} is no limit, a negative time does not wait.
func setLimit(limit *atomic.Int64, user uintptr, n int) errno.Errno {
	var tv timeval
	if n < int(unsafe.Sizeof(tv)) {
		return errno.EINVAL
	}
	if arch.CopyFromUser(unsafe.Pointer(&tv), user, unsafe.Sizeof(tv)) != 0 {
		return errno.EFAULT
	}
	if tv.Usec < 0 || tv.Usec >= 1e6 {
		return errno.EDOM
	}
	switch {
	case tv.Sec < 0:
		limit.Store(-1)
	case tv.Sec >= 1<<32:
		limit.Store(0)
	default:
		limit.Store(tv.Sec*1e9 + tv.Usec*1000)
	}
	return errno.OK
}

// setLinger keeps a struct linger: on or off, seconds.
func (o *options) setLinger(l uint64) {
	if uint32(l) == 0 {
		o.linger.Store(o.linger.Load() &^ 0xffffffff)
	} else {
		o.linger.Store(l&^0xffffffff | 1)
	}
}
