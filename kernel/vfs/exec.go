package vfs

import (
	"galago/kernel/errno"
	"galago/kernel/uio"
)

// OpenExec opens a program for execve(2): a regular file on a mount that allows it, with execute permission and open for
// writing by nobody (ETXTBSY). flags may hold AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH. AllowWrite must follow.
func OpenExec(ctx *Context, dirfd int, path string, flags uint32) (*File, errno.Errno) {
	var p Path
	var err errno.Errno
	if path == "" && flags&AT_EMPTY_PATH != 0 {
		p, err = ctx.startAt(dirfd)
	} else {
		lookup := uint32(LookupFollow)
		if flags&AT_SYMLINK_NOFOLLOW != 0 {
			lookup = 0
		}
		p, err = Lookup(ctx, dirfd, path, lookup)
	}
	if err != errno.OK {
		return nil, err
	}
	defer p.Put()
	i := p.Inode()
	switch {
	case i.Type() == S_IFLNK:
		return nil, errno.ELOOP
	case i.Type() != S_IFREG, p.Mnt.Flags.Load()&MS_NOEXEC != 0:
		return nil, errno.EACCES
	}
	if err := i.permission(ctx.Cred, MayExec); err != errno.OK {
		return nil, err
	}
	f, err := p.OpenInode(ctx.Cred, O_RDONLY)
	if err != errno.OK {
		return nil, err
	}
	if !i.DenyWrite() {
		f.Put()
		return nil, errno.ETXTBSY
	}
	return f, errno.OK
}

// ReadKernel reads into kernel memory at pos.
func (f *File) ReadKernel(b []byte, pos int64) (int, errno.Errno) {
	it := uio.FromKernel(b)
	return f.Ops.Read(f, NoEscape(&it), pos)
}

// SetIDs returns the owner and group of a program and which of them exec takes on (S_ISUID, S_ISGID).
func (f *File) SetIDs() (uid, gid uint32, suid, sgid bool) {
	var st Stat
	f.Inode.FillStat(NoEscape(&st))
	if f.Path.Mnt != nil && f.Path.Mnt.Flags.Load()&MS_NOSUID != 0 {
		return 0, 0, false, false
	}
	return st.UID, st.GID, st.Mode&S_ISUID != 0, st.Mode&(S_ISGID|0o010) == S_ISGID|0o010
}

// SetFlags changes the flags that fcntl(F_SETFL) may change; others are left alone, as on Linux.
func (f *File) SetFlags(flags uint32) errno.Errno {
	for {
		old := f.Flags.Load()
		if f.Flags.CompareAndSwap(old, old&^settable|flags&settable) {
			return errno.OK
		}
	}
}
