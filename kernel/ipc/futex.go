package ipc

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/sched"
)

// Futexes: threads sleep in the kernel for a word of user memory (futex(2); H. Franke et al., Fuss, Futexes and Furwocks, OLS 2002).
//
// A futex is named by a key. The word's waiters are in the bucket that the key hashes to. Whether a word still holds
// what a waiter expects is judged under the bucket's lock, and a waker changes the word before it takes that lock, so no wake-up is lost. User
// memory is only touched with faults off there: if the page is absent, the lock is given up, the page brought in, and all done again.

// FutexAny matches every bit set (FUTEX_BITSET_MATCH_ANY).
const FutexAny = ^uint32(0)

// FutexKey names a futex: an address space or an object of shared memory, and an address or offset within it, whose lowest two bits
// are a FutexKind.
type FutexKey struct {
	Space uintptr
	Addr  uintptr
}

// Kinds of keys, to be added to the address.
const (
	FutexPrivate = 0 // FUTEX_PRIVATE_FLAG was given: Space is the address space
	FutexLocal   = 1 // not given, but the memory is private
	FutexShared  = 2 // Space identifies an object, Addr is the offset in it
)

// FutexWord is a futex and the user address by which the caller reaches it.
type FutexWord struct {
	Key  FutexKey
	User uintptr
}

// futexWaiter lies on the stack of the thread that waits. Once woken is set its waker does not touch it again.
type futexWaiter struct {
	node   ds.ListNode[futexWaiter]    // bucket.list; guarded by the bucket's lock
	bucket atomic.Pointer[futexBucket] // changes under the locks of both
	key    FutexKey                    // guarded by the bucket's lock
	bits   uint32
	pi     bool           // waits for a lock with priority inheritance, or is to be moved to one
	woken  *atomic.Uint32 // flag, or that of a FutexWaitV
	thread *sched.Thread
	flag   atomic.Uint32
}

type futexBucket struct {
	lock    lock.Spin
	waiting atomic.Int32         // waiters, and those about to be: looked at without the lock
	list    ds.List[futexWaiter] // guarded by lock; in the order of arrival
	_       [32]byte             // a cache line of its own
}

const (
	futexBits     = 10
	nFutexBuckets = 1 << futexBits
)

var futexBuckets [nFutexBuckets]futexBucket

func init() {
	for i := range futexBuckets {
		futexBuckets[i].lock.Init(lock.RankFutex)
	}
}

func (k FutexKey) bucket() *futexBucket {
	const golden = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio: multiplicative hashing (Knuth, TAOCP 3 §6.4)
	h := (uint64(k.Space)>>4 + uint64(k.Addr)) * golden
	return &futexBuckets[h>>(64-futexBits)]
}

// lockTwo locks two buckets, which may be the same, in the order of their addresses.
//
// +checklocksacquire:a.lock
func lockTwo(a, b *futexBucket) {
	if uintptr(unsafe.Pointer(a)) > uintptr(unsafe.Pointer(b)) {
		a, b = b, a
	}
	a.lock.Lock()
	if a != b {
		b.lock.Lock()
	}
}

// +checklocksrelease:a.lock
func unlockTwo(a, b *futexBucket) {
	if a != b {
		b.lock.Unlock()
	}
	a.lock.Unlock()
}

// holds locks the bucket and judges the word: it returns with the lock held if the word is val, else EAGAIN or EFAULT.
//
// +checklocksacquire:b.lock
func (b *futexBucket) holds(user uintptr, val uint32) errno.Errno {
	for {
		b.lock.Lock()
		now, ok := arch.LoadUser32(user)
		if ok && now == val {
			return errno.OK
		}
		b.lock.Unlock()
		if ok {
			return errno.EAGAIN
		}
		if _, ok = arch.LoadUser32(user); !ok {
			return errno.EFAULT
		}
	}
}

// FutexWait sleeps until woken if the word holds val: EAGAIN if it does not, EINVAL without bits, EFAULT, ETIMEDOUT (at deadline,
// if it is ≥ 0, of the monotonic clock), EINTR.
func FutexWait(f FutexWord, val, bits uint32, deadline int64) errno.Errno {
	if bits == 0 {
		return errno.EINVAL
	}
	var w futexWaiter
	return noEscape(&w).sleep(f, val, bits, deadline)
}

func (w *futexWaiter) sleep(f FutexWord, val, bits uint32, deadline int64) errno.Errno {
	w.init(f.Key, bits)
	b := f.Key.bucket()
	b.waiting.Add(1) // a fence: whoever changes the word later sees it
	if e := b.holds(f.User, val); e != 0 {
		b.waiting.Add(-1)
		return e
	}
	b.push(w)
	b.lock.Unlock()
	e := sched.SleepUntilSet(&w.flag, timeLeft(deadline))
	if w.flag.Load() != 0 || !w.leave() {
		return errno.OK // woken; perhaps just after it had given up, and the wake-up must not be lost
	}
	return e
}

func (w *futexWaiter) init(k FutexKey, bits uint32) {
	w.node.Init(w)
	w.key, w.bits = k, bits
	w.thread = sched.Current()
	w.woken = &w.flag
}

// push enters a waiter, which b.waiting has counted. The bucket is locked.
//
// +checklocks:b.lock
func (b *futexBucket) push(w *futexWaiter) {
	w.bucket.Store(b)
	b.list.PushBack(&w.node)
}

// remove takes a waiter out. The bucket is locked.
//
// +checklocks:b.lock
func (b *futexBucket) remove(w *futexWaiter) {
	b.list.Remove(&w.node)
	b.waiting.Add(-1)
}

// leave takes the waiter out of its bucket; false if a waker has done so. In any case the waker is through with it
// then.
func (w *futexWaiter) leave() bool {
	for {
		b := w.bucket.Load()
		b.lock.Lock()
		if w.bucket.Load() != b { // requeued meanwhile
			b.lock.Unlock()
			continue
		}
		in := w.node.Linked()
		if in {
			b.remove(w)
		}
		b.lock.Unlock()
		return in
	}
}

// release takes a waiter out and wakes its thread. The bucket is locked; the waiter may be gone afterwards.
//
// +checklocks:b.lock
func (b *futexBucket) release(w *futexWaiter) {
	t := w.thread
	t.Get()
	b.remove(w)
	w.woken.Store(1)
	sched.Wake(t)
	t.Put()
}

// wake wakes up to n waiters of a key whose bits match; EINVAL if one of them waits for a lock with priority inheritance, which only
// the lock's own operations end. The bucket is locked.
//
// +checklocks:b.lock
func (b *futexBucket) wake(k FutexKey, n int, bits uint32) (woken int, e errno.Errno) {
	for w := b.list.Front(); w != nil && woken < n; {
		next := w.node.Next()
		if w.key == k {
			if w.pi {
				return woken, errno.EINVAL
			}
			if w.bits&bits != 0 {
				b.release(w)
				woken++
			}
		}
		w = next
	}
	return woken, errno.OK
}

// FutexWake wakes up to n waiters of a futex whose bits intersect with bits, at least one if there is any, and returns their number.
func FutexWake(k FutexKey, n int, bits uint32) (int, errno.Errno) {
	if bits == 0 {
		return 0, errno.EINVAL
	}
	b := k.bucket()
	arch.Mb() // the caller's change of the word comes before the look at the bucket
	if b.waiting.Load() == 0 {
		return 0, errno.OK
	}
	b.lock.Lock()
	n, e := b.wake(k, max(n, 1), bits)
	b.lock.Unlock()
	return n, e
}

// FutexRequeue wakes up to nWake waiters of one futex and moves up to nMove of the others to a second one (FUTEX_REQUEUE); with
// compare only if the first word holds val, else EAGAIN. It returns how many were woken, and how many moved. EFAULT, EINVAL.
func FutexRequeue(from FutexWord, to FutexKey, nWake, nMove int, compare bool, val uint32) (woken, moved int, e errno.Errno) {
	if nWake < 0 || nMove < 0 {
		return 0, 0, errno.EINVAL
	}
	a, b := from.Key.bucket(), to.bucket()
	for {
		lockTwo(a, b)
		if !compare {
			break
		}
		now, ok := arch.LoadUser32(from.User)
		if ok && now == val {
			break
		}
		unlockTwo(a, b)
		if ok {
			return 0, 0, errno.EAGAIN
		}
		if _, ok = arch.LoadUser32(from.User); !ok {
			return 0, 0, errno.EFAULT
		}
	}
	for w := a.list.Front(); w != nil && (woken < nWake || moved < nMove); {
		next := w.node.Next()
		if w.key == from.Key {
			if w.pi {
				e = errno.EINVAL
				break
			}
			if woken < nWake {
				a.release(w)
				woken++
			} else {
				a.moveTo(b, w, to)
				moved++
			}
		}
		w = next
	}
	unlockTwo(a, b)
	return woken, moved, e
}

// moveTo moves a waiter to another key's bucket. Both are locked.
//
// +checklocks:b.lock
func (a *futexBucket) moveTo(b *futexBucket, w *futexWaiter, to FutexKey) {
	w.key = to
	if a == b {
		return
	}
	a.remove(w)
	b.waiting.Add(1)
	b.push(w)
}
