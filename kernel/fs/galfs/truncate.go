package galfs

import (
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
)

// stepCredits is what one handle of a long truncation reserves: room for several steps of trimExtents.
func (fs *FS) stepCredits() int { return min(8*trimCredits, fs.jnl.maxTx/2) }

// truncateBlocks makes size the size on the disk, if it was larger, and gives back the blocks that lie wholly beyond. If that
// takes more than one transaction, the inode is on the orphan list meanwhile, so that a crash in between leaves
// no blocks behind. Preconditions: no page beyond size is in the cache.
func (i *Inode) truncateBlocks(size int64) errno.Errno {
	fs := i.fs
	from := uint32((size + disk.BlockSize - 1) >> disk.BlockShift)
	for {
		var h handle
		if err := fs.jnl.start(&h, fs.stepCredits()+orphanCredits+1); err != errno.OK {
			return err
		}
		h.credits -= orphanCredits + 1
		i.mapLock.Lock()
		i.diskSize = min(i.diskSize, size)
		done, err := i.trimExtents(&h, from)
		h.credits += orphanCredits + 1
		if e := i.store(&h, true); err == errno.OK {
			err = e
		}
		i.mapLock.Unlock()
		var e errno.Errno
		if done && err == errno.OK {
			e = fs.orphanDel(&h, i)
		} else {
			e = fs.orphanAdd(&h, i)
		}
		err = firstErr(err, e, errno.OK)
		h.stop()
		if done || err != errno.OK {
			return err
		}
	}
}

// release frees the inode and all it owns. It is the last thing that happens to an inode without links. Preconditions: i is on the
// orphan list, its pages are gone.
func (i *Inode) release() errno.Errno {
	fs := i.fs
	done := false
	for !done {
		var h handle
		if err := fs.jnl.start(&h, fs.stepCredits()+orphanCredits+4); err != errno.OK {
			return err
		}
		h.credits -= orphanCredits + 4
		var err errno.Errno
		i.mapLock.Lock()
		done, err = i.freeContents(&h)
		h.credits += orphanCredits + 4
		if err == errno.OK && !done {
			err = i.store(&h, true)
		}
		i.mapLock.Unlock()
		if err == errno.OK && done {
			if err = fs.orphanDel(&h, i); err == errno.OK {
				err = i.erase(&h)
			}
		}
		h.stop()
		if err != errno.OK {
			return err
		}
	}
	return errno.OK
}

// freeContents frees the blocks of an inode, as far as the handle's credits go.
//
// +checklocks:i.mapLock
func (i *Inode) freeContents(h *handle) (done bool, err errno.Errno) {
	switch {
	case i.Mode&disk.ModeFmt == disk.ModeReg:
		return i.trimExtents(h, 0)
	case i.Mode&disk.ModeFmt == disk.ModeLink && i.diskSize > fastLink:
		return true, i.freeLink(h)
	}
	return true, errno.OK
}

// freeLink frees the block of a long symbolic link.
func (i *Inode) freeLink(h *handle) errno.Errno {
	b, err := i.readNode(disk.U64(i.root[:], 0), 0, disk.MagicLink)
	if err != errno.OK {
		return err
	}
	var op freeOp
	if err = i.fs.prepareFree(h, &op, b.blk, 1); err == errno.OK {
		h.forget(b)
		i.fs.applyFree(h, &op)
	}
	i.fs.bufs.put(b)
	return err
}

// erase clears the inode's slot, all but its generation, and gives its number back.
func (i *Inode) erase(h *handle) errno.Errno {
	fs := i.fs
	b, err := fs.inodeBuf(i.ino)
	if err != errno.OK {
		return err
	}
	if err = h.write(b); err == errno.OK {
		_, off := fs.sb.InodeAt(i.ino)
		raw := b.data[off : off+disk.InodeSize]
		clear(raw)
		disk.Put32(raw, disk.InGen, i.gen)
		err = fs.freeInode(h, i.ino, i.Mode&disk.ModeFmt == disk.ModeDir)
	}
	fs.bufs.put(b)
	return err
}
