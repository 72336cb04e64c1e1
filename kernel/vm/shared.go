//go:build galago

package vm

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/vm/pagecache"
)

// sharedMemory backs MAP_SHARED|MAP_ANONYMOUS: pages without a file, the same for all who map it. They live in an object of the
// page cache that nobody can look up.
type sharedMemory struct {
	obj     pagecache.Object
	refs    atomic.Int32
	charged int64 // pages
	number  uint64
}

var (
	sharedCache = mem.Cache[sharedMemory]{Name: "shared_anon"}
	// Made once: converting in a function counts as an allocation.
	sharedOps    pagecache.Ops = sharedPages{}
	sharedNumber atomic.Uint64
)

// sharedPages is what an object in memory asks of its file system: nothing.
type sharedPages struct{ pagecache.NoPrepare }

// ReadPages is never called: what is not in memory is a hole.
func (sharedPages) ReadPages(o *pagecache.Object, frames []*mem.Frame) errno.Errno {
	for _, f := range frames {
		pagecache.ReadDone(f, errno.EIO)
	}
	return errno.EIO
}

// WritePages is never called: pages in memory are not dirty.
func (sharedPages) WritePages(o *pagecache.Object, frames []*mem.Frame) errno.Errno {
	for _, f := range frames {
		pagecache.WriteDone(f, errno.EIO)
	}
	return errno.EIO
}

// NewShared makes shared anonymous memory of length bytes with one reference. Unless reserve is false its pages are promised now.
func NewShared(length uintptr, reserve bool) (Backing, errno.Errno) {
	n := pages(pageUp(length))
	if reserve && !Commit(n) {
		return nil, errno.ENOMEM
	}
	m := sharedCache.Alloc()
	if m == nil {
		if reserve {
			Uncommit(n)
		}
		return nil, errno.ENOMEM
	}
	m.charged = 0
	if reserve {
		m.charged = n
	}
	m.number = sharedNumber.Add(1)
	m.refs.Store(1)
	m.obj.Init(sharedOps, unsafe.Pointer(m), pagecache.InMemory)
	m.obj.SetSize(n << arch.PageShift)
	return m, errno.OK
}

// Its methods make it a Backing.
func (m *sharedMemory) Get() { m.refs.Add(1) }

func (m *sharedMemory) Put() {
	if m.refs.Add(-1) > 0 {
		return
	}
	m.obj.Destroy()
	Uncommit(m.charged)
	sharedCache.Free(m)
}

func (m *sharedMemory) Object() *pagecache.Object { return &m.obj }

func (m *sharedMemory) Page(idx uint64) (*mem.Frame, errno.Errno) {
	return pagecache.FaultPage(&m.obj, nil, idx)
}

func (m *sharedMemory) MakeWritable(idx uint64, f *mem.Frame) errno.Errno {
	return pagecache.MakeWritable(&m.obj, f)
}

func (m *sharedMemory) Done(f *mem.Frame, stored bool) { pagecache.UnlockFrame(f) }

func (m *sharedMemory) Describe(buf []byte) (n int, dev, ino uint64) {
	return copy(buf, "/dev/zero (deleted)"), 1, m.number
}

func (m *sharedMemory) Sync(from, to int64) errno.Errno { return errno.OK }

func (m *sharedMemory) Punch(from, to int64) errno.Errno {
	m.obj.RemoveRange(uint64(from)>>arch.PageShift, uint64(to)>>arch.PageShift-1)
	return errno.OK
}
