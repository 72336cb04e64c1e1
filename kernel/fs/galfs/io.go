package galfs

import (
	"unsafe"

	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vm/pagecache"
)

const sectorsPerBlock = disk.BlockSize / 512

// inflight counts requests under way and keeps the first error. When wait has returned, the requests it waited for no longer
// touch the inflight: the last one's last act is to release the lock, which wait takes.
type inflight struct {
	lock lock.Spin
	n    int         // guarded by lock
	err  errno.Errno // guarded by lock
	q    sched.WaitQueue
}

func (c *inflight) init() { c.lock.Init(lock.RankFSMisc) }

// begin counts a request that is about to be submitted.
func (c *inflight) begin() {
	c.lock.Lock()
	c.n++
	c.lock.Unlock()
}

// end is called when a request is done, in a thread or a DPC.
func (c *inflight) end(err errno.Errno) {
	c.lock.Lock()
	if c.err == errno.OK {
		c.err = err
	}
	if c.n--; c.n == 0 {
		c.q.WakeAll()
	}
	c.lock.Unlock()
}

func (c *inflight) idle() bool {
	c.lock.Lock()
	idle := c.n == 0
	c.lock.Unlock()
	return idle
}

// wait waits for all requests and returns the first error.
func (c *inflight) wait() errno.Errno {
	block.FlushPlug()
	c.q.Wait(c.idle)
	c.lock.Lock()
	err := c.err
	c.err = errno.OK
	c.lock.Unlock()
	return err
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
	b.count.begin()
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
			c.begin()
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
