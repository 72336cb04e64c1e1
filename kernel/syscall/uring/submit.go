//go:build galago

package uring

import (
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/proc"
	"galago/kernel/time"
)

// Submission, and waiting for results.

// chain is the requests that are being linked.
type chain struct{ first, last *Request }

// Submit takes up to n requests from the ring and starts them. It returns how many. EAGAIN: no memory for the first.
func (r *Ring) Submit(n uint32) (int, errno.Errno) {
	r.submit.Lock()
	defer r.submit.Unlock()
	n = min(n, r.rings.word(sqTail).Load()-r.head, r.nSQ)
	done := 0
	var c chain
	for range n {
		idx := r.rings.word(r.array + 4*(r.head&(r.nSQ-1))).Load()
		if idx >= r.nSQ {
			r.head++
			r.rings.word(sqHead).Store(r.head)
			r.rings.word(sqDropped).Add(1)
			break
		}
		e := *(*Entry)(r.sqe.at(idx * uint32(unsafe.Sizeof(Entry{}))))
		q := r.newRequest(&e)
		if q == nil {
			break
		}
		r.head++
		r.rings.word(sqHead).Store(r.head)
		done++
		q.fault = q.check()
		r.skips = r.skips || e.Flags&skipResult != 0
		if r.skips && e.Flags&drain != 0 {
			q.fault = errno.EOPNOTSUPP
		}
		wrong := q.fault != errno.OK
		c.add(q)
		if wrong && r.flags&SetupSubmitAll == 0 {
			break
		}
	}
	c.launch()
	if done == 0 && n > 0 {
		return 0, errno.EAGAIN
	}
	return done, errno.OK
}

// add links q behind the requests before it, or starts it.
func (c *chain) add(q *Request) {
	switch {
	case q.Entry.Op == opLinkTimeout && q.fault == errno.OK && c.last != nil && c.last.guard == nil:
		c.last.guard, q.guard = q, c.last
	case c.last != nil:
		if q.Entry.Op == opLinkTimeout {
			q.fault = errno.EINVAL
		}
		c.last.next = q
		c.last = q
	default:
		if q.Entry.Op == opLinkTimeout {
			q.fault = errno.EINVAL // it limits nothing
		}
		c.first, c.last = q, q
	}
	if q.Entry.Flags&(link|hardLink) == 0 {
		c.launch()
	}
}

// launch starts the chain.
func (c *chain) launch() {
	q := c.first
	*c = chain{}
	if q != nil && !q.hold() {
		run(q)
	}
}

// hold makes the request wait if others have to be complete first.
func (q *Request) hold() bool {
	r := q.ring
	r.cq.Lock()
	defer r.cq.Unlock()
	if r.heldN == 0 && !r.draining && (q.Entry.Flags&drain == 0 || r.active == 0) {
		return false
	}
	q.held = true
	r.heldN++
	q.state.Store(waiting)
	return true
}

// releaseHeld makes the first held request due if it may run now. cq is held.
//
// +checklocks:r.cq
func (r *Ring) releaseHeld() {
	if r.heldN == 0 || r.draining {
		return
	}
	for q := r.requests.Front(); q != nil; q = q.node.Next() {
		if !q.held || q.state.Load() != waiting {
			continue
		}
		if q.Entry.Flags&drain == 0 || r.active == 0 {
			q.makeDue()
		}
		return
	}
}

// unhold is a held request's turn: the next one may follow.
func (q *Request) unhold() {
	r := q.ring
	r.cq.Lock()
	q.held = false
	r.heldN--
	if q.Entry.Flags&drain == 0 {
		r.releaseHeld()
	}
	r.cq.Unlock()
}

// Wait waits until least results are there, at most ns nanoseconds (negative: for ever). EINTR, ETIME.
func (r *Ring) Wait(least uint32, ns int64) errno.Errno {
	least = min(least, r.nCQ)
	deadline := int64(-1)
	if ns >= 0 {
		if deadline = int64(time.Now()) + ns; deadline < 0 {
			deadline = 1<<63 - 1
		}
	}
	t := proc.Current()
	for {
		t.RunWork()
		r.flush()
		if r.ready() >= least {
			return errno.OK
		}
		if t.SignalPending() {
			return errno.EINTR
		}
		left := int64(-1)
		if deadline >= 0 {
			if left = deadline - int64(time.Now()); left <= 0 {
				return errno.ETIME
			}
		}
		r.wait.WaitTimeout(func() bool { return r.ready() >= least || t.HasWork() }, left, true)
	}
}
