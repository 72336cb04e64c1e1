//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// getExtensible copies a structure in whose size may grow with later versions (openat2(2), "Extensibility"): what the user's is longer by must
// be zero, or E2BIG; it may not be shorter than least.
func getExtensible(to unsafe.Pointer, known, least, user, size uintptr) errno.Errno {
	if size < least {
		return errno.EINVAL
	}
	if size > arch.PageSize {
		return errno.E2BIG
	}
	for at := known; at < size; {
		var rest [64]byte
		n := min(size-at, unsafe.Sizeof(rest))
		if arch.CopyFromUser(unsafe.Pointer(&rest), user+at, n) != 0 {
			return errno.EFAULT
		}
		for _, b := range rest[:n] {
			if b != 0 {
				return errno.E2BIG
			}
		}
		at += n
	}
	if arch.CopyFromUser(to, user, min(size, known)) != 0 {
		return errno.EFAULT
	}
	return errno.OK
}

func sysOpenat2(f *arch.Frame) (uintptr, errno.Errno) {
	var how vfs.How
	size := unsafe.Sizeof(how)
	if e := getExtensible(unsafe.Pointer(&how), size, size, arg2(f), arg3(f)); e != 0 {
		return 0, e
	}
	if e := how.Check(); e != 0 {
		return 0, e
	}
	p, e := getPath(arg1(f), false)
	if e != 0 {
		return 0, e
	}
	t := current()
	files := t.Ctx.Files
	fd, e := files.Reserve(0, t.Proc.FileLimit(), how.Flags&vfs.O_CLOEXEC != 0)
	if e == 0 {
		var file *vfs.File
		if file, e = vfs.OpenHow(&t.Ctx, int0(f), p.str(), vfs.NoEscape(&how)); e == 0 {
			files.Install(fd, file)
		} else {
			files.Unreserve(fd)
		}
	}
	p.free()
	return uintptr(fd), e
}
