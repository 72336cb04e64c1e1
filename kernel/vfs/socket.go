package vfs

import (
	"galago/kernel/cred"
	"galago/kernel/errno"
)

// MakeSocket makes a socket node, with the permissions that the umask leaves, and returns its path with references: the part of
// bind(2) of AF_UNIX that deals with names. EEXIST, and the errors of mknod(2).
func MakeSocket(ctx *Context, path string) (Path, errno.Errno) {
	var w walk
	if err := w.beginParent(ctx, AtFDCWD, path); err != errno.OK {
		return Path{}, err
	}
	w.keep = true
	err := w.create(false, func(w *walk, dir *Inode) (*Inode, errno.Errno) {
		if err := w.mayCreate(dir); err != errno.OK {
			return nil, err
		}
		m, own := ctx.newOwner(dir, S_IFSOCK|0o777&^ctx.FS.Umask())
		return dir.Ops.Mknod(dir, w.last, m, 0, own)
	})
	var p Path
	switch {
	case err != errno.OK:
	case w.made.Inode() == nil:
		w.made.Put() // a file system that leaves its new names to the next lookup keeps no sockets
		err = errno.EOPNOTSUPP
	default:
		w.path.Mnt.refs.Add(1)
		p = Path{Mnt: w.path.Mnt, Dentry: w.made}
	}
	w.finish()
	return p, err
}

// MayWrite tells whether c may write to the file at p: EACCES, EROFS.
func (p Path) MayWrite(c *cred.Cred) errno.Errno { return p.mayAccess(c, MayWrite) }

// MayRead tells whether c may read the file at p: EACCES.
func (p Path) MayRead(c *cred.Cred) errno.Errno { return p.mayAccess(c, MayRead) }
