package vfs

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/ds"
	"galago/kernel/lock"
	"galago/kernel/sched"
	"galago/kernel/vm/pagecache"
)

// Inode is a file. File systems embed it as the FIRST field of their own inode and cast.
//
// Fields of the first group are set before the inode becomes visible and never change. Those of the second
// group may be written plainly until then (ReadInode, Create…), and afterwards only through the methods (SetMode,
// SetNlink, ApplyAttr, Touch…), because path walk and stat read them without the inode's lock.
type Inode struct {
	SB      *SuperBlock
	Ops     InodeOps
	FOps    FileOps
	Ino     uint64
	Rdev    uint64
	Gen     uint32
	Private unsafe.Pointer // what a device or pipe keeps with its inode

	Mode                uint32
	UID, GID            uint32
	Nlink               uint32
	Blocks              uint64 // 512-byte units: AddBlocks
	ATime, MTime, CTime Time
	attr                lock.SeqLock // RankInode: guards times and, with them, consistent reading of the group

	Lock  sched.RWMutex    // contents of directories; writes, truncation and attributes of all
	Pages pagecache.Object // contents; holds the size

	refs     atomic.Int32
	state    atomic.Uint32 // inode state bits
	writers  atomic.Int32  // > 0: open for writing; < 0: being executed
	hashNext *Inode        // chain of the inode hash; guarded by the bucket's lock
	hashed   bool
	lru      ds.ListNode[Inode] // guarded by inodeLRU's lock
	sbNode   ds.ListNode[Inode] // guarded by SB.lock
	dirty    ds.ListNode[Inode] // guarded by SB.lock
	dirtied  uint64             // when it became dirty, ns; guarded by SB.lock

	// Locks belongs to the layer of advisory locks (flock, fcntl): its list of locks on this file.
	Locks atomic.Pointer[byte]
}

// Inode state bits.
const (
	inodeNew       = 1 << iota // being filled in: others wait
	inodeFreeing               // being evicted: others wait, then look again
	inodeDirtyAttr             // attributes differ from the volume
	inodeDirtyTime             // only times differ
	inodeOnLRU
	inodeBad
)
