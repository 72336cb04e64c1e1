//go:build galago

package arch

import "unsafe"

// apPage is where application processors start in real mode (boot/defs.inc, AP_PAGE).
const apPage = 0x8000

// APMain runs on each application processor on its idle thread, interrupts off, after its tables and local
// APIC are set up. It does not return.
var APMain func(cpu int)

//go:cgo_export_static galago/arch.apEntry go_ap_main
func apEntry() {
	c := &cpus[nCPU]
	enableFeatures()
	c.setup(nCPU, apIdle, apIST)
	c.CR3 = uintptr(kernelRoot)
	lapicEnable()
	c.online.Store(1)
	APMain(int(c.index))
}

var (
	apIdle *ThreadHeader
	apIST  uintptr
)

// ISTBytes is the memory StartCPU needs for a CPU's interrupt stacks, page aligned.
const ISTBytes = (nIST - 1) * istSize

// StartCPU brings the processor with the given APIC identifier up, as the next CPU index, on idle's stack.
// ist is ISTBytes of page-aligned memory. It returns false when the processor does not answer within 100 ms.
// SDM 3A §8.4.4.1.
func StartCPU(apicID uint32, idle *ThreadHeader, ist uintptr) bool {
	if nCPU == MaxCPUs || apicID > 0xff {
		return false
	}
	start, end := linkAddr(symAPStart), linkAddr(symAPEnd)
	copy(unsafe.Slice(at[byte](PhysToVirt(apPage)), end-start), unsafe.Slice(at[byte](start), end-start))
	args := at[[2]uintptr](PhysToVirt(uint64(linkAddr(symAPArgs))))
	args[0], args[1] = uintptr(kernelRoot), uintptr(unsafe.Pointer(idle))
	apIdle, apIST = idle, ist
	c := &cpus[nCPU]
	c.apicID = apicID
	Mb()
	sendAPIC(apicID, deliveryInit|icrLevel)
	Delay(200_000)
	for range 2 {
		sendAPIC(apicID, deliverySIPI|apPage>>PageShift)
		for range 5000 {
			if c.online.Load() != 0 {
				nCPU++
				return true
			}
			Delay(10_000)
		}
	}
	return false
}

// Delay spins for ns nanoseconds.
func Delay(ns uint64) {
	end := Cycles() + ns*(TSCHz/1000)/1_000_000
	for Cycles() < end {
		Pause()
	}
}

// BootThread returns the header the boot CPU starts on.
func BootThread() *ThreadHeader { return at[ThreadHeader](linkAddr(symBootG)) }

// InitBootCPU sets the boot CPU's own tables up: the first thing the kernel does.
func InitBootCPU() {
	detectFeatures()
	detectFPU()
	buildIDT()
	ist := (uintptr(unsafe.Pointer(&bootIST)) + PageSize - 1) &^ (PageSize - 1)
	cpus[0].setup(0, Current(), ist)
	cpus[0].online.Store(1)
	cpus[0].CR3 = readCR3()
	if Has.SMAP {
		patchSMAP()
	}
	if xcr0&xstateAVX != 0 {
		*at[byte](linkAddr(symCopyWide)) = 1
	}
	enableFeatures()
	wideMoves = xcr0&xstateAVX != 0
	MaskPIC()
}

// DropBootMappings removes the identity map of the boot pages from the boot tables once no processor needs it.
func DropBootMappings() {
	TableAt(uint64(linkAddr(symBootPML4)))[0] = 0
}

// DebugExit leaves QEMU through its isa-debug-exit device at port 0xf4 with exit status code<<1|1. Elsewhere it
// does nothing.
func DebugExit(code uint32) { Outl(0xf4, code) }

// ResetKeyboard resets the machine through the 8042 controller, and failing that by a triple fault.
func ResetKeyboard() {
	Outb(0x64, 0xfe)
	Delay(50_000_000)
	var none [10]byte
	lidt(&none)
	Breakpoint()
}
