//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/net"
	"galago/kernel/time"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// Sending and receiving. A wait that a signal ends reports itself whether the call may start again: these rows have no Restart.

// flagsOf adds to a message's flags what the open file says.
func flagsOf(f *vfs.File, flags uint32) uint32 {
	if f.Nonblock() {
		flags |= net.MSG_DONTWAIT
	}
	return flags
}

func sysSendto(f *arch.Frame) (uintptr, errno.Errno) {
	if !arch.UserRange(arg1(f), arg2(f)) {
		return 0, errno.EFAULT
	}
	r, s, e := socketOf(int0(f))
	if e != 0 {
		return 0, e
	}
	defer r.Release()
	it := uio.FromUser(arg1(f), int(arg2(f)))
	m := net.Msg{Data: vfs.NoEscape(&it), Flags: flagsOf(r.F, uint32(arg3(f))&^net.MSG_CMSG_COMPAT), Ctx: ctx()}
	var n int
	if arg4(f) != 0 {
		n, e = sendNamed(s, &m, arg4(f), int(int32(arg5(f))))
	} else {
		n, e = s.Ops.Send(s, vfs.NoEscape(&m))
	}
	return uintptr(n), e
}

// sendNamed sends to an address of size bytes at user; none at all is the peer's.
func sendNamed(s *net.Socket, m *net.Msg, user uintptr, size int) (int, errno.Errno) {
	var n net.Name
	if e := getName(&n, user, size); e != 0 {
		return 0, e
	}
	if size > 0 {
		m.Name = vfs.NoEscape(&n)
	}
	k, e := s.Ops.Send(s, vfs.NoEscape(m))
	m.Name = nil
	return k, e
}

func sysRecvfrom(f *arch.Frame) (uintptr, errno.Errno) {
	if !arch.UserRange(arg1(f), arg2(f)) {
		return 0, errno.EFAULT
	}
	r, s, e := socketOf(int0(f))
	if e != 0 {
		return 0, e
	}
	defer r.Release()
	it := uio.FromUser(arg1(f), int(arg2(f)))
	m := net.Msg{Data: vfs.NoEscape(&it), Flags: flagsOf(r.F, uint32(arg3(f))&^net.MSG_CMSG_COMPAT), Ctx: ctx()}
	if arg4(f) == 0 {
		n, e := s.Ops.Recv(s, vfs.NoEscape(&m))
		return uintptr(n), e
	}
	var name net.Name
	m.Name = vfs.NoEscape(&name)
	n, e := s.Ops.Recv(s, vfs.NoEscape(&m))
	if e == 0 {
		e = putName(&name, arg4(f), arg5(f))
	}
	return uintptr(n), e
}

// msghdr is struct msghdr.
type msghdr struct {
	Name       uintptr
	NameLen    int32
	_          int32
	IOV        uintptr
	IOVLen     uint64
	Control    uintptr
	ControlLen uint64
	Flags      uint32
	_          int32
}

// withMsg copies a struct msghdr and its array of pieces in and runs fn.
func withMsg(user uintptr, fn func(h *msghdr, it *uio.Iter) (int, errno.Errno)) (int, errno.Errno) {
	var h msghdr
	if e := get(&h, user); e != 0 {
		return 0, e
	}
	if h.Name == 0 {
		h.NameLen = 0
	}
	if h.NameLen < 0 {
		return 0, errno.EINVAL
	}
	h.NameLen = min(h.NameLen, net.MaxName)
	if h.IOVLen > uio.MaxIOV {
		return 0, errno.EMSGSIZE
	}
	count := int(h.IOVLen)
	var few [fastIOV]uio.IOVec
	vec := few[:min(count, fastIOV)]
	if count > fastIOV {
		p := mem.Alloc(uintptr(count) * unsafe.Sizeof(few[0]))
		if p == nil {
			return 0, errno.ENOMEM
		}
		defer mem.Free(p)
		vec = unsafe.Slice((*uio.IOVec)(p), count)
	}
	if count > 0 && arch.CopyFromUser(unsafe.Pointer(&vec[0]), h.IOV, uintptr(count)*unsafe.Sizeof(few[0])) != 0 {
		return 0, errno.EFAULT
	}
	if e := uio.CheckIOV(vec); e != 0 {
		return 0, e
	}
	it := uio.FromIOV(vec)
	return fn(vfs.NoEscape(&h), vfs.NoEscape(&it))
}

// newMsg makes a message of a header, without its name.
func newMsg(h *msghdr, it *uio.Iter, flags uint32) net.Msg {
	return net.Msg{Data: it, Flags: flags, Control: h.Control, ControlLen: int(min(h.ControlLen, 1<<31)), Ctx: ctx(),
		Limit: current().Proc.FileLimit()}
}

// sendMsg sends one message described at user.
func sendMsg(s *net.Socket, user uintptr, flags uint32) (int, errno.Errno) {
	return withMsg(user, func(h *msghdr, it *uio.Iter) (int, errno.Errno) {
		if h.ControlLen > 1<<31-1 {
			return 0, errno.ENOBUFS
		}
		m := newMsg(h, it, flags)
		if h.NameLen > 0 {
			return sendNamed(s, &m, h.Name, int(h.NameLen))
		}
		return s.Ops.Send(s, vfs.NoEscape(&m))
	})
}

func sysSendmsg(f *arch.Frame) (uintptr, errno.Errno) {
	if uint32(arg2(f))&net.MSG_CMSG_COMPAT != 0 {
		return 0, errno.EINVAL
	}
	r, s, e := socketOf(int0(f))
	if e != 0 {
		return 0, e
	}
	n, e := sendMsg(s, arg1(f), flagsOf(r.F, uint32(arg2(f))))
	r.Release()
	return uintptr(n), e
}

// recvMsg receives one message as described at user, and stores its name, flags and the length of its ancillary data there.
func recvMsg(s *net.Socket, user uintptr, flags uint32) (int, errno.Errno) {
	return withMsg(user, func(h *msghdr, it *uio.Iter) (int, errno.Errno) {
		m := newMsg(h, it, flags)
		m.Out = flags & net.MSG_CMSG_CLOEXEC
		var n int
		var e errno.Errno
		if h.Name != 0 {
			n, e = recvNamed(s, &m, h.Name, user+unsafe.Offsetof(h.NameLen))
		} else {
			n, e = s.Ops.Recv(s, vfs.NoEscape(&m))
		}
		if e != 0 {
			return 0, e
		}
		used := h.ControlLen - uint64(m.ControlLen)
		if h.ControlLen > 1<<31 {
			used = 1<<31 - uint64(m.ControlLen)
		}
		if e = put(user+unsafe.Offsetof(h.Flags), &m.Out); e == 0 {
			e = put(user+unsafe.Offsetof(h.ControlLen), &used)
		}
		return n, e
	})
}

// recvNamed receives and stores the sender's name.
func recvNamed(s *net.Socket, m *net.Msg, user, userSize uintptr) (int, errno.Errno) {
	var name net.Name
	m.Name = vfs.NoEscape(&name)
	n, e := s.Ops.Recv(s, vfs.NoEscape(m))
	m.Name = nil
	if e == 0 {
		e = putName(&name, user, userSize)
	}
	return n, e
}

func sysRecvmsg(f *arch.Frame) (uintptr, errno.Errno) {
	if uint32(arg2(f))&net.MSG_CMSG_COMPAT != 0 {
		return 0, errno.EINVAL
	}
	r, s, e := socketOf(int0(f))
	if e != 0 {
		return 0, e
	}
	n, e := recvMsg(s, arg1(f), flagsOf(r.F, uint32(arg2(f))))
	r.Release()
	return uintptr(n), e
}

// sizeofMmsghdr is the size of struct mmsghdr: a struct msghdr and a result.
const sizeofMmsghdr = unsafe.Sizeof(msghdr{}) + 8

// each runs fn on an array of struct mmsghdr until one fails, and stores the results. It returns how many succeeded, or the error if none did.
func each(user uintptr, count int, fn func(i int, user uintptr) (int, bool, errno.Errno)) (int, errno.Errno) {
	done := 0
	for done < min(count, uio.MaxIOV) {
		at := user + uintptr(done)*sizeofMmsghdr
		n, more, e := fn(done, at)
		if e == 0 {
			k := uint32(n)
			e = put(at+unsafe.Sizeof(msghdr{}), &k)
		}
		if e != 0 {
			if done == 0 {
				return 0, e
			}
			break
		}
		done++
		if !more {
			break
		}
	}
	return done, 0
}

func sysSendmmsg(f *arch.Frame) (uintptr, errno.Errno) {
	if uint32(arg3(f))&net.MSG_CMSG_COMPAT != 0 {
		return 0, errno.EINVAL
	}
	r, s, e := socketOf(int0(f))
	if e != 0 {
		return 0, e
	}
	flags := flagsOf(r.F, uint32(arg3(f)))
	n, e := each(arg1(f), int(min(uint32(arg2(f)), uio.MaxIOV)), func(i int, user uintptr) (int, bool, errno.Errno) {
		n, e := sendMsg(s, user, flags)
		return n, true, e
	})
	r.Release()
	return uintptr(n), e
}

func sysRecvmmsg(f *arch.Frame) (uintptr, errno.Errno) {
	if uint32(arg3(f))&net.MSG_CMSG_COMPAT != 0 {
		return 0, errno.EINVAL
	}
	limit := forever
	if arg4(f) != 0 {
		var e errno.Errno
		if limit, e = getTimeout(arg4(f)); e != 0 {
			return 0, e
		}
	}
	r, s, e := socketOf(int0(f))
	if e != 0 {
		return 0, e
	}
	defer r.Release()
	if e = s.TakeError(); e != 0 {
		return 0, e
	}
	start, left := int64(time.Now()), limit
	flags := flagsOf(r.F, uint32(arg3(f)))
	n, e := each(arg1(f), int(min(uint32(arg2(f)), uio.MaxIOV)), func(i int, user uintptr) (int, bool, errno.Errno) {
		n, e := recvMsg(s, user, flags&^net.MSG_WAITFORONE)
		if flags&net.MSG_WAITFORONE != 0 {
			flags |= net.MSG_DONTWAIT
		}
		if limit != forever {
			left = max(limit-(int64(time.Now())-start), 0)
		}
		return n, left != 0, e
	})
	if n > 0 && limit != forever {
		ts := timespec{left / 1e9, left % 1e9}
		if e2 := put(arg4(f), &ts); e2 != 0 {
			e = e2
		}
	}
	return uintptr(n), e
}
