package ipc

import (
	"math/bits"
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/vfs"
)

// Sizes of pipes: fcntl(2)'s F_GETPIPE_SZ and F_SETPIPE_SZ.

// Capacity is F_GETPIPE_SZ; EBADF for a file that is no pipe.
func Capacity(f *vfs.File) (int, errno.Errno) {
	if !f.Is(pipeOps) {
		return 0, errno.EBADF
	}
	return int(pipeOf(f).room.Load()) * arch.PageSize, errno.OK
}

// SetCapacity is F_SETPIPE_SZ: the size is rounded up to a power of 2 of pages, and returned. EBUSY: more is in use.
func SetCapacity(f *vfs.File, size uint32, c *cred.Cred) (int, errno.Errno) {
	if !f.Is(pipeOps) {
		return 0, errno.EBADF
	}
	if size > 1<<31 {
		return 0, errno.EINVAL
	}
	n := 1
	if size > arch.PageSize {
		n = 1 << bits.Len32((size-1)/arch.PageSize)
	}
	p := pipeOf(f)
	if n > int(p.room.Load()) && n*arch.PageSize > pipeMaxSize && !c.Capable(cred.SysResource) {
		return 0, errno.EPERM
	}
	return n * arch.PageSize, p.resize(n)
}

// resize moves the segments into a ring of n places.
func (p *Pipe) resize(n int) errno.Errno {
	m := mem.Alloc(uintptr(n) * unsafe.Sizeof(segment{}))
	if m == nil {
		return errno.ENOMEM
	}
	ring := unsafe.Slice((*segment)(m), n)
	p.mu.Lock()
	used := p.head - p.tail
	if int(used) > n {
		p.mu.Unlock()
		mem.Free(m)
		return errno.EBUSY
	}
	for i := range used {
		ring[i] = *p.at(p.tail + i)
	}
	p.freeRing()
	p.ring, p.tail, p.head = ring, 0, used
	p.room.Store(int32(n))
	p.mu.Unlock()
	p.wwait.WakeAll()
	return errno.OK
}

// freeRing gives a ring back that is not the one inside the pipe.
func (p *Pipe) freeRing() {
	if &p.ring[0] != &p.inline[0] {
		mem.Free(unsafe.Pointer(&p.ring[0]))
	}
}
