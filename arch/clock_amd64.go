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

// reading is one look at all counters. The reference was read at some time while the TSC went from tsc-width to tsc.
type reading struct{ ref, tsc, width, lapic uint64 }

// look reads the counters several times and keeps the reading that took least: under an emulator the machine may stand still between
// any two instructions, for as long as the host likes.
func (r *Reference) look() (best reading) {
	const tries = 8
	for i := range tries {
		t0 := Cycles()
		at := r.Read()
		l := uint64(lapicRead(lapicCurrent))
		t1 := Cycles()
		if i == 0 || t1-t0 < best.width {
			best = reading{at, t1, t1 - t0, l}
		}
	}
	return best
}

// Calibrate measures both rates over about 2 ms of ref, again when the readings at the ends were too slow to be exact; the best
// measurement counts.
func Calibrate(ref Reference) {
	const attempts, exact = 20, 2000 // good enough: one part in exact
	lapicWrite(lapicLVTTimer, lvtMasked|VecTimer)
	var width, long uint64 // of the best measurement: uncertainty, and length in TSC counts
	for range attempts {
		lapicWrite(lapicInitial, 1<<32-1)
		a := ref.look()
		for (ref.Read()-a.ref)&ref.Mask < ref.Hz/500 {
		}
		b := ref.look()
		elapsed, w, d := (b.ref-a.ref)&ref.Mask, a.width+b.width, b.tsc-a.tsc
		if elapsed == 0 || b.lapic >= a.lapic || long != 0 && w*long >= width*d {
			continue
		}
		width, long = w, d
		TSCHz, lapicHz = d*ref.Hz/elapsed, (a.lapic-b.lapic)*ref.Hz/elapsed
		if w*exact < d {
			break
		}
	}
	lapicWrite(lapicInitial, 0)
	lapicWrite(lapicLVTTimer, VecTimer)
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
