//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/ipc"
	"galago/kernel/vfs"
)

// Advisory locks: flock(2), fcntl_locking(2).

// flock is struct flock.
type flock struct {
	Type, Whence int16
	_            int32
	Start, Len   int64
	PID, _       int32
}

// fcntl(2) commands of record locks.
const (
	fGetLk     = 5
	fSetLk     = 6
	fSetLkW    = 7
	fOFDGetLk  = 36
	fOFDSetLk  = 37
	fOFDSetLkW = 38
)

func sysFlock(f *arch.Frame) (uintptr, errno.Errno) {
	const shared, exclusive, nonBlock, unlock = 1, 2, 4, 8
	op := int1(f)
	typ := uint8(ipc.Unlock)
	switch op &^ nonBlock {
	case shared:
		typ = ipc.ReadLock
	case exclusive:
		typ = ipc.WriteLock
	case unlock:
	default:
		return 0, errno.EINVAL
	}
	return withFile(int0(f), func(file *vfs.File) (uintptr, errno.Errno) {
		return 0, ipc.Flock(file, typ, op&nonBlock == 0, current().Proc.PID)
	})
}

// request turns the user's description into a range: EINVAL, EOVERFLOW.
func (l *flock) request(file *vfs.File) (r ipc.FileLock, e errno.Errno) {
	base := int64(0)
	switch l.Whence {
	case vfs.SeekSet:
	case vfs.SeekCur:
		base = file.Pos()
	case vfs.SeekEnd:
		base = file.Inode.Size()
	default:
		return r, errno.EINVAL
	}
	start := base + l.Start
	if l.Start > 0 && start < base {
		return r, errno.EOVERFLOW
	}
	if start < 0 {
		return r, errno.EINVAL
	}
	r = ipc.FileLock{Start: start, End: ipc.EndOfFile, PID: current().Proc.PID, Type: uint8(l.Type)}
	switch {
	case l.Len > 0:
		if r.End = start + l.Len - 1; r.End < start {
			return r, errno.EOVERFLOW
		}
	case l.Len < 0:
		if start+l.Len < 0 {
			return r, errno.EINVAL
		}
		r.Start, r.End = start+l.Len, start-1
	}
	return r, errno.OK
}

// recordLock is fcntl's commands for record locks.
func recordLock(fd, cmd int, user uintptr) (uintptr, errno.Errno) {
	ofd := cmd >= fOFDGetLk
	test := cmd == fGetLk || cmd == fOFDGetLk
	files := ctx().Files
	return withFile(fd, func(file *vfs.File) (uintptr, errno.Errno) {
		var l flock
		if e := get(&l, user); e != 0 {
			return 0, e
		}
		if ofd && l.PID != 0 || l.Type < ipc.ReadLock || l.Type > ipc.Unlock || test && l.Type == ipc.Unlock && !ofd {
			return 0, errno.EINVAL
		}
		r, e := l.request(file)
		if e != 0 {
			return 0, e
		}
		if test {
			ipc.TestRecord(file, vfs.NoEscape(&r), files, ofd)
			return ok(putLock(user, &l, &r))
		}
		if l.Type == ipc.ReadLock && !file.Readable() || l.Type == ipc.WriteLock && !file.Writable() {
			return 0, errno.EBADF
		}
		e = ipc.SetRecord(file, vfs.NoEscape(&r), files, ofd, cmd == fSetLkW || cmd == fOFDSetLkW)
		if e == 0 && !ofd && l.Type != ipc.Unlock && !stillOpen(files, fd, file) {
			// Another thread closed the descriptor meanwhile, and its release came before the lock.
			r.Type = ipc.Unlock
			ipc.SetRecord(file, vfs.NoEscape(&r), files, false, false)
			return 0, errno.EBADF
		}
		return 0, e
	})
}

// stillOpen tells whether fd still stands for file.
func stillOpen(files *vfs.FDTable, fd int, file *vfs.File) bool {
	if !files.Shared() {
		return true
	}
	now := files.File(fd)
	if now != nil {
		now.Put()
	}
	return now == file
}

// putLock tells the user of a lock in his way, or that there is none.
func putLock(user uintptr, l *flock, r *ipc.FileLock) errno.Errno {
	l.Type = int16(r.Type)
	if r.Type != ipc.Unlock {
		l.Whence, l.Start, l.Len, l.PID = vfs.SeekSet, r.Start, 0, int32(r.PID)
		if r.End != ipc.EndOfFile {
			l.Len = r.End - r.Start + 1
		}
	}
	return put(user, l)
}
