//go:build galago

package arch

import (
	"sync/atomic"
	"unsafe"
)

// PTE is a page-table entry of any level (SDM 3A §4.5, tables 4-14 to 4-20).
type PTE uint64

// PTE bits. Bits 9–11 are ignored by the CPU and belong to package vm.
const (
	PTEPresent  PTE = 1 << 0
	PTEWrite    PTE = 1 << 1
	PTEUser     PTE = 1 << 2
	PTEWriteThr PTE = 1 << 3
	PTENoCache  PTE = 1 << 4
	PTEAccessed PTE = 1 << 5
	PTEDirty    PTE = 1 << 6
	PTELarge    PTE = 1 << 7
	PTEGlobal   PTE = 1 << 8
	PTESoft0    PTE = 1 << 9
	PTESoft1    PTE = 1 << 10
	PTESoft2    PTE = 1 << 11
	PTENX       PTE = 1 << 63
	pteAddr     PTE = 0x000f_ffff_ffff_f000
)

// Addr returns the physical address in the entry.
func (e PTE) Addr() uint64 { return uint64(e & pteAddr) }

// Flags returns everything but the physical address.
func (e PTE) Flags() PTE { return e &^ pteAddr }

// Present reports whether the entry maps something.
func (e PTE) Present() bool { return e&PTEPresent != 0 }

// Table is one page of a page table.
type Table [512]PTE

// Next returns the index of the first entry from i on that is not zero, or 512. Tables are mostly empty: it looks at 16 entries at a time.
func (t *Table) Next(i uintptr) uintptr {
	const step = 16
	for i < 512 {
		if i%step == 0 {
			g := (*[step]PTE)(unsafe.Pointer(&t[i]))
			if g[0]|g[1]|g[2]|g[3]|g[4]|g[5]|g[6]|g[7]|g[8]|g[9]|g[10]|g[11]|g[12]|g[13]|g[14]|g[15] == 0 {
				i += step
				continue
			}
		}
		if t[i] != 0 {
			return i
		}
		i++
	}
	return 512
}

// DirectMap is the virtual address of physical address 0: all memory is mapped there, RW and not executable.
const DirectMap uintptr = 0xffff_8880_0000_0000

// Kernel virtual areas: mem.VAlloc's and device registers'.
const (
	KernelAreaStart uintptr = 0xffff_c900_0000_0000
	KernelAreaEnd   uintptr = 0xffff_e900_0000_0000
	mmioStart       uintptr = 0xffff_ea00_0000_0000
)

// PhysToVirt returns where physical address pa is mapped.
func PhysToVirt(pa uint64) uintptr { return DirectMap + uintptr(pa) }

// VirtToPhys is the inverse for addresses of the direct map and of the kernel image.
func VirtToPhys(va uintptr) uint64 {
	if va >= imageBase {
		return uint64(va - imageBase)
	}
	return uint64(va - DirectMap)
}

// AllocTable supplies a zeroed page for page tables, by physical address; 0 when there is none. boot sets a
// bump allocator, package mem its own later.
var AllocTable func() uint64

// FreeTable takes one back.
var FreeTable func(pa uint64)

// kernelRoot is the physical address of the kernel's top-level table; every address space shares its upper half.
var kernelRoot uint64

// KernelRoot returns it.
func KernelRoot() uint64 { return kernelRoot }

// TableAt returns the table at a physical address.
func TableAt(pa uint64) *Table { return at[Table](PhysToVirt(pa)) }

func index(va uintptr, level int) uintptr { return va >> (PageShift + 9*level) & 511 }

// Walk returns the entry for va at level (0: 4 KiB pages, 1: 2 MiB, 2: 1 GiB) below root. With alloc it
// makes missing tables, else it returns nil for them, and nil too when memory runs out or a larger page is
// in the way. Tables on the way get user and write permission: the last level decides.
func Walk(root uint64, va uintptr, level int, alloc bool) *PTE {
	t := TableAt(root)
	for l := 3; ; l-- {
		e := &t[index(va, l)]
		if l == level {
			return e
		}
		switch {
		case !e.Present():
			if !alloc {
				return nil
			}
			pa := AllocTable()
			if pa == 0 {
				return nil
			}
			f := PTEPresent | PTEWrite
			if va < UserLimit {
				f |= PTEUser
			}
			*e = PTE(pa) | f
		case *e&PTELarge != 0:
			return nil
		}
		t = TableAt(e.Addr())
	}
}

// MapKernel maps one 4 KiB page at va in the kernel's half. False: no memory for a table. The caller owns
// va, so no lock is needed but for tables shared with neighbours, which kernelPT guards.
func MapKernel(va uintptr, pa uint64, flags PTE) bool {
	kernelPT.lock()
	e := Walk(kernelRoot, va, 0, true)
	if e != nil {
		*e = PTE(pa) | flags | PTEPresent | PTEGlobal
	}
	kernelPT.unlock()
	return e != nil
}

// UnmapKernel removes the page at va and returns what was mapped. The caller flushes (FlushKernelRange).
func UnmapKernel(va uintptr) PTE {
	kernelPT.lock()
	defer kernelPT.unlock()
	e := Walk(kernelRoot, va, 0, false)
	if e == nil {
		return 0
	}
	old := *e
	*e = 0
	return old
}

// KernelRW are the flags of ordinary kernel data.
const KernelRW = PTEWrite | PTENX

var kernelPT tinyLock

var mmioNext = mmioStart

// MapMMIO maps device registers uncached and returns their address; 0 when memory runs out. Mappings of
// one device are never taken back.
func MapMMIO(pa uint64, size uintptr) uintptr {
	off := uintptr(pa) & (PageSize - 1)
	n := (off + size + PageSize - 1) >> PageShift
	kernelPT.lock()
	va := mmioNext
	mmioNext += (n + 1) << PageShift // one page of guard
	kernelPT.unlock()
	for i := range n {
		if !MapKernel(va+i<<PageShift, pa&^(PageSize-1)+uint64(i)<<PageShift, KernelRW|PTENoCache|PTEWriteThr) {
			return 0
		}
	}
	return va + off
}

// BuildKernelTables makes the kernel's page tables: the direct map up to physical address top with the largest
// pages, and the image section by section; kernel text and read-only data are read-only in the direct map too.
// The boot CPU switches to them.
func BuildKernelTables(top uint64) bool {
	root := AllocTable()
	if root == 0 {
		return false
	}
	kernelRoot = root
	textEnd, roEnd := linkAddr(symTextEnd), linkAddr(symRodataEnd)
	start, end := linkAddr(symImageStart), linkAddr(symImageEnd)
	for va := start; va < end; va += PageSize {
		flags := KernelRW
		switch {
		case va < textEnd:
			flags = 0
		case va < roEnd:
			flags = PTENX
		}
		if !MapKernel(va, uint64(va-imageBase), flags) {
			return false
		}
	}
	// The upper half's top-level entries are made now, so that every address space can share them.
	for i := 256; i < 512; i++ {
		e := &TableAt(root)[i]
		if !e.Present() && needsRoot(uintptr(i)) {
			pa := AllocTable()
			if pa == 0 {
				return false
			}
			*e = PTE(pa) | PTEPresent | PTEWrite
		}
	}
	roStart, roStop := uint64(start-imageBase), uint64(roEnd-imageBase)
	for pa := uint64(0); pa < top; {
		n := mapDirect(pa, top, roStart, roStop)
		if n == 0 {
			return false
		}
		pa += n
	}
	cpus[0].CR3 = uintptr(root)
	writeCR3(uintptr(root))
	return true
}

// needsRoot limits the pre-made entries to the ranges the kernel uses.
func needsRoot(i uintptr) bool {
	in := func(lo, hi uintptr) bool { return i >= index(lo, 3) && i <= index(hi, 3) }
	return in(DirectMap, DirectMap+1<<42-1) || in(KernelAreaStart, KernelAreaStart+1<<39-1) || in(mmioStart, mmioStart)
}

// mapDirect maps the largest page that fits at pa and returns its size; 0 when memory runs out.
func mapDirect(pa, top, roStart, roStop uint64) uint64 {
	const m2, g1 = 2 << 20, 1 << 30
	overlaps := func(size uint64) bool { return pa < roStop && pa+size > roStart }
	size, level := uint64(PageSize), 0
	switch {
	case Has.GB1Pages && pa%g1 == 0 && pa+g1 <= top && !overlaps(g1):
		size, level = g1, 2
	case pa%m2 == 0 && pa+m2 <= top && !overlaps(m2):
		size, level = m2, 1
	}
	e := Walk(kernelRoot, PhysToVirt(pa), level, true)
	if e == nil {
		return 0
	}
	f := PTEPresent | PTEGlobal | PTENX
	if level == 0 && pa >= roStart && pa < roStop {
		*e = PTE(pa) | f
		return size
	}
	if level > 0 {
		f |= PTELarge
	}
	*e = PTE(pa) | f | PTEWrite
	return size
}

// NewRoot makes a top-level table that shares the kernel's half; 0 when memory runs out.
func NewRoot() uint64 {
	pa := AllocTable()
	if pa != 0 {
		copy(TableAt(pa)[256:], TableAt(kernelRoot)[256:])
	}
	return pa
}

// LoadRoot makes root this CPU's page tables; preemption is off.
func LoadRoot(root uint64) {
	c := &cpus[CPUID()]
	if c.CR3 != uintptr(root) {
		c.CR3 = uintptr(root)
		writeCR3(uintptr(root))
	}
}

// FlushPage drops va's translation on this CPU.
func FlushPage(va uintptr) { invlpg(va) }

// FlushUser drops all user translations of this CPU.
func FlushUser() { writeCR3(readCR3()) }

// tinyLock is a test-and-set lock for the few words arch itself shares; package lock is a floor above.
type tinyLock struct {
	word  atomic.Uint32
	flags uintptr
}

func (l *tinyLock) lock() {
	f := IRQDisable()
	for !l.word.CompareAndSwap(0, 1) {
		Pause()
	}
	l.flags = f
}

func (l *tinyLock) unlock() {
	f := l.flags
	l.word.Store(0)
	IRQRestore(f)
}

// DirectMapped reports whether [pa, pa+n) is reachable through the direct map.
func DirectMapped(pa, n uint64) bool {
	for at := pa &^ (PageSize - 1); at < pa+n; {
		va := PhysToVirt(at)
		size := uint64(PageSize)
		e := Walk(kernelRoot, va, 2, false)
		switch {
		case e == nil || !e.Present():
			return false
		case *e&PTELarge != 0:
			size = 1 << 30
		default:
			if e = Walk(kernelRoot, va, 1, false); e == nil || !e.Present() {
				return false
			}
			if *e&PTELarge != 0 {
				size = 2 << 20
			} else if e = Walk(kernelRoot, va, 0, false); e == nil || !e.Present() {
				return false
			}
		}
		at = at&^(size-1) + size
	}
	return true
}
