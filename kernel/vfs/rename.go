package vfs

import (
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// renameMutex serialises renames between directories, so that the tree's shape stands still while a cycle is being ruled
// out. Renames within a directory cannot make one and do not take it.
var renameMutex sched.Mutex

// renaming is a rename under way.
type renaming struct {
	ctx      *Context
	from, to walk
	od, nd   *Dentry
	flags    uint32
}

// nameCopy is memory for a long name, allocated before the point of no return.
type nameCopy struct{ b []byte }

// Rename is renameat2(2).
func Rename(ctx *Context, oldfd int, oldpath string, newfd int, newpath string, flags uint32) errno.Errno {
	if flags&^uint32(RENAME_NOREPLACE|RENAME_EXCHANGE) != 0 || flags == RENAME_NOREPLACE|RENAME_EXCHANGE {
		return errno.EINVAL
	}
	var r renaming
	r.ctx, r.flags = ctx, flags
	if err := r.from.beginParent(ctx, oldfd, oldpath); err != errno.OK {
		return err
	}
	if err := r.to.beginParent(ctx, newfd, newpath); err != errno.OK {
		r.from.finish()
		return err
	}
	err := r.check()
	if err == errno.OK {
		err = r.locked()
	}
	r.from.finish()
	r.to.finish()
	return err
}

// check applies the rules that need no lock.
func (r *renaming) check() errno.Errno {
	switch {
	case r.from.path.Mnt != r.to.path.Mnt:
		return errno.EXDEV
	case r.from.kind != lastNormal:
		return errno.EBUSY
	case r.to.kind != lastNormal:
		if r.flags&RENAME_NOREPLACE != 0 {
			return errno.EEXIST
		}
		return errno.EBUSY
	case r.from.path.Mnt.ReadOnly():
		return errno.EROFS
	}
	return errno.OK
}

// locked locks the directories, looks both names up, and does the rename.
func (r *renaming) locked() errno.Errno {
	od, nd := r.from.path.Dentry, r.to.path.Dentry
	trap := r.lockDirs(od, nd)
	err := errno.OK
	if r.od, err = od.lookupLocked(r.from.last, r.from.hash); err == errno.OK {
		if r.nd, err = nd.lookupLocked(r.to.last, r.to.hash); err == errno.OK {
			err = r.do(trap)
		}
	}
	r.unlockDirs(od, nd)
	// A file that was replaced may end here, with its dentry, after the locks.
	if r.od != nil {
		r.od.Put()
	}
	if r.nd != nil {
		r.nd.Put()
	}
	return err
}

// lockDirs locks both directories, an ancestor before its descendant. It returns the child of the one through which the
// other is reached, if any: that one cannot be moved, or replaced.
func (r *renaming) lockDirs(od, nd *Dentry) (trap *Dentry) {
	if od == nd {
		od.Inode().Lock.Lock()
		return nil
	}
	renameMutex.Lock()
	first, second := od, nd
	if trap = childTowards(nd, od); trap != nil { // nd above od
		first, second = nd, od
	} else if trap = childTowards(od, nd); trap == nil && uintptr(unsafe.Pointer(nd.Inode())) < uintptr(unsafe.Pointer(od.Inode())) {
		first, second = nd, od
	}
	first.Inode().Lock.Lock()
	second.Inode().Lock.Lock()
	return trap
}

func (r *renaming) unlockDirs(od, nd *Dentry) {
	od.Inode().Lock.Unlock()
	if od != nd {
		nd.Inode().Lock.Unlock()
		renameMutex.Unlock()
	}
}

// childTowards returns the child of above on the way down to below; nil when below is not under it.
func childTowards(above, below *Dentry) *Dentry {
	treeLock.Lock()
	defer treeLock.Unlock()
	for d := below; d.parent != d; d = d.parent {
		if d.parent == above {
			return d
		}
	}
	return nil
}

// do renames with both directories locked.
func (r *renaming) do(trap *Dentry) errno.Errno {
	oi, ni := r.od.Inode(), r.nd.Inode()
	exchange := r.flags&RENAME_EXCHANGE != 0
	switch {
	case oi == nil:
		return errno.ENOENT
	case ni != nil && r.flags&RENAME_NOREPLACE != 0:
		return errno.EEXIST
	case ni == nil && exchange:
		return errno.ENOENT
	case !oi.IsDir() && r.from.trailing:
		return errno.ENOTDIR
	case !oi.IsDir() && r.to.trailing && !exchange:
		return errno.ENOTDIR
	case exchange && !ni.IsDir() && r.to.trailing:
		return errno.ENOTDIR
	case r.od == trap:
		return errno.EINVAL // into itself
	case r.nd == trap && exchange:
		return errno.EINVAL
	case r.nd == trap && trap != nil:
		return errno.ENOTEMPTY // replaced by something inside it
	}
	if oi == ni {
		return errno.OK // two names of one file: POSIX says do nothing
	}
	if err := r.mayRename(oi, ni); err != errno.OK {
		return err
	}
	if (r.od.state.Load()|r.nd.state.Load())&dMounted != 0 {
		return errno.EBUSY
	}
	return r.commit(oi, ni)
}

// mayRename checks permissions and types.
func (r *renaming) mayRename(oi, ni *Inode) errno.Errno {
	c, odir, ndir := r.ctx.Cred, r.from.inode, r.to.inode
	if err := mayDelete(c, odir, oi, oi.IsDir()); err != errno.OK {
		return err
	}
	if ni == nil {
		if err := r.to.mayCreate(ndir); err != errno.OK {
			return err
		}
	} else if r.flags&RENAME_EXCHANGE != 0 {
		if err := mayDelete(c, ndir, ni, ni.IsDir()); err != errno.OK {
			return err
		}
	} else if err := mayDelete(c, ndir, ni, oi.IsDir()); err != errno.OK {
		return err
	}
	if odir == ndir {
		return errno.OK
	}
	if oi.IsDir() { // its ".." changes
		if err := oi.permission(c, MayWrite); err != errno.OK {
			return err
		}
	}
	if r.flags&RENAME_EXCHANGE != 0 && ni.IsDir() {
		return ni.permission(c, MayWrite)
	}
	return errno.OK
}

// commit calls the file system and then moves the dentries. Memory for long names is taken before.
func (r *renaming) commit(oi, ni *Inode) errno.Errno {
	exchange := r.flags&RENAME_EXCHANGE != 0
	toName, ok := longName(r.to.last)
	if !ok {
		return errno.ENOMEM
	}
	var fromName nameCopy
	if exchange {
		if fromName, ok = longName(r.from.last); !ok {
			toName.free()
			return errno.ENOMEM
		}
	}
	lockTwo(oi, ni)
	odir, ndir := r.from.inode, r.to.inode
	err := odir.Ops.Rename(odir, r.from.last, oi, ndir, r.to.last, ni, r.flags)
	if err == errno.OK && ni != nil && ni.IsDir() && !exchange {
		ni.state.Or(inodeDead)
	}
	unlockTwo(oi, ni)
	if err != errno.OK {
		toName.free()
		fromName.free()
		return err
	}
	oparent, nparent := r.from.path.Dentry, r.to.path.Dentry
	if exchange {
		r.od.unhash(false)
		r.nd.unhash(false)
		r.nd.rename(oparent, r.from.last, r.from.hash, fromName)
		r.od.rename(nparent, r.to.last, r.to.hash, toName)
		if watched() {
			notifyRename(odir, r.from.last, ndir, r.to.last, oi, nil)
			notifyRename(ndir, r.to.last, odir, r.from.last, ni, nil)
		}
		return errno.OK
	}
	if ni != nil {
		if ni.IsDir() {
			r.nd.pruneChildren()
		}
		r.nd.state.Or(dDeleted)
	}
	r.nd.unhash(false)
	r.od.rename(nparent, r.to.last, r.to.hash, toName)
	if watched() {
		notifyRename(odir, r.from.last, ndir, r.to.last, oi, ni)
	}
	return errno.OK
}

// lockTwo locks the inodes being moved and replaced, in the order of their addresses; b may be nil.
func lockTwo(a, b *Inode) {
	if b != nil && uintptr(unsafe.Pointer(b)) < uintptr(unsafe.Pointer(a)) {
		a, b = b, a
	}
	a.Lock.Lock()
	if b != nil {
		b.Lock.Lock()
	}
}

func unlockTwo(a, b *Inode) {
	a.Lock.Unlock()
	if b != nil {
		b.Lock.Unlock()
	}
}

// longName allocates memory for a name that does not fit into a dentry.
func longName(name string) (nameCopy, bool) {
	if len(name) <= inlineName {
		return nameCopy{}, true
	}
	b := mem.AllocBytes(len(name))
	return nameCopy{b}, b != nil
}

func (n nameCopy) free() {
	if n.b != nil {
		mem.FreeBytes(n.b)
	}
}

// rename gives the dentry its new name and place and makes it findable again.
func (d *Dentry) rename(parent *Dentry, name string, hash uint32, long nameCopy) {
	d.unhash(false)
	oldParent, oldName := d.parent, d.name
	treeLock.Lock()
	if oldParent != parent {
		d.unlinkChild()
		d.parent = parent.Get()
		d.linkChild()
	}
	b := long.b
	if b == nil {
		b = d.inline[:]
	}
	d.name = bytesString(b[:copy(b, name)])
	d.hash = hash
	treeLock.Unlock()
	if len(oldName) > inlineName {
		mem.FreeBytes(stringBytes(oldName))
	}
	if oldParent != parent {
		oldParent.Put()
	}
	if !parent.Inode().volatile() {
		d.rehash()
	}
}

// rehash puts an unhashed dentry into the table; nothing of its name is there.
func (d *Dentry) rehash() {
	b := bucketOf(d.parent, d.hash)
	b.lock.Lock()
	d.next = b.head
	b.head = d
	d.state.Or(dHashed)
	b.lock.Unlock()
}
