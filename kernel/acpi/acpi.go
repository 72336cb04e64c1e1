// Package acpi reads the static ACPI tables (ACPI specification 6.5, chapter 5): processors and interrupt controllers
// (MADT), PCI configuration space (MCFG), power management (FADT and the \_S5_ package of the DSDT), HPET. It is pure:
// a Memory gives the bytes, an Info takes the facts.
//
// Tables come from firmware and are trusted no more than a disk: each is checked for length and checksum, each
// offset for bounds, and every loop ends with its table.
package acpi

// Memory gives n bytes of physical memory at pa, or nil when they are out of reach.
type Memory func(pa uint64, n int) []byte

// Limits of what is kept.
const (
	MaxCPUs    = 64
	MaxIOAPICs = 8
	maxTables  = 128
	maxTable   = 1 << 20
)

// IOAPIC is an I/O APIC: its registers and the first interrupt it serves.
type IOAPIC struct{ Addr, GSI uint32 }

// Override says where an ISA interrupt arrives.
type Override struct {
	IRQ              uint8
	GSI              uint32
	Level, ActiveLow bool
}

// Info is what the tables say.
type Info struct {
	LAPIC      uint64
	CPUs       [MaxCPUs]uint32 // APIC identifiers of usable processors
	NCPU       int
	IOAPICs    [MaxIOAPICs]IOAPIC
	NIOAPIC    int
	Overrides  [16]Override
	NOverride  int
	ECAM       uint64 // PCI configuration space of segment 0; 0: none
	ECAMStart  uint8  // first and last bus it covers
	ECAMEnd    uint8
	HPET       uint64
	PMTimer    uint16 // I/O port; 0: none
	PM1a, PM1b uint16 // control registers
	S5         [2]uint8
	HasS5      bool
	SMICommand uint16
	ACPIEnable uint8
	Reset      uint64 // reset register
	ResetIO    bool   // it is an I/O port, not memory
	ResetValue uint8
	HasReset   bool
}

func le16(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 }
func le32(b []byte) uint32 { return uint32(le16(b)) | uint32(le16(b[2:]))<<16 }
func le64(b []byte) uint64 { return uint64(le32(b)) | uint64(le32(b[4:]))<<32 }

func sum(b []byte) (s uint8) {
	for _, c := range b {
		s += c
	}
	return s
}

func isSignature(b []byte, s string) bool {
	for i := range len(s) {
		if b[i] != s[i] {
			return false
		}
	}
	return true
}

// FindRSDP looks for the root pointer where the BIOS puts it (ACPI 6.5 §5.2.5.1); 0: not there.
func FindRSDP(m Memory) uint64 {
	for pa := uint64(0xe0000); pa < 0x100000; pa += 16 {
		if checkRSDP(m(pa, 20)) {
			return pa
		}
	}
	return 0
}

func checkRSDP(b []byte) bool {
	return len(b) >= 20 && isSignature(b, "RSD PTR ") && sum(b[:20]) == 0
}

// Parse reads the tables from a copy of the root pointer. False: it is damaged.
func (i *Info) Parse(m Memory, rsdp []byte) bool {
	*i = Info{LAPIC: 0xfee00000}
	if !checkRSDP(rsdp) {
		return false
	}
	if rsdp[15] >= 2 && len(rsdp) >= 36 && sum(rsdp[:36]) == 0 {
		if t := table(m, le64(rsdp[24:]), "XSDT"); t != nil {
			i.each(m, t[36:], 8)
			return true
		}
	}
	t := table(m, uint64(le32(rsdp[16:])), "RSDT")
	if t == nil {
		return false
	}
	i.each(m, t[36:], 4)
	return true
}

// table returns a whole table with a good checksum; sig "" accepts any.
func table(m Memory, pa uint64, sig string) []byte {
	h := m(pa, 36)
	if h == nil || sig != "" && !isSignature(h, sig) {
		return nil
	}
	n := le32(h[4:])
	if n < 36 || n > maxTable {
		return nil
	}
	t := m(pa, int(n))
	if t == nil || sum(t) != 0 {
		return nil
	}
	return t
}

func (i *Info) each(m Memory, list []byte, size int) {
	for n := 0; len(list) >= size && n < maxTables; n++ {
		pa := uint64(le32(list))
		if size == 8 {
			pa = le64(list)
		}
		list = list[size:]
		t := table(m, pa, "")
		switch {
		case t == nil:
		case isSignature(t, "APIC"):
			i.madt(t)
		case isSignature(t, "FACP"):
			i.fadt(m, t)
		case isSignature(t, "MCFG"):
			i.mcfg(t)
		case isSignature(t, "HPET"):
			if len(t) >= 52 && t[40] == 0 {
				i.HPET = le64(t[44:])
			}
		}
	}
}

// MADT entry types (ACPI 6.5 table 5.21).
const (
	madtCPU      = 0
	madtIOAPIC   = 1
	madtOverride = 2
	madtLAPIC64  = 5
)

func (i *Info) madt(t []byte) {
	if len(t) < 44 {
		return
	}
	i.LAPIC = uint64(le32(t[36:]))
	for t = t[44:]; len(t) >= 2 && int(t[1]) >= 2 && int(t[1]) <= len(t); t = t[t[1]:] {
		e := t[:t[1]]
		switch {
		case e[0] == madtCPU && len(e) >= 8:
			const enabled = 1
			if le32(e[4:])&enabled != 0 && i.NCPU < MaxCPUs {
				i.CPUs[i.NCPU] = uint32(e[3])
				i.NCPU++
			}
		case e[0] == madtIOAPIC && len(e) >= 12:
			if i.NIOAPIC < MaxIOAPICs {
				i.IOAPICs[i.NIOAPIC] = IOAPIC{le32(e[4:]), le32(e[8:])}
				i.NIOAPIC++
			}
		case e[0] == madtOverride && len(e) >= 10:
			if i.NOverride < len(i.Overrides) && e[3] < 16 {
				flags := le16(e[8:])
				i.Overrides[i.NOverride] = Override{e[3], le32(e[4:]), flags>>2&3 == 3, flags&3 == 3}
				i.NOverride++
			}
		case e[0] == madtLAPIC64 && len(e) >= 12:
			i.LAPIC = le64(e[4:])
		}
	}
}

func (i *Info) mcfg(t []byte) {
	for t = t[min(44, len(t)):]; len(t) >= 16; t = t[16:] {
		if le16(t[8:]) == 0 && t[10] <= t[11] { // segment 0
			i.ECAM, i.ECAMStart, i.ECAMEnd = le64(t), t[10], t[11]
			return
		}
	}
}

// FADT offsets (ACPI 6.5 table 5.9).
func (i *Info) fadt(m Memory, t []byte) {
	if len(t) < 116 {
		return
	}
	i.SMICommand, i.ACPIEnable = uint16(le32(t[48:])), t[52]
	i.PM1a, i.PM1b = uint16(le32(t[64:])), uint16(le32(t[68:]))
	if t[91] == 4 {
		i.PMTimer = uint16(le32(t[76:]))
	}
	const resetSupported = 1 << 10
	if le32(t[112:])&resetSupported != 0 && len(t) >= 129 {
		const space = 0
		switch t[116+space] {
		case 0, 1: // system memory, system I/O
			i.ResetIO = t[116] == 1
			i.Reset, i.ResetValue, i.HasReset = le64(t[120:]), t[128], true
		}
	}
	dsdt := uint64(le32(t[40:]))
	if len(t) >= 148 && le64(t[140:]) != 0 {
		dsdt = le64(t[140:])
	}
	if d := table(m, dsdt, "DSDT"); d != nil {
		i.findS5(d[36:])
	}
}

// findS5 looks for the package \_S5_ in AML: NameOp (0x08), optional root prefix, the name, PackageOp (0x12), its
// length, element count, then the two SLP_TYP values (ACPI 6.5 §7.4.2, §20.2).
func (i *Info) findS5(aml []byte) {
	for at := 0; at+4 < len(aml); at++ {
		if !isSignature(aml[at:], "_S5_") {
			continue
		}
		if at < 1 || aml[at-1] != 0x08 && !(at >= 2 && aml[at-1] == '\\' && aml[at-2] == 0x08) {
			continue
		}
		p := aml[at+4:]
		if len(p) < 4 || p[0] != 0x12 {
			continue
		}
		p = p[1:]
		lead := int(p[0]>>6) + 1 // package length: 1 to 4 bytes
		if len(p) < lead+1 {
			continue
		}
		p = p[lead+1:] // element count skipped
		a, p, ok := integer(p)
		if !ok {
			continue
		}
		b, _, ok := integer(p)
		if !ok {
			b = a
		}
		i.S5, i.HasS5 = [2]uint8{a, b}, true
		return
	}
}

// integer decodes a small AML integer (ACPI 6.5 §20.2.3).
func integer(p []byte) (v uint8, rest []byte, ok bool) {
	const zeroOp, oneOp, bytePrefix, wordPrefix = 0, 1, 0x0a, 0x0b
	switch {
	case len(p) >= 1 && (p[0] == zeroOp || p[0] == oneOp):
		return p[0], p[1:], true
	case len(p) >= 2 && p[0] == bytePrefix:
		return p[1], p[2:], true
	case len(p) >= 3 && p[0] == wordPrefix:
		return p[1], p[3:], true
	}
	return 0, p, false
}
