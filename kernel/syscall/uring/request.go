//go:build galago

package uring

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/proc"
	"galago/kernel/sched"
	"galago/kernel/time"
	"galago/kernel/vfs"
)

// Entry is struct io_uring_sqe.
type Entry struct {
	Op, Flags  uint8
	Prio       uint16
	FD         int32
	Off        uint64 // or a second address
	Addr       uint64
	Len        uint32
	OpFlags    uint32
	Data       uint64
	Buf        uint16
	Persona    uint16
	SpliceIn   int32 // or an index into the registered files
	Addr3, Pad uint64
}

// Flags of an entry.
const (
	FixedFile    = 1 << 0
	drain        = 1 << 1
	link         = 1 << 2
	hardLink     = 1 << 3
	async        = 1 << 4
	skipResult   = 1 << 6
	knownFlags   = FixedFile | drain | link | hardLink | async | skipResult
	resultMore   = 1 << 1 // of a result: more of this request follow
	pollMultiple = 1 << 0 // of Entry.Len of a poll request
)

// Operations that this package carries out itself.
const (
	opNop           = 0
	opPollAdd       = 6
	opPollRemove    = 7
	opTimeout       = 11
	opTimeoutRemove = 12
	opCancel        = 14
	opLinkTimeout   = 15
)

// Operation is what the system-call floor does for an operation.
type Operation struct {
	// Run carries it out for the running task. EAGAIN, where Wait is set: it would have to wait; files answer so while Thread.NoWait is set.
	Run func(q *Request) (int, errno.Errno)
	// Wait are the poll events after which a request that had to wait may go on; 0: Run waits itself.
	Wait uint32
	// File: the entry's FD is a file, which Run finds in Request.File.
	File bool
	// Now are those bits of Entry.OpFlags that ask not to wait. That the file is O_NONBLOCK does not.
	Now uint32
	// Short: fewer bytes than Entry.Len are a failure for the requests linked behind it.
	Short bool
}

// Operations are those of the system-call floor, by number; a nil Run: not supported.
var Operations [64]Operation

// Where a request is.
const (
	running   = iota // being started, or carried out
	waiting          // in the queues of its file, or for its timer
	due              // work for its task
	cancelled        // taken out of waiting by someone who completes it
	arming           // its task makes it wait
	fired            // what it is to wait for came while it was arming
)

// place is a request's place in one queue of its file.
type place struct {
	waiter sched.Waiter
	queue  *sched.WaitQueue
}

// maxPlaces is the number of queues in which a request may wait: those of all files are fewer.
const maxPlaces = 4

// Request is a request.
type Request struct {
	table vfs.PollTable // first
	Entry Entry
	// File is the file of an Operation with File set: with a reference.
	File *vfs.File

	ring *Ring
	task *proc.Task
	work proc.TaskWork
	node ds.ListNode[Request] // in Ring.requests
	next *Request             // linked behind it; it starts when this one is complete

	state  atomic.Uint32
	begun  bool        // counted in Ring.active
	held   bool        // waits for requests before it; guarded by Ring.cq
	fault  errno.Errno // found when it was submitted or begun
	failed bool        // no room in places
	places [maxPlaces]place
	n      int

	timer time.Timer
	timed bool     // the timer has been set
	armed bool     // a timeout has begun to wait
	due   uint64   // when a timeout expires, on the monotonic clock, ns
	until uint32   // Ring.tail at which a timeout with a number of results is complete
	guard *Request // of a request with a link timeout: that; of a link timeout: the request it limits. Guarded by Ring.cq
}

var requestCache = mem.Cache[Request]{Name: "io_uring_req"}

// newRequest makes a request of the running task.
func (r *Ring) newRequest(e *Entry) *Request {
	q := requestCache.Alloc()
	if q == nil {
		return nil
	}
	t := proc.Current()
	q.Entry, q.ring, q.task = *e, r, t
	q.node.Init(q)
	q.work.Func = retry
	q.table.Queue = enqueue
	q.timer.Func, q.timer.Arg = expire, unsafe.Pointer(q)
	r.refs.Add(1)
	t.Requests.Add(1)
	r.cq.Lock()
	r.requests.PushBack(&q.node)
	r.cq.Unlock()
	return q
}

func requestOf(w *proc.TaskWork) *Request {
	return (*Request)(unsafe.Add(unsafe.Pointer(w), -int(unsafe.Offsetof(Request{}.work))))
}

// enqueue is what a file calls to have the request told of its events.
func enqueue(pt *vfs.PollTable, wq *sched.WaitQueue, events uint32) {
	q := (*Request)(unsafe.Pointer(pt))
	if q.n == maxPlaces {
		q.failed = true
		return
	}
	p := &q.places[q.n]
	q.n++
	p.queue = wq
	p.waiter.Func, p.waiter.Arg = announce, unsafe.Pointer(q)
	wq.Add(&p.waiter)
}

// announce runs under the lock of a file's queue.
func announce(w *sched.Waiter) { (*Request)(w.Arg).makeDue() }

// expire runs in the timer interrupt.
func expire(tm *time.Timer) { (*Request)(tm.Arg).makeDue() }

// makeDue has the request's task go on with it, if it waits or is about to.
func (q *Request) makeDue() {
	for {
		switch q.state.Load() {
		case waiting:
			if q.state.CompareAndSwap(waiting, due) {
				q.task.AddWork(&q.work)
				return
			}
		case arming:
			if q.state.CompareAndSwap(arming, fired) {
				return
			}
		default:
			return
		}
	}
}

// settle makes an arming request wait: it is in its queues, and from here on it may be anybody's. False: something has come meanwhile,
// or the ring's file has been closed and nobody would cancel it.
func (q *Request) settle() bool {
	r := q.ring
	r.refs.Add(1)
	r.cq.Lock()
	ok := !r.closed.Load() && q.state.CompareAndSwap(arming, waiting)
	r.cq.Unlock()
	r.put()
	return ok
}

// take takes the request out of waiting for the caller, who completes it.
func (q *Request) take() bool { return q.state.CompareAndSwap(waiting, cancelled) }

// unregister leaves all queues and stops the timer. When it returns no callback runs.
func (q *Request) unregister() {
	for i := range q.n {
		p := &q.places[i]
		p.queue.Remove(&p.waiter)
	}
	q.n = 0
	if q.timed {
		q.timer.Stop()
		q.timed = false
	}
}

// retry is a due request's turn: its task goes on with it.
func retry(w *proc.TaskWork) {
	q := requestOf(w)
	if q.held {
		q.unhold()
	}
	q.unregister()
	q.state.Store(running)
	run(q)
}

// run starts a request of the running task, or goes on with it, and with those linked behind it as they get their turn.
func run(q *Request) {
	for q != nil {
		if !q.begun && (q.task.RequestsEnd.Load() || q.ring.closed.Load()) {
			q.cancelChain()
			return
		}
		if q.begun || q.begin() {
			q = q.proceed()
		} else {
			q = q.complete(0, q.fault)
		}
	}
}

// begin starts the request; false: it is wrong.
func (q *Request) begin() bool {
	r := q.ring
	r.cq.Lock()
	q.begun = true
	r.active++
	if q.Entry.Flags&drain != 0 {
		r.draining = true
	}
	limit := q.guard
	r.cq.Unlock()
	if q.fault != errno.OK {
		return false
	}
	if limit != nil && !limit.begun {
		limit.begun = true
		r.cq.Lock()
		r.active++
		r.cq.Unlock()
		limit.armed = true
		if !limit.startTimer() {
			limit.state.Store(due)
			limit.task.AddWork(&limit.work)
		}
	}
	if q.fault == errno.OK {
		q.fault = q.findFile()
	}
	return q.fault == errno.OK
}

// check finds what is wrong with an entry by itself.
func (q *Request) check() errno.Errno {
	s := &q.Entry
	known := ownOperation(s.Op) || int(s.Op) < len(Operations) && Operations[s.Op].Run != nil
	if !known || s.Flags&^uint8(knownFlags) != 0 || s.Persona != 0 {
		return errno.EINVAL
	}
	if s.Op == opTimeout || s.Op == opLinkTimeout {
		return q.readTime()
	}
	return errno.OK
}

// operation returns what is known of the request's operation.
func (q *Request) operation() *Operation { return &Operations[int(q.Entry.Op)%len(Operations)] }

// findFile gets the request its file, if it works on one.
func (q *Request) findFile() errno.Errno {
	fixed := q.Entry.Flags&FixedFile != 0
	switch {
	case q.Entry.Op != opPollAdd && !q.operation().File:
		if fixed {
			return errno.EBADF
		}
		return errno.OK
	case fixed:
		if q.File = q.ring.registered(q.Entry.FD); q.File == nil {
			return errno.EBADF
		}
		return errno.OK
	}
	f, e := q.task.Ctx.Files.Acquire(int(q.Entry.FD))
	if e != errno.OK {
		return e
	}
	q.File = f.Keep()
	return errno.OK
}

// patience is how often an attempt may fail although the file claims to be ready, before the next one waits itself.
const patience = 4

// proceed carries the request out as far as possible. It returns what is to run next, or nil.
func (q *Request) proceed() *Request {
	for tries := 0; ; tries++ {
		n, e := q.try(tries > patience)
		switch {
		case e != errno.EAGAIN || !q.mayWait():
			return q.complete(n, e)
		case q.task.RequestsEnd.Load(), q.ring.closed.Load():
			return q.complete(0, errno.ECANCELED)
		case tries > patience && !ownOperation(q.Entry.Op): // a file that says it is ready and does not wait either
			return q.complete(n, e)
		case q.register():
			return nil
		}
	}
}

// mayWait tells whether EAGAIN means that the request is to wait.
func (q *Request) mayWait() bool {
	op := q.operation()
	return ownOperation(q.Entry.Op) || op.Wait != 0 && q.Entry.OpFlags&op.Now == 0
}

// try makes one attempt. EAGAIN: nothing is there. With wait it waits, if it must, until a signal comes.
func (q *Request) try(wait bool) (int, errno.Errno) {
	if ownOperation(q.Entry.Op) {
		return q.own()
	}
	op := q.operation()
	th := sched.Current()
	th.NoWait = !wait && op.Wait != 0 && q.File.Ops.Poll(q.File, nil) != vfs.DefaultPoll
	n, e := op.Run(q)
	th.NoWait = false
	if e >= errno.ERESTARTSYS { // it would begin again
		e = errno.EINTR
	}
	return n, e
}

// register makes the request wait for its file or timer; false: the file has something, or cannot be waited for, and the caller tries again.
func (q *Request) register() bool {
	if q.Entry.Op == opTimeout || q.Entry.Op == opLinkTimeout {
		if q.startTimer() {
			return true
		}
		q.unregister()
		q.state.Store(running)
		return false
	}
	q.table.Events = q.operation().Wait | vfs.PollAlways
	if q.Entry.Op == opPollAdd {
		q.table.Events = q.pollEvents()
	}
	q.failed = false
	q.state.Store(arming)
	got := q.File.Ops.Poll(q.File, &q.table) & q.table.Events
	if got == 0 && q.n > 0 && !q.failed && q.settle() {
		return true
	}
	q.unregister()
	q.state.Store(running)
	return false
}

// complete reports the result of a request that is the caller's, and frees it. It returns the request linked behind it if that is
// to run now, or cancels all that are linked.
func (q *Request) complete(n int, e errno.Errno) *Request {
	res := Result{Data: q.Entry.Data, Res: int32(n)}
	if e != errno.OK {
		res.Res = -int32(e)
	}
	ok := e == errno.OK && !(q.operation().Short && uint32(n) < q.Entry.Len)
	if q.Entry.Op == opTimeout && e == errno.ETIME {
		ok = q.Entry.OpFlags&timeoutSuccess != 0
	}
	r := q.ring
	r.cq.Lock()
	r.requests.Remove(&q.node)
	if q.begun {
		r.active--
		if q.Entry.Flags&drain != 0 {
			r.draining = false
		}
	}
	if q.Entry.Flags&skipResult == 0 || e != errno.OK {
		r.post(res)
	}
	limit := q.guard
	if limit != nil {
		q.guard, limit.guard = nil, nil
	}
	r.countResults()
	r.releaseHeld()
	ev := r.event
	if ev != nil {
		ev.Get()
	}
	r.cq.Unlock()
	r.notify(ev)
	if limit != nil && limit.Entry.Op == opLinkTimeout && (!limit.timed || limit.take()) {
		limit.unregister()
		limit.finish(errno.ECANCELED)
	}
	next := q.next
	q.next = nil
	ok = ok || q.Entry.Flags&hardLink != 0
	q.free()
	switch {
	case next == nil:
	case !ok:
		next.cancelChain()
	case next.task == proc.Current():
		return next
	default:
		next.state.Store(due)
		next.task.AddWork(&next.work)
	}
	return nil
}

// finish completes a request outside of run: what is linked behind it, if it is to run all the same, is work for its task.
func (q *Request) finish(e errno.Errno) {
	if next := q.complete(0, e); next != nil {
		next.state.Store(due)
		next.task.AddWork(&next.work)
	}
}

// notify tells those who wait for results.
func (r *Ring) notify(ev *vfs.File) {
	r.wait.WakeAll()
	if ev != nil {
		if r.rings.word(cqFlags).Load()&noEventfd == 0 {
			SignalEvent(ev)
		}
		ev.Put()
	}
}

// SignalEvent adds 1 to an eventfd. Set by the system-call floor.
var SignalEvent func(f *vfs.File)

// cancelChain cancels a request that has not been started and all linked behind it.
func (q *Request) cancelChain() {
	for q != nil {
		next := q.next
		q.next = nil
		q.complete(0, errno.ECANCELED)
		q = next
	}
}

func (q *Request) free() {
	if q.File != nil {
		q.File.Put()
	}
	q.task.Requests.Add(-1)
	r := q.ring
	requestCache.Free(q)
	r.put()
}
