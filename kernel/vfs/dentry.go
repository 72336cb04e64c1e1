package vfs

import (
	"sync/atomic"

	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/mem"
)

// inlineName is the longest name kept inside a Dentry.
const inlineName = 48

// Dentry is a name in a directory.
//
// state holds a reference count and flags in one word, so that giving up a reference and learning whether that was the
// last one of a dentry that nobody can find any more is one atomic step. The rules:
//   - A reference is gained by: having one already; finding the dentry in its bucket, with the bucket locked; finding it in the idle
//     list, with that locked; being its child.
//   - Hashed is set and cleared with the bucket locked, by someone who holds a reference.
//   - Idle means: on the idle list. A hashed dentry whose count drops to 0 is idle; one that is in use may be (the list is
//     tidied lazily). It is changed with the idle list locked; an unhashed dentry is never added.
//   - Count 0 and not hashed: dead. The one who made it so frees it. So every dentry dies in Put.
type Dentry struct {
	state atomic.Uint32
	hash  uint32

	// Changed with the buckets concerned and treeLock held, so either is enough for reading.
	next   *Dentry // chain of the bucket
	parent *Dentry // itself for a root
	name   string
	inline [inlineName]byte

	inode atomic.Pointer[Inode] // nil: negative
	sb    *SuperBlock

	// Guarded by treeLock.
	child            *Dentry // first of the children
	sibling, sibPrev *Dentry

	idle ds.ListNode[Dentry] // guarded by idleLock
}

// State bits of a dentry.
const (
	dCount      = 1<<24 - 1
	dHashed     = 1 << 24
	dIdle       = 1 << 25
	dReferenced = 1 << 26 // used since it became idle: spared once
	dMounted    = 1 << 27 // something is mounted here in at least one mount; guarded by mountLock
	dDeleted    = 1 << 28 // the name was removed while in use
	dFleeting   = 1 << 29 // never in the cache: each lookup makes another one
)

var dentryCache = mem.Cache[Dentry]{Name: "dentry"}

// Inode returns what the name stands for, or nil (negative).
func (d *Dentry) Inode() *Inode { return d.inode.Load() }

// SB returns the volume the name is on.
func (d *Dentry) SB() *SuperBlock { return d.sb }

// Get takes another reference.
func (d *Dentry) Get() *Dentry {
	d.state.Add(1)
	return d
}

// Put gives up a reference.
func (d *Dentry) Put() {
	for d != nil {
		s := d.state.Load()
		switch {
		case s&dCount > 1:
			if d.state.CompareAndSwap(s, s-1) {
				return
			}
		case s&dHashed == 0:
			if d.state.CompareAndSwap(s, s-1) {
				d = d.free()
			}
		case s&dIdle == 0:
			d.makeIdle()
		default:
			// The dentry must not be touched after the exchange: it may be reclaimed at once.
			if d.state.CompareAndSwap(s, (s-1)|dReferenced) {
				return
			}
		}
	}
}

// free frees a dead dentry and returns its parent, the reference to which goes to the caller; nil for a root.
func (d *Dentry) free() *Dentry {
	parent := d.parent
	if parent == d {
		parent = nil
	} else {
		treeLock.Lock()
		d.unlinkChild()
		treeLock.Unlock()
	}
	if i := d.inode.Load(); i != nil {
		i.putNamed()
	}
	d.freeName()
	dentryCache.Free(d)
	return parent
}

// linkChild puts d at the head of its parent's children.
func (d *Dentry) linkChild() {
	treeLock.AssertHeld()
	p := d.parent
	d.sibling, d.sibPrev = p.child, nil
	if p.child != nil {
		p.child.sibPrev = d
	}
	p.child = d
}

func (d *Dentry) unlinkChild() {
	treeLock.AssertHeld()
	if d.sibPrev != nil {
		d.sibPrev.sibling = d.sibling
	} else {
		d.parent.child = d.sibling
	}
	if d.sibling != nil {
		d.sibling.sibPrev = d.sibPrev
	}
	d.sibling, d.sibPrev = nil, nil
}

// newDentry makes an unhashed dentry with one reference, which is not yet among its parent's children. The parent's
// reference is taken.
func newDentry(sb *SuperBlock, parent *Dentry, name string, hash uint32) *Dentry {
	d := dentryCache.Alloc()
	if d == nil {
		return nil
	}
	if !d.setName(name) {
		dentryCache.Free(d)
		return nil
	}
	d.idle.Init(d)
	d.hash, d.sb = hash, sb
	d.state.Store(1)
	if parent == nil {
		d.parent = d
		return d
	}
	d.parent = parent.Get()
	treeLock.Lock()
	d.linkChild()
	treeLock.Unlock()
	return d
}

// setName copies the name into the dentry or, if it is long, into memory of its own.
func (d *Dentry) setName(name string) bool {
	b := d.inline[:]
	if len(name) > inlineName {
		if b = mem.AllocBytes(len(name)); b == nil {
			return false
		}
	}
	n := copy(b, name)
	d.name = bytesString(b[:n])
	return true
}

func (d *Dentry) freeName() {
	if len(d.name) > inlineName {
		mem.FreeBytes(stringBytes(d.name))
	}
}

// NewRoot makes the root dentry of a volume from its root inode, whose reference it takes over. On failure the reference
// is given up.
func NewRoot(sb *SuperBlock, root *Inode) (*Dentry, errno.Errno) {
	d := newDentry(sb, nil, "/", 0)
	if d == nil {
		root.Put()
		return nil, errno.ENOMEM
	}
	d.inode.Store(root)
	return d, errno.OK
}

// Path is a place in the tree of mounts.
type Path struct {
	Mnt    *Mount
	Dentry *Dentry
}

// Get takes a reference to both parts.
func (p Path) Get() Path {
	p.Mnt.refs.Add(1)
	p.Dentry.state.Add(1)
	return p
}

// Put gives up both references. The zero Path is allowed.
func (p Path) Put() {
	if p.Dentry != nil {
		p.Dentry.Put()
		p.Mnt.Put()
	}
}

// Inode returns what the path stands for.
func (p Path) Inode() *Inode { return p.Dentry.inode.Load() }
