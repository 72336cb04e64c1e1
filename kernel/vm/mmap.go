//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
)

// Map adds an area and returns its address. hint is a wish (page aligned, 0 for none); with fixed it is an order:
// what was mapped there is unmapped, or with noReplace EEXIST is returned. The area takes over the caller's
// reference to back on success. s is not locked.
func (s *AddressSpace) Map(hint, length uintptr, prot uint8, fl Flags, back Backing, index uint64, fixed, noReplace bool) (uintptr, errno.Errno) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.MapLocked(hint, length, prot, fl, back, index, fixed, noReplace)
}

// MapLocked is Map with s locked.
func (s *AddressSpace) MapLocked(hint, length uintptr, prot uint8, fl Flags, back Backing, index uint64, fixed, noReplace bool) (uintptr, errno.Errno) {
	if length == 0 {
		return 0, errno.EINVAL
	}
	if length > arch.UserLimit {
		return 0, errno.ENOMEM
	}
	length = pageUp(length)
	if s.overLimit(length) || s.count >= maxAreas {
		return 0, errno.ENOMEM
	}
	start := hint
	if fixed {
		if start&(arch.PageSize-1) != 0 {
			return 0, errno.EINVAL
		}
		if start > arch.UserLimit-length {
			return 0, errno.ENOMEM
		}
		if start < MinAddress {
			return 0, errno.EPERM
		}
		if noReplace {
			if a := s.findFrom(start); a != nil && a.Start < start+length {
				return 0, errno.EEXIST
			}
		} else if e := s.unmapLocked(start, start+length); e != 0 {
			return 0, e
		}
	} else if start = s.freeRange(pageDown(hint), length); start == 0 {
		return 0, errno.ENOMEM
	}
	a := areaCache.Alloc()
	if a == nil {
		return 0, errno.ENOMEM
	}
	*a = Area{Start: start, End: start + length, Prot: prot, Flags: fl, Back: back, Index: index}
	s.insert(a)
	s.merge(start, start+length)
	return start, errno.OK
}

// freeRange finds room for length bytes: at hint if that is free, else as high as possible below the mmap top, else
// anywhere. 0: none.
func (s *AddressSpace) freeRange(hint, length uintptr) uintptr {
	if hint >= MinAddress && hint <= arch.UserLimit-length {
		if a := s.findFrom(hint); a == nil || a.Start >= hint+length {
			return hint
		}
	}
	if at := s.gapBelow(s.Layout.MmapTop, length); at != 0 {
		return at
	}
	return s.gapBelow(arch.UserLimit, length)
}

// gapBelow walks down from top to the first gap of length bytes.
func (s *AddressSpace) gapBelow(top, length uintptr) uintptr {
	a := s.areas.Floor(uint64(top - 1))
	for {
		low := uintptr(MinAddress)
		if a != nil {
			low = a.End
		}
		if top >= low && top-low >= length {
			return top - length
		}
		if a == nil {
			return 0
		}
		top = min(top, a.Start)
		if a.Flags&GrowsDown != 0 && top > guardGap {
			top -= guardGap
		}
		a = s.prev(a)
	}
}

// Unmap removes all mappings of [start, start+length).
func (s *AddressSpace) Unmap(start, length uintptr) errno.Errno {
	if start&(arch.PageSize-1) != 0 || length == 0 || start >= arch.UserLimit || length > arch.UserLimit-start {
		return errno.EINVAL
	}
	s.lock.Lock()
	e := s.unmapLocked(start, start+pageUp(length))
	s.lock.Unlock()
	return e
}

func (s *AddressSpace) unmapLocked(start, end uintptr) errno.Errno {
	a := s.findFrom(start)
	if a == nil || a.Start >= end {
		return errno.OK
	}
	if e := s.isolate(start, end); e != 0 {
		return e
	}
	for a := s.findFrom(start); a != nil && a.Start < end; a = s.findFrom(start) {
		s.zap(a.Start, a.End)
		s.drop(a)
	}
	return errno.OK
}

// Protect changes the rights of [start, start+length). ENOMEM when part of it is not mapped (what comes before has been
// changed, as on Linux), EACCES when a backing does not permit stores.
func (s *AddressSpace) Protect(start, length uintptr, prot uint8) errno.Errno {
	if start&(arch.PageSize-1) != 0 {
		return errno.EINVAL
	}
	if length == 0 {
		return errno.OK
	}
	if start >= arch.UserLimit || length > arch.UserLimit-start {
		return errno.ENOMEM
	}
	end := start + pageUp(length)
	s.lock.Lock()
	defer s.lock.Unlock()
	if e := s.isolate(start, end); e != 0 {
		return e
	}
	at := start
	for a := s.findFrom(start); at < end; a = s.next(a) {
		if a == nil || a.Start > at {
			return errno.ENOMEM
		}
		if prot&ProtWrite != 0 && a.Flags&(Shared|MayWrite) == Shared {
			return errno.EACCES
		}
		if a.Prot != prot {
			a.Prot = prot
			s.narrow(a, a.Start, a.End)
		}
		at = a.End
	}
	s.merge(start, end)
	return errno.OK
}

// Brk moves the end of the heap and returns where it is now; a wish that cannot be met changes nothing (brk(2)).
func (s *AddressSpace) Brk(to uintptr) uintptr {
	s.lock.Lock()
	defer s.lock.Unlock()
	l := &s.Layout
	if to < l.StartBrk || to > arch.UserLimit-arch.PageSize || uint64(to-l.StartBrk) > s.Limits.Data {
		return l.Brk
	}
	old, end := pageUp(l.Brk), pageUp(to)
	switch {
	case end < old:
		if s.unmapLocked(end, old) != 0 {
			return l.Brk
		}
	case end > old:
		if a := s.findFrom(old); a != nil && a.Start < end+arch.PageSize {
			return l.Brk
		}
		if _, e := s.MapLocked(old, end-old, ProtRead|ProtWrite, Heap|MayWrite, nil, 0, true, true); e != 0 {
			return l.Brk
		}
	}
	l.Brk = to
	return to
}

// Discard drops the pages of [start, start+length): madvise(MADV_DONTNEED). Anonymous memory reads as zero afterwards.
func (s *AddressSpace) Discard(start, length uintptr) errno.Errno {
	if start&(arch.PageSize-1) != 0 || length > arch.UserLimit || start > arch.UserLimit-length {
		return errno.EINVAL
	}
	end := start + pageUp(length)
	s.lock.Lock()
	defer s.lock.Unlock()
	at := start
	for a := s.findFrom(start); a != nil && a.Start < end; a = s.next(a) {
		if a.Start > at {
			break
		}
		s.zap(max(a.Start, start), min(a.End, end))
		at = a.End
	}
	if at < end {
		return errno.ENOMEM
	}
	return errno.OK
}

// Populate faults [start, end) in, as mlock and MAP_POPULATE do.
func (s *AddressSpace) Populate(start, end uintptr) errno.Errno {
	for va := start; va < end; va += arch.PageSize {
		s.lock.RLock()
		a := s.find(va)
		acc := Read
		if a != nil && a.Writable() && a.Flags&Shared == 0 {
			acc = Write
		}
		s.lock.RUnlock()
		if a == nil {
			return errno.ENOMEM
		}
		if e := s.Fault(va, acc); e != 0 {
			return e
		}
	}
	return errno.OK
}

// WriteAt copies bytes into the space at va, faulting pages in, from any thread. It reports how many were written.
func (s *AddressSpace) WriteAt(va uintptr, b []byte) int {
	done := 0
	for done < len(b) {
		f, off := s.pin(va+uintptr(done), Write)
		if f == nil {
			break
		}
		done += copy(f.Bytes()[off:], b[done:])
		f.Put()
	}
	return done
}

// ReadAt copies bytes out of the space at va, as WriteAt.
func (s *AddressSpace) ReadAt(va uintptr, b []byte) int {
	done := 0
	for done < len(b) {
		f, off := s.pin(va+uintptr(done), Read)
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
func (s *AddressSpace) pin(va uintptr, acc Access) (*mem.Frame, int) {
	const tries = 8 // reclaim may take the page between fault and look
	for range tries {
		if va >= arch.UserLimit {
			return nil, 0
		}
		s.pt.Lock()
		if e := arch.Walk(s.Root, va, 0, false); e != nil && e.Present() && *e&arch.PTEUser != 0 &&
			(acc != Write || *e&arch.PTEWrite != 0) {
			f := mem.FrameOf(e.Addr())
			f.Get()
			s.pt.Unlock()
			return f, int(va & (arch.PageSize - 1))
		}
		s.pt.Unlock()
		if s.Fault(va, acc) != 0 {
			return nil, 0
		}
	}
	return nil, 0
}
