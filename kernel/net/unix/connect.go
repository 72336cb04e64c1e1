package unix

import (
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/net"
	"galago/kernel/vfs"
)

// Listen is listen(2). The queue holds one connection more than backlog, as on Linux.
func (*socketOps) Listen(g *net.Socket, backlog int) errno.Errno {
	s := of(g)
	if !s.connectionBased() {
		return errno.EOPNOTSUPP
	}
	if s.name.Load() == nil {
		return errno.EINVAL
	}
	c, pid := net.Cred().Get(), net.PID()
	s.mu.Lock()
	state := s.state.Load()
	if state != unconnected && state != listening {
		s.mu.Unlock()
		c.Put()
		return errno.EINVAL
	}
	old := s.setPeerCred(pid, c)
	s.backlog.Store(int32(backlog))
	s.state.Store(listening)
	s.mu.Unlock()
	if old != nil {
		old.Put()
	}
	s.room.WakeAll()
	return errno.OK
}

// full tells whether those who are not the socket's peer have to wait before they put something into its queue.
func (s *sock) full() bool { return s.queue.count.Load() > s.backlog.Load() }

// Connect is connect(2).
func (*socketOps) Connect(g *net.Socket, addr *net.Name, nonblock bool, ctx *vfs.Context) errno.Errno {
	s := of(g)
	if addr.Len < familyLen {
		return errno.EINVAL
	}
	if !s.connectionBased() && addr.Family() == net.AF_UNSPEC {
		s.setPeer(nil)
		return errno.OK
	}
	if e := check(addr); e != errno.OK {
		return e
	}
	if s.Options.Has(net.SO_PASSCRED) {
		if e := s.autobind(); e != errno.OK {
			return e
		}
	}
	if s.connectionBased() {
		return s.connectStream(addr, nonblock, ctx)
	}
	other, e := s.find(addr, ctx)
	if e != errno.OK {
		return e
	}
	if !other.mayGet(s) {
		other.put()
		return errno.EPERM
	}
	s.setPeer(other)
	return errno.OK
}

// connectStream makes the other end of the connection and leaves it in the listening socket's queue.
func (s *sock) connectStream(addr *net.Name, nonblock bool, ctx *vfs.Context) errno.Errno {
	end := newSock(int(s.Type))
	if end == nil {
		return errno.ENOMEM
	}
	m := newMessage(0)
	if m == nil {
		end.put()
		return errno.ENOMEM
	}
	limit := s.Options.SndTimeout.Load()
	deadline := int64(0)
	for {
		other, e := s.find(addr, ctx)
		if e == errno.OK {
			e = s.join(other, end, m)
			if e == errno.EAGAIN && !nonblock && limit >= 0 {
				e = other.room.WaitTimeout(func() bool {
					return !other.full() || other.Shut.Load()&net.ShutRead != 0 || other.state.Load() != listening
				}, net.Left(limit, &deadline), true)
				if e == errno.OK {
					other.put()
					continue
				}
				e = net.WaitError(e, limit)
			}
			if e == errno.OK {
				other.Readers.WakeOne()
			}
			other.put()
		}
		if e != errno.OK {
			m.free()
			end.put()
		}
		return e
	}
}

// join connects s with end and queues end at other: ECONNREFUSED, EAGAIN (the queue is full), EISCONN, EINVAL.
func (s *sock) join(other, end *sock, m *message) errno.Errno {
	mine := net.Cred().Get()
	var theirs *cred.Cred
	e := errno.OK
	other.mu.Lock()
	pid := other.peerPID
	if other.peerCred != nil {
		theirs = other.peerCred.Get()
	}
	other.mu.Unlock()
	s.mu.Lock()
	other.queue.lock.Lock()
	switch state := s.state.Load(); {
	case other.queue.dead, other.state.Load() != listening, other.Shut.Load()&net.ShutRead != 0, theirs == nil:
		e = errno.ECONNREFUSED
	case other.full():
		e = errno.EAGAIN
	case state == connected:
		e = errno.EISCONN
	case state != unconnected:
		e = errno.EINVAL
	default:
		end.setPeerCred(net.PID(), mine)
		end.peer.Store(s.get())
		if n := other.name.Load(); n != nil {
			end.name.Store(n.get())
		}
		end.state.Store(connected)
		theirs = s.setPeerCred(pid, theirs)
		s.peer.Store(end.get())
		s.state.Store(connected)
		m.conn = end
		other.queue.put(other, m)
		mine = nil
	}
	other.queue.lock.Unlock()
	s.mu.Unlock()
	if mine != nil {
		mine.Put()
	}
	if theirs != nil {
		theirs.Put()
	}
	return e
}

// Accept is accept(2): it takes the first connection out of the queue.
func (*socketOps) Accept(g *net.Socket, nonblock bool) (*net.Socket, errno.Errno) {
	s := of(g)
	if !s.connectionBased() {
		return nil, errno.EOPNOTSUPP
	}
	limit := s.Options.RcvTimeout.Load()
	deadline := int64(0)
	for {
		if s.state.Load() != listening {
			return nil, errno.EINVAL
		}
		if e := s.TakeError(); e != errno.OK {
			return nil, e
		}
		s.receive.Lock()
		if s.queue.head.Load() != nil {
			break
		}
		s.receive.Unlock()
		if nonblock || limit < 0 {
			return nil, errno.EAGAIN
		}
		if s.Shut.Load()&net.ShutRead != 0 {
			return nil, errno.EINVAL
		}
		if e := s.waitMessage(limit, &deadline, false, 0); e != errno.OK {
			return nil, e
		}
	}
	m := s.queue.take(s)
	s.receive.Unlock()
	s.room.WakeOne()
	s.passOn(deadline)
	end := m.conn
	m.free()
	return &end.Socket, errno.OK
}

// waitMessage waits for a message, a shutdown, or an error. Who peeks beyond what is there waits for another one than the came that have come.
func (s *sock) waitMessage(limit int64, deadline *int64, peeks bool, came uint32) errno.Errno {
	e := s.Readers.WaitTimeout(func() bool {
		return s.queue.head.Load() != nil && !(peeks && s.queue.came.Load() == came) || s.Shut.Load()&net.ShutRead != 0 || s.Err.Load() != 0
	}, net.Left(limit, deadline), true)
	return net.WaitError(e, limit)
}

// passOn wakes the next receiver if there is more: the wake-up that announced it may have been taken by this one, if it has waited (net.Left
// has set the deadline).
func (s *sock) passOn(deadline int64) {
	if deadline != 0 && s.queue.head.Load() != nil {
		s.Readers.PassOn()
	}
}

// Pair is socketpair(2).
func (*socketOps) Pair(ga, gb *net.Socket) errno.Errno {
	a, b := of(ga), of(gb)
	c, pid := net.Cred(), net.PID()
	a.setPeerCred(pid, c.Get()) // +checklocksforce: new
	b.setPeerCred(pid, c.Get()) // +checklocksforce: new
	a.peer.Store(b.get())
	b.peer.Store(a.get())
	a.state.Store(connected)
	b.state.Store(connected)
	return errno.OK
}

// Shutdown is shutdown(2); the peer of a connection loses the opposite halves.
func (*socketOps) Shutdown(g *net.Socket, how int) errno.Errno {
	s := of(g)
	if how < net.SHUT_RD || how > net.SHUT_RDWR {
		return errno.EINVAL
	}
	halves := uint32(how + 1)
	s.queue.shut(s, halves)
	s.wakeAll()
	if peer := s.peerRef(); peer != nil {
		if s.connectionBased() {
			peer.queue.shut(peer, (halves&net.ShutRead)<<1|(halves&net.ShutWrite)>>1)
			peer.wakeAll()
		}
		peer.put()
	}
	if s.state.Load() == listening {
		s.room.WakeAll()
	}
	return errno.OK
}

// setPeer connects a datagram socket with another one, whose reference is taken over, or disconnects it (nil). Datagrams of
// the former peer that nobody has received are lost; if it is connected back, it is told so.
func (s *sock) setPeer(other *sock) {
	s.mu.Lock()
	old := s.peer.Swap(other)
	if other != nil {
		s.state.Store(connected)
	} else {
		s.state.Store(unconnected)
	}
	s.mu.Unlock()
	if other != nil {
		other.state.CompareAndSwap(unconnected, connected)
	}
	if old == nil {
		return
	}
	s.stopRelay()
	if old != other {
		s.lose(old)
		if old.peer.Load() == nil {
			old.state.Store(unconnected)
		}
	}
	old.put()
}

// lose throws away what is in the queue after the disconnection from old.
func (s *sock) lose(old *sock) {
	s.receive.Lock()
	s.queue.lock.Lock()
	first := s.queue.head.Load()
	s.queue.head.Store(nil)
	s.queue.tail = nil
	s.queue.count.Store(0)
	s.queued.Store(0)
	s.queue.lock.Unlock()
	s.receive.Unlock()
	if first == nil {
		return
	}
	s.room.WakeAll()
	if old.peer.Load() == s && old.open() {
		old.Err.Store(int32(errno.ECONNRESET))
		old.wakeAll()
	}
	for m := first; m != nil; {
		next := m.next
		m.discard(nil)
		m = next
	}
}

// open tells whether the socket has not been closed.
func (s *sock) open() bool {
	s.queue.lock.Lock()
	defer s.queue.lock.Unlock()
	return !s.queue.dead
}

// mayGet tells whether a datagram socket takes datagrams of from: one that is connected takes them only of its peer.
func (s *sock) mayGet(from *sock) bool {
	p := s.peer.Load()
	return p == nil || p == from
}
