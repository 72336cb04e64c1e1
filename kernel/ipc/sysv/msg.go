package sysv

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/uio"
)

// Message queues: msgget(2), msgop(2), msgctl(2).

// Flags of msgrcv, commands of msgctl.
const (
	MsgNoError = 0o10000
	MsgExcept  = 0o20000
	MsgCopy    = 0o40000
	MsgStat    = 11
	MsgInfo    = 12
	MsgStatAny = 13
)

// Limits (proc(5), /proc/sys/kernel/msg*).
const (
	MsgMax = 8192
	MsgMnb = 16384
	MsgMni = 32000
)

// message is a message on a queue; its text follows the structure.
type message struct {
	next *message
	typ  int64
	n    int
}

const messageHeader = unsafe.Sizeof(message{})

func newMessage(typ int64, n int) *message {
	m := (*message)(mem.Alloc(messageHeader + uintptr(n)))
	if m != nil {
		*m = message{typ: typ, n: n}
	}
	return m
}

func (m *message) text() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(m), messageHeader)), m.n)
}

func (m *message) free() { mem.Free(unsafe.Pointer(m)) }

// msgQueue is a queue of messages.
type msgQueue struct {
	Perm
	// Guarded by mu.
	first, last         *message
	bytes, num, maxSize uint64
	sent, received      int64 // times
	changed             int64
	sender, receiver    int
	senders, receivers  sched.WaitQueue
	generation          atomic.Uint32 // counts what waiters wait for
}

var (
	queueCache = mem.Cache[msgQueue]{Name: "msg_queue"}
	queues     = table{limit: MsgMni}
)

func (q *msgQueue) perm() *Perm { return &q.Perm }

func (q *msgQueue) free() {
	for m := q.first; m != nil; {
		next := m.next
		m.free()
		m = next
	}
	queueCache.Free(q)
}

// MsgGet is msgget(2).
func MsgGet(who Caller, key int32, flags int) (int, errno.Errno) {
	op := getOp{key: key, flags: flags, check: func(object) errno.Errno { return errno.OK }, create: func() (object, errno.Errno) {
		q := queueCache.Alloc()
		if q == nil {
			return nil, errno.ENOMEM
		}
		q.maxSize, q.changed = MsgMnb, seconds()
		return q, errno.OK
	}}
	return queues.get(who, &op)
}

func findQueue(id int) (*msgQueue, errno.Errno) {
	o, e := queues.find(id)
	if e != 0 {
		return nil, e
	}
	return o.(*msgQueue), errno.OK
}

// wait sleeps in wq until the queue changes, with q.mu held before and after.
func (q *msgQueue) wait(wq *sched.WaitQueue) errno.Errno {
	seen := q.generation.Load()
	q.mu.Unlock()
	e := wq.WaitInterruptible(func() bool { return q.generation.Load() != seen })
	q.mu.Lock()
	return e
}

// MsgSend is msgsnd(2): text holds n bytes. EAGAIN, EIDRM, EINTR, EINVAL, EACCES, ENOMEM, EFAULT.
func MsgSend(who Caller, id int, typ int64, text *uio.Iter, flags int) errno.Errno {
	n := text.Len()
	if n > MsgMax || typ < 1 || id < 0 {
		return errno.EINVAL
	}
	m := newMessage(typ, n)
	if m == nil {
		return errno.ENOMEM
	}
	if k, e := text.CopyIn(m.text()); e != 0 || k < n {
		m.free()
		return errno.EFAULT
	}
	q, e := findQueue(id)
	if e == 0 {
		e = q.send(who, m, flags)
		put(q)
	}
	if e != 0 {
		m.free()
	}
	return e
}

func (q *msgQueue) send(who Caller, m *message, flags int) errno.Errno {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if q.removed {
			return errno.EIDRM
		}
		if e := q.permits(who.Cred, mayWrite); e != 0 {
			return e
		}
		if q.bytes+uint64(m.n) <= q.maxSize && q.num+1 <= q.maxSize {
			break
		}
		if flags&IPCNoWait != 0 {
			return errno.EAGAIN
		}
		if e := q.wait(&q.senders); e != 0 {
			return e
		}
	}
	if q.first == nil {
		q.first = m
	} else {
		q.last.next = m
	}
	q.last = m
	q.bytes += uint64(m.n)
	q.num++
	q.sender, q.sent = who.PID, seconds()
	q.generation.Add(1)
	q.receivers.WakeAll()
	return errno.OK
}

// wants tells whether a receiver that asks for typ takes m; best is what it would take so far.
func wants(m, best *message, typ int64, flags int) bool {
	switch {
	case typ == 0:
		return best == nil
	case typ > 0 && flags&MsgExcept != 0:
		return best == nil && m.typ != typ
	case typ > 0:
		return best == nil && m.typ == typ
	}
	// The lowest type up to |typ|; the smallest number has no opposite.
	limit := uint64(-typ)
	return uint64(m.typ) <= limit && (best == nil || m.typ < best.typ)
}

// pick finds the message for a receiver, and its predecessor.
func (q *msgQueue) pick(typ int64, flags int) (m, before *message) {
	if flags&MsgCopy != 0 { // typ is a position
		prev := (*message)(nil)
		for at, i := q.first, int64(0); at != nil; at, i = at.next, i+1 {
			if i == typ {
				return at, prev
			}
			prev = at
		}
		return nil, nil
	}
	prev := (*message)(nil)
	for at := q.first; at != nil; at = at.next {
		if wants(at, m, typ, flags) {
			m, before = at, prev
		}
		prev = at
	}
	return m, before
}

// MsgReceive is msgrcv(2): it takes a message, of which put gets type and text, and returns how many bytes of text that is.
func MsgReceive(who Caller, id int, size int, typ int64, flags int, put func(typ int64, text []byte) errno.Errno) (int, errno.Errno) {
	if id < 0 || size < 0 {
		return 0, errno.EINVAL
	}
	if flags&MsgCopy != 0 && (flags&MsgExcept != 0 || flags&IPCNoWait == 0) {
		return 0, errno.EINVAL
	}
	q, e := findQueue(id)
	if e != 0 {
		return 0, e
	}
	m, e := q.receive(who, size, typ, flags)
	putObject(q)
	if e != 0 {
		return 0, e
	}
	n := min(m.n, size)
	e = put(m.typ, m.text()[:n])
	m.free()
	return n, e
}

func putObject(o object) { put(o) }

// receive takes a message out, or copies it (MSG_COPY).
func (q *msgQueue) receive(who Caller, size int, typ int64, flags int) (*message, errno.Errno) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if q.removed {
			return nil, errno.EIDRM
		}
		if e := q.permits(who.Cred, mayRead); e != 0 {
			return nil, e
		}
		m, before := q.pick(typ, flags)
		switch {
		case m != nil && m.n > size && flags&MsgNoError == 0:
			return nil, errno.E2BIG
		case m != nil && flags&MsgCopy != 0:
			c := newMessage(m.typ, m.n)
			if c == nil {
				return nil, errno.ENOMEM
			}
			copy(c.text(), m.text())
			return c, errno.OK
		case m != nil:
			q.unlink(m, before)
			q.receiver, q.received = who.PID, seconds()
			q.generation.Add(1)
			q.senders.WakeAll()
			return m, errno.OK
		case flags&IPCNoWait != 0:
			return nil, errno.ENOMSG
		}
		if e := q.wait(&q.receivers); e != 0 {
			return nil, e
		}
	}
}

func (q *msgQueue) unlink(m, before *message) {
	if before == nil {
		q.first = m.next
	} else {
		before.next = m.next
	}
	if q.last == m {
		q.last = before
	}
	q.bytes -= uint64(m.n)
	q.num--
}

// MsqID64 is struct msqid64_ds of x86-64.
type MsqID64 struct {
	Perm                 Perm64
	STime, RTime, CTime  int64
	CBytes, QNum, QBytes uint64
	LSPID, LRPID         int32
	_                    [2]uint64
}

// MsgStatus is msgctl(IPC_STAT); with slot, id is an index (MSG_STAT, MSG_STAT_ANY). It returns the identifier.
func MsgStatus(who Caller, id int, slot, anybody bool, out *MsqID64) (int, errno.Errno) {
	o, e := queues.lookup(id, slot)
	if e != 0 {
		return 0, e
	}
	q := o.(*msgQueue)
	defer put(q)
	q.mu.Lock()
	defer q.mu.Unlock()
	if e := q.permits(who.Cred, mayRead); e != 0 && !anybody {
		return 0, e
	}
	*out = MsqID64{Perm: q.export(), STime: q.sent, RTime: q.received, CTime: q.changed, CBytes: q.bytes, QNum: q.num, QBytes: q.maxSize,
		LSPID: int32(q.sender), LRPID: int32(q.receiver)}
	return q.ID, errno.OK
}

// lookup is find, or at for an index.
func (t *table) lookup(id int, slot bool) (object, errno.Errno) {
	if slot {
		return t.at(id)
	}
	return t.find(id)
}

// MsgSet is msgctl(IPC_SET).
func MsgSet(who Caller, id int, in *MsqID64) errno.Errno {
	q, e := findQueue(id)
	if e != 0 {
		return e
	}
	defer put(q)
	q.mu.Lock()
	defer q.mu.Unlock()
	if e := q.owns(who.Cred); e != 0 {
		return e
	}
	if in.QBytes > MsgMnb && !who.Cred.Capable(cred.SysResource) {
		return errno.EPERM
	}
	q.Perm.set(&in.Perm)
	q.maxSize, q.changed = in.QBytes, seconds()
	q.generation.Add(1)
	q.senders.WakeAll()
	q.receivers.WakeAll()
	return errno.OK
}

// MsgRemove is msgctl(IPC_RMID).
func MsgRemove(who Caller, id int) errno.Errno {
	q, e := findQueue(id)
	if e != 0 {
		return e
	}
	defer put(q)
	q.mu.Lock()
	if e := q.owns(who.Cred); e != 0 {
		q.mu.Unlock()
		return e
	}
	q.removed = true
	q.generation.Add(1)
	q.senders.WakeAll()
	q.receivers.WakeAll()
	q.mu.Unlock()
	queues.remove(q)
	return errno.OK
}

// MsgUsage is what msgctl(MSG_INFO) counts: queues, messages, bytes; and the highest index.
func MsgUsage() (n, messages, bytes, highest int) {
	queues.each(func(o object) {
		q := o.(*msgQueue)
		n++
		messages += int(q.num)
		bytes += int(q.bytes)
	})
	return n, messages, bytes, queues.highest()
}
