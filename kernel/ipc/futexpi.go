//go:build galago

package ipc

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Futexes with priority inheritance (FUTEX_LOCK_PI and its like). The word holds the owner's thread number, and marks. User mode takes and releases
// the free lock itself; when threads wait, the kernel knows the owner by a piLock, which lends it the urgency of those who wait, and which hands the
// lock to the most urgent of them when it is released.
//
// A piLock exists while somebody waits for it. Its waiters are in the word's bucket like all others; it is found through them. When its owner ends, the
// lock is anybody's (dead): one waiter is woken to take it.
//
// Lock order: bucket → sched.LockPI.

// Marks of the word beside the owner's number.
const (
	FutexWaiters   = 1 << 31
	FutexOwnerDied = 1 << 30
	FutexTIDMask   = 1<<30 - 1
)

// FutexOwner returns the thread of a number with a reference, or nil. The system-call floor sets it.
var FutexOwner func(tid int) *sched.Thread

type piLock struct {
	lock  sched.PILock
	key   FutexKey
	tid   uint32        // the owner's
	dead  bool          // the owner has ended
	owner *sched.Thread // to become the owner with the first waiter
}

// piWaiter lies on the stack of the thread that waits.
type piWaiter struct {
	futexWaiter
	place    sched.PIWaiter
	lock     *piLock // nil: not waiting for one yet (WAIT_REQUEUE_PI)
	tid      uint32
	deadTID  uint32   // the owner that ended, when it is woken for that
	target   FutexKey // WAIT_REQUEUE_PI: where it may be moved to
	deadline int64
}

// Why a waiter was woken: its flag.
const (
	piGranted = 1
	piRetry   = 2 // the owner has ended
	piFailed  = 3 // it could not be moved: EDEADLK
)

var piCache = mem.Cache[piLock]{Name: "futex_pi"}

func (w *futexWaiter) asPI() *piWaiter { return (*piWaiter)(unsafe.Pointer(w)) }

// firstPI returns the first waiter of a key; EINVAL if it does not wait for a lock with priority inheritance. The bucket is locked.
//
// +checklocks:b.lock
func (b *futexBucket) firstPI(k FutexKey) (*piWaiter, errno.Errno) {
	for w := b.list.Front(); w != nil; w = w.node.Next() {
		if w.key == k {
			if !w.pi || w.asPI().lock == nil {
				return nil, errno.EINVAL
			}
			return w.asPI(), errno.OK
		}
	}
	return nil, errno.OK
}

// swap changes the word: EFAULT, or EAGAIN if it is not what it was.
func swap(user uintptr, old, new uint32) errno.Errno {
	prev, ok := arch.CasUser32(user, old, new)
	switch {
	case !ok:
		return errno.EFAULT
	case prev != old:
		return errno.EAGAIN
	}
	return errno.OK
}

// touch brings the word's page in for writing: EFAULT.
func touch(user uintptr) errno.Errno {
	v, ok := arch.LoadUser32(user)
	if ok {
		_, ok = arch.CasUser32(user, v, v)
	}
	if !ok {
		return errno.EFAULT
	}
	return errno.OK
}

// peek is what the word said of its owner a moment ago; thread has a reference, or is nil.
type peek struct {
	tid    uint32
	thread *sched.Thread
}

// look finds the owner, for which the bucket must not be locked: EFAULT.
func (o *peek) look(user uintptr, mine uint32) errno.Errno {
	v, ok := arch.LoadUser32(user)
	if !ok {
		return errno.EFAULT
	}
	if o.tid = v & FutexTIDMask; o.tid != 0 && o.tid != mine {
		o.thread = FutexOwner(int(o.tid))
	}
	return errno.OK
}

func (o *peek) put() {
	if o.thread != nil {
		o.thread.Put()
	}
	*o = peek{}
}

// claim takes the lock for w, or finds out what it has to wait for: spare, if nobody waits yet. more marks the word as waited for even if it is taken. The bucket is
// locked. EFAULT and EAGAIN: try again; EDEADLK, ESRCH, EINVAL.
//
// +checklocks:b.lock
func (b *futexBucket) claim(f FutexWord, w *piWaiter, o *peek, more bool, spare *piLock) (*piLock, errno.Errno) {
	v, ok := arch.LoadUser32(f.User)
	if !ok {
		return nil, errno.EFAULT
	}
	owner := v & FutexTIDMask
	if owner == w.tid {
		return nil, errno.EDEADLK
	}
	first, e := b.firstPI(f.Key)
	if e != 0 {
		return nil, e
	}
	if first != nil {
		return b.claimKnown(f, v, w, first.lock)
	}
	switch {
	case owner == 0 || owner == w.deadTID:
		next := v&FutexOwnerDied | w.tid
		if owner != 0 {
			next |= FutexOwnerDied
		}
		more = more || w.deadTID != 0
		if more {
			next |= FutexWaiters
		}
		return nil, swap(f.User, v, next)
	case owner != o.tid:
		return nil, errno.EAGAIN
	case o.thread == nil:
		return nil, errno.ESRCH
	}
	if e := swap(f.User, v, v|FutexWaiters); e != 0 {
		return nil, e
	}
	*spare = piLock{key: f.Key, tid: owner, owner: o.thread}
	return spare, errno.OK
}

// claimKnown is claim of a lock that others wait for. The word holds v.
func (b *futexBucket) claimKnown(f FutexWord, v uint32, w *piWaiter, l *piLock) (*piLock, errno.Errno) {
	if l.dead {
		if e := swap(f.User, v, w.tid|FutexWaiters|FutexOwnerDied); e != 0 {
			return nil, e
		}
		sched.LockPI()
		l.dead, l.tid = false, w.tid
		l.lock.SetOwner(w.thread)
		sched.UnlockPI()
		return nil, errno.OK
	}
	if l.tid != v&FutexTIDMask {
		return nil, errno.EINVAL
	}
	if v&FutexWaiters == 0 {
		return l, swap(f.User, v, v|FutexWaiters)
	}
	return l, errno.OK
}

// join makes w wait for l. The bucket is locked. EDEADLK, EBUSY: the owner is ending.
func (l *piLock) join(w *piWaiter) errno.Errno {
	sched.LockPI()
	owner := l.owner
	l.owner = nil
	e := errno.OK
	if owner != nil && !l.lock.SetOwner(owner) {
		e = errno.EBUSY
	}
	if e == 0 {
		w.place.Data, l.lock.Data = unsafe.Pointer(w), unsafe.Pointer(l)
		if e = l.lock.Enqueue(&w.place, w.thread); e == 0 {
			w.lock = l
		} else if owner != nil {
			l.lock.SetOwner(nil)
		}
	}
	sched.UnlockPI()
	return e
}

// abandon ends w's wait, and the lock's existence with the last one. The bucket, in which w is, is locked.
//
// +checklocks:b.lock
func (b *futexBucket) abandon(w *piWaiter) {
	b.remove(&w.futexWaiter)
	l := w.lock
	if l == nil {
		return
	}
	sched.LockPI()
	w.place.Remove()
	w.lock = nil
	last := l.lock.Top() == nil
	if last {
		l.lock.SetOwner(nil)
	}
	sched.UnlockPI()
	if last {
		piCache.Free(l)
	}
}

// resume takes w out of everything and wakes its thread. The bucket is locked; w may be gone afterwards.
//
// +checklocks:b.lock
func (b *futexBucket) resume(w *piWaiter, why uint32) {
	t := w.thread
	t.Get()
	b.abandon(w)
	w.flag.Store(why)
	sched.Wake(t)
	t.Put()
}

// again judges an error of claim or join, with no lock held: OK means to try once more.
func again(e errno.Errno, user uintptr) errno.Errno {
	const ownerEnds = 100_000 // ns
	switch e {
	case errno.EFAULT:
		return touch(user)
	case errno.EAGAIN:
		return errno.OK
	case errno.EBUSY:
		sched.Sleep(ownerEnds)
		return errno.OK
	}
	return e
}

// FutexLockPI takes the lock for the running thread, whose number is tid (FUTEX_LOCK_PI); with try it does not wait (EAGAIN). EDEADLK, ESRCH: the owner does not exist, EINVAL: the
// word and the kernel disagree, ETIMEDOUT, EINTR, EFAULT, ENOMEM.
func FutexLockPI(f FutexWord, tid uint32, deadline int64, try bool) errno.Errno {
	var w piWaiter
	p := noEscape(&w)
	p.tid, p.deadline = tid, deadline
	return p.acquire(f, try)
}

func (w *piWaiter) acquire(f FutexWord, try bool) errno.Errno {
	for {
		e, more := w.attempt(f, try)
		if !more {
			return e
		}
		if e = again(e, f.User); e != 0 {
			return e
		}
	}
}

// attempt is one try; more: an error that is worth another one.
func (w *piWaiter) attempt(f FutexWord, try bool) (e errno.Errno, more bool) {
	var o peek
	if e := o.look(f.User, w.tid); e != 0 {
		return e, true
	}
	defer o.put()
	spare := piCache.Alloc()
	if spare == nil {
		return errno.ENOMEM, false
	}
	w.init(f.Key, 0)
	w.pi, w.lock = true, nil
	w.flag.Store(0)
	b := f.Key.bucket()
	b.waiting.Add(1)
	b.lock.Lock()
	l, e := b.claim(f, w, &o, false, spare)
	more = e == errno.EFAULT || e == errno.EAGAIN
	waits := false
	if e == 0 && l != nil {
		if try {
			e = errno.EAGAIN
		} else if e = l.join(w); e == 0 {
			b.push(&w.futexWaiter)
			waits = true
		}
		more = e == errno.EBUSY
	}
	b.lock.Unlock()
	if !waits || l != spare {
		piCache.Free(spare)
	}
	if !waits {
		b.waiting.Add(-1)
		return e, more
	}
	return w.await()
}

// await sleeps until the lock is w's (OK), or is to be tried again (more), or it gives up.
func (w *piWaiter) await() (e errno.Errno, more bool) {
	e = sched.SleepUntilSet(&w.flag, timeLeft(w.deadline))
	if w.flag.Load() == 0 && w.quit() {
		return e, false
	}
	switch w.flag.Load() {
	case piGranted:
		return errno.OK, false
	case piFailed:
		return errno.EDEADLK, false
	}
	return errno.EAGAIN, true
}

// quit takes w out of its bucket and its lock's queue; false if it has been woken.
func (w *piWaiter) quit() bool {
	for {
		b := w.bucket.Load()
		b.lock.Lock()
		if w.bucket.Load() != b {
			b.lock.Unlock()
			continue
		}
		in := w.node.Linked()
		if in {
			b.abandon(w)
		}
		b.lock.Unlock()
		return in
	}
}

// FutexUnlockPI releases the lock of the running thread, whose number is tid, to its most urgent waiter (FUTEX_UNLOCK_PI): EPERM, EINVAL, EFAULT.
func FutexUnlockPI(f FutexWord, tid uint32) errno.Errno {
	b := f.Key.bucket()
	for {
		e := errno.EFAULT
		v, ok := arch.LoadUser32(f.User)
		if ok {
			if v&FutexTIDMask != tid {
				return errno.EPERM
			}
			b.lock.Lock()
			e = b.unlockPI(f.User, v, f.Key, tid)
			b.lock.Unlock()
		}
		if e != errno.EFAULT && e != errno.EAGAIN {
			return e
		}
		if e = again(e, f.User); e != 0 {
			return e
		}
	}
}

// unlockPI hands the lock, whose word holds v, over. The bucket is locked.
//
// +checklocks:b.lock
func (b *futexBucket) unlockPI(user uintptr, v uint32, k FutexKey, tid uint32) errno.Errno {
	first, e := b.firstPI(k)
	if e != 0 {
		return e
	}
	if first == nil {
		return swap(user, v, 0)
	}
	l := first.lock
	if l.dead || l.tid != tid {
		return errno.EINVAL
	}
	sched.LockPI()
	top := (*piWaiter)(l.lock.Top().Data)
	sched.UnlockPI()
	if e := swap(user, v, top.tid|FutexWaiters); e != 0 {
		return e
	}
	b.hand(l, top)
	return errno.OK
}

// hand makes a waiter the owner. The bucket is locked.
//
// +checklocks:b.lock
func (b *futexBucket) hand(l *piLock, top *piWaiter) {
	sched.LockPI()
	l.tid = top.tid
	top.place.Remove()
	top.lock = nil
	last := l.lock.Top() == nil
	if last {
		l.lock.SetOwner(nil)
	} else {
		l.lock.SetOwner(top.thread)
	}
	sched.UnlockPI()
	if last {
		piCache.Free(l)
	}
	b.resume(top, piGranted)
}

// FutexOwnerLeaves frees the locks that t owns and others wait for: t is the running thread, and ends, or with exec leaves its memory.
func FutexOwnerLeaves(t *sched.Thread, ends bool) {
	for {
		sched.LockPI()
		pl := t.HeldPI(ends)
		if pl == nil {
			sched.UnlockPI()
			return
		}
		k := (*piLock)(pl.Data).key
		sched.UnlockPI()
		b := k.bucket()
		b.lock.Lock()
		if first, _ := b.firstPI(k); first != nil {
			b.ownerLeaves(first.lock, t)
		}
		b.lock.Unlock()
	}
}

// ownerLeaves wakes the most urgent waiter of a lock that t owns, to take it. The bucket is locked.
//
// +checklocks:b.lock
func (b *futexBucket) ownerLeaves(l *piLock, t *sched.Thread) {
	sched.LockPI()
	if l.lock.Owner() != t {
		sched.UnlockPI()
		return
	}
	l.lock.SetOwner(nil)
	l.dead = true
	top := (*piWaiter)(l.lock.Top().Data)
	sched.UnlockPI()
	top.deadTID = l.tid
	b.resume(top, piRetry)
}
