package acpi

import (
	"encoding/binary"
	"testing"
)

// machine is a fake physical memory.
type machine []byte

func (m machine) at(pa uint64, n int) []byte {
	if pa > uint64(len(m)) || uint64(n) > uint64(len(m))-pa {
		return nil
	}
	return m[pa : pa+uint64(n)]
}

func fix(t []byte, at int) { t[at] = 0; t[at] = -sum(t) }

func (m machine) table(pa int, sig string, body []byte) {
	t := m[pa : pa+36+len(body)]
	copy(t, sig)
	binary.LittleEndian.PutUint32(t[4:], uint32(len(t)))
	copy(t[36:], body)
	fix(t, 9)
}

func build() machine { return buildAt(0x1000) }

// buildAt puts the tables step bytes apart, from step on.
func buildAt(step int) machine {
	m := make(machine, 1<<20)
	le := binary.LittleEndian
	madt := []byte{0, 0, 0xe0, 0xfe, 0, 0, 0, 0,
		0, 8, 0, 0, 1, 0, 0, 0, 0, 8, 1, 7, 1, 0, 0, 0, 0, 8, 2, 9, 0, 0, 0, 0,
		1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,
		2, 10, 0, 9, 9, 0, 0, 0, 0xf, 0}
	m.table(step, "APIC", madt)
	mcfg := make([]byte, 8+16)
	le.PutUint64(mcfg[8:], 0xb0000000)
	mcfg[8+11] = 255
	m.table(2*step, "MCFG", mcfg)
	m.table(3*step, "DSDT", append([]byte{1, 2, 3, 0x08}, "_S5_\x12\x06\x04\x0a\x05\x01\x00\x00"...))
	fadt := make([]byte, 93)
	le.PutUint32(fadt[40-36:], uint32(3*step))
	le.PutUint32(fadt[64-36:], 0x604)
	le.PutUint32(fadt[76-36:], 0x608)
	fadt[91-36] = 4
	le.PutUint32(fadt[112-36:], 1<<10)
	fadt[116-36] = 1
	le.PutUint64(fadt[120-36:], 0xcf9)
	fadt[128-36] = 6
	m.table(4*step, "FACP", fadt)
	rsdt := make([]byte, 12)
	le.PutUint32(rsdt, uint32(step))
	le.PutUint32(rsdt[4:], uint32(2*step))
	le.PutUint32(rsdt[8:], uint32(4*step))
	m.table(5*step, "RSDT", rsdt)
	r := m[0xe0010:]
	copy(r, "RSD PTR ")
	le.PutUint32(r[16:], uint32(5*step))
	fix(r[:20], 8)
	return m
}

func TestParse(t *testing.T) {
	m := build()
	pa := FindRSDP(m.at)
	if pa != 0xe0010 {
		t.Fatalf("rsdp at %#x", pa)
	}
	var i Info
	if !i.Parse(m.at, m.at(pa, 36)) {
		t.Fatal("not parsed")
	}
	if i.LAPIC != 0xfee00000 || i.NCPU != 2 || i.CPUs[1] != 7 || i.NIOAPIC != 1 || i.IOAPICs[0].Addr != 0xfec00000 {
		t.Fatalf("MADT: %+v", i)
	}
	if i.NOverride != 1 || i.Overrides[0] != (Override{9, 9, true, true}) {
		t.Fatalf("override: %+v", i.Overrides[0])
	}
	if i.ECAM != 0xb0000000 || i.ECAMEnd != 255 || i.PM1a != 0x604 || i.PMTimer != 0x608 || !i.HasS5 || i.S5 != [2]uint8{5, 1} {
		t.Fatalf("%+v", i)
	}
	if !i.HasReset || i.Reset != (Register{0xcf9, true}) || i.ResetValue != 6 {
		t.Fatalf("reset: %+v", i)
	}
}

func TestDamaged(t *testing.T) {
	m := build()
	m[0x1010]++ // the MADT's checksum is wrong now
	var i Info
	if !i.Parse(m.at, m.at(0xe0010, 36)) || i.NCPU != 0 || i.ECAM == 0 {
		t.Fatal("a damaged table must be skipped, and only it")
	}
	if i.Parse(m.at, m.at(0xe0000, 36)) {
		t.Fatal("no root pointer there")
	}
}

func FuzzACPI(f *testing.F) {
	const step = 256
	m := buildAt(step)
	f.Add([]byte(m[step:6*step]), []byte(m[0xe0010:0xe0010+36]))
	f.Fuzz(func(t *testing.T, mem, rsdp []byte) {
		m := make(machine, step+len(mem))
		copy(m[step:], mem)
		// Make checksums right, so that the parsers behind them are reached.
		for pa := step; pa+36 <= len(m); pa += step {
			if n := int(binary.LittleEndian.Uint32(m[pa+4:])); n >= 36 && n <= len(m)-pa {
				fix(m[pa:pa+n], 9)
			}
		}
		if len(rsdp) >= 20 {
			fix(rsdp[:20], 8)
		}
		var i Info
		ok := i.Parse(m.at, rsdp)
		if !ok && (i.NCPU > 0 || i.HasS5 || i.ECAM != 0) {
			t.Fatal("facts from nowhere")
		}
		if i.NCPU > MaxCPUs || i.NIOAPIC > MaxIOAPICs || i.NOverride > len(i.Overrides) || i.ECAMStart > i.ECAMEnd {
			t.Fatalf("%+v", i)
		}
		seen := map[uint32]bool{}
		for _, c := range i.CPUs[:i.NCPU] {
			if seen[c] {
				t.Fatal("a processor twice")
			}
			seen[c] = true
		}
	})
}
