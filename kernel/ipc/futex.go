package ipc

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// A futex is named by a word's address within a space: for private futexes the address space, for shared ones
// whatever the caller takes for the identity of the memory behind it, with an offset as address.

// FutexAny matches every bit set (FUTEX_BITSET_MATCH_ANY).
const FutexAny = ^uint32(0)

type futexKey struct {
	space unsafe.Pointer
	addr  uintptr
}

type futexWaiter struct {
	node   ds.ListNode[futexWaiter] // bucket.list; guarded by the bucket's lock
	bucket atomic.Pointer[futexBucket]
	key    futexKey // guarded by the bucket's lock
	bits   uint32
	woken  atomic.Uint32
	wait   sched.WaitQueue
}

type futexBucket struct {
	lock lock.Spin
	list ds.List[futexWaiter] // guarded by lock; in the order of arrival
}

const nFutexBuckets = 64

var (
	futexBuckets [nFutexBuckets]futexBucket
	futexCache   = mem.Cache[futexWaiter]{Name: "futex"}
)

func init() {
	for i := range futexBuckets {
		futexBuckets[i].lock.Init(lock.RankFutex)
	}
}

func (k futexKey) bucket() *futexBucket {
	const golden = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio: multiplicative hashing (Knuth, TAOCP 3 §6.4)
	h := (uint64(uintptr(k.space))>>4 + uint64(k.addr)>>2) * golden
	return &futexBuckets[h>>(64-6)]
}

// FutexWait sleeps until woken if the word at user address user holds val: EAGAIN if it does not, EFAULT, ETIMEDOUT (timeoutNS ≥ 0),
// EINTR. space and addr name the futex; for a private one addr is user.
//
// The waiter enters the bucket before it looks at the word. So a waker that changes the word afterwards finds it
// there, and no lock is held over the access to user memory, which may fault.
func FutexWait(space unsafe.Pointer, addr, user uintptr, val, bits uint32, timeoutNS int64) errno.Errno {
	if bits == 0 {
		return errno.EINVAL
	}
	deadline := deadlineIn(timeoutNS)
	w := futexCache.Alloc()
	if w == nil {
		return errno.ENOMEM
	}
	w.node.Init(w)
	w.key, w.bits = futexKey{space, addr}, bits
	b := w.key.bucket()
	b.lock.Lock()
	w.bucket.Store(b)
	b.list.PushBack(&w.node)
	b.lock.Unlock()

	var now uint32
	e := errno.OK
	if arch.CopyFromUser(unsafe.Pointer(&now), user, unsafe.Sizeof(now)) != 0 {
		e = errno.EFAULT
	} else if now != val {
		e = errno.EAGAIN
	} else {
		e = w.wait.WaitTimeout(func() bool { return w.woken.Load() != 0 }, timeLeft(deadline), true)
	}
	if !w.leave() {
		e = errno.OK // woken; perhaps just after it had given up, and the wake-up must not be lost
	}
	futexCache.Free(w)
	return e
}

// leave takes the waiter out of its bucket; false if a waker has done so. In any case the waker is through with it
// then.
func (w *futexWaiter) leave() bool {
	for {
		b := w.bucket.Load()
		if b == nil {
			sched.Yield() // between two buckets
			continue
		}
		b.lock.Lock()
		if w.bucket.Load() != b { // requeued meanwhile
			b.lock.Unlock()
			continue
		}
		in := w.node.Linked()
		if in {
			b.list.Remove(&w.node)
		}
		b.lock.Unlock()
		return in
	}
}

// wake wakes up to n waiters of a key whose bits match. The bucket is locked, and a waiter goes through that lock before
// it frees itself.
func (b *futexBucket) wake(k futexKey, n int, bits uint32) int {
	woken := 0
	for w := b.list.Front(); w != nil && woken < n; {
		next := w.node.Next()
		if w.key == k && w.bits&bits != 0 {
			b.list.Remove(&w.node)
			w.woken.Store(1)
			w.wait.WakeOne()
			woken++
		}
		w = next
	}
	return woken
}

// FutexWake wakes up to n waiters of a futex whose bits intersect with bits, and returns their number.
func FutexWake(space unsafe.Pointer, addr uintptr, n int, bits uint32) (int, errno.Errno) {
	if bits == 0 {
		return 0, errno.EINVAL
	}
	k := futexKey{space, addr}
	b := k.bucket()
	b.lock.Lock()
	n = b.wake(k, n, bits)
	b.lock.Unlock()
	return n, errno.OK
}

// A requeue goes through transit, so that no two buckets are locked at once.
var (
	requeueMutex sched.Mutex
	transit      ds.List[futexWaiter] // guarded by requeueMutex; its waiters have no bucket
)

// FutexRequeue wakes up to nWake waiters of one futex and moves up to nMove of the others to a second one
// (FUTEX_REQUEUE). It returns how many were woken, and how many moved.
func FutexRequeue(space unsafe.Pointer, addr uintptr, space2 unsafe.Pointer, addr2 uintptr, nWake, nMove int) (woken, moved int) {
	from, to := futexKey{space, addr}, futexKey{space2, addr2}
	a, b := from.bucket(), to.bucket()
	requeueMutex.Lock()
	a.lock.Lock()
	woken = a.wake(from, nWake, FutexAny)
	for w := a.list.Front(); w != nil && moved < nMove; {
		next := w.node.Next()
		if w.key == from {
			w.bucket.Store(nil)
			a.list.Remove(&w.node)
			transit.PushBack(&w.node)
			moved++
		}
		w = next
	}
	a.lock.Unlock()
	b.lock.Lock()
	for w := transit.Front(); w != nil; w = transit.Front() {
		transit.Remove(&w.node)
		b.list.PushBack(&w.node)
		w.key = to
		w.bucket.Store(b)
	}
	b.lock.Unlock()
	requeueMutex.Unlock()
	return woken, moved
}
