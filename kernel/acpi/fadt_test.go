package acpi

import (
	"encoding/binary"
	"testing"
)

func TestSleepTypes(t *testing.T) {
	for _, c := range []struct {
		aml  string
		want [2]uint8
		ok   bool
	}{
		{"\x08_S5_\x12\x07\x04\x0a\x05\x0a\x06\x00\x00", [2]uint8{5, 6}, true},
		{"\x08\\_S5_\x12\x06\x04\x00\x01\x00\x00", [2]uint8{0, 1}, true},
		{"\x08_S5_\x12\x47\x00\x02\x0b\x07\x00\x0c\x06\x00\x00\x00", [2]uint8{7, 6}, true}, // two-byte length, word, dword
		{"\x08_S5_\x12\x03\x01\x0a\x05", [2]uint8{5, 5}, true},                             // one element
		{"\x08_S5_\x12\x03\x02\x0a\x05", [2]uint8{5, 5}, true},                             // the second one is cut off
		{"\x08_S5_\x12\x02\x00\x0a", [2]uint8{}, false},                                    // empty package
		{"\x10_S5_\x12\x06\x04\x00\x01\x00\x00", [2]uint8{}, false},                        // a scope of that name
		{"_S5_\x12\x06\x04\x00\x01\x00\x00", [2]uint8{}, false},
		{"\x08_S5_\x12\xff", [2]uint8{}, false},
		{"\x08_S5_", [2]uint8{}, false},
		{"\x08_S4_\x12\x03\x01\x06\x00\x08_S5_\x12\x03\x01\x0a\x03", [2]uint8{3, 3}, true},
		{"", [2]uint8{}, false},
	} {
		var i Info
		i.findS5([]byte("head" + c.aml))
		if i.HasS5 != c.ok || i.S5 != c.want {
			t.Errorf("%q: %v %v, want %v %v", c.aml, i.S5, i.HasS5, c.want, c.ok)
		}
	}
}

// fadtTable returns an ACPI 6 FADT of a usual machine; edit changes it.
func fadtTable(edit func(t []byte)) []byte {
	t := make([]byte, 276)
	le := binary.LittleEndian
	le.PutUint16(t[fadtSCI:], 9)
	le.PutUint32(t[fadtPM1aEvent:], 0x600)
	le.PutUint32(t[fadtPM1aControl:], 0x604)
	le.PutUint32(t[fadtPMTimer:], 0x608)
	t[fadtPMTimerLen] = 4
	edit(t)
	return t
}

func putGeneric(t []byte, off int, space byte, addr uint64) {
	t[off] = space
	binary.LittleEndian.PutUint64(t[off+4:], addr)
}

func TestFADT(t *testing.T) {
	none := machine(nil)
	var i Info
	i.fadt(none.at, fadtTable(func(t []byte) {}))
	if i.PM1Event != 0x600 || i.PM1a != 0x604 || i.PM1b != 0 || i.PMTimer != 0x608 || i.SCI != 9 || i.HasReset || i.HasSleep {
		t.Errorf("plain: %+v", i)
	}
	i = Info{}
	i.fadt(none.at, fadtTable(func(t []byte) {
		putGeneric(t, fadtXPM1aControl, 1, 0xb004)
		putGeneric(t, fadtXPMTimer, 0, 0xfed00000) // in memory: the port is used
		putGeneric(t, fadtXPM1aEvent, 1, 0x12345)  // no such port
		binary.LittleEndian.PutUint32(t[fadtFlags:], flagReset)
		putGeneric(t, fadtReset, 0, 0xfe001000)
		t[fadtResetValue] = 7
	}))
	if i.PM1a != 0xb004 || i.PMTimer != 0x608 || i.PM1Event != 0x600 || !i.HasReset || i.Reset != (Register{0xfe001000, false}) || i.ResetValue != 7 {
		t.Errorf("extended: %+v", i)
	}
	i = Info{}
	i.fadt(none.at, fadtTable(func(t []byte) {
		binary.LittleEndian.PutUint32(t[fadtFlags:], flagHardwareReduced|flagReset)
		putGeneric(t, fadtSleepControl, 0, 0xfea00000)
		putGeneric(t, fadtReset, 2, 5) // PCI configuration space: not ours
	}))
	if i.PM1a != 0 || i.PMTimer != 0 || !i.HasSleep || i.Sleep != (Register{0xfea00000, false}) || i.HasReset {
		t.Errorf("hardware-reduced: %+v", i)
	}
	for n := range 276 {
		i.fadt(none.at, fadtTable(func([]byte) {})[:n]) // must not read beyond the end
	}
}

func TestMADT(t *testing.T) {
	x2 := func(id uint32, flags byte) []byte {
		e := make([]byte, 16)
		e[0], e[1], e[8] = madtX2APIC, 16, flags
		binary.LittleEndian.PutUint32(e[4:], id)
		return e
	}
	m := make([]byte, 44)
	m = append(m, 0, 8, 0, 3, 1, 0, 0, 0)
	m = append(m, x2(3, 1)...) // the same processor again
	m = append(m, x2(300, 1)...)
	m = append(m, x2(301, 2)...) // can be plugged in, is not there
	var i Info
	i.madt(m)
	if i.NCPU != 2 || i.CPUs[0] != 3 || i.CPUs[1] != 300 {
		t.Errorf("%d: %v", i.NCPU, i.CPUs[:i.NCPU])
	}
	i = Info{}
	for k := range 2 * MaxCPUs {
		m = append(m, x2(uint32(1000+k), 1)...)
	}
	i.madt(append(m, 0, 0, 0)) // an entry of length 0 ends the table
	if i.NCPU != MaxCPUs {
		t.Errorf("%d processors", i.NCPU)
	}
}

// TestSSDT finds \_S5_ in a secondary table when the DSDT lacks it.
func TestSSDT(t *testing.T) {
	m := build()
	m.table(0x3000, "DSDT", []byte("nothing here"))
	m.table(0x6000, "SSDT", append([]byte{0x08}, "_S5_\x12\x06\x04\x0a\x05\x01\x00\x00"...))
	rsdt := make([]byte, 16)
	for k, pa := range []uint32{0x6000, 0x1000, 0x2000, 0x4000} {
		binary.LittleEndian.PutUint32(rsdt[4*k:], pa)
	}
	m.table(0x5000, "RSDT", rsdt)
	var i Info
	if !i.Parse(m.at, m.at(0xe0010, 36)) || !i.HasS5 || i.S5 != [2]uint8{5, 1} || i.NCPU != 2 {
		t.Errorf("%+v", i)
	}
}

// TestCBA finds the base of configuration space in the DSDT when there is no MCFG.
func TestCBA(t *testing.T) {
	for _, c := range []struct {
		aml  string
		want uint64
	}{
		{"\x14\x0b_CBA\x00\xa4\x0c\x00\x00\x00\xe0", 0xe0000000},
		{"\x14\x0f_CBA\x00\xa4\x0e\x00\x00\x00\x00\x40\x00\x00\x00", 0x4000000000},
		{"\x08_CBA\x0c\x00\x00\x00\xb0", 0xb0000000},
		{"\x14\x0b_CBA\x00\xa4\x0c\x00\x10\x00\xe0", 0}, // not aligned
		{"\x14\x0b_CBA\x00\xa4\x0c\x00\x00", 0},         // cut off
		{"\x14\x0b_CBA\x00", 0},
		{"\x08_CBA", 0},
		{"\x14\x0b_CBA\x00\xa3\x0c\x00\x00\x00\xe0", 0}, // does not return
	} {
		var i Info
		i.findCBA([]byte(c.aml))
		if i.ECAM != c.want || c.want != 0 && i.ECAMEnd != 255 {
			t.Errorf("%q: %#x", c.aml, i.ECAM)
		}
	}
}

// TestXSDT prefers the 64-bit list, and falls back when the extended checksum is wrong.
func TestXSDT(t *testing.T) {
	m := build()
	xsdt := make([]byte, 8)
	binary.LittleEndian.PutUint64(xsdt, 0x2000)
	m.table(0x7000, "XSDT", xsdt)
	r := m[0xe0010:]
	r[15] = 2
	binary.LittleEndian.PutUint32(r[20:], 36)
	binary.LittleEndian.PutUint64(r[24:], 0x7000)
	fix(r[:20], 8)
	fix(r[:36], 32)
	var i Info
	if !i.Parse(m.at, r[:36]) || i.ECAM == 0 || i.NCPU != 0 {
		t.Errorf("XSDT: %+v", i)
	}
	r[33]++
	if !i.Parse(m.at, r[:36]) || i.NCPU != 2 {
		t.Errorf("RSDT: %+v", i)
	}
}
