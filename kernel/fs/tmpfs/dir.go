package tmpfs

import (
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/vfs"
)

// firstCookie follows those of "." and "..".
const firstCookie = 2

// hashName is FNV-1a.
func hashName(name string) uint64 {
	h := uint64(14695981039346656037)
	for k := 0; k < len(name); k++ {
		h = (h ^ uint64(name[k])) * 1099511628211
	}
	return h
}

func str(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// find returns the entry of a name, or nil.
func (n *node) find(name string) *entry {
	h := hashName(name)
	for e := n.names.Ceil(h); e != nil && e.byName.Key() == h; e = n.names.Next(&e.byName) {
		if str(e.name) == name {
			return e
		}
	}
	return nil
}

// add enters a name for i, taking a reference to it.
func (n *node) add(name string, i *vfs.Inode) errno.Errno {
	e := entryCache.Alloc()
	if e == nil {
		return errno.ENOMEM
	}
	if e.name = mem.AllocBytes(len(name)); e.name == nil {
		entryCache.Free(e)
		return errno.ENOMEM
	}
	copy(e.name, name)
	e.inode = i.Get()
	e.byName.Init(e)
	e.byOrder.Init(e)
	n.names.Insert(&e.byName, hashName(name))
	n.order.Insert(&e.byOrder, n.cookie)
	n.cookie++
	n.SetSize(n.Size() + entrySize)
	return errno.OK
}

// drop removes an entry and gives up its reference.
func (n *node) drop(e *entry) {
	n.names.Remove(&e.byName)
	n.order.Remove(&e.byOrder)
	n.SetSize(n.Size() - entrySize)
	i := e.inode
	mem.FreeBytes(e.name)
	entryCache.Free(e)
	i.Put()
}

func (n *node) empty() bool { return n.order.Min() == nil }

// clearTree drops everything below n, without recursion: it goes down to directories that have entries and comes back up
// through parent.
func (n *node) clearTree() {
	for at := n; ; {
		e := at.order.Min()
		if e == nil {
			if at == n {
				return
			}
			at = at.parent
			continue
		}
		if e.inode.IsDir() && !nodeOf(e.inode).empty() {
			at = nodeOf(e.inode)
			continue
		}
		at.drop(e)
	}
}

// inodeOps implements vfs.InodeOps.
type inodeOps struct{ vfs.NoInodeOps }

// Lookup finds a name.
func (inodeOps) Lookup(dir *vfs.Inode, name string) (*vfs.Inode, errno.Errno) {
	e := nodeOf(dir).find(name)
	if e == nil {
		return nil, errno.ENOENT
	}
	return e.inode.Get(), errno.OK
}

const changed = vfs.AttrMTime | vfs.AttrCTime

// link enters a new inode under a name; on failure the inode is given up.
func link(dir *vfs.Inode, name string, i *vfs.Inode) (*vfs.Inode, errno.Errno) {
	if err := nodeOf(dir).add(name, i); err != errno.OK {
		i.SetNlink(0)
		i.Put()
		return nil, err
	}
	dir.Touch(changed)
	return i, errno.OK
}

// Create makes a regular file.
func (inodeOps) Create(dir *vfs.Inode, name string, mode uint32, own vfs.Owner) (*vfs.Inode, errno.Errno) {
	i, err := newNode(dir.SB, mode, own)
	if err != errno.OK {
		return nil, err
	}
	return link(dir, name, i)
}

// Tmpfile makes a regular file without a name.
func (inodeOps) Tmpfile(dir *vfs.Inode, mode uint32, own vfs.Owner) (*vfs.Inode, errno.Errno) {
	i, err := newNode(dir.SB, mode, own)
	if err == errno.OK {
		i.SetNlink(0)
	}
	return i, err
}

// Mkdir makes a directory.
func (inodeOps) Mkdir(dir *vfs.Inode, name string, mode uint32, own vfs.Owner) (*vfs.Inode, errno.Errno) {
	i, err := newNode(dir.SB, mode, own)
	if err != errno.OK {
		return nil, err
	}
	nodeOf(i).parent = nodeOf(dir)
	if i, err = link(dir, name, i); err == errno.OK {
		dir.AddNlink(1)
	}
	return i, err
}

// Mknod makes a device node, FIFO or socket.
func (inodeOps) Mknod(dir *vfs.Inode, name string, mode uint32, rdev uint64, own vfs.Owner) (*vfs.Inode, errno.Errno) {
	i, err := newNode(dir.SB, mode, own)
	if err != errno.OK {
		return nil, err
	}
	i.InitSpecial(rdev)
	return link(dir, name, i)
}

// Symlink makes a symbolic link.
func (inodeOps) Symlink(dir *vfs.Inode, name, target string, own vfs.Owner) (*vfs.Inode, errno.Errno) {
	i, err := newNode(dir.SB, vfs.S_IFLNK|0o777, own)
	if err != errno.OK {
		return nil, err
	}
	t := mem.AllocBytes(len(target))
	if t == nil {
		i.SetNlink(0)
		i.Put()
		return nil, errno.ENOMEM
	}
	copy(t, target)
	nodeOf(i).target = t
	i.SetSize(int64(len(t)))
	return link(dir, name, i)
}

// Readlink copies the target.
func (inodeOps) Readlink(i *vfs.Inode, buf []byte) (int, errno.Errno) {
	t := nodeOf(i).target
	copy(buf, t)
	return len(t), errno.OK
}

// Link adds a name.
func (inodeOps) Link(old, dir *vfs.Inode, name string) errno.Errno {
	if err := nodeOf(dir).add(name, old); err != errno.OK {
		return err
	}
	old.AddNlink(1)
	old.Touch(vfs.AttrCTime)
	dir.Touch(changed)
	return errno.OK
}

// Unlink removes a name.
func (inodeOps) Unlink(dir *vfs.Inode, name string, victim *vfs.Inode) errno.Errno {
	d := nodeOf(dir)
	e := d.find(name)
	if e == nil {
		return errno.ENOENT
	}
	victim.AddNlink(-1)
	victim.Touch(vfs.AttrCTime)
	dir.Touch(changed)
	d.drop(e)
	return errno.OK
}

// Rmdir removes an empty directory.
func (inodeOps) Rmdir(dir *vfs.Inode, name string, victim *vfs.Inode) errno.Errno {
	d := nodeOf(dir)
	if !nodeOf(victim).empty() {
		return errno.ENOTEMPTY
	}
	e := d.find(name)
	if e == nil {
		return errno.ENOENT
	}
	victim.SetNlink(0)
	dir.AddNlink(-1)
	victim.Touch(vfs.AttrCTime)
	dir.Touch(changed)
	d.drop(e)
	return errno.OK
}

// Rename moves, replaces or exchanges.
func (inodeOps) Rename(odir *vfs.Inode, oname string, o *vfs.Inode, ndir *vfs.Inode, nname string, n *vfs.Inode, flags uint32) errno.Errno {
	from, to := nodeOf(odir), nodeOf(ndir)
	oe := from.find(oname)
	if oe == nil {
		return errno.ENOENT
	}
	if flags&vfs.RENAME_EXCHANGE != 0 {
		return exchange(from, oe, to, to.find(nname))
	}
	if n != nil {
		if n.IsDir() && !nodeOf(n).empty() {
			return errno.ENOTEMPTY
		}
		replace(to, to.find(nname), o)
	} else if err := to.add(nname, o); err != errno.OK {
		return err
	}
	if o.IsDir() {
		odir.AddNlink(-1)
		ndir.AddNlink(1)
		nodeOf(o).parent = to
	}
	odir.Touch(changed)
	if ndir != odir {
		ndir.Touch(changed)
	}
	o.Touch(vfs.AttrCTime)
	from.drop(oe)
	return errno.OK
}

// replace makes an entry stand for o; what it stood for loses a name.
func replace(dir *node, e *entry, o *vfs.Inode) {
	old := e.inode
	e.inode = o.Get()
	if old.IsDir() {
		old.SetNlink(0)
		dir.AddNlink(-1)
	} else {
		old.AddNlink(-1)
	}
	old.Touch(vfs.AttrCTime)
	old.Put()
}

// exchange swaps what two entries stand for.
func exchange(from *node, a *entry, to *node, b *entry) errno.Errno {
	if b == nil {
		return errno.ENOENT
	}
	a.inode, b.inode = b.inode, a.inode
	if from != to {
		moveDir(a.inode, to, from)
		moveDir(b.inode, from, to)
	}
	from.Touch(changed)
	to.Touch(changed)
	a.inode.Touch(vfs.AttrCTime)
	b.inode.Touch(vfs.AttrCTime)
	return errno.OK
}

// moveDir adjusts parent and link counts of a directory that has moved.
func moveDir(i *vfs.Inode, from, to *node) {
	if i.IsDir() {
		from.AddNlink(-1)
		to.AddNlink(1)
		nodeOf(i).parent = to
	}
}

// SetAttr changes attributes; the size with the pages.
func (inodeOps) SetAttr(i *vfs.Inode, a *vfs.Attr) errno.Errno {
	if a.Valid&vfs.AttrMode != 0 && (a.Mode^i.Mode)&execBits != 0 && nodeOf(i).seals.Load()&SealExec != 0 {
		return errno.EPERM
	}
	if a.Valid&vfs.AttrSize != 0 {
		if !nodeOf(i).resizable(a.Size) {
			return errno.EPERM
		}
		if err := i.Pages.Truncate(a.Size); err != errno.OK {
			return err
		}
	}
	i.ApplyAttr(a)
	return errno.OK
}

// dirOps is an open directory.
type dirOps struct{ vfs.DirFileOps }

// ReadDir emits the entries from the cookie on.
func (dirOps) ReadDir(f *vfs.File, ctx *vfs.DirContext) errno.Errno {
	if !ctx.EmitDots(f) {
		return errno.OK
	}
	n := nodeOf(f.Inode)
	for e := n.order.Ceil(uint64(ctx.Pos)); e != nil; e = n.order.Next(&e.byOrder) {
		if !ctx.Emit(str(e.name), e.inode.Ino, vfs.DType(e.inode.Mode), int64(e.byOrder.Key())+1) {
			break
		}
	}
	return errno.OK
}

// Fsync has nothing to write.
func (dirOps) Fsync(f *vfs.File, datasync bool) errno.Errno { return errno.OK }
