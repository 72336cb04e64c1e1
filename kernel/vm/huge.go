//go:build galago

package vm

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/mem"
)

// Huge pages: an entry of the level above the bottom one may map 2 MiB of private anonymous memory at once (SDM 3A, table 4-18). It
// saves 511 faults and the upkeep of as many frames and entries, and a slot of the TLB does for all.
//
// A huge page is a matter of one space: it is one block of frames with one reference, the entry's. Its bottom-level table stays, empty, and
// the block remembers it, so that what needs single pages (fork, mprotect, a partial unmapping, a debugger's look) can always have the
// huge page split: the block becomes 512 frames and the table maps them, as if it had never been otherwise. Whoever walks the
// tables with lastTable, entry or makeTable has that done on the way; whoever can deal with a huge page looks with directory or
// peek first.
//
// Policy: a huge page comes where memory is filled from one end to the other (a store to the first page of an aligned 2 MiB, the page before it
// being there) or where madvise(2) asked for it, as long as memory is plentiful. So a stack or a heap of which little is used stays small.

const (
	hugeOrder = 9
	hugePages = 1 << hugeOrder
)

// HugeMode is how far huge pages are used: /sys/kernel/mm/transparent_hugepage/enabled.
var HugeMode atomic.Uint32

// Values of HugeMode.
const (
	HugeAlways  uint32 = iota // where they pay
	HugeAdvised               // only where madvise(2) asked for them
	HugeNever
)

// hugeStat counts what has been done.
var hugeStat struct {
	mapped, faults, splits, fallbacks atomic.Int64
}

// HugeStats tells how many huge pages are mapped, and how many were mapped, split, and replaced by small ones for want of a block, so far.
func HugeStats() (mapped, faults, splits, fallbacks int64) {
	h := &hugeStat
	return h.mapped.Load(), h.faults.Load(), h.splits.Load(), h.fallbacks.Load()
}

// HugeEligible tells whether area a could have a huge page at all. It is called within EachArea.
func (a *Area) HugeEligible() bool {
	base := (a.Start + tableSpan - 1) &^ (tableSpan - 1)
	return a.Back == nil && base+tableSpan <= a.End && a.Flags&(GrowsDown|NoHugePage|OnFault) == 0 && a.space.hugeAllowed(a)
}

// hugeAllowed tells whether the settings let area a have huge pages.
func (s *AddressSpace) hugeAllowed(a *Area) bool {
	switch HugeMode.Load() {
	case HugeNever:
		return false
	case HugeAdvised:
		if a.Flags&HugePage == 0 {
			return false
		}
	}
	return !s.NoHuge.Load()
}

// wantsHuge tells whether a store at va, in anonymous area a, is to bring a huge page. s.lock is held for reading.
//
// +checklocksread:s.lock
func (s *AddressSpace) wantsHuge(a *Area, va uintptr) bool {
	base := va &^ (tableSpan - 1)
	if a.Flags&HugePage == 0 && (va != base || base == a.Start) || base < a.Start || a.End-base < tableSpan ||
		a.Flags&(GrowsDown|NoHugePage|OnFault) != 0 || !a.Writable() { // a debugger may store where the program may not
		return false
	}
	if !s.hugeAllowed(a) || !mem.Plenty() {
		return false
	}
	return a.Flags&HugePage != 0 || mapped(s.peek(base-arch.PageSize))
}

// faultHuge maps a huge page around va, in area a; false: a small one has to do.
func (s *AddressSpace) faultHuge(a *Area, va uintptr) bool {
	base := va &^ (tableSpan - 1)
	s.pt.Lock()
	d, _ := s.directory(base)
	taken := d != nil && *d != 0 && (*d&arch.PTELarge != 0 || arch.TableAt(d.Addr()).Next(0) != 512)
	s.pt.Unlock()
	if taken {
		return false
	}
	f := mem.AllocFrames(hugeOrder, mem.Zero|mem.User|mem.Spare)
	if f == nil {
		hugeStat.fallbacks.Add(1)
		return false
	}
	f.SetFlag(mem.FrameAnon)
	s.pt.Lock()
	d = s.makeDirectory(base)
	done := d != nil && *d&arch.PTELarge == 0 && arch.TableAt(d.Addr()).Next(0) == 512
	if done {
		f.Private = d.Addr()
		*d = arch.PTE(f.Phys()) | a.pte(true) | arch.PTELarge
	}
	s.pt.Unlock()
	if !done {
		f.Put()
		return false
	}
	s.addRSS(hugePages)
	hugeStat.mapped.Add(1)
	hugeStat.faults.Add(1)
	return true
}

// table returns the bottom-level table of a directory entry that is present. A huge page is split. s.pt is held.
//
// Both ways of mapping give the same translations, so nothing is flushed here: who narrows one flushes its address, which drops
// a huge translation too (SDM 3A §4.10.4.1).
//
// +checklocks:s.pt
func (s *AddressSpace) table(d *arch.PTE) *arch.Table {
	if *d&arch.PTELarge == 0 {
		return arch.TableAt(d.Addr())
	}
	pa, flags := d.Addr(), d.Flags()&^arch.PTELarge
	f := mem.FrameOf(pa)
	own := f.Private
	t := arch.TableAt(own)
	mem.Split(f, hugeOrder)
	for i := range t {
		t[i] = arch.PTE(pa+uint64(i)<<arch.PageShift) | flags
	}
	*d = tableEntry(own)
	hugeStat.mapped.Add(-1)
	hugeStat.splits.Add(1)
	return t
}

// tableEntry is the entry for the table at a physical address: the bottom level decides about rights.
func tableEntry(pa uint64) arch.PTE {
	return arch.PTE(pa) | arch.PTEPresent | arch.PTEWrite | arch.PTEUser
}

// zapHuge removes the huge page that d maps at va and leaves its empty table. s.pt is held, and the gather is not full.
//
// +checklocks:g.s.pt
func (g *gather) zapHuge(d *arch.PTE, va uintptr) {
	f := mem.FrameOf(d.Addr())
	*d = tableEntry(f.Private)
	if g.end == 0 {
		g.start = va
	}
	g.end = va + tableSpan
	g.zapped += hugePages
	g.frames[g.n] = f
	g.n++
	hugeStat.mapped.Add(-1)
}

// peek returns va's entry as it is just now, or for a huge page its entry in the directory; 0: there is none. s.lock or s.pt is held.
func (s *AddressSpace) peek(va uintptr) arch.PTE {
	d, _ := s.directory(va)
	if d == nil {
		return 0
	}
	e := arch.PTE(atomic.LoadUint64((*uint64)(unsafe.Pointer(d))))
	if !e.Present() || e&arch.PTELarge != 0 {
		return e
	}
	return arch.TableAt(e.Addr())[slot(va)]
}
