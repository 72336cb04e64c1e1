package ipc

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/fs/procfs"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// Advisory locks on files (flock(2), fcntl_locking(2)). A file's locks of both families hang off its inode in a fileLocks, made with the
// first lock and freed with the last.
//
//	flock          owned by an open file description; the whole file; the two families do not see each other
//	POSIX record   owned by a process (its descriptor table); ranges; released at any close of the file by the process
//	OFD record     the same, owned by an open file description
//
// A waiter sleeps in the file's queue and tries again whenever a lock of the file goes or shrinks.
//
// Locking: a shard's mutex, chosen by the inode's address, guards Inode.Locks, the lists, and the waiters' counts. The graph of waiting
// owners has a mutex of its own, taken inside a shard's.

// Types of locks, numbered as fcntl(2)'s.
const (
	ReadLock  = 0
	WriteLock = 1
	Unlock    = 2
)

// EndOfFile is the last position of a lock that reaches as far as the file will ever grow.
const EndOfFile = 1<<63 - 1

// Families of locks.
const (
	familyFlock = iota
	familyPOSIX
	familyOFD
)

// FileLock is a lock, or a request for one.
type FileLock struct {
	Start, End int64 // both are inside; flock's are 0 and EndOfFile
	PID        int   // who, for F_GETLK and /proc/locks; −1 for OFD locks
	Type       uint8
	family     uint8
	owner      unsafe.Pointer
}

// record is a lock that is held.
type record struct {
	FileLock
	next *record // by owner's arrival, then ascending
}

// fileLocks are the locks of one file.
type fileLocks struct {
	inode   *vfs.Inode
	flocks  *record
	records *record
	waiting int // threads in queue or about to be
	queue   sched.WaitQueue
	changes atomic.Uint32
	next    *fileLocks // shard's list, for /proc/locks
}

type lockShard struct {
	mu   sched.Mutex
	list *fileLocks
}

const nShards = 32

var (
	shards      [nShards]lockShard
	recordCache = mem.Cache[record]{Name: "file_lock"}
	locksCache  = mem.Cache[fileLocks]{Name: "file_locks"}
)

func shardOf(i *vfs.Inode) *lockShard {
	const golden = 0x9e3779b97f4a7c15
	return &shards[uint64(uintptr(unsafe.Pointer(i)))*golden>>59]
}

// locksOf returns the file's locks, or nil. The shard is locked.
func locksOf(i *vfs.Inode) *fileLocks {
	return (*fileLocks)(unsafe.Pointer(i.Locks.Load()))
}

// obtain returns the file's locks, made if need be; nil: no memory. The shard is locked.
//
// +checklocks:s.mu
func (s *lockShard) obtain(i *vfs.Inode) *fileLocks {
	if l := locksOf(i); l != nil {
		return l
	}
	l := locksCache.Alloc()
	if l == nil {
		return nil
	}
	l.inode = i
	l.next, s.list = s.list, l
	i.Locks.Store((*byte)(unsafe.Pointer(l)))
	return l
}

// tidy frees the file's locks when nothing is left of them. The shard is locked.
//
// +checklocks:s.mu
func (s *lockShard) tidy(l *fileLocks) {
	if l.flocks != nil || l.records != nil || l.waiting > 0 {
		return
	}
	l.inode.Locks.Store(nil)
	for at := &s.list; *at != nil; at = &(*at).next {
		if *at == l {
			*at = l.next
			break
		}
	}
	locksCache.Free(l)
}

// changed has the waiters look again.
func (l *fileLocks) changed() {
	if l.waiting > 0 {
		l.changes.Add(1)
		l.queue.WakeAll()
	}
}

// conflicts tells whether two locks of one family group cannot be held at once.
func (a *FileLock) conflicts(b *FileLock) bool {
	return a.owner != b.owner && (a.Type == WriteLock || b.Type == WriteLock) && a.Start <= b.End && b.Start <= a.End
}

func (l *fileLocks) list(family uint8) **record {
	if family == familyFlock {
		return &l.flocks
	}
	return &l.records
}

// conflict returns a lock that stands in the way of want, or nil.
func (l *fileLocks) conflict(want *FileLock) *record {
	for r := *l.list(want.family); r != nil; r = r.next {
		if r.conflicts(want) {
			return r
		}
	}
	return nil
}

// drop gives up the flock of an owner that wants another type of it: on Linux, too, it is gone even if the new one cannot be had.
func (l *fileLocks) drop(owner unsafe.Pointer) {
	for at := &l.flocks; *at != nil; at = &(*at).next {
		if r := *at; r.owner == owner {
			*at = r.next
			recordCache.Free(r)
			l.changed()
			return
		}
	}
}

// acquire gets a lock, waiting if wait is set: EAGAIN, EDEADLK, EINTR, ENOLCK (no memory).
func acquire(i *vfs.Inode, want *FileLock, wait bool) errno.Errno {
	s := shardOf(i)
	for {
		s.mu.Lock()
		l := s.obtain(i)
		if l == nil {
			s.mu.Unlock()
			return errno.ENOLCK
		}
		block := l.conflict(want)
		if block != nil && want.family == familyFlock {
			l.drop(want.owner)
		}
		e := errno.OK
		switch {
		case block == nil:
			e = l.grant(want)
		case !wait:
			e = errno.EAGAIN
		case want.family == familyPOSIX && deadlocks(want.owner, block):
			e = errno.EDEADLK
		}
		if block == nil || e != 0 {
			s.tidy(l)
			s.mu.Unlock()
			return e
		}
		l.waiting++
		seen := l.changes.Load()
		edge, e := enterEdge(want, block)
		s.mu.Unlock()
		if e == 0 {
			e = l.queue.WaitInterruptible(func() bool { return l.changes.Load() != seen })
		}
		edge.leave()
		s.mu.Lock()
		l.waiting--
		s.tidy(l)
		s.mu.Unlock()
		if e != 0 {
			return e
		}
	}
}

// release drops what an owner holds of a family within [start, end].
func release(i *vfs.Inode, unlock *FileLock) errno.Errno {
	if i.Locks.Load() == nil {
		return errno.OK
	}
	s := shardOf(i)
	s.mu.Lock()
	defer s.mu.Unlock()
	l := locksOf(i)
	if l == nil {
		return errno.OK
	}
	e := l.grant(unlock)
	s.tidy(l)
	return e
}

// Flock is flock(2): typ is ReadLock (shared), WriteLock (exclusive) or Unlock. A change of type gives the old lock up first, as on Linux.
// EAGAIN when it would wait and must not, EINTR, ENOLCK.
func Flock(f *vfs.File, typ uint8, wait bool, pid int) errno.Errno {
	want := FileLock{End: EndOfFile, PID: pid, Type: typ, family: familyFlock, owner: unsafe.Pointer(f)}
	if typ == Unlock {
		return release(f.Inode, vfs.NoEscape(&want))
	}
	return acquire(f.Inode, vfs.NoEscape(&want), wait)
}

// SetRecord sets or removes a record lock: fcntl(F_SETLK, F_SETLKW), or F_OFD_… with ofd. owner is the process's descriptor table; an open file
// description owns its own. EAGAIN, EDEADLK, EINTR, ENOLCK.
func SetRecord(f *vfs.File, want *FileLock, owner *vfs.FDTable, ofd, wait bool) errno.Errno {
	want.own(f, owner, ofd)
	if want.Type == Unlock {
		return release(f.Inode, want)
	}
	return acquire(f.Inode, want, wait)
}

// TestRecord is fcntl(F_GETLK): it describes a lock that stands in the way of want, or makes its type Unlock.
func TestRecord(f *vfs.File, want *FileLock, owner *vfs.FDTable, ofd bool) {
	want.own(f, owner, ofd)
	s := shardOf(f.Inode)
	s.mu.Lock()
	if l := locksOf(f.Inode); l != nil {
		if r := l.conflict(want); r != nil {
			*want = r.FileLock
			s.mu.Unlock()
			return
		}
	}
	s.mu.Unlock()
	want.Type = Unlock
}

func (want *FileLock) own(f *vfs.File, owner *vfs.FDTable, ofd bool) {
	want.family, want.owner = familyPOSIX, unsafe.Pointer(owner)
	if ofd {
		want.family, want.owner, want.PID = familyOFD, unsafe.Pointer(f), -1
	}
}

// closed drops the POSIX locks of a process on a file of which it closes a descriptor.
func closed(t *vfs.FDTable, f *vfs.File) {
	if f.Inode.Locks.Load() != nil {
		all := FileLock{End: EndOfFile, Type: Unlock, family: familyPOSIX, owner: unsafe.Pointer(t)}
		release(f.Inode, vfs.NoEscape(&all))
	}
}

// lastClosed drops what an open file description owns.
func lastClosed(f *vfs.File) {
	if f.Inode.Locks.Load() != nil {
		for _, family := range [...]uint8{familyFlock, familyOFD} {
			all := FileLock{End: EndOfFile, Type: Unlock, family: family, owner: unsafe.Pointer(f)}
			release(f.Inode, vfs.NoEscape(&all))
		}
	}
}

// InitFileLocks connects the locks with the life of open files, and makes /proc/locks.
func InitFileLocks() {
	vfs.OnClose, vfs.OnLastClose = closed, lastClosed
	procfs.Register("locks", genLocks)
}

// EachFileLock calls fn for every lock until it returns false: for /proc/locks. fn must not sleep for long.
func EachFileLock(fn func(i *vfs.Inode, l *FileLock, flock bool) bool) {
	for n := range shards {
		s := &shards[n]
		s.mu.Lock()
		for l := s.list; l != nil; l = l.next {
			for r := l.flocks; r != nil; r = r.next {
				if !fn(l.inode, &r.FileLock, true) {
					s.mu.Unlock()
					return
				}
			}
			for r := l.records; r != nil; r = r.next {
				if !fn(l.inode, &r.FileLock, false) {
					s.mu.Unlock()
					return
				}
			}
		}
		s.mu.Unlock()
	}
}

// OFD reports whether the lock belongs to an open file description.
func (l *FileLock) OFD() bool { return l.family == familyOFD }
