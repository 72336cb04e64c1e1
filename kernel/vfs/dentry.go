package vfs

import (
	"sync/atomic"

	"galago/kernel/ds"
	"galago/kernel/mem"
)

// inlineName is the longest name kept inside a Dentry; it makes the dentry 192 bytes.
const inlineName = 48

// Dentry is a name in a directory.
type Dentry struct {
	// state: reference count in the low 24 bits, flags above (dcache.go tells the rules).
	state atomic.Uint32
	hash  uint32

	// Guarded by the bucket's lock while hashed; changed with the bucket's lock and treeLock held.
	next    *Dentry
	parent  *Dentry
	name    []byte
	inline  [inlineName]byte

	inode atomic.Pointer[Inode] // nil: negative
	sb    *SuperBlock

	children ds.List[Dentry]     // guarded by treeLock
	sibling  ds.ListNode[Dentry] // guarded by treeLock
	lru      ds.ListNode[Dentry] // guarded by dentryLRU's lock
}

var dentryCache = mem.Cache[Dentry]{Name: "dentry"}

// Inode returns what the name stands for, or nil (negative).
func (d *Dentry) Inode() *Inode { return d.inode.Load() }

// SB returns the volume the name is on.
func (d *Dentry) SB() *SuperBlock { return d.sb }

// Path is a place in the tree of mounts.
type Path struct {
	Mnt    *Mount
	Dentry *Dentry
}
