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

// collect asks the files on the ready list, each once, and stores the events of those that have some. Those that are watched
// by level stay on the list, at its end, so that all get their turn; those watched by edge leave it.
func (ep *Epoll) collect(user uintptr, limit int) (n int, e errno.Errno) {
	ep.mu.Lock()
	flags := ep.lock.LockIRQ()
	for todo := ep.count; todo > 0 && n < limit; todo-- {
		w := ep.first
		events := w.events
		ep.unqueue(w)
		ep.lock.UnlockIRQ(flags)
		got := w.file.Poll(nil) & events
		stored := got == 0 || storeEvent(user+uintptr(n)*EpollEventSize, got, w.data)
		flags = ep.lock.LockIRQ()
		switch {
		case got == 0:
			continue
		case !stored:
			ep.push(w, true)
			if n == 0 {
				e = errno.EFAULT
			}
			todo = 1
			continue
		case events&EpollOneShot != 0:
			w.events &= epollHow
		case events&EpollEdge == 0:
			ep.push(w, false)
		}
		n++
	}
	more := ep.first != nil
	ep.lock.UnlockIRQ(flags)
	ep.mu.Unlock()
	if more {
		ep.waiters.WakeOne()
	}
	return n, e
}

// storeEvent writes one struct epoll_event.
func storeEvent(user uintptr, events uint32, data uint64) bool {
	ev := [3]uint32{events, uint32(data), uint32(data >> 32)}
	return arch.CopyToUser(user, unsafe.Pointer(&ev), EpollEventSize) == 0
}
