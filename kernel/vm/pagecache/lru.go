package pagecache

import (
	"sync/atomic"

	"galago/arch"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Page replacement: two lists with second chance, after 2Q and Linux's classic scheme. New pages enter the inactive list;
// one that is used again while there becomes active. Reclaim takes from the cold end of the inactive list, sparing
// once what has been used since it came there, and refills it from the active list when that is the longer one. So a single
// pass over a big file does not push out what is in steady use.

// frameList is a circular list of frames through their Prev and Next.
type frameList struct {
	head mem.Frame // sentinel
	n    int
}

func (l *frameList) push(f *mem.Frame) {
	h := &l.head
	if h.Next == nil {
		h.Next, h.Prev = h, h
	}
	f.Next, f.Prev = h.Next, h
	h.Next.Prev = f
	h.Next = f
	l.n++
}

func (l *frameList) remove(f *mem.Frame) {
	f.Prev.Next, f.Next.Prev = f.Next, f.Prev
	f.Next, f.Prev = nil, nil
	l.n--
}

// last returns the coldest frame, or nil.
func (l *frameList) last() *mem.Frame {
	if l.n == 0 {
		return nil
	}
	return l.head.Prev
}

// Guarded by lruLock: the lists, and of each frame the flag Active and the flag LRU: it belongs to one of the lists, by
// Active. A frame that reclaim has isolated belongs to its list but is not on it (Next is nil).
var (
	lruLock  = lock.Spin{Rank: lock.RankPageLRU}
	active   frameList
	inactive frameList
)

// LRUCounts returns the lengths of the active and the inactive list.
func LRUCounts() (nActive, nInactive int) {
	lruLock.Lock()
	defer lruLock.Unlock()
	return active.n, inactive.n
}

func lruAdd(f *mem.Frame) {
	lruLock.Lock()
	f.SetFlag(mem.FrameLRU)
	inactive.push(f)
	lruLock.Unlock()
}

func lruRemove(f *mem.Frame) {
	lruLock.Lock()
	switch {
	case f.Next == nil:
	case f.TestFlag(mem.FrameActive):
		active.remove(f)
	default:
		inactive.remove(f)
	}
	f.ClearFlag(mem.FrameLRU)
	f.ClearFlag(mem.FrameActive)
	f.ClearFlag(mem.FrameReferenced)
	lruLock.Unlock()
}

// markAccessed notes a use: the first sets Referenced, the second activates.
func markAccessed(f *mem.Frame) {
	if !f.TestFlag(mem.FrameReferenced) {
		f.SetFlag(mem.FrameReferenced)
		return
	}
	if f.TestFlag(mem.FrameActive) {
		return
	}
	lruLock.Lock()
	if f.Next != nil && f.TestFlag(mem.FrameLRU) && !f.TestFlag(mem.FrameActive) {
		inactive.remove(f)
		f.SetFlag(mem.FrameActive)
		f.ClearFlag(mem.FrameReferenced)
		active.push(f)
	}
	lruLock.Unlock()
}

// isolateMax is how many frames reclaim works on at a time.
const isolateMax = 64

// isolate takes up to isolateMax frames from the cold end of the inactive list, with a reference each.
func isolate(out *[isolateMax]*mem.Frame) (n int) {
	lruLock.Lock()
	for n < len(out) {
		f := inactive.last()
		if f == nil {
			break
		}
		f.Get() // the index still has its reference: it takes the frame off the list before giving it up
		inactive.remove(f)
		out[n] = f
		n++
	}
	lruLock.Unlock()
	return n
}

// putBack returns an isolated frame to the hot end of the inactive list unless it left the cache meanwhile.
func putBack(f *mem.Frame) {
	lruLock.Lock()
	if f.TestFlag(mem.FrameLRU) && f.Next == nil {
		inactive.push(f)
	}
	lruLock.Unlock()
}

// refill moves frames from the active list's cold end to the inactive list, sparing those used since.
func refill() {
	lruLock.Lock()
	for i := 0; i < 2*isolateMax && active.n > inactive.n; i++ {
		f := active.last()
		active.remove(f)
		if f.TestFlag(mem.FrameReferenced) {
			f.ClearFlag(mem.FrameReferenced)
			active.push(f)
			continue
		}
		f.ClearFlag(mem.FrameActive)
		inactive.push(f)
	}
	lruLock.Unlock()
}

// unmapOne locks an isolated frame and, if it can be freed, removes its translations, which the caller flushes before freeOne. False:
// it stays in the cache and has been given back. force ignores recent use.
func unmapOne(f *mem.Frame, force bool, st Stale) (Stale, bool) {
	if !TryLockFrame(f) {
		putBack(f)
		f.Put()
		return st, false
	}
	used := false
	o := ownerOf(f)
	if o != nil {
		used = f.TestFlag(mem.FrameReferenced) && !force
		if !used && f.MapCount.Load() > 0 {
			gone := false
			if TryUnmap != nil {
				st, gone = TryUnmap(o, f.Index, f, st)
			}
			used = !gone
		}
	}
	switch {
	case o == nil:
	case used:
		f.ClearFlag(mem.FrameReferenced)
		putBack(f)
	case f.TestFlag(mem.FrameDirty):
		sawDirty.Store(1)
		putBack(f)
	default:
		return st, true
	}
	UnlockFrame(f)
	f.Put()
	return st, false
}

// freeOne frees a frame that unmapOne has left locked, if nobody has begun to use it since.
func freeOne(f *mem.Frame) bool {
	freed := ownerOf(f).reclaim(f, 2)
	if !freed {
		putBack(f)
	}
	UnlockFrame(f)
	f.Put()
	return freed
}

// scan tries to free isolated frames, with one flush for all, and tells how many it has freed.
func scan(batch []*mem.Frame, force bool) (freed int) {
	var st Stale
	n := 0
	for _, f := range batch {
		ready := false
		if st, ready = unmapOne(f, force, st); ready {
			batch[n] = f
			n++
		}
	}
	st.Flush()
	for _, f := range batch[:n] {
		if freeOne(f) {
			freed++
		}
	}
	return freed
}

var sawDirty atomic.Uint32

// shrink frees up to want pages, looking at no more than the given number.
func shrink(want, most int, force bool) (freed int) {
	var batch [isolateMax]*mem.Frame
	for freed < want && most > 0 {
		refill()
		n := isolate(&batch)
		if n == 0 {
			break
		}
		freed += scan(batch[:n], force)
		most -= n
	}
	if sawDirty.Swap(0) != 0 {
		wakeFlushers()
	}
	return freed
}

// Under pressure with nothing but dirty pages in sight, reclaim waits for write-back, but not for ever: whoever allocates may hold
// what write-back needs.
const (
	writebackTries = 5
	writebackWait  = 10e6 // ns
)

// shrinkUnderPressure looks at up to four pages for one that is wanted; when that yields nothing, at everything twice, since the first
// look may only take marks of recent use away.
func shrinkUnderPressure(want int) int {
	if mem.Sparing() {
		if a, i := LRUCounts(); a+i <= spared() {
			return 0
		}
	}
	freed := shrink(want, 4*want+64, false)
	for try := 0; freed == 0; try++ {
		a, i := LRUCounts()
		freed = shrink(want, 2*(a+i), false)
		if try == writebackTries || nrDirty.Load()+nrWriteback.Load() == 0 || !flushing.Load() {
			break
		}
		if freed == 0 {
			wakeFlushers()
			sched.Sleep(writebackWait)
		}
	}
	return freed
}

// spared is how many pages a sparing reclaim leaves: 1/32 of the memory, at most 8 MiB.
func spared() int { return min(mem.TotalFrames()/32, 8<<20>>arch.PageShift) }

var shrinker = mem.Shrinker{Name: "pagecache", Shrink: shrinkUnderPressure}

// DropCaches frees every clean page that is not in use: /proc/sys/vm/drop_caches.
func DropCaches() (freed int) {
	a, i := LRUCounts()
	for range 2 {
		freed += shrink(a+i, a+i, true)
	}
	return freed
}
