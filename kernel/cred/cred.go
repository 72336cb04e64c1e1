// Package cred holds credentials: who a thread acts as. A Cred is immutable once it is shared: whoever
// changes an identity (setuid, setgroups, exec of a set-user-ID file) duplicates the old one with Dup, changes the
// copy and installs it. So readers need no lock, only a reference.
package cred

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/mem"
)

// Cap is a capability number of capabilities(7).
type Cap uint8

// The capabilities the kernel asks for. Values: include/uapi/linux/capability.h.
const (
	Chown          Cap = 0
	DACOverride    Cap = 1
	DACReadSearch  Cap = 2
	FOwner         Cap = 3
	FSetID         Cap = 4
	Kill           Cap = 5
	SetGID         Cap = 6
	SetUID         Cap = 7
	LinuxImmutable Cap = 9
	NetBindService Cap = 10
	NetAdmin       Cap = 12
	NetRaw         Cap = 13
	IPCOwner       Cap = 15
	SysRawIO       Cap = 17
	SysChroot      Cap = 18
	SysPtrace      Cap = 19
	SysAdmin       Cap = 21
	SysBoot        Cap = 22
	SysNice        Cap = 23
	SysResource    Cap = 24
	SysTime        Cap = 25
	SysTTYConfig   Cap = 26
	MkNod          Cap = 27
)

// MaxGroups is the largest number of supplementary groups (NGROUPS_MAX).
const MaxGroups = 65536

// KeepID stands for "leave as it is" in SetRes… calls: −1 of the system calls.
const KeepID = ^uint32(0)

// Cred is a set of identities. The file-system IDs follow the effective ones unless setfsuid(2) changes them.
type Cred struct {
	refs                   atomic.Int32
	UID, EUID, SUID, FSUID uint32
	GID, EGID, SGID, FSGID uint32
	Caps
	groups []uint32 // sorted; from mem.Alloc
}

// Root is the superuser's credentials, which the first process starts with. It is never freed.
var Root Cred

var cache = mem.Cache[Cred]{Name: "cred"}

func init() {
	Root.refs.Store(1)
	Root.Permitted, Root.Effective, Root.Bounding = AllCaps, AllCaps, AllCaps
}

// Get takes a reference.
func (c *Cred) Get() *Cred {
	c.refs.Add(1)
	return c
}

// Put gives up a reference and frees the credentials at the last.
func (c *Cred) Put() {
	if c.refs.Add(-1) != 0 {
		return
	}
	c.freeGroups()
	cache.Free(c)
}

// Dup makes a private copy with one reference, or returns nil when memory is short.
func (c *Cred) Dup() *Cred {
	n := cache.Alloc()
	if n == nil {
		return nil
	}
	n.UID, n.EUID, n.SUID, n.FSUID = c.UID, c.EUID, c.SUID, c.FSUID
	n.GID, n.EGID, n.SGID, n.FSGID = c.GID, c.EGID, c.SGID, c.FSGID
	n.Caps = c.Caps
	n.refs.Store(1)
	if len(c.groups) > 0 {
		g := allocGroups(len(c.groups))
		if g == nil {
			cache.Free(n)
			return nil
		}
		copy(g, c.groups)
		n.groups = g
	}
	return n
}

// InGroup tells whether gid is the file-system group or one of the supplementary groups.
func (c *Cred) InGroup(gid uint32) bool { return gid == c.FSGID || c.inSupplementary(gid) }

// InEffectiveGroup tells whether gid is the effective group or one of the supplementary groups.
func (c *Cred) InEffectiveGroup(gid uint32) bool { return gid == c.EGID || c.inSupplementary(gid) }

func (c *Cred) inSupplementary(gid uint32) bool {
	lo, hi := 0, len(c.groups)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if c.groups[m] < gid {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo < len(c.groups) && c.groups[lo] == gid
}

// Groups returns the supplementary groups in ascending order. The caller must not change them.
func (c *Cred) Groups() []uint32 { return c.groups }

// SetGroups replaces the supplementary groups of a private copy: EINVAL when there are too many, ENOMEM.
func (c *Cred) SetGroups(list []uint32) errno.Errno {
	if len(list) > MaxGroups {
		return errno.EINVAL
	}
	var g []uint32
	if len(list) > 0 {
		if g = allocGroups(len(list)); g == nil {
			return errno.ENOMEM
		}
		copy(g, list)
		sortGroups(g)
	}
	c.freeGroups()
	c.groups = g
	return errno.OK
}

func allocGroups(n int) []uint32 {
	p := mem.Alloc(uintptr(n) * 4)
	if p == nil {
		return nil
	}
	return unsafe.Slice((*uint32)(p), n)
}

func (c *Cred) freeGroups() {
	if len(c.groups) > 0 {
		mem.Free(unsafe.Pointer(&c.groups[0]))
		c.groups = nil
	}
}

// sortGroups is a heap sort: in place, without recursion, O(n log n) for any input.
func sortGroups(g []uint32) {
	for i := len(g)/2 - 1; i >= 0; i-- {
		siftDown(g, i)
	}
	for n := len(g) - 1; n > 0; n-- {
		g[0], g[n] = g[n], g[0]
		siftDown(g[:n], 0)
	}
}

func siftDown(g []uint32, i int) {
	for {
		c := 2*i + 1
		if c >= len(g) {
			return
		}
		if c+1 < len(g) && g[c+1] > g[c] {
			c++
		}
		if g[i] >= g[c] {
			return
		}
		g[i], g[c] = g[c], g[i]
		i = c
	}
}
