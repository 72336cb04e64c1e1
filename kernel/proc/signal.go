//go:build galago

package proc

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/lock"
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

	saExposeTagBits = 0x800 // accepted: addresses have no tags on x86
	saKnown         = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_RESTORER | SA_ONSTACK | SA_RESTART | SA_NODEFER |
		SA_RESETHAND | saExposeTagBits
)

// Siginfo codes (sigaction(2)).
const (
	SI_USER       = 0
	SI_KERNEL     = 0x80
	SI_QUEUE      = -1
	SI_TIMER      = -2
	SI_MESGQ      = -3
	SI_ASYNCIO    = -4
	SI_SIGIO      = -5
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
	TRAP_HWBKPT   = 4
	CLD_EXITED    = 1
	CLD_KILLED    = 2
	CLD_DUMPED    = 3
	CLD_TRAPPED   = 4
	CLD_STOPPED   = 5
	CLD_CONTINUED = 6
)

// Siginfo is what the kernel keeps of a siginfo_t: its first 48 bytes, all that any signal uses. User space sees SiginfoSize bytes,
// the rest zero.
type Siginfo struct {
	Signo, Errno, Code int32
	Pad                int32
	// The union's words. PID and UID (kill, SIGCHLD) share the first with an address (faults), a timer, and a band (SIGIO).
	Word0  uint64 // pid | uid<<32, or the fault's address, or timer | overrun<<32, or band
	Status int32  // SIGCHLD; low half of a queued value; SIGIO's descriptor
	High   int32
	UTime  int64
	STime  int64
}

// SiginfoSize is sizeof(siginfo_t).
const SiginfoSize = 128

func (s *Siginfo) setSender(pid int, uid uint32) { s.Word0 = uint64(uint32(pid)) | uint64(uid)<<32 }

// SetSender sets si_pid and si_uid.
func (s *Siginfo) SetSender(pid int, uid uint32) { s.setSender(pid, uid) }

// SetTimer sets si_timerid and si_overrun.
func (s *Siginfo) SetTimer(id, overrun int32) {
	s.Word0 = uint64(uint32(id)) | uint64(uint32(overrun))<<32
}

// SetValue sets si_value.
func (s *Siginfo) SetValue(v uint64) { s.Status, s.High = int32(v), int32(v>>32) }

// Value is si_value.
func (s *Siginfo) Value() uint64 { return uint64(uint32(s.Status)) | uint64(uint32(s.High))<<32 }

// CopyOut writes the siginfo_t to user memory; false: it cannot be written.
func (s *Siginfo) CopyOut(user uintptr) bool {
	const n = unsafe.Sizeof(*s)
	return arch.UserRange(user, SiginfoSize) && arch.CopyToUser(user, unsafe.Pointer(s), n) == 0 &&
		arch.ZeroUser(user+n, SiginfoSize-n) == 0
}

// signals is a process's signal state. lock guards all of it and the taskSignals of its tasks.
type signals struct {
	lock    lock.Spin
	actions [NSIG + 1]Action
	shared  pending
	next    *Task     // where the search for a thread to take a signal begins; only compared, never followed
	watch   *sigWatch // whom signalfds tell of new signals; made when the first one waits
	stop    groupStop
}

// taskSignals is a thread's. Guarded by Process.sig.lock; blocked is written by the task itself only, under the
// lock, so it may read it without.
type taskSignals struct {
	pending   pending
	blocked   SigSet
	real      SigSet // blocked as sigtimedwait found it, while it waits; else 0
	restore   SigSet // mask to go back to after sigsuspend, valid when restoring
	restoring bool
	altStack  AltStack
	job       jobState
	again     RestartBlock
	// The last exception of user mode that became a signal: sigcontext shows it.
	trapNo, trapErr, cr2 uint64
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
	workIRET    = 1 << 3 // the registers are not as a system call leaves them
	workRSeq    = 1 << 2 // the restartable sequence, if it is in one, is to begin again
	// workActivation: a scheduler activation that slept comes back.
	workActivation = 1 << 4
)

// setWork raises a bit of a thread's work word; the thread sees it before it returns to user mode.
func (t *Task) setWork(bit uint32) {
	(*atomic.Uint32)(unsafe.Pointer(&t.Thread.Work)).Or(bit)
}

func (t *Task) clearWork(bit uint32) {
	(*atomic.Uint32)(unsafe.Pointer(&t.Thread.Work)).And(^bit)
}

// ignored reports whether the disposition of sig discards it. p.sig.lock is held.
//
// +checklocks:p.sig.lock
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

const (
	coreSet = SigSet(1<<(SIGQUIT-1) | 1<<(SIGILL-1) | 1<<(SIGTRAP-1) | 1<<(SIGABRT-1) | 1<<(SIGBUS-1) | 1<<(SIGFPE-1) |
		1<<(SIGSEGV-1) | 1<<(SIGXCPU-1) | 1<<(SIGXFSZ-1) | 1<<(SIGSYS-1))
	ignoreSet = SigSet(1<<(SIGCHLD-1) | 1<<(SIGURG-1) | 1<<(SIGWINCH-1))
)

// defaultOf is signal(7)'s table of default dispositions.
func defaultOf(sig int) defaultAction {
	switch {
	case coreSet.Has(sig):
		return defCore
	case ignoreSet.Has(sig):
		return defIgnore
	case stopSet.Has(sig):
		return defStop
	case sig == SIGCONT:
		return defContinue
	}
	return defTerminate
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
	if t.Thread == sched.Current() {
		return
	}
	mask := sched.Interruptible
	if fatal {
		mask |= sched.Killable
	}
	if sched.Interrupt(t.Thread, mask) {
		return
	}
	if cpu := int(t.Thread.CPU); sched.RunningOn(cpu) == t.Thread && cpu != arch.CPUID() {
		arch.SendReschedule(cpu)
	}
}

// recalc sets or clears the work bit after a change of mask or pending sets. p.sig.lock is held. Whoever dooms the thread says so first and sets the bit
// second, without the lock, and so does AddWork: so the bit is cleared first and the doom and the work are looked at second.
//
// +checklocks:t.Proc.sig.lock
func (t *Task) recalc() {
	if t.Thread.Work&workSignal != 0 {
		t.clearWork(workSignal)
	}
	if (t.sig.pending.set|t.Proc.sig.shared.set)&^t.sig.blocked != 0 || t.sig.job.bits&jobPending != 0 || t.doomed() || t.HasWork() {
		t.setWork(workSignal)
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
