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

// AddressSpace is the user half of the virtual address space of a process.
type AddressSpace struct {
	users atomic.Int32 // processes and borrowers that use the mappings
	refs  atomic.Int32 // users as one, plus CPUs that still have Root loaded
	Root  uint64       // physical address of the top-level page table
	cpus  atomic.Uint64

	lastFound atomic.Pointer[Area]
	// AIO belongs to asynchronous I/O: its contexts in this address space.
	AIO atomic.Pointer[byte]

	lock sched.RWMutex
	// Guarded by lock.
	areas    ds.RBTree[Area]
	nAreas   int
	total    int64 // pages in all areas, of them counting for RLIMIT_DATA, and locked (account.go)
	maxTotal int64
	data     int64
	locked   int64
	inherit  Flags   // Locked and OnFault for new areas: mlockall(MCL_FUTURE)
	search   uintptr // where to look for free room, and the largest gap above (place.go)
	skipped  uintptr
	dead     *Area // dropped, to be freed by unlock
	swept    int64 // tables left by the last sweep (tables.go)
	Layout   Layout
	Limits   Limits

	pt lock.Spin // the page tables below Root

	tables atomic.Int64 // page-table pages below the root
	rss    atomic.Int64 // resident pages
	file   atomic.Int64 // of them pages of backings
	maxRSS atomic.Int64

	Barriers atomic.Uint32 // what its threads registered for: membarrier(2)
	NoHuge   atomic.Bool   // no huge pages: prctl(PR_SET_THP_DISABLE); also for the children and the next program
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
	NoRandom                               bool // the layout is not randomised: ADDR_NO_RANDOMIZE
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
	s.Limits = Limits{^uint64(0), ^uint64(0), 8 << 20, 8 << 20}
	s.Layout.MmapTop = StackTop - StackGap
	return s
}

// ID is a number that no other address space has at the time.
func (s *AddressSpace) ID() uintptr { return uintptr(unsafe.Pointer(s)) }

// CPUs returns the set of CPUs that have the space loaded.
func (s *AddressSpace) CPUs() uint64 { return s.cpus.Load() }

// Get adds a user.
func (s *AddressSpace) Get() { s.users.Add(1) }

// OnEnd is called before an address space with something in AIO goes away, and frees it.
var OnEnd func(s *AddressSpace)

// Put drops a user; the last one's departure unmaps everything. It may sleep.
func (s *AddressSpace) Put() {
	if s.users.Add(-1) > 0 {
		return
	}
	if s.AIO.Load() != nil {
		OnEnd(s)
	}
	s.lock.Lock()
	s.unmapAll()
	s.unlock()
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

// unlock ends a change of the map. Only now are the backings of dropped areas released: that may close files, which takes
// locks of inodes, under which others fault.
//
// +checklocksrelease:s.lock
func (s *AddressSpace) unlock() {
	a := s.dead
	s.dead = nil
	s.maxTotal = max(s.maxTotal, s.total)
	s.lock.Unlock()
	for a != nil {
		next := a.nextDead
		if a.Back != nil {
			a.Back.Put()
		}
		areaCache.Free(a)
		a = next
	}
}

// flush drops the translations of [start, end) wherever the space is loaded.
func (s *AddressSpace) flush(start, end uintptr) {
	arch.Mb() // the changed entries are visible before the look at who has the space loaded
	if mask := s.cpus.Load(); mask != 0 {
		arch.FlushRange(start, end, mask)
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
	c.NoHuge.Store(s.NoHuge.Load())
	c.search, c.skipped = s.search, s.skipped
	e := errno.OK
	for a := s.findFrom(0); a != nil && e == 0; a = s.next(a) {
		if a.Flags&DontFork == 0 {
			e = c.forkArea(s, a)
		}
	}
	// The parent's entries have become read-only: no CPU may go on writing through old translations.
	s.flush(0, arch.UserLimit)
	s.unlock()
	if e != 0 {
		c.Put()
		return nil, e
	}
	return c, errno.OK
}

func (c *AddressSpace) forkArea(s *AddressSpace, a *Area) errno.Errno {
	if a.Flags&Charged != 0 {
		if !Commit(pages(a.End - a.Start)) {
			return errno.ENOMEM
		}
		Uncommit(pages(a.End - a.Start)) // insert counts it
	}
	b := areaCache.Alloc()
	if b == nil {
		return errno.ENOMEM
	}
	*b = Area{Start: a.Start, End: a.End, Prot: a.Prot, Flags: a.Flags &^ (Locked | OnFault), Back: a.Back, Index: a.Index}
	if b.Back != nil {
		b.Back.Get()
	}
	c.insert(b)
	if a.Flags&(Shared|WipeOnFork) != 0 {
		return errno.OK // faulted in again from the backing
	}
	return c.copyTables(s, a)
}
