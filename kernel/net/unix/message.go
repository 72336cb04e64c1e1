package unix

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/net"
	"galago/kernel/uio"
)

// Memory of messages: the bytes of a small one lie in the message itself, of a larger one in a block of frames; one that needs more
// than a block can hold is a chain of blocks.
const (
	inlineBytes = 128
	smallBytes  = 2048     // up to here a byte block of fitting size, above it frames
	blockOrder  = 3        // of the largest block of frames
	blockBytes  = 32 << 10 // its size
	overhead    = 256      // charged for a message besides its memory
)

// message is one message in a queue: a datagram, a packet, a piece of a stream, or a connection that waits to be accepted.
type message struct {
	next   *message
	conn   *sock // a waiting connection, with a reference
	from   *sock // who sent a datagram, with a reference; nil in streams and packets: the peer
	len    int   // bytes in all
	off    int   // bytes received already, of a stream's
	charge int64
	cred   net.Ucred
	// hasCred: the sender's credentials came along.
	hasCred bool
	rights  *rights // open files that come along

	first  block
	inline [inlineBytes]byte
}

// block is a piece of a message's memory.
type block struct {
	next  *block
	data  unsafe.Pointer
	len   int
	size  int        // of the memory; 0: inline, or none
	frame *mem.Frame // or nil: from mem.Alloc
}

var (
	messageCache = mem.Cache[message]{Name: "unix_message"}
	blockCache   = mem.Cache[block]{Name: "unix_block"}
)

// newMessage makes a message with room for n bytes; nil: no memory.
func newMessage(n int) *message {
	m := messageCache.AllocRaw()
	if m == nil {
		return nil
	}
	m.next, m.conn, m.from, m.rights = nil, nil, nil, nil
	m.len, m.off, m.hasCred, m.charge = n, 0, false, overhead
	m.first = block{data: unsafe.Pointer(&m.inline), len: n}
	if n <= inlineBytes {
		return m
	}
	b := &m.first
	for left := n; ; {
		b.len = min(left, blockBytes)
		if !b.alloc() {
			break
		}
		m.charge += int64(b.size)
		if left -= b.len; left == 0 {
			return m
		}
		if b.next = blockCache.Alloc(); b.next == nil {
			break
		}
		b = b.next
	}
	m.free()
	return nil
}

// alloc gets the memory of a block of b.len bytes; of a smaller one when large pieces of memory are short.
func (b *block) alloc() bool {
	if b.len <= smallBytes {
		if p := mem.AllocRaw(uintptr(b.len)); p != nil {
			b.data, b.size = p, b.len
		}
		return b.size > 0
	}
	order := 0
	for 4096<<order < b.len {
		order++
	}
	for ; order >= 0; order-- {
		if f := mem.AllocFrames(order, 0); f != nil {
			b.frame, b.size = f, 4096<<order
			b.data = unsafe.Pointer(&f.Bytes()[0])
			b.len = min(b.len, b.size)
			return true
		}
	}
	return false
}

func (b *block) free() {
	switch {
	case b.frame != nil:
		b.frame.Put()
	case b.size > 0:
		mem.Free(b.data)
	}
}

// free gives back the memory of a message that is in no queue and whose references are gone.
func (m *message) free() {
	for b := m.first.next; b != nil; {
		next := b.next
		b.free()
		blockCache.Free(b)
		b = next
	}
	m.first.free()
	messageCache.Free(m)
}

func (b *block) bytes() []byte { return unsafe.Slice((*byte)(b.data), b.len) }

// fill copies the message's bytes in: EFAULT.
func (m *message) fill(it *uio.Iter) errno.Errno {
	if m.len == 0 {
		return errno.OK
	}
	for b := &m.first; b != nil; b = b.next {
		if n, _ := it.CopyIn(b.bytes()); n < b.len {
			return errno.EFAULT
		}
	}
	return errno.OK
}

// copyOut copies up to n bytes from offset off on; EFAULT if not all of them could be stored.
func (m *message) copyOut(it *uio.Iter, off, n int) errno.Errno {
	for b := &m.first; b != nil && n > 0; b = b.next {
		if off >= b.len {
			off -= b.len
			continue
		}
		k := min(n, b.len-off)
		if done, _ := it.CopyOut(b.bytes()[off : off+k]); done < k {
			return errno.EFAULT
		}
		off = 0
		n -= k
	}
	return errno.OK
}

// queue is what has come for a socket, in order.
type queue struct {
	lock  lock.Spin
	head  atomic.Pointer[message] // changed under lock; may be looked at without
	tail  *message                // guarded by lock
	count atomic.Int32            // messages; changed under lock
	came  atomic.Uint32           // how many there have been, modulo 2^32; changed under lock
	dead  bool                    // guarded by lock: the socket is closed
}

// put appends a message. The queue is locked and not dead.
func (q *queue) put(s *sock, m *message) {
	s.queued.Add(m.charge)
	if q.tail == nil {
		q.head.Store(m)
	} else {
		q.tail.next = m
	}
	q.tail = m
	q.count.Add(1)
	q.came.Add(1)
}

// take takes the first message out; the caller holds s.receive and has seen it.
func (q *queue) take(s *sock) *message {
	q.lock.Lock()
	m := q.head.Load()
	q.unlink(s, m)
	q.lock.Unlock()
	return m
}

// unlink takes the first message out. The queue is locked.
//
// +checklocks:q.lock
func (q *queue) unlink(s *sock, m *message) {
	s.queued.Add(-m.charge)
	q.head.Store(m.next)
	if m.next == nil {
		q.tail = nil
	}
	m.next = nil
	q.count.Add(-1)
}

// close makes the queue dead and returns what it holds.
func (q *queue) close(s *sock) *message {
	q.lock.Lock()
	q.dead = true
	s.Shut.Store(net.ShutBoth)
	m := q.head.Load()
	q.head.Store(nil)
	q.tail = nil
	q.count.Store(0)
	s.queued.Store(0)
	q.lock.Unlock()
	return m
}

// shut shuts down halves of the socket: under the lock, so that senders that come later see it.
func (q *queue) shut(s *sock, halves uint32) {
	q.lock.Lock()
	s.Shut.Or(halves)
	q.lock.Unlock()
}

// discard ends a message that is out of its queue: its sender, or peer if it does not say, has room again. Its files
// have been taken or are closed.
func (m *message) discard(peer *sock) {
	from := m.from
	if from == nil {
		from = peer
	}
	if from != nil {
		from.uncharge(m.charge)
	}
	if m.from != nil {
		m.from.put()
	}
	if m.rights != nil {
		m.rights.drop()
	}
	m.free()
}

// uncharge gives a sender room, and tells those who wait for it when there is plenty again. A sender of datagrams is told every time: it may
// also wait for room in the queue of a receiver that it is not connected with, of which it hears by this alone, as on Linux.
func (s *sock) uncharge(n int64) {
	left := s.charged.Add(-n)
	if limit := int64(s.Options.SndBuf.Load()); left*4 <= limit && (s.Type == net.SOCK_DGRAM || (left+n)*4 > limit) {
		s.Writers.WakeAll()
	}
}

// writable tells whether there is plenty of room to send.
func (s *sock) writable() bool { return s.charged.Load()*4 <= int64(s.Options.SndBuf.Load()) }

// waitRoom waits until the socket may send another message: EAGAIN, a signal, a pending error, EPIPE.
func (s *sock) waitRoom(m *net.Msg) errno.Errno {
	limit := s.Options.SndTimeout.Load()
	deadline := int64(0)
	for {
		if e := s.TakeError(); e != errno.OK {
			return e
		}
		if s.Shut.Load()&net.ShutWrite != 0 {
			return errno.EPIPE
		}
		if s.charged.Load() < int64(s.Options.SndBuf.Load()) {
			return errno.OK
		}
		if m.DontWait() || limit < 0 {
			return errno.EAGAIN
		}
		e := s.Writers.WaitTimeout(func() bool {
			return s.charged.Load() < int64(s.Options.SndBuf.Load()) || s.Shut.Load()&net.ShutWrite != 0 || s.Err.Load() != 0
		}, net.Left(limit, &deadline), true)
		if e != errno.OK {
			return net.WaitError(e, limit)
		}
	}
}
