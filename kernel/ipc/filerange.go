package ipc

import (
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// grant puts a lock that conflicts with nothing in place, or takes one away: what the owner holds in the range is replaced, adjacent locks of one type
// become one, others are cut. Either all of it happens, or ENOLCK (no memory) and nothing. Taking everything away, as a close does, needs no memory.
func (l *fileLocks) grant(want *FileLock) errno.Errno {
	var fresh, spare *record
	lock, cuts := want.Type != Unlock, want.Start > 0 && want.End != EndOfFile
	if lock {
		fresh = recordCache.Alloc()
	}
	if cuts { // perhaps a lock in its middle, which makes two of it
		spare = recordCache.Alloc()
	}
	if lock && fresh == nil || cuts && spare == nil {
		freeRecord(fresh)
		freeRecord(spare)
		return errno.ENOLCK
	}
	if lock {
		fresh.FileLock = *want
	}
	shrunk := false
	for at := l.list(want.family); *at != nil; {
		r := *at
		if r.owner != want.owner || r.family != want.family {
			at = &r.next
			continue
		}
		if lock && r.Type == want.Type && touches(r, fresh) {
			fresh.Start, fresh.End = min(fresh.Start, r.Start), max(fresh.End, r.End)
			*at = r.next
			freeRecord(r)
			continue
		}
		if r.Start > want.End || r.End < want.Start {
			at = &r.next
			continue
		}
		shrunk = shrunk || r.Type == WriteLock || want.Type == Unlock
		switch {
		case r.Start < want.Start && r.End > want.End:
			spare.FileLock = r.FileLock
			spare.Start = want.End + 1
			r.End = want.Start - 1
			spare.next, r.next = r.next, spare
			at = &spare.next
			spare = nil
		case r.Start < want.Start:
			r.End = want.Start - 1
			at = &r.next
		case r.End > want.End:
			r.Start = want.End + 1
			at = &r.next
		default:
			*at = r.next
			freeRecord(r)
		}
	}
	freeRecord(spare)
	if lock {
		at := l.list(want.family)
		for *at != nil {
			at = &(*at).next
		}
		*at = fresh
	}
	if shrunk {
		l.changed()
	}
	return errno.OK
}

func freeRecord(r *record) {
	if r != nil {
		recordCache.Free(r)
	}
}

// touches tells whether two ranges overlap or are neighbours.
func touches(a, b *record) bool {
	return (b.End == EndOfFile || a.Start <= b.End+1) && (a.End == EndOfFile || b.Start <= a.End+1)
}

// The wait-for graph: an owner that waits has an edge to the owner whose lock is in its way. A request that would close a circle is refused (EDEADLK).
// POSIX locks only: an open file description is not known to be waiting. A process with several waiting threads has several edges.

const maxChain = 32

type waitEdge struct {
	next, prev *waitEdge
	from, to   unsafe.Pointer
}

var edgeCache = mem.Cache[waitEdge]{Name: "file_lock_wait"}

var graph struct {
	mu    sched.Mutex
	first *waitEdge
}

// enterEdge notes that the owner of want waits for block; nil where that is no edge. ENOLCK: no memory.
func enterEdge(want *FileLock, block *record) (*waitEdge, errno.Errno) {
	if want.family != familyPOSIX || block.family != familyPOSIX {
		return nil, errno.OK
	}
	w := edgeCache.Alloc()
	if w == nil {
		return nil, errno.ENOLCK
	}
	w.from, w.to = want.owner, block.owner
	graph.mu.Lock()
	w.next = graph.first
	if w.next != nil {
		w.next.prev = w
	}
	graph.first = w
	graph.mu.Unlock()
	return w, errno.OK
}

func (w *waitEdge) leave() {
	if w == nil {
		return
	}
	graph.mu.Lock()
	if w.prev == nil {
		graph.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	}
	graph.mu.Unlock()
	edgeCache.Free(w)
}

// deadlocks reports whether owner, which is about to wait for block, is waited for by block's owner, directly or through others.
func deadlocks(owner unsafe.Pointer, block *record) bool {
	if block.family != familyPOSIX {
		return false
	}
	graph.mu.Lock()
	defer graph.mu.Unlock()
	at := block.owner
	for range maxChain {
		next := unsafe.Pointer(nil)
		for w := graph.first; w != nil; w = w.next {
			if w.from == at {
				next = w.to
				break
			}
		}
		if next == nil {
			return false
		}
		if next == owner {
			return true
		}
		at = next
	}
	return false
}
