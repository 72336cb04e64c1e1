//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/ipc"
	"galago/kernel/proc"
	"galago/kernel/syscall/uring"
	"galago/kernel/time"
	"galago/kernel/vm"
)

// futex(2), futex_waitv(2).

// futex(2) operations.
const (
	futexWait         = 0
	futexWake         = 1
	futexRequeue      = 3
	futexCmpRequeue   = 4
	futexWakeOp       = 5
	futexLockPI       = 6
	futexUnlockPI     = 7
	futexTrylockPI    = 8
	futexWaitBitset   = 9
	futexWakeBitset   = 10
	futexWaitRequeue  = 11
	futexCmpRequeuePI = 12
	futexLockPI2      = 13

	futexPrivate  = 128
	futexRealtime = 256
)

// futexAt names the futex at a user address. write: the operation stores to the word. EINVAL, EFAULT.
func futexAt(user uintptr, private, write bool) (w ipc.FutexWord, e errno.Errno) {
	if user&3 != 0 {
		return w, errno.EINVAL
	}
	if !arch.UserRange(user, 4) {
		return w, errno.EFAULT
	}
	s := current().Proc.Space
	w = ipc.FutexWord{Key: ipc.FutexKey{Space: s.ID(), Addr: user + ipc.FutexPrivate}, User: user}
	if private {
		return w, errno.OK
	}
	return sharedFutex(s, w, write)
}

func sharedFutex(s *vm.AddressSpace, w ipc.FutexWord, write bool) (ipc.FutexWord, errno.Errno) {
	if _, ok := arch.LoadUser32(w.User); !ok { // also past the end of a file
		return w, errno.EFAULT
	}
	object, offset, e := s.WordKey(w.User, write)
	if object != 0 {
		w.Key = ipc.FutexKey{Space: uintptr(object), Addr: offset + ipc.FutexShared}
	} else {
		w.Key.Addr = w.User + ipc.FutexLocal
	}
	return w, e
}

// noDeadline is never.
const noDeadline = int64(-1)

// futexDeadline reads a time limit and returns it as a time of the monotonic clock.
func futexDeadline(user uintptr, absolute, realtime bool) (int64, errno.Errno) {
	if user == 0 {
		return noDeadline, errno.OK
	}
	var ts timespec
	if e := get(&ts, user); e != 0 {
		return 0, e
	}
	if ts.Sec < 0 || ts.Nsec < 0 || ts.Nsec >= 1e9 {
		return 0, errno.EINVAL
	}
	if realtime {
		return int64(time.WallToMono(ts.Sec, ts.Nsec)), errno.OK
	}
	ns, _ := ts.duration()
	if !absolute {
		ns += int64(now())
	}
	if ns < 0 {
		ns = 1<<63 - 1
	}
	return ns, errno.OK
}

func sysFutex(f *arch.Frame) (uintptr, errno.Errno) {
	op := int1(f)
	cmd := op &^ (futexPrivate | futexRealtime)
	realtime := op&futexRealtime != 0
	deadline := noDeadline
	switch cmd {
	case futexWait, futexWaitBitset, futexWaitRequeue, futexLockPI, futexLockPI2:
		var e errno.Errno
		if deadline, e = futexDeadline(arg3(f), cmd != futexWait, realtime || cmd == futexLockPI); e != 0 {
			return 0, e
		}
	}
	if realtime && cmd != futexWaitBitset && cmd != futexWaitRequeue && cmd != futexLockPI2 {
		return 0, errno.ENOSYS
	}
	bits := ipc.FutexAny
	switch cmd {
	case futexWaitBitset:
		bits = uint32(arg5(f))
		fallthrough
	case futexWait:
		return futexSleep(arg0(f), op&futexPrivate != 0, uint32(arg2(f)), bits, deadline)
	case futexWakeBitset:
		bits = uint32(arg5(f))
		fallthrough
	case futexWake:
		if bits == 0 {
			return 0, errno.EINVAL
		}
		w, e := futexAt(arg0(f), op&futexPrivate != 0, false)
		if e != 0 {
			return 0, e
		}
		n, e := ipc.FutexWake(w.Key, int2(f), bits)
		return uintptr(n), e
	case futexRequeue, futexCmpRequeue, futexWakeOp:
		return futexTwo(f, op, cmd)
	case futexLockPI, futexLockPI2, futexTrylockPI, futexUnlockPI:
		return futexLock(f, op, cmd, deadline)
	case futexWaitRequeue, futexCmpRequeuePI:
		return futexCondition(f, op, cmd, deadline)
	}
	return 0, errno.ENOSYS
}

// futexLock is the operations on a lock with priority inheritance.
func futexLock(f *arch.Frame, op, cmd int, deadline int64) (uintptr, errno.Errno) {
	tid := uint32(current().TID)
	if cmd == futexUnlockPI { // who is not the owner learns that first
		v, ok := arch.LoadUser32(arg0(f))
		switch {
		case !ok:
			return 0, errno.EFAULT
		case v&ipc.FutexTIDMask != tid:
			return 0, errno.EPERM
		}
	}
	w, e := futexAt(arg0(f), op&futexPrivate != 0, true)
	if e != 0 {
		return 0, e
	}
	if cmd == futexUnlockPI {
		return ok(ipc.FutexUnlockPI(w, tid))
	}
	e = ipc.FutexLockPI(w, tid, deadline, cmd == futexTrylockPI)
	if e == errno.EINTR {
		e = errno.ERESTARTNOINTR
	}
	return 0, e
}

// futexCondition is the operations on a word and such a lock.
func futexCondition(f *arch.Frame, op, cmd int, deadline int64) (uintptr, errno.Errno) {
	private := op&futexPrivate != 0
	if cmd == futexCmpRequeuePI && (arg0(f) == arg4(f) || int2(f) != 1) ||
		cmd == futexWaitRequeue && arg0(f) == arg4(f) {
		return 0, errno.EINVAL
	}
	a, e := futexAt(arg0(f), private, false)
	if e != 0 {
		return 0, e
	}
	b, e := futexAt(arg4(f), private, true)
	if e != 0 {
		return 0, e
	}
	if cmd == futexCmpRequeuePI {
		n, e := ipc.FutexRequeuePI(a, b, int3(f), uint32(arg5(f)))
		return uintptr(n), e
	}
	e = ipc.FutexWaitRequeuePI(a, uint32(arg2(f)), ipc.FutexAny, b, uint32(current().TID), deadline)
	if e == errno.EINTR {
		e = errno.ERESTARTNOINTR
	}
	return 0, e
}

func futexSleep(user uintptr, private bool, val, bits uint32, deadline int64) (uintptr, errno.Errno) {
	if bits == 0 {
		return 0, errno.EINVAL
	}
	w, e := futexAt(user, private, false)
	if e != 0 {
		return 0, e
	}
	e = ipc.FutexWait(w, val, bits, deadline)
	if e == errno.EINTR {
		if deadline == noDeadline {
			return 0, errno.ERESTARTSYS
		}
		flag := uintptr(0)
		if private {
			flag = 1
		}
		e = current().RestartWith(futexOn, uint64(deadline), [5]uintptr{user, flag, uintptr(val), uintptr(bits)})
	}
	return 0, e
}

func futexOn(b *proc.RestartBlock) (uintptr, errno.Errno) {
	return futexSleep(b.Args[0], b.Args[1] != 0, uint32(b.Args[2]), uint32(b.Args[3]), int64(b.Deadline))
}

// futexTwo is the operations on two words.
func futexTwo(f *arch.Frame, op, cmd int) (uintptr, errno.Errno) {
	private := op&futexPrivate != 0
	a, e := futexAt(arg0(f), private, false)
	if e != 0 {
		return 0, e
	}
	b, e := futexAt(arg4(f), private, cmd == futexWakeOp)
	if e != 0 {
		return 0, e
	}
	if cmd == futexWakeOp {
		n, e := ipc.FutexWakeOp(a.Key, b, int2(f), int3(f), uint32(arg5(f)))
		return uintptr(n), e
	}
	woken, moved, e := ipc.FutexRequeue(a, b.Key, int2(f), int3(f), cmd == futexCmpRequeue, uint32(arg5(f)))
	return uintptr(woken + moved), e
}

// futexWaitvEntry is struct futex_waitv.
type futexWaitvEntry struct {
	Val, User       uint64
	Flags, Reserved uint32
}

func sysFutexWaitv(f *arch.Frame) (uintptr, errno.Errno) {
	const size32 = 2
	n := int(uint32(arg1(f)))
	if arg2(f)&0xffffffff != 0 || n == 0 || n > ipc.MaxWaitV || arg0(f) == 0 {
		return 0, errno.EINVAL
	}
	deadline := noDeadline
	if arg3(f) != 0 {
		clock := int4(f)
		if clock != clockRealtime && clock != clockMonotonic {
			return 0, errno.EINVAL
		}
		var e errno.Errno
		if deadline, e = futexDeadline(arg3(f), true, clock == clockRealtime); e != 0 {
			return 0, e
		}
	}
	v := ipc.NewFutexVector()
	if v == nil {
		return 0, errno.ENOMEM
	}
	defer v.Free()
	for i := range n {
		var w futexWaitvEntry
		if e := get(&w, arg0(f)+uintptr(i)*24); e != 0 {
			return 0, e
		}
		if w.Flags&^(size32|futexPrivate) != 0 || w.Reserved != 0 || w.Flags&size32 == 0 {
			return 0, errno.EINVAL
		}
		v.Add(uint32(w.Val), uintptr(w.User), w.Flags&futexPrivate != 0)
	}
	for i := range n {
		w, e := futexAt(v.User(i), v.Private(i), false)
		if e != 0 {
			return 0, e
		}
		v.SetKey(i, w.Key)
	}
	i, e := v.Wait(deadline)
	if e == errno.EINTR {
		e = errno.ERESTARTSYS
	}
	return uintptr(i), e
}

func init() {
	proc.OnClearTID = func(user uintptr) { wakeShared(user, 1) }
	proc.OnLeaveMemory = leaveMemory
	ipc.FutexOwner = proc.ThreadOf
}

// leaveMemory gives up what the running task holds, and ends what it waits for, as it leaves its memory.
func leaveMemory(t *proc.Task, ends bool) {
	uring.CancelTask(t)
	exitRobustList(t)
	ipc.FutexOwnerLeaves(t.Thread, ends)
}

// wakeShared wakes up to n waiters of a word of the running thread's memory, which did not ask for a private futex.
func wakeShared(user uintptr, n int) {
	if w, e := futexAt(user, false, false); e == 0 {
		ipc.FutexWake(w.Key, n, ipc.FutexAny)
	}
}
