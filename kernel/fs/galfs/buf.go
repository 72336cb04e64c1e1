package galfs

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// The metadata buffer cache: one buf a block, found by hash. A buf is pinned by its reference count; without
// references it stays until memory is short or the cache is over its limit, and goes by a clock sweep. Its content is
// checked once, when it comes from the disk: checksum, magic number, and for tree nodes all that later code relies on.
//
// Who may touch the content: readers hold the lock of what the block belongs to (an inode's lock, a group's lock);
// writers in addition an open handle through which they called handle.write.

const (
	bufTables  = 8
	bufPerTab  = 512
	bufBuckets = bufTables * bufPerTab
	bufLocks   = 32
)

// States of a buf.
const (
	bufReading = iota // one thread is reading it from the disk, others wait
	bufValid
	bufStale // failed to read, or freed: to be dropped at the last reference
)

type buf struct {
	blk   uint64
	data  *[disk.BlockSize]byte
	frame *mem.Frame
	hnext *buf // under the bucket's lock
	refs  atomic.Int32
	state atomic.Uint32
	used  atomic.Uint32 // touched since the clock hand last passed
	magic uint32
	err   errno.Errno   // why it is stale, set before state
	bad   atomic.Uint32 // inode table: inodes whose checksum was wrong when the block was read, and that were not made anew since

	// The running transaction, under journal.mu.
	tx    atomic.Pointer[tx]
	tnext *buf
	snap  *mem.Frame // where the commit will copy the content to
	freed bool       // the transaction frees this block

	// The committing transaction and the checkpoint, under journal.commitMu.
	cnext  *buf
	knext  *buf
	csnap  *mem.Frame // content as of the committing transaction
	cbad   uint32     // bad as of then
	cfreed bool
	ckpt   *mem.Frame // last committed content, not yet written home
	onCkpt bool
}

// kind returns how the block is checksummed.
func (b *buf) kind() disk.Kind {
	if b.magic == 0 {
		return disk.KindInodes
	}
	return disk.KindBlock
}

// bufTable is a page of hash chains' heads.
type bufTable struct{ heads [bufPerTab]*buf }

type bufCache struct {
	fs     *FS
	tables [bufTables]*bufTable
	locks  [bufLocks]lock.Spin
	wait   sched.WaitQueue
	count  atomic.Int32
	limit  int32
	hand   atomic.Uint32
}

var (
	bufSlab   = mem.Cache[buf]{Name: "galfs_buf"}
	tableSlab = mem.Cache[bufTable]{Name: "galfs_buf_table"}
)

func (c *bufCache) init(fs *FS, limit int32) errno.Errno {
	c.fs = fs
	c.limit = limit
	for i := range c.locks {
		c.locks[i].Init(lock.RankFSBuffer)
	}
	for i := range c.tables {
		if c.tables[i] = tableSlab.Alloc(); c.tables[i] == nil {
			return errno.ENOMEM
		}
	}
	return errno.OK
}

// head returns the head of a hash chain.
func (c *bufCache) head(h uint32) **buf { return &c.tables[h/bufPerTab].heads[h%bufPerTab] }

func bufHash(blk uint64) uint32 { return uint32(blk*0x9e3779b97f4a7c15>>40) % bufBuckets }

// find returns a referenced buf of blk, or nil. Preconditions: the bucket is locked.
//
// +checklocks:c.locks
func (c *bufCache) find(h uint32, blk uint64) *buf {
	for b := *c.head(h); b != nil; b = b.hnext {
		if b.blk == blk {
			b.refs.Add(1)
			if b.used.Load() == 0 {
				b.used.Store(1)
			}
			return b
		}
	}
	return nil
}

// lookup returns a referenced buf of blk, made in state bufReading if there was none (isNew).
func (c *bufCache) lookup(blk uint64, magic uint32) (b *buf, isNew bool, err errno.Errno) {
	h := bufHash(blk)
	l := &c.locks[h%bufLocks]
	l.Lock()
	b = c.find(h, blk)
	l.Unlock()
	if b != nil {
		return b, false, errno.OK
	}
	n := must(&bufSlab)
	if n == nil {
		return nil, false, errno.ENOMEM
	}
	n.frame = mustFrame(0)
	if n.frame == nil {
		bufSlab.Free(n)
		return nil, false, errno.ENOMEM
	}
	n.data = frameData(n.frame)
	n.blk, n.magic = blk, magic
	n.refs.Store(1)
	l.Lock()
	if b = c.find(h, blk); b != nil {
		l.Unlock()
		freeBuf(n)
		return b, false, errno.OK
	}
	n.hnext = *c.head(h)
	*c.head(h) = n
	l.Unlock()
	if c.count.Add(1) > c.limit {
		c.shrink(64)
	}
	return n, true, errno.OK
}

func frameData(f *mem.Frame) *[disk.BlockSize]byte {
	return (*[disk.BlockSize]byte)(unsafe.Pointer(unsafe.SliceData(f.Bytes())))
}

func freeBuf(b *buf) {
	b.frame.Put()
	b.frame, b.data = nil, nil
	bufSlab.Free(b)
}

// read returns block blk with a reference. magic is the kind of block expected (0 = inode table). owner is checked by
// the callers, who know it.
func (c *bufCache) read(blk uint64, magic uint32) (*buf, errno.Errno) {
	b, isNew, err := c.lookup(blk, magic)
	if err != errno.OK {
		return nil, err
	}
	if isNew {
		c.fill(b)
	} else if b.state.Load() == bufReading {
		c.wait.Wait(func() bool { return b.state.Load() != bufReading })
	}
	if b.state.Load() == bufStale {
		err := b.err
		c.drop(b)
		return nil, err
	}
	if b.magic != magic {
		c.put(b)
		return nil, c.fs.corrupt("block is used for two purposes", blk)
	}
	return b, errno.OK
}

// fill reads and checks a new buf and wakes those who wait for it.
func (c *bufCache) fill(b *buf) {
	err := c.fs.readBlock(b.blk, b.frame)
	if err == errno.OK && b.magic != 0 {
		if !disk.Verify(c.fs.sb.Seed, b.magic, b.blk, b.data[:]) {
			err = c.fs.corrupt("bad checksum or magic number", b.blk)
		} else if !c.fs.checkBlock(b.magic, b.blk, b.data[:]) {
			err = c.fs.corrupt("malformed metadata block", b.blk)
		}
	}
	if err == errno.OK && b.magic == 0 {
		for k := range disk.InodesPerBl {
			raw := b.data[k*disk.InodeSize : (k+1)*disk.InodeSize]
			if disk.U32(raw, disk.InCRC) != disk.InodeCRC(c.fs.sb.Seed, b.blk, raw) {
				b.bad.Or(1 << k)
			}
		}
	}
	b.err = err
	if err != errno.OK {
		b.state.Store(bufStale)
	} else {
		b.state.Store(bufValid)
	}
	c.wait.WakeAll()
}

// fresh returns block blk, which was just allocated, as a zeroed buf with a reference, without reading it.
func (c *bufCache) fresh(blk uint64, magic uint32) (*buf, errno.Errno) {
	b, isNew, err := c.lookup(blk, magic)
	if err != errno.OK {
		return nil, err
	}
	if !isNew && b.state.Load() == bufReading {
		c.wait.Wait(func() bool { return b.state.Load() != bufReading })
	}
	if !isNew && b.state.Load() == bufValid {
		c.put(b)
		return nil, c.fs.corrupt("allocated block is in use as metadata", blk)
	}
	b.magic = magic
	b.bad.Store(0)
	clear(b.data[:])
	disk.Put32(b.data[:], disk.OffMagic, magic)
	b.state.Store(bufValid)
	return b, errno.OK
}

// disown gives back a fresh buf whose block is not going to be used after all.
func (c *bufCache) disown(b *buf) {
	b.err = errno.EUCLEAN
	b.state.Store(bufStale)
	c.drop(b)
}

// put gives a reference back.
func (c *bufCache) put(b *buf) {
	if b.state.Load() == bufStale {
		c.drop(b)
		return
	}
	b.refs.Add(-1)
}

// drop gives a reference to a stale buf back and frees it with the last one.
func (c *bufCache) drop(b *buf) {
	h := bufHash(b.blk)
	l := &c.locks[h%bufLocks]
	l.Lock()
	if b.refs.Add(-1) > 0 {
		l.Unlock()
		return
	}
	c.unhash(h, b)
	l.Unlock()
	c.count.Add(-1)
	freeBuf(b)
}

// unhash takes b out of its chain. Preconditions: the bucket is locked.
//
// +checklocks:c.locks
func (c *bufCache) unhash(h uint32, b *buf) {
	p := c.head(h)
	for *p != b {
		p = &(*p).hnext
	}
	*p = b.hnext
	b.hnext = nil
}

// shrink frees up to want unused bufs: those not touched since the hand last passed. It returns the number freed.
func (c *bufCache) shrink(want int) (freed int) {
	for range 2 * bufBuckets {
		if freed >= want {
			return freed
		}
		h := c.hand.Add(1) % bufBuckets
		l := &c.locks[h%bufLocks]
		var gone *buf
		l.Lock()
		p := c.head(h)
		for *p != nil {
			b := *p
			if b.refs.Load() > 0 || b.used.Swap(0) != 0 {
				p = &b.hnext
				continue
			}
			*p = b.hnext
			b.hnext = gone
			gone = b
		}
		l.Unlock()
		for gone != nil {
			b := gone
			gone = b.hnext
			b.hnext = nil
			c.count.Add(-1)
			freeBuf(b)
			freed++
		}
	}
	return freed
}

// destroy frees all bufs at unmount, when nobody uses the file system and nothing is pending.
func (c *bufCache) destroy() {
	for i, t := range c.tables {
		if t == nil {
			continue
		}
		for k := range t.heads {
			for b := t.heads[k]; b != nil; b = t.heads[k] {
				t.heads[k] = b.hnext
				freeBuf(b)
			}
		}
		tableSlab.Free(t)
		c.tables[i] = nil
	}
	c.count.Store(0)
}
