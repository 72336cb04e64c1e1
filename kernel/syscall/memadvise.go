//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/proc"
	"galago/kernel/uio"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

// Advice about memory, and what is known of it: madvise, process_madvise, msync, mincore, mlock and their kin.

// Advice of madvise(2) that only needs privilege to be refused.
const (
	madvHWPoison    = 100
	madvSoftOffline = 101
)

func sysMadvise(f *arch.Frame) (uintptr, errno.Errno) {
	v := vm.Advice(int2(f))
	if v == madvHWPoison || v == madvSoftOffline {
		if !ctx().Cred.Capable(cred.SysAdmin) {
			return 0, errno.EPERM
		}
		return 0, errno.EINVAL
	}
	if !v.Known() || arg0(f)&pageMask != 0 {
		return 0, errno.EINVAL
	}
	return ok(space().Advise(arg0(f), arg1(f), v))
}

// sysProcessMadvise is process_madvise(2).
func sysProcessMadvise(f *arch.Frame) (uintptr, errno.Errno) {
	v := vm.Advice(int3(f))
	if arg4(f) != 0 {
		return 0, errno.EINVAL
	}
	list, e := readVector(arg1(f), arg2(f))
	if e != 0 {
		return 0, e
	}
	defer list.free()
	return withPIDFD(int0(f), func(p *proc.Process) (uintptr, errno.Errno) {
		s, e := proc.SpaceFor(p.PID)
		if e != 0 {
			return 0, e
		}
		defer s.Put()
		own := s == space()
		switch v {
		case vm.AdviseCold, vm.AdvisePageOut, vm.AdviseWillNeed:
		default:
			if !own || !v.Known() {
				return 0, errno.EINVAL
			}
		}
		if !own && !ctx().Cred.Capable(cred.SysNice) {
			return 0, errno.EPERM
		}
		return adviseAll(s, list, v)
	})
}

// adviseAll advises piece by piece; what comes before a failure counts.
func adviseAll(s *vm.AddressSpace, list vector, v vm.Advice) (done uintptr, e errno.Errno) {
	for i := range list {
		base, length := list[i].Base, uintptr(list[i].Len)
		if e = errno.EINVAL; base&pageMask == 0 {
			e = s.Advise(base, length, v)
		}
		if e != 0 {
			break
		}
		done += length
	}
	if done > 0 {
		e = 0
	}
	return done, e
}

// msync(2) flags.
const (
	msAsync      = 1
	msInvalidate = 2
	msSync       = 4
)

func sysMsync(f *arch.Frame) (uintptr, errno.Errno) {
	start, flags := arg0(f), int2(f)
	if flags&^(msAsync|msInvalidate|msSync) != 0 || flags&(msAsync|msSync) == msAsync|msSync || start&pageMask != 0 {
		return 0, errno.EINVAL
	}
	end := start + (arg1(f)+pageMask)&^pageMask
	if end < start {
		return 0, errno.ENOMEM
	}
	return ok(space().Sync(start, end, flags&msSync != 0, flags&msInvalidate != 0))
}

func sysMincore(f *arch.Frame) (uintptr, errno.Errno) {
	start, length, vec := arg0(f), arg1(f), arg2(f)
	if start&pageMask != 0 {
		return 0, errno.EINVAL
	}
	if length > arch.UserLimit || start > arch.UserLimit-length {
		return 0, errno.ENOMEM
	}
	n := (length + pageMask) >> arch.PageShift
	if vec > arch.UserLimit || n > arch.UserLimit-vec {
		return 0, errno.EFAULT
	}
	page := mem.AllocFrame(0)
	if page == nil {
		return 0, errno.EAGAIN
	}
	defer page.Put()
	c := ctx()
	for n > 0 {
		out := page.Bytes()[:min(n, arch.PageSize)]
		e := space().InCore(start, out, func(b vm.Backing) bool { return mayKnow(c, b) })
		if e != 0 {
			return 0, e
		}
		if e := copyOut(vec, out); e != 0 {
			return 0, e
		}
		k := uintptr(len(out))
		start, vec, n = start+k<<arch.PageShift, vec+k, n-k
	}
	return 0, 0
}

// mayKnow tells whether the caller may learn which pages of a file are cached: it could write it anyway.
func mayKnow(c *vfs.Context, b vm.Backing) bool {
	file, isFile := b.(*vfs.File)
	return !isFile || c.Cred.FSUID == file.Inode.UID || c.Cred.FSCapable(cred.FOwner) || file.Writable()
}

func copyOut(user uintptr, b []byte) errno.Errno {
	it := uio.FromUser(user, len(b))
	if n, e := it.CopyOut(b); n < len(b) {
		if e == 0 {
			e = errno.EFAULT
		}
		return e
	}
	return 0
}

// mlock(2) family.
const (
	mlockOnFault = 1
	mclCurrent   = 1
	mclFuture    = 2
	mclOnFault   = 4
)

func sysMlock(f *arch.Frame) (uintptr, errno.Errno) { return mlock(arg0(f), arg1(f), vm.Locked) }

func sysMlock2(f *arch.Frame) (uintptr, errno.Errno) {
	switch int2(f) {
	case 0:
		return mlock(arg0(f), arg1(f), vm.Locked)
	case mlockOnFault:
		return mlock(arg0(f), arg1(f), vm.Locked|vm.OnFault)
	}
	return 0, errno.EINVAL
}

func sysMunlock(f *arch.Frame) (uintptr, errno.Errno) { return mlock(arg0(f), arg1(f), 0) }

func mlock(start, length uintptr, fl vm.Flags) (uintptr, errno.Errno) {
	may, unlimited := mayLock()
	if fl != 0 && !may {
		return 0, errno.EPERM
	}
	length = (length + start&pageMask + pageMask) &^ pageMask
	start &^= pageMask
	if start+length < start {
		return 0, errno.EINVAL
	}
	if length == 0 {
		return 0, 0
	}
	return ok(space().Lock(start, start+length, fl, unlimited))
}

func sysMlockall(f *arch.Frame) (uintptr, errno.Errno) {
	flags := int0(f)
	if flags == 0 || flags == mclOnFault || flags&^(mclCurrent|mclFuture|mclOnFault) != 0 {
		return 0, errno.EINVAL
	}
	may, unlimited := mayLock()
	if !may {
		return 0, errno.EPERM
	}
	fl := vm.Locked
	if flags&mclOnFault != 0 {
		fl |= vm.OnFault
	}
	return ok(space().LockAll(flags&mclCurrent != 0, flags&mclFuture != 0, fl, unlimited))
}

func sysMunlockall(f *arch.Frame) (uintptr, errno.Errno) {
	return ok(space().LockAll(false, false, 0, true))
}
