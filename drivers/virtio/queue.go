package virtio

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/drivers/hw"
	"galago/kernel/errno"
	"galago/kernel/mem"
)

// MaxQueue is the largest queue we make, so that its three parts fit into one page: descriptors, available ring and used
// ring (§2.7).
const MaxQueue = 64

const (
	offAvail = MaxQueue * 16
	offUsed  = offAvail + 512

	descNext     = 1
	descWrite    = 2
	descIndirect = 4

	noNotify = 1 // used ring's flags

	// TableLen is the number of entries of an indirect table: one page has four tables.
	TableLen  = 64
	tableSize = TableLen * descSize
	descSize  = 16
)

// desc is a descriptor (§2.7.5).
type desc struct {
	addr  uint64
	len   uint32
	flags uint16
	next  uint16
}

// slot is the driver's side of a descriptor, in memory that the device cannot reach. The cookie and what follows it
// belong to the head of a request.
type slot struct {
	next   uint16 // the following one, in the free list or in a request
	busy   bool
	n      uint16 // descriptors
	in     uint32 // bytes that the device may write
	cookie unsafe.Pointer
}

// Queue is a split virtqueue. Its driver's lock guards it.
type Queue struct {
	dev    *Device
	index  uint16
	size   uint16
	page   *mem.Frame
	tables [MaxQueue / 4]*mem.Frame // indirect tables of the slots

	descs   *[MaxQueue]desc
	avail   uintptr
	used    uintptr
	notify  uintptr
	free    uint16 // first free descriptor
	numFree uint16
	next    uint16 // available index, as published
	seen    uint16 // used index up to which Pop has come
	told    uint16 // available index that the device was last notified of
	broken  bool

	// The request being built.
	head, last, count uint16
	table             *[TableLen]desc

	slots [MaxQueue]slot
}

// Setup makes queue index with at most want descriptors, its interrupt being number vector. The device is negotiated
// and not ready yet. After a Reset it sets the queue up again, in the same memory.
func (q *Queue) Setup(v *Device, index, want, vector int) errno.Errno {
	q.dev, q.index = v, uint16(index)
	hw.Write16(v.common+regQueueSelect, q.index)
	size := min(uint(hw.Read16(v.common+regQueueSize)), uint(want), MaxQueue)
	for size&(size-1) != 0 {
		size &= size - 1
	}
	if index >= v.NumQueues || size < 2 {
		return errno.ENODEV
	}
	q.size = uint16(size)
	if err := q.allocate(); err != errno.OK {
		return err
	}
	q.clear()
	hw.Write16(v.common+regQueueSize, q.size)
	hw.Write16(v.common+regQueueVector, uint16(vector))
	if hw.Read16(v.common+regQueueVector) != uint16(vector) {
		return errno.ENOSPC
	}
	off := uint64(hw.Read16(v.common+regQueueNotifyOff)) * uint64(v.notifyFactor)
	if off+2 > v.notifySize {
		return errno.EINVAL
	}
	q.notify = v.notify + uintptr(off)
	base := q.page.Phys()
	write64(v.common+regQueueDesc, base)
	write64(v.common+regQueueDriver, base+offAvail)
	write64(v.common+regQueueDevice, base+offUsed)
	hw.Write16(v.common+regQueueEnable, 1)
	return errno.OK
}

// write64 writes a register as two halves, as all devices understand.
func write64(a uintptr, v uint64) {
	hw.Write32(a, uint32(v))
	hw.Write32(a+4, uint32(v>>32))
}

// allocate gets the queue's memory, unless it has it.
func (q *Queue) allocate() errno.Errno {
	if q.page == nil {
		if q.page = mem.AllocFrame(mem.Zero); q.page == nil {
			return errno.ENOMEM
		}
	}
	if !q.dev.Has(FeatureIndirect) {
		return errno.OK
	}
	for i := range (int(q.size) + 3) / 4 {
		if q.tables[i] == nil {
			if q.tables[i] = mem.AllocFrame(0); q.tables[i] == nil {
				q.Release()
				return errno.ENOMEM
			}
		}
	}
	return errno.OK
}

// Release frees the queue's memory; the device is reset.
func (q *Queue) Release() {
	for i, f := range q.tables {
		if f != nil {
			f.Put()
			q.tables[i] = nil
		}
	}
	if q.page != nil {
		q.page.Put()
		q.page = nil
	}
}

// clear makes the queue empty.
func (q *Queue) clear() {
	arch.ClearPage(q.page.Virt())
	base := q.page.Virt()
	q.descs = (*[MaxQueue]desc)(pointer(base))
	q.avail, q.used = base+offAvail, base+offUsed
	for i := range q.size {
		q.slots[i] = slot{next: i + 1}
	}
	q.free, q.numFree = 0, q.size
	q.next, q.seen, q.told = 0, 0, 0
	q.broken = false
}

// Size returns the number of descriptors.
func (q *Queue) Size() int { return int(q.size) }

// Broken reports whether the device has put nonsense into the queue.
func (q *Queue) Broken() bool { return q.broken }

// Begin starts building a request of n buffers and returns the slot it will have; −1: there is no room.
func (q *Queue) Begin(n int) int {
	indirect := q.dev.Has(FeatureIndirect)
	if q.broken || q.numFree == 0 || indirect && n > TableLen || !indirect && n > int(q.numFree) {
		return -1
	}
	q.head, q.last, q.count = q.free, q.free, 0
	q.table = nil
	if indirect {
		t := q.tables[q.head/4].Virt() + uintptr(q.head%4)*tableSize
		q.table = (*[TableLen]desc)(pointer(t))
	}
	q.slots[q.head].in = 0
	return int(q.head)
}

// Room returns how many buffers a request may have now.
func (q *Queue) Room() int {
	if q.dev.Has(FeatureIndirect) {
		if q.numFree == 0 {
			return 0
		}
		return TableLen
	}
	return int(q.numFree)
}

// Add appends a buffer; those that the device writes come last.
func (q *Queue) Add(phys uint64, n uint32, write bool) {
	flags := uint16(0)
	if write {
		flags = descWrite
		q.slots[q.head].in += n
	}
	if t := q.table; t != nil {
		if q.count > 0 {
			t[q.count-1].flags |= descNext
		}
		t[q.count] = desc{phys, n, flags, q.count + 1}
		q.count++
		return
	}
	if q.count > 0 {
		q.descs[q.last].flags |= descNext
		q.descs[q.last].next = q.free
	}
	q.last = q.free
	q.descs[q.free] = desc{addr: phys, len: n, flags: flags}
	q.free = q.slots[q.free].next
	q.count++
}

// Publish gives the request to the device; Notify tells it so.
func (q *Queue) Publish(cookie unsafe.Pointer) {
	s := &q.slots[q.head]
	s.cookie, s.busy, s.n = cookie, true, q.count
	if q.table != nil {
		at := q.tables[q.head/4].Phys() + uint64(q.head%4)*tableSize
		q.descs[q.head] = desc{addr: at, len: uint32(q.count) * descSize, flags: descIndirect}
		q.free = s.next
		s.n = 1
	}
	q.numFree -= s.n
	*(*uint16)(pointer(q.avail + 4 + uintptr(q.next&(q.size-1))*2)) = q.head
	q.next++
	storeIndex(q.avail, 0, q.next)
}

// storeIndex writes a ring's flags and index, which lie in one word, so that everything before is visible first.
func storeIndex(ring uintptr, flags, index uint16) {
	atomic.StoreUint32((*uint32)(pointer(ring)), uint32(flags)|uint32(index)<<16)
}

func load(a uintptr) uint32 { return atomic.LoadUint32((*uint32)(pointer(a))) }

// Notify tells the device of requests published since the last call, if it wants to know (§2.7.10). The atomic store of
// Publish orders the index before the look at what the device wants.
func (q *Queue) Notify() {
	if q.told == q.next {
		return
	}
	old := q.told
	q.told = q.next
	if q.dev.Has(FeatureEventIdx) {
		event := uint16(load(q.used + 4 + uintptr(q.size)*8))
		if q.next-event-1 >= q.next-old {
			return
		}
	} else if load(q.used)&noNotify != 0 {
		return
	}
	hw.Write16(q.notify, q.index)
}

// Pop returns a request that the device has done: its slot, cookie, and how many bytes the device says it wrote, which
// is no more than it was allowed. −1: there is none, or the queue is broken.
func (q *Queue) Pop() (i int, cookie unsafe.Pointer, n uint32) {
	index := uint16(load(q.used) >> 16)
	if q.broken || index == q.seen {
		return -1, nil, 0
	}
	if index-q.seen > q.size {
		q.broken = true
		return -1, nil, 0
	}
	e := q.used + 4 + uintptr(q.seen&(q.size-1))*8
	id := *(*uint32)(pointer(e))
	n = *(*uint32)(pointer(e + 4))
	if id >= uint32(q.size) || !q.slots[id].busy || n > q.slots[id].in {
		q.broken = true
		return -1, nil, 0
	}
	q.seen++
	s := &q.slots[id]
	s.busy = false
	q.freeChain(uint16(id), s.n)
	return int(id), s.cookie, n
}

// freeChain puts n descriptors from head on back on the free list.
func (q *Queue) freeChain(head, n uint16) {
	last := head
	for range n - 1 {
		last = q.slots[last].next
	}
	q.slots[last].next = q.free
	q.free = head
	q.numFree += n
}

// Arm asks for an interrupt at the next request done. False: one is done already; Pop it and arm again.
func (q *Queue) Arm() bool {
	if q.dev.Has(FeatureEventIdx) {
		atomic.StoreUint32((*uint32)(pointer(q.avail+4+uintptr(q.size)*2)), uint32(q.seen))
	} else {
		storeIndex(q.avail, 0, q.next)
	}
	return uint16(load(q.used)>>16) == q.seen
}

// Busy returns a request that the device has (or had before Reset), in the order of slots from i on; −1: none. It takes
// it back: only after a reset.
func (q *Queue) Busy(i int) (int, unsafe.Pointer) {
	for ; i < int(q.size); i++ {
		if s := &q.slots[i]; s.busy {
			s.busy = false
			return i, s.cookie
		}
	}
	return -1, nil
}

// pointer converts the address of a frame's memory, which is never moved or collected.
func pointer(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }
