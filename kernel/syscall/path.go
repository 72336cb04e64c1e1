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
)

// Paths are copied in once, into a buffer from a slab; handlers see kernel memory only.

type pathBuf [vfs.PathMax]byte

var pathCache = mem.Cache[pathBuf]{Name: "names_cache"}

// pathArg is a path copied from user memory; free gives the buffer back.
type pathArg struct {
	buf *pathBuf
	n   int
}

// getPath copies a path in. ENAMETOOLONG, EFAULT, ENOMEM; ENOENT for an empty path unless empty is allowed.
func getPath(user uintptr, allowEmpty bool) (p pathArg, e errno.Errno) {
	p.buf = pathCache.AllocRaw()
	if p.buf == nil {
		return p, errno.ENOMEM
	}
	p.n, e = uio.CopyInString(user, p.buf[:])
	if e == 0 && p.n == 0 && !allowEmpty {
		e = errno.ENOENT
	}
	if e != 0 {
		pathCache.Free(p.buf)
		p.buf = nil
	}
	return p, e
}

func (p pathArg) free() { pathCache.Free(p.buf) }

func (p pathArg) str() string { return unsafe.String(&p.buf[0], p.n) }

func ctx() *vfs.Context { return &current().Ctx }

// withPath runs fn on the path at user address p.
func withPath(user uintptr, fn func(c *vfs.Context, path string) errno.Errno) (uintptr, errno.Errno) {
	p, e := getPath(user, false)
	if e != 0 {
		return 0, e
	}
	e = fn(ctx(), p.str())
	p.free()
	return 0, e
}

// withPaths is withPath for two.
func withPaths(a, b uintptr, fn func(c *vfs.Context, a, b string) errno.Errno) (uintptr, errno.Errno) {
	p, e := getPath(a, false)
	if e != 0 {
		return 0, e
	}
	q, e := getPath(b, false)
	if e == 0 {
		e = fn(ctx(), p.str(), q.str())
		q.free()
	}
	p.free()
	return 0, e
}

func sysOpen(f *arch.Frame) (uintptr, errno.Errno) {
	return open(vfs.AtFDCWD, arg0(f), uint32(arg1(f)), uint32(arg2(f)))
}

func sysOpenat(f *arch.Frame) (uintptr, errno.Errno) {
	return open(int0(f), arg1(f), uint32(arg2(f)), uint32(arg3(f)))
}

func sysCreat(f *arch.Frame) (uintptr, errno.Errno) {
	return open(vfs.AtFDCWD, arg0(f), vfs.O_CREAT|vfs.O_WRONLY|vfs.O_TRUNC, uint32(arg1(f)))
}

func open(dirfd int, user uintptr, flags, mode uint32) (uintptr, errno.Errno) {
	p, e := getPath(user, false)
	if e != 0 {
		return 0, e
	}
	t := current()
	files := t.Ctx.Files
	fd, e := files.Reserve(0, t.Proc.FileLimit(), flags&vfs.O_CLOEXEC != 0)
	if e == 0 {
		var file *vfs.File
		if file, e = vfs.Open(&t.Ctx, dirfd, p.str(), flags, mode); e == 0 {
			files.Install(fd, file)
		} else {
			files.Unreserve(fd)
		}
	}
	p.free()
	return uintptr(fd), e
}

func sysClose(f *arch.Frame) (uintptr, errno.Errno) { return ok(ctx().Files.Close(int0(f))) }

func sysCloseRange(f *arch.Frame) (uintptr, errno.Errno) {
	first, last, flags := uint32(arg0(f)), uint32(arg1(f)), arg2(f)
	const unshare, cloexec = 2, 4
	if first > last || flags&^(unshare|cloexec) != 0 {
		return 0, errno.EINVAL
	}
	if flags&unshare != 0 {
		if e := current().Unshare(proc.CLONE_FILES); e != 0 {
			return 0, e
		}
	}
	lo, hi := int(first), int(min(last, vfs.MaxFiles))
	if flags&cloexec != 0 {
		ctx().Files.MarkCloexec(lo, hi)
	} else {
		ctx().Files.CloseRange(lo, hi)
	}
	return 0, 0
}

func putStat(user uintptr, st *vfs.Stat, e errno.Errno) (uintptr, errno.Errno) {
	if e != 0 {
		return 0, e
	}
	return ok(put(user, st))
}

func sysStat(f *arch.Frame) (uintptr, errno.Errno)  { return statPath(f, 0) }
func sysLstat(f *arch.Frame) (uintptr, errno.Errno) { return statPath(f, vfs.AT_SYMLINK_NOFOLLOW) }

func statPath(f *arch.Frame, flags uint32) (uintptr, errno.Errno) {
	p, e := getPath(arg0(f), false)
	if e != 0 {
		return 0, e
	}
	var st vfs.Stat
	e = vfs.Fstatat(ctx(), vfs.AtFDCWD, p.str(), vfs.NoEscape(&st), flags)
	p.free()
	return putStat(arg1(f), &st, e)
}

func sysFstat(f *arch.Frame) (uintptr, errno.Errno) {
	var st vfs.Stat
	return putStat(arg1(f), &st, vfs.Fstat(ctx(), int0(f), vfs.NoEscape(&st)))
}

func sysNewfstatat(f *arch.Frame) (uintptr, errno.Errno) {
	flags := uint32(arg3(f))
	p, e := getPath(arg1(f), flags&vfs.AT_EMPTY_PATH != 0)
	if e != 0 {
		return 0, e
	}
	var st vfs.Stat
	e = vfs.Fstatat(ctx(), int0(f), p.str(), vfs.NoEscape(&st), flags)
	p.free()
	return putStat(arg2(f), &st, e)
}

func sysAccess(f *arch.Frame) (uintptr, errno.Errno) {
	return access(vfs.AtFDCWD, arg0(f), uint32(arg1(f)), 0)
}

func sysFaccessat(f *arch.Frame) (uintptr, errno.Errno) {
	return access(int0(f), arg1(f), uint32(arg2(f)), 0)
}

func sysFaccessat2(f *arch.Frame) (uintptr, errno.Errno) {
	return access(int0(f), arg1(f), uint32(arg2(f)), uint32(arg3(f)))
}

func access(dirfd int, user uintptr, mode, flags uint32) (uintptr, errno.Errno) {
	p, e := getPath(user, flags&vfs.AT_EMPTY_PATH != 0)
	if e != 0 {
		return 0, e
	}
	e = vfs.Faccessat(ctx(), dirfd, p.str(), mode, flags)
	p.free()
	return 0, e
}

func sysMkdir(f *arch.Frame) (uintptr, errno.Errno) {
	return withPath(arg0(f), func(c *vfs.Context, path string) errno.Errno {
		return vfs.Mkdir(c, vfs.AtFDCWD, path, uint32(arg1(f)))
	})
}

func sysMkdirat(f *arch.Frame) (uintptr, errno.Errno) {
	return withPath(arg1(f), func(c *vfs.Context, path string) errno.Errno {
		return vfs.Mkdir(c, int0(f), path, uint32(arg2(f)))
	})
}

func sysMknod(f *arch.Frame) (uintptr, errno.Errno) {
	return withPath(arg0(f), func(c *vfs.Context, path string) errno.Errno {
		return vfs.Mknod(c, vfs.AtFDCWD, path, uint32(arg1(f)), uint64(arg2(f)))
	})
}

func sysMknodat(f *arch.Frame) (uintptr, errno.Errno) {
	return withPath(arg1(f), func(c *vfs.Context, path string) errno.Errno {
		return vfs.Mknod(c, int0(f), path, uint32(arg2(f)), uint64(arg3(f)))
	})
}

func sysRmdir(f *arch.Frame) (uintptr, errno.Errno) {
	return withPath(arg0(f), func(c *vfs.Context, path string) errno.Errno {
		return vfs.Rmdir(c, vfs.AtFDCWD, path)
	})
}

func sysUnlink(f *arch.Frame) (uintptr, errno.Errno) {
	return withPath(arg0(f), func(c *vfs.Context, path string) errno.Errno {
		return vfs.Unlink(c, vfs.AtFDCWD, path)
	})
}

func sysUnlinkat(f *arch.Frame) (uintptr, errno.Errno) {
	flags := arg2(f)
	if flags&^vfs.AT_REMOVEDIR != 0 {
		return 0, errno.EINVAL
	}
	return withPath(arg1(f), func(c *vfs.Context, path string) errno.Errno {
		if flags != 0 {
			return vfs.Rmdir(c, int0(f), path)
		}
		return vfs.Unlink(c, int0(f), path)
	})
}

func sysRename(f *arch.Frame) (uintptr, errno.Errno) {
	return withPaths(arg0(f), arg1(f), func(c *vfs.Context, a, b string) errno.Errno {
		return vfs.Rename(c, vfs.AtFDCWD, a, vfs.AtFDCWD, b, 0)
	})
}

func sysRenameat(f *arch.Frame) (uintptr, errno.Errno) { return renameat(f, 0) }

func sysRenameat2(f *arch.Frame) (uintptr, errno.Errno) { return renameat(f, uint32(arg4(f))) }

func renameat(f *arch.Frame, flags uint32) (uintptr, errno.Errno) {
	return withPaths(arg1(f), arg3(f), func(c *vfs.Context, a, b string) errno.Errno {
		return vfs.Rename(c, int0(f), a, int2(f), b, flags)
	})
}

func sysLink(f *arch.Frame) (uintptr, errno.Errno) {
	return withPaths(arg0(f), arg1(f), func(c *vfs.Context, a, b string) errno.Errno {
		return vfs.Link(c, vfs.AtFDCWD, a, vfs.AtFDCWD, b, 0)
	})
}

func sysLinkat(f *arch.Frame) (uintptr, errno.Errno) {
	flags := uint32(arg4(f))
	p, e := getPath(arg1(f), flags&vfs.AT_EMPTY_PATH != 0)
	if e != 0 {
		return 0, e
	}
	q, e := getPath(arg3(f), false)
	if e == 0 {
		e = vfs.Link(ctx(), int0(f), p.str(), int2(f), q.str(), flags)
		q.free()
	}
	p.free()
	return 0, e
}

func sysSymlink(f *arch.Frame) (uintptr, errno.Errno) {
	return withPaths(arg0(f), arg1(f), func(c *vfs.Context, target, path string) errno.Errno {
		return vfs.Symlink(c, target, vfs.AtFDCWD, path)
	})
}

func sysSymlinkat(f *arch.Frame) (uintptr, errno.Errno) {
	return withPaths(arg0(f), arg2(f), func(c *vfs.Context, target, path string) errno.Errno {
		return vfs.Symlink(c, target, int1(f), path)
	})
}

func sysReadlink(f *arch.Frame) (uintptr, errno.Errno) {
	return readlink(vfs.AtFDCWD, arg0(f), arg1(f), int2(f))
}

func sysReadlinkat(f *arch.Frame) (uintptr, errno.Errno) {
	return readlink(int0(f), arg1(f), arg2(f), int3(f))
}

func readlink(dirfd int, user, buf uintptr, size int) (uintptr, errno.Errno) {
	if size <= 0 {
		return 0, errno.EINVAL
	}
	p, e := getPath(user, true)
	if e != 0 {
		return 0, e
	}
	defer p.free()
	out := pathCache.Alloc()
	if out == nil {
		return 0, errno.ENOMEM
	}
	defer pathCache.Free(out)
	n, e := vfs.Readlink(ctx(), dirfd, p.str(), out[:])
	if e != 0 {
		return 0, e
	}
	n = min(n, size, len(out))
	if arch.CopyToUser(buf, unsafe.Pointer(out), uintptr(n)) != 0 {
		return 0, errno.EFAULT
	}
	return uintptr(n), 0
}

func sysChdir(f *arch.Frame) (uintptr, errno.Errno)  { return withPath(arg0(f), vfs.Chdir) }
func sysChroot(f *arch.Frame) (uintptr, errno.Errno) { return withPath(arg0(f), vfs.Chroot) }
func sysFchdir(f *arch.Frame) (uintptr, errno.Errno) { return ok(vfs.Fchdir(ctx(), int0(f))) }

func sysGetcwd(f *arch.Frame) (uintptr, errno.Errno) {
	out := pathCache.Alloc()
	if out == nil {
		return 0, errno.ENOMEM
	}
	defer pathCache.Free(out)
	n, e := vfs.Getcwd(ctx(), out[:min(int(min(arg1(f), vfs.PathMax)), len(out))])
	if e != 0 {
		return 0, e
	}
	if arch.CopyToUser(arg0(f), unsafe.Pointer(out), uintptr(n)) != 0 {
		return 0, errno.EFAULT
	}
	return uintptr(n), 0
}

func sysUmask(f *arch.Frame) (uintptr, errno.Errno) {
	return uintptr(ctx().FS.SetUmask(uint32(arg0(f)))), 0
}
