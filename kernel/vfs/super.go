package vfs

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/block"
	"galago/kernel/ds"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// SuperBlock is one mounted volume. File systems make it with NewSuper and fill in the exported fields.
type SuperBlock struct {
	Ops       SuperOps
	Type      *FSType
	Dev       *block.Device // nil without a device
	DevID     uint64        // st_dev
	BlockSize uint32
	Flags     atomic.Uint32 // MS_* of the volume; MS_RDONLY
	MaxBytes  int64         // largest file size
	TimeGran  int64         // granularity of time stamps in ns; 0 counts as 1
	Magic     int64         // statfs's type
	NoCache   bool          // inodes are freed at their last reference (the cache is not to hold idle ones)
	Private   unsafe.Pointer
	Root      *Dentry

	active   atomic.Int32 // mounts
	source   [64]byte     // device as given to mount(2), for /proc/mounts
	nsource  int
	node     ds.ListNode[SuperBlock] // on the list of superblocks (superLock)
	umount   sched.RWMutex           // held for writing by the last unmount, for reading by sync
	lock     lock.Spin               // RankSuper: the two lists
	inodes   ds.List[Inode]
	dirty    ds.List[Inode]
	wbErr    atomic.Uint32
	syncLock sched.Mutex // one sync at a time
}

var superCache = mem.Cache[SuperBlock]{Name: "super_block"}
