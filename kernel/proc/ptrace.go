//go:build galago

package proc

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Tracing of threads by other threads: ptrace(2). This file is who traces whom, and the stops of a traced thread; ptracecall.go the requests,
// ptraceregs.go the registers.
//
// A traced thread (tracee) stops at events: a signal about to be delivered, entry and exit of system calls, fork, exec. In a stop it sleeps with
// jobTraced set until its tracer resumes it, or SIGKILL comes. The tracer learns of a stop by SIGCHLD and wait(2).
//
// Who traces whom changes under table.lock; so does what a stop leaves for wait. The rest of tracing belongs to the tracee while it runs and to
// the tracer while it is stopped: a request sets jobFrozen for its duration, so that the tracee does not even die.

// tracing is a thread's side as a tracee, and its list of tracees.
type tracing struct {
	tracer  atomic.Pointer[Task] // nil: not traced
	node    ds.ListNode[Task]    // in tracer's tracees
	tracees ds.List[Task]
	dead    *deadTracee // ended tracees that wait has yet to report

	seized  bool
	options uint32

	code    int // of the stop, as wait shows it; the tracer's resume leaves the signal here
	report  bool
	info    Siginfo
	hasInfo bool
	message uint64
	call    uint8 // what kind of system-call stop it is

	calls  bool // stop at system calls (PTRACE_SYSCALL)
	step   bool // trap after an instruction (PTRACE_SINGLESTEP)
	forced bool // the trap flag in the registers is for step
	debug  [8]uint64
}

// deadTracee is the end of a tracee that its tracer has yet to be told of; a zombie of its own when it was not the last of its process.
type deadTracee struct {
	next   *deadTracee
	tid    int
	status int
	ready  bool     // the process of a first thread has ended too
	proc   *Process // whose parent is told afterwards; nil for other threads. A reference
	tracer *Task
	group  int
	uid    uint32
}

var deadCache = mem.Cache[deadTracee]{Name: "dead_tracee"}

// Bits of ThreadHeader.Trace.
const (
	TraceCalls  = 1 << iota // stops at system calls
	TraceStep               // single-steps
	traceDebug              // has debug registers in use
	TraceFilter             // has a system-call filter
)

// Events and options of ptrace(2).
const (
	eventFork      = 1
	eventVfork     = 2
	eventClone     = 3
	eventExec      = 4
	eventVforkDone = 5
	eventExit      = 6
	eventSeccomp   = 7
	eventStop      = 128

	optSysGood  = 1
	optExitKill = 1 << 20
	optMask     = 0xff | optExitKill // those of events 1 to 7 are 1<<event
)

// Kinds of system-call stops (struct ptrace_syscall_info).
const (
	callNone  = 0
	callEntry = 1
	callExit  = 2
)

func (t *Task) traced() bool { return t.trace.tracer.Load() != nil }
func (t *Task) seized() bool { return t.traced() && t.trace.seized }

func (t *Task) wantsEvent(event int) bool { return t.traced() && t.trace.options&(1<<event) != 0 }

func (t *Task) setTrace(bit uint32, on bool) {
	w := (*atomic.Uint32)(unsafe.Pointer(&t.Thread.Trace))
	if on {
		w.Or(bit)
	} else {
		w.And(^bit)
	}
}

// attach makes tracer the tracer of t. table.lock is held.
//
// +checklocks:table.lock
func (t *Task) attach(tracer *Task, seize bool, options uint32) {
	x := &t.trace
	x.seized, x.options = seize, options
	x.calls, x.step, x.report, x.message, x.call = false, false, false, 0, callNone
	x.node.Init(t)
	tracer.trace.tracees.PushBack(&x.node)
	x.tracer.Store(tracer)
}

// detach ends tracing: the thread goes on, into its group's stop if there is one. table.lock is held.
//
// +checklocks:table.lock
func (t *Task) detach() {
	x := &t.trace
	x.tracer.Load().trace.tracees.Remove(&x.node)
	x.tracer.Store(nil)
	x.report = false
	x.calls = false
	t.stopStepping()
	t.setTrace(TraceCalls|TraceStep, false)
	p := t.Proc
	p.sig.lock.Lock()
	j := &t.sig.job
	j.bits &^= jobTrapStop | jobTrapNotify | jobListening | jobAttaching
	if j.bits&jobExiting == 0 && p.sig.stop.active() {
		j.sig = uint8(p.sig.stop.sig)
		j.bits |= jobStopPending
	}
	if j.bits&jobStopPending != 0 {
		t.setWork(workSignal)
	}
	t.letGo()
	p.sig.lock.Unlock()
}

// letGo ends a traced stop. p.sig.lock is held.
//
// +checklocks:t.Proc.sig.lock
func (t *Task) letGo() {
	t.sig.job.bits &^= jobTraced
	sched.Wake(t.Thread)
}

// trapNotify has a seized thread tell its tracer that its group's stop began or ended. p.sig.lock is held.
//
// +checklocks:t.Proc.sig.lock
func (t *Task) trapNotify() {
	t.sig.job.bits |= jobTrapNotify
	t.setWork(workSignal)
	if t.sig.job.bits&jobListening != 0 {
		t.sig.job.bits &^= jobListening
		t.letGo()
	} else if t.sig.job.bits&jobTraced == 0 {
		t.interrupt(false)
	}
}

// tellTracer reports a stop. table.lock is held.
//
// +checklocks:table.lock
func (t *Task) tellTracer(code int32) {
	tracer := t.trace.tracer.Load()
	if tracer == nil {
		return
	}
	p := tracer.Proc
	if a := &p.sig.actions[SIGCHLD]; a.Flags&SA_NOCLDSTOP == 0 && a.Handler != SigIgn {
		info := Siginfo{Signo: SIGCHLD, Code: code, Status: int32(t.trace.code & 0x7f)}
		info.setSender(t.TID, t.Ctx.Cred.UID)
		p.send(SIGCHLD, &info)
	}
	p.childWait.WakeAll()
}

// stopFor stops the running thread for its tracer with a code, and siginfo if not nil, and returns what the tracer leaves: a signal number, or 0. A
// thread that is being killed, or that nobody traces any more, does not stop and returns code.
func (t *Task) stopFor(code int, why int32, message uint64, info *Siginfo) int {
	p, x := t.Proc, &t.trace
	table.lock.Lock()
	p.sig.lock.Lock()
	if !t.traced() || t.killed() {
		p.sig.lock.Unlock()
		table.lock.Unlock()
		return code
	}
	j := &t.sig.job
	complete := why == CLD_STOPPED && j.bits&jobStopPending != 0 && t.participate()
	j.bits &^= jobTrapStop | jobAttaching | jobListening
	if info != nil && info.Code>>8 == eventStop {
		// What is told from here on comes after this report: whether the group is stopped is decided in the same moment.
		j.bits &^= jobTrapNotify
		sig := SIGTRAP
		if p.sig.stop.active() {
			sig = int(j.sig)
		}
		code = sig | eventStop<<8
		info.Signo, info.Code = int32(sig), int32(code)
	}
	j.bits |= jobTraced
	x.code, x.report, x.message = code, true, message
	if x.hasInfo = info != nil; x.hasInfo {
		x.info = *info
	}
	p.sig.lock.Unlock()
	t.tellTracer(why)
	if tracer := x.tracer.Load(); complete {
		p.sig.stop.done = true
		if tracer.Proc != p.parent {
			p.stopComplete()
		}
	}
	table.lock.Unlock()
	t.halt(jobTraced)
	table.lock.Lock()
	code = x.code
	x.code, x.report, x.hasInfo, x.message = 0, false, false, 0
	table.lock.Unlock()
	p.sig.lock.Lock()
	j.bits &^= jobListening
	t.recalc()
	p.sig.lock.Unlock()
	t.setWork(workIRET) // whatever the tracer did to the registers
	return code
}

// notify stops for an event or a trap without a signal to deliver.
func (t *Task) notifyTracer(code int, why int32, message uint64) int {
	info := Siginfo{Signo: int32(code & 0x7f), Code: int32(code)}
	info.setSender(t.TID, t.Ctx.Cred.UID)
	return t.stopFor(code, why, message, &info)
}

// event stops for an event, if the tracer asked for it.
func (t *Task) event(event int, message uint64) {
	if t.wantsEvent(event) {
		t.notifyTracer(SIGTRAP|event<<8, CLD_TRAPPED, message)
	}
}

// traceSignal shows a signal that was taken for delivery to the tracer, who may change or cancel (0) it.
func (t *Task) traceSignal(sig int, info *Siginfo) int {
	p, x := t.Proc, &t.trace
	p.sig.lock.Lock()
	t.sig.job.bits |= jobDequeued
	p.sig.lock.Unlock()
	kept := *info
	sig = t.stopFor(sig, CLD_TRAPPED, 0, info)
	if sig == 0 || FatalPending(t.Thread) {
		return 0
	}
	table.lock.Lock()
	defer table.lock.Unlock()
	if *info = x.info; int32(sig) != info.Signo {
		*info = Siginfo{Signo: int32(sig), Code: SI_USER}
		if tracer := x.tracer.Load(); tracer != nil {
			info.setSender(tracer.Proc.PID, tracer.Proc.cred.UID)
		}
	} else if !t.traced() && info.Signo != kept.Signo {
		*info = kept
	}
	if t.sig.blocked.Has(sig) { // blocked meanwhile: it waits
		t.sendTask(sig, info)
		return 0
	}
	return sig
}

// traceStops enters the stops that the tracer, or a group's stop, wants of a traced thread.
func (t *Task) traceStops() bool {
	p := t.Proc
	p.sig.lock.Lock()
	bits, sig := t.sig.job.bits, int(t.sig.job.sig)
	if !t.traced() {
		t.sig.job.bits &^= jobTrapStop | jobTrapNotify
	}
	killed := t.killed() // it stops no more: the signal comes first
	p.sig.lock.Unlock()
	if killed || bits&(jobTrapStop|jobTrapNotify) == 0 || !t.traced() {
		return false
	}
	if t.seized() {
		t.notifyTracer(eventStop<<8, CLD_STOPPED, 0) // of which signal, stopFor decides
	} else {
		t.stopFor(sig, CLD_STOPPED, 0, nil)
	}
	return true
}

// stepping tells whether the thread single-steps into the handler whose frame is about to be built; the trap flag is not the program's own.
func (t *Task) stepping(f *arch.Frame) bool {
	if t.Thread.Trace&TraceStep == 0 {
		return false
	}
	t.stopStepping()
	return true
}

// steppedIntoHandler reports the handler's first instruction as a step.
func (t *Task) steppedIntoHandler() { t.notifyTracer(SIGTRAP, CLD_TRAPPED, 0) }

// stopStepping takes the trap flag back if it is not the program's own.
func (t *Task) stopStepping() {
	t.trace.step = false
	t.setTrace(TraceStep, false)
	if t.trace.forced {
		t.trace.forced = false
		t.Thread.UserRegs().Flags &^= arch.FlagTF
	}
}

// startStepping sets the trap flag of a stopped thread.
func (t *Task) startStepping() {
	f := t.Thread.UserRegs()
	t.trace.step = true
	t.setTrace(TraceStep, true)
	if f.Flags&arch.FlagTF == 0 {
		t.trace.forced = true
		f.Flags |= arch.FlagTF
	}
}

// debugTrap notes the cause of a debug exception and returns the siginfo code for it.
func (t *Task) debugTrap(f *arch.Frame, dr6 uint64) int32 {
	t.trace.debug[6] |= dr6 & (arch.DR6Traps | arch.DR6Step)
	switch {
	case dr6&arch.DR6Step != 0:
		return TRAP_TRACE
	case dr6&arch.DR6Traps != 0:
		return TRAP_HWBKPT
	}
	return TRAP_BRKPT
}

// switchDebug moves the debug registers from one thread to the next, at a context switch.
func switchDebug(next *sched.Thread) {
	var none [4]uint64
	t := (*Task)(next.Proc)
	if t == nil || next.Trace&traceDebug == 0 {
		arch.LoadDebug(&none, 0)
		return
	}
	arch.LoadDebug((*[4]uint64)(t.trace.debug[:4]), t.trace.debug[7])
}

// CallEntry is a system call's entry of a traced thread: it may stop, and the tracer may change number and arguments. It returns the number; -1 is
// no call at all, with the result in AX.
func (t *Task) CallEntry(f *arch.Frame) uint64 {
	if t.Thread.Trace&TraceCalls != 0 {
		e := -int64(errno.ENOSYS)
		f.AX = uint64(e)
		t.callStop(callEntry)
		if !f.IsSyscall() {
			return ^uint64(0)
		}
	}
	return f.Error
}

// CallExit is its end.
func (t *Task) CallExit(f *arch.Frame) {
	if t.Thread.Trace&TraceCalls != 0 {
		t.callStop(callExit)
	} else if t.Thread.Trace&TraceStep != 0 {
		info := Siginfo{Signo: SIGTRAP, Code: TRAP_BRKPT, Word0: f.IP}
		t.Force(SIGTRAP, &info)
	}
}

func (t *Task) callStop(kind uint8) {
	code := SIGTRAP
	if t.trace.options&optSysGood != 0 {
		code |= 0x80
	}
	t.trace.call = kind
	sig := t.notifyTracer(code, CLD_TRAPPED, uint64(kind))
	t.trace.call = callNone
	if sig != 0 && sig != code {
		info := Siginfo{Signo: int32(sig), Code: SI_USER}
		info.setSender(t.Proc.PID, t.Ctx.Cred.UID)
		t.SendTask(sig, &info)
	}
}
