package net

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// GetOption is getsockopt(2) for SOL_SOCKET: it stores at most n bytes of the value at user and returns how many.
func (s *Socket) GetOption(option int, user uintptr, n int) (int, errno.Errno) {
	switch option {
	case SO_RCVTIMEO, SO_RCVTIMEO_NEW:
		return putLimit(s.Options.RcvTimeout.Load(), user, n)
	case SO_SNDTIMEO, SO_SNDTIMEO_NEW:
		return putLimit(s.Options.SndTimeout.Load(), user, n)
	case SO_LINGER:
		l := s.Options.linger.Load()
		return putBytes(user, n, unsafe.Slice((*byte)(unsafe.Pointer(&l)), 8))
	case SO_PEERCRED:
		return s.putPeerCred(user, n)
	case SO_PEERGROUPS:
		return s.putPeerGroups(user, n)
	case SO_PEERNAME:
		var name Name
		if s.Ops.PeerName(s, vfs.NoEscape(&name)) != errno.OK {
			return 0, errno.ENOTCONN
		}
		if name.Len < n {
			return 0, errno.EINVAL
		}
		return putBytes(user, n, name.Bytes())
	case SO_COOKIE:
		if n < 8 {
			return 0, errno.EINVAL
		}
		return putBytes(user, n, unsafe.Slice((*byte)(unsafe.Pointer(&s.Cookie)), 8))
	case SO_MEMINFO:
		sent, queued := s.Ops.Charged(s)
		info := [9]uint32{uint32(queued), uint32(s.Options.RcvBuf.Load()), uint32(sent), uint32(s.Options.SndBuf.Load())}
		return putBytes(user, n, unsafe.Slice((*byte)(unsafe.Pointer(&info)), unsafe.Sizeof(info)))
	}
	v, e := s.number(option)
	if e != errno.OK {
		return 0, e
	}
	return putBytes(user, n, unsafe.Slice((*byte)(unsafe.Pointer(&v)), 4))
}

// number returns an option whose value is an int.
func (s *Socket) number(option int) (int32, errno.Errno) {
	o := &s.Options
	switch option {
	case SO_TYPE:
		return s.Type, errno.OK
	case SO_PROTOCOL:
		return s.Protocol, errno.OK
	case SO_DOMAIN:
		return s.Family, errno.OK
	case SO_ERROR:
		return int32(s.TakeError()), errno.OK
	case SO_SNDBUF:
		return o.SndBuf.Load(), errno.OK
	case SO_RCVBUF:
		return o.RcvBuf.Load(), errno.OK
	case SO_PRIORITY:
		return int32(o.priority.Load()), errno.OK
	case SO_MARK:
		return int32(o.mark.Load()), errno.OK
	case SO_RCVLOWAT:
		return o.RcvLowat.Load(), errno.OK
	case SO_SNDLOWAT:
		return 1, errno.OK
	case SO_BSDCOMPAT:
		return 0, errno.OK
	case SO_PEEK_OFF:
		return o.PeekOff.Load(), errno.OK
	case SO_INCOMING_CPU:
		return o.cpu.Load(), errno.OK
	case SO_ACCEPTCONN:
		if s.Ops.Listening(s) {
			return 1, errno.OK
		}
		return 0, errno.OK
	}
	if option > 0 && option < 64 && flagOptions>>uint(option)&1 != 0 {
		if o.Has(option) {
			return 1, errno.OK
		}
		return 0, errno.OK
	}
	return 0, errno.ENOPROTOOPT
}

// putBytes stores a value, cut to n bytes.
func putBytes(user uintptr, n int, b []byte) (int, errno.Errno) {
	n = min(n, len(b))
	if n > 0 && arch.CopyToUser(user, unsafe.Pointer(&b[0]), uintptr(n)) != 0 {
		return 0, errno.EFAULT
	}
	return n, errno.OK
}

func putLimit(ns int64, user uintptr, n int) (int, errno.Errno) {
	ns = max(ns, 0)
	tv := timeval{ns / 1e9, ns % 1e9 / 1000}
	return putBytes(user, n, unsafe.Slice((*byte)(unsafe.Pointer(&tv)), unsafe.Sizeof(tv)))
}

// Ucred is struct ucred.
type Ucred struct {
	PID      int32
	UID, GID uint32
}

func (s *Socket) putPeerCred(user uintptr, n int) (int, errno.Errno) {
	u := Ucred{UID: ^uint32(0), GID: ^uint32(0)}
	if pid, c := s.Ops.PeerCred(s); c != nil {
		u = Ucred{pid, c.EUID, c.EGID}
		c.Put()
	}
	return putBytes(user, n, unsafe.Slice((*byte)(unsafe.Pointer(&u)), unsafe.Sizeof(u)))
}

// putPeerGroups stores the peer's supplementary groups. ENODATA: no peer. If they do not fit, it is ERANGE with the size they need.
func (s *Socket) putPeerGroups(user uintptr, n int) (int, errno.Errno) {
	_, c := s.Ops.PeerCred(s)
	if c == nil {
		return 0, errno.ENODATA
	}
	defer c.Put()
	groups := c.Groups()
	size := len(groups) * 4
	if n < size {
		return size, errno.ERANGE
	}
	if size == 0 {
		return 0, errno.OK
	}
	return putBytes(user, size, unsafe.Slice((*byte)(unsafe.Pointer(&groups[0])), size))
}
