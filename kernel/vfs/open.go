package vfs

import (
	"galago/kernel/cred"
	"galago/kernel/errno"
)

// openFlags are the flags open(2) knows; others are ignored, as on Linux. statusFlags are kept in File.Flags.
const (
	tmpfileBit  = O_TMPFILE &^ O_DIRECTORY
	statusFlags = O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT | O_LARGEFILE | O_NOATIME | O_PATH | O_DIRECTORY | O_NOFOLLOW | tmpfileBit
	settable    = O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME // by F_SETFL
)

// Open is openat(2) up to the descriptor: it returns an open file with one reference.
func Open(ctx *Context, dirfd int, path string, flags uint32, mode uint32) (*File, errno.Errno) {
	if flags&O_PATH != 0 {
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
	} else {
		flags |= O_LARGEFILE // as every 64-bit Linux
	}
	if flags&(O_CREAT|O_DIRECTORY) == O_CREAT|O_DIRECTORY {
		return nil, errno.EINVAL
	}
	if flags&tmpfileBit != 0 {
		return openTmpfile(ctx, dirfd, path, flags, mode)
	}
	if flags&O_CREAT != 0 {
		return openCreate(ctx, dirfd, path, flags, mode)
	}
	how := uint32(LookupFollow)
	if flags&O_NOFOLLOW != 0 {
		how = 0
	}
	if flags&O_DIRECTORY != 0 {
		how |= LookupDirectory
	}
	p, err := Lookup(ctx, dirfd, path, how)
	if err != errno.OK {
		if err == errno.ENOTDIR && how&LookupFollow == 0 && flags&O_PATH == 0 {
			return nil, err
		}
		return nil, err
	}
	return openPath(ctx, p, flags, false)
}

// openPath opens what p stands for; p's references are taken over. created: it has just been made, so the
// permissions it was made with do not count.
func openPath(ctx *Context, p Path, flags uint32, created bool) (*File, errno.Errno) {
	if err := mayOpen(ctx, p, flags, created); err != errno.OK {
		p.Put()
		return nil, err
	}
	f := fileCache.Alloc()
	if f == nil {
		p.Put()
		return nil, errno.ENOMEM
	}
	i := p.Inode()
	f.Inode, f.Path, f.Ops, f.Pages = i, p, i.FOps, &i.Pages
	f.refs.Store(1)
	f.Flags.Store(flags & statusFlags)
	f.Cred = ctx.Cred.Get()
	if flags&O_PATH != 0 {
		f.mode = filePath
		f.Ops = pathOps
		return f, errno.OK
	}
	f.mode = uint32(flags+1) & O_ACCMODE // O_RDONLY, O_WRONLY, O_RDWR → fileRead, fileWrite, both
	if flags&O_ACCMODE == O_ACCMODE {
		f.mode = 0 // Linux: ioctl only
	}
	if f.Ops == nil {
		f.freeUnopened()
		return nil, errno.ENXIO
	}
	switch i.Type() {
	case S_IFREG, S_IFDIR:
		f.mode |= fileAtomicPos
	}
	if err := f.begin(flags, created); err != errno.OK {
		f.freeUnopened()
		return nil, err
	}
	return f, errno.OK
}

// begin does what may fail once the file is filled in.
func (f *File) begin(flags uint32, created bool) errno.Errno {
	i := f.Inode
	if f.mode&fileWrite != 0 && i.Type() == S_IFREG {
		if !i.GetWriteAccess() {
			return errno.ETXTBSY
		}
		f.mode |= fileWriter
	}
	f.Flags.Or(flags & O_NOCTTY) // for the time of Open only: terminals ask
	err := f.Ops.Open(i, f)
	f.Flags.And(^uint32(O_NOCTTY))
	if err != errno.OK {
		return err
	}
	f.wbErr.Store(f.Pages.SampleError())
	if watched() {
		f.notify(NotifyOpen)
	}
	if flags&O_TRUNC != 0 && !created && i.Type() == S_IFREG {
		err := errno.ETXTBSY
		if i.GetWriteAccess() { // opening for reading has not asked for it
			err = truncateInode(f.Path.Mnt, i, 0, AttrOpenTrunc)
			i.PutWriteAccess()
		}
		if err != errno.OK {
			f.Ops.Release(f)
			return err
		}
		f.notifyChange(AttrSize)
	}
	return errno.OK
}

// freeUnopened frees a file whose Open has failed or was not called.
func (f *File) freeUnopened() {
	if f.mode&fileWriter != 0 {
		f.Inode.PutWriteAccess()
	}
	f.Cred.Put()
	f.Path.Put()
	fileCache.Free(f)
}

// mayOpen applies the rules of open(2) to an existing file.
func mayOpen(ctx *Context, p Path, flags uint32, created bool) errno.Errno {
	i := p.Inode()
	typ := i.Type()
	if flags&O_PATH != 0 {
		return errno.OK
	}
	writes := flags&O_ACCMODE != O_RDONLY || flags&O_TRUNC != 0
	switch typ {
	case S_IFLNK:
		return errno.ELOOP
	case S_IFDIR:
		if writes {
			return errno.EISDIR
		}
	case S_IFBLK, S_IFCHR:
		if p.Mnt.Flags.Load()&MS_NODEV != 0 {
			return errno.EACCES
		}
	case S_IFSOCK:
		return errno.ENXIO
	}
	if !created {
		want := uint32(0)
		switch flags & O_ACCMODE {
		case O_RDONLY:
			want = MayRead
		case O_WRONLY:
			want = MayWrite
		default:
			want = MayRead | MayWrite
		}
		if flags&O_TRUNC != 0 {
			want |= MayWrite
		}
		if err := p.mayAccess(ctx.Cred, want); err != errno.OK {
			return err
		}
	}
	if flags&O_NOATIME != 0 && !i.owns(ctx.Cred) {
		return errno.EPERM
	}
	return errno.OK
}

// openCreate is open with O_CREAT: the last component is looked up and made with the directory locked.
func openCreate(ctx *Context, dirfd int, path string, flags, mode uint32) (*File, errno.Errno) {
	if path == "" {
		return nil, errno.ENOENT
	}
	var w walk
	if err := w.begin(ctx, dirfd, path); err != errno.OK {
		return nil, err
	}
	err := w.parent(path)
	for err == errno.OK {
		if w.kind != lastNormal {
			return openExistingDir(&w, flags)
		}
		var d *Dentry
		var created bool
		d, created, err = w.openLast(flags, mode)
		if err != errno.OK {
			break
		}
		i := d.Inode()
		if i.Type() == S_IFLNK && flags&(O_NOFOLLOW|O_EXCL) == 0 {
			var rest string
			if rest, err = w.follow(d, i, ""); err == errno.OK && rest == "" {
				w.end()
				return openPath(ctx, w.path, flags, false)
			}
			if err == errno.OK {
				err = w.parent(rest)
			}
			continue
		}
		if !created {
			if err = mayReopen(ctx.Cred, w.inode, i); err == errno.OK && i.IsDir() {
				err = errno.EISDIR
			}
			if err != errno.OK {
				d.Put()
				break
			}
		}
		if created {
			old := w.path.Dentry
			w.path.Dentry = d
			old.Put()
		} else if err = w.descend(d); err != errno.OK {
			break
		}
		w.end()
		return openPath(ctx, w.path, flags, created)
	}
	return nil, w.fail(err)
}

// openExistingDir ends an O_CREAT whose path ends in "/", "." or "..": a directory, which cannot be created so.
func openExistingDir(w *walk, flags uint32) (*File, errno.Errno) {
	if w.kind == lastDotDot {
		if err := w.dotDot(); err != errno.OK {
			return nil, w.fail(err)
		}
	}
	if flags&O_EXCL != 0 {
		return nil, w.fail(errno.EEXIST)
	}
	return nil, w.fail(errno.EISDIR)
}

// openLast finds or creates the last component.
func (w *walk) openLast(flags, mode uint32) (d *Dentry, created bool, err errno.Errno) {
	if w.trailing {
		return nil, false, errno.EISDIR
	}
	dir := w.inode
	if !dir.IsDir() {
		return nil, false, errno.ENOTDIR
	}
	if d = w.path.Dentry.cached(w.last, w.hash); d != nil {
		if d.Inode() != nil {
			if flags&O_EXCL != 0 {
				d.Put()
				return nil, false, errno.EEXIST
			}
			return d, false, errno.OK
		}
		d.Put()
	}
	dir.Lock.Lock()
	defer dir.Lock.Unlock()
	if d, err = w.path.Dentry.lookupLocked(w.last, w.hash); err != errno.OK {
		return nil, false, err
	}
	if d.Inode() != nil {
		if flags&O_EXCL != 0 {
			err = errno.EEXIST
		}
	} else if err = w.mayCreate(dir); err == errno.OK {
		m, own := w.ctx.newOwner(dir, mode&0o7777&^w.ctx.FS.Umask()|S_IFREG)
		var i *Inode
		if i, err = dir.Ops.Create(dir, w.last, m, own); err == errno.OK {
			d.bind(i)
			created = true
			if watched() {
				dir.notifyCreated(w.last, i, false)
			}
		}
	}
	if err != errno.OK {
		d.Put()
		return nil, false, err
	}
	return d, created, errno.OK
}

// bind makes a negative dentry stand for a new inode, and findable if it was not (a volatile directory's is not).
func (d *Dentry) bind(i *Inode) { d.inode.Store(i) }

// mayCreate checks that names may be added to dir.
func (w *walk) mayCreate(dir *Inode) errno.Errno {
	if w.path.Mnt.ReadOnly() {
		return errno.EROFS
	}
	if dir.deadDir() {
		return errno.ENOENT
	}
	return dir.permission(w.ctx.Cred, MayWrite|MayExec)
}

// pathFileOps is a file opened with O_PATH: it only stands for its place.
type pathFileOps struct{ NoFileOps }

var pathOps FileOps = pathFileOps{}

// OpenInode opens an inode that has no name in the tree, or whose name the kernel has at hand (exec, swap).
func (p Path) OpenInode(c *cred.Cred, flags uint32) (*File, errno.Errno) {
	ctx := Context{Cred: c}
	return openPath(NoEscape(&ctx), p.Get(), flags, true)
}
