package galfs

import (
	"sync/atomic"

	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// The journal. Each operation that changes metadata opens a handle, which joins the running transaction; all changes
// made through one handle reach the disk together or not at all. A commit
//
//  1. closes the running transaction to new handles and waits for the open ones,
//  2. copies each modified block into a snapshot and opens the next transaction (handles wait only this long),
//  3. appends the snapshots to the log and waits for the file data that goes to newly allocated blocks: it was
//     submitted before the handle that allocated them was closed (ordered mode),
//  4. after a flush, writes the commit record.
//
// Committed blocks are written home later, from the snapshots, by a checkpoint, which then frees their log space. Since
// a snapshot belongs to one transaction and is never modified, neither step needs to look at what running
// operations do to the live blocks.
//
// Lock order: inode lock → handle → mapping lock of an inode → group lock → journal.mu → buffer bucket.
// A commit waits for handles to close and for I/O, never for a page. So a handle may be opened with a page locked, but
// not inside another handle, and no page may be waited for with a handle open.

// tx is one transaction. There are two, which take turns.
type tx struct {
	seq      uint64
	handles  int      // open handles
	reserved int      // blocks that open handles may still add
	nbufs    int      // blocks in bufs
	nfreed   int      // of which freed
	locked   bool     // being closed: no new handles
	bufs     *buf     // by tnext
	freed    *freed   // blocks that may be reused after the commit, under FS.freedLock
	data     inflight // writes of data to blocks that the transaction allocates
}

// reset makes t transaction seq, empty.
func (t *tx) reset(seq uint64) {
	t.seq, t.handles, t.reserved, t.nbufs, t.nfreed = seq, 0, 0, 0, 0
	t.locked, t.bufs, t.freed = false, nil, nil
}

// freed is a run of blocks that a transaction frees.
type freed struct {
	next  *freed
	start uint64
	n     uint32
}

var freedSlab = mem.Cache[freed]{Name: "galfs_freed"}

type journal struct {
	fs    *FS
	maxTx int // blocks a transaction may have
	head  uint32
	free  uint32 // log blocks not in use

	mu       lock.Spin
	running  *tx
	aborted  atomic.Uint32   // errno: the file system is read-only after a failure
	started  sched.WaitQueue // for handles that wait for the next transaction
	idle     sched.WaitQueue // for the commit that waits for open handles
	done     atomic.Uint64   // last committed sequence number
	overdraw atomic.Uint32   // handles that used more blocks than they had reserved: a bug, counted for the tests

	commitMu sched.Mutex
	ckpt     *buf // committed blocks not yet home, by knext
	nckpt    int
	io       ioBatch
	descs    [maxDescs]*mem.Frame
	scratch  [2]*mem.Frame // of the replay
	txs      [2]tx
}

// maxDescs is the number of descriptor, revocation and commit blocks that the largest transaction needs.
const maxDescs = disk.MaxJournal/disk.JDCount + disk.MaxJournal/disk.JRCount + 3

// handle is an operation's membership in a transaction. It lives on the stack.
type handle struct {
	j        *journal
	tx       *tx
	credits  int // blocks the operation may still modify, by its own plan
	reserved int // of the transaction's reservation, what is this handle's
}

// start opens a handle that may modify up to credits blocks. It may wait for a commit. Preconditions: the caller has
// no other handle.
func (j *journal) start(h *handle, credits int) errno.Errno {
	if credits > j.maxTx {
		return errno.ENOSPC
	}
	h.j, h.credits, h.reserved = j, credits, credits
	for {
		if j.aborted.Load() != 0 {
			return errno.EROFS
		}
		j.mu.Lock()
		t := j.running
		full := t.nbufs+t.reserved+credits > j.maxTx
		if !t.locked && !full {
			t.handles++
			t.reserved += credits
			j.mu.Unlock()
			h.tx = t
			return errno.OK
		}
		seq := t.seq
		locked := t.locked
		j.mu.Unlock()
		block.FlushPlug() // the commit may wait for what this thread has plugged
		if locked {
			j.started.Wait(func() bool { return j.runningSeq() != seq || j.aborted.Load() != 0 })
		} else if err := j.commit(seq); err != errno.OK {
			return errno.EROFS
		}
	}
}

func (j *journal) runningSeq() uint64 {
	j.mu.Lock()
	s := j.running.seq
	j.mu.Unlock()
	return s
}

// stop closes the handle.
func (h *handle) stop() {
	j, t := h.j, h.tx
	j.mu.Lock()
	t.handles--
	t.reserved -= h.reserved
	wake := t.handles == 0 && t.locked
	j.mu.Unlock()
	h.tx = nil
	if wake {
		j.idle.WakeAll()
	}
}

// write announces that the handle's operation is about to modify b.
func (h *handle) write(b *buf) errno.Errno {
	if b.tx.Load() == h.tx {
		return errno.OK
	}
	snap := mustFrame(0)
	if snap == nil {
		return errno.ENOMEM
	}
	if !h.join(b, snap, false) {
		snap.Put()
	}
	return errno.OK
}

// forget announces that the handle's operation frees b's block: it is not logged, and no older copy of it in the log is
// replayed.
func (h *handle) forget(b *buf) { h.join(b, nil, true) }

// join puts b into the handle's transaction; false if it was there.
func (h *handle) join(b *buf, snap *mem.Frame, free bool) bool {
	j, t := h.j, h.tx
	j.mu.Lock()
	if b.tx.Load() == t {
		if free && !b.freed {
			b.freed = true
			t.nfreed++
		}
		j.mu.Unlock()
		return false
	}
	b.snap, b.freed = snap, free
	b.tnext = t.bufs
	t.bufs = b
	t.nbufs++
	if free {
		t.nfreed++
	}
	if h.reserved > 0 {
		h.reserved--
		t.reserved--
	} else {
		j.overdraw.Add(1)
	}
	h.credits--
	b.refs.Add(1)
	b.tx.Store(t)
	j.mu.Unlock()
	return true
}

// abort makes the journal refuse all further changes; what is committed stays.
func (j *journal) abort(err errno.Errno) {
	j.aborted.CompareAndSwap(0, uint32(err))
	j.started.WakeAll()
}

// dirty reports whether the running transaction has changes, and its sequence number.
func (j *journal) dirty() (seq uint64, dirty bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.running.seq, j.running.nbufs > 0
}

func (j *journal) init(fs *FS) {
	j.fs = fs
	j.io.fs = fs
	j.mu.Init(lock.RankFSJournal)
	j.io.count.init()
	for k := range j.txs {
		j.txs[k].data.init()
	}
}

// shutdown drops what a failed journal could not write.
func (j *journal) shutdown() {
	if j.running == nil {
		return
	}
	list, _ := j.closeTx(j.running)
	j.commitMu.Lock()
	j.discard(list)
	j.dropCkpt()
	j.commitMu.Unlock()
	for k := range j.txs {
		j.fs.dropFreed(&j.txs[k])
	}
}
