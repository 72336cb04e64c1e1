//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/mem"
)

// Fault-around: one fault fills several entries.
//
// A load that faults on a page of a file also maps the pages near it that are in the cache already, so that a program
// whose file is cached does not fault on each of its pages. Nothing is read or waited for.
//
// A store to large anonymous memory right behind a page that is there already also gets the pages that follow, as long as memory is
// plentiful: memory that is filled from one end to the other then costs a fault for each sixteenth page, until it comes to the first boundary where a huge page fits (huge.go).

// aroundPages is how many pages one fault may map; the window is aligned to as many.
const aroundPages = 16

// mapAround maps what is cached around va, within area a and one table. s.lock is held for reading, and no page lock.
//
// +checklocksread:s.lock
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

// largeArea is the size from which on anonymous memory is filled ahead: less would never have a huge page.
const largeArea = 2 << 20

// fillsAhead tells whether a store at va, in anonymous area a, may fill what follows.
func (a *Area) fillsAhead(va uintptr) bool {
	return a.End-a.Start >= largeArea && va > a.Start && a.Flags&(GrowsDown|NoHugePage|OnFault) == 0 && mem.Plenty()
}

// fillAhead maps zeroed pages at va and behind it, within area a and one table, up to the next multiple of aroundPages or the first page
// that is there. s.lock is held for reading.
//
// +checklocksread:s.lock
func (s *AddressSpace) fillAhead(a *Area, va uintptr) {
	const span = aroundPages << arch.PageShift
	end := min((va+span-1)&^(span-1), a.End)
	d, _ := s.directory(va)
	if d == nil || va >= end {
		return
	}
	own := *d
	if !own.Present() || own&arch.PTELarge != 0 {
		return
	}
	// The table stays while s.lock is held, but a huge page may take its place meanwhile.
	entries := arch.TableAt(own.Addr())[slot(va) : slot(va)+(end-va)>>arch.PageShift]
	var batch [aroundPages]*mem.Frame
	n := 0
	for i := range entries {
		if entries[i] != 0 {
			break
		}
		f := mem.AllocFrame(mem.Zero | mem.User)
		if f == nil {
			break
		}
		f.Flags.Store(mem.FrameAnon) // a new frame has no others
		batch[n] = f
		n++
	}
	flags := a.pte(true) &^ arch.PTEAccessed
	added := 0
	s.pt.Lock()
	if *d&arch.PTELarge == 0 {
		for ; added < n && entries[added] == 0; added++ {
			entries[added] = arch.PTE(batch[added].Phys()) | flags
		}
	}
	s.pt.Unlock()
	for _, f := range batch[added:n] {
		f.Put()
	}
	s.addRSS(int64(added))
}
