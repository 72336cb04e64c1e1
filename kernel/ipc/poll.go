package ipc

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// PollFD is struct pollfd.
type PollFD struct {
	FD      int32
	Events  int16
	Revents int16
}

// pollEntry is a poller's place in one file's queue.
type pollEntry struct {
	waiter sched.Waiter
	queue  *sched.WaitQueue
	file   *vfs.File // with a reference
}

// Entries come with the poller, and beyond those in blocks.
const (
	inlineEntries = 6
	blockEntries  = 42
)

type pollBlock struct {
	next    *pollBlock
	entries [blockEntries]pollEntry
}

// poller is one call's wait for several files. The table is first, so that the file's callback finds the poller.
type poller struct {
	table  vfs.PollTable
	file   *vfs.File // being asked
	failed bool      // no memory for an entry

	ready  atomic.Uint32   // a file has announced something since the last look
	queue  sched.WaitQueue // where the caller sleeps
	n      int             // entries in use, in all
	blocks *pollBlock      // the newest first
	inline [inlineEntries]pollEntry
}

var (
	pollerCache = mem.Cache[poller]{Name: "poll"}
	blockCache  = mem.Cache[pollBlock]{Name: "poll_block"}
)

// newPoller makes a poller that will register with the files it asks.
func newPoller() *poller {
	p := pollerCache.Alloc()
	if p != nil {
		p.queue.InitRank(lock.RankWaitQueueInner)
		p.table.Queue = enqueue
	}
	return p
}

// entry returns a free entry, or nil.
func (p *poller) entry() *pollEntry {
	i := p.n
	if i < inlineEntries {
		p.n++
		return &p.inline[i]
	}
	i = (i - inlineEntries) % blockEntries
	if i == 0 {
		b := blockCache.Alloc()
		if b == nil {
			return nil
		}
		b.next, p.blocks = p.blocks, b
	}
	p.n++
	return &p.blocks.entries[i]
}

// enqueue is what a file calls to have the poller told of its events.
func enqueue(pt *vfs.PollTable, q *sched.WaitQueue, events uint32) {
	p := (*poller)(unsafe.Pointer(pt))
	e := p.entry()
	if e == nil {
		p.failed = true
		return
	}
	p.file.Get()
	e.file, e.queue = p.file, q
	e.waiter.Func, e.waiter.Arg = announce, unsafe.Pointer(p)
	q.Add(&e.waiter)
}

// announce runs under the file's queue lock.
func announce(w *sched.Waiter) {
	p := (*poller)(w.Arg)
	p.ready.Store(1)
	p.queue.WakeOne()
}

// tableFor returns the poll table for a file that is asked for events, or nil if the caller only asks for the present state: p is nil, or
// something has been found already.
func (p *poller) tableFor(f *vfs.File, events uint32) *vfs.PollTable {
	if p == nil || p.table.Queue == nil {
		return nil
	}
	p.file = f
	p.table.Events = events
	return &p.table
}

// found ends registration: the call will not sleep.
func (p *poller) found() {
	if p != nil {
		p.table.Queue = nil
	}
}

// free leaves all queues.
func (p *poller) free() {
	for b := p.blocks; b != nil; b = p.blocks {
		n := (p.n-inlineEntries-1)%blockEntries + 1
		leaveQueues(b.entries[:n])
		p.n -= n
		p.blocks = b.next
		blockCache.Free(b)
	}
	leaveQueues(p.inline[:p.n])
	pollerCache.Free(p)
}

func leaveQueues(entries []pollEntry) {
	for i := range entries {
		e := &entries[i]
		e.queue.Remove(&e.waiter)
		e.file.Put()
	}
}

// waitFor looks at the files by scan until it finds something, the time is over (timeoutNS; negative: never), or a signal
// comes. The result of scan counts.
func waitFor(timeoutNS int64, scan func(p *poller) (int, errno.Errno)) (int, errno.Errno) {
	if timeoutNS == 0 {
		return scan(nil)
	}
	p := newPoller()
	if p == nil {
		return 0, errno.ENOMEM
	}
	n, e := p.wait(timeoutNS, scan)
	p.free()
	return n, e
}

func (p *poller) wait(timeoutNS int64, scan func(p *poller) (int, errno.Errno)) (int, errno.Errno) {
	deadline := deadlineIn(timeoutNS)
	for {
		n, e := scan(p)
		if n > 0 || e != errno.OK {
			return n, e
		}
		if p.failed {
			return 0, errno.ENOMEM
		}
		p.found() // all are registered
		e = p.queue.WaitTimeout(func() bool { return p.ready.Load() != 0 }, timeLeft(deadline), true)
		if e == errno.EINTR {
			return 0, e
		}
		p.ready.Store(0)
		if e == errno.ETIMEDOUT {
			return scan(p)
		}
	}
}

// Poll is poll(2): it fills in Revents and returns how many files have some. timeoutNS < 0 waits for ever. EINTR when a signal came
// first.
func Poll(files *vfs.FDTable, fds []PollFD, timeoutNS int64) (int, errno.Errno) {
	return waitFor(timeoutNS, func(p *poller) (int, errno.Errno) { return p.scanFDs(files, fds), errno.OK })
}

func (p *poller) scanFDs(files *vfs.FDTable, fds []PollFD) int {
	n := 0
	only := files.Only()
	for i := range fds {
		fd := &fds[i]
		fd.Revents = 0
		if fd.FD < 0 {
			continue
		}
		events := uint32(uint16(fd.Events)) | vfs.PollAlways
		var got uint32
		if f := p.present(only, int(fd.FD)); f != nil {
			got = f.Ops.Poll(f, nil) & events
		} else if g, ok := p.ask(files, int(fd.FD), events); ok {
			got = g
		} else {
			got = vfs.POLLNVAL
		}
		if got != 0 {
			fd.Revents = int16(got)
			n++
			p.found()
		}
	}
	return n
}

// present returns the file of a descriptor that may be asked for its present state without a reference, or nil: only is what files.Only
// returned, and nobody waits. Small, so that it is inlined.
func (p *poller) present(only []*vfs.File, fd int) *vfs.File {
	if p == nil && uint(fd) < uint(len(only)) {
		if f := only[fd]; f != nil && !f.PathOnly() {
			return f
		}
	}
	return nil
}

// ask asks a descriptor which of some events have come, and registers for them; false: it is not open.
func (p *poller) ask(files *vfs.FDTable, fd int, events uint32) (got uint32, ok bool) {
	r, e := files.Acquire(fd)
	if e != errno.OK {
		return 0, false
	}
	got = r.F.Poll(p.tableFor(r.F, events)) & events
	r.Release()
	return got, true
}
