//go:build galago

// Package uring is io_uring(7): rings of requests and results in memory that the kernel shares with a program, so that it may make many
// requests with one system call, or see their results with none.
//
// What can be done at once is done by io_uring_enter(2) itself. A request that would wait is registered with its file, as poll(2)
// does; when the file has something, the task that made the request is given work (proc.TaskWork): it tries again before it
// returns to user mode, or while it waits for results in io_uring_enter. So each request runs in its maker's memory and
// with its credentials, and there are no threads besides. A request whose file cannot tell when it is ready (a regular file, say) waits
// in io_uring_enter.
//
// The shared memory is read with every index reduced to the ring's size, a request once; of the indices that only the kernel
// moves it has its own.
//
// Lock order: allRings.mu, Ring.submit → Ring.reg, Ring.cq → the locks of files' queues. None is held while a request runs except submit by the
// task that submits; callbacks of queues and timers take none: they only move a request from waiting to due and add work.
package uring

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/uio"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

// Limits of io_uring_setup(2), and of registered files and buffers.
const (
	MaxEntries = 32768
	MaxResults = 2 * MaxEntries
	MaxFiles   = 32768
	MaxBuffers = 16384
)

// Flags of io_uring_setup(2), those that are known.
const (
	SetupCQSize    = 1 << 3
	SetupClamp     = 1 << 4
	SetupSubmitAll = 1 << 7
	SetupCoop      = 1 << 8 // of no effect: work never interrupts user mode needlessly
	setupKnown     = SetupCQSize | SetupClamp | SetupSubmitAll | SetupCoop
)

// Features that Setup reports (IORING_FEAT_*): one mapping for both rings, no result is lost, requests are read when they are
// submitted, position −1 is the file's own, the caller's credentials, requests wait in poll fashion, 32 bits of poll events,
// io_uring_enter's extended argument, results on demand only, files looked up when a request runs.
const features = 1 | 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5 | 1<<6 | 1<<8 | 1<<11 | 1<<12

// Offsets for mmap(2).
const (
	offRings   = 0
	offResults = 0x8000000
	offEntries = 0x10000000
)

// Where things are in the rings' memory, in bytes.
const (
	sqHead    = 0x00
	sqTail    = 0x04
	cqHead    = 0x08
	cqTail    = 0x0c
	sqMask    = 0x10
	cqMask    = 0x14
	sqCount   = 0x18
	cqCount   = 0x1c
	sqDropped = 0x20
	sqFlags   = 0x24
	cqFlags   = 0x28
	cqOver    = 0x2c
	cqResults = 0x40

	flagOverflow = 1 << 1 // of sqFlags: results wait in the kernel
	noEventfd    = 1 << 0 // of cqFlags: the program wants no notice now
)

// Params is struct io_uring_params.
type Params struct {
	SQEntries, CQEntries, Flags, ThreadCPU, ThreadIdle, Features, WQFD uint32
	_                                                                  [3]uint32
	SQOff                                                              sqOffsets
	CQOff                                                              cqOffsets
}

type sqOffsets struct {
	Head, Tail, RingMask, RingEntries, Flags, Dropped, Array, _ uint32
	UserAddr                                                    uint64
}

type cqOffsets struct {
	Head, Tail, RingMask, RingEntries, Overflow, CQEs, Flags, _ uint32
	UserAddr                                                    uint64
}

// Result is struct io_uring_cqe.
type Result struct {
	Data  uint64
	Res   int32
	Flags uint32
}

const resultSize = unsafe.Sizeof(Result{})

// Ring is an instance.
type Ring struct {
	refs       atomic.Int32 // the file's, and one for each request
	closed     atomic.Bool  // the file is gone; set with cq held
	nSQ, nCQ   uint32       // powers of two
	flags      uint32
	rings, sqe shared
	array      uint32 // offset of the submission ring's indices

	submit sched.Mutex // one task submits at a time
	head   uint32      // of the submission ring; guarded by submit
	skips  bool        // a request came whose result may be skipped: none may drain any more. Guarded by submit

	reg   sched.Mutex
	files []*vfs.File // registered; guarded by reg
	bufs  []uio.IOVec // registered; guarded by reg

	cq       sched.Mutex
	tail     uint32           // of the results; guarded by cq, changed atomically
	over     *overflow        // results without a place, the oldest first; guarded by cq
	overLast *overflow        // guarded by cq
	requests ds.List[Request] // not complete; guarded by cq
	active   int              // of these, how many have been started; guarded by cq
	heldN    int              // how many wait for those before them; guarded by cq
	draining bool             // a request runs that is to run alone; guarded by cq
	event    *vfs.File        // registered eventfd; guarded by cq

	wait sched.WaitQueue // for results

	node ds.ListNode[Ring] // in allRings
}

// allRings is every instance whose file is open.
var allRings struct {
	mu   sched.Mutex
	list ds.List[Ring]
}

// overflow is a result that waits for a place.
type overflow struct {
	next *overflow
	r    Result
}

var (
	ringCache     = mem.Cache[Ring]{Name: "io_uring"}
	overflowCache = mem.Cache[overflow]{Name: "io_uring_overflow"}
)

// shared is memory that user mode maps too, of pages that stay.
type shared struct {
	back   vm.Backing
	size   uintptr
	frames []*mem.Frame
}

// make allocates the memory. ENOMEM.
func (s *shared) make(size uintptr) (e errno.Errno) {
	s.size = (size + arch.PageSize - 1) &^ (arch.PageSize - 1)
	if s.back, e = vm.NewShared(s.size, true); e != errno.OK {
		return e
	}
	n := int(s.size / arch.PageSize)
	p := mem.Alloc(uintptr(n) * unsafe.Sizeof(s.frames[0]))
	if p == nil {
		return errno.ENOMEM
	}
	s.frames = unsafe.Slice((**mem.Frame)(p), n)[:0]
	for i := range n {
		f, e := s.back.Page(uint64(i))
		if e != errno.OK {
			return e
		}
		s.back.Done(f, true)
		s.frames = s.frames[:i+1]
		s.frames[i] = f
	}
	return errno.OK
}

func (s *shared) free() {
	for _, f := range s.frames {
		f.Put()
	}
	if s.frames != nil {
		mem.Free(unsafe.Pointer(unsafe.SliceData(s.frames)))
	}
	if s.back != nil {
		s.back.Put()
	}
	*s = shared{}
}

// at returns the address of the bytes from off on, up to the page's end.
func (s *shared) at(off uint32) unsafe.Pointer {
	return unsafe.Pointer(&s.frames[off/arch.PageSize].Bytes()[off%arch.PageSize])
}

func (s *shared) word(off uint32) *atomic.Uint32 { return (*atomic.Uint32)(s.at(off)) }

type ringFile struct{ vfs.NoFileOps }

var ringOps vfs.FileOps = &ringFile{}

// Of returns the instance behind a file, or nil.
func Of(f *vfs.File) *Ring {
	if !f.Is(ringOps) {
		return nil
	}
	return (*Ring)(f.Private)
}

// roundUp returns the power of two that is at least n.
func roundUp(n uint32) uint32 {
	p := uint32(1)
	for p < n {
		p <<= 1
	}
	return p
}

// sizes computes the number of places in both rings. EINVAL.
func (p *Params) sizes(entries uint32) errno.Errno {
	clamp := p.Flags&SetupClamp != 0
	if p.Flags&^setupKnown != 0 || entries == 0 || entries > MaxEntries && !clamp {
		return errno.EINVAL
	}
	p.SQEntries = roundUp(min(entries, MaxEntries))
	want := p.CQEntries
	p.CQEntries = 2 * p.SQEntries
	if p.Flags&SetupCQSize != 0 {
		if want == 0 || want > MaxResults && !clamp {
			return errno.EINVAL
		}
		if p.CQEntries = roundUp(min(want, MaxResults)); p.CQEntries < p.SQEntries {
			return errno.EINVAL
		}
	}
	return errno.OK
}

// New makes an instance with its open file, and completes p. EINVAL, ENOMEM.
func New(entries uint32, p *Params, c *cred.Cred) (*vfs.File, errno.Errno) {
	if e := p.sizes(entries); e != errno.OK {
		return nil, e
	}
	r := ringCache.Alloc()
	if r == nil {
		return nil, errno.ENOMEM
	}
	r.refs.Store(1)
	r.nSQ, r.nCQ, r.flags = p.SQEntries, p.CQEntries, p.Flags
	r.array = cqResults + r.nCQ*uint32(resultSize)
	e := r.rings.make(uintptr(r.array) + 4*uintptr(r.nSQ))
	if e == errno.OK {
		e = r.sqe.make(uintptr(r.nSQ) * unsafe.Sizeof(Entry{}))
	}
	var f *vfs.File
	if e == errno.OK {
		f, e = vfs.NewAnonFile(ringOps, nil, unsafe.Pointer(r), vfs.O_RDWR, c)
	}
	if e != errno.OK {
		r.put()
		return nil, e
	}
	f.SetStill()
	r.node.Init(r)
	allRings.mu.Lock()
	allRings.list.PushBack(&r.node)
	allRings.mu.Unlock()
	r.rings.word(sqMask).Store(r.nSQ - 1)
	r.rings.word(cqMask).Store(r.nCQ - 1)
	r.rings.word(sqCount).Store(r.nSQ)
	r.rings.word(cqCount).Store(r.nCQ)
	p.Features = features
	p.SQOff = sqOffsets{Head: sqHead, Tail: sqTail, RingMask: sqMask, RingEntries: sqCount, Flags: sqFlags, Dropped: sqDropped, Array: r.array}
	p.CQOff = cqOffsets{Head: cqHead, Tail: cqTail, RingMask: cqMask, RingEntries: cqCount, Overflow: cqOver, CQEs: cqResults, Flags: cqFlags}
	return f, errno.OK
}

// Mapping returns the memory, with a reference, that mmap(2) at an offset maps length bytes of. EINVAL.
func (r *Ring) Mapping(off uint64, length uintptr) (vm.Backing, errno.Errno) {
	s := &r.rings
	switch off {
	case offRings, offResults:
	case offEntries:
		s = &r.sqe
	default:
		return nil, errno.EINVAL
	}
	if length > s.size {
		return nil, errno.EINVAL
	}
	s.back.Get()
	return s.back, errno.OK
}

func (r *Ring) put() {
	if r.refs.Add(-1) > 0 {
		return
	}
	r.rings.free()
	r.sqe.free()
	for o := r.over; o != nil; {
		next := o.next
		overflowCache.Free(o)
		o = next
	}
	ringCache.Free(r)
}

// Release cancels what is not complete.
func (*ringFile) Release(f *vfs.File) {
	r := Of(f)
	allRings.mu.Lock()
	allRings.list.Remove(&r.node)
	allRings.mu.Unlock()
	r.cq.Lock()
	r.closed.Store(true)
	r.cq.Unlock()
	r.Cancel(&Criterion{Any: true, All: true})
	r.UnregisterFiles()
	r.UnregisterBuffers()
	r.cq.Lock()
	ev := r.event
	r.event = nil
	r.cq.Unlock()
	if ev != nil {
		ev.Put()
	}
	r.put()
}

// Poll: readable while there are results, writable while there is room for requests.
func (*ringFile) Poll(f *vfs.File, pt *vfs.PollTable) uint32 {
	r := Of(f)
	pt.Wait(&r.wait)
	mask := uint32(0)
	if r.ready() > 0 || r.rings.word(sqFlags).Load()&flagOverflow != 0 {
		mask |= vfs.POLLIN | vfs.POLLRDNORM
	}
	if r.rings.word(sqTail).Load()-r.rings.word(sqHead).Load() < r.nSQ {
		mask |= vfs.POLLOUT | vfs.POLLWRNORM
	}
	return mask
}

// ready is the number of results that the program has not taken.
func (r *Ring) ready() uint32 {
	return min((*atomic.Uint32)(unsafe.Pointer(&r.tail)).Load()-r.rings.word(cqHead).Load(), r.nCQ)
}

// post reports a result; cq is held.
//
// +checklocks:r.cq
func (r *Ring) post(res Result) {
	if r.over == nil && r.place(&res) {
		return
	}
	o := overflowCache.Alloc()
	if o == nil {
		r.rings.word(cqOver).Add(1) // lost
		return
	}
	o.r = res
	if r.over == nil {
		r.over = o
	} else {
		r.overLast.next = o
	}
	r.overLast = o
	r.rings.word(sqFlags).Or(flagOverflow)
}

// place puts a result into the ring; false: there is no room. cq is held.
//
// +checklocks:r.cq
func (r *Ring) place(res *Result) bool {
	if r.tail-r.rings.word(cqHead).Load() >= r.nCQ {
		return false
	}
	*(*Result)(r.rings.at(cqResults + r.tail&(r.nCQ-1)*uint32(resultSize))) = *res
	(*atomic.Uint32)(unsafe.Pointer(&r.tail)).Add(1)
	r.rings.word(cqTail).Store(r.tail)
	return true
}

// flush moves results that waited into the ring, as far as there is room.
func (r *Ring) flush() {
	if r.rings.word(sqFlags).Load()&flagOverflow == 0 {
		return
	}
	r.cq.Lock()
	for o := r.over; o != nil && r.place(&o.r); o = r.over {
		r.over = o.next
		overflowCache.Free(o)
	}
	if r.over == nil {
		r.rings.word(sqFlags).And(^uint32(flagOverflow))
	}
	r.cq.Unlock()
}
