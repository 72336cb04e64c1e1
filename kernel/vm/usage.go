//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/mem"
)

// What is resident, for /proc/PID/smaps, pagemap and clear_refs.

// Usage counts the resident memory of areas, in bytes. A page is shared if more than one page-table entry maps it; Pss has its part.
type Usage struct {
	Rss, Pss, PssDirty         uint64
	SharedClean, SharedDirty   uint64
	PrivateClean, PrivateDirty uint64
	Referenced, Anon, Locked   uint64
	Huge                       uint64 // in huge pages
	pssFraction, dirtyFraction uint64 // parts of a byte, by pssUnit
}

// pssUnit divides a byte, so that the sum of many shares loses little.
const pssUnit = 1 << 12

// Measure adds the memory of area a to u. It is called within EachArea.
func (a *Area) Measure(u *Usage) {
	s := a.space
	for va := a.Start; va < a.End; {
		s.pt.Lock()
		d, next := s.directory(va)
		stop := min(next, a.End)
		switch {
		case d == nil || !d.Present():
		case *d&arch.PTELarge != 0 && va == next-tableSpan && next <= a.End: // or else it belongs to two areas
			u.addHuge(*d, a.Flags&Locked != 0)
		default:
			for t := s.table(d); va < stop; va += arch.PageSize {
				if e := t[slot(va)]; e != 0 {
					u.add(e, a.Flags&Locked != 0)
				}
			}
		}
		s.pt.Unlock()
		va = stop
	}
}

// addHuge adds a huge page, which is always private and anonymous.
func (u *Usage) addHuge(e arch.PTE, locked bool) {
	const size = tableSpan
	u.Rss += size
	u.Pss += size
	u.PssDirty += size
	u.PrivateDirty += size
	u.Anon += size
	u.Huge += size
	if e&arch.PTEAccessed != 0 {
		u.Referenced += size
	}
	if locked {
		u.Locked += size
	}
}

func (u *Usage) add(e arch.PTE, locked bool) {
	f := mem.FrameOf(e.Addr())
	anon := isAnon(f)
	users := uint64(max(f.MapCount.Load(), 1))
	if anon {
		users = uint64(max(f.Refs.Load(), 1))
	}
	dirty := anon || e&arch.PTEDirty != 0 || f.TestFlag(mem.FrameDirty)
	u.Rss += arch.PageSize
	share := arch.PageSize * pssUnit / users
	u.Pss, u.pssFraction = carry(u.Pss, u.pssFraction+share)
	if dirty {
		u.PssDirty, u.dirtyFraction = carry(u.PssDirty, u.dirtyFraction+share)
	}
	switch {
	case users > 1 && dirty:
		u.SharedDirty += arch.PageSize
	case users > 1:
		u.SharedClean += arch.PageSize
	case dirty:
		u.PrivateDirty += arch.PageSize
	default:
		u.PrivateClean += arch.PageSize
	}
	if e&arch.PTEAccessed != 0 {
		u.Referenced += arch.PageSize
	}
	if anon {
		u.Anon += arch.PageSize
	}
	if locked {
		u.Locked += arch.PageSize / users
	}
}

func carry(whole, fraction uint64) (uint64, uint64) {
	return whole + fraction/pssUnit, fraction % pssUnit
}

// Bits of a word of /proc/PID/pagemap.
const (
	pagemapExclusive = 1 << 56
	pagemapFile      = 1 << 61
	pagemapPresent   = 1 << 63
)

// Pagemap makes the words of /proc/PID/pagemap for the pages from va on, with frame numbers only for the privileged. It returns how many
// there are before the end of user space.
func (s *AddressSpace) Pagemap(va uintptr, out []uint64, frames bool) int {
	s.lock.RLock()
	defer s.lock.RUnlock()
	for i := range out {
		if va >= arch.UserLimit {
			return i
		}
		out[i] = 0
		s.pt.Lock()
		if e := s.peek(va); e&arch.PTELarge != 0 {
			out[i] = pagemapPresent | pagemapExclusive
			if frames {
				out[i] |= e.Addr()>>arch.PageShift + uint64(slot(va))
			}
		} else if e != 0 {
			f := mem.FrameOf(e.Addr())
			w := uint64(pagemapPresent)
			anon := isAnon(f)
			if !anon {
				w |= pagemapFile
			}
			if anon && f.Refs.Load() == 1 || !anon && f.MapCount.Load() == 1 {
				w |= pagemapExclusive
			}
			if frames {
				w |= f.Phys() >> arch.PageShift
			}
			out[i] = w
		}
		s.pt.Unlock()
		va += arch.PageSize
	}
	return len(out)
}

// ClearReferenced forgets which pages have been used, those of anonymous memory or of files or both: /proc/PID/clear_refs.
func (s *AddressSpace) ClearReferenced(anon, file bool) {
	s.lock.RLock()
	for a := s.findFrom(0); a != nil; a = s.next(a) {
		if a.Back == nil && !anon || a.Back != nil && !file {
			continue
		}
		for va := a.Start; va < a.End; {
			s.pt.Lock()
			d, next := s.directory(va)
			stop := min(next, a.End)
			switch {
			case d == nil || !d.Present():
			case *d&arch.PTELarge != 0:
				*d &^= arch.PTEAccessed
			default:
				for t := s.table(d); va < stop; va += arch.PageSize {
					t[slot(va)] &^= arch.PTEAccessed
				}
			}
			s.pt.Unlock()
			va = stop
		}
	}
	s.flush(0, arch.UserLimit)
	s.lock.RUnlock()
}

// ResetPeak makes the largest resident set the present one.
func (s *AddressSpace) ResetPeak() { s.maxRSS.Store(max(s.rss.Load(), 0)) }
