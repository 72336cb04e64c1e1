package blk

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/sched"
)

// Request types and status values (§5.2.6).
const (
	typeIn      = 0
	typeOut     = 1
	typeFlush   = 4
	typeDiscard = 11
	typeZeroes  = 13

	statusOK          = 0
	statusIOError     = 1
	statusUnsupported = 2
	statusPending     = 0xff // ours: the device has not written it
)

// header is what a request begins with, and the range of a discard. Each slot has one in the queue's page of headers.
type header struct {
	kind     uint32
	reserved uint32
	sector   uint64
	rng      struct {
		sector uint64
		count  uint32
		flags  uint32
	}
	status uint8
	_      [31]byte
}

const (
	headerSize   = unsafe.Sizeof(header{})
	rangeOffset  = unsafe.Offsetof(header{}.rng)
	statusOffset = unsafe.Offsetof(header{}.status)
)

func (q *queue) header(slot int) (*header, uint64) {
	off := uintptr(slot) * headerSize
	a := q.headers.Virt() + off
	return (*header)(*(*unsafe.Pointer)(unsafe.Pointer(&a))), q.headers.Phys() + uint64(off)
}

// Start puts a request into this CPU's queue, or another one when that is full.
func (d *disk) Start(b *block.Device, r *block.Request) bool {
	if d.stopped.Load() {
		return false
	}
	first := arch.CPUID() % d.n
	for i := range d.n {
		q := &d.queues[(first+i)%d.n]
		q.lock.Lock()
		ok := q.put(r)
		q.lock.Unlock()
		if ok {
			return true
		}
	}
	return false
}

// put builds the descriptors of a request. The queue is locked.
func (q *queue) put(r *block.Request) bool {
	n := 2
	switch r.Command() {
	case block.Read, block.Write:
		n += r.Segments()
	case block.Discard, block.WriteZeroes:
		n++
	}
	slot := q.vq.Begin(n)
	if slot < 0 {
		return false
	}
	h, phys := q.header(slot)
	sector, count := r.Position()
	*h = header{status: statusPending}
	q.vq.Add(phys, 16, false)
	switch op := r.Command(); op {
	case block.Read, block.Write:
		h.kind, h.sector = typeIn, sector
		if op == block.Write {
			h.kind = typeOut
		}
		runs := r.Runs(maxRun)
		for at, n := runs.Next(); n > 0; at, n = runs.Next() {
			q.vq.Add(at, n, op == block.Read)
		}
	case block.Flush:
		h.kind = typeFlush
	case block.Discard, block.WriteZeroes:
		h.kind = typeDiscard
		if op == block.WriteZeroes {
			h.kind = typeZeroes
		}
		h.rng.sector, h.rng.count = sector, uint32(count)
		q.vq.Add(phys+uint64(rangeOffset), 16, false)
	}
	q.vq.Add(phys+uint64(statusOffset), 1, true)
	q.vq.Publish(unsafe.Pointer(r))
	q.dirty = true
	return true
}

// Commit notifies the device of what this CPU has put into queues.
func (d *disk) Commit(b *block.Device) {
	for i := range d.n {
		q := &d.queues[i]
		q.lock.Lock()
		if q.dirty {
			q.dirty = false
			q.vq.Notify()
		}
		q.lock.Unlock()
	}
}

// interrupt leaves the work to a DPC.
func interrupt(arg unsafe.Pointer) { sched.QueueDPC(&(*queue)(arg).dpc) }

// queueDPC completes what the device has done. With fewer interrupts than queues, one serves several.
func queueDPC(c *sched.DPC) {
	q := (*queue)(c.Arg)
	d := q.disk
	q.reap()
	if n := d.dev.Vectors(); n < d.n {
		for i := range d.n {
			if o := &d.queues[i]; o != q {
				o.reap()
			}
		}
	}
}

// reap completes the requests of a queue that are done.
func (q *queue) reap() {
	for {
		q.lock.Lock()
		slot, cookie, _ := q.vq.Pop()
		if slot < 0 {
			broken := q.vq.Broken()
			idle := broken || q.vq.Arm()
			q.lock.Unlock()
			if broken {
				q.disk.fault()
			}
			if idle {
				return
			}
			continue
		}
		h, _ := q.header(slot)
		status := h.status
		q.lock.Unlock()
		block.Complete((*block.Request)(cookie), result(status))
	}
}

func result(status uint8) errno.Errno {
	switch status {
	case statusOK:
		return errno.OK
	case statusUnsupported:
		return errno.EOPNOTSUPP
	}
	return errno.EIO
}

// TimedOut looks for requests that are done without an interrupt having come, and resets the device when there are none.
func (d *disk) TimedOut(b *block.Device) {
	for i := range d.n {
		d.queues[i].reap()
	}
	if b.Late() {
		d.fault()
	}
}

// fault has a worker thread recover the device, unless one does already.
func (d *disk) fault() {
	if d.stopped.CompareAndSwap(false, true) {
		sched.QueueWork(&d.recover)
	}
}
