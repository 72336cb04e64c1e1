//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/vm/pagecache"
)

// mremap(2) flags.
const (
	RemapMayMove   = 1
	RemapFixed     = 2
	RemapDontUnmap = 4
)

// Remap is mremap(2): it grows, shrinks, moves or (old length 0) duplicates the mapping of [old, old+oldLen). unlimited:
// RLIMIT_MEMLOCK does not bind the caller.
func (s *AddressSpace) Remap(old, oldLen, newLen uintptr, flags int, to uintptr, unlimited bool) (uintptr, errno.Errno) {
	const mask = arch.PageSize - 1
	oldLen, newLen = pageUp(oldLen), pageUp(newLen)
	switch {
	case flags&^(RemapMayMove|RemapFixed|RemapDontUnmap) != 0,
		flags&(RemapFixed|RemapDontUnmap) != 0 && flags&RemapMayMove == 0,
		flags&RemapDontUnmap != 0 && oldLen != newLen,
		old&mask != 0, newLen == 0, newLen > arch.UserLimit:
		return 0, errno.EINVAL
	case flags&(RemapFixed|RemapDontUnmap) != 0:
		if to&mask != 0 || to > arch.UserLimit-newLen || to < old+oldLen && old < to+newLen {
			return 0, errno.EINVAL
		}
		if flags&RemapFixed != 0 && to < MinAddress {
			return 0, errno.EPERM
		}
	}
	s.lock.Lock()
	at, fill, e := s.remap(old, oldLen, newLen, flags, to, unlimited)
	s.unlock()
	if e == 0 && fill {
		s.Populate(at+min(oldLen, newLen), at+newLen, Write)
	}
	return at, e
}

// remap is Remap with s locked and its arguments checked. fill: what was added is to be faulted in.
//
// +checklocks:s.lock
func (s *AddressSpace) remap(old, oldLen, newLen uintptr, flags int, to uintptr, unlimited bool) (at uintptr, fill bool, e errno.Errno) {
	a := s.find(old)
	if a == nil {
		return 0, false, errno.EFAULT
	}
	fixed := flags&(RemapFixed|RemapDontUnmap) != 0
	if flags&RemapFixed != 0 {
		if e = s.unmap(to, to+newLen); e != 0 {
			return 0, false, e
		}
	}
	if newLen < oldLen {
		if oldLen > arch.UserLimit-old {
			return 0, false, errno.EINVAL // more than there is; old is mapped, hence below the limit
		}
		if e = s.unmap(old+newLen, old+oldLen); e != 0 || !fixed {
			return old, false, e
		}
		oldLen = newLen
	}
	if a = s.find(old); a == nil {
		return 0, false, errno.EFAULT
	}
	switch {
	case oldLen == 0 && a.Flags&Shared == 0:
		return 0, false, errno.EINVAL
	case oldLen > a.End-old:
		return 0, false, errno.EFAULT
	case oldLen == newLen && !fixed:
		return old, false, errno.OK
	case a.Back != nil && a.pageIndex(old)+uint64(newLen>>arch.PageShift) < a.pageIndex(old):
		return 0, false, errno.EINVAL
	}
	more := pages(newLen - oldLen)
	if a.Flags&Locked != 0 && !s.mayLock(more, unlimited) {
		return 0, false, errno.EAGAIN
	}
	if !s.mayExpand(a.Prot, a.Flags, more) {
		return 0, false, errno.ENOMEM
	}
	fill = a.Flags&(Locked|OnFault) == Locked
	if !fixed && oldLen != 0 && s.growInPlace(a, old+oldLen, newLen-oldLen) {
		return old, fill, errno.OK
	}
	if flags&RemapMayMove == 0 {
		return 0, false, errno.ENOMEM
	}
	at, e = s.move(a, old, oldLen, newLen, to, flags)
	return at, fill, e
}

// growInPlace extends area a, which ends at end, by more bytes if the room behind it is free.
//
// +checklocks:s.lock
func (s *AddressSpace) growInPlace(a *Area, end, more uintptr) bool {
	if a.End != end || more > arch.UserLimit-end || !s.isFree(end, more) || a.Flags&Charged != 0 && !Commit(pages(more)) {
		return false
	}
	if a.Flags&Charged != 0 {
		Uncommit(pages(more)) // count does it
	}
	s.lastFound.Store(nil)
	a.lockMappings()
	a.End += more
	a.unlockMappings()
	s.count(a, pages(more))
	s.merge(a.Start, a.End)
	return true
}

// move maps a's part [old, old+oldLen) elsewhere with newLen bytes and takes its pages along.
//
// +checklocks:s.lock
func (s *AddressSpace) move(a *Area, old, oldLen, newLen, to uintptr, flags int) (uintptr, errno.Errno) {
	if s.nAreas+3 >= MaxAreas {
		return 0, errno.ENOMEM
	}
	r := Request{Hint: to, Length: newLen, Prot: a.Prot, Flags: a.Flags, Back: a.Back, Index: a.pageIndex(old), Fixed: flags&RemapFixed != 0,
		NoReplace: true, Unlimited: true}
	if r.Back != nil {
		r.Back.Get()
	}
	obj, keep := a.obj, flags&RemapDontUnmap != 0 // a may be merged into its new neighbour
	// The limits have been checked for what is really added.
	limits := s.Limits
	s.Limits = Limits{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	at, e := s.place(&r)
	s.Limits = limits
	if e != 0 {
		if r.Back != nil {
			r.Back.Put()
		}
		return 0, e
	}
	for off := uintptr(0); off < min(oldLen, newLen); off += arch.PageSize {
		if s.movePage(old+off, at+off, obj) {
			continue
		}
		for ; off > 0; off -= arch.PageSize { // there is a table for each page's old place
			s.movePage(at+off-arch.PageSize, old+off-arch.PageSize, obj)
		}
		s.flush(0, arch.UserLimit)
		s.unmap(at, at+newLen)
		return 0, errno.ENOMEM
	}
	if oldLen == 0 {
		return at, errno.OK
	}
	s.flush(old, old+oldLen)
	if keep {
		return at, s.unlockRange(old, old+oldLen)
	}
	return at, s.unmap(old, old+oldLen)
}

// unlockRange makes the areas of [start, end) unlocked ones: what was there has moved.
//
// +checklocks:s.lock
func (s *AddressSpace) unlockRange(start, end uintptr) errno.Errno {
	if e := s.isolate(start, end); e != 0 {
		return e
	}
	for a := s.findFrom(start); a != nil && a.Start < end; a = s.next(a) {
		s.change(a, a.Prot, a.Flags&^(Locked|OnFault))
	}
	s.merge(start, end)
	return errno.OK
}

// movePage moves a translation; false: no memory for a table. obj is what the area maps, or nil: a walk over its
// mappings must find the page in one place or the other.
func (s *AddressSpace) movePage(from, to uintptr, obj *pagecache.Object) bool {
	if obj != nil {
		obj.LockMappings()
		defer obj.UnlockMappings()
	}
	s.pt.Lock()
	defer s.pt.Unlock()
	src := s.entry(from)
	if src == nil || *src == 0 {
		return true
	}
	t := s.makeTable(to)
	if t == nil {
		return false
	}
	t[slot(to)], *src = *src, 0
	return true
}

// Rewire is remap_file_pages(2): [start, start+size) of a shared mapping shows the backing's pages from page on instead. populate:
// they are faulted in. EINVAL: the range is not within one shared mapping.
func (s *AddressSpace) Rewire(start, size uintptr, page uint64, populate bool) errno.Errno {
	s.lock.Lock()
	a := s.find(start)
	if a == nil || a.Flags&Shared == 0 || size > a.End-start {
		s.unlock()
		return errno.EINVAL
	}
	r := Request{Hint: start, Length: size, Prot: a.Prot, Flags: a.Flags, Back: a.Back, Index: page, Fixed: true, Unlimited: true}
	r.Back.Get()
	_, e := s.place(&r)
	s.unlock()
	if e != 0 {
		r.Back.Put()
		return e
	}
	if populate {
		s.Populate(start, start+size, Read)
	}
	return errno.OK
}
