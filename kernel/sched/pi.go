//go:build galago

package sched

import (
	"unsafe"

	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/sched/policy"
)

// Priority inheritance (L. Sha, R. Rajkumar, J. Lehoczky, IEEE Trans. Computers 39(9), 1990): the owner of a lock is as urgent as the most
// urgent thread that waits for it, and so on along the chain of owners who wait themselves. This file keeps that graph for locks whose
// taking and releasing is somebody else's business (futexes).
//
// One spin lock guards the whole graph. It is taken only where threads really wait for each other.

// PILock is a lock somebody waits for. The zero value with Data set is ready. All methods need LockPI.
type PILock struct {
	Data    unsafe.Pointer // the user's own
	owner   *Thread
	waiters ds.RBTree[PIWaiter] // the most urgent first, then in the order of arrival
	donor   ds.RBNode[PILock]   // in owner.donors, as long as there are waiters
	linked  bool
}

// PIWaiter is a thread that waits for a PILock, on its behalf or its own. Data is the user's own.
type PIWaiter struct {
	Data   unsafe.Pointer
	thread *Thread
	lock   *PILock
	node   ds.RBNode[PIWaiter]
}

// piState is a thread's place in the graph.
type piState struct {
	donors    ds.RBTree[PILock] // locks it owns that others wait for, by their most urgent waiter
	blockedOn *PIWaiter
	closed    bool // it ends: it becomes nobody's owner any more
}

var piLock = lock.Spin{Rank: lock.RankPI}

// LockPI locks the graph, UnlockPI unlocks it.
func LockPI()   { piLock.Lock() }
func UnlockPI() { piLock.Unlock() }

// maxChain bounds chains of owners who wait (Linux: max_lock_depth).
const maxChain = 1024

// key orders standings for the trees: smaller is more urgent.
func (s Standing) key() uint64 {
	switch s.Class {
	case policy.Deadline:
		return min(s.Due, 1<<62-1)
	case policy.RealTime:
		return 1<<62 + uint64(policy.MaxPriority-s.Priority)
	}
	return 2 << 62
}

// Owner returns the owner, or nil.
func (l *PILock) Owner() *Thread { return l.owner }

// Top returns the most urgent waiter, or nil.
func (l *PILock) Top() *PIWaiter { return l.waiters.Min() }

// relink puts the lock where it belongs among its owner's donors.
func (l *PILock) relink() {
	if l.linked {
		l.owner.pi.donors.Remove(&l.donor)
		l.linked = false
	}
	if top := l.waiters.Min(); top != nil && l.owner != nil {
		l.donor.Init(l)
		l.owner.pi.donors.Insert(&l.donor, top.node.Key())
		l.linked = true
	}
}

// SetOwner makes t, or nobody (nil), the owner. false if t is ending and cannot be.
func (l *PILock) SetOwner(t *Thread) bool {
	if t != nil && t.pi.closed {
		return false
	}
	old := l.owner
	if l.linked {
		old.pi.donors.Remove(&l.donor)
		l.linked = false
	}
	l.owner = t
	l.relink()
	if old != nil {
		old.adjust()
	}
	if t != nil {
		t.adjust()
	}
	return true
}

// Enqueue makes t wait for the lock. EDEADLK if it would wait for itself, or the chain of owners is too long.
func (l *PILock) Enqueue(w *PIWaiter, t *Thread) errno.Errno {
	depth := 0
	for o := l.owner; o != nil; depth++ {
		if o == t || depth == maxChain {
			return errno.EDEADLK
		}
		if o.pi.blockedOn == nil {
			break
		}
		o = o.pi.blockedOn.lock.owner
	}
	w.thread, w.lock = t, l
	w.node.Init(w)
	l.waiters.Insert(&w.node, t.Standing().key())
	t.pi.blockedOn = w
	l.relink()
	if l.owner != nil {
		l.owner.adjust()
	}
	return errno.OK
}

// Remove ends the wait.
func (w *PIWaiter) Remove() {
	l := w.lock
	l.waiters.Remove(&w.node)
	w.thread.pi.blockedOn = nil
	w.lock = nil
	l.relink()
	if l.owner != nil {
		l.owner.adjust()
	}
}

// adjust gives t the urgency of its donors, and passes a change on along the chain.
func (t *Thread) adjust() {
	for range maxChain {
		s := Standing{}
		if l := t.pi.donors.Min(); l != nil {
			s = l.waiters.Min().thread.Standing()
		}
		t.inherit(s)
		w := t.pi.blockedOn
		if w == nil {
			return
		}
		key := t.Standing().key()
		if key == w.node.Key() {
			return
		}
		l := w.lock
		l.waiters.Remove(&w.node)
		w.node.Init(w)
		l.waiters.Insert(&w.node, key)
		l.relink()
		if t = l.owner; t == nil {
			return
		}
	}
}

// standingChanged passes a change of t's own parameters on.
func (t *Thread) standingChanged() {
	piLock.Lock()
	if t.pi.blockedOn != nil {
		t.adjust()
	}
	piLock.Unlock()
}

// HeldPI returns a lock that t owns and others wait for, or nil. With ends, t ends: SetOwner refuses it from here on. Needs LockPI.
func (t *Thread) HeldPI(ends bool) *PILock {
	t.pi.closed = t.pi.closed || ends
	return t.pi.donors.Min()
}
