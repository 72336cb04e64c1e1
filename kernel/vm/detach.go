//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/errno"
)

// Detach unmaps what was mapped in one piece at start: shmdt(2). is tells whether a backing is of the kind in question, and how many bytes of it a
// whole mapping has. Parts that have been unmapped or replaced since are left alone. EINVAL: there is no such mapping.
func (s *AddressSpace) Detach(start uintptr, is func(b Backing) (size uintptr, ok bool)) errno.Errno {
	s.lock.Lock()
	defer s.unlock()
	var back Backing
	end, found := start, false
	for a := s.findFrom(start); a != nil && (!found || a.Start < end); {
		next := s.next(a)
		if a.Back == nil || found && a.Back != back || a.Start < start || uintptr(a.Index)<<arch.PageShift != a.Start-start {
			a = next
			continue
		}
		size, ok := is(a.Back)
		if !ok {
			a = next
			continue
		}
		if !found {
			if a.Start-start >= pageUp(size) {
				break
			}
			found, back, end = true, a.Back, start+pageUp(size)
		}
		s.zap(a.Start, a.End)
		s.drop(a)
		a = next
	}
	if !found {
		return errno.EINVAL
	}
	return errno.OK
}
