package mem

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/lock"
)

// MaxOrder is the largest block: 2^MaxOrder frames, 4 MiB.
const MaxOrder = 10

// Flags modify an allocation.
type Flags uint32

const (
	// Zero clears the frames.
	Zero Flags = 1 << iota
	// Atomic allocations may use the reserve and never start reclaim: for interrupts and code that holds locks.
	Atomic
	// DMA32 wants memory below 4 GiB.
	DMA32
	// User and Movable say what the frame is for, for statistics.
	User
	Movable
	// Spare blocks are only a convenience: there is none rather than that something else gives way.
	Spare
)

// Zones.
const (
	zoneDMA32 = iota
	zoneNormal
	nZones
)

const dma32Limit = 1 << 32

// zone is a range of frames with its free blocks.
type zone struct {
	lock  lock.Spin
	free  [MaxOrder + 1]*Frame // heads of doubly linked lists; guarded by lock
	count [MaxOrder + 1]int    // blocks on them
	nfree atomic.Int64         // frames in free blocks
	pages int                  // frames managed
	low   int64                // reclaim starts below this
	min   int64                // only Atomic allocations go below this
	_     [32]byte
}

var zones [nZones]zone

var zoneNames = [nZones]string{"DMA32", "Normal"}

// pcpBatch frames move between a CPU's cache and the zone at a time; the cache holds up to pcpMax.
const (
	pcpBatch = 16
	pcpMax   = 48
)

// perCPU is a CPU's cache of single frames, most recently freed first.
type perCPU struct {
	head  *Frame
	n     int
	alloc uint64
	freed uint64
	_     [32]byte
}

var pcp [arch.MaxCPUs]perCPU

var pcpLock localLock

// AllocFrame returns one frame with one reference, or nil.
func AllocFrame(fl Flags) *Frame {
	if failInjected() {
		return nil
	}
	irq := pcpLock.lock()
	c := &pcp[arch.CPUID()]
	if c.head == nil || fl&DMA32 != 0 {
		pcpLock.unlock(irq)
		return allocSlow(fl)
	}
	f := c.head
	c.head = f.Next
	c.n--
	c.alloc++
	pcpLock.unlock(irq)
	prepare(f, fl)
	return f
}

// prepare makes a free frame a fresh one.
func prepare(f *Frame, fl Flags) {
	f.Next = nil
	f.Order = 0
	f.Owner, f.Index, f.Private = nil, 0, 0
	f.Refs.Store(1)
	if fl&Zero != 0 {
		arch.ClearPage(f.Virt())
	}
}

// allocSlow refills this CPU's cache, under pressure after reclaim, and allocates.
func allocSlow(fl Flags) *Frame {
	if fl&DMA32 != 0 {
		return allocBlock(0, fl)
	}
	for attempt := 0; ; attempt++ {
		irq := pcpLock.lock()
		c := &pcp[arch.CPUID()]
		if c.head == nil {
			c.refill(fl)
		}
		f := c.head
		if f != nil {
			c.head = f.Next
			c.n--
			c.alloc++
			pcpLock.unlock(irq)
			prepare(f, fl)
			if fl&Atomic == 0 {
				checkPressure()
			}
			return f
		}
		pcpLock.unlock(irq)
		if fl&Atomic != 0 || attempt == reclaimTries || !reclaim(pcpBatch, fl&User != 0) {
			allocFailures.Add(1)
			return nil
		}
	}
}

// refill takes a batch of single frames from the zones, Normal first. Interrupts are off.
func (c *perCPU) refill(fl Flags) {
	for zi := nZones - 1; zi >= 0; zi-- {
		z := &zones[zi]
		z.lock.Lock()
		for c.n < pcpBatch && (fl&Atomic != 0 || z.nfree.Load() > z.min) {
			f := z.take(0)
			if f == nil {
				break
			}
			f.Next = c.head
			c.head = f
			c.n++
		}
		z.lock.Unlock()
		if c.n > 0 {
			return
		}
	}
}

// drain gives n frames back to their zones. Interrupts are off.
func (c *perCPU) drain(n int) {
	var z *zone
	for ; n > 0 && c.head != nil; n-- {
		f := c.head
		c.head = f.Next
		c.n--
		if at := &zones[f.zone]; at != z {
			if z != nil {
				z.lock.Unlock()
			}
			z = at
			z.lock.Lock()
		}
		z.give(f, 0) // +checklocksforce: z is that frame's zone, and locked
	}
	if z != nil {
		z.lock.Unlock()
	}
}

// AllocFrames returns a block of 2^order frames, aligned to its size, with one reference held on its first frame;
// nil when there is none.
func AllocFrames(order int, fl Flags) *Frame {
	if order == 0 {
		return AllocFrame(fl)
	}
	if failInjected() || order < 0 || order > MaxOrder {
		return nil
	}
	return allocBlock(order, fl)
}

func allocBlock(order int, fl Flags) *Frame {
	for attempt := 0; ; attempt++ {
		for zi := nZones - 1; zi >= 0; zi-- {
			if zi == zoneNormal && fl&DMA32 != 0 {
				continue
			}
			z := &zones[zi]
			irq := z.lock.LockIRQ()
			var f *Frame
			if fl&Atomic != 0 || z.nfree.Load()-1<<order > z.min {
				f = z.take(order)
			}
			z.lock.UnlockIRQ(irq)
			if f != nil {
				prepareBlock(f, order, fl)
				if fl&Atomic == 0 {
					checkPressure()
				}
				return f
			}
		}
		if fl&Spare != 0 {
			return nil
		}
		if attempt == 0 && drainLocal() > 0 {
			continue // the cached frames may have kept buddies apart
		}
		if fl&Atomic != 0 || attempt >= reclaimTries || !reclaim(reclaimGoal(order, attempt), fl&User != 0) {
			allocFailures.Add(1)
			return nil
		}
	}
}

func prepareBlock(f *Frame, order int, fl Flags) {
	block := unsafe.Slice(f, 1<<order)
	for i := range block {
		prepare(&block[i], fl)
	}
	f.Order = uint8(order)
	if order > 0 {
		f.SetFlag(FrameBlock)
	}
}

// Split makes the block of 2^order frames that f heads into single frames, each with one reference and the flags of f, which nobody else refers to.
func Split(f *Frame, order int) {
	flags := f.Flags.Load() &^ FrameBlock
	block := unsafe.Slice(f, 1<<order)
	for i := range block {
		f := &block[i]
		f.Order = 0
		f.Private = 0
		f.Flags.Store(flags)
		f.Refs.Store(1)
	}
}

// FreeFrames frees a block that AllocFrames returned; nobody holds a reference any more.
func FreeFrames(f *Frame, order int) {
	if flags := f.Flags.Load(); flags != 0 {
		if flags&(FrameBuddy|FrameReserved) != 0 {
			panic("mem: freeing a frame that is free or reserved")
		}
		f.Flags.Store(0)
	}
	if f.MapCount.Load() != 0 {
		panic("mem: freeing a frame that is mapped")
	}
	f.Refs.Store(0)
	f.Owner = nil
	if order > 0 {
		z := &zones[f.zone]
		irq := z.lock.LockIRQ()
		z.give(f, order)
		z.lock.UnlockIRQ(irq)
		return
	}
	irq := pcpLock.lock()
	c := &pcp[arch.CPUID()]
	f.Next = c.head
	c.head = f
	c.n++
	c.freed++
	if c.n > pcpMax {
		c.drain(pcpBatch)
	}
	pcpLock.unlock(irq)
}

// take removes a block of the order from the free lists, splitting a larger one if needed. The zone is locked.
//
// +checklocks:z.lock
func (z *zone) take(order int) *Frame {
	for o := order; o <= MaxOrder; o++ {
		f := z.free[o]
		if f == nil {
			continue
		}
		z.unlink(f, o)
		for o > order {
			o--
			z.link((*Frame)(unsafe.Add(unsafe.Pointer(f), frameSize<<o)), o)
		}
		z.nfree.Add(-1 << order)
		return f
	}
	return nil
}

// give puts a block back and merges it with its free buddies. The zone is locked.
//
// +checklocks:z.lock
func (z *zone) give(f *Frame, order int) {
	z.nfree.Add(1 << order)
	pfn := (uintptr(unsafe.Pointer(f)) - frame0) / frameSize
	zi := f.zone
	for order < MaxOrder {
		bp := pfn ^ 1<<order
		if bp >= uintptr(len(frames)) {
			break
		}
		b := &frames[bp]
		if !b.TestFlag(FrameBuddy) || int(b.Order) != order || b.zone != zi {
			break
		}
		z.unlink(b, order)
		pfn &= bp
		order++
	}
	z.link(&frames[pfn], order)
}

// +checklocks:z.lock
func (z *zone) link(f *Frame, order int) {
	f.Order = uint8(order)
	f.Flags.Store(FrameBuddy)
	f.Prev, f.Next = nil, z.free[order]
	if f.Next != nil {
		f.Next.Prev = f
	}
	z.free[order] = f
	z.count[order]++
}

// +checklocks:z.lock
func (z *zone) unlink(f *Frame, order int) {
	if f.Prev == nil {
		z.free[order] = f.Next
	} else {
		f.Prev.Next = f.Next
	}
	if f.Next != nil {
		f.Next.Prev = f.Prev
	}
	f.Prev, f.Next = nil, nil
	f.Flags.Store(0)
	z.count[order]--
}

// takeForSlab takes a block straight from the zones, down to the last frame if the caller may use the reserve.
// Interrupts are off.
func takeForSlab(order int, reserve bool) *Frame {
	for zi := nZones - 1; zi >= 0; zi-- {
		z := &zones[zi]
		var f *Frame
		z.lock.Lock()
		if reserve || z.nfree.Load()-1<<order > z.min {
			f = z.take(order)
		}
		z.lock.Unlock()
		if f != nil {
			prepareBlock(f, order, 0)
			return f
		}
	}
	return nil
}
