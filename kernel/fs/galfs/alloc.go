package galfs

import (
	"math/bits"
	"sync/atomic"

	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/lock"
	"galago/kernel/mem"
)

// Allocation of blocks. A group's bitmap says what is in use on the disk; besides it a group may have a "busy" bitmap
// in memory: blocks that are free on the disk but must not be given out, because the transaction that freed them
// has not committed (a crash would bring the old owner back), or because they are reserved for one file's growth.

// group is what is kept in memory of a block group.
type group struct {
	lock       lock.Spin
	busy       *mem.Frame // bitmap, nil when nbusy is 0
	nbusy      uint32
	free       uint32 // clear bits in the block bitmap
	freeInodes uint32
	dirs       uint32
	tableInit  uint32
	hint       uint32 // block index: no free block below it, or below where the last search ended
	inodeHint  uint32 // inode index: none free below it
}

// counters are the sums over the groups.
type counters struct {
	freeBlocks atomic.Int64
	freeInodes atomic.Int64
	reserved   atomic.Int64 // promised to dirty pages
	busy       atomic.Int64 // free on the disk, but not to be used before the next commit
}

// groupBufs returns a group's descriptor block and one of its bitmaps, both open for writing by h.
func (fs *FS) groupBufs(h *handle, g uint32, bitmap uint64, magic uint32) (bm, desc *buf, err errno.Errno) {
	bm, err = fs.bufs.read(bitmap, magic)
	if err != errno.OK {
		return nil, nil, err
	}
	blk, _ := fs.sb.DescAt(g)
	desc, err = fs.bufs.read(blk, disk.MagicGroups)
	if err == errno.OK {
		if err = h.write(bm); err == errno.OK {
			err = h.write(desc)
		}
		if err == errno.OK {
			return bm, desc, errno.OK
		}
		fs.bufs.put(desc)
	}
	fs.bufs.put(bm)
	return nil, nil, err
}

// putDesc copies a group's counts to its descriptor. Preconditions: the group is locked, desc open for writing.
func (fs *FS) putDesc(g uint32, desc *buf) {
	gr := &fs.groups[g]
	_, off := fs.sb.DescAt(g)
	d := desc.data[off:]
	disk.Put32(d, disk.GDFreeBlocks, gr.free)
	disk.Put32(d, disk.GDFreeInodes, gr.freeInodes)
	disk.Put32(d, disk.GDDirs, gr.dirs)
	disk.Put32(d, disk.GDTableInit, gr.tableInit)
}

// allocBlocks takes between 1 and want consecutive blocks, near goal if possible. Each call modifies two blocks, as a rule.
func (fs *FS) allocBlocks(h *handle, goal uint64, want uint32) (start uint64, n uint32, err errno.Errno) {
	if goal >= fs.sb.Blocks {
		goal = 0
	}
	first := fs.sb.GroupOf(goal)
	for pass := range 2 {
		for i := range fs.sb.Groups {
			g := first + i
			if g >= fs.sb.Groups {
				g -= fs.sb.Groups
			}
			gr := &fs.groups[g]
			gr.lock.Lock()
			avail := gr.free - min(gr.free, gr.nbusy)
			gr.lock.Unlock()
			if avail == 0 || pass == 0 && avail < want {
				continue
			}
			at := uint32(0)
			if i == 0 {
				at = uint32(goal - fs.sb.GroupStart(g))
			}
			start, n, err = fs.allocInGroup(h, g, at, want)
			if err != errno.ENOSPC {
				return start, n, err
			}
		}
	}
	return 0, 0, errno.ENOSPC
}

// allocInGroup takes a run from group g, from block index at onwards if at is not 0.
func (fs *FS) allocInGroup(h *handle, g, at, want uint32) (start uint64, n uint32, err errno.Errno) {
	bm, desc, err := fs.groupBufs(h, g, fs.sb.BlockBitmap(g), disk.MagicBBM)
	if err != errno.OK {
		return 0, 0, err
	}
	gr := &fs.groups[g]
	base := fs.sb.GroupStart(g)
	lo, hi := uint32(fs.sb.FirstData(g)-base), fs.sb.GroupBlocks(g)
	m := bitmap{used: bm.data[disk.HeaderSize:]}
	gr.lock.Lock()
	if gr.busy != nil {
		m.busy = gr.busy.Bytes()
	}
	from := max(lo, at)
	if at == 0 {
		from = max(lo, gr.hint)
	}
	pos, n := m.findRun(from, hi, want)
	if n < want && from > lo {
		if p, k := m.findRun(lo, from, want); k > n {
			pos, n = p, k
		}
	}
	if n > 0 {
		setBits(m.used, pos, n)
		gr.free -= min(gr.free, n)
		if at == 0 {
			gr.hint = pos + n
		}
		fs.putDesc(g, desc)
	} else {
		err = errno.ENOSPC
	}
	gr.lock.Unlock()
	fs.bufs.put(desc)
	fs.bufs.put(bm)
	if n > 0 {
		fs.count.freeBlocks.Add(-int64(n))
	}
	return base + uint64(pos), n, err
}

// freeOp is a release of blocks in two steps: prepareFree takes all that may fail, applyFree can not fail for want of
// anything. So an operation that frees several blocks and changes what points to them does all of it or nothing.
type freeOp struct {
	start uint64
	n     uint32
	rec   *freed
	busy  *mem.Frame
	bm    *buf
	desc  *buf
}

// prepareFree makes op ready to free n blocks from start. Each of them modifies two blocks.
func (fs *FS) prepareFree(h *handle, op *freeOp, start uint64, n uint32) errno.Errno {
	*op = freeOp{}
	if !fs.sb.ValidData(start, n) {
		return fs.corrupt("freeing blocks that files can not own", start)
	}
	g := fs.sb.GroupOf(start)
	bm, desc, err := fs.groupBufs(h, g, fs.sb.BlockBitmap(g), disk.MagicBBM)
	if err != errno.OK {
		return err
	}
	op.bm, op.desc, op.start, op.n = bm, desc, start, n
	op.rec, op.busy = must(&freedSlab), mustFrame(mem.Zero)
	if op.rec == nil || op.busy == nil {
		fs.cancelFree(op)
		return errno.ENOMEM
	}
	if !allSet(bm.data[disk.HeaderSize:], uint32(start-fs.sb.GroupStart(g)), n) {
		fs.cancelFree(op)
		return fs.corrupt("freeing blocks that are free", start)
	}
	return errno.OK
}

// cancelFree drops a prepared release (or one whose preparation failed).
func (fs *FS) cancelFree(op *freeOp) {
	if op.bm != nil {
		fs.bufs.put(op.bm)
		fs.bufs.put(op.desc)
	}
	if op.rec != nil {
		freedSlab.Free(op.rec)
	}
	if op.busy != nil {
		op.busy.Put()
	}
	*op = freeOp{}
}

// applyFree gives the blocks back. They become usable when h's transaction has committed.
func (fs *FS) applyFree(h *handle, op *freeOp) {
	start, n := op.start, op.n
	g := fs.sb.GroupOf(start)
	gr := &fs.groups[g]
	pos := uint32(start - fs.sb.GroupStart(g))
	gr.lock.Lock()
	if gr.busy == nil {
		gr.busy, op.busy = op.busy, nil
	}
	clearBits(op.bm.data[disk.HeaderSize:], pos, n)
	setBits(gr.busy.Bytes(), pos, n)
	gr.nbusy += n
	gr.free += n
	gr.hint = min(gr.hint, pos)
	fs.putDesc(g, op.desc)
	gr.lock.Unlock()
	fs.count.freeBlocks.Add(int64(n))
	fs.count.busy.Add(int64(n))
	rec := op.rec
	rec.start, rec.n = start, n
	fs.freedLock.Lock()
	if l := h.tx.freed; l != nil && l.start+uint64(l.n) == start && fs.sb.GroupOf(l.start) == g {
		l.n += n
	} else {
		rec.next, h.tx.freed = h.tx.freed, rec
		op.rec = nil
	}
	fs.freedLock.Unlock()
	fs.cancelFree(op)
}

// undoAlloc takes back an allocation made through the same handle. It can not fail: the blocks it touches are pinned.
func (fs *FS) undoAlloc(h *handle, start uint64, n uint32) {
	g := fs.sb.GroupOf(start)
	bm, desc, err := fs.groupBufs(h, g, fs.sb.BlockBitmap(g), disk.MagicBBM)
	if err != errno.OK {
		fs.failed("undo of an allocation", start, err)
		return
	}
	gr := &fs.groups[g]
	pos := uint32(start - fs.sb.GroupStart(g))
	gr.lock.Lock()
	clearBits(bm.data[disk.HeaderSize:], pos, n)
	gr.free += n
	gr.hint = min(gr.hint, pos)
	fs.putDesc(g, desc)
	gr.lock.Unlock()
	fs.bufs.put(desc)
	fs.bufs.put(bm)
	fs.count.freeBlocks.Add(int64(n))
}

// releaseFreed lets the blocks freed by a committed transaction be used again.
func (fs *FS) releaseFreed(t *tx) {
	fs.freedLock.Lock()
	list := t.freed
	t.freed = nil
	fs.freedLock.Unlock()
	for list != nil {
		r := list
		list = r.next
		fs.unbusy(r.start, r.n)
		freedSlab.Free(r)
	}
}

// dropFreed frees the records of a transaction that will never commit.
func (fs *FS) dropFreed(t *tx) {
	for t.freed != nil {
		r := t.freed
		t.freed = r.next
		freedSlab.Free(r)
	}
}

// unbusy removes blocks from their group's busy bitmap.
func (fs *FS) unbusy(start uint64, n uint32) {
	g := fs.sb.GroupOf(start)
	gr := &fs.groups[g]
	var done *mem.Frame
	gr.lock.Lock()
	clearBits(gr.busy.Bytes(), uint32(start-fs.sb.GroupStart(g)), n)
	gr.nbusy -= n
	if gr.nbusy == 0 {
		done, gr.busy = gr.busy, nil
	}
	gr.lock.Unlock()
	fs.count.busy.Add(-int64(n))
	if done != nil {
		done.Put()
	}
}

// bitmap is the pair of bitmaps that a search looks at.
type bitmap struct {
	used []byte
	busy []byte // or nil
}

// clear returns the free bits of word i as ones.
func (m *bitmap) clear(i uint32) uint64 {
	w := disk.U64(m.used, int(i)*8)
	if m.busy != nil {
		w |= disk.U64(m.busy, int(i)*8)
	}
	return ^w
}

// findRun returns the first run of want clear bits in [from, to), or the longest there is (n may be 0).
func (m *bitmap) findRun(from, to, want uint32) (pos, n uint32) {
	for at := from; at < to; {
		w := m.clear(at/64) >> (at % 64)
		if w == 0 {
			at = (at | 63) + 1
			continue
		}
		at += uint32(bits.TrailingZeros64(w))
		start := at
		for at < to && at-start < want {
			k := uint32(bits.TrailingZeros64(^(m.clear(at/64) >> (at % 64))))
			at += k
			if k == 0 || at%64 != 0 {
				break
			}
		}
		at = min(at, to)
		if at-start > n && start < to {
			pos, n = start, min(at-start, want)
			if n == want {
				return pos, n
			}
		}
	}
	return pos, n
}

// wordMask returns the part of bits [pos, pos+n) that lies in the first word, as a mask, and its length.
func wordMask(pos, n uint32) (mask uint64, k uint32) {
	k = min(64-pos%64, n)
	return (^uint64(0) >> (64 - k)) << (pos % 64), k
}

func setBits(b []byte, pos, n uint32) {
	for n > 0 {
		m, k := wordMask(pos, n)
		off := int(pos/64) * 8
		disk.Put64(b, off, disk.U64(b, off)|m)
		pos, n = pos+k, n-k
	}
}

func clearBits(b []byte, pos, n uint32) {
	for n > 0 {
		m, k := wordMask(pos, n)
		off := int(pos/64) * 8
		disk.Put64(b, off, disk.U64(b, off)&^m)
		pos, n = pos+k, n-k
	}
}

func allSet(b []byte, pos, n uint32) bool {
	for n > 0 {
		m, k := wordMask(pos, n)
		if disk.U64(b, int(pos/64)*8)&m != m {
			return false
		}
		pos, n = pos+k, n-k
	}
	return true
}
