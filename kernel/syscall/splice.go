//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/ipc"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// splice(2), tee(2), vmsplice(2): pages that move through pipes.

// twoFiles runs fn on a file to read and one to write.
func twoFiles(in, out int, fn func(in, out *vfs.File) (int, errno.Errno)) (uintptr, errno.Errno) {
	a, e := ctx().Files.Acquire(in)
	if e != 0 {
		return 0, e
	}
	defer a.Release()
	b, e := ctx().Files.Acquire(out)
	if e != 0 {
		return 0, e
	}
	defer b.Release()
	if !a.F.Readable() || !b.F.Writable() {
		return 0, errno.EBADF
	}
	n, e := fn(a.F, b.F)
	return uintptr(n), e
}

func sysSplice(f *arch.Frame) (uintptr, errno.Errno) {
	n, flags := int(min(arg4(f), uio.MaxLen)), uint32(arg5(f))
	if n == 0 {
		return 0, 0
	}
	if e := ipc.CheckSplice(flags); e != 0 {
		return 0, e
	}
	return twoFiles(int0(f), int2(f), func(in, out *vfs.File) (int, errno.Errno) {
		return splice(in, out, arg1(f), arg3(f), n, flags)
	})
}

// splice checks which end is a pipe, and gets and puts the position of the one that is none.
func splice(in, out *vfs.File, inAt, outAt uintptr, n int, flags uint32) (done int, e errno.Errno) {
	fromPipe, toPipe := ipc.IsPipe(in), ipc.IsPipe(out)
	switch {
	case fromPipe && inAt != 0 || toPipe && outAt != 0:
		return 0, errno.ESPIPE
	case fromPipe && toPipe:
		return ipc.SplicePipes(in, out, n, flags, false)
	case !fromPipe && !toPipe:
		return 0, errno.EINVAL
	}
	user, other, move := inAt, in, ipc.SpliceTo
	if fromPipe {
		user, other, move = outAt, out, ipc.SpliceFrom
		if out.Flags.Load()&vfs.O_APPEND != 0 {
			return 0, errno.EINVAL
		}
	}
	if user == 0 {
		return move(in, out, nil, n, flags)
	}
	if other.Stream() {
		return 0, errno.EINVAL
	}
	var pos int64
	if e := get(&pos, user); e != 0 {
		return 0, e
	}
	if pos < 0 {
		return 0, errno.EINVAL
	}
	if done, e = move(in, out, vfs.NoEscape(&pos), n, flags); done > 0 {
		if e := put(user, &pos); e != 0 {
			return 0, e
		}
	}
	return done, e
}

func sysTee(f *arch.Frame) (uintptr, errno.Errno) {
	n, flags := int(min(arg2(f), uio.MaxLen)), uint32(arg3(f))
	if e := ipc.CheckSplice(flags); e != 0 {
		return 0, e
	}
	if n == 0 {
		return 0, 0
	}
	return twoFiles(int0(f), int1(f), func(in, out *vfs.File) (int, errno.Errno) {
		if !ipc.IsPipe(in) || !ipc.IsPipe(out) {
			return 0, errno.EINVAL
		}
		return ipc.SplicePipes(in, out, n, flags, true)
	})
}

func sysVmsplice(f *arch.Frame) (uintptr, errno.Errno) {
	flags := uint32(arg3(f))
	if e := ipc.CheckSplice(flags); e != 0 {
		return 0, e
	}
	if arg2(f) > uio.MaxIOV {
		return 0, errno.EINVAL
	}
	return vectored(int0(f), arg1(f), int2(f), func(file *vfs.File, it *uio.Iter) (int, errno.Errno) {
		if !ipc.IsPipe(file) {
			return 0, errno.EBADF
		}
		if it.Len() == 0 {
			return 0, errno.OK
		}
		return ipc.SpliceUser(file, it, flags)
	})
}
