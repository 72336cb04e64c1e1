package vfs

import (
	"galago/kernel/cred"
	"galago/kernel/errno"
)

// beginParent walks to the directory of the last component of path.
func (w *walk) beginParent(ctx *Context, dirfd int, path string) errno.Errno {
	if path == "" {
		return errno.ENOENT
	}
	if err := w.begin(ctx, dirfd, path); err != errno.OK {
		return err
	}
	err := w.parent(path)
	if err == errno.OK && !w.inode.IsDir() {
		err = errno.ENOTDIR
	}
	if err != errno.OK {
		return w.fail(err)
	}
	return errno.OK
}

// finish gives up everything a parent walk holds.
func (w *walk) finish() {
	w.path.Put()
	w.end()
}

// create runs one of the operations that add a name: it locks the directory, makes sure that the name is free, and calls make, which checks
// mayCreate in its turn among its own rules. wantDir: slashes may follow the name.
func create(ctx *Context, dirfd int, path string, wantDir bool, make func(w *walk, dir *Inode) (*Inode, errno.Errno)) errno.Errno {
	var w walk
	if err := w.beginParent(ctx, dirfd, path); err != errno.OK {
		return err
	}
	err := w.create(wantDir, make)
	w.finish()
	return err
}

func (w *walk) create(wantDir bool, make func(w *walk, dir *Inode) (*Inode, errno.Errno)) errno.Errno {
	if w.kind != lastNormal {
		return errno.EEXIST
	}
	return w.createLocked(wantDir, make)
}

func (w *walk) createLocked(wantDir bool, make func(w *walk, dir *Inode) (*Inode, errno.Errno)) errno.Errno {
	dir := w.inode
	dir.Lock.Lock()
	defer dir.Lock.Unlock()
	d, err := w.path.Dentry.lookupLocked(w.last, w.hash)
	if err != errno.OK {
		return err
	}
	var i *Inode
	switch {
	case d.Inode() != nil:
		err = errno.EEXIST
	case w.trailing && !wantDir:
		err = errno.ENOENT
	default:
		i, err = make(NoEscape(w), dir)
	}
	if err == errno.OK {
		if i != nil {
			d.bind(i)
		} else {
			d.unhash(false) // the operation leaves it to the next lookup
		}
		if watched() {
			dir.notifyCreated(w.last, i, wantDir)
		}
	}
	if w.keep && err == errno.OK {
		w.made = d
		return err
	}
	d.Put()
	return err
}

// Mkdir is mkdirat(2).
func Mkdir(ctx *Context, dirfd int, path string, mode uint32) errno.Errno {
	return create(ctx, dirfd, path, true, func(w *walk, dir *Inode) (*Inode, errno.Errno) {
		if err := w.mayCreate(dir); err != errno.OK {
			return nil, err
		}
		m, own := ctx.newOwner(dir, mode&0o1777&^ctx.FS.Umask()|S_IFDIR)
		return dir.Ops.Mkdir(dir, w.last, m, own)
	})
}

// Mknod is mknodat(2).
func Mknod(ctx *Context, dirfd int, path string, mode uint32, rdev uint64) errno.Errno {
	switch mode & S_IFMT {
	case 0:
		mode |= S_IFREG
	case S_IFREG, S_IFIFO, S_IFSOCK:
	case S_IFCHR, S_IFBLK:
	case S_IFDIR:
		return errno.EPERM
	default:
		return errno.EINVAL
	}
	return create(ctx, dirfd, path, false, func(w *walk, dir *Inode) (*Inode, errno.Errno) {
		if err := w.mayCreate(dir); err != errno.OK {
			return nil, err
		}
		m, own := ctx.newOwner(dir, mode&(S_IFMT|0o7777)&^ctx.FS.Umask())
		if typ := m & S_IFMT; (typ == S_IFCHR || typ == S_IFBLK) && !ctx.Cred.Capable(cred.MkNod) {
			return nil, errno.EPERM
		}
		if m&S_IFMT == S_IFREG {
			return dir.Ops.Create(dir, w.last, m, own)
		}
		return dir.Ops.Mknod(dir, w.last, m, rdev, own)
	})
}

// Symlink is symlinkat(2).
func Symlink(ctx *Context, target string, dirfd int, path string) errno.Errno {
	if target == "" {
		return errno.ENOENT
	}
	if len(target) >= PathMax {
		return errno.ENAMETOOLONG
	}
	return create(ctx, dirfd, path, false, func(w *walk, dir *Inode) (*Inode, errno.Errno) {
		if err := w.mayCreate(dir); err != errno.OK {
			return nil, err
		}
		_, own := ctx.newOwner(dir, S_IFLNK|0o777)
		return dir.Ops.Symlink(dir, w.last, target, own)
	})
}

// Link is linkat(2).
func Link(ctx *Context, oldfd int, oldpath string, newfd int, newpath string, flags uint32) errno.Errno {
	if flags&^uint32(AT_SYMLINK_FOLLOW|AT_EMPTY_PATH) != 0 {
		return errno.EINVAL
	}
	how := uint32(0)
	if flags&AT_SYMLINK_FOLLOW != 0 {
		how |= LookupFollow
	}
	if flags&AT_EMPTY_PATH != 0 {
		how |= LookupEmpty
	}
	if oldpath == "" && how&LookupEmpty != 0 && !ctx.mayLinkFD(oldfd) {
		return errno.ENOENT
	}
	old, err := Lookup(ctx, oldfd, oldpath, how)
	if err != errno.OK {
		return err
	}
	i := old.Inode()
	err = create(ctx, newfd, newpath, false, func(w *walk, dir *Inode) (*Inode, errno.Errno) {
		if w.path.Mnt != old.Mnt {
			return nil, errno.EXDEV
		}
		if !mayLink(ctx.Cred, i) {
			return nil, errno.EPERM
		}
		if err := w.mayCreate(dir); err != errno.OK {
			return nil, err
		}
		return i, linkLocked(i, dir, w.last)
	})
	old.Put()
	return err
}

// linkLocked adds a name to i with its directory locked. On success it takes a reference to i for the new dentry.
func linkLocked(i, dir *Inode, name string) errno.Errno {
	if i.IsDir() {
		return errno.EPERM
	}
	i.Lock.Lock()
	defer i.Lock.Unlock()
	if i.Links() == 0 && i.state.Load()&inodeLinkable == 0 {
		return errno.ENOENT
	}
	err := dir.Ops.Link(i, dir, name)
	if err == errno.OK {
		i.state.And(^uint32(inodeLinkable))
		i.Get()
		i.notify(NotifyAttrib, "", 0)
	}
	return err
}

// Unlink is unlinkat(2) without AT_REMOVEDIR.
func Unlink(ctx *Context, dirfd int, path string) errno.Errno { return remove(ctx, dirfd, path, false) }

// Rmdir is unlinkat(2) with AT_REMOVEDIR.
func Rmdir(ctx *Context, dirfd int, path string) errno.Errno { return remove(ctx, dirfd, path, true) }

func remove(ctx *Context, dirfd int, path string, wantDir bool) errno.Errno {
	var w walk
	if err := w.beginParent(ctx, dirfd, path); err != errno.OK {
		return err
	}
	err := errno.OK
	switch {
	case w.kind == lastNormal:
		err = w.removeLocked(wantDir)
	case !wantDir:
		err = errno.EISDIR
	case w.kind == lastRoot:
		err = errno.EBUSY
	case w.kind == lastDot:
		err = errno.EINVAL
	default:
		err = errno.ENOTEMPTY
	}
	w.finish()
	return err
}

func (w *walk) removeLocked(wantDir bool) errno.Errno {
	dir := w.inode
	if w.path.Mnt.ReadOnly() {
		return w.removeReadOnly()
	}
	dir.Lock.Lock()
	d, err := w.path.Dentry.lookupLocked(w.last, w.hash)
	if err != errno.OK {
		dir.Lock.Unlock()
		return err
	}
	i := d.Inode()
	if i != nil {
		i.Get()
	}
	if i == nil {
		err = errno.ENOENT
	} else if w.trailing && !wantDir {
		err = errno.ENOTDIR
		if i.IsDir() {
			err = errno.EISDIR
		}
	} else {
		err = removeDentry(w.ctx, dir, d, i, w.last, wantDir)
	}
	dir.Lock.Unlock()
	d.Put()
	if i != nil {
		i.Put() // the last one frees the file, without the directory's lock
	}
	return err
}

// removeReadOnly tells which error a removal on a read-only mount gives: that of the name comes first.
func (w *walk) removeReadOnly() errno.Errno {
	d, err := w.path.Dentry.lookup(w.last, w.hash)
	if err != errno.OK {
		return err
	}
	err = errno.EROFS
	if d.Inode() == nil {
		err = errno.ENOENT
	}
	d.Put()
	return err
}

// removeDentry removes d, the name of i, from dir, which is locked.
func removeDentry(ctx *Context, dir *Inode, d *Dentry, i *Inode, name string, wantDir bool) errno.Errno {
	if err := mayDelete(ctx.Cred, dir, i, wantDir); err != errno.OK {
		return err
	}
	i.Lock.Lock()
	err := errno.EBUSY
	if d.state.Load()&dMounted == 0 {
		if wantDir {
			err = dir.Ops.Rmdir(dir, name, i)
		} else {
			err = dir.Ops.Unlink(dir, name, i)
		}
	}
	if err == errno.OK && wantDir {
		i.state.Or(inodeDead)
	}
	i.Lock.Unlock()
	if err != errno.OK {
		return err
	}
	if wantDir {
		d.pruneChildren()
	} else {
		i.notify(NotifyAttrib, "", 0)
	}
	d.deleted()
	if watched() {
		dir.notify(NotifyDelete|i.dirBit(), name, 0)
	}
	return errno.OK
}

// Readlink is readlinkat(2): it copies as much of the target as fits and returns that length.
func Readlink(ctx *Context, dirfd int, path string, buf []byte) (int, errno.Errno) {
	if len(buf) == 0 {
		return 0, errno.EINVAL
	}
	p, err := Lookup(ctx, dirfd, path, LookupEmpty)
	if err != errno.OK {
		return 0, err
	}
	i := p.Inode()
	n := 0
	switch {
	case i.Type() == S_IFLNK:
		n, err = i.Ops.Readlink(i, buf)
		i.linkAccessed(p.Mnt)
	case path == "":
		err = errno.ENOENT
	default:
		err = errno.EINVAL
	}
	p.Put()
	return min(n, len(buf)), err
}
