package galfs

import (
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
)

// cutExtents unmaps the logical blocks [from, to), last extent first. It returns done == false when the handle has too few
// credits left to go on, as trimExtents.
//
// +checklocks:i.mapLock
func (i *Inode) cutExtents(h *handle, from, to uint32) (done bool, err errno.Errno) {
	for from < to {
		if i.count == 0 {
			return true, errno.OK
		}
		if h.credits < trimCredits {
			return false, errno.OK
		}
		if to, err = i.cutLast(h, from, to); err != errno.OK {
			return false, err
		}
	}
	return true, errno.OK
}

// cutLast removes from the last extent that begins below to what lies in [from, to). It returns where what is left to remove ends: from when
// there is nothing.
//
// +checklocks:i.mapLock
func (i *Inode) cutLast(h *handle, from, to uint32) (uint32, errno.Errno) {
	var p exPath
	if err := i.findPath(to-1, &p); err != errno.OK {
		return to, err
	}
	defer p.release(i.fs)
	leaf, at := &p.node[p.depth], p.at[p.depth]
	if at < 0 {
		return max(p.leftKey(), from), errno.OK // before the leaf's first extent: go on in the leaf to the left
	}
	l, k, b := leaf.lblk(at), leaf.len(at), leaf.pblk(at)
	if l+k <= from {
		return from, errno.OK
	}
	if err := i.writePath(h, &p); err != errno.OK {
		return to, err
	}
	if first := max(l, from); l+k > to {
		return first, i.cutOut(h, &p, first, to)
	}
	if l >= from {
		return max(l, from), i.cutWhole(h, &p)
	}
	var op freeOp
	keep := from - l
	if err := i.fs.prepareFree(h, &op, b+uint64(keep), k-keep); err != errno.OK {
		return to, err
	}
	leaf.set(at, l, keep, b)
	i.addBlocks(-int64(k - keep))
	i.fs.applyFree(h, &op)
	return from, errno.OK
}

// leftKey returns the first key of the subtree that the path took last with another one to the left of it, or 0: nothing is between it and the
// leaf's first key.
func (p *exPath) leftKey() uint32 {
	for l := p.depth - 1; l >= 0; l-- {
		if p.at[l] > 0 {
			return p.node[l].lblk(p.at[l])
		}
	}
	return 0
}

// cutWhole removes the path's extent, and the nodes that become empty with it.
func (i *Inode) cutWhole(h *handle, p *exPath) errno.Errno {
	fs := i.fs
	leaf := &p.node[p.depth]
	at := p.at[p.depth]
	k := leaf.len(at)
	var op [disk.MaxDepth + 1]freeOp
	n := 1
	err := fs.prepareFree(h, &op[0], leaf.pblk(at), k)
	if err != errno.OK {
		return err
	}
	top := p.depth
	for top > 0 && p.node[top].n == 1 && err == errno.OK {
		err = fs.prepareFree(h, &op[n], p.node[top].b.blk, 1)
		n++
		top--
	}
	if err != errno.OK {
		for j := range n {
			fs.cancelFree(&op[j])
		}
		return err
	}
	p.node[top].removeAt(p.at[top])
	i.storeCount(&p.node[top])
	if i.count == 0 {
		i.depth = 0
	}
	for lv := top + 1; lv <= p.depth; lv++ {
		h.forget(p.node[lv].b)
	}
	i.addBlocks(-int64(k) - int64(n-1))
	for j := range n {
		fs.applyFree(h, &op[j])
	}
	return errno.OK
}

// removeAt takes entry at out of a node.
func (e *exNode) removeAt(at int) {
	copy(e.ents[at*disk.ExtentSize:], e.ents[(at+1)*disk.ExtentSize:e.n*disk.ExtentSize])
	e.n--
	e.set(e.n, 0, 0, 0)
}

// cutOut removes blocks [first, to) from the path's extent, which goes on beyond to. If it also begins before first, it becomes two.
//
// +checklocks:i.mapLock
func (i *Inode) cutOut(h *handle, p *exPath, first, to uint32) errno.Errno {
	fs := i.fs
	leaf, at := &p.node[p.depth], p.at[p.depth]
	l, k, b := leaf.lblk(at), leaf.len(at), leaf.pblk(at)
	var op freeOp
	if err := fs.prepareFree(h, &op, b+uint64(first-l), to-first); err != errno.OK {
		return err
	}
	rest, restBlk := l+k-to, b+uint64(to-l)
	if first == l {
		leaf.set(at, to, rest, restBlk)
	} else {
		leaf.set(at, l, first-l, b)
		if err := i.insertExtent(h, to, rest, restBlk); err != errno.OK {
			fs.cancelFree(&op)
			return i.rejoin(h, l, k, b, err)
		}
	}
	i.addBlocks(-int64(to - first))
	fs.applyFree(h, &op)
	return errno.OK
}

// rejoin makes the extent at l as long as it was, when its rest found no room. The tree may have been split meanwhile.
func (i *Inode) rejoin(h *handle, l, k uint32, b uint64, why errno.Errno) errno.Errno {
	var p exPath
	err := i.findPath(l, &p)
	if err == errno.OK {
		if err = i.writePath(h, &p); err == errno.OK {
			p.node[p.depth].set(p.at[p.depth], l, k, b)
		}
		p.release(i.fs)
	}
	if err != errno.OK {
		return i.fs.failed("undo of a hole", uint64(i.ino), err)
	}
	return why
}
