//go:build galago

package proc

import (
	"galago/kernel/sched"
)

// Stopping and continuing of thread groups (job control), and what it shares with the stops of traced threads (ptrace.go).
//
// A stop signal taken by one thread is a stop of the group: every thread gets a pending stop, which it enters on its way to user mode; the
// last one to do so completes the group's stop, and the parent is told. SIGCONT ends it. A traced thread takes part in group stops too,
// but stays there for its tracer, which alone lets it go on.
//
// All is guarded by Process.sig.lock; completing and ending a stop, of which parents are told, also by table.lock.

// jobState is a thread's part.
type jobState struct {
	bits uint32
	sig  uint8 // that made the pending stop
}

const (
	jobDequeued    = 1 << iota // a stop signal was taken and no SIGCONT came since
	jobStopPending             // is to enter the group's stop
	jobCount                   // counts for the completion of the group's stop
	jobTrapStop                // a traced thread is to stop for its tracer
	jobTrapNotify              // a seized thread is to tell its tracer that something changed
	jobListening               // PTRACE_LISTEN: stopped, but its tracer hears of events
	jobStopped                 // sleeps in a group stop
	jobTraced                  // sleeps in a stop for its tracer
	jobExiting                 // takes no more signals
	jobAttaching               // PTRACE_ATTACH: goes over from a group stop to a traced stop
	jobDying                   // its last stop, before it ends: only SIGKILL makes it go on
	jobFrozen                  // its tracer looks at it: it must not go on, not even to die

	jobPending = jobStopPending | jobTrapStop | jobTrapNotify
)

// groupStop is a process's part.
type groupStop struct {
	count int  // threads that have yet to stop
	sig   int  // the signal that stops
	done  bool // all have stopped
}

// active tells whether the group has stopped or is about to. p.sig.lock is held.
func (g *groupStop) active() bool { return g.done || g.count > 0 }

// halt waits while the bits say that the thread sleeps; only SIGKILL or the end of the process wakes it otherwise.
func (t *Task) halt(bits uint32) {
	p := t.Proc
	for {
		sched.PrepareSleep(sched.Killable)
		p.sig.lock.Lock()
		job, killed := t.sig.job.bits, t.killed()
		p.sig.lock.Unlock()
		if job&jobFrozen == 0 && (job&bits == 0 || killed || job&jobDying == 0 && t.doomed()) {
			break
		}
		sched.Schedule()
	}
	sched.CancelSleep()
	p.sig.lock.Lock()
	t.sig.job.bits &^= bits
	p.sig.lock.Unlock()
}

// beginStop gives every thread a pending stop, unless the process is ending or a SIGCONT came in between. table.lock and p.sig.lock are held.
//
// +checklocks:table.lock
// +checklocks:p.sig.lock
func (p *Process) beginStop(me *Task, sig int) bool {
	if me.sig.job.bits&jobDequeued == 0 || p.exiting.Load() != 0 || p.execer.Load() != nil {
		return false
	}
	if !p.sig.stop.done {
		p.sig.stop.sig = sig
	}
	p.sig.stop.count = 0
	for t := p.tasks.Front(); t != nil; t = t.node.Next() {
		j := &t.sig.job
		if t != me && j.bits&jobStopped != 0 || j.bits&jobExiting != 0 || t.killed() {
			continue
		}
		j.sig = uint8(sig)
		j.bits = j.bits&^jobDequeued | jobStopPending | jobCount
		p.sig.stop.count++
		switch {
		case t == me:
		case t.seized():
			t.trapNotify()
		default:
			t.setWork(workSignal)
			t.interrupt(false)
		}
	}
	me.sig.job.bits |= jobDequeued
	return true
}

// killed tells whether a SIGKILL waits for the thread. p.sig.lock is held.
//
// +checklocks:t.Proc.sig.lock
func (t *Task) killed() bool { return (t.sig.pending.set | t.Proc.sig.shared.set).Has(SIGKILL) }

// participate ends the thread's pending stop; it reports whether that completes the group's. p.sig.lock is held.
//
// +checklocks:t.Proc.sig.lock
func (t *Task) participate() bool {
	g := &t.Proc.sig.stop
	counts := t.sig.job.bits&jobCount != 0
	t.sig.job.bits &^= jobStopPending | jobCount | jobDequeued
	if !counts {
		return false
	}
	if g.count > 0 {
		g.count--
	}
	if g.count == 0 && !g.done {
		g.done = true
		return true
	}
	return false
}

// enterStop is the running thread's way through a group stop: begun by sig, or a pending one if sig is 0. It reports false when there
// is none (any more), or when the thread is traced and has to stop for its tracer instead.
func (t *Task) enterStop(sig int) bool {
	p := t.Proc
	table.lock.Lock()
	p.sig.lock.Lock()
	j := &t.sig.job
	if j.bits&jobStopPending == 0 && (sig == 0 || !p.beginStop(t, sig)) {
		p.sig.lock.Unlock()
		table.lock.Unlock()
		return false
	}
	if t.traced() {
		j.bits |= jobTrapStop
		p.sig.lock.Unlock()
		table.lock.Unlock()
		return false
	}
	complete := t.participate()
	j.bits |= jobStopped
	p.sig.lock.Unlock()
	if complete {
		p.stopComplete()
	}
	table.lock.Unlock()
	t.halt(jobStopped)
	return true
}

// stopComplete records a stop for wait(2) and tells the parent. table.lock is held.
//
// +checklocks:table.lock
func (p *Process) stopComplete() {
	p.stopped, p.reported, p.contd = true, false, false
	p.status = p.sig.stop.sig<<8 | 0x7f
	p.tellParent(CLD_STOPPED, p.sig.stop.sig)
}

// resume is SIGCONT's effect, whatever its disposition. table.lock and p.sig.lock are held.
//
// +checklocks:table.lock
// +checklocks:p.sig.lock
func (p *Process) resume() {
	for t := p.tasks.Front(); t != nil; t = t.node.Next() {
		t.sig.job.bits &^= jobStopPending | jobCount | jobDequeued
		if t.seized() {
			t.trapNotify()
		} else {
			t.wakeStopped()
		}
	}
	g := &p.sig.stop
	was, pending := g.done, g.count > 0
	g.done, g.count = false, 0
	if !was && !pending {
		return
	}
	p.stopped = false
	// The parent's signal lock is another process's: let go of ours, which table.lock protects meanwhile from whoever sends.
	p.sig.lock.Unlock()
	if was {
		p.contd = true
		p.tellParent(CLD_CONTINUED, SIGCONT)
	} else {
		p.tellParent(CLD_STOPPED, g.sig) // it never was complete, but it happened
	}
	p.sig.lock.Lock()
}

// wakeStopped lets a thread out of the group's stop. p.sig.lock is held.
//
// +checklocks:t.Proc.sig.lock
func (t *Task) wakeStopped() {
	if t.sig.job.bits&jobStopped != 0 {
		t.sig.job.bits &^= jobStopped
		sched.Wake(t.Thread)
	}
}

// endStops lets all threads go to die of SIGKILL. table.lock and p.sig.lock are held.
//
// +checklocks:table.lock
// +checklocks:p.sig.lock
func (p *Process) endStops() {
	for t := p.tasks.Front(); t != nil; t = t.node.Next() {
		t.sig.job.bits &^= jobStopPending | jobCount | jobDequeued
		t.wakeStopped()
	}
	p.sig.stop.done, p.sig.stop.count = false, 0
	p.stopped = false
}

// joinStop makes a new thread take part in a stop of its group. table.lock and p.sig.lock are held.
//
// +checklocks:table.lock
// +checklocks:t.Proc.sig.lock
func (t *Task) joinStop(creator *Task) {
	p := t.Proc
	switch {
	case creator.sig.job.bits&jobStopPending != 0:
		t.sig.job.sig = creator.sig.job.sig
		t.sig.job.bits |= jobStopPending | jobCount
		p.sig.stop.count++
	case p.sig.stop.done:
		t.sig.job.sig = uint8(p.sig.stop.sig)
		t.sig.job.bits |= jobStopPending
	default:
		return
	}
	t.setWork(workSignal)
}

// leaveSignals takes a thread that ends out of all that concerns its process's signals: others take what it leaves, and a group's
// stop no longer waits for it. table.lock is held.
//
// +checklocks:table.lock
func (t *Task) leaveSignals() {
	p := t.Proc
	p.sig.lock.Lock()
	complete := t.sig.job.bits&jobStopPending != 0 && t.participate()
	t.sig.job.bits |= jobExiting
	if left := p.sig.shared.set &^ t.sig.blocked; left != 0 && p.exiting.Load() == 0 {
		p.retarget(t, left)
	}
	if p.sig.next == t {
		p.sig.next = nil
	}
	p.sig.lock.Unlock()
	if complete {
		p.stopComplete()
	}
}

// tellParent reports a stop or continuation. table.lock is held, no signal lock is.
//
// +checklocks:table.lock
func (p *Process) tellParent(code int32, sig int) {
	parent := p.parent
	if parent == nil {
		return
	}
	if a := &parent.sig.actions[SIGCHLD]; a.Flags&SA_NOCLDSTOP == 0 && a.Handler != SigIgn {
		info := Siginfo{Signo: SIGCHLD, Code: code, Status: int32(sig)}
		info.setSender(p.PID, p.cred.UID)
		p.childTimes(&info)
		parent.send(SIGCHLD, &info)
	}
	parent.childWait.WakeAll()
}

// childTimes fills in si_utime and si_stime, in clock ticks.
func (p *Process) childTimes(info *Siginfo) {
	info.UTime, info.STime = int64(p.Times.User/clockTick), int64(p.Times.Sys/clockTick)
}
