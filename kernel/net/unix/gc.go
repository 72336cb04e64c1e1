package unix

import (
	"sync/atomic"

	"galago/kernel/cred"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/net"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// Open files in flight: sent in a message and not yet received. Each user may have as many as its processes may have descriptors.
//
// A socket in flight may lie in its own queue, or in that of another one that lies in the first one's: then nobody can receive it any
// more, and reference counts never free it. Like Linux's collector of old, collect finds such cycles: candidates are the sockets that
// only messages in flight refer to; those referred to from elsewhere than the candidates' own queues are alive, and so is all that
// their queues hold; the rest is garbage. It works because flightLock stops files from landing meanwhile, so that
// nobody gets hold of a candidate.
//
// Lock order: flightLock → queue.lock.

// flight is a socket's part in it.
type flight struct {
	count int               // guarded by flightLock, as all here: references to its open file in messages
	file  *vfs.File         // the open file
	node  ds.ListNode[sock] // in flying
	inner int               // collect: references from outside the candidates' queues
	work  *sock             // collect: next on its list
	state uint8             // collect
}

// What collect thinks of a socket.
const (
	outside   = iota // no candidate
	candidate        // only messages refer to it
	alive            // somebody may still receive it
)

// user counts what a user has in flight.
type user struct {
	uid   uint32
	count int // files; guarded by flightLock
	next  *user
}

var (
	flightLock = lock.Spin{Rank: lock.RankNetTable}
	flying     ds.List[sock] // guarded by flightLock: sockets in flight
	flyingNow  atomic.Int32  // its length
	users      [16]*user     // guarded by flightLock: by uid, those with files in flight
	userCache  = mem.Cache[user]{Name: "unix_user"}
	gcWork     = sched.DelayedWork{Work: sched.Work{Func: collect}}
)

// unixSocket returns the socket of this family behind an open file, or nil.
func unixSocket(f *vfs.File) *sock {
	if g, e := net.Of(f); e == errno.OK && g.Family == net.AF_UNIX {
		return of(g)
	}
	return nil
}

// fly counts the files as in flight: ETOOMANYREFS if the user has more than limit there and is not privileged.
func (r *rights) fly(limit int) errno.Errno {
	c := net.Cred()
	fresh := userCache.Alloc()
	if fresh == nil {
		return errno.ENOMEM
	}
	fresh.uid = c.UID
	flightLock.Lock()
	at := &users[c.UID%uint32(len(users))]
	for *at != nil && (*at).uid != c.UID {
		at = &(*at).next
	}
	if *at == nil {
		*at, fresh = fresh, nil
	}
	u := *at
	if u.count > limit && !c.Capable(cred.SysResource) && !c.Capable(cred.SysAdmin) {
		flightLock.Unlock()
		if fresh != nil {
			userCache.Free(fresh)
		}
		return errno.ETOOMANYREFS
	}
	u.count += r.n
	r.user, r.flying = u, true
	for _, f := range r.files(r.n) {
		if s := unixSocket(f); s != nil {
			s.takeOff(f)
		}
	}
	flightLock.Unlock()
	if fresh != nil {
		userCache.Free(fresh)
	}
	return errno.OK
}

// takeOff counts one more message with the socket. flightLock is held.
//
// +checklocks:flightLock
func (s *sock) takeOff(f *vfs.File) {
	if s.flight.count++; s.flight.count == 1 {
		s.flight.file = f
		s.flight.node.Init(s)
		flying.PushBack(&s.flight.node)
		flyingNow.Add(1)
	}
}

// land ends the flight of the files, which are about to be received or closed.
func (r *rights) land() {
	if !r.flying {
		return
	}
	var idle *user
	flightLock.Lock()
	r.flying = false
	u := r.user
	if u.count -= r.n; u.count == 0 {
		at := &users[u.uid%uint32(len(users))]
		for *at != u {
			at = &(*at).next
		}
		*at, idle = u.next, u
	}
	for _, f := range r.files(r.n) {
		if s := unixSocket(f); s != nil {
			if s.flight.count--; s.flight.count == 0 {
				flying.Remove(&s.flight.node)
				flyingNow.Add(-1)
			}
		}
	}
	flightLock.Unlock()
	if idle != nil {
		userCache.Free(idle)
	}
}

// peek makes another list of the same files, which are not in flight: for a receiver that leaves the message where it is. nil: no memory.
func (r *rights) peek() *rights {
	p := newRights(r.n)
	if p == nil {
		return nil
	}
	flightLock.Lock() // not in the middle of a collection
	p.n = copy(p.files(r.n), r.files(r.n))
	for _, f := range p.files(p.n) {
		f.Get()
	}
	flightLock.Unlock()
	return p
}

// gcDelay is how long after a close the collector runs, so that it finds all that is closed together.
const gcDelay = 2_000_000 // ns

// collectGarbage is called when a socket has been closed, or a descriptor of one that is in flight: some may have become unreachable.
func collectGarbage() {
	if flyingNow.Load() > 0 {
		sched.QueueDelayedWork(&gcWork, gcDelay)
	}
}

// Closing is called at each close(2).
func (*socketOps) Closing(g *net.Socket) {
	if flyingNow.Load() > 0 {
		s := of(g)
		flightLock.Lock()
		flies := s.flight.count > 0
		flightLock.Unlock()
		if flies {
			collectGarbage()
		}
	}
}

// collect finds the sockets that nobody can receive any more and closes them.
func collect(*sched.Work) {
	flightLock.Lock()
	for s := flying.Front(); s != nil; s = s.flight.node.Next() {
		s.flight.state = outside
		if s.flight.file.Refs() == s.flight.count {
			s.flight.state, s.flight.inner = candidate, s.flight.count
		}
	}
	for s := flying.Front(); s != nil; s = s.flight.node.Next() {
		if s.flight.state == candidate {
			s.eachInQueue(func(t *sock) { t.flight.inner-- })
		}
	}
	revive()
	var garbage *rights
	for s := flying.Front(); s != nil; s = s.flight.node.Next() {
		if s.flight.state == candidate {
			garbage = s.takeRights(garbage)
		}
	}
	flightLock.Unlock()
	for garbage != nil {
		next := garbage.next
		garbage.drop()
		garbage = next
	}
}

// revive marks the candidates that are referred to from outside as alive, and all those in the queues of such. flightLock is held.
//
// +checklocks:flightLock
func revive() {
	var list *sock
	for s := flying.Front(); s != nil; s = s.flight.node.Next() {
		if s.flight.state == candidate && s.flight.inner > 0 {
			s.flight.state, s.flight.work, list = alive, list, s
		}
	}
	for list != nil {
		s := list
		list = s.flight.work
		s.eachInQueue(func(t *sock) {
			if t.flight.state == candidate {
				t.flight.state, t.flight.work, list = alive, list, t
			}
		})
	}
}

// eachInQueue calls fn for each socket that the messages in the queue of s carry, and in those of the connections that wait to
// be accepted there. flightLock is held.
//
// +checklocks:flightLock
func (s *sock) eachInQueue(fn func(t *sock)) {
	s.queue.lock.Lock()
	defer s.queue.lock.Unlock()
	for m := s.queue.head.Load(); m != nil; m = m.next {
		if m.conn != nil {
			for m := m.conn.queue.head.Load(); m != nil; m = m.next {
				m.eachCargo(fn)
			}
			continue
		}
		m.eachCargo(fn)
	}
}

func (m *message) eachCargo(fn func(t *sock)) {
	if m.rights == nil {
		return
	}
	for _, f := range m.rights.files(m.rights.n) {
		if t := unixSocket(f); t != nil {
			fn(t)
		}
	}
}

// takeRights takes the files out of the messages in the queue of s, and in those of the connections that wait there, and puts them in front of
// list. flightLock is held.
//
// +checklocks:flightLock
func (s *sock) takeRights(list *rights) *rights {
	s.queue.lock.Lock()
	defer s.queue.lock.Unlock()
	for m := s.queue.head.Load(); m != nil; m = m.next {
		if m.conn != nil {
			for m := m.conn.queue.head.Load(); m != nil; m = m.next {
				list = m.takeRights(list)
			}
			continue
		}
		list = m.takeRights(list)
	}
	return list
}

func (m *message) takeRights(list *rights) *rights {
	if r := m.rights; r != nil {
		m.rights, r.next = nil, list
		return r
	}
	return list
}
