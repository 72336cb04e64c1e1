package galfs

import (
	"sync/atomic"

	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/vfs"
)

// inodeOps is vfs.InodeOps: names and attributes. vfs holds the locks of the directories and inodes concerned. Each
// operation is one handle: what it must undo when it fails half-way it undoes in the same transaction, and a failure that
// can not be undone fails the file system before that transaction commits.
type inodeOps struct{ vfs.NoInodeOps }

// Lookup finds a name.
func (inodeOps) Lookup(dir *vfs.Inode, name string) (*vfs.Inode, errno.Errno) {
	d := inodeOf(dir)
	ino, twice, err := d.dirLookup(name)
	if err != errno.OK {
		return nil, err
	}
	vi, err := d.fs.iget(ino)
	if err != errno.OK || !isDir(inodeOf(vi)) {
		return vi, err
	}
	// A directory has one parent and one name. So no crafted image can make a loop of directories, nor one that is its own neighbour:
	// vfs would lock it twice.
	if i := inodeOf(vi); i.parent != d.ino || ino == d.ino || twice || !i.nameIs(d.fs.hash(name)) {
		vi.Put()
		return nil, d.fs.corrupt("directory has a second name", uint64(ino))
	}
	return vi, errno.OK
}

const nameKnown = 1 << 63

// nameIs tells whether a directory has the name with this hash, as far as one is known; if none is, this is it.
func (i *Inode) nameIs(hash uint64) bool {
	return atomic.LoadUint64(&i.name) == hash|nameKnown || atomic.CompareAndSwapUint64(&i.name, 0, hash|nameKnown)
}

// named records the name that a directory was given.
func (i *Inode) named(name string) {
	if isDir(i) {
		atomic.StoreUint64(&i.name, i.fs.hash(name)|nameKnown)
	}
}

// Create makes a regular file.
func (inodeOps) Create(dir *vfs.Inode, name string, mode uint32, own vfs.Owner) (*vfs.Inode, errno.Errno) {
	return inodeOf(dir).make(name, newInode{mode: disk.ModeReg | mode&0o7777, own: own})
}

// Mkdir makes a directory.
func (inodeOps) Mkdir(dir *vfs.Inode, name string, mode uint32, own vfs.Owner) (*vfs.Inode, errno.Errno) {
	if dir.Nlink >= disk.LinkMax {
		return nil, errno.EMLINK
	}
	return inodeOf(dir).make(name, newInode{mode: disk.ModeDir | mode&0o7777, own: own})
}

// Mknod makes a device node, FIFO or socket.
func (inodeOps) Mknod(dir *vfs.Inode, name string, mode uint32, rdev uint64, own vfs.Owner) (*vfs.Inode, errno.Errno) {
	return inodeOf(dir).make(name, newInode{mode: mode, rdev: rdev, own: own})
}

// Symlink makes a symbolic link.
func (inodeOps) Symlink(dir *vfs.Inode, name, target string, own vfs.Owner) (*vfs.Inode, errno.Errno) {
	if len(target) == 0 {
		return nil, errno.ENOENT
	}
	if len(target) > disk.MaxSymlink {
		return nil, errno.ENAMETOOLONG
	}
	return inodeOf(dir).make(name, newInode{mode: disk.ModeLink | 0o777, target: target, own: own})
}

// newInode is what an inode is made from.
type newInode struct {
	mode   uint32
	rdev   uint64
	target string
	own    vfs.Owner
}

// createCredits is how many blocks the inode part of a creation modifies: bitmap, descriptor, two table blocks,
// and for a long symbolic link its block, bitmap and descriptor.
const createCredits = 7

// make creates an inode and its name in d.
func (d *Inode) make(name string, n newInode) (vi *vfs.Inode, err errno.Errno) {
	if len(name) > disk.NameMax {
		return nil, errno.ENAMETOOLONG
	}
	for try := 0; ; try++ {
		vi, err = d.tryMake(name, &n)
		if err != errno.ENOSPC || try > 0 || !d.fs.reclaimFreed() {
			return vi, err
		}
	}
}

func (d *Inode) tryMake(name string, n *newInode) (*vfs.Inode, errno.Errno) {
	fs := d.fs
	if !fs.haveSpace(int64(d.depth) + 4) {
		return nil, errno.ENOSPC
	}
	var h handle
	if err := fs.jnl.start(&h, createCredits+d.dirInsertCredits()+1); err != errno.OK {
		return nil, err
	}
	vi, stale, err := d.newInode(&h, n)
	if err != errno.OK {
		h.stop()
		stale.drop()
		return nil, err
	}
	i := inodeOf(vi)
	if err = i.fill(&h, n); err == errno.OK {
		if err = d.dirInsert(&h, name, i.ino, disk.FileType(n.mode)); err != errno.OK {
			i.unfill(&h)
			d.storeSplit(&h)
		}
	}
	if err != errno.OK {
		fs.eraseNew(&h, i)
		h.stop()
		vi.FailNew()
		return nil, err
	}
	if isDir(i) {
		i.named(name)
		d.SetNlink(d.Nlink + 1)
	}
	d.touchDir()
	err = d.storeLocked(&h)
	h.stop()
	if err != errno.OK {
		err = fs.failed("store of a directory", uint64(d.ino), err)
		vi.FailNew()
		return nil, err
	}
	vi.UnlockNew()
	return vi, errno.OK
}

// newInode takes an inode number near d and an inode in memory for it, which it gives n's attributes; the inode is new: others wait until
// UnlockNew or FailNew. On failure the caller drops stale after the end of the transaction.
func (d *Inode) newInode(h *handle, n *newInode) (vi *vfs.Inode, stale staleInode, err errno.Errno) {
	fs := d.fs
	isDir := n.mode&disk.ModeFmt == disk.ModeDir
	ino, b, err := fs.allocInode(h, d.ino, isDir)
	if err != errno.OK {
		return nil, staleInode{}, err
	}
	_, off := fs.sb.InodeAt(ino)
	gen := disk.U32(b.data[:], off+disk.InGen) + 1
	clear(b.data[off : off+disk.InodeSize])
	fs.bufs.put(b)
	vi, isNew, err := vfs.IGet(fs.vsb, uint64(ino))
	if err == errno.OK && !isNew {
		return nil, staleInode{vi}, fs.corrupt("allocated inode is in use", uint64(ino))
	}
	if err != errno.OK {
		fs.freeInode(h, ino, isDir)
		return nil, staleInode{}, err
	}
	inodeOf(vi).setUp(d, ino, gen, n)
	return vi, staleInode{}, errno.OK
}

// staleInode is an inode that a damaged bitmap calls free though it is in use; giving it up may need a transaction of its own.
type staleInode struct{ vi *vfs.Inode }

func (s staleInode) drop() {
	if s.vi != nil {
		s.vi.Put()
	}
}

// Tmpfile makes a regular file that has no name: it is on the orphan list from the start, so that a crash frees it.
func (inodeOps) Tmpfile(dir *vfs.Inode, mode uint32, own vfs.Owner) (vi *vfs.Inode, err errno.Errno) {
	d := inodeOf(dir)
	n := newInode{mode: disk.ModeReg | mode&0o7777, own: own}
	for try := 0; ; try++ {
		vi, err = d.tryTmpfile(&n)
		if err != errno.ENOSPC || try > 0 || !d.fs.reclaimFreed() {
			return vi, err
		}
	}
}

func (d *Inode) tryTmpfile(n *newInode) (*vfs.Inode, errno.Errno) {
	fs := d.fs
	var h handle
	if err := fs.jnl.start(&h, createCredits+orphanCredits); err != errno.OK {
		return nil, err
	}
	vi, stale, err := d.newInode(&h, n)
	if err != errno.OK {
		h.stop()
		stale.drop()
		return nil, err
	}
	i := inodeOf(vi)
	i.Nlink = 0
	if err = i.fill(&h, n); err == errno.OK {
		err = fs.orphanAdd(&h, i)
	}
	if err != errno.OK {
		fs.eraseNew(&h, i)
		h.stop()
		vi.FailNew()
		return nil, err
	}
	h.stop()
	vi.UnlockNew()
	return vi, errno.OK
}

// storeSplit stores a directory after a failed insertion, which may have split nodes all the same.
func (d *Inode) storeSplit(h *handle) {
	if err := d.storeLocked(h); err != errno.OK {
		d.fs.failed("store of a directory", uint64(d.ino), err)
	}
}

// setUp gives a new inode its attributes.
func (i *Inode) setUp(d *Inode, ino, gen uint32, n *newInode) {
	i.ino, i.gen, i.Gen = ino, gen, gen
	i.Mode, i.Rdev = n.mode, n.rdev
	i.UID, i.GID = n.own.UID, n.own.GID
	i.Nlink = 1
	if n.mode&disk.ModeFmt == disk.ModeDir {
		i.Nlink = 2
		i.parent = d.ino
	}
	now := i.fs.now()
	i.ATime, i.MTime, i.CTime, i.btime = now, now, now, now
	i.setOps()
}

// fill gives a new inode its contents, if it has any from the start, and stores it.
func (i *Inode) fill(h *handle, n *newInode) errno.Errno {
	if n.mode&disk.ModeFmt == disk.ModeLink {
		i.diskSize = int64(len(n.target))
		i.SetSize(i.diskSize)
		if len(n.target) <= fastLink {
			copy(i.root[:], n.target)
		} else {
			b, err := i.newNode(h, 0, disk.MagicLink)
			if err != errno.OK {
				return err
			}
			disk.Put64(i.root[:], 0, b.blk)
			k := copy(i.root[8:], n.target)
			copy(b.data[disk.LongLinkOff:], n.target[k:])
			i.fs.bufs.put(b)
		}
	}
	err := i.storeLocked(h)
	if err != errno.OK {
		i.unfill(h)
	}
	return err
}

// unfill undoes fill, as part of an operation that fails.
func (i *Inode) unfill(h *handle) {
	if i.blocks > 0 {
		if err := i.freeLink(h); err != errno.OK {
			i.fs.failed("undo of a symbolic link", uint64(i.ino), err)
		}
		i.addBlocks(-int64(i.blocks))
	}
}

// eraseNew takes back an inode that got no name.
func (fs *FS) eraseNew(h *handle, i *Inode) {
	if err := i.erase(h); err != errno.OK {
		fs.failed("undo of a creation", uint64(i.ino), err)
	}
}

// touchDir records a change of a directory's contents.
func (d *Inode) touchDir() {
	d.setTimes(vfs.AttrMTime | vfs.AttrCTime)
}

// Link adds a name to an inode.
func (inodeOps) Link(old, dir *vfs.Inode, name string) errno.Errno {
	d, i := inodeOf(dir), inodeOf(old)
	fs := d.fs
	if len(name) > disk.NameMax {
		return errno.ENAMETOOLONG
	}
	if i.Nlink >= disk.LinkMax {
		return errno.EMLINK
	}
	for try := 0; ; try++ {
		err := errno.ENOSPC
		if fs.haveSpace(int64(d.depth) + 3) {
			err = d.tryLink(i, name)
		}
		if err != errno.ENOSPC || try > 0 || !fs.reclaimFreed() {
			return err
		}
	}
}

func (d *Inode) tryLink(i *Inode, name string) errno.Errno {
	fs := d.fs
	var h handle
	if err := fs.jnl.start(&h, d.dirInsertCredits()+2+orphanCredits); err != errno.OK {
		return err
	}
	defer h.stop()
	if err := d.dirInsert(&h, name, i.ino, disk.FileType(i.Mode)); err != errno.OK {
		d.storeSplit(&h)
		return err
	}
	err := errno.OK
	if i.Nlink == 0 { // an open file without a name gets one again
		err = fs.orphanDel(&h, i)
	}
	i.SetNlink(i.Nlink + 1)
	i.touchCtime()
	d.touchDir()
	return fs.must("link", d, firstErr(err, i.storeLocked(&h), d.storeLocked(&h)))
}

// touchCtime records a change of attributes.
func (i *Inode) touchCtime() {
	i.setTimes(vfs.AttrCTime)
}

// storeLocked is store for an inode whose mapping lock is not held.
func (i *Inode) storeLocked(h *handle) errno.Errno {
	i.mapLock.Lock()
	err := i.store(h, true)
	i.mapLock.Unlock()
	return err
}

// firstErr returns the first error.
func firstErr(a, b, c errno.Errno) errno.Errno {
	if a != errno.OK {
		return a
	}
	if b != errno.OK {
		return b
	}
	return c
}

// must ends an operation that changed something before it met err: there is no way back but to fail the file system.
func (fs *FS) must(what string, i *Inode, err errno.Errno) errno.Errno {
	if err != errno.OK {
		return fs.failed(what, uint64(i.ino), err)
	}
	return errno.OK
}

// Unlink removes the name of a file.
func (inodeOps) Unlink(dir *vfs.Inode, name string, victim *vfs.Inode) errno.Errno {
	d, i := inodeOf(dir), inodeOf(victim)
	fs := d.fs
	var h handle
	if err := fs.jnl.start(&h, d.dirRemoveCredits()+2+orphanCredits); err != errno.OK {
		return err
	}
	defer h.stop()
	if err := d.dirRemove(&h, name); err != errno.OK {
		return err
	}
	d.touchDir()
	return fs.must("unlink", d, firstErr(i.dropLink(&h), d.storeLocked(&h), errno.OK))
}

// dropLink takes one link from an inode, and puts it on the orphan list with the last.
func (i *Inode) dropLink(h *handle) errno.Errno {
	i.SetNlink(i.Nlink - min(i.Nlink, 1))
	if i.Mode&disk.ModeFmt == disk.ModeDir {
		i.SetNlink(0)
	}
	i.touchCtime()
	err := errno.OK
	if i.Nlink == 0 {
		err = i.fs.orphanAdd(h, i)
	}
	return firstErr(err, i.storeLocked(h), errno.OK)
}

// Rmdir removes an empty directory.
func (inodeOps) Rmdir(dir *vfs.Inode, name string, victim *vfs.Inode) errno.Errno {
	d, i := inodeOf(dir), inodeOf(victim)
	fs := d.fs
	if i.dirRoot() != 0 {
		return errno.ENOTEMPTY
	}
	var h handle
	if err := fs.jnl.start(&h, d.dirRemoveCredits()+2+orphanCredits); err != errno.OK {
		return err
	}
	defer h.stop()
	if err := d.dirRemove(&h, name); err != errno.OK {
		return err
	}
	d.SetNlink(d.Nlink - min(d.Nlink, 1))
	d.touchDir()
	return fs.must("rmdir", d, firstErr(i.dropLink(&h), d.storeLocked(&h), errno.OK))
}

// Readlink copies the target of a symbolic link.
func (inodeOps) Readlink(vi *vfs.Inode, buf []byte) (int, errno.Errno) {
	i := inodeOf(vi)
	if vi.Mode&disk.ModeFmt != disk.ModeLink {
		return 0, errno.EINVAL
	}
	n := int(i.diskSize)
	if n <= fastLink {
		copy(buf, i.root[:n])
		return n, errno.OK
	}
	b, err := i.readNode(disk.U64(i.root[:], 0), 0, disk.MagicLink)
	if err != errno.OK {
		return 0, err
	}
	k := copy(buf, i.root[8:])
	copy(buf[k:], b.data[disk.LongLinkOff:disk.LongLinkOff+n-linkHead])
	i.fs.bufs.put(b)
	return n, errno.OK
}
