package pagecache

import "galago/kernel/mem"

// LockCached finds the pages from first on that are in memory, up to date and not locked, and locks them: out[i] is page first+i, with
// a reference, or nil. It returns how many there are. It does not sleep. UnlockCached must follow.
func (o *Object) LockCached(first uint64, out []*mem.Frame) (n int) {
	size := pagesIn(o.Size())
	o.lock.Lock()
	for i := range out {
		out[i] = nil
		if first+uint64(i) >= size {
			continue
		}
		f := o.pages.Get(first + uint64(i))
		// A page with the read-ahead marker is left to a fault of its own, which starts the next window.
		if f == nil || !f.TestFlag(mem.FrameUptodate) || f.TestFlag(mem.FrameReadahead|mem.FrameLocked|mem.FrameError) || !TryLockFrame(f) {
			continue
		}
		f.Get()
		out[i] = f
		n++
	}
	o.lock.Unlock()
	return n
}

// UnlockCached ends what LockCached began.
func (o *Object) UnlockCached(pages []*mem.Frame) {
	for _, f := range pages {
		if f != nil {
			UnlockFrame(f)
			f.Put()
		}
	}
}
