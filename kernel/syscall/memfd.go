//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/fs/tmpfs"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// memfd_create(2) and seals.

const (
	mfdCloexec      = 1
	mfdAllowSealing = 2
	mfdHugeTLB      = 4
	mfdNoExecSeal   = 8
	mfdExec         = 0x10
	mfdPrefix       = "memfd:"
	mfdNameMax      = 255 - len(mfdPrefix)
)

func sysMemfdCreate(f *arch.Frame) (uintptr, errno.Errno) {
	flags := uint32(arg1(f))
	switch {
	case flags&mfdHugeTLB != 0:
		return 0, errno.ENODEV // as without a mounted hugetlbfs
	case flags&^(mfdCloexec|mfdAllowSealing|mfdNoExecSeal|mfdExec) != 0, flags&(mfdNoExecSeal|mfdExec) == mfdNoExecSeal|mfdExec:
		return 0, errno.EINVAL
	}
	var name [mfdNameMax + 1 + len(mfdPrefix)]byte
	copy(name[:], mfdPrefix)
	n, e := uio.CopyInString(arg0(f), name[len(mfdPrefix):])
	if e == errno.ENAMETOOLONG {
		return 0, errno.EINVAL
	}
	if e != 0 {
		return 0, e
	}
	mode, seals := uint32(0o777), uint32(tmpfs.SealSeal)
	if flags&mfdAllowSealing != 0 {
		seals = 0
	}
	if flags&mfdNoExecSeal != 0 {
		mode, seals = 0o666, tmpfs.SealExec
	}
	file, e := tmpfs.NewFile(unsafe.String(&name[0], len(mfdPrefix)+n), mode, seals, ctx().Cred)
	if e != 0 {
		return 0, e
	}
	open := uint32(0)
	if flags&mfdCloexec != 0 {
		open = vfs.O_CLOEXEC
	}
	return install(file, open)
}

// fcntl(2) commands for seals.
const (
	fAddSeals = 1033
	fGetSeals = 1034
)

func sealFile(fd, cmd int, arg uintptr) (uintptr, errno.Errno) {
	return withFile(fd, func(file *vfs.File) (uintptr, errno.Errno) {
		if cmd == fAddSeals {
			if arg > 1<<32-1 {
				return 0, errno.EINVAL
			}
			return 0, tmpfs.AddSeals(file, uint32(arg))
		}
		s, e := tmpfs.Seals(file)
		return uintptr(s), e
	})
}
