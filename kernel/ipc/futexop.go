package ipc

import (
	"sync/atomic"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Futex calls on two words or more: FUTEX_WAKE_OP and futex_waitv(2).

// The fields of FUTEX_WAKE_OP's encoded operation, from the top: 4 bits operation (of which the first is a shift of the operand), 4 bits
// comparison, 12 bits operand, 12 bits to compare with.
const (
	opSet, opAdd, opOr, opAndNot, opXor         = 0, 1, 2, 3, 4
	opShift                                     = 8
	cmpEQ, cmpNE, cmpLT, cmpLE, cmpGT, cmpGE    = 0, 1, 2, 3, 4, 5
	opcodeBits, compareBits, opArgBits, argMask = 28, 24, 12, 1<<12 - 1
)

// signed12 extends a 12-bit operand's sign.
func signed12(v uint32) int32 { return int32(v<<20) >> 20 }

// apply performs an encoded operation on a word. It returns what the word held before: ENOSYS for an operation that does not exist, EFAULT.
func apply(user uintptr, code uint32) (old uint32, e errno.Errno) {
	arg := uint32(signed12(code >> opArgBits & argMask))
	op := code >> opcodeBits
	if op&opShift != 0 {
		arg = 1 << (arg & 31)
	}
	for {
		old, ok := arch.LoadUser32(user)
		if !ok {
			return 0, errno.EFAULT
		}
		next := old
		switch op &^ opShift {
		case opSet:
			next = arg
		case opAdd:
			next += arg
		case opOr:
			next |= arg
		case opAndNot:
			next &^= arg
		case opXor:
			next ^= arg
		default:
			return 0, errno.ENOSYS
		}
		prev, ok := arch.CasUser32(user, old, next)
		if !ok {
			return 0, errno.EFAULT
		}
		if prev == old {
			return old, errno.OK
		}
	}
}

// compares judges the old value by the operation's comparison.
func compares(code, old uint32) (bool, errno.Errno) {
	a, b := int32(old), signed12(code&argMask)
	switch code >> compareBits & 15 {
	case cmpEQ:
		return a == b, errno.OK
	case cmpNE:
		return a != b, errno.OK
	case cmpLT:
		return a < b, errno.OK
	case cmpLE:
		return a <= b, errno.OK
	case cmpGT:
		return a > b, errno.OK
	case cmpGE:
		return a >= b, errno.OK
	}
	return false, errno.ENOSYS
}

// FutexWakeOp changes the second word by an encoded operation, wakes up to n1 waiters of the first, and up to n2 of the second if
// the word's old value passes the operation's comparison (FUTEX_WAKE_OP). It returns how many were woken; EFAULT, EINVAL, ENOSYS. A thread that begins
// to wait for the second word between its change and the wake-up sees the new value.
func FutexWakeOp(first FutexKey, second FutexWord, n1, n2 int, code uint32) (int, errno.Errno) {
	old, e := apply(second.User, code)
	if e != 0 {
		return 0, e
	}
	also, e := compares(code, old)
	if e != 0 {
		return 0, e
	}
	a, b := first.bucket(), second.Key.bucket()
	lockTwo(a, b)
	woken, e := a.wake(first, max(n1, 1), FutexAny)
	if also && e == 0 {
		var more int
		more, e = b.wake(second.Key, max(n2, 1), FutexAny)
		woken += more
	}
	unlockTwo(a, b)
	return woken, e
}

// MaxWaitV bounds a FutexVector (FUTEX_WAITV_MAX).
const MaxWaitV = 128

// FutexVector is a wait for several futexes: futex_waitv(2).
type FutexVector struct {
	n       int
	woken   atomic.Uint32
	entries [MaxWaitV]struct {
		futexWaiter
		user    uintptr
		val     uint32
		private bool
	}
}

var vectorCache = mem.Cache[FutexVector]{Name: "futex_waitv"}

// NewFutexVector makes an empty vector, nil without memory.
func NewFutexVector() *FutexVector { return vectorCache.Alloc() }

// Free gives the vector up.
func (v *FutexVector) Free() { vectorCache.Free(v) }

// Add appends a word, at most MaxWaitV, and the value that it must hold. Its key is given by SetKey.
func (v *FutexVector) Add(val uint32, user uintptr, private bool) {
	e := &v.entries[v.n]
	e.user, e.val, e.private = user, val, private
	v.n++
}

// User returns the address of the i-th word, Private what Add was told.
func (v *FutexVector) User(i int) uintptr { return v.entries[i].user }
func (v *FutexVector) Private(i int) bool { return v.entries[i].private }

// SetKey names the i-th futex.
func (v *FutexVector) SetKey(i int, k FutexKey) { v.entries[i].key = k }

// Wait sleeps until one of the futexes is woken and returns the index of one of those that were. EAGAIN if a word does not hold what is
// expected and none was woken by then, EFAULT, ETIMEDOUT, EINTR.
func (v *FutexVector) Wait(deadline int64) (int, errno.Errno) {
	n, e := 0, errno.OK
	for ; n < v.n; n++ {
		w := &v.entries[n]
		w.init(w.key, FutexAny)
		w.futexWaiter.woken = &v.woken
		b := w.key.bucket()
		b.waiting.Add(1)
		if e = b.holds(w.user, w.val); e != 0 {
			b.waiting.Add(-1)
			break
		}
		b.push(&w.futexWaiter)
		b.lock.Unlock()
	}
	if e == 0 {
		e = sched.SleepUntilSet(&v.woken, timeLeft(deadline))
	}
	woken := -1
	for i := range n {
		if !v.entries[i].leave() {
			woken = i
		}
	}
	if woken >= 0 {
		return woken, errno.OK
	}
	return 0, e
}
