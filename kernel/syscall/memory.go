//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/syscall/uring"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

// Memory: mmap and its kin. Advice, locking and access to others' memory are in files of their own.

// mmap(2) flags.
const (
	mapShared         = 0x01
	mapPrivate        = 0x02
	mapSharedValidate = 0x03
	mapTypeMask       = 0x0f
	mapFixed          = 0x10
	mapAnonymous      = 0x20
	map32Bit          = 0x40
	mapGrowsDown      = 0x100
	mapDenyWrite      = 0x800
	mapExecutable     = 0x1000
	mapLocked         = 0x2000
	mapNoReserve      = 0x4000
	mapPopulate       = 0x8000
	mapNonBlock       = 0x10000
	mapStack          = 0x20000
	mapHugeTLB        = 0x40000
	mapFixedNoReplace = 0x100000
	mapUninitialized  = 0x4000000
	mapHugeShift      = 26
	mapHugeMask       = 0x3f

	// What MAP_SHARED_VALIDATE knows: the flags that existed before it.
	mapLegacy = mapShared | mapPrivate | mapFixed | mapAnonymous | mapDenyWrite | mapExecutable | mapUninitialized | mapGrowsDown |
		mapLocked | mapNoReserve | mapPopulate | mapNonBlock | mapStack | mapHugeTLB | map32Bit | 21<<mapHugeShift | 30<<mapHugeShift
)

const pageMask = arch.PageSize - 1

func space() *vm.AddressSpace { return current().Proc.Space }

// mayLock tells whether the caller may lock memory at all, and whether it may do so without limit: CAP_IPC_LOCK.
func mayLock() (may, unlimited bool) {
	unlimited = ctx().Cred.Capable(cred.IPCLock)
	return unlimited || space().Limits.Memlock != 0, unlimited
}

func sysMmap(f *arch.Frame) (uintptr, errno.Errno) {
	length, flags, off := arg1(f), int3(f), arg5(f)
	if off&pageMask != 0 {
		return 0, errno.EINVAL
	}
	var file *vfs.File
	if flags&mapAnonymous == 0 {
		ref, e := ctx().Files.Acquire(int4(f))
		if e != 0 {
			return 0, e
		}
		defer ref.Release()
		file = ref.F
		if flags&mapHugeTLB != 0 {
			return 0, errno.EINVAL
		}
	} else if flags&mapHugeTLB != 0 {
		switch flags >> mapHugeShift & mapHugeMask {
		case 0, 21, 30:
			return 0, errno.ENOMEM // no page is set aside for huge mappings
		}
		return 0, errno.EINVAL
	}
	if length == 0 {
		return 0, errno.EINVAL
	}
	if length+pageMask < length {
		return 0, errno.ENOMEM
	}
	length = (length + pageMask) &^ pageMask
	if off+length < off {
		return 0, errno.EOVERFLOW
	}
	return mmap(file, arg0(f), length, int2(f), flags, off)
}

// mmap maps file (nil: anonymous memory). The sizes have been checked.
func mmap(file *vfs.File, addr, length uintptr, prot, flags int, off uintptr) (uintptr, errno.Errno) {
	r := vm.Request{Hint: addr, Length: length, Prot: uint8(prot) & vm.ProtMask, Flags: vm.MayWrite | vm.MayExec, Index: uint64(off) >> arch.PageShift,
		Fixed: flags&(mapFixed|mapFixedNoReplace) != 0, NoReplace: flags&mapFixedNoReplace != 0, Low32: flags&map32Bit != 0,
		LowAllowed: ctx().Cred.Capable(cred.SysRawIO)}
	if flags&mapLocked != 0 {
		may, unlimited := mayLock()
		if !may {
			return 0, errno.EPERM
		}
		r.Flags |= vm.Locked
		r.Unlimited = unlimited
	}
	if flags&mapNoReserve != 0 && vm.Overcommit.Load() != 2 {
		r.Flags |= vm.NoReserve
	}
	e := errno.OK
	if file != nil {
		e = mapFile(file, prot, flags, &r)
	} else {
		e = mapAnon(flags, &r)
	}
	if e != 0 {
		return 0, e
	}
	s := space()
	at, e := s.Place(&r)
	if e != 0 {
		if r.Back != nil {
			r.Back.Put()
		}
		return 0, e
	}
	if flags&mapLocked != 0 || flags&(mapPopulate|mapNonBlock) == mapPopulate {
		s.Populate(at, at+length, vm.Write)
	}
	return at, 0
}

// mapAnon completes a request for anonymous memory.
func mapAnon(flags int, r *vm.Request) (e errno.Errno) {
	r.Index = 0
	switch flags & mapTypeMask {
	case mapShared:
		if flags&mapGrowsDown != 0 {
			return errno.EINVAL
		}
		r.Flags |= vm.Shared
		r.Back, e = vm.NewShared(r.Length, r.Flags&vm.NoReserve == 0)
		return e
	case mapPrivate:
		if flags&mapGrowsDown != 0 {
			r.Flags |= vm.GrowsDown
		}
		return 0
	}
	return errno.EINVAL
}

// mapFile asks a file whether and what it maps. On success r.Back has a reference; it is nil for anonymous memory.
func mapFile(file *vfs.File, prot, flags int, r *vm.Request) errno.Errno {
	if file.PathOnly() {
		return errno.EBADF
	}
	shared := false
	switch flags & mapTypeMask {
	case mapSharedValidate:
		if flags&^mapLegacy&^mapTypeMask != 0 {
			return errno.EOPNOTSUPP
		}
		shared = true
	case mapShared:
		shared = true
	case mapPrivate:
	default:
		return errno.EINVAL
	}
	if shared && prot&vm.ProtWrite != 0 && !file.Writable() || !file.Readable() {
		return errno.EACCES
	}
	if shared {
		r.Flags |= vm.Shared
		if !file.Writable() {
			r.Flags &^= vm.MayWrite
		}
	}
	if mnt := file.Path.Mnt; mnt != nil && mnt.Flags.Load()&vfs.MS_NOEXEC != 0 {
		if prot&vm.ProtExec != 0 {
			return errno.EPERM
		}
		r.Flags &^= vm.MayExec
	}
	if ring := uring.Of(file); ring != nil {
		return mapRing(ring, shared, r)
	}
	m := vfs.MapRequest{Off: int64(r.Index << arch.PageShift), Len: uint64(r.Length), Prot: uint32(prot), Shared: shared}
	if e := file.Ops.Mmap(file, vfs.NoEscape(&m)); e != 0 {
		return e
	}
	if flags&mapGrowsDown != 0 {
		return errno.EINVAL
	}
	if m.NoStores {
		r.Flags &^= vm.MayWrite
	}
	e := errno.OK
	switch {
	case m.Object == file.Pages && m.Object != nil:
		file.Get()
		r.Back = file
	case m.Object == nil && m.Phys == 0 && shared:
		r.Index = 0
		r.Back, e = vm.NewShared(r.Length, r.Flags&vm.NoReserve == 0)
	case m.Object == nil && m.Phys == 0:
		r.Index = 0
	default:
		return errno.ENODEV
	}
	return e
}

func sysMunmap(f *arch.Frame) (uintptr, errno.Errno) { return ok(space().Unmap(arg0(f), arg1(f))) }

// mprotect(2) bits besides the rights.
const (
	protSem     = 8 // of no effect
	protGrowsUp = 0x02000000
)

func sysMprotect(f *arch.Frame) (uintptr, errno.Errno) {
	return mprotect(arg0(f), arg1(f), arg2(f))
}

func mprotect(start, length, prot uintptr) (uintptr, errno.Errno) {
	grows := prot & (vm.ProtGrowsDown | protGrowsUp)
	prot &^= grows
	switch {
	case grows == vm.ProtGrowsDown|protGrowsUp || start&pageMask != 0:
		return 0, errno.EINVAL
	case length == 0:
		return 0, 0
	case start+(length+pageMask)&^pageMask <= start:
		return 0, errno.ENOMEM
	case prot&^(vm.ProtMask|protSem) != 0, grows == protGrowsUp: // stacks grow downwards
		return 0, errno.EINVAL
	}
	return ok(space().Protect(start, length, uint8(prot)&vm.ProtMask, grows != 0))
}

func sysBrk(f *arch.Frame) (uintptr, errno.Errno) { return space().Brk(arg0(f)), 0 }

func sysMremap(f *arch.Frame) (uintptr, errno.Errno) {
	_, unlimited := mayLock()
	return space().Remap(arg0(f), arg1(f), arg2(f), int3(f), arg4(f), unlimited)
}

// sysRemapFilePages is remap_file_pages(2), as Linux has it today: a new mapping takes the place of the old one's part.
func sysRemapFilePages(f *arch.Frame) (uintptr, errno.Errno) {
	start, size, prot, page, flags := arg0(f)&^pageMask, arg1(f)&^pageMask, arg2(f), arg3(f), int4(f)
	if prot != 0 || start+size <= start || page+size>>arch.PageShift < page {
		return 0, errno.EINVAL
	}
	return ok(space().Rewire(start, size, uint64(page), flags&mapNonBlock == 0))
}

func sysPkeyMprotect(f *arch.Frame) (uintptr, errno.Errno) {
	if int3(f) != -1 {
		return 0, errno.EINVAL // no key can be allocated
	}
	return mprotect(arg0(f), arg1(f), arg2(f))
}

func sysPkeyAlloc(f *arch.Frame) (uintptr, errno.Errno) {
	if arg0(f) != 0 || arg1(f)&^3 != 0 {
		return 0, errno.EINVAL
	}
	return 0, errno.ENOSPC
}

func sysPkeyFree(f *arch.Frame) (uintptr, errno.Errno) { return 0, errno.EINVAL }
