package ipc

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// EpollEventSize is the size of struct epoll_event, which is packed on this architecture: 4 bytes of events, 8 of data.
const EpollEventSize = 12

// EpollMaxEvents is the largest number of events one wait may ask for (Linux: EP_MAX_EVENTS).
const EpollMaxEvents = (1<<31 - 1) / EpollEventSize

// EpollWait waits until watched files have events and stores up to limit of them as struct epoll_event at user. It returns their
// number; 0 when the time (timeoutNS; negative: no limit) is over. EINVAL: f is no epoll instance; EFAULT; EINTR.
func EpollWait(f *vfs.File, user uintptr, limit int, timeoutNS int64) (int, errno.Errno) {
	ep := epollOf(f)
	if ep == nil || limit <= 0 || limit > EpollMaxEvents {
		return 0, errno.EINVAL
	}
	if !arch.UserRange(user, uintptr(limit)*EpollEventSize) {
		return 0, errno.EFAULT
	}
	if ep.ready.Load() {
		if n, e := ep.collect(user, limit); n > 0 || e != errno.OK {
			return n, e
		}
	}
	if timeoutNS == 0 {
		return 0, errno.OK
	}
	deadline := deadlineIn(timeoutNS)
	for {
		w := ep.waiters.WaitTimeout(func() bool { return ep.ready.Load() }, timeLeft(deadline), true)
		if w == errno.EINTR {
			return 0, w
		}
		if n, e := ep.collect(user, limit); n > 0 || e != errno.OK {
			return n, e
		}
		if w == errno.ETIMEDOUT {
			return 0, errno.OK
		}
	}
}

// batchSize is how many watches are asked between two looks at the ready list.
const batchSize = 16

// batch is a part of the ready list that has been taken off it.
type batch struct {
	watches [batchSize]*watch
	n       int // watches in use
	keep    [batchSize]bool
}

// collect asks the files on the ready list, each once, and stores the events of those that have some. Those that are watched
// by level go back to the end of the list, so that all get their turn; those watched by edge leave it.
func (ep *Epoll) collect(user uintptr, limit int) (n int, e errno.Errno) {
	var b batch
	ep.mu.Lock()
	flags := ep.lock.LockIRQ()
	for todo := ep.count; todo > 0 && n < limit; {
		k := ep.takeBatch(&b, min(todo, limit-n))
		todo -= k
		ep.lock.UnlockIRQ(flags)
		stored, ok := b.ask(user + uintptr(n)*EpollEventSize)
		n += stored
		flags = ep.lock.LockIRQ()
		ep.returnBatch(&b)
		if !ok {
			if n == 0 {
				e = errno.EFAULT
			}
			break
		}
	}
	more := ep.first != nil
	ep.ready.Store(more)
	ep.lock.UnlockIRQ(flags)
	ep.mu.Unlock()
	if more {
		ep.waiters.PassOn()
	}
	return n, e
}

// takeBatch takes up to limit watches off the front of the ready list, so that an event from now on puts them there again. ep.lock is
// held.
func (ep *Epoll) takeBatch(b *batch, limit int) int {
	w, k := ep.first, 0
	for ; k < min(limit, batchSize); k++ {
		b.watches[k] = w
		w.queued = false
		w = w.next
	}
	b.n = k
	ep.first = w
	if w == nil {
		ep.last = nil
	} else {
		w.prev = nil
	}
	ep.count -= k
	return k
}

// ask asks the files of a batch and stores the events of those that have some. It decides which watches stay on the list. If events cannot be
// stored, ok is false, and those not reported stay. ep.mu is held.
func (b *batch) ask(user uintptr) (stored int, ok bool) {
	for i, w := range b.watches[:b.n] {
		got := w.file.Poll(nil) & w.events
		b.keep[i] = false
		if got == 0 {
			continue
		}
		if !storeEvent(user+uintptr(stored)*EpollEventSize, got, w.data) {
			for ; i < b.n; i++ {
				b.keep[i] = true
			}
			return stored, false
		}
		stored++
		b.keep[i] = w.events&(EpollOneShot|EpollEdge) == 0
		if w.events&EpollOneShot != 0 {
			w.ep.disarm(w)
		}
	}
	return stored, true
}

// disarm leaves a watch without events until it is modified.
func (ep *Epoll) disarm(w *watch) {
	flags := ep.lock.LockIRQ()
	w.events &= epollHow
	ep.lock.UnlockIRQ(flags)
}

// returnBatch puts the watches that stay back. ep.lock is held.
func (ep *Epoll) returnBatch(b *batch) {
	for i, w := range b.watches[:b.n] {
		if b.keep[i] {
			ep.push(w)
		}
	}
}

// storeEvent writes one struct epoll_event.
func storeEvent(user uintptr, events uint32, data uint64) bool {
	ev := [3]uint32{events, uint32(data), uint32(data >> 32)}
	return arch.CopyToUser(user, unsafe.Pointer(&ev), EpollEventSize) == 0
}
