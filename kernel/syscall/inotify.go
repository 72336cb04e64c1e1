//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/ipc/inotify"
	"galago/kernel/vfs"
)

// inotify: watching files.

func sysInotifyInit(f *arch.Frame) (uintptr, errno.Errno)  { return inotifyInit(0) }
func sysInotifyInit1(f *arch.Frame) (uintptr, errno.Errno) { return inotifyInit(uint32(arg0(f))) }

func inotifyInit(flags uint32) (uintptr, errno.Errno) {
	file, e := inotify.New(flags, ctx().Cred)
	if e != 0 {
		return 0, e
	}
	return install(file, flags)
}

func sysInotifyAddWatch(f *arch.Frame) (uintptr, errno.Errno) {
	mask := uint32(arg2(f))
	if e := inotify.CheckMask(mask); e != 0 {
		return 0, e
	}
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) {
		p, e := getPath(arg1(f), false)
		if e != 0 {
			return 0, e
		}
		wd, e := inotify.Add(ctx(), file, p.str(), mask)
		p.free()
		return uintptr(wd), e
	})
}

func sysInotifyRmWatch(f *arch.Frame) (uintptr, errno.Errno) {
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) { return ok(inotify.Remove(file, int1(f))) })
}
