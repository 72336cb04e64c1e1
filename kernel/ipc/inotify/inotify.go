// Package inotify watches files (inotify(7)). An instance is a file with a queue of events; a watch ties an instance to an inode. The virtual file system calls
// watchEvent where something happens to an inode that has watches.
//
// A watch is in two lists: its inode's (Inode.Watch, guarded by the inode's shard) and its instance's tree, by number. It
// has one reference for both, and is taken out of both at once (kill) with the shard locked, by removal, by the end of the
// file, or by the end of the instance. So whoever delivers events, with the shard locked, finds living instances only.
//
// Lock order: shard (sleeping) → notifier.lock (spin).
package inotify

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// Bits of a watch's mask besides the events of package vfs.
const (
	inQOverflow  = 0x4000
	inIgnored    = 0x8000
	inOnlyDir    = 0x0100_0000
	inDontFollow = 0x0200_0000
	inExclUnlink = 0x0400_0000
	inMaskCreate = 0x1000_0000
	inMaskAdd    = 0x2000_0000
	inOneshot    = 0x8000_0000
	inAllEvents  = 0xfff
	inKnown      = inAllEvents | vfs.NotifyUnmount | inQOverflow | inIgnored | inOnlyDir | inDontFollow | inExclUnlink |
		inMaskCreate | inMaskAdd | vfs.NotifyIsDir | inOneshot
)

// notifier is an inotify instance.
type notifier struct {
	refs atomic.Int32 // the file's, and one for each watch: who ends a watch still tells the instance of it
	user *watchUser
	wait sched.WaitQueue

	lock     lock.Spin        // RankIPC
	watches  ds.RBTree[watch] // guarded by lock
	last     int32            // guarded by lock: number of the youngest watch
	queue    ds.List[notice]  // guarded by lock
	overflow notice           // guarded by lock
	bytes    atomic.Int32     // what reading all would give
	queued   atomic.Int32     // notices in queue
}

// watch is what an instance wants to know of an inode.
type watch struct {
	refs  atomic.Int32
	in    *notifier
	inode *vfs.Inode // referenced
	wd    int32
	mask  uint32 // guarded by the shard
	dead  bool   // guarded by the shard
	next  *watch // guarded by the shard: of the same inode; of those killed together
	node  ds.RBNode[watch]
}

// watchUser counts what one user has, for the limits. The list and instances are guarded by watchUsersLock.
type watchUser struct {
	uid       uint32
	instances int32
	watches   atomic.Int32
	next      *watchUser
}

// watchShard guards the lists of the inodes that map to it.
type watchShard struct {
	sched.Mutex
	_ [40]byte
}

var (
	notifierCache = mem.Cache[notifier]{Name: "inotify"}
	watchCache    = mem.Cache[watch]{Name: "inotify_watch"}
	userCache     = mem.Cache[watchUser]{Name: "inotify_user"}

	watchShards    [32]watchShard
	watchUsersLock sched.Mutex
	watchUsers     *watchUser
)

type notifierFile struct{ vfs.NoFileOps }

var notifierOps vfs.FileOps = &notifierFile{}

func init() {
	vfs.OnEvent = watchEvent
	l := &vfs.WatchLimits
	l.QueuedEvents.Store(16384)
	l.UserInstances.Store(128)
	l.UserWatches.Store(65536)
}

func watchShardOf(i *vfs.Inode) *watchShard {
	const golden = 0x9e3779b97f4a7c15
	return &watchShards[uint64(uintptr(unsafe.Pointer(i)))*golden>>59]
}

// takeWatchUser counts an instance of a user. EMFILE: there are enough.
func takeWatchUser(uid uint32) (*watchUser, errno.Errno) {
	watchUsersLock.Lock()
	defer watchUsersLock.Unlock()
	u := watchUsers
	for u != nil && u.uid != uid {
		u = u.next
	}
	if u == nil {
		if u = userCache.Alloc(); u == nil {
			return nil, errno.ENOMEM
		}
		u.uid, u.next = uid, watchUsers
		watchUsers = u
	}
	if u.instances >= vfs.WatchLimits.UserInstances.Load() {
		return nil, errno.EMFILE
	}
	u.instances++
	return u, errno.OK
}

func (u *watchUser) put() {
	watchUsersLock.Lock()
	defer watchUsersLock.Unlock()
	if u.instances--; u.instances > 0 {
		return
	}
	for p := &watchUsers; *p != nil; p = &(*p).next {
		if *p == u {
			*p = u.next
			break
		}
	}
	userCache.Free(u)
}

// New is inotify_init1(2) up to the descriptor.
func New(flags uint32, c *cred.Cred) (*vfs.File, errno.Errno) {
	if flags&^uint32(vfs.O_NONBLOCK|vfs.O_CLOEXEC) != 0 {
		return nil, errno.EINVAL
	}
	u, e := takeWatchUser(c.UID)
	if e != errno.OK {
		return nil, e
	}
	in := notifierCache.Alloc()
	if in == nil {
		u.put()
		return nil, errno.ENOMEM
	}
	in.refs.Store(1)
	in.user = u
	in.lock.Init(lock.RankIPC)
	in.overflow.init(-1, inQOverflow, 0)
	f, e := vfs.NewAnonFile(notifierOps, nil, unsafe.Pointer(in), flags&vfs.O_NONBLOCK|vfs.O_RDONLY, c)
	if e != errno.OK {
		notifierCache.Free(in)
		u.put()
		return nil, e
	}
	f.SetStill()
	return f, errno.OK
}

// notifierOf returns the instance behind a file. EINVAL: it is another kind of file.
func notifierOf(f *vfs.File) (*notifier, errno.Errno) {
	if !f.Is(notifierOps) {
		return nil, errno.EINVAL
	}
	return (*notifier)(f.Private), errno.OK
}

// Add is inotify_add_watch(2): it returns the watch's number.
func Add(c *vfs.Context, f *vfs.File, path string, mask uint32) (int, errno.Errno) {
	in, e := notifierOf(f)
	if e != errno.OK {
		return 0, e
	}
	how := uint32(0)
	if mask&inDontFollow == 0 {
		how |= vfs.LookupFollow
	}
	if mask&inOnlyDir != 0 {
		how |= vfs.LookupDirectory
	}
	p, e := vfs.Lookup(c, vfs.AtFDCWD, path, how)
	if e != errno.OK {
		return 0, e
	}
	defer p.Put()
	if e := p.MayRead(c.Cred); e != errno.OK {
		return 0, e
	}
	return in.watch(p.Inode(), mask)
}

// CheckMask tells whether Add takes a mask, before it looks at anything else.
func CheckMask(mask uint32) errno.Errno {
	if mask&inKnown == 0 || mask&(inMaskAdd|inMaskCreate) == inMaskAdd|inMaskCreate {
		return errno.EINVAL
	}
	return errno.OK
}

// watch makes a watch of i, or changes the one there is.
func (in *notifier) watch(i *vfs.Inode, mask uint32) (int, errno.Errno) {
	const kept = inAllEvents | inOneshot | inExclUnlink
	s := watchShardOf(i)
	s.Lock()
	defer s.Unlock()
	for w := (*watch)(unsafe.Pointer(i.Watch.Load())); w != nil; w = w.next {
		if w.in != in {
			continue
		}
		if mask&inMaskCreate != 0 {
			return 0, errno.EEXIST
		}
		if mask&inMaskAdd != 0 {
			w.mask |= mask & kept
		} else {
			w.mask = mask & kept
		}
		return int(w.wd), errno.OK
	}
	if in.user.watches.Add(1) > vfs.WatchLimits.UserWatches.Load() {
		in.user.watches.Add(-1)
		return 0, errno.ENOSPC
	}
	w := watchCache.Alloc()
	if w == nil {
		in.user.watches.Add(-1)
		return 0, errno.ENOMEM
	}
	w.refs.Store(1)
	in.refs.Add(1)
	w.in, w.inode, w.mask = in, i.Get(), mask&kept
	w.node.Init(w)
	in.number(w)
	w.next = (*watch)(unsafe.Pointer(i.Watch.Load()))
	i.Watch.Store((*byte)(unsafe.Pointer(w)))
	vfs.Watches.Add(1)
	return int(w.wd), errno.OK
}

// number gives a watch the next free number and puts it into the tree.
func (in *notifier) number(w *watch) {
	in.lock.Lock()
	for {
		if in.last++; in.last <= 0 {
			in.last = 1
		}
		if in.watches.Find(uint64(in.last)) == nil {
			break
		}
	}
	w.wd = in.last
	in.watches.Insert(&w.node, uint64(w.wd))
	in.lock.Unlock()
}

// kill takes a watch out of the lists; the shard of its inode is locked. The caller gives up the lists' reference (put) after
// it has unlocked the shard.
func (w *watch) kill() {
	w.dead = true
	head := (*watch)(unsafe.Pointer(w.inode.Watch.Load()))
	if head == w {
		w.inode.Watch.Store((*byte)(unsafe.Pointer(w.next)))
	} else {
		for p := head; p != nil; p = p.next {
			if p.next == w {
				p.next = w.next
				break
			}
		}
	}
	w.next = nil
	in := w.in
	in.lock.Lock()
	in.watches.Remove(&w.node)
	in.lock.Unlock()
	in.user.watches.Add(-1)
	vfs.Watches.Add(-1)
}

func (w *watch) put() {
	if w.refs.Add(-1) == 0 {
		w.inode.Put()
		in := w.in
		watchCache.Free(w)
		in.put()
	}
}

// put gives up a reference; the last one forgets what is queued and frees the instance.
func (in *notifier) put() {
	if in.refs.Add(-1) > 0 {
		return
	}
	for n := in.queue.Front(); n != nil; n = in.queue.Front() {
		in.queue.Remove(&n.node)
		in.drop(n)
	}
	in.user.put()
	notifierCache.Free(in)
}

// end kills a watch of which the caller has a reference, which goes, and tells whether it was alive.
func (w *watch) end(tell bool) bool {
	s := watchShardOf(w.inode)
	s.Lock()
	alive := !w.dead
	if alive {
		w.kill()
		if tell {
			w.in.post(w.wd, inIgnored, 0, "")
		}
	}
	s.Unlock()
	if alive {
		w.put()
	}
	w.put()
	return alive
}

// Remove is inotify_rm_watch(2).
func Remove(f *vfs.File, wd int) errno.Errno {
	in, e := notifierOf(f)
	if e != errno.OK {
		return e
	}
	if wd <= 0 {
		return errno.EINVAL
	}
	in.lock.Lock()
	w := in.watches.Find(uint64(wd))
	if w != nil {
		w.refs.Add(1)
	}
	in.lock.Unlock()
	if w == nil || !w.end(true) {
		return errno.EINVAL
	}
	return errno.OK
}

// Release ends all watches.
func (*notifierFile) Release(f *vfs.File) {
	in := (*notifier)(f.Private)
	for {
		in.lock.Lock()
		w := in.watches.Min()
		if w != nil {
			w.refs.Add(1)
		}
		in.lock.Unlock()
		if w == nil {
			break
		}
		w.end(false)
	}
	in.put()
}
