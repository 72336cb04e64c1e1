package galfs

import (
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
)

// The extent tree of a file maps logical blocks to runs of physical ones. Its root is in the inode; it grows by
// pushing the root's entries down into a new node. Entries are sorted by logical block; an index entry's key is not
// above the first key in the node it points to.
//
// Lock: Inode.mapLock, for reading or for writing. Only the holder for writing may have a handle modify nodes.

// exNode is a view of the root or of one node.
type exNode struct {
	ents []byte // its entries
	n    int    // in use
	max  int
	b    *buf // nil for the root
}

// exPath is the way from the root to a leaf: node[0] is the root, at[i] the index of the entry taken in node[i].
type exPath struct {
	node  [disk.MaxDepth + 1]exNode
	at    [disk.MaxDepth + 1]int
	depth int // of the tree: node[depth] is the leaf
}

func (e *exNode) lblk(i int) uint32 { return disk.U32(e.ents, i*disk.ExtentSize+disk.ExLBlk) }
func (e *exNode) len(i int) uint32  { return disk.U32(e.ents, i*disk.ExtentSize+disk.ExLen) }
func (e *exNode) pblk(i int) uint64 { return disk.U64(e.ents, i*disk.ExtentSize+disk.ExPBlk) }

func (e *exNode) set(i int, lblk, n uint32, pblk uint64) {
	o := i * disk.ExtentSize
	disk.Put32(e.ents, o+disk.ExLBlk, lblk)
	disk.Put32(e.ents, o+disk.ExLen, n)
	disk.Put64(e.ents, o+disk.ExPBlk, pblk)
}

// insertAt makes room at index i. Preconditions: e.n < e.max.
func (e *exNode) insertAt(i int) {
	copy(e.ents[(i+1)*disk.ExtentSize:(e.n+1)*disk.ExtentSize], e.ents[i*disk.ExtentSize:e.n*disk.ExtentSize])
	e.n++
}

// search returns the index of the last entry whose key is not above lblk, or -1.
func (e *exNode) search(lblk uint32) int {
	lo, hi := 0, e.n
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if e.lblk(mid) <= lblk {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo - 1
}

// rootNode returns the view of the root.
func (i *Inode) rootNode() exNode {
	return exNode{ents: i.root[:], n: int(i.count), max: disk.RootExtents}
}

// storeCount writes a view's entry count back to where it belongs.
func (i *Inode) storeCount(e *exNode) {
	if e.b == nil {
		i.count = uint16(e.n)
		return
	}
	disk.Put16(e.b.data[:], disk.NodeCount, uint16(e.n))
}

// readNode returns the node at blk, which must belong to i and be depth levels above the leaves.
func (i *Inode) readNode(blk uint64, depth int, magic uint32) (*buf, errno.Errno) {
	fs := i.fs
	if !fs.sb.ValidData(blk, 1) {
		return nil, fs.corrupt("tree pointer out of range", uint64(i.ino))
	}
	b, err := fs.bufs.read(blk, magic)
	if err != errno.OK {
		return nil, err
	}
	d := b.data[:]
	if disk.U32(d, disk.NodeOwner) != i.ino || disk.U32(d, disk.NodeGen) != i.gen || int(disk.U16(d, disk.NodeDepth)) != depth {
		fs.bufs.put(b)
		return nil, fs.corrupt("tree node belongs elsewhere", blk)
	}
	return b, errno.OK
}

func nodeView(b *buf) exNode {
	return exNode{ents: b.data[disk.HeaderSize:], n: int(disk.U16(b.data[:], disk.NodeCount)), max: disk.NodeExtents, b: b}
}

// findPath walks to the leaf for lblk. The path's buffers are referenced until release. A node has only keys of the range that is its
// own in the node above: no node can be reached in two ways, however the tree was made.
func (i *Inode) findPath(lblk uint32, p *exPath) errno.Errno {
	p.depth = int(i.depth)
	p.node[0] = i.rootNode()
	for l := 0; ; l++ {
		p.at[l] = p.node[l].search(lblk)
		if l == p.depth {
			return errno.OK
		}
		p.at[l] = max(p.at[l], 0)
		b, err := i.readNode(p.node[l].pblk(p.at[l]), p.depth-l-1, disk.MagicExtent)
		if err != errno.OK {
			p.depth = l
			p.release(i.fs)
			return err
		}
		p.node[l+1] = nodeView(b)
		end := p.nextKeyAt(l)
		if c := &p.node[l+1]; c.lblk(0) < p.node[l].lblk(p.at[l]) || c.lblk(c.n-1) >= end || c.lblk(c.n-1)+c.len(c.n-1) > end {
			p.depth = l + 1
			p.release(i.fs)
			return i.fs.corrupt("extents beyond their node's range", uint64(i.ino))
		}
	}
}

// release gives the path's buffers back.
func (p *exPath) release(fs *FS) {
	for l := 1; l <= p.depth; l++ {
		fs.bufs.put(p.node[l].b)
	}
}

// nextKey returns the first key to the right of the path's leaf position, or the end of all files.
func (p *exPath) nextKey() uint32 { return p.nextKeyAt(p.depth) }

// nextKeyAt is nextKey for the position in level from.
func (p *exPath) nextKeyAt(from int) uint32 {
	for l := from; l >= 0; l-- {
		if k := p.at[l] + 1; k < p.node[l].n {
			return p.node[l].lblk(k)
		}
	}
	return disk.MaxLBlk + 1
}

// mapBlock says where logical block lblk is: pblk != 0 and n blocks from there on; or pblk == 0 and a hole of n blocks.
// Preconditions: mapLock is held.
//
// +checklocksread:i.mapLock
func (i *Inode) mapBlock(lblk uint32) (pblk uint64, n uint32, err errno.Errno) {
	if i.depth == 0 {
		root := i.rootNode()
		return mapIn(&root, root.search(lblk), lblk, disk.MaxLBlk+1)
	}
	var p exPath
	if err := i.findPath(lblk, &p); err != errno.OK {
		return 0, 0, err
	}
	pblk, n, err = mapIn(&p.node[p.depth], p.at[p.depth], lblk, p.nextKey())
	p.release(i.fs)
	return pblk, n, err
}

// mapIn answers mapBlock from leaf entry at; end is the first key after the leaf.
func mapIn(e *exNode, at int, lblk, end uint32) (pblk uint64, n uint32, err errno.Errno) {
	if at >= 0 {
		first, k := e.lblk(at), e.len(at)
		if lblk-first < k {
			return e.pblk(at) + uint64(lblk-first), k - (lblk - first), errno.OK
		}
	}
	if at+1 < e.n {
		end = e.lblk(at + 1)
	}
	return 0, max(end, lblk+1) - lblk, errno.OK
}

// goal returns the physical block after the last extent before lblk, as a goal for allocation, or 0.
func (p *exPath) goal(lblk uint32) uint64 {
	e, at := &p.node[p.depth], p.at[p.depth]
	if at < 0 || e.n == 0 {
		return 0
	}
	return e.pblk(at) + uint64(e.len(at))
}

// checkExtentNode checks the structure of an extent node that was read: all that later code relies on.
func (fs *FS) checkExtentNode(d []byte) bool {
	depth := disk.U16(d, disk.NodeDepth)
	n := int(disk.U16(d, disk.NodeCount))
	if depth >= disk.MaxDepth || n == 0 || n > disk.NodeExtents {
		return false
	}
	return fs.checkEntries(d[disk.HeaderSize:], n, depth == 0)
}

// checkEntries checks n extent or index entries: ascending, not overlapping, pointing into file space.
func (fs *FS) checkEntries(d []byte, n int, leaf bool) bool {
	e := exNode{ents: d, n: n}
	end := uint64(0)
	for i := range n {
		l, k := uint64(e.lblk(i)), e.len(i)
		if l < end {
			return false
		}
		if leaf {
			if k == 0 || k > disk.MaxExtentLen || l+uint64(k) > disk.MaxLBlk+1 || !fs.sb.ValidData(e.pblk(i), k) {
				return false
			}
			end = l + uint64(k)
			continue
		}
		if k != 0 || !fs.sb.ValidData(e.pblk(i), 1) {
			return false
		}
		end = l + 1
	}
	return true
}
