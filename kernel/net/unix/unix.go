// Package unix is AF_UNIX: sockets between processes of one machine (unix(7)), as byte streams, datagrams, and sequenced packets;
// named by files, by abstract names, or not at all; carrying open files and credentials as ancillary data.
//
// A message goes straight into the receiver's queue: copied in once by the sender before any lock is taken, copied out once by
// the receiver, who holds only the mutex that keeps other receivers of the same socket out. A message is charged to its
// sender until it is received; a sender waits while its charge is over its send buffer, and is told again when three
// quarters are free, as on Linux. Datagrams also wait while too many are queued at a receiver that is not connected back.
//
//	unix.go    what a socket is, its life and death     name.go     names and the tables that find them
//	connect.go listen, connect, accept, shutdown        message.go  messages and their memory, the queue
//	stream.go  byte streams                             dgram.go    datagrams and packets
//	rights.go  ancillary data                           gc.go       descriptors in flight, and cycles of them
//	info.go    poll, ioctl, /proc/net/unix
//
// Life. A sock is kept by its open file, by its peer (each side of a connection keeps the other until its own last close), by the
// table of names as long as it is open, and by messages in queues that must tell who sent them (datagrams).
//
// Invariants:
//   - peer of a stream or packet socket changes once, before the state becomes connected, and stays until the socket's
//     own last close: who calls from an open file may follow it without a lock. Of a datagram socket it changes under mu.
//   - dead is set under queue.lock; no message enters the queue afterwards.
//   - charged is the sum of the charges of the socket's messages in other queues.
//
// Lock order: receive (sleeping) → mu → queue.lock → the tables' locks. No two locks of one kind are held at once. Names in the file system
// are made and looked up with none of them held. In-flight files: gc.go.
package unix

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/net"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// States of a socket.
const (
	unconnected = iota
	connecting  // a pair of sockets is being joined
	connected
	listening
)

// sock is a socket of this family.
type sock struct {
	net.Socket // first: Ops get its address
	refs       atomic.Int32
	state      atomic.Uint32
	mu         lock.Spin

	peer  atomic.Pointer[sock] // changed under mu; with a reference
	name  atomic.Pointer[name] // set once, under mu; with a reference
	path  vfs.Path             // of a name in the file system; set with name
	relay sched.Waiter         // in relayed's room queue: poll waits for room at the peer; guarded by relayLock
	// relayed is the peer whose room queue relay is in, with a reference; guarded by relayLock.
	relayed *sock

	peerPID  int32      // guarded by mu, as is peerCred: who connected or listened
	peerCred *cred.Cred // with a reference

	receive sched.Mutex     // held by the thread that takes messages out
	queue   queue           // what has come
	backlog atomic.Int32    // messages or connections the queue takes before senders wait
	room    sched.WaitQueue // senders of datagrams and connectors that wait for it
	charged atomic.Int64    // bytes sent and not yet received, with overhead
	queued  atomic.Int64    // bytes of memory in the queue, for SO_MEMINFO

	flight flight // of its open file, as a message's cargo: gc.go

	all ds.ListNode[sock] // in its bucket of all sockets
}

type socketOps struct{}

var (
	ops       net.Ops = &socketOps{}
	sockCache         = mem.Cache[sock]{Name: "unix_sock"}
	family            = net.Family{Create: create}
)

// bucket is a part of the set of all sockets.
type bucket struct {
	lock lock.Spin
	list ds.List[sock]
}

var buckets [32]bucket

func init() {
	for i := range buckets {
		buckets[i].lock.Rank = lock.RankNetTable
	}
	net.Register(net.AF_UNIX, &family)
}

func bucketOf(s *sock) *bucket {
	return &buckets[uintptr(unsafe.Pointer(s))/unsafe.Sizeof(*s)%uintptr(len(buckets))]
}

// of returns the socket behind its generic part.
func of(s *net.Socket) *sock { return (*sock)(unsafe.Pointer(s)) }

func create(typ, protocol int) (*net.Socket, errno.Errno) {
	if protocol != 0 && protocol != net.AF_UNIX {
		return nil, errno.EPROTONOSUPPORT
	}
	switch typ {
	case net.SOCK_STREAM, net.SOCK_DGRAM, net.SOCK_SEQPACKET:
	case net.SOCK_RAW:
		typ = net.SOCK_DGRAM
	default:
		return nil, errno.ESOCKTNOSUPPORT
	}
	s := newSock(typ)
	if s == nil {
		return nil, errno.ENOMEM
	}
	return &s.Socket, errno.OK
}

func newSock(typ int) *sock {
	s := sockCache.Alloc()
	if s == nil {
		return nil
	}
	s.Setup(ops, net.AF_UNIX, typ, 0)
	s.refs.Store(1)
	s.mu.Init(lock.RankSocket)
	s.queue.lock.Init(lock.RankSocketQueue)
	s.room.InitRank(lock.RankNetMisc) // its callbacks wake another queue: relayRoom
	s.backlog.Store(net.MaxDatagrams.Load())
	s.all.Init(s)
	b := bucketOf(s)
	b.lock.Lock()
	b.list.PushBack(&s.all)
	b.lock.Unlock()
	return s
}

func (s *sock) get() *sock {
	s.refs.Add(1)
	return s
}

// tryGet takes a reference unless the last one is gone.
func (s *sock) tryGet() bool {
	for {
		n := s.refs.Load()
		if n == 0 {
			return false
		}
		if s.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (s *sock) put() {
	if s.refs.Add(-1) != 0 {
		return
	}
	b := bucketOf(s)
	b.lock.Lock()
	b.list.Remove(&s.all)
	b.lock.Unlock()
	if n := s.name.Load(); n != nil {
		n.put()
	}
	if s.peerCred != nil {
		s.peerCred.Put()
	}
	sockCache.Free(s)
}

// connectionBased tells whether sockets of this type have a peer for life.
func (s *sock) connectionBased() bool { return s.Type != net.SOCK_DGRAM }

// Release is the last close of the open file.
func (*socketOps) Release(g *net.Socket) {
	s := of(g)
	s.shutDown(false)
	s.put()
	collectGarbage()
}

// shutDown ends a socket that has no open file any more, or, as an orphan, never had one: a connection nobody accepted.
func (s *sock) shutDown(orphan bool) {
	s.unbind()
	s.mu.Lock()
	state := s.state.Swap(unconnected)
	peer := s.peer.Swap(nil)
	s.mu.Unlock()
	first := s.queue.close(s)
	s.room.WakeAll()
	if peer != nil {
		if s.connectionBased() {
			if first != nil || orphan {
				peer.Err.Store(int32(errno.ECONNRESET)) // first, so that a writer learns this rather than EPIPE
			}
			peer.queue.shut(peer, net.ShutBoth)
			peer.wakeAll()
		}
	}
	s.stopRelay()
	for m := first; m != nil; {
		next := m.next
		if state == listening {
			m.conn.shutDown(true)
			m.conn.put()
			m.conn = nil
		}
		m.discard(peer)
		m = next
	}
	if peer != nil {
		peer.put()
	}
}

// wakeAll tells everybody of a change of state.
func (s *sock) wakeAll() {
	s.Readers.WakeAll()
	s.Writers.WakeAll()
}

// setPeerCred records who is at the other end. s.mu is held.
//
// +checklocks:s.mu
func (s *sock) setPeerCred(pid int32, c *cred.Cred) (old *cred.Cred) {
	old = s.peerCred
	s.peerPID, s.peerCred = pid, c
	return old
}

// PeerCred returns the peer's identity.
func (*socketOps) PeerCred(g *net.Socket) (int32, *cred.Cred) {
	s := of(g)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peerCred == nil {
		return 0, nil
	}
	return s.peerPID, s.peerCred.Get()
}

// Listening tells whether the socket accepts connections.
func (*socketOps) Listening(g *net.Socket) bool { return of(g).state.Load() == listening }

// OptionChanged lets senders look again when the buffer has grown.
func (*socketOps) OptionChanged(g *net.Socket, option int) {
	if option == net.SO_SNDBUF || option == net.SO_SNDBUFFORCE {
		g.Writers.WakeAll()
	}
}

// Charged returns what the socket has on its way, and what lies in its queue.
func (*socketOps) Charged(g *net.Socket) (sent, queued int) {
	s := of(g)
	return int(s.charged.Load()), int(s.queued.Load())
}
