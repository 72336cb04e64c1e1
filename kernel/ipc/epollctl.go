package ipc

import (
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// Operations of epoll_ctl(2).
const (
	EpollAdd = 1
	EpollDel = 2
	EpollMod = 3
)

// exclusiveOK are the bits that may accompany EPOLLEXCLUSIVE.
const exclusiveOK = vfs.POLLIN | vfs.POLLOUT | vfs.POLLERR | vfs.POLLHUP | EpollWakeup | EpollEdge | EpollExclusive

// watchLocks guard the files' lists of watches, by the file's address.
var watchLocks [64]lock.Spin

func init() {
	for i := range watchLocks {
		watchLocks[i].Rank = lock.RankEpollTable
	}
	vfs.OnWatchedClose = endWatches
}

func watchLock(f *vfs.File) *lock.Spin {
	return &watchLocks[uintptr(unsafe.Pointer(f))/unsafe.Sizeof(*f)%uintptr(len(watchLocks))]
}

// EpollCtl is epoll_ctl(2): op on the file f, of descriptor fd, in the instance of epFile. EPERM: f cannot be watched; EINVAL: epFile
// is no instance, f is the same, or the operation or the events are not valid; EEXIST, ENOENT; ELOOP: a cycle or too long a
// chain of instances; ENOSPC: the user has too many watches.
func EpollCtl(epFile *vfs.File, op int, f *vfs.File, fd int, events uint32, data uint64) errno.Errno {
	e := epollCtl(epFile, op, f, fd, events, data)
	if e != errno.OK && e != errno.EPERM && !watchable(f) {
		return errno.EPERM // takes precedence
	}
	return e
}

func epollCtl(epFile *vfs.File, op int, f *vfs.File, fd int, events uint32, data uint64) errno.Errno {
	ep, inner := epollOf(epFile), epollOf(f)
	if ep == nil || epFile == f {
		return errno.EINVAL
	}
	if op != EpollDel && events&EpollExclusive != 0 {
		if op == EpollMod || inner != nil || events&^exclusiveOK != 0 {
			return errno.EINVAL
		}
	}
	switch op {
	case EpollAdd:
		return ep.add(f, fd, inner, events|vfs.PollAlways, data)
	case EpollDel:
		ep.mu.Lock()
		defer ep.mu.Unlock()
		w := ep.find(f, fd)
		if w == nil {
			return errno.ENOENT
		}
		ep.remove(w)
		return errno.OK
	case EpollMod:
		ep.mu.Lock()
		defer ep.mu.Unlock()
		w := ep.find(f, fd)
		if w == nil {
			return errno.ENOENT
		}
		return ep.modify(w, events|vfs.PollAlways, data)
	}
	return errno.EINVAL
}

// watchKey is what a watch is found by. Two pairs of file and descriptor may share one.
func watchKey(f *vfs.File, fd int) uint64 {
	return uint64(uintptr(unsafe.Pointer(f)))<<14 + uint64(fd)
}

// find returns the watch of a file by a descriptor, or nil. ep.mu is held.
//
// +checklocks:ep.mu
func (ep *Epoll) find(f *vfs.File, fd int) *watch {
	key := watchKey(f, fd)
	for w := ep.tree.Ceil(key); w != nil && w.node.Key() == key; w = ep.tree.Next(&w.node) {
		if w.file == f && w.fd == fd {
			return w
		}
	}
	return nil
}

func (ep *Epoll) add(f *vfs.File, fd int, inner *Epoll, events uint32, data uint64) errno.Errno {
	nested := inner != nil || ep.watched.Load()
	if nested {
		nestMutex.Lock()
		defer nestMutex.Unlock()
		if inner != nil {
			if e := mayWatch(ep, inner); e != errno.OK {
				return e
			}
		}
	}
	w := watchCache.Alloc()
	if w == nil {
		return errno.ENOMEM
	}
	w.ep, w.file, w.fd, w.events, w.data = ep, f, fd, events, data
	ep.mu.Lock()
	defer ep.mu.Unlock()
	if ep.find(f, fd) != nil {
		watchCache.Free(w)
		return errno.EEXIST
	}
	if ep.user.Add(1) > maxWatches() {
		ep.user.Add(-1)
		watchCache.Free(w)
		return errno.ENOSPC
	}
	w.node.Init(w)
	ep.tree.Insert(&w.node, watchKey(f, fd))
	w.link()
	if inner != nil {
		w.nestIn(inner)
	}
	if nested && tooManyPaths(w) {
		ep.remove(w)
		return errno.EINVAL
	}
	got, e := w.enter(inner)
	if e != errno.OK {
		ep.remove(w)
		return e
	}
	if got&events != 0 {
		ep.announce(w, ^uint32(0))
	}
	return errno.OK
}

// registrar is the poll table with which a watch enters its file's queues.
type registrar struct {
	table  vfs.PollTable
	watch  *watch
	used   int
	failed bool
}

// enter puts the watch into the queues of its file and returns the events the file has. An instance needs none: the edge is in
// place. ep.mu is held.
//
// +checklocks:w.ep.mu
func (w *watch) enter(inner *Epoll) (uint32, errno.Errno) {
	if inner != nil {
		return w.file.Poll(nil), errno.OK
	}
	r := registrar{table: vfs.PollTable{Events: ^uint32(0), Queue: enterQueue}, watch: w}
	got := w.file.Poll(vfs.NoEscape(&r.table))
	switch {
	case r.failed:
		return 0, errno.ENOMEM
	case r.used == 0:
		return 0, errno.EPERM
	}
	return got, errno.OK
}

func enterQueue(pt *vfs.PollTable, q *sched.WaitQueue, events uint32) {
	r := (*registrar)(unsafe.Pointer(pt))
	w := r.watch
	var p *place
	if r.used < len(w.places) {
		p = &w.places[r.used]
	} else {
		if p = placeCache.Alloc(); p == nil {
			r.failed = true
			return
		}
		p.next, w.more = w.more, p
	}
	r.used++
	p.watch, p.queue, p.events = w, q, events
	if w.events&EpollExclusive != 0 {
		p.waiter.Take = fileTakes
	} else {
		p.waiter.Func = fileAnnounces
	}
	q.Add(&p.waiter)
}

// fileAnnounces is the callback of a watch.
func fileAnnounces(n *sched.Waiter) {
	p := (*place)(unsafe.Pointer(n))
	p.watch.ep.announce(p.watch, p.events)
}

// fileTakes is that of a watch with EPOLLEXCLUSIVE.
func fileTakes(n *sched.Waiter) bool {
	p := (*place)(unsafe.Pointer(n))
	return p.watch.ep.announce(p.watch, p.events)
}

// announce puts a watch that cares for one of the events on the ready list and wakes those who wait for it. It tells whether a thread in
// epoll_wait was woken.
func (ep *Epoll) announce(w *watch, events uint32) bool {
	if !ep.enqueue(w, events) {
		return false
	}
	woken := ep.waiters.WakeOne() > 0
	ep.pollers.WakeAll()
	if ep.watched.Load() {
		announceOuter(ep)
	}
	return woken
}

// enqueue puts a watch on the ready list if it cares for one of the events.
func (ep *Epoll) enqueue(w *watch, events uint32) bool {
	flags := ep.lock.LockIRQ()
	wanted := w.events&^epollHow&events != 0
	if wanted {
		ep.push(w)
	}
	ep.lock.UnlockIRQ(flags)
	return wanted
}

// modify changes what a watch is for. ep.mu is held.
//
// +checklocks:ep.mu
func (ep *Epoll) modify(w *watch, events uint32, data uint64) errno.Errno {
	if w.events&EpollExclusive != 0 {
		return errno.EINVAL
	}
	flags := ep.lock.LockIRQ()
	w.events = events
	ep.lock.UnlockIRQ(flags)
	w.data = data
	if w.file.Poll(nil)&events != 0 {
		ep.announce(w, ^uint32(0))
	}
	return errno.OK
}

// remove ends a watch. ep.mu is held.
//
// +checklocks:ep.mu
func (ep *Epoll) remove(w *watch) {
	if inner := epollOf(w.file); inner != nil {
		w.nestOut(inner)
	}
	for i := range w.places {
		if p := &w.places[i]; p.queue != nil {
			p.queue.Remove(&p.waiter)
		}
	}
	for p := w.more; p != nil; p = w.more {
		p.queue.Remove(&p.waiter)
		w.more = p.next
		placeCache.Free(p)
	}
	flags := ep.lock.LockIRQ() // no callback comes any more
	ep.unqueue(w)
	ep.lock.UnlockIRQ(flags)
	w.unlink()
	ep.tree.Remove(&w.node)
	watchCache.Free(w)
	ep.user.Add(-1)
}

func watchesOf(f *vfs.File) *watch { return (*watch)(unsafe.Pointer(f.Watch.Load())) }

// link enters a watch into its file's list.
func (w *watch) link() {
	l := watchLock(w.file)
	l.Lock()
	if w.fileNext = watchesOf(w.file); w.fileNext != nil {
		w.fileNext.filePrev = w
	}
	w.file.Watch.Store((*byte)(unsafe.Pointer(w)))
	l.Unlock()
}

func (w *watch) unlink() {
	l := watchLock(w.file)
	l.Lock()
	if w.filePrev == nil {
		w.file.Watch.Store((*byte)(unsafe.Pointer(w.fileNext)))
	} else {
		w.filePrev.fileNext = w.fileNext
	}
	if w.fileNext != nil {
		w.fileNext.filePrev = w.filePrev
	}
	l.Unlock()
}

// endWatches ends all watches of a file that is being closed for the last time. No new ones come; but an instance that is being closed
// may end some of them too.
func endWatches(f *vfs.File) {
	l := watchLock(f)
	for {
		l.Lock()
		w := watchesOf(f)
		if w == nil {
			l.Unlock()
			return
		}
		ep := w.ep
		ep.refs.Add(1)
		l.Unlock()
		ep.mu.Lock()
		for w := ep.ofFile(f); w != nil; w = ep.ofFile(f) {
			ep.remove(w)
		}
		ep.mu.Unlock()
		ep.put()
	}
}

// ofFile returns the first watch on a file's list if it belongs to ep, else nil. ep.mu is held.
//
// +checklocks:ep.mu
func (ep *Epoll) ofFile(f *vfs.File) *watch {
	l := watchLock(f)
	l.Lock()
	defer l.Unlock()
	if w := watchesOf(f); w != nil && w.ep == ep {
		return w
	}
	return nil
}

// watchable tells whether a file announces events at all: it asks it for its queues without entering them.
func watchable(f *vfs.File) bool {
	if epollOf(f) != nil {
		return true
	}
	r := registrar{table: vfs.PollTable{Events: ^uint32(0), Queue: countQueue}}
	f.Poll(vfs.NoEscape(&r.table))
	return r.used > 0
}

func countQueue(pt *vfs.PollTable, q *sched.WaitQueue, events uint32) {
	(*registrar)(unsafe.Pointer(pt)).used++
}
