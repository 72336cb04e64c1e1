package unix

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/fs/procfs"
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

// States of /proc/net/unix (enum socket_state).
const (
	stateUnconnected   = 1
	stateConnecting    = 2
	stateConnected     = 3
	stateDisconnecting = 4
)

// Init makes /proc/net/unix.
func Init() { procfs.RegisterNet("unix", genUnix) }

// genUnix writes a line for each socket. In place of its address in memory, which is nobody's business, stands the socket's cookie.
func genUnix(b *procfs.Buffer) errno.Errno {
	b.WriteString("Num       RefCount Protocol Flags    Type St Inode Path\n")
	for i := range buckets {
		k := &buckets[i]
		k.lock.Lock()
		for s := k.list.Front(); s != nil && !b.Full(); s = s.all.Next() {
			s.describe(b)
		}
		k.lock.Unlock()
	}
	return errno.OK
}

// describe writes the line of one socket. Its bucket is locked, so that it and its name stay.
func (s *sock) describe(b *procfs.Buffer) {
	state, ino, flags := s.state.Load(), s.Ino.Load(), 0
	st := stateUnconnected
	switch {
	case ino == 0 && state == connected:
		st = stateConnecting
	case ino == 0:
		st = stateDisconnecting
	case state == connected:
		st = stateConnected
	case state == listening:
		flags = 1 << 16
	}
	b.Printf("%016x: %08X %08X %08X %04X %02X %5d", s.Cookie, s.refs.Load(), 0, flags, s.Type, st, ino)
	if n := s.name.Load(); n != nil {
		b.WriteString(" ")
		text := n.buf[familyLen:n.len]
		if !n.isAbstract() {
			text = text[:len(text)-1]
		}
		for i := range text {
			if text[i] == 0 {
				b.WriteString("@")
			} else {
				b.Write(text[i : i+1])
			}
		}
	}
	b.WriteString("\n")
}
