//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/errno"
)

// Request is what mmap(2) asks for.
type Request struct {
	Hint, Length uintptr // Hint is a wish; with Fixed an order: what is mapped there goes
	Prot         uint8
	Flags        Flags
	Back         Backing // the area takes over the caller's reference on success
	Index        uint64
	Fixed        bool
	NoReplace    bool // with Fixed: EEXIST if something is mapped there
	Low32        bool // below 2 GiB
	LowAllowed   bool // Fixed may go below MinAddress
	Unlimited    bool // RLIMIT_MEMLOCK does not bind the caller
}

// Map adds an area and returns its address: Place with the most common of its arguments.
func (s *AddressSpace) Map(hint, length uintptr, prot uint8, fl Flags, back Backing, index uint64, fixed, noReplace bool) (uintptr, errno.Errno) {
	r := Request{Hint: hint, Length: length, Prot: prot, Flags: fl, Back: back, Index: index, Fixed: fixed, NoReplace: noReplace}
	return s.Place(&r)
}

// Place adds an area and returns its address. Areas that are to be locked are filled by the caller (Populate).
func (s *AddressSpace) Place(r *Request) (uintptr, errno.Errno) {
	s.lock.Lock()
	at, e := s.place(r)
	s.unlock()
	return at, e
}

// place is Place with s locked.
//
// +checklocks:s.lock
func (s *AddressSpace) place(r *Request) (uintptr, errno.Errno) {
	if r.Length == 0 {
		return 0, errno.EINVAL
	}
	if r.Length > arch.UserLimit || s.nAreas > MaxAreas {
		return 0, errno.ENOMEM
	}
	length := pageUp(r.Length)
	start, e := s.choose(r, length)
	if e != 0 {
		return 0, e
	}
	fl := r.Flags&^derived | s.inherit
	n := pages(length)
	if fl&Locked != 0 && !s.mayLock(n, r.Unlimited) {
		return 0, errno.EAGAIN
	}
	replaced := int64(0)
	if r.Fixed {
		replaced = s.mappedPages(start, start+length)
	}
	if fl, e = s.reserve(r.Prot, fl, n-replaced); e != 0 {
		return 0, e
	}
	if replaced > 0 {
		if e := s.unmap(start, start+length); e != 0 {
			return 0, e
		}
	}
	a := areaCache.Alloc()
	if a == nil {
		return 0, errno.ENOMEM
	}
	*a = Area{Start: start, End: start + length, Prot: r.Prot, Flags: fl, Back: r.Back, Index: r.Index}
	if fl&(Shared|MayWrite) == Shared|MayWrite {
		o := r.Back.Object()
		if !o.AddWriter() { // sealed since the file agreed
			areaCache.Free(a)
			return 0, errno.EPERM
		}
		defer o.Writers.Add(-1) // insert counts the area
	}
	s.insert(a)
	s.merge(start, start+length)
	return start, errno.OK
}

// choose finds the address.
func (s *AddressSpace) choose(r *Request, length uintptr) (uintptr, errno.Errno) {
	if !r.Fixed {
		hint := pageDown(r.Hint)
		if r.Hint != 0 && hint < MinAddress {
			hint = MinAddress
		}
		at := uintptr(0)
		if r.Low32 {
			at = s.room32(hint, length)
		} else {
			at = s.room(hint, length)
		}
		if at == 0 {
			return 0, errno.ENOMEM
		}
		return at, errno.OK
	}
	start := r.Hint
	switch {
	case length > arch.UserLimit || start > arch.UserLimit-length:
		return 0, errno.ENOMEM
	case start&(arch.PageSize-1) != 0:
		return 0, errno.EINVAL
	case start < MinAddress && !r.LowAllowed:
		return 0, errno.EPERM
	}
	if r.NoReplace {
		if a := s.findFrom(start); a != nil && a.Start < start+length {
			return 0, errno.EEXIST
		}
	}
	return start, errno.OK
}

// mappedPages returns how many pages of [start, end) belong to areas.
func (s *AddressSpace) mappedPages(start, end uintptr) (n int64) {
	for a := s.findFrom(start); a != nil && a.Start < end; a = s.next(a) {
		n += pages(min(a.End, end) - max(a.Start, start))
	}
	return n
}

// Unmap removes all mappings of [start, start+length).
func (s *AddressSpace) Unmap(start, length uintptr) errno.Errno {
	if start&(arch.PageSize-1) != 0 || length == 0 || start >= arch.UserLimit || length > arch.UserLimit-start {
		return errno.EINVAL
	}
	s.lock.Lock()
	e := s.unmap(start, start+pageUp(length))
	s.unlock()
	return e
}

// unmap is Unmap with s locked and checked bounds.
//
// +checklocks:s.lock
func (s *AddressSpace) unmap(start, end uintptr) errno.Errno {
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
	s.freed(start, end)
	s.trimTables(start, end)
	return errno.OK
}

// Brk moves the end of the heap and returns where it is now; a wish that cannot be met changes nothing (brk(2)).
func (s *AddressSpace) Brk(to uintptr) uintptr {
	s.lock.Lock()
	at, fill := s.brk(to)
	old := at
	if fill != 0 {
		old = fill
	}
	s.unlock()
	if old < at {
		s.Populate(pageUp(old), pageUp(at), Write)
	}
	return at
}

// brk is Brk with s locked. fill is the old end if the new part is to be filled in.
//
// +checklocks:s.lock
func (s *AddressSpace) brk(to uintptr) (at, fill uintptr) {
	l := &s.Layout
	if to < l.StartBrk || to > arch.UserLimit-arch.PageSize ||
		uint64(to-l.StartBrk)+uint64(l.EndData-l.StartData) > s.Limits.Data {
		return l.Brk, 0
	}
	old, end := pageUp(l.Brk), pageUp(to)
	was := l.Brk
	switch {
	case end < old:
		if s.unmap(end, old) != 0 {
			return was, 0
		}
	case end > old:
		if a := s.findFrom(old); a != nil && a.lower() < end+arch.PageSize {
			return was, 0
		}
		r := Request{Hint: old, Length: end - old, Prot: ProtRead | ProtWrite, Flags: Heap | MayWrite | MayExec, Fixed: true, NoReplace: true}
		if _, e := s.place(&r); e != 0 {
			return was, 0
		}
		if s.inherit&(Locked|OnFault) == Locked {
			fill = was
		}
	}
	l.Brk = to
	return to, fill
}
