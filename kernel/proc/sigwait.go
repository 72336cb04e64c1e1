//go:build galago

package proc

import (
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// takeOf takes a pending signal of set, whether blocked or not; 0: none. p.sig.lock is held.
//
// +checklocks:t.Proc.sig.lock
func (t *Task) takeOf(set SigSet, info *Siginfo) int {
	if sig := (t.sig.pending.set & set).lowest(); sig != 0 {
		t.sig.pending.take(sig, info)
		return sig
	}
	if sig := (t.Proc.sig.shared.set & set).lowest(); sig != 0 {
		t.Proc.sig.shared.take(sig, info)
		return sig
	}
	return 0
}

// WaitSignal is rt_sigtimedwait(2): it takes a signal of set, waiting at most ns nanoseconds (negative: for ever). EAGAIN after that time;
// EINTR for any other signal, and for a stop.
func (t *Task) WaitSignal(set SigSet, ns int64, info *Siginfo) (int, errno.Errno) {
	set &^= unblockable
	p := t.Proc
	p.sig.lock.Lock()
	sig := t.takeOf(set, info)
	if sig != 0 || ns == 0 {
		t.recalc()
		p.sig.lock.Unlock()
		if sig == 0 {
			return 0, errno.EAGAIN
		}
		return sig, errno.OK
	}
	// While it waits it does not block what it waits for, so that these signals wake it; none is delivered before it is back.
	t.sig.real = t.sig.blocked
	t.sig.blocked &^= set
	t.recalc()
	p.sig.lock.Unlock()
	e := t.pause.WaitTimeout(func() bool { return false }, ns, true)
	p.sig.lock.Lock()
	m := t.sig.real
	t.sig.real = 0
	sig = t.takeOf(set, info)
	t.setBlocked(m)
	p.sig.lock.Unlock()
	switch {
	case sig != 0:
		return sig, errno.OK
	case e == errno.ETIMEDOUT:
		return 0, errno.EAGAIN
	}
	return 0, errno.EINTR
}

// sigWatch is the queue on which signalfds wait for signals of a process and its threads. It outlives the process while a
// signalfd that was polled on its behalf is open: epoll instances may still refer to it.
type sigWatch struct {
	refs  int // guarded by watchLock
	queue sched.WaitQueue
}

var (
	watchCache = mem.Cache[sigWatch]{Name: "sigwatch"}
	watchLock  = lock.Spin{Rank: lock.RankProcMisc}
)

// signalWatch returns the process's watch, made at the first call, or nil without memory.
func (p *Process) signalWatch() *sigWatch {
	p.sig.lock.Lock()
	w := p.sig.watch
	p.sig.lock.Unlock()
	if w != nil {
		return w
	}
	fresh := watchCache.Alloc()
	if fresh == nil {
		return nil
	}
	fresh.refs = 1
	p.sig.lock.Lock()
	if w = p.sig.watch; w == nil {
		w, p.sig.watch, fresh = fresh, fresh, nil
	}
	p.sig.lock.Unlock()
	if fresh != nil {
		watchCache.Free(fresh)
	}
	return w
}

// put gives up a reference.
func (w *sigWatch) put() {
	watchLock.Lock()
	w.refs--
	last := w.refs == 0
	watchLock.Unlock()
	if last {
		watchCache.Free(w)
	}
}

func (w *sigWatch) get() {
	watchLock.Lock()
	w.refs++
	watchLock.Unlock()
}

// announce tells signalfds of a signal that became pending. p.sig.lock is held.
//
// +checklocks:p.sig.lock
func (p *Process) announce(sig int) {
	if w := p.sig.watch; w != nil {
		w.queue.WakeAll()
	}
}
