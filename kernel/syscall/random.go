//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/fs/devfs"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

func sysGetrandom(f *arch.Frame) (uintptr, errno.Errno) {
	if arg2(f)&^7 != 0 {
		return 0, errno.EINVAL
	}
	it := uio.FromUser(arg0(f), int(min(arg1(f), 33554431)))
	n, e := devfs.FillRandom(vfs.NoEscape(&it))
	return uintptr(n), e
}
