//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

// Memory: mmap and its kin.

// mmap(2) flags.
const (
	mapShared         = 0x01
	mapPrivate        = 0x02
	mapSharedValidate = 0x03
	mapTypeMask       = 0x0f
	mapFixed          = 0x10
	mapAnonymous      = 0x20
	mapGrowsDown      = 0x100
	mapLocked         = 0x2000
	mapPopulate       = 0x8000
	mapFixedNoReplace = 0x100000
)

func sysMmap(f *arch.Frame) (uintptr, errno.Errno) {
	addr, length, prot, flags, off := arg0(f), arg1(f), int2(f), int3(f), arg5(f)
	const mask = arch.PageSize - 1
	if off&mask != 0 || length == 0 {
		return 0, errno.EINVAL
	}
	length = (length + mask) &^ mask
	if length == 0 {
		return 0, errno.ENOMEM
	}
	if off+length < off {
		return 0, errno.EOVERFLOW
	}
	fixed, noReplace := flags&(mapFixed|mapFixedNoReplace) != 0, flags&mapFixedNoReplace != 0
	fl := vm.MayWrite
	switch flags & mapTypeMask {
	case mapShared, mapSharedValidate:
		fl |= vm.Shared
	case mapPrivate:
	default:
		return 0, errno.EINVAL
	}
	var back vm.Backing
	if flags&mapAnonymous == 0 {
		file, e := ctx().Files.Acquire(int4(f))
		if e != 0 {
			return 0, e
		}
		back, e = mapFile(file.F, prot, &fl, off, length)
		file.Release()
		if e != 0 {
			return 0, e
		}
	} else {
		off = 0
		if fl&vm.Shared != 0 {
			var e errno.Errno
			if back, e = vm.NewShared(); e != 0 {
				return 0, e
			}
		} else if flags&mapGrowsDown != 0 {
			fl |= vm.GrowsDown
		}
	}
	s := current().Proc.Space
	at, e := s.Map(addr, length, uint8(prot)&vm.ProtMask, fl, back, uint64(off)>>arch.PageShift, fixed, noReplace)
	if e != 0 {
		if back != nil {
			back.Put()
		}
		return 0, e
	}
	if flags&(mapPopulate|mapLocked) != 0 && prot&vm.ProtMask != 0 {
		s.Populate(at, at+length)
	}
	return at, 0
}

// mapFile asks a file whether and what it maps; the result carries a reference. nil without error: anonymous memory.
func mapFile(file *vfs.File, prot int, fl *vm.Flags, off, length uintptr) (vm.Backing, errno.Errno) {
	shared := *fl&vm.Shared != 0
	if !file.Readable() || shared && prot&vm.ProtWrite != 0 && !file.Writable() {
		return nil, errno.EACCES
	}
	if shared && !file.Writable() {
		*fl &^= vm.MayWrite
	}
	m := vfs.MapRequest{Off: int64(off), Len: uint64(length), Prot: uint32(prot), Shared: shared}
	if e := file.Ops.Mmap(file, vfs.NoEscape(&m)); e != 0 {
		return nil, e
	}
	switch {
	case m.Object == &file.Inode.Pages:
		file.Get()
		return file, 0
	case m.Object == nil && m.Phys == 0 && shared:
		return vm.NewShared()
	case m.Object == nil && m.Phys == 0:
		return nil, 0
	}
	return nil, errno.ENODEV
}

func sysMunmap(f *arch.Frame) (uintptr, errno.Errno) {
	return ok(current().Proc.Space.Unmap(arg0(f), arg1(f)))
}

func sysMprotect(f *arch.Frame) (uintptr, errno.Errno) {
	prot := arg2(f)
	if prot&^vm.ProtMask != 0 {
		return 0, errno.EINVAL
	}
	return ok(current().Proc.Space.Protect(arg0(f), arg1(f), uint8(prot)))
}

func sysBrk(f *arch.Frame) (uintptr, errno.Errno) { return current().Proc.Space.Brk(arg0(f)), 0 }

// madvise(2) advice.
const (
	madvNormal     = 0
	madvRandom     = 1
	madvSequential = 2
	madvWillNeed   = 3
	madvDontNeed   = 4
	madvFree       = 8
	madvHugePage   = 14
	madvNoHugePage = 15
)

func sysMadvise(f *arch.Frame) (uintptr, errno.Errno) {
	switch int2(f) {
	case madvDontNeed, madvFree:
		return ok(current().Proc.Space.Discard(arg0(f), arg1(f)))
	case madvNormal, madvRandom, madvSequential, madvWillNeed, madvHugePage, madvNoHugePage:
		if arg0(f)&(arch.PageSize-1) != 0 {
			return 0, errno.EINVAL
		}
		return 0, 0
	}
	return 0, errno.EINVAL
}

// msync(2) flags.
const (
	msAsync      = 1
	msInvalidate = 2
	msSync       = 4
)

func sysMsync(f *arch.Frame) (uintptr, errno.Errno) {
	start, length, flags := arg0(f), arg1(f), int2(f)
	if flags&^(msAsync|msInvalidate|msSync) != 0 || flags&(msAsync|msSync) == msAsync|msSync || start&(arch.PageSize-1) != 0 {
		return 0, errno.EINVAL
	}
	if length > arch.UserLimit || start > arch.UserLimit-length {
		return 0, errno.ENOMEM
	}
	return ok(current().Proc.Space.Sync(start, length, flags&msSync != 0))
}

func sysMremap(f *arch.Frame) (uintptr, errno.Errno) {
	at, e := current().Proc.Space.Remap(arg0(f), arg1(f), arg2(f), int3(f), arg4(f))
	return at, e
}
