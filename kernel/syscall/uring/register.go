//go:build galago

package uring

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// Registered files, which requests name by index, and buffers, which are address ranges here: their pages are not pinned.

// registered returns a registered file with a reference, or nil.
func (r *Ring) registered(i int32) *vfs.File {
	r.reg.Lock()
	defer r.reg.Unlock()
	if i < 0 || int(i) >= len(r.files) || r.files[i] == nil {
		return nil
	}
	r.files[i].Get()
	return r.files[i]
}

// RegisterFiles registers n files by their descriptors, which are at user; −1 leaves a place empty. EBUSY, EINVAL, EMFILE, EBADF, EFAULT, ENOMEM.
func (r *Ring) RegisterFiles(user uintptr, n uint32, table *vfs.FDTable) errno.Errno {
	r.reg.Lock()
	defer r.reg.Unlock()
	switch {
	case r.files != nil:
		return errno.EBUSY
	case n == 0:
		return errno.EINVAL
	case n > MaxFiles:
		return errno.EMFILE
	}
	p := mem.Alloc(uintptr(n) * unsafe.Sizeof(r.files[0]))
	if p == nil {
		return errno.ENOMEM
	}
	r.files = unsafe.Slice((**vfs.File)(p), int(n))
	_, e := r.update(0, user, n, table)
	if e != errno.OK {
		r.dropFiles()
	}
	return e
}

// UpdateFiles replaces n registered files from the first on and returns how many; −2 leaves one as it is. ENXIO, EINVAL, EBADF, EFAULT.
func (r *Ring) UpdateFiles(first uint32, user uintptr, n uint32, table *vfs.FDTable) (int, errno.Errno) {
	r.reg.Lock()
	defer r.reg.Unlock()
	if r.files == nil {
		return 0, errno.ENXIO
	}
	if uint64(first)+uint64(n) > uint64(len(r.files)) {
		return 0, errno.EINVAL
	}
	done, e := r.update(first, user, n, table)
	if done > 0 {
		e = errno.OK
	}
	return done, e
}

// UpdateFiles is Ring.UpdateFiles of the request's instance, with its task's descriptors.
func (q *Request) UpdateFiles(first uint32, user uintptr, n uint32) (int, errno.Errno) {
	return q.ring.UpdateFiles(first, user, n, q.task.Ctx.Files)
}

// update sets places of the table. reg is held.
//
// +checklocks:r.reg
func (r *Ring) update(first uint32, user uintptr, n uint32, table *vfs.FDTable) (int, errno.Errno) {
	for i := range n {
		var fd int32
		if arch.CopyFromUser(unsafe.Pointer(&fd), user+4*uintptr(i), 4) != 0 {
			return int(i), errno.EFAULT
		}
		var file *vfs.File
		switch {
		case fd == -2:
			continue
		case fd != -1:
			f, e := table.Acquire(int(fd))
			if e != errno.OK {
				return int(i), e
			}
			if Of(f.F) != nil { // it would keep itself open
				f.Release()
				return int(i), errno.EBADF
			}
			file = f.Keep()
		}
		if old := r.files[first+i]; old != nil {
			old.Put()
		}
		r.files[first+i] = file
	}
	return int(n), errno.OK
}

// dropFiles empties the table. reg is held.
//
// +checklocks:r.reg
func (r *Ring) dropFiles() {
	for _, f := range r.files {
		if f != nil {
			f.Put()
		}
	}
	mem.Free(unsafe.Pointer(unsafe.SliceData(r.files)))
	r.files = nil
}

// UnregisterFiles forgets the registered files. ENXIO.
func (r *Ring) UnregisterFiles() errno.Errno {
	r.reg.Lock()
	defer r.reg.Unlock()
	if r.files == nil {
		return errno.ENXIO
	}
	r.dropFiles()
	return errno.OK
}

// RegisterBuffers registers n buffers from the array of struct iovec at user. EBUSY, EINVAL, EFAULT, ENOMEM.
func (r *Ring) RegisterBuffers(user uintptr, n uint32) errno.Errno {
	r.reg.Lock()
	defer r.reg.Unlock()
	switch {
	case r.bufs != nil:
		return errno.EBUSY
	case n == 0, n > MaxBuffers:
		return errno.EINVAL
	}
	size := uintptr(n) * unsafe.Sizeof(r.bufs[0])
	p := mem.Alloc(size)
	if p == nil {
		return errno.ENOMEM
	}
	bufs := unsafe.Slice((*uio.IOVec)(p), int(n))
	e := errno.OK
	if arch.CopyFromUser(p, user, size) != 0 {
		e = errno.EFAULT
	}
	for i := range bufs {
		const most = 1 << 30
		if b := &bufs[i]; e == errno.OK && (b.Base == 0) != (b.Len == 0) || b.Len > most || !arch.UserRange(b.Base, uintptr(b.Len)) {
			e = errno.EFAULT
		}
	}
	if e != errno.OK {
		mem.Free(p)
		return e
	}
	r.bufs = bufs
	return errno.OK
}

// UnregisterBuffers forgets the registered buffers. ENXIO.
func (r *Ring) UnregisterBuffers() errno.Errno {
	r.reg.Lock()
	defer r.reg.Unlock()
	if r.bufs == nil {
		return errno.ENXIO
	}
	mem.Free(unsafe.Pointer(unsafe.SliceData(r.bufs)))
	r.bufs = nil
	return errno.OK
}

// FixedBuffer checks that the request's address range lies in the registered buffer that it names. EFAULT.
func (q *Request) FixedBuffer() errno.Errno {
	r := q.ring
	r.reg.Lock()
	defer r.reg.Unlock()
	if int(q.Entry.Buf) >= len(r.bufs) {
		return errno.EFAULT
	}
	b := r.bufs[q.Entry.Buf]
	from := q.Entry.Addr - uint64(b.Base)
	if q.Entry.Addr < uint64(b.Base) || from > b.Len || uint64(q.Entry.Len) > b.Len-from {
		return errno.EFAULT
	}
	return errno.OK
}

// SetEvent registers an eventfd, whose reference it takes over, for notices of results; nil unregisters. EBUSY, ENXIO.
func (r *Ring) SetEvent(f *vfs.File) errno.Errno {
	r.cq.Lock()
	old := r.event
	switch {
	case f != nil && old != nil:
		r.cq.Unlock()
		f.Put()
		return errno.EBUSY
	case f == nil && old == nil:
		r.cq.Unlock()
		return errno.ENXIO
	}
	r.event = f
	r.cq.Unlock()
	if old != nil {
		old.Put()
	}
	return errno.OK
}

// Supported tells whether an operation is known.
func Supported(op int) bool {
	return op < len(Operations) && (ownOperation(uint8(op)) || Operations[op].Run != nil)
}
