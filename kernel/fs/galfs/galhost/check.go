//go:build !galago

package galhost

import (
	"fmt"

	"galago/kernel/fs/galfs/disk"
)

// Problem is one inconsistency found by Check.
type Problem struct{ Where, What string }

func (p Problem) String() string { return p.Where + ": " + p.What }

// maxProblems bounds a report: a badly damaged disk would fill the memory.
const maxProblems = 1000

// checker holds the state of one Check. It believes nothing it reads, visits each block of a tree at most once, and so ends
// whatever is on the disk.
type checker struct {
	dev      Device
	sb       disk.Superblock
	log      *disk.Log // journal to look through; nil before it is read
	problems []Problem

	used   []uint64 // bitmap: blocks with an owner
	groups []groupState
	inodes []inodeState // by number
}

// groupState is what the disk says of a group.
type groupState struct {
	free, freeInodes, dirs, tableInit uint32
	blocks, inodes                    []byte // bitmaps, nil when unreadable
}

// inodeState is what is known of an inode in use.
type inodeState struct {
	mode    uint32 // 0: not in use
	links   uint32
	refs    uint32 // names found; for directories subdirectories found
	parent  uint32
	gen     uint32
	dir     uint64 // root block
	depth   uint16
	named   bool // reached from the root
	orphan  bool
	damaged bool
}

// Check examines a file system, which nobody must be changing, and returns what is wrong with it. An unreplayed
// journal is no problem: Check sees the file system as it will be after the replay. The error says why checking was not possible at all.
func Check(dev Device) ([]Problem, error) {
	c := &checker{dev: dev}
	if err := c.superblock(); err != nil {
		return nil, err
	}
	c.readJournal()
	c.readGroups()
	c.checkInodes()
	c.checkTree()
	c.checkOrphans()
	c.checkLinks()
	c.checkBitmaps()
	return c.problems, nil
}

func (c *checker) bad(where, format string, args ...any) {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, Problem{where, fmt.Sprintf(format, args...)})
	}
}

// raw reads a block as it is on the disk.
func (c *checker) raw(blk uint64, b []byte) bool {
	_, err := c.dev.ReadAt(b[:disk.BlockSize], int64(blk)*disk.BlockSize)
	return err == nil
}

// ReadLog is disk.LogReader.
func (c *checker) ReadLog(blk uint64, b []byte) bool { return c.raw(blk, b) }

// read returns a block as it is after the journal's replay, nil with a problem noted if it can not be read.
func (c *checker) read(where string, blk uint64) []byte {
	b := make([]byte, disk.BlockSize)
	at := blk
	if c.log != nil {
		if e := c.log.Find(blk); e != nil {
			at = c.sb.JStart + uint64(e.Pos)
		}
	}
	if !c.raw(at, b) {
		c.bad(where, "block %d can not be read", blk)
		return nil
	}
	return b
}

// meta is read for a block with a header, which it verifies.
func (c *checker) meta(where string, magic uint32, blk uint64) []byte {
	b := c.read(where, blk)
	if b == nil {
		return nil
	}
	if disk.U32(b, disk.OffMagic) != magic {
		c.bad(where, "block %d: bad magic number", blk)
		return nil
	}
	if !disk.Verify(c.sb.Seed, magic, blk, b) {
		c.bad(where, "block %d: bad checksum", blk)
		return nil
	}
	return b
}

// superblock reads the primary superblock, or says from which copy one could be restored.
func (c *checker) superblock() error {
	blocks := uint64(c.dev.Size() / disk.BlockSize)
	b := make([]byte, disk.BlockSize)
	if blocks == 0 || !c.raw(0, b) {
		return fmt.Errorf("galfs: the superblock can not be read")
	}
	why := c.sb.Get(b, 0, blocks)
	if why == disk.SBOK {
		c.checkCopies(blocks)
		return nil
	}
	// The groups' size is not known without a superblock; it is the largest possible on every disk that Format makes.
	for _, g := range []uint64{1, 3, 5, 7} {
		blk := g * disk.BitmapBits
		var sb disk.Superblock
		if blk < blocks && c.raw(blk, b) && sb.Get(b, blk, blocks) == disk.SBOK {
			c.sb = sb
			c.bad("superblock", "%s; the copy at block %d is good", why, blk)
			return nil
		}
	}
	return fmt.Errorf("galfs: superblock: %s", why)
}

// checkCopies compares the copies' unchanging fields.
func (c *checker) checkCopies(blocks uint64) {
	b := make([]byte, disk.BlockSize)
	for g := uint32(1); g < c.sb.Groups; g++ {
		if !disk.HasSuper(g) {
			continue
		}
		blk := c.sb.GroupStart(g)
		var sb disk.Superblock
		if !c.raw(blk, b) {
			c.bad("superblock copy", "block %d can not be read", blk)
			continue
		}
		if why := sb.Get(b, blk, blocks); why != disk.SBOK {
			c.bad("superblock copy", "block %d: %s", blk, why)
		} else if sb.UUID != c.sb.UUID || sb.Blocks != c.sb.Blocks || sb.JBlocks != c.sb.JBlocks ||
			sb.InodesPerGroup != c.sb.InodesPerGroup || sb.HashSeed != c.sb.HashSeed || sb.Copy != g {
			c.bad("superblock copy", "block %d differs from the superblock", blk)
		}
	}
}

// readJournal scans the journal and takes over what it says of the superblock.
func (c *checker) readJournal() {
	l := &disk.Log{SB: &c.sb, Dev: c, Table: make([]disk.LogEntry, disk.TableSize(c.sb.JBlocks)),
		Block: make([]byte, disk.BlockSize), Copy: make([]byte, disk.BlockSize)}
	switch l.Scan() {
	case disk.LogIO:
		c.bad("journal", "can not be read")
		return
	case disk.LogHeader:
		c.bad("journal", "damaged header")
		return
	}
	c.log = l
	if l.Find(0) == nil {
		return
	}
	if b := c.read("superblock", 0); b != nil {
		var sb disk.Superblock
		if why := sb.Get(b, 0, uint64(c.dev.Size()/disk.BlockSize)); why != disk.SBOK {
			c.bad("superblock", "in the journal: %s", why)
		} else if sb.Blocks != c.sb.Blocks || sb.UUID != c.sb.UUID || sb.InodesPerGroup != c.sb.InodesPerGroup {
			c.bad("superblock", "in the journal: another file system's")
		} else {
			c.sb = sb
		}
	}
}

// readGroups reads descriptors and bitmaps and claims the blocks of fixed use.
func (c *checker) readGroups() {
	sb := &c.sb
	c.used = make([]uint64, (sb.Blocks+63)/64)
	c.groups = make([]groupState, sb.Groups)
	c.inodes = make([]inodeState, sb.Inodes()+1)
	var desc []byte
	for g := range sb.Groups {
		where := fmt.Sprintf("group %d", g)
		blk, off := sb.DescAt(g)
		if g%disk.DescsPerBl == 0 {
			desc = c.meta(where, disk.MagicGroups, blk)
		}
		s := &c.groups[g]
		if desc != nil {
			d := desc[off:]
			s.free, s.freeInodes = disk.U32(d, disk.GDFreeBlocks), disk.U32(d, disk.GDFreeInodes)
			s.dirs, s.tableInit = disk.U32(d, disk.GDDirs), disk.U32(d, disk.GDTableInit)
		}
		if s.tableInit > sb.TableBlocks() {
			c.bad(where, "%d inode table blocks in use of %d", s.tableInit, sb.TableBlocks())
			s.tableInit = sb.TableBlocks()
		}
		if b := c.meta(where+" block bitmap", disk.MagicBBM, sb.BlockBitmap(g)); b != nil {
			s.blocks = b[disk.HeaderSize:]
		}
		if b := c.meta(where+" inode bitmap", disk.MagicIBM, sb.InodeBitmap(g)); b != nil {
			s.inodes = b[disk.HeaderSize:]
		}
		for b := sb.GroupStart(g); b < sb.FirstData(g); b++ {
			c.used[b/64] |= 1 << (b % 64)
		}
	}
}

// claim notes that blocks have an owner; false, with a problem, if they can not have or have one already.
func (c *checker) claim(where string, blk uint64, n uint32) bool {
	if !c.sb.ValidData(blk, n) {
		c.bad(where, "blocks %d+%d are not for files", blk, n)
		return false
	}
	ok := true
	for b := blk; b < blk+uint64(n); b++ {
		if c.used[b/64]>>(b%64)&1 != 0 && ok {
			c.bad(where, "block %d belongs to something else as well", b)
			ok = false
		}
		c.used[b/64] |= 1 << (b % 64)
	}
	return ok
}

func bit(b []byte, i uint32) bool { return b[i/8]>>(i%8)&1 != 0 }

// checkBitmaps compares the bitmaps and counts with what was found.
func (c *checker) checkBitmaps() {
	for g := range c.sb.Groups {
		where := fmt.Sprintf("group %d", g)
		s := &c.groups[g]
		if s.blocks != nil {
			c.checkBlockBitmap(where, g, s)
		}
		if s.inodes == nil {
			continue
		}
		free, dirs := uint32(0), uint32(0)
		for i := range c.sb.InodesPerGroup {
			if !bit(s.inodes, i) {
				free++
			}
			if c.inodes[g*c.sb.InodesPerGroup+i+1].mode&disk.ModeFmt == disk.ModeDir {
				dirs++
			}
		}
		for i := c.sb.InodesPerGroup; i < disk.BitmapBits; i++ {
			if !bit(s.inodes, i) {
				c.bad(where, "inode bitmap: padding is not set")
				break
			}
		}
		if free != s.freeInodes {
			c.bad(where, "%d free inodes, descriptor says %d", free, s.freeInodes)
		}
		if dirs != s.dirs {
			c.bad(where, "%d directories, descriptor says %d", dirs, s.dirs)
		}
	}
}

func (c *checker) checkBlockBitmap(where string, g uint32, s *groupState) {
	free := uint32(0)
	base, n := c.sb.GroupStart(g), c.sb.GroupBlocks(g)
	for i := range n {
		b := base + uint64(i)
		owned := c.used[b/64]>>(b%64)&1 != 0
		switch marked := bit(s.blocks, i); {
		case !marked && owned:
			c.bad(where, "block %d is in use but marked free", b)
		case marked && !owned:
			c.bad(where, "block %d is marked in use but belongs to nobody", b)
		}
		if !bit(s.blocks, i) {
			free++
		}
	}
	for i := n; i < disk.BitmapBits; i++ {
		if !bit(s.blocks, i) {
			c.bad(where, "block bitmap: padding is not set")
			break
		}
	}
	if free != s.free {
		c.bad(where, "%d free blocks, descriptor says %d", free, s.free)
	}
}
