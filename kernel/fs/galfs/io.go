package galfs

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vm/pagecache"
)

const sectorsPerBlock = disk.BlockSize / 512

// inflight counts requests under way and keeps the first error. It must outlive them.
type inflight struct {
	n   atomic.Int32
	err atomic.Uint32
	q   sched.WaitQueue
}

func (c *inflight) reset() { c.err.Store(0) }

// end is called when a request is done, from any context.
func (c *inflight) end(err errno.Errno) {
	if err != errno.OK {
		c.err.CompareAndSwap(0, uint32(err))
	}
	if c.n.Add(-1) == 0 {
		c.q.WakeAll()
	}
}

// wait waits for all requests and returns the first error.
func (c *inflight) wait() errno.Errno {
	block.FlushPlug()
	c.q.Wait(func() bool { return c.n.Load() == 0 })
	return errno.Errno(c.err.Swap(0))
}

// readBlock reads one block into f and waits.
func (fs *FS) readBlock(blk uint64, f *mem.Frame) errno.Errno { return fs.dev.ReadSync(blk, f) }

// writeBlock writes one block from f and waits.
func (fs *FS) writeBlock(blk uint64, f *mem.Frame) errno.Errno { return fs.dev.WriteSync(blk, f) }

// flush makes everything written so far durable.
func (fs *FS) flush() errno.Errno { return fs.dev.Flush() }

// writeDurable writes one block so that it, and all that was written before, is durable.
func (fs *FS) writeDurable(blk uint64, f *mem.Frame) errno.Errno {
	r := block.AllocRequest(fs.dev, block.Write)
	r.Sector = blk * sectorsPerBlock
	r.AddSegment(f, 0, disk.BlockSize)
	r.Preflush, r.FUA = true, true
	err := fs.dev.SubmitSync(r)
	block.FreeRequest(r)
	return err
}

// ioBatch collects writes of blocks into requests, one for each run of neighbours.
type ioBatch struct {
	fs    *FS
	r     *block.Request
	next  uint64 // block that would continue r
	count inflight
}

// add queues the write of f to blk. f must not change until wait returns.
func (b *ioBatch) add(blk uint64, f *mem.Frame) {
	if b.r != nil && (blk != b.next || b.r.Full()) {
		b.submit()
	}
	if b.r == nil {
		b.r = block.AllocRequest(b.fs.dev, block.Write)
		b.r.Sector = blk * sectorsPerBlock
		b.r.Done = batchDone
		b.r.Arg = unsafe.Pointer(&b.count)
	}
	b.r.AddSegment(f, 0, disk.BlockSize)
	b.next = blk + 1
}

func (b *ioBatch) submit() {
	b.count.n.Add(1)
	r := b.r
	b.r = nil
	b.fs.dev.Submit(r)
}

func batchDone(r *block.Request) {
	c, err := (*inflight)(r.Arg), r.Err
	block.FreeRequest(r)
	c.end(err)
}

// wait submits what is queued and waits for all of it.
func (b *ioBatch) wait() errno.Errno {
	if b.r != nil {
		b.submit()
	}
	return b.count.wait()
}

// readData starts reading pages from consecutive blocks.
func (fs *FS) readData(blk uint64, frames []*mem.Frame) {
	fs.submitData(block.Read, blk, frames, readDone, nil)
}

// writeData starts writing pages to consecutive blocks. c, if not nil, counts the requests.
func (fs *FS) writeData(blk uint64, frames []*mem.Frame, c *inflight) {
	fs.submitData(block.Write, blk, frames, writeDone, c)
}

func (fs *FS) submitData(op block.Op, blk uint64, frames []*mem.Frame, done func(*block.Request), c *inflight) {
	for len(frames) > 0 {
		r := block.AllocRequest(fs.dev, op)
		r.Sector = blk * sectorsPerBlock
		r.Done, r.Arg = done, unsafe.Pointer(c)
		n := 0
		for n < len(frames) && !r.Full() {
			r.AddSegment(frames[n], 0, disk.BlockSize)
			n++
		}
		if c != nil {
			c.n.Add(1)
		}
		fs.dev.Submit(r)
		frames = frames[n:]
		blk += uint64(n)
	}
}

func readDone(r *block.Request) {
	for k := range r.NSegs {
		pagecache.ReadDone(r.Segs[k].Frame, r.Err)
	}
	block.FreeRequest(r)
}

func writeDone(r *block.Request) {
	c, err := (*inflight)(r.Arg), r.Err
	for k := range r.NSegs {
		pagecache.WriteDone(r.Segs[k].Frame, err)
	}
	block.FreeRequest(r)
	if c != nil {
		c.end(err)
	}
}
