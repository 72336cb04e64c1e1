package pagecache

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

const (
	pageShift = arch.PageShift
	pageSize  = arch.PageSize
	pageMask  = pageSize - 1
)

// Threads wait for pages in a hashed table of queues: a queue per frame would double the frame's size, and
// collisions only cost a needless wake-up.
const waitQueues = 64

var pageWait [waitQueues]sched.WaitQueue

func waitQueue(f *mem.Frame) *sched.WaitQueue {
	a := uintptr(unsafe.Pointer(f))
	return &pageWait[(a>>6^a>>12)%waitQueues]
}

// wake wakes those who wait for f. f may be somebody else's by now: only its address counts.
func wake(f *mem.Frame) {
	if q := waitQueue(f); q.Active() {
		q.WakeAll()
	}
}

// LockFrame takes the page lock, sleeping for it.
func LockFrame(f *mem.Frame) {
	if !f.TestAndSet(mem.FrameLocked) {
		return
	}
	waitQueue(f).Wait(func() bool { return !f.TestAndSet(mem.FrameLocked) })
}

// TryLockFrame takes the page lock if it is free.
func TryLockFrame(f *mem.Frame) bool { return !f.TestAndSet(mem.FrameLocked) }

// UnlockFrame releases the page lock. f may be freed by others as soon as it is released.
func UnlockFrame(f *mem.Frame) {
	f.ClearFlag(mem.FrameLocked)
	wake(f)
}

// WaitFrame waits until f is unlocked, that is, until a read has ended. The caller holds a reference.
func WaitFrame(f *mem.Frame) {
	if f.TestFlag(mem.FrameLocked) {
		waitQueue(f).Wait(func() bool { return !f.TestFlag(mem.FrameLocked) })
	}
}

// WaitWriteback waits until f is not in writeback. The caller holds a reference or the page lock.
func WaitWriteback(f *mem.Frame) {
	if f.TestFlag(mem.FrameWriteback) {
		waitQueue(f).Wait(func() bool { return !f.TestFlag(mem.FrameWriteback) })
	}
}

// lockOf returns the object of a page that the caller has locked, or nil when it was removed.
func ownerOf(f *mem.Frame) *Object { return (*Object)(f.Owner) }

// ReadDone is called once for each frame given to Ops.ReadPages, from any context.
func ReadDone(f *mem.Frame, err errno.Errno) {
	if err == errno.OK {
		o := ownerOf(f)
		if tail := o.Size() - int64(f.Index)<<pageShift; tail < pageSize {
			clear(f.Bytes()[max(tail, 0):])
		}
		f.ClearFlag(mem.FrameError)
		f.SetFlag(mem.FrameUptodate)
	} else {
		f.SetFlag(mem.FrameError)
	}
	UnlockFrame(f)
}

// WriteDone is called once for each frame given to Ops.WritePages, from any context. The frame needs no reference: pages
// in writeback stay in the index.
func WriteDone(f *mem.Frame, err errno.Errno) {
	o := ownerOf(f)
	if err != errno.OK {
		f.SetFlag(mem.FrameError)
		o.RecordError(err)
	}
	o.writeback.Add(-1)
	left := nrWriteback.Add(-1)
	f.ClearFlag(mem.FrameWriteback) // from here on o and f may be gone
	wake(f)
	if left+nrDirty.Load() <= goOnLimit.Load() && throttled.Active() {
		throttled.WakeAll()
	}
}

// noEscape hides from the compiler that a slice of pages goes to an interface method: the array stays on the
// caller's stack, and Ops does not keep it.
//
//go:nosplit
//go:nocheckptr
func noEscape(p *[batchPages]*mem.Frame) *[batchPages]*mem.Frame {
	x := uintptr(unsafe.Pointer(p))
	return (*[batchPages]*mem.Frame)(unsafe.Pointer(x ^ 0))
}

// batchPages is the largest number of pages in one call of Ops (256 bytes on the stack).
const batchPages = 32
