//go:build !galago

package galhost

import (
	"fmt"

	"galago/kernel/fs/galfs/disk"
)

// claimDir claims the blocks of a directory. Its names are looked at later, when all inodes are known.
func (c *checker) claimDir(where string, ino uint32, st *inodeState, size uint64) (blocks uint64) {
	c.dirNode(where, ino, st, st.dir, st.depth, 0, disk.MaxHash+1, &blocks, nil)
	if size != blocks*disk.BlockSize && !st.damaged {
		c.bad(where, "directory of %d blocks has size %d", blocks, size)
	}
	return blocks
}

// dirEntry is a name found in a directory.
type dirEntry struct {
	name string
	ino  uint32
	typ  uint8
}

// dirNode goes through the node at blk, whose hashes must be in [lo, hi). With entries == nil it claims and checks; otherwise it collects
// the names, of a directory that was found sound.
func (c *checker) dirNode(where string, ino uint32, st *inodeState, blk uint64, depth uint16, lo, hi uint64, blocks *uint64, entries *[]dirEntry) {
	if entries == nil {
		if !c.claim(where, blk, 1) {
			st.damaged = true
			return
		}
		*blocks++
	}
	b := c.meta(where, disk.MagicDir, blk)
	if b == nil || !c.checkOwner(where, b, ino, st.gen, depth) {
		st.damaged = true
		return
	}
	n := int(disk.U16(b, disk.NodeCount))
	if n == 0 || n > disk.DirEntries {
		c.bad(where, "directory node %d has %d entries", blk, n)
		st.damaged = true
		return
	}
	if depth == 0 {
		c.dirLeaf(where, st, blk, b, n, lo, hi, entries)
		return
	}
	for i := range n {
		s := disk.HeaderSize + i*disk.DirEntSize
		from, to := max(disk.U64(b, s+disk.IxHash), lo), hi
		if i == 0 {
			from = lo
		}
		if i+1 < n {
			to = disk.U64(b, s+disk.DirEntSize+disk.IxHash)
		}
		if from >= to || to > hi {
			c.bad(where, "directory node %d is out of order", blk)
			st.damaged = true
			return
		}
		c.dirNode(where, ino, st, disk.U64(b, s+disk.IxBlk), depth-1, from, to, blocks, entries)
	}
}

func (c *checker) dirLeaf(where string, st *inodeState, blk uint64, b []byte, n int, lo, hi uint64, entries *[]dirEntry) {
	heap, sum := int(disk.U16(b, disk.NodeHeap)), int(disk.U16(b, disk.NodeDead))
	fail := func(what string, i int) {
		c.bad(where, "directory leaf %d, entry %d: %s", blk, i, what)
		st.damaged = true
	}
	if heap < disk.HeaderSize+n*disk.DirEntSize || heap > disk.BlockSize {
		fail("slots and names overlap", n)
		return
	}
	for i := range n {
		s := disk.HeaderSize + i*disk.DirEntSize
		hash, off, k := disk.U64(b, s+disk.DeHash), int(disk.U16(b, s+disk.DeOff)), int(b[s+disk.DeLen])
		if k == 0 || off < heap || off+k > disk.BlockSize {
			fail("name out of place", i)
			return
		}
		name := string(b[off : off+k])
		sum += k
		switch {
		case hash < lo || hash >= hi:
			fail(fmt.Sprintf("%q is out of order", name), i)
			return
		case hash != disk.Hash(&c.sb.HashSeed, name):
			fail(fmt.Sprintf("%q has a wrong hash", name), i)
			return
		case !validName(name):
			fail(fmt.Sprintf("%q is no name", name), i)
			return
		}
		lo = hash
		if entries != nil {
			*entries = append(*entries, dirEntry{name, disk.U32(b, s+disk.DeIno), b[s+disk.DeType]})
		}
	}
	if sum != disk.BlockSize-heap {
		fail("names do not fill their room", n)
	}
}

func validName(s string) bool {
	for i := range len(s) {
		if s[i] == 0 || s[i] == '/' {
			return false
		}
	}
	return s != "." && s != ".."
}

// checkTree follows the names from the root.
func (c *checker) checkTree() {
	root := &c.inodes[disk.RootIno]
	if root.mode&disk.ModeFmt != disk.ModeDir || root.damaged {
		c.bad("root directory", "is missing or damaged")
		return
	}
	if root.parent != disk.RootIno {
		c.bad("root directory", "is not its own parent")
	}
	root.named = true
	type visit struct {
		ino  uint32
		path string
	}
	for queue := []visit{{disk.RootIno, "/"}}; len(queue) > 0; {
		v := queue[0]
		queue = queue[1:]
		seen := map[string]bool{}
		for _, e := range c.entries(v.ino, v.path) {
			path := v.path + e.name
			if seen[e.name] {
				c.bad(path, "is there twice")
			}
			seen[e.name] = true
			if c.checkEntry(v.ino, path, e) {
				queue = append(queue, visit{e.ino, path + "/"})
			}
		}
	}
}

// entries returns the names in a directory.
func (c *checker) entries(ino uint32, where string) (list []dirEntry) {
	st := &c.inodes[ino]
	if st.dir != 0 && !st.damaged {
		var n uint64
		c.dirNode(where, ino, st, st.dir, st.depth, 0, disk.MaxHash+1, &n, &list)
	}
	return list
}

// checkEntry checks one name and tells whether it is a directory to go into.
func (c *checker) checkEntry(dir uint32, path string, e dirEntry) bool {
	if !c.sb.ValidIno(e.ino) || c.inodes[e.ino].mode == 0 {
		c.bad(path, "stands for inode %d, which is not in use", e.ino)
		return false
	}
	st := &c.inodes[e.ino]
	if st.damaged && !st.isDir() {
		st.named = true
		st.refs++
		return false
	}
	if e.typ != disk.FileType(st.mode) {
		c.bad(path, "has type %d, its inode %d", e.typ, disk.FileType(st.mode))
	}
	if !st.isDir() {
		st.named = true
		st.refs++
		return false
	}
	if st.named {
		c.bad(path, "directory %d has another name as well", e.ino)
		return false
	}
	st.named = true
	c.inodes[dir].refs++
	if st.parent != dir {
		c.bad(path, "directory says that its parent is %d", st.parent)
	}
	return true
}

func (st *inodeState) isDir() bool { return st.mode&disk.ModeFmt == disk.ModeDir }

// checkOrphans follows the orphan list.
func (c *checker) checkOrphans() {
	for ino := c.sb.Orphan; ino != 0; {
		where := fmt.Sprintf("orphan list, inode %d", ino)
		if !c.sb.ValidIno(ino) || c.inodes[ino].mode == 0 {
			c.bad(where, "is not in use")
			return
		}
		st := &c.inodes[ino]
		if st.orphan {
			c.bad(where, "is there twice")
			return
		}
		st.orphan = true
		blk, off := c.sb.InodeAt(ino)
		b := c.read(where, blk)
		if b == nil {
			return
		}
		ino = disk.U32(b, off+disk.InOrphan)
	}
}

// checkLinks compares link counts with the names found.
func (c *checker) checkLinks() {
	for ino := disk.RootIno; ino < len(c.inodes); ino++ {
		st := &c.inodes[ino]
		if st.mode == 0 || st.damaged {
			continue
		}
		where := fmt.Sprintf("inode %d", ino)
		if !st.named {
			if st.links > 0 || !st.orphan {
				c.bad(where, "in use with %d links, but without a name", st.links)
			}
			continue
		}
		want := st.refs
		if st.isDir() {
			want += 2
		}
		if st.links != want {
			c.bad(where, "has %d links, should have %d", st.links, want)
		}
	}
}
