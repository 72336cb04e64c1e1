//go:build galago

package proc

import (
	"galago/arch"
	"sync/atomic"
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Signal numbers (signal(7), x86).
const (
	SIGHUP    = 1
	SIGINT    = 2
	SIGQUIT   = 3
	SIGILL    = 4
	SIGTRAP   = 5
	SIGABRT   = 6
	SIGBUS    = 7
	SIGFPE    = 8
	SIGKILL   = 9
	SIGUSR1   = 10
	SIGSEGV   = 11
	SIGUSR2   = 12
	SIGPIPE   = 13
	SIGALRM   = 14
	SIGTERM   = 15
	SIGSTKFLT = 16
	SIGCHLD   = 17
	SIGCONT   = 18
	SIGSTOP   = 19
	SIGTSTP   = 20
	SIGTTIN   = 21
	SIGTTOU   = 22
	SIGURG    = 23
	SIGXCPU   = 24
	SIGXFSZ   = 25
	SIGVTALRM = 26
	SIGPROF   = 27
	SIGWINCH  = 28
	SIGIO     = 29
	SIGPWR    = 30
	SIGSYS    = 31
	SIGRTMIN  = 32
	NSIG      = 64
)

// SigSet is a set of signals: bit n-1 is signal n.
type SigSet uint64

func bitOf(sig int) SigSet { return 1 << uint(sig-1) }

// Has reports whether sig is in the set.
func (s SigSet) Has(sig int) bool { return s&bitOf(sig) != 0 }

const (
	unblockable = SigSet(1<<(SIGKILL-1) | 1<<(SIGSTOP-1))
	stopSet     = SigSet(1<<(SIGSTOP-1) | 1<<(SIGTSTP-1) | 1<<(SIGTTIN-1) | 1<<(SIGTTOU-1))
	// synchronous signals are delivered first, as the fault they report is where the program stands.
	synchronous = SigSet(1<<(SIGSEGV-1) | 1<<(SIGBUS-1) | 1<<(SIGILL-1) | 1<<(SIGTRAP-1) | 1<<(SIGFPE-1) | 1<<(SIGSYS-1))
)

// Action is a signal's disposition: struct kernel_sigaction of x86-64.
type Action struct {
	Handler  uintptr
	Flags    uint64
	Restorer uintptr
	Mask     SigSet
}

// Handler values and action flags.
const (
	SigDfl = 0
	SigIgn = 1

	SA_NOCLDSTOP = 1
	SA_NOCLDWAIT = 2
	SA_SIGINFO   = 4
	SA_RESTORER  = 0x04000000
	SA_ONSTACK   = 0x08000000
	SA_RESTART   = 0x10000000
	SA_NODEFER   = 0x40000000
	SA_RESETHAND = 0x80000000
)

// Siginfo codes.
const (
	SI_USER       = 0
	SI_KERNEL     = 0x80
	SI_QUEUE      = -1
	SI_TIMER      = -2
	SI_TKILL      = -6
	SEGV_MAPERR   = 1
	SEGV_ACCERR   = 2
	BUS_ADRALN    = 1
	BUS_ADRERR    = 2
	FPE_INTDIV    = 1
	FPE_FLTDIV    = 3
	FPE_FLTOVF    = 4
	FPE_FLTUND    = 5
	FPE_FLTRES    = 6
	FPE_FLTINV    = 7
	ILL_ILLOPN    = 2
	TRAP_BRKPT    = 1
	TRAP_TRACE    = 2
	CLD_EXITED    = 1
	CLD_KILLED    = 2
	CLD_DUMPED    = 3
	CLD_STOPPED   = 5
	CLD_CONTINUED = 6
)

// Siginfo is siginfo_t as user space sees it: 128 bytes, of which the union's first words are used.
type Siginfo struct {
	Signo, Errno, Code int32
	_                  int32
	// Union: PID and UID (kill, SIGCHLD) share the first word with an address (faults) or a timer.
	Word0  uint64 // pid | uid<<32, or the fault's address
	Status int32  // SIGCHLD; low half of a queued value
	High   int32
	UTime  int64
	STime  int64
	_      [80]byte
}

func (s *Siginfo) setSender(pid int, uid uint32) { s.Word0 = uint64(uint32(pid)) | uint64(uid)<<32 }

// queued is a pending signal with its information.
type queued struct {
	next *queued
	info Siginfo
}

var queuedCache = mem.Cache[queued]{Name: "sigqueue"}

// pending is a set of signals that wait for delivery. Signals below SIGRTMIN are there at most once.
type pending struct {
	set         SigSet
	first, last *queued
}

func (p *pending) add(sig int, info *Siginfo) errno.Errno {
	if sig < SIGRTMIN && p.set.Has(sig) {
		return errno.OK
	}
	if info != nil {
		if q := queuedCache.Alloc(); q != nil {
			q.info = *info
			if p.last == nil {
				p.first = q
			} else {
				p.last.next = q
			}
			p.last = q
		} else if sig >= SIGRTMIN && info.Code < 0 {
			return errno.EAGAIN
		}
	}
	p.set |= bitOf(sig)
	return errno.OK
}

// take removes one instance of sig and fills info.
func (p *pending) take(sig int, info *Siginfo) {
	*info = Siginfo{Signo: int32(sig), Code: SI_USER}
	more, found := false, false
	var before *queued
	for q := p.first; q != nil; {
		next := q.next
		if q.info.Signo == int32(sig) {
			if found {
				more = true
				break
			}
			found = true
			*info = q.info
			if before == nil {
				p.first = next
			} else {
				before.next = next
			}
			if p.last == q {
				p.last = before
			}
			queuedCache.Free(q)
		} else {
			before = q
		}
		q = next
	}
	if !more {
		p.set &^= bitOf(sig)
	}
}

// discard removes all instances of the signals in set.
func (p *pending) discard(set SigSet) {
	p.set &^= set
	var before *queued
	for q := p.first; q != nil; {
		next := q.next
		if set.Has(int(q.info.Signo)) {
			if before == nil {
				p.first = next
			} else {
				before.next = next
			}
			if p.last == q {
				p.last = before
			}
			queuedCache.Free(q)
		} else {
			before = q
		}
		q = next
	}
}

// signals is a process's signal state. lock guards all of it and the taskSignals of its tasks.
type signals struct {
	lock    lock.Spin
	actions [NSIG + 1]Action
	shared  pending
}

// taskSignals is a thread's. Guarded by Process.sig.lock; blocked is written by the task itself only, under the
// lock, so it may read it without.
type taskSignals struct {
	pending   pending
	blocked   SigSet
	restore   SigSet // mask to go back to after sigsuspend, valid when restoring
	restoring bool
	altStack  AltStack
}

// AltStack is stack_t.
type AltStack struct {
	SP    uintptr
	Flags int32
	_     int32
	Size  uintptr
}

// Alternate stack flags.
const (
	SS_ONSTACK    = 1
	SS_DISABLE    = 2
	SS_AUTODISARM = -1 << 31
	MinSigStack   = 2048
)

// Bits of ThreadHeader.Work.
const (
	workSignal  = 1 << 0
	workRestore = 1 << 1
)

// setWork raises a bit of a thread's work word; the thread sees it before it returns to user mode.
func (t *Task) setWork(bit uint32) {
	(*atomic.Uint32)(unsafe.Pointer(&t.Thread.Work)).Or(bit)
}

func (t *Task) clearWork(bit uint32) {
	(*atomic.Uint32)(unsafe.Pointer(&t.Thread.Work)).And(^bit)
}

// ignored reports whether the disposition of sig discards it. p.sig.lock is held.
func (p *Process) ignored(sig int) bool {
	switch p.sig.actions[sig].Handler {
	case SigIgn:
		return true
	case SigDfl:
		return defaultOf(sig) == defIgnore
	}
	return false
}

type defaultAction uint8

const (
	defTerminate defaultAction = iota
	defCore
	defIgnore
	defStop
	defContinue
)

// defaultOf is signal(7)'s table of default dispositions.
func defaultOf(sig int) defaultAction {
	switch sig {
	case SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS:
		return defCore
	case SIGCHLD, SIGURG, SIGWINCH:
		return defIgnore
	case SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU:
		return defStop
	case SIGCONT:
		return defContinue
	}
	return defTerminate
}

// Send makes sig pending for a process and wakes a thread that can take it. table.lock is held or p is referenced and
// alive; a zombie takes no signals.
func (p *Process) Send(sig int, info *Siginfo) errno.Errno {
	table.lock.Lock()
	e := p.send(sig, info)
	table.lock.Unlock()
	return e
}

// send is Send with table.lock held.
func (p *Process) send(sig int, info *Siginfo) errno.Errno {
	if p.state != Alive {
		return errno.OK
	}
	if sig == SIGCONT || sig == SIGKILL {
		p.resume()
	}
	p.sig.lock.Lock()
	defer p.sig.lock.Unlock()
	p.cancelOpposites(sig)
	if p.PID == 1 && p.sig.actions[sig].Handler == SigDfl && sig != SIGCHLD {
		return errno.OK // init takes only what it asked for
	}
	if p.ignored(sig) && !p.blockedEverywhere(sig) {
		return errno.OK
	}
	if e := p.sig.shared.add(sig, info); e != 0 {
		return e
	}
	p.wakeFor(sig)
	return errno.OK
}

// sendTask makes sig pending for one thread. table.lock is held.
func (t *Task) sendTask(sig int, info *Siginfo) errno.Errno {
	p := t.Proc
	if p.state != Alive {
		return errno.OK
	}
	if sig == SIGCONT || sig == SIGKILL {
		p.resume()
	}
	p.sig.lock.Lock()
	defer p.sig.lock.Unlock()
	p.cancelOpposites(sig)
	if p.ignored(sig) && !t.sig.blocked.Has(sig) {
		return errno.OK
	}
	if e := t.sig.pending.add(sig, info); e != 0 {
		return e
	}
	t.notify(sig)
	return errno.OK
}

// cancelOpposites discards pending stops when the process is continued and the reverse, whatever the dispositions.
func (p *Process) cancelOpposites(sig int) {
	switch {
	case stopSet.Has(sig):
		p.discardAll(bitOf(SIGCONT))
	case sig == SIGCONT:
		p.discardAll(stopSet)
	}
}

func (p *Process) discardAll(set SigSet) {
	p.sig.shared.discard(set)
	for t := p.tasks.Front(); t != nil; t = t.node.Next() {
		t.sig.pending.discard(set)
	}
}

func (p *Process) blockedEverywhere(sig int) bool {
	for t := p.tasks.Front(); t != nil; t = t.node.Next() {
		if !t.sig.blocked.Has(sig) {
			return false
		}
	}
	return true
}

// wakeFor notifies a thread that does not block sig; for SIGKILL all of them.
func (p *Process) wakeFor(sig int) {
	for t := p.tasks.Front(); t != nil; t = t.node.Next() {
		if sig == SIGKILL || !t.sig.blocked.Has(sig) {
			t.notify(sig)
			if sig != SIGKILL {
				return
			}
		}
	}
}

// notify makes the thread look at its signals: out of an interruptible sleep, or out of user mode.
func (t *Task) notify(sig int) {
	if t.sig.blocked.Has(sig) && !unblockable.Has(sig) {
		return
	}
	t.setWork(workSignal)
	t.interrupt(sig == SIGKILL)
}

// interrupt gets the thread out of an interruptible sleep (with fatal also a killable one), or, if it runs on another CPU,
// into the kernel, where it looks at its work on the way back.
func (t *Task) interrupt(fatal bool) {
	mask := sched.Interruptible
	if fatal {
		mask |= sched.Killable
	}
	if sched.Interrupt(t.Thread, mask) || t.Thread == sched.Current() {
		return
	}
	if cpu := int(t.Thread.CPU); sched.RunningOn(cpu) == t.Thread && cpu != arch.CPUID() {
		arch.SendReschedule(cpu)
	}
}

// recalc sets or clears the work bit after a change of mask or pending sets. p.sig.lock is held.
func (t *Task) recalc() {
	if (t.sig.pending.set|t.Proc.sig.shared.set)&^t.sig.blocked != 0 {
		t.setWork(workSignal)
	} else {
		t.clearWork(workSignal)
	}
}

// SignalPending is the scheduler's hook: does a signal end the thread's interruptible sleep?
func SignalPending(th *sched.Thread) bool { return th.Proc != nil && th.Work&workSignal != 0 }

// FatalPending is the hook for killable sleeps: only SIGKILL or the end of the process.
func FatalPending(th *sched.Thread) bool {
	t := (*Task)(th.Proc)
	if t == nil || th.Work&workSignal == 0 {
		return false
	}
	return (t.sig.pending.set | t.Proc.sig.shared.set).Has(SIGKILL) || t.doomed()
}

// mayKill is kill(2)'s permission rule.
func mayKill(c *cred.Cred, p *Process, sig int, session *Session) bool {
	target := p.BorrowCred()
	defer target.Put()
	if c.Capable(cred.Kill) || c.EUID == target.UID || c.EUID == target.SUID || c.UID == target.UID || c.UID == target.SUID {
		return true
	}
	return sig == SIGCONT && p.group != nil && p.group.Session == session
}

// Kill is kill(2) by the running task: pid > 0 one process, 0 the own group, -1 everybody but init and oneself,
// below -1 a group.
func (t *Task) Kill(pid, sig int) errno.Errno {
	if sig < 0 || sig > NSIG {
		return errno.EINVAL
	}
	info := Siginfo{Signo: int32(sig), Code: SI_USER}
	c := t.Cred()
	info.setSender(t.Proc.PID, c.UID)
	table.lock.Lock()
	defer table.lock.Unlock()
	k := killer{c: c, sig: sig, info: &info, session: t.Proc.group.Session, result: errno.ESRCH}
	switch {
	case pid > 0:
		if pid < MaxPID && table.procs[pid] != nil {
			k.one(table.procs[pid])
		}
	case pid == -1:
		for n := 2; n < MaxPID; n++ {
			if p := table.procs[n]; p != nil && p != t.Proc {
				k.one(p)
			}
		}
	default:
		id := -pid
		if pid == 0 {
			id = t.Proc.group.ID
		}
		if id > 0 && id < MaxPID && table.groups[id] != nil {
			g := table.groups[id]
			for p := g.members.Front(); p != nil; p = p.inGroup.Next() {
				k.one(p)
			}
		}
	}
	return k.result
}

// killer sends one signal to several processes: success if any could be signalled.
type killer struct {
	c       *cred.Cred
	sig     int
	info    *Siginfo
	session *Session
	result  errno.Errno
}

func (k *killer) one(p *Process) {
	if !mayKill(k.c, p, k.sig, k.session) {
		if k.result == errno.ESRCH {
			k.result = errno.EPERM
		}
		return
	}
	e := errno.OK
	if k.sig != 0 {
		e = p.send(k.sig, k.info)
	}
	if k.result != errno.OK {
		k.result = e
	}
}

// SignalGroup sends a signal of the kernel's own (terminal keys, hang-up) to a process group.
func SignalGroup(id, sig int) {
	info := Siginfo{Signo: int32(sig), Code: SI_KERNEL}
	table.lock.Lock()
	if id > 0 && id < MaxPID && table.groups[id] != nil {
		g := table.groups[id]
		for p := g.members.Front(); p != nil; p = p.inGroup.Next() {
			p.send(sig, &info)
		}
	}
	table.lock.Unlock()
}

// Force delivers a fault's signal to the running thread: it cannot be blocked or ignored away.
func (t *Task) Force(sig int, info *Siginfo) {
	p := t.Proc
	p.sig.lock.Lock()
	a := &p.sig.actions[sig]
	if t.sig.blocked.Has(sig) || a.Handler == SigIgn {
		a.Handler = SigDfl
		t.sig.blocked &^= bitOf(sig)
	}
	t.sig.pending.add(sig, info)
	t.setWork(workSignal)
	p.sig.lock.Unlock()
}

// BrokenPipe sends the running thread SIGPIPE.
func BrokenPipe() {
	t := Current()
	if t == nil {
		return
	}
	info := Siginfo{Signo: SIGPIPE, Code: SI_USER}
	info.setSender(t.Proc.PID, t.Cred().UID)
	table.lock.Lock()
	t.sendTask(SIGPIPE, &info)
	table.lock.Unlock()
}
