//go:build galago

package proc

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// Signals of input and output (O_ASYNC, F_SETOWN, F_SETSIG of fcntl(2)): a file that announces an event, as it does to those who
// poll it, sends its owner a signal. The announcement comes with a wait queue locked, under which no signal can be sent: a worker
// thread does that a moment later, with what the file has by then.

// Kinds of owners (F_SETOWN_EX).
const (
	OwnerTID  = 0
	OwnerPID  = 1
	OwnerPGRP = 2
)

// fileOwner is what an open file has once one of these commands was used on it: vfs.File.Async.
type fileOwner struct {
	work   sched.Work // first, so that its function finds the owner
	file   *vfs.File  // not counted
	events atomic.Uint32

	lock      lock.Spin
	kind, id  int    // guarded by lock, as all that follows; id 0: nobody
	uid, euid uint32 // of who set the owner
	sig       int    // 0: SIGIO without details

	toggle sched.Mutex // held while the entries below change
	on     bool
	fd     int // of the call that set O_ASYNC
	used   int
	places [3]ioPlace
}

// ioPlace is an entry in one of the file's wait queues.
type ioPlace struct {
	waiter sched.Waiter // first
	owner  *fileOwner
	queue  *sched.WaitQueue
	events uint32
}

var ownerCache = mem.Cache[fileOwner]{Name: "file_owner"}

func init() { vfs.OnAsyncClose = endAsync }

// ownerOf returns a file's owner structure, making it if need be; nil: no memory.
func ownerOf(f *vfs.File) *fileOwner {
	if o := (*fileOwner)(unsafe.Pointer(f.Async.Load())); o != nil {
		return o
	}
	o := ownerCache.Alloc()
	if o == nil {
		return nil
	}
	o.file = f
	o.lock.Init(lock.RankFile)
	o.kind = OwnerPID
	o.work.Func = sendIO
	if !f.Async.CompareAndSwap(nil, (*byte)(unsafe.Pointer(o))) {
		ownerCache.Free(o)
		o = (*fileOwner)(unsafe.Pointer(f.Async.Load()))
	}
	return o
}

// SetOwner names who gets a file's signals: a thread, a process or a group by its number; 0 nobody. EINVAL, ESRCH, ENOMEM.
func SetOwner(f *vfs.File, kind, id int) errno.Errno {
	if kind < OwnerTID || kind > OwnerPGRP {
		return errno.EINVAL
	}
	if id != 0 && !ownerExists(kind, id) {
		return errno.ESRCH
	}
	o := ownerOf(f)
	if o == nil {
		return errno.ENOMEM
	}
	c := Current().Cred()
	o.lock.Lock()
	o.kind, o.id, o.uid, o.euid = kind, id, c.UID, c.EUID
	o.lock.Unlock()
	return errno.OK
}

// ownerExists tells whether a number is in use, as that of a thread or a group.
func ownerExists(kind, id int) bool {
	if id < 0 || id >= MaxPID {
		return false
	}
	table.lock.Lock()
	defer table.lock.Unlock()
	return table.procs[id] != nil || table.groups[id] != nil || table.tasks[id].Load() != nil
}

// Owner returns who gets a file's signals; an owner that is gone is nobody.
func Owner(f *vfs.File) (kind, id int) {
	o := (*fileOwner)(unsafe.Pointer(f.Async.Load()))
	if o == nil {
		return OwnerPID, 0
	}
	o.lock.Lock()
	kind, id = o.kind, o.id
	o.lock.Unlock()
	if id != 0 && !ownerExists(kind, id) {
		id = 0
	}
	return kind, id
}

// SetIOSignal chooses the signal; 0 is SIGIO without details. EINVAL, ENOMEM.
func SetIOSignal(f *vfs.File, sig int) errno.Errno {
	if sig < 0 || sig > NSIG {
		return errno.EINVAL
	}
	o := ownerOf(f)
	if o == nil {
		return errno.ENOMEM
	}
	o.lock.Lock()
	o.sig = sig
	o.lock.Unlock()
	return errno.OK
}

// IOSignal returns it.
func IOSignal(f *vfs.File) int {
	o := (*fileOwner)(unsafe.Pointer(f.Async.Load()))
	if o == nil {
		return 0
	}
	o.lock.Lock()
	defer o.lock.Unlock()
	return o.sig
}

// CanSignal tells whether a file sends signals at all: pipes, sockets and terminals do.
func CanSignal(f *vfs.File) bool {
	switch f.Inode.Type() {
	case vfs.S_IFIFO, vfs.S_IFSOCK, vfs.S_IFCHR:
		return true
	}
	return false
}

// SetAsync turns a file's signals on or off: O_ASYNC. fd is what they will report. ENOMEM.
func SetAsync(f *vfs.File, fd int, on bool) errno.Errno {
	if on && CanSignal(f) || !on && f.Async.Load() != nil {
		o := ownerOf(f)
		if o == nil {
			return errno.ENOMEM
		}
		o.toggle.Lock()
		o.fd = fd
		if on && !o.on {
			o.enter()
		} else if !on {
			o.leave()
		}
		o.on = on
		o.toggle.Unlock()
	}
	if on {
		f.Flags.Or(vfs.O_ASYNC)
	} else {
		f.Flags.And(^uint32(vfs.O_ASYNC))
	}
	return errno.OK
}

// ioTable is the poll table with which an owner enters the file's queues.
type ioTable struct {
	table vfs.PollTable
	owner *fileOwner
}

func (o *fileOwner) enter() {
	t := ioTable{table: vfs.PollTable{Events: ^uint32(0), Queue: enterIO}, owner: o}
	o.file.Poll(vfs.NoEscape(&t.table))
}

func enterIO(pt *vfs.PollTable, q *sched.WaitQueue, events uint32) {
	o := (*ioTable)(unsafe.Pointer(pt)).owner
	if o.used == len(o.places) {
		return
	}
	p := &o.places[o.used]
	o.used++
	p.owner, p.queue, p.events = o, q, events
	p.waiter.Func = announceIO
	q.Add(&p.waiter)
}

func (o *fileOwner) leave() {
	for i := range o.places[:o.used] {
		p := &o.places[i]
		p.queue.Remove(&p.waiter)
	}
	o.used = 0
}

// announceIO runs under the queue's lock.
func announceIO(w *sched.Waiter) {
	p := (*ioPlace)(unsafe.Pointer(w))
	p.owner.events.Or(p.events)
	sched.QueueWork(&p.owner.work)
}

// endAsync is called when the open file goes away.
func endAsync(f *vfs.File) {
	o := (*fileOwner)(unsafe.Pointer(f.Async.Load()))
	o.leave()
	sched.CancelWork(&o.work)
	ownerCache.Free(o)
}

// Reasons for a signal (si_code) and what si_band says of them: sigaction(2).
const (
	pollIn  = 1
	pollOut = 2
	pollHup = 6

	bandIn  = vfs.POLLIN | vfs.POLLRDNORM
	bandOut = vfs.POLLOUT | vfs.POLLWRNORM | vfs.POLLWRBAND
	bandHup = vfs.POLLHUP | vfs.POLLERR
)

// sendIO is the work: it tells the owner what the file has of what was announced.
func sendIO(w *sched.Work) {
	o := (*fileOwner)(unsafe.Pointer(w))
	announced := o.events.Swap(0)
	has := o.file.Poll(nil) & announced
	switch {
	case has&vfs.POLLHUP != 0:
		o.send(pollHup, bandHup)
	case has&vfs.POLLIN != 0:
		o.send(pollIn, bandIn)
	}
	if has&vfs.POLLOUT != 0 {
		o.send(pollOut, bandOut)
	}
}

func (o *fileOwner) send(reason int32, band uint64) {
	o.lock.Lock()
	kind, id, sig, from := o.kind, o.id, o.sig, [2]uint32{o.uid, o.euid}
	o.lock.Unlock()
	if id <= 0 || id >= MaxPID {
		return
	}
	info := Siginfo{Signo: SIGIO, Code: SI_KERNEL}
	if sig != 0 {
		info = Siginfo{Signo: int32(sig), Code: reason, Word0: band, Status: int32(o.fd)}
		switch sig {
		case SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGTRAP, SIGCHLD, SIGSYS:
			info.Code = SI_SIGIO // their codes mean something else
		}
	}
	table.lock.Lock()
	defer table.lock.Unlock()
	switch kind {
	case OwnerTID:
		if t := table.tasks[id].Load(); t != nil && t.Proc.hears(from) && t.sendTask(int(info.Signo), &info) != errno.OK {
			plain := Siginfo{Signo: SIGIO, Code: SI_KERNEL}
			t.sendTask(SIGIO, &plain)
		}
	case OwnerPID:
		if p := table.procs[id]; p != nil {
			p.tell(from, &info)
		}
	case OwnerPGRP:
		if g := table.groups[id]; g != nil {
			for p := g.members.Front(); p != nil; p = p.inGroup.Next() {
				p.tell(from, &info)
			}
		}
	}
}

// tell signals a process, and if its queue is full at least with SIGIO. table.lock is held.
//
// +checklocks:table.lock
func (p *Process) tell(from [2]uint32, info *Siginfo) {
	if p.hears(from) && p.send(int(info.Signo), info) != errno.OK {
		plain := Siginfo{Signo: SIGIO, Code: SI_KERNEL}
		p.send(SIGIO, &plain)
	}
}

// hears is the rule of kill(2) for who set the owner: its real and its effective user.
func (p *Process) hears(from [2]uint32) bool {
	uid, euid := from[0], from[1]
	c := p.BorrowCred()
	defer c.Put()
	return euid == 0 || euid == c.SUID || euid == c.UID || uid == c.SUID || uid == c.UID
}
