//go:build galago

package proc

import (
	"unsafe"

	"galago/arch"
)

// The signal frame on the user stack, as Linux/amd64 lays it out (arch/x86/include/uapi/asm/{sigcontext,ucontext}.h):
//
//	return address (the restorer) · ucontext · siginfo · … · FPU state (64-byte aligned)

type sigContext struct {
	R8, R9, R10, R11, R12, R13, R14, R15 uint64
	DI, SI, BP, BX, DX, AX, CX, SP       uint64
	IP, Flags                            uint64
	CS, GS, FS, SS                       uint16
	Err, TrapNo, OldMask, CR2            uint64
	FPState                              uint64
	_                                    [8]uint64
}

type uContext struct {
	Flags, Link uint64
	Stack       AltStack
	Context     sigContext
	Mask        SigSet
}

type sigFrame struct {
	Return uint64
	UC     uContext
	Info   Siginfo
}

const (
	ucFPXState       = 1
	ucSigContextSS   = 2
	ucStrictSS       = 4
	fpMagic1         = 0x46505853
	fpMagic2         = 0x46505845
	fpSoftwareOffset = 464 // sw_reserved bytes of the FXSAVE area
	redZone          = 128
)

// handle builds the frame for a handler and points the registers at it. If the stack cannot take the frame,
// the process dies of SIGSEGV.
func (t *Task) handle(f *arch.Frame, sig int, a *Action, info *Siginfo) {
	sp := uintptr(f.SP)
	if !t.onAltStack(sp) || t.sig.altStack.Flags&SS_AUTODISARM != 0 {
		sp -= redZone
	}
	if a.Flags&SA_ONSTACK != 0 && t.sig.altStack.Size != 0 && !t.onAltStack(sp) {
		sp = t.sig.altStack.SP + t.sig.altStack.Size
	}
	fp := (sp - arch.FPUSize - 4) &^ 63
	at := (fp-unsafe.Sizeof(sigFrame{}))&^15 - 8
	if sp > arch.UserLimit || at > sp || !t.pushFPU(fp, f) || !t.pushFrame(at, fp, f, sig, a, info) {
		t.frameFailed(sig)
		return
	}
	m := t.sig.blocked | a.Mask
	if a.Flags&SA_NODEFER == 0 {
		m |= bitOf(sig)
	}
	t.clearWork(workRestore)
	t.sig.restoring = false
	t.SetBlocked(m)
	t.Proc.sig.lock.Lock()
	t.recalc()
	t.Proc.sig.lock.Unlock()
	if t.sig.altStack.Flags&SS_AUTODISARM != 0 {
		t.sig.altStack = AltStack{}
	}
	f.IP, f.SP = uint64(a.Handler), uint64(at)
	f.DI, f.SI, f.DX = uint64(sig), uint64(at+unsafe.Offsetof(sigFrame{}.Info)), uint64(at+unsafe.Offsetof(sigFrame{}.UC))
	f.AX = 0
	f.Flags &^= arch.FlagDF | arch.FlagRF | arch.FlagTF
	f.CS, f.SS = arch.UserCS, arch.UserDS
	f.Vector = 0
}

func (t *Task) frameFailed(sig int) {
	info := Siginfo{Signo: SIGSEGV, Code: SI_KERNEL}
	if sig == SIGSEGV {
		t.Proc.sig.lock.Lock()
		t.Proc.sig.actions[SIGSEGV].Handler = SigDfl
		t.Proc.sig.lock.Unlock()
	}
	t.Force(SIGSEGV, &info)
}

// pushFrame writes everything but the FPU state at user address at.
func (t *Task) pushFrame(at, fp uintptr, f *arch.Frame, sig int, a *Action, info *Siginfo) bool {
	if a.Flags&SA_RESTORER == 0 {
		return false // x86-64 has no other way back
	}
	var s sigFrame
	s.Return = uint64(a.Restorer)
	s.UC.Flags = ucFPXState | ucSigContextSS | ucStrictSS
	s.UC.Stack = t.sig.altStack
	if s.UC.Stack.Size == 0 {
		s.UC.Stack.Flags = SS_DISABLE
	} else if t.onAltStack(uintptr(f.SP)) {
		s.UC.Stack.Flags |= SS_ONSTACK
	}
	mask := t.sig.blocked
	if t.sig.restoring {
		mask = t.sig.restore
	}
	s.UC.Mask = mask
	c := &s.UC.Context
	c.R8, c.R9, c.R10, c.R11, c.R12, c.R13, c.R14, c.R15 = f.R8, f.R9, f.R10, f.R11, f.R12, f.R13, f.R14, f.R15
	c.DI, c.SI, c.BP, c.BX, c.DX, c.AX, c.CX, c.SP = f.DI, f.SI, f.BP, f.BX, f.DX, f.AX, f.CX, f.SP
	c.IP, c.Flags, c.CS, c.SS = f.IP, f.Flags, uint16(f.CS), uint16(f.SS)
	c.OldMask = uint64(mask)
	if sig == SIGSEGV || sig == SIGBUS {
		c.CR2, c.TrapNo, c.Err = info.Word0, arch.VecPageFault, f.Error
	}
	c.FPState = uint64(fp)
	s.Info = *info
	return arch.CopyToUser(at, unsafe.Pointer(&s), unsafe.Sizeof(s)) == 0
}

// pushFPU writes the FPU state, with Linux's software header and trailer, at user address fp.
func (t *Task) pushFPU(fp uintptr, f *arch.Frame) bool {
	arch.FPUSave(t.scratch)
	arch.FPUSetX14X15(t.scratch, f)
	sw := (*[12]uint32)(unsafe.Pointer(t.scratch + fpSoftwareOffset))
	*sw = [12]uint32{fpMagic1, uint32(arch.FPUSize) + 4, uint32(arch.FPUComponents()), uint32(arch.FPUComponents() >> 32), uint32(arch.FPUSize)}
	magic2 := uint32(fpMagic2)
	ok := arch.CopyToUser(fp, unsafe.Pointer(t.scratch), arch.FPUSize) == 0 &&
		arch.CopyToUser(fp+arch.FPUSize, unsafe.Pointer(&magic2), 4) == 0
	*sw = [12]uint32{}
	return ok
}

// SigReturn is rt_sigreturn(2): it restores the registers from the frame at the user's stack pointer. On a bad frame
// the process gets SIGSEGV. The result is the restored AX.
func (t *Task) SigReturn(f *arch.Frame) uint64 {
	var s sigFrame
	at := uintptr(f.SP) - 8 // the handler's RET popped the return address
	if arch.CopyFromUser(unsafe.Pointer(&s), at, unsafe.Sizeof(s)) != 0 || !t.popFPU(uintptr(s.UC.Context.FPState), f) {
		t.frameFailed(0)
		return 0
	}
	c := &s.UC.Context
	f.R8, f.R9, f.R10, f.R11, f.R12, f.R13, f.R14, f.R15 = c.R8, c.R9, c.R10, c.R11, c.R12, c.R13, c.R14, c.R15
	f.DI, f.SI, f.BP, f.BX, f.DX, f.AX, f.CX, f.SP = c.DI, c.SI, c.BP, c.BX, c.DX, c.AX, c.CX, c.SP
	const userFlags = arch.FlagCF | arch.FlagPF | arch.FlagAF | arch.FlagZF | arch.FlagSF | arch.FlagTF | arch.FlagDF |
		arch.FlagOF | arch.FlagRF | arch.FlagAC
	f.Flags = f.Flags&^userFlags | c.Flags&userFlags
	f.CS, f.SS = arch.UserCS, arch.UserDS
	f.IP = c.IP
	f.Vector = 0 // not a system call any more: no restart, and the way out is IRET
	if f.IP >= uint64(arch.UserLimit) {
		t.frameFailed(0)
		return f.AX
	}
	t.sig.altStack = restoreAlt(t, &s.UC.Stack, uintptr(c.SP))
	t.SetBlocked(s.UC.Mask)
	t.setWork(workSignal) // leave by the slow way: IRET restores CX and R11 too
	return f.AX
}

func restoreAlt(t *Task, a *AltStack, sp uintptr) AltStack {
	if a.Flags&SS_DISABLE != 0 || a.Size < MinSigStack {
		return AltStack{}
	}
	return AltStack{SP: a.SP, Flags: a.Flags & SS_AUTODISARM, Size: a.Size}
}

// popFPU loads the FPU state from a signal frame. A missing state resets the FPU, as on Linux.
func (t *Task) popFPU(fp uintptr, f *arch.Frame) bool {
	area := unsafe.Slice((*byte)(unsafe.Pointer(t.scratch)), arch.FPUSize)
	if fp == 0 {
		clear(area)
		arch.FPUReset(t.scratch)
	} else {
		if fp&63 != 0 || arch.CopyFromUser(unsafe.Pointer(t.scratch), fp, arch.FPUSize) != 0 {
			clear(area)
			arch.FPUReset(t.scratch)
			arch.FPURestore(t.scratch)
			return false
		}
		sw := (*[12]uint32)(unsafe.Pointer(t.scratch + fpSoftwareOffset))
		if sw[0] != fpMagic1 {
			clear(area[512:]) // FXSAVE part only
			*(*uint64)(unsafe.Pointer(t.scratch + 512)) = 3
		}
		*sw = [12]uint32{}
		arch.FPUSanitize(t.scratch)
	}
	arch.FPUGetX14X15(t.scratch, f)
	arch.FPURestore(t.scratch)
	return true
}
