//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/errno"
)

// Locked memory: mlock(2) and its kin. Nothing but file pages is ever taken from a process here, and those of locked areas are
// passed over by reclaim (rmap.go), so a lock is an area's flag, the faulting in of its pages, and the accounting.

// Lock is mlock2(2) for [start, end), page aligned, with fl Locked or Locked|OnFault; or munlock(2) with 0. unlimited: RLIMIT_MEMLOCK does not bind.
// ENOMEM: over the limit, or not all of the range is mapped; EAGAIN: pages could not be faulted in.
func (s *AddressSpace) Lock(start, end uintptr, fl Flags, unlimited bool) errno.Errno {
	s.lock.Lock()
	e := errno.OK
	if fl&Locked != 0 && !s.mayLock(pages(end-start)-s.lockedIn(start, end), unlimited) {
		e = errno.ENOMEM
	} else {
		e = s.setLocked(start, end, fl)
	}
	s.unlock()
	if e == 0 && fl == Locked {
		e = s.fill(start, end)
	}
	return e
}

// lockedIn returns how many pages of [start, end) are locked already.
func (s *AddressSpace) lockedIn(start, end uintptr) (n int64) {
	for a := s.findFrom(start); a != nil && a.Start < end; a = s.next(a) {
		if a.Flags&Locked != 0 {
			n += pages(min(a.End, end) - max(a.Start, start))
		}
	}
	return n
}

// setLocked changes the lock flags in [start, end) up to the first hole, which gives ENOMEM.
//
// +checklocks:s.lock
func (s *AddressSpace) setLocked(start, end uintptr, fl Flags) errno.Errno {
	at, e := start, errno.OK
	for at < end {
		a := s.find(at)
		if a == nil {
			e = errno.ENOMEM
			break
		}
		stop := min(a.End, end)
		if a.Flags&(Locked|OnFault) != fl {
			if e = s.isolate(at, stop); e != 0 {
				break
			}
			a = s.find(at)
			s.change(a, a.Prot, a.Flags&^(Locked|OnFault)|fl)
		}
		at = stop
	}
	s.merge(start, at)
	return e
}

// fill faults the pages of [start, end) in, as mlock wants them.
func (s *AddressSpace) fill(start, end uintptr) errno.Errno {
	switch e := s.Populate(start, end, Write); e {
	case errno.OK, errno.EACCES:
		return errno.OK
	case errno.ENOMEM:
		return errno.EAGAIN
	default:
		return errno.ENOMEM
	}
}

// LockAll is mlockall(2): now locks all present areas and future those to come, with the flags fl; munlockall is neither.
func (s *AddressSpace) LockAll(now, future bool, fl Flags, unlimited bool) errno.Errno {
	s.lock.Lock()
	if now && !unlimited && uint64(s.total)<<arch.PageShift > s.Limits.Memlock {
		s.unlock()
		return errno.ENOMEM
	}
	s.inherit = 0
	if future {
		s.inherit = fl
	}
	if now || !future {
		for a := s.findFrom(0); a != nil; a = s.next(a) {
			s.change(a, a.Prot, a.Flags&^(Locked|OnFault)|fl)
		}
		s.merge(0, arch.UserLimit)
	}
	s.unlock()
	if now && fl == Locked {
		s.fillAll()
	}
	return errno.OK
}

// fillAll faults everything in; what cannot be is left, as on Linux.
func (s *AddressSpace) fillAll() {
	for at := uintptr(0); at < arch.UserLimit; {
		s.lock.RLock()
		a := s.findFrom(at)
		start, end := uintptr(0), uintptr(0)
		if a != nil {
			start, end = max(a.Start, at), a.End
		}
		s.lock.RUnlock()
		if end == 0 {
			return
		}
		s.Populate(start, end, Write)
		at = end
	}
}

// Populate faults [start, end) in: for stores, if acc is Write, where an area allows them and does not write to a file. It ends at
// the first page that cannot be: ENOMEM for a hole or want of memory, EACCES, or SIGBUS's ENXIO and EIO.
func (s *AddressSpace) Populate(start, end uintptr, acc Access) errno.Errno {
	for va := start; va < end; va += arch.PageSize {
		s.lock.RLock()
		a := s.find(va)
		want := Read
		if a != nil && acc == Write && a.Writable() && a.Flags&Shared == 0 {
			want = Write
		}
		s.lock.RUnlock()
		if a == nil {
			return errno.ENOMEM
		}
		if e := s.faultIn(va, want); e != 0 {
			return e
		}
	}
	return errno.OK
}
