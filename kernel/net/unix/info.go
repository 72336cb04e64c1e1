package unix

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/net"
	"galago/kernel/vfs"
)

// Events that are announced in each of a socket's two queues.
const (
	readEvents  = vfs.POLLIN | vfs.POLLRDNORM | vfs.POLLRDHUP | vfs.POLLHUP | vfs.POLLERR
	writeEvents = vfs.POLLOUT | vfs.POLLWRNORM | vfs.POLLWRBAND
)

// Poll tells what a socket is ready for. A hang-up of both halves is POLLHUP, as is having no connection; one of the reading half is
// POLLRDHUP.
func (*socketOps) Poll(g *net.Socket, pt *vfs.PollTable) uint32 {
	s := of(g)
	pt.WaitFor(&s.Readers, readEvents)
	pt.WaitFor(&s.Writers, writeEvents)
	mask := uint32(0)
	if s.Err.Load() != 0 {
		mask |= vfs.POLLERR
	}
	shut := s.Shut.Load()
	if shut == net.ShutBoth {
		mask |= vfs.POLLHUP
	}
	if shut&net.ShutRead != 0 {
		mask |= vfs.POLLRDHUP | vfs.POLLIN | vfs.POLLRDNORM
	}
	if s.queue.head.Load() != nil {
		mask |= vfs.POLLIN | vfs.POLLRDNORM
	}
	state := s.state.Load()
	if state == unconnected && s.connectionBased() {
		mask |= vfs.POLLHUP
	}
	if state != listening && s.writable() && (s.Type == net.SOCK_STREAM || pt != nil && pt.Events&writeEvents == 0 || !s.watchRoom()) {
		mask |= writeEvents
	}
	return mask
}

// Commands of ioctl(2): unix(7).
const (
	siocInq  = 0x541b // FIONREAD
	siocOutq = 0x5411 // TIOCOUTQ
)

// Ioctl tells how many bytes wait to be received (of a datagram socket in the next datagram), and how much of what was sent has not been
// received.
func (*socketOps) Ioctl(g *net.Socket, cmd uint32, arg uintptr) (uintptr, errno.Errno) {
	s := of(g)
	var n int32
	switch cmd {
	case siocInq:
		if s.state.Load() == listening {
			return 0, errno.EINVAL
		}
		n = int32(s.waiting())
	case siocOutq:
		if s.state.Load() == listening {
			return 0, errno.EINVAL
		}
		n = int32(s.charged.Load())
	default:
		return 0, errno.ENOTTY
	}
	if arch.CopyToUser(arg, unsafe.Pointer(&n), unsafe.Sizeof(n)) != 0 {
		return 0, errno.EFAULT
	}
	return 0, errno.OK
}

// waiting counts the bytes in the queue; of a datagram socket those of the first message.
func (s *sock) waiting() (n int) {
	s.queue.lock.Lock()
	defer s.queue.lock.Unlock()
	for m := s.queue.head.Load(); m != nil; m = m.next {
		n += m.len - m.off
		if !s.connectionBased() {
			break
		}
	}
	return n
}

// Info is a line of /proc/net/unix.
type Info struct {
	Refs      int
	Listening bool
	Type      int
	State     int // socket state as Linux numbers it
	Ino       uint64
	Name      []byte // with a leading '@' for an abstract one; empty: none
}

// States of /proc/net/unix (enum socket_state).
const (
	stateUnconnected   = 1
	stateConnecting    = 2
	stateConnected     = 3
	stateDisconnecting = 4
)

// Each calls fn for every socket. fn must not sleep or keep the name.
func Each(fn func(i *Info)) {
	for i := range buckets {
		b := &buckets[i]
		b.lock.Lock()
		for s := b.list.Front(); s != nil; s = s.all.Next() {
			if s.refs.Load() > 0 {
				s.describe(fn)
			}
		}
		b.lock.Unlock()
	}
}

func (s *sock) describe(fn func(i *Info)) {
	info := Info{Refs: int(s.refs.Load()), Type: int(s.Type), Ino: s.Ino.Load()}
	state := s.state.Load()
	info.Listening = state == listening
	switch {
	case info.Ino == 0 && state == connected:
		info.State = stateConnecting
	case info.Ino == 0:
		info.State = stateDisconnecting
	case state == connected:
		info.State = stateConnected
	default:
		info.State = stateUnconnected
	}
	var text [maxLen]byte
	if n := s.name.Load(); n != nil {
		k := copy(text[:], n.buf[familyLen:n.len])
		if n.isAbstract() {
			for i := range text[:k] {
				if text[i] == 0 {
					text[i] = '@'
				}
			}
		} else {
			k--
		}
		info.Name = text[:k]
	}
	fn(vfs.NoEscape(&info))
}
