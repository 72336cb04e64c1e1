package mem

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/lock"
)

// magazineSize objects are cached for each CPU; half a magazine moves at a time.
const magazineSize = 16

var magazineLock localLock

type magazine struct {
	n     int
	alloc uint64
	freed uint64
	objs  [magazineSize]unsafe.Pointer
	_     [40]byte // CPUs do not share cache lines
}

// slab is the untyped core of a cache: blocks of frames ("slabs") cut into objects of one size. A slab's free
// objects are a list through their first words; its head frame holds the list (Private), the number of free
// objects (Index) and the links of the cache's list of slabs with free objects.
type slab struct {
	name    string
	size    uintptr // of an object, with its red zone
	objSize uintptr
	order   int
	perSlab int
	id      int // index in a Census

	lock    lock.Spin
	partial *Frame       // guarded by lock
	slabs   atomic.Int64 // number of slabs

	cpu  [arch.MaxCPUs]magazine
	next *slab // list of all caches

	ready atomic.Uint32 // set once the layout is computed
}

var (
	allSlabs  *slab // guarded by slabsLock
	nSlabs    int   // guarded by slabsLock
	slabsLock = lock.Spin{Rank: lock.RankSlabList}
)

// setup computes the layout for objects of size bytes and registers the cache.
func (s *slab) setup(name string, size uintptr) {
	irq := slabsLock.LockIRQ()
	defer slabsLock.UnlockIRQ(irq)
	if s.size != 0 {
		return
	}
	s.name, s.objSize = name, size
	s.lock.Init(lock.RankSlab)
	size = (size + redZone + 15) &^ 15
	for s.order = 0; s.order < 4; s.order++ {
		bytes := uintptr(arch.PageSize) << s.order
		if n := bytes / size; n >= 8 || n > 0 && bytes-n*size <= bytes/8 {
			break
		}
	}
	s.perSlab = int(uintptr(arch.PageSize) << s.order / size)
	s.size = size
	s.id = nSlabs
	nSlabs++
	s.next = allSlabs
	allSlabs = s
	s.ready.Store(1)
}

// alloc returns an object, not zeroed, or nil.
func (s *slab) alloc() unsafe.Pointer {
	if failInjected() {
		return nil
	}
	irq := magazineLock.lock()
	m := &s.cpu[arch.CPUID()]
	if m.n == 0 {
		magazineLock.unlock(irq)
		return s.allocSlow()
	}
	m.n--
	p := m.objs[m.n]
	m.alloc++
	magazineLock.unlock(irq)
	checkFree(s, p)
	return p
}

// allocSlow fills this CPU's magazine and allocates. A context that may sleep leaves the reserve alone and reclaims
// memory instead; the others, and a thread that is reclaiming, may use it up.
func (s *slab) allocSlow() unsafe.Pointer {
	maySleep := mayReclaim()
	for attempt := 0; ; attempt++ {
		irq := magazineLock.lock()
		m := &s.cpu[arch.CPUID()]
		if m.n > 0 || s.refill(m, !maySleep) {
			m.n--
			p := m.objs[m.n]
			m.alloc++
			magazineLock.unlock(irq)
			checkFree(s, p)
			if maySleep {
				checkPressure()
			}
			return p
		}
		magazineLock.unlock(irq)
		if !maySleep || attempt == reclaimTries || !reclaim(reclaimGoal(s.order, attempt), false) {
			allocFailures.Add(1)
			return nil
		}
	}
}

// free takes an object back.
func (s *slab) free(p unsafe.Pointer) {
	checkOwned(s, p)
	poison(s, p)
	irq := magazineLock.lock()
	m := &s.cpu[arch.CPUID()]
	if m.n == magazineSize {
		s.flush(m, magazineSize/2)
	}
	m.objs[m.n] = p
	m.n++
	m.freed++
	magazineLock.unlock(irq)
}

// refill fills half a magazine from slabs with free objects, making a new slab if there is none. Interrupts are off.
func (s *slab) refill(m *magazine, reserve bool) bool {
	s.lock.Lock()
	for m.n < magazineSize/2 {
		f := s.partial
		if f == nil {
			if m.n > 0 {
				break
			}
			if f = s.grow(reserve); f == nil {
				break
			}
		}
		p := pointer(uintptr(f.Private))
		f.Private = *(*uint64)(p)
		if f.Index--; f.Index == 0 {
			s.unlink(f)
		}
		m.objs[m.n] = p
		m.n++
	}
	s.lock.Unlock()
	return m.n > 0
}

// flush returns n objects to their slabs, the coldest first, and frees slabs that become empty. Interrupts are off.
func (s *slab) flush(m *magazine, n int) {
	s.lock.Lock()
	for _, p := range m.objs[:n] {
		f := s.head(p)
		*(*uint64)(p) = f.Private
		f.Private = uint64(uintptr(p))
		if f.Index++; f.Index == 1 {
			s.link(f)
		}
		if int(f.Index) == s.perSlab && (f.Next != nil || f.Prev != nil) {
			s.unlink(f)
			s.slabs.Add(-1)
			FreeFrames(f, s.order)
		}
	}
	s.lock.Unlock()
	copy(m.objs[:], m.objs[n:m.n])
	m.n -= n
}

// head returns the first frame of the slab that holds p.
func (s *slab) head(p unsafe.Pointer) *Frame {
	const page = arch.PageSize
	off := uintptr(p) - arch.DirectMap
	return FrameOf(uint64(off &^ (page<<s.order - 1)))
}

// grow makes a new slab and links it. The cache is locked.
//
// +checklocks:s.lock
func (s *slab) grow(reserve bool) *Frame {
	f := takeForSlab(s.order, reserve)
	if f == nil {
		return nil
	}
	f.SetFlag(FrameSlab)
	f.Owner = unsafe.Pointer(s)
	base := f.Virt()
	list := uintptr(0)
	for i := s.perSlab - 1; i >= 0; i-- {
		p := base + uintptr(i)*s.size
		poison(s, pointer(p))
		*(*uintptr)(pointer(p)) = list
		list = p
	}
	f.Private = uint64(list)
	f.Index = uint64(s.perSlab)
	for i := 1; i < 1<<s.order; i++ {
		t := (*Frame)(unsafe.Add(unsafe.Pointer(f), uintptr(i)*frameSize))
		t.Owner = unsafe.Pointer(s)
	}
	s.slabs.Add(1)
	s.link(f)
	return f
}

func (s *slab) link(f *Frame) {
	f.Prev, f.Next = nil, s.partial
	if f.Next != nil {
		f.Next.Prev = f
	}
	s.partial = f
}

func (s *slab) unlink(f *Frame) {
	if f.Prev == nil {
		s.partial = f.Next
	} else {
		f.Prev.Next = f.Next
	}
	if f.Next != nil {
		f.Next.Prev = f.Prev
	}
	f.Prev, f.Next = nil, nil
}

// Cache allocates objects of type T. Declare it with a name and use it: var c = mem.Cache[inode]{Name: "inode"}.
type Cache[T any] struct {
	Name string
	slab slab
}

// Alloc returns a zeroed object, or nil.
func (c *Cache[T]) Alloc() *T {
	if c.slab.ready.Load() == 0 {
		var z *T
		c.slab.setup(c.Name, unsafe.Sizeof(*z))
	}
	p := (*T)(c.slab.alloc())
	if p != nil {
		clearObject(unsafe.Pointer(p), unsafe.Sizeof(*p))
	}
	return p
}

// AllocRaw returns an object with any content, or nil: for buffers that are overwritten at once.
func (c *Cache[T]) AllocRaw() *T {
	if c.slab.ready.Load() == 0 {
		var z *T
		c.slab.setup(c.Name, unsafe.Sizeof(*z))
	}
	return (*T)(c.slab.alloc())
}

// Free takes an object back.
func (c *Cache[T]) Free(p *T) { c.slab.free(unsafe.Pointer(p)) }

func clearObject(p unsafe.Pointer, n uintptr) { clear(unsafe.Slice((*byte)(p), n)) }

// CacheStats are the figures of a cache, for /proc/slabinfo.
type CacheStats struct {
	Name            string
	Active, Total   int64
	Size            uintptr
	PerSlab, Frames int
}

// EachCache calls fn for every cache that has been used. fn must not allocate.
func EachCache(fn func(CacheStats)) {
	irq := slabsLock.LockIRQ()
	defer slabsLock.UnlockIRQ(irq)
	for s := allSlabs; s != nil; s = s.next {
		fn(s.stats())
	}
}

// active counts the objects in use. An object may be freed on another CPU than it was allocated on: only the sum counts.
func (s *slab) active() int64 {
	n := int64(0)
	irq := magazineLock.lock()
	for i := range s.cpu {
		n += int64(s.cpu[i].alloc - s.cpu[i].freed)
	}
	magazineLock.unlock(irq)
	return n
}

func (s *slab) stats() CacheStats {
	return CacheStats{s.name, s.active(), s.slabs.Load() * int64(s.perSlab), s.objSize, s.perSlab, 1 << s.order}
}
