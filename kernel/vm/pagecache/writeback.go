package pagecache

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/time"
)

// Periods of write-back, as Linux's dirty_writeback_centisecs and dirty_expire_centisecs.
const (
	wakePeriod = 5e9  // ns between two looks at the dirty objects
	dirtyAge   = 30e9 // ns after which a dirty object is written
)

// Counters of pages, for thresholds and /proc/meminfo.
var (
	nrCached    atomic.Int64
	nrDirty     atomic.Int64
	nrWriteback atomic.Int64
)

// Thresholds, in pages: above the soft limit write-back starts, above the hard limit writers wait.
var (
	softLimit atomic.Int64
	hardLimit atomic.Int64
	goOnLimit atomic.Int64 // between them: a writer that waits does so until this, not to be woken for each page
)

var (
	dirtyLock    = lock.Spin{Rank: lock.RankPageDirty}
	dirtyObjects ds.List[Object] // oldest first; guarded by dirtyLock
	nDirtyObjs   int             // guarded by dirtyLock

	flusherWait sched.WaitQueue // write-back threads
	flushNow    atomic.Uint32   // set to wake them
	flushing    atomic.Bool     // there are such threads
	throttled   sched.WaitQueue // writers above the hard limit
	unpinned    sched.WaitQueue // Destroy, waiting for write-back
)

// Counts returns the numbers of pages cached, dirty and in writeback.
func Counts() (cached, dirty, writeback int64) {
	return nrCached.Load(), nrDirty.Load(), nrWriteback.Load()
}

// Until Start there is nobody to write back, so nobody must wait for it.
func init() { SetLimits(1<<62, 1<<62) }

// SetLimits sets the soft and the hard limit of dirty pages.
func SetLimits(soft, hard int64) {
	softLimit.Store(soft)
	hardLimit.Store(hard)
	goOnLimit.Store(soft + (hard-soft)/2)
}

// listDirty puts the object on the list of dirty objects.
func (o *Object) listDirty() {
	dirtyLock.Lock()
	if !o.onDirty && !o.dying {
		o.onDirty = true
		o.dirtySince = time.Now()
		dirtyObjects.PushBack(&o.dirtyNode)
		nDirtyObjs++
	}
	dirtyLock.Unlock()
}

// unlistDirty takes the object off the list for good and waits until no write-back thread works on it.
func (o *Object) unlistDirty() {
	dirtyLock.Lock()
	o.dying = true
	o.delist()
	busy := o.pins > 0
	dirtyLock.Unlock()
	if busy {
		unpinned.Wait(func() bool {
			dirtyLock.Lock()
			idle := o.pins == 0
			dirtyLock.Unlock()
			return idle
		})
	}
}

func (o *Object) delist() {
	dirtyLock.AssertHeld()
	if o.onDirty {
		dirtyObjects.Remove(&o.dirtyNode)
		o.onDirty = false
		nDirtyObjs--
	}
}

// unpin ends a write-back thread's work; an object that is still dirty goes to the end of the list.
func (o *Object) unpin() {
	o.lock.Lock()
	dirty := o.dirty > 0
	o.lock.Unlock()
	dirtyLock.Lock()
	if dirty && !o.onDirty && !o.dying {
		o.onDirty = true
		o.dirtySince = time.Now()
		dirtyObjects.PushBack(&o.dirtyNode)
		nDirtyObjs++
	}
	o.pins--
	dying := o.dying
	dirtyLock.Unlock() // the object may be gone now
	if dying {
		unpinned.WakeAll()
	}
}

// WriteRange starts writing the dirty pages from first to last. Pages still in writeback from before stay dirty, unless all is
// set: then it waits for them.
func (o *Object) WriteRange(first, last uint64, all bool) {
	var run [runPages]*mem.Frame
	var st Stale // stores go through until this is flushed, right before the pages are written
	k := 0
	for {
		f := o.nextTagged(first, last, tagDirty)
		if f == nil {
			break
		}
		if k > 0 && (k == len(run) || f.Index != run[k-1].Index+1 || f.TestFlag(mem.FrameWriteback) || !TryLockFrame(f)) {
			// Submit before waiting for a lock: see the package comment.
			o.submit(run[:k], st)
			k, st = 0, Stale{}
			LockFrame(f)
		} else if k == 0 {
			LockFrame(f)
		}
		if ownerOf(f) == o && (k == 0 || !f.TestFlag(mem.FrameWriteback)) {
			first = f.Index + 1
			started := false
			if st, started = o.startWrite(f, all, st); started {
				run[k] = f
				k++
			}
		}
		UnlockFrame(f)
		f.Put()
	}
	o.submit(run[:k], st)
}

// runPages is how many consecutive pages WriteRange takes the right to store from at a time.
const runPages = 4 * batchPages

// submit hands pages in writeback to the file system, after flushing st.
func (o *Object) submit(run []*mem.Frame, st Stale) {
	st.Flush()
	for len(run) > 0 {
		var batch [batchPages]*mem.Frame
		n := copy(batch[:], run)
		o.Ops.WritePages(o, noEscape(&batch)[:n])
		run = run[n:]
	}
}

// startWrite moves a locked page from dirty to writeback. A page still in writeback is waited for if all is set. Translations that
// have lost the right to store are added to st.
func (o *Object) startWrite(f *mem.Frame, all bool, st Stale) (Stale, bool) {
	if f.TestFlag(mem.FrameWriteback) {
		if !all {
			return st, false
		}
		WaitWriteback(f)
	}
	if f.MapCount.Load() > 0 && WriteProtect != nil {
		st = WriteProtect(o, f.Index, f, st)
	}
	return st, o.takeDirty(f)
}

// WaitRange waits until no page from first to last is in writeback.
func (o *Object) WaitRange(first, last uint64) {
	for o.writeback.Load() > 0 {
		f := o.nextTagged(first, last, tagWriteback)
		if f == nil {
			return
		}
		WaitWriteback(f)
		o.lock.Lock()
		if ownerOf(f) == o {
			first = f.Index + 1
			if !f.TestFlag(mem.FrameWriteback) {
				o.pages.ClearTag(f.Index, tagWriteback)
			}
		}
		o.lock.Unlock()
		f.Put()
	}
}

// Sync writes the dirty pages from first to last and, with wait, waits for them. Errors are left for CheckError.
func (o *Object) Sync(first, last uint64, wait bool) {
	o.WriteRange(first, last, wait)
	if wait {
		o.WaitRange(first, last)
	}
}

// flushOld writes objects from the list: those dirty since before the given time, or any while more than the soft
// limit is dirty. Each object is looked at once in a round.
func flushOld(before uint64) {
	dirtyLock.Lock()
	for left := nDirtyObjs; left > 0 && !dirtyObjects.Empty(); left-- {
		o := dirtyObjects.Front()
		if o.dirtySince > before && nrDirty.Load() <= softLimit.Load() {
			break
		}
		o.delist()
		o.pins++
		dirtyLock.Unlock()
		o.WriteRange(0, lastIndex, false)
		o.unpin()
		dirtyLock.Lock()
	}
	dirtyLock.Unlock()
}

// FlushAll starts writing everything that is dirty now: sync(2).
func FlushAll() { flushOld(^uint64(0)) }

// AfterFlush, if set, is called by the first write-back thread after each round: file systems write aged inodes then.
var AfterFlush func(now uint64, age uint64)

// flusher is the body of a write-back thread.
func flusher(arg unsafe.Pointer) {
	for {
		flusherWait.WaitTimeout(func() bool { return flushNow.Load() != 0 }, wakePeriod, false)
		flushNow.Store(0)
		now := time.Now()
		before := uint64(0)
		if now > dirtyAge {
			before = now - dirtyAge
		}
		flushOld(before)
		if arg == nil && AfterFlush != nil {
			AfterFlush(now, dirtyAge)
		}
		if nrDirty.Load() > softLimit.Load() {
			sched.Sleep(10e6) // what is left is busy or being dirtied again: do not spin on it
			flushNow.Store(1)
		}
	}
}

func wakeFlushers() {
	if flushNow.Swap(1) == 0 {
		flusherWait.WakeAll()
	}
}

// BalanceDirty is called after each page that a writer, or a store to a mapping, has made dirty: it starts write-back above the soft limit
// and holds the writer back above the hard one. The caller may hold inode locks, but nothing that write-back needs.
func BalanceDirty() {
	if nrDirty.Load()+nrWriteback.Load() <= softLimit.Load() {
		return
	}
	wakeFlushers()
	for tries := 0; tries < 50 && overLimit(); tries++ {
		wakeFlushers()
		throttled.WaitTimeout(func() bool { return nrDirty.Load()+nrWriteback.Load() <= goOnLimit.Load() }, 100e6, false)
	}
}

func overLimit() bool { return nrDirty.Load()+nrWriteback.Load() > hardLimit.Load() }

// second, when an address is given to a flusher, tells it from the first one.
var second byte

// Start sets the limits from the size of memory, registers the shrinker and starts two write-back threads: while one
// waits for a slow file system the other serves the rest.
func Start(totalPages int64) errno.Errno {
	SetLimits(max(totalPages/10, 64), max(totalPages/5, 128))
	mem.RegisterShrinker(&shrinker)
	if _, err := sched.Go("flush-0", flusher, nil); err != errno.OK {
		return err
	}
	flushing.Store(true)
	_, err := sched.Go("flush-1", flusher, unsafe.Pointer(&second))
	return err
}
