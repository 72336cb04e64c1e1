//go:build galago

package ipc

import (
	"galago/arch"
	"galago/kernel/errno"
)

// Condition variables over locks with priority inheritance: a thread waits for one word (FUTEX_WAIT_REQUEUE_PI), and who signals moves it to
// the lock (FUTEX_CMP_REQUEUE_PI), which it owns when it wakes.

// FutexWaitRequeuePI sleeps for a word as FutexWait does, to wake as the owner of target: EAGAIN, ETIMEDOUT, EINTR (only before it was moved), EFAULT,
// EINVAL, EDEADLK.
func FutexWaitRequeuePI(f FutexWord, val, bits uint32, target FutexWord, tid uint32, deadline int64) errno.Errno {
	if bits == 0 || f.Key == target.Key {
		return errno.EINVAL
	}
	var w piWaiter
	p := noEscape(&w)
	p.tid, p.deadline, p.target = tid, deadline, target.Key
	p.init(f.Key, bits)
	p.pi = true
	b := f.Key.bucket()
	b.waiting.Add(1)
	if e := b.holds(f.User, val); e != 0 {
		b.waiting.Add(-1)
		return e
	}
	b.push(&p.futexWaiter)
	b.lock.Unlock()
	e, more := p.await()
	if more {
		return p.acquire(target, false)
	}
	if e == errno.EINTR && p.key == target.Key {
		e = errno.EAGAIN // the wait for the word is over: it cannot begin anew
	}
	return e
}

// FutexRequeuePI moves up to nMove + 1 threads that wait in FutexWaitRequeuePI to the lock that they want, if the first word holds val. If the
// lock is free the first of them gets it at once. It returns the number of threads: EAGAIN, EFAULT, EINVAL, EDEADLK, ESRCH, ENOMEM.
func FutexRequeuePI(from, to FutexWord, nMove int, val uint32) (int, errno.Errno) {
	if nMove < 0 || from.Key == to.Key {
		return 0, errno.EINVAL
	}
	spare := piCache.Alloc()
	if spare == nil {
		return 0, errno.ENOMEM
	}
	r := requeuePI{from: from, to: to, left: nMove + 1, spare: spare}
	for {
		e, more := r.attempt(val)
		if more && again(e, to.User) == errno.OK {
			continue
		}
		if r.spare != nil {
			piCache.Free(r.spare)
		}
		if r.done > 0 {
			e = errno.OK
		}
		return r.done, e
	}
}

// requeuePI is one such call.
type requeuePI struct {
	from, to   FutexWord
	left, done int
	spare      *piLock // until it is used
	owner      peek    // of the lock
}

func (r *requeuePI) attempt(val uint32) (e errno.Errno, more bool) {
	if e := r.owner.look(r.to.User, 0); e != 0 {
		return e, true
	}
	defer r.owner.put()
	a, b := r.from.Key.bucket(), r.to.Key.bucket()
	for {
		lockTwo(a, b)
		now, ok := arch.LoadUser32(r.from.User)
		if ok && now == val {
			break
		}
		unlockTwo(a, b)
		if ok {
			return errno.EAGAIN, false
		}
		if _, ok = arch.LoadUser32(r.from.User); !ok {
			return errno.EFAULT, false
		}
	}
	for w := a.list.Front(); w != nil && r.left > 0 && e == 0; {
		next := w.node.Next()
		if w.key == r.from.Key {
			if !w.pi || w.asPI().lock != nil || w.asPI().target != r.to.Key {
				e = errno.EINVAL
			} else if e = r.move(a, b, w.asPI()); e == 0 {
				r.left--
				r.done++
			}
		}
		w = next
	}
	unlockTwo(a, b)
	return e, e == errno.EFAULT || e == errno.EAGAIN || e == errno.EBUSY
}

// move gives the lock to w or makes it wait for it. Both buckets are locked.
//
// +checklocks:b.lock
func (r *requeuePI) move(a, b *futexBucket, w *piWaiter) errno.Errno {
	l, e := b.claim(r.to, w, &r.owner, r.left > 1, r.spare)
	if e != 0 {
		return e
	}
	if l == nil {
		r.owner.put()
		w.thread.Get()
		r.owner = peek{w.tid, w.thread}
		a.resume(w, piGranted)
		return errno.OK
	}
	if e := l.join(w); e != 0 {
		return e
	}
	if l == r.spare {
		r.spare = nil
	}
	a.moveTo(b, &w.futexWaiter, r.to.Key)
	return errno.OK
}
