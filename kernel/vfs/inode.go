package vfs

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/sched"
	"galago/kernel/time"
	"galago/kernel/uio"
	"galago/kernel/vm/pagecache"
)

// Inode is a file. File systems embed it as the FIRST field of their own inode and cast.
//
// Fields of the first group are set before the inode becomes visible and never change. Those of the second
// group may be written plainly until then (ReadInode, Create…), and afterwards only through the methods (ApplyAttr,
// SetNlink, Touch…), because path walk and stat read them without the inode's lock.
type Inode struct {
	SB      *SuperBlock
	Ops     InodeOps
	FOps    FileOps
	Ino     uint64
	Rdev    uint64
	Gen     uint32
	Flags   uint32         // InodeFlags
	Private unsafe.Pointer // what a device or pipe keeps with its inode
	// MayWrite, if set, is asked under Lock before bytes are written at a position; it may shorten the transfer.
	MayWrite func(i *Inode, it *uio.Iter, pos int64) errno.Errno
	// Jump, of a symbolic link that is not text (/proc/self/fd/3), returns the place it leads to, with references.
	Jump func(i *Inode) (Path, bool)

	Mode                uint32
	UID, GID            uint32
	Nlink               uint32
	Blocks              int64 // 512-byte units: AddBlocks
	ATime, MTime, CTime Time
	attr                lock.SeqLock // RankInode: guards the times, and consistent reading of the group

	Lock  sched.RWMutex    // contents of directories; writes, truncation and attributes of all
	Pages pagecache.Object // contents; holds the size

	refs    atomic.Int32
	state   atomic.Uint32 // inode state bits
	writers atomic.Int32  // > 0: open for writing; < 0: being executed

	// Guarded by the bucket of the inode hash.
	hashNext *Inode
	hashed   bool

	idle    ds.ListNode[Inode] // guarded by idleInodeLock
	sbNode  ds.ListNode[Inode] // guarded by SB.lock
	dirty   ds.ListNode[Inode] // guarded by SB.lock
	dirtied uint64             // when it became dirty, ns; guarded by SB.lock
	onDirty bool               // guarded by SB.lock

	// Locks belongs to the layer of advisory locks (flock, fcntl): its list of locks on this file.
	Locks atomic.Pointer[byte]
	// Watch belongs to inotify: its list of watches of this file.
	Watch atomic.Pointer[byte]
}

// Flags of inodes.
const (
	// InodeVolatile, of a directory: names come and go without the VFS (processes in /proc), so they are not cached.
	InodeVolatile = 1 << iota
	// InodeNoSize, of a regular file: generated, so truncation is ignored and the size reads as 0.
	InodeNoSize
)

// Inode state bits.
const (
	inodeNew      = 1 << iota // being filled in: others wait
	inodeFreeing              // being evicted: others wait, then look again
	inodeDirty                // attributes differ from the volume
	inodeIdle                 // on the idle list
	inodeBad                  // reading it failed
	inodeDead                 // a removed directory
	inodeLinkable             // has had no name yet, and may get one (O_TMPFILE)
)

func (i *Inode) volatile() bool { return i.Flags&InodeVolatile != 0 }
func (i *Inode) deadDir() bool  { return i.state.Load()&inodeDead != 0 }

// Type returns the file type bits.
func (i *Inode) Type() uint32 { return i.mode() & S_IFMT }

// IsDir tells whether the inode is a directory.
func (i *Inode) IsDir() bool { return i.Type() == S_IFDIR }

func (i *Inode) mode() uint32 { return atomic.LoadUint32(&i.Mode) }
func (i *Inode) uid() uint32  { return atomic.LoadUint32(&i.UID) }
func (i *Inode) gid() uint32  { return atomic.LoadUint32(&i.GID) }

// Size returns the size in bytes.
func (i *Inode) Size() int64 { return i.Pages.Size() }

// SetSize sets the size without touching cached pages.
func (i *Inode) SetSize(n int64) { i.Pages.SetSize(n) }

// Links returns the number of names.
func (i *Inode) Links() uint32 { return atomic.LoadUint32(&i.Nlink) }

// SetNlink sets the number of names.
func (i *Inode) SetNlink(n uint32) { atomic.StoreUint32(&i.Nlink, n) }

// AddNlink changes the number of names by d.
func (i *Inode) AddNlink(d int32) { atomic.AddUint32(&i.Nlink, uint32(d)) }

// AddBlocks changes the space used by d units of 512 bytes.
func (i *Inode) AddBlocks(d int64) { atomic.AddInt64(&i.Blocks, d) }

// Now returns the time for time stamps.
func Now() Time {
	sec, nsec := time.Wall()
	return Time{int64(sec), int64(nsec)}
}

// Touch sets the chosen times (AttrATime | AttrMTime | AttrCTime) to now.
func (i *Inode) Touch(which uint32) {
	t := Now()
	i.attr.Lock()
	if which&AttrATime != 0 {
		i.ATime = t
	}
	if which&AttrMTime != 0 {
		i.MTime = t
	}
	if which&AttrCTime != 0 {
		i.CTime = t
	}
	i.attr.Unlock()
}

// Times returns the time stamps.
func (i *Inode) Times() (atime, mtime, ctime Time) {
	for {
		s := i.attr.ReadBegin()
		atime, mtime, ctime = i.ATime, i.MTime, i.CTime
		if !i.attr.ReadRetry(s) {
			return
		}
	}
}

// ApplyAttr makes the changes of a SetAttr in memory, except the size.
func (i *Inode) ApplyAttr(a *Attr) {
	i.attr.Lock()
	if a.Valid&AttrUID != 0 {
		atomic.StoreUint32(&i.UID, a.UID)
	}
	if a.Valid&AttrGID != 0 {
		atomic.StoreUint32(&i.GID, a.GID)
	}
	if a.Valid&AttrMode != 0 {
		atomic.StoreUint32(&i.Mode, i.Mode&S_IFMT|a.Mode&^S_IFMT)
	}
	if a.Valid&AttrATime != 0 {
		i.ATime = a.ATime
	}
	if a.Valid&AttrMTime != 0 {
		i.MTime = a.MTime
	}
	if a.Valid&AttrCTime != 0 {
		i.CTime = a.CTime
	}
	i.attr.Unlock()
}

// FillStat fills st from the inode.
func (i *Inode) FillStat(st *Stat) {
	st.Dev = i.SB.DevID
	st.Ino = i.Ino
	st.Nlink = uint64(i.Links())
	st.Rdev = i.Rdev
	st.Size = i.Size()
	st.Blksize = int64(i.SB.BlockSize)
	st.Blocks = atomic.LoadInt64(&i.Blocks)
	for {
		s := i.attr.ReadBegin()
		st.Mode, st.UID, st.GID = i.mode(), i.uid(), i.gid()
		st.ATime, st.MTime, st.CTime = i.ATime, i.MTime, i.CTime
		if !i.attr.ReadRetry(s) {
			return
		}
	}
}

// GetWriteAccess counts an opening for writing; false while the file is being executed (ETXTBSY).
func (i *Inode) GetWriteAccess() bool {
	for {
		n := i.writers.Load()
		if n < 0 {
			return false
		}
		if i.writers.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// PutWriteAccess undoes GetWriteAccess.
func (i *Inode) PutWriteAccess() { i.writers.Add(-1) }

// DenyWrite forbids writing while the file is executed; false when it is open for writing (ETXTBSY).
func (i *Inode) DenyWrite() bool {
	for {
		n := i.writers.Load()
		if n > 0 {
			return false
		}
		if i.writers.CompareAndSwap(n, n-1) {
			return true
		}
	}
}

// AllowWrite undoes DenyWrite.
func (i *Inode) AllowWrite() { i.writers.Add(1) }
