package galfs

import (
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/mem"
)

// checkpoint writes all committed blocks home, makes that durable and empties the log. Preconditions: commitMu is held.
//
// +checklocks:j.commitMu
func (j *journal) checkpoint() errno.Errno {
	if e := j.aborted.Load(); e != 0 {
		return errno.Errno(e)
	}
	if j.free == j.fs.sb.JBlocks-2 {
		return errno.OK
	}
	j.ckpt = sortBufs(j.ckpt)
	for b := j.ckpt; b != nil; b = b.knext {
		if b.ckpt != nil {
			j.io.add(b.blk, b.ckpt)
		}
	}
	err := j.io.wait()
	if err == errno.OK {
		err = j.fs.flush()
	}
	if err == errno.OK {
		err = j.writeHeader(j.done.Load()+1, j.head)
	}
	if err != errno.OK {
		j.abort(err)
		j.fs.failed("checkpoint", 0, err)
		return err
	}
	j.dropCkpt()
	return errno.OK
}

// dropCkpt unpins the blocks of the checkpoint list.
func (j *journal) dropCkpt() {
	for b := j.ckpt; b != nil; {
		next := b.knext
		b.knext = nil
		b.onCkpt = false
		if b.ckpt != nil {
			b.ckpt.Put()
			b.ckpt = nil
		}
		j.fs.bufs.put(b)
		b = next
	}
	j.ckpt, j.nckpt = nil, 0
}

// writeHeader makes the log begin at block pos with transaction seq.
func (j *journal) writeHeader(seq uint64, pos uint32) errno.Errno {
	f := mustFrame(mem.Zero)
	if f == nil {
		return errno.ENOMEM
	}
	j.fs.sb.PutJournalHeader(f.Bytes(), seq, pos)
	err := j.fs.writeDurable(j.fs.sb.JStart, f)
	f.Put()
	if err == errno.OK {
		j.free = j.fs.sb.JBlocks - 2
	}
	return err
}

// sortBufs sorts a list by block number, so that neighbours go to the disk in one request: a merge sort that
// needs no memory.
func sortBufs(list *buf) *buf {
	var bins [48]*buf
	for list != nil {
		b := list
		list = b.knext
		b.knext = nil
		i := 0
		for ; i < len(bins)-1 && bins[i] != nil; i++ {
			b = mergeBufs(bins[i], b)
			bins[i] = nil
		}
		bins[i] = mergeBufs(bins[i], b)
	}
	for _, l := range bins {
		list = mergeBufs(list, l)
	}
	return list
}

func mergeBufs(a, b *buf) *buf {
	var head *buf
	tail := &head
	for a != nil && b != nil {
		if a.blk <= b.blk {
			*tail, a = a, a.knext
		} else {
			*tail, b = b, b.knext
		}
		tail = &(*tail).knext
	}
	if a == nil {
		a = b
	}
	*tail = a
	return head
}

// replay writes the newest committed copy of every block in the log home and starts an empty log. It may be
// interrupted at any point and done again.
func (fs *FS) replay(readOnly bool) errno.Errno {
	j := &fs.jnl
	n := disk.TableSize(fs.sb.JBlocks)
	tab, err := allocTable(n)
	if err != errno.OK {
		return err
	}
	err = errno.ENOMEM
	j.scratch[0], j.scratch[1] = mem.AllocFrame(0), mem.AllocFrame(0)
	if j.scratch[0] != nil && j.scratch[1] != nil {
		err = j.replayWith(tab, readOnly)
	}
	for k, f := range j.scratch[:] {
		if f != nil {
			f.Put()
		}
		j.scratch[k] = nil
	}
	freeTable(tab)
	return err
}

// ReadLog is disk.LogReader for the replay.
func (j *journal) ReadLog(blk uint64, p []byte) bool {
	f := j.scratch[0]
	if unsafe.SliceData(p) != unsafe.SliceData(f.Bytes()) {
		f = j.scratch[1]
	}
	return j.fs.readBlock(blk, f) == errno.OK
}

func (j *journal) replayWith(tab []disk.LogEntry, readOnly bool) errno.Errno {
	fs, a := j.fs, j.scratch[0]
	log := disk.Log{SB: &fs.sb, Dev: j, Table: tab, Block: a.Bytes(), Copy: j.scratch[1].Bytes()}
	switch log.Scan() {
	case disk.LogIO:
		return errno.EIO
	case disk.LogHeader:
		return fs.corrupt("damaged journal header", fs.sb.JStart)
	}
	seq := log.NextSeq
	if log.Txs == 0 {
		j.begin(seq, log.Tail)
		return errno.OK
	}
	if readOnly {
		return errno.EROFS
	}
	for i := range tab {
		e := &tab[i]
		if e.Pos == 0 || e.Pos == disk.LogGone {
			continue
		}
		if err := fs.readBlock(fs.sb.JStart+uint64(e.Pos), a); err != errno.OK {
			return err
		}
		if err := fs.writeBlock(e.Home, a); err != errno.OK {
			return err
		}
	}
	fs.replayed = log.Txs
	if err := fs.flush(); err != errno.OK {
		return err
	}
	// A gap in the sequence keeps what is left of an unfinished transaction from ever being continued.
	seq += 16
	if err := j.writeHeader(seq, 1); err != errno.OK {
		return err
	}
	j.begin(seq, 1)
	return errno.OK
}

// begin sets the journal up to append transaction seq at pos, with an empty log.
func (j *journal) begin(seq uint64, pos uint32) {
	j.head = pos
	j.free = j.fs.sb.JBlocks - 2
	j.done.Store(seq - 1)
	j.txs[0].reset(seq)
	j.running = &j.txs[0]
}
