//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/mem"
)

// HasCopies tells whether a private mapping has pages of its own in [start, end): what was stored to since it was mapped.
func (s *AddressSpace) HasCopies(start, end uintptr) bool {
	found := false
	s.eachPage(start, end, func(va uintptr, f *mem.Frame) bool {
		found = isAnon(f)
		return !found
	})
	return found
}

// NextPage returns the first page at or above start that is in memory, or end.
func (s *AddressSpace) NextPage(start, end uintptr) uintptr {
	at := end
	s.eachPage(start, end, func(va uintptr, f *mem.Frame) bool {
		at = va
		return false
	})
	return at
}

// eachPage calls fn for the pages in memory of [start, end), page aligned, until it returns false. It runs under the page tables' lock.
func (s *AddressSpace) eachPage(start, end uintptr, fn func(va uintptr, f *mem.Frame) bool) {
	for va := start; va < end; {
		s.pt.Lock()
		t, next := s.lastTable(va)
		if t == nil {
			s.pt.Unlock()
			if next <= va {
				return
			}
			va = next
			continue
		}
		more := true
		for ; va < end && more; va += arch.PageSize {
			if e := t[slot(va)]; mapped(e) {
				if more = fn(va, mem.FrameOf(e.Addr())); !more {
					break
				}
			}
			if slot(va) == 511 {
				va += arch.PageSize
				break
			}
		}
		s.pt.Unlock()
		if !more {
			return
		}
	}
}

// Anonymous tells whether the area is shared memory without a file.
func (a *Area) Anonymous() bool {
	_, ok := a.Back.(*sharedMemory)
	return ok
}
