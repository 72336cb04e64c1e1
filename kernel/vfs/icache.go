package vfs

import (
	"unsafe"

	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/time"
)

// inodeBuckets is the size of the inode hash table; a power of two.
const inodeBuckets = 1 << 10

// inodeBucket's lock guards the chain, and the last step of the reference count of every inode that maps here, hashed
// or not: only with it held does a count change to 0, and only with it or idleInodeLock held does one change from 0.
// Whoever takes an inode for eviction holds both (see condemn).
type inodeBucket struct {
	lock lock.Spin
	head *Inode
}

var (
	inodes [inodeBuckets]inodeBucket

	inodeWait [16]sched.WaitQueue // for New and Freeing to end

	idleInodeLock = lock.Spin{Rank: lock.RankInodeLRU}
	idleInodes    ds.List[Inode] // coldest first; guarded by idleInodeLock
	nIdleInodes   int            // guarded by idleInodeLock
)

func init() {
	for i := range inodes {
		inodes[i].lock.Init(lock.RankInodeHash)
	}
}

func inodeBucketOf(sb *SuperBlock, ino uint64) *inodeBucket {
	h := (ino ^ uint64(uintptr(unsafe.Pointer(sb)))>>6) * 0x9E3779B97F4A7C15
	return &inodes[h>>32%inodeBuckets]
}

func (i *Inode) bucket() *inodeBucket { return inodeBucketOf(i.SB, i.Ino) }

func inodeQueue(ino uint64) *sched.WaitQueue { return &inodeWait[ino%uint64(len(inodeWait))] }

// initInode prepares what AllocInode returned. One reference.
func (sb *SuperBlock) newInode(ino uint64, state uint32) *Inode {
	i := sb.Ops.AllocInode(sb)
	if i == nil {
		return nil
	}
	i.SB, i.Ino = sb, ino
	i.attr.Init(lock.RankInode)
	i.idle.Init(i)
	i.sbNode.Init(i)
	i.dirty.Init(i)
	i.refs.Store(1)
	i.state.Store(state)
	i.Pages.Init(nil, unsafe.Pointer(i), 0)
	return i
}

// NewInode makes an inode that cannot be found by number (a file system in memory, or one that calls Hash later): the file
// system fills it in. nil: no memory.
func NewInode(sb *SuperBlock, ino uint64) *Inode {
	i := sb.newInode(ino, 0)
	if i != nil {
		sb.addInode(i)
	}
	return i
}

func (sb *SuperBlock) addInode(i *Inode) {
	sb.lock.Lock()
	sb.inodes.PushBack(&i.sbNode)
	sb.lock.Unlock()
}

// IGet finds the inode of a number, with a reference. isNew: it was not cached; it has been made, only the caller may use it,
// and everybody who looks for it waits until the caller has filled it in and calls UnlockNew, or FailNew. Use it for files that
// are being created, too; GetInode is for those that exist.
func IGet(sb *SuperBlock, ino uint64) (i *Inode, isNew bool, err errno.Errno) {
	b := inodeBucketOf(sb, ino)
	var fresh *Inode
	for {
		b.lock.Lock()
		i = b.find(sb, ino)
		if i == nil && fresh != nil {
			fresh.hashNext, fresh.hashed = b.head, true
			b.head = fresh
			b.lock.Unlock()
			sb.addInode(fresh)
			return fresh, true, errno.OK
		}
		if i == nil {
			b.lock.Unlock()
			if fresh = sb.newInode(ino, inodeNew); fresh == nil {
				return nil, false, errno.ENOMEM
			}
			continue
		}
		state := i.state.Load()
		if state&(inodeNew|inodeFreeing) == 0 {
			i.refs.Add(1)
			b.lock.Unlock()
			if fresh != nil {
				sb.Ops.FreeInode(fresh)
			}
			return i, false, errno.OK
		}
		b.lock.Unlock()
		b.waitSettled(sb, ino, i)
	}
}

// waitSettled waits until the inode is neither new nor being freed. It may be gone then.
func (b *inodeBucket) waitSettled(sb *SuperBlock, ino uint64, i *Inode) {
	inodeQueue(ino).Wait(func() bool {
		b.lock.Lock()
		settled := b.find(sb, ino) != i || i.state.Load()&(inodeNew|inodeFreeing) == 0
		b.lock.Unlock()
		return settled
	})
}

func (b *inodeBucket) find(sb *SuperBlock, ino uint64) *Inode {
	for i := b.head; i != nil; i = i.hashNext {
		if i.Ino == ino && i.SB == sb {
			return i
		}
	}
	return nil
}

func (b *inodeBucket) remove(i *Inode) {
	for p := &b.head; *p != nil; p = &(*p).hashNext {
		if *p == i {
			*p = i.hashNext
			i.hashNext, i.hashed = nil, false
			return
		}
	}
}

// UnlockNew publishes an inode that IGet returned as new.
func (i *Inode) UnlockNew() {
	b := i.bucket()
	b.lock.Lock()
	i.state.And(^uint32(inodeNew))
	b.lock.Unlock()
	inodeQueue(i.Ino).WakeAll()
}

// FailNew gives up an inode that IGet returned as new and that could not be filled in. EvictInode is not called for it.
func (i *Inode) FailNew() {
	b := i.bucket()
	b.lock.Lock()
	b.remove(i)
	b.lock.Unlock()
	inodeQueue(i.Ino).WakeAll()
	i.release()
}

// release frees an inode that nobody can find, with an empty page cache.
func (i *Inode) release() {
	sb := i.SB
	sb.lock.Lock()
	sb.inodes.Remove(&i.sbNode)
	if i.onDirty {
		sb.dirty.Remove(&i.dirty)
		i.onDirty = false
	}
	sb.lock.Unlock()
	sb.Ops.FreeInode(i)
}

// GetInode returns the inode of an existing file, reading it if it is not cached.
func GetInode(sb *SuperBlock, ino uint64) (*Inode, errno.Errno) {
	i, isNew, err := IGet(sb, ino)
	if err != errno.OK || !isNew {
		return i, err
	}
	if err = sb.Ops.ReadInode(i); err != errno.OK {
		i.FailNew()
		return nil, err
	}
	i.UnlockNew()
	return i, errno.OK
}

// Get takes another reference.
func (i *Inode) Get() *Inode {
	i.refs.Add(1)
	return i
}

// IPut gives up a reference; see Put.
func IPut(i *Inode) { i.Put() }

// Put gives up a reference. At the last, a file without names is evicted, one with names stays cached.
func (i *Inode) Put() {
	for {
		n := i.refs.Load()
		if n <= 1 {
			break
		}
		if i.refs.CompareAndSwap(n, n-1) {
			return
		}
	}
	b := i.bucket()
	b.lock.Lock()
	if i.refs.Add(-1) > 0 {
		b.lock.Unlock()
		return
	}
	if i.mayStay() {
		i.makeIdle()
		b.lock.Unlock()
		return
	}
	mine := i.condemn()
	b.lock.Unlock()
	if mine {
		i.evict()
	}
}

// mayStay tells whether the inode is worth keeping without references.
func (i *Inode) mayStay() bool {
	return i.Links() > 0 && i.hashed && !i.SB.NoCache && i.state.Load()&inodeBad == 0
}

// condemn takes an inode whose count has come to 0 for eviction; the caller holds the bucket's lock. false: the shrinker found it
// on the idle list meanwhile, has the last reference now and will decide.
func (i *Inode) condemn() bool {
	idleInodeLock.Lock()
	defer idleInodeLock.Unlock()
	if i.refs.Load() > 0 {
		return false
	}
	i.state.Or(inodeFreeing)
	if i.state.Load()&inodeIdle != 0 {
		i.state.And(^uint32(inodeIdle))
		idleInodes.Remove(&i.idle)
		nIdleInodes--
	}
	return true
}

func (i *Inode) makeIdle() {
	idleInodeLock.Lock()
	if i.state.Load()&inodeIdle == 0 {
		i.state.Or(inodeIdle)
		idleInodes.PushBack(&i.idle)
		nIdleInodes++
	}
	idleInodeLock.Unlock()
}

// evict frees an inode in state Freeing, which nobody references.
func (i *Inode) evict() {
	i.Pages.Destroy()
	i.SB.Ops.EvictInode(i)
	b := i.bucket()
	b.lock.Lock()
	if i.hashed {
		b.remove(i)
	}
	b.lock.Unlock()
	inodeQueue(i.Ino).WakeAll()
	i.release()
}

// shrinkInodes frees up to want idle inodes that are clean. No inode is looked at much more than once: those that stay go to the
// warm end of the list.
func shrinkInodes(want int) (freed int) {
	idleInodeLock.Lock()
	scan := nIdleInodes
	idleInodeLock.Unlock()
	if want < scan/2 {
		scan = 2*want + 16
	}
	for ; scan > 0 && freed < want; scan-- {
		i := takeIdleInode(nil)
		if i == nil {
			break
		}
		if i.claim(true) {
			i.evict()
			freed++
		}
	}
	return freed
}

// takeIdleInode takes the coldest inode (of sb, if not nil) off the idle list, with a reference.
func takeIdleInode(sb *SuperBlock) *Inode {
	idleInodeLock.Lock()
	defer idleInodeLock.Unlock()
	for i := idleInodes.Front(); i != nil; i = i.idle.Next() {
		if sb == nil || i.SB == sb {
			i.state.And(^uint32(inodeIdle))
			idleInodes.Remove(&i.idle)
			nIdleInodes--
			i.refs.Add(1)
			return i
		}
	}
	return nil
}

// claim gives up the caller's reference; if that was the last one it takes the inode for eviction (true) unless
// onlyClean is set, the file has names and there is something to be written.
func (i *Inode) claim(onlyClean bool) bool {
	b := i.bucket()
	b.lock.Lock()
	defer b.lock.Unlock()
	if i.refs.Add(-1) > 0 {
		return false
	}
	if onlyClean && i.mayStay() && (i.state.Load()&inodeDirty != 0 || !i.Pages.Clean()) {
		i.makeIdle()
		return false
	}
	return i.condemn()
}

var inodeShrinker = mem.Shrinker{Name: "inode", Shrink: shrinkInodes}

// MarkDirty notes that the attributes differ from the volume: WriteInode will be called by sync, by fsync, or when they are old.
func (i *Inode) MarkDirty() {
	if i.state.Load()&inodeDirty != 0 {
		return
	}
	sb := i.SB
	sb.lock.Lock()
	i.state.Or(inodeDirty)
	if !i.onDirty {
		i.onDirty = true
		i.dirtied = time.Now()
		sb.dirty.PushBack(&i.dirty)
	}
	sb.lock.Unlock()
}

// Dirty tells whether MarkDirty was called since the last WriteInode.
func (i *Inode) Dirty() bool { return i.state.Load()&inodeDirty != 0 }

// Write writes the attributes if they are dirty. The caller has a reference.
func (i *Inode) Write(sync bool) errno.Errno {
	sb := i.SB
	sb.lock.Lock()
	dirty := i.state.Load()&inodeDirty != 0
	i.state.And(^uint32(inodeDirty))
	if i.onDirty {
		sb.dirty.Remove(&i.dirty)
		i.onDirty = false
	}
	sb.lock.Unlock()
	if !dirty {
		return errno.OK
	}
	err := sb.Ops.WriteInode(i, sync)
	if err != errno.OK {
		i.MarkDirty()
	}
	return err
}
