package ipc

import (
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// Epoll instances that watch epoll instances. They form a graph without cycles whose paths are short and few, so that the
// wake-up of an instance, which goes up all paths from the file that announced something, ends soon. The edges are the watches
// on an instance (Epoll.outer) rather than entries in its wait queue: a wake-up would otherwise nest wait-queue locks.

// maxNests is the greatest number of edges of a chain (Linux: EP_MAX_NESTS).
const maxNests = 4

// pathLimits bounds how many chains of 1, 2, … edges lead up from one file (Linux: path_limits).
var pathLimits = [maxNests + 1]int{0, 500, 100, 50, 10}

var (
	nestMutex sched.Mutex // held while edges are added: who holds it sees none appear
	nestLock  = lock.Spin{Rank: lock.RankEpollNest}
	nestStamp uint64 // guarded by nestMutex: number of the last search
)

// nestIn adds the edge from inner to the watch's instance. nestMutex and ep.mu are held.
//
// +checklocks:w.ep.mu
func (w *watch) nestIn(inner *Epoll) {
	w.ep.inners++
	w.nest.Init(w)
	flags := nestLock.LockIRQ()
	inner.outer.PushBack(&w.nest)
	inner.watched.Store(true)
	nestLock.UnlockIRQ(flags)
}

// nestOut removes it. ep.mu is held.
//
// +checklocks:w.ep.mu
func (w *watch) nestOut(inner *Epoll) {
	w.ep.inners--
	flags := nestLock.LockIRQ()
	inner.outer.Remove(&w.nest)
	inner.watched.Store(!inner.outer.Empty())
	nestLock.UnlockIRQ(flags)
}

// announceOuter tells the instances above ep, which has become readable.
func announceOuter(ep *Epoll) {
	flags := nestLock.LockIRQ()
	spread(ep)
	nestLock.UnlockIRQ(flags)
}

// spread goes up all edges, at most maxNests deep. nestLock is held.
//
// +checklocks:nestLock
func spread(ep *Epoll) {
	for w := ep.outer.Front(); w != nil; w = w.nest.Next() {
		if w.ep.enqueue(w, vfs.POLLIN|vfs.POLLRDNORM) {
			w.ep.waiters.WakeOne()
			w.ep.pollers.WakeAll()
			spread(w.ep)
		}
	}
}

// mayWatch tells whether ep may watch inner: ELOOP if that makes a cycle or too long a chain. nestMutex is held.
//
// +checklocks:nestMutex
func mayWatch(ep, inner *Epoll) errno.Errno {
	nestStamp++
	down := depthBelow(inner, ep)
	if down > maxNests {
		return errno.ELOOP
	}
	flags := nestLock.LockIRQ()
	up := depthAbove(ep)
	nestLock.UnlockIRQ(flags)
	if down+1+up > maxNests {
		return errno.ELOOP
	}
	return errno.OK
}

// depthBelow returns the number of edges of the longest chain down from ep; more than maxNests if one leads to avoid.
func depthBelow(ep, avoid *Epoll) int {
	if ep == avoid {
		return maxNests + 1
	}
	if ep.stamp == nestStamp {
		return ep.depth
	}
	depth := 0
	ep.mu.Lock()
	if ep.inners > 0 {
		for w := ep.tree.Min(); w != nil && depth <= maxNests; w = ep.tree.Next(&w.node) {
			if inner := epollOf(w.file); inner != nil {
				depth = max(depth, depthBelow(inner, avoid)+1)
			}
		}
	}
	ep.mu.Unlock()
	ep.stamp, ep.depth = nestStamp, depth
	return depth
}

// depthAbove returns the number of edges of the longest chain up from ep. nestLock is held.
//
// +checklocks:nestLock
func depthAbove(ep *Epoll) int {
	depth := 0
	for w := ep.outer.Front(); w != nil; w = w.nest.Next() {
		depth = max(depth, depthAbove(w.ep)+1)
	}
	return depth
}

// tooManyPaths tells whether a new watch, which is in place, leads more chains up from some file than pathLimits allows. nestMutex and
// the mu of the watch's instance are held.
func tooManyPaths(w *watch) bool {
	inner := epollOf(w.file)
	if inner == nil {
		return pathsExceed(w.file)
	}
	inner.mu.Lock()
	defer inner.mu.Unlock()
	for v := inner.tree.Min(); v != nil; v = inner.tree.Next(&v.node) {
		if tooManyPaths(v) {
			return true
		}
	}
	return false
}

// pathsExceed counts the chains up from one file.
func pathsExceed(f *vfs.File) bool {
	var count [maxNests + 1]int
	l := watchLock(f)
	l.Lock()
	defer l.Unlock()
	flags := nestLock.LockIRQ()
	defer nestLock.UnlockIRQ(flags)
	for w := watchesOf(f); w != nil; w = w.fileNext {
		if !countPaths(w.ep, 0, &count) {
			return true
		}
	}
	return false
}

// countPaths counts the chains up from ep, which is depth edges above the file's first instance; false when there are too many.
func countPaths(ep *Epoll, depth int, count *[maxNests + 1]int) bool {
	if ep.outer.Empty() {
		count[depth]++
		return depth == 0 || count[depth] <= pathLimits[depth]
	}
	for w := ep.outer.Front(); w != nil; w = w.nest.Next() {
		if depth == maxNests || !countPaths(w.ep, depth+1, count) {
			return false
		}
	}
	return true
}
