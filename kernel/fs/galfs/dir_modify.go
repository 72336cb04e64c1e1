package galfs

import (
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
)

// dirInsertCredits is how many blocks one dirInsert may modify besides the inode: new nodes with bitmap and descriptor for each
// level and a new root, and the path.
func (i *Inode) dirInsertCredits() int { return 3*(int(i.depth)+2) + int(i.depth) + 1 }

// dirRemoveCredits is the same for dirRemove, which may free the path.
func (i *Inode) dirRemoveCredits() int { return 3 * (int(i.depth) + 2) }

// room returns the bytes free in a leaf, and how many of them lie between slots and names.
func room(d []byte) (total, contiguous int) {
	contiguous = int(disk.U16(d, disk.NodeHeap)) - slot(nodeCount(d))
	return contiguous + int(disk.U16(d, disk.NodeDead)), contiguous
}

// dirInsert adds a name. On an error the directory is as it was. Preconditions: the name is not there; the caller stores
// the inode afterwards.
func (i *Inode) dirInsert(h *handle, name string, ino uint32, typ uint8) errno.Errno {
	hash := i.fs.hash(name)
	if i.dirRoot() == 0 {
		b, err := i.newLeaf(h)
		if err != errno.OK {
			return err
		}
		i.setDirRoot(b.blk, 0)
		i.dirSized()
		leafInsert(b.data[:], 0, hash, name, ino, typ)
		i.fs.bufs.put(b)
		return errno.OK
	}
	need := disk.DirEntSize + len(name)
	for {
		var p dirPath
		if err := i.dirFind(hash, &p); err != errno.OK {
			return err
		}
		err := i.writeDirPath(h, &p)
		if err == errno.OK {
			total, contiguous := room(p.leaf())
			if total >= need && contiguous < need {
				err = leafCompact(p.leaf())
			}
			if total >= need && err == errno.OK {
				leafInsert(p.leaf(), p.at[p.depth], hash, name, ino, typ)
				p.release(i.fs)
				return errno.OK
			}
		}
		if err == errno.OK {
			err = i.dirSplit(h, &p, hash)
		}
		p.release(i.fs)
		if err != errno.OK {
			return err
		}
	}
}

// dirSized brings the inode's size in step with its blocks: a directory's size is what its blocks take.
func (i *Inode) dirSized() { i.SetSize(int64(i.blocks) << disk.BlockShift) }

func (i *Inode) writeDirPath(h *handle, p *dirPath) errno.Errno {
	for l := 0; l <= p.depth; l++ {
		if err := h.write(p.b[l]); err != errno.OK {
			return err
		}
	}
	return errno.OK
}

func (i *Inode) newLeaf(h *handle) (*buf, errno.Errno) {
	b, err := i.newNode(h, 0, disk.MagicDir)
	if err == errno.OK {
		disk.Put16(b.data[:], disk.NodeHeap, disk.BlockSize)
	}
	return b, err
}

// leafInsert puts an entry at index at of a leaf that has the room.
func leafInsert(d []byte, at int, hash uint64, name string, ino uint32, typ uint8) {
	n := nodeCount(d)
	copy(d[slot(at+1):slot(n+1)], d[slot(at):slot(n)])
	off := int(disk.U16(d, disk.NodeHeap)) - len(name)
	copy(d[off:], name)
	s := slot(at)
	disk.Put64(d, s+disk.DeHash, hash)
	disk.Put32(d, s+disk.DeIno, ino)
	disk.Put16(d, s+disk.DeOff, uint16(off))
	d[s+disk.DeLen], d[s+disk.DeType] = byte(len(name)), typ
	disk.Put16(d, disk.NodeHeap, uint16(off))
	disk.Put16(d, disk.NodeCount, uint16(n+1))
}

// leafCompact packs the names of a leaf again, so that all free bytes are between slots and names.
func leafCompact(d []byte) errno.Errno {
	f := mustFrame(0)
	if f == nil {
		return errno.ENOMEM
	}
	t := f.Bytes()
	off := disk.BlockSize
	for at := range nodeCount(d) {
		name := slotName(d, at)
		off -= len(name)
		copy(t[off:], name)
		disk.Put16(d, slot(at)+disk.DeOff, uint16(off))
	}
	copy(d[off:], t[off:])
	f.Put()
	disk.Put16(d, disk.NodeHeap, uint16(off))
	disk.Put16(d, disk.NodeDead, 0)
	clear(d[slot(nodeCount(d)):off])
	return errno.OK
}

// dirSplit makes the tree one node larger, where the path to a full leaf needs it. The caller walks again and comes back
// until the leaf has room. Preconditions: the path is open for writing.
func (i *Inode) dirSplit(h *handle, p *dirPath, hash uint64) errno.Errno {
	l := p.depth - 1 // the lowest index node with room
	for l >= 0 && nodeCount(p.b[l].data[:]) >= disk.DirEntries {
		l--
	}
	if l < 0 {
		return i.dirGrow(h, p)
	}
	from := p.b[l+1].data[:]
	n := nodeCount(from)
	keep := n / 2
	if l+1 == p.depth {
		if keep = splitPoint(from); keep == 0 {
			return errno.ENOSPC // a leaf full of names with one hash
		}
		if err := leafCompact(from); err != errno.OK {
			return err
		}
	}
	b, err := i.newNode(h, p.depth-l-1, disk.MagicDir)
	if err != errno.OK {
		return err
	}
	to := b.data[:]
	key := slotHash(from, keep)
	if l+1 == p.depth {
		disk.Put16(to, disk.NodeHeap, disk.BlockSize)
		for k := keep; k < n; k++ {
			s := slot(k)
			leafInsert(to, k-keep, slotHash(from, k), slotName(from, k), disk.U32(from, s+disk.DeIno), from[s+disk.DeType])
		}
		leafCut(from, keep)
	} else {
		copy(to[slot(0):], from[slot(keep):slot(n)])
		clear(from[slot(keep):slot(n)])
		disk.Put16(to, disk.NodeCount, uint16(n-keep))
		disk.Put16(from, disk.NodeCount, uint16(keep))
	}
	indexInsert(p.b[l].data[:], p.at[l]+1, key, b.blk)
	i.fs.bufs.put(b)
	i.dirSized()
	return errno.OK
}

// leafCut keeps the first keep entries of a leaf. Their names were packed in the order of the slots, so the others lie
// below them.
func leafCut(d []byte, keep int) {
	n := nodeCount(d)
	off := int(disk.U16(d, slot(keep-1)+disk.DeOff))
	clear(d[slot(keep):slot(n)])
	clear(d[slot(n):off])
	disk.Put16(d, disk.NodeHeap, uint16(off))
	disk.Put16(d, disk.NodeCount, uint16(keep))
}

// splitPoint returns how many entries of a full leaf stay: about half of the bytes, with equal hashes kept together; 0 if
// that is impossible.
func splitPoint(d []byte) int {
	n := nodeCount(d)
	total := 0
	for i := range n {
		total += disk.DirEntSize + int(d[slot(i)+disk.DeLen])
	}
	best, bestOff := 0, total
	sum := 0
	for i := 1; i < n; i++ {
		sum += disk.DirEntSize + int(d[slot(i-1)+disk.DeLen])
		if slotHash(d, i) == slotHash(d, i-1) {
			continue
		}
		off := sum - total/2
		if off < 0 {
			off = -off
		}
		if off < bestOff {
			best, bestOff = i, off
		}
	}
	return best
}

func indexInsert(d []byte, at int, hash, blk uint64) {
	n := nodeCount(d)
	copy(d[slot(at+1):slot(n+1)], d[slot(at):slot(n)])
	disk.Put64(d, slot(at)+disk.IxHash, hash)
	disk.Put64(d, slot(at)+disk.IxBlk, blk)
	disk.Put16(d, disk.NodeCount, uint16(n+1))
}

// dirGrow puts a new root above a full one.
func (i *Inode) dirGrow(h *handle, p *dirPath) errno.Errno {
	if p.depth >= disk.MaxDepth {
		return errno.ENOSPC
	}
	b, err := i.newNode(h, p.depth+1, disk.MagicDir)
	if err != errno.OK {
		return err
	}
	indexInsert(b.data[:], 0, 0, i.dirRoot())
	i.setDirRoot(b.blk, i.depth+1)
	i.fs.bufs.put(b)
	i.dirSized()
	return errno.OK
}

// dirRemove removes a name and the nodes that become empty. On an error the directory is as it was. Preconditions: the caller stores the
// inode afterwards.
func (i *Inode) dirRemove(h *handle, name string) errno.Errno {
	if i.dirRoot() == 0 {
		return errno.ENOENT
	}
	hash := i.fs.hash(name)
	var p dirPath
	err := i.dirFind(hash, &p)
	if err != errno.OK {
		return err
	}
	defer p.release(i.fs)
	if !p.match(hash, name) {
		return errno.ENOENT
	}
	if err = i.writeDirPath(h, &p); err != errno.OK {
		return err
	}
	var op [disk.MaxDepth + 1]freeOp
	n, l := 0, p.depth
	for ; l >= 0 && nodeCount(p.b[l].data[:]) == 1 && err == errno.OK; l-- {
		err = i.fs.prepareFree(h, &op[n], p.b[l].blk, 1)
		n++
	}
	if err != errno.OK {
		for k := range n {
			i.fs.cancelFree(&op[k])
		}
		return err
	}
	if l == p.depth {
		leafRemove(p.leaf(), p.at[l])
		return errno.OK
	}
	for k := range n {
		h.forget(p.b[p.depth-k])
		i.fs.applyFree(h, &op[k])
	}
	i.addBlocks(-int64(n))
	if l < 0 {
		i.setDirRoot(0, 0)
	} else {
		indexRemove(p.b[l].data[:], p.at[l])
		i.dirCollapse(h, &p)
	}
	i.dirSized()
	return errno.OK
}

// dirCollapse drops a root that has only one child.
func (i *Inode) dirCollapse(h *handle, p *dirPath) {
	root := p.b[0]
	if i.depth == 0 || root.blk != i.dirRoot() || nodeCount(root.data[:]) != 1 {
		return
	}
	var op freeOp
	if i.fs.prepareFree(h, &op, root.blk, 1) != errno.OK {
		return // it stays, which is no harm
	}
	i.setDirRoot(disk.U64(root.data[:], slot(0)+disk.IxBlk), i.depth-1)
	i.addBlocks(-1)
	h.forget(root)
	i.fs.applyFree(h, &op)
}

func leafRemove(d []byte, at int) {
	n, s := nodeCount(d), slot(at)
	off, k := int(disk.U16(d, s+disk.DeOff)), int(d[s+disk.DeLen])
	clear(d[off : off+k])
	heap, dead := int(disk.U16(d, disk.NodeHeap)), int(disk.U16(d, disk.NodeDead))
	if off == heap {
		disk.Put16(d, disk.NodeHeap, uint16(heap+k))
	} else {
		disk.Put16(d, disk.NodeDead, uint16(dead+k))
	}
	copy(d[s:], d[slot(at+1):slot(n)])
	clear(d[slot(n-1):slot(n)])
	disk.Put16(d, disk.NodeCount, uint16(n-1))
}

// indexRemove removes an entry. The first entry's successor takes over its key, and with it its range.
func indexRemove(d []byte, at int) {
	n := nodeCount(d)
	if at == 0 && n > 1 {
		disk.Put64(d, slot(1)+disk.IxHash, slotHash(d, 0))
	}
	copy(d[slot(at):], d[slot(at+1):slot(n)])
	clear(d[slot(n-1):slot(n)])
	disk.Put16(d, disk.NodeCount, uint16(n-1))
}
