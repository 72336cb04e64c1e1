//go:build galago

package vm

import (
	"sync/atomic"

	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/vm/pagecache"
)

// sharedMemory backs MAP_SHARED|MAP_ANONYMOUS: pages without a file, the same for all who map it.
type sharedMemory struct {
	refs  atomic.Int32
	id    atomic.Uint64 // see WordKey
	lock  lock.Spin
	pages ds.Radix[mem.Frame] // guarded by lock
}

var (
	sharedCache = mem.Cache[sharedMemory]{Name: "shared_anon"}
	nodeCache   = mem.Cache[ds.RadixNode]{Name: "radix_node_vm"}
)

type nodeAllocator struct{}

func (*nodeAllocator) Alloc() *ds.RadixNode { return nodeCache.Alloc() }
func (*nodeAllocator) Free(n *ds.RadixNode) { nodeCache.Free(n) }

var nodes nodeAllocator

// NewShared makes shared anonymous memory with one reference.
func NewShared() (Backing, errno.Errno) {
	m := sharedCache.Alloc()
	if m == nil {
		return nil, errno.ENOMEM
	}
	m.refs.Store(1)
	m.lock.Init(lock.RankVMObject)
	m.pages.Init(&nodes)
	return m, errno.OK
}

// Its methods make it a Backing.
func (m *sharedMemory) Get() { m.refs.Add(1) }

func (m *sharedMemory) Put() {
	if m.refs.Add(-1) > 0 {
		return
	}
	for {
		i, f := m.pages.Next(0)
		if f == nil {
			break
		}
		m.pages.Delete(i)
		f.Put()
	}
	sharedCache.Free(m)
}

func (m *sharedMemory) Page(idx uint64) (*mem.Frame, errno.Errno) {
	m.lock.Lock()
	f := m.pages.Get(idx)
	if f != nil {
		f.Get()
	}
	m.lock.Unlock()
	if f != nil {
		return f, errno.OK
	}
	if f = mem.AllocFrame(mem.Zero | mem.User); f == nil {
		return nil, errno.ENOMEM
	}
	m.lock.Lock()
	if other := m.pages.Get(idx); other != nil {
		other.Get()
		m.lock.Unlock()
		f.Put()
		return other, errno.OK
	}
	if !m.pages.Set(idx, f) {
		m.lock.Unlock()
		f.Put()
		return nil, errno.ENOMEM
	}
	f.Get()
	m.lock.Unlock()
	return f, errno.OK
}

func (m *sharedMemory) MakeWritable(uint64, *mem.Frame) errno.Errno { return errno.OK }

func (m *sharedMemory) Done(*mem.Frame, bool) {}

func (m *sharedMemory) Object() *pagecache.Object { return nil }

func (m *sharedMemory) Describe(buf []byte) (n int, dev, ino uint64) {
	return copy(buf, "/dev/zero (deleted)"), 1, 0
}
