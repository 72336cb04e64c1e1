//go:build !galago

package galfs_test

import (
	"bytes"
	"testing"

	"galago/kernel/errno"
	"galago/kernel/fs/galfs"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/vfs"
)

// Images that no galfs has written, each with right checksums: what is wrong must be found before it does harm.

// hostile is an image under change.
type hostile struct {
	t   *testing.T
	sb  disk.Superblock
	img []byte
}

func newHostile(t *testing.T, prepare func(v *vol)) *hostile {
	d := newDisk(t, 600, 128)
	v := mount(t, d)
	prepare(v)
	v.unmount(t)
	h := &hostile{t: t, img: d.b}
	if h.sb.Get(h.img, 0, 600) != disk.SBOK {
		t.Fatal("image")
	}
	return h
}

func (h *hostile) block(blk uint64) []byte { return h.img[blk*disk.BlockSize : (blk+1)*disk.BlockSize] }

// inode returns the raw inode of a path; sealInodes is to be called after changes.
func (h *hostile) inode(path string) (ino uint32, raw []byte) {
	v := mount(h.t, &ramDevice{b: bytes.Clone(h.img)})
	defer v.unmount(h.t)
	i, err := v.walk(path)
	ok(h.t, err)
	ino = uint32(i.Ino)
	i.Put()
	blk, off := h.sb.InodeAt(ino)
	return ino, h.block(blk)[off : off+disk.InodeSize]
}

func (h *hostile) sealInodes() {
	for b := h.sb.InodeTable(0); b < h.sb.DataStart(0); b++ {
		disk.Seal(h.sb.Seed, disk.KindInodes, b, h.block(b))
	}
}

func (h *hostile) seal(blk uint64) { disk.Seal(h.sb.Seed, disk.KindBlock, blk, h.block(blk)) }

// slot returns the slot of a name in the root directory, which has one leaf.
func (h *hostile) slot(name string) (blk uint64, slot []byte) {
	_, raw := h.inode("/")
	blk = disk.U64(raw, disk.InRoot)
	b := h.block(blk)
	for k := range int(disk.U16(b, disk.NodeCount)) {
		s := b[disk.HeaderSize+k*disk.DirEntSize:]
		off := int(disk.U16(s, disk.DeOff))
		if string(b[off:off+int(s[disk.DeLen])]) == name {
			return blk, s[:disk.DirEntSize]
		}
	}
	h.t.Fatal("no name ", name)
	return 0, nil
}

// mounted calls fn with the file system, which must have failed in the end if bad.
func (h *hostile) mounted(bad bool, fn func(v *vol)) {
	h.t.Helper()
	v := mount(h.t, &ramDevice{b: h.img})
	fn(v)
	if failed := galfs.HostFailed(v.sb) != errno.OK; failed != bad {
		h.t.Errorf("failed: %v", failed)
	}
	galfs.Unmount(v.sb)
}

func (h *hostile) want(what string, got, want errno.Errno) {
	h.t.Helper()
	if got != want {
		h.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestHostileOrphan puts what is no file on the orphan list, with links, so that it would be truncated.
func TestHostileOrphan(t *testing.T) {
	for _, path := range []string{"/dir", "/link", "/pipe", "/"} {
		for _, count := range []uint16{0, 1, 0xffff} {
			h := newHostile(t, func(v *vol) {
				ok(t, v.mkdir("/dir"))
				ok(t, v.create("/dir/x"))
				ok(t, v.symlink("there", "/link"))
				ok(t, v.with("/pipe", func(d *vfs.Inode, name string) errno.Errno {
					i, err := d.Ops.Mknod(d, name, disk.ModeFIFO|0o600, 0, vfs.Owner{})
					ok(t, err)
					i.Put()
					return errno.OK
				}))
			})
			ino, raw := h.inode(path)
			disk.Put16(raw, disk.InCount, count)
			h.sealInodes()
			disk.PutOrphan(h.block(0), ino)
			h.seal(0)
			v := &vol{}
			if err := v.tryMount(h.img); err != errno.EUCLEAN {
				t.Errorf("%s on the orphan list with %d extents: %v", path, count, err)
			}
		}
	}
}

// TestHostileSecondName gives a directory two names: vfs would lock it twice in a rename from one to the other.
func TestHostileSecondName(t *testing.T) {
	h := newHostile(t, func(v *vol) {
		ok(t, v.mkdir("/a"))
		ok(t, v.create("/b"))
	})
	ino, _ := h.inode("/a")
	blk, s := h.slot("b")
	disk.Put32(s, disk.DeIno, ino)
	h.seal(blk)
	h.mounted(true, func(v *vol) {
		a, err := v.walk("/a")
		ok(t, err)
		_, err = v.walk("/b")
		h.want("second name", err, errno.EUCLEAN)
		a.Put()
	})
	// The directory is made while the second name waits for it.
	h = newHostile(t, func(v *vol) {
		ok(t, v.create("/a"))
		ok(t, v.create("/b"))
	})
	ino, _ = h.inode("/a")
	h.mounted(false, func(v *vol) { ok(t, v.remove("/a")) })
	blk, s = h.slot("b")
	disk.Put32(s, disk.DeIno, ino)
	h.seal(blk)
	h.mounted(true, func(v *vol) {
		ok(t, v.mkdir("/c"))
		c, err := v.walk("/c")
		ok(t, err)
		if uint32(c.Ino) != ino {
			t.Fatal("another inode")
		}
		_, err = v.walk("/b")
		h.want("second name of a new directory", err, errno.EUCLEAN)
		c.Put()
	})
}

// TestRenamedDirectory is the other side: a directory that is renamed has one name all the time.
func TestRenamedDirectory(t *testing.T) {
	v := mount(t, newDisk(t, 600, 128))
	for _, p := range []string{"/a", "/b", "/a/x", "/b/y"} {
		ok(t, v.mkdir(p))
	}
	x, err := v.walk("/a/x")
	ok(t, err)
	y, err := v.walk("/b/y")
	ok(t, err)
	for range 3 {
		ok(t, v.rename("/a/x", "/a/z", 0))
		ok(t, v.rename("/a/z", "/b/x", 0))
		ok(t, v.rename("/b/x", "/b/y", vfs.RENAME_EXCHANGE))
		ok(t, v.rename("/b/x", "/a/x", 0))
		ok(t, v.rename("/a/x", "/b/y", vfs.RENAME_EXCHANGE))
		ok(t, v.rename("/b/y", "/b/w", 0))
		ok(t, v.rename("/a/x", "/b/y", 0))
		ok(t, v.rename("/b/w", "/a/x", 0))
	}
	x.Put()
	y.Put()
	v.unmount(t)
}

// TestHostileNames writes names that no directory may hold.
func TestHostileNames(t *testing.T) {
	for _, c := range []struct{ old, new string }{{"x", "."}, {"xy", ".."}, {"x", "/"}, {"xy", "\x00y"}} {
		h := newHostile(t, func(v *vol) { ok(t, v.create("/"+c.old)) })
		blk, s := h.slot(c.old)
		copy(h.block(blk)[disk.U16(s, disk.DeOff):], c.new)
		h.seal(blk)
		h.mounted(true, func(v *vol) {
			_, err := v.names("/")
			h.want("readdir", err, errno.EUCLEAN)
		})
	}
}

// TestHostileShared lets two entries of an index point to the same node: walks would take as many steps as there are ways.
func TestHostileShared(t *testing.T) {
	h := &hostile{t: t, img: seedImage(t, true)}
	h.sb.Get(h.img, 0, 600)
	_, raw := h.inode("/d")
	root := disk.U64(raw, disk.InRoot)
	if disk.U16(raw, disk.InDepth) != 1 {
		t.Fatal("the directory has no index")
	}
	b := h.block(root)
	disk.Put64(b, disk.HeaderSize+disk.DirEntSize+disk.IxBlk, disk.U64(b, disk.HeaderSize+disk.IxBlk))
	h.seal(root)
	_, raw = h.inode("/hard")
	if disk.U16(raw, disk.InDepth) != 1 || disk.U16(raw, disk.InCount) != 1 {
		t.Fatal("the file has no index")
	}
	e := raw[disk.InRoot+disk.ExtentSize:]
	disk.Put32(e, disk.ExLBlk, 1000)
	disk.Put64(e, disk.ExPBlk, disk.U64(raw, disk.InRoot+disk.ExPBlk))
	disk.Put16(raw, disk.InCount, 2)
	disk.Put64(raw, disk.InSize, 1100*disk.BlockSize)
	h.sealInodes()
	img := bytes.Clone(h.img)
	h.mounted(true, func(v *vol) {
		_, err := v.names("/d")
		h.want("readdir", err, errno.EUCLEAN)
	})
	h.img = img
	h.mounted(true, func(v *vol) {
		i, err := v.walk("/hard")
		ok(t, err)
		if n := galfs.Extents(i); n != -1 {
			t.Errorf("%d extents", n)
		}
		i.Put()
	})
}

// TestDamagedInode damages an inode and changes its neighbours: it must not become good by that. When it is made anew it is good.
func TestDamagedInode(t *testing.T) {
	h := newHostile(t, func(v *vol) {
		ok(t, v.create("/bad"))
		ok(t, v.create("/good"))
	})
	_, raw := h.inode("/bad")
	raw[disk.InUID]++
	for range 2 {
		h.mounted(false, func(v *vol) {
			ok(t, v.write("/good", 0, []byte("x")))
			ok(t, v.create("/new"))
			ok(t, v.remove("/new"))
		})
	}
	h.mounted(true, func(v *vol) {
		_, err := v.walk("/bad")
		h.want("lookup", err, errno.EUCLEAN)
	})
}

// TestInodeMarkedFree frees an inode in the bitmap only: making a file must not wipe it.
func TestInodeMarkedFree(t *testing.T) {
	h := newHostile(t, func(v *vol) {
		ok(t, v.create("/used"))
		ok(t, v.write("/used", 0, []byte("kept")))
	})
	ino, _ := h.inode("/used")
	bm := h.sb.InodeBitmap(0)
	bit := (ino - 1) % h.sb.InodesPerGroup
	h.block(bm)[disk.HeaderSize+bit/8] &^= 1 << (bit % 8)
	h.seal(bm)
	h.mounted(true, func(v *vol) { h.want("create", v.create("/new"), errno.EUCLEAN) })
	h.mounted(false, func(v *vol) {
		if b, err := v.read("/used"); err != errno.OK || string(b) != "kept" {
			t.Errorf("%q %v", b, err)
		}
	})
}

// TestHostileLog has the log bring a superblock of its own: one with another geometry is refused, whatever was replayed before it is read; one that
// is only newer is taken.
func TestHostileLog(t *testing.T) {
	const blocks, journalBlocks, mounts, uuid = 16, 48, 56, 64 // offsets in the superblock
	for _, c := range []struct {
		field int
		value uint32
		want  errno.Errno
	}{{blocks, 599, errno.EUCLEAN}, {journalBlocks, 129, errno.EUCLEAN}, {uuid, 12345, errno.EUCLEAN}, {mounts, 7, errno.OK}} {
		d := newDisk(t, 600, 128)
		v := mount(t, d)
		ok(t, v.create("/open"))
		i, err := v.walk("/open")
		ok(t, err)
		ok(t, v.remove("/open"))
		ok(t, galfs.HostCommit(v.sb))
		img := bytes.Clone(d.b)
		i.Put()
		v.unmount(t)
		var sb disk.Superblock
		if sb.Get(img, 0, 600) != disk.SBOK {
			t.Fatal("image")
		}
		found := 0
		for n := range 200 {
			editLog(&sb, img, n, func(home uint64, b []byte) {
				if home == 0 {
					disk.Put32(b, c.field, c.value)
					found++
				}
				sealAs(&sb, home, b)
			})
		}
		if found == 0 {
			t.Fatal("no superblock in the log")
		}
		v = &vol{}
		err = v.tryMount(img)
		if err != c.want {
			t.Errorf("field %d: %v, want %v", c.field, err, c.want)
		}
		if err == errno.OK {
			if galfs.HostReplayed(v.sb) == 0 {
				t.Error("nothing was replayed")
			}
			galfs.Unmount(v.sb)
		}
	}
}
