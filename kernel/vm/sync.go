//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/errno"
)

// Sync is msync(2) for [start, end), page aligned: with wait the shared files mapped there are made durable; without, write-back
// finds their dirty pages by itself. invalidate: EBUSY for locked areas; there is nothing else to do, as all see the same
// pages. Holes give ENOMEM after the rest has been done.
func (s *AddressSpace) Sync(start, end uintptr, wait, invalidate bool) errno.Errno {
	result := errno.OK
	for at := start; at < end; {
		s.lock.RLock()
		a := s.findFrom(at)
		if a == nil || a.Start >= end {
			s.lock.RUnlock()
			return errno.ENOMEM
		}
		if a.Start > at {
			result = errno.ENOMEM
			at = a.Start
		}
		if invalidate && a.Flags&Locked != 0 {
			s.lock.RUnlock()
			return errno.EBUSY
		}
		stop := min(a.End, end)
		back, from := a.Back, int64(a.pageIndex(at))<<arch.PageShift
		write := wait && back != nil && a.Flags&Shared != 0
		if write {
			back.Get()
		}
		s.lock.RUnlock()
		if write {
			e := back.Sync(from, from+int64(stop-at))
			back.Put()
			if e != 0 {
				return e
			}
		}
		at = stop
	}
	return result
}

// InCore tells for each page of [start, start+len(out)·4096) whether it is resident: mincore(2). ENOMEM for a hole. sees
// decides whether the caller may know about a backing's pages.
func (s *AddressSpace) InCore(start uintptr, out []byte, sees func(b Backing) bool) errno.Errno {
	s.lock.RLock()
	defer s.lock.RUnlock()
	end := start + uintptr(len(out))<<arch.PageShift
	for at := start; at < end; {
		a := s.find(at)
		if a == nil {
			return errno.ENOMEM
		}
		known := a.Back == nil || sees(a.Back)
		for stop := min(a.End, end); at < stop; at += arch.PageSize {
			in := byte(1)
			if known && !s.present(at) && (a.obj == nil || !a.obj.Cached(a.pageIndex(at))) {
				in = 0
			}
			out[(at-start)>>arch.PageShift] = in
		}
	}
	return errno.OK
}

// present tells whether va's entry holds a frame. s.lock is held.
//
// +checklocksread:s.lock
func (s *AddressSpace) present(va uintptr) bool { return mapped(s.peek(va)) }
