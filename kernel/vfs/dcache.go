package vfs

import (
	"unsafe"

	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
)

// dentryBuckets is the size of the dentry hash table; a power of two.
const dentryBuckets = 1 << 12

type dentryBucket struct {
	lock lock.Spin
	head *Dentry
}

var (
	dentries [dentryBuckets]dentryBucket

	// treeLock guards the lists of children, and together with the bucket locks the place of every dentry.
	treeLock = lock.Spin{Rank: lock.RankDentry}

	idleLock    = lock.Spin{Rank: lock.RankDentryLRU}
	idleDentry  ds.List[Dentry] // coldest first; guarded by idleLock
	nIdleDentry int             // guarded by idleLock
)

func init() {
	for i := range dentries {
		dentries[i].lock.Init(lock.RankDentryHash)
	}
}

// bucketOf returns the bucket of a name hash under a parent. Dentries are 64-byte multiples or so apart: the low bits of the
// address say little.
func bucketOf(parent *Dentry, hash uint32) *dentryBucket {
	a := uint32(uintptr(unsafe.Pointer(parent))>>6) * 0x9E3779B1
	return &dentries[(hash^a>>12)%dentryBuckets]
}

// hashName is the hash that path walk computes on the fly; see parse.
func hashName(name string) uint32 {
	h := uint32(0)
	for i := 0; i < len(name); i++ {
		h = hashByte(h, name[i])
	}
	return h
}

func hashByte(h uint32, c byte) uint32 { return (h ^ uint32(c)) * 0x01000193 }

// cached finds a name in the cache and takes a reference to it; nil when it is not there.
func (d *Dentry) cached(name string, hash uint32) *Dentry {
	b := bucketOf(d, hash)
	b.lock.Lock()
	c := b.find(d, name, hash)
	if c != nil {
		c.state.Add(1)
	}
	b.lock.Unlock()
	return c
}

func (b *dentryBucket) find(parent *Dentry, name string, hash uint32) *Dentry {
	for c := b.head; c != nil; c = c.next {
		if c.hash == hash && c.parent == parent && c.name == name {
			return c
		}
	}
	return nil
}

// addHashed enters a new dentry into the hash table, unless there is one of its name: then that one is returned, with a
// reference, and d is given up.
func (d *Dentry) addHashed() *Dentry {
	b := bucketOf(d.parent, d.hash)
	b.lock.Lock()
	if c := b.find(d.parent, d.name, d.hash); c != nil {
		c.state.Add(1)
		b.lock.Unlock()
		d.Put()
		return c
	}
	d.next = b.head
	b.head = d
	d.state.Or(dHashed)
	b.lock.Unlock()
	return d
}

func (b *dentryBucket) remove(d *Dentry) {
	for p := &b.head; *p != nil; p = &(*p).next {
		if *p == d {
			*p = d.next
			d.next = nil
			return
		}
	}
}

// lockBucket locks the bucket d belongs to. A rename may move it until that is done.
func (d *Dentry) lockBucket() *dentryBucket {
	for {
		treeLock.Lock()
		parent, hash := d.parent, d.hash
		treeLock.Unlock()
		b := bucketOf(parent, hash)
		b.lock.Lock()
		treeLock.Lock()
		same := d.parent == parent && d.hash == hash
		treeLock.Unlock()
		if same {
			return b
		}
		b.lock.Unlock()
	}
}

// unhash makes a dentry, to which the caller has a reference, impossible to find. With onlyIfUnused it is left alone
// when somebody else has a reference, and false returned.
func (d *Dentry) unhash(onlyIfUnused bool) bool {
	b := d.lockBucket()
	s := d.state.Load()
	if onlyIfUnused && s&dCount != 1 {
		b.lock.Unlock()
		return false
	}
	if s&dHashed != 0 {
		b.remove(d)
		d.state.And(^uint32(dHashed))
	}
	b.lock.Unlock()
	d.leaveIdle()
	return true
}

// makeIdle puts a hashed dentry on the idle list.
func (d *Dentry) makeIdle() {
	idleLock.Lock()
	if s := d.state.Load(); s&dHashed != 0 && s&dIdle == 0 {
		d.state.Or(dIdle)
		idleDentry.PushBack(&d.idle)
		nIdleDentry++
	}
	idleLock.Unlock()
}

func (d *Dentry) leaveIdle() {
	idleLock.Lock()
	if d.state.Load()&dIdle != 0 {
		d.dropIdle()
	}
	idleLock.Unlock()
}

func (d *Dentry) dropIdle() {
	idleLock.AssertHeld()
	d.state.And(^uint32(dIdle))
	idleDentry.Remove(&d.idle)
	nIdleDentry--
}

// deleted is called when d's name has been removed from its directory, which is locked: a dentry that nobody else uses becomes
// negative; else it keeps its inode for its users and can no longer be found. The caller has a reference to d.
func (d *Dentry) deleted() {
	b := d.lockBucket()
	if d.state.Load()&dCount == 1 && !d.parent.Inode().volatile() {
		i := d.inode.Swap(nil)
		b.lock.Unlock()
		i.putNamed()
		return
	}
	d.state.Or(dDeleted)
	b.lock.Unlock()
	d.unhash(false)
}

// shrinkDentries frees up to want idle dentries.
func shrinkDentries(want int) (freed int) {
	for scan := 2*want + 16; scan > 0 && freed < want; scan-- {
		d := takeIdle()
		if d == nil {
			break
		}
		if d.unhash(true) {
			freed++
		}
		d.Put()
	}
	return freed
}

// takeIdle takes the coldest unused dentry off the idle list, with a reference.
func takeIdle() *Dentry {
	idleLock.Lock()
	defer idleLock.Unlock()
	for n := nIdleDentry; n > 0; n-- {
		d := idleDentry.Front()
		s := d.state.Load()
		switch {
		case s&dCount != 0: // in use: it will come back when it no longer is
			d.dropIdle()
		case s&dReferenced != 0:
			d.state.And(^uint32(dReferenced))
			idleDentry.Remove(&d.idle)
			idleDentry.PushBack(&d.idle)
		case d.state.CompareAndSwap(s, s+1):
			d.dropIdle()
			return d
		}
	}
	return nil
}

// pruneChildren frees the unused dentries below d, deepest first; it returns false if some are in use.
func (d *Dentry) pruneChildren() bool {
	for {
		leaf, busy := d.idleLeaf()
		if leaf == nil {
			return !busy
		}
		if !leaf.unhash(true) {
			leaf.Put()
			return false
		}
		leaf.Put()
	}
}

// idleLeaf finds an unused dentry without children below d and takes a reference to it. busy: there are others.
func (d *Dentry) idleLeaf() (leaf *Dentry, busy bool) {
	treeLock.Lock()
	defer treeLock.Unlock()
	at := d.child
	for at != nil {
		if at.child != nil {
			at = at.child
			continue
		}
		s := at.state.Load()
		if s&dCount == 0 && s&dHashed != 0 && at.state.CompareAndSwap(s, s+1) {
			return at, busy
		}
		busy = true
		for at != d && at.sibling == nil {
			at = at.parent
		}
		if at == d {
			break
		}
		at = at.sibling
	}
	return nil, busy
}

var dentryShrinker = mem.Shrinker{Name: "dentry", Shrink: shrinkDentries}

// lookupCached finds or makes the dentry of a name: from the cache, else from the file system with the directory locked for
// reading. The result has a reference and may be negative.
func (d *Dentry) lookup(name string, hash uint32) (*Dentry, errno.Errno) {
	if c := d.cached(name, hash); c != nil {
		return c, errno.OK
	}
	dir := d.Inode()
	dir.Lock.RLock()
	c, err := d.lookupLocked(name, hash)
	dir.Lock.RUnlock()
	return c, err
}

// lookupLocked is lookup with the directory locked.
func (d *Dentry) lookupLocked(name string, hash uint32) (*Dentry, errno.Errno) {
	if c := d.cached(name, hash); c != nil {
		return c, errno.OK
	}
	dir := d.Inode()
	if dir.deadDir() {
		return nil, errno.ENOENT
	}
	i, err := dir.Ops.Lookup(dir, name)
	if err != errno.OK && err != errno.ENOENT {
		return nil, err
	}
	c := newDentry(d.sb, d, name, hash)
	if c == nil {
		if i != nil {
			i.Put()
		}
		return nil, errno.ENOMEM
	}
	if i != nil {
		c.inode.Store(i)
	}
	if dir.volatile() {
		c.state.Or(dFleeting)
		return c, errno.OK
	}
	return c.addHashed(), errno.OK
}
