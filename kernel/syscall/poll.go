//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/ipc"
	"galago/kernel/mem"
	"galago/kernel/proc"
	"galago/kernel/vfs"
)

// Waiting for several files, eventfds.

const forever = int64(-1)

// fastPoll descriptors fit on the stack.
const fastPoll = 16

func sysPoll(f *arch.Frame) (uintptr, errno.Errno) {
	deadline := uint64(0)
	ns := millis(int2(f))
	if ns >= 0 {
		deadline = now() + uint64(ns)
	}
	return pollUntil(arg0(f), arg1(f), ns, deadline)
}

// pollUntil polls for ns nanoseconds, until deadline (0: never). Without a handler it goes on after a signal, for the time that is left.
func pollUntil(user, count uintptr, ns int64, deadline uint64) (uintptr, errno.Errno) {
	n, e := poll(user, count, ns)
	if e == errno.EINTR {
		e = current().RestartWith(pollOn, deadline, [5]uintptr{user, count})
	}
	return n, e
}

func pollOn(b *proc.RestartBlock) (uintptr, errno.Errno) {
	ns := forever
	if b.Deadline != 0 {
		ns = max(int64(b.Deadline-now()), 0)
	}
	return pollUntil(b.Args[0], b.Args[1], ns, b.Deadline)
}

func poll(user, count uintptr, ns int64) (uintptr, errno.Errno) {
	if uint64(count) > uint64(current().Proc.FileLimit()) {
		return 0, errno.EINVAL
	}
	const size = unsafe.Sizeof(ipc.PollFD{})
	var few [fastPoll]ipc.PollFD
	fds := few[:min(int(count), fastPoll)]
	if count > fastPoll {
		var p unsafe.Pointer
		if count*size <= arch.PageSize {
			p = mem.AllocRaw(count * size)
		} else {
			p = mem.Alloc(count * size)
		}
		if p == nil {
			return 0, errno.ENOMEM
		}
		defer mem.Free(p)
		fds = unsafe.Slice((*ipc.PollFD)(p), int(count))
	}
	if count > 0 && arch.CopyFromUser(unsafe.Pointer(&fds[0]), user, count*size) != 0 {
		return 0, errno.EFAULT
	}
	n, e := ipc.Poll(ctx().Files, fds, ns)
	if e == 0 && count > 0 && arch.CopyToUser(user, unsafe.Pointer(&fds[0]), count*size) != 0 {
		e = errno.EFAULT
	}
	return uintptr(n), e
}

// getTimeout reads a struct timespec; a nil pointer is for ever.
func getTimeout(user uintptr) (ns int64, e errno.Errno) {
	if user == 0 {
		return forever, 0
	}
	var ts timespec
	if e := get(&ts, user); e != 0 {
		return 0, e
	}
	return ts.duration()
}

// duration converts a relative time, cut to what nanoseconds can hold.
func (ts timespec) duration() (int64, errno.Errno) {
	if ts.Sec < 0 || ts.Nsec < 0 || ts.Nsec >= 1e9 {
		return 0, errno.EINVAL
	}
	if ts.Sec >= 1<<32 {
		return 1<<63 - 1, 0
	}
	return ts.Sec*1e9 + ts.Nsec, 0
}

// withMask runs a wait with a temporary signal mask (user address and size, as ppoll and pselect6 pass it). A signal without a handler
// lets it go on.
func withMask(mask, size uintptr, fn func() (uintptr, errno.Errno)) (uintptr, errno.Errno) {
	n, e := maskedWait(mask, size, fn)
	if e == errno.EINTR {
		e = errno.ERESTARTNOHAND
	}
	return n, e
}

// maskedWait runs a wait with a temporary signal mask, if there is one.
func maskedWait(mask, size uintptr, fn func() (uintptr, errno.Errno)) (uintptr, errno.Errno) {
	if mask == 0 {
		return fn()
	}
	if size != sigsetSize {
		return 0, errno.EINVAL
	}
	var m proc.SigSet
	if e := get(&m, mask); e != 0 {
		return 0, e
	}
	t := current()
	t.Suspend(m)
	n, e := fn()
	if e == errno.EINTR {
		t.FinishSuspend()
	} else {
		t.Unsuspend()
	}
	return n, e
}

func sysPpoll(f *arch.Frame) (uintptr, errno.Errno) {
	ns, e := getTimeout(arg2(f))
	if e != 0 {
		return 0, e
	}
	return withMask(arg3(f), arg4(f), func() (uintptr, errno.Errno) { return poll(arg0(f), arg1(f), ns) })
}

func sysSelect(f *arch.Frame) (uintptr, errno.Errno) {
	ns := forever
	if arg4(f) != 0 {
		var tv timeval
		if e := get(&tv, arg4(f)); e != 0 {
			return 0, e
		}
		if tv.Sec < 0 || tv.Usec < 0 {
			return 0, errno.EINVAL
		}
		ns, _ = timespec{tv.Sec + tv.Usec/1e6, tv.Usec % 1e6 * 1000}.duration()
	}
	n, e := selectFDs(f, ns)
	if e == errno.EINTR {
		e = errno.ERESTARTNOHAND
	}
	return n, e
}

func sysPselect6(f *arch.Frame) (uintptr, errno.Errno) {
	ns, e := getTimeout(arg4(f))
	if e != 0 {
		return 0, e
	}
	var mask [2]uintptr // the sixth argument points to a mask's address and size
	if arg5(f) != 0 {
		if e := get(&mask, arg5(f)); e != 0 {
			return 0, e
		}
	}
	return withMask(mask[0], mask[1], func() (uintptr, errno.Errno) { return selectFDs(f, ns) })
}

// fastSelect words of each set fit on the stack.
const fastSelect = 2

// selectFDs is select(2) after its timeout: arguments 0 to 3 are the count and the three sets.
func selectFDs(f *arch.Frame, ns int64) (uintptr, errno.Errno) {
	n := int0(f)
	if n < 0 {
		return 0, errno.EINVAL
	}
	n = min(n, current().Proc.FileLimit())
	words := (n + 63) / 64
	var few [6 * fastSelect]uint64
	all := few[:]
	if words > fastSelect {
		p := mem.Alloc(uintptr(words) * 6 * 8)
		if p == nil {
			return 0, errno.ENOMEM
		}
		defer mem.Free(p)
		all = unsafe.Slice((*uint64)(p), words*6)
	}
	part := func(i int) []uint64 { return all[i*words : (i+1)*words] }
	users := [3]uintptr{arg1(f), arg2(f), arg3(f)}
	var want, got [3][]uint64
	for i, u := range users {
		if u == 0 || words == 0 {
			continue
		}
		want[i], got[i] = part(i), part(3+i)
		if arch.CopyFromUser(unsafe.Pointer(&want[i][0]), u, uintptr(words)*8) != 0 {
			return 0, errno.EFAULT
		}
	}
	s := ipc.FDSets{WantIn: want[0], WantOut: want[1], WantEx: want[2], GotIn: got[0], GotOut: got[1], GotEx: got[2]}
	k, e := ipc.Select(ctx().Files, n, vfs.NoEscape(&s), ns)
	if e != 0 {
		return 0, e
	}
	for i, u := range users {
		if got[i] != nil && arch.CopyToUser(u, unsafe.Pointer(&got[i][0]), uintptr(words)*8) != 0 {
			return 0, errno.EFAULT
		}
	}
	return uintptr(k), 0
}

func sysEventfd(f *arch.Frame) (uintptr, errno.Errno) { return eventfd(uint32(arg0(f)), 0) }
func sysEventfd2(f *arch.Frame) (uintptr, errno.Errno) {
	return eventfd(uint32(arg0(f)), uint32(arg1(f)))
}

func eventfd(initial, flags uint32) (uintptr, errno.Errno) {
	file, e := ipc.NewEventFD(initial, flags, ctx().Cred)
	if e != 0 {
		return 0, e
	}
	return install(file, flags)
}
