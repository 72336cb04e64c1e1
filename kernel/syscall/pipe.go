//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/ipc"
	"galago/kernel/vfs"
)

func sysPipe(f *arch.Frame) (uintptr, errno.Errno)  { return pipe(arg0(f), 0) }
func sysPipe2(f *arch.Frame) (uintptr, errno.Errno) { return pipe(arg0(f), uint32(arg1(f))) }

func pipe(user uintptr, flags uint32) (uintptr, errno.Errno) {
	if flags&^(vfs.O_CLOEXEC|vfs.O_NONBLOCK|vfs.O_DIRECT) != 0 {
		return 0, errno.EINVAL
	}
	r, w, e := ipc.NewPipe(flags, ctx().Cred)
	if e != 0 {
		return 0, e
	}
	return installTwo(r, w, flags, user)
}
