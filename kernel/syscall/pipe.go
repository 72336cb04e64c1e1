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
	if flags&vfs.O_DIRECT != 0 {
		return 0, errno.EINVAL // packet mode
	}
	t := current()
	c := &t.Ctx
	r, w, e := ipc.NewPipe(flags&vfs.O_NONBLOCK, c.Cred)
	if e != 0 {
		return 0, e
	}
	limit, cloexec := t.Proc.FileLimit(), flags&vfs.O_CLOEXEC != 0
	a, e := c.Files.Reserve(0, limit, cloexec)
	b := 0
	if e == 0 {
		if b, e = c.Files.Reserve(0, limit, cloexec); e == 0 {
			fds := [2]int32{int32(a), int32(b)}
			if e = put(user, &fds); e == 0 {
				c.Files.Install(a, r)
				c.Files.Install(b, w)
				return 0, 0
			}
			c.Files.Unreserve(b)
		}
		c.Files.Unreserve(a)
	}
	r.Put()
	w.Put()
	return 0, e
}
