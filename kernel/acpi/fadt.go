package acpi

// FADT offsets (ACPI 6.5 table 5.9).
const (
	fadtDSDT         = 40
	fadtSCI          = 46
	fadtSMICommand   = 48
	fadtACPIEnable   = 52
	fadtPM1aEvent    = 56
	fadtPM1aControl  = 64
	fadtPM1bControl  = 68
	fadtPMTimer      = 76
	fadtPMTimerLen   = 91
	fadtCentury      = 108
	fadtFlags        = 112
	fadtReset        = 116
	fadtResetValue   = 128
	fadtXDSDT        = 140
	fadtXPM1aEvent   = 148
	fadtXPM1aControl = 172
	fadtXPM1bControl = 184
	fadtXPMTimer     = 208
	fadtSleepControl = 244
	fadtSize         = 116 // ACPI 1.0's
)

// FADT flags (ACPI 6.5 table 5.10).
const (
	flagReset           = 1 << 10
	flagHardwareReduced = 1 << 20
)

// generic decodes a generic address structure (ACPI 6.5 §5.2.3.2) at t[off]; false when it lies beyond the table, is
// empty or in an address space that is neither memory nor I/O ports.
func generic(t []byte, off int) (r Register, ok bool) {
	const size = 12
	const memory, ports = 0, 1
	if len(t) < off+size {
		return r, false
	}
	space, addr := t[off], le64(t[off+4:])
	if addr == 0 || space != memory && space != ports || space == ports && addr > 0xffff {
		return r, false
	}
	return Register{addr, space == ports}, true
}

// port returns the I/O port in the extended field at x, if there is one, or else in the old field at off.
func port(t []byte, off, x int) uint16 {
	if r, ok := generic(t, x); ok && r.IO {
		return uint16(r.Addr)
	}
	if p := le32(t[off:]); p <= 0xffff {
		return uint16(p)
	}
	return 0
}

func (i *Info) fadt(m Memory, t []byte) {
	if len(t) < fadtSize {
		return
	}
	flags := le32(t[fadtFlags:])
	if flags&flagHardwareReduced == 0 {
		i.SCI = le16(t[fadtSCI:])
		i.SMICommand, i.ACPIEnable = uint16(le32(t[fadtSMICommand:])), t[fadtACPIEnable]
		i.PM1Event = port(t, fadtPM1aEvent, fadtXPM1aEvent)
		i.PM1a = port(t, fadtPM1aControl, fadtXPM1aControl)
		i.PM1b = port(t, fadtPM1bControl, fadtXPM1bControl)
		i.Century = t[fadtCentury]
		if t[fadtPMTimerLen] == 4 {
			i.PMTimer = port(t, fadtPMTimer, fadtXPMTimer)
		}
	} else {
		i.Sleep, i.HasSleep = generic(t, fadtSleepControl)
	}
	if flags&flagReset != 0 && len(t) > fadtResetValue {
		i.Reset, i.HasReset = generic(t, fadtReset)
		i.ResetValue = t[fadtResetValue]
	}
	dsdt := uint64(le32(t[fadtDSDT:]))
	if len(t) >= fadtXDSDT+8 && le64(t[fadtXDSDT:]) != 0 {
		dsdt = le64(t[fadtXDSDT:])
	}
	if d := table(m, dsdt, "DSDT"); d != nil {
		i.findS5(d[headerSize:])
		i.findCBA(d[headerSize:])
	}
}

// findCBA looks for the base of PCI configuration space of machines without an MCFG: \_SB.PCI0._CBA, a name of an integer or a method
// that returns one: its name, flags, ReturnOp (0xa4), the integer (PCI Firmware 3.3 §4.1.3). It stands for all buses of segment 0.
func (i *Info) findCBA(aml []byte) {
	const nameOp, returnOp = 0x08, 0xa4
	for at := 1; at+4 < len(aml) && i.ECAM == 0; at++ {
		if aml[at] != '_' || !isSignature(aml[at:], "_CBA") {
			continue
		}
		rest := aml[at+4:]
		if aml[at-1] != nameOp {
			if len(rest) < 2 || rest[1] != returnOp {
				continue
			}
			rest = rest[2:]
		}
		const bus = 1 << 20 // bytes of configuration space of a bus
		if v, _, ok := integer(rest); ok && v != 0 && v%(256*bus) == 0 && v < 1<<46 {
			i.ECAM, i.ECAMStart, i.ECAMEnd = v, 0, 255
		}
	}
}

// findS5 looks for the package \_S5_ in AML: NameOp (0x08), optional root prefix, the name, PackageOp (0x12), its
// length, element count, then the two SLP_TYP values (ACPI 6.5 §7.4.2, §20.2). The first one found counts.
func (i *Info) findS5(aml []byte) {
	for at := 1; at+4 < len(aml) && !i.HasS5; at++ {
		const nameOp = 0x08
		if aml[at] != '_' || !isSignature(aml[at:], "_S5_") {
			continue
		}
		if aml[at-1] == nameOp || aml[at-1] == '\\' && at >= 2 && aml[at-2] == nameOp {
			i.S5, i.HasS5 = sleepTypes(aml[at+4:])
		}
	}
}

// sleepTypes decodes the package that follows the name. One element stands for both registers.
func sleepTypes(p []byte) (types [2]uint8, ok bool) {
	const packageOp = 0x12
	if len(p) < 2 || p[0] != packageOp {
		return types, false
	}
	lead := int(p[1]>>6) + 1 // bytes of the package length: 1 to 4
	if len(p) < 1+lead+1 {
		return types, false
	}
	count := p[1+lead]
	p = p[1+lead+1:]
	a, p, ok := integer(p)
	if !ok || count == 0 {
		return types, false
	}
	b := a
	if count > 1 {
		if v, _, ok := integer(p); ok {
			b = v
		}
	}
	return [2]uint8{uint8(a & 7), uint8(b & 7)}, true
}

// integer decodes an AML integer (ACPI 6.5 §20.2.3).
func integer(p []byte) (v uint64, rest []byte, ok bool) {
	const zeroOp, oneOp, bytePrefix, wordPrefix, dwordPrefix, qwordPrefix = 0, 1, 0x0a, 0x0b, 0x0c, 0x0e
	switch {
	case len(p) >= 1 && (p[0] == zeroOp || p[0] == oneOp):
		return uint64(p[0]), p[1:], true
	case len(p) >= 2 && p[0] == bytePrefix:
		return uint64(p[1]), p[2:], true
	case len(p) >= 3 && p[0] == wordPrefix:
		return uint64(le16(p[1:])), p[3:], true
	case len(p) >= 5 && p[0] == dwordPrefix:
		return uint64(le32(p[1:])), p[5:], true
	case len(p) >= 9 && p[0] == qwordPrefix:
		return le64(p[1:]), p[9:], true
	}
	return 0, p, false
}
