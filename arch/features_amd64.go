//go:build galago

package arch

// Has says what this CPU offers; code for an optional feature asks here, never assumes. SDM 2A, CPUID.
var Has struct {
	NX, GB1Pages, SMEP, SMAP, UMIP, FSGSBASE bool
	XSAVE, AVX, RDRAND, RDTSCP, PCID, X2APIC bool
	TSCDeadline, Hypervisor                  bool
}

// CPUInfo describes the processor for /proc/cpuinfo.
var CPUInfo struct {
	Vendor                  [12]byte
	Brand                   [48]byte
	Family, Model, Stepping uint32
	Features                [4]uint32 // leaf 1 EDX, ECX; leaf 7 EBX, ECX
	ExtFeatures             [2]uint32 // leaf 0x80000001 EDX, ECX
	PhysBits, VirtBits      uint32
}

func bit(v uint32, n uint) bool { return v>>n&1 != 0 }

func put32(b []byte, v uint32) {
	for i := range 4 {
		b[i] = byte(v >> (8 * i))
	}
}

// detectFeatures fills Has and CPUInfo from CPUID.
func detectFeatures() {
	info := &CPUInfo
	maxLeaf, b, c, d := Cpuid(0, 0)
	put32(info.Vendor[0:], b)
	put32(info.Vendor[4:], d)
	put32(info.Vendor[8:], c)
	sig, _, c1, d1 := Cpuid(1, 0)
	info.Stepping = sig & 15
	info.Family, info.Model = sig>>8&15, sig>>4&15
	if info.Family == 15 {
		info.Family += sig >> 20 & 0xff
	}
	if info.Family >= 6 {
		info.Model += sig >> 16 & 15 << 4
	}
	info.Features[0], info.Features[1] = d1, c1
	Has.PCID, Has.X2APIC, Has.TSCDeadline = bit(c1, 17), bit(c1, 21), bit(c1, 24)
	Has.XSAVE, Has.AVX, Has.RDRAND, Has.Hypervisor = bit(c1, 26), bit(c1, 28), bit(c1, 30), bit(c1, 31)
	if maxLeaf >= 7 {
		_, b7, c7, _ := Cpuid(7, 0)
		info.Features[2], info.Features[3] = b7, c7
		Has.FSGSBASE, Has.SMEP, Has.SMAP, Has.UMIP = bit(b7, 0), bit(b7, 7), bit(b7, 20), bit(c7, 2)
	}
	maxExt, _, _, _ := Cpuid(0x80000000, 0)
	_, _, ce, de := Cpuid(0x80000001, 0)
	info.ExtFeatures[0], info.ExtFeatures[1] = de, ce
	Has.NX, Has.GB1Pages, Has.RDTSCP = bit(de, 20), bit(de, 26), bit(de, 27)
	if maxExt >= 0x80000004 {
		for i := range uint32(3) {
			r0, r1, r2, r3 := Cpuid(0x80000002+i, 0)
			out := info.Brand[16*i:]
			put32(out[0:], r0)
			put32(out[4:], r1)
			put32(out[8:], r2)
			put32(out[12:], r3)
		}
	}
	info.PhysBits, info.VirtBits = 36, 48
	if maxExt >= 0x80000008 {
		a, _, _, _ := Cpuid(0x80000008, 0)
		info.PhysBits, info.VirtBits = a&0xff, a>>8&0xff
	}
}

// CR4 bits (SDM 3A §2.5).
const (
	cr4FSGSBASE = 1 << 16
	cr4OSXSAVE  = 1 << 18
	cr4SMEP     = 1 << 20
	cr4SMAP     = 1 << 21
	cr4UMIP     = 1 << 11
	cr4PGE      = 1 << 7
)

// enableFeatures turns the protections on that this CPU has. Each CPU calls it.
func enableFeatures() {
	cr4 := readCR4() | cr4PGE
	for _, f := range [...]struct {
		has bool
		bit uintptr
	}{
		{Has.SMEP, cr4SMEP}, {Has.SMAP, cr4SMAP}, {Has.UMIP, cr4UMIP},
		{Has.FSGSBASE, cr4FSGSBASE}, {Has.XSAVE, cr4OSXSAVE},
	} {
		if f.has {
			cr4 |= f.bit
		}
	}
	writeCR4(cr4)
	if Has.XSAVE {
		xsetbv(xcr0)
	}
}
