//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
)

// Memory policies of a machine with one node: all memory is on node 0, so every policy that names it, and no other, has the effect it
// asks for.

// Modes and flags of set_mempolicy(2) and mbind(2).
const (
	mpolDefault    = 0
	mpolPreferred  = 1
	mpolBind       = 2
	mpolInterleave = 3
	mpolLocal      = 4
	mpolMany       = 5
	mpolModeFlags  = 0xe000
	mpolStatic     = 1 << 15
	mpolRelative   = 1 << 14

	mpolFNode      = 1 // get_mempolicy: of an address
	mpolFAddr      = 2
	mpolFMems      = 4
	mpolMFStrict   = 1 // mbind
	mpolMFMove     = 2
	mpolMFMoveAll  = 4
	mpolMaxNodes   = 1024
	mpolNodeOnline = 1
)

// readNodes reads a mask of nodes: EINVAL if it names others than node 0.
func readNodes(user, maxNode uintptr) (mask uint64, e errno.Errno) {
	if maxNode--; maxNode == 0 || user == 0 {
		return 0, 0
	}
	if maxNode > arch.PageSize*8 {
		return 0, errno.EINVAL
	}
	for i := uintptr(0); i*64 < maxNode; i++ {
		var w uint64
		if e := get(&w, user+8*i); e != 0 {
			return 0, e
		}
		if left := maxNode - i*64; left < 64 {
			w &= 1<<left - 1
		}
		if i == 0 {
			mask = w & mpolNodeOnline
		}
		if i > 0 && w != 0 || w&^mpolNodeOnline != 0 {
			return 0, errno.EINVAL
		}
	}
	return mask, 0
}

// checkPolicy checks a mode and its nodes.
func checkPolicy(mode int, mask uint64) errno.Errno {
	flags := mode & mpolModeFlags
	mode &^= mpolModeFlags
	if mode < mpolDefault || mode > mpolMany || flags == mpolStatic|mpolRelative {
		return errno.EINVAL
	}
	switch mode {
	case mpolDefault, mpolLocal:
		if mask != 0 || mode == mpolLocal && flags != 0 {
			return errno.EINVAL
		}
	case mpolPreferred:
		if mask == 0 && flags != 0 {
			return errno.EINVAL
		}
	default:
		if mask == 0 {
			return errno.EINVAL
		}
	}
	return 0
}

func sysSetMempolicy(f *arch.Frame) (uintptr, errno.Errno) {
	mask, e := readNodes(arg1(f), arg2(f))
	if e != 0 {
		return 0, e
	}
	if e := checkPolicy(int0(f), mask); e != 0 {
		return 0, e
	}
	current().MemPolicy, current().MemNodes = int32(int0(f)), mask
	return 0, 0
}

func sysGetMempolicy(f *arch.Frame) (uintptr, errno.Errno) {
	mode, nodes, maxNode, addr, flags := arg0(f), arg1(f), arg2(f), arg3(f), arg4(f)
	policy, mask := current().MemPolicy, current().MemNodes
	switch {
	case flags&^(mpolFNode|mpolFAddr|mpolFMems) != 0, nodes != 0 && maxNode < 1:
		return 0, errno.EINVAL
	case flags&mpolFMems != 0:
		if flags != mpolFMems {
			return 0, errno.EINVAL
		}
		policy, mask = 0, mpolNodeOnline
	case flags&mpolFAddr != 0:
		if !space().Covers(addr) {
			return 0, errno.EFAULT
		}
		if flags&mpolFNode != 0 {
			policy, mask = 0, 0 // the page's node
		}
	case addr != 0:
		return 0, errno.EINVAL
	case flags&mpolFNode != 0:
		if policy&^mpolModeFlags != mpolInterleave {
			return 0, errno.EINVAL
		}
		policy = 0 // the next node
	}
	if mode != 0 {
		if e := put(mode, &policy); e != 0 {
			return 0, e
		}
	}
	if nodes == 0 {
		return 0, 0
	}
	for i := uintptr(0); i*64 < min(maxNode, mpolMaxNodes); i++ {
		w := uint64(0)
		if i == 0 {
			w = mask
		}
		if e := put(nodes+8*i, &w); e != 0 {
			return 0, e
		}
	}
	return 0, 0
}

func sysMbind(f *arch.Frame) (uintptr, errno.Errno) {
	start, length, flags := arg0(f), arg1(f), arg5(f)
	if start&pageMask != 0 || flags&^(mpolMFStrict|mpolMFMove|mpolMFMoveAll) != 0 {
		return 0, errno.EINVAL
	}
	mask, e := readNodes(arg3(f), arg4(f))
	if e != 0 {
		return 0, e
	}
	if e := checkPolicy(int2(f), mask); e != 0 {
		return 0, e
	}
	end := start + (length+pageMask)&^pageMask
	if end < start {
		return 0, errno.EINVAL
	}
	for at := start; at < end; {
		if at = space().EndOf(at); at == 0 {
			return 0, errno.EFAULT
		}
	}
	return 0, 0
}
