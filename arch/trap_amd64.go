//go:build galago

package arch

import "unsafe"

// Frame is the register state of interrupted code as the entry stubs save it (offsets in boot/defs.inc).
type Frame struct {
	X14, X15                             [2]uint64
	R15, R14, R13, R12, R11, R10, R9, R8 uint64
	BP, DI, SI, DX, CX, BX, AX           uint64
	Vector                               uint64 // ^0 for a system call
	Error                                uint64 // exception's error code; a system call's number
	IP, CS, Flags, SP, SS                uint64
}

// FrameSize is the size of a Frame in bytes.
const FrameSize = unsafe.Sizeof(Frame{})

// User reports whether the frame was taken in user mode.
func (f *Frame) User() bool { return f.CS&3 != 0 }

// IsSyscall reports whether the frame was built by the SYSCALL entry.
func (f *Frame) IsSyscall() bool { return f.Vector == ^uint64(0) }

// Exception vectors (SDM 3A table 6-1).
const (
	VecDivide = iota
	VecDebug
	VecNMI
	VecBreakpoint
	VecOverflow
	VecBound
	VecInvalidOpcode
	VecNoDevice
	VecDoubleFault
	VecCoprocessorOverrun
	VecInvalidTSS
	VecNoSegment
	VecStack
	VecProtection
	VecPageFault
	_
	VecFloat
	VecAlignment
	VecMachineCheck
	VecSIMD
	VecVirtualization
	VecControl
	VecHypervisor  = 28
	VecVMMComm     = 29
	VecSecurity    = 30
	nExceptions    = 32
	FirstIRQVector = 32
)

var exceptionNames = [nExceptions]string{
	"#DE divide error", "#DB debug", "NMI", "#BP breakpoint", "#OF overflow", "#BR bound range",
	"#UD invalid opcode", "#NM no device", "#DF double fault", "coprocessor overrun", "#TS invalid TSS",
	"#NP segment not present", "#SS stack fault", "#GP general protection", "#PF page fault", "reserved 15",
	"#MF x87 error", "#AC alignment check", "#MC machine check", "#XM SIMD error", "#VE virtualization",
	"#CP control protection", "reserved 22", "reserved 23", "reserved 24", "reserved 25", "reserved 26",
	"reserved 27", "#HV hypervisor injection", "#VC VMM communication", "#SX security", "reserved 31",
}

// ExceptionName names an exception vector.
func ExceptionName(v uint64) string {
	if v < nExceptions {
		return exceptionNames[v]
	}
	return "interrupt"
}

// Page-fault error code bits (SDM 3A §4.7, figure 4-12).
const (
	PFPresent  = 1 << 0 // protection violation, not a missing page
	PFWrite    = 1 << 1
	PFUser     = 1 << 2
	PFReserved = 1 << 3 // reserved bit set in a table entry
	PFFetch    = 1 << 4
	PFKey      = 1 << 5
	PFShadow   = 1 << 6
)

// The floors above set these at boot, before user mode starts.
var (
	// OnPageFault resolves a fault at addr; false when it is none of its business. Interrupts are enabled
	// if they were where the fault struck.
	OnPageFault func(f *Frame, addr uintptr) bool
	// OnUserException turns an exception of user mode into a signal; addr is CR2 of a page fault, DR6 of a debug exception. Interrupts
	// are enabled.
	OnUserException func(f *Frame, addr uintptr)
	// OnFatal reports a kernel fault and does not return.
	OnFatal func(f *Frame, addr uintptr, what string)
	// OnInterruptExit runs after a device or timer interrupt, interrupts off, preemption count restored:
	// deferred procedure calls and preemption.
	OnInterruptExit func()
	// OnUserWork runs before a return to user mode when NeedResched or Work is set. Interrupts are
	// enabled; it is called again until neither is set.
	OnUserWork func(f *Frame)
	// OnNMI handles a non-maskable interrupt; interrupts are off, the stack is the NMI's own.
	OnNMI func(f *Frame)
)

//go:cgo_export_static galago/arch.userTrap go_user_trap
//go:cgo_export_static galago/arch.kernelTrap go_kernel_trap
//go:cgo_export_static galago/arch.paranoidTrap go_paranoid_trap
//go:cgo_export_static galago/arch.userWork go_user_work

// userTrap handles an exception or interrupt that came from user mode, and does the work that is due before
// the return. Interrupts are off on entry and on return.
func userTrap(f *Frame) {
	if f.Vector >= FirstIRQVector {
		interrupt(f)
	} else {
		addr := uintptr(0)
		switch f.Vector {
		case VecPageFault:
			addr = readCR2()
		case VecDebug:
			addr = uintptr(takeDR6())
		}
		IRQOn()
		if f.Vector != VecPageFault || OnPageFault == nil || !OnPageFault(f, addr) {
			OnUserException(f, addr)
		}
		IRQOff()
	}
	if h := Current(); h.NeedResched|h.Work != 0 {
		userWork(f)
	}
}

// userWork loops until nothing is left to do before user mode; it returns with interrupts off.
func userWork(f *Frame) {
	h := Current()
	for h.NeedResched|h.Work != 0 {
		IRQOn()
		OnUserWork(f)
		IRQOff()
	}
}

// kernelTrap handles an exception or interrupt that struck the kernel. Interrupts are off.
func kernelTrap(f *Frame) {
	if f.Vector >= FirstIRQVector {
		interrupt(f)
		if Current().Preempt == 0 && OnInterruptExit != nil {
			OnInterruptExit()
		}
		return
	}
	addr := uintptr(0)
	if f.Vector == VecPageFault {
		addr = readCR2()
		if addr < UserLimit && f.Flags&FlagAC != 0 || !Has.SMAP && addr < UserLimit {
			if Current().IRQDepth == 0 && OnPageFault != nil {
				on := f.Flags&FlagIF != 0
				if on {
					IRQOn()
				}
				done := OnPageFault(f, addr)
				IRQOff()
				if done {
					return
				}
			}
		}
	}
	if fixup(f) {
		return
	}
	fatal(f, addr, ExceptionName(f.Vector))
}

// paranoidTrap handles NMI, #MC, #DB and #DF, on their own stacks.
func paranoidTrap(f *Frame) {
	switch f.Vector {
	case VecNMI:
		if OnNMI != nil {
			OnNMI(f)
		}
	case VecDebug:
		// Only kernel-mode #DB comes here (boot/trap.S); SYSCALL under TF, or a watchpoint's hit
		// in a user copy: neither is the kernel's.
		takeDR6()
		f.Flags &^= FlagTF
	default:
		what := ExceptionName(f.Vector)
		if f.Vector == VecDoubleFault && inGuardPage(readCR2()) {
			what = "kernel stack overflow (guard page)"
		}
		fatal(f, readCR2(), what)
	}
}

func inGuardPage(addr uintptr) bool {
	h := Current()
	return addr < h.StackLo && addr >= h.StackLo-PageSize
}

func fatal(f *Frame, addr uintptr, what string) {
	if OnFatal != nil {
		OnFatal(f, addr, what)
	}
	Halt()
}

// fixup continues a faulting user-memory access of boot/usercopy.S at its recovery code.
func fixup(f *Frame) bool {
	type entry struct{ from, to uintptr }
	for a := linkAddr(symExtableStart); a < linkAddr(symExtableEnd); a += unsafe.Sizeof(entry{}) {
		if e := at[entry](a); e.from == uintptr(f.IP) {
			f.IP = uint64(e.to)
			return true
		}
	}
	return false
}
