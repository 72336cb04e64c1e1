//go:build galago

package proc

import (
	"sync/atomic"

	"galago/kernel/errno"
	"galago/kernel/mem"
)

// Pending signals. Each thread and each process has a set, and a queue of siginfo records in order of arrival. A standard signal
// is pending at most once; real-time signals queue up, as many as RLIMIT_SIGPENDING allows the receiving user.

// queued is a pending signal with its information.
type queued struct {
	next  *queued
	info  Siginfo
	count *atomic.Int64 // the user's count of queued signals, which this one is part of
	owner *Reserved     // whose entry it is; nil: from queuedCache
}

var queuedCache = mem.Cache[queued]{Name: "sigqueue"}

// Reserved is a queue entry that its owner keeps: a timer, which must be able to send its signal when memory is short, and whose signal
// is pending at most once.
type Reserved struct {
	entry  queued
	queued bool // guarded by the receiving process's signal lock
	// OnTake, if set, is called when the signal is taken for delivery, with the signal lock held: it returns si_overrun.
	OnTake func(r *Reserved) int32
}

// sigCounts are the numbers of queued signals of each user. Users whose numbers agree in their low ten bits share a count.
var sigCounts [1024]atomic.Int64

// sigCount is the count of the process's user.
func (p *Process) sigCount() *atomic.Int64 {
	p.limitsMu.Lock()
	uid := p.cred.UID
	p.limitsMu.Unlock()
	return &sigCounts[uid%uint32(len(sigCounts))]
}

// pending is a set of signals that wait for delivery, with their records.
type pending struct {
	set         SigSet
	first, last *queued
}

// push appends an entry.
func (p *pending) push(q *queued) {
	q.next = nil
	if p.last == nil {
		p.first = q
	} else {
		p.last.next = q
	}
	p.last = q
	p.set |= bitOf(int(q.info.Signo))
}

// unlink takes q, which follows before (nil: it is the first), off the list.
func (p *pending) unlink(before, q *queued) {
	if before == nil {
		p.first = q.next
	} else {
		before.next = q.next
	}
	if p.last == q {
		p.last = before
	}
}

// release gives an entry back.
func (q *queued) release() {
	if q.owner != nil {
		q.owner.queued = false
		return
	}
	q.count.Add(-1)
	queuedCache.Free(q)
}

// add makes a signal pending; limit is the user's RLIMIT_SIGPENDING. EAGAIN: a real-time signal with a value that cannot be queued.
// Other signals become pending without their information then.
func (p *pending) add(info *Siginfo, count *atomic.Int64, limit uint64) errno.Errno {
	sig := int(info.Signo)
	if p.set.Has(sig) && sig < SIGRTMIN {
		return errno.OK
	}
	n := count.Add(1)
	if uint64(n) <= limit || sig < SIGRTMIN && info.Code >= 0 {
		if q := queuedCache.Alloc(); q != nil {
			q.info, q.count = *info, count
			p.push(q)
			return errno.OK
		}
	}
	count.Add(-1)
	if sig >= SIGRTMIN && info.Code != SI_USER {
		return errno.EAGAIN
	}
	p.set |= bitOf(sig)
	return errno.OK
}

// take removes one instance of sig and fills info.
func (p *pending) take(sig int, info *Siginfo) {
	var before, found, foundAfter *queued
	for q := p.first; q != nil; q = q.next {
		if q.info.Signo == int32(sig) {
			if found != nil {
				foundAfter = q // another one stays pending
				break
			}
			found = q // a standard signal may have another entry too, a timer's
		} else if found == nil {
			before = q
		}
	}
	if foundAfter == nil {
		p.set &^= bitOf(sig)
	}
	if found == nil {
		*info = Siginfo{Signo: int32(sig), Code: SI_USER}
		return
	}
	p.unlink(before, found)
	*info = found.info
	owner := found.owner
	found.release()
	if owner != nil && owner.OnTake != nil {
		info.SetTimer(int32(info.Word0), owner.OnTake(owner))
	}
}

// discard removes all instances of the signals in set.
func (p *pending) discard(set SigSet) {
	if p.set&set == 0 {
		return
	}
	p.set &^= set
	var before *queued
	for q := p.first; q != nil; {
		next := q.next
		if set.Has(int(q.info.Signo)) {
			p.unlink(before, q)
			q.release()
		} else {
			before = q
		}
		q = next
	}
}

// remove takes a reserved entry out of the queue, if it is in it.
func (p *pending) remove(r *Reserved) bool {
	var before *queued
	more := false
	found := false
	for q := p.first; q != nil; q = q.next {
		switch {
		case q == &r.entry:
			p.unlink(before, q)
			found = true
			continue
		case q.info.Signo == r.entry.info.Signo:
			more = true
		}
		before = q
	}
	if found {
		r.queued = false
		if !more {
			p.set &^= bitOf(int(r.entry.info.Signo))
		}
	}
	return found
}
