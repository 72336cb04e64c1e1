package pagecache

import (
	"galago/kernel/errno"
	"galago/kernel/mem"
)

const lastIndex = ^uint64(0)

// Truncate sets the size and makes the pages agree: whole pages beyond it leave the cache, what the last page
// holds beyond it is cleared, and a range over which the file grows reads as zeroes. The caller holds the inode's lock for
// writing. An error (of reading or preparing the last page) leaves the size changed.
func (o *Object) Truncate(size int64) errno.Errno {
	old := o.Size()
	if size > old {
		err := o.clearTail(old, size)
		o.SetSize(size)
		return err
	}
	err := o.clearTail(size, old)
	o.SetSize(size)
	o.drop(pagesIn(size), lastIndex, true)
	return err
}

// clearTail clears the rest of the page that byte from is in, up to byte to; nothing if from begins a page.
func (o *Object) clearTail(from, to int64) errno.Errno {
	if from&pageMask == 0 {
		return errno.OK
	}
	return o.Clear(from, to)
}

// Clear clears the bytes [from, to) of the page that byte from is in, none if from >= to. The caller holds the inode's lock for writing.
func (o *Object) Clear(from, to int64) errno.Errno {
	if from >= to {
		return errno.OK
	}
	off := int(from & pageMask)
	end := int(min(int64(pageSize), to-(from-int64(off))))
	idx := uint64(from) >> pageShift
	if o.Flags&InMemory != 0 {
		f := o.Lookup(idx)
		if f != nil {
			clear(f.Bytes()[off:end])
			f.Put()
		}
		return errno.OK
	}
	f, err := o.Get(idx)
	if err != errno.OK {
		return err
	}
	LockFrame(f)
	if ownerOf(f) == o {
		if err = o.Ops.PrepareWrite(o, f, off, end); err == errno.OK {
			clear(f.Bytes()[off:end])
			o.MarkDirty(f)
		}
	}
	UnlockFrame(f)
	f.Put()
	return err
}

// drop unmaps and removes pages: before, so that it need not be done page by page; and after, when no fault can find the pages any
// more, for the private copies made meanwhile.
func (o *Object) drop(first, last uint64, private bool) {
	o.unmapRange(first, last, private)
	o.removeRange(first, last)
	if private {
		o.unmapRange(first, last, true)
	}
}

// removeRange takes all pages from first to last out of the cache, dirty or not.
func (o *Object) removeRange(first, last uint64) {
	for {
		f := o.nextPage(first, last)
		if f == nil {
			return
		}
		LockFrame(f)
		if ownerOf(f) == o {
			first = f.Index + 1
			if f.MapCount.Load() > 0 && Unmap != nil {
				Unmap(o, f.Index, f)
			}
			WaitWriteback(f)
			o.remove(f)
		}
		UnlockFrame(f)
		f.Put()
	}
}

// RemoveRange throws the pages from first to last away, dirty or not: a hole is being punched. The caller holds the
// inode's lock for writing.
func (o *Object) RemoveRange(first, last uint64) { o.drop(first, last, false) }

// PunchHole makes bytes [from, to) of a file in memory read as zeroes and frees the whole pages among them. The caller holds the
// inode's lock for writing.
func (o *Object) PunchHole(from, to int64) errno.Errno {
	to = min(to, o.Size())
	if from >= to {
		return errno.OK
	}
	if err := o.clearTail(from, to); err != errno.OK {
		return err
	}
	first, last := pagesIn(from), uint64(to)>>pageShift
	if uint64(from)>>pageShift < last {
		if first < last {
			o.drop(first, last-1, false)
		}
		if f := o.Lookup(last); f != nil && to&pageMask != 0 {
			clear(f.Bytes()[:to&pageMask])
			f.Put()
		} else if f != nil {
			f.Put()
		}
	}
	return errno.OK
}

// NextPage returns the index of the first cached page from idx on.
func (o *Object) NextPage(idx uint64) (uint64, bool) {
	o.lock.Lock()
	at, f := o.pages.Next(idx)
	o.lock.Unlock()
	return at, f != nil
}

// Invalidate drops the clean, unused pages from first to last, and tells how many stay. Nothing is lost.
func (o *Object) Invalidate(first, last uint64) (left int) {
	if o.Flags&InMemory != 0 {
		return o.Pages()
	}
	for {
		f := o.nextPage(first, last)
		if f == nil {
			return left
		}
		first = f.Index + 1
		if !TryLockFrame(f) {
			left++
		} else {
			if ownerOf(f) == o && !o.reclaim(f, 2) {
				left++
			}
			UnlockFrame(f)
		}
		f.Put()
		if first == 0 {
			return left
		}
	}
}

// reclaim removes a locked page if it is clean and nobody else uses it: refs is what it has with only the index and the caller.
func (o *Object) reclaim(f *mem.Frame, refs int32) bool {
	if f.TestFlag(mem.FrameDirty) || f.TestFlag(mem.FrameWriteback) || f.MapCount.Load() > 0 {
		return false
	}
	if f.Refs.Load() != refs {
		return false
	}
	o.lock.Lock()
	if f.Refs.Load() != refs || f.TestFlag(mem.FrameDirty) {
		o.lock.Unlock()
		return false
	}
	o.removeLocked(f)
	o.lock.Unlock()
	o.Ops.Release(o, f, false)
	o.forget(f)
	return true
}

// Destroy empties the object for good: its inode is being freed. Nobody has references to it any more, except
// write-back, which it waits for.
func (o *Object) Destroy() {
	o.unlistDirty()
	o.removeRange(0, lastIndex)
}
