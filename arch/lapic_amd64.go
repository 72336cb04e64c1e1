//go:build galago

package arch

import "unsafe"

// Local APIC, xAPIC mode by memory-mapped registers (SDM 3A chapter 11).
const (
	lapicID       = 0x20
	lapicTPR      = 0x80
	lapicEOIReg   = 0xb0
	lapicSVR      = 0xf0
	lapicESR      = 0x280
	lapicICRLo    = 0x300
	lapicICRHi    = 0x310
	lapicLVTTimer = 0x320
	lapicLVTLint0 = 0x350
	lapicLVTLint1 = 0x360
	lapicLVTError = 0x370
	lapicInitial  = 0x380
	lapicCurrent  = 0x390
	lapicDivide   = 0x3e0

	lvtMasked    = 1 << 16
	deliveryNMI  = 4 << 8
	deliveryInit = 5 << 8
	deliverySIPI = 6 << 8
	icrPending   = 1 << 12
	icrAssert    = 1 << 14
	icrLevel     = 1 << 15
	icrAllButMe  = 3 << 18
)

var lapicBase uintptr

// lapicHz is the timer's rate after the divider, in counts a second (calibrated at boot).
var lapicHz uint64

func lapicRead(reg uintptr) uint32     { return Read32(lapicBase + reg) }
func lapicWrite(reg uintptr, v uint32) { Write32(lapicBase+reg, v) }

func lapicEOI() { lapicWrite(lapicEOIReg, 0) }

// InitLAPIC maps the local APICs' registers at pa; boot CPU only.
func InitLAPIC(pa uint64) bool {
	lapicBase = MapMMIO(pa, PageSize)
	if lapicBase == 0 {
		return false
	}
	setSystemVector(VecAPICError, "APIC error", lapicError)
	setSystemVector(VecTLB, "TLB shoot-down", tlbHandler)
	lapicEnable()
	cpus[0].apicID = lapicRead(lapicID) >> 24
	return true
}

// lapicEnable readies this CPU's local APIC; the timer stays stopped.
func lapicEnable() {
	lapicWrite(lapicTPR, 0)
	lapicWrite(lapicLVTLint0, lvtMasked)
	lapicWrite(lapicLVTLint1, deliveryNMI)
	lapicWrite(lapicLVTError, VecAPICError)
	lapicWrite(lapicLVTTimer, VecTimer)
	lapicWrite(lapicDivide, 0xb) // by 1
	lapicWrite(lapicInitial, 0)
	lapicWrite(lapicSVR, 0x100|VecSpurious)
	lapicEOI()
}

func lapicError(unsafe.Pointer) {
	lapicWrite(lapicESR, 0)
	lapicRead(lapicESR)
}

// SetTimer arms this CPU's one-shot timer to fire in ns nanoseconds; 0 disarms it.
func SetTimer(ns uint64) {
	n := uint64(0)
	if ns != 0 {
		const maxNS = 1_000_000_000
		n = max(min(ns, maxNS)*(lapicHz>>10)/(1_000_000_000>>10), 1)
		n = min(n, 1<<32-1)
	}
	lapicWrite(lapicInitial, uint32(n))
}

// sendIPI sends an interrupt command to CPU i.
func sendIPI(i int, cmd uint32) { sendAPIC(cpus[i].apicID, cmd) }

// sendAPIC sends an interrupt command to the APIC with an identifier; of a shorthand in cmd, which names several, id is ignored.
func sendAPIC(id, cmd uint32) {
	f := IRQDisable()
	for lapicRead(lapicICRLo)&icrPending != 0 {
		Pause()
	}
	lapicWrite(lapicICRHi, id<<24)
	lapicWrite(lapicICRLo, cmd|icrAssert)
	IRQRestore(f)
}

// SendReschedule makes CPU i look at its run queue.
func SendReschedule(i int) { sendIPI(i, VecReschedule) }

// NMIOthers sends all other CPUs a non-maskable interrupt.
func NMIOthers() {
	if lapicBase == 0 || nCPU == 1 {
		return
	}
	sendAPIC(0, icrAllButMe|deliveryNMI)
}

// StopOthers halts all other CPUs by NMI, for a panic.
func StopOthers() {
	if lapicBase == 0 || nCPU == 1 {
		return
	}
	Stopping = true
	lapicWrite(lapicICRLo, icrAllButMe|icrAssert|deliveryNMI)
}

// Stopping is set when CPUs that take an NMI are to halt.
var Stopping bool
