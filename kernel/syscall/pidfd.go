//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/proc"
	"galago/kernel/vfs"
)

// Descriptors that stand for processes.

func sysPidfdOpen(f *arch.Frame) (uintptr, errno.Errno) {
	pid, flags := int0(f), uint32(arg1(f))
	if flags&^vfs.O_NONBLOCK != 0 || pid <= 0 {
		return 0, errno.EINVAL
	}
	p := proc.Find(pid)
	if p == nil {
		if proc.IsThread(pid) {
			return 0, errno.EINVAL // not the first thread of its process
		}
		return 0, errno.ESRCH
	}
	fd, e := addPIDFD(p, flags)
	p.Put()
	return uintptr(fd), e
}

// addPIDFD makes a pidfd of the caller's.
func addPIDFD(p *proc.Process, flags uint32) (int, errno.Errno) {
	file, e := proc.NewPIDFD(p, flags, ctx().Cred)
	if e != 0 {
		return 0, e
	}
	fd, e := ctx().Files.Add(file, 0, current().Proc.FileLimit(), true)
	if e != 0 {
		file.Put()
	}
	return fd, e
}

// withPIDFD runs fn on the process that a descriptor stands for: EBADF.
func withPIDFD(fd int, fn func(p *proc.Process) (uintptr, errno.Errno)) (uintptr, errno.Errno) {
	return withFile(fd, func(file *vfs.File) (uintptr, errno.Errno) {
		p := proc.PIDFDProcess(file)
		if p == nil {
			return 0, errno.EBADF
		}
		return fn(p)
	})
}

func sysPidfdSendSignal(f *arch.Frame) (uintptr, errno.Errno) {
	if uint32(arg3(f)) != 0 {
		return 0, errno.EINVAL
	}
	return withPIDFD(int0(f), func(p *proc.Process) (uintptr, errno.Errno) {
		sig := int1(f)
		if arg2(f) == 0 {
			return ok(current().SignalProcess(p, sig, nil))
		}
		var info proc.Siginfo
		if e := get(&info, arg2(f)); e != 0 {
			return 0, e
		}
		if int(info.Signo) != sig {
			return 0, errno.EINVAL
		}
		return ok(current().SignalProcess(p, sig, &info))
	})
}

func sysPidfdGetfd(f *arch.Frame) (uintptr, errno.Errno) {
	if uint32(arg2(f)) != 0 {
		return 0, errno.EINVAL
	}
	return withPIDFD(int0(f), func(p *proc.Process) (uintptr, errno.Errno) {
		if !current().MayInspect(p) {
			return 0, errno.EPERM
		}
		files := p.BorrowFiles()
		if files == nil {
			return 0, errno.ESRCH
		}
		defer files.Put()
		r, e := files.AcquireAny(int1(f))
		if e != 0 {
			return 0, e
		}
		file := r.Keep()
		fd, e := ctx().Files.Add(file, 0, current().Proc.FileLimit(), true)
		if e != 0 {
			file.Put()
		}
		return uintptr(fd), e
	})
}
