// Package galfs is the system's own journaled file system: 4 KiB blocks in groups with bitmaps, 256-byte inodes with
// extent trees, directories as B+trees of hashed names, checksums on all metadata, and a physical journal with ordered data.
// docs/galfs.md has the format; package disk its code, shared with the image builder and the checker (galhost).
//
// Where to read what:
//
//	galfs.go super.go     a mounted file system; mount, sync, unmount, failure
//	buf.go                metadata buffers
//	journal.go commit.go checkpoint.go   transactions
//	alloc.go ialloc.go    blocks and inodes
//	extent*.go            files' block maps
//	dir*.go               directories
//	inode.go orphan.go truncate.go       inodes in memory and on the disk
//	namei.go rename.go attr.go file.go aops.go   what vfs and the page cache call
//
// Invariants:
//   - Metadata changes only inside a handle, and only after handle.write on the buffer.
//   - What fails for want of memory or space leaves everything as it was. What fails otherwise with a change half
//     made, or finds the disk contradicting itself, fails the file system: nothing of the running transaction is committed,
//     all later changes get EROFS, what is on the disk stays as of the last commit.
//   - Nothing that comes from the disk is believed: checksums say that a block is what was written, and
//     the structure checks (checkBlock, Inode.decode) that it makes sense. Later code relies on no more than these checks.
//
// Lock order (each may be held when the following are taken):
//
//	vfs's Inode.Lock → page lock → handle → Inode.mapLock → orphanMu, tableMu
//	  → group.lock (RankFSAlloc) → freedLock, journal.mu (RankFSJournal) → buffer bucket (RankFSBuffer)
//	journal.commitMu: taken with no handle open; under it journal.mu, group.lock
package galfs

import (
	"sync/atomic"

	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/klog"
	"galago/kernel/lock"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// Magic is statfs's f_type: "GALF".
const Magic = 0x464c4147

// FS is a mounted galfs.
type FS struct {
	vsb *vfs.SuperBlock
	dev *block.Device
	sb  disk.Superblock

	bufs   bufCache
	jnl    journal
	groups []group
	count  counters

	dirTurn    atomic.Uint32 // spreads directories over the groups
	recovering atomic.Bool   // inodes without links may be loaded
	failedOnce atomic.Bool
	replayed   int // transactions replayed at mount
	recovered  int // orphans dealt with at mount
	clock      func() vfs.Time

	nextFS *FS // list of mounted file systems, under mountedMu
	listed bool

	zeroMu    sched.Mutex
	zeroIO    ioBatch     // writes of zeroes, under zeroMu
	tableMu   sched.Mutex // growth of the inode tables
	freedLock lock.Spin   // tx.freed
	orphanMu  sched.Mutex
	orphans   *Inode // head of the list

	stopping atomic.Bool // the commit thread is to end
	tick     sched.WaitQueue
	ended    sched.Completion
	thread   *sched.Thread
}

// checkBlock checks the structure of a metadata block whose checksum is right.
func (fs *FS) checkBlock(magic uint32, blk uint64, d []byte) bool {
	switch magic {
	case disk.MagicExtent:
		return fs.checkExtentNode(d)
	case disk.MagicDir:
		return fs.checkDirNode(d)
	}
	return true
}

// hash returns the place of a name in its directory.
func (fs *FS) hash(name string) uint64 { return disk.Hash(&fs.sb.HashSeed, name) }

// corrupt reports that the disk contradicts itself, fails the file system and returns EUCLEAN.
func (fs *FS) corrupt(what string, where uint64) errno.Errno {
	fs.failed(what, where, errno.EUCLEAN)
	return errno.EUCLEAN
}

// failed makes the file system read-only after an error that leaves no other choice. It logs the first one.
func (fs *FS) failed(what string, where uint64, err errno.Errno) errno.Errno {
	fs.jnl.abort(err)
	if fs.failedOnce.Swap(true) {
		return err
	}
	if fs.vsb != nil {
		fs.vsb.Flags.Or(vfs.MS_RDONLY)
	}
	klog.Errorf("galfs: %s: %s (at %d): %s; the file system is read-only now", fs.name(), what, where, err.Name())
	return err
}
