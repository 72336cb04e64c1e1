package galfs

import (
	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/mem"
)

// commit makes all changes up to transaction seq durable. Threads that come together share one commit. Preconditions:
// the caller has no open handle.
func (j *journal) commit(seq uint64) errno.Errno {
	if j.done.Load() >= seq {
		return errno.OK
	}
	block.FlushPlug()
	j.commitMu.Lock()
	defer j.commitMu.Unlock()
	if j.done.Load() >= seq {
		return errno.OK
	}
	if e := j.aborted.Load(); e != 0 {
		return errno.Errno(e)
	}
	j.mu.Lock()
	t := j.running
	empty := t.nbufs == 0 && t.handles == 0
	j.mu.Unlock()
	if empty || t.seq > seq {
		return errno.OK
	}
	list, n := j.closeTx(t)
	err := j.writeLog(t, list, n)
	if err != errno.OK {
		j.abort(err)
		j.discard(list)
		j.fs.failed("journal commit", 0, err)
		return err
	}
	j.retire(t, list)
	j.done.Store(t.seq)
	if j.free < (j.fs.sb.JBlocks-1)/2 {
		if err := j.checkpoint(); err != errno.OK {
			return err
		}
	}
	return errno.OK
}

// closeTx ends transaction t: it waits for its handles, takes the snapshots and lets the next transaction begin. It
// returns the blocks in a list by cnext, and how many have a snapshot.
func (j *journal) closeTx(t *tx) (list *buf, n int) {
	j.mu.Lock()
	t.locked = true
	j.mu.Unlock()
	j.idle.Wait(func() bool {
		j.mu.Lock()
		defer j.mu.Unlock()
		return t.handles == 0
	})
	// No handle is open and none can be opened: nobody modifies metadata or reads b.tx to decide whether to.
	for b := t.bufs; b != nil; {
		next := b.tnext
		b.tnext = nil
		if b.freed {
			if b.snap != nil {
				b.snap.Put()
			}
		} else {
			*frameData(b.snap) = *b.data
			n++
		}
		b.csnap, b.cfreed, b.cbad = b.snap, b.freed, b.bad.Load()
		if b.freed {
			b.csnap = nil
		}
		b.snap, b.freed = nil, false
		b.cnext = list
		list = b
		b.tx.Store(nil)
		b = next
	}
	next := &j.txs[0]
	if next == t {
		next = &j.txs[1]
	}
	j.mu.Lock()
	next.reset(t.seq + 1)
	t.bufs = nil
	j.running = next
	j.mu.Unlock()
	j.started.WakeAll()
	return list, n
}

// advance moves a log position by one.
func (j *journal) advance(pos uint32) uint32 {
	if pos++; pos >= j.fs.sb.JBlocks {
		return 1
	}
	return pos
}

// writeLog appends a transaction of n block copies and makes it durable.
//
// +checklocks:j.commitMu
func (j *journal) writeLog(t *tx, list *buf, n int) errno.Errno {
	ndesc := (n + disk.JDCount - 1) / disk.JDCount
	nrevk := (t.nfreed + disk.JRCount - 1) / disk.JRCount
	need := uint32(n + ndesc + nrevk + 1)
	if need > j.free {
		if err := j.checkpoint(); err != errno.OK {
			return err
		}
	}
	if need > j.free || ndesc+nrevk+1 > maxDescs {
		return errno.ENOSPC
	}
	w := logWriter{j: j, seq: t.seq, pos: j.head}
	err := w.copies(list)
	if err == errno.OK {
		err = w.revocations(list)
	}
	if e := j.io.wait(); err == errno.OK {
		err = e
	}
	if e := t.data.wait(); err == errno.OK {
		err = e
	}
	if e := j.aborted.Load(); err == errno.OK && e != 0 {
		err = errno.Errno(e)
	}
	if err == errno.OK {
		err = w.commitRecord()
	}
	w.release()
	if err != errno.OK {
		return err
	}
	j.head = w.pos
	j.free -= w.used
	return errno.OK
}

// logWriter appends one transaction's blocks.
type logWriter struct {
	j     *journal
	seq   uint64
	pos   uint32
	used  uint32
	ndesc int
	chain uint32
}

// block returns a cleared header block of the kind given by magic, to be filled, then given to put.
func (w *logWriter) block(magic uint32) (*mem.Frame, errno.Errno) {
	f := mustFrame(mem.Zero)
	if f == nil {
		return nil, errno.ENOMEM
	}
	w.j.descs[w.ndesc] = f
	w.ndesc++
	b := f.Bytes()
	disk.Put32(b, disk.OffMagic, magic)
	disk.Put64(b, disk.JHSeq, w.seq)
	return f, errno.OK
}

// put queues a frame as the next log block.
func (w *logWriter) put(f *mem.Frame) {
	w.j.io.add(w.j.fs.sb.JStart+uint64(w.pos), f)
	w.pos = w.j.advance(w.pos)
	w.used++
}

// seal checksums a header block for its place and adds it to the chain.
func (w *logWriter) seal(f *mem.Frame) {
	disk.Seal(w.j.fs.sb.Seed, disk.KindBlock, w.j.fs.sb.JStart+uint64(w.pos), f.Bytes())
	w.chain = disk.Chain(w.chain, f.Bytes())
}

// copies writes the descriptors and snapshots.
func (w *logWriter) copies(list *buf) errno.Errno {
	seed := w.j.fs.sb.Seed
	for b := list; b != nil; {
		d, err := w.block(disk.MagicJDesc)
		if err != errno.OK {
			return err
		}
		first, n := b, 0
		for ; b != nil && n < disk.JDCount; b = b.cnext {
			if b.cfreed {
				continue
			}
			snap := b.csnap.Bytes()
			disk.Seal(seed, b.kind(), b.blk, snap)
			if b.cbad != 0 {
				keepBad(seed, b, snap)
			}
			e := d.Bytes()[disk.HeaderSize+n*disk.JDSize:]
			disk.Put64(e, disk.JDHome, b.blk)
			disk.Put32(e, disk.JDCRC, disk.CopyCRC(seed, w.seq, snap))
			n++
		}
		if n == 0 {
			return errno.OK
		}
		disk.Put32(d.Bytes(), disk.JHCount, uint32(n))
		w.seal(d)
		w.put(d)
		for b := first; n > 0; b = b.cnext {
			if !b.cfreed {
				w.put(b.csnap)
				n--
			}
		}
	}
	return errno.OK
}

// keepBad gives the inodes that were damaged when their block was read a wrong checksum again: that a neighbour changed does not make
// them good.
func keepBad(seed uint32, b *buf, snap []byte) {
	for k := range disk.InodesPerBl {
		if b.cbad>>k&1 != 0 {
			raw := snap[k*disk.InodeSize : (k+1)*disk.InodeSize]
			disk.Put32(raw, disk.InCRC, ^disk.InodeCRC(seed, b.blk, raw))
		}
	}
}

// revocations writes the list of freed blocks.
func (w *logWriter) revocations(list *buf) errno.Errno {
	for b := list; b != nil; {
		for b != nil && !b.cfreed {
			b = b.cnext
		}
		if b == nil {
			return errno.OK
		}
		r, err := w.block(disk.MagicJRevk)
		if err != errno.OK {
			return err
		}
		n := 0
		for ; b != nil && n < disk.JRCount; b = b.cnext {
			if b.cfreed {
				disk.Put64(r.Bytes(), disk.HeaderSize+8*n, b.blk)
				n++
			}
		}
		disk.Put32(r.Bytes(), disk.JHCount, uint32(n))
		w.seal(r)
		w.put(r)
	}
	return errno.OK
}

// commitRecord writes the record that makes the transaction count. The flush before it covers the log blocks
// and the ordered data, the forced write the record itself.
func (w *logWriter) commitRecord() errno.Errno {
	c, err := w.block(disk.MagicJComm)
	if err != errno.OK {
		return err
	}
	disk.Put32(c.Bytes(), disk.JHCount, w.used)
	disk.Put32(c.Bytes(), disk.JHChain, w.chain)
	disk.Put64(c.Bytes(), disk.JHTime, uint64(w.j.fs.now().Sec))
	w.seal(c)
	err = w.j.fs.writeDurable(w.j.fs.sb.JStart+uint64(w.pos), c)
	w.pos = w.j.advance(w.pos)
	w.used++
	return err
}

func (w *logWriter) release() {
	for i := range w.ndesc {
		w.j.descs[i].Put()
		w.j.descs[i] = nil
	}
}

// retire turns a committed transaction's blocks over to the checkpoint and lets its freed blocks be reused.
func (j *journal) retire(t *tx, list *buf) {
	c := &j.fs.bufs
	for b := list; b != nil; {
		next := b.cnext
		b.cnext = nil
		if b.ckpt != nil {
			b.ckpt.Put()
			b.ckpt = nil
		}
		if b.cfreed {
			b.cfreed = false
			b.err = errno.EUCLEAN
			b.state.Store(bufStale)
		} else {
			b.ckpt, b.csnap = b.csnap, nil
		}
		if b.ckpt != nil && !b.onCkpt {
			b.onCkpt = true
			b.refs.Add(1)
			b.knext = j.ckpt
			j.ckpt = b
			j.nckpt++
		}
		c.put(b)
		b = next
	}
	j.fs.releaseFreed(t)
}

// discard drops a transaction that could not be committed.
func (j *journal) discard(list *buf) {
	for b := list; b != nil; {
		next := b.cnext
		b.cnext = nil
		if b.csnap != nil {
			b.csnap.Put()
			b.csnap = nil
		}
		b.cfreed = false
		j.fs.bufs.put(b)
		b = next
	}
}
