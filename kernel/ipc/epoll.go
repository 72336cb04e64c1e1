package ipc

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// epoll(7): a set of watched files with a list of those that have announced something.
//
// A watch stands in the wait queues of its file. When the file announces an event, the callback puts the watch at the end of its
// instance's ready list and wakes one thread in epoll_wait; that thread asks each file on the list what it has. So a wait costs
// what is ready, not what is watched.
//
// Locks. Epoll.mu (sleeping) guards the set of watches and is held while a watched file is asked, so a watch's file cannot go
// away meanwhile: its last close takes the watch out first, under mu. Epoll.lock (a spin lock, taken by callbacks under the
// files' wait queue locks) guards the ready list and the watches' events. A file's list of its watches is guarded by
// one of watchLocks. Instances that watch instances: epollnest.go.
//
//	nestMutex → Epoll.mu (watching before watched) → a file's own locks
//	watchLocks;  wait queue of a file → nestLock → Epoll.lock | Epoll.pollers → Epoll.waiters

// Events of epoll beyond those of poll(2); bits that say how to watch rather than what.
const (
	EpollExclusive = 1 << 28
	EpollWakeup    = 1 << 29
	EpollOneShot   = 1 << 30
	EpollEdge      = 1 << 31

	epollHow = EpollExclusive | EpollWakeup | EpollOneShot | EpollEdge
)

// Epoll is an epoll instance.
type Epoll struct {
	refs atomic.Int32  // the open file, and last closes of watched files under way
	user *atomic.Int64 // counts the watches of the user who made it

	mu     sched.Mutex
	tree   ds.RBTree[watch] // guarded by mu
	inners int              // guarded by mu: how many of the watches are on instances
	depth  int              // guarded by nestMutex, as is stamp: found by the search of that number
	stamp  uint64

	// The ready list: changed under lock, followed by collect without.
	lock  lock.Spin
	first atomic.Pointer[watch]
	last  *watch // guarded by lock
	count atomic.Int32

	waiters sched.WaitQueue // threads in epoll_wait
	pollers sched.WaitQueue // of the instance itself by poll and select

	outer   ds.List[watch] // guarded by nestLock: watches of other instances on this one
	watched atomic.Bool    // outer is not empty
}

// watch is one registration.
type watch struct {
	ep   *Epoll
	file *vfs.File // not counted
	fd   int
	node ds.RBNode[watch] // guarded by ep.mu
	data uint64           // guarded by ep.mu

	events   uint32                // changed under ep.mu and ep.lock
	queued   bool                  // guarded by ep.lock: on the ready list
	reported bool                  // guarded by ep.mu: for collect
	again    atomic.Bool           // announced since collect looked
	next     atomic.Pointer[watch] // changed under ep.lock
	prev     *watch                // guarded by ep.lock

	fileNext, filePrev *watch // guarded by the file's watch lock

	nest ds.ListNode[watch] // guarded by nestLock: in the outer list of the instance it watches

	places [2]place // places in use have a queue
	more   *place   // further ones
}

// place is a watch's entry in one wait queue of its file.
type place struct {
	waiter sched.Waiter // first, so that the callback finds the place
	watch  *watch
	queue  *sched.WaitQueue
	events uint32 // announced on this queue
	next   *place
}

var (
	epollCache = mem.Cache[Epoll]{Name: "eventpoll"}
	watchCache = mem.Cache[watch]{Name: "epoll_watch"}
	placeCache = mem.Cache[place]{Name: "epoll_place"}
)

// userWatches counts watches by user; users whose numbers agree in the low bits share a counter. Each may have as many as fit into
// a 25th of the memory, as on Linux (max_user_watches).
var userWatches [256]atomic.Int64

var watchLimit atomic.Int64

func maxWatches() int64 {
	if n := watchLimit.Load(); n != 0 {
		return n
	}
	n := mem.Stats().Total * arch.PageSize / 25 / int64(unsafe.Sizeof(watch{}))
	watchLimit.Store(n)
	return n
}

type epollFile struct{ vfs.NoFileOps }

var epollOps vfs.FileOps = &epollFile{}

// NewEpoll makes an epoll instance with its open file.
func NewEpoll(c *cred.Cred) (*vfs.File, errno.Errno) {
	ep := epollCache.Alloc()
	if ep == nil {
		return nil, errno.ENOMEM
	}
	ep.refs.Store(1)
	ep.user = &userWatches[c.UID%uint32(len(userWatches))]
	ep.lock.Init(lock.RankPollReady)
	ep.waiters.InitRank(lock.RankWaitQueueInner)
	ep.pollers.InitRank(lock.RankPollReady) // never taken together with ep.lock
	f, e := vfs.NewAnonFile(epollOps, nil, unsafe.Pointer(ep), vfs.O_RDWR, c)
	if e != errno.OK {
		epollCache.Free(ep)
		return nil, e
	}
	f.SetStill()
	return f, errno.OK
}

// epollOf returns the instance behind an open file, or nil.
func epollOf(f *vfs.File) *Epoll {
	if !f.Is(epollOps) {
		return nil
	}
	return (*Epoll)(f.Private)
}

func (ep *Epoll) put() {
	if ep.refs.Add(-1) == 0 {
		epollCache.Free(ep)
	}
}

// Release ends all watches.
func (*epollFile) Release(f *vfs.File) {
	ep := epollOf(f)
	ep.mu.Lock()
	for w := ep.tree.Min(); w != nil; w = ep.tree.Min() {
		ep.remove(w)
	}
	ep.mu.Unlock()
	ep.put()
}

// Poll: an instance is readable while a watched file has something. Watches that turn out to have nothing leave the ready list.
func (*epollFile) Poll(f *vfs.File, pt *vfs.PollTable) uint32 {
	ep := (*Epoll)(f.Private)
	pt.WaitFor(&ep.pollers, vfs.POLLIN|vfs.POLLRDNORM)
	if ep.first.Load() == nil {
		return 0
	}
	ep.mu.Lock()
	defer ep.mu.Unlock()
	w := ep.first.Load()
	for todo := ep.count.Load(); w != nil && todo > 0; todo-- {
		w.again.Store(false)
		if w.file.Poll(nil)&w.events != 0 {
			return vfs.POLLIN | vfs.POLLRDNORM
		}
		next := w.next.Load()
		w.reported = false
		one := [1]*watch{w}
		ep.leave(one[:])
		w = next
	}
	return 0
}

// push puts a watch at the end of the ready list. ep.lock is held.
//
// +checklocks:ep.lock
func (ep *Epoll) push(w *watch) {
	if w.queued {
		w.again.Store(true)
		return
	}
	w.queued = true
	w.next.Store(nil)
	w.prev = ep.last
	if w.prev == nil {
		ep.first.Store(w)
	} else {
		w.prev.next.Store(w)
	}
	ep.last = w
	ep.count.Add(1)
}

// unqueue takes a watch off the ready list. ep.lock is held.
//
// +checklocks:ep.lock
func (ep *Epoll) unqueue(w *watch) {
	if !w.queued {
		return
	}
	w.queued = false
	next := w.next.Load()
	if w.prev == nil {
		ep.first.Store(next)
	} else {
		w.prev.next.Store(next)
	}
	if next == nil {
		ep.last = w.prev
	} else {
		next.prev = w.prev
	}
	ep.count.Add(-1)
}
