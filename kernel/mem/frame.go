// Package mem manages physical memory: frames (a buddy allocator with zones and per-CPU caches), typed objects
// (slab caches with per-CPU magazines), byte blocks (size classes over the slabs), and kernel virtual areas with
// guard pages. Statistics, memory pressure (shrinkers), fault injection and leak checks belong to it.
//
// Every allocation can fail and says so by nil. Hosted, an arena of ordinary memory stands for physical memory
// (HostInit), and everything else is the same code.
//
// Invariants:
//   - Each frame is free (in a zone's buddy lists or a CPU's cache), reserved, or owned with Refs ≥ 1.
//   - A free block of order n is aligned to its size; its first frame carries FrameBuddy and Order n. Two free
//     buddies of one order never exist side by side.
//   - A free frame has no flags but FrameBuddy, no references and no mappings.
//   - Per-CPU caches and magazines are touched only by their CPU with interrupts off.
//
// Lock order: virtual areas → list of caches → slab cache → zone. All are taken with interrupts off: their ranks are
// above the timers', whose interrupt must not find them held.
package mem

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
)

// Frame describes one page frame of physical memory. It fills a cache line.
type Frame struct {
	Refs     atomic.Int32
	MapCount atomic.Int32 // user page-table entries that map it
	Flags    atomic.Uint32
	Order    uint8          // of the block it heads
	zone     uint8          // index of its zone
	Owner    unsafe.Pointer // page-cache object, slab cache, …
	Index    uint64         // the owner's: page number in a file, …
	Prev     *Frame         // the list it is on: free, LRU, slab
	Next     *Frame
	Private  uint64
	_        [8]byte
}

// Frame flags.
const (
	FrameLocked uint32 = 1 << iota
	FrameUptodate
	FrameDirty
	FrameWriteback
	FrameError
	FrameReferenced
	FrameActive
	FrameAnon
	FrameSlab
	FrameBuddy
	FrameReserved
	FrameReadahead
	FrameMetadata
	FrameLRU
	FrameWaiters
	FrameBlock // head of a block from AllocFrames with order > 0
)

// SetFlag and ClearFlag change flag bits; TestFlag reports whether any is set.
func (f *Frame) SetFlag(bits uint32)       { f.Flags.Or(bits) }
func (f *Frame) ClearFlag(bits uint32)     { f.Flags.And(^bits) }
func (f *Frame) TestFlag(bits uint32) bool { return f.Flags.Load()&bits != 0 }

// TestAndSet sets a flag and reports whether it was set before; TestAndClear clears it.
func (f *Frame) TestAndSet(bit uint32) bool   { return f.Flags.Or(bit)&bit != 0 }
func (f *Frame) TestAndClear(bit uint32) bool { return f.Flags.And(^bit)&bit != 0 }

const frameSize = unsafe.Sizeof(Frame{})

var (
	frames   []Frame // one for each frame from physical address 0 on
	frame0   uintptr // address of frames[0]
	total    int     // managed frames
	reserved int
)

// Phys returns the frame's physical address, Virt its address in the direct map.
func (f *Frame) Phys() uint64 {
	return uint64((uintptr(unsafe.Pointer(f)) - frame0) / frameSize << arch.PageShift)
}

func (f *Frame) Virt() uintptr { return arch.DirectMap + uintptr(f.Phys()) }

// Bytes returns the frame's content.
func (f *Frame) Bytes() []byte { return unsafe.Slice((*byte)(pointer(f.Virt())), arch.PageSize) }

// FrameOf returns the frame at a physical address, which must be memory.
func FrameOf(phys uint64) *Frame { return &frames[phys>>arch.PageShift] }

// VirtToFrame returns the frame at an address of the direct map.
func VirtToFrame(va uintptr) *Frame { return &frames[(va-arch.DirectMap)>>arch.PageShift] }

// Get takes a reference.
func (f *Frame) Get() { f.Refs.Add(1) }

// Put drops a reference; the last one frees the frame, or the block it heads.
func (f *Frame) Put() {
	if n := f.Refs.Add(-1); n == 0 {
		FreeFrames(f, int(f.Order))
	} else if n < 0 {
		panic("mem: frame freed twice")
	}
}

// TryGet takes a reference unless there is none left.
func (f *Frame) TryGet() bool {
	for {
		n := f.Refs.Load()
		if n <= 0 {
			return false
		}
		if f.Refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// pointer converts an address outside the Go heap; frames are never moved.
func pointer(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }
