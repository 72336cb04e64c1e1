//go:build galago

package proc

import (
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/sched"
)

// Requests of ptrace(2).
const (
	PtTraceMe      = 0
	PtPeekText     = 1
	PtPeekData     = 2
	PtPeekUser     = 3
	PtPokeText     = 4
	PtPokeData     = 5
	PtPokeUser     = 6
	PtCont         = 7
	PtKill         = 8
	PtSingleStep   = 9
	PtGetRegs      = 12
	PtSetRegs      = 13
	PtGetFPRegs    = 14
	PtSetFPRegs    = 15
	PtAttach       = 16
	PtDetach       = 17
	PtSyscall      = 24
	PtSetOptions   = 0x4200
	PtGetEventMsg  = 0x4201
	PtGetSiginfo   = 0x4202
	PtSetSiginfo   = 0x4203
	PtGetRegset    = 0x4204
	PtSetRegset    = 0x4205
	PtSeize        = 0x4206
	PtInterrupt    = 0x4207
	PtListen       = 0x4208
	PtPeekSiginfo  = 0x4209
	PtGetSigmask   = 0x420a
	PtSetSigmask   = 0x420b
	PtGetCallInfo  = 0x420e
	peekShared     = 1 // flag of PtPeekSiginfo
	archX8664      = 0xc000003e
	userStructSize = 928
)

// MayTrace is ptrace(2)'s access check PTRACE_MODE_ATTACH_REALCREDS.
func (t *Task) MayTrace(p *Process) bool { return t.MayInspect(p) }

// TraceMe makes the thread that made the running one's process its tracer: PTRACE_TRACEME. EPERM: it has one.
func (t *Task) TraceMe() errno.Errno {
	table.lock.Lock()
	defer table.lock.Unlock()
	parent := t.Proc.parent
	if t.traced() || parent == nil {
		return errno.EPERM
	}
	tracer := t.Proc.creator
	if tracer == nil {
		tracer = parent.tasks.Front()
	}
	for tracer != nil && tracer.sig.job.bits&jobExiting != 0 { // it has let its tracees go already
		tracer = tracer.node.Next()
	}
	if tracer != nil { // else the parent is ending
		t.attach(tracer, false, 0)
	}
	return errno.OK
}

// Attach is PTRACE_ATTACH, and with seize PTRACE_SEIZE, of the thread with number tid. ESRCH, EPERM, EIO.
func (t *Task) Attach(tid int, seize bool, options uint64) errno.Errno {
	if seize && options&^optMask != 0 {
		return errno.EIO
	}
	if tid <= 0 || tid >= MaxPID {
		return errno.ESRCH
	}
	table.lock.Lock()
	o := table.tasks[tid].Load()
	if o == nil {
		e := errno.ESRCH
		if table.procs[tid] != nil {
			e = errno.EPERM // a zombie
		}
		table.lock.Unlock()
		return e
	}
	p := o.Proc
	p.Get()
	table.lock.Unlock()
	allowed := p != t.Proc && t.MayTrace(p)
	p.Put()
	table.lock.Lock()
	defer table.lock.Unlock()
	switch {
	case table.tasks[tid].Load() != o:
		return errno.ESRCH
	case !allowed, o.traced(), o.sig.job.bits&jobExiting != 0:
		return errno.EPERM
	}
	o.attach(t, seize, uint32(options))
	if !seize {
		info := Siginfo{Signo: SIGSTOP, Code: SI_KERNEL}
		o.sendTask(SIGSTOP, &info)
	}
	p.sig.lock.Lock()
	if o.sig.job.bits&jobStopped != 0 { // it moves on to a traced stop
		o.sig.job.bits |= jobTrapStop
		o.sig.job.sig = uint8(p.sig.stop.sig)
		o.setWork(workSignal)
		o.wakeStopped()
	}
	p.sig.lock.Unlock()
	return errno.OK
}

// Tracee finds the running thread's tracee with number tid for a request, stopped unless running is allowed, and freezes it: Release it. ESRCH.
func (t *Task) Tracee(tid int, running bool) (*Task, errno.Errno) {
	if tid <= 0 || tid >= MaxPID {
		return nil, errno.ESRCH
	}
	table.lock.Lock()
	o := table.tasks[tid].Load()
	if o == nil || o.trace.tracer.Load() != t {
		table.lock.Unlock()
		return nil, errno.ESRCH
	}
	o.Proc.sig.lock.Lock()
	j := &o.sig.job
	ok := j.bits&jobTraced != 0 && j.bits&jobListening == 0 && !o.killed()
	if ok {
		j.bits |= jobFrozen
	}
	o.Proc.sig.lock.Unlock()
	table.lock.Unlock()
	switch {
	case ok:
		sched.Settle(o.Thread)
	case !running:
		return nil, errno.ESRCH
	}
	return o, errno.OK
}

// Thaw lets a tracee that Tracee froze go, if it has been resumed or killed.
func (t *Task) Thaw() {
	t.Proc.sig.lock.Lock()
	if t.sig.job.bits&jobFrozen != 0 {
		t.sig.job.bits &^= jobFrozen
		sched.Wake(t.Thread)
	}
	t.Proc.sig.lock.Unlock()
}

// Resume lets a stopped tracee go on with a signal (0: none): PTRACE_CONT, SYSCALL, SINGLESTEP. EIO: no signal number.
func (t *Task) Resume(request int, sig uint64) errno.Errno {
	if sig > NSIG {
		return errno.EIO
	}
	t.setTrace(TraceCalls, request == PtSyscall)
	if request == PtSingleStep {
		t.startStepping()
	} else {
		t.stopStepping()
	}
	t.trace.code, t.trace.report = int(sig), false
	t.Proc.sig.lock.Lock()
	t.sig.job.bits &^= jobTraced
	t.Proc.sig.lock.Unlock()
	return errno.OK
}

// Detach is PTRACE_DETACH.
func (t *Task) Detach(sig uint64) errno.Errno {
	if sig > NSIG {
		return errno.EIO
	}
	table.lock.Lock()
	if t.traced() {
		t.trace.code = int(sig)
		t.detach()
	}
	table.lock.Unlock()
	return errno.OK
}

// Interrupt is PTRACE_INTERRUPT, Listen PTRACE_LISTEN, of a seized tracee. EIO.
func Interrupt(tracer *Task, tid int) errno.Errno {
	return withTracee(tracer, tid, func(t *Task) errno.Errno {
		if !t.trace.seized {
			return errno.EIO
		}
		t.sig.job.bits |= jobTrapStop
		t.setWork(workSignal)
		if t.sig.job.bits&jobListening != 0 {
			t.sig.job.bits &^= jobListening
			t.letGo() // +checklocksforce: withTracee holds them
		} else if t.sig.job.bits&jobTraced == 0 {
			t.interrupt(false)
		}
		return errno.OK
	})
}

// Listen is described at Interrupt.
func Listen(tracer *Task, tid int) errno.Errno {
	return withTracee(tracer, tid, func(t *Task) errno.Errno {
		if t.sig.job.bits&jobTraced == 0 {
			return errno.ESRCH
		}
		if !t.trace.seized || !t.trace.hasInfo || t.trace.info.Code>>8 != eventStop {
			return errno.EIO
		}
		t.sig.job.bits |= jobListening
		if t.sig.job.bits&jobTrapNotify != 0 {
			t.sig.job.bits &^= jobListening
			t.letGo() // +checklocksforce: withTracee holds them
		}
		return errno.OK
	})
}

// withTracee calls fn for a tracee, whatever it does, under table.lock and its signal lock.
func withTracee(tracer *Task, tid int, fn func(t *Task) errno.Errno) errno.Errno {
	if tid <= 0 || tid >= MaxPID {
		return errno.ESRCH
	}
	table.lock.Lock()
	defer table.lock.Unlock()
	t := table.tasks[tid].Load()
	if t == nil || t.trace.tracer.Load() != tracer {
		return errno.ESRCH
	}
	t.Proc.sig.lock.Lock()
	defer t.Proc.sig.lock.Unlock()
	return fn(t)
}

// KillTracee is PTRACE_KILL.
func KillTracee(tracer *Task, tid int) errno.Errno {
	if tid <= 0 || tid >= MaxPID {
		return errno.ESRCH
	}
	table.lock.Lock()
	defer table.lock.Unlock()
	t := table.tasks[tid].Load()
	if t == nil || t.trace.tracer.Load() != tracer {
		return errno.ESRCH
	}
	info := Siginfo{Signo: SIGKILL, Code: SI_USER}
	return t.sendTask(SIGKILL, &info)
}

// SetOptions is PTRACE_SETOPTIONS: EINVAL.
func (t *Task) SetOptions(o uint64) errno.Errno {
	if o&^optMask != 0 {
		return errno.EINVAL
	}
	t.trace.options = uint32(o)
	return errno.OK
}

// EventMessage is PTRACE_GETEVENTMSG.
func (t *Task) EventMessage() uint64 { return t.trace.message }

// StopInfo returns the siginfo of the tracee's stop, which may be changed, or nil.
func (t *Task) StopInfo() *Siginfo {
	if !t.trace.hasInfo {
		return nil
	}
	return &t.trace.info
}

// Mask returns the tracee's signal mask; SetMask changes it.
func (t *Task) Mask() SigSet {
	if t.sig.restoring {
		return t.sig.restore
	}
	return t.sig.blocked
}

// SetMask is described at Mask.
func (t *Task) SetMask(m SigSet) {
	t.Proc.sig.lock.Lock()
	if m &^= unblockable; t.sig.restoring {
		t.sig.restore = m
	} else {
		t.setBlocked(m)
	}
	t.Proc.sig.lock.Unlock()
}

// PeekInfo returns the n-th pending signal of the tracee, or with flags 1 of its process: PTRACE_PEEKSIGINFO.
func (t *Task) PeekInfo(flags uint32, n uint64, info *Siginfo) bool {
	t.Proc.sig.lock.Lock()
	defer t.Proc.sig.lock.Unlock()
	q := t.sig.pending.first
	if flags&peekShared != 0 {
		q = t.Proc.sig.shared.first
	}
	for ; q != nil; q = q.next {
		if n == 0 {
			*info = q.info
			return true
		}
		n--
	}
	return false
}

// CallInfo is struct ptrace_syscall_info.
type CallInfo struct {
	Op   uint8
	_    [3]uint8
	Arch uint32
	IP   uint64
	SP   uint64
	Data [8]uint64 // entry: number and six arguments; exit: result, whether it is an error
}

// CallInfo fills in i and returns how many of its bytes count: PTRACE_GET_SYSCALL_INFO.
func (t *Task) CallInfo(i *CallInfo) uintptr {
	f := t.Thread.UserRegs()
	*i = CallInfo{Op: t.trace.call, Arch: archX8664, IP: f.IP, SP: f.SP}
	const head = unsafe.Offsetof(CallInfo{}.Data)
	switch i.Op {
	case callEntry:
		i.Data = [8]uint64{f.Error, f.DI, f.SI, f.DX, f.R10, f.R8, f.R9}
		return head + 7*8
	case callExit:
		const maxErrno = 4095
		i.Data[0] = f.AX
		if int64(f.AX) < 0 && int64(f.AX) >= -maxErrno {
			i.Data[1] = 1
		}
		return head + 9
	}
	return head
}

// tracerMayRaise tells whether a traced thread may gain privileges by exec: only if its tracer has them.
func (t *Task) tracerMayRaise() bool {
	table.lock.Lock()
	defer table.lock.Unlock()
	tracer := t.trace.tracer.Load()
	return tracer == nil || tracer.Ctx.Cred.Capable(cred.SysPtrace)
}
