//go:build galago

// Package oops reports the death of the kernel: registers, a symbolised back trace, the thread, CPU and locks, then
// stops all CPUs, or reboots after panic=N seconds. It also prints stacks for other reports.
//
// It runs with what is left of a broken kernel: it takes no locks, allocates nothing, and trusts no pointer it
// has not checked.
package oops

import (
	"runtime"
	"sync/atomic"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/sched"
)

// exitPanic is the isa-debug-exit value of a panic; QEMU's exit status becomes 251.
const exitPanic = 0x7d

// RebootAfter is the seconds after which a dead kernel reboots; negative: never. The command line's panic=N.
var RebootAfter = -1

// Reboot is how; the ACPI code sets it.
var Reboot func()

// Init installs the handlers for run-time panics, fatal faults, lock violations and the stop NMI.
func Init() {
	runtime.PanicHook = goPanic
	arch.OnFatal = fault
	arch.OnNMI = nmi
	initLockdep()
}

var dying atomic.Int32 // 1 + the CPU that reports

// begin makes this CPU the one that reports; a second failure on the same CPU or another one only stops.
func begin() bool {
	arch.IRQOff()
	me := int32(arch.CPUID()) + 1
	if !dying.CompareAndSwap(0, me) {
		if dying.Load() == me {
			klog.Log(klog.Emerg, "panic: a second failure while reporting the first")
			finish()
		}
		return false
	}
	klog.Panicking = true
	arch.StopOthers()
	return true
}

func goPanic(msg string, arg any, bounds bool, x, y int64, pc, fp uintptr) {
	if !begin() {
		arch.Halt()
	}
	switch v := arg.(type) {
	case string:
		klog.Log(klog.Emerg, "kernel panic: %s", v)
	case errno.Errno:
		klog.Log(klog.Emerg, "kernel panic: %s: %s", msg, v.Name())
	default:
		if bounds {
			klog.Log(klog.Emerg, "kernel panic: %s [%d with %d]", msg, x, y)
		} else {
			klog.Log(klog.Emerg, "kernel panic: %s", msg)
		}
	}
	where(pc)
	PrintStack(pc, fp)
	finish()
}

// Panic reports a failure the kernel detected itself.
func Panic(msg string) { panic(msg) }

func fault(f *arch.Frame, addr uintptr, what string) {
	if !begin() {
		arch.Halt()
	}
	klog.Log(klog.Emerg, "kernel panic: %s", what)
	if f.Vector == arch.VecPageFault {
		pageFault(f.Error, addr)
	}
	registers(f)
	where(uintptr(f.IP))
	PrintStack(uintptr(f.IP), uintptr(f.BP))
	finish()
}

// pageFault decodes the error code bit by bit (SDM 3A §4.7).
func pageFault(code uint64, addr uintptr) {
	pick := func(bit uint64, yes, no string) string {
		if code&bit != 0 {
			return yes
		}
		return no
	}
	klog.Log(klog.Emerg, "page fault at %016x, error %x: %s, %s, %s mode%s%s%s%s", addr, code,
		pick(arch.PFPresent, "protection violation", "page not present"), pick(arch.PFWrite, "write", "read"),
		pick(arch.PFUser, "user", "kernel"), pick(arch.PFReserved, ", reserved bit set", ""),
		pick(arch.PFFetch, ", instruction fetch", ""), pick(arch.PFKey, ", protection key", ""),
		pick(arch.PFShadow, ", shadow stack", ""))
	if addr < arch.PageSize {
		klog.Log(klog.Emerg, "nil pointer dereference")
	}
}

func registers(f *arch.Frame) {
	l := klog.Emerg
	klog.Log(l, "RIP %016x  CS %02x  RFLAGS %08x  RSP %016x  SS %02x  vector %d error %x", f.IP, f.CS, f.Flags, f.SP, f.SS, f.Vector, f.Error)
	klog.Log(l, "RAX %016x  RBX %016x  RCX %016x  RDX %016x", f.AX, f.BX, f.CX, f.DX)
	klog.Log(l, "RSI %016x  RDI %016x  RBP %016x  R8  %016x", f.SI, f.DI, f.BP, f.R8)
	klog.Log(l, "R9  %016x  R10 %016x  R11 %016x  R12 %016x", f.R9, f.R10, f.R11, f.R12)
	klog.Log(l, "R13 %016x  R14 %016x  R15 %016x", f.R13, f.R14, f.R15)
}

// where prints thread, CPU, held locks and the failing place.
func where(pc uintptr) {
	t := sched.Current()
	var name [sched.NameLen]byte
	klog.Log(klog.Emerg, "CPU %d, thread %d (%s), preempt count %d, interrupt depth %d", t.CPU, t.ID, name[:t.Name(name[:])], t.Preempt, t.IRQDepth)
	heldLocks(&t.ThreadHeader)
}

// maxFrames bounds a back trace.
const maxFrames = 40

// PrintStack logs the call chain that begins at pc with frame pointer fp, function, file and line each. It follows frame
// pointers only within the thread's stack or the interrupt stacks.
func PrintStack(pc, fp uintptr) {
	klog.Log(klog.Emerg, "back trace:")
	var t trail
	t.follow(pc, fp, onOwnStack)
	t.print(klog.Emerg)
}

// finish ends a report: QEMU's exit device first, for tests; then a reboot or a halt.
func finish() {
	arch.DebugExit(exitPanic)
	if RebootAfter >= 0 {
		klog.Log(klog.Emerg, "rebooting in %d seconds", RebootAfter)
		for range RebootAfter * 10 {
			arch.Delay(100_000_000)
		}
		if Reboot != nil {
			Reboot()
		}
		arch.ResetKeyboard()
	}
	arch.Halt()
}
