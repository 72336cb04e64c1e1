package lock

import "sync/atomic"

// MCS is the queue lock of Mellor-Crummey and Scott (ACM TOCS 9(1), 1991): each waiter spins on a word of its own
// node, so that a release disturbs one waiter's cache line and not all of them. It is for words that many CPUs
// fight over; Spin is smaller and quicker when they do not. The caller supplies the node, which must stay put
// from Lock to Unlock: one per CPU and nesting level, never on the stack.
//
// Lock raises the preempt count; MCS takes no part in order checking (use it as a leaf only).
type MCS struct {
	tail atomic.Pointer[MCSNode]
}

// MCSNode is one waiter's place in the queue of an MCS lock.
type MCSNode struct {
	next   atomic.Pointer[MCSNode]
	locked atomic.Uint32
	_      [48]byte // a cache line each
}

// Lock takes the lock, waiting in arrival order.
func (l *MCS) Lock(n *MCSNode) {
	PreemptDisable()
	n.next.Store(nil)
	n.locked.Store(1)
	prev := l.tail.Swap(n)
	if prev == nil {
		return
	}
	prev.next.Store(n)
	for n.locked.Load() != 0 {
		spinWait()
	}
}

// TryLock takes the lock if it is free.
func (l *MCS) TryLock(n *MCSNode) bool {
	PreemptDisable()
	n.next.Store(nil)
	if l.tail.CompareAndSwap(nil, n) {
		return true
	}
	PreemptEnable()
	return false
}

// Unlock releases the lock to the next in the queue. n is the node given to Lock.
func (l *MCS) Unlock(n *MCSNode) {
	next := n.next.Load()
	if next == nil {
		if l.tail.CompareAndSwap(n, nil) {
			PreemptEnable()
			return
		}
		// A newcomer has swapped the tail and is about to link itself behind n.
		for next = n.next.Load(); next == nil; next = n.next.Load() {
			spinWait()
		}
	}
	next.locked.Store(0)
	PreemptEnable()
}
