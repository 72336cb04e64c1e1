package mqueue

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/time"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// MaxPriority is the number of priorities.
const MaxPriority = 32768

// Queue is a message queue.
type Queue struct {
	maxMsg, msgSize int64 // fixed
	charge          int64 // bytes charged to account
	account         *atomic.Int64

	lock     lock.Spin
	messages ds.RBTree[message] // guarded by lock: by falling priority, then by age
	bytes    int64              // guarded by lock
	waiting  int                // guarded by lock: receivers that wait
	tell     notification       // guarded by lock

	n         atomic.Int64 // messages; changed with the lock held
	senders   sched.WaitQueue
	receivers sched.WaitQueue
}

// message is a message; its text follows in memory.
type message struct {
	node ds.RBNode[message]
	prio uint32
	n    int
}

func newMessage(n int) *message {
	m := (*message)(mem.Alloc(unsafe.Sizeof(message{}) + uintptr(n)))
	if m != nil {
		m.node.Init(m)
		m.n = n
	}
	return m
}

func (m *message) text() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(m), unsafe.Sizeof(*m))), m.n)
}

func (m *message) free() { mem.Free(unsafe.Pointer(m)) }

// queueOf returns the queue behind an open file. EBADF: there is none.
func queueOf(f *vfs.File) (*Queue, errno.Errno) {
	if !f.Is(theFile) {
		return nil, errno.EBADF
	}
	return (*Queue)(f.Inode.Private), errno.OK
}

// left turns a point of the monotonic clock (negative: never) into a time to wait.
func left(deadline int64) int64 {
	if deadline < 0 {
		return -1
	}
	return max(deadline-int64(time.Now()), 0)
}

// Send is mq_timedsend(2): it waits for room until the monotonic clock reads deadline; negative: for ever.
func Send(f *vfs.File, it *uio.Iter, prio uint32, deadline int64) errno.Errno {
	q, e := queueOf(f)
	if e != errno.OK {
		return e
	}
	if !f.Writable() {
		return errno.EBADF
	}
	if int64(it.Len()) > q.msgSize {
		return errno.EMSGSIZE
	}
	m := newMessage(it.Len())
	if m == nil {
		return errno.ENOMEM
	}
	m.prio = prio
	if k, _ := it.CopyIn(m.text()); k < m.n {
		m.free()
		return errno.EFAULT
	}
	for {
		if q.put(m) {
			f.Inode.Touch(vfs.AttrATime | vfs.AttrMTime | vfs.AttrCTime)
			return errno.OK
		}
		e = errno.EAGAIN
		if !f.Nonblock() {
			e = q.senders.WaitTimeout(func() bool { return q.n.Load() < q.maxMsg }, left(deadline), true)
		}
		if e != errno.OK {
			q.passRoom()
			m.free()
			return e
		}
	}
}

// passRoom wakes another sender, for whom this one's wake-up may have been meant.
func (q *Queue) passRoom() {
	if q.n.Load() < q.maxMsg {
		q.senders.WakeOne()
	}
}

// put enters a message if there is room, and tells who waits for it.
func (q *Queue) put(m *message) bool {
	var tell notification
	q.lock.Lock()
	if int64(q.messages.Len()) >= q.maxMsg {
		q.lock.Unlock()
		return false
	}
	if q.messages.Len() == 0 && q.waiting == 0 {
		tell, q.tell = q.tell, notification{}
	}
	q.messages.Insert(&m.node, uint64(MaxPriority-m.prio))
	q.bytes += int64(m.n)
	q.n.Store(int64(q.messages.Len()))
	q.lock.Unlock()
	q.receivers.WakeOne()
	tell.fire()
	return true
}

// take removes the oldest message of the highest priority; nil: there is none, and with wait the caller counts as waiting from now on.
func (q *Queue) take(wait bool) *message {
	q.lock.Lock()
	m := q.messages.Min()
	if m != nil {
		q.messages.Remove(&m.node)
		q.bytes -= int64(m.n)
		q.n.Store(int64(q.messages.Len()))
	} else if wait {
		q.waiting++
	}
	q.lock.Unlock()
	return m
}

// Receive is mq_timedreceive(2): it returns the length and the priority.
func Receive(f *vfs.File, it *uio.Iter, deadline int64) (n int, prio uint32, e errno.Errno) {
	q, e := queueOf(f)
	if e != errno.OK {
		return 0, 0, e
	}
	if !f.Readable() {
		return 0, 0, errno.EBADF
	}
	if int64(it.Len()) < q.msgSize {
		return 0, 0, errno.EMSGSIZE
	}
	var m *message
	for m = q.take(!f.Nonblock()); m == nil; m = q.take(!f.Nonblock()) {
		if f.Nonblock() {
			return 0, 0, errno.EAGAIN
		}
		e = q.receivers.WaitTimeout(func() bool { return q.n.Load() > 0 }, left(deadline), true)
		q.lock.Lock()
		q.waiting--
		q.lock.Unlock()
		if e != errno.OK {
			if q.n.Load() > 0 {
				q.receivers.WakeOne()
			}
			return 0, 0, e
		}
	}
	q.senders.WakeOne()
	if q.n.Load() > 0 {
		q.receivers.PassOn()
	}
	n, prio = m.n, m.prio
	if k, _ := it.CopyOut(m.text()); k < n {
		e = errno.EFAULT
	}
	m.free()
	f.Inode.Touch(vfs.AttrATime | vfs.AttrMTime | vfs.AttrCTime)
	return n, prio, e
}

// GetSetAttr is mq_getsetattr(2): it fills old, and with change sets O_NONBLOCK as new says.
func GetSetAttr(f *vfs.File, new, old *Attr, change bool) errno.Errno {
	q, e := queueOf(f)
	if e != errno.OK {
		return e
	}
	*old = Attr{Flags: int64(f.Flags.Load() & vfs.O_NONBLOCK), MaxMsg: q.maxMsg, MsgSize: q.msgSize, CurMsgs: q.n.Load()}
	if change {
		f.Flags.And(^uint32(vfs.O_NONBLOCK))
		f.Flags.Or(uint32(new.Flags) & vfs.O_NONBLOCK)
	}
	return errno.OK
}

// queueFile is an open queue.
type queueFile struct{ vfs.NoFileOps }

// Read describes the queue in a line of text.
func (*queueFile) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) {
	q := (*Queue)(f.Inode.Private)
	var buf [fileSize]byte
	n := q.describe(buf[:])
	if pos < 0 || pos >= int64(n) {
		return 0, errno.OK
	}
	return it.CopyOut(buf[pos:n])
}

// Seek moves within that line.
func (*queueFile) Seek(f *vfs.File, off int64, whence int) (int64, errno.Errno) {
	return vfs.GenericSeek(f, off, whence)
}

// Poll: readable with a message, writable with room for one.
func (*queueFile) Poll(f *vfs.File, pt *vfs.PollTable) uint32 {
	q := (*Queue)(f.Inode.Private)
	pt.WaitFor(&q.receivers, vfs.POLLIN|vfs.POLLRDNORM)
	pt.WaitFor(&q.senders, vfs.POLLOUT|vfs.POLLWRNORM)
	mask, n := uint32(0), q.n.Load()
	if n > 0 {
		mask |= vfs.POLLIN | vfs.POLLRDNORM
	}
	if n < q.maxMsg {
		mask |= vfs.POLLOUT | vfs.POLLWRNORM
	}
	return mask
}

// Flush ends the notification of a process that closes the queue.
func (*queueFile) Flush(f *vfs.File) errno.Errno {
	(*Queue)(f.Inode.Private).forget(PID())
	return errno.OK
}
