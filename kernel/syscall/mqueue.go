//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/ipc/mqueue"
	"galago/kernel/proc"
	"galago/kernel/time"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// POSIX message queues.

// InitMQueue makes the volume of message queues.
func InitMQueue() errno.Errno {
	mqueue.PID = proc.CurrentPID
	mqueue.Capable = func(c cred.Cap) bool { return ctx().Cred.Capable(c) }
	mqueue.Signal = func(pid, signo int32, value uint64) {
		const siMesgq = -3
		info := proc.Siginfo{Signo: signo, Code: siMesgq}
		info.SetSender(current().Proc.PID, ctx().Cred.UID)
		info.SetValue(value)
		if p := proc.Find(int(pid)); p != nil {
			p.Send(int(signo), vfs.NoEscape(&info))
			p.Put()
		}
	}
	return mqueue.Init()
}

func sysMqOpen(f *arch.Frame) (uintptr, errno.Errno) {
	flags := uint32(arg1(f))
	var attr mqueue.Attr
	p := &attr
	if flags&vfs.O_CREAT == 0 || arg3(f) == 0 {
		p = nil
	} else if e := get(&attr, arg3(f)); e != 0 {
		return 0, e
	}
	name, e := getPath(arg0(f), true)
	if e != 0 {
		return 0, e
	}
	t := current()
	limit, _ := t.Proc.SetLimit(proc.LimitMsgQueue, nil, false)
	file, e := mqueue.Open(&t.Ctx, name.str(), flags, uint32(arg2(f)), vfs.NoEscape(p), limit.Cur)
	name.free()
	if e != 0 {
		return 0, e
	}
	return install(file, vfs.O_CLOEXEC)
}

func sysMqUnlink(f *arch.Frame) (uintptr, errno.Errno) {
	name, e := getPath(arg0(f), true)
	if e != 0 {
		return 0, e
	}
	e = mqueue.Unlink(ctx(), name.str())
	name.free()
	return 0, e
}

// wallDeadline reads a point of the real-time clock as one of the monotonic clock; a null pointer is for ever.
func wallDeadline(user uintptr) (int64, errno.Errno) {
	if user == 0 {
		return -1, 0
	}
	var ts vfs.Time
	if e := get(&ts, user); e != 0 {
		return 0, e
	}
	if ts.Sec < 0 || ts.Nsec < 0 || ts.Nsec >= 1e9 {
		return 0, errno.EINVAL
	}
	return int64(time.WallToMono(ts.Sec, ts.Nsec)), 0
}

func sysMqTimedsend(f *arch.Frame) (uintptr, errno.Errno) {
	deadline, e := wallDeadline(arg4(f))
	if e != 0 {
		return 0, e
	}
	prio := uint32(arg3(f))
	if prio >= mqueue.MaxPriority {
		return 0, errno.EINVAL
	}
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) {
		it := uio.FromUser(arg1(f), int(min(arg2(f), uio.MaxLen)))
		return 0, mqueue.Send(file, vfs.NoEscape(&it), prio, deadline)
	})
}

func sysMqTimedreceive(f *arch.Frame) (uintptr, errno.Errno) {
	deadline, e := wallDeadline(arg4(f))
	if e != 0 {
		return 0, e
	}
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) {
		it := uio.FromUser(arg1(f), int(min(arg2(f), uio.MaxLen)))
		n, prio, e := mqueue.Receive(file, vfs.NoEscape(&it), deadline)
		if e == 0 && arg3(f) != 0 {
			e = put(arg3(f), &prio)
		}
		return uintptr(n), e
	})
}

// sigevent is the part of struct sigevent that the kernel reads.
type sigevent struct {
	Value         uint64
	Signo, Notify int32
	_             [6]uint64
}

func sysMqNotify(f *arch.Frame) (uintptr, errno.Errno) {
	var ev sigevent
	if arg1(f) != 0 {
		if e := get(&ev, arg1(f)); e != 0 {
			return 0, e
		}
		switch ev.Notify {
		case mqueue.SigevNone:
			ev.Signo = 0
		case mqueue.SigevSignal:
			if ev.Signo <= 0 || ev.Signo > 64 {
				return 0, errno.EINVAL
			}
		case mqueue.SigevThread:
			return 0, errno.EBADF // its descriptor would be a netlink socket
		default:
			return 0, errno.EINVAL
		}
	}
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) {
		if arg1(f) == 0 {
			return 0, mqueue.Unnotify(file)
		}
		return 0, mqueue.Notify(file, ev.Signo, ev.Value)
	})
}

func sysMqGetsetattr(f *arch.Frame) (uintptr, errno.Errno) {
	var new, old mqueue.Attr
	change := arg1(f) != 0
	if change {
		if e := get(&new, arg1(f)); e != 0 {
			return 0, e
		}
		if new.Flags&^vfs.O_NONBLOCK != 0 {
			return 0, errno.EINVAL
		}
	}
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) {
		e := mqueue.GetSetAttr(file, &new, &old, change)
		if e == 0 && arg2(f) != 0 {
			e = put(arg2(f), &old)
		}
		return 0, e
	})
}
