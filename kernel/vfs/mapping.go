package vfs

import (
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/vm/pagecache"
)

// MapRequest is what mmap(2) asks of a file.
type MapRequest struct {
	Off    int64  // byte offset, page aligned
	Len    uint64 // bytes
	Prot   uint32 // PROT_*
	Shared bool
	// Object is set by the file: whose pages to map. It stays nil for a device that maps physical memory from Phys on, or (both
	// zero) gives anonymous memory, as /dev/zero does.
	Object *pagecache.Object
	Phys   uint64
	// NoStores is set by the file: the mapping can never be made writable (a seal).
	NoStores bool
}

// A File is the backing of a memory mapping (vm.Backing): Get, Put and what follows.

// Object returns the pages that are mapped.
func (f *File) Object() *pagecache.Object { return f.Pages }

// Page returns page idx of the file, up to date, locked and with a reference. ENXIO: past the end.
func (f *File) Page(idx uint64) (*mem.Frame, errno.Errno) {
	return pagecache.FaultPage(f.Pages, &f.RA, idx)
}

// MakeWritable prepares a locked page for stores through a shared mapping. EAGAIN: it was truncated.
func (f *File) MakeWritable(idx uint64, fr *mem.Frame) errno.Errno {
	return pagecache.MakeWritable(f.Pages, fr)
}

// Done unlocks a page from Page; if it was made writable the file counts as modified.
func (f *File) Done(fr *mem.Frame, stored bool) {
	pagecache.UnlockFrame(fr)
	if stored {
		f.Inode.Touch(AttrMTime | AttrCTime)
		f.Inode.MarkDirty()
	}
}

// Describe writes the file's path to buf and returns its length, its device and its inode number: /proc/PID/maps.
func (f *File) Describe(buf []byte) (n int, dev, ino uint64) {
	if f.mode&fileAnon == 0 {
		n = f.Path.globalName(buf)
	}
	return n, f.Inode.SB.DevID, f.Inode.Ino
}

// Sync makes the file durable: msync(2).
func (f *File) Sync(from, to int64) errno.Errno {
	e := f.Ops.Fsync(f, false)
	if e == errno.EINVAL { // nothing to write
		e = errno.OK
	}
	return e
}

// Punch frees bytes [from, to): madvise(MADV_REMOVE).
func (f *File) Punch(from, to int64) errno.Errno {
	return f.Fallocate(FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, from, to-from)
}
