package block

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/block/elevator"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/mem"
)

// Op is what a request asks for.
type Op uint8

// The operations.
const (
	Read        Op = iota
	Write          // of Segs
	Flush          // makes durable what has been written; no sectors
	Discard        // Count sectors are no longer needed; what they hold is undefined
	WriteZeroes    // Count sectors become zero
	numOps
)

var opNames = [numOps]string{"read", "write", "flush", "discard", "write-zeroes"}

// String returns the operation's name.
func (op Op) String() string {
	if op < numOps {
		return opNames[op]
	}
	return "bad"
}

// MaxSegs is the number of pieces of memory that one request may have.
const MaxSegs = 64

// SectorSize is the unit of positions and lengths, whatever the device's own block size is.
const SectorSize = 512

// Segment is a piece of memory: Len bytes at Off in the frame, or in the block of frames that it heads.
type Segment struct {
	Frame    *mem.Frame
	Off, Len uint32
}

// Request is one transfer between a device and memory. The maker fills in the first group, submits it, and has it
// back when Done is called; only then it may touch or free it.
type Request struct {
	Dev      *Device
	Op       Op
	FUA      bool // a write that is durable when done
	Preflush bool // everything that was done before is durable before the write begins
	NSegs    int
	Sector   uint64
	Count    uint64 // sectors of a Discard or WriteZeroes; computed from Segs otherwise
	Done     func(r *Request)
	Arg      unsafe.Pointer
	Err      errno.Errno // valid in Done

	// For the driver while it has the request.
	Tag    int
	Cookie uint64

	// The block layer's own. Neighbouring requests travel as a chain, which the driver sees as one request: its
	// head has the figures of all.
	disk     *Device // the whole disk
	phase    phase
	reserved bool // belongs to the reserve
	retries  uint8
	segs     int // segments of the chain
	item     elevator.Item
	chain    *Request
	tail     *Request
	link     ds.ListNode[Request] // in a plug, the requeue list, the in-flight list or the free reserve
	start    uint64               // ns, when it was submitted
	issued   uint64               // ns, when the driver got it
	done     atomic.Uint32        // for Wait

	Segs [MaxSegs]Segment
}

// phase is how far a request with Preflush or FUA has come on a device that knows flushes only.
type phase uint8

const (
	phaseData phase = iota
	phasePreflush
	phasePostflush
)

// AddSegment appends memory to transfer. False: the request is full.
func (r *Request) AddSegment(f *mem.Frame, off, n uint32) bool {
	if r.Full() {
		return false
	}
	r.Segs[r.NSegs] = Segment{f, off, n}
	r.NSegs++
	return true
}

// Full reports whether the request takes no more segments.
func (r *Request) Full() bool {
	return r.NSegs >= MaxSegs || r.NSegs >= r.Dev.MaxSegs || uint64(r.NSegs+1)*(arch.PageSize/SectorSize) > r.Dev.MaxSectors
}

// Command returns what the driver is to do now: the operation, or a flush before or after it.
func (r *Request) Command() Op {
	if r.phase != phaseData {
		return Flush
	}
	return r.Op
}

// Position returns the first sector on the disk and the number of sectors, with all that was merged.
func (r *Request) Position() (sector, count uint64) { return r.item.Sector, r.item.Count }

// Segments returns the number of segments, with all that was merged: no less than Runs will find.
func (r *Request) Segments() int { return r.segs }

// Force reports whether the driver must write through the device's cache (only if Device.FUA).
func (r *Request) Force() bool { return r.FUA && r.phase == phaseData && r.disk.FUA }

// Runs walks the memory of a request, merged ones included, as runs of physically contiguous bytes.
type Runs struct {
	r   *Request
	i   int
	max uint32
}

// Runs begins a walk; a run is at most max bytes.
func (r *Request) Runs(max uint32) Runs { return Runs{r: r, max: max} }

// Next returns the next run; n is 0 at the end.
func (w *Runs) Next() (phys uint64, n uint32) {
	for w.r != nil {
		if w.i == w.r.NSegs {
			w.r, w.i = w.r.chain, 0
			continue
		}
		s := &w.r.Segs[w.i]
		at := s.Frame.Phys() + uint64(s.Off)
		if n == 0 {
			phys = at
		} else if at != phys+uint64(n) || s.Len > w.max-n {
			return phys, n
		}
		n += s.Len
		w.i++
	}
	return phys, n
}
