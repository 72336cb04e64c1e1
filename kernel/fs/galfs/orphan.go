package galfs

import (
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
)

// The orphan list: inodes that a crash would leave half done. Those with no links are open but have no name; the others are
// being truncated. On the disk it is a singly linked list from the superblock through the inodes; in memory it is doubly linked,
// so that an inode can be taken out of the middle by changing its predecessor. The next mount finishes the work.

// orphanCredits is how many blocks orphanAdd or orphanDel modifies: superblock, the inode, its predecessor.
const orphanCredits = 3

// setNextOrphan writes the list's link in an inode. Preconditions: orphanMu is held.
//
// +checklocks:i.fs.orphanMu
func (i *Inode) setNextOrphan(h *handle, next uint32) errno.Errno {
	b, err := i.fs.inodeBuf(i.ino)
	if err != errno.OK {
		return err
	}
	if err = h.write(b); err == errno.OK {
		_, off := i.fs.sb.InodeAt(i.ino)
		disk.Put32(b.data[:], off+disk.InOrphan, next)
	}
	i.fs.bufs.put(b)
	return err
}

// setOrphanHead writes the list's head. Preconditions: orphanMu is held.
//
// +checklocks:fs.orphanMu
func (fs *FS) setOrphanHead(h *handle, ino uint32) errno.Errno {
	b, err := fs.bufs.read(0, disk.MagicSuper)
	if err != errno.OK {
		return err
	}
	if err = h.write(b); err == errno.OK {
		disk.PutOrphan(b.data[:], ino)
	}
	fs.bufs.put(b)
	return err
}

// orphanAdd puts i on the list, if it is not there.
func (fs *FS) orphanAdd(h *handle, i *Inode) errno.Errno {
	fs.orphanMu.Lock()
	defer fs.orphanMu.Unlock()
	if i.orphan {
		return errno.OK
	}
	next := uint32(0)
	if fs.orphans != nil {
		next = fs.orphans.ino
	}
	if err := i.setNextOrphan(h, next); err != errno.OK {
		return err
	}
	if err := fs.setOrphanHead(h, i.ino); err != errno.OK {
		return err
	}
	i.onextIno, i.onext, i.oprev = next, fs.orphans, nil
	if i.onext != nil {
		i.onext.oprev = i
	}
	fs.orphans, i.orphan = i, true
	return errno.OK
}

// orphanDel takes i off the list, if it is there.
func (fs *FS) orphanDel(h *handle, i *Inode) errno.Errno {
	fs.orphanMu.Lock()
	defer fs.orphanMu.Unlock()
	if !i.orphan {
		return errno.OK
	}
	err := errno.OK
	if i.oprev != nil {
		err = i.oprev.setNextOrphan(h, i.onextIno)
	} else {
		err = fs.setOrphanHead(h, i.onextIno)
	}
	if err == errno.OK {
		err = i.setNextOrphan(h, 0)
	}
	if err != errno.OK {
		return err
	}
	if i.oprev != nil {
		i.oprev.onext, i.oprev.onextIno = i.onext, i.onextIno
	} else {
		fs.orphans = i.onext
	}
	if i.onext != nil {
		i.onext.oprev = i.oprev
	}
	i.onext, i.oprev, i.onextIno, i.orphan = nil, nil, 0, false
	return errno.OK
}

// forgetOrphan drops i from the list in memory when the file system has failed and the one on the disk can not be
// changed any more.
func (fs *FS) forgetOrphan(i *Inode) {
	fs.orphanMu.Lock()
	defer fs.orphanMu.Unlock()
	if !i.orphan {
		return
	}
	if i.oprev != nil {
		i.oprev.onext = i.onext
	} else if fs.orphans == i {
		fs.orphans = i.onext
	}
	if i.onext != nil {
		i.onext.oprev = i.oprev
	}
	i.onext, i.oprev, i.orphan = nil, nil, false
}

// recoverOrphans finishes what the list says, at mount. Each round removes the head, so a list that loops runs into an
// inode that is already free.
func (fs *FS) recoverOrphans() errno.Errno {
	fs.recovering.Store(true)
	defer fs.recovering.Store(false)
	for range fs.sb.Inodes() {
		b, err := fs.bufs.read(0, disk.MagicSuper)
		if err != errno.OK {
			return err
		}
		ino := disk.OrphanHead(b.data[:])
		fs.bufs.put(b)
		if ino == 0 {
			return errno.OK
		}
		if !fs.sb.ValidIno(ino) {
			return fs.corrupt("orphan list", uint64(ino))
		}
		vi, err := fs.iget(ino)
		if err != errno.OK {
			return err
		}
		i := inodeOf(vi)
		next := i.onextIno
		if next != 0 && !fs.sb.ValidIno(next) || i.Nlink > 0 && i.Mode&disk.ModeFmt != disk.ModeReg {
			err = fs.corrupt("orphan list", uint64(ino)) // before Put, which would free it
			vi.Put()
			return err
		}
		fs.orphanMu.Lock()
		fs.orphans, i.orphan = i, true
		fs.orphanMu.Unlock()
		fs.recovered++
		if i.Nlink > 0 {
			err = i.truncateBlocks(i.diskSize)
		}
		vi.Put() // frees it when it has no links
		if err != errno.OK {
			return err
		}
		if e := fs.jnl.aborted.Load(); e != 0 {
			return errno.Errno(e)
		}
	}
	return fs.corrupt("orphan list does not end", 0)
}
