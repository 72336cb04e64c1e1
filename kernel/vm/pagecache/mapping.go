package pagecache

import (
	"unsafe"

	"galago/kernel/ds"
	"galago/kernel/mem"
)

// Reverse mapping: each object lists the areas of address spaces that map it, so that the page cache can have a page's
// translations removed or narrowed. What an area is, only the virtual memory floor knows; it embeds a Mapping in each.

// Mapping is an area's entry in the list of the object it maps. It is guarded by LockMappings.
type Mapping struct {
	node ds.ListNode[Mapping]
	Area unsafe.Pointer
}

// Stale says which translations CPUs may still hold although they have been removed or narrowed: any of [Start, End) on the
// CPUs of a mask. Several pages' are collected and flushed together, since each flush interrupts other CPUs.
type Stale struct {
	Start, End uintptr
	CPUs       uint64
}

// Add returns st with the page at va, of an address space loaded on cpus.
func (st Stale) Add(va uintptr, cpus uint64) Stale {
	if st.CPUs |= cpus; st.End == 0 {
		st.Start, st.End = va, va+pageSize
		return st
	}
	st.Start, st.End = min(st.Start, va), max(st.End, va+pageSize)
	return st
}

// Flush drops what is stale.
func (st Stale) Flush() {
	if st.CPUs != 0 {
		FlushStale(st)
	}
}

// Hooks of the virtual memory floor. Those for a page are called with it locked, and only if it is mapped (MapCount > 0).
var (
	// Unmap removes every translation of the page.
	Unmap func(o *Object, idx uint64, f *mem.Frame)
	// TryUnmap removes the translations if they have not been used lately; it tells whether none is left. It does not sleep. The
	// caller flushes what it adds to st before the page is used otherwise.
	TryUnmap func(o *Object, idx uint64, f *mem.Frame, st Stale) (Stale, bool)
	// WriteProtect makes the next store through any translation fault, once the caller has flushed what it adds to st.
	WriteProtect func(o *Object, idx uint64, f *mem.Frame, st Stale) Stale
	// UnmapRange removes whatever is mapped for the pages from first to last; with private also the private copies that
	// replaced them.
	UnmapRange func(o *Object, first, last uint64, private bool)
	// FlushStale flushes translations.
	FlushStale func(st Stale)
)

// LockMappings excludes changes of the object's list of areas and of the bounds of the areas on it.
func (o *Object) LockMappings() { o.mapLock.Lock() }

// UnlockMappings ends what LockMappings began.
func (o *Object) UnlockMappings() { o.mapLock.Unlock() }

// AddWriter counts a shared area that may store; false: a seal forbids it. Writers.Add(-1) undoes it.
func (o *Object) AddWriter() bool {
	for {
		n := o.Writers.Load()
		if n < 0 {
			return false
		}
		if o.Writers.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// DenyWriters forbids shared areas that may store, for good; false: there are some.
func (o *Object) DenyWriters() bool { return o.Writers.CompareAndSwap(0, -1) || o.Writers.Load() < 0 }

// AddMapping enters an area into the list.
func (o *Object) AddMapping(m *Mapping, area unsafe.Pointer) {
	o.mapLock.AssertHeld()
	m.Area = area
	m.node.Init(m)
	o.maps.PushBack(&m.node)
	o.nMaps.Add(1)
}

// RemoveMapping takes an area off the list.
func (o *Object) RemoveMapping(m *Mapping) {
	o.mapLock.AssertHeld()
	o.maps.Remove(&m.node)
	o.nMaps.Add(-1)
}

// FirstMapping returns the first area's entry, or nil.
func (o *Object) FirstMapping() *Mapping { return o.maps.Front() }

// Next returns the entry after m, or nil.
func (m *Mapping) Next() *Mapping { return m.node.Next() }

// Mapped tells whether some area maps the object.
func (o *Object) Mapped() bool { return o.nMaps.Load() > 0 }

// Holds tells whether a locked page is still the object's page at idx.
func (o *Object) Holds(f *mem.Frame, idx uint64) bool { return ownerOf(f) == o && f.Index == idx }

// unmapRange removes the mappings of a range that is being thrown away.
func (o *Object) unmapRange(first, last uint64, private bool) {
	if UnmapRange != nil && o.Mapped() {
		UnmapRange(o, first, last, private)
	}
}
