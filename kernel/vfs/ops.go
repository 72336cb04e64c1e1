package vfs

import (
	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/uio"
)

// FSType is a kind of file system, registered by name.
type FSType struct {
	Name string
	// NoDev: the type needs no block device ("nodev" in /proc/filesystems).
	NoDev bool
	// Mount makes a superblock: from a device, or dev == nil for a NoDev type. data is the option string of
	// mount(2). It returns the superblock with Root set and one reference.
	Mount func(t *FSType, dev *block.Device, flags uint32, data string) (*SuperBlock, errno.Errno)

	next *FSType
}

// SuperOps is what a file system does for a whole mounted volume.
type SuperOps interface {
	// AllocInode returns the Inode inside a zeroed inode of the file system, or nil.
	AllocInode(sb *SuperBlock) *Inode
	// FreeInode frees what AllocInode returned.
	FreeInode(i *Inode)
	// ReadInode fills i (Ino is set) from the volume: attributes, Ops, FOps, SetSize, Pages.Init.
	ReadInode(i *Inode) errno.Errno
	// WriteInode writes the attributes back; with sync it waits for the medium.
	WriteInode(i *Inode, sync bool) errno.Errno
	// EvictInode is called when the last reference is gone, the pages are out of the cache, and the inode is about to be freed. With
	// Nlink == 0 it frees the file's space. With Nlink > 0 it must not wait for I/O nor start a
	// transaction, as it may be called for want of memory; the inode is clean then.
	EvictInode(i *Inode)
	// SyncFS makes everything written so far durable (wait), or starts to.
	SyncFS(sb *SuperBlock, wait bool) errno.Errno
	// StatFS fills st; Type, Bsize, Blocks, … Namelen.
	StatFS(sb *SuperBlock, st *StatFS) errno.Errno
	// Remount changes between read-only and writable, and takes new options.
	Remount(sb *SuperBlock, flags uint32, data string) errno.Errno
	// PutSuper is the end of the unmount: no inode is left. It releases sb.Private and writes what is to be written.
	PutSuper(sb *SuperBlock)
}

// InodeOps is what a file system does for names and attributes. Every dir is locked (Inode.Lock) for writing, except in
// Lookup, where it is locked at least for reading; Readlink and GetAttr are called without lock. Names are 1 to
// NameMax bytes, never "." or ".."; they are valid during the call only. Permissions, types, read-only mounts and
// existence have been checked. The file system updates nlink (Inode.SetNlink…), times of the directories and CTime of
// the victims (Inode.Touch), and marks the inodes dirty.
type InodeOps interface {
	// Lookup returns the inode of a name with a reference, or ENOENT.
	Lookup(dir *Inode, name string) (*Inode, errno.Errno)
	// Create makes a regular file. The result carries a reference, as in all that follow.
	Create(dir *Inode, name string, mode uint32, own Owner) (*Inode, errno.Errno)
	// Tmpfile makes a regular file without a name, of no links, near dir, which is not locked; EOPNOTSUPP.
	Tmpfile(dir *Inode, mode uint32, own Owner) (*Inode, errno.Errno)
	// Mkdir makes a directory.
	Mkdir(dir *Inode, name string, mode uint32, own Owner) (*Inode, errno.Errno)
	// Mknod makes a device node, FIFO or socket: type in mode.
	Mknod(dir *Inode, name string, mode uint32, rdev uint64, own Owner) (*Inode, errno.Errno)
	// Symlink makes a symbolic link.
	Symlink(dir *Inode, name, target string, own Owner) (*Inode, errno.Errno)
	// Link adds a name to old (locked, not a directory).
	Link(old, dir *Inode, name string) errno.Errno
	// Unlink removes the name of victim (locked, not a directory).
	Unlink(dir *Inode, name string, victim *Inode) errno.Errno
	// Rmdir removes the directory victim (locked); ENOTEMPTY.
	Rmdir(dir *Inode, name string, victim *Inode) errno.Errno
	// Rename moves o from (odir, oname) to (ndir, nname), replacing n if that is not nil (ENOTEMPTY for a directory that
	// is not empty), or exchanging both (flags RENAME_EXCHANGE). All are locked, directories being moved or replaced included.
	Rename(odir *Inode, oname string, o *Inode, ndir *Inode, nname string, n *Inode, flags uint32) errno.Errno
	// Readlink copies the target of a symbolic link to buf and returns its whole length.
	Readlink(i *Inode, buf []byte) (int, errno.Errno)
	// SetAttr changes attributes of i (locked for writing). Inode.ApplyAttr does the in-memory part, pagecache's Truncate the pages.
	SetAttr(i *Inode, a *Attr) errno.Errno
	// GetAttr fills st; Inode.FillStat does all that is common.
	GetAttr(i *Inode, st *Stat) errno.Errno
	// BTime returns the time of creation, which never changes; false if the file system keeps none. Called without lock.
	BTime(i *Inode) (t Time, ok bool)
}

// FileOps is what open files do. The file's kind decides: regular file, directory, device, pipe, …
type FileOps interface {
	// Open is called after f is filled in, before it is visible. It may set f.Private or replace f.Ops.
	Open(i *Inode, f *File) errno.Errno
	// Release is called when the last reference to f is gone.
	Release(f *File)
	// Flush is called at each close(2) of a descriptor of f.
	Flush(f *File) errno.Errno
	// Read reads at pos to it and returns the number of bytes; 0 at the end of the file.
	Read(f *File, it *uio.Iter, pos int64) (int, errno.Errno)
	// Write writes at pos from it. With O_APPEND the implementation takes the size as position, under its own lock, and
	// returns the position at which it ended in newPos. A regular file's position −1 is its end, too.
	Write(f *File, it *uio.Iter, pos int64) (n int, newPos int64, err errno.Errno)
	// ReadDir calls ctx.Emit for the entries from ctx.Pos on until it returns false. The directory is locked for reading.
	ReadDir(f *File, ctx *DirContext) errno.Errno
	// Seek computes a new position (f's position lock is held); it returns it.
	Seek(f *File, off int64, whence int) (int64, errno.Errno)
	// Ioctl is ioctl(2); ENOTTY for an unknown command.
	Ioctl(f *File, cmd uint32, arg uintptr) (uintptr, errno.Errno)
	// Poll returns the events that are ready and registers with pt (when not nil) for those that are not.
	Poll(f *File, pt *PollTable) uint32
	// Fsync makes the file's data (and, unless datasync, all attributes) durable.
	Fsync(f *File, datasync bool) errno.Errno
	// Mmap tells whether the file may be mapped as m says; it may replace m.Object (a device's own pages).
	Mmap(f *File, m *MapRequest) errno.Errno
	// Fallocate is fallocate(2).
	Fallocate(f *File, mode uint32, off, n int64) errno.Errno
}
