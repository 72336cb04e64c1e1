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
	_      [SiginfoSize - unsafe.Sizeof(Siginfo{})]byte
}

const (
	frameUC   = unsafe.Offsetof(sigFrame{}.UC)
	frameInfo = unsafe.Offsetof(sigFrame{}.Info)
)

const (
	ucFPXState       = 1
	ucSigContextSS   = 2
	ucStrictSS       = 4
	fpMagic1         = 0x46505853
	fpMagic2         = 0x46505845
	fpMagic2Size     = 4
	fpSoftwareOffset = 464 // sw_reserved bytes of the FXSAVE area
	fxSize           = 512
	redZone          = 128
)

// fpSoftware is struct _fpx_sw_bytes: what the FPU state holds.
type fpSoftware struct {
	Magic1, ExtendedSize uint32
	Features             uint64
	StateSize            uint32
	_                    [7]uint32
}

// SignalFrameSize is the most stack a signal frame takes: AT_MINSIGSTKSZ.
func SignalFrameSize() uintptr {
	const slack = 63 + 15 + 8 // of the alignments
	return (unsafe.Sizeof(sigFrame{}) + arch.FPUSize + fpMagic2Size + slack + 15) &^ 15
}

// handle builds the frame for a handler and points the registers at it. If the stack cannot take the frame,
// the process dies of SIGSEGV.
func (t *Task) handle(f *arch.Frame, sig int, a *Action, info *Siginfo) {
	stepping := t.stepping(f)
	alt := &t.sig.altStack
	sp := uintptr(f.SP) - redZone
	nested := t.onAltStack(sp)
	entering := false
	if a.Flags&SA_ONSTACK != 0 && alt.Size != 0 && !nested {
		sp = alt.SP + alt.Size
		entering = true
	}
	fp := (sp - arch.FPUSize - fpMagic2Size) &^ 63
	at := (fp-unsafe.Sizeof(sigFrame{}))&^15 - 8
	if sp > arch.UserLimit || at > sp || (nested || entering) && !alt.holds(at) ||
		!t.pushFPU(fp, f) || !t.pushFrame(at, fp, f, a, info) {
		t.frameFailed(sig)
		return
	}
	m := t.sig.blocked | a.Mask
	if a.Flags&SA_NODEFER == 0 {
		m |= bitOf(sig)
	}
	t.clearWork(workRestore)
	t.sig.restoring = false
	t.Proc.sig.lock.Lock()
	t.setBlocked(m)
	t.Proc.sig.lock.Unlock()
	if alt.Flags&SS_AUTODISARM != 0 {
		*alt = AltStack{Flags: SS_DISABLE}
	}
	f.IP, f.SP = uint64(a.Handler), uint64(at)
	f.DI, f.SI, f.DX = uint64(sig), uint64(at+frameInfo), uint64(at+frameUC)
	f.AX = 0
	f.Flags &^= arch.FlagDF | arch.FlagRF | arch.FlagTF
	f.CS, f.SS = arch.UserCS, arch.UserDS
	f.Vector = 0
	if stepping {
		t.steppedIntoHandler()
	}
}

// frameFailed is what becomes of a frame that cannot be written (or read, sig 0): SIGSEGV, for whose own frame there is no second try.
func (t *Task) frameFailed(sig int) {
	info := Siginfo{Signo: SIGSEGV, Code: SI_KERNEL}
	if sig == SIGSEGV {
		t.Proc.sig.lock.Lock()
		t.Proc.sig.actions[SIGSEGV].Handler = SigDfl
		t.Proc.sig.lock.Unlock()
	}
	t.Force(SIGSEGV, &info)
}

// pushFrame writes everything but the FPU state at user address at. It builds it in the thread's scratch area, whose unused parts
// stay zero.
func (t *Task) pushFrame(at, fp uintptr, f *arch.Frame, a *Action, info *Siginfo) bool {
	if a.Flags&SA_RESTORER == 0 {
		return false // x86-64 has no other way back
	}
	s := (*sigFrame)(unsafe.Pointer(t.scratch))
	s.Return = uint64(a.Restorer)
	s.UC.Flags = ucFPXState | ucSigContextSS | ucStrictSS
	if !arch.Has.XSAVE {
		s.UC.Flags &^= ucFPXState
	}
	s.UC.Stack = t.sig.altStack
	if s.UC.Stack.Size == 0 {
		s.UC.Stack.Flags |= SS_DISABLE
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
	c.Err, c.TrapNo, c.CR2 = t.sig.trapErr, t.sig.trapNo, t.sig.cr2
	c.FPState = uint64(fp)
	s.Info = *info
	return arch.CopyToUser(at, unsafe.Pointer(s), unsafe.Sizeof(*s)) == 0
}

// pushFPU writes the FPU state, with Linux's software header and trailer, at user address fp.
func (t *Task) pushFPU(fp uintptr, f *arch.Frame) bool {
	if !arch.Has.XSAVE {
		defer clear(bytesAt(t.scratch, arch.FPUSize))
		arch.FPUSave(t.scratch)
		arch.FPUSetX14X15(t.scratch, f)
		return arch.CopyToUser(fp, unsafe.Pointer(t.scratch), arch.FPUSize) == 0
	}
	sw := fpSoftware{Magic1: fpMagic1, ExtendedSize: uint32(arch.FPUSize) + fpMagic2Size, Features: arch.FPUComponents(),
		StateSize: uint32(arch.FPUSize)}
	magic2 := uint32(fpMagic2)
	return arch.FPUSaveUser(fp, f) &&
		arch.CopyToUser(fp+fpSoftwareOffset, unsafe.Pointer(&sw), unsafe.Sizeof(sw)) == 0 &&
		arch.CopyToUser(fp+arch.FPUSize, unsafe.Pointer(&magic2), fpMagic2Size) == 0
}

// SigReturn is rt_sigreturn(2): it restores the registers from the frame at the user's stack pointer. On a bad frame
// the process gets SIGSEGV. The result is the restored AX.
func (t *Task) SigReturn(f *arch.Frame) uint64 {
	s := (*sigFrame)(unsafe.Pointer(t.scratch))
	at := uintptr(f.SP) - 8 // the handler's RET popped the return address
	if arch.CopyFromUser(unsafe.Pointer(s), at, frameInfo) != 0 {
		t.badReturn()
		return f.AX
	}
	mask, alt := s.UC.Mask&^unblockable, s.UC.Stack
	t.Proc.sig.lock.Lock()
	t.setBlocked(mask)
	t.Proc.sig.lock.Unlock()
	t.sig.again.Fn = nil
	c := &s.UC.Context
	f.R8, f.R9, f.R10, f.R11, f.R12, f.R13, f.R14, f.R15 = c.R8, c.R9, c.R10, c.R11, c.R12, c.R13, c.R14, c.R15
	f.DI, f.SI, f.BP, f.BX, f.DX, f.AX, f.CX, f.SP = c.DI, c.SI, c.BP, c.BX, c.DX, c.AX, c.CX, c.SP
	const userFlags = arch.FlagCF | arch.FlagPF | arch.FlagAF | arch.FlagZF | arch.FlagSF | arch.FlagTF | arch.FlagDF |
		arch.FlagOF | arch.FlagRF | arch.FlagAC
	f.Flags = f.Flags&^userFlags | c.Flags&userFlags
	f.CS, f.SS = arch.UserCS, arch.UserDS
	f.IP = c.IP
	f.Vector = 0 // not a system call any more: no restart, and the way out is IRET
	if !t.popFPU(uintptr(c.FPState), f) || f.IP >= uint64(arch.UserLimit) {
		t.badReturn()
		return f.AX
	}
	if alt != t.sig.altStack {
		t.setAltStack(&alt, uintptr(f.SP)) // what cannot be set stays as it is
	}
	t.setWork(workIRET) // which restores CX and R11 too
	return f.AX
}

// badReturn is the end of a sigreturn whose frame is bad.
func (t *Task) badReturn() {
	t.frameFailed(0)
	f := t.Thread.UserRegs()
	f.Vector = 0
}

// popFPU loads the FPU state from a signal frame. A missing state resets the FPU, as on Linux; one without the magic words is an FXSAVE
// image.
func (t *Task) popFPU(fp uintptr, f *arch.Frame) bool {
	if fp == 0 {
		t.resetFPU(f)
		return true
	}
	var sw fpSoftware
	var magic2 uint32
	ok := arch.CopyFromUser(unsafe.Pointer(&sw), fp+fpSoftwareOffset, unsafe.Sizeof(sw)) == 0
	if ok && arch.Has.XSAVE && sw.Magic1 == fpMagic1 && uintptr(sw.StateSize) == arch.FPUSize && sw.Features == arch.FPUComponents() &&
		fp&63 == 0 && arch.CopyFromUser(unsafe.Pointer(&magic2), fp+arch.FPUSize, fpMagic2Size) == 0 && magic2 == fpMagic2 {
		ok = arch.FPULoadUser(fp, f)
	} else {
		ok = ok && t.popPartialFPU(fp, f, &sw)
	}
	if !ok {
		t.resetFPU(f)
	}
	return ok
}

// popPartialFPU loads an FXSAVE image, or an XSAVE image of fewer components than there are.
func (t *Task) popPartialFPU(fp uintptr, f *arch.Frame, sw *fpSoftware) bool {
	n := uintptr(fxSize)
	if sw.Magic1 == fpMagic1 && uintptr(sw.StateSize) >= fxSize+64 && uintptr(sw.StateSize) <= arch.FPUSize {
		n = uintptr(sw.StateSize)
	}
	area := bytesAt(t.scratch, arch.FPUSize)
	clear(area)
	if arch.CopyFromUser(unsafe.Pointer(t.scratch), fp, n) != 0 {
		return false
	}
	if arch.Has.XSAVE {
		header := (*uint64)(unsafe.Pointer(t.scratch + fxSize))
		if n == fxSize {
			*header = 3
		} else {
			*header &= sw.Features
		}
	}
	clear(area[fpSoftwareOffset:fxSize])
	arch.FPUSanitize(t.scratch)
	t.loadFPU(f)
	return true
}

// resetFPU gives the running thread the FPU state of a new program.
func (t *Task) resetFPU(f *arch.Frame) {
	clear(bytesAt(t.scratch, arch.FPUSize))
	arch.FPUReset(t.scratch)
	t.loadFPU(f)
}

// loadFPU loads the FPU state in the thread's scratch area, and clears the area.
func (t *Task) loadFPU(f *arch.Frame) {
	arch.FPUGetX14X15(t.scratch, f)
	arch.FPURestore(t.scratch)
	clear(bytesAt(t.scratch, arch.FPUSize))
}
