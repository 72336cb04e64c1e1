package galfs

import (
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/vfs"
)

// Rename moves a name, replacing n if there is one, or exchanges two. vfs has checked types, permissions and that
// no directory moves into itself.
func (inodeOps) Rename(odir *vfs.Inode, oname string, o *vfs.Inode, ndir *vfs.Inode, nname string, n *vfs.Inode, flags uint32) errno.Errno {
	if flags&^(vfs.RENAME_NOREPLACE|vfs.RENAME_EXCHANGE) != 0 {
		return errno.EINVAL
	}
	r := renaming{od: inodeOf(odir), nd: inodeOf(ndir), o: inodeOf(o), oname: oname, nname: nname}
	if n != nil {
		r.n = inodeOf(n)
	}
	if len(nname) > disk.NameMax {
		return errno.ENAMETOOLONG
	}
	if flags&vfs.RENAME_EXCHANGE != 0 {
		return r.exchange()
	}
	if r.n != nil && isDir(r.n) && r.n.dirRoot() != 0 {
		return errno.ENOTEMPTY
	}
	if isDir(r.o) && r.od != r.nd && r.n == nil && ndir.Nlink >= disk.LinkMax {
		return errno.EMLINK
	}
	fs := r.od.fs
	for try := 0; ; try++ {
		err := errno.ENOSPC
		if r.n != nil || fs.haveSpace(int64(r.nd.depth)+3) {
			err = r.move()
		}
		if err != errno.ENOSPC || try > 0 || !fs.reclaimFreed() {
			return err
		}
	}
}

func isDir(i *Inode) bool { return i.Mode&disk.ModeFmt == disk.ModeDir }

type renaming struct {
	od, nd, o, n *Inode // n may be nil
	oname, nname string
}

// move does an ordinary rename.
func (r *renaming) move() errno.Errno {
	fs := r.od.fs
	var h handle
	credits := r.nd.dirInsertCredits() + r.od.dirRemoveCredits() + 4 + orphanCredits
	if r.od == r.nd {
		credits += 4 // the insertion may have made the tree one level higher
	}
	if err := fs.jnl.start(&h, credits); err != errno.OK {
		return err
	}
	defer h.stop()
	typ := disk.FileType(r.o.Mode)
	err := errno.OK
	if r.n != nil {
		err = r.nd.dirSet(&h, r.nname, r.o.ino, typ)
	} else {
		err = r.nd.dirInsert(&h, r.nname, r.o.ino, typ)
	}
	if err != errno.OK {
		r.nd.storeSplit(&h)
		return err
	}
	if err = r.od.dirRemove(&h, r.oname); err != errno.OK {
		r.takeBack(&h, err)
		return err
	}
	if r.n != nil {
		if isDir(r.n) {
			r.nd.SetNlink(r.nd.Nlink - min(r.nd.Nlink, 1))
		}
		err = r.n.dropLink(&h)
	}
	if isDir(r.o) && r.od != r.nd {
		r.od.SetNlink(r.od.Nlink - min(r.od.Nlink, 1))
		r.nd.SetNlink(r.nd.Nlink + 1)
		r.o.parent = r.nd.ino
	}
	r.o.named(r.nname)
	return fs.must("rename", r.o, firstErr(err, r.stamp(&h), errno.OK))
}

// takeBack removes the new name when the old one could not be removed.
func (r *renaming) takeBack(h *handle, why errno.Errno) {
	err := errno.OK
	if r.n != nil {
		err = r.nd.dirSet(h, r.nname, r.n.ino, disk.FileType(r.n.Mode))
	} else {
		err = r.nd.dirRemove(h, r.nname)
		r.nd.storeSplit(h)
	}
	if err != errno.OK {
		r.od.fs.failed("undo of a rename", uint64(r.o.ino), why)
	}
}

// stamp updates times and stores all but the replaced inode.
func (r *renaming) stamp(h *handle) errno.Errno {
	r.o.touchCtime()
	r.od.touchDir()
	err := firstErr(r.o.storeLocked(h), r.od.storeLocked(h), errno.OK)
	if err == errno.OK && r.nd != r.od {
		r.nd.touchDir()
		err = r.nd.storeLocked(h)
	}
	return err
}

// exchange makes each of two names stand for what the other did.
func (r *renaming) exchange() errno.Errno {
	if r.n == nil {
		return errno.ENOENT
	}
	fs := r.od.fs
	if r.od != r.nd && isDir(r.o) != isDir(r.n) {
		if gain := r.nd; isDir(r.o) && gain.Nlink >= disk.LinkMax {
			return errno.EMLINK
		}
		if gain := r.od; isDir(r.n) && gain.Nlink >= disk.LinkMax {
			return errno.EMLINK
		}
	}
	var h handle
	if err := fs.jnl.start(&h, 2+4); err != errno.OK {
		return err
	}
	defer h.stop()
	if err := r.od.dirSet(&h, r.oname, r.n.ino, disk.FileType(r.n.Mode)); err != errno.OK {
		return err
	}
	if err := r.nd.dirSet(&h, r.nname, r.o.ino, disk.FileType(r.o.Mode)); err != errno.OK {
		return fs.must("exchange", r.od, err)
	}
	if r.od != r.nd {
		r.swapParent(r.o, r.od, r.nd)
		r.swapParent(r.n, r.nd, r.od)
	}
	r.o.named(r.nname)
	r.n.named(r.oname)
	r.n.touchCtime()
	return fs.must("exchange", r.od, firstErr(r.n.storeLocked(&h), r.stamp(&h), errno.OK))
}

// swapParent moves the link that a directory's ".." is from one parent to another.
func (r *renaming) swapParent(i, from, to *Inode) {
	if isDir(i) {
		from.SetNlink(from.Nlink - min(from.Nlink, 1))
		to.SetNlink(to.Nlink + 1)
		i.parent = to.ino
	}
}
