package mem

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/lock"
)

// Region is a range [Start, End) of physical memory, page aligned.
type Region struct{ Start, End uint64 }

// bootAllocator serves before Init: it takes pages from the usable regions, in ascending order and never back.
type bootAllocator struct {
	regions []Region
	i       int
	next    uint64
	limit   uint64
	used    [64]Region // what it handed out; consecutive pieces are one entry
	nused   int
}

var boot bootAllocator

// BootInit names the usable memory: ascending, page aligned, apart. BootAlloc serves from what lies below limit.
func BootInit(usable []Region, limit uint64) {
	boot = bootAllocator{regions: usable, limit: limit}
}

// BootAlloc returns size bytes (rounded up to pages) of zeroed memory by physical address; 0 when there is none.
func BootAlloc(size uint64) uint64 {
	b := &boot
	size = (size + arch.PageSize - 1) &^ (arch.PageSize - 1)
	for i := b.i; i < len(b.regions); i++ {
		r := b.regions[i]
		start := max(b.next, r.Start)
		if stop := min(r.End, b.limit); start >= stop || size > stop-start || !b.note(start, size) {
			continue
		}
		b.i, b.next = i, start+size
		clear(unsafe.Slice((*byte)(pointer(arch.DirectMap+uintptr(start))), size))
		return start
	}
	return 0
}

func (b *bootAllocator) note(start, size uint64) bool {
	if b.nused > 0 && b.used[b.nused-1].End == start {
		b.used[b.nused-1].End += size
		return true
	}
	if b.nused == len(b.used) {
		return false
	}
	b.used[b.nused] = Region{start, start + size}
	b.nused++
	return true
}

// Init hands the usable memory to the buddy allocator, except what BootAlloc gave out; all of it must be mapped in
// the direct map. False: no room for the frame array.
func Init() bool {
	b := &boot
	if len(b.regions) == 0 {
		return false
	}
	b.limit = ^uint64(0)
	n := b.regions[len(b.regions)-1].End >> arch.PageShift
	at := BootAlloc(n * uint64(frameSize))
	if at == 0 {
		return false
	}
	setFrames(arch.DirectMap+uintptr(at), int(n))
	for i := range frames {
		f := &frames[i]
		f.Flags.Store(FrameReserved)
		if uint64(i)<<arch.PageShift >= dma32Limit {
			f.zone = zoneNormal
		}
	}
	for _, r := range b.regions {
		b.release(r)
	}
	finishZones()
	return true
}

// release frees what of r was not handed out.
func (b *bootAllocator) release(r Region) {
	for start := r.Start; start < r.End; {
		end := r.End
		next := end
		for _, u := range b.used[:b.nused] {
			if u.End > start && u.Start < end {
				if u.Start <= start {
					start, end, next = u.End, u.End, u.End
					break
				}
				end, next = u.Start, u.End
			}
		}
		addRange(start, end)
		start = max(next, start)
	}
}

func setFrames(at uintptr, n int) {
	frame0 = at
	frames = unsafe.Slice((*Frame)(pointer(at)), n)
}

// addRange puts [start, end) into the free lists in the largest aligned blocks.
func addRange(start, end uint64) {
	pfn, stop := start>>arch.PageShift, end>>arch.PageShift
	for pfn < stop {
		order := 0
		for order < MaxOrder && pfn&(1<<(order+1)-1) == 0 && pfn+1<<(order+1) <= stop {
			order++
		}
		f := &frames[pfn]
		for i := range uint64(1) << order {
			frames[pfn+i].Flags.Store(0)
		}
		z := &zones[f.zone]
		z.link(f, order) // +checklocksforce: only this CPU runs yet
		z.nfree.Add(1 << order)
		z.pages += 1 << order
		total += 1 << order
		pfn += 1 << order
	}
}

// finishZones sets locks and watermarks: below low memory is reclaimed, below min only Atomic allocations go on.
func finishZones() {
	for i := range zones {
		z := &zones[i]
		z.lock.Init(lock.RankZone)
		z.min = int64(z.pages) / 256
		z.low = z.min * 3
	}
}
