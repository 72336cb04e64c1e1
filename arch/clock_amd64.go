//go:build galago

package arch

// TSC and LAPIC-timer rates, measured at boot against a reference of known rate.

// TSCHz is the time-stamp counter's rate.
var TSCHz uint64

// Reference is a free-running counter to calibrate against.
type Reference struct {
	Read func() uint64 // increasing, wrapping at Mask
	Hz   uint64
	Mask uint64
}

// Calibrate measures both rates over about 2 ms of ref.
func Calibrate(ref Reference) {
	ticks := ref.Hz / 500
	lapicWrite(lapicLVTTimer, lvtMasked|VecTimer)
	start := ref.Read()
	for ref.Read() == start { // begin at an edge
	}
	start = ref.Read()
	lapicWrite(lapicInitial, 1<<32-1)
	t0 := Cycles()
	var now uint64
	for {
		now = (ref.Read() - start) & ref.Mask
		if now >= ticks {
			break
		}
	}
	t1 := Cycles()
	l := 1<<32 - 1 - uint64(lapicRead(lapicCurrent))
	lapicWrite(lapicInitial, 0)
	lapicWrite(lapicLVTTimer, VecTimer)
	TSCHz = (t1 - t0) * ref.Hz / now
	lapicHz = l * ref.Hz / now
}

// PIT returns the 8254's channel 2 as a reference: 1.193182 MHz, 16 bits, counting down (8254 data sheet).
func PIT() Reference {
	Outb(0x61, Inb(0x61)&^2|1) // gate on, speaker off
	Outb(0x43, 0xb4)           // channel 2, both bytes, rate generator
	Outb(0x42, 0xff)
	Outb(0x42, 0xff)
	return Reference{Read: readPIT, Hz: 1193182, Mask: 0xffff}
}

func readPIT() uint64 {
	Outb(0x43, 0x80) // latch
	lo := Inb(0x42)
	return 0xffff - (uint64(lo) | uint64(Inb(0x42))<<8)
}

var pmPort uint16

// PMTimer returns the ACPI power-management timer as a reference: 3.579545 MHz, 24 bits (ACPI 6.5 §4.8.3.3).
func PMTimer(port uint16) Reference {
	pmPort = port
	return Reference{Read: readPM, Hz: 3579545, Mask: 0xffffff}
}

func readPM() uint64 { return uint64(Inl(pmPort)) & 0xffffff }

var hpetBase uintptr

// HPET returns the high-precision event timer at pa as a reference, started; ok is false when its registers
// make no sense (IA-PC HPET specification 1.0a §2.3.4).
func HPET(pa uint64) (ref Reference, ok bool) {
	hpetBase = MapMMIO(pa, 1024)
	if hpetBase == 0 {
		return ref, false
	}
	period := Read64(hpetBase) >> 32 // femtoseconds
	if period == 0 || period > 100_000_000 {
		return ref, false
	}
	Write64(hpetBase+0x10, Read64(hpetBase+0x10)|1)
	return Reference{Read: readHPET, Hz: 1_000_000_000_000_000 / period, Mask: 1<<32 - 1}, true
}

func readHPET() uint64 { return uint64(Read32(hpetBase + 0xf0)) }
