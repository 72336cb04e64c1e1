//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/proc"
)

// I/O priorities: ioprio_set(2), ioprio_get(2). A class in the upper three of 16 bits, and a level from 0 to 7.

const (
	ioClassShift               = 13
	ioNone, ioRT, ioBE, ioIdle = 0, 1, 2, 3
	ioLevels                   = 8
	ioNormal                   = 4 // the level of nice 0
)

func ioClass(p int) int { return p >> ioClassShift }
func ioLevel(p int) int { return p & (1<<ioClassShift - 1) }

// ioSet translates a call's idea of whom it means.
func ioSet(which int) (int, errno.Errno) {
	if which < 1 || which > 3 {
		return 0, errno.EINVAL
	}
	return which - 1 + proc.OneThread, errno.OK
}

func sysIoprioSet(f *arch.Frame) (uintptr, errno.Errno) {
	p := int2(f)
	level := ioLevel(p) & (ioLevels - 1) // the rest is hints
	switch ioClass(p) {
	case ioRT:
		if !ctx().Cred.Capable(cred.SysAdmin) && !ctx().Cred.Capable(cred.SysNice) {
			return 0, errno.EPERM
		}
	case ioBE, ioIdle:
	case ioNone:
		if level != 0 {
			return 0, errno.EINVAL
		}
	default:
		return 0, errno.EINVAL
	}
	set, e := ioSet(int0(f))
	if e != 0 {
		return 0, e
	}
	able := ctx().Cred.Capable(cred.SysNice)
	any := current().EachSubject(set, int1(f), func(s proc.Subject) {
		if !s.Mine && !able {
			e = errno.EPERM
			return
		}
		s.SetIOPriority(uint16(p))
	})
	if !any {
		return 0, errno.ESRCH
	}
	return 0, e
}

func sysIoprioGet(f *arch.Frame) (uintptr, errno.Errno) {
	set, e := ioSet(int0(f))
	if e != 0 {
		return 0, e
	}
	best := -1
	if !current().EachSubject(set, int1(f), func(s proc.Subject) { best = ioBest(best, int(s.IOPriority())) }) {
		return 0, errno.ESRCH
	}
	return uintptr(best), 0
}

// ioBest returns the more urgent of two priorities: the lower class and level, where none counts as best effort.
func ioBest(a, b int) int {
	rank := func(p int) int {
		if ioClass(p) == ioNone {
			return ioBE<<ioClassShift | ioNormal
		}
		return p
	}
	if a < 0 || rank(b) < rank(a) {
		return b
	}
	return a
}
