package block

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// waiters are the queues of those who wait for a request, hashed by its address. Nobody touches a request after done
// is set, for its owner may free it then.
var waiters [64]sched.WaitQueue

func (r *Request) queue() *sched.WaitQueue {
	return &waiters[uintptr(unsafe.Pointer(r))/unsafe.Sizeof(*r)%uintptr(len(waiters))]
}

// SubmitSync submits a request, waits until it is done and returns its result. It uses r.Done; the caller still owns r.
func (d *Device) SubmitSync(r *Request) errno.Errno {
	d.SubmitForWait(r)
	r.Wait()
	return r.Err
}

func syncDone(r *Request) {
	q := r.queue()
	r.done.Store(1)
	q.WakeAll()
}

// SubmitForWait submits a request that the caller waits for later, with Wait.
func (d *Device) SubmitForWait(r *Request) {
	r.Done = syncDone
	r.done.Store(0)
	d.Submit(r)
}

// Wait waits for a request that was submitted with SubmitForWait.
func (r *Request) Wait() {
	if r.done.Load() == 0 {
		FlushPlug()
		r.queue().Wait(func() bool { return r.done.Load() != 0 })
	}
}

// ReadFrames reads consecutive pages from sector on, and WriteFrames writes them; both wait.
func (d *Device) ReadFrames(sector uint64, frames []*mem.Frame) errno.Errno {
	return d.transfer(Read, sector, frames)
}

// WriteFrames writes consecutive pages.
func (d *Device) WriteFrames(sector uint64, frames []*mem.Frame) errno.Errno {
	return d.transfer(Write, sector, frames)
}

func (d *Device) transfer(op Op, sector uint64, frames []*mem.Frame) errno.Errno {
	err := errno.OK
	for len(frames) > 0 && err == errno.OK {
		r := AllocRequest(d, op)
		r.Sector = sector
		n := 0
		for n < len(frames) && r.AddSegment(frames[n], 0, arch.PageSize) {
			n++
		}
		if n == 0 {
			err = errno.EINVAL
		} else {
			err = d.SubmitSync(r)
		}
		FreeRequest(r)
		frames = frames[n:]
		sector += uint64(n) * (arch.PageSize / SectorSize)
	}
	return err
}

// ReadSync reads the 4 KiB block number blk into f and waits.
func (d *Device) ReadSync(blk uint64, f *mem.Frame) errno.Errno { return d.one(Read, blk, f) }

// WriteSync writes the 4 KiB block number blk from f and waits; it may still be in the device's cache then.
func (d *Device) WriteSync(blk uint64, f *mem.Frame) errno.Errno { return d.one(Write, blk, f) }

func (d *Device) one(op Op, blk uint64, f *mem.Frame) errno.Errno {
	r := AllocRequest(d, op)
	r.Sector = blk * (arch.PageSize / SectorSize)
	r.AddSegment(f, 0, arch.PageSize)
	err := d.SubmitSync(r)
	FreeRequest(r)
	return err
}

// Flush makes everything durable whose writing was done before.
func (d *Device) Flush() errno.Errno {
	r := AllocRequest(d, Flush)
	err := d.SubmitSync(r)
	FreeRequest(r)
	return err
}

// Discard tells the device that sectors are not needed any more; EOPNOTSUPP if it does not care.
func (d *Device) Discard(sector, count uint64) errno.Errno {
	return d.ranges(Discard, sector, count, d.disk().MaxDiscard)
}

// ranges does an operation without data in pieces of at most limit sectors.
func (d *Device) ranges(op Op, sector, count, limit uint64) errno.Errno {
	if limit == 0 {
		return errno.EOPNOTSUPP
	}
	for count > 0 {
		n := min(count, limit)
		r := AllocRequest(d, op)
		r.Sector, r.Count = sector, n
		err := d.SubmitSync(r)
		FreeRequest(r)
		if err != errno.OK {
			return err
		}
		sector, count = sector+n, count-n
	}
	return errno.OK
}

// Zero fills sectors with zeroes: by command if the device has one, else by writing. Position and count are whole blocks
// of the device.
func (d *Device) Zero(sector, count uint64) errno.Errno {
	if limit := d.disk().MaxZeroes; limit > 0 {
		return d.ranges(WriteZeroes, sector, count, limit)
	}
	f := mem.AllocFrame(mem.Zero)
	if f == nil {
		return errno.ENOMEM
	}
	err := errno.OK
	for count > 0 && err == errno.OK {
		r := AllocRequest(d, Write)
		r.Sector = sector
		for count > 0 {
			n := min(count, arch.PageSize/SectorSize)
			if !r.AddSegment(f, 0, uint32(n*SectorSize)) {
				break
			}
			sector, count = sector+n, count-n
		}
		err = d.SubmitSync(r)
		FreeRequest(r)
	}
	f.Put()
	return err
}
