package galfs

import (
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vfs"
	"galago/kernel/vm/pagecache"
)

// Inode is galfs's inode in memory. vfs.Inode holds the attributes; what follows is the file system's.
type Inode struct {
	vfs.Inode

	fs  *FS
	ino uint32
	gen uint32

	// Under mapLock, for directories under Inode.Lock.
	mapLock  sched.RWMutex
	root     [disk.InRootLen]byte // extents, directory root, or a symbolic link's target
	depth    uint16
	count    uint16
	blocks   uint64 // 4 KiB blocks on the disk
	diskSize int64  // size on the disk: that of the memory when all data is written
	parent   uint32 // directories
	name     uint64 // directories: hash of the name, 1<<63 added; 0: not known yet. Atomic, changed with the parent locked for writing
	btime    vfs.Time
	cutting  int32 // blocks are being taken from the middle: see setCutting

	// The transactions to commit for fsync and fdatasync. Under mapLock.
	syncSeq uint64
	dataSeq uint64

	// The orphan list, under FS.orphanMu.
	orphan       bool
	oprev, onext *Inode
	onextIno     uint32
}

var inodeSlab = mem.Cache[Inode]{Name: "galfs_inode"}

// inodeOf returns the galfs inode that i is part of.
func inodeOf(i *vfs.Inode) *Inode { return (*Inode)(unsafe.Pointer(i)) }

// fastLink is the longest symbolic link target kept in the inode, linkHead the part of a longer one that is.
const (
	fastLink = disk.InRootLen
	linkHead = disk.InRootLen - 8
)

// load fills i from its place in the inode table. Preconditions: i is new, nobody else sees it.
func (i *Inode) load() errno.Errno {
	fs := i.fs
	if i.Ino > uint64(^uint32(0)) || !fs.sb.ValidIno(uint32(i.Ino)) {
		return fs.corrupt("inode number out of range", i.Ino)
	}
	i.ino = uint32(i.Ino)
	g, idx := (i.ino-1)/fs.sb.InodesPerGroup, (i.ino-1)%fs.sb.InodesPerGroup
	gr := &fs.groups[g]
	gr.lock.Lock()
	ready := gr.tableInit
	gr.lock.Unlock()
	if idx/disk.InodesPerBl >= ready {
		return fs.corrupt("inode was never used", i.Ino)
	}
	b, err := fs.inodeBuf(i.ino)
	if err != errno.OK {
		return err
	}
	_, off := fs.sb.InodeAt(i.ino)
	raw := b.data[off : off+disk.InodeSize]
	if b.bad.Load()>>(off/disk.InodeSize)&1 != 0 {
		fs.bufs.put(b)
		return fs.corrupt("bad inode checksum", i.Ino)
	}
	ok := i.decode(raw)
	fs.bufs.put(b)
	i.Blocks = int64(i.blocks * blockUnits)
	// What was changed before the inode last left the cache may still be in the running transaction.
	i.syncSeq = fs.jnl.runningSeq()
	i.dataSeq = i.syncSeq
	if !ok || i.Nlink == 0 && !fs.recovering.Load() {
		return fs.corrupt("malformed or free inode", i.Ino)
	}
	i.setOps()
	return errno.OK
}

// decode takes the fields of a raw inode over and checks them.
func (i *Inode) decode(raw []byte) bool {
	mode := disk.U32(raw, disk.InMode)
	if !disk.ValidType(mode) || mode > 0xffff {
		return false
	}
	i.Mode, i.Nlink = mode, disk.U32(raw, disk.InLinks)
	i.UID, i.GID = disk.U32(raw, disk.InUID), disk.U32(raw, disk.InGID)
	i.Rdev = disk.U64(raw, disk.InRdev)
	size := disk.U64(raw, disk.InSize)
	i.blocks = disk.U64(raw, disk.InBlocks)
	i.ATime = rawTime(raw, disk.InATime, disk.InATimeNs)
	i.MTime = rawTime(raw, disk.InMTime, disk.InMTimeNs)
	i.CTime = rawTime(raw, disk.InCTime, disk.InCTimeNs)
	i.btime = rawTime(raw, disk.InBTime, disk.InBTimeNs)
	i.gen = disk.U32(raw, disk.InGen)
	i.Gen = i.gen
	i.parent = disk.U32(raw, disk.InParent)
	i.onextIno = disk.U32(raw, disk.InOrphan)
	i.depth, i.count = disk.U16(raw, disk.InDepth), disk.U16(raw, disk.InCount)
	copy(i.root[:], raw[disk.InRoot:])
	if size > disk.MaxFileSize || i.blocks > i.fs.sb.Blocks || i.depth > disk.MaxDepth || i.Nlink > disk.LinkMax {
		return false
	}
	i.diskSize = int64(size)
	if mode&disk.ModeFmt != disk.ModeReg && i.count != 0 {
		return false // only files have extents
	}
	switch mode & disk.ModeFmt {
	case disk.ModeReg:
		n := int(i.count)
		return n <= disk.RootExtents && (n > 0 || i.depth == 0) && i.fs.checkEntries(i.root[:], n, i.depth == 0)
	case disk.ModeDir:
		r := i.dirRoot()
		return i.fs.sb.ValidIno(i.parent) && (r == 0 && i.depth == 0 || i.fs.sb.ValidData(r, 1))
	case disk.ModeLink:
		return size > 0 && size <= disk.MaxSymlink && (size <= fastLink || i.fs.sb.ValidData(disk.U64(i.root[:], 0), 1))
	}
	return size == 0 && i.depth == 0
}

func rawTime(raw []byte, sec, ns int) vfs.Time {
	return vfs.Time{Sec: int64(disk.U64(raw, sec)), Nsec: int64(disk.U32(raw, ns) % 1000000000)}
}

func putTime(raw []byte, sec, ns int, t vfs.Time) {
	disk.Put64(raw, sec, uint64(t.Sec))
	disk.Put32(raw, ns, uint32(t.Nsec))
}

// store writes i to its table block through h. data says that more than times changed, so fdatasync must wait
// for it. Preconditions: i.mapLock is held for writing, or nobody else sees i.
//
// +checklocks:i.mapLock
func (i *Inode) store(h *handle, data bool) errno.Errno {
	b, err := i.fs.inodeBuf(i.ino)
	if err != errno.OK {
		return err
	}
	if err = h.write(b); err == errno.OK {
		_, off := i.fs.sb.InodeAt(i.ino)
		i.encode(b.data[off : off+disk.InodeSize])
		i.syncSeq = h.tx.seq
		if data {
			i.dataSeq = h.tx.seq
		}
	}
	i.fs.bufs.put(b)
	return err
}

// encode writes the fields to a raw inode, except for the link of the orphan list, which belongs to that list.
func (i *Inode) encode(raw []byte) {
	var st vfs.Stat
	i.FillStat(&st)
	disk.Put32(raw, disk.InMode, st.Mode)
	disk.Put32(raw, disk.InLinks, uint32(st.Nlink))
	disk.Put32(raw, disk.InUID, st.UID)
	disk.Put32(raw, disk.InGID, st.GID)
	size := st.Size
	if st.Mode&disk.ModeFmt == disk.ModeReg {
		size = i.diskSize
	}
	disk.Put64(raw, disk.InSize, uint64(size))
	disk.Put64(raw, disk.InBlocks, i.blocks)
	putTime(raw, disk.InATime, disk.InATimeNs, st.ATime)
	putTime(raw, disk.InMTime, disk.InMTimeNs, st.MTime)
	putTime(raw, disk.InCTime, disk.InCTimeNs, st.CTime)
	putTime(raw, disk.InBTime, disk.InBTimeNs, i.btime)
	disk.Put32(raw, disk.InGen, i.gen)
	disk.Put32(raw, disk.InParent, i.parent)
	disk.Put64(raw, disk.InRdev, i.Rdev)
	disk.Put16(raw, disk.InDepth, i.depth)
	disk.Put16(raw, disk.InCount, i.count)
	copy(raw[disk.InRoot:], i.root[:])
}

// blockUnits is the number of stat's 512-byte units in a block.
const blockUnits = disk.BlockSize / 512

// addBlocks changes the number of blocks that i has on the disk. Preconditions: as for the block map.
func (i *Inode) addBlocks(n int64) {
	if n < 0 && uint64(-n) > i.blocks {
		n = -int64(i.blocks) // a count that the disk had wrong
	}
	i.blocks += uint64(n)
	i.AddBlocks(n * blockUnits)
}

// BTime returns the time of creation.
func (inodeOps) BTime(vi *vfs.Inode) (vfs.Time, bool) { return inodeOf(vi).btime, true }

// setTimes sets the chosen times (vfs.AttrATime | …) to now.
func (i *Inode) setTimes(which uint32) {
	t := i.fs.now()
	a := vfs.Attr{Valid: which, ATime: t, MTime: t, CTime: t}
	i.ApplyAttr(&a)
}

var (
	theInodeOps vfs.InodeOps  = inodeOps{}
	theFileOps  vfs.FileOps   = fileOps{}
	theDirOps   vfs.FileOps   = dirOps{}
	thePageOps  pagecache.Ops = pageOps{}
	theSuperOps vfs.SuperOps  = superOps{}
)

// setOps makes an inode whose mode is known ready for use.
func (i *Inode) setOps() {
	i.Ops = theInodeOps
	switch i.Mode & disk.ModeFmt {
	case disk.ModeReg:
		i.FOps = theFileOps
		i.Pages.Init(thePageOps, unsafe.Pointer(i), 0)
	case disk.ModeDir:
		i.FOps = theDirOps
	default:
		i.InitSpecial(i.Rdev)
	}
	i.SetSize(i.diskSize)
}
