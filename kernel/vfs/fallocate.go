package vfs

import "galago/kernel/errno"

// Modes of fallocate(2) (Linux include/uapi/linux/falloc.h).
const (
	FALLOC_FL_KEEP_SIZE      = 0x01
	FALLOC_FL_PUNCH_HOLE     = 0x02
	FALLOC_FL_COLLAPSE_RANGE = 0x08
	FALLOC_FL_ZERO_RANGE     = 0x10
	FALLOC_FL_INSERT_RANGE   = 0x20
	FALLOC_FL_UNSHARE_RANGE  = 0x40
)

// Fallocate is fallocate(2): the checks that are the same for all file systems, in Linux's order, then the file's operation.
func (f *File) Fallocate(mode uint32, off, n int64) errno.Errno {
	if off < 0 || n <= 0 {
		return errno.EINVAL
	}
	if err := checkFallocMode(mode); err != errno.OK {
		return err
	}
	i := f.Inode
	switch {
	case f.mode&fileWrite == 0:
		return errno.EBADF
	case i.Type() == S_IFIFO:
		return errno.ESPIPE
	case i.IsDir():
		return errno.EISDIR
	case i.Type() != S_IFREG && i.Type() != S_IFBLK:
		return errno.ENODEV
	case off > i.SB.MaxBytes-n:
		return errno.EFBIG
	}
	if end := off + n; mode&FALLOC_FL_KEEP_SIZE == 0 && end > i.Size() {
		if err := i.sizeAllowed(end); err != errno.OK {
			return err
		}
	}
	i.Lock.Lock()
	i.dropPrivileges(f.Cred)
	i.Lock.Unlock()
	err := f.Ops.Fallocate(f, mode, off, n)
	if err == errno.OK {
		f.NotifyModified()
	}
	return err
}

// checkFallocMode refuses what no file system does.
func checkFallocMode(mode uint32) errno.Errno {
	switch mode {
	case 0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE, FALLOC_FL_UNSHARE_RANGE, FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE:
		return errno.OK
	}
	return errno.EOPNOTSUPP
}
