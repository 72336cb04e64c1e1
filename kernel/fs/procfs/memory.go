package procfs

import (
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// The files of /proc/PID that are windows on a process's memory rather than text: mem and pagemap. Like their memory map, they are bound
// to the address space that the process has when they are opened.

// Memory is an address space as these files see it.
type Memory interface {
	// PeekAt and ForceAt read and write memory as debuggers may, and report how many bytes.
	PeekAt(va uintptr, b []byte) int
	ForceAt(va uintptr, b []byte) int
	// Pagemap fills out with the words of /proc/PID/pagemap for the pages from va on, with frame numbers if frames is set; it returns how
	// many pages there are before the end of user space.
	Pagemap(va uintptr, out []uint64, frames bool) int
	// Put gives the reference up.
	Put()
}

// rawFile says which of them an entry is.
type rawFile uint8

const (
	rawMem rawFile = iota + 1
	rawPagemap
)

const pageSize = 4096

// openMemory is what an open file has.
type openMemory struct {
	m      Memory // nil: the process had none
	frames bool
}

var (
	openMemoryCache             = mem.Cache[openMemory]{Name: "proc_memory"}
	theRawOps       vfs.FileOps = rawOps{}
)

// rawOps are the operations of open files of memory.
type rawOps struct{ vfs.NoFileOps }

// Open takes a reference to the address space.
func (rawOps) Open(i *vfs.Inode, f *vfs.File) errno.Errno {
	n := nodeOf(i)
	if !Source.MayInspect(n.pid) {
		return errno.EACCES
	}
	o := openMemoryCache.Alloc()
	if o == nil {
		return errno.ENOMEM
	}
	o.m, o.frames = Source.Memory(n.pid), f.Cred.EUID == 0
	f.Private = unsafe.Pointer(o)
	return errno.OK
}

// Release gives it up.
func (rawOps) Release(f *vfs.File) {
	o := (*openMemory)(f.Private)
	if o.m != nil {
		o.m.Put()
	}
	openMemoryCache.Free(o)
}

// Read copies memory, or words about it, by way of a page.
func (rawOps) Read(f *vfs.File, it *uio.Iter, pos int64) (done int, err errno.Errno) {
	o := (*openMemory)(f.Private)
	pagemap := nodeOf(f.Inode).entry.raw == rawPagemap
	if pagemap && (pos%8 != 0 || it.Len()%8 != 0) {
		return 0, errno.EINVAL
	}
	if o.m == nil || it.Len() == 0 {
		return 0, errno.OK
	}
	page := mem.AllocFrame(mem.User)
	if page == nil {
		return 0, errno.ENOMEM
	}
	defer page.Put()
	for it.Len() > 0 && err == errno.OK {
		buf := page.Bytes()[:min(it.Len(), len(page.Bytes()))]
		k := 0
		if pagemap {
			words := unsafe.Slice((*uint64)(unsafe.Pointer(&buf[0])), len(buf)/8)
			k = 8 * o.m.Pagemap(uintptr(pos)/8*pageSize, words, o.frames)
		} else if k = o.m.PeekAt(uintptr(pos), buf); k == 0 {
			err = errno.EIO
		}
		if k == 0 {
			break
		}
		n := 0
		n, err = it.CopyOut(buf[:k])
		done += n
		pos += int64(n)
		if n < len(buf) {
			break
		}
	}
	if done > 0 {
		err = errno.OK
	}
	return done, err
}

// Write changes memory.
func (rawOps) Write(f *vfs.File, it *uio.Iter, pos int64) (done int, at int64, err errno.Errno) {
	o := (*openMemory)(f.Private)
	if nodeOf(f.Inode).entry.raw != rawMem {
		return 0, pos, errno.EINVAL
	}
	if o.m == nil || it.Len() == 0 {
		return 0, pos, errno.OK
	}
	page := mem.AllocFrame(mem.User)
	if page == nil {
		return 0, pos, errno.ENOMEM
	}
	defer page.Put()
	for it.Len() > 0 {
		buf := page.Bytes()[:min(it.Len(), len(page.Bytes()))]
		n := 0
		if n, err = it.CopyIn(buf); n == 0 {
			break
		}
		k := o.m.ForceAt(uintptr(pos), buf[:n])
		done += k
		pos += int64(k)
		if k < n {
			err = errno.EIO
			break
		}
	}
	if done > 0 {
		err = errno.OK
	}
	return done, pos, err
}

// Seek moves freely: positions are addresses.
func (rawOps) Seek(f *vfs.File, off int64, whence int) (int64, errno.Errno) {
	return fileOps{}.Seek(f, off, whence)
}
