//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/sched"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// Reading and writing with flags, copying between files, hints.

// Flags of preadv2(2).
const (
	rwfHiPri  = 1
	rwfDSync  = 2
	rwfSync   = 4
	rwfNoWait = 8
	rwfAppend = 16

	rwfKnown = rwfHiPri | rwfDSync | rwfSync | rwfNoWait | rwfAppend
)

// rwf2 is preadv2 and pwritev2; position −1 stands for the file's own.
func rwf2(f *arch.Frame, write bool) (uintptr, errno.Errno) {
	flags, pos := uint32(arg5(f)), int64(arg3(f))
	if pos < -1 {
		return 0, errno.EINVAL
	}
	return vectored(int0(f), arg1(f), int2(f), func(file *vfs.File, it *uio.Iter) (int, errno.Errno) {
		switch {
		case flags&^rwfKnown != 0:
			return 0, errno.EOPNOTSUPP
		case flags&rwfNoWait != 0:
			return noWait(file, it, pos, write)
		case !write && pos == -1:
			return file.Read(it)
		case !write:
			return file.ReadAt(it, pos)
		}
		var n int
		var e errno.Errno
		if flags&rwfAppend != 0 && file.Inode.Type() == vfs.S_IFREG {
			n, e = file.WriteEnd(it, pos == -1)
		} else {
			n, e = writeAt(file, it, pos)
		}
		if n > 0 && flags&(rwfDSync|rwfSync) != 0 {
			if e := file.Fsync(flags&rwfSync == 0); e != 0 {
				return 0, e
			}
		}
		return n, e
	})
}

// noWait is a transfer with RWF_NOWAIT: pipes and sockets do what is possible at once, or EAGAIN; others do not know it.
func noWait(file *vfs.File, it *uio.Iter, pos int64, write bool) (n int, e errno.Errno) {
	switch file.Inode.Type() {
	case vfs.S_IFIFO, vfs.S_IFSOCK:
	default:
		return 0, errno.EOPNOTSUPP
	}
	th := sched.Current()
	th.NoWait = true
	switch {
	case write:
		n, e = writeAt(file, it, pos)
	case pos == -1:
		n, e = file.Read(it)
	default:
		n, e = file.ReadAt(it, pos)
	}
	th.NoWait = false
	return n, e
}

// writeAt writes at pos; −1 is the file's own position.
func writeAt(file *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) {
	if pos == -1 {
		return file.Write(it)
	}
	return file.WriteAt(it, pos)
}

func sysPreadv2(f *arch.Frame) (uintptr, errno.Errno)  { return rwf2(f, false) }
func sysPwritev2(f *arch.Frame) (uintptr, errno.Errno) { return rwf2(f, true) }

// offset reads a file position from user memory; the null pointer stands for the file's own, −1.
func offset(user uintptr) (pos int64, e errno.Errno) {
	if user == 0 {
		return -1, errno.OK
	}
	if e = get(&pos, user); e == 0 && pos < 0 {
		e = errno.EOVERFLOW // the sum with any length wraps
	}
	return pos, e
}

func sysCopyFileRange(f *arch.Frame) (uintptr, errno.Errno) {
	in, e := ctx().Files.Acquire(int0(f))
	if e != 0 {
		return 0, e
	}
	defer in.Release()
	out, e := ctx().Files.Acquire(int2(f))
	if e != 0 {
		return 0, e
	}
	defer out.Release()
	from, e := offset(arg1(f))
	if e != 0 {
		return 0, e
	}
	to, e := offset(arg3(f))
	if e != 0 {
		return 0, e
	}
	if uint32(arg5(f)) != 0 {
		return 0, errno.EINVAL
	}
	n, e := copyRange(in.F, out.F, &from, &to, int(min(arg4(f), uio.MaxLen)))
	if arg1(f) != 0 && n > 0 {
		if e := put(arg1(f), &from); e != 0 {
			return 0, e
		}
	}
	if arg3(f) != 0 && n > 0 {
		if e := put(arg3(f), &to); e != 0 {
			return 0, e
		}
	}
	return uintptr(n), e
}

// copyRange checks what copy_file_range(2) demands and copies.
func copyRange(in, out *vfs.File, from, to *int64, n int) (int, errno.Errno) {
	switch a, b := in.Inode.Type(), out.Inode.Type(); {
	case a == vfs.S_IFDIR || b == vfs.S_IFDIR:
		return 0, errno.EISDIR
	case a != vfs.S_IFREG || b != vfs.S_IFREG:
		return 0, errno.EINVAL
	case !in.Readable() || !out.Writable() || out.Flags.Load()&vfs.O_APPEND != 0:
		return 0, errno.EBADF
	}
	start, end := *from, *to
	if start < 0 {
		start = in.Pos()
	}
	if end < 0 {
		end = out.Pos()
	}
	if start+int64(n) < start || end+int64(n) < end {
		return 0, errno.EOVERFLOW
	}
	n = int(max(min(int64(n), in.Inode.Size()-start), 0))
	if in.Inode == out.Inode && start < end+int64(n) && end < start+int64(n) {
		return 0, errno.EINVAL
	}
	return transferAt(out, in, from, to, n)
}

func sysSyncFileRange(f *arch.Frame) (uintptr, errno.Errno) {
	const known = 1 | 2 | 4
	off, n := int64(arg1(f)), int64(arg2(f))
	if uint32(arg3(f))&^known != 0 || off < 0 || n < 0 || off+n < off {
		return 0, errno.EINVAL
	}
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) {
		switch file.Inode.Type() {
		case vfs.S_IFREG, vfs.S_IFBLK, vfs.S_IFDIR, vfs.S_IFLNK:
		default:
			return 0, errno.ESPIPE
		}
		if uint32(arg3(f)) == 0 {
			return 0, 0
		}
		const waitAfter = 4
		last := ^uint64(0)
		if n > 0 {
			last = uint64(off+n-1) >> arch.PageShift
		}
		file.Pages.Sync(uint64(off)>>arch.PageShift, last, uint32(arg3(f))&waitAfter != 0)
		return 0, file.Pages.CheckError(file.WriteBackSeen())
	})
}

func sysReadahead(f *arch.Frame) (uintptr, errno.Errno) {
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) {
		if !file.Readable() {
			return 0, errno.EBADF
		}
		if t := file.Inode.Type(); t != vfs.S_IFREG && t != vfs.S_IFBLK {
			return 0, errno.EINVAL
		}
		prefetch(file, int64(arg1(f)), int64(arg2(f)))
		return 0, 0
	})
}

// prefetch starts to read n bytes at off into the page cache.
func prefetch(file *vfs.File, off, n int64) {
	size := file.Inode.Size()
	if off < 0 || n < 0 || off >= size {
		return
	}
	end := size
	if off+n > off && off+n < size {
		end = off + n
	}
	file.Pages.Prefetch(uint64(off)>>arch.PageShift, uint64(end-1)>>arch.PageShift)
}

// Advice of posix_fadvise(2).
const (
	fadvWillNeed = 3
	fadvDontNeed = 4
	fadvNoReuse  = 5
)

func sysFadvise64(f *arch.Frame) (uintptr, errno.Errno) {
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) {
		off, n, advice := int64(arg1(f)), int64(arg2(f)), int3(f)
		if file.Inode.Type() == vfs.S_IFIFO {
			return 0, errno.ESPIPE
		}
		if n < 0 || advice < 0 || advice > fadvNoReuse {
			return 0, errno.EINVAL
		}
		switch advice {
		case fadvWillNeed:
			if n == 0 {
				n = 1<<63 - 1
			}
			prefetch(file, off, n)
		case fadvDontNeed:
			dropCached(file, off, n)
		}
		return 0, 0
	})
}

// dropCached writes the pages that lie wholly within the range and gives the memory of the clean ones back.
func dropCached(file *vfs.File, off, n int64) {
	if off < 0 {
		return
	}
	first, last := (uint64(off)+arch.PageSize-1)>>arch.PageShift, ^uint64(0)
	if n > 0 && off+n > off {
		end := uint64(off+n) >> arch.PageShift
		if end <= first {
			return
		}
		last = end - 1
	}
	file.Pages.Sync(first, last, false)
	file.Pages.Invalidate(first, last)
}

func sysGetdents(f *arch.Frame) (uintptr, errno.Errno) {
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) {
		it := uio.FromUser(arg1(f), int(uint32(arg2(f))))
		n, e := file.GetDents(vfs.NoEscape(&it))
		return uintptr(n), e
	})
}
