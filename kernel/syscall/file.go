//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/ipc"
	"galago/kernel/mem"
	"galago/kernel/proc"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// Open files: reading, writing, positions, descriptors.

func sysRead(f *arch.Frame) (uintptr, errno.Errno) {
	r, e := ctx().Files.Acquire(int0(f))
	if e != 0 {
		return 0, e
	}
	if !arch.UserRange(arg1(f), arg2(f)) {
		r.Release()
		return 0, errno.EFAULT
	}
	it := uio.FromUser(arg1(f), int(arg2(f)))
	n, e := r.F.Read(vfs.NoEscape(&it))
	r.Release()
	return uintptr(n), e
}

func sysWrite(f *arch.Frame) (uintptr, errno.Errno) {
	r, e := ctx().Files.Acquire(int0(f))
	if e != 0 {
		return 0, e
	}
	if !arch.UserRange(arg1(f), arg2(f)) {
		r.Release()
		return 0, errno.EFAULT
	}
	it := uio.FromUser(arg1(f), int(arg2(f)))
	n, e := r.F.Write(vfs.NoEscape(&it))
	r.Release()
	return uintptr(n), e
}

func sysPread64(f *arch.Frame) (uintptr, errno.Errno)  { return at(f, false) }
func sysPwrite64(f *arch.Frame) (uintptr, errno.Errno) { return at(f, true) }

func at(f *arch.Frame, write bool) (n uintptr, e errno.Errno) {
	pos := int64(arg3(f))
	if pos < 0 {
		return 0, errno.EINVAL
	}
	r, e := ctx().Files.Acquire(int0(f))
	if e != 0 {
		return 0, e
	}
	if !arch.UserRange(arg1(f), arg2(f)) {
		r.Release()
		return 0, errno.EFAULT
	}
	it := uio.FromUser(arg1(f), int(arg2(f)))
	var k int
	if write {
		k, e = r.F.WriteAt(vfs.NoEscape(&it), pos)
	} else {
		k, e = r.F.ReadAt(vfs.NoEscape(&it), pos)
	}
	r.Release()
	return uintptr(k), e
}

// fastIOV pieces fit on the stack.
const fastIOV = 8

// vectored runs fn on a file and the user's array of pieces.
func vectored(fd int, user uintptr, count int, fn func(file *vfs.File, it *uio.Iter) (int, errno.Errno)) (uintptr, errno.Errno) {
	if count < 0 || count > uio.MaxIOV {
		return 0, errno.EINVAL
	}
	r, e := ctx().Files.Acquire(fd)
	if e != 0 {
		return 0, e
	}
	n, e := onVector(user, count, func(it *uio.Iter) (int, errno.Errno) { return fn(r.F, it) })
	r.Release()
	return uintptr(n), e
}

// onVector runs fn on the user's array of pieces.
func onVector(user uintptr, count int, fn func(it *uio.Iter) (int, errno.Errno)) (int, errno.Errno) {
	if count < 0 || count > uio.MaxIOV {
		return 0, errno.EINVAL
	}
	var few [fastIOV]uio.IOVec
	vec := few[:min(count, fastIOV)]
	if count > fastIOV {
		p := mem.Alloc(uintptr(count) * unsafe.Sizeof(few[0]))
		if p == nil {
			return 0, errno.ENOMEM
		}
		defer mem.Free(p)
		vec = unsafe.Slice((*uio.IOVec)(p), count)
	}
	if count > 0 && arch.CopyFromUser(unsafe.Pointer(&vec[0]), user, uintptr(count)*unsafe.Sizeof(few[0])) != 0 {
		return 0, errno.EFAULT
	}
	if e := uio.CheckIOV(vec); e != 0 {
		return 0, e
	}
	it := uio.FromIOV(vec)
	return fn(vfs.NoEscape(&it))
}

func sysReadv(f *arch.Frame) (uintptr, errno.Errno) {
	return vectored(int0(f), arg1(f), int2(f), func(file *vfs.File, it *uio.Iter) (int, errno.Errno) { return file.Read(it) })
}

func sysWritev(f *arch.Frame) (uintptr, errno.Errno) {
	return vectored(int0(f), arg1(f), int2(f), func(file *vfs.File, it *uio.Iter) (int, errno.Errno) { return file.Write(it) })
}

func sysPreadv(f *arch.Frame) (uintptr, errno.Errno) {
	pos := int64(arg3(f))
	if pos < 0 {
		return 0, errno.EINVAL
	}
	return vectored(int0(f), arg1(f), int2(f), func(file *vfs.File, it *uio.Iter) (int, errno.Errno) { return file.ReadAt(it, pos) })
}

func sysPwritev(f *arch.Frame) (uintptr, errno.Errno) {
	pos := int64(arg3(f))
	if pos < 0 {
		return 0, errno.EINVAL
	}
	return vectored(int0(f), arg1(f), int2(f), func(file *vfs.File, it *uio.Iter) (int, errno.Errno) { return file.WriteAt(it, pos) })
}

// withFile runs fn on an open file.
func withFile(fd int, fn func(file *vfs.File) (uintptr, errno.Errno)) (uintptr, errno.Errno) {
	r, e := ctx().Files.Acquire(fd)
	if e != 0 {
		return 0, e
	}
	n, e := fn(r.F)
	r.Release()
	return n, e
}

func sysLseek(f *arch.Frame) (uintptr, errno.Errno) {
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) {
		n, e := file.Lseek(int64(arg1(f)), int2(f))
		return uintptr(n), e
	})
}

func sysIoctl(f *arch.Frame) (uintptr, errno.Errno) {
	const fionclex, fioclex, fionbio = 0x5450, 0x5451, 0x5421
	fd, cmd := int0(f), uint32(arg1(f))
	switch cmd {
	case fioclex, fionclex:
		return ok(ctx().Files.SetCloexec(fd, cmd == fioclex))
	}
	return withFile(fd, func(file *vfs.File) (uintptr, errno.Errno) {
		if cmd == fionbio {
			var on int32
			if e := get(&on, arg2(f)); e != 0 {
				return 0, e
			}
			if on != 0 {
				file.Flags.Or(vfs.O_NONBLOCK)
			} else {
				file.Flags.And(^uint32(vfs.O_NONBLOCK))
			}
			return 0, 0
		}
		if ioOwnerCommand(cmd) && proc.CanSignal(file) {
			return ioctlOwner(file, fd, cmd, arg2(f))
		}
		return file.Ioctl(cmd, arg2(f))
	})
}

func sysFsync(f *arch.Frame) (uintptr, errno.Errno) {
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) { return 0, file.Fsync(false) })
}

func sysFdatasync(f *arch.Frame) (uintptr, errno.Errno) {
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) { return 0, file.Fsync(true) })
}

func sysGetdents64(f *arch.Frame) (uintptr, errno.Errno) {
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) {
		it := uio.FromUser(arg1(f), int(uint32(arg2(f))))
		n, e := file.GetDents64(vfs.NoEscape(&it))
		return uintptr(n), e
	})
}

func sysFallocate(f *arch.Frame) (uintptr, errno.Errno) {
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) {
		return 0, file.Fallocate(uint32(arg1(f)), int64(arg2(f)), int64(arg3(f)))
	})
}

// Descriptors.

func sysDup(f *arch.Frame) (uintptr, errno.Errno) { return dupFrom(int0(f), 0, false) }

// dupFrom duplicates fd to the lowest free descriptor from least on.
func dupFrom(fd, least int, cloexec bool) (uintptr, errno.Errno) {
	t := current()
	files := t.Ctx.Files
	r, e := files.AcquireAny(fd)
	if e != 0 {
		return 0, e
	}
	file := r.Keep()
	n, e := files.Add(file, least, t.Proc.FileLimit(), cloexec)
	if e != 0 {
		file.Put()
	}
	return uintptr(n), e
}

func sysDup2(f *arch.Frame) (uintptr, errno.Errno) {
	old, new := int0(f), int1(f)
	if old == new {
		r, e := ctx().Files.AcquireAny(old)
		if e == 0 {
			r.Release()
		}
		return uintptr(old), e
	}
	return dupTo(old, new, false)
}

func sysDup3(f *arch.Frame) (uintptr, errno.Errno) {
	flags := arg2(f)
	if flags&^vfs.O_CLOEXEC != 0 || int0(f) == int1(f) {
		return 0, errno.EINVAL
	}
	return dupTo(int0(f), int1(f), flags != 0)
}

func dupTo(old, new int, cloexec bool) (uintptr, errno.Errno) {
	t := current()
	files := t.Ctx.Files
	if new < 0 || new >= t.Proc.FileLimit() {
		return 0, errno.EBADF
	}
	r, e := files.AcquireAny(old)
	if e != 0 {
		return 0, e
	}
	file := r.Keep()
	if e := files.DupTo(file, new, t.Proc.FileLimit(), cloexec); e != 0 {
		file.Put()
		return 0, e
	}
	return uintptr(new), 0
}

// fcntl(2) commands.
const (
	fDupFD        = 0
	fGetFD        = 1
	fSetFD        = 2
	fGetFL        = 3
	fSetFL        = 4
	fSetPipeSize  = 1031
	fGetPipeSize  = 1032
	fDupFDCloexec = 1030
	fdCloexec     = 1
)

func sysFcntl(f *arch.Frame) (uintptr, errno.Errno) {
	fd, cmd, arg := int0(f), int1(f), arg2(f)
	files := ctx().Files
	switch cmd {
	case fDupFD, fDupFDCloexec:
		if int(int32(arg)) < 0 || int(int32(arg)) >= current().Proc.FileLimit() {
			return 0, errno.EINVAL
		}
		return dupFrom(fd, int(int32(arg)), cmd == fDupFDCloexec)
	case fGetFD:
		on, e := files.Cloexec(fd)
		if on {
			return fdCloexec, e
		}
		return 0, e
	case fSetFD:
		return ok(files.SetCloexec(fd, arg&fdCloexec != 0))
	case fGetFL, fSetFL:
		r, e := files.AcquireAny(fd)
		if e != 0 {
			return 0, e
		}
		defer r.Release()
		if cmd == fGetFL {
			return uintptr(r.F.Flags.Load()), 0
		}
		if flags := uint32(arg); (flags^r.F.Flags.Load())&vfs.O_ASYNC != 0 {
			if e := proc.SetAsync(r.F, fd, flags&vfs.O_ASYNC != 0); e != 0 {
				return 0, e
			}
		}
		return 0, r.F.SetFlags(uint32(arg))
	case fSetOwn, fGetOwn, fSetSig, fGetSig, fSetOwnEx, fGetOwnEx:
		return withFile(fd, func(file *vfs.File) (uintptr, errno.Errno) { return ioOwner(file, cmd, arg) })
	case fGetLk, fSetLk, fSetLkW, fOFDGetLk, fOFDSetLk, fOFDSetLkW:
		return recordLock(fd, cmd, arg)
	case fSetPipeSize:
		return withFile(fd, func(file *vfs.File) (uintptr, errno.Errno) {
			n, e := ipc.SetCapacity(file, uint32(arg), ctx().Cred)
			return uintptr(n), e
		})
	case fAddSeals, fGetSeals:
		return sealFile(fd, cmd, arg)
	case fGetPipeSize:
		return withFile(fd, func(file *vfs.File) (uintptr, errno.Errno) {
			n, e := ipc.Capacity(file)
			return uintptr(n), e
		})
	}
	return 0, errno.EINVAL
}

// sendfile(2): through a page of kernel memory.
func sysSendfile(f *arch.Frame) (uintptr, errno.Errno) {
	out, e := ctx().Files.Acquire(int0(f))
	if e != 0 {
		return 0, e
	}
	defer out.Release()
	in, e := ctx().Files.Acquire(int1(f))
	if e != 0 {
		return 0, e
	}
	defer in.Release()
	if !in.F.Readable() || !out.F.Writable() {
		return 0, errno.EBADF
	}
	if typ := in.F.Inode.Type(); typ != vfs.S_IFREG && typ != vfs.S_IFBLK {
		return 0, errno.EINVAL // the input must be something that can be mapped
	}
	pos := int64(-1)
	if arg2(f) != 0 {
		if e := get(&pos, arg2(f)); e != 0 {
			return 0, e
		}
		if pos < 0 {
			return 0, errno.EINVAL
		}
	}
	done, e := transfer(out.F, in.F, &pos, int(min(arg3(f), uio.MaxLen)))
	if arg2(f) != 0 {
		if e2 := put(arg2(f), &pos); e2 != 0 {
			return 0, e2
		}
	}
	if done > 0 {
		return uintptr(done), 0
	}
	return 0, e
}

// transfer copies up to n bytes to where out stands; *pos < 0 uses and moves in's own position.
func transfer(out, in *vfs.File, pos *int64, n int) (done int, e errno.Errno) {
	to := int64(-1)
	return transferAt(out, in, pos, &to, n)
}

// transferAt copies up to n bytes through a page of kernel memory. A negative position is the file's own, which moves; another one is
// moved itself.
func transferAt(out, in *vfs.File, from, to *int64, n int) (done int, e errno.Errno) {
	frame := mem.AllocFrame(0)
	if frame == nil {
		return 0, errno.ENOMEM
	}
	defer frame.Put()
	for done < n && e == 0 {
		buf := frame.Bytes()[:min(n-done, arch.PageSize)]
		it := uio.FromKernel(buf)
		var k, w int
		own := *from < 0
		if own {
			k, e = in.Read(vfs.NoEscape(&it))
		} else {
			k, e = in.ReadAt(vfs.NoEscape(&it), *from)
		}
		if k == 0 || e != 0 {
			return done, e
		}
		it = uio.FromKernel(buf[:k])
		if *to < 0 {
			w, e = out.Write(vfs.NoEscape(&it))
		} else if w, e = out.WriteAt(vfs.NoEscape(&it), *to); w > 0 {
			*to += int64(w)
		}
		done += w
		if !own {
			*from += int64(w)
		} else if w < k {
			in.Lseek(int64(w-k), vfs.SeekCur)
		}
		if w < k {
			break
		}
	}
	return done, e
}
