package vfs

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vm/pagecache"
)

// File is an open file description.
type File struct {
	Ops     FileOps
	Inode   *Inode
	Path    Path
	Private unsafe.Pointer // the implementation's
	Cred    *cred.Cred     // of the opener; referenced
	RA      pagecache.ReadAhead

	refs  atomic.Int32
	Flags atomic.Uint32 // O_* as F_GETFL shows them
	mode  uint32        // file mode bits below; fixed after open

	posLock sched.Mutex
	pos     int64 // guarded by posLock when anybody else could use the file
	wbErr   atomic.Uint32
	Watch   atomic.Pointer[byte] // epoll's list of registrations for this file
}

// File mode bits.
const (
	fileRead    = 1 << iota // opened for reading
	fileWrite               // opened for writing
	filePath                // O_PATH
	fileStream              // has no position (pipe, socket, tty)
	fileWriter              // counted in Inode.writers
	fileAtomicPos           // the position needs posLock (regular files and directories)
	fileAnon                // no Path
)

var fileCache = mem.Cache[File]{Name: "file"}

// Whence values of lseek(2).
const (
	SeekSet  = 0
	SeekCur  = 1
	SeekEnd  = 2
	SeekData = 3
	SeekHole = 4
)

// MapRequest is what mmap(2) asks of a file.
type MapRequest struct {
	Off    int64  // byte offset, page aligned
	Len    uint64 // bytes
	Prot   uint32 // PROT_*
	Shared bool
	Object *pagecache.Object // set by the file: whose pages to map
	// Phys, when not 0, is set by a device that maps physical memory instead of pages.
	Phys uint64
}
