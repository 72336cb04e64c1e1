//go:build !galago

package galfs

import (
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/vfs"
)

// What package galhost needs beyond vfs's interfaces: file data that does not go through the page cache.

// HostRuns calls fn for the runs of blocks that hold the file's first n blocks, holes included (blk 0).
func HostRuns(vi *vfs.Inode, n uint32, fn func(blk uint64, n uint32) errno.Errno) errno.Errno {
	i := inodeOf(vi)
	for l := uint32(0); l < n; {
		blk, k, err := i.mapBlock(l)
		if err != errno.OK {
			return err
		}
		k = min(k, n-l)
		if err = fn(blk, k); err != errno.OK {
			return err
		}
		l += k
	}
	return errno.OK
}

// HostFill gives an empty regular file blocks for size bytes, in runs as long as possible, and its size. fn writes the
// data of each run, in order, before the transaction that allocates it can commit.
func HostFill(vi *vfs.Inode, size int64, fn func(blk uint64, n uint32) errno.Errno) errno.Errno {
	i := inodeOf(vi)
	fs := i.fs
	if size > disk.MaxFileSize {
		return errno.EFBIG
	}
	blocks := uint32((size + disk.BlockSize - 1) >> disk.BlockShift)
	retried := false
	for l := uint32(0); l < blocks || i.diskSize != size; {
		n, err := i.hostStep(l, blocks, size, fn)
		l += n
		if err == errno.ENOSPC && n == 0 && !retried && fs.reclaimFreed() {
			retried = true
			continue
		}
		if err != errno.OK {
			return err
		}
	}
	i.SetSize(size)
	return errno.OK
}

// hostStep allocates one run from logical block l on, and stores the inode.
func (i *Inode) hostStep(l, end uint32, size int64, fn func(blk uint64, n uint32) errno.Errno) (n uint32, err errno.Errno) {
	fs := i.fs
	var h handle
	if err = fs.jnl.start(&h, 2+i.insertCredits()+2); err != errno.OK {
		return 0, err
	}
	defer h.stop()
	if l < end {
		if !fs.haveSpace(1) {
			return 0, errno.ENOSPC
		}
		var blk uint64
		blk, n, err = fs.allocBlocks(&h, i.dataGoal(l), min(end-l, disk.MaxExtentLen))
		if err != errno.OK {
			return 0, err
		}
		if err = i.insertExtent(&h, l, n, blk); err != errno.OK {
			fs.undoAlloc(&h, blk, n)
			n = 0
		} else {
			i.addBlocks(int64(n))
			err = fn(blk, n)
		}
	}
	if l+n >= end && err == errno.OK {
		i.diskSize = size
	} else {
		i.diskSize = int64(l+n) << disk.BlockShift
	}
	i.SetSize(i.diskSize)
	if e := i.store(&h, true); err == errno.OK {
		err = e
	}
	return n, err
}

// HostCommit commits the running transaction.
func HostCommit(sb *vfs.SuperBlock) errno.Errno {
	fs := fsOf(sb)
	seq, _ := fs.jnl.dirty()
	return fs.jnl.commit(seq)
}

// HostFailed returns the error that made the file system read-only, if any.
func HostFailed(sb *vfs.SuperBlock) errno.Errno { return errno.Errno(fsOf(sb).jnl.aborted.Load()) }

// HostReplayed returns the number of journal transactions replayed by the mount.
func HostReplayed(sb *vfs.SuperBlock) int { return fsOf(sb).replayed }

// HostRoot returns the root directory with a reference.
func HostRoot(sb *vfs.SuperBlock) (*vfs.Inode, errno.Errno) { return fsOf(sb).iget(disk.RootIno) }

// HostReadDir calls fn for the names in a directory, in the order of their hashes.
func HostReadDir(vi *vfs.Inode, fn func(name string, ino uint32, typ uint8) bool) errno.Errno {
	return inodeOf(vi).dirEach(cookieBase, func(name string, ino uint32, typ uint8, pos, next int64) bool {
		return fn(name, ino, typ)
	})
}

// HostParent returns the inode number of a directory's parent.
func HostParent(vi *vfs.Inode) uint32 { return inodeOf(vi).parent }
