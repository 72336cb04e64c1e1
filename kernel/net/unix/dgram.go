package unix

import (
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/net"
	"galago/kernel/sched"
)

// Datagrams, and the packets of SOCK_SEQPACKET, which have a connection but borders as well.

// largestOver is how much smaller than the send buffer the largest datagram is.
const largestOver = 32

func (s *sock) sendDatagram(m *net.Msg, a *ancillary) (int, errno.Errno) {
	if s.connectionBased() {
		if e := s.TakeError(); e != errno.OK {
			return 0, e
		}
		if s.state.Load() != connected {
			return 0, errno.ENOTCONN
		}
		m.Name = nil
	}
	if m.Flags&net.MSG_OOB != 0 {
		return 0, errno.EOPNOTSUPP
	}
	if m.Name != nil {
		if e := check(m.Name); e != errno.OK {
			return 0, e
		}
	}
	if s.Options.Has(net.SO_PASSCRED) {
		if e := s.autobind(); e != errno.OK {
			return 0, e
		}
	}
	n := m.Data.Len()
	if n > int(s.Options.SndBuf.Load())-largestOver {
		return 0, errno.EMSGSIZE
	}
	if e := s.waitRoom(m); e != errno.OK {
		return 0, e
	}
	p := newMessage(n)
	if p == nil {
		return 0, errno.ENOBUFS
	}
	e := p.fill(m.Data)
	if e == errno.OK {
		e = s.sendTo(p, m, a)
	}
	if e != errno.OK {
		p.free()
		return 0, e
	}
	return n, errno.OK
}

// sendTo finds the receiver and puts the message into its queue, waiting for room there.
func (s *sock) sendTo(p *message, m *net.Msg, a *ancillary) errno.Errno {
	limit := s.Options.SndTimeout.Load()
	deadline := int64(0)
	for {
		other, e := s.receiver(m)
		if e != errno.OK {
			return e
		}
		a.stamp(s, other)
		e = s.deliver(p, other, a)
		switch {
		case e == errno.OK:
			other.Readers.WakeSync()
		case e == errno.EAGAIN && !m.DontWait() && limit >= 0:
			e = other.room.WaitTimeout(func() bool {
				return !other.full() || other.Shut.Load()&net.ShutRead != 0
			}, net.Left(limit, &deadline), true)
			if e == errno.OK {
				e = retry
			}
			e = net.WaitError(e, limit)
		case e == gone:
			e = s.peerGone(other, m)
		}
		other.put()
		if e != retry {
			return e
		}
	}
}

// Results of the steps of a send that never leave this package.
const (
	retry errno.Errno = -2
	gone  errno.Errno = -3 // the receiver is closed
)

// receiver returns where a message goes, with a reference.
func (s *sock) receiver(m *net.Msg) (*sock, errno.Errno) {
	if m.Name != nil {
		return s.find(m.Name, m.Ctx)
	}
	if p := s.peerRef(); p != nil {
		return p, errno.OK
	}
	return nil, errno.ENOTCONN
}

// deliver puts the message into the queue of other: gone; EPERM if other is connected with another one; EPIPE; EAGAIN if its queue is full.
func (s *sock) deliver(p *message, other *sock, a *ancillary) errno.Errno {
	q := &other.queue
	q.lock.Lock()
	defer q.lock.Unlock()
	back := other.peer.Load()
	switch {
	case back != nil && back != s:
		return errno.EPERM
	case q.dead:
		return gone
	case other.Shut.Load()&net.ShutRead != 0:
		return errno.EPIPE
	case other != s && back != s && other.full():
		return errno.EAGAIN
	}
	a.give(p)
	if !s.connectionBased() {
		p.from = s.get()
	}
	s.charged.Add(p.charge)
	q.put(other, p)
	return errno.OK
}

// peerGone handles a receiver that has been closed: a connected socket loses its peer and learns it once.
func (s *sock) peerGone(other *sock, m *net.Msg) errno.Errno {
	if s.connectionBased() {
		return errno.EPIPE
	}
	s.mu.Lock()
	was := s.peer.CompareAndSwap(other, nil)
	if was {
		s.state.Store(unconnected)
	}
	s.mu.Unlock()
	switch {
	case was:
		s.stopRelay()
		s.lose(other)
		other.put()
		return errno.ECONNREFUSED
	case m.Name == nil:
		return errno.ECONNRESET
	}
	return retry // found by a name that it has lost since
}

func (s *sock) recvDatagram(m *net.Msg) (int, errno.Errno) {
	if s.connectionBased() && s.state.Load() != connected {
		return 0, errno.ENOTCONN
	}
	if m.Flags&net.MSG_OOB != 0 {
		return 0, errno.EOPNOTSUPP
	}
	limit := s.Options.RcvTimeout.Load()
	deadline := int64(0)
	for {
		if e := s.TakeError(); e != errno.OK {
			return 0, e
		}
		s.receive.Lock()
		p, skip, came := s.datagramAt(m)
		if p != nil {
			return s.receiveDatagram(m, p, skip, deadline)
		}
		s.receive.Unlock()
		shut := s.Shut.Load()&net.ShutRead != 0
		if m.DontWait() || limit < 0 {
			if shut && s.connectionBased() {
				return 0, errno.OK
			}
			return 0, errno.EAGAIN
		}
		if shut {
			return 0, errno.OK
		}
		if e := s.waitMessage(limit, &deadline, m.Flags&net.MSG_PEEK != 0, came); e != errno.OK {
			return 0, e
		}
	}
}

// datagramAt returns the message to read: the first one, or the one that the peek offset leads to, with the offset in it; when peeking, also
// queue.came. s.receive is held.
//
// +checklocks:s.receive
func (s *sock) datagramAt(m *net.Msg) (p *message, skip int, came uint32) {
	if m.Flags&net.MSG_PEEK == 0 {
		return s.queue.head.Load(), 0, 0
	}
	skip = max(int(s.Options.PeekOff.Load()), 0)
	s.queue.lock.Lock()
	p = s.queue.head.Load()
	for p != nil && skip >= p.len && (skip > 0 || p.len > 0) {
		skip -= p.len
		p = p.next
	}
	came = s.queue.came.Load()
	s.queue.lock.Unlock()
	return p, skip, came
}

// receiveDatagram receives a message; s.receive is held and given up. deadline is 0 if the call has not waited.
//
// +checklocks:s.receive
func (s *sock) receiveDatagram(m *net.Msg, p *message, skip int, deadline int64) (int, errno.Errno) {
	peek := m.Flags&net.MSG_PEEK != 0
	size := p.len - skip
	n := min(size, m.Data.Len())
	if n < size {
		m.Out |= net.MSG_TRUNC
	}
	from := p.from
	if from == nil {
		from = s.peer.Load()
	}
	if m.Name != nil {
		from.storeName(m.Name)
	}
	e := p.copyOut(m.Data, skip, n)
	a := ancillary{cred: p.cred, hasCred: p.hasCred}
	off := s.Options.PeekOff.Load()
	switch {
	case !peek:
		s.queue.take(s)
		a.rights, p.rights = p.rights, nil
		if off > 0 {
			s.Options.PeekOff.Store(max(off-int32(p.len), 0))
		}
	case e == errno.OK:
		if p.rights != nil {
			a.rights = p.rights.peek()
		}
		if off >= 0 {
			s.Options.PeekOff.Add(int32(n))
		}
	}
	s.receive.Unlock()
	s.passOn(deadline)
	if !peek {
		s.room.WakeOne()
		p.discard(s.peer.Load())
	}
	if e != errno.OK {
		a.free()
		return 0, e
	}
	a.deliver(s, m)
	if m.Flags&net.MSG_TRUNC != 0 {
		n = size
	}
	return n, errno.OK
}

// relayLock guards the relays of all sockets.
var relayLock = lock.Spin{Rank: lock.RankNetTable}

// watchRoom tells whether a connected datagram socket has to wait for room in its peer's queue, and if so makes sure that those who
// poll it are told when there is.
func (s *sock) watchRoom() (full bool) {
	other := s.peerRef()
	if other == nil {
		return false
	}
	defer other.put()
	if other.peer.Load() == s || !other.full() {
		return false
	}
	relayLock.Lock()
	former := s.relayed
	if former != other {
		if former != nil {
			former.room.Remove(&s.relay)
		}
		s.relayed = other.get()
		s.relay.Func, s.relay.Arg = relayRoom, unsafe.Pointer(s)
		other.room.Add(&s.relay)
	}
	relayLock.Unlock()
	if former != nil && former != other {
		former.put()
	}
	return other.full() && other.Shut.Load()&net.ShutRead == 0
}

// relayRoom is the callback in the peer's queue of those who wait for room.
func relayRoom(w *sched.Waiter) { (*sock)(w.Arg).Writers.WakeAll() }

// stopRelay ends the watch over the queue of a former peer, and has those who wait look again.
func (s *sock) stopRelay() {
	relayLock.Lock()
	former := s.relayed
	if former != nil {
		s.relayed = nil
		former.room.Remove(&s.relay)
	}
	relayLock.Unlock()
	if former != nil {
		former.put()
		s.Writers.WakeAll()
	}
}
