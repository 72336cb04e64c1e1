package galfs

import (
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/vfs"
)

// superOps is vfs.SuperOps.
type superOps struct{}

func fsOf(sb *vfs.SuperBlock) *FS { return (*FS)(sb.Private) }

// AllocInode makes an empty inode.
func (superOps) AllocInode(sb *vfs.SuperBlock) *vfs.Inode {
	i := inodeSlab.Alloc()
	if i == nil {
		return nil
	}
	i.fs = fsOf(sb)
	return &i.Inode
}

// FreeInode frees it again.
func (superOps) FreeInode(vi *vfs.Inode) { inodeSlab.Free(inodeOf(vi)) }

// ReadInode fills it from the disk.
func (superOps) ReadInode(vi *vfs.Inode) errno.Errno { return inodeOf(vi).load() }

// WriteInode stores what has changed only in memory: times, mostly.
func (superOps) WriteInode(vi *vfs.Inode, sync bool) errno.Errno {
	i := inodeOf(vi)
	if err := i.write(); err != errno.OK {
		return err
	}
	if sync {
		return i.commit(false)
	}
	return errno.OK
}

// EvictInode frees a file without links.
func (superOps) EvictInode(vi *vfs.Inode) {
	i := inodeOf(vi)
	if vi.Links() > 0 || i.ino == 0 {
		return
	}
	if i.release() != errno.OK {
		i.fs.forgetOrphan(i) // it stays on the disk's list, for the next mount
	}
}

// SyncFS commits the running transaction.
func (superOps) SyncFS(sb *vfs.SuperBlock, wait bool) errno.Errno {
	fs := fsOf(sb)
	if !wait {
		return errno.OK
	}
	if sb.Flags.Load()&vfs.MS_RDONLY != 0 && fs.jnl.aborted.Load() == 0 {
		return errno.OK
	}
	seq, dirty := fs.jnl.dirty()
	if !dirty {
		return fs.flush()
	}
	return fs.jnl.commit(seq)
}

// StatFS fills statfs's figures.
func (superOps) StatFS(sb *vfs.SuperBlock, st *vfs.StatFS) errno.Errno {
	fs := fsOf(sb)
	st.Type, st.Bsize, st.Frsize, st.Namelen = Magic, disk.BlockSize, disk.BlockSize, disk.NameMax
	st.Blocks = fs.sb.Blocks
	free := max(fs.count.freeBlocks.Load()-fs.count.reserved.Load(), 0)
	st.Bfree = uint64(free)
	st.Bavail = uint64(max(free-fs.slack(), 0))
	st.Files, st.Ffree = fs.sb.Inodes(), uint64(max(fs.count.freeInodes.Load(), 0))
	st.FSID = [2]int32{int32(disk.U32(fs.sb.UUID[:], 0)), int32(disk.U32(fs.sb.UUID[:], 4))}
	return errno.OK
}

// Remount changes between read-only and writable.
func (superOps) Remount(sb *vfs.SuperBlock, flags uint32, data string) errno.Errno {
	fs := fsOf(sb)
	if data != "" {
		return errno.EINVAL
	}
	if flags&vfs.MS_RDONLY != 0 {
		return fs.quiesce()
	}
	if fs.dev.ReadOnly || fs.jnl.aborted.Load() != 0 {
		return errno.EROFS
	}
	return fs.markState(disk.StateMounted, 0)
}

// quiesce commits everything and empties the log, so that the disk is whole without it.
func (fs *FS) quiesce() errno.Errno {
	if fs.dev.ReadOnly {
		return errno.OK
	}
	if e := fs.jnl.aborted.Load(); e != 0 {
		return errno.OK
	}
	if err := fs.markState(0, 0); err != errno.OK {
		return err
	}
	seq, _ := fs.jnl.dirty()
	if err := fs.jnl.commit(seq); err != errno.OK {
		return err
	}
	fs.jnl.commitMu.Lock()
	err := fs.jnl.checkpoint()
	fs.jnl.commitMu.Unlock()
	return err
}

// PutSuper ends the mount.
func (superOps) PutSuper(sb *vfs.SuperBlock) {
	fs := fsOf(sb)
	fs.unlistForShrinker()
	if fs.thread != nil {
		fs.stopping.Store(true)
		fs.tick.WakeAll()
		fs.ended.Wait()
	}
	fs.quiesce()
	fs.jnl.shutdown()
	sb.Private = nil
	fs.free()
}
