//go:build galago

// Package aio keeps the contexts of asynchronous I/O (io_setup(2)): rings of completion events in memory that the process maps too, so that
// its library may take events without a system call.
//
// As on Linux for files that go through the page cache, requests are carried out when they are submitted; a context only collects
// their results. What the process writes into its ring is not trusted: the kernel has its own copy of the tail, and takes the head
// modulo the ring's size.
//
// Lock order: set.mu → Context.mu; under the latter user memory is touched.
package aio

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/fs/procfs"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/time"
	"galago/kernel/vm"
)

// MaxEvents is the number of events that all contexts together may have asked for (/proc/sys/fs/aio-max-nr).
const MaxEvents = 65536

// Event is struct io_event.
type Event struct {
	Data, Obj uint64
	Res, Res2 int64
}

// ring is the head of struct aio_ring; the events follow.
type ring struct {
	id, nr, head, tail               uint32
	magic, compat, incompat, headLen uint32
}

const (
	ringMagic = 0xa10a10a1
	ringSize  = unsafe.Sizeof(ring{})
	eventSize = unsafe.Sizeof(Event{})
	headAt    = unsafe.Offsetof(ring{}.head)
	tailAt    = unsafe.Offsetof(ring{}.tail)
)

// Context is a context. Its identifier is the ring's address.
type Context struct {
	refs  atomic.Int32
	space *vm.AddressSpace // not counted: the context ends before it
	id    uintptr
	size  uintptr
	nr    uint32 // places in the ring
	asked int64

	mu       sched.Mutex
	tail     uint32 // guarded by mu
	reserved uint32 // guarded by mu: places for requests under way

	done atomic.Uint32 // completions so far
	dead atomic.Bool
	wait sched.WaitQueue

	next *Context // guarded by set.mu
}

// set is the contexts of an address space: AddressSpace.AIO.
type set struct {
	mu    sched.Mutex
	first *Context
}

var (
	contextCache = mem.Cache[Context]{Name: "aio_context"}
	setCache     = mem.Cache[set]{Name: "aio_set"}

	// Asked is the number of events asked for (/proc/sys/fs/aio-nr).
	Asked atomic.Int64
)

// Init has the address spaces' ends end their contexts, and makes /proc/sys/fs/aio-nr and aio-max-nr.
func Init() {
	vm.OnEnd = endAll
	procfs.RegisterSysctl("fs", "aio-nr", func(b *procfs.Buffer) errno.Errno {
		b.Printf("%d\n", Asked.Load())
		return errno.OK
	}, nil)
	procfs.RegisterSysctl("fs", "aio-max-nr", func(b *procfs.Buffer) errno.Errno {
		b.Printf("%d\n", MaxEvents)
		return errno.OK
	}, nil)
}

// setOf returns the set of an address space, making it if need be.
func setOf(s *vm.AddressSpace, create bool) *set {
	if t := (*set)(unsafe.Pointer(s.AIO.Load())); t != nil || !create {
		return t
	}
	t := setCache.Alloc()
	if t != nil && !s.AIO.CompareAndSwap(nil, (*byte)(unsafe.Pointer(t))) {
		setCache.Free(t)
		t = (*set)(unsafe.Pointer(s.AIO.Load()))
	}
	return t
}

// Setup is io_setup(2): it returns the identifier of a context for n requests at once. EINVAL, EAGAIN, ENOMEM.
func Setup(s *vm.AddressSpace, n uint32) (uintptr, errno.Errno) {
	if n == 0 || n > 1<<27 {
		return 0, errno.EINVAL
	}
	if Asked.Add(int64(n)) > MaxEvents {
		Asked.Add(-int64(n))
		return 0, errno.EAGAIN
	}
	t := setOf(s, true)
	var c *Context
	if t != nil {
		c = contextCache.Alloc()
	}
	if c == nil {
		Asked.Add(-int64(n))
		return 0, errno.ENOMEM
	}
	c.space, c.asked = s, int64(n)
	c.refs.Store(1)
	if e := c.mapRing(n); e != errno.OK {
		c.put()
		return 0, e
	}
	t.mu.Lock()
	c.next, t.first = t.first, c
	t.mu.Unlock()
	return c.id, errno.OK
}

// mapRing maps memory for n events, and one place that stays free to tell a full ring from an empty one.
func (c *Context) mapRing(n uint32) errno.Errno {
	c.size = (ringSize + uintptr(n+1)*eventSize + arch.PageSize - 1) &^ (arch.PageSize - 1)
	c.nr = uint32((c.size - ringSize) / eventSize)
	back, e := vm.NewShared(c.size, true)
	if e != errno.OK {
		return e
	}
	at, e := c.space.Map(0, c.size, vm.ProtRead|vm.ProtWrite, vm.Shared|vm.MayWrite, back, 0, false, false)
	if e != errno.OK {
		back.Put()
		return e
	}
	c.id = at
	r := ring{nr: c.nr, magic: ringMagic, compat: 1, headLen: uint32(ringSize)}
	if arch.CopyToUser(at, unsafe.Pointer(&r), ringSize) != 0 {
		c.space.Unmap(at, c.size)
		return errno.ENOMEM
	}
	return errno.OK
}

// Find returns a context with a reference. EINVAL.
func Find(s *vm.AddressSpace, id uintptr) (*Context, errno.Errno) {
	t := setOf(s, false)
	if t == nil {
		return nil, errno.EINVAL
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := t.first; c != nil; c = c.next {
		if c.id == id {
			c.refs.Add(1)
			return c, errno.OK
		}
	}
	return nil, errno.EINVAL
}

// Put gives up a reference.
func (c *Context) Put() { c.put() }

func (c *Context) put() {
	if c.refs.Add(-1) == 0 {
		Asked.Add(-c.asked)
		contextCache.Free(c)
	}
}

// Destroy is io_destroy(2).
func Destroy(s *vm.AddressSpace, id uintptr) errno.Errno {
	t := setOf(s, false)
	if t == nil {
		return errno.EINVAL
	}
	t.mu.Lock()
	var c *Context
	for p := &t.first; *p != nil; p = &(*p).next {
		if (*p).id == id {
			c = *p
			*p = c.next
			break
		}
	}
	t.mu.Unlock()
	if c == nil {
		return errno.EINVAL
	}
	c.dead.Store(true)
	c.mu.Lock() // who is at work on the ring ends first
	s.Unmap(c.id, c.size)
	c.mu.Unlock()
	c.wait.WakeAll()
	c.put()
	return errno.OK
}

// endAll forgets the contexts of an address space that goes away.
func endAll(s *vm.AddressSpace) {
	t := setOf(s, false)
	s.AIO.Store(nil)
	for c := t.first; c != nil; {
		next := c.next
		c.put()
		c = next
	}
	setCache.Free(t)
}

// head returns the ring's head. mu is held.
//
// +checklocks:c.mu
func (c *Context) head() (uint32, errno.Errno) {
	var h uint32
	if c.dead.Load() {
		return 0, errno.EINVAL
	}
	if arch.CopyFromUser(unsafe.Pointer(&h), c.id+headAt, unsafe.Sizeof(h)) != 0 {
		return 0, errno.EFAULT
	}
	return h % c.nr, errno.OK
}

// Reserve makes sure that the result of a request will have a place. EAGAIN: it would not.
func (c *Context) Reserve() errno.Errno {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, e := c.head()
	if e != errno.OK {
		return e
	}
	if used := (c.tail + c.nr - h) % c.nr; used+c.reserved >= c.nr-1 {
		return errno.EAGAIN
	}
	c.reserved++
	return errno.OK
}

// Cancel gives a reserved place back.
func (c *Context) Cancel() {
	c.mu.Lock()
	c.reserved--
	c.mu.Unlock()
}

// Complete puts a result into the place that was reserved for it.
func (c *Context) Complete(ev *Event) {
	c.mu.Lock()
	c.reserved--
	if !c.dead.Load() {
		arch.CopyToUser(c.id+ringSize+uintptr(c.tail)*eventSize, unsafe.Pointer(ev), eventSize)
		c.tail = (c.tail + 1) % c.nr
		arch.CopyToUser(c.id+tailAt, unsafe.Pointer(&c.tail), unsafe.Sizeof(c.tail))
	}
	c.mu.Unlock()
	c.done.Add(1)
	c.wait.WakeAll()
}

// take copies up to n events to user memory and moves the head.
func (c *Context) take(user uintptr, n int) (got int, e errno.Errno) {
	const batch = 16
	var buf [batch]Event
	c.mu.Lock()
	defer c.mu.Unlock()
	h, e := c.head()
	if e != errno.OK {
		return 0, e
	}
	for got < n && h != c.tail {
		k := min(batch, n-got, int((c.tail+c.nr-h)%c.nr), int(c.nr-h))
		size := uintptr(k) * eventSize
		if arch.CopyFromUser(unsafe.Pointer(&buf), c.id+ringSize+uintptr(h)*eventSize, size) != 0 ||
			arch.CopyToUser(user+uintptr(got)*eventSize, unsafe.Pointer(&buf), size) != 0 {
			e = errno.EFAULT
			break
		}
		got += k
		h = (h + uint32(k)) % c.nr
	}
	if got > 0 && arch.CopyToUser(c.id+headAt, unsafe.Pointer(&h), unsafe.Sizeof(h)) == 0 {
		e = errno.OK
	}
	return got, e
}

// Events is io_getevents(2): it waits for at least least events, at most ns nanoseconds (negative: for ever).
func (c *Context) Events(user uintptr, least, n int, ns int64) (got int, e errno.Errno) {
	deadline := int64(-1)
	if ns > 0 {
		deadline = max(int64(time.Now())+ns, 0)
	}
	for {
		seen := c.done.Load()
		var k int
		k, e = c.take(user+uintptr(got)*eventSize, n-got)
		if got += k; e != errno.OK || got >= least || ns == 0 {
			break
		}
		left := int64(-1)
		if deadline >= 0 {
			left = max(deadline-int64(time.Now()), 0)
		}
		e = c.wait.WaitTimeout(func() bool { return c.done.Load() != seen || c.dead.Load() }, left, true)
		if e == errno.ETIMEDOUT {
			ns = 0 // what has come since is still taken
			e = errno.OK
		}
		if e != errno.OK {
			break
		}
	}
	if got > 0 {
		e = errno.OK
	}
	return got, e
}
