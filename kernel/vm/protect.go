//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/errno"
)

// ProtGrowsDown extends mprotect(2)'s range to the beginning of a growing area.
const ProtGrowsDown = 0x01000000

// Protect changes the rights of [start, start+length): mprotect(2). down extends the range to the beginning of a GrowsDown
// area. ENOMEM when part of it is not mapped (what comes before has been changed, as on Linux), EACCES when a backing
// does not permit stores or programs, EINVAL.
func (s *AddressSpace) Protect(start, length uintptr, prot uint8, down bool) errno.Errno {
	if start&(arch.PageSize-1) != 0 {
		return errno.EINVAL
	}
	if length == 0 {
		return errno.OK
	}
	end := start + pageUp(length)
	if end <= start {
		return errno.ENOMEM
	}
	s.lock.Lock()
	e := s.protect(start, end, prot, down)
	s.unlock()
	return e
}

// protect is Protect with s locked.
//
// +checklocks:s.lock
func (s *AddressSpace) protect(start, end uintptr, prot uint8, down bool) errno.Errno {
	a := s.findFrom(start)
	switch {
	case a == nil:
		return errno.ENOMEM
	case down:
		if a.Start >= end {
			return errno.ENOMEM
		}
		if a.Flags&GrowsDown == 0 {
			return errno.EINVAL
		}
		start = a.Start
	case a.Start > start:
		return errno.ENOMEM
	}
	if end > arch.UserLimit {
		end = arch.UserLimit + arch.PageSize // beyond what can be mapped: ENOMEM at the end of the last area
	}
	at, e := start, errno.OK
	for at < end {
		if a = s.find(at); a == nil {
			e = errno.ENOMEM
			break
		}
		stop := min(end, a.End)
		if e = s.protectArea(a, at, stop, prot); e != 0 {
			break
		}
		at = stop
	}
	s.merge(start, at)
	return e
}

// protectArea changes the part [at, stop) of area a.
//
// +checklocks:s.lock
func (s *AddressSpace) protectArea(a *Area, at, stop uintptr, prot uint8) errno.Errno {
	if prot&ProtWrite != 0 && a.Flags&(Shared|MayWrite) == Shared || prot&ProtExec != 0 && a.Flags&MayExec == 0 {
		return errno.EACCES
	}
	if a.Prot == prot {
		return errno.OK
	}
	fl, n := a.Flags, pages(stop-at)
	if isData(prot, fl) && !isData(a.Prot, fl) && uint64(s.data+n)<<arch.PageShift > s.Limits.Data {
		return errno.ENOMEM
	}
	if accountable(prot, fl) && fl&Charged == 0 {
		if !Commit(n) {
			return errno.ENOMEM
		}
		Uncommit(n) // change counts it
		fl |= Charged
	}
	if e := s.isolate(at, stop); e != 0 {
		return e
	}
	a = s.find(at)
	s.change(a, prot, fl)
	s.applyRights(a, at, stop)
	return errno.OK
}
