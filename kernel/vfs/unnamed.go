package vfs

import (
	"galago/kernel/cred"
	"galago/kernel/errno"
)

// OpenUnlinked opens an inode that has never had a name, whose reference it takes over, as if it had been root's child and removed:
// memfd_create(2). root is a volume of the kernel's own (KernMount).
func (root Path) OpenUnlinked(i *Inode, name string, flags uint32, c *cred.Cred) (*File, errno.Errno) {
	ctx := Context{Cred: c}
	return root.openUnnamed(NoEscape(&ctx), i, name, flags)
}

// openUnnamed opens i, whose reference it takes over, under a removed name below p.
func (p Path) openUnnamed(ctx *Context, i *Inode, name string, flags uint32) (*File, errno.Errno) {
	d := newDentry(p.Dentry.sb, p.Dentry, name, 0)
	if d == nil {
		i.Put()
		return nil, errno.ENOMEM
	}
	d.inode.Store(i)
	d.state.Or(dDeleted)
	return openPath(ctx, Path{p.Mnt.Get(), d}, flags, true)
}

// Beside looks up a directory by its name in the one that p is in, and goes onto what is mounted there, whatever the caller may.
func (p Path) Beside(name string) (Path, errno.Errno) {
	treeLock.Lock()
	dir := Path{p.Mnt.Get(), p.Dentry.parent.Get()}
	treeLock.Unlock()
	fs := NewFSInfo(dir)
	dir.Put()
	if fs == nil {
		return Path{}, errno.ENOMEM
	}
	ctx := Context{Cred: cred.Root.Get(), FS: fs}
	q, err := Lookup(NoEscape(&ctx), AtFDCWD, name, LookupDirectory)
	ctx.Cred.Put()
	fs.Put()
	return q, err
}

// openTmpfile is open with O_TMPFILE: a file without a name on the volume of the directory that path leads to. Unless O_EXCL is given,
// linkat may name it.
func openTmpfile(ctx *Context, dirfd int, path string, flags, mode uint32) (*File, errno.Errno) {
	if flags&O_DIRECTORY == 0 || flags&O_CREAT != 0 || flags&O_ACCMODE == O_RDONLY {
		return nil, errno.EINVAL
	}
	how := uint32(LookupDirectory)
	if flags&O_NOFOLLOW == 0 {
		how |= LookupFollow
	}
	p, err := Lookup(ctx, dirfd, path, how)
	if err != errno.OK {
		return nil, err
	}
	i, err := makeUnnamed(ctx, p, mode)
	if err != errno.OK {
		p.Put()
		return nil, err
	}
	if flags&O_EXCL == 0 {
		i.state.Or(inodeLinkable)
	}
	var buf [24]byte
	f, err := p.openUnnamed(ctx, i, numberName(&buf, i.Ino), flags&^O_TRUNC)
	p.Put()
	return f, err
}

// makeUnnamed makes the file, if the caller may write to the directory p.
func makeUnnamed(ctx *Context, p Path, mode uint32) (*Inode, errno.Errno) {
	dir := p.Inode()
	if p.Mnt.ReadOnly() {
		return nil, errno.EROFS
	}
	if err := dir.permission(ctx.Cred, MayWrite|MayExec); err != errno.OK {
		return nil, err
	}
	m, own := ctx.newOwner(dir, mode&0o7777&^ctx.FS.Umask()|S_IFREG)
	return dir.Ops.Tmpfile(dir, m, own)
}

// numberName writes "#" and n to buf: how /proc shows a file that never had a name. The result is valid as long as buf.
func numberName(buf *[24]byte, n uint64) string {
	at := len(buf)
	for {
		at--
		buf[at] = byte('0' + n%10)
		if n /= 10; n == 0 {
			break
		}
	}
	at--
	buf[at] = '#'
	return bytesString(buf[at:])
}

// mayLinkFD tells whether the file of a descriptor may be given a name by linkat with AT_EMPTY_PATH: by who opened it, and by
// who may reach any file.
func (ctx *Context) mayLinkFD(fd int) bool {
	if fd == AtFDCWD || ctx.Cred.Capable(cred.DACReadSearch) {
		return true
	}
	ref, err := ctx.Files.AcquireAny(fd)
	if err != errno.OK {
		return true // the walk says what is wrong
	}
	same := ref.F.Cred == ctx.Cred
	ref.Release()
	return same
}
