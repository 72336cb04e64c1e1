package bootinfo

import (
	"encoding/binary"
	"testing"
)

type machine []byte

func (m machine) at(pa uint64, n int) []byte {
	if n < 0 || pa > uint64(len(m)) || uint64(n) > uint64(len(m))-pa {
		return nil
	}
	return m[pa : pa+uint64(n)]
}

var le = binary.LittleEndian

func pvh() machine {
	m := make(machine, 0x4000)
	h := m[0x1000:]
	le.PutUint32(h, pvhMagic)
	le.PutUint32(h[4:], 1)
	le.PutUint32(h[12:], 1)
	le.PutUint64(h[16:], 0x3000)
	le.PutUint64(h[24:], 0x2000)
	le.PutUint64(h[32:], 0xe0000)
	le.PutUint64(h[40:], 0x3100)
	le.PutUint32(h[48:], 2)
	copy(m[0x2000:], "root=/dev/vda1 quiet\x00")
	le.PutUint64(m[0x3000:], 0x100000)
	le.PutUint64(m[0x3008:], 4096)
	le.PutUint64(m[0x3108:], 0x9fc00)
	le.PutUint32(m[0x3110:], 1)
	le.PutUint64(m[0x3118:], 0x100000)
	le.PutUint64(m[0x3120:], 1<<28)
	le.PutUint32(m[0x3128:], 99)
	return m
}

func TestPVH(t *testing.T) {
	m := pvh()
	var i Info
	if !i.ParsePVH(m.at, 0x1000) {
		t.Fatal("refused")
	}
	if string(i.Cmdline()) != "root=/dev/vda1 quiet" || i.RSDP != 0xe0000 || i.InitrdStart != 0x100000 || i.InitrdEnd != 0x101000 {
		t.Fatalf("%q %#x %#x %#x", i.Cmdline(), i.RSDP, i.InitrdStart, i.InitrdEnd)
	}
	if i.NRegions != 2 || i.Regions[0] != (Region{0, 0x9fc00, Usable}) || i.Regions[1].Kind != Reserved {
		t.Fatalf("%+v", i.Regions[:i.NRegions])
	}
	m[0x1000]++
	if new(Info).ParsePVH(m.at, 0x1000) {
		t.Fatal("bad magic accepted")
	}
}

func multiboot() machine {
	m := make(machine, 0x2000)
	at := 0x1008
	tag := func(typ uint32, body []byte) {
		le.PutUint32(m[at:], typ)
		le.PutUint32(m[at+4:], uint32(8+len(body)))
		copy(m[at+8:], body)
		at += (8 + len(body) + 7) &^ 7
	}
	tag(tagCmdline, []byte("console=ttyS0\x00"))
	mmap := make([]byte, 8+2*24)
	le.PutUint32(mmap, 24)
	le.PutUint64(mmap[16:], 0xa0000)
	le.PutUint32(mmap[24:], 1)
	le.PutUint64(mmap[32:], 0x100000)
	le.PutUint64(mmap[40:], 0x7f00000)
	le.PutUint32(mmap[48:], 1)
	tag(tagMemory, mmap)
	mod := make([]byte, 12)
	le.PutUint32(mod, 0x200000)
	le.PutUint32(mod[4:], 0x201000)
	tag(tagModule, mod)
	tag(tagACPINew, []byte("RSD PTR 0123456789abcdefghijklmnopqr"))
	tag(tagEnd, nil)
	le.PutUint32(m[0x1000:], uint32(at-0x1000))
	return m
}

func TestMultiboot2(t *testing.T) {
	m := multiboot()
	var i Info
	if !i.ParseMultiboot2(m.at, 0x1000) {
		t.Fatal("refused")
	}
	if string(i.Cmdline()) != "console=ttyS0" || i.NRegions != 2 || i.Regions[1] != (Region{0x100000, 0x8000000, Usable}) {
		t.Fatalf("%q %+v", i.Cmdline(), i.Regions[:i.NRegions])
	}
	if i.InitrdStart != 0x200000 || i.InitrdEnd != 0x201000 || len(i.RSDPCopy()) != 36 {
		t.Fatalf("%+v", i)
	}
	if new(Info).ParseMultiboot2(m.at, 0x1004) {
		t.Fatal("misaligned structure accepted")
	}
}

func TestTooManyRegions(t *testing.T) {
	var i Info
	for k := range uint64(2 * MaxRegions) {
		i.add(k<<20, 1<<20, 1)
	}
	i.add(1<<63, 1<<63, 1) // wraps around
	if i.NRegions != MaxRegions {
		t.Fatal(i.NRegions)
	}
}

// check holds what the kernel relies on.
func check(t *testing.T, i *Info) {
	t.Helper()
	for _, r := range i.Regions[:i.NRegions] {
		if r.Start >= r.End {
			t.Fatalf("empty or inverted region %+v", r)
		}
	}
	if i.InitrdEnd < i.InitrdStart || len(i.Cmdline()) > MaxCmdline {
		t.Fatal("initrd or command line")
	}
}

func FuzzPVH(f *testing.F) {
	f.Add([]byte(pvh()))
	f.Fuzz(func(t *testing.T, b []byte) {
		var i Info
		i.ParsePVH(machine(b).at, 0x1000)
		check(t, &i)
	})
}

func FuzzMultiboot2(f *testing.F) {
	f.Add([]byte(multiboot()))
	f.Fuzz(func(t *testing.T, b []byte) {
		var i Info
		i.ParseMultiboot2(machine(b).at, 0x1000)
		check(t, &i)
	})
}
