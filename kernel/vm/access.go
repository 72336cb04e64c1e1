//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
)

// Access from other threads: to build a new program's stack, and for /proc/PID/mem, process_vm_readv(2) and ptrace(2).

// WriteAt copies bytes into the space at va, faulting pages in, from any thread. It reports how many were written.
func (s *AddressSpace) WriteAt(va uintptr, b []byte) int { return s.copyTo(va, b, false) }

// ForceAt is WriteAt for debuggers: a private page that the process may not write is changed in a copy of its own.
func (s *AddressSpace) ForceAt(va uintptr, b []byte) int { return s.copyTo(va, b, true) }

func (s *AddressSpace) copyTo(va uintptr, b []byte, force bool) int {
	done := 0
	for done < len(b) {
		f, off := s.pin(va+uintptr(done), Write, force)
		if f == nil {
			break
		}
		done += copy(f.Bytes()[off:], b[done:])
		f.Put()
	}
	return done
}

// ReadAt copies bytes out of the space at va, as WriteAt.
func (s *AddressSpace) ReadAt(va uintptr, b []byte) int { return s.copyFrom(va, b, false) }

// PeekAt is ReadAt for debuggers: memory that the process itself may not read is read too.
func (s *AddressSpace) PeekAt(va uintptr, b []byte) int { return s.copyFrom(va, b, true) }

func (s *AddressSpace) copyFrom(va uintptr, b []byte, force bool) int {
	done := 0
	for done < len(b) {
		f, off := s.pin(va+uintptr(done), Read, force)
		if f == nil {
			break
		}
		done += copy(b[done:], f.Bytes()[off:])
		f.Put()
	}
	return done
}

// pin faults the page of va in and returns its frame with a reference, and va's offset in it; nil if va cannot be
// accessed so.
func (s *AddressSpace) pin(va uintptr, acc Access, force bool) (*mem.Frame, int) {
	const tries = 8 // reclaim may take the page between fault and look
	for range tries {
		if va >= arch.UserLimit {
			return nil, 0
		}
		s.pt.Lock()
		if e := s.entry(va); e != nil && usable(*e, acc, force) {
			f := mem.FrameOf(e.Addr())
			f.Get()
			s.pt.Unlock()
			return f, int(va & (arch.PageSize - 1))
		}
		s.pt.Unlock()
		e := errno.OK
		if force {
			e = s.faultForced(va, acc)
		} else {
			e = s.faultIn(va, acc)
		}
		if e != 0 {
			return nil, 0
		}
	}
	return nil, 0
}

// usable tells whether an entry allows the access; with force, whether it may be used all the same: loads always, stores to a
// private page that nobody else has.
func usable(e arch.PTE, acc Access, force bool) bool {
	if force {
		if !mapped(e) || acc != Write || e&arch.PTEWrite != 0 {
			return mapped(e)
		}
		f := mem.FrameOf(e.Addr())
		return isAnon(f) && f.Refs.Load() == 1
	}
	return e.Present() && (acc != Write || e&arch.PTEWrite != 0)
}

// faultForced is Fault without regard to the area's present rights. A store needs a private area, or one that is
// writable anyway.
func (s *AddressSpace) faultForced(va uintptr, acc Access) errno.Errno {
	s.lock.RLock()
	a := s.find(va)
	allowed := a != nil && a.allows(acc)
	if a == nil || allowed {
		s.lock.RUnlock()
		return s.faultIn(va, acc)
	}
	e := errno.EACCES
	if acc != Write || a.Flags&Shared == 0 {
		e = s.resolve(a, pageDown(va), acc)
	}
	s.lock.RUnlock()
	return e
}
