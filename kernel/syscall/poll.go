package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
)

func sysSocket(f *arch.Frame) (uintptr, errno.Errno) { return 0, errno.EAFNOSUPPORT }
