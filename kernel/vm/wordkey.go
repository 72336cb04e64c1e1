//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/errno"
)

// WordKey tells which memory a user address means, for those who name a word of memory across address spaces. If the memory is shared, it
// returns a number that identifies the object and the word's offset in it; otherwise object is 0. EFAULT: nothing is mapped there, or it
// cannot be read, or with write not be written, or it is private and will never change.
func (s *AddressSpace) WordKey(va uintptr, write bool) (object uint64, offset uintptr, e errno.Errno) {
	s.lock.RLock()
	a := s.find(va)
	switch {
	case a == nil || a.Prot&ProtMask == 0 || write && !a.Writable():
		e = errno.EFAULT
	case a.Flags&Shared != 0 || a.Back != nil && !a.Writable():
		object = identity(a)
		offset = uintptr(a.pageIndex(va))<<arch.PageShift | va&(arch.PageSize-1)
	case !a.Writable():
		e = errno.EFAULT
	}
	s.lock.RUnlock()
	return object, offset, e
}

// identity returns the number of an area's object; 0 for one that only this mapping knows.
func identity(a *Area) uint64 {
	if a.obj != nil {
		return a.obj.Identity()
	}
	return 0
}
