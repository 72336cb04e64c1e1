package pagecache

import (
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/uio"
)

// GenericRead copies from the file at pos to it, up to the end of the file, reading ahead by the pattern in ra (which may
// be nil). It returns the number of bytes; an error only if that is 0. EFAULT, EIO, ENOMEM.
func GenericRead(o *Object, ra *ReadAhead, it *uio.Iter, pos int64) (n int, err errno.Errno) {
	if pos < 0 {
		return 0, errno.EINVAL
	}
	for it.Len() > 0 {
		size := o.Size()
		if pos >= size {
			break
		}
		idx, off := uint64(pos)>>pageShift, int(pos&pageMask)
		want := min(pageSize-off, it.Len())
		if left := size - pos; int64(want) > left {
			want = int(left)
		}
		f := o.Lookup(idx)
		if f == nil || !f.TestFlag(mem.FrameUptodate) || f.TestFlag(mem.FrameReadahead) {
			f, err = o.readPage(ra, f, idx, uint32((off+it.Len()+pageMask)>>pageShift))
			if err == errno.ENXIO { // truncated meanwhile
				continue
			}
			if err != errno.OK {
				break
			}
		}
		k := 0
		if f == nil {
			k, err = it.Zero(want)
		} else {
			o.touch(ra, f, idx)
			k, err = it.CopyOut(f.Bytes()[off : off+want])
			f.Put()
		}
		n += k
		pos += int64(k)
		if k < want {
			if err == errno.OK {
				err = errno.EFAULT
			}
			break
		}
	}
	if n > 0 {
		return n, errno.OK
	}
	return 0, err
}

// readPage is GenericRead's slow path: f is the page at idx as found, with a reference, or nil. The result is up to date;
// nil stands for a hole in memory.
func (o *Object) readPage(ra *ReadAhead, f *mem.Frame, idx uint64, req uint32) (*mem.Frame, errno.Errno) {
	if f == nil {
		if o.Flags&InMemory != 0 {
			return nil, errno.OK
		}
		o.readMissing(ra, idx, req)
		if f = o.Lookup(idx); f == nil {
			return o.Get(idx)
		}
	}
	if f.TestFlag(mem.FrameReadahead) {
		o.readMarker(ra, f, idx)
	}
	if f.TestFlag(mem.FrameUptodate) {
		return f, errno.OK
	}
	WaitFrame(f)
	if f.TestFlag(mem.FrameUptodate) {
		return f, errno.OK
	}
	// In error, or truncated: Get tries again once, and tells which.
	f.Put()
	return o.Get(idx)
}

// touch notes a use of the page, once for consecutive reads of the same one: the second makes it active.
func (o *Object) touch(ra *ReadAhead, f *mem.Frame, idx uint64) {
	if ra != nil {
		if ra.prev == idx+1 {
			return
		}
		ra.prev = idx + 1
	}
	if o.Flags&InMemory == 0 {
		markAccessed(f)
	}
}

// FaultPage returns the page at idx for a memory mapping: up to date, locked and with a reference. The caller installs
// its translation and then unlocks, so that a truncation either finds the mapping or prevents it. ENXIO: beyond the end.
// A hole in memory gets a page.
func FaultPage(o *Object, ra *ReadAhead, idx uint64) (*mem.Frame, errno.Errno) {
	for {
		f := o.Lookup(idx)
		missing := f == nil && o.Flags&InMemory == 0 && idx < pagesIn(o.Size())
		if missing || f != nil && !f.TestFlag(mem.FrameUptodate) {
			sched.Current().Charged.PageMisses.Add(1)
		}
		if missing {
			o.readMissing(ra, idx, 1)
		} else if f != nil && f.TestFlag(mem.FrameReadahead) {
			o.readMarker(ra, f, idx)
		}
		if f != nil {
			f.Put()
		}
		f, err := o.Get(idx)
		if err != errno.OK {
			return nil, err
		}
		if idx >= pagesIn(o.Size()) {
			f.Put()
			return nil, errno.ENXIO
		}
		LockFrame(f)
		if ownerOf(f) == o && f.Index == idx && f.TestFlag(mem.FrameUptodate) {
			o.touch(ra, f, idx)
			return f, errno.OK
		}
		UnlockFrame(f)
		f.Put()
	}
}

// MakeWritable prepares a page for stores through a shared mapping: space is reserved and the page dirty. f is what FaultPage
// returned, still locked. EAGAIN: it was truncated.
func MakeWritable(o *Object, f *mem.Frame) errno.Errno {
	if ownerOf(f) != o {
		return errno.EAGAIN
	}
	if err := o.Ops.PrepareWrite(o, f, 0, pageSize); err != errno.OK {
		return err
	}
	o.MarkDirty(f)
	return errno.OK
}
