//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/net"
	"galago/kernel/syscall/uring"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// The operations of io_uring. Those on files take the file that the request has found; the others are the system calls themselves, with
// the entry's fields in the places of their arguments.

const (
	waitIn  = vfs.POLLIN | vfs.POLLRDNORM | vfs.POLLRDHUP
	waitOut = vfs.POLLOUT | vfs.POLLWRNORM
)

func init() {
	uring.Operations = [64]uring.Operation{
		1:  {Run: ringReadv, File: true, Wait: waitIn},
		2:  {Run: ringWritev, File: true, Wait: waitOut},
		3:  {Run: ringFsync, File: true},
		4:  {Run: ringReadFixed, File: true, Wait: waitIn, Short: true},
		5:  {Run: ringWriteFixed, File: true, Wait: waitOut, Short: true},
		8:  {Run: ringSyncFileRange},
		9:  {Run: ringSendmsg, File: true, Now: net.MSG_DONTWAIT, Wait: waitOut},
		10: {Run: ringRecvmsg, File: true, Now: net.MSG_DONTWAIT, Wait: waitIn},
		13: {Run: ringAccept, File: true, Wait: waitIn},
		16: {Run: ringConnect},
		17: {Run: ringFallocate},
		18: {Run: ringOpenat},
		19: {Run: ringClose},
		20: {Run: ringFilesUpdate},
		21: {Run: ringStatx},
		22: {Run: ringRead, File: true, Wait: waitIn, Short: true},
		23: {Run: ringWrite, File: true, Wait: waitOut, Short: true},
		24: {Run: ringFadvise},
		25: {Run: ringMadvise},
		26: {Run: ringSend, File: true, Now: net.MSG_DONTWAIT, Wait: waitOut, Short: true},
		27: {Run: ringRecv, File: true, Now: net.MSG_DONTWAIT, Wait: waitIn},
		28: {Run: ringOpenat2},
		29: {Run: ringEpollCtl},
		34: {Run: ringShutdown},
		35: {Run: ringRenameat},
		36: {Run: ringUnlinkat},
		37: {Run: ringMkdirat},
		38: {Run: ringSymlinkat},
		39: {Run: ringLinkat},
		45: {Run: ringSocket},
	}
}

// ringCall makes a system call for the running task.
func ringCall(fn func(f *arch.Frame) (uintptr, errno.Errno), a, b, c, d, e uint64) (int, errno.Errno) {
	f := arch.Frame{DI: a, SI: b, DX: c, R10: d, R8: e}
	n, err := fn(vfs.NoEscape(&f))
	return int(n), err
}

// directory is an entry's directory descriptor as a system call's argument.
func directory(fd int32) uint64 { return uint64(int64(fd)) }

// ringTransfer reads or writes the memory that it describes at the entry's position.
func ringTransfer(q *uring.Request, it *uio.Iter, write bool) (int, errno.Errno) {
	s, file := &q.Entry, q.File
	pos := int64(s.Off)
	switch {
	case s.OpFlags&^(rwfHiPri|rwfDSync|rwfSync) != 0:
		return 0, errno.EOPNOTSUPP
	case write && !file.Writable(), !write && !file.Readable():
		return 0, errno.EBADF
	case file.Stream():
		pos = -1
	case pos < -1:
		return 0, errno.EINVAL
	}
	switch {
	case !write && pos == -1:
		return file.Read(it)
	case !write:
		return file.ReadAt(it, pos)
	}
	n, e := writeAt(file, it, pos)
	if n > 0 && s.OpFlags&(rwfDSync|rwfSync) != 0 {
		if e := file.Fsync(s.OpFlags&rwfSync == 0); e != 0 {
			return 0, e
		}
	}
	return n, e
}

func ringBuffer(q *uring.Request, write bool) (int, errno.Errno) {
	s := &q.Entry
	if !arch.UserRange(uintptr(s.Addr), uintptr(s.Len)) {
		return 0, errno.EFAULT
	}
	it := uio.FromUser(uintptr(s.Addr), int(min(s.Len, uio.MaxLen)))
	return ringTransfer(q, vfs.NoEscape(&it), write)
}

func ringFixed(q *uring.Request, write bool) (int, errno.Errno) {
	if e := q.FixedBuffer(); e != 0 {
		return 0, e
	}
	return ringBuffer(q, write)
}

func ringVector(q *uring.Request, write bool) (int, errno.Errno) {
	return onVector(uintptr(q.Entry.Addr), int(min(q.Entry.Len, uio.MaxIOV+1)), func(it *uio.Iter) (int, errno.Errno) {
		return ringTransfer(q, it, write)
	})
}

func ringReadv(q *uring.Request) (int, errno.Errno)      { return ringVector(q, false) }
func ringWritev(q *uring.Request) (int, errno.Errno)     { return ringVector(q, true) }
func ringRead(q *uring.Request) (int, errno.Errno)       { return ringBuffer(q, false) }
func ringWrite(q *uring.Request) (int, errno.Errno)      { return ringBuffer(q, true) }
func ringReadFixed(q *uring.Request) (int, errno.Errno)  { return ringFixed(q, false) }
func ringWriteFixed(q *uring.Request) (int, errno.Errno) { return ringFixed(q, true) }

func ringFsync(q *uring.Request) (int, errno.Errno) {
	const dataSync = 1
	s := &q.Entry
	if s.OpFlags&^dataSync != 0 || s.Addr != 0 {
		return 0, errno.EINVAL
	}
	return 0, q.File.Fsync(s.OpFlags&dataSync != 0)
}

func ringSyncFileRange(q *uring.Request) (int, errno.Errno) {
	s := &q.Entry
	return ringCall(sysSyncFileRange, directory(s.FD), s.Off, uint64(s.Len), uint64(s.OpFlags), 0)
}

// ringSocketCall makes a socket's system call; a socket that is registered has no descriptor to name it by.
func ringSocketCall(q *uring.Request, fn func(f *arch.Frame) (uintptr, errno.Errno), b, c, d, e uint64) (int, errno.Errno) {
	if q.Entry.Flags&uring.FixedFile != 0 {
		return 0, errno.EBADF
	}
	return ringCall(fn, directory(q.Entry.FD), b, c, d, e)
}

func ringSendmsg(q *uring.Request) (int, errno.Errno) {
	return ringSocketCall(q, sysSendmsg, q.Entry.Addr, uint64(q.Entry.OpFlags), 0, 0)
}

func ringRecvmsg(q *uring.Request) (int, errno.Errno) {
	return ringSocketCall(q, sysRecvmsg, q.Entry.Addr, uint64(q.Entry.OpFlags), 0, 0)
}

func ringSend(q *uring.Request) (int, errno.Errno) {
	return ringSocketCall(q, sysSendto, q.Entry.Addr, uint64(q.Entry.Len), uint64(q.Entry.OpFlags), 0)
}

func ringRecv(q *uring.Request) (int, errno.Errno) {
	return ringSocketCall(q, sysRecvfrom, q.Entry.Addr, uint64(q.Entry.Len), uint64(q.Entry.OpFlags), 0)
}

func ringAccept(q *uring.Request) (int, errno.Errno) {
	return ringSocketCall(q, sysAccept4, q.Entry.Addr, q.Entry.Off, uint64(q.Entry.OpFlags), 0)
}

func ringConnect(q *uring.Request) (int, errno.Errno) {
	return ringCall(sysConnect, directory(q.Entry.FD), q.Entry.Addr, q.Entry.Off, 0, 0)
}

func ringShutdown(q *uring.Request) (int, errno.Errno) {
	return ringCall(sysShutdown, directory(q.Entry.FD), uint64(q.Entry.Len), 0, 0, 0)
}

func ringSocket(q *uring.Request) (int, errno.Errno) {
	return ringCall(sysSocket, directory(q.Entry.FD), q.Entry.Off, uint64(q.Entry.Len), 0, 0)
}

func ringFallocate(q *uring.Request) (int, errno.Errno) {
	s := &q.Entry
	return ringCall(sysFallocate, directory(s.FD), uint64(s.Len), s.Off, s.Addr, 0)
}

func ringOpenat(q *uring.Request) (int, errno.Errno) {
	s := &q.Entry
	return ringCall(sysOpenat, directory(s.FD), s.Addr, uint64(s.OpFlags), uint64(s.Len), 0)
}

func ringOpenat2(q *uring.Request) (int, errno.Errno) {
	s := &q.Entry
	return ringCall(sysOpenat2, directory(s.FD), s.Addr, s.Off, uint64(s.Len), 0)
}

func ringClose(q *uring.Request) (int, errno.Errno) {
	s := &q.Entry
	if s.Off|s.Addr|uint64(s.Len)|uint64(s.OpFlags) != 0 {
		return 0, errno.EINVAL
	}
	ref, _, e := ringOf(int(s.FD))
	if e == 0 {
		ref.Release()
		return 0, errno.EBADF // no instance is closed from within
	}
	return ringCall(sysClose, directory(s.FD), 0, 0, 0, 0)
}

func ringFilesUpdate(q *uring.Request) (int, errno.Errno) {
	s := &q.Entry
	return q.UpdateFiles(uint32(s.Off), uintptr(s.Addr), s.Len)
}

func ringStatx(q *uring.Request) (int, errno.Errno) {
	s := &q.Entry
	return ringCall(sysStatx, directory(s.FD), s.Addr, uint64(s.OpFlags), uint64(s.Len), s.Off)
}

func ringFadvise(q *uring.Request) (int, errno.Errno) {
	s := &q.Entry
	return ringCall(sysFadvise64, directory(s.FD), s.Off, uint64(s.Len), uint64(s.OpFlags), 0)
}

func ringMadvise(q *uring.Request) (int, errno.Errno) {
	s := &q.Entry
	return ringCall(sysMadvise, s.Addr, uint64(s.Len), uint64(s.OpFlags), 0, 0)
}

func ringEpollCtl(q *uring.Request) (int, errno.Errno) {
	s := &q.Entry
	return ringCall(sysEpollCtl, directory(s.FD), uint64(s.Len), s.Off, s.Addr, 0)
}

func ringRenameat(q *uring.Request) (int, errno.Errno) {
	s := &q.Entry
	return ringCall(sysRenameat2, directory(s.FD), s.Addr, directory(int32(s.Len)), s.Off, uint64(s.OpFlags))
}

func ringUnlinkat(q *uring.Request) (int, errno.Errno) {
	s := &q.Entry
	return ringCall(sysUnlinkat, directory(s.FD), s.Addr, uint64(s.OpFlags), 0, 0)
}

func ringMkdirat(q *uring.Request) (int, errno.Errno) {
	s := &q.Entry
	return ringCall(sysMkdirat, directory(s.FD), s.Addr, uint64(s.Len), 0, 0)
}

func ringSymlinkat(q *uring.Request) (int, errno.Errno) {
	s := &q.Entry
	return ringCall(sysSymlinkat, s.Addr, directory(s.FD), s.Off, 0, 0)
}

func ringLinkat(q *uring.Request) (int, errno.Errno) {
	s := &q.Entry
	return ringCall(sysLinkat, directory(s.FD), s.Addr, directory(int32(s.Len)), s.Off, uint64(s.OpFlags))
}
