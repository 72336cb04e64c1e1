//go:build galago

package proc

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/sched"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

// Init connects the process floor with the CPU and the scheduler.
func Init() {
	arch.OnPageFault = pageFault
	arch.OnUserException = userException
	arch.OnUserWork = userWork
	sched.OnSwitch = OnSwitch
	sched.OnBlock = activationBlocks
	vfs.FileSizeLimit, vfs.OverLimit = fileSizeLimit, overFileSize
	sched.SignalPending = SignalPending
	sched.FatalPending = FatalPending
}

// pageFault resolves a fault on a user address, from user mode or from the kernel's copies. It returns false when a
// copy must fail.
func pageFault(f *arch.Frame, addr uintptr) bool {
	h := arch.Current()
	if h.Preempt != 0 {
		return false // a copy that may not sleep
	}
	s := vm.Current()
	if s == nil || f.Error&arch.PFReserved != 0 {
		return false
	}
	acc := vm.Read
	switch {
	case f.Error&arch.PFWrite != 0:
		acc = vm.Write
	case f.Error&arch.PFFetch != 0:
		acc = vm.Exec
	}
	c := &sched.Current().Charged
	misses := c.PageMisses.Load()
	e := s.Fault(addr, acc)
	if e == errno.ENOMEM {
		e = faultAgain(s, addr, acc)
	}
	if e == 0 {
		if c.PageMisses.Load() == misses {
			c.MinorFaults.Add(1)
		} else {
			c.MajorFaults.Add(1)
		}
		return true
	}
	if !f.User() {
		return false
	}
	info := Siginfo{Signo: SIGSEGV, Code: SEGV_MAPERR, Word0: uint64(addr)}
	code := f.Error
	if addr >= arch.UserLimit {
		code |= arch.PFPresent // whether the kernel has something there is none of the program's business
	}
	Current().trapped(arch.VecPageFault, code, uint64(addr))
	switch e {
	case errno.EACCES:
		info.Code = SEGV_ACCERR
	case errno.ENXIO, errno.EIO:
		info.Signo, info.Code = SIGBUS, BUS_ADRERR
	case errno.EINTR:
		return true // killed while it waited for memory
	case errno.ENOMEM:
		klog.Warnf("out of memory: %s (pid %d) killed", Current().Proc.Comm(), Current().Proc.PID)
		info.Signo, info.Code = SIGKILL, SI_KERNEL
	}
	Current().Force(int(info.Signo), &info)
	return true
}

// userException turns an exception of user mode into its signal (signal(7), Linux's arch/x86/kernel/traps.c for the
// codes).
func userException(f *arch.Frame, addr uintptr) {
	t := Current()
	info := Siginfo{Word0: f.IP}
	t.trapped(f.Vector, f.Error, t.sig.cr2)
	switch f.Vector {
	case arch.VecDivide:
		info.Signo, info.Code = SIGFPE, FPE_INTDIV
	case arch.VecDebug:
		info.Signo, info.Code = SIGTRAP, t.debugTrap(f, uint64(addr))
	case arch.VecBreakpoint:
		info.Signo, info.Code, info.Word0 = SIGTRAP, SI_KERNEL, 0
	case arch.VecInvalidOpcode:
		info.Signo, info.Code = SIGILL, ILL_ILLOPN
	case arch.VecFloat, arch.VecSIMD:
		info.Signo, info.Code = SIGFPE, t.floatCode(f.Vector)
	case arch.VecCoprocessorOverrun:
		info.Signo, info.Code, info.Word0 = SIGFPE, SI_KERNEL, 0
	case arch.VecAlignment:
		info.Signo, info.Code, info.Word0 = SIGBUS, BUS_ADRALN, 0
	case arch.VecStack, arch.VecNoSegment:
		info.Signo, info.Code, info.Word0 = SIGBUS, SI_KERNEL, 0
	default:
		info.Signo, info.Code, info.Word0 = SIGSEGV, SI_KERNEL, 0
	}
	t.Force(int(info.Signo), &info)
}

// trapped notes an exception of user mode for the signal frames to come.
func (t *Task) trapped(vector, code, cr2 uint64) {
	t.sig.trapNo, t.sig.trapErr, t.sig.cr2 = vector, code, cr2
}

// floatCode finds out which unmasked exception raised #MF or #XM (SDM 1 §8.1.3, §10.2.3).
func (t *Task) floatCode(vector uint64) int32 {
	flags := t.floatFlags(vector == arch.VecSIMD)
	switch {
	case flags&1 != 0:
		return FPE_FLTINV
	case flags&4 != 0:
		return FPE_FLTDIV
	case flags&8 != 0:
		return FPE_FLTOVF
	case flags&(2|16) != 0:
		return FPE_FLTUND
	}
	return FPE_FLTRES
}

// floatFlags returns the unmasked exception flags of the running thread's FPU.
func (t *Task) floatFlags(simd bool) uint32 {
	flags := arch.IRQDisable() // a switch, too, saves there
	arch.FPUSave(t.fpu)
	x := arch.FPUExceptions(t.fpu, simd)
	arch.IRQRestore(flags)
	return x
}

// userWork does what is due before a return to user mode: deferred calls, a reschedule, signals.
func userWork(f *arch.Frame) {
	sched.PreemptPoint()
	t := Current()
	if t == nil {
		return
	}
	if t.Thread.Work&workIRET != 0 { // what brought us here suffices: the return from here is by IRET
		t.clearWork(workIRET)
	}
	if t.Thread.Work&workRSeq != 0 {
		t.restartSequence(f)
	}
	if t.Thread.Work&workActivation != 0 {
		t.activationReturns()
	}
	if t.Thread.Work != 0 {
		t.Deliver(f)
	}
}
