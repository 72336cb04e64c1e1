package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
)

func sysPoll(f *arch.Frame) (uintptr, errno.Errno)     { return 0, errno.ENOSYS }
func sysSelect(f *arch.Frame) (uintptr, errno.Errno)   { return 0, errno.ENOSYS }
func sysPselect6(f *arch.Frame) (uintptr, errno.Errno) { return 0, errno.ENOSYS }
func sysPpoll(f *arch.Frame) (uintptr, errno.Errno)    { return 0, errno.ENOSYS }
func sysFutex(f *arch.Frame) (uintptr, errno.Errno)    { return 0, errno.ENOSYS }
func sysEventfd(f *arch.Frame) (uintptr, errno.Errno)  { return 0, errno.ENOSYS }
func sysEventfd2(f *arch.Frame) (uintptr, errno.Errno) { return 0, errno.ENOSYS }

