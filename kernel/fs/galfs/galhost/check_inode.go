//go:build !galago

package galhost

import (
	"fmt"

	"galago/kernel/fs/galfs/disk"
)

// checkInodes goes through the inode tables: every inode in use, its fields, its blocks.
func (c *checker) checkInodes() {
	for g := range c.sb.Groups {
		s := &c.groups[g]
		table := c.sb.InodeTable(g)
		for t := range s.tableInit {
			b := c.read(fmt.Sprintf("group %d inode table", g), table+uint64(t))
			if b == nil {
				continue
			}
			for k := range uint32(disk.InodesPerBl) {
				idx := t*disk.InodesPerBl + k
				ino := g*c.sb.InodesPerGroup + idx + 1
				if ino < disk.RootIno {
					continue
				}
				inUse := s.inodes != nil && bit(s.inodes, idx)
				c.checkInode(ino, table+uint64(t), b[k*disk.InodeSize:(k+1)*disk.InodeSize], inUse)
			}
		}
		for idx := s.tableInit * disk.InodesPerBl; s.inodes != nil && idx < c.sb.InodesPerGroup; idx++ {
			if bit(s.inodes, idx) {
				c.bad(fmt.Sprintf("inode %d", g*c.sb.InodesPerGroup+idx+1), "in use, but its table block never was")
			}
		}
	}
}

func (c *checker) checkInode(ino uint32, blk uint64, raw []byte, inUse bool) {
	where := fmt.Sprintf("inode %d", ino)
	if disk.U32(raw, disk.InCRC) != disk.InodeCRC(c.sb.Seed, blk, raw) {
		c.bad(where, "bad checksum")
		if inUse {
			c.inodes[ino] = inodeState{mode: disk.ModeReg, damaged: true}
		}
		return
	}
	mode := disk.U32(raw, disk.InMode)
	if !inUse {
		if mode != 0 {
			c.bad(where, "marked free but not erased")
		}
		return
	}
	st := &c.inodes[ino]
	if !disk.ValidType(mode) || mode > 0xffff {
		c.bad(where, "in use with impossible mode %#o", mode)
		*st = inodeState{mode: disk.ModeReg, damaged: true}
		return
	}
	*st = inodeState{mode: mode, links: disk.U32(raw, disk.InLinks), gen: disk.U32(raw, disk.InGen), parent: disk.U32(raw, disk.InParent)}
	if st.links > disk.LinkMax {
		c.bad(where, "%d links", st.links)
	}
	for _, off := range []int{disk.InATimeNs, disk.InMTimeNs, disk.InCTimeNs, disk.InBTimeNs} {
		if disk.U32(raw, off) >= 1e9 {
			c.bad(where, "nanoseconds out of range")
		}
	}
	blocks := c.checkContents(where, ino, raw, st)
	if want := disk.U64(raw, disk.InBlocks); blocks != want && !st.damaged {
		c.bad(where, "has %d blocks, its count says %d", blocks, want)
	}
}

// checkContents checks what an inode's type demands and claims its blocks. It returns their number.
func (c *checker) checkContents(where string, ino uint32, raw []byte, st *inodeState) (blocks uint64) {
	size := disk.U64(raw, disk.InSize)
	root := raw[disk.InRoot : disk.InRoot+disk.InRootLen]
	depth, count := disk.U16(raw, disk.InDepth), int(disk.U16(raw, disk.InCount))
	switch st.mode & disk.ModeFmt {
	case disk.ModeReg:
		if size > disk.MaxFileSize {
			c.bad(where, "size %d", size)
		}
		if depth > disk.MaxDepth || count > disk.RootExtents || depth > 0 && count == 0 {
			c.bad(where, "malformed extent root")
			st.damaged = true
			return 0
		}
		w := extentWalk{c: c, where: where, ino: ino, st: st}
		w.node(root, count, depth, 0, disk.MaxLBlk+1)
		return w.blocks
	case disk.ModeDir:
		st.dir, st.depth = disk.U64(root, 0), depth
		if st.dir == 0 {
			return 0
		}
		if depth > disk.MaxDepth {
			c.bad(where, "malformed directory root")
			st.damaged = true
			return 0
		}
		return c.claimDir(where, ino, st, size)
	case disk.ModeLink:
		if size == 0 || size > disk.MaxSymlink {
			c.bad(where, "symbolic link of %d bytes", size)
		} else if size > disk.InRootLen {
			blk := disk.U64(root, 0)
			if !c.claim(where, blk, 1) {
				st.damaged = true
				return 0
			}
			if b := c.meta(where, disk.MagicLink, blk); b != nil {
				c.checkOwner(where, b, ino, st.gen, 0)
			}
			return 1
		}
	default:
		if size != 0 {
			c.bad(where, "special file of %d bytes", size)
		}
	}
	return 0
}

// checkOwner checks a tree node's header.
func (c *checker) checkOwner(where string, b []byte, ino, gen uint32, depth uint16) bool {
	if disk.U32(b, disk.NodeOwner) != ino || disk.U32(b, disk.NodeGen) != gen || disk.U16(b, disk.NodeDepth) != depth {
		c.bad(where, "a node belongs to inode %d, level %d", disk.U32(b, disk.NodeOwner), disk.U16(b, disk.NodeDepth))
		return false
	}
	return true
}

// extentWalk goes through an extent tree.
type extentWalk struct {
	c      *checker
	where  string
	ino    uint32
	st     *inodeState
	blocks uint64
}

// node checks n entries, which map logical blocks of [lo, hi).
func (w *extentWalk) node(ents []byte, n int, depth uint16, lo, hi uint64) {
	for i := range n {
		e := ents[i*disk.ExtentSize:]
		l, k, p := uint64(disk.U32(e, disk.ExLBlk)), disk.U32(e, disk.ExLen), disk.U64(e, disk.ExPBlk)
		if l < lo || l >= hi {
			w.c.bad(w.where, "extent of block %d out of order", l)
			w.st.damaged = true
			return
		}
		if depth == 0 {
			if k == 0 || k > disk.MaxExtentLen || l+uint64(k) > hi {
				w.c.bad(w.where, "extent of block %d has length %d", l, k)
				w.st.damaged = true
				return
			}
			w.c.claim(w.where, p, k)
			w.blocks += uint64(k)
			lo = l + uint64(k)
			continue
		}
		end := hi
		if i+1 < n {
			end = uint64(disk.U32(ents[(i+1)*disk.ExtentSize:], disk.ExLBlk))
		}
		w.blocks++
		if !w.c.claim(w.where, p, 1) {
			w.st.damaged = true
			return
		}
		b := w.c.meta(w.where, disk.MagicExtent, p)
		cnt := 0
		if b != nil {
			cnt = int(disk.U16(b, disk.NodeCount))
		}
		if b == nil || !w.c.checkOwner(w.where, b, w.ino, w.st.gen, depth-1) || cnt == 0 || cnt > disk.NodeExtents {
			w.c.bad(w.where, "extent node %d is malformed", p)
			w.st.damaged = true
			return
		}
		w.node(b[disk.HeaderSize:], cnt, depth-1, l, end)
		lo = end
	}
}
