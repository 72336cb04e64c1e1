//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/vm/pagecache"
)

// mremap(2) flags.
const (
	RemapMayMove = 1
	RemapFixed   = 2
)

// Remap is mremap(2): it grows, shrinks or moves the mapping of [old, old+oldLen).
func (s *AddressSpace) Remap(old, oldLen, newLen uintptr, flags int, to uintptr) (uintptr, errno.Errno) {
	const mask = arch.PageSize - 1
	switch {
	case flags&^(RemapMayMove|RemapFixed) != 0, flags&RemapFixed != 0 && flags&RemapMayMove == 0:
		return 0, errno.EINVAL
	case old&mask != 0 || newLen == 0 || oldLen == 0 || newLen > arch.UserLimit || oldLen > arch.UserLimit:
		return 0, errno.EINVAL
	}
	oldLen, newLen = pageUp(oldLen), pageUp(newLen)
	s.lock.Lock()
	defer s.lock.Unlock()
	a := s.find(old)
	if a == nil || oldLen > a.End-old {
		return 0, errno.EFAULT
	}
	if flags&RemapFixed != 0 {
		if to&mask != 0 || to < old+oldLen && old < to+newLen {
			return 0, errno.EINVAL
		}
	} else if newLen <= oldLen {
		if newLen == oldLen {
			return old, errno.OK
		}
		return old, s.unmapLocked(old+newLen, old+oldLen)
	} else if s.growInPlace(a, old+oldLen, newLen-oldLen) {
		return old, errno.OK
	} else if flags&RemapMayMove == 0 {
		return 0, errno.ENOMEM
	}
	return s.move(a, old, oldLen, newLen, to, flags&RemapFixed != 0)
}

// growInPlace extends area a, which ends at end, by more bytes if the room behind it is free.
func (s *AddressSpace) growInPlace(a *Area, end, more uintptr) bool {
	if a.End != end || more > arch.UserLimit-end || s.overLimit(more) {
		return false
	}
	if b := s.next(a); b != nil && b.Start < end+more {
		return false
	}
	s.lastFound.Store(nil)
	a.lockMappings()
	a.End += more
	a.unlockMappings()
	s.total += more >> arch.PageShift
	return true
}

// move maps a's part [old, old+oldLen) elsewhere with newLen bytes and takes its pages along.
func (s *AddressSpace) move(a *Area, old, oldLen, newLen, to uintptr, fixed bool) (uintptr, errno.Errno) {
	if a.Back != nil {
		a.Back.Get()
	}
	obj := a.obj // a may be merged into its new neighbour
	at, e := s.MapLocked(to, newLen, a.Prot, a.Flags, a.Back, a.pageIndex(old), fixed, false)
	if e != 0 {
		if a.Back != nil {
			a.Back.Put()
		}
		return 0, e
	}
	for off := uintptr(0); off < min(oldLen, newLen); off += arch.PageSize {
		if !s.movePage(old+off, at+off, obj) {
			s.unmapLocked(at, at+newLen)
			return 0, errno.ENOMEM
		}
	}
	arch.FlushRange(old, old+oldLen, s.cpus.Load())
	return at, s.unmapLocked(old, old+oldLen)
}

// movePage moves a present translation; false: no memory for a table. obj is what the area maps, or nil: a walk over its
// mappings must find the page in one place or the other.
func (s *AddressSpace) movePage(from, to uintptr, obj *pagecache.Object) bool {
	if obj != nil {
		obj.LockMappings()
		defer obj.UnlockMappings()
	}
	s.pt.Lock()
	defer s.pt.Unlock()
	src := arch.Walk(s.Root, from, 0, false)
	if src == nil || !src.Present() {
		return true
	}
	dst := arch.Walk(s.Root, to, 0, true)
	if dst == nil {
		return false
	}
	*dst, *src = *src, 0
	return true
}

// Sync writes the dirty pages of shared file mappings in [start, start+length) back: msync(2). With wait it returns when
// they are on disk. ENOMEM when part of the range is not mapped (the rest is written all the same).
func (s *AddressSpace) Sync(start, length uintptr, wait bool) errno.Errno {
	end := start + pageUp(length)
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
		stop := min(a.End, end)
		back, first := a.Back, a.pageIndex(at)
		shared := back != nil && a.Flags&Shared != 0
		if shared {
			back.Get()
		}
		s.lock.RUnlock()
		if shared {
			if o := back.Object(); o != nil && wait {
				o.Sync(first, first+uint64(stop-at)>>arch.PageShift-1, true)
			}
			back.Put()
		}
		at = stop
	}
	return result
}
