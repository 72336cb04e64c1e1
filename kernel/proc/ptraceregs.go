//go:build galago

package proc

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
)

// Registers of a stopped tracee, as struct user and the register sets of core files show them.

// UserRegs is struct user_regs_struct.
type UserRegs struct {
	R15, R14, R13, R12, BP, BX, R11, R10, R9, R8 uint64
	AX, CX, DX, SI, DI, OrigAX, IP, CS, Flags    uint64
	SP, SS, FSBase, GSBase, DS, ES, FS, GS       uint64
}

const (
	debugOffset   = 848 // of u_debugreg in struct user
	settableFlags = arch.FlagCF | arch.FlagPF | arch.FlagAF | arch.FlagZF | arch.FlagSF | arch.FlagTF | arch.FlagDF | arch.FlagOF |
		arch.FlagRF | arch.FlagAC
)

// Regs reads the general registers.
func (t *Task) Regs(r *UserRegs) {
	f := t.Thread.UserRegs()
	*r = UserRegs{R15: f.R15, R14: f.R14, R13: f.R13, R12: f.R12, BP: f.BP, BX: f.BX, R11: f.R11, R10: f.R10, R9: f.R9, R8: f.R8,
		AX: f.AX, CX: f.CX, DX: f.DX, SI: f.SI, DI: f.DI, OrigAX: ^uint64(0), IP: f.IP, CS: f.CS, Flags: f.Flags,
		SP: f.SP, SS: f.SS, FSBase: uint64(t.fsBase), GSBase: uint64(t.gsBase)}
	if f.IsSyscall() {
		r.OrigAX = f.Error
	}
	if t.trace.forced {
		r.Flags &^= arch.FlagTF
	}
}

// SetRegs writes them. EIO: a segment or base that user mode cannot have.
func (t *Task) SetRegs(r *UserRegs) errno.Errno {
	if r.CS != arch.UserCS || r.SS != arch.UserDS || r.DS|r.ES|r.FS|r.GS != 0 || uintptr(r.FSBase) >= arch.UserLimit ||
		uintptr(r.GSBase) >= arch.UserLimit || uintptr(r.IP) >= arch.UserLimit {
		return errno.EIO
	}
	f := t.Thread.UserRegs()
	f.R15, f.R14, f.R13, f.R12, f.BP, f.BX, f.R11, f.R10, f.R9, f.R8 = r.R15, r.R14, r.R13, r.R12, r.BP, r.BX, r.R11, r.R10, r.R9, r.R8
	f.AX, f.CX, f.DX, f.SI, f.DI, f.IP, f.SP = r.AX, r.CX, r.DX, r.SI, r.DI, r.IP, r.SP
	f.Flags = f.Flags&^settableFlags | r.Flags&settableFlags
	if r.Flags&arch.FlagTF != 0 {
		t.trace.forced = false
	} else if t.trace.forced {
		f.Flags |= arch.FlagTF
	}
	if int64(r.OrigAX) >= 0 {
		f.Vector, f.Error = ^uint64(0), r.OrigAX // a system call that may be restarted
	} else {
		f.Vector = 0
	}
	t.fsBase, t.gsBase = uintptr(r.FSBase), uintptr(r.GSBase)
	return errno.OK
}

// PeekUser reads a word of struct user; EIO.
func (t *Task) PeekUser(off uintptr) (uint64, errno.Errno) {
	switch {
	case off&7 != 0 || off >= userStructSize:
		return 0, errno.EIO
	case off < unsafe.Sizeof(UserRegs{}):
		var r UserRegs
		t.Regs(&r)
		return *(*uint64)(unsafe.Add(unsafe.Pointer(&r), off)), errno.OK
	case off >= debugOffset && off < debugOffset+8*8:
		return t.trace.debug[(off-debugOffset)/8], errno.OK
	}
	return 0, errno.OK
}

// PokeUser writes one: a register or a debug register. EIO, EINVAL.
func (t *Task) PokeUser(off uintptr, v uint64) errno.Errno {
	switch {
	case off&7 != 0 || off >= userStructSize:
		return errno.EIO
	case off < unsafe.Sizeof(UserRegs{}):
		var r UserRegs
		t.Regs(&r)
		*(*uint64)(unsafe.Add(unsafe.Pointer(&r), off)) = v
		return t.SetRegs(&r)
	case off >= debugOffset && off < debugOffset+8*8:
		return t.setDebug(int(off-debugOffset)/8, v)
	}
	return errno.EIO
}

// setDebug sets a debug register: an address of user space, or the control register with what the CPU has: execution of one byte, stores and
// accesses of 1, 2, 4 or 8 aligned bytes.
func (t *Task) setDebug(n int, v uint64) errno.Errno {
	d := &t.trace.debug
	switch {
	case n < 4:
		if uintptr(v) >= arch.UserLimit {
			return errno.EINVAL
		}
		d[n] = v
	case n == 6:
		d[6] = v
	case n == 7:
		for i := range 4 {
			if v>>(2*i)&3 == 0 {
				continue
			}
			kind, size := v>>(16+4*i)&3, v>>(18+4*i)&3
			if kind == 2 || kind == 0 && size != 0 || d[i]&lengthMask(size) != 0 {
				return errno.EINVAL
			}
		}
		d[7] = v &^ (1 << 13) // nobody guards the registers themselves
		t.setTrace(traceDebug, v&arch.DR7Enable != 0)
	default:
		return errno.EIO
	}
	return errno.OK
}

// lengthMask is the low bits that an address must not have for a size as DR7 says it.
func lengthMask(size uint64) uint64 { return [4]uint64{0, 1, 7, 3}[size] }

// Register sets (elf.h).
const (
	NtPrstatus = 1
	NtPrfpreg  = 2
	NtX86State = 0x202
)

// RegsetSize returns the size of a register set; 0: there is none of that kind.
func RegsetSize(kind int) uintptr {
	switch kind {
	case NtPrstatus:
		return unsafe.Sizeof(UserRegs{})
	case NtPrfpreg:
		return fxSize
	case NtX86State:
		if arch.Has.XSAVE {
			return arch.FPUSize
		}
	}
	return 0
}

// ReadRegset fills b, which is RegsetSize long.
func (t *Task) ReadRegset(kind int, b []byte) {
	if kind == NtPrstatus {
		t.Regs((*UserRegs)(unsafe.Pointer(&b[0])))
		return
	}
	t.readFPU(b)
	sw := (*[6]uint64)(unsafe.Pointer(&b[fpSoftwareOffset]))
	*sw = [6]uint64{}
	if kind == NtX86State {
		sw[0] = arch.FPUComponents() // what debuggers learn the layout from
	}
}

// readFPU copies the saved FPU state of a thread that does not run; components in their initial state are zero.
func (t *Task) readFPU(b []byte) {
	copy(b, bytesAt(t.fpu, arch.FPUSize))
	x := t.Thread.UserRegs()
	const xmm14 = 160 + 14*16
	w := (*[4]uint64)(unsafe.Pointer(&b[xmm14]))
	w[0], w[1], w[2], w[3] = x.X14[0], x.X14[1], x.X15[0], x.X15[1]
	if len(b) > fxSize {
		header := (*uint64)(unsafe.Pointer(&b[fxSize]))
		const avx = 4
		if *header&avx == 0 {
			clear(b[fxSize+64:])
		}
		*header |= 3
	}
}

// WriteRegset sets a register set from b. EINVAL: reserved bits; EIO as SetRegs.
func (t *Task) WriteRegset(kind int, b []byte) errno.Errno {
	if kind == NtPrstatus {
		var r UserRegs
		t.Regs(&r)
		copy(bytesAt(uintptr(unsafe.Pointer(&r)), unsafe.Sizeof(r)), b)
		return t.SetRegs(&r)
	}
	if *(*uint32)(unsafe.Pointer(&b[24]))&^0xffff != 0 {
		return errno.EINVAL
	}
	area := bytesAt(t.fpu, arch.FPUSize)
	copy(area, b)
	clear(area[fpSoftwareOffset:fxSize])
	if arch.Has.XSAVE && kind == NtPrfpreg {
		*(*uint64)(unsafe.Pointer(t.fpu + fxSize)) |= 3
	}
	arch.FPUSanitize(t.fpu)
	arch.FPUGetX14X15(t.fpu, t.Thread.UserRegs())
	return errno.OK
}
