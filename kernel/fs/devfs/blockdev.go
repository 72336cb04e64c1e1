package devfs

import (
	"unsafe"

	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/uio"
	"galago/kernel/vfs"
	"galago/kernel/vm/pagecache"
)

// bdev is a block device as a file: its page cache, shared by all who have it open. It is made at the first opening and stays.
type bdev struct {
	pages pagecache.Object
	dev   *block.Device
	lock  sched.RWMutex // writers
	next  *bdev         // guarded by bdevLock
}

var (
	bdevCache = mem.Cache[bdev]{Name: "bdev"}
	bdevLock  = lock.Spin{Rank: lock.RankModuleList}
	bdevs     *bdev // guarded by bdevLock

	theBlockOps vfs.FileOps   = blockOps{}
	blockPages  pagecache.Ops = blockPageOps{}
)

const pageShift = 12

// addBlockDevices makes nodes for the block devices there are.
func addBlockDevices() (err errno.Errno) {
	block.Each(func(d *block.Device) bool {
		err = AddBlockDevice(d)
		return err == errno.OK
	})
	return err
}

// AddBlockDevice makes the node of a block device that appeared after Init.
func AddBlockDevice(d *block.Device) errno.Errno {
	err := makeNode(d.Name, vfs.S_IFBLK|0o660, vfs.Makedev(d.Major, d.Minor))
	if err == errno.EEXIST {
		return errno.OK
	}
	return err
}

// getBdev finds or makes the file of a device.
func getBdev(d *block.Device) *bdev {
	var fresh *bdev
	for {
		bdevLock.Lock()
		b := bdevs
		for b != nil && b.dev != d {
			b = b.next
		}
		if b == nil && fresh != nil {
			fresh.next = bdevs
			bdevs = fresh
			b = fresh
			fresh = nil
		}
		bdevLock.Unlock()
		if b != nil {
			if fresh != nil {
				bdevCache.Free(fresh)
			}
			return b
		}
		if fresh = bdevCache.Alloc(); fresh == nil {
			return nil
		}
		fresh.dev = d
		fresh.pages.Init(blockPages, unsafe.Pointer(fresh), 0)
		fresh.pages.SetSize(int64(d.Sectors) * block.SectorSize)
	}
}

func openBlock(i *vfs.Inode, f *vfs.File) errno.Errno {
	d := block.LookupNumber(vfs.Major(i.Rdev), vfs.Minor(i.Rdev))
	if d == nil {
		return errno.ENXIO
	}
	if d.ReadOnly && f.Writable() {
		return errno.EACCES
	}
	b := getBdev(d)
	if b == nil {
		return errno.ENOMEM
	}
	f.Ops, f.Private, f.Pages = theBlockOps, unsafe.Pointer(b), &b.pages
	return errno.OK
}

func bdevOf(f *vfs.File) *bdev { return (*bdev)(f.Private) }

// blockPageOps moves pages between the cache and the device.
type blockPageOps struct{ pagecache.NoPrepare }

// ReadPages starts reads.
func (blockPageOps) ReadPages(o *pagecache.Object, frames []*mem.Frame) errno.Errno {
	return transfer(o, frames, block.Read)
}

// WritePages starts writes.
func (blockPageOps) WritePages(o *pagecache.Object, frames []*mem.Frame) errno.Errno {
	return transfer(o, frames, block.Write)
}

// transfer submits requests for consecutive pages. The last page of a device whose size is not a multiple of the page's is cut.
func transfer(o *pagecache.Object, frames []*mem.Frame, op block.Op) errno.Errno {
	b := (*bdev)(o.Owner)
	for len(frames) > 0 {
		r := block.AllocRequest(b.dev, op)
		r.Done = pagesDone
		first := frames[0].Index
		r.Sector = first << (pageShift - 9)
		n := 0
		for n < len(frames) && !r.Full() {
			left := o.Size() - int64(frames[n].Index)<<pageShift
			r.AddSegment(frames[n], 0, uint32(min(left, 1<<pageShift)))
			n++
		}
		frames = frames[n:]
		b.dev.Submit(r)
	}
	return errno.OK
}

// pagesDone completes the pages of a request.
func pagesDone(r *block.Request) {
	for i := range r.Segs[:r.NSegs] {
		if r.Op == block.Read {
			pagecache.ReadDone(r.Segs[i].Frame, r.Err)
		} else {
			pagecache.WriteDone(r.Segs[i].Frame, r.Err)
		}
	}
	block.FreeRequest(r)
}

// blockOps is an open block device.
type blockOps struct{ vfs.NoFileOps }

// Read reads through the cache.
func (blockOps) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) {
	return pagecache.GenericRead(&bdevOf(f).pages, &f.RA, it, pos)
}

// Write writes through the cache; a device does not grow.
func (blockOps) Write(f *vfs.File, it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	b := bdevOf(f)
	if it.Len() == 0 {
		return 0, pos, errno.OK
	}
	size := b.pages.Size()
	if f.Flags.Load()&vfs.O_APPEND != 0 {
		pos = size
	}
	if pos >= size {
		return 0, pos, errno.ENOSPC
	}
	if int64(it.Len()) > size-pos {
		it.Truncate(int(size - pos))
	}
	b.lock.Lock()
	n, err := pagecache.GenericWrite(&b.pages, it, pos)
	b.lock.Unlock()
	if n > 0 && f.Flags.Load()&vfs.O_DSYNC != 0 {
		if e := f.Fsync(true); e != errno.OK {
			return 0, pos, e
		}
	}
	return n, pos + int64(n), err
}

// Seek moves within the device.
func (blockOps) Seek(f *vfs.File, off int64, whence int) (int64, errno.Errno) {
	size := bdevOf(f).pages.Size()
	switch whence {
	case vfs.SeekSet:
	case vfs.SeekCur:
		off += f.Position()
	case vfs.SeekEnd:
		off += size
	default:
		return 0, errno.EINVAL
	}
	if off < 0 || off > size {
		return 0, errno.EINVAL
	}
	return off, errno.OK
}

// Fsync writes the cache and has the device write its own.
func (blockOps) Fsync(f *vfs.File, datasync bool) errno.Errno {
	b := bdevOf(f)
	b.pages.Sync(0, ^uint64(0), true)
	err := b.dev.Flush()
	if e := f.WritebackError(); e != errno.OK {
		err = e
	}
	return err
}

// Mmap maps the cache.
func (blockOps) Mmap(f *vfs.File, m *vfs.MapRequest) errno.Errno {
	m.Object = &bdevOf(f).pages
	return errno.OK
}

// Commands of ioctl(2) on block devices; values of include/uapi/linux/fs.h.
const (
	blkROGet     = 0x125e
	blkGetSize   = 0x1260
	blkFlushBuf  = 0x1261
	blkSSZGet    = 0x1268
	blkPBSZGet   = 0x127b
	blkGetSize64 = 0x80081272
	blkBSZGet    = 0x80081270
)

// Ioctl answers what tools ask of disks.
func (blockOps) Ioctl(f *vfs.File, cmd uint32, arg uintptr) (uintptr, errno.Errno) {
	b := bdevOf(f)
	size := uint64(b.pages.Size())
	switch cmd {
	case blkGetSize64:
		return 0, putUser(arg, size, 8)
	case blkGetSize:
		return 0, putUser(arg, size/block.SectorSize, 8)
	case blkSSZGet:
		return 0, putUser(arg, uint64(b.dev.BlockSize), 4)
	case blkPBSZGet:
		return 0, putUser(arg, uint64(b.dev.PhysBlockSize), 4)
	case blkBSZGet:
		return 0, putUser(arg, 1<<pageShift, 8)
	case blkROGet:
		ro := uint64(0)
		if b.dev.ReadOnly {
			ro = 1
		}
		return 0, putUser(arg, ro, 4)
	case blkFlushBuf:
		b.pages.Sync(0, ^uint64(0), true)
		b.pages.Invalidate(0, ^uint64(0))
		return 0, errno.OK
	}
	return 0, errno.ENOTTY
}

// putUser stores the low n bytes of v in user memory.
func putUser(p uintptr, v uint64, n int) errno.Errno {
	var b [8]byte
	for i := range n {
		b[i] = byte(v >> (8 * i))
	}
	it := uio.FromUser(p, n)
	if k, _ := it.CopyOut(b[:n]); k < n {
		return errno.EFAULT
	}
	return errno.OK
}
