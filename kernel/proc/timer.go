//go:build galago

package proc

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/time"
)

// Interval timers of processes: timer_create(2) and setitimer(2). A timer counts on one of four clocks. For the wall clock and the monotonic one the kernel's
// own timer goes off when it is due. The CPU clocks are looked at, no earlier than they can be due if all threads run, and not more often than
// every millisecond. A signal is sent from a deferred call; the timer's own queue entry is pending at most once, and expiries meanwhile count
// as overruns.
//
// Lock order: Process.timerLock is a leaf but for the kernel's timers; signals are sent without it.

// TimerClock is what a timer counts on.
type TimerClock uint8

// The clocks.
const (
	TimerMono   TimerClock = iota // time since boot
	TimerWall                     // the wall clock
	TimerCPU                      // CPU time of the process, user and kernel
	TimerUser                     // of that, user time
	TimerThread                   // CPU time of the thread Timer.TID
)

const (
	cpuStep   = time.Millisecond
	soonest   = 20 * time.Microsecond // the shortest time to the next expiry that is waited for
	crowded   = time.Millisecond      // the same while the signal is pending
	maxTimers = 1 << 16
)

// Timer is a timer of a process.
type Timer struct {
	ID     int32
	Signo  int32      // 0: none is sent
	TID    int32      // the thread that gets the signal, or whose time counts; 0: the process
	Plain  bool       // of setitimer: an ordinary signal, and no overruns
	Clock  TimerClock // of a relative setting
	Thread bool       // the signal is for the thread TID
	Value  uint64     // sigev_value

	node ds.ListNode[Timer] // Process.timers
	proc *Process
	refs atomic.Int32 // the owner's, and the deferred call's
	dpc  sched.DPC
	res  Reserved
	over atomic.Int32 // expiries since the signal was queued
	last atomic.Int32 // the overrun count of the last signal taken

	// Guarded by Process.timerLock.
	clock    TimerClock // of the setting in force
	due      uint64     // 0: disarmed
	interval uint64
	gone     bool
	tm       time.Timer
	watch    time.WallWatch
}

var timerCache = mem.Cache[Timer]{Name: "posix_timer"}

// newTimer makes a disarmed timer that is in no list.
func (p *Process) newTimer() *Timer {
	t := timerCache.Alloc()
	if t == nil {
		return nil
	}
	p.Get()
	t.proc = p
	t.refs.Store(1)
	t.node.Init(t)
	t.tm.Func, t.tm.Arg = timerGoesOff, unsafe.Pointer(t)
	t.dpc.Func, t.dpc.Arg = timerExpires, unsafe.Pointer(t)
	t.watch.Func = timerClockSet
	t.res.OnTake = func(r *Reserved) int32 {
		t := (*Timer)(unsafe.Add(unsafe.Pointer(r), -int(unsafe.Offsetof(Timer{}.res))))
		n := t.over.Swap(0)
		t.last.Store(n)
		return n
	}
	return t
}

func (t *Timer) put() {
	if t.refs.Add(-1) == 0 {
		p := t.proc
		timerCache.Free(t)
		p.Put()
	}
}

// timerGoesOff runs in the timer interrupt.
func timerGoesOff(tm *time.Timer) {
	t := (*Timer)(tm.Arg)
	t.refs.Add(1)
	if !sched.QueueDPC(&t.dpc) {
		t.refs.Add(-1) // queued with a reference of its own
	}
}

// timerClockSet runs when the wall clock is set.
func timerClockSet(w *time.WallWatch) {
	t := (*Timer)(unsafe.Add(unsafe.Pointer(w), -int(unsafe.Offsetof(Timer{}.watch))))
	now := t.now(TimerWall)
	t.proc.timerLock.Lock()
	t.start(now, soonest)
	t.proc.timerLock.Unlock()
}

// now reads a clock. timerLock is not held.
func (t *Timer) now(c TimerClock) uint64 {
	switch c {
	case TimerMono:
		return time.Now()
	case TimerWall:
		return uint64(time.WallNow())
	case TimerThread:
		return t.proc.threadTime(int(t.TID))
	}
	user, sys := t.proc.CPUTime()
	if c == TimerUser {
		return user
	}
	return user + sys
}

// threadTime returns the CPU time of a thread of the process, 0 if it has ended.
func (p *Process) threadTime(tid int) uint64 {
	table.lock.Lock()
	defer table.lock.Unlock()
	o := table.tasks[tid].Load()
	if o == nil || o.Proc != p {
		return 0
	}
	user, sys := o.CPUTime()
	return user + sys
}

// start sets the kernel's timer for the next expiry, no sooner than least ns from now; now is the time of t's clock. timerLock is held.
//
// +checklocks:t.proc.timerLock
func (t *Timer) start(now, least uint64) {
	if t.due == 0 || t.gone {
		return
	}
	left := uint64(0)
	if t.due > now {
		left = t.due - now
	}
	if t.clock >= TimerCPU {
		threads := uint64(1)
		if t.clock != TimerThread {
			threads = uint64(max(t.proc.nTasks, 1))
		}
		left, least = left/threads, cpuStep
	}
	at := time.Now() + max(left, least)
	if int64(at) < 0 {
		return // beyond the end of time
	}
	t.tm.Start(at)
}

// timerExpires is the deferred call: it counts the expiries and sends the signal.
func timerExpires(d *sched.DPC) {
	t := (*Timer)(d.Arg)
	p := t.proc
	p.timerLock.Lock()
	clock := t.clock
	p.timerLock.Unlock()
	now := t.now(clock)
	p.timerLock.Lock()
	n := uint64(0)
	if t.clock == clock && t.due != 0 && !t.gone {
		if now >= t.due {
			if n = 1; t.interval == 0 {
				t.due = 0
			} else {
				n = (now-t.due)/t.interval + 1
				t.due += n * t.interval
			}
		}
		least := uint64(soonest)
		if t.res.queued {
			least = crowded
		}
		t.start(now, least)
	}
	send := n > 0 && t.Signo != 0 && !t.gone
	p.timerLock.Unlock()
	if send {
		t.send(n)
		p.timerLock.Lock()
		gone := t.gone
		p.timerLock.Unlock()
		if gone { // whoever removed it may have recalled its signal before it was sent
			p.Recall(&t.res)
		}
	}
	t.put()
}

// send makes the signal pending after n expiries.
func (t *Timer) send(n uint64) {
	p := t.proc
	if t.Plain {
		info := Siginfo{Signo: t.Signo, Code: SI_KERNEL}
		p.Send(int(t.Signo), &info)
		return
	}
	info := Siginfo{Signo: t.Signo, Code: SI_TIMER, Word0: uint64(uint32(t.ID)), Status: int32(t.Value), High: int32(t.Value >> 32)}
	var to *Task
	if t.Thread {
		table.lock.Lock()
		if to = table.tasks[t.TID].Load(); to != nil && to.Proc != p {
			to = nil
		}
		if to == nil {
			table.lock.Unlock()
			return
		}
		defer table.lock.Unlock()
		if !p.sendReserved(&t.res, to, &info) {
			n++
		}
	} else if !p.SendReserved(&t.res, nil, &info) {
		n++
	}
	t.over.Add(int32(min(n-1, 1<<30)))
}

// Setting is what timer_settime(2) sets: the time to the next expiry, 0 when disarmed, and the interval, in ns.
type Setting struct{ Left, Interval uint64 }

// setting returns the setting in force; now is the time of t's clock. timerLock is held.
//
// +checklocks:t.proc.timerLock
func (t *Timer) setting(now uint64) (s Setting) {
	if t.due == 0 {
		return s
	}
	s = Setting{Left: 1, Interval: t.interval}
	if t.due > now {
		s.Left = t.due - now
	} else if t.interval > 0 {
		s.Left = t.interval - (now-t.due)%t.interval
	}
	return s
}

// Get returns the setting. The caller holds the timer (FindTimer).
func (t *Timer) Get() Setting {
	p := t.proc
	p.timerLock.Lock()
	clock := t.clock
	p.timerLock.Unlock()
	now := t.now(clock)
	p.timerLock.Lock()
	defer p.timerLock.Unlock()
	return t.setting(now)
}

// Set arms the timer: value is a time from now, or with absolute a time of the clock; 0 disarms it. It returns the setting before.
func (t *Timer) Set(value, interval uint64, absolute bool) (old Setting) {
	old = t.Get()
	p := t.proc
	t.watch.Unwatch()
	clock := t.Clock
	if clock == TimerWall && !absolute {
		clock = TimerMono // setting the clock does not change how long it is
	}
	now := t.now(clock)
	p.Recall(&t.res)
	p.timerLock.Lock()
	t.tm.Cancel()
	t.clock, t.due, t.interval = clock, value, interval
	if value != 0 && !absolute {
		if t.due += now; int64(t.due) < 0 {
			t.due = 1<<63 - 1
		}
	}
	t.over.Store(0)
	t.last.Store(0)
	t.start(now, 1)
	p.timerLock.Unlock()
	if clock == TimerWall && value != 0 {
		t.watch.Watch()
	}
	return old
}

// Overrun is timer_getoverrun(2).
func (t *Timer) Overrun() int { return int(t.last.Load()) }

// remove takes the timer out of service.
func (t *Timer) remove() {
	p := t.proc
	t.watch.Unwatch()
	p.timerLock.Lock()
	t.gone, t.due = true, 0
	p.timerLock.Unlock()
	t.tm.Stop()
	p.Recall(&t.res)
	t.put()
}

// NewTimer makes a timer as like says and gives it a number: EAGAIN.
func (p *Process) NewTimer(like *Timer) (*Timer, errno.Errno) {
	t := p.newTimer()
	if t == nil {
		return nil, errno.EAGAIN
	}
	t.Signo, t.TID, t.Clock, t.Thread, t.Value = like.Signo, like.TID, like.Clock, like.Thread, like.Value
	t.clock = t.Clock
	p.timerLock.Lock()
	if p.timers.Len() >= maxTimers {
		p.timerLock.Unlock()
		t.put()
		return nil, errno.EAGAIN
	}
	t.ID = p.nextTimer
	p.nextTimer = (p.nextTimer + 1) & (1<<31 - 1)
	p.timers.PushBack(&t.node)
	p.timerLock.Unlock()
	return t, errno.OK
}

// FindTimer returns a timer with a reference for PutTimer, or nil.
func (p *Process) FindTimer(id int32) *Timer {
	p.timerLock.Lock()
	defer p.timerLock.Unlock()
	for t := p.timers.Back(); t != nil; t = t.node.Prev() {
		if t.ID == id {
			t.refs.Add(1)
			return t
		}
	}
	return nil
}

// PutTimer ends the use of a timer from FindTimer.
func (p *Process) PutTimer(t *Timer) { t.put() }

// DeleteTimer is timer_delete(2): EINVAL.
func (p *Process) DeleteTimer(id int32) errno.Errno {
	p.timerLock.Lock()
	t := p.timers.Back()
	for t != nil && t.ID != id {
		t = t.node.Prev()
	}
	if t != nil {
		p.timers.Remove(&t.node)
	}
	p.timerLock.Unlock()
	if t == nil {
		return errno.EINVAL
	}
	t.remove()
	return errno.OK
}

// deleteTimers removes all timers of timer_create, at exec; with all, at the end, those of setitimer too.
func (p *Process) deleteTimers(all bool) {
	for {
		p.timerLock.Lock()
		t := p.timers.Front()
		if t != nil {
			p.timers.Remove(&t.node)
		}
		p.timerLock.Unlock()
		if t == nil {
			break
		}
		t.remove()
	}
	p.nextTimer = 0
	for i := range p.itimers {
		if all && p.itimers[i] != nil {
			p.itimers[i].remove()
			p.itimers[i] = nil
		}
	}
}

// NITimers is the number of timers of setitimer(2), by their which.
const NITimers = 3

// ITimer returns the timer of setitimer(2) of a kind, made at the first call: EINVAL, ENOMEM. It stays as long as the process.
func (p *Process) ITimer(which int) (*Timer, errno.Errno) {
	if which < 0 || which >= NITimers {
		return nil, errno.EINVAL
	}
	p.timerLock.Lock()
	t := p.itimers[which]
	p.timerLock.Unlock()
	if t != nil {
		return t, errno.OK
	}
	fresh := p.newTimer()
	if fresh == nil {
		return nil, errno.ENOMEM
	}
	fresh.Plain = true
	fresh.Clock = [NITimers]TimerClock{TimerMono, TimerUser, TimerCPU}[which]
	fresh.clock = fresh.Clock
	fresh.Signo = [NITimers]int32{SIGALRM, SIGVTALRM, SIGPROF}[which]
	p.timerLock.Lock()
	if t = p.itimers[which]; t == nil {
		t, fresh, p.itimers[which] = fresh, nil, fresh
	}
	p.timerLock.Unlock()
	if fresh != nil {
		fresh.put()
	}
	return t, errno.OK
}

const lockRankTimers = lock.RankProcMisc

// HasThread tells whether a thread belongs to the process.
func (p *Process) HasThread(tid int) bool {
	if tid <= 0 || tid >= MaxPID {
		return false
	}
	table.lock.Lock()
	o := table.tasks[tid].Load()
	table.lock.Unlock()
	return o != nil && o.Proc == p
}

// ClockOf returns the CPU time of a process (0: the own), or of a thread of the running process: EINVAL.
func (t *Task) ClockOf(id int, thread, userOnly bool) (ns uint64, e errno.Errno) {
	table.lock.Lock()
	defer table.lock.Unlock()
	var user, sys uint64
	switch {
	case id < 0 || id >= MaxPID:
		return 0, errno.EINVAL
	case thread:
		o := t
		if id != 0 {
			o = table.tasks[id].Load()
		}
		if o == nil || o.Proc != t.Proc {
			return 0, errno.EINVAL
		}
		user, sys = o.CPUTime()
	default:
		p := t.Proc
		if id != 0 {
			p = table.procs[id]
		}
		if p == nil {
			return 0, errno.EINVAL
		}
		u := p.times()
		user, sys = u.User, u.Sys
	}
	if userOnly {
		return user, errno.OK
	}
	return user + sys, errno.OK
}
