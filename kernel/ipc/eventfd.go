package ipc

import (
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/lock"
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
	lock      lock.Spin
	count     uint64 // guarded by lock
	semaphore bool
	rwait     sched.WaitQueue // readers
	wwait     sched.WaitQueue // writers
}

var eventCache = mem.Cache[eventFD]{Name: "eventfd"}

type eventFile struct{ vfs.NoFileOps }

var eventOps vfs.FileOps = eventFile{}

// NewEventFD is eventfd2(2) up to the descriptor: EINVAL for flags it does not know.
func NewEventFD(initial uint32, flags uint32, c *cred.Cred) (*vfs.File, errno.Errno) {
	if flags&^(EFDSemaphore|vfs.O_NONBLOCK|vfs.O_CLOEXEC) != 0 {
		return nil, errno.EINVAL
	}
	v := eventCache.Alloc()
	if v == nil {
		return nil, errno.ENOMEM
	}
	v.lock.Init(lock.RankIPC)
	v.count, v.semaphore = uint64(initial), flags&EFDSemaphore != 0
	f, e := vfs.NewAnonFile(eventOps, nil, unsafe.Pointer(v), flags&vfs.O_NONBLOCK|vfs.O_RDWR, c)
	if e != errno.OK {
		eventCache.Free(v)
	}
	return f, e
}

func eventOf(f *vfs.File) *eventFD { return (*eventFD)(f.Private) }

// take reads the counter; false while it is 0. A semaphore that is still above 0 is for the next reader.
func (v *eventFD) take(n *uint64) bool {
	v.lock.Lock()
	defer v.lock.Unlock()
	if v.count == 0 {
		return false
	}
	*n = v.count
	if v.semaphore {
		*n = 1
	}
	v.count -= *n
	if v.count > 0 {
		v.rwait.PassOn()
	}
	return true
}

// add adds to the counter; false while it would overflow.
func (v *eventFD) add(n uint64) bool {
	v.lock.Lock()
	defer v.lock.Unlock()
	if eventMax-v.count < n {
		return false
	}
	v.count += n
	return true
}

// Read returns the counter and sets it to 0, or with EFD_SEMAPHORE returns 1 and takes 1 off.
func (eventFile) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) {
	v := eventOf(f)
	var n uint64
	if it.Len() < int(unsafe.Sizeof(n)) {
		return 0, errno.EINVAL
	}
	if f.Nonblock() {
		if !v.take(&n) {
			return 0, errno.EAGAIN
		}
	} else if e := v.rwait.WaitInterruptible(func() bool { return n != 0 || v.take(&n) }); e != errno.OK {
		return 0, e
	}
	v.wwait.WakeAll()
	b := (*[8]byte)(unsafe.Pointer(&n))
	return it.CopyOut(b[:])
}

// Write adds a number to the counter.
func (eventFile) Write(f *vfs.File, it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	v := eventOf(f)
	var n uint64
	if it.Len() < int(unsafe.Sizeof(n)) {
		return 0, pos, errno.EINVAL
	}
	b := (*[8]byte)(unsafe.Pointer(&n))
	if k, _ := it.CopyIn(b[:]); k < len(b) {
		return 0, pos, errno.EFAULT
	}
	if n == ^uint64(0) {
		return 0, pos, errno.EINVAL
	}
	if f.Nonblock() {
		if !v.add(n) {
			return 0, pos, errno.EAGAIN
		}
	} else {
		added := false
		e := v.wwait.WaitInterruptible(func() bool {
			added = added || v.add(n)
			return added
		})
		if e != errno.OK {
			return 0, pos, e
		}
	}
	v.rwait.WakeOne()
	return len(b), pos, errno.OK
}

// Poll: readable above 0, writable when 1 can be added.
func (eventFile) Poll(f *vfs.File, pt *vfs.PollTable) uint32 {
	v := eventOf(f)
	pt.WaitFor(&v.rwait, vfs.POLLIN|vfs.POLLRDNORM)
	pt.WaitFor(&v.wwait, vfs.POLLOUT|vfs.POLLWRNORM)
	v.lock.Lock()
	defer v.lock.Unlock()
	mask := uint32(0)
	if v.count > 0 {
		mask |= vfs.POLLIN | vfs.POLLRDNORM
	}
	if v.count < eventMax {
		mask |= vfs.POLLOUT | vfs.POLLWRNORM
	}
	return mask
}

// Release frees the counter.
func (eventFile) Release(f *vfs.File) { eventCache.Free(eventOf(f)) }
