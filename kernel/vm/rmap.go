//go:build galago

package vm

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/mem"
	"galago/kernel/vm/pagecache"
)

// Reverse mapping: what the page cache wants done to the translations of a file's page. A walk holds the list of mappings of the
// object, which keeps the areas on it, their bounds, and the page tables of their spaces: an area leaves the list
// before its space's tables are freed.

func init() {
	pagecache.Unmap = unmapPage
	pagecache.TryUnmap = tryUnmapPage
	pagecache.WriteProtect = writeProtectPage
	pagecache.UnmapRange = unmapRange
	pagecache.FlushStale = flushStale
}

// flushStale drops translations that were removed or narrowed without doing so.
func flushStale(st pagecache.Stale) { arch.FlushRange(st.Start, st.End, st.CPUs) }

// areaOf returns the area of an entry in a list of mappings.
func areaOf(m *pagecache.Mapping) *Area { return (*Area)(unsafe.Pointer(m.Area)) }

// address returns where area a maps page idx of its backing; false: it does not.
func (a *Area) address(idx uint64) (uintptr, bool) {
	if idx < a.Index || idx-a.Index >= uint64(a.End-a.Start)>>arch.PageShift {
		return 0, false
	}
	return a.Start + uintptr(idx-a.Index)<<arch.PageShift, true
}

// What a visit does to a translation.
const (
	visitUnmap   = iota // remove it
	visitProtect        // take the right to store
	visitAge            // clear the mark of use
)

// visit applies what to each translation of frame f at index idx of o, and tells whether one was used (age) or may not be
// removed. What the CPUs may still hold of them is added to st. f is locked, and the caller has a reference.
func visit(o *pagecache.Object, idx uint64, f *mem.Frame, what int, st pagecache.Stale) (pagecache.Stale, bool) {
	found := false
	o.LockMappings()
	for m := o.FirstMapping(); m != nil && f.MapCount.Load() > 0; m = m.Next() {
		a := areaOf(m)
		va, ok := a.address(idx)
		if !ok {
			continue
		}
		if what == visitAge && a.Flags&Locked != 0 {
			found = true
			continue
		}
		if a.space.visitPage(va, f, what) {
			if what == visitAge {
				found = true
			} else {
				arch.Mb() // as in AddressSpace.flush
				st = st.Add(va, a.space.cpus.Load())
			}
		}
	}
	o.UnlockMappings()
	return st, found
}

// visitPage is visit's step for one address. It tells whether the translation was used (age) or has become stale.
func (s *AddressSpace) visitPage(va uintptr, f *mem.Frame, what int) (found bool) {
	s.pt.Lock()
	e := s.entry(va)
	if e == nil || !mapped(*e) || e.Addr() != f.Phys() {
		s.pt.Unlock()
		return false
	}
	switch what {
	case visitUnmap:
		found = true
		*e = 0
		f.MapCount.Add(-1)
	case visitProtect:
		found = *e&arch.PTEWrite != 0
		*e &^= arch.PTEWrite | arch.PTEDirty
	case visitAge:
		// Not flushed: a use through a cached translation goes unnoticed once, which only makes the page look colder.
		found = *e&arch.PTEAccessed != 0
		*e &^= arch.PTEAccessed
	}
	s.pt.Unlock()
	if what == visitUnmap {
		s.file.Add(-1)
		s.addRSS(-1)
		f.Put() // not the last: the caller has one
	}
	return found
}

func unmapPage(o *pagecache.Object, idx uint64, f *mem.Frame) {
	st, _ := visit(o, idx, f, visitUnmap, pagecache.Stale{})
	st.Flush()
}

func writeProtectPage(o *pagecache.Object, idx uint64, f *mem.Frame, st pagecache.Stale) pagecache.Stale {
	st, _ = visit(o, idx, f, visitProtect, st)
	return st
}

func tryUnmapPage(o *pagecache.Object, idx uint64, f *mem.Frame, st pagecache.Stale) (pagecache.Stale, bool) {
	if _, used := visit(o, idx, f, visitAge, st); used {
		return st, false
	}
	st, _ = visit(o, idx, f, visitUnmap, st)
	return st, f.MapCount.Load() == 0
}

// unmapRange removes what is mapped for pages first to last of o; private copies only with private.
func unmapRange(o *pagecache.Object, first, last uint64, private bool) {
	o.LockMappings()
	for m := o.FirstMapping(); m != nil; m = m.Next() {
		a := areaOf(m)
		n := uint64(a.End-a.Start) >> arch.PageShift
		if last < a.Index || first >= a.Index+n {
			continue
		}
		start, end := a.Start, a.End
		if first > a.Index {
			start += uintptr(first-a.Index) << arch.PageShift
		}
		if last-a.Index < n {
			end = a.Start + uintptr(last-a.Index+1)<<arch.PageShift
		}
		a.space.zapPages(start, end, private)
	}
	o.UnlockMappings()
}
