//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/proc"
)

// cloneArgs is struct clone_args (clone(2)).
type cloneArgs struct {
	Flags, PIDFD, ChildTID, ParentTID, ExitSignal, Stack, StackSize, TLS uint64
	SetTID, SetTIDSize                                                   uint64
	CGroup                                                               uint64
}

const cloneArgsFirst = 64 // size of the structure's first version

// getVersioned copies a structure of which the caller knows size bytes: what we do not know of it must be zero (E2BIG).
func getVersioned(to unsafe.Pointer, known, user, size uintptr) errno.Errno {
	if size > arch.PageSize {
		return errno.E2BIG
	}
	if arch.CopyFromUser(to, user, min(size, known)) != 0 {
		return errno.EFAULT
	}
	for at := known; at < size; {
		var rest [64]byte
		n := min(size-at, uintptr(len(rest)))
		if arch.CopyFromUser(unsafe.Pointer(&rest), user+at, n) != 0 {
			return errno.EFAULT
		}
		for _, b := range rest[:n] {
			if b != 0 {
				return errno.E2BIG
			}
		}
		at += n
	}
	return errno.OK
}

func sysClone3(f *arch.Frame) (uintptr, errno.Errno) {
	var c cloneArgs
	if arg1(f) < cloneArgsFirst {
		return 0, errno.EINVAL
	}
	if e := getVersioned(unsafe.Pointer(&c), unsafe.Sizeof(c), arg0(f), arg1(f)); e != 0 {
		return 0, e
	}
	switch {
	case c.SetTID != 0 || c.SetTIDSize != 0 || c.CGroup != 0,
		c.Flags&proc.CLONE_DETACHED != 0,
		c.ExitSignal > proc.NSIG,
		c.ExitSignal != 0 && c.Flags&(proc.CLONE_THREAD|proc.CLONE_PARENT) != 0,
		(c.Stack == 0) != (c.StackSize == 0),
		c.Stack+c.StackSize < c.Stack || c.Stack+c.StackSize > uint64(arch.UserLimit):
		return 0, errno.EINVAL
	}
	return fork(&proc.CloneArgs{Flags: c.Flags, ExitSignal: int(c.ExitSignal), Stack: uintptr(c.Stack + c.StackSize),
		ParentTID: uintptr(c.ParentTID), ChildTID: uintptr(c.ChildTID), TLS: uintptr(c.TLS), PIDFD: uintptr(c.PIDFD)})
}
