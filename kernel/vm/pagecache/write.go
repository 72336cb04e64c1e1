package pagecache

import (
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/uio"
)

// GenericWrite copies from it to the file at pos and grows the file. The caller holds the inode's lock for
// writing, no transaction and no other page, and has checked limits and permissions. It returns the number of bytes; an
// error only if that is 0. Writers wait here when too much is dirty.
func GenericWrite(o *Object, it *uio.Iter, pos int64) (n int, err errno.Errno) {
	if size := o.Size(); pos > size {
		if err = o.clearTail(size, pos); err != errno.OK {
			return 0, err
		}
	}
	for it.Len() > 0 {
		idx, off := uint64(pos)>>pageShift, int(pos&pageMask)
		want := min(pageSize-off, it.Len())
		k := 0
		k, err = o.writePage(it, idx, off, want)
		n += k
		pos += int64(k)
		if err != errno.OK || k < want {
			break
		}
		if o.Flags&InMemory == 0 {
			BalanceDirty()
		}
	}
	if n > 0 {
		return n, errno.OK
	}
	return 0, err
}

// writePage writes within one page.
//
// User memory may be a mapping of this very page, or fault on one that somebody else keeps locked. So the copy is made
// without the page lock: into a page that is up to date, as a store through a mapping would be; or, when the old contents do not matter,
// into a new frame that enters the index afterwards.
func (o *Object) writePage(it *uio.Iter, idx uint64, off, want int) (int, errno.Errno) {
	f := o.Lookup(idx)
	if f != nil && !f.TestFlag(mem.FrameUptodate) {
		f.Put()
		var err errno.Errno
		if f, err = o.Get(idx); err != errno.OK {
			return 0, err
		}
	}
	if f == nil {
		beyond := int64(idx)<<pageShift >= o.Size()
		if beyond || want == pageSize || o.Flags&InMemory != 0 {
			return o.writeNew(it, idx, off, want)
		}
		var err errno.Errno
		if f, err = o.Get(idx); err != errno.OK {
			return 0, err
		}
	}
	n, err := 0, o.prepare(f, off, off+want)
	if err == errno.OK {
		n, err = it.CopyIn(f.Bytes()[off : off+want])
		o.written(f, off, n)
	}
	f.Put()
	return n, err
}

// prepare asks the file system to let bytes [from, to) of a page be changed.
func (o *Object) prepare(f *mem.Frame, from, to int) errno.Errno {
	if o.Flags&InMemory != 0 {
		return errno.OK
	}
	LockFrame(f)
	err := o.Ops.PrepareWrite(o, f, from, to)
	UnlockFrame(f)
	return err
}

// written follows a copy of n bytes to offset off of a page. The size grows before the page is dirty, so
// that write-back does not take the page for one beyond the end.
func (o *Object) written(f *mem.Frame, off, n int) {
	if n == 0 {
		return
	}
	if end := int64(f.Index)<<pageShift + int64(off+n); end > o.Size() {
		o.SetSize(end)
	}
	o.MarkDirty(f)
	if o.Flags&InMemory == 0 {
		markAccessed(f)
	}
}

// writeNew writes to a page that is not cached and whose old contents do not matter: because all of it is
// overwritten or because it is a hole in memory or beyond the end.
func (o *Object) writeNew(it *uio.Iter, idx uint64, off, want int) (int, errno.Errno) {
	f := mem.AllocFrame(mem.Movable)
	if f == nil {
		return 0, errno.ENOMEM
	}
	page := f.Bytes()
	n, err := it.CopyIn(page[off : off+want])
	if n == 0 {
		f.Put()
		return 0, err
	}
	clear(page[:off])
	clear(page[off+n:])
	if n < pageSize && o.Flags&InMemory == 0 && int64(idx)<<pageShift < o.Size() {
		err = o.copyToPage(idx, off, page[off:off+n]) // the user's page went away half-way: the rest of ours counts
		f.Put()
		return done(n, err)
	}
	f.SetFlag(mem.FrameLocked)
	f.SetFlag(mem.FrameUptodate)
	err = o.insert(f, idx, true)
	if err == errno.OK {
		if err = o.Ops.PrepareWrite(o, f, off, off+n); err == errno.OK {
			o.written(f, off, n)
		} else {
			o.remove(f)
		}
		UnlockFrame(f)
		f.Put()
		return done(n, err)
	}
	f.ClearFlag(mem.FrameLocked)
	f.ClearFlag(mem.FrameUptodate)
	if err == errno.EEXIST {
		err = o.copyToPage(idx, off, page[off:off+n])
	}
	f.Put()
	return done(n, err)
}

// copyToPage writes kernel memory to the page at idx.
func (o *Object) copyToPage(idx uint64, off int, p []byte) errno.Errno {
	f, err := o.Get(idx)
	if err != errno.OK {
		return err
	}
	if err = o.prepare(f, off, off+len(p)); err == errno.OK {
		copy(f.Bytes()[off:], p)
		o.written(f, off, len(p))
	}
	f.Put()
	return err
}

func done(n int, err errno.Errno) (int, errno.Errno) {
	if err != errno.OK {
		return 0, err
	}
	return n, errno.OK
}
