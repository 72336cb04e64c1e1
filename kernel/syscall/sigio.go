//go:build galago

package syscall

import (
	"galago/kernel/errno"
	"galago/kernel/proc"
	"galago/kernel/vfs"
)

// Who gets the signals of an open file: commands of fcntl(2) and ioctl(2).
const (
	fSetOwn   = 8
	fGetOwn   = 9
	fSetSig   = 10
	fGetSig   = 11
	fSetOwnEx = 15
	fGetOwnEx = 16

	fioAsync    = 0x5452
	fioSetOwn   = 0x8901
	siocSetPgrp = 0x8902
	fioGetOwn   = 0x8903
	siocGetPgrp = 0x8904
)

// ownerEx is struct f_owner_ex.
type ownerEx struct{ Kind, ID int32 }

func ioOwner(f *vfs.File, cmd int, arg uintptr) (uintptr, errno.Errno) {
	switch cmd {
	case fSetOwn:
		return ok(setOwner(f, int(int32(arg))))
	case fGetOwn:
		return uintptr(owner(f)), 0
	case fSetSig:
		return ok(proc.SetIOSignal(f, int(arg)))
	case fGetSig:
		return uintptr(proc.IOSignal(f)), 0
	case fSetOwnEx:
		var o ownerEx
		if e := get(&o, arg); e != 0 {
			return 0, e
		}
		return ok(proc.SetOwner(f, int(o.Kind), int(o.ID)))
	}
	kind, id := proc.Owner(f)
	o := ownerEx{int32(kind), int32(id)}
	return ok(put(arg, &o))
}

// setOwner names a process, or with a negative number a group.
func setOwner(f *vfs.File, id int) errno.Errno {
	switch {
	case id == -1<<31:
		return errno.EINVAL
	case id < 0:
		return proc.SetOwner(f, proc.OwnerPGRP, -id)
	}
	return proc.SetOwner(f, proc.OwnerPID, id)
}

func owner(f *vfs.File) int {
	kind, id := proc.Owner(f)
	if kind == proc.OwnerPGRP {
		return -id
	}
	return id
}

func ioOwnerCommand(cmd uint32) bool {
	return cmd == fioAsync || cmd >= fioSetOwn && cmd <= siocGetPgrp
}

func ioctlOwner(f *vfs.File, fd int, cmd uint32, arg uintptr) (uintptr, errno.Errno) {
	if cmd != fioAsync && f.Inode.Type() != vfs.S_IFSOCK {
		return f.Ioctl(cmd, arg)
	}
	var v int32
	switch cmd {
	case fioGetOwn, siocGetPgrp:
		v = int32(owner(f))
		return ok(put(arg, &v))
	}
	if e := get(&v, arg); e != 0 {
		return 0, e
	}
	if cmd == fioAsync {
		return ok(proc.SetAsync(f, fd, v != 0))
	}
	return ok(setOwner(f, int(v)))
}
