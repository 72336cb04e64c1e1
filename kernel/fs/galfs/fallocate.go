package galfs

import (
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/mem"
	"galago/kernel/vfs"
)

// fallocate(2). Space that is asked for in advance is written with zeroes at once, and before the transaction that gives it to the file commits: the
// format knows no extents without content. A hole is punched by taking the pages out of the cache, the blocks off the file, and
// what was read between the two out of the cache again.

// Fallocate allocates, zeroes or frees a range of a file.
func (fileOps) Fallocate(f *vfs.File, mode uint32, off, n int64) errno.Errno {
	i := inodeOf(f.Inode)
	end := off + n
	i.Lock.Lock()
	defer i.Lock.Unlock()
	keep := mode&vfs.FALLOC_FL_KEEP_SIZE != 0
	err := errno.EOPNOTSUPP
	switch mode &^ uint32(vfs.FALLOC_FL_KEEP_SIZE) {
	case vfs.FALLOC_FL_PUNCH_HOLE:
		err = i.punch(off, end)
	case vfs.FALLOC_FL_ZERO_RANGE:
		if err = i.punch(off, end); err == errno.OK {
			err = i.preallocate(off, end)
		}
	case 0:
		err = i.preallocate(off, end)
	}
	if err != errno.OK {
		return err
	}
	now := i.fs.now()
	a := vfs.Attr{Valid: vfs.AttrMTime | vfs.AttrCTime, MTime: now, CTime: now}
	if !keep && end > i.Size() {
		a.Valid |= vfs.AttrSize
		a.Size = end
		return i.resize(&a)
	}
	var h handle
	if err = i.fs.jnl.start(&h, 2); err != errno.OK {
		return err
	}
	i.ApplyAttr(&a)
	err = i.storeLocked(&h)
	h.stop()
	return err
}

// preallocate gives the holes among the blocks of bytes [off, end) blocks of zeroes. Preconditions: the inode is locked for writing.
func (i *Inode) preallocate(off, end int64) errno.Errno {
	fs := i.fs
	first, last := uint32(off>>disk.BlockShift), uint32((end+disk.BlockSize-1)>>disk.BlockShift)
	i.Pages.Sync(uint64(first), uint64(last-1), true) // what is promised gets its blocks
	zero := mem.AllocFrame(mem.Zero)
	if zero == nil {
		return errno.ENOMEM
	}
	err := errno.OK
	for retried := false; first < last && err == errno.OK; {
		var n uint32
		n, err = i.preallocateRun(first, last, zero)
		first += n
		if err == errno.ENOSPC && !retried && fs.reclaimFreed() {
			retried, err = true, errno.OK
		}
	}
	zero.Put()
	return err
}

// zeroRun bounds what is allocated, and written with zeroes, at once.
const zeroRun = 1024

// preallocateRun goes over one run of blocks, or of a hole that it fills, from l on.
func (i *Inode) preallocateRun(l, last uint32, zero *mem.Frame) (n uint32, err errno.Errno) {
	fs := i.fs
	i.mapLock.RLock()
	blk, n, err := i.mapBlock(l)
	i.mapLock.RUnlock()
	n = min(n, last-l)
	if blk != 0 || err != errno.OK {
		return n, err
	}
	n = min(n, zeroRun)
	for n > 1 && !fs.haveSpace(int64(n)) {
		n /= 2
	}
	if !fs.haveSpace(int64(n)) {
		return 0, errno.ENOSPC
	}
	var h handle
	if err = fs.jnl.start(&h, 2+i.insertCredits()+2); err != errno.OK {
		return 0, err
	}
	defer h.stop()
	i.mapLock.Lock()
	defer i.mapLock.Unlock()
	// A page that was stored to through a mapping may have got its block meanwhile.
	blk, k, err := i.mapBlock(l)
	if n = min(n, k); blk != 0 || err != errno.OK {
		return n, err
	}
	if blk, n, err = fs.allocBlocks(&h, i.dataGoal(l), n); err != errno.OK {
		return 0, err
	}
	if err = fs.writeZeroes(blk, n, zero); err == errno.OK {
		err = i.insertExtent(&h, l, n, blk)
	}
	if err != errno.OK {
		fs.undoAlloc(&h, blk, n)
		n = 0
	} else {
		i.addBlocks(int64(n))
	}
	if e := i.store(&h, true); e != errno.OK {
		return n, fs.failed("store of an inode after allocation", uint64(i.ino), e)
	}
	return n, err
}

// writeZeroes writes n blocks from the frame and waits.
func (fs *FS) writeZeroes(blk uint64, n uint32, zero *mem.Frame) errno.Errno {
	fs.zeroMu.Lock()
	defer fs.zeroMu.Unlock()
	for k := range n {
		fs.zeroIO.add(blk+uint64(k), zero)
	}
	return fs.zeroIO.wait()
}

// punch makes bytes [off, end) read as zeroes and frees the whole blocks among them. Preconditions: the inode is locked for writing.
func (i *Inode) punch(off, end int64) errno.Errno {
	size := i.Size()
	if end >= size {
		end = max(end, (size+disk.BlockSize-1)&^(disk.BlockSize-1)) // the rest of the last block is nobody's
	}
	// The blocks at the edges keep what is outside.
	const in = disk.BlockSize - 1
	head := min((off+in)&^in, end)
	if err := i.Pages.Clear(off, min(head, size)); err != errno.OK {
		return err
	}
	if tail := max(end&^in, head); tail < end {
		if err := i.Pages.Clear(tail, min(end, size)); err != errno.OK {
			return err
		}
	}
	first, last := uint32((off+in)>>disk.BlockShift), uint32(end>>disk.BlockShift)
	if first >= last {
		return errno.OK
	}
	i.setCutting(1)
	i.Pages.RemoveRange(uint64(first), uint64(last-1))
	err := i.cutBlocks(first, last)
	i.Pages.RemoveRange(uint64(first), uint64(last-1))
	i.setCutting(-1)
	return err
}

// setCutting counts those who take blocks from the middle of the file: meanwhile all of its data is written as part of a
// transaction, which does not commit before, so that no block is written to after it has got another owner.
func (i *Inode) setCutting(n int32) {
	i.mapLock.Lock()
	i.cutting += n
	i.mapLock.Unlock()
}

// cutBlocks gives the blocks [from, to) back. Each step leaves the file whole.
func (i *Inode) cutBlocks(from, to uint32) errno.Errno {
	fs := i.fs
	for {
		var h handle
		if err := fs.jnl.start(&h, fs.stepCredits()+1); err != errno.OK {
			return err
		}
		h.credits--
		i.mapLock.Lock()
		done, err := i.cutExtents(&h, from, to)
		if e := i.store(&h, true); err == errno.OK {
			err = e
		}
		i.mapLock.Unlock()
		h.stop()
		if done || err != errno.OK {
			return err
		}
	}
}
