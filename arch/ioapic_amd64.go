//go:build galago

package arch

// I/O APIC (Intel 82093AA data sheet §3): routes interrupt lines (global system interrupts) to vectors.
type ioapic struct {
	base      uintptr
	gsi, pins uint32
}

var (
	ioapics  [8]ioapic
	nIOAPIC  int
	ioapicPT tinyLock
)

func (a *ioapic) read(reg uint32) uint32 {
	Write32(a.base, reg)
	return Read32(a.base + 0x10)
}

func (a *ioapic) write(reg, v uint32) {
	Write32(a.base, reg)
	Write32(a.base+0x10, v)
}

// AddIOAPIC registers the I/O APIC at pa whose first pin is global interrupt gsi, with all pins masked.
func AddIOAPIC(pa uint64, gsi uint32) bool {
	if nIOAPIC == len(ioapics) {
		return false
	}
	a := &ioapics[nIOAPIC]
	a.base = MapMMIO(pa, PageSize)
	if a.base == 0 {
		return false
	}
	a.gsi = gsi
	a.pins = a.read(1)>>16&0xff + 1
	for p := range a.pins {
		a.write(0x10+2*p, lvtMasked)
		a.write(0x11+2*p, 0)
	}
	nIOAPIC++
	return true
}

// RouteIRQ sends global interrupt gsi to a vector on a CPU and unmasks it. False when no I/O APIC has that pin.
func RouteIRQ(gsi uint32, vector uint8, cpu int, level, activeLow bool) bool {
	for i := range nIOAPIC {
		a := &ioapics[i]
		if gsi < a.gsi || gsi >= a.gsi+a.pins {
			continue
		}
		v := uint32(vector)
		if level {
			v |= 1 << 15
		}
		if activeLow {
			v |= 1 << 13
		}
		pin := gsi - a.gsi
		ioapicPT.lock()
		a.write(0x11+2*pin, cpus[cpu].apicID<<24)
		a.write(0x10+2*pin, v)
		ioapicPT.unlock()
		return true
	}
	return false
}

// ISAOverride says how an ISA interrupt line reaches the I/O APIC (MADT interrupt source overrides).
type ISAOverride struct {
	GSI              uint32
	Level, ActiveLow bool
}

// ISA maps the sixteen ISA lines; identity until the MADT says otherwise.
var ISA = [16]ISAOverride{
	{GSI: 0}, {GSI: 1}, {GSI: 2}, {GSI: 3}, {GSI: 4}, {GSI: 5}, {GSI: 6}, {GSI: 7},
	{GSI: 8}, {GSI: 9}, {GSI: 10}, {GSI: 11}, {GSI: 12}, {GSI: 13}, {GSI: 14}, {GSI: 15},
}

// RouteISA routes an ISA line to a vector on a CPU.
func RouteISA(line int, vector uint8, cpu int) bool {
	o := ISA[line]
	return RouteIRQ(o.GSI, vector, cpu, o.Level, o.ActiveLow)
}

// MSIAddress and MSIData are what a device writes to raise vector on a CPU (SDM 3A §11.11).
func MSIAddress(cpu int) uint64 { return 0xfee00000 | uint64(cpus[cpu].apicID)<<12 }

func MSIData(vector uint8) uint32 { return uint32(vector) }

// MaskPIC silences the legacy 8259 controllers: remapped away from the exceptions, all lines masked.
func MaskPIC() {
	for _, w := range [...][2]uint16{
		{0x20, 0x11}, {0xa0, 0x11}, {0x21, 0x20}, {0xa1, 0x28}, {0x21, 4}, {0xa1, 2}, {0x21, 1}, {0xa1, 1},
		{0x21, 0xff}, {0xa1, 0xff},
	} {
		Outb(w[0], uint8(w[1]))
	}
}
