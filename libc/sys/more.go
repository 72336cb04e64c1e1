//go:build galago_user

package sys

import (
	"runtime"
	"unsafe"
)

// Calls on descriptors and paths that fewer programs need.

// Pread is pread64(2).
func Pread(fd int, b []byte, off int64) (int, Errno) {
	r, e := call4(17, uintptr(fd), data(b), uintptr(len(b)), uintptr(off))
	return int(r), e
}

// Pwrite is pwrite64(2).
func Pwrite(fd int, b []byte, off int64) (int, Errno) {
	r, e := call4(18, uintptr(fd), data(b), uintptr(len(b)), uintptr(off))
	return int(r), e
}

// Openat is openat(2).
func Openat(dir int, path string, flags int, mode uint32) (int, Errno) {
	r, e := call4(257, uintptr(dir), cstr(path), uintptr(flags), uintptr(mode))
	return int(r), e
}

// AT_… flags.
const (
	AT_SYMLINK_NOFOLLOW = 0x100
	AT_REMOVEDIR        = 0x200
	AT_SYMLINK_FOLLOW   = 0x400
)

// Fstatat is newfstatat(2).
func Fstatat(dir int, path string, st *Stat, flags int) Errno {
	_, e := call4(262, uintptr(dir), cstr(path), uintptr(unsafe.Pointer(st)), uintptr(flags))
	return e
}

// Unlinkat is unlinkat(2).
func Unlinkat(dir int, path string, flags int) Errno {
	_, e := call3(263, uintptr(dir), cstr(path), uintptr(flags))
	return e
}

// Linkat is linkat(2) with both paths relative to the current directory.
func Linkat(old, new string, flags int) Errno {
	_, e := call5(265, fdcwd, cstr(old), fdcwd, cstr(new), uintptr(flags))
	return e
}

// Fchmod is fchmod(2).
func Fchmod(fd int, mode uint32) Errno { _, e := call2(91, uintptr(fd), uintptr(mode)); return e }

// Fchown is fchown(2).
func Fchown(fd, uid, gid int) Errno {
	_, e := call3(93, uintptr(fd), uintptr(uid), uintptr(gid))
	return e
}

// Futimens sets the times of an open file.
func Futimens(fd int, t *[2]Timespec) Errno {
	_, e := call4(280, uintptr(fd), 0, uintptr(unsafe.Pointer(t)), 0)
	return e
}

// Ftruncate is ftruncate(2).
func Ftruncate(fd int, n int64) Errno { _, e := call2(77, uintptr(fd), uintptr(n)); return e }

// Fdatasync is fdatasync(2).
func Fdatasync(fd int) Errno { _, e := call1(75, uintptr(fd)); return e }

// Syncfs is syncfs(2).
func Syncfs(fd int) Errno { _, e := call1(306, uintptr(fd)); return e }

// Fchdir is fchdir(2).
func Fchdir(fd int) Errno { _, e := call1(81, uintptr(fd)); return e }

// Dup3 is dup3(2).
func Dup3(old, new, flags int) Errno {
	_, e := call3(292, uintptr(old), uintptr(new), uintptr(flags))
	return e
}

// Fstatfs is fstatfs(2).
func Fstatfs(fd int, st *StatFS) Errno {
	_, e := call2(138, uintptr(fd), uintptr(unsafe.Pointer(st)))
	return e
}

// Getrandom is getrandom(2).
func Getrandom(b []byte) (int, Errno) {
	r, e := call3(318, data(b), uintptr(len(b)), 0)
	return int(r), e
}

// Mmap is mmap(2); Munmap munmap(2).
func Mmap(addr uintptr, n int, prot, flags, fd int, off int64) (uintptr, Errno) {
	return result(runtime.Syscall(9, addr, uintptr(n), uintptr(prot), uintptr(flags), uintptr(fd), uintptr(off)))
}

func Munmap(addr uintptr, n int) Errno { _, e := call2(11, addr, uintptr(n)); return e }

// Processes.

// Getpgid is getpgid(2).
func Getpgid(pid int) (int, Errno) {
	r, e := call1(121, uintptr(pid))
	return int(r), e
}

// Getsid is getsid(2).
func Getsid(pid int) (int, Errno) {
	r, e := call1(124, uintptr(pid))
	return int(r), e
}

// Setpriority sets a nice value: which 0 process, 1 group, 2 user.
func Setpriority(which, who, nice int) Errno {
	_, e := call3(141, uintptr(which), uintptr(who), uintptr(nice))
	return e
}

// Getpriority returns a nice value; the kernel returns 20 - nice.
func Getpriority(which, who int) (int, Errno) {
	r, e := call2(140, uintptr(which), uintptr(who))
	return 20 - int(r), e
}

// Alarm is alarm(2).
func Alarm(seconds int) int {
	r, _ := call1(37, uintptr(seconds))
	return int(r)
}

// Timeval is struct timeval.
type Timeval struct{ Sec, Usec int64 }

// Rusage is struct rusage.
type Rusage struct {
	Utime, Stime Timeval
	Maxrss       int64
	_            [13]int64
}

// Wait4Usage is wait4(2) with the resources the child has used.
func Wait4Usage(pid, options int, ru *Rusage) (int, WaitStatus, Errno) {
	var st int32
	r, e := call4(61, uintptr(pid), uintptr(unsafe.Pointer(&st)), uintptr(options), uintptr(unsafe.Pointer(ru)))
	return int(r), WaitStatus(st), e
}

// Setgroups is setgroups(2).
func Setgroups(g []uint32) Errno {
	_, e := call2(116, uintptr(len(g)), uintptr(unsafe.Pointer(unsafe.SliceData(g))))
	return e
}

// Makedev joins a device number; Major and Minor split it (the encoding of gnu_dev_makedev(3)).
func Makedev(major, minor uint32) uint64 {
	return uint64(minor)&0xff | uint64(major)&0xfff<<8 | uint64(minor)&^0xff<<12 | uint64(major)&^0xfff<<32
}

func Major(dev uint64) uint32 { return uint32(dev>>8&0xfff | dev>>32&^0xfff) }
func Minor(dev uint64) uint32 { return uint32(dev&0xff | dev>>12&^0xff) }
