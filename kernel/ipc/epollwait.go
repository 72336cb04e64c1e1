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
	if ep.first.Load() != nil {
		if n, e := ep.collect(user, limit); n > 0 || e != errno.OK {
			return n, e
		}
	}
	if timeoutNS == 0 {
		return 0, errno.OK
	}
	deadline := deadlineIn(timeoutNS)
	for {
		w := ep.waiters.WaitTimeout(func() bool { return ep.first.Load() != nil }, timeLeft(deadline), true)
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

// batchSize is how many watches may wait to leave the ready list before it is locked for them.
const batchSize = 16

// collect asks the files on the ready list, each once, and stores the events of those that have some. Those that are watched
// by level stay on the list; those watched by edge, and those that turn out to have nothing, leave it unless their file
// announces something meanwhile.
//
// Only who holds mu takes watches off the list, and callbacks add them at its end; so it can be followed without its lock.
func (ep *Epoll) collect(user uintptr, limit int) (n int, e errno.Errno) {
	var leave [batchSize]*watch
	k := 0
	ep.mu.Lock()
	w := ep.first.Load()
	for todo := ep.count.Load(); w != nil && todo > 0 && n < limit; todo-- {
		w.again.Store(false)
		got := w.file.Poll(nil) & w.events
		if got != 0 {
			if !storeEvent(user+uintptr(n)*EpollEventSize, got, w.data) {
				if n == 0 {
					e = errno.EFAULT
				}
				break
			}
			n++
		}
		next := w.next.Load()
		if got == 0 || w.events&(EpollOneShot|EpollEdge) != 0 {
			if k == batchSize {
				ep.leave(leave[:k])
				k = 0
			}
			w.reported = got != 0
			leave[k] = w
			k++
		}
		w = next
	}
	if k > 0 {
		ep.leave(leave[:k])
	}
	if w != nil {
		ep.rotate(w)
	}
	more := ep.first.Load() != nil
	ep.mu.Unlock()
	if more && ep.waiters.Waiting() {
		ep.waiters.PassOn()
	}
	return n, e
}

// leave takes watches that have been asked off the ready list, and disarms those that report once. ep.mu is held.
//
// +checklocks:ep.mu
func (ep *Epoll) leave(watches []*watch) {
	flags := ep.lock.LockIRQ()
	for _, w := range watches {
		if w.reported && w.events&EpollOneShot != 0 {
			w.events &= epollHow
		}
		if !w.again.Load() {
			ep.unqueue(w)
		}
	}
	ep.lock.UnlockIRQ(flags)
}

// rotate makes w the first of the ready list: those before it have had their turn and go to the end. ep.mu is held.
//
// +checklocks:ep.mu
func (ep *Epoll) rotate(w *watch) {
	flags := ep.lock.LockIRQ()
	if first := ep.first.Load(); first != w {
		end := w.prev
		ep.last.next.Store(first)
		first.prev = ep.last
		end.next.Store(nil)
		w.prev = nil
		ep.first.Store(w)
		ep.last = end
	}
	ep.lock.UnlockIRQ(flags)
}

// storeEvent writes one struct epoll_event.
func storeEvent(user uintptr, events uint32, data uint64) bool {
	ev := [3]uint32{events, uint32(data), uint32(data >> 32)}
	return arch.CopyToUser(user, unsafe.Pointer(&ev), EpollEventSize) == 0
}
