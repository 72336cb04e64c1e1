//go:build galago

package arch

import (
	"runtime"
	"unsafe"
)

// CPU instructions; bodies in cpu_amd64.s.

// Port I/O.
func Outb(port uint16, v uint8)
func Outw(port uint16, v uint16)
func Outl(port uint16, v uint32)
func Inb(port uint16) uint8
func Inw(port uint16) uint16
func Inl(port uint16) uint32

// Rdmsr and Wrmsr access a model-specific register; an unknown one raises #GP.
func Rdmsr(msr uint32) uint64
func Wrmsr(msr uint32, v uint64)

// Cpuid executes CPUID with EAX=leaf, ECX=sub.
func Cpuid(leaf, sub uint32) (a, b, c, d uint32)

// Cycles reads the time-stamp counter.
func Cycles() uint64

// IRQDisable masks interrupts and returns RFLAGS as it was.
func IRQDisable() uintptr

// IRQRestore loads RFLAGS.IF from what IRQDisable returned.
func IRQRestore(flags uintptr)

// IRQOn unmasks interrupts.
func IRQOn()

// IRQOff masks interrupts.
func IRQOff()

// IdleWait unmasks interrupts and halts until one arrives, without a window between the two (SDM 2B, STI).
func IdleWait()

// Halt masks interrupts and stops this CPU for good.
func Halt()

// Pause is the spin-wait hint; Mb a full memory fence.
func Pause()
func Mb()

// Breakpoint raises #BP.
func Breakpoint()

// wideMoves tells ClearPage and CopyPage that they may use AVX.
var wideMoves bool

// ClearPage zeroes the page at va; CopyPage copies one page. Both use X14/X15 sixteen bytes at a time, or their wide forms.
func ClearPage(va uintptr)
func CopyPage(dst, src uintptr)

// FramePointer returns the caller's BP.
func FramePointer() uintptr

// Rdrand64 returns a hardware random number; ok is false when none is at hand or the CPU lacks RDRAND.
func Rdrand64() (v uint64, ok bool) {
	if !Has.RDRAND {
		return 0, false
	}
	return rdrand()
}

func rdrand() (v uint64, ok bool)
func readFlags() uintptr
func readCR0() uintptr
func readCR2() uintptr
func readCR3() uintptr
func readCR4() uintptr
func writeCR0(v uintptr)
func writeCR3(v uintptr)
func writeCR4(v uintptr)
func invlpg(va uintptr)

//go:noescape
func lgdt(desc *[10]byte)

//go:noescape
func lidt(desc *[10]byte)
func ltr(sel uint16)
func xsetbv(v uint64)
func xsave(area uintptr)
func xrstor(area uintptr)
func fxsave(area uintptr)
func fxrstor(area uintptr)

// IRQEnabled reports whether interrupts are unmasked.
func IRQEnabled() bool { return readFlags()&FlagIF != 0 }

// Current returns the running thread's header: the register R14.
func Current() *ThreadHeader { return (*ThreadHeader)(unsafe.Pointer(runtime.Getg())) }

// CPUID returns the index of the CPU this thread runs on; stable only while preemption is off.
func CPUID() int { return int(Current().CPU) }

// RFLAGS bits (SDM 1 §3.4.3).
const (
	FlagCF   = 1 << 0
	FlagPF   = 1 << 2
	FlagAF   = 1 << 4
	FlagZF   = 1 << 6
	FlagSF   = 1 << 7
	FlagTF   = 1 << 8
	FlagIF   = 1 << 9
	FlagDF   = 1 << 10
	FlagOF   = 1 << 11
	FlagIOPL = 3 << 12
	FlagNT   = 1 << 14
	FlagRF   = 1 << 16
	FlagAC   = 1 << 18
	FlagID   = 1 << 21
)
