//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/ipc"
	"galago/kernel/proc"
)

// Robust futexes: a thread keeps a list of the locks it holds in its own memory, and the kernel marks those it leaves behind when it ends
// (get_robust_list(2)). The list is foreign memory: its length is bounded, and it is read with care.

const (
	robustHeadSize = 24
	robustLimit    = 2048 // entries looked at
)

// robustHead is struct robust_list_head. The lowest bit of a pointer to an entry marks a lock with priority inheritance.
type robustHead struct {
	Next    uintptr
	Offset  int64 // from an entry to its futex
	Pending uintptr
}

func sysSetRobustList(f *arch.Frame) (uintptr, errno.Errno) {
	if arg1(f) != robustHeadSize {
		return 0, errno.EINVAL
	}
	current().RobustPtr = arg0(f)
	return 0, 0
}

func sysGetRobustList(f *arch.Frame) (uintptr, errno.Errno) {
	head := current().RobustPtr
	if tid := int0(f); tid != 0 {
		var e errno.Errno
		if head, e = current().RobustListOf(tid); e != 0 {
			return 0, e
		}
	}
	size := uint64(robustHeadSize)
	if e := put(arg2(f), &size); e != 0 {
		return 0, e
	}
	return ok(put(arg1(f), &head))
}

// exitRobustList marks the locks that the running task holds as it gives its memory up.
func exitRobustList(t *proc.Task) {
	at := t.RobustPtr
	if at == 0 {
		return
	}
	t.RobustPtr = 0
	var h robustHead
	if get(&h, at) != 0 {
		return
	}
	for entry, n := h.Next, 0; entry&^1 != at && n < robustLimit; n++ {
		var next uintptr
		e := get(&next, entry&^1)
		if entry&^1 != h.Pending&^1 && !ownerDied(t, entry, h.Offset, false) {
			return
		}
		if e != 0 {
			return
		}
		entry = next
	}
	if h.Pending&^1 != 0 {
		ownerDied(t, h.Pending, h.Offset, true)
	}
}

// ownerDied marks the lock of a list's entry if t holds it, and wakes a waiter. pending: the thread was about to take or release it. false
// for a bad address.
func ownerDied(t *proc.Task, entry uintptr, offset int64, pending bool) bool {
	user, pi := entry&^1+uintptr(offset), entry&1 != 0
	if user&3 != 0 {
		return false
	}
	for {
		v, ok := arch.LoadUser32(user)
		if !ok {
			return false
		}
		if pending && !pi && v&ipc.FutexTIDMask == 0 { // released, and perhaps no longer able to wake
			wakeShared(user, 1)
			return true
		}
		if v&ipc.FutexTIDMask != uint32(t.TID) {
			return true
		}
		prev, ok := arch.CasUser32(user, v, v&ipc.FutexWaiters|ipc.FutexOwnerDied)
		if !ok {
			return false
		}
		if prev == v {
			if !pi && v&ipc.FutexWaiters != 0 {
				wakeShared(user, 1)
			}
			return true
		}
	}
}
