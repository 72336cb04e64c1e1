package galfs

import (
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
)

// insertCredits is how many blocks one insertExtent may modify besides the inode: for each level a new node with its
// bitmap and descriptor, and the nodes on the path.
func (i *Inode) insertCredits() int { return 3*(int(i.depth)+2) + int(i.depth) + 1 }

// insertExtent maps the hole [lblk, lblk+n) to pblk. On an error the mapping is as it was. Preconditions: mapLock is held
// for writing; the caller stores the inode afterwards.
//
// +checklocks:i.mapLock
func (i *Inode) insertExtent(h *handle, lblk, n uint32, pblk uint64) errno.Errno {
	var p exPath
	for {
		if err := i.findPath(lblk, &p); err != errno.OK {
			return err
		}
		if err := i.writePath(h, &p); err != errno.OK {
			p.release(i.fs)
			return err
		}
		if i.mergeExtent(&p, lblk, n, pblk) {
			p.release(i.fs)
			return errno.OK
		}
		leaf := &p.node[p.depth]
		if leaf.n < leaf.max {
			at := p.at[p.depth] + 1
			leaf.insertAt(at)
			leaf.set(at, lblk, n, pblk)
			i.storeCount(leaf)
			p.lowerKeys(lblk)
			p.release(i.fs)
			return errno.OK
		}
		err := i.makeRoom(h, &p)
		p.release(i.fs)
		if err != errno.OK {
			return err
		}
	}
}

// writePath opens the nodes of a path for writing.
func (i *Inode) writePath(h *handle, p *exPath) errno.Errno {
	for l := 1; l <= p.depth; l++ {
		if err := h.write(p.node[l].b); err != errno.OK {
			return err
		}
	}
	return errno.OK
}

// lowerKeys keeps the index keys on the path at or below a new first key.
func (p *exPath) lowerKeys(lblk uint32) {
	for l := range p.depth {
		e, at := &p.node[l], p.at[l]
		if e.lblk(at) > lblk {
			e.set(at, lblk, 0, e.pblk(at))
		}
	}
}

// mergeExtent tries to add the run to a neighbour in the leaf.
func (i *Inode) mergeExtent(p *exPath, lblk, n uint32, pblk uint64) bool {
	e, at := &p.node[p.depth], p.at[p.depth]
	if at >= 0 {
		l, k, b := e.lblk(at), e.len(at), e.pblk(at)
		if l+k == lblk && b+uint64(k) == pblk && k+n <= disk.MaxExtentLen && i.fs.sb.ValidData(b, k+n) {
			e.set(at, l, k+n, b)
			return true
		}
	}
	if at++; at < e.n {
		l, k, b := e.lblk(at), e.len(at), e.pblk(at)
		if lblk+n == l && pblk+uint64(n) == b && k+n <= disk.MaxExtentLen && i.fs.sb.ValidData(pblk, k+n) {
			e.set(at, lblk, k+n, pblk)
			p.lowerKeys(lblk)
			return true
		}
	}
	return false
}

// makeRoom makes the tree one node larger, where the path to a full leaf needs it: it splits the highest node below one with room, or
// pushes the root down. The caller walks again and comes back until the leaf has room.
func (i *Inode) makeRoom(h *handle, p *exPath) errno.Errno {
	l := p.depth
	for l >= 0 && p.node[l].n >= p.node[l].max {
		l--
	}
	if l < 0 && p.depth >= disk.MaxDepth {
		return errno.EFBIG
	}
	b, err := i.newNode(h, p.depth-l-1, disk.MagicExtent)
	if err != errno.OK {
		return err
	}
	to := nodeView(b)
	if l < 0 {
		root := &p.node[0]
		to.n = copy(to.ents, root.ents[:root.n*disk.ExtentSize]) / disk.ExtentSize
		disk.Put16(b.data[:], disk.NodeDepth, i.depth)
		i.storeCount(&to)
		first := root.lblk(0)
		clear(i.root[:])
		root.set(0, first, 0, b.blk)
		i.count, i.depth = 1, i.depth+1
	} else {
		up, from := &p.node[l], &p.node[l+1]
		keep := from.n / 2
		if p.at[l+1] == from.n-1 {
			keep = from.n - 1 // appending: leave the left node full
		}
		to.n = copy(to.ents, from.ents[keep*disk.ExtentSize:from.n*disk.ExtentSize]) / disk.ExtentSize
		clear(from.ents[keep*disk.ExtentSize : from.n*disk.ExtentSize])
		from.n = keep
		i.storeCount(from)
		i.storeCount(&to)
		at := p.at[l] + 1
		up.insertAt(at)
		up.set(at, to.lblk(0), 0, b.blk)
		i.storeCount(up)
	}
	i.fs.bufs.put(b)
	return errno.OK
}

// newNode allocates a tree node for i, with its header filled in, open for writing.
func (i *Inode) newNode(h *handle, depth int, magic uint32) (*buf, errno.Errno) {
	fs := i.fs
	blk, _, err := fs.allocBlocks(h, i.homeGoal(), 1)
	if err != errno.OK {
		return nil, err
	}
	b, err := fs.bufs.fresh(blk, magic)
	if err == errno.OK {
		if err = h.write(b); err == errno.OK {
			d := b.data[:]
			disk.Put32(d, disk.NodeOwner, i.ino)
			disk.Put32(d, disk.NodeGen, i.gen)
			disk.Put16(d, disk.NodeDepth, uint16(depth))
			i.addBlocks(1)
			return b, errno.OK
		}
		fs.bufs.disown(b)
	}
	fs.undoAlloc(h, blk, 1)
	return nil, err
}

// homeGoal is where blocks of an inode without any are looked for first: the beginning of its group.
func (i *Inode) homeGoal() uint64 {
	return i.fs.sb.GroupStart((i.ino - 1) / i.fs.sb.InodesPerGroup)
}

// trimExtents unmaps everything from logical block from on, last extent first. It returns done == false when the handle has
// too few credits left to go on: the tree is consistent then, and the caller continues with another handle.
// Preconditions: mapLock is held for writing; the caller stores the inode afterwards.
//
// +checklocks:i.mapLock
func (i *Inode) trimExtents(h *handle, from uint32) (done bool, err errno.Errno) {
	return i.cutExtents(h, from, disk.MaxLBlk+1)
}

// trimCredits is how many blocks one step of cutExtents may modify besides the inode: what it frees and the path to it, or nodes for the rest of an
// extent that is cut in two.
const trimCredits = 4*(disk.MaxDepth+2) + 4
