//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/proc"
	"galago/kernel/uio"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

// Memory of other processes: process_vm_readv(2) and process_vm_writev(2).

// vector is an array of pieces copied from user memory; free gives it up.
type vector []uio.IOVec

// readVector copies count pieces from user memory. EINVAL, EFAULT, ENOMEM.
func readVector(user, count uintptr) (vector, errno.Errno) {
	if count > uio.MaxIOV {
		return nil, errno.EINVAL
	}
	if count == 0 {
		return nil, 0
	}
	size := count * unsafe.Sizeof(uio.IOVec{})
	p := mem.Alloc(size)
	if p == nil {
		return nil, errno.ENOMEM
	}
	if arch.CopyFromUser(p, user, size) != 0 {
		mem.Free(p)
		return nil, errno.EFAULT
	}
	v := vector(unsafe.Slice((*uio.IOVec)(p), count))
	sum := int64(0)
	for i := range v {
		if sum += int64(v[i].Len); int64(v[i].Len) < 0 || sum < 0 {
			v.free()
			return nil, errno.EINVAL
		}
	}
	return v, 0
}

func (v vector) free() {
	if len(v) > 0 {
		mem.Free(unsafe.Pointer(&v[0]))
	}
}

func sysProcessVMReadv(f *arch.Frame) (uintptr, errno.Errno)  { return crossCopy(f, false) }
func sysProcessVMWritev(f *arch.Frame) (uintptr, errno.Errno) { return crossCopy(f, true) }

// crossCopy copies between the caller's pieces and those of another process.
func crossCopy(f *arch.Frame, write bool) (uintptr, errno.Errno) {
	if arg5(f) != 0 {
		return 0, errno.EINVAL
	}
	local, e := readVector(arg1(f), arg2(f))
	if e != 0 {
		return 0, e
	}
	defer local.free()
	if e := uio.CheckIOV(local); e != 0 {
		return 0, e
	}
	it := uio.FromIOV(local)
	if it.Len() == 0 {
		return 0, 0
	}
	remote, e := readVector(arg3(f), arg4(f))
	if e != 0 {
		return 0, e
	}
	defer remote.free()
	s, e := proc.SpaceFor(int0(f))
	if e != 0 {
		return 0, e
	}
	defer s.Put()
	page := mem.AllocFrame(mem.User)
	if page == nil {
		return 0, errno.ENOMEM
	}
	defer page.Put()
	return crossPieces(s, remote, vfs.NoEscape(&it), page.Bytes(), write)
}

// crossPieces copies piece by piece through buf. What comes before an address that cannot be used counts.
func crossPieces(s *vm.AddressSpace, remote vector, it *uio.Iter, buf []byte, write bool) (done uintptr, e errno.Errno) {
	for i := range remote {
		at, left := remote[i].Base, uintptr(remote[i].Len)
		for left > 0 && it.Len() > 0 {
			n := min(int(min(left, arch.PageSize-at&pageMask)), it.Len())
			k := 0
			if write {
				if k, e = it.CopyIn(buf[:n]); k > 0 {
					k = s.WriteAt(at, buf[:k])
				}
			} else if k = s.ReadAt(at, buf[:n]); k > 0 {
				k, e = it.CopyOut(buf[:k])
			}
			done += uintptr(k)
			if k < n {
				if done > 0 {
					return done, 0
				}
				return 0, errno.EFAULT
			}
			at, left = at+uintptr(k), left-uintptr(k)
		}
	}
	return done, 0
}
