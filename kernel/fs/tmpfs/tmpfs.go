// Package tmpfs is a file system in memory. A file's pages live in the page cache only (an InMemory object), a
// directory is two search trees of its entries: by hash of the name, for lookup, and by cookie, for readdir, whose positions
// therefore stay valid whatever is created or removed meanwhile.
//
// Invariants: an entry holds a reference to its inode, so a file lives as long as it has a name or a user. Entries of a
// directory, and parent, are guarded by the directory's Inode.Lock; at unmount nobody else is left.
package tmpfs

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/block"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/vfs"
	"galago/kernel/vm/pagecache"
)

// Type is the file system's type, for vfs.Register.
var Type = vfs.FSType{Name: "tmpfs", NoDev: true, Mount: Mount}

// Interface values made once: converting in a function counts as an allocation.
var (
	theSuperOps vfs.SuperOps  = superOps{}
	theInodeOps vfs.InodeOps  = inodeOps{}
	theFileOps  vfs.FileOps   = fileOps{}
	theDirOps   vfs.FileOps   = dirOps{}
	thePageOps  pagecache.Ops = pageOps{}
)

const (
	magic    = 0x01021994 // TMPFS_MAGIC
	pageSize = 4096
	// entrySize is what a directory's size grows by with each entry, as on Linux.
	entrySize = 20
)

// volume is a superblock's private part.
type volume struct {
	maxPages  atomic.Int64
	pages     atomic.Int64 // in use
	maxInodes atomic.Int64
	inodes    atomic.Int64
	lastIno   atomic.Uint64
}

// node is an inode.
type node struct {
	vfs.Inode
	parent  *node            // of a directory
	names   ds.RBTree[entry] // by hash
	order   ds.RBTree[entry] // by cookie
	cookie  uint64           // of the next entry
	target  []byte           // of a symbolic link; from mem.AllocBytes
	counted bool             // in volume.inodes
	seals   atomic.Uint32    // memfd.go
}

// entry is a name in a directory.
type entry struct {
	byName  ds.RBNode[entry]
	byOrder ds.RBNode[entry]
	inode   *vfs.Inode
	name    []byte // from mem.AllocBytes
}

var (
	volumeCache = mem.Cache[volume]{Name: "tmpfs_volume"}
	nodeCache   = mem.Cache[node]{Name: "tmpfs_inode"}
	entryCache  = mem.Cache[entry]{Name: "tmpfs_entry"}
)

func volumeOf(sb *vfs.SuperBlock) *volume { return (*volume)(sb.Private) }
func nodeOf(i *vfs.Inode) *node           { return (*node)(unsafe.Pointer(i)) }

// Mount makes an empty volume. Options: size=BYTES[k|m|g|%], nr_inodes=N[k|m|g], mode=OCTAL, uid=N, gid=N.
func Mount(t *vfs.FSType, dev *block.Device, flags uint32, data string) (*vfs.SuperBlock, errno.Errno) {
	v := volumeCache.Alloc()
	if v == nil {
		return nil, errno.ENOMEM
	}
	opt := options{size: int64(mem.Stats().Total) * pageSize / 2, mode: 0o1777}
	opt.inodes = opt.size / pageSize
	err := opt.parse(data)
	if err != errno.OK {
		volumeCache.Free(v)
		return nil, err
	}
	v.maxPages.Store((opt.size + pageSize - 1) / pageSize)
	v.maxInodes.Store(opt.inodes)
	sb := vfs.NewSuper(t, nil, 0, theSuperOps)
	if sb == nil {
		volumeCache.Free(v)
		return nil, errno.ENOMEM
	}
	sb.Private = unsafe.Pointer(v)
	sb.Magic, sb.NoCache = magic, true
	root, err := newNode(sb, vfs.S_IFDIR|opt.mode, vfs.Owner{UID: opt.uid, GID: opt.gid})
	if err == errno.OK {
		nodeOf(root).parent = nodeOf(root)
		sb.Root, err = vfs.NewRoot(sb, root)
	}
	if err != errno.OK {
		volumeCache.Free(v)
		vfs.DropSuper(sb)
		return nil, err
	}
	return sb, errno.OK
}

// superOps implements vfs.SuperOps.
type superOps struct{}

// AllocInode allocates a node.
func (superOps) AllocInode(sb *vfs.SuperBlock) *vfs.Inode {
	n := nodeCache.Alloc()
	if n == nil {
		return nil
	}
	return &n.Inode
}

// FreeInode frees a node.
func (superOps) FreeInode(i *vfs.Inode) { nodeCache.Free(nodeOf(i)) }

// ReadInode is never called: inodes are not found by number.
func (superOps) ReadInode(i *vfs.Inode) errno.Errno { return errno.ESTALE }

// WriteInode has nothing to write to.
func (superOps) WriteInode(i *vfs.Inode, sync bool) errno.Errno { return errno.OK }

// EvictInode frees what belongs to the node. A directory with entries is the root, at unmount.
func (superOps) EvictInode(i *vfs.Inode) {
	n := nodeOf(i)
	if i.IsDir() {
		n.clearTree()
	}
	if n.target != nil {
		mem.FreeBytes(n.target)
		n.target = nil
	}
	if n.counted {
		volumeOf(i.SB).inodes.Add(-1)
	}
}

// SyncFS has nothing to write.
func (superOps) SyncFS(sb *vfs.SuperBlock, wait bool) errno.Errno { return errno.OK }

// StatFS reports the limits and what is used of them.
func (superOps) StatFS(sb *vfs.SuperBlock, st *vfs.StatFS) errno.Errno {
	v := volumeOf(sb)
	free := max(v.maxPages.Load()-v.pages.Load(), 0)
	st.Blocks, st.Bfree, st.Bavail = uint64(v.maxPages.Load()), uint64(free), uint64(free)
	st.Files = uint64(v.maxInodes.Load())
	st.Ffree = uint64(max(v.maxInodes.Load()-v.inodes.Load(), 0))
	return errno.OK
}

// Remount changes the limits; they cannot go below what is in use.
func (superOps) Remount(sb *vfs.SuperBlock, flags uint32, data string) errno.Errno {
	v := volumeOf(sb)
	opt := options{size: v.maxPages.Load() * pageSize, inodes: v.maxInodes.Load()}
	if err := opt.parse(data); err != errno.OK {
		return err
	}
	pages := (opt.size + pageSize - 1) / pageSize
	if pages < v.pages.Load() || opt.inodes < v.inodes.Load() {
		return errno.EINVAL
	}
	v.maxPages.Store(pages)
	v.maxInodes.Store(opt.inodes)
	return errno.OK
}

// PutSuper frees the volume.
func (superOps) PutSuper(sb *vfs.SuperBlock) {
	volumeCache.Free(volumeOf(sb))
	sb.Private = nil
}

// newNode makes an inode of the given mode with one reference and no name yet.
func newNode(sb *vfs.SuperBlock, mode uint32, own vfs.Owner) (*vfs.Inode, errno.Errno) {
	v := volumeOf(sb)
	if v.inodes.Add(1) > v.maxInodes.Load() {
		v.inodes.Add(-1)
		return nil, errno.ENOSPC
	}
	i := vfs.NewInode(sb, v.lastIno.Add(1))
	if i == nil {
		v.inodes.Add(-1)
		return nil, errno.ENOMEM
	}
	n := nodeOf(i)
	n.counted = true
	n.seals.Store(SealSeal)
	n.cookie = firstCookie
	i.Mode, i.UID, i.GID, i.Nlink = mode, own.UID, own.GID, 1
	i.Ops = theInodeOps
	i.Pages.Init(thePageOps, unsafe.Pointer(i), pagecache.InMemory)
	i.Touch(vfs.AttrATime | vfs.AttrMTime | vfs.AttrCTime)
	switch mode & vfs.S_IFMT {
	case vfs.S_IFREG:
		i.FOps = theFileOps
	case vfs.S_IFDIR:
		i.FOps = theDirOps
		i.Nlink = 2
		i.SetSize(2 * entrySize)
	}
	return i, errno.OK
}

// pageOps implements pagecache.Ops: it only counts pages.
type pageOps struct{}

// ReadPages is never called: what is not in memory is a hole.
func (pageOps) ReadPages(o *pagecache.Object, frames []*mem.Frame) errno.Errno {
	for _, f := range frames {
		pagecache.ReadDone(f, errno.EIO)
	}
	return errno.EIO
}

// WritePages is never called: pages in memory are not dirty.
func (pageOps) WritePages(o *pagecache.Object, frames []*mem.Frame) errno.Errno {
	for _, f := range frames {
		pagecache.WriteDone(f, errno.EIO)
	}
	return errno.EIO
}

// PrepareWrite charges a new page to the volume; f.Private notes that.
func (pageOps) PrepareWrite(o *pagecache.Object, f *mem.Frame, from, to int) errno.Errno {
	i := (*vfs.Inode)(o.Owner)
	v := volumeOf(i.SB)
	f.Private = 0
	if v.pages.Add(1) > v.maxPages.Load() {
		v.pages.Add(-1)
		return errno.ENOSPC
	}
	f.Private = 1
	i.AddBlocks(pageSize / 512)
	return errno.OK
}

// Release gives a page back.
func (pageOps) Release(o *pagecache.Object, f *mem.Frame, dirty bool) {
	if f.Private == 0 {
		return
	}
	f.Private = 0
	i := (*vfs.Inode)(o.Owner)
	volumeOf(i.SB).pages.Add(-1)
	i.AddBlocks(-pageSize / 512)
}
