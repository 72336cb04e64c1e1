package vfs

import (
	"galago/kernel/errno"
	"galago/kernel/uio"
	"galago/kernel/vm/pagecache"
)

// NoInodeOps refuses every operation with Linux's error number for a file (or file system) that does not have it.
// Implementations embed it and define what they have.
type NoInodeOps struct{}

// Lookup: not a directory.
func (NoInodeOps) Lookup(dir *Inode, name string) (*Inode, errno.Errno) { return nil, errno.ENOTDIR }

// Create is not supported.
func (NoInodeOps) Create(dir *Inode, name string, mode uint32, own Owner) (*Inode, errno.Errno) {
	return nil, errno.EACCES
}

// Tmpfile is not supported.
func (NoInodeOps) Tmpfile(dir *Inode, mode uint32, own Owner) (*Inode, errno.Errno) {
	return nil, errno.EOPNOTSUPP
}

// Mkdir is not supported.
func (NoInodeOps) Mkdir(dir *Inode, name string, mode uint32, own Owner) (*Inode, errno.Errno) {
	return nil, errno.EPERM
}

// Mknod is not supported.
func (NoInodeOps) Mknod(dir *Inode, name string, mode uint32, rdev uint64, own Owner) (*Inode, errno.Errno) {
	return nil, errno.EPERM
}

// Symlink is not supported.
func (NoInodeOps) Symlink(dir *Inode, name, target string, own Owner) (*Inode, errno.Errno) {
	return nil, errno.EPERM
}

// Link is not supported.
func (NoInodeOps) Link(old, dir *Inode, name string) errno.Errno { return errno.EPERM }

// Unlink is not supported.
func (NoInodeOps) Unlink(dir *Inode, name string, victim *Inode) errno.Errno { return errno.EPERM }

// Rmdir is not supported.
func (NoInodeOps) Rmdir(dir *Inode, name string, victim *Inode) errno.Errno { return errno.EPERM }

// Rename is not supported.
func (NoInodeOps) Rename(odir *Inode, oname string, o *Inode, ndir *Inode, nname string, n *Inode, flags uint32) errno.Errno {
	return errno.EPERM
}

// Readlink: not a symbolic link.
func (NoInodeOps) Readlink(i *Inode, buf []byte) (int, errno.Errno) { return 0, errno.EINVAL }

// SetAttr changes the attributes in memory.
func (NoInodeOps) SetAttr(i *Inode, a *Attr) errno.Errno {
	i.ApplyAttr(a)
	return errno.OK
}

// BTime has nothing to say.
func (NoInodeOps) BTime(i *Inode) (t Time, ok bool) { return Time{}, false }

// GetAttr fills st from the inode.
func (NoInodeOps) GetAttr(i *Inode, st *Stat) errno.Errno {
	i.FillStat(st)
	return errno.OK
}

// NoFileOps refuses every operation with the error number Linux gives for a file that does not have it.
type NoFileOps struct{}

// Open allows it.
func (NoFileOps) Open(i *Inode, f *File) errno.Errno { return errno.OK }

// Release has nothing to free.
func (NoFileOps) Release(f *File) {}

// Flush has nothing to flush.
func (NoFileOps) Flush(f *File) errno.Errno { return errno.OK }

// Read is not supported.
func (NoFileOps) Read(f *File, it *uio.Iter, pos int64) (int, errno.Errno) { return 0, errno.EINVAL }

// Write is not supported.
func (NoFileOps) Write(f *File, it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	return 0, pos, errno.EINVAL
}

// ReadDir: not a directory.
func (NoFileOps) ReadDir(f *File, ctx *DirContext) errno.Errno { return errno.ENOTDIR }

// Seek moves in a file of the inode's size.
func (NoFileOps) Seek(f *File, off int64, whence int) (int64, errno.Errno) {
	return GenericSeek(f, off, whence)
}

// Ioctl knows no command.
func (NoFileOps) Ioctl(f *File, cmd uint32, arg uintptr) (uintptr, errno.Errno) {
	return 0, errno.ENOTTY
}

// Poll: always ready, as for regular files.
func (NoFileOps) Poll(f *File, pt *PollTable) uint32 { return DefaultPoll }

// Fsync is not supported.
func (NoFileOps) Fsync(f *File, datasync bool) errno.Errno { return errno.EINVAL }

// Mmap is not supported.
func (NoFileOps) Mmap(f *File, m *MapRequest) errno.Errno { return errno.ENODEV }

// Fallocate is not supported.
func (NoFileOps) Fallocate(f *File, mode uint32, off, n int64) errno.Errno { return errno.EOPNOTSUPP }

// GenericFileOps is a regular file whose contents go through the page cache. File systems embed it and add what
// they do beyond.
type GenericFileOps struct{ NoFileOps }

// Read reads through the page cache.
func (GenericFileOps) Read(f *File, it *uio.Iter, pos int64) (int, errno.Errno) {
	n, err := pagecache.GenericRead(&f.Inode.Pages, &f.RA, it, pos)
	f.accessed()
	return n, err
}

// Write writes through the page cache, under the inode's lock.
func (GenericFileOps) Write(f *File, it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	return GenericFileWrite(f, it, pos)
}

// Fsync writes the pages and the inode, waits for both, and reports a write-back error once per open file.
func (GenericFileOps) Fsync(f *File, datasync bool) errno.Errno { return GenericFsync(f, datasync) }

// Mmap allows every mapping that the file's access mode allows.
func (GenericFileOps) Mmap(f *File, m *MapRequest) errno.Errno {
	m.Object = &f.Inode.Pages
	f.accessed()
	return errno.OK
}

// DirFileOps is a directory: reading it as a file is EISDIR, its position is a cookie.
type DirFileOps struct{ NoFileOps }

// Read is refused.
func (DirFileOps) Read(f *File, it *uio.Iter, pos int64) (int, errno.Errno) {
	return 0, errno.EISDIR
}

// Seek sets the cookie; there is no end to seek from.
func (DirFileOps) Seek(f *File, off int64, whence int) (int64, errno.Errno) {
	switch whence {
	case SeekCur:
		off += f.pos
	case SeekSet:
	default:
		return 0, errno.EINVAL
	}
	if off < 0 {
		return 0, errno.EINVAL
	}
	return off, errno.OK
}

// Fsync writes the directory's own pages and its inode.
func (DirFileOps) Fsync(f *File, datasync bool) errno.Errno { return GenericFsync(f, datasync) }
