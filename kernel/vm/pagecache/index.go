package pagecache

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Radix tags.
const (
	tagDirty     = 0
	tagWriteback = 1
)

// Lookup returns the page at idx with a reference, in whatever state, or nil.
func (o *Object) Lookup(idx uint64) *mem.Frame {
	o.lock.Lock()
	f := o.pages.Get(idx)
	if f != nil {
		f.Get()
	}
	o.lock.Unlock()
	return f
}

// insert puts a locked frame that nobody else knows into the index, which takes a reference of its own. It returns EEXIST when
// there is a page at idx, ENXIO when idx lies beyond the end and the caller is not extending the file, ENOMEM.
func (o *Object) insert(f *mem.Frame, idx uint64, extending bool) errno.Errno {
	f.Owner, f.Index = unsafe.Pointer(o), idx
	err := o.insertIndex(f, idx, extending)
	if err != errno.OK {
		f.Owner = nil
		return err
	}
	if o.Flags&InMemory == 0 {
		lruAdd(f)
	}
	nrCached.Add(1)
	return errno.OK
}

func (o *Object) insertIndex(f *mem.Frame, idx uint64, extending bool) errno.Errno {
	if !reserveNodes() {
		return errno.ENOMEM
	}
	defer unreserveNodes()
	o.lock.Lock()
	defer o.lock.Unlock()
	if !extending && idx >= pagesIn(o.Size()) {
		return errno.ENXIO
	}
	if o.pages.Get(idx) != nil {
		return errno.EEXIST
	}
	if !o.pages.Set(idx, f) {
		return errno.ENOMEM
	}
	f.Get()
	o.n++
	return errno.OK
}

// remove takes a page out of the index: it is locked, not in writeback, and the caller has a reference besides the
// index's. The page stays locked.
func (o *Object) remove(f *mem.Frame) {
	dirty := f.TestFlag(mem.FrameDirty)
	o.Ops.Release(o, f, dirty)
	o.lock.Lock()
	o.removeLocked(f)
	o.lock.Unlock()
	o.forget(f)
}

// removeLocked is remove's part under the spin lock.
func (o *Object) removeLocked(f *mem.Frame) {
	o.lock.AssertHeld()
	o.pages.Delete(f.Index)
	o.n--
	if f.TestFlag(mem.FrameDirty) {
		f.ClearFlag(mem.FrameDirty)
		o.dirty--
		nrDirty.Add(-1)
	}
	f.Owner = nil
}

// forget is remove's part after the spin lock.
func (o *Object) forget(f *mem.Frame) {
	if o.Flags&InMemory == 0 {
		lruRemove(f)
	}
	nrCached.Add(-1)
	f.Put()
}

// Grab returns the page at idx locked, with a reference: the one in the index, whatever its state, or a new one that
// is not up to date. extending allows pages beyond the end: the caller holds the inode's lock.
func (o *Object) Grab(idx uint64, extending bool) (*mem.Frame, errno.Errno) {
	for {
		if f := o.Lookup(idx); f != nil {
			LockFrame(f)
			if ownerOf(f) == o && f.Index == idx {
				return f, errno.OK
			}
			UnlockFrame(f)
			f.Put()
			continue
		}
		f := mem.AllocFrame(mem.Movable)
		if f == nil {
			return nil, errno.ENOMEM
		}
		f.SetFlag(mem.FrameLocked)
		err := o.insert(f, idx, extending)
		if err == errno.OK {
			return f, errno.OK
		}
		f.ClearFlag(mem.FrameLocked)
		f.Put()
		if err != errno.EEXIST {
			return nil, err
		}
	}
}

// Get returns the page at idx, up to date, with a reference, reading it if need be. ENXIO: beyond the end; EIO.
func (o *Object) Get(idx uint64) (*mem.Frame, errno.Errno) {
	for {
		f := o.Lookup(idx)
		if f != nil && f.TestFlag(mem.FrameUptodate) {
			return f, errno.OK
		}
		if f != nil {
			f.Put()
		}
		f, err := o.Grab(idx, false)
		if err != errno.OK {
			return nil, err
		}
		err = o.fill(f)
		if err == errno.OK {
			return f, errno.OK
		}
		f.Put()
		if err != errno.EAGAIN {
			return nil, err
		}
	}
}

// fill brings a locked page up to date and unlocks it. EAGAIN: it was removed meanwhile.
func (o *Object) fill(f *mem.Frame) errno.Errno {
	if f.TestFlag(mem.FrameUptodate) {
		UnlockFrame(f)
		return errno.OK
	}
	if o.Flags&InMemory != 0 {
		err := o.Ops.PrepareWrite(o, f, 0, pageSize)
		if err == errno.OK {
			clear(f.Bytes())
			f.SetFlag(mem.FrameUptodate)
		} else {
			o.remove(f)
		}
		UnlockFrame(f)
		return err
	}
	f.ClearFlag(mem.FrameError)
	var one [batchPages]*mem.Frame
	one[0] = f
	o.Ops.ReadPages(o, noEscape(&one)[:1])
	WaitFrame(f)
	switch {
	case f.TestFlag(mem.FrameUptodate):
		return errno.OK
	case f.TestFlag(mem.FrameError):
		return errno.EIO
	}
	return errno.EAGAIN
}

// MarkDirty notes that the contents of an up-to-date page have changed. The caller holds the page lock, or the
// inode's lock and a reference, so that the page is not being truncated.
func (o *Object) MarkDirty(f *mem.Frame) {
	if o.Flags&InMemory != 0 {
		return
	}
	// The store to the page must not be delayed beyond this look at the flag, or write-back could clear the flag
	// and copy the old contents in between.
	arch.Mb()
	if f.TestFlag(mem.FrameDirty) {
		return
	}
	o.lock.Lock()
	if ownerOf(f) != o || f.TestFlag(mem.FrameDirty) {
		o.lock.Unlock()
		return
	}
	f.SetFlag(mem.FrameDirty)
	o.pages.SetTag(f.Index, tagDirty)
	first := o.dirty == 0
	o.dirty++
	nrDirty.Add(1)
	o.lock.Unlock()
	sched.Current().Charged.Dirtied.Add(pageSize)
	if first {
		o.listDirty()
	}
}

// takeDirty moves a locked page from dirty to writeback. False: it was not dirty.
func (o *Object) takeDirty(f *mem.Frame) bool {
	o.lock.Lock()
	if !f.TestFlag(mem.FrameDirty) {
		o.lock.Unlock()
		return false
	}
	f.ClearFlag(mem.FrameDirty)
	f.SetFlag(mem.FrameWriteback)
	o.pages.ClearTag(f.Index, tagDirty)
	o.pages.SetTag(f.Index, tagWriteback)
	o.dirty--
	o.lock.Unlock()
	o.writeback.Add(1)
	nrDirty.Add(-1)
	nrWriteback.Add(1)
	return true
}

// nextTagged returns the first page from idx to last that carries the tag, with a reference.
func (o *Object) nextTagged(idx, last uint64, tag int) *mem.Frame {
	o.lock.Lock()
	at, f := o.pages.NextTagged(idx, tag)
	if f != nil && at <= last {
		f.Get()
	} else {
		f = nil
	}
	o.lock.Unlock()
	return f
}

// nextPage returns the first page from idx to last, with a reference.
func (o *Object) nextPage(idx, last uint64) *mem.Frame {
	o.lock.Lock()
	at, f := o.pages.Next(idx)
	if f != nil && at <= last {
		f.Get()
	} else {
		f = nil
	}
	o.lock.Unlock()
	return f
}
