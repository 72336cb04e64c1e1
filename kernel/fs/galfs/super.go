package galfs

import (
	"unsafe"

	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/klog"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// commitInterval is the age in nanoseconds at which changes are committed without anybody asking.
const commitInterval = 5_000_000_000

// Options are what a mount may choose. The zero value is right for the kernel.
type Options struct {
	Bare    bool            // for galhost: no commit thread, no root dentry, no inode stays cached
	Clock   func() vfs.Time // nil: the kernel's clock
	Buffers int32           // limit of the metadata cache in blocks; 0: a quarter of the memory
}

var (
	fsSlab = mem.Cache[FS]{Name: "galfs"}
	fsType = vfs.FSType{Name: "galfs"}
)

// Register makes galfs known to mount(2).
func Register() errno.Errno {
	fsType.Mount = mountType
	return vfs.Register(&fsType)
}

func mountType(t *vfs.FSType, dev *block.Device, flags uint32, data string) (*vfs.SuperBlock, errno.Errno) {
	if data != "" {
		return nil, errno.EINVAL
	}
	return Mount(dev, flags, Options{})
}

// Mount mounts the galfs on dev: it checks the superblock, replays the journal, deals with orphans and starts the
// commit thread.
func Mount(dev *block.Device, flags uint32, o Options) (*vfs.SuperBlock, errno.Errno) {
	fs := fsSlab.Alloc()
	if fs == nil {
		return nil, errno.ENOMEM
	}
	fs.dev, fs.clock = dev, o.Clock
	if fs.clock == nil {
		fs.clock = vfs.Now
	}
	fs.freedLock.Init(lock.RankFSJournal)
	fs.jnl.init(fs)
	fs.zeroIO.fs = fs
	fs.zeroIO.count.init()
	limit := o.Buffers
	if limit == 0 {
		limit = int32(min(mem.Stats().Total/4, 1<<20))
	}
	err := fs.bufs.init(fs, limit)
	if err == errno.OK {
		err = fs.open(flags&vfs.MS_RDONLY != 0)
	}
	if err == errno.OK {
		err = fs.makeSuper(flags)
	}
	if err != errno.OK {
		fs.free()
		return nil, err
	}
	sb := fs.vsb
	sb.NoCache = true
	if err = fs.start(flags&vfs.MS_RDONLY != 0, o.Bare); err != errno.OK {
		Unmount(sb)
		return nil, err
	}
	sb.NoCache = o.Bare
	fs.listForShrinker()
	return sb, errno.OK
}

// Unmount ends a mount that vfs does not manage: one with Options.Bare, or one that failed.
func Unmount(sb *vfs.SuperBlock) {
	theSuperOps.PutSuper(sb)
	vfs.DropSuper(sb)
}

// open reads the superblock, replays the journal and reads the groups.
func (fs *FS) open(readOnly bool) errno.Errno {
	if err := fs.readSuper(readOnly); err != errno.OK {
		return err
	}
	fs.jnl.maxTx = int(fs.sb.JBlocks-1) * 3 / 4
	if err := fs.replay(fs.dev.ReadOnly); err != errno.OK {
		return err
	}
	if fs.replayed > 0 {
		klog.Printf("galfs: %s: replayed %d transactions", fs.dev.Name, fs.replayed)
		before := fs.sb
		if err := fs.readSuper(readOnly); err != errno.OK {
			return err
		}
		if !before.SameVolume(&fs.sb) {
			return fs.corrupt("the log has another superblock", 0)
		}
	}
	return fs.readGroups()
}

// readSuper reads and checks the superblock.
func (fs *FS) readSuper(readOnly bool) errno.Errno {
	f := mem.AllocFrame(0)
	if f == nil {
		return errno.ENOMEM
	}
	err := fs.readBlock(0, f)
	if err == errno.OK {
		switch why := fs.sb.Get(f.Bytes(), 0, fs.dev.Sectors/sectorsPerBlock); {
		case why == disk.SBMagic:
			err = errno.EINVAL
		case why == disk.SBROFeature && readOnly:
		case why != disk.SBOK:
			klog.Errorf("galfs: %s: superblock: %s", fs.dev.Name, why.String())
			err = errno.EUCLEAN
		}
	}
	f.Put()
	return err
}

// readGroups takes over the group descriptors.
func (fs *FS) readGroups() errno.Errno {
	p := mem.Alloc(uintptr(fs.sb.Groups) * unsafe.Sizeof(group{}))
	if p == nil {
		return errno.ENOMEM
	}
	fs.groups = unsafe.Slice((*group)(p), fs.sb.Groups)
	for g := range fs.sb.Groups {
		gr := &fs.groups[g]
		*gr = group{}
		gr.lock.Init(lock.RankFSAlloc)
	}
	for g := range fs.sb.Groups {
		blk, off := fs.sb.DescAt(g)
		b, err := fs.bufs.read(blk, disk.MagicGroups)
		if err != errno.OK {
			return err
		}
		d, gr := b.data[off:], &fs.groups[g]
		gr.free, gr.freeInodes = disk.U32(d, disk.GDFreeBlocks), disk.U32(d, disk.GDFreeInodes)
		gr.dirs, gr.tableInit = disk.U32(d, disk.GDDirs), disk.U32(d, disk.GDTableInit)
		fs.bufs.put(b)
		if gr.free > fs.sb.GroupBlocks(g) || gr.freeInodes > fs.sb.InodesPerGroup || gr.tableInit > fs.sb.TableBlocks() {
			return fs.corrupt("impossible group descriptor", uint64(g))
		}
		fs.count.freeBlocks.Add(int64(gr.free))
		fs.count.freeInodes.Add(int64(gr.freeInodes))
	}
	return errno.OK
}

// makeSuper makes vfs's superblock and the root.
func (fs *FS) makeSuper(flags uint32) errno.Errno {
	sb := vfs.NewSuper(&fsType, fs.dev, vfs.Makedev(fs.dev.Major, fs.dev.Minor), theSuperOps)
	if sb == nil {
		return errno.ENOMEM
	}
	sb.BlockSize = disk.BlockSize
	sb.MaxBytes = disk.MaxFileSize
	sb.Magic = Magic
	sb.Flags.Store(flags)
	sb.Private = unsafe.Pointer(fs)
	fs.vsb = sb
	return errno.OK
}

// start finishes the mount.
func (fs *FS) start(readOnly, bare bool) errno.Errno {
	if fs.dev.ReadOnly {
		fs.vsb.Flags.Or(vfs.MS_RDONLY)
		readOnly = true
	} else if err := fs.recoverOrphans(); err != errno.OK {
		return err
	}
	if fs.recovered > 0 {
		klog.Printf("galfs: %s: finished %d unlinked or truncated files", fs.dev.Name, fs.recovered)
	}
	root, err := fs.iget(disk.RootIno)
	if err != errno.OK {
		return err
	}
	if !isDir(inodeOf(root)) {
		root.Put()
		return fs.corrupt("the root is no directory", disk.RootIno)
	}
	if !readOnly {
		if err = fs.markState(disk.StateMounted, 1); err != errno.OK {
			root.Put()
			return err
		}
	}
	if bare {
		root.Put()
		return errno.OK
	}
	if fs.thread, err = sched.Go("galfs", commitThread, unsafe.Pointer(fs)); err != errno.OK {
		root.Put()
		return err
	}
	fs.vsb.Root, err = vfs.NewRoot(fs.vsb, root)
	return err
}

// markState records mounting and unmounting in the superblock. It is for people to read; what must be done at the
// next mount is in the journal.
func (fs *FS) markState(state, mounts uint32) errno.Errno {
	var h handle
	if err := fs.jnl.start(&h, 1); err != errno.OK {
		return err
	}
	b, err := fs.bufs.read(0, disk.MagicSuper)
	if err == errno.OK {
		if err = h.write(b); err == errno.OK {
			fs.sb.Mounts += mounts
			fs.sb.State = fs.sb.State&^disk.StateMounted | state
			fs.sb.Mounted = fs.now().Sec
			disk.PutState(b.data[:], fs.sb.State, fs.sb.Mounts, fs.sb.Mounted)
		}
		fs.bufs.put(b)
	}
	h.stop()
	return err
}

// commitThread commits from time to time what nobody asked to be made durable.
func commitThread(arg unsafe.Pointer) {
	fs := (*FS)(arg)
	for !fs.stopping.Load() {
		fs.tick.WaitTimeout(fs.stopping.Load, commitInterval, false)
		if seq, dirty := fs.jnl.dirty(); dirty {
			fs.jnl.commit(seq)
		}
	}
	fs.ended.Done()
}

// now returns the time for time stamps.
func (fs *FS) now() vfs.Time { return fs.clock() }

// name returns the device's name for messages.
func (fs *FS) name() string { return fs.dev.Name }

// iget returns the inode of a number.
func (fs *FS) iget(ino uint32) (*vfs.Inode, errno.Errno) {
	if !fs.sb.ValidIno(ino) {
		return nil, fs.corrupt("inode number out of range", uint64(ino))
	}
	return vfs.GetInode(fs.vsb, uint64(ino))
}

// free releases all memory at the end of an unmount or of a failed mount.
func (fs *FS) free() {
	fs.bufs.destroy()
	if fs.groups != nil {
		for g := range fs.groups {
			if f := fs.groups[g].busy; f != nil {
				f.Put()
			}
		}
		mem.Free(unsafe.Pointer(unsafe.SliceData(fs.groups)))
		fs.groups = nil
	}
	fsSlab.Free(fs)
}

// allocTable returns a zeroed table for a scan of the log.
func allocTable(n uint32) ([]disk.LogEntry, errno.Errno) {
	size := uintptr(n) * unsafe.Sizeof(disk.LogEntry{})
	p := mem.Alloc(size)
	if p == nil {
		return nil, errno.ENOMEM
	}
	t := unsafe.Slice((*disk.LogEntry)(p), n)
	clear(t)
	return t, errno.OK
}

func freeTable(t []disk.LogEntry) { mem.Free(unsafe.Pointer(unsafe.SliceData(t))) }
