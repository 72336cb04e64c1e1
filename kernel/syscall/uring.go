//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/ipc"
	"galago/kernel/mem"
	"galago/kernel/syscall/uring"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

// io_uring_setup(2), io_uring_enter(2), io_uring_register(2).

func init() { uring.SignalEvent = ipc.SignalEvent }

func sysIoUringSetup(f *arch.Frame) (uintptr, errno.Errno) {
	var p uring.Params
	if e := get(&p, arg1(f)); e != 0 {
		return 0, e
	}
	if p.SQEntries|p.ThreadCPU|p.ThreadIdle|p.Features|p.WQFD != 0 && p.Flags == 0 && p.Features != 0 {
		return 0, errno.EINVAL
	}
	file, e := uring.New(uint32(arg0(f)), vfs.NoEscape(&p), ctx().Cred)
	if e != 0 {
		return 0, e
	}
	if e := put(arg1(f), &p); e != 0 {
		file.Put()
		return 0, e
	}
	return install(file, vfs.O_CLOEXEC)
}

// Flags of io_uring_enter(2).
const (
	enterGetEvents = 1 << 0
	enterSQWakeup  = 1 << 1
	enterSQWait    = 1 << 2
	enterExtArg    = 1 << 3
	enterKnown     = enterGetEvents | enterSQWakeup | enterSQWait | enterExtArg
)

// enterArg is struct io_uring_getevents_arg.
type enterArg struct {
	Mask     uint64
	MaskSize uint32
	_        uint32
	Timeout  uint64
}

// ringOf finds an instance by its descriptor; the caller releases the reference. EBADF, EOPNOTSUPP.
func ringOf(fd int) (vfs.FileRef, *uring.Ring, errno.Errno) {
	r, e := ctx().Files.Acquire(fd)
	if e != 0 {
		return r, nil, e
	}
	ring := uring.Of(r.F)
	if ring == nil {
		r.Release()
		return r, nil, errno.EOPNOTSUPP
	}
	return r, ring, 0
}

func sysIoUringEnter(f *arch.Frame) (uintptr, errno.Errno) {
	flags := uint32(arg3(f))
	if flags&^enterKnown != 0 {
		return 0, errno.EINVAL
	}
	ref, ring, e := ringOf(int0(f))
	if e != 0 {
		return 0, e
	}
	defer ref.Release()
	done, want := 0, int(uint32(arg1(f)))
	if want > 0 {
		if done, e = ring.Submit(uint32(want)); e != 0 {
			return 0, e
		}
	}
	if flags&enterGetEvents != 0 && done == want {
		if e = awaitResults(f, ring, flags); done > 0 {
			e = 0
		}
	}
	return uintptr(done), e
}

// awaitResults is the second half of io_uring_enter.
func awaitResults(f *arch.Frame, ring *uring.Ring, flags uint32) errno.Errno {
	arg := enterArg{Mask: uint64(arg4(f)), MaskSize: sigsetSize}
	ns := forever
	if flags&enterExtArg != 0 {
		if arg5(f) != unsafe.Sizeof(arg) {
			return errno.EINVAL
		}
		if e := get(&arg, arg4(f)); e != 0 {
			return e
		}
		var e errno.Errno
		if ns, e = getTimeout(uintptr(arg.Timeout)); e != 0 {
			return e
		}
	}
	_, e := maskedWait(uintptr(arg.Mask), uintptr(arg.MaskSize), func() (uintptr, errno.Errno) {
		return 0, ring.Wait(uint32(arg2(f)), ns)
	})
	return e
}

// Operations of io_uring_register(2).
const (
	registerBuffers   = 0
	unregisterBuffers = 1
	registerFiles     = 2
	unregisterFiles   = 3
	registerEvent     = 4
	unregisterEvent   = 5
	updateFiles       = 6
	registerProbe     = 8
)

func sysIoUringRegister(f *arch.Frame) (uintptr, errno.Errno) {
	ref, ring, e := ringOf(int0(f))
	if e != 0 {
		return 0, e
	}
	defer ref.Release()
	user, n := arg2(f), uint32(arg3(f))
	op := uint32(arg1(f))
	if (op == unregisterBuffers || op == unregisterFiles || op == unregisterEvent) && (user != 0 || n != 0) {
		return 0, errno.EINVAL
	}
	switch op {
	case registerBuffers:
		return ok(ring.RegisterBuffers(user, n))
	case unregisterBuffers:
		return ok(ring.UnregisterBuffers())
	case registerFiles:
		return ok(ring.RegisterFiles(user, n, ctx().Files))
	case unregisterFiles:
		return ok(ring.UnregisterFiles())
	case registerEvent:
		return ok(registerEventFD(ring, user, n))
	case unregisterEvent:
		return ok(ring.SetEvent(nil))
	case updateFiles:
		var u struct {
			First, _ uint32
			FDs      uint64
		}
		if e := get(&u, user); e != 0 {
			return 0, e
		}
		k, e := ring.UpdateFiles(u.First, uintptr(u.FDs), n, ctx().Files)
		return uintptr(k), e
	case registerProbe:
		return ok(probe(user, n))
	}
	return 0, errno.EINVAL
}

func registerEventFD(ring *uring.Ring, user uintptr, n uint32) errno.Errno {
	var fd int32
	if n != 1 {
		return errno.EINVAL
	}
	if e := get(&fd, user); e != 0 {
		return e
	}
	r, e := ctx().Files.Acquire(int(fd))
	if e != 0 {
		return e
	}
	if !ipc.IsEvent(r.F) {
		r.Release()
		return errno.EINVAL
	}
	return ring.SetEvent(r.Keep())
}

// probe writes a struct io_uring_probe with n operations: which are supported.
func probe(user uintptr, n uint32) errno.Errno {
	const most = 256
	n = min(n, most)
	type operation struct {
		Op, _ uint8
		Flags uint16
		_     uint32
	}
	type head struct {
		Last, Count uint8
		_           [14]uint8
	}
	size := unsafe.Sizeof(head{}) + uintptr(n)*unsafe.Sizeof(operation{})
	p := mem.Alloc(size)
	if p == nil {
		return errno.ENOMEM
	}
	defer mem.Free(p)
	if arch.CopyFromUser(p, user, size) != 0 {
		return errno.EFAULT
	}
	for _, b := range unsafe.Slice((*byte)(p), size) {
		if b != 0 {
			return errno.EINVAL
		}
	}
	h := (*head)(p)
	list := unsafe.Slice((*operation)(unsafe.Add(p, unsafe.Sizeof(head{}))), int(n))
	h.Last = uint8(len(uring.Operations) - 1)
	for i := range list {
		list[i].Op = uint8(i)
		if uring.Supported(i) {
			list[i].Flags = 1
		}
	}
	h.Count = uint8(min(int(n), len(uring.Operations)))
	if arch.CopyToUser(user, p, size) != 0 {
		return errno.EFAULT
	}
	return 0
}

// mapRing completes a request to map an instance's memory.
func mapRing(ring *uring.Ring, shared bool, r *vm.Request) (e errno.Errno) {
	if !shared {
		return errno.EINVAL
	}
	r.Back, e = ring.Mapping(uint64(r.Index)<<arch.PageShift, r.Length)
	r.Index = 0
	return e
}
