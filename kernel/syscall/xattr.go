//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// Extended attributes (xattr(7)). No file system here keeps any, so every file answers as one on such a file system does: its
// list is empty, and no attribute can be read, set or removed (EOPNOTSUPP). Arguments are checked first, as on Linux.

const (
	xattrNameMax = 255
	xattrSizeMax = 65536
	xattrCreate  = 1
	xattrReplace = 2
)

// xattrFile finds the file that a call is about: by path, following links or not, or by descriptor.
func xattrFile(f *arch.Frame, how int) errno.Errno {
	if how == byFD {
		r, e := ctx().Files.Acquire(int0(f))
		if e == 0 {
			r.Release()
		}
		return e
	}
	flags := uint32(vfs.LookupFollow)
	if how == byLink {
		flags = 0
	}
	_, e := withPath(arg0(f), func(c *vfs.Context, path string) errno.Errno {
		p, e := vfs.Lookup(c, vfs.AtFDCWD, path, flags)
		if e == 0 {
			p.Put()
		}
		return e
	})
	return e
}

const (
	byPath = iota
	byLink
	byFD
)

// xattrName checks an attribute's name: ERANGE when it is empty or too long.
func xattrName(user uintptr) errno.Errno {
	var name [xattrNameMax + 1]byte
	n, e := uio.CopyInString(user, name[:])
	switch {
	case e == errno.ENAMETOOLONG, e == 0 && n == 0:
		return errno.ERANGE
	}
	return e
}

func setXattr(f *arch.Frame, how int) (uintptr, errno.Errno) {
	if flags := uint32(arg4(f)); flags&^(xattrCreate|xattrReplace) != 0 {
		return 0, errno.EINVAL
	}
	if e := xattrName(arg1(f)); e != 0 {
		return 0, e
	}
	if arg3(f) > xattrSizeMax {
		return 0, errno.E2BIG
	}
	if e := xattrFile(f, how); e != 0 {
		return 0, e
	}
	return 0, errno.EOPNOTSUPP
}

func namedXattr(f *arch.Frame, how int) (uintptr, errno.Errno) {
	if how == byFD { // the descriptor comes first here
		if e := xattrFile(f, how); e != 0 {
			return 0, e
		}
	}
	if e := xattrName(arg1(f)); e != 0 {
		return 0, e
	}
	if e := xattrFile(f, how); e != 0 {
		return 0, e
	}
	return 0, errno.EOPNOTSUPP
}

func sysSetxattr(f *arch.Frame) (uintptr, errno.Errno)  { return setXattr(f, byPath) }
func sysLsetxattr(f *arch.Frame) (uintptr, errno.Errno) { return setXattr(f, byLink) }
func sysFsetxattr(f *arch.Frame) (uintptr, errno.Errno) {
	if e := xattrFile(f, byFD); e != 0 {
		return 0, e
	}
	return setXattr(f, byFD)
}
func sysGetxattr(f *arch.Frame) (uintptr, errno.Errno)     { return namedXattr(f, byPath) }
func sysLgetxattr(f *arch.Frame) (uintptr, errno.Errno)    { return namedXattr(f, byLink) }
func sysFgetxattr(f *arch.Frame) (uintptr, errno.Errno)    { return namedXattr(f, byFD) }
func sysRemovexattr(f *arch.Frame) (uintptr, errno.Errno)  { return namedXattr(f, byPath) }
func sysLremovexattr(f *arch.Frame) (uintptr, errno.Errno) { return namedXattr(f, byLink) }
func sysFremovexattr(f *arch.Frame) (uintptr, errno.Errno) { return namedXattr(f, byFD) }
func sysListxattr(f *arch.Frame) (uintptr, errno.Errno)    { return ok(xattrFile(f, byPath)) }
func sysLlistxattr(f *arch.Frame) (uintptr, errno.Errno)   { return ok(xattrFile(f, byLink)) }
func sysFlistxattr(f *arch.Frame) (uintptr, errno.Errno)   { return ok(xattrFile(f, byFD)) }
