//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/ipc"
	"galago/kernel/vfs"
)

// epoll: the set is a file, its rules are package ipc's.

func sysEpollCreate(f *arch.Frame) (uintptr, errno.Errno) {
	if int0(f) <= 0 {
		return 0, errno.EINVAL
	}
	return epollCreate(0)
}

func sysEpollCreate1(f *arch.Frame) (uintptr, errno.Errno) {
	flags := uint32(arg0(f))
	if flags&^vfs.O_CLOEXEC != 0 {
		return 0, errno.EINVAL
	}
	return epollCreate(flags)
}

func epollCreate(flags uint32) (uintptr, errno.Errno) {
	file, e := ipc.NewEpoll(ctx().Cred)
	if e != 0 {
		return 0, e
	}
	return install(file, flags)
}

// install gives a new file, whose reference it takes over, the lowest descriptor.
func install(file *vfs.File, flags uint32) (uintptr, errno.Errno) {
	fd, e := ctx().Files.Add(file, 0, current().Proc.FileLimit(), flags&vfs.O_CLOEXEC != 0)
	if e != 0 {
		file.Put()
	}
	return uintptr(fd), e
}

func sysEpollCtl(f *arch.Frame) (uintptr, errno.Errno) {
	op := int1(f)
	var ev [3]uint32 // struct epoll_event is packed: events, then 8 bytes of data
	if op != ipc.EpollDel {
		if e := get(&ev, arg3(f)); e != 0 {
			return 0, e
		}
	}
	files := ctx().Files
	ep, e := files.Acquire(int0(f))
	if e != 0 {
		return 0, e
	}
	on, e := files.Acquire(int2(f))
	if e == 0 {
		data := uint64(ev[1]) | uint64(ev[2])<<32
		e = ipc.EpollCtl(ep.F, op, on.F, int2(f), ev[0], data)
		on.Release()
	}
	ep.Release()
	return 0, e
}

func sysEpollWait(f *arch.Frame) (uintptr, errno.Errno) { return epollWait(f, millis(int3(f))) }

// millis turns a time-out of poll or epoll into nanoseconds.
func millis(ms int) int64 {
	if ms < 0 {
		return forever
	}
	return int64(ms) * 1e6
}

func epollWait(f *arch.Frame, ns int64) (uintptr, errno.Errno) {
	ep, e := ctx().Files.Acquire(int0(f))
	if e != 0 {
		return 0, e
	}
	n, e := ipc.EpollWait(ep.F, arg1(f), int2(f), ns)
	ep.Release()
	return uintptr(n), e
}

func sysEpollPwait(f *arch.Frame) (uintptr, errno.Errno) {
	return epollPwait(f, millis(int3(f)))
}

func sysEpollPwait2(f *arch.Frame) (uintptr, errno.Errno) {
	ns, e := getTimeout(arg3(f))
	if e != 0 {
		return 0, e
	}
	return epollPwait(f, ns)
}

// epollPwait waits with a temporary signal mask. A signal ends the wait for good: it is never restarted.
func epollPwait(f *arch.Frame, ns int64) (uintptr, errno.Errno) {
	return maskedWait(arg4(f), arg5(f), func() (uintptr, errno.Errno) { return epollWait(f, ns) })
}
