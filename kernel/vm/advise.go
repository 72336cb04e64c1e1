//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
)

// Advice of madvise(2) that changes what is mapped or how areas behave.
type Advice int

const (
	AdviseNormal       Advice = 0
	AdviseRandom       Advice = 1
	AdviseSequential   Advice = 2
	AdviseWillNeed     Advice = 3
	AdviseDontNeed     Advice = 4
	AdviseFree         Advice = 8
	AdviseRemove       Advice = 9
	AdviseDontFork     Advice = 10
	AdviseDoFork       Advice = 11
	AdviseHugePage     Advice = 14
	AdviseNoHugePage   Advice = 15
	AdviseDontDump     Advice = 16
	AdviseDoDump       Advice = 17
	AdviseWipeOnFork   Advice = 18
	AdviseKeepOnFork   Advice = 19
	AdviseCold         Advice = 20
	AdvisePageOut      Advice = 21
	AdvisePopRead      Advice = 22
	AdvisePopWrite     Advice = 23
	AdviseDontNeedLock Advice = 24
)

// Known tells whether Advise takes the advice.
func (v Advice) Known() bool {
	return v >= AdviseNormal && v <= AdviseDontNeed || v >= AdviseFree && v <= AdviseDoFork ||
		v >= AdviseHugePage && v <= AdviseDontNeedLock
}

// Advise is madvise(2) for [start, start+length); start is a page's. Areas of the range are advised even when there are holes, which
// then give ENOMEM.
func (s *AddressSpace) Advise(start, length uintptr, v Advice) errno.Errno {
	end := start + pageUp(length)
	if end < start || length != 0 && end == start {
		return errno.EINVAL
	}
	if end == start {
		return errno.OK
	}
	switch v {
	case AdvisePopRead, AdvisePopWrite:
		return s.populateAdvised(start, end, v)
	case AdviseRemove:
		return s.removeRange(start, end)
	case AdviseDontNeed, AdviseDontNeedLock, AdviseFree, AdviseCold, AdvisePageOut, AdviseWillNeed:
		s.lock.RLock()
		e := s.eachPart(start, end, v)
		s.lock.RUnlock()
		return e
	}
	s.lock.Lock()
	e := s.adviseFlags(start, end, v)
	s.unlock()
	return e
}

// eachPart gives advice about pages; s.lock is held for reading, so others may fault meanwhile.
//
// +checklocksread:s.lock
func (s *AddressSpace) eachPart(start, end uintptr, v Advice) errno.Errno {
	at, result := start, errno.OK
	for a := s.findFrom(start); a != nil && a.Start < end; a = s.next(a) {
		if a.Start > at {
			result = errno.ENOMEM
		}
		from, to := max(a.Start, start), min(a.End, end)
		at = to
		switch {
		case v == AdviseWillNeed:
			a.readAhead(from, to)
		case a.Flags&Locked != 0 && v != AdviseDontNeedLock, v == AdviseFree && a.Back != nil:
			return errno.EINVAL
		case v == AdviseDontNeed || v == AdviseDontNeedLock || v == AdviseFree:
			s.zap(from, to)
		case v == AdviseCold || v == AdvisePageOut:
			if a.Back != nil { // there is no place to put anonymous memory
				s.zapPages(from, to, false)
			}
		}
	}
	if at < end {
		result = errno.ENOMEM
	}
	return result
}

// readAhead starts reading a file's part.
func (a *Area) readAhead(from, to uintptr) {
	if a.obj != nil {
		a.obj.Prefetch(a.pageIndex(from), a.pageIndex(to)-1)
	}
}

// adviseFlags gives advice that is kept as flags of areas.
//
// +checklocks:s.lock
func (s *AddressSpace) adviseFlags(start, end uintptr, v Advice) errno.Errno {
	set, clear := v.flags()
	at, result := start, errno.OK
	for at < end {
		a := s.findFrom(at)
		if a == nil || a.Start >= end {
			result = errno.ENOMEM
			break
		}
		if a.Start > at {
			result = errno.ENOMEM
			at = a.Start
		}
		stop := min(a.End, end)
		if v == AdviseWipeOnFork && a.Back != nil {
			result = errno.EINVAL
			break
		}
		if fl := a.Flags&^clear | set; fl != a.Flags {
			if e := s.isolate(at, stop); e != 0 {
				if e == errno.ENOMEM {
					e = errno.EAGAIN
				}
				result = e
				break
			}
			a = s.find(at)
			a.Flags = fl // none of these is counted
		}
		at = stop
	}
	s.merge(start, end)
	return result
}

// flags returns what advice changes.
func (v Advice) flags() (set, clear Flags) {
	switch v {
	case AdviseNormal:
		return 0, RandomRead | SequentialRead
	case AdviseRandom:
		return RandomRead, SequentialRead
	case AdviseSequential:
		return SequentialRead, RandomRead
	case AdviseDontFork:
		return DontFork, 0
	case AdviseDoFork:
		return 0, DontFork
	case AdviseWipeOnFork:
		return WipeOnFork, 0
	case AdviseKeepOnFork:
		return 0, WipeOnFork
	case AdviseDontDump:
		return DontDump, 0
	case AdviseDoDump:
		return 0, DontDump
	case AdviseHugePage:
		return HugePage, NoHugePage
	case AdviseNoHugePage:
		return NoHugePage, HugePage
	}
	return 0, 0
}

// populateAdvised is MADV_POPULATE_READ and _WRITE.
func (s *AddressSpace) populateAdvised(start, end uintptr, v Advice) errno.Errno {
	acc := Read
	if v == AdvisePopWrite {
		acc = Write
	}
	for va := start; va < end; va += arch.PageSize {
		s.lock.RLock()
		a := s.find(va)
		allowed := a != nil && a.allows(acc)
		s.lock.RUnlock()
		switch {
		case a == nil:
			return errno.ENOMEM
		case !allowed:
			return errno.EINVAL
		}
		switch e := s.faultIn(va, acc); e {
		case errno.OK:
		case errno.ENXIO, errno.EIO:
			return errno.EFAULT
		default:
			return e
		}
	}
	return errno.OK
}

// faultIn resolves a fault that may be out of place by now.
func (s *AddressSpace) faultIn(va uintptr, acc Access) errno.Errno {
	e := s.Fault(va, acc)
	if e == errno.ENOMEM && mem.Reclaim(32) {
		e = s.Fault(va, acc)
	}
	return e
}

// removeRange is MADV_REMOVE: it punches holes into the files mapped.
func (s *AddressSpace) removeRange(start, end uintptr) errno.Errno {
	for at := start; at < end; {
		s.lock.RLock()
		a := s.find(at)
		e := errno.OK
		switch {
		case a == nil:
			e = errno.ENOMEM
		case a.Flags&Locked != 0, a.Back == nil:
			e = errno.EINVAL
		case a.Flags&Shared == 0 || !a.Writable():
			e = errno.EACCES
		}
		if e != 0 {
			s.lock.RUnlock()
			return e
		}
		stop := min(a.End, end)
		from := int64(a.pageIndex(at)) << arch.PageShift
		back := a.Back
		back.Get()
		s.lock.RUnlock()
		e = back.Punch(from, from+int64(stop-at))
		back.Put()
		if e != 0 {
			return e
		}
		at = stop
	}
	return errno.OK
}
