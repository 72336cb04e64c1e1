//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/mem"
)

// Fault-around: a load that faults on a page of a file also maps the pages near it that are in the cache already, so that a program
// whose file is cached does not fault on each of its pages. Nothing is read or waited for.

// aroundPages is how many pages one fault may map; the window is aligned to as many.
const aroundPages = 16

// mapAround maps what is cached around va, within area a and one table. s.lock is held for reading, and no page lock.
func (s *AddressSpace) mapAround(a *Area, va uintptr) {
	const span = aroundPages << arch.PageShift
	start := max(va&^(span-1), a.Start)
	end := min(va&^(span-1)+span, a.End)
	var batch [aroundPages]*mem.Frame
	first := a.pageIndex(start)
	n := a.obj.LockCached(first, batch[:(end-start)>>arch.PageShift])
	if n == 0 {
		return
	}
	flags := a.pte(false)
	added := int64(0)
	s.pt.Lock()
	if t, _ := s.lastTable(va); t != nil {
		for i, f := range &batch {
			if f == nil {
				continue
			}
			if e := &t[slot(start)+uintptr(i)]; *e == 0 {
				*e = arch.PTE(f.Phys()) | flags&^arch.PTEAccessed
				f.Get()
				f.MapCount.Add(1)
				added++
			}
		}
	}
	s.pt.Unlock()
	a.obj.UnlockCached(batch[:])
	s.file.Add(added)
	s.addRSS(added)
}
