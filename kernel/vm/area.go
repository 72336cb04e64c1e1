//go:build galago

package vm

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/vm/pagecache"
)

// Area maps [Start, End) of an address space. All fields are guarded by AddressSpace.lock.
type Area struct {
	node       ds.RBNode[Area] // keyed by Start
	Start, End uintptr
	Prot       uint8
	Flags      Flags
	Back       Backing // nil: private anonymous memory
	Index      uint64  // page of Back at Start

	space *AddressSpace
	obj   *pagecache.Object // Back.Object(); nil if Back is
	rmap  pagecache.Mapping // on obj's list

	nextDead *Area // AddressSpace.dead
}

var areaCache = mem.Cache[Area]{Name: "vm_area"}

// Writable reports whether stores are allowed.
func (a *Area) Writable() bool { return a.Prot&ProtWrite != 0 }

// pageIndex returns the page of the backing at address va.
func (a *Area) pageIndex(va uintptr) uint64 { return a.Index + uint64(va-a.Start)>>arch.PageShift }

// pte returns the entry flags of the area's rights; write permission is given only with write.
func (a *Area) pte(write bool) arch.PTE {
	f := arch.PTEUser | arch.PTEAccessed | arch.PTEPresent
	if a.Prot&ProtMask == 0 {
		f ^= arch.PTEPresent | pteNone
	}
	if a.Prot&ProtExec == 0 {
		f |= arch.PTENX
	}
	if write && a.Writable() {
		f |= arch.PTEWrite | arch.PTEDirty
	}
	return f
}

// find returns the area that holds va, or nil.
func (s *AddressSpace) find(va uintptr) *Area {
	if a := s.lastFound.Load(); a != nil && va >= a.Start && va < a.End {
		return a
	}
	a := s.areas.Floor(uint64(va))
	if a == nil || va >= a.End {
		return nil
	}
	s.lastFound.Store(a)
	return a
}

// findFrom returns the first area that ends after va, or nil.
func (s *AddressSpace) findFrom(va uintptr) *Area {
	if a := s.areas.Floor(uint64(va)); a != nil && va < a.End {
		return a
	}
	return s.areas.Ceil(uint64(va))
}

func (s *AddressSpace) next(a *Area) *Area { return s.areas.Next(&a.node) }
func (s *AddressSpace) prev(a *Area) *Area { return s.areas.Prev(&a.node) }

// insert adds an area; the range is free.
func (s *AddressSpace) insert(a *Area) {
	s.insertTree(a)
	s.count(a, pages(a.End-a.Start))
	if a.Back != nil {
		if a.obj = a.Back.Object(); a.obj != nil {
			a.obj.LockMappings()
			a.obj.AddMapping(&a.rmap, unsafe.Pointer(a))
			a.obj.UnlockMappings()
			a.countStores(1)
		}
	}
}

// countStores tells the object about an area through which it may be written, now or after mprotect: F_SEAL_WRITE.
func (a *Area) countStores(d int32) {
	if a.Flags&(Shared|MayWrite) == Shared|MayWrite {
		a.obj.Writers.Add(d)
	}
}

// insertTree is insert without counting and reverse mapping.
func (s *AddressSpace) insertTree(a *Area) {
	a.space = s
	a.node.Init(a)
	s.areas.Insert(&a.node, uint64(a.Start))
	s.nAreas++
}

// drop removes an area from the tree; its pages are gone already. unlock frees it.
func (s *AddressSpace) drop(a *Area) {
	s.count(a, -pages(a.End-a.Start))
	s.discard(a)
}

// discard is drop of an area whose pages are no longer counted as its own.
func (s *AddressSpace) discard(a *Area) {
	s.lastFound.Store(nil)
	s.areas.Remove(&a.node)
	s.nAreas--
	if a.obj != nil {
		a.obj.LockMappings()
		a.obj.RemoveMapping(&a.rmap)
		a.obj.UnlockMappings()
		a.countStores(-1)
	}
	a.nextDead = s.dead
	s.dead = a
}

// MaxAreas is Linux's vm.max_map_count.
const MaxAreas = 65530

// split cuts an area at va, which lies inside it; a keeps the lower part.
func (s *AddressSpace) split(a *Area, va uintptr) errno.Errno {
	if s.nAreas >= MaxAreas {
		return errno.ENOMEM
	}
	b := areaCache.Alloc()
	if b == nil {
		return errno.ENOMEM
	}
	*b = Area{space: s, Start: va, End: a.End, Prot: a.Prot, Flags: a.Flags, Back: a.Back, Index: a.pageIndex(va)}
	if b.Back != nil {
		b.Back.Get()
	}
	s.lastFound.Store(nil)
	a.lockMappings()
	a.End = va
	if b.obj = a.obj; b.obj != nil {
		b.obj.AddMapping(&b.rmap, unsafe.Pointer(b))
		b.countStores(1)
	}
	a.unlockMappings()
	s.insertTree(b)
	return errno.OK
}

// lockMappings locks the list of mappings that a file's area is on: its bounds are about to change.
func (a *Area) lockMappings() {
	if a.obj != nil {
		a.obj.LockMappings()
	}
}

func (a *Area) unlockMappings() {
	if a.obj != nil {
		a.obj.UnlockMappings()
	}
}

// isolate makes area borders at start and end, so that no area crosses either.
func (s *AddressSpace) isolate(start, end uintptr) errno.Errno {
	for _, va := range [...]uintptr{start, end} {
		if a := s.find(va); a != nil && a.Start != va {
			if e := s.split(a, va); e != 0 {
				return e
			}
		}
	}
	return errno.OK
}

// mergeable reports whether b may continue a.
func mergeable(a, b *Area) bool {
	if a.End != b.Start || a.Prot != b.Prot || a.Flags != b.Flags || a.Back != b.Back {
		return false
	}
	return a.Back == nil || a.pageIndex(a.End) == b.Index
}

// merge joins the areas that touch [start, end] where they continue each other.
func (s *AddressSpace) merge(start, end uintptr) {
	a := s.findFrom(max(start, 1) - 1)
	for a != nil && a.Start <= end {
		b := s.next(a)
		if b == nil {
			return
		}
		if !mergeable(a, b) {
			a = b
			continue
		}
		to := b.End
		a.lockMappings()
		a.End = to
		a.unlockMappings()
		s.discard(b)
	}
}

// change gives an area, whole, new rights and flags. Its page-table entries are the caller's business.
func (s *AddressSpace) change(a *Area, prot uint8, fl Flags) {
	n := pages(a.End - a.Start)
	s.count(a, -n)
	a.Prot, a.Flags = prot, fl
	s.count(a, n)
}

// EachArea calls fn for every area in ascending order until it returns false; the map cannot change meanwhile. fn must not
// touch user memory.
func (s *AddressSpace) EachArea(fn func(a *Area) bool) {
	s.lock.RLock()
	for a := s.findFrom(0); a != nil && fn(a); a = s.next(a) {
	}
	s.lock.RUnlock()
}

// EndOf returns the end of the area that holds va, or 0; Covers tells whether there is one.
func (s *AddressSpace) EndOf(va uintptr) (end uintptr) {
	s.lock.RLock()
	if a := s.find(va); a != nil {
		end = a.End
	}
	s.lock.RUnlock()
	return end
}

// Covers tells whether an area holds va.
func (s *AddressSpace) Covers(va uintptr) bool { return s.EndOf(va) != 0 }
