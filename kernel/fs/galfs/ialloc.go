package galfs

import (
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
)

// Allocation of inodes. A group's inode table is initialised from its beginning as inodes are needed: only the
// first tableInit blocks of it have ever been written, so that making a file system writes little.

// inodeGroup chooses where to look first. Files go to their directory's group; directories are spread, so that there is
// room for files beside each (the idea of the Orlov allocator of BSD and ext3).
func (fs *FS) inodeGroup(parent uint32, dir bool) uint32 {
	g := (parent - 1) / fs.sb.InodesPerGroup
	if !dir || fs.sb.Groups == 1 {
		return g
	}
	if parent == disk.RootIno {
		g = fs.dirTurn.Add(1) % fs.sb.Groups
	}
	minInodes := uint32(fs.count.freeInodes.Load() / int64(fs.sb.Groups) * 3 / 4)
	minBlocks := uint32(fs.count.freeBlocks.Load() / int64(fs.sb.Groups) * 3 / 4)
	for i := range min(fs.sb.Groups, 64) {
		c := (g + i) % fs.sb.Groups
		gr := &fs.groups[c]
		gr.lock.Lock()
		good := gr.freeInodes > 0 && gr.freeInodes >= minInodes && gr.free >= minBlocks
		gr.lock.Unlock()
		if good {
			return c
		}
	}
	return g
}

// allocInode takes a free inode and returns its number and its table block, open for writing by h.
func (fs *FS) allocInode(h *handle, parent uint32, dir bool) (ino uint32, b *buf, err errno.Errno) {
	first := fs.inodeGroup(parent, dir)
	for i := range fs.sb.Groups {
		g := first + i
		if g >= fs.sb.Groups {
			g -= fs.sb.Groups
		}
		gr := &fs.groups[g]
		gr.lock.Lock()
		none := gr.freeInodes == 0
		gr.lock.Unlock()
		if none {
			continue
		}
		ino, err = fs.allocInodeIn(h, g, dir)
		if err == errno.ENOSPC {
			continue
		}
		if err != errno.OK {
			return 0, nil, err
		}
		b, err = fs.inodeBuf(ino)
		if err == errno.OK {
			_, off := fs.sb.InodeAt(ino)
			bit := uint32(1) << (off / disk.InodeSize)
			if disk.U32(b.data[:], off+disk.InMode) != 0 && b.bad.Load()&bit == 0 {
				err = fs.corrupt("inode in use is marked free", uint64(ino))
			} else if err = h.write(b); err == errno.OK {
				b.bad.And(^bit)
				return ino, b, errno.OK
			}
			fs.bufs.put(b)
		}
		fs.freeInode(h, ino, dir)
		return 0, nil, err
	}
	return 0, nil, errno.ENOSPC
}

// allocInodeIn takes a free inode of group g.
func (fs *FS) allocInodeIn(h *handle, g uint32, dir bool) (ino uint32, err errno.Errno) {
	bm, desc, err := fs.groupBufs(h, g, fs.sb.InodeBitmap(g), disk.MagicIBM)
	if err != errno.OK {
		return 0, err
	}
	gr := &fs.groups[g]
	m := bitmap{used: bm.data[disk.HeaderSize:]}
	lo := uint32(0)
	if g == 0 {
		lo = disk.RootIno // index of the inode after the root
	}
	var table *buf
	gr.lock.Lock()
	ready := min(gr.tableInit*disk.InodesPerBl, fs.sb.InodesPerGroup)
	pos, n := m.findRun(max(lo, gr.inodeHint), ready, 1)
	for n == 0 && gr.tableInit < fs.sb.TableBlocks() {
		// The initialised part is full: begin the next block of the table.
		next := gr.tableInit
		gr.lock.Unlock()
		if table, err = fs.freshTable(h, g, next); err != errno.OK {
			break
		}
		gr.lock.Lock()
		gr.tableInit = max(gr.tableInit, next+1)
		ready = gr.tableInit * disk.InodesPerBl
		pos, n = m.findRun(max(lo, gr.inodeHint), ready, 1)
		fs.bufs.put(table)
	}
	if err == errno.OK {
		if n > 0 {
			setBits(m.used, pos, 1)
			gr.inodeHint = pos + 1
			gr.freeInodes -= min(gr.freeInodes, 1)
			if dir {
				gr.dirs++
			}
			fs.putDesc(g, desc)
		} else {
			err = errno.ENOSPC
		}
		gr.lock.Unlock()
	}
	fs.bufs.put(desc)
	fs.bufs.put(bm)
	if err != errno.OK {
		return 0, err
	}
	fs.count.freeInodes.Add(-1)
	return g*fs.sb.InodesPerGroup + pos + 1, errno.OK
}

// freshTable gives a never-used inode table block its first content, all zero. Two threads may come here for the same
// block: the second finds it done.
func (fs *FS) freshTable(h *handle, g, index uint32) (*buf, errno.Errno) {
	blk := fs.sb.InodeTable(g) + uint64(index)
	fs.tableMu.Lock()
	defer fs.tableMu.Unlock()
	gr := &fs.groups[g]
	gr.lock.Lock()
	done := gr.tableInit > index
	gr.lock.Unlock()
	if done {
		return fs.bufs.read(blk, 0)
	}
	b, err := fs.bufs.fresh(blk, 0)
	if err != errno.OK {
		return nil, err
	}
	if err = h.write(b); err != errno.OK {
		fs.bufs.disown(b)
		return nil, err
	}
	gr.lock.Lock()
	gr.tableInit = index + 1
	gr.lock.Unlock()
	return b, errno.OK
}

// freeInode gives an inode number back.
func (fs *FS) freeInode(h *handle, ino uint32, dir bool) errno.Errno {
	g := (ino - 1) / fs.sb.InodesPerGroup
	pos := (ino - 1) % fs.sb.InodesPerGroup
	bm, desc, err := fs.groupBufs(h, g, fs.sb.InodeBitmap(g), disk.MagicIBM)
	if err != errno.OK {
		return err
	}
	gr := &fs.groups[g]
	used := bm.data[disk.HeaderSize:]
	gr.lock.Lock()
	ok := allSet(used, pos, 1)
	if ok {
		clearBits(used, pos, 1)
		gr.inodeHint = min(gr.inodeHint, pos)
		gr.freeInodes++
		if dir && gr.dirs > 0 {
			gr.dirs--
		}
		fs.putDesc(g, desc)
	}
	gr.lock.Unlock()
	fs.bufs.put(desc)
	fs.bufs.put(bm)
	if !ok {
		return fs.corrupt("freeing an inode that is free", uint64(ino))
	}
	fs.count.freeInodes.Add(1)
	return errno.OK
}

// inodeBuf returns the table block of an inode. Preconditions: ino is valid.
func (fs *FS) inodeBuf(ino uint32) (*buf, errno.Errno) {
	blk, _ := fs.sb.InodeAt(ino)
	return fs.bufs.read(blk, 0)
}
