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
	headerSize = 36
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
	PM1a, PM1b uint16 // control registers, I/O ports; 0: none
	PM1Event   uint16 // event register: status, then enable 2 ports further; 0: none
	SCI        uint16 // the interrupt of its events
	S5         [2]uint8
	HasS5      bool
	SMICommand uint16
	ACPIEnable uint8
	Reset      Register
	ResetValue uint8
	HasReset   bool
	Sleep      Register // sleep control register of machines without PM1 registers (ACPI 6.5 §4.8.3.7)
	HasSleep   bool
	Century    uint8 // index of the real-time clock's century register; 0: none
}

// Register is a byte-wide register.
type Register struct {
	Addr uint64
	IO   bool // an I/O port, not memory
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
			i.each(m, t[headerSize:], 8)
			return true
		}
	}
	t := table(m, uint64(le32(rsdp[16:])), "RSDT")
	if t == nil {
		return false
	}
	i.each(m, t[headerSize:], 4)
	return true
}

// table returns a whole table with a good checksum; sig "" accepts any.
func table(m Memory, pa uint64, sig string) []byte {
	h := m(pa, headerSize)
	if h == nil || sig != "" && !isSignature(h, sig) {
		return nil
	}
	n := le32(h[4:])
	if n < headerSize || n > maxTable {
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
		case isSignature(t, "SSDT"):
			i.findS5(t[headerSize:])
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
	madtX2APIC   = 9
)

// addCPU takes a processor that is enabled; its flags are ACPI 6.5 table 5.22's.
func (i *Info) addCPU(id, flags uint32) {
	const enabled = 1
	if flags&enabled == 0 || i.NCPU == MaxCPUs {
		return
	}
	for _, c := range i.CPUs[:i.NCPU] {
		if c == id {
			return // firmware may list a processor in both forms
		}
	}
	i.CPUs[i.NCPU] = id
	i.NCPU++
}

func (i *Info) madt(t []byte) {
	if len(t) < 44 {
		return
	}
	i.LAPIC = uint64(le32(t[headerSize:]))
	for t = t[44:]; len(t) >= 2 && int(t[1]) >= 2 && int(t[1]) <= len(t); t = t[t[1]:] {
		e := t[:t[1]]
		switch {
		case e[0] == madtCPU && len(e) >= 8:
			i.addCPU(uint32(e[3]), le32(e[4:]))
		case e[0] == madtX2APIC && len(e) >= 16:
			i.addCPU(le32(e[4:]), le32(e[8:]))
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
