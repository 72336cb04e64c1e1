package pagecache

import (
	"math/bits"

	"galago/kernel/errno"
	"galago/kernel/mem"
)

// ReadAhead is the read pattern of one open file. A sequential reader gets a window of pages ahead of it that doubles up
// to MaxWindow. The page at which half of the window is used up carries a marker (flag Readahead): whoever reads that
// page starts the next window, so that a steady reader never waits. Races between readers of one file only make guesses worse.
type ReadAhead struct {
	start uint64 // the present window: pages [start, start+size),
	size  uint32
	async uint32 // of which the last async ones were not asked for; the marker is on their first
	prev  uint64 // last page read, plus one
}

// MaxWindow is the largest read-ahead window in pages (128 KiB, as Linux's default).
const MaxWindow = 32

// firstWindow guesses from the size of the first request.
func firstWindow(req uint32) uint32 {
	n := uint32(1) << bits.Len32(req-1)
	switch {
	case n <= MaxWindow/32:
		n *= 4
	case n <= MaxWindow/4:
		n *= 2
	}
	return min(n, MaxWindow)
}

// nextWindow grows the window.
func nextWindow(cur uint32) uint32 {
	if cur < MaxWindow/16 {
		return cur * 4
	}
	return min(cur*2, MaxWindow)
}

// miss is called when page idx is not cached and req pages from there are wanted.
func (o *Object) readMissing(ra *ReadAhead, idx uint64, req uint32) {
	req = max(min(req, MaxWindow), 1)
	if ra == nil {
		o.populate(idx, req, req)
		return
	}
	sequential := idx == 0 || idx == ra.prev || idx+1 == ra.prev
	switch {
	case ra.size > 0 && (idx == ra.start+uint64(ra.size) || idx == ra.start+uint64(ra.size-ra.async)):
		ra.start = idx
		ra.size = max(nextWindow(ra.size), req)
		ra.async = ra.size - req
	case sequential:
		ra.start = idx
		ra.size = max(firstWindow(req), req)
		ra.async = ra.size - req
	default: // random: only what is asked for
		o.populate(idx, req, req)
		return
	}
	o.populate(ra.start, ra.size, ra.size-ra.async)
}

// readMarker is called when the reader arrives at the page with the marker.
func (o *Object) readMarker(ra *ReadAhead, f *mem.Frame, idx uint64) {
	f.ClearFlag(mem.FrameReadahead)
	if ra == nil {
		return
	}
	if ra.size > 0 && idx == ra.start+uint64(ra.size-ra.async) {
		ra.start += uint64(ra.size)
	} else { // another reader's window: carry on behind it
		ra.start = idx + 1
		ra.size = max(ra.size, 4)
	}
	ra.size = nextWindow(ra.size)
	ra.async = ra.size
	o.populate(ra.start, ra.size, 0)
}

// populate starts reading those of the n pages from idx that are not cached, and puts the marker on page idx+marker.
// Shortage of memory ends it early.
func (o *Object) populate(idx uint64, n, marker uint32) {
	end := min(idx+uint64(n), pagesIn(o.Size()))
	mark := idx + uint64(marker)
	var batch [batchPages]*mem.Frame
	k := 0
	for ; idx < end; idx++ {
		f, err := o.startPage(idx)
		if err != errno.OK && err != errno.EEXIST {
			break
		}
		if k > 0 && (f == nil || k == len(batch)) {
			o.Ops.ReadPages(o, noEscape(&batch)[:k])
			k = 0
		}
		if f == nil {
			continue
		}
		if idx == mark {
			f.SetFlag(mem.FrameReadahead)
		}
		batch[k] = f
		k++
	}
	if k > 0 {
		o.Ops.ReadPages(o, noEscape(&batch)[:k])
	}
}

// startPage puts a new locked page into the index at idx. The index's own reference and the lock keep it.
func (o *Object) startPage(idx uint64) (*mem.Frame, errno.Errno) {
	if f := o.Lookup(idx); f != nil {
		f.Put()
		return nil, errno.EEXIST
	}
	f := mem.AllocFrame(mem.Movable)
	if f == nil {
		return nil, errno.ENOMEM
	}
	f.SetFlag(mem.FrameLocked)
	err := o.insert(f, idx, false)
	if err != errno.OK {
		f.ClearFlag(mem.FrameLocked)
		f.Put()
		return nil, err
	}
	f.Put()
	return f, errno.OK
}

// Prefetch starts to read the pages from first to last that are not cached: readahead(2), posix_fadvise(2),
// madvise(2). Shortage of memory ends it early.
func (o *Object) Prefetch(first, last uint64) {
	const batch = 256
	if o.Flags&InMemory != 0 || o.Ops == nil { // a directory's pages are nobody's to read
		return
	}
	last = min(last, pagesIn(o.Size()))
	for idx := first; idx <= last && mem.Stats().Free > mem.Stats().Total/8; idx += batch {
		n := uint32(min(last-idx+1, batch))
		o.populate(idx, n, n)
	}
}

// Cached tells whether page idx is in memory and up to date: mincore(2).
func (o *Object) Cached(idx uint64) bool {
	f := o.Lookup(idx)
	if f == nil {
		return false
	}
	ok := f.TestFlag(mem.FrameUptodate)
	f.Put()
	return ok
}
