package ipc

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// Flags of eventfd2(2) besides O_NONBLOCK and O_CLOEXEC.
const EFDSemaphore = 1

const eventMax = ^uint64(0) - 1 // the counter never gets beyond

// eventFD is a counter that is also a file.
type eventFD struct {
	count     atomic.Uint64
	semaphore bool
	rwait     sched.WaitQueue // readers
	wwait     sched.WaitQueue // writers
}

var eventCache = mem.Cache[eventFD]{Name: "eventfd"}

type eventFile struct{ vfs.NoFileOps }

var eventOps vfs.FileOps = &eventFile{}

// NewEventFD is eventfd2(2) up to the descriptor: EINVAL for flags it does not know.
func NewEventFD(initial uint32, flags uint32, c *cred.Cred) (*vfs.File, errno.Errno) {
	if flags&^(EFDSemaphore|vfs.O_NONBLOCK|vfs.O_CLOEXEC) != 0 {
		return nil, errno.EINVAL
	}
	v := eventCache.Alloc()
	if v == nil {
		return nil, errno.ENOMEM
	}
	v.semaphore = flags&EFDSemaphore != 0
	v.count.Store(uint64(initial))
	f, e := vfs.NewAnonFile(eventOps, nil, unsafe.Pointer(v), flags&vfs.O_NONBLOCK|vfs.O_RDWR, c)
	if e != errno.OK {
		eventCache.Free(v)
		return nil, e
	}
	f.SetStill()
	return f, e
}

func eventOf(f *vfs.File) *eventFD { return (*eventFD)(f.Private) }

// IsEvent tells whether f is an eventfd.
func IsEvent(f *vfs.File) bool { return f.Is(eventOps) }

// SignalEvent adds 1 to an eventfd, unless it is full.
func SignalEvent(f *vfs.File) {
	v := eventOf(f)
	if v.add(1) {
		v.rwait.WakeOne()
	}
}

// take reads the counter: all of it, or 1 of a semaphore; 0 while it is 0.
func (v *eventFD) take() uint64 {
	for {
		n := v.count.Load()
		took := n
		if v.semaphore {
			took = min(n, 1)
		}
		if n == 0 || v.count.CompareAndSwap(n, n-took) {
			return took
		}
	}
}

// add adds to the counter; false while it would overflow.
func (v *eventFD) add(n uint64) bool {
	for {
		c := v.count.Load()
		if eventMax-c < n {
			return false
		}
		if v.count.CompareAndSwap(c, c+n) {
			return true
		}
	}
}

// Read returns the counter and sets it to 0, or with EFD_SEMAPHORE returns 1 and takes 1 off.
func (*eventFile) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) {
	v := eventOf(f)
	if it.Len() < 8 {
		return 0, errno.EINVAL
	}
	n := v.take()
	if n == 0 {
		var e errno.Errno
		if n, e = v.waitCount(f); e != errno.OK {
			return 0, e
		}
	}
	v.wwait.WakeAll()
	return it.CopyOut((*[8]byte)(unsafe.Pointer(&n))[:])
}

func (v *eventFD) waitCount(f *vfs.File) (n uint64, e errno.Errno) {
	if f.Nonblock() {
		return 0, errno.EAGAIN
	}
	e = v.rwait.WaitInterruptible(func() bool {
		if n == 0 {
			n = v.take()
		}
		return n != 0
	})
	if v.count.Load() > 0 {
		v.rwait.PassOn() // the rest of a semaphore is for the next one
	}
	return n, e
}

// Write adds a number to the counter.
func (*eventFile) Write(f *vfs.File, it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	v := eventOf(f)
	var n uint64
	if it.Len() < 8 {
		return 0, pos, errno.EINVAL
	}
	if k, _ := it.CopyIn((*[8]byte)(unsafe.Pointer(&n))[:]); k < 8 {
		return 0, pos, errno.EFAULT
	}
	if n == ^uint64(0) {
		return 0, pos, errno.EINVAL
	}
	if !v.add(n) {
		if e := v.waitRoom(f, n); e != errno.OK {
			return 0, pos, e
		}
	}
	v.rwait.WakeOne()
	return 8, pos, errno.OK
}

func (v *eventFD) waitRoom(f *vfs.File, n uint64) errno.Errno {
	if f.Nonblock() {
		return errno.EAGAIN
	}
	added := false
	return v.wwait.WaitInterruptible(func() bool {
		added = added || v.add(n)
		return added
	})
}

// Poll: readable above 0, writable when 1 can be added.
func (*eventFile) Poll(f *vfs.File, pt *vfs.PollTable) uint32 {
	v := eventOf(f)
	if pt != nil {
		pt.WaitFor(&v.rwait, vfs.POLLIN|vfs.POLLRDNORM|vfs.POLLERR)
		pt.WaitFor(&v.wwait, vfs.POLLOUT|vfs.POLLWRNORM)
	}
	n := v.count.Load()
	mask := uint32(0)
	if n > 0 {
		mask = vfs.POLLIN
	}
	if n < eventMax {
		mask |= vfs.POLLOUT
	} else if n > eventMax {
		mask |= vfs.POLLERR
	}
	return mask
}

// Release frees the counter.
func (*eventFile) Release(f *vfs.File) { eventCache.Free(eventOf(f)) }
