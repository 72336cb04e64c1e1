// Package bootinfo reads what the loader left in memory: the PVH start-info structure (Xen,
// xen/include/public/arch-x86/hvm/start_info.h) or the multiboot2 information (Multiboot2 specification 2.0
// §3.6). The loader is not trusted more than a disk: every length and address is checked, every loop bounded,
// and what makes no sense is left out.
package bootinfo

// Kind classifies a memory region.
type Kind uint8

// Region kinds, with the values of the BIOS e820 map, which both protocols use.
const (
	Usable   Kind = 1
	Reserved Kind = 2
	ACPI     Kind = 3 // tables: usable after they have been read
	NVS      Kind = 4
	Bad      Kind = 5
)

// Region is [Start, End) of physical memory.
type Region struct {
	Start, End uint64
	Kind       Kind
}

// MaxRegions and MaxCmdline bound what is kept.
const (
	MaxRegions = 64
	MaxCmdline = 2048
)

// Info is the loader's information, copied out.
type Info struct {
	Regions  [MaxRegions]Region
	NRegions int

	cmdline  [MaxCmdline]byte
	ncmdline int

	RSDP                   uint64   // physical address of the ACPI root pointer; 0 unknown
	rsdpCopy               [36]byte // multiboot2 hands a copy instead
	nrsdp                  int
	InitrdStart, InitrdEnd uint64 // first module
}

// Cmdline returns the kernel command line.
func (i *Info) Cmdline() []byte { return i.cmdline[:i.ncmdline] }

// RSDPCopy returns the loader's copy of the ACPI root pointer, if it gave one.
func (i *Info) RSDPCopy() []byte { return i.rsdpCopy[:i.nrsdp] }

// Memory gives n bytes of physical memory at pa, or nil when they are out of reach.
type Memory func(pa uint64, n int) []byte

func le32(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

func le64(b []byte) uint64 { return uint64(le32(b)) | uint64(le32(b[4:]))<<32 }

func (i *Info) add(start, size uint64, kind uint32) {
	if size == 0 || start+size < start || i.NRegions == MaxRegions {
		return
	}
	k := Reserved
	if kind >= 1 && kind <= 5 {
		k = Kind(kind)
	}
	i.Regions[i.NRegions] = Region{start, start + size, k}
	i.NRegions++
}

func (i *Info) setCmdline(m Memory, pa uint64) {
	i.ncmdline = 0
	for i.ncmdline < MaxCmdline {
		b := m(pa+uint64(i.ncmdline), 1)
		if b == nil || b[0] == 0 {
			return
		}
		i.cmdline[i.ncmdline] = b[0]
		i.ncmdline++
	}
}

const pvhMagic = 0x336ec578

// ParsePVH reads a PVH start-info structure at pa. False: it is not one.
func (i *Info) ParsePVH(m Memory, pa uint64) bool {
	h := m(pa, 56)
	if h == nil || le32(h) != pvhMagic {
		return false
	}
	version := le32(h[4:])
	if p := le64(h[24:]); p != 0 {
		i.setCmdline(m, p)
	}
	i.RSDP = le64(h[32:])
	if n := le32(h[12:]); n > 0 {
		if mod := m(le64(h[16:]), 16); mod != nil {
			start, size := le64(mod), le64(mod[8:])
			if start+size >= start {
				i.InitrdStart, i.InitrdEnd = start, start+size
			}
		}
	}
	if version < 1 {
		return true
	}
	table, n := le64(h[40:]), min(le32(h[48:]), MaxRegions)
	for k := range uint64(n) {
		e := m(table+24*k, 24)
		if e == nil {
			break
		}
		i.add(le64(e), le64(e[8:]), le32(e[16:]))
	}
	return true
}

// Multiboot2 tag types.
const (
	tagEnd     = 0
	tagCmdline = 1
	tagModule  = 3
	tagMemory  = 6
	tagACPIOld = 14
	tagACPINew = 15
)

// ParseMultiboot2 reads the multiboot2 information at pa. False: its header makes no sense.
func (i *Info) ParseMultiboot2(m Memory, pa uint64) bool {
	h := m(pa, 8)
	if h == nil || pa%8 != 0 {
		return false
	}
	total := uint64(le32(h))
	const maxTotal = 1 << 20
	if total < 16 || total > maxTotal {
		return false
	}
	for off := uint64(8); off+8 <= total; {
		t := m(pa+off, 8)
		if t == nil {
			return false
		}
		typ, size := le32(t), uint64(le32(t[4:]))
		if size < 8 || off+size > total {
			return false
		}
		if typ == tagEnd {
			return true
		}
		i.tag(m, typ, pa+off, size)
		off += (size + 7) &^ 7
	}
	return true
}

func (i *Info) tag(m Memory, typ uint32, pa, size uint64) {
	switch typ {
	case tagCmdline:
		i.setCmdline(m, pa+8)
	case tagModule:
		if t := m(pa, 16); t != nil && size >= 16 && i.InitrdEnd == 0 && le32(t[8:]) < le32(t[12:]) {
			i.InitrdStart, i.InitrdEnd = uint64(le32(t[8:])), uint64(le32(t[12:]))
		}
	case tagMemory:
		t := m(pa, 16)
		if t == nil || size < 16 {
			return
		}
		entry := uint64(le32(t[8:]))
		if entry < 24 {
			return
		}
		for off := uint64(16); off+entry <= size; off += entry {
			e := m(pa+off, 24)
			if e == nil {
				return
			}
			i.add(le64(e), le64(e[8:]), le32(e[16:]))
		}
	case tagACPIOld, tagACPINew:
		n := min(int(size-8), len(i.rsdpCopy))
		if b := m(pa+8, n); b != nil && n > i.nrsdp {
			i.nrsdp = copy(i.rsdpCopy[:], b)
		}
	}
}
