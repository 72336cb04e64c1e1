package unix

import (
	"galago/kernel/errno"
	"galago/kernel/net"
)

// Byte streams. A piece of the stream is a message of up to blockBytes; receivers take pieces apart and put them together, but
// never over the border of a piece that carries open files, nor, if credentials are asked for, from different senders.

// Send is send(2) and its family.
func (*socketOps) Send(g *net.Socket, m *net.Msg) (int, errno.Errno) {
	s := of(g)
	var a ancillary
	if m.ControlLen > 0 {
		if e := a.parse(m); e != errno.OK {
			return 0, e
		}
	}
	var n int
	var e errno.Errno
	if s.Type == net.SOCK_STREAM {
		n, e = s.sendStream(m, &a)
	} else {
		n, e = s.sendDatagram(m, &a)
	}
	a.free()
	return n, e
}

// Recv is recv(2) and its family.
func (*socketOps) Recv(g *net.Socket, m *net.Msg) (int, errno.Errno) {
	s := of(g)
	if s.Type == net.SOCK_STREAM {
		return s.recvStream(m)
	}
	return s.recvDatagram(m)
}

func (s *sock) sendStream(m *net.Msg, a *ancillary) (sent int, e errno.Errno) {
	if m.Flags&net.MSG_OOB != 0 {
		return 0, errno.EOPNOTSUPP
	}
	if m.Name != nil {
		if s.state.Load() == connected {
			return 0, errno.EISCONN
		}
		return 0, errno.EOPNOTSUPP
	}
	peer := s.peer.Load()
	if peer == nil {
		return 0, errno.ENOTCONN
	}
	if s.Shut.Load()&net.ShutWrite != 0 {
		return 0, m.BrokenPipe()
	}
	for left := m.Data.Len(); left > 0; left = m.Data.Len() {
		if e = s.sendPiece(peer, m, a, min(left, blockBytes, max(int(s.Options.SndBuf.Load())/2, 1))); e != errno.OK {
			break
		}
		sent += left - m.Data.Len()
	}
	if sent > 0 {
		return sent, errno.OK
	}
	return 0, e
}

// sendPiece sends the next n bytes.
func (s *sock) sendPiece(peer *sock, m *net.Msg, a *ancillary, n int) errno.Errno {
	if e := s.waitRoom(m); e != errno.OK {
		return e
	}
	p := newMessage(n)
	if p == nil {
		return errno.ENOBUFS
	}
	if e := p.fill(m.Data); e != errno.OK {
		p.free()
		return e
	}
	a.stamp(s, peer)
	s.charged.Add(p.charge)
	peer.queue.lock.Lock()
	if peer.queue.dead || peer.Shut.Load()&net.ShutRead != 0 {
		peer.queue.lock.Unlock()
		s.charged.Add(-p.charge)
		p.free()
		return m.BrokenPipe()
	}
	a.give(p)
	peer.queue.put(peer, p)
	peer.queue.lock.Unlock()
	if m.Data.Len() == 0 {
		peer.Readers.WakeSync()
	} else {
		peer.Readers.WakeOne()
	}
	return errno.OK
}

// receipt is the state of one receiving call.
type receipt struct {
	msg      *net.Msg
	got      ancillary // what came along
	copied   int
	target   int // bytes that make the call return
	hasCreds bool
	deadline int64
	came     uint32 // queue.came when there was no piece
}

func (r *receipt) peeks() bool { return r.msg.Flags&net.MSG_PEEK != 0 }

func (s *sock) recvStream(m *net.Msg) (int, errno.Errno) {
	if s.state.Load() != connected {
		return 0, errno.EINVAL
	}
	if m.Flags&net.MSG_OOB != 0 {
		return 0, errno.EINVAL // never any urgent data
	}
	r := receipt{msg: m, target: s.target(m)}
	e := s.receivePieces(&r)
	if e == errno.OK || r.copied > 0 {
		r.got.deliver(s, m)
	} else {
		r.got.free()
	}
	if r.copied > 0 {
		return r.copied, errno.OK
	}
	return 0, e
}

// target returns how many bytes a receiver waits for: with MSG_WAITALL all, else the low-water mark; at least one.
func (s *sock) target(m *net.Msg) int {
	n := m.Data.Len()
	if m.Flags&net.MSG_WAITALL == 0 {
		n = min(n, int(s.Options.RcvLowat.Load()))
	}
	return max(n, 1)
}

// receivePieces takes pieces out of the queue until the call has enough.
func (s *sock) receivePieces(r *receipt) errno.Errno {
	s.receive.Lock()
	for {
		p, off := s.pieceAt(r)
		if p == nil {
			if r.copied >= r.target || r.copied > 0 && r.msg.Flags&net.MSG_PEEK != 0 {
				break
			}
			e := s.nothing(r)
			if e == endOfStream {
				break
			}
			if e != errno.OK {
				s.receive.Unlock()
				return e
			}
			continue
		}
		more, e := s.receivePiece(r, p, off)
		if e != errno.OK {
			s.receive.Unlock()
			return e
		}
		if !more || r.msg.Data.Len() == 0 {
			break
		}
	}
	s.receive.Unlock()
	s.passOn(r.deadline)
	return errno.OK
}

// endOfStream tells that no more comes. It never leaves this package.
const endOfStream errno.Errno = -1

// nothing is called with an empty queue: it waits for a piece, or tells why there will be none. s.receive is held, though not while
// it waits.
//
// +checklocks:s.receive
func (s *sock) nothing(r *receipt) errno.Errno {
	if e := s.TakeError(); e != errno.OK {
		return e
	}
	if s.Shut.Load()&net.ShutRead != 0 {
		if s.queue.head.Load() != nil && !(r.peeks() && s.queue.came.Load() == r.came) { // sent just before
			return errno.OK
		}
		return endOfStream
	}
	limit := s.Options.RcvTimeout.Load()
	if r.msg.DontWait() || limit < 0 {
		return errno.EAGAIN
	}
	s.receive.Unlock()
	e := s.waitMessage(limit, &r.deadline, r.peeks(), r.came)
	s.receive.Lock()
	return e
}

// pieceAt returns the piece to read next and the offset in it: the first one, or when peeking the one that the peek offset and
// what has been copied lead to. s.receive is held.
//
// +checklocks:s.receive
func (s *sock) pieceAt(r *receipt) (p *message, off int) {
	if !r.peeks() {
		return s.queue.head.Load(), 0
	}
	skip := max(int(s.Options.PeekOff.Load()), 0)
	if s.Options.PeekOff.Load() < 0 {
		skip = r.copied // without an offset of its own, a call goes on where it is
	}
	s.queue.lock.Lock()
	p = s.queue.head.Load()
	for p != nil && skip >= p.len-p.off {
		skip -= p.len - p.off
		p = p.next
	}
	r.came = s.queue.came.Load()
	s.queue.lock.Unlock()
	return p, skip
}

// receivePiece copies from a piece and takes it out if it is used up. more tells whether the call may go on with the next one.
func (s *sock) receivePiece(r *receipt, p *message, off int) (more bool, e errno.Errno) {
	m := r.msg
	if s.Options.Has(net.SO_PASSCRED) {
		if r.hasCreds && (p.cred != r.got.cred || p.hasCred != r.got.hasCred) {
			return false, errno.OK
		}
		r.got.cred, r.got.hasCred, r.hasCreds = p.cred, p.hasCred, true
	}
	if m.Name != nil && r.copied == 0 {
		s.peer.Load().storeName(m.Name)
	}
	n := min(p.len-p.off-off, m.Data.Len())
	if e := p.copyOut(m.Data, p.off+off, n); e != errno.OK {
		return false, e
	}
	r.copied += n
	if m.Flags&net.MSG_PEEK != 0 {
		if s.Options.PeekOff.Load() >= 0 {
			s.Options.PeekOff.Add(int32(n))
		}
		if p.rights != nil {
			r.got.free()
			r.got.rights = p.rights.peek()
			return false, errno.OK
		}
		return true, errno.OK
	}
	p.off += n
	if off := s.Options.PeekOff.Load(); off > 0 {
		s.Options.PeekOff.Store(max(off-int32(n), 0))
	}
	if p.rights != nil {
		s.queue.lock.Lock()
		r.got.rights, p.rights = p.rights, nil
		s.queue.lock.Unlock()
	}
	if p.off < p.len {
		return false, errno.OK
	}
	s.queue.take(s)
	p.discard(s.peer.Load())
	return r.got.rights == nil, errno.OK
}

// storeName stores the name of the sender of a message.
func (s *sock) storeName(to *net.Name) {
	to.Len = 0
	if n := s.name.Load(); n != nil {
		n.store(to)
	}
}
