//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/vm/pagecache"
)

// Access says what a faulting instruction wanted.
type Access uint8

const (
	Read  Access = 0
	Write Access = 1
	Exec  Access = 2
)

// allows reports whether the area permits the access.
func (a *Area) allows(acc Access) bool {
	switch acc {
	case Write:
		return a.Prot&ProtWrite != 0
	case Exec:
		return a.Prot&ProtExec != 0
	}
	return a.Prot&ProtMask != 0
}

// Fault resolves a page fault at va. Errors: EFAULT (nothing mapped there), EACCES (mapped, but not for this),
// ENXIO or EIO (the backing has no such page: SIGBUS), ENOMEM.
func (s *AddressSpace) Fault(va uintptr, acc Access) errno.Errno {
	if va >= arch.UserLimit {
		return errno.EFAULT
	}
	s.lock.RLock()
	a := s.find(va)
	if a == nil {
		s.lock.RUnlock()
		if e := s.growStack(va); e != 0 {
			return e
		}
		s.lock.RLock()
		if a = s.find(va); a == nil {
			s.lock.RUnlock()
			return errno.EFAULT
		}
	}
	e, dirties := errno.EACCES, false
	if a.allows(acc) {
		e = s.resolve(a, pageDown(va), acc)
		dirties = acc == Write && a.Flags&Shared != 0 && a.obj != nil
	}
	s.lock.RUnlock()
	if dirties {
		pagecache.BalanceDirty()
	}
	return e
}

// resolve fills or mends the entry of va, in area a, for an access. s.lock is held for reading.
//
// +checklocksread:s.lock
func (s *AddressSpace) resolve(a *Area, va uintptr, acc Access) errno.Errno {
	if a.Back == nil {
		return s.faultAnon(a, va, acc)
	}
	switch e := s.faultBacked(a, va, acc); e {
	case errno.OK, errno.ENOMEM, errno.ENXIO:
		return e
	default: // the disk is full, say
		return errno.EIO
	}
}

// faultAnon resolves a fault in private anonymous memory.
//
// +checklocksread:s.lock
func (s *AddressSpace) faultAnon(a *Area, va uintptr, acc Access) errno.Errno {
	if mapped(s.peek(va)) {
		return s.faultPresent(a, va, acc)
	}
	if acc == Write && s.wantsHuge(a, va) && s.faultHuge(a, va) {
		return errno.OK
	}
	f := mem.AllocFrame(mem.Zero | mem.User)
	if f == nil {
		return errno.ENOMEM
	}
	f.SetFlag(mem.FrameAnon)
	e := s.install(va, f, a.pte(true))
	if e == 0 && acc == Write && a.fillsAhead(va) && s.present(va-arch.PageSize) {
		s.fillAhead(a, va+arch.PageSize)
	}
	return e
}

// install maps frame f at va, handing the caller's reference over. If another thread was faster its page
// stays and f is dropped.
func (s *AddressSpace) install(va uintptr, f *mem.Frame, flags arch.PTE) errno.Errno {
	s.pt.Lock()
	d := s.makeDirectory(va)
	if d == nil || *d&arch.PTELarge != 0 || arch.TableAt(d.Addr())[slot(va)] != 0 {
		s.pt.Unlock()
		f.Put()
		if d == nil {
			return errno.ENOMEM
		}
		return errno.OK
	}
	arch.TableAt(d.Addr())[slot(va)] = arch.PTE(f.Phys()) | flags
	if !isAnon(f) {
		f.MapCount.Add(1)
		s.file.Add(1)
	}
	s.pt.Unlock()
	s.addRSS(1)
	return errno.OK
}

// faultPresent resolves a fault on a present entry: the first store to a page that is shared since fork, or one that
// lost its write permission to mprotect; or a translation another CPU has mended already.
func (s *AddressSpace) faultPresent(a *Area, va uintptr, acc Access) errno.Errno {
	s.pt.Lock()
	if e := s.peek(va); !mapped(e) || acc != Write || e&arch.PTEWrite != 0 { // a huge page is always writable
		s.pt.Unlock()
		arch.FlushPage(va)
		return errno.OK
	}
	e := s.entry(va)
	old := mem.FrameOf(e.Addr())
	if isAnon(old) && old.Refs.Load() == 1 {
		*e |= a.pte(true) &^ arch.PTEPresent // of a page that is only forced open, the rights stay as they are
		s.pt.Unlock()
		arch.FlushPage(va)
		return errno.OK
	}
	old.Get()
	s.pt.Unlock()
	return s.copyOnWrite(a, va, old)
}

// copyOnWrite replaces the page at va, seen to be old, by a private copy. It consumes a reference to old.
func (s *AddressSpace) copyOnWrite(a *Area, va uintptr, old *mem.Frame) errno.Errno {
	f := mem.AllocFrame(mem.User)
	if f == nil {
		old.Put()
		return errno.ENOMEM
	}
	arch.CopyPage(f.Virt(), old.Virt())
	f.SetFlag(mem.FrameAnon)
	s.pt.Lock()
	e := s.entry(va)
	if e == nil || !mapped(*e) || e.Addr() != old.Phys() || *e&arch.PTEWrite != 0 {
		s.pt.Unlock() // somebody else resolved it
		f.Put()
		old.Put()
		return errno.OK
	}
	*e = arch.PTE(f.Phys()) | a.pte(true)
	if !isAnon(old) {
		old.MapCount.Add(-1)
		s.file.Add(-1)
	}
	s.pt.Unlock()
	s.flush(va, va+arch.PageSize)
	old.Put() // the entry's reference
	old.Put() // ours
	return errno.OK
}

// faultBacked resolves a fault in an area over a backing.
//
// +checklocksread:s.lock
func (s *AddressSpace) faultBacked(a *Area, va uintptr, acc Access) errno.Errno {
	if e := s.peek(va); mapped(e) {
		if a.Flags&Shared != 0 && acc == Write && e&arch.PTEWrite == 0 {
			return s.shareWritable(a, va)
		}
		return s.faultPresent(a, va, acc)
	}
	idx := a.pageIndex(va)
	f, err := a.Back.Page(idx)
	if err != 0 {
		return err
	}
	f.Get() // install may give up its reference, and Done needs the frame
	stored := false
	switch {
	case a.Flags&Shared == 0 && acc == Write:
		err = s.installCopy(a, va, f)
	case a.Flags&Shared != 0 && acc == Write:
		if err = a.Back.MakeWritable(idx, f); err == 0 {
			stored = true
			err = s.install(va, f, a.pte(true))
		} else {
			f.Put()
		}
	default:
		err = s.install(va, f, a.pte(false))
	}
	a.Back.Done(f, stored)
	f.Put()
	if err == errno.EAGAIN {
		return errno.OK // truncated meanwhile: the access faults again
	}
	if err == 0 && acc != Write && a.obj != nil && a.Flags&RandomRead == 0 {
		s.mapAround(a, va)
	}
	return err
}

// installCopy maps a private copy of the backing's page f at va, for a store, and gives up the caller's reference to f.
func (s *AddressSpace) installCopy(a *Area, va uintptr, f *mem.Frame) errno.Errno {
	p := mem.AllocFrame(mem.User)
	if p == nil {
		f.Put()
		return errno.ENOMEM
	}
	arch.CopyPage(p.Virt(), f.Virt())
	p.SetFlag(mem.FrameAnon)
	f.Put()
	return s.install(va, p, a.pte(true))
}

// shareWritable gives a shared page that is mapped read-only its write permission, after telling the backing.
func (s *AddressSpace) shareWritable(a *Area, va uintptr) errno.Errno {
	idx := a.pageIndex(va)
	f, err := a.Back.Page(idx)
	if err != 0 {
		return err
	}
	stored := false
	if err = a.Back.MakeWritable(idx, f); err == 0 {
		stored = true
		s.pt.Lock()
		if e := s.entry(va); e != nil && e.Present() && e.Addr() == f.Phys() {
			*e |= a.pte(true)
		}
		s.pt.Unlock()
		arch.FlushPage(va)
	}
	a.Back.Done(f, stored)
	f.Put()
	if err == errno.EAGAIN {
		return errno.OK
	}
	return err
}

// growStack extends a GrowsDown area that begins above va, within the stack limit and with a guard gap to
// what lies below. EFAULT: it cannot.
func (s *AddressSpace) growStack(va uintptr) errno.Errno {
	s.lock.Lock()
	e := s.growStackLocked(va)
	s.unlock()
	return e
}

// +checklocks:s.lock
func (s *AddressSpace) growStackLocked(va uintptr) errno.Errno {
	a := s.findFrom(va)
	switch {
	case a == nil:
		return errno.EFAULT
	case a.Start <= va:
		return errno.OK // another thread was faster
	case a.Flags&GrowsDown == 0:
		return errno.EFAULT
	}
	start := pageDown(va)
	if uint64(a.End-start) > s.Limits.Stack || start < MinAddress {
		return errno.EFAULT
	}
	if b := s.prev(a); b != nil && (b.End > start || b.End+guardGap > start && b.Prot != 0 && b.Flags&GrowsDown == 0) {
		return errno.EFAULT
	}
	grow := pages(a.Start - start)
	if !s.mayExpand(a.Prot, a.Flags, grow) || a.Flags&Locked != 0 && !s.mayLock(grow, false) {
		return errno.EFAULT
	}
	if a.Flags&Charged != 0 {
		if !Commit(grow) {
			return errno.EFAULT
		}
		Uncommit(grow) // count does it
	}
	s.lastFound.Store(nil)
	s.areas.Remove(&a.node)
	a.lockMappings()
	a.Index -= uint64(grow)
	a.Start = start
	a.unlockMappings()
	s.areas.Insert(&a.node, uint64(a.Start))
	s.count(a, grow)
	return errno.OK
}
