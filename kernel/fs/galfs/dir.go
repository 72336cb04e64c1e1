package galfs

import (
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
)

// A directory is a B+tree of blocks keyed by the hash of the names. Leaves hold slots sorted by hash and the names
// themselves; index nodes hold (lowest hash, block) pairs, of which the first counts as minus infinity. Names with
// one hash are always in one leaf. An empty directory has no blocks; a leaf goes when its last name goes, so a directory
// is empty exactly when it has no root.
//
// A position (telldir cookie) is the hash and the ordinal among equal hashes: it does not move when other names come and go.
//
// Lock: the directory's Inode.Lock, for reading or for writing; vfs holds it.

const (
	cookieBase = 2 // 0 and 1 are "." and ".."
	cookieEnd  = 1<<63 - 1
)

// dirPath is the way from the root to a leaf: b[0] is the root, at[i] the entry taken in b[i].
type dirPath struct {
	b     [disk.MaxDepth + 1]*buf
	at    [disk.MaxDepth + 1]int
	depth int
}

func (p *dirPath) release(fs *FS) {
	for l := 0; l <= p.depth; l++ {
		fs.bufs.put(p.b[l])
	}
}

func (p *dirPath) leaf() []byte { return p.b[p.depth].data[:] }

func nodeCount(d []byte) int { return int(disk.U16(d, disk.NodeCount)) }

// slot returns the offset of entry i of a directory node.
func slot(i int) int { return disk.HeaderSize + i*disk.DirEntSize }

func slotHash(d []byte, i int) uint64 { return disk.U64(d, slot(i)) }

// slotName returns the name of leaf entry i, which lives as long as the buffer is referenced and unchanged.
func slotName(d []byte, i int) string {
	s := slot(i)
	off, n := int(disk.U16(d, s+disk.DeOff)), int(d[s+disk.DeLen])
	name := d[off : off+n]
	return unsafe.String(unsafe.SliceData(name), len(name))
}

// lowerBound returns the first of the n entries whose hash is at least h.
func lowerBound(d []byte, h uint64) int {
	lo, hi := 0, nodeCount(d)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if slotHash(d, mid) < h {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// dirRoot returns the root block of a directory, 0 if it is empty.
func (i *Inode) dirRoot() uint64 { return disk.U64(i.root[:], 0) }

func (i *Inode) setDirRoot(blk uint64, depth uint16) {
	disk.Put64(i.root[:], 0, blk)
	i.depth = depth
}

// dirFind walks to the leaf for hash. Preconditions: the directory is not empty. On success the path's buffers are
// referenced until release. As in findPath, a node must keep to its range.
func (i *Inode) dirFind(hash uint64, p *dirPath) errno.Errno {
	p.depth = int(i.depth)
	blk := i.dirRoot()
	low, high := uint64(0), uint64(disk.MaxHash+1) // the range of the node
	for l := 0; ; l++ {
		b, err := i.readNode(blk, p.depth-l, disk.MagicDir)
		if err != errno.OK {
			p.depth = l - 1
			p.release(i.fs)
			return err
		}
		p.b[l] = b
		d := b.data[:]
		n := nodeCount(d)
		first := 0
		if l < p.depth {
			first = 1 // that of an index node counts as minus infinity
		}
		if first < n && (slotHash(d, first) < low || slotHash(d, n-1) >= high) {
			p.depth = l
			p.release(i.fs)
			return i.fs.corrupt("names beyond their node's range", uint64(i.ino))
		}
		at := lowerBound(d, hash)
		if l == p.depth {
			p.at[l] = at
			return errno.OK
		}
		if at == n || slotHash(d, at) > hash {
			at = max(at-1, 0)
		}
		if at > 0 {
			low = slotHash(d, at)
		}
		if at+1 < n {
			high = slotHash(d, at+1)
		}
		p.at[l] = at
		blk = disk.U64(d, slot(at)+disk.IxBlk)
	}
}

// nextKey returns the lowest hash of the leaf to the right of the path's; ok is false at the last leaf.
func (p *dirPath) nextKey() (hash uint64, ok bool) {
	for l := p.depth - 1; l >= 0; l-- {
		d := p.b[l].data[:]
		if k := p.at[l] + 1; k < nodeCount(d) {
			return slotHash(d, k), true
		}
	}
	return 0, false
}

// match sets the path's leaf position to the entry with this name.
func (p *dirPath) match(hash uint64, name string) bool {
	d := p.leaf()
	n := nodeCount(d)
	for at := p.at[p.depth]; at < n && slotHash(d, at) == hash; at++ {
		if slotName(d, at) == name {
			p.at[p.depth] = at
			return true
		}
	}
	return false
}

// dirLookup returns the inode number that a name stands for, or ENOENT; twice is whether another name with the same hash does so too.
func (i *Inode) dirLookup(name string) (ino uint32, twice bool, err errno.Errno) {
	if i.dirRoot() == 0 {
		return 0, false, errno.ENOENT
	}
	hash := i.fs.hash(name)
	var p dirPath
	if err := i.dirFind(hash, &p); err != errno.OK {
		return 0, false, err
	}
	err = errno.ENOENT
	d, first := p.leaf(), p.at[p.depth]
	if p.match(hash, name) {
		at := p.at[p.depth]
		ino, err = disk.U32(d, slot(at)+disk.DeIno), errno.OK
		for k := first; k < nodeCount(d) && slotHash(d, k) == hash; k++ {
			twice = twice || k != at && disk.U32(d, slot(k)+disk.DeIno) == ino
		}
	}
	p.release(i.fs)
	return ino, twice, err
}

// dirSet makes an existing name stand for another inode.
func (i *Inode) dirSet(h *handle, name string, ino uint32, typ uint8) errno.Errno {
	if i.dirRoot() == 0 {
		return errno.ENOENT
	}
	hash := i.fs.hash(name)
	var p dirPath
	if err := i.dirFind(hash, &p); err != errno.OK {
		return err
	}
	err := errno.ENOENT
	if p.match(hash, name) {
		if err = h.write(p.b[p.depth]); err == errno.OK {
			d, s := p.leaf(), slot(p.at[p.depth])
			disk.Put32(d, s+disk.DeIno, ino)
			d[s+disk.DeType] = typ
		}
	}
	p.release(i.fs)
	return err
}

// dirEach calls emit for the entries from position pos on, in the order of their hashes, until it returns false.
func (i *Inode) dirEach(pos int64, emit func(name string, ino uint32, typ uint8, pos, next int64) bool) errno.Errno {
	if i.dirRoot() == 0 || pos == cookieEnd {
		return errno.OK
	}
	c := uint64(max(pos-cookieBase, 0))
	hash, ord := c>>disk.CookieBits, int(c&(1<<disk.CookieBits-1))
	for {
		var p dirPath
		if err := i.dirFind(hash, &p); err != errno.OK {
			return err
		}
		more := i.dirEachLeaf(&p, hash, ord, emit)
		next, ok := p.nextKey()
		p.release(i.fs)
		if !more || !ok {
			return errno.OK
		}
		if next <= hash {
			return i.fs.corrupt("directory keys out of order", uint64(i.ino))
		}
		hash, ord = next, 0
	}
}

// dirEachLeaf emits the entries of one leaf from (hash, ord) on; false when emit wanted no more.
func (i *Inode) dirEachLeaf(p *dirPath, hash uint64, ord int, emit func(name string, ino uint32, typ uint8, pos, next int64) bool) bool {
	d := p.leaf()
	n := nodeCount(d)
	k, prev := 0, uint64(disk.MaxHash+1)
	for at := p.at[p.depth]; at < n; at++ {
		h := slotHash(d, at)
		if h == prev {
			k++
		} else {
			k, prev = 0, h
		}
		if h == hash && k < ord {
			continue
		}
		s := slot(at)
		pos := cookie(h, k)
		next := cookie(h, k+1)
		if k >= 1<<disk.CookieBits-1 {
			next = cookie(h+1, 0)
		}
		if !emit(slotName(d, at), disk.U32(d, s+disk.DeIno), d[s+disk.DeType], pos, next) {
			return false
		}
	}
	return true
}

func cookie(hash uint64, ord int) int64 { return int64(hash<<disk.CookieBits|uint64(ord)) + cookieBase }

// checkDirNode checks the structure of a directory node that was read: all that later code relies on.
func (fs *FS) checkDirNode(d []byte) bool {
	depth, n := disk.U16(d, disk.NodeDepth), nodeCount(d)
	if depth > disk.MaxDepth || n > disk.DirEntries || n == 0 {
		return false
	}
	prev := uint64(0)
	for i := range n {
		h := slotHash(d, i)
		if h < prev || h > disk.MaxHash {
			return false
		}
		prev = h
	}
	if depth > 0 {
		for i := range n {
			if !fs.sb.ValidData(disk.U64(d, slot(i)+disk.IxBlk), 1) || i > 0 && slotHash(d, i) == slotHash(d, i-1) {
				return false
			}
		}
		return true
	}
	heap, dead := int(disk.U16(d, disk.NodeHeap)), int(disk.U16(d, disk.NodeDead))
	sum := dead
	if heap < slot(n) || heap > disk.BlockSize {
		return false
	}
	for i := range n {
		s := slot(i)
		off, k := int(disk.U16(d, s+disk.DeOff)), int(d[s+disk.DeLen])
		if k == 0 || off < heap || off+k > disk.BlockSize || !fs.sb.ValidIno(disk.U32(d, s+disk.DeIno)) {
			return false
		}
		sum += k
		if d[off] == '.' && (k == 1 || k == 2 && d[off+1] == '.') {
			return false
		}
		for _, c := range d[off : off+k] {
			if c == 0 || c == '/' {
				return false
			}
		}
	}
	return sum == disk.BlockSize-heap
}
