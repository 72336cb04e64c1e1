//go:build !galago

package galfs_test

import (
	"bytes"
	"fmt"
	"testing"

	"galago/kernel/errno"
	"galago/kernel/fs/galfs"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/fs/galfs/galhost"
	"galago/kernel/uio"
	"galago/kernel/vfs"
	"galago/kernel/vm/pagecache"
)

// seedImage is a small file system with some of everything; unless it is to be clean, with an orphan and a journal to replay, which would
// undo many a change made to the image.
func seedImage(t testing.TB, clean bool) []byte {
	d := newDisk(t, 600, 128)
	v := mount(t, d)
	ok(t, v.mkdir("/d"))
	for k := range 170 {
		ok(t, v.create(fmt.Sprintf("/d/file-with-a-name-%d", k)))
	}
	for k := range 40 {
		ok(t, v.write("/d/file-with-a-name-1", int64(k)*8192, []byte("x")))
		ok(t, v.fsync("/d/file-with-a-name-1", false))
	}
	ok(t, v.symlink(string(bytes.Repeat([]byte("s"), 1000)), "/long"))
	ok(t, v.symlink("target", "/short"))
	ok(t, v.link("/d/file-with-a-name-1", "/hard"))
	ok(t, v.create("/gone"))
	i, err := v.walk("/gone")
	ok(t, err)
	ok(t, v.remove("/gone"))
	for k := range 4 { // whichever commit wrote everything home, some come after it
		ok(t, galfs.HostCommit(v.sb))
		ok(t, v.create(fmt.Sprintf("/late%d", k)))
		ok(t, v.mkdir(fmt.Sprintf("/late-dir%d", k)))
	}
	ok(t, v.remove("/late0"))
	ok(t, v.remove("/late-dir0"))
	ok(t, galfs.HostCommit(v.sb))
	image := bytes.Clone(d.b)
	i.Put()
	v.unmount(t)
	if clean {
		return d.b
	}
	return image
}

// editLog calls fn for the n-th block copy in the log, and makes the checksums of its transaction right again.
func editLog(sb *disk.Superblock, img []byte, n int, fn func(home uint64, b []byte)) {
	block := func(pos uint32) []byte {
		at := (sb.JStart + uint64(pos)) * disk.BlockSize
		return img[at : at+disk.BlockSize]
	}
	next := func(pos uint32) uint32 { return pos%(sb.JBlocks-1) + 1 }
	pos := disk.U32(block(0), disk.JSTail)
	chain, changed := uint32(0), false
	for range sb.JBlocks {
		if pos == 0 || pos >= sb.JBlocks {
			return
		}
		b := block(pos)
		switch disk.U32(b, disk.OffMagic) {
		case disk.MagicJDesc:
			at := pos
			for k := range int(min(disk.U32(b, disk.JHCount), disk.JDCount)) {
				at = next(at)
				if n--; n == -1 {
					e, c := b[disk.HeaderSize+k*disk.JDSize:], block(at)
					fn(disk.U64(e, disk.JDHome), c)
					disk.Put32(e, disk.JDCRC, disk.CopyCRC(sb.Seed, disk.U64(b, disk.JHSeq), c))
					disk.Seal(sb.Seed, disk.KindBlock, sb.JStart+uint64(pos), b)
					changed = true
				}
			}
			chain = disk.Chain(chain, b)
			pos = at
		case disk.MagicJRevk:
			chain = disk.Chain(chain, b)
		case disk.MagicJComm:
			if changed {
				disk.Put32(b, disk.JHChain, chain)
				disk.Seal(sb.Seed, disk.KindBlock, sb.JStart+uint64(pos), b)
				return
			}
			chain = 0
		default:
			return
		}
		pos = next(pos)
	}
}

// sealAs puts right checksums on what is to be block blk.
func sealAs(sb *disk.Superblock, blk uint64, b []byte) {
	seed := sb.Seed
	kind := disk.KindBlock
	if blk == 0 {
		seed = disk.CRC(0, b[64:80]) // the UUID that it has now
	} else if blk >= sb.InodeTable(0) && blk < sb.DataStart(0) {
		kind = disk.KindInodes
	}
	disk.Seal(seed, kind, blk, b)
}

// reseal puts right checksums on the block that was changed, so that a fuzzer gets past them.
func reseal(image []byte, blk uint64) {
	var sb disk.Superblock
	if sb.Get(image[:disk.BlockSize], 0, uint64(len(image)/disk.BlockSize)) != disk.SBOK && blk != 0 {
		return
	}
	b := image[blk*disk.BlockSize : (blk+1)*disk.BlockSize]
	if blk == 0 {
		copy(sb.UUID[:], b[64:80])
		sb.Seed = disk.CRC(0, sb.UUID[:])
	}
	kind := disk.KindBlock
	if blk >= sb.InodeTable(0) && blk < sb.DataStart(0) && blk != 0 {
		kind = disk.KindInodes
	}
	disk.Seal(sb.Seed, kind, blk, b)
}

// Fields that editField changes: offset and width.
var (
	inodeFields = [...][2]int{{disk.InMode, 4}, {disk.InLinks, 4}, {disk.InSize, 8}, {disk.InBlocks, 8}, {disk.InGen, 4}, {disk.InParent, 4},
		{disk.InRdev, 8}, {disk.InOrphan, 4}, {disk.InDepth, 2}, {disk.InCount, 2}, {disk.InRoot, 4}, {disk.InRoot + 4, 4}, {disk.InRoot + 8, 8},
		{disk.InRoot + 16, 4}, {disk.InRoot + 24, 8}, {disk.InATimeNs, 4}}
	nodeFields = [...][2]int{{disk.NodeOwner, 4}, {disk.NodeGen, 4}, {disk.NodeDepth, 2}, {disk.NodeCount, 2}, {disk.NodeHeap, 2}, {disk.NodeDead, 2}}
	slotFields = [...][2]int{{0, 8}, {0, 4}, {4, 4}, {8, 8}, {8, 4}, {12, 2}, {14, 1}, {15, 1}}
)

// editField changes a field of one of the first inodes, or of a tree node, with the checksum right: e is 0xf0 and more (which kind), the inode
// or node, the field, the value.
func editField(sb *disk.Superblock, img []byte, e []byte) {
	blk, off := sb.InodeAt(disk.RootIno + uint32(e[1]%12))
	f := inodeFields[int(e[2])%len(inodeFields)]
	if e[0]&1 != 0 {
		nodes := make([]uint64, 0, 16)
		for b := sb.FirstData(0); b < sb.Blocks; b++ {
			if m := disk.U32(img[b*disk.BlockSize:], 0); m == disk.MagicDir || m == disk.MagicExtent || m == disk.MagicLink {
				nodes = append(nodes, b)
			}
		}
		if len(nodes) == 0 {
			return
		}
		blk, off, f = nodes[int(e[1])%len(nodes)], 0, nodeFields[int(e[2])%len(nodeFields)]
		if e[0]&2 != 0 {
			off, f = disk.HeaderSize+int(e[2]>>3)*disk.DirEntSize, slotFields[e[2]&7]
		}
	}
	at := int(blk)*disk.BlockSize + off + f[0]
	v := uint64(int64(int8(e[5]))<<16 | int64(e[4])<<8 | int64(e[3]))
	if e[0]&4 != 0 { // a block of a file instead of a number
		v = sb.FirstData(0) + uint64(e[3])%(sb.Blocks-sb.FirstData(0))
	}
	switch f[1] {
	case 1:
		img[at] = byte(v)
	case 2:
		disk.Put16(img, at, uint16(v))
	case 4:
		disk.Put32(img, at, uint32(v))
	default:
		disk.Put64(img, at, v)
	}
	reseal(img, blk)
}

// FuzzGalfsImage changes bytes of an image, with right checksums or without. Whatever comes out, checking it, mounting it,
// walking and changing it must end, without a panic.
func FuzzGalfsImage(f *testing.F) {
	image, unmounted := seedImage(f, false), seedImage(f, true)
	f.Add([]byte{0, 0, 0, 0, 0, 0})
	f.Add([]byte{5, 0x10, 1, 2, 0xff, 1, 6, 0, 0, 2, 3, 1})
	f.Add([]byte{5, 0x10, 1, 2, 0xff, 1, 6, 0, 0, 2, 3, 1, 0})
	f.Add([]byte{0xe0, 0x10, 24, 0, 1, 2, 0xe0, 0x20, 0, 1, 3, 0})  // copies in the log
	f.Add([]byte{0xf0, 3, 9, 0xff, 0xff, 0, 0xf4, 3, 12, 40, 0, 0}) // fields of inodes
	f.Add([]byte{0xf1, 1, 2, 3, 0, 0, 0xf3, 2, 9, 0, 0, 1, 0})      // and of nodes
	var sb disk.Superblock
	if sb.Get(image, 0, 600) != disk.SBOK {
		f.Fatal("seed image")
	}
	logged := false
	editLog(&sb, bytes.Clone(image), 0, func(uint64, []byte) { logged = true })
	if !logged {
		f.Fatal("the log of the seed image is empty")
	}
	// Interesting blocks come first in the fuzzer's numbering.
	var order []uint64
	for _, b := range []uint64{0, 1, sb.BlockBitmap(0), sb.InodeBitmap(0), sb.InodeTable(0), sb.InodeTable(0) + 1, sb.JStart, sb.JStart + 1} {
		order = append(order, b)
	}
	for b := sb.FirstData(0); b < sb.Blocks; b++ {
		if disk.U32(image[b*disk.BlockSize:], 0) != 0 {
			order = append(order, b)
		}
	}
	for b := sb.JStart + 2; b < sb.FirstData(0); b++ {
		order = append(order, b)
	}
	f.Fuzz(func(t *testing.T, edits []byte) {
		img := bytes.Clone(image)
		if len(edits)%6 == 1 {
			img = bytes.Clone(unmounted)
		}
		// Each edit is six bytes: block, offset (2), width, value (2); an odd width byte leaves the checksum wrong.
		for n := 0; len(edits) >= 6 && n < 16; n++ {
			e := edits[:6]
			edits = edits[6:]
			if e[0]>>4 == 0xe {
				editLog(&sb, img, int(e[0]&15)<<4|int(e[1]>>4), func(home uint64, b []byte) {
					disk.Put16(b, int(e[1]&15)<<8|int(e[2]), uint16(e[4])|uint16(e[5])<<8)
					if e[3]&1 == 0 {
						sealAs(&sb, home, b)
					}
				})
				continue
			}
			if e[0] >= 0xf0 {
				editField(&sb, img, e)
				continue
			}
			blk := order[int(e[0])%len(order)]
			at := int(blk)*disk.BlockSize + (int(e[1])|int(e[2])<<8)%(disk.BlockSize-8)
			switch e[3] >> 1 % 4 {
			case 0:
				img[at] = e[4]
			case 1:
				disk.Put16(img, at, uint16(e[4])|uint16(e[5])<<8)
			case 2:
				disk.Put32(img, at&^3, uint32(e[4])|uint32(e[5])<<8)
			default:
				disk.Put64(img, at&^7, uint64(int64(int8(e[4]))<<8|int64(e[5])))
			}
			if e[3]&1 == 0 {
				reseal(img, blk)
			}
		}
		exercise(t, img)
	})
}

// TestInodeKinds gives the first inodes of an image every kind of file in turn, whatever they hold.
func TestInodeKinds(t *testing.T) {
	image := seedImage(t, true)
	var sb disk.Superblock
	if sb.Get(image, 0, 600) != disk.SBOK {
		t.Fatal("seed image")
	}
	for ino := uint32(1); ino < 16; ino++ {
		if !sb.ValidIno(ino) {
			continue
		}
		blk, off := sb.InodeAt(ino)
		for kind := uint32(0); kind < 16; kind++ {
			img := bytes.Clone(image)
			disk.Put32(img, int(blk)*disk.BlockSize+off+disk.InMode, kind<<12|0o777)
			reseal(img, blk)
			exercise(t, img)
		}
	}
}

// exercise does all that can be done with an image.
func exercise(t *testing.T, img []byte) {
	galhost.Check(&ramDevice{b: bytes.Clone(img)})
	v := &vol{}
	if v.tryMount(img) != errno.OK {
		return
	}
	visited := 0
	v.visit("", 0, &visited)
	for k := range 30 {
		v.create(fmt.Sprintf("/d/new%d", k))
		v.create(fmt.Sprintf("/new%d", k))
		v.remove(fmt.Sprintf("/d/file-with-a-name-%d", k))
	}
	v.change("")
	v.change("/d")
	v.write("/hard", 100000, pattern(100000, 1))
	v.truncate("/hard", 4097)
	v.rename("/d/new1", "/new1", 0)
	v.rename("/d", "/e", 0)
	v.remove("/hard")
	v.remove("/long")
	for _, dir := range []string{"/e", ""} {
		l, _ := v.names(dir)
		for _, n := range l {
			v.remove(dir + "/" + n)
		}
	}
	galfs.Unmount(v.sb)
}

// tryMount mounts an image that may be anything.
func (v *vol) tryMount(img []byte) (err errno.Errno) {
	v.dev, v.now = galhost.BlockDevice(&ramDevice{b: img}), vfs.Now
	v.sb, err = galfs.Mount(v.dev, 0, galfs.Options{Bare: true, Clock: v.now})
	return err
}

// change does every operation to some of the names of a directory.
func (v *vol) change(dir string) {
	l, _ := v.names(dir)
	for k, n := range l[:min(len(l), 12)] {
		p := dir + "/" + n
		i, err := v.walk(p)
		if err != errno.OK {
			continue
		}
		var st vfs.Stat
		i.Ops.GetAttr(i, &st)
		i.Lock.Lock()
		i.Ops.SetAttr(i, &vfs.Attr{Valid: vfs.AttrMode, Mode: 0o700})
		i.Lock.Unlock()
		mode := i.Mode & vfs.S_IFMT
		if mode == vfs.S_IFREG {
			for _, off := range []int64{0, 5000, i.Size() - 1, 1 << 33, disk.MaxFileSize - 1} {
				if off >= 0 {
					b := make([]byte, 5000)
					it := uio.FromKernel(b)
					pagecache.GenericRead(&i.Pages, nil, &it, off)
					writeAt(i, off, b[:k*300])
				}
			}
		}
		galfs.Fsync(i, k&1 != 0)
		done(i)
		if mode == vfs.S_IFDIR {
			v.mkdir(p + "/sub")
			v.create(p + "/sub/file")
			v.rename(p+"/sub", dir+"/moved", 0)
			v.rename(dir+"/moved", p, vfs.RENAME_EXCHANGE)
			v.remove(p)
			continue
		}
		v.fallocate(p, []uint32{0, keepSize, punch, zero}[k%4], int64(k)*3000, 40000)
		v.fallocate(p, punch, 8000, 16000)
		v.link(p, fmt.Sprintf("%s/link%d", dir, k))
		v.truncate(p, []int64{0, 1, 4096, 100000, disk.MaxFileSize, disk.MaxFileSize + 1}[k%6])
		v.rename(p, fmt.Sprintf("%s/new%d", dir, k), uint32(k&1)*vfs.RENAME_EXCHANGE)
		v.remove(p)
	}
}

// visit reads everything below a path, within bounds.
func (v *vol) visit(path string, depth int, visited *int) {
	l, _ := v.names(path)
	for _, n := range l {
		if *visited++; *visited > 1000 || depth > 6 {
			return
		}
		p := path + "/" + n
		i, err := v.walk(p)
		if err != errno.OK {
			continue
		}
		mode, size := i.Mode&vfs.S_IFMT, i.Size()
		if mode == vfs.S_IFLNK {
			i.Ops.Readlink(i, make([]byte, disk.MaxSymlink+1))
		}
		i.Put()
		switch {
		case mode == vfs.S_IFDIR:
			v.visit(p, depth+1, visited)
		case mode == vfs.S_IFREG && size < 1<<20:
			v.read(p)
		}
	}
}
