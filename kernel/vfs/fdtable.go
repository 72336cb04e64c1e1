package vfs

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
)

// MaxFiles bounds every descriptor table (Linux's nr_open).
const MaxFiles = 1 << 20

// inlineFiles is the capacity of a new table, which needs no further memory.
const inlineFiles = 64

// FDTable maps descriptors to open files. It is shared by clone(CLONE_FILES), copied by fork.
type FDTable struct {
	refs atomic.Int32

	lock    lock.Spin
	files   []*File   // guarded by lock, as all that follows
	open    ds.Bitmap // descriptors in use (or reserved)
	cloexec ds.Bitmap
	next    int // no free descriptor is lower

	inFiles   [inlineFiles]*File
	inOpen    [inlineFiles / 64]uint64
	inCloexec [inlineFiles / 64]uint64
}

var fdTableCache = mem.Cache[FDTable]{Name: "files_struct"}

// NewFDTable makes an empty table; nil: no memory.
func NewFDTable() *FDTable {
	t := fdTableCache.Alloc()
	if t == nil {
		return nil
	}
	t.refs.Store(1)
	t.lock.Init(lock.RankFDTable)
	t.files, t.open, t.cloexec = t.inFiles[:], t.inOpen[:], t.inCloexec[:]
	return t
}

// Size returns for how many descriptors there is room.
func (t *FDTable) Size() int {
	t.lock.Lock()
	n := len(t.files)
	t.lock.Unlock()
	return n
}

// Get takes another reference.
func (t *FDTable) Get() *FDTable {
	t.refs.Add(1)
	return t
}

// Put gives up a reference; the last one closes all files.
func (t *FDTable) Put() {
	if t.refs.Add(-1) != 0 {
		return
	}
	t.closeMatching(0, len(t.files)-1, false)
	t.freeArrays()
	fdTableCache.Free(t)
}

// Shared tells whether somebody else uses the table.
func (t *FDTable) Shared() bool { return t.refs.Load() > 1 }

// FileRef is a file looked up by descriptor; Release ends its use.
type FileRef struct {
	F       *File
	counted bool
}

// Release gives up the reference, if one was needed.
func (r FileRef) Release() {
	if r.counted {
		r.F.Put()
	}
}

// Keep makes sure the file outlives the descriptor: it returns the file with a reference of the caller's own.
func (r FileRef) Keep() *File {
	if !r.counted {
		r.F.Get()
	}
	return r.F
}

// Acquire finds an open file; EBADF also for one opened with O_PATH.
func (t *FDTable) Acquire(fd int) (FileRef, errno.Errno) {
	if t.refs.Load() == 1 && uint(fd) < uint(len(t.files)) {
		if f := t.files[fd]; f != nil && f.mode&filePath == 0 {
			return FileRef{f, false}, errno.OK
		}
	}
	r, err := t.AcquireAny(fd)
	if err == errno.OK && r.F.mode&filePath != 0 {
		r.Release()
		return FileRef{}, errno.EBADF
	}
	return r, err
}

// Only returns the open files by descriptor, nil where there is none, if the table has one user: nobody but the caller can change it
// while it looks. Otherwise it returns nothing.
func (t *FDTable) Only() []*File {
	if t.refs.Load() == 1 {
		return t.files
	}
	return nil
}

// AcquireAny is Acquire that O_PATH files satisfy. A table that only this thread uses needs neither lock nor reference: nobody
// can close the descriptor meanwhile.
func (t *FDTable) AcquireAny(fd int) (FileRef, errno.Errno) {
	if t.refs.Load() == 1 {
		if uint(fd) < uint(len(t.files)) {
			if f := t.files[fd]; f != nil {
				return FileRef{f, false}, errno.OK
			}
		}
		return FileRef{}, errno.EBADF
	}
	t.lock.Lock()
	var f *File
	if uint(fd) < uint(len(t.files)) {
		if f = t.files[fd]; f != nil {
			f.Get()
		}
	}
	t.lock.Unlock()
	if f == nil {
		return FileRef{}, errno.EBADF
	}
	return FileRef{f, true}, errno.OK
}

// Reserve takes the lowest free descriptor from min on, below limit (RLIMIT_NOFILE): EMFILE, ENOMEM. It is invisible until Install;
// Unreserve gives it back.
func (t *FDTable) Reserve(min, limit int, cloexec bool) (int, errno.Errno) {
	limit = minInt(limit, MaxFiles)
	t.lock.Lock()
	for {
		from := max(min, t.next)
		fd := len(t.files)
		if from < fd {
			fd = t.open.FindZero(from, len(t.files))
			if fd < 0 {
				fd = len(t.files)
			}
		} else {
			fd = from
		}
		if fd >= limit {
			t.lock.Unlock()
			return -1, errno.EMFILE
		}
		if fd < len(t.files) {
			t.take(fd, cloexec)
			if min <= t.next {
				t.next = fd + 1
			}
			t.lock.Unlock()
			return fd, errno.OK
		}
		if err := t.grow(fd); err != errno.OK { // drops the lock meanwhile
			t.lock.Unlock()
			return -1, err
		}
	}
}

func minInt(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func (t *FDTable) take(fd int, cloexec bool) {
	t.open.Set(fd)
	if cloexec {
		t.cloexec.Set(fd)
	} else {
		t.cloexec.Clear(fd)
	}
}

// drop frees a descriptor.
func (t *FDTable) drop(fd int) {
	t.open.Clear(fd)
	t.cloexec.Clear(fd)
	t.next = minInt(t.next, fd)
}

// Install puts a file, whose reference is taken over, under a reserved descriptor.
func (t *FDTable) Install(fd int, f *File) {
	t.lock.Lock()
	t.files[fd] = f
	t.lock.Unlock()
}

// Unreserve gives a reserved descriptor back.
func (t *FDTable) Unreserve(fd int) {
	t.lock.Lock()
	t.drop(fd)
	t.lock.Unlock()
}

// Add is Reserve and Install; on failure f's reference stays with the caller.
func (t *FDTable) Add(f *File, min, limit int, cloexec bool) (int, errno.Errno) {
	fd, err := t.Reserve(min, limit, cloexec)
	if err == errno.OK {
		t.Install(fd, f)
	}
	return fd, err
}

// Close is close(2).
func (t *FDTable) Close(fd int) errno.Errno {
	t.lock.Lock()
	if uint(fd) >= uint(len(t.files)) || t.files[fd] == nil {
		t.lock.Unlock()
		return errno.EBADF
	}
	f := t.files[fd]
	t.files[fd] = nil
	t.drop(fd)
	t.lock.Unlock()
	return f.closeFD(t)
}

// OnClose, if set, is called at each close of a descriptor (POSIX record locks).
var OnClose func(t *FDTable, f *File)

func (f *File) closeFD(t *FDTable) (err errno.Errno) {
	if f.mode&filePath == 0 {
		if OnClose != nil {
			OnClose(t, f)
		}
		err = f.Ops.Flush(f)
	}
	f.Put()
	return err
}

// DupTo puts f, whose reference is taken over on success, under descriptor fd, closing what was there: dup2(2), dup3(2). EBADF when
// fd is not below limit; EBUSY when fd is being reserved by another thread.
func (t *FDTable) DupTo(f *File, fd, limit int, cloexec bool) errno.Errno {
	if fd < 0 || fd >= minInt(limit, MaxFiles) {
		return errno.EBADF
	}
	t.lock.Lock()
	for fd >= len(t.files) {
		if err := t.grow(fd); err != errno.OK {
			t.lock.Unlock()
			return err
		}
	}
	old := t.files[fd]
	if old == nil && t.open.Has(fd) {
		t.lock.Unlock()
		return errno.EBUSY
	}
	t.take(fd, cloexec)
	t.files[fd] = f
	t.lock.Unlock()
	if old != nil {
		old.closeFD(t)
	}
	return errno.OK
}

// CloseOnExec closes the descriptors marked so: exec(2).
func (t *FDTable) CloseOnExec() { t.closeMatching(0, len(t.files)-1, true) }

// CloseRange is close_range(2) without flags.
func (t *FDTable) CloseRange(first, last int) { t.closeMatching(first, last, false) }

// MarkCloexec marks the open descriptors from first to last close-on-exec.
func (t *FDTable) MarkCloexec(first, last int) {
	t.lock.Lock()
	for fd := first; fd <= last && fd < len(t.files); fd++ {
		if t.open.Has(fd) {
			t.cloexec.Set(fd)
		}
	}
	t.lock.Unlock()
}

func (t *FDTable) closeMatching(first, last int, onlyCloexec bool) {
	for fd := max(first, 0); ; fd++ {
		t.lock.Lock()
		set := t.open
		if onlyCloexec {
			set = t.cloexec
		}
		if fd < len(t.files) {
			fd = set.FindSet(fd, len(t.files))
		} else {
			fd = -1
		}
		t.lock.Unlock()
		if fd < 0 || fd > last {
			return
		}
		t.Close(fd) // EBADF: only reserved
	}
}

// Cloexec returns the FD_CLOEXEC flag.
func (t *FDTable) Cloexec(fd int) (bool, errno.Errno) {
	t.lock.Lock()
	defer t.lock.Unlock()
	if uint(fd) >= uint(len(t.files)) || t.files[fd] == nil {
		return false, errno.EBADF
	}
	return t.cloexec.Has(fd), errno.OK
}

// SetCloexec sets the FD_CLOEXEC flag.
func (t *FDTable) SetCloexec(fd int, on bool) errno.Errno {
	t.lock.Lock()
	defer t.lock.Unlock()
	if uint(fd) >= uint(len(t.files)) || t.files[fd] == nil {
		return errno.EBADF
	}
	t.take(fd, on)
	return errno.OK
}

// Next returns the first open descriptor from fd on, or −1: for /proc/PID/fd.
func (t *FDTable) Next(fd int) int {
	t.lock.Lock()
	defer t.lock.Unlock()
	for ; uint(fd) < uint(len(t.files)); fd++ {
		if t.files[fd] != nil {
			return fd
		}
	}
	return -1
}

// File returns the file of a descriptor with a reference, or nil, for another process to look at.
func (t *FDTable) File(fd int) *File {
	t.lock.Lock()
	defer t.lock.Unlock()
	if uint(fd) >= uint(len(t.files)) || t.files[fd] == nil {
		return nil
	}
	t.files[fd].Get()
	return t.files[fd]
}

// fdArrays is the memory of a table beyond the inline part: files, then the two bitmaps.
type fdArrays struct {
	files   []*File
	open    ds.Bitmap
	cloexec ds.Bitmap
}

func allocArrays(n int) (a fdArrays, ok bool) {
	p := mem.Alloc(uintptr(n)*8 + uintptr(n)/4)
	if p == nil {
		return a, false
	}
	a.files = unsafe.Slice((**File)(p), n)
	words := unsafe.Slice((*uint64)(unsafe.Add(p, n*8)), n/32)
	clear(a.files)
	clear(words)
	a.open, a.cloexec = words[:n/64], words[n/64:]
	return a, true
}

// grow makes room for fd. It is called with the lock held and returns with it held, but drops it to allocate.
func (t *FDTable) grow(fd int) errno.Errno {
	n := len(t.files)
	for n <= fd {
		n *= 4
	}
	n = minInt(n, MaxFiles)
	t.lock.Unlock()
	a, ok := allocArrays(n)
	t.lock.Lock()
	if !ok {
		return errno.ENOMEM
	}
	if len(t.files) >= n { // somebody else was faster
		mem.Free(unsafe.Pointer(unsafe.SliceData(a.files)))
		return errno.OK
	}
	copy(a.files, t.files)
	copy(a.open, t.open)
	copy(a.cloexec, t.cloexec)
	t.freeArrays()
	t.files, t.open, t.cloexec = a.files, a.open, a.cloexec
	return errno.OK
}

func (t *FDTable) freeArrays() {
	if len(t.files) > inlineFiles {
		mem.Free(unsafe.Pointer(unsafe.SliceData(t.files)))
	}
}

// Copy makes an independent table with the same files: fork(2).
func (t *FDTable) Copy() (*FDTable, errno.Errno) {
	n := NewFDTable()
	if n == nil {
		return nil, errno.ENOMEM
	}
	t.lock.Lock()
	for len(n.files) < len(t.files) {
		want := len(t.files)
		t.lock.Unlock()
		n.lock.Lock()
		err := n.grow(want - 1)
		n.lock.Unlock()
		if err != errno.OK {
			n.Put()
			return nil, err
		}
		t.lock.Lock()
	}
	for fd, f := range t.files {
		if f != nil {
			f.Get()
			n.files[fd] = f
			n.take(fd, t.cloexec.Has(fd))
		}
	}
	n.next = t.next
	t.lock.Unlock()
	return n, errno.OK
}
