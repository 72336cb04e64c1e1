//go:build galago

package uring

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/proc"
	"galago/kernel/sched"
	"galago/kernel/time"
	"galago/kernel/vfs"
)

// The operations that are about requests themselves: waiting for events and time, cancelling.

// Flags of timeouts.
const (
	timeoutAbsolute = 1 << 0
	timeoutBoot     = 1 << 2
	timeoutWall     = 1 << 3
	timeoutSuccess  = 1 << 5 // expiry is no failure for what is linked
	timeoutKnown    = timeoutAbsolute | timeoutBoot | timeoutWall | timeoutSuccess
)

// Flags of cancel requests.
const (
	cancelAll   = 1 << 0
	cancelFD    = 1 << 1
	cancelAny   = 1 << 2
	cancelKnown = cancelAll | cancelFD | cancelAny
)

// ownOperation tells whether the package itself carries an operation out.
func ownOperation(op uint8) bool {
	switch op {
	case opNop, opPollAdd, opPollRemove, opTimeout, opTimeoutRemove, opCancel, opLinkTimeout:
		return true
	}
	return false
}

// own makes an attempt. EAGAIN: it has to wait.
func (q *Request) own() (int, errno.Errno) {
	s := &q.Entry
	switch s.Op {
	case opPollAdd:
		if s.Len != 0 || s.Off != 0 || s.Addr != 0 {
			return 0, errno.EINVAL // several reports of one request are not supported
		}
		got := q.File.Ops.Poll(q.File, nil) & q.pollEvents()
		if got == 0 {
			return 0, errno.EAGAIN
		}
		return int(got), errno.OK
	case opPollRemove, opTimeoutRemove:
		if s.Len != 0 || s.OpFlags != 0 || s.Off != 0 {
			return 0, errno.EINVAL
		}
		what := uint8(opPollAdd)
		if s.Op == opTimeoutRemove {
			what = opTimeout
		}
		_, e := q.ring.Cancel(&Criterion{data: s.Addr, op: what, hasOp: true})
		return 0, e
	case opCancel:
		return q.cancel()
	case opTimeout:
		return q.timeout()
	case opLinkTimeout:
		return q.limit()
	}
	return 0, errno.OK
}

// pollEvents are the events that a poll request asks for.
func (q *Request) pollEvents() uint32 { return q.Entry.OpFlags&0xffff | vfs.PollAlways }

// cancel is the operation that cancels others.
func (q *Request) cancel() (int, errno.Errno) {
	s := &q.Entry
	if s.OpFlags&^uint32(cancelKnown) != 0 || s.Len != 0 || s.Off != 0 {
		return 0, errno.EINVAL
	}
	c := Criterion{data: s.Addr, not: q, All: s.OpFlags&(cancelAll|cancelAny) != 0, Any: s.OpFlags&cancelAny != 0}
	if s.OpFlags&cancelFD != 0 {
		f, e := q.task.Ctx.Files.Acquire(int(s.FD))
		if e != errno.OK {
			return 0, e
		}
		defer f.Release()
		c.file = f.F
	}
	n, e := q.ring.Cancel(vfs.NoEscape(&c))
	if c.All {
		return n, errno.OK
	}
	return 0, e
}

// readTime reads a timeout's time from user memory. EINVAL, EFAULT.
func (q *Request) readTime() errno.Errno {
	s := &q.Entry
	if s.OpFlags&^uint32(timeoutKnown) != 0 || s.Len != 1 || s.Buf != 0 || s.OpFlags&(timeoutBoot|timeoutWall) == timeoutBoot|timeoutWall {
		return errno.EINVAL
	}
	var ts struct{ sec, nsec int64 }
	if arch.CopyFromUser(unsafe.Pointer(&ts), uintptr(s.Addr), unsafe.Sizeof(ts)) != 0 {
		return errno.EFAULT
	}
	if ts.sec < 0 || ts.nsec < 0 || ts.nsec >= 1_000_000_000 {
		return errno.EINVAL
	}
	const never = 1<<63 - 1
	ns := uint64(never)
	if ts.sec < never/1_000_000_000 {
		ns = uint64(ts.sec*1_000_000_000 + ts.nsec)
	}
	now := time.Now()
	wall := uint64(time.WallNow())
	switch {
	case s.OpFlags&timeoutAbsolute == 0:
		q.due = now + ns
	case s.OpFlags&timeoutWall == 0:
		q.due = ns
	default:
		q.due = now + max(ns, wall) - wall
	}
	q.due = min(q.due, never)
	return errno.OK
}

// startTimer makes a timeout wait; false: see settle.
func (q *Request) startTimer() bool {
	q.timed = true
	q.state.Store(arming)
	q.timer.Start(q.due)
	return q.settle()
}

// timeout is the operation that waits for a time, or a number of results.
func (q *Request) timeout() (int, errno.Errno) {
	r := q.ring
	if !q.armed {
		q.armed = true
		r.cq.Lock()
		q.until = r.tail + uint32(q.Entry.Off)
		r.cq.Unlock()
		return 0, errno.EAGAIN
	}
	r.cq.Lock()
	counted := q.counted()
	r.cq.Unlock()
	if counted {
		return 0, errno.OK
	}
	return 0, errno.ETIME
}

// counted tells whether the results that a timeout waits for have come. Ring.cq is held.
//
// +checklocks:.Ring.cq
func (q *Request) counted() bool {
	return q.Entry.Off != 0 && int32(q.ring.tail-q.until) >= 0
}

// countResults makes the timeouts due that have waited for this number of results. cq is held.
//
// +checklocks:r.cq
func (r *Ring) countResults() {
	for q := r.requests.Front(); q != nil; q = q.node.Next() {
		s := q.state.Load()
		if q.Entry.Op == opTimeout && q.Entry.Off != 0 && (s == waiting || s == arming) && !q.held && q.counted() {
			q.makeDue()
		}
	}
}

// limit is the end of the time that a request had: it is cancelled, if it still waits.
func (q *Request) limit() (int, errno.Errno) {
	r := q.ring
	r.cq.Lock()
	target := q.guard
	took := target != nil && target.take()
	if took {
		q.guard, target.guard = nil, nil
	}
	r.cq.Unlock()
	if !took {
		return 0, errno.EALREADY
	}
	target.unregister()
	target.finish(errno.ECANCELED)
	return 0, errno.ETIME
}

// Criterion says which requests are meant.
type Criterion struct {
	Any bool // whatever they are
	All bool // not only the first

	data  uint64 // Entry.Data
	op    uint8  // with hasOp
	hasOp bool
	file  *vfs.File // instead of data
	task  *proc.Task
	not   *Request
}

func (c *Criterion) matches(q *Request) bool {
	switch {
	case q == c.not, c.hasOp && q.Entry.Op != c.op, c.task != nil && q.task != c.task:
		return false
	case c.Any:
		return true
	case c.file != nil:
		return q.File == c.file
	}
	return q.Entry.Data == c.data
}

// Cancel cancels requests that wait and returns how many. ENOENT: none matches; EALREADY: one does, but it is being carried out.
func (r *Ring) Cancel(c *Criterion) (n int, e errno.Errno) {
	e = errno.ENOENT
	for {
		var found *Request
		r.cq.Lock()
		for q := r.requests.Front(); q != nil && found == nil; q = q.node.Next() {
			switch {
			case !c.matches(q):
			case q.take():
				found = q
				if q.held {
					q.held = false
					r.heldN--
				}
			case q.begun && n == 0:
				e = errno.EALREADY
			}
		}
		r.cq.Unlock()
		if found == nil {
			return n, e
		}
		found.unregister()
		found.finish(errno.ECANCELED)
		n++
		e = errno.OK
		if !c.All {
			return n, e
		}
	}
}

// CancelTask cancels all requests of the running task, which is about to leave its memory.
func CancelTask(t *proc.Task) {
	if t.Requests.Load() == 0 {
		return
	}
	t.RequestsEnd.Store(true)
	c := Criterion{Any: true, All: true, task: t}
	for t.Requests.Load() > 0 {
		allRings.mu.Lock()
		for r := allRings.list.Front(); r != nil; r = r.node.Next() {
			r.Cancel(vfs.NoEscape(&c))
		}
		allRings.mu.Unlock()
		t.RunWork()
		if t.Requests.Load() > 0 { // another task completes one, perhaps a less urgent one on this CPU
			const pause = 50_000 // ns
			sched.Sleep(pause)
		}
	}
	t.RequestsEnd.Store(false)
}
