//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/ipc"
	"galago/kernel/ipc/aio"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// Asynchronous I/O. A request is carried out by io_submit itself; its result is an event of the context.

func sysIoSetup(f *arch.Frame) (uintptr, errno.Errno) {
	var id uintptr
	if e := get(&id, arg1(f)); e != 0 {
		return 0, e
	}
	if id != 0 {
		return 0, errno.EINVAL
	}
	s := current().Proc.Space
	id, e := aio.Setup(s, uint32(arg0(f)))
	if e != 0 {
		return 0, e
	}
	if e = put(arg1(f), &id); e != 0 {
		aio.Destroy(s, id)
	}
	return 0, e
}

func sysIoDestroy(f *arch.Frame) (uintptr, errno.Errno) {
	return ok(aio.Destroy(current().Proc.Space, arg0(f)))
}

// iocb is struct iocb.
type iocb struct {
	Data        uint64
	Key         uint32
	RWFlags     uint32
	Opcode      uint16
	Prio        int16
	FD          int32
	Buf, Nbytes uint64
	Offset      int64
	Reserved    uint64
	Flags       uint32
	ResFD       int32
}

// Operations and flags of requests.
const (
	iocbRead    = 0
	iocbWrite   = 1
	iocbFsync   = 2
	iocbFdsync  = 3
	iocbReadv   = 7
	iocbWritev  = 8
	iocbResFD   = 1
	iocbIOPrio  = 2
	iocbMaxSize = 1<<63 - 1
)

func sysIoSubmit(f *arch.Frame) (uintptr, errno.Errno) {
	n := int(arg1(f))
	if n < 0 {
		return 0, errno.EINVAL
	}
	c, e := aio.Find(current().Proc.Space, arg0(f))
	if e != 0 {
		return 0, e
	}
	defer c.Put()
	done := 0
	for done < n {
		var user uintptr
		if e = get(&user, arg2(f)+uintptr(done)*unsafe.Sizeof(user)); e == 0 {
			e = submitOne(c, user)
		}
		if e != 0 {
			break
		}
		done++
	}
	if done > 0 {
		e = 0
	}
	return uintptr(done), e
}

// submitOne carries out the request at user address at. An error means that there was none.
func submitOne(c *aio.Context, at uintptr) errno.Errno {
	var cb iocb
	if e := get(&cb, at); e != 0 {
		return e
	}
	if cb.Reserved != 0 || cb.Nbytes > iocbMaxSize {
		return errno.EINVAL
	}
	if e := c.Reserve(); e != 0 {
		return e
	}
	e := runRequest(c, at, &cb)
	if e != 0 {
		c.Cancel()
	}
	return e
}

// runRequest checks a request, carries it out and reports its result.
func runRequest(c *aio.Context, at uintptr, cb *iocb) errno.Errno {
	files := ctx().Files
	r, e := files.Acquire(int(cb.FD))
	if e != 0 {
		return e
	}
	defer r.Release()
	if cb.Flags&iocbResFD != 0 {
		ev, e := files.Acquire(int(cb.ResFD))
		if e != 0 {
			return e
		}
		defer ev.Release()
		if !ipc.IsEvent(ev.F) {
			return errno.EINVAL
		}
		if e := request(c, at, cb, r.F); e != 0 {
			return e
		}
		ipc.SignalEvent(ev.F)
		return 0
	}
	return request(c, at, cb, r.F)
}

func request(c *aio.Context, at uintptr, cb *iocb, file *vfs.File) errno.Errno {
	key := uint32(0)
	if e := put(at+unsafe.Offsetof(cb.Key), &key); e != 0 {
		return e
	}
	var n int
	var e errno.Errno
	switch cb.Opcode {
	case iocbRead, iocbReadv, iocbWrite, iocbWritev:
		if e := checkTransfer(cb, file); e != 0 {
			return e
		}
		n, e = transferRequest(cb, file)
	case iocbFsync, iocbFdsync:
		if cb.Buf != 0 || cb.Offset != 0 || cb.Nbytes != 0 || cb.RWFlags != 0 {
			return errno.EINVAL
		}
		if e = file.Fsync(cb.Opcode == iocbFdsync); e == errno.EINVAL {
			return e // a file that cannot be synchronised
		}
	default:
		return errno.EINVAL
	}
	ev := aio.Event{Data: cb.Data, Obj: uint64(at), Res: int64(n)}
	if e != 0 {
		ev.Res = -int64(e)
	}
	c.Complete(&ev)
	return 0
}

// checkTransfer gives the errors of a read or write that are found before it begins.
func checkTransfer(cb *iocb, file *vfs.File) errno.Errno {
	write := cb.Opcode == iocbWrite || cb.Opcode == iocbWritev
	switch {
	case write && !file.Writable(), !write && !file.Readable():
		return errno.EBADF
	case cb.RWFlags&^(rwfHiPri|rwfDSync|rwfSync) != 0:
		return errno.EOPNOTSUPP
	case file.Inode.Type() == vfs.S_IFDIR:
		return errno.EINVAL
	case cb.Offset < 0 && !file.Stream():
		return errno.EINVAL
	case cb.Opcode <= iocbWrite && !arch.UserRange(uintptr(cb.Buf), uintptr(min(cb.Nbytes, uio.MaxLen))):
		return errno.EFAULT
	}
	return 0
}

// transferRequest reads or writes.
func transferRequest(cb *iocb, file *vfs.File) (n int, e errno.Errno) {
	pos := cb.Offset
	if file.Stream() {
		pos = -1
	}
	move := func(it *uio.Iter) (int, errno.Errno) {
		switch {
		case cb.Opcode == iocbWrite || cb.Opcode == iocbWritev:
			return writeAt(file, it, pos)
		case pos < 0:
			return file.Read(it)
		}
		return file.ReadAt(it, pos)
	}
	if cb.Opcode <= iocbWrite {
		it := uio.FromUser(uintptr(cb.Buf), int(min(cb.Nbytes, uio.MaxLen)))
		n, e = move(vfs.NoEscape(&it))
	} else {
		n, e = onVector(uintptr(cb.Buf), int(min(cb.Nbytes, uio.MaxIOV+1)), move)
	}
	if n > 0 && cb.RWFlags&(rwfDSync|rwfSync) != 0 && (cb.Opcode == iocbWrite || cb.Opcode == iocbWritev) {
		if e := file.Fsync(cb.RWFlags&rwfSync == 0); e != 0 {
			return 0, e
		}
	}
	return n, e
}

// io_cancel finds nothing to cancel: all requests are complete.
func sysIoCancel(f *arch.Frame) (uintptr, errno.Errno) {
	var key uint32
	if e := get(&key, arg1(f)+unsafe.Offsetof(iocb{}.Key)); e != 0 {
		return 0, e
	}
	return 0, errno.EINVAL
}

// eventTimeout reads a time to wait, which nobody checks, as on Linux: a time before now is over.
func eventTimeout(user uintptr) (int64, errno.Errno) {
	if user == 0 {
		return forever, 0
	}
	var ts timespec
	if e := get(&ts, user); e != 0 {
		return 0, e
	}
	const far = 1 << 32 // s
	switch {
	case ts.Sec < 0 || ts.Nsec < 0:
		return 0, 0
	case ts.Sec >= far || ts.Nsec >= far*1e9:
		return 1<<63 - 1, 0
	}
	return ts.Sec*1e9 + ts.Nsec, 0
}

func sysIoGetevents(f *arch.Frame) (uintptr, errno.Errno) {
	ns, e := eventTimeout(arg4(f))
	if e != 0 {
		return 0, e
	}
	return ioGetevents(f, ns)
}

func ioGetevents(f *arch.Frame, ns int64) (uintptr, errno.Errno) {
	least, n := int(arg1(f)), int(arg2(f))
	c, e := aio.Find(current().Proc.Space, arg0(f))
	if e != 0 {
		return 0, e
	}
	defer c.Put()
	if least < 0 || least > n {
		return 0, errno.EINVAL
	}
	got, e := c.Events(arg3(f), least, n, ns)
	return uintptr(got), e
}

func sysIoPgetevents(f *arch.Frame) (uintptr, errno.Errno) {
	ns, e := eventTimeout(arg4(f))
	if e != 0 {
		return 0, e
	}
	var set struct{ mask, size uintptr }
	if arg5(f) != 0 {
		if e := get(&set, arg5(f)); e != 0 {
			return 0, e
		}
	}
	return withMask(set.mask, set.size, func() (uintptr, errno.Errno) { return ioGetevents(f, ns) })
}
