//go:build !galago

package galfs

import (
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// Fsync is fsync(2) on an inode.
func Fsync(vi *vfs.Inode, datasync bool) errno.Errno {
	vi.Pages.Sync(0, ^uint64(0), true)
	return inodeOf(vi).commit(datasync)
}

// Fallocate is fallocate(2) on a regular file's inode.
func Fallocate(vi *vfs.Inode, mode uint32, off, n int64) errno.Errno {
	return theFileOps.Fallocate(&vfs.File{Inode: vi}, mode, off, n)
}

// Overdraw returns how often a handle modified more blocks than it had reserved.
func Overdraw(sb *vfs.SuperBlock) uint32 { return fsOf(sb).jnl.overdraw.Load() }

// Counters returns free, reserved and busy blocks.
func Counters(sb *vfs.SuperBlock) (free, reserved, busy int64) {
	c := &fsOf(sb).count
	return c.freeBlocks.Load(), c.reserved.Load(), c.busy.Load()
}

// Depth returns the depth of a file's extent tree or of a directory.
func Depth(vi *vfs.Inode) int { return int(inodeOf(vi).depth) }

// Extents returns the number of runs of blocks that a file has.
func Extents(vi *vfs.Inode) (n int) {
	i := inodeOf(vi)
	for l := uint32(0); l < uint32((vi.Size()+4095)>>12); {
		blk, k, err := i.mapBlock(l)
		if err != errno.OK {
			return -1
		}
		if blk != 0 {
			n++
		}
		l += k
	}
	return n
}

// ReadDirAt calls fn for the names of a directory from a cookie on.
func ReadDirAt(vi *vfs.Inode, pos int64, fn func(name string, ino uint32, pos, next int64) bool) errno.Errno {
	return inodeOf(vi).dirEach(pos, func(name string, ino uint32, typ uint8, pos, next int64) bool {
		return fn(name, ino, pos, next)
	})
}
