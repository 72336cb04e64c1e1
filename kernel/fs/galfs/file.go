package galfs

import (
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/vfs"
)

// fileOps is what open regular files do: all through the page cache, but for fsync.
type fileOps struct{ vfs.GenericFileOps }

// dirOps is what open directories do.
type dirOps struct{ vfs.DirFileOps }

// Fsync makes a file durable.
func (fileOps) Fsync(f *vfs.File, datasync bool) errno.Errno {
	return inodeOf(f.Inode).sync(f, datasync)
}

// Seek finds data and holes by the extents, when what is still only in memory has got its blocks.
func (fileOps) Seek(f *vfs.File, off int64, whence int) (int64, errno.Errno) {
	if whence != vfs.SeekData && whence != vfs.SeekHole {
		return vfs.GenericSeek(f, off, whence)
	}
	i := inodeOf(f.Inode)
	size := i.Size()
	if off < 0 || off >= size {
		return 0, errno.ENXIO
	}
	first, end := uint32(off>>disk.BlockShift), uint32((size+disk.BlockSize-1)>>disk.BlockShift)
	i.Pages.Sync(uint64(first), uint64(end-1), true)
	for l := first; l < end; {
		i.mapLock.RLock()
		blk, n, err := i.mapBlock(l)
		i.mapLock.RUnlock()
		if err != errno.OK {
			return 0, err
		}
		if (blk != 0) == (whence == vfs.SeekData) {
			return max(off, int64(l)<<disk.BlockShift), errno.OK
		}
		l += min(n, end-l)
	}
	if whence == vfs.SeekData {
		return 0, errno.ENXIO
	}
	return size, errno.OK
}

// Fsync makes a directory's names durable.
func (dirOps) Fsync(f *vfs.File, datasync bool) errno.Errno {
	return inodeOf(f.Inode).commit(datasync)
}

// sync writes a file's data and commits what describes it.
func (i *Inode) sync(f *vfs.File, datasync bool) errno.Errno {
	i.Pages.Sync(0, ^uint64(0), true)
	err := i.commit(datasync)
	if e := f.WritebackError(); e != errno.OK {
		return e
	}
	return err
}

// commit makes an inode's last change durable: by a commit if the transaction it is in has not committed, else by
// flushing the device, which may hold data of a plain overwrite.
func (i *Inode) commit(datasync bool) errno.Errno {
	fs := i.fs
	if !datasync {
		if err := i.Write(false); err != errno.OK {
			return err
		}
	}
	i.mapLock.RLock()
	seq := i.syncSeq
	if datasync {
		seq = i.dataSeq
	}
	i.mapLock.RUnlock()
	if fs.jnl.done.Load() < seq {
		err := fs.jnl.commit(seq)
		if err != errno.OK || fs.jnl.done.Load() >= seq {
			return err
		}
	}
	if e := fs.jnl.aborted.Load(); e != 0 {
		return errno.EROFS
	}
	return fs.flush()
}

// write stores the inode in a handle of its own.
func (i *Inode) write() errno.Errno {
	var h handle
	if err := i.fs.jnl.start(&h, 2); err != errno.OK {
		return err
	}
	i.mapLock.Lock()
	err := i.store(&h, false)
	i.mapLock.Unlock()
	h.stop()
	return err
}

// ReadDir emits the names from ctx.Pos on.
func (dirOps) ReadDir(f *vfs.File, ctx *vfs.DirContext) errno.Errno {
	if !ctx.EmitDots(f) {
		return errno.OK
	}
	d := inodeOf(f.Inode)
	stopped := false
	err := d.dirEach(ctx.Pos, func(name string, ino uint32, typ uint8, pos, next int64) bool {
		ctx.Pos = pos
		stopped = !ctx.Emit(name, uint64(ino), typ, next)
		return !stopped
	})
	if err == errno.OK && !stopped {
		ctx.Pos = cookieEnd
	}
	return err
}

// Seek sets a directory's position: a cookie that ReadDir gave out.
func (o dirOps) Seek(f *vfs.File, off int64, whence int) (int64, errno.Errno) {
	return o.DirFileOps.Seek(f, off, whence)
}

// SetAttr changes attributes, the size among them.
func (inodeOps) SetAttr(vi *vfs.Inode, a *vfs.Attr) errno.Errno {
	i := inodeOf(vi)
	if a.Valid&vfs.AttrSize != 0 && vi.Mode&disk.ModeFmt == disk.ModeReg {
		if a.Size > disk.MaxFileSize {
			return errno.EFBIG
		}
		return i.resize(a)
	}
	var h handle
	if err := i.fs.jnl.start(&h, 2); err != errno.OK {
		return err
	}
	vi.ApplyAttr(a)
	err := i.storeLocked(&h)
	h.stop()
	return err
}

// resize changes the size. Pages first: none beyond the size may be left when the blocks go.
func (i *Inode) resize(a *vfs.Attr) errno.Errno {
	fs := i.fs
	shrinks := a.Size < i.Pages.Size()
	perr := i.Pages.Truncate(a.Size)
	if shrinks {
		if err := i.truncateBlocks(a.Size); err != errno.OK {
			return err
		}
	}
	var h handle
	if err := fs.jnl.start(&h, 2); err != errno.OK {
		return err
	}
	i.ApplyAttr(a)
	i.mapLock.Lock()
	if !shrinks {
		i.diskSize = a.Size
	}
	err := i.store(&h, true)
	i.mapLock.Unlock()
	h.stop()
	if perr != errno.OK {
		return perr
	}
	return err
}
