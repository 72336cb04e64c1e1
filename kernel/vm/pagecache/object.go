// Package pagecache keeps the pages of files in memory. An Object is one file's (or one block device's) set of
// pages, indexed by page number; a page is a mem.Frame whose Owner is the Object and whose Index is the page number.
// Reads, writes, memory mappings and program loading all go through the same frames, so they always agree.
//
// Life of a page. It enters the index locked and not up to date; Ops.ReadPages starts its I/O and ReadDone
// marks it up to date (or in error) and unlocks it. MarkDirty tags it; write-back takes the lock, moves it from
// dirty to writeback, unlocks it and hands it to Ops.WritePages, whose completion calls WriteDone. A page
// leaves the index under its lock, and only when it is not in writeback: by truncation, invalidation or the shrinker.
//
// Invariants:
//
//   - f.Owner and f.Index change only under the page lock (flag Locked) and the object's spin lock together.
//     Whoever locks a page found by an earlier lookup checks both again.
//
//   - The index holds one reference to each of its frames. References are taken under the object's spin lock.
//
//   - Dirty changes under the object's spin lock, where the radix tag of the same meaning changes with it.
//     Writeback is set under page lock and spin lock; it is cleared by WriteDone, which may run in an interrupt and takes
//     no lock of this package; the radix tag of Writeback is a hint that may outlive the flag.
//
//   - User memory is never touched with a page locked, since the fault could need that very page: copies go to
//     referenced, unlocked, up-to-date pages, or to a frame that is not yet in the index (see write.go).
//
//   - A page enters the index below the size, checked under the spin lock, or by a writer that holds the inode's
//     lock; truncation lowers the size first and removes pages second. So no page beyond the end survives a truncation.
//
//   - What a page holds beyond the end of the file is zero or what a memory mapping has stored there. It is
//     cleared when read in and when the file grows over it, never in between.
//
// Lock order: the inode's lock → page lock (ascending index) → list of mappings (RankVMArea) → Object.lock (RankPageCache) → LRU lock
// (RankPageLRU) → dirty list lock (RankPageDirty). A page lock is never waited for with unsubmitted pages in
// writeback (their completion could be what the lock's holder waits for).
package pagecache

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
)

// Ops is what a file system does for the pages of a file. The slices are only valid during the call.
type Ops interface {
	// ReadPages starts reading pages: frames are locked, not up to date, of consecutive indexes and lie at
	// least partly below the object's size. For each frame ReadDone must be called exactly once, at
	// whatever time and in whatever context, whether or not an error is returned. What lies beyond the end of
	// the file must read as zeroes.
	ReadPages(o *Object, frames []*mem.Frame) errno.Errno

	// WritePages starts writing pages: frames are in writeback, unlocked and of consecutive indexes. For
	// each frame WriteDone must be called exactly once. The call may sleep and may start transactions.
	WritePages(o *Object, frames []*mem.Frame) errno.Errno

	// PrepareWrite is called before bytes [from, to) of a page are first made different, with the page locked: by
	// GenericWrite before it copies, and by the first store to a shared mapping. The file system reserves
	// space here, so that a full disk is an error of write(2) and not of write-back. It may sleep, but must not wait for
	// other pages. For an InMemory object it is called once for each page that enters the index.
	PrepareWrite(o *Object, f *mem.Frame, from, to int) errno.Errno

	// Release is called when a page leaves the index, with the page locked: the file system drops a
	// reservation that PrepareWrite made and write-back has not used (dirty tells whether the page is thrown away unwritten),
	// and what it keeps in f.Private. It must not sleep if dirty is false: memory may be short.
	Release(o *Object, f *mem.Frame, dirty bool)
}

// NoPrepare is embedded by implementations of Ops that need neither PrepareWrite nor Release.
type NoPrepare struct{}

// PrepareWrite allows every write.
func (NoPrepare) PrepareWrite(o *Object, f *mem.Frame, from, to int) errno.Errno { return errno.OK }

// Release has nothing to drop.
func (NoPrepare) Release(o *Object, f *mem.Frame, dirty bool) {}

// Object is the cached pages of one file. It lives in its inode and must not be moved.
type Object struct {
	Ops   Ops            // set by Init
	Owner unsafe.Pointer // the inode, for Ops
	Flags ObjectFlags    // set by Init

	size atomic.Int64  // of the file, in bytes
	id   atomic.Uint64 // see Identity; 0: none yet

	lock  lock.Spin
	pages ds.Radix[mem.Frame] // guarded by lock
	n     int                 // pages in the index; guarded by lock
	dirty int                 // of them dirty; guarded by lock

	writeback atomic.Int32  // pages in writeback
	wbErr     atomic.Uint32 // error sequence, see errseq.go

	mapLock lock.Spin        // see mapping.go
	maps    ds.List[Mapping] // guarded by mapLock
	nMaps   atomic.Int32     // its length
	Writers atomic.Int32     // shared areas that may store, kept by package vm; negative: a seal forbids them

	// Write-back state, guarded by dirtyLock.
	dirtyNode  ds.ListNode[Object] // on the list of dirty objects
	dirtySince uint64              // when the oldest dirty page became so, ns
	onDirty    bool
	pins       int  // write-back threads at work on this object
	dying      bool // Destroy has begun: no new pins
}

// ObjectFlags modify the treatment of an object's pages.
type ObjectFlags uint32

// Object flags.
const (
	// InMemory: the pages are the file itself (tmpfs). They are never written back nor reclaimed, and a page that
	// is not there is a hole of zeroes.
	InMemory ObjectFlags = 1 << iota
)

// Init makes o an empty object. The memory may have been used before.
func (o *Object) Init(ops Ops, owner unsafe.Pointer, flags ObjectFlags) {
	o.Ops, o.Owner, o.Flags = ops, owner, flags
	o.size.Store(0)
	o.id.Store(0)
	o.lock.Init(lock.RankPageCache)
	o.pages.Init(&nodes)
	o.n, o.dirty = 0, 0
	o.mapLock.Init(lock.RankVMArea)
	o.maps = ds.List[Mapping]{}
	o.nMaps.Store(0)
	o.Writers.Store(0)
	o.writeback.Store(0)
	o.wbErr.Store(0)
	o.dirtyNode.Init(o)
	o.dirtySince, o.onDirty, o.pins, o.dying = 0, false, 0, false
}

// Size returns the size of the file in bytes.
func (o *Object) Size() int64 { return o.size.Load() }

// SetSize sets the size without touching pages: when an inode is read, and by file systems whose files are not
// in the cache. Truncate and GenericWrite keep pages and size together.
func (o *Object) SetSize(n int64) { o.size.Store(n) }

// Pages returns the number of cached pages.
func (o *Object) Pages() int {
	o.lock.Lock()
	n := o.n
	o.lock.Unlock()
	return n
}

// Clean tells whether no page is dirty or in writeback.
func (o *Object) Clean() bool {
	o.lock.Lock()
	clean := o.dirty == 0
	o.lock.Unlock()
	return clean && o.writeback.Load() == 0
}

// pagesIn returns how many pages a file of n bytes has.
func pagesIn(n int64) uint64 { return (uint64(n) + pageMask) >> pageShift }

var lastIdentity atomic.Uint64

// Identity returns a number that no other object has or had.
func (o *Object) Identity() uint64 { return Identify(&o.id) }

// Identify gives *id, if it is 0, a number that nothing else has, and returns it.
func Identify(id *atomic.Uint64) uint64 {
	v := id.Load()
	if v == 0 {
		id.CompareAndSwap(0, lastIdentity.Add(1))
		v = id.Load()
	}
	return v
}
