package vfs

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/uio"
	"galago/kernel/vm/pagecache"
)

// File is an open file description.
type File struct {
	Ops     FileOps
	Inode   *Inode
	Path    Path           // zero for an anonymous file
	Private unsafe.Pointer // the implementation's
	Cred    *cred.Cred     // of the opener; referenced
	RA      pagecache.ReadAhead
	Pages   *pagecache.Object // contents, for mappings: the inode's, unless Open sets another (block devices)

	refs  atomic.Int32
	Flags atomic.Uint32 // O_* as F_GETFL shows them
	mode  uint32        // file mode bits; fixed after open

	posLock sched.Mutex
	pos     int64         // guarded by posLock when anybody else could use the file
	wbErr   atomic.Uint32 // write-back errors seen so far
	// Watch is epoll's list of registrations of this file; Async is what F_SETOWN and O_ASYNC keep.
	Watch atomic.Pointer[byte]
	Async atomic.Pointer[byte]
}

// File mode bits.
const (
	fileRead      = 1 << iota // opened for reading
	fileWrite                 // opened for writing
	filePath                  // O_PATH
	fileStream                // has no position (pipe, socket, terminal)
	fileWriter                // counted in Inode.writers
	fileAtomicPos             // the position needs posLock (regular files and directories)
	fileAnon                  // no Path
	fileStill                 // a stream on which lseek succeeds without effect
)

var fileCache = mem.Cache[File]{Name: FilesName}

// FilesName is the name of the slab cache of open files, for statistics.
const FilesName = "file"

// OnLastClose, if set, is called before an open file goes away (advisory locks).
var OnLastClose func(f *File)

// OnWatchedClose is called before an open file with a list in Watch goes away, and empties it: epoll.
var OnWatchedClose func(f *File)

// NewAnonFile makes an open file without a name: a pipe end, a socket, an eventfd. It is a stream (lseek gives ESPIPE).
// i is its inode, whose reference is taken over; nil gives the common anonymous inode. c is the opener's identity. flags are
// O_*; the access mode counts.
func NewAnonFile(ops FileOps, i *Inode, private unsafe.Pointer, flags uint32, c *cred.Cred) (*File, errno.Errno) {
	f := fileCache.Alloc()
	if f == nil {
		return nil, errno.ENOMEM
	}
	if i == nil {
		var err errno.Errno
		if i, err = anonInode(); err != errno.OK {
			fileCache.Free(f)
			return nil, err
		}
	}
	f.Ops, f.Inode, f.Private, f.Pages = ops, i, private, &i.Pages
	f.refs.Store(1)
	f.Flags.Store(flags & statusFlags)
	f.mode = (flags+1)&O_ACCMODE | fileStream | fileAnon
	f.Cred = c.Get()
	return f, errno.OK
}

// Get takes another reference.
func (f *File) Get() { f.refs.Add(1) }

// Put gives up a reference; the last one closes the file.
func (f *File) Put() {
	if f.refs.Add(-1) == 0 {
		f.close()
	}
}

// OnAsyncClose is called before an open file with something in Async goes away, and frees it.
var OnAsyncClose func(f *File)

func (f *File) close() {
	if f.Async.Load() != nil {
		OnAsyncClose(f)
	}
	if f.Watch.Load() != nil {
		OnWatchedClose(f)
	}
	if watched() {
		f.notifyClosed()
	}
	if OnLastClose != nil {
		OnLastClose(f)
	}
	f.Ops.Release(f)
	if f.mode&fileWriter != 0 {
		f.Inode.PutWriteAccess()
	}
	f.Cred.Put()
	if f.mode&fileAnon != 0 {
		f.Inode.Put()
	} else {
		f.Path.Dentry.Put()
		f.Path.Mnt.Put()
	}
	fileCache.Free(f)
}

// Is tells whether the file is of the kind that ops, a value without state, stands for: the comparison of interface values
// without the call that the compiler makes of it.
func (f *File) Is(ops FileOps) bool {
	return *(*uintptr)(unsafe.Pointer(&f.Ops)) == *(*uintptr)(unsafe.Pointer(&ops))
}

// Refs returns the number of references.
func (f *File) Refs() int { return int(f.refs.Load()) }

// Readable tells whether the file is open for reading.
func (f *File) Readable() bool { return f.mode&fileRead != 0 }

// Writable tells whether the file is open for writing.
func (f *File) Writable() bool { return f.mode&fileWrite != 0 }

// PathOnly tells whether the file was opened with O_PATH.
func (f *File) PathOnly() bool { return f.mode&filePath != 0 }

// Nonblock tells whether O_NONBLOCK is set.
func (f *File) Nonblock() bool {
	return f.Flags.Load()&O_NONBLOCK != 0 || sched.Current().NoWait
}

// SetStream makes the file one without a position: for FileOps.Open of terminals, FIFOs and the like.
func (f *File) SetStream() {
	f.mode |= fileStream
	f.mode &^= fileAtomicPos
}

// SetStill makes lseek on a stream succeed and do nothing, as on Linux for epoll instances, event counters, timers and the like.
func (f *File) SetStill() { f.mode |= fileStill }

// Stream tells whether the file has no position.
func (f *File) Stream() bool { return f.mode&fileStream != 0 }

// Pos returns the file position.
func (f *File) Pos() int64 {
	locked := f.lockPos()
	p := f.pos
	f.unlockPos(locked)
	return p
}

// lockPos guards the position when the file is shared: two threads that read at once get different parts. A file with
// a single reference needs no lock, as only its holder could share it.
func (f *File) lockPos() bool {
	if f.mode&fileAtomicPos != 0 && f.refs.Load() > 1 {
		f.posLock.Lock()
		return true
	}
	return false
}

func (f *File) unlockPos(locked bool) {
	if locked {
		f.posLock.Unlock()
	}
}

// maxIO is the most one read or write transfers (Linux's MAX_RW_COUNT).
const maxIO = 0x7ffff000

// Read reads at the file position: read(2), readv(2).
func (f *File) Read(it *uio.Iter) (int, errno.Errno) {
	if f.mode&fileRead == 0 {
		return 0, errno.EBADF
	}
	if f.mode&fileStream != 0 {
		n, err := f.Ops.Read(f, it, 0)
		if n > 0 && watched() {
			f.notify(NotifyAccess)
		}
		return n, err
	}
	locked := f.lockPos()
	n, err := f.Ops.Read(f, it, f.pos)
	if n > 0 {
		f.pos += int64(n)
	}
	f.unlockPos(locked)
	if n > 0 && watched() {
		f.notify(NotifyAccess)
	}
	return n, err
}

// Write writes at the file position: write(2), writev(2).
func (f *File) Write(it *uio.Iter) (int, errno.Errno) {
	if f.mode&fileWrite == 0 {
		return 0, errno.EBADF
	}
	if f.mode&fileStream != 0 {
		n, _, err := f.Ops.Write(f, it, 0)
		if n > 0 && watched() {
			f.notify(NotifyModify)
		}
		return n, err
	}
	locked := f.lockPos()
	n, pos, err := f.Ops.Write(f, it, f.pos)
	if n > 0 {
		f.pos = pos
	}
	f.unlockPos(locked)
	if n > 0 && watched() {
		f.notify(NotifyModify)
	}
	return n, err
}

// ReadAt reads at pos: pread64(2), preadv(2).
func (f *File) ReadAt(it *uio.Iter, pos int64) (int, errno.Errno) {
	switch {
	case pos < 0:
		return 0, errno.EINVAL
	case f.mode&fileRead == 0:
		return 0, errno.EBADF
	case f.mode&fileStream != 0:
		return 0, errno.ESPIPE
	}
	n, err := f.Ops.Read(f, it, pos)
	if n > 0 && watched() {
		f.notify(NotifyAccess)
	}
	return n, err
}

// WriteAt writes at pos: pwrite64(2), pwritev(2). As on Linux, O_APPEND makes it append.
func (f *File) WriteAt(it *uio.Iter, pos int64) (int, errno.Errno) {
	switch {
	case pos < 0:
		return 0, errno.EINVAL
	case f.mode&fileWrite == 0:
		return 0, errno.EBADF
	case f.mode&fileStream != 0:
		return 0, errno.ESPIPE
	}
	n, _, err := f.Ops.Write(f, it, pos)
	if n > 0 && watched() {
		f.notify(NotifyModify)
	}
	return n, err
}

// atEnd as FileOps.Write's position in a regular file stands for its end.
const atEnd = -1

// WriteEnd appends to a regular file though it was opened without O_APPEND: pwritev2(2) with RWF_APPEND. move: the file position goes
// there, too.
func (f *File) WriteEnd(it *uio.Iter, move bool) (int, errno.Errno) {
	if f.mode&fileWrite == 0 {
		return 0, errno.EBADF
	}
	pos := int64(atEnd)
	if f.Inode.Flags&InodeNoSize != 0 {
		pos = 0 // generated: the size is 0
	}
	locked := move && f.lockPos()
	n, end, err := f.Ops.Write(f, it, pos)
	if move && n > 0 {
		f.pos = end
	}
	f.unlockPos(locked)
	if n > 0 && watched() {
		f.notify(NotifyModify)
	}
	return n, err
}

// Lseek is lseek(2).
func (f *File) Lseek(off int64, whence int) (int64, errno.Errno) {
	if f.mode&filePath != 0 {
		return 0, errno.EBADF
	}
	if f.mode&fileStill != 0 {
		return 0, errno.OK
	}
	if f.mode&fileStream != 0 {
		return 0, errno.ESPIPE
	}
	locked := f.lockPos()
	pos, err := f.Ops.Seek(f, off, whence)
	if err == errno.OK {
		f.pos = pos
	}
	f.unlockPos(locked)
	return pos, err
}

// GenericSeek computes a position in a file of the inode's size. Without knowledge of holes all is data, with a hole at
// the end.
func GenericSeek(f *File, off int64, whence int) (int64, errno.Errno) {
	size := f.Inode.Size()
	switch whence {
	case SeekSet:
	case SeekCur:
		off += f.pos
	case SeekEnd:
		off += size
	case SeekData, SeekHole:
		if off < 0 || off >= size {
			return 0, errno.ENXIO
		}
		if whence == SeekHole {
			off = size
		}
	default:
		return 0, errno.EINVAL
	}
	if off < 0 || off > f.Inode.SB.MaxBytes {
		return 0, errno.EINVAL
	}
	return off, errno.OK
}

// Poll returns the ready events and registers with pt.
func (f *File) Poll(pt *PollTable) uint32 { return f.Ops.Poll(f, pt) }

// Ioctl is ioctl(2) as far as files decide.
func (f *File) Ioctl(cmd uint32, arg uintptr) (uintptr, errno.Errno) {
	if f.mode&filePath != 0 {
		return 0, errno.EBADF
	}
	return f.Ops.Ioctl(f, cmd, arg)
}

// Fsync is fsync(2) and fdatasync(2).
func (f *File) Fsync(datasync bool) errno.Errno {
	if f.mode&filePath != 0 {
		return errno.EBADF
	}
	return f.Ops.Fsync(f, datasync)
}

// WriteBackSeen is which write-back errors the file's users have been told of.
func (f *File) WriteBackSeen() *atomic.Uint32 { return &f.wbErr }

// Position returns the file position to FileOps.Seek, for which it stands still.
func (f *File) Position() int64 { return f.pos }
