package pci

import (
	"testing"
	"unsafe"

	"galago/drivers/hw"
	"galago/drivers/hw/hwtest"
	"galago/kernel/errno"
	"galago/kernel/mem"
)

func TestMain(m *testing.M) {
	mem.HostInit(16 << 20)
	m.Run()
}

const ecam = 0xb0000000

func addr(bus, dev, fn int) int { return int(MakeAddr(bus, dev, fn)) }

// machine makes a bus with a host bridge, a two-function device, a bridge to bus 1 with a device, and a bridge that
// nobody configured.
func machine(t *testing.T) *hwtest.Bus {
	Forget()
	b := hwtest.NewBus(ecam, 4)
	b.Add(addr(0, 0, 0), 0x8086, 0x29c0, 0x060000)
	d := b.Add(addr(0, 3, 0), 0x1af4, 0x1001, 0x010000)
	d.Space[0xe] = 0x80
	d.SetBAR(1, 0xfeb00000, 0x1000, false)
	d.SetBAR(4, 0x800000000, 0x4000, true)
	b.Add(addr(0, 3, 5), 0x1234, 5, 0x020000).SetBAR(0, 0, 0x10000, false)
	bridge := b.Add(addr(0, 4, 0), 0x1b36, 0xc, 0x060400)
	bridge.Space[0xe] = 1
	bridge.Space[0x19] = 1
	bridge.Space[0x1a] = 1
	b.Add(addr(1, 0, 0), 0x1b36, 0x10, 0x010802)
	raw := b.Add(addr(0, 5, 0), 0x1b36, 0xc, 0x060400)
	raw.Space[0xe] = 1
	b.Add(addr(2, 7, 0), 0x1234, 7, 0xff0000)
	return b
}

func list() (all []Addr) {
	Each(func(d *Device) bool { all = append(all, d.Addr); return true })
	return all
}

func TestScan(t *testing.T) {
	for _, base := range []uint64{ecam, 0} {
		b := machine(t)
		if err := Init(Config{ECAM: base, LastBus: 3, Hole: 0xc0000000, HoleEnd: 0xfec00000}); err != errno.OK {
			t.Fatal(err)
		}
		want := []int{addr(0, 0, 0), addr(0, 3, 0), addr(0, 3, 5), addr(0, 4, 0), addr(1, 0, 0), addr(0, 5, 0), addr(2, 7, 0)}
		got := list()
		if len(got) != len(want) {
			t.Fatalf("base %x: found %x", base, got)
		}
		for i := range got {
			if int(got[i]) != want[i] {
				t.Errorf("%d: %x, want %x", i, got[i], want[i])
			}
		}
		if v := b.Read(uintptr(addr(0, 5, 0))<<12+0x18, 4); v&0xffffff != 0x020200 {
			t.Errorf("bridge got bus numbers %06x", v)
		}
	}
}

func TestProbeSizesAndAssigns(t *testing.T) {
	b := machine(t)
	if err := Init(Config{ECAM: ecam, LastBus: 3, Hole: 0xc0000000, HoleEnd: 0xfec00000}); err != errno.OK {
		t.Fatal(err)
	}
	var got []*Device
	first := true
	Register(&Driver{Name: "any", IDs: []ID{{Vendor: 0x1af4, Device: AnyID}, {Vendor: AnyID, Device: AnyID, Class: 0x020000, ClassMask: 0xff0000}},
		Probe: func(d *Device) errno.Errno {
			if first {
				first = false
				return errno.ENODEV
			}
			got = append(got, d)
			return errno.OK
		}})
	Probe()
	Probe() // only what was refused is offered again
	if len(got) != 2 || got[0].ID != 5 || got[1].ID != 0x1001 {
		t.Fatalf("%d probed", len(got))
	}
	d := got[1]
	if d.BARs[1] != (BAR{Base: 0xfeb00000, Size: 0x1000}) || d.BARs[4] != (BAR{Base: 0x800000000, Size: 0x4000, Is64: true}) {
		t.Errorf("%+v", d.BARs)
	}
	if at := got[0].BARs[0].Base; at != 0xfeb10000 || b.Read(uintptr(addr(0, 3, 5))<<12+0x10, 4) != at {
		t.Errorf("assigned %x", at)
	}
	for i, c := range []struct {
		bar       int
		off, size uint64
		ok        bool
	}{{1, 0, 0x1000, true}, {1, 0x800, 0x801, false}, {1, ^uint64(0), 2, false}, {2, 0, 1, false}, {7, 0, 1, false}, {4, 0x3ff0, 16, true}} {
		a, err := d.MapBAR(c.bar, c.off, c.size)
		if (err == errno.OK) != c.ok || c.ok && uint64(a) != d.BARs[c.bar].Base+c.off {
			t.Errorf("case %d: %x %v", i, a, err)
		}
	}
}

func TestNoRoomForBAR(t *testing.T) {
	machine(t)
	Init(Config{ECAM: ecam, LastBus: 3, Hole: 0xc0000000, HoleEnd: 0xfeb10000})
	Register(&Driver{Name: "any", IDs: []ID{{Vendor: 0x1234, Device: 5}}, Probe: func(d *Device) errno.Errno {
		if d.BARs[0].Size != 0 {
			t.Errorf("%+v", d.BARs[0])
		}
		return errno.OK
	}})
	Probe()
}

func TestCapabilities(t *testing.T) {
	Forget()
	b := hwtest.NewBus(ecam, 1)
	f := b.Add(0, 1, 1, 0)
	first := f.AddCap(CapVendor, 1, 2, 3, 4)
	msi := f.AddCap(CapMSI, make([]byte, 12)...)
	second := f.AddCap(CapVendor, 5, 6)
	Init(Config{ECAM: ecam})
	d := devices
	if d.FindCap(CapVendor, 0) != first || d.FindCap(CapVendor, first) != second || d.FindCap(CapVendor, second) != 0 ||
		d.FindCap(CapMSI, 0) != msi || d.FindCap(CapMSIX, 0) != 0 {
		t.Error("list")
	}
	f.Space[second+1] = byte(first) // a loop
	if d.FindCap(CapMSIX, 0) != 0 || d.FindCap(CapVendor, 0x33) != 0 {
		t.Error("loop")
	}
	f.Space[first+1] = 8 // into the header
	if d.FindCap(CapMSI, 0) != 0 {
		t.Error("link into the header")
	}
}

func TestMSIX(t *testing.T) {
	Forget()
	b := hwtest.NewBus(ecam, 1)
	f := b.Add(0, 1, 1, 0)
	f.SetBAR(2, 0xfe000000, 0x2000, false)
	c := f.AddCap(CapMSIX, 3, 0, 2, 0x10, 0, 0, 2, 0x18, 0, 0) // four entries at 0x1000 of BAR 2
	table := hwtest.NewMSIXTable(4)
	hw.Attach(0xfe001000, 64, table)
	Init(Config{ECAM: ecam})
	d := devices
	d.prepare()
	if n, err := d.InitMSI(); n != 4 || err != errno.OK {
		t.Fatal(n, err)
	}
	if f.Space[c+3] != 0x80 {
		t.Errorf("control %02x", f.Space[c+3])
	}
	count := 0
	if err := d.SetInterrupt(2, 3, "t", func(p unsafe.Pointer) { *(*int)(p)++ }, unsafe.Pointer(&count)); err != errno.OK {
		t.Fatal(err)
	}
	if !table.Raise(2) || table.Raise(1) || count != 1 {
		t.Error("interrupts")
	}
	if a := table.Read(32, 8); a != hw.MSIAddress(3) {
		t.Errorf("address %x", a)
	}
	if d.SetInterrupt(4, 0, "t", nil, nil) != errno.EINVAL {
		t.Error("interrupt 4 of 4")
	}
}

func TestMSIXOutsideBARFallsBackToMSI(t *testing.T) {
	Forget()
	b := hwtest.NewBus(ecam, 1)
	f := b.Add(0, 1, 1, 0)
	f.SetBAR(2, 0xfe000000, 0x1000, false)
	f.AddCap(CapMSIX, 3, 0, 2, 0x10, 0, 0, 2, 0x18, 0, 0) // beyond BAR 2
	c := f.AddCap(CapMSI, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	Init(Config{ECAM: ecam})
	d := devices
	d.prepare()
	if n, err := d.InitMSI(); n != 1 || err != errno.OK {
		t.Fatal(n, err)
	}
	count := 0
	d.SetInterrupt(0, 1, "t", func(p unsafe.Pointer) { *(*int)(p)++ }, unsafe.Pointer(&count))
	if f.Space[c+2] != 0x81 || !hw.Interrupt(hwtest.Get(f.Space[c+4:], 8), uint32(hwtest.Get(f.Space[c+12:], 2))) || count != 1 {
		t.Error("MSI")
	}
}
