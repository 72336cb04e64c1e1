//go:build galago

package vm

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Limits are the resource limits that bind an address space, in bytes; ^0 is none.
type Limits struct {
	AS, Data, Stack uint64
}

// AddressSpace is the user half of the virtual address space of a process.
type AddressSpace struct {
	users atomic.Int32 // processes and borrowers that use the mappings
	refs  atomic.Int32 // users as one, plus CPUs that still have Root loaded
	Root  uint64       // physical address of the top-level page table
	cpus  atomic.Uint64

	lastFound atomic.Pointer[Area]

	lock sched.RWMutex
	// Guarded by lock.
	areas  ds.RBTree[Area]
	count  int
	total  uintptr // pages in all areas
	Layout Layout
	Limits Limits

	pt lock.Spin // the page tables below Root

	rss    atomic.Int64 // resident pages
	file   atomic.Int64 // of them pages of backings
	Minor  atomic.Uint64
	Major  atomic.Uint64
	maxRSS atomic.Int64

	Barriers atomic.Uint32 // what its threads registered for: membarrier(2)
}

// Layout has the landmarks that exec sets, for brk and /proc.
type Layout struct {
	StartCode, EndCode, StartData, EndData uintptr
	StartBrk, Brk                          uintptr
	StartStack                             uintptr
	ArgStart, ArgEnd, EnvStart, EnvEnd     uintptr
	MmapTop                                uintptr // areas without a wish go below this
	Auxv                                   [44]uint64
	NAuxv                                  int
}

var spaceCache = mem.Cache[AddressSpace]{Name: "mm"}

// New makes an empty address space with one user; nil when memory runs out.
func New() *AddressSpace {
	s := spaceCache.Alloc()
	if s == nil {
		return nil
	}
	s.Root = arch.NewRoot()
	if s.Root == 0 {
		spaceCache.Free(s)
		return nil
	}
	s.users.Store(1)
	s.refs.Store(1)
	s.pt.Init(lock.RankPageTable)
	s.Limits = Limits{^uint64(0), ^uint64(0), 8 << 20}
	s.Layout.MmapTop = StackTop - StackGap
	return s
}

// ID is a number that no other address space has at the time.
func (s *AddressSpace) ID() uintptr { return uintptr(unsafe.Pointer(s)) }

// CPUs returns the set of CPUs that have the space loaded.
func (s *AddressSpace) CPUs() uint64 { return s.cpus.Load() }

// Get adds a user.
func (s *AddressSpace) Get() { s.users.Add(1) }

// Put drops a user; the last one's departure unmaps everything. It may sleep.
func (s *AddressSpace) Put() {
	if s.users.Add(-1) > 0 {
		return
	}
	s.lock.Lock()
	s.unmapAll()
	s.lock.Unlock()
	s.release()
}

// release drops a reference to the page tables' root.
func (s *AddressSpace) release() {
	if s.refs.Add(-1) > 0 {
		return
	}
	arch.FreeTable(s.Root)
	spaceCache.Free(s)
}

// loaded is the address space whose root each CPU has loaded (nil: the kernel's); only that CPU touches it,
// with preemption off.
var loaded [arch.MaxCPUs]struct {
	s *AddressSpace
	_ [56]byte
}

// Activate loads s on this CPU, in a context switch or in exec; preemption is off. A nil s leaves what is
// loaded (kernel threads use the kernel's half only).
func Activate(s *AddressSpace) {
	slot := &loaded[arch.CPUID()]
	old := slot.s
	if s == nil || s == old {
		return
	}
	s.refs.Add(1)
	bit := uint64(1) << uint(arch.CPUID())
	s.cpus.Or(bit)
	slot.s = s
	arch.LoadRoot(s.Root)
	if old != nil {
		old.cpus.And(^bit)
		old.release()
	}
}

// Deactivate loads the kernel's own tables on this CPU; preemption is off.
func Deactivate() {
	slot := &loaded[arch.CPUID()]
	s := slot.s
	if s == nil {
		return
	}
	arch.LoadRoot(arch.KernelRoot())
	s.cpus.And(^(uint64(1) << uint(arch.CPUID())))
	slot.s = nil
	s.release()
}

// leave makes this CPU forget s before it is destroyed.
func (s *AddressSpace) leave() {
	lock.PreemptDisable()
	slot := &loaded[arch.CPUID()]
	if slot.s == s {
		arch.LoadRoot(arch.KernelRoot())
		s.cpus.And(^(uint64(1) << uint(arch.CPUID())))
		slot.s = nil
		s.refs.Add(-1)
	}
	lock.PreemptEnable()
}

// Current returns the address space of the running thread, or nil for a kernel thread.
func Current() *AddressSpace { return (*AddressSpace)(sched.Current().Space) }

// Attach makes s the address space of the running thread (nil: none) and loads it.
func Attach(s *AddressSpace) {
	lock.PreemptDisable()
	sched.Current().Space = unsafe.Pointer(s)
	Activate(s)
	lock.PreemptEnable()
}

// Lock takes the map exclusively, for a sequence of changes.
func (s *AddressSpace) Lock()   { s.lock.Lock() }
func (s *AddressSpace) Unlock() { s.lock.Unlock() }

// Pages returns the size of all areas, and the resident set and its maximum, in pages.
func (s *AddressSpace) Pages() (total, rss, maxRSS uint64) {
	r := max(s.rss.Load(), 0)
	return uint64(s.total), uint64(r), uint64(max(s.maxRSS.Load(), r))
}

// Resident returns the numbers of resident pages of private memory and of files and shared memory.
func (s *AddressSpace) Resident() (anon, file uint64) {
	f := max(s.file.Load(), 0)
	return uint64(max(s.rss.Load()-f, 0)), uint64(f)
}

func (s *AddressSpace) addRSS(n int64) {
	if r := s.rss.Add(n); n > 0 && r > s.maxRSS.Load() {
		s.maxRSS.Store(r)
	}
}

// Fork makes a copy of the address space: shared areas refer to the same pages, private ones are copied on
// write. ENOMEM leaves nothing behind.
func (s *AddressSpace) Fork() (*AddressSpace, errno.Errno) {
	c := New()
	if c == nil {
		return nil, errno.ENOMEM
	}
	s.lock.Lock()
	c.Layout, c.Limits = s.Layout, s.Limits
	c.Barriers.Store(s.Barriers.Load())
	e := errno.OK
	for a := s.findFrom(0); a != nil && e == 0; a = s.next(a) {
		if a.Flags&DontFork == 0 {
			e = c.forkArea(s, a)
		}
	}
	// The parent's entries have become read-only: no CPU may go on writing through old translations.
	arch.FlushRange(0, arch.UserLimit, s.cpus.Load())
	s.lock.Unlock()
	if e != 0 {
		c.Put()
		return nil, e
	}
	return c, errno.OK
}

func (c *AddressSpace) forkArea(s *AddressSpace, a *Area) errno.Errno {
	b := areaCache.Alloc()
	if b == nil {
		return errno.ENOMEM
	}
	*b = Area{Start: a.Start, End: a.End, Prot: a.Prot, Flags: a.Flags &^ Locked, Back: a.Back, Index: a.Index}
	if b.Back != nil {
		b.Back.Get()
	}
	c.insert(b)
	if a.Flags&(Shared|WipeOnFork) != 0 {
		return errno.OK // faulted in again from the backing
	}
	return c.copyTables(s, a)
}
