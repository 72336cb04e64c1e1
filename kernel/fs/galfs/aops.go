package galfs

import (
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/mem"
	"galago/kernel/vm/pagecache"
)

// File data. Blocks are allocated when pages are written back, not when they are dirtied (delayed allocation): then it is
// known how much goes to one place, and short-lived files need no blocks at all. Dirtying a page that has no block
// only promises it one, so that a full disk is an error of write(2).
//
// The promise is a non-zero Private of the page. It changes under mapLock: for reading together with the page lock (make a promise),
// for writing (redeem it), or under the page lock when the page is not in writeback (drop it).

const promised = 1

// pageOps is pagecache.Ops.
type pageOps struct{}

func ownerInode(o *pagecache.Object) *Inode { return (*Inode)(o.Owner) }

// ReadPages starts reading consecutive pages: one request for each run of blocks; holes read as zeroes.
func (pageOps) ReadPages(o *pagecache.Object, frames []*mem.Frame) errno.Errno {
	i := ownerInode(o)
	for len(frames) > 0 {
		idx := frames[0].Index
		blk, n, err := uint64(0), uint32(len(frames)), errno.OK
		if idx <= disk.MaxLBlk {
			i.mapLock.RLock()
			blk, n, err = i.mapBlock(uint32(idx))
			i.mapLock.RUnlock()
		}
		k := min(int(n), len(frames))
		if err != errno.OK {
			for _, f := range frames {
				pagecache.ReadDone(f, errno.EIO)
			}
			return err
		}
		if blk == 0 {
			for _, f := range frames[:k] {
				clear(f.Bytes())
				pagecache.ReadDone(f, errno.OK)
			}
		} else {
			i.fs.readData(blk, frames[:k])
		}
		frames = frames[k:]
	}
	return errno.OK
}

// PrepareWrite promises a block to a page that has none.
func (pageOps) PrepareWrite(o *pagecache.Object, f *mem.Frame, from, to int) errno.Errno {
	i := ownerInode(o)
	fs := i.fs
	if f.Index > disk.MaxLBlk {
		return errno.EFBIG
	}
	if fs.jnl.aborted.Load() != 0 {
		return errno.EROFS
	}
	for try := 0; ; try++ {
		i.mapLock.RLock()
		err := i.promise(f)
		i.mapLock.RUnlock()
		if err != errno.ENOSPC || try > 0 || !fs.reclaimFreed() {
			return err
		}
	}
}

// promise does PrepareWrite's work. Preconditions: mapLock is held for reading, f is locked.
//
// +checklocksread:i.mapLock
func (i *Inode) promise(f *mem.Frame) errno.Errno {
	if f.Private == promised {
		return errno.OK
	}
	blk, _, err := i.mapBlock(uint32(f.Index))
	if err != errno.OK || blk != 0 {
		return err
	}
	if !i.fs.reserve(1) {
		return errno.ENOSPC
	}
	f.Private = promised
	i.AddBlocks(blockUnits)
	return errno.OK
}

// unpromise takes a page's promise back: it is redeemed or not needed any more.
func (i *Inode) unpromise(f *mem.Frame) {
	if f.Private == promised {
		f.Private = 0
		i.AddBlocks(-blockUnits)
		i.fs.count.reserved.Add(-1)
	}
}

// Release drops the promise of a page that leaves the cache.
func (pageOps) Release(o *pagecache.Object, f *mem.Frame, dirty bool) {
	if f.Private == promised {
		i := ownerInode(o)
		i.unpromise(f)
	}
}

// WritePages starts writing consecutive pages. If all of them have blocks and the file does not grow on the disk, that is all. Otherwise
// the blocks are allocated and the new size is stored in a transaction, which does not commit before the data is written.
func (pageOps) WritePages(o *pagecache.Object, frames []*mem.Frame) errno.Errno {
	i := ownerInode(o)
	fs := i.fs
	err := errno.OK
	retried := false
	for len(frames) > 0 {
		n := i.writeMapped(o, frames)
		if n == 0 {
			n, err = i.writeAlloc(o, frames)
		}
		frames = frames[n:]
		if err == errno.OK {
			continue
		}
		if err == errno.ENOSPC && !retried && fs.reclaimFreed() {
			retried, err = true, errno.OK
			continue
		}
		i.mapLock.Lock()
		for _, f := range frames {
			i.unpromise(f)
		}
		i.mapLock.Unlock()
		for _, f := range frames {
			pagecache.WriteDone(f, err)
		}
		break
	}
	return err
}

// writeMapped submits the leading pages that need no transaction and returns how many it were.
func (i *Inode) writeMapped(o *pagecache.Object, frames []*mem.Frame) int {
	done := 0
	for done < len(frames) {
		idx := frames[done].Index
		i.mapLock.RLock()
		blk, n, err := i.mapBlock(uint32(idx))
		k := min(int(n), len(frames)-done)
		end := min(o.Size(), int64(idx+uint64(k))<<disk.BlockShift)
		other := blk == 0 || end > i.diskSize || i.cutting != 0
		i.mapLock.RUnlock()
		if err != errno.OK || other {
			return done
		}
		for _, f := range frames[done : done+k] {
			if f.Private == promised {
				return done // it got its block from fallocate; the promise is to be taken back
			}
		}
		i.fs.writeData(blk, frames[done:done+k], nil)
		done += k
	}
	return done
}

// runsPerHandle bounds the allocations in one transaction step.
const runsPerHandle = 4

// writeAlloc submits leading pages, allocating blocks for them, and returns how many it were: at least one if there is
// no error.
func (i *Inode) writeAlloc(o *pagecache.Object, frames []*mem.Frame) (done int, err errno.Errno) {
	fs := i.fs
	var h handle
	if err = fs.jnl.start(&h, runsPerHandle*(2+3*(disk.MaxDepth+1))+2); err != errno.OK {
		return 0, err
	}
	i.mapLock.Lock()
	size := i.diskSize
	for range runsPerHandle {
		if done == len(frames) {
			break
		}
		var k int
		k, err = i.writeRun(&h, frames[done:])
		if k > 0 {
			end := min(o.Size(), int64(frames[done].Index+uint64(k))<<disk.BlockShift)
			size = max(size, end)
		}
		done += k
		if err != errno.OK {
			break
		}
	}
	i.diskSize = size
	if e := i.store(&h, true); e != errno.OK {
		fs.failed("store of an inode after allocation", uint64(i.ino), e)
	}
	i.mapLock.Unlock()
	h.stop()
	if done > 0 {
		err = errno.OK // the next call meets the error again
	}
	return done, err
}

// writeRun submits one run of pages as part of h's transaction. Preconditions: mapLock is held for writing.
//
// +checklocks:i.mapLock
func (i *Inode) writeRun(h *handle, frames []*mem.Frame) (int, errno.Errno) {
	fs := i.fs
	lblk := uint32(frames[0].Index)
	blk, n, err := i.mapBlock(lblk)
	if err != errno.OK {
		return 0, err
	}
	n = min(n, uint32(len(frames)))
	if blk == 0 {
		if h.credits < 2+i.insertCredits()+1 {
			return 0, errno.EAGAIN
		}
		blk, n, err = fs.allocBlocks(h, i.dataGoal(lblk), n)
		if err != errno.OK {
			return 0, err
		}
		if err = i.insertExtent(h, lblk, n, blk); err != errno.OK {
			fs.undoAlloc(h, blk, n)
			return 0, err
		}
		i.addBlocks(int64(n))
	}
	for _, f := range frames[:n] {
		i.unpromise(f)
	}
	fs.writeData(blk, frames[:n], &h.tx.data)
	return int(n), errno.OK
}

// dataGoal says where the block of lblk would best be: after the one before it.
func (i *Inode) dataGoal(lblk uint32) uint64 {
	if i.count == 0 {
		return i.homeGoal()
	}
	var p exPath
	if i.findPath(lblk, &p) != errno.OK {
		return i.homeGoal()
	}
	g := p.goal(lblk)
	p.release(i.fs)
	if g == 0 {
		return i.homeGoal()
	}
	return g
}

// slack is what is held back for the blocks of extent trees, whose number is not known when a page is promised its block.
func (fs *FS) slack() int64 { return 16 + fs.count.reserved.Load()/64 }

// reserve promises n blocks, if they are there.
func (fs *FS) reserve(n int64) bool {
	if fs.count.freeBlocks.Load()-fs.count.reserved.Load()-n < fs.slack() {
		return false
	}
	fs.count.reserved.Add(n)
	return true
}

// haveSpace tells whether n blocks may be taken without a promise.
func (fs *FS) haveSpace(n int64) bool {
	return fs.count.freeBlocks.Load()-fs.count.reserved.Load()-n >= fs.slack()
}

// reclaimFreed commits, if there are blocks that wait for it to become usable; it tells whether to try again.
func (fs *FS) reclaimFreed() bool {
	if fs.count.busy.Load() == 0 {
		return false
	}
	return fs.jnl.commit(fs.jnl.runningSeq()) == errno.OK
}
