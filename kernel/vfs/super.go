package vfs

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/block"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vm/pagecache"
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
	Magic     int64         // statfs's type
	NoCache   bool          // inodes are freed at their last reference: nothing can read them again
	Private   unsafe.Pointer
	Root      *Dentry

	active   atomic.Int32            // mounts, and those who sync
	node     ds.ListNode[SuperBlock] // on the list of superblocks; guarded by superLock
	syncLock sched.Mutex             // one sync at a time

	// Guarded by lock.
	lock   lock.Spin
	inodes ds.List[Inode]
	dirty  ds.List[Inode]
	nDirty int
}

var (
	superCache = mem.Cache[SuperBlock]{Name: "super_block"}

	superLock = lock.Spin{Rank: lock.RankSuperList}
	supers    ds.List[SuperBlock] // guarded by superLock
	anonMinor uint32              // last minor number given to a volume without device; guarded by superLock
)

// NewSuper makes a superblock for Mount to fill in; nil: no memory. A volume without device gets a number of its own.
func NewSuper(t *FSType, dev *block.Device, devID uint64, ops SuperOps) *SuperBlock {
	sb := superCache.Alloc()
	if sb == nil {
		return nil
	}
	sb.Type, sb.Dev, sb.Ops = t, dev, ops
	sb.MaxBytes = 1<<63 - 1
	sb.BlockSize = 4096
	sb.lock.Init(lock.RankSuper)
	sb.node.Init(sb)
	superLock.Lock()
	if devID == 0 {
		anonMinor++
		devID = Makedev(0, anonMinor)
	}
	supers.PushBack(&sb.node)
	superLock.Unlock()
	sb.DevID = devID
	return sb
}

// ReadOnly tells whether the volume is mounted read-only.
func (sb *SuperBlock) ReadOnly() bool { return sb.Flags.Load()&MS_RDONLY != 0 }

// DropSuper frees a superblock: for Mount when it fails (Root not set), and at the end of an unmount.
func DropSuper(sb *SuperBlock) {
	superLock.Lock()
	supers.Remove(&sb.node)
	superLock.Unlock()
	superCache.Free(sb)
}

// put gives up a use of the volume. The last one shuts it down: everything is written, dentries and inodes are freed.
func (sb *SuperBlock) put() {
	if !sb.lastUse() {
		return
	}
	sb.endWatches()
	sb.sync(true)
	sb.Root.pruneChildren()
	sb.Root.Put()
	sb.Root = nil
	sb.evictInodes()
	sb.Ops.PutSuper(sb)
	DropSuper(sb)
}

// Hold keeps the volume alive without a mount, by one who has it alive already; Release ends that, and may shut it down.
func (sb *SuperBlock) Hold() { sb.active.Add(1) }

// Release undoes Hold.
func (sb *SuperBlock) Release() { sb.put() }

// lastUse lowers the use count. A volume whose count is 0 is still listed but passed over by everybody.
func (sb *SuperBlock) lastUse() bool {
	superLock.Lock()
	defer superLock.Unlock()
	return sb.active.Add(-1) == 0
}

// evictInodes frees all idle inodes of the volume.
func (sb *SuperBlock) evictInodes() {
	for {
		i := takeIdleInode(sb)
		if i == nil {
			return
		}
		if i.claim(false) {
			i.evict()
		}
	}
}

// nextDirty takes the first dirty inode that became so before the given time, with a reference; nil when there is none.
func (sb *SuperBlock) nextDirty(before uint64) *Inode {
	sb.lock.Lock()
	defer sb.lock.Unlock()
	for i := sb.dirty.Front(); i != nil; i = i.dirty.Next() {
		if i.dirtied > before {
			return nil
		}
		if i.tryGet() {
			return i
		}
	}
	return nil
}

// tryGet takes a reference unless the inode is being freed or is new. The inode is kept from being released by a lock the caller holds.
func (i *Inode) tryGet() bool {
	b := i.bucket()
	b.lock.Lock()
	ok := i.state.Load()&(inodeFreeing|inodeNew) == 0
	if ok {
		i.refs.Add(1)
	}
	b.lock.Unlock()
	return ok
}

// writeInodes writes the inodes that have been dirty since before the given time, at most as many as there are now.
func (sb *SuperBlock) writeInodes(before uint64) (err errno.Errno) {
	for {
		i := sb.nextDirty(before)
		if i == nil {
			return err
		}
		e := i.Write(false)
		i.Put()
		if e != errno.OK {
			return e // it is dirty again and first in line some day: no endless loop
		}
	}
}

// writePages starts (or, with wait, waits for) the write-back of all files' pages.
func (sb *SuperBlock) writePages(wait bool) {
	var prev *Inode
	sb.lock.Lock()
	i := sb.inodes.Front()
	for i != nil {
		if i.Pages.Clean() || !i.tryGet() {
			i = i.sbNode.Next()
			continue
		}
		sb.lock.Unlock()
		if prev != nil {
			prev.Put()
		}
		i.Pages.Sync(0, ^uint64(0), wait)
		prev = i
		sb.lock.Lock()
		i = i.sbNode.Next() // i is still listed: we hold a reference
	}
	sb.lock.Unlock()
	if prev != nil {
		prev.Put()
	}
}

// sync makes the volume durable, or starts to.
func (sb *SuperBlock) sync(wait bool) errno.Errno {
	if sb.ReadOnly() {
		return errno.OK
	}
	sb.syncLock.Lock()
	sb.writePages(false)
	err := sb.writeInodes(^uint64(0))
	if wait {
		sb.writePages(true)
		if e := sb.writeInodes(^uint64(0)); err == errno.OK { // what writing the pages has changed
			err = e
		}
	}
	if e := sb.Ops.SyncFS(sb, wait); err == errno.OK {
		err = e
	}
	sb.syncLock.Unlock()
	return err
}

// eachSuper calls fn for every mounted volume, which is kept alive meanwhile.
func eachSuper(fn func(sb *SuperBlock)) {
	superLock.Lock()
	sb := supers.Front()
	for sb != nil {
		if sb.active.Load() == 0 {
			sb = sb.node.Next()
			continue
		}
		sb.active.Add(1)
		superLock.Unlock()
		fn(sb)
		superLock.Lock()
		next := sb.node.Next()
		superLock.Unlock()
		sb.put()
		superLock.Lock()
		sb = stillListed(next)
	}
	superLock.Unlock()
}

// stillListed returns sb if it is on the list, else the end: a volume that vanished during a walk ends it early.
func stillListed(sb *SuperBlock) *SuperBlock {
	for s := supers.Front(); s != nil; s = s.node.Next() {
		if s == sb {
			return s
		}
	}
	return nil
}

// Sync is sync(2): everything on all volumes becomes durable.
func Sync() {
	eachSuper(func(sb *SuperBlock) { sb.sync(false) })
	eachSuper(func(sb *SuperBlock) { sb.sync(true) })
}

// writeOldInodes is called after each round of page write-back.
func writeOldInodes(now, age uint64) {
	before := uint64(0)
	if now > age {
		before = now - age
	}
	eachSuper(func(sb *SuperBlock) {
		if !sb.ReadOnly() {
			sb.writeInodes(before)
		}
	})
}

// DropCaches frees what is cached and not in use: 1 pages, 2 dentries and inodes, 3 both.
func DropCaches(what int) {
	if what&1 != 0 {
		pagecache.DropCaches()
	}
	if what&2 != 0 {
		// A parent becomes idle when its children are gone, and what was used lately gets a second chance in each pass. Others may
		// go on using names: hence a bound.
		const passes, all = 100, 1 << 30
		for i, barren := 0, 0; i < passes && barren < 2; i++ {
			if shrinkDentries(all)+shrinkInodes(all) == 0 {
				barren++
			} else {
				barren = 0
			}
		}
	}
}

// Start registers the shrinkers and the write-back of inodes. pagecache.Start comes after it.
func Start() {
	mem.RegisterShrinker(&dentryShrinker)
	mem.RegisterShrinker(&inodeShrinker)
	pagecache.AfterFlush = writeOldInodes
}
