//go:build galago_user

// Package sys is the Linux/amd64 system-call interface for native user programs: thin wrappers with Go types, section 2 of
// the manual. Each returns an Errno, 0 for success. Strings are passed through NUL-terminated copies that are reused; the
// wrappers allocate nothing unless they return a string or a slice, or start a program.
package sys

import (
	"galago/kernel/errno"
	"runtime"
	"unsafe"
)

// Errno is a system call's error.
type Errno = errno.Errno

// Call makes a raw system call and splits its result.
func Call(nr int, a ...uintptr) (uintptr, Errno) {
	var v [6]uintptr
	copy(v[:], a)
	return result(runtime.Syscall(uintptr(nr), v[0], v[1], v[2], v[3], v[4], v[5]))
}

func result(r uintptr) (uintptr, Errno) {
	if r > ^uintptr(4095) {
		return 0, Errno(-r)
	}
	return r, 0
}

func call0(nr uintptr) uintptr { return runtime.Syscall(nr, 0, 0, 0, 0, 0, 0) }
func call1(nr, a uintptr) (uintptr, Errno) {
	return result(runtime.Syscall(nr, a, 0, 0, 0, 0, 0))
}
func call2(nr, a, b uintptr) (uintptr, Errno) {
	return result(runtime.Syscall(nr, a, b, 0, 0, 0, 0))
}
func call3(nr, a, b, c uintptr) (uintptr, Errno) {
	return result(runtime.Syscall(nr, a, b, c, 0, 0, 0))
}
func call4(nr, a, b, c, d uintptr) (uintptr, Errno) {
	return result(runtime.Syscall(nr, a, b, c, d, 0, 0))
}
func call5(nr, a, b, c, d, e uintptr) (uintptr, Errno) {
	return result(runtime.Syscall(nr, a, b, c, d, e, 0))
}

// CString returns a NUL-terminated copy of s.
func CString(s string) *byte {
	b := make([]byte, len(s)+1)
	copy(b, s)
	return &b[0]
}

// Arguments that the kernel reads only during the call go through a ring of bytes that is used again. It holds the longest
// strings of one call (mount has four) several times over: a path of more than maxPath bytes, too long for the kernel
// anyway, is cut to that and stays too long. With several threads each takes memory of its own instead.
const (
	maxPath  = 4096
	ringSize = 5 * (maxPath + 2)
)

var (
	ring   [ringSize]byte
	ringAt int
)

func cstr(s string) uintptr {
	if len(s) > maxPath {
		s = s[:maxPath+1]
	}
	if runtime.Threaded() {
		return uintptr(unsafe.Pointer(CString(s)))
	}
	if ringAt+len(s)+1 > ringSize {
		ringAt = 0
	}
	p := &ring[ringAt]
	n := copy(ring[ringAt:], s)
	ring[ringAt+n] = 0
	ringAt += n + 1
	return uintptr(unsafe.Pointer(p))
}

// GoString returns the string at p up to its NUL, without copying.
func GoString(p *byte) string {
	if p == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return unsafe.String(p, n)
}

func data(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// AtFDCWD stands for the current directory in the …at calls.
const AtFDCWD = -100

const fdcwd = ^uintptr(99)

// Open flags.
const (
	O_RDONLY    = 0
	O_WRONLY    = 1
	O_RDWR      = 2
	O_CREAT     = 0o100
	O_EXCL      = 0o200
	O_NOCTTY    = 0o400
	O_TRUNC     = 0o1000
	O_APPEND    = 0o2000
	O_NONBLOCK  = 0o4000
	O_DIRECTORY = 0o200000
	O_NOFOLLOW  = 0o400000
	O_CLOEXEC   = 0o2000000
)

// Open is open(2), by openat(2) as other libraries have it.
func Open(path string, flags int, mode uint32) (int, Errno) {
	r, e := call4(257, fdcwd, cstr(path), uintptr(flags), uintptr(mode))
	return int(r), e
}

// Close is close(2).
func Close(fd int) Errno {
	_, e := call1(3, uintptr(fd))
	return e
}

// Read is read(2); Write write(2), once.
func Read(fd int, b []byte) (int, Errno) {
	r, e := call3(0, uintptr(fd), data(b), uintptr(len(b)))
	return int(r), e
}

func Write(fd int, b []byte) (int, Errno) {
	r, e := call3(1, uintptr(fd), data(b), uintptr(len(b)))
	return int(r), e
}

// WriteAll writes all of b, going on after short writes and signals.
func WriteAll(fd int, b []byte) Errno {
	for len(b) > 0 {
		n, e := Write(fd, b)
		if e == errno.EINTR {
			continue
		}
		if e != 0 {
			return e
		}
		b = b[n:]
	}
	return 0
}

// Lseek is lseek(2).
func Lseek(fd int, off int64, whence int) (int64, Errno) {
	r, e := call3(8, uintptr(fd), uintptr(off), uintptr(whence))
	return int64(r), e
}

// Dup2, Dup and Pipe2 are their namesakes.
func Dup2(old, new int) Errno {
	_, e := call2(33, uintptr(old), uintptr(new))
	return e
}

func Dup(fd int) (int, Errno) {
	r, e := call1(32, uintptr(fd))
	return int(r), e
}

func Pipe2(flags int) (r, w int, e Errno) {
	var p [2]int32
	_, e = call2(293, uintptr(unsafe.Pointer(&p)), uintptr(flags))
	return int(p[0]), int(p[1]), e
}

// Fcntl is fcntl(2) with an integer argument.
func Fcntl(fd, cmd, arg int) (int, Errno) {
	r, e := call3(72, uintptr(fd), uintptr(cmd), uintptr(arg))
	return int(r), e
}

// fcntl commands.
const (
	F_DUPFD         = 0
	F_GETFD         = 1
	F_SETFD         = 2
	F_GETFL         = 3
	F_SETFL         = 4
	F_DUPFD_CLOEXEC = 1030
	FD_CLOEXEC      = 1
)

// Ioctl is ioctl(2).
func Ioctl(fd int, cmd uintptr, arg uintptr) (uintptr, Errno) {
	return call3(16, uintptr(fd), cmd, arg)
}

// Stat is struct stat.
type Stat struct {
	Dev, Ino, Nlink       uint64
	Mode, UID, GID, _     uint32
	Rdev                  uint64
	Size, Blksize, Blocks int64
	ATime, MTime, CTime   Timespec
	_                     [3]int64
}

// Timespec is struct timespec.
type Timespec struct{ Sec, Nsec int64 }

// Lstat, Stat and Fstat.
func Lstat(path string, st *Stat) Errno {
	_, e := call2(6, cstr(path), uintptr(unsafe.Pointer(st)))
	return e
}

func StatPath(path string, st *Stat) Errno {
	_, e := call2(4, cstr(path), uintptr(unsafe.Pointer(st)))
	return e
}

func Fstat(fd int, st *Stat) Errno {
	_, e := call2(5, uintptr(fd), uintptr(unsafe.Pointer(st)))
	return e
}

// File type bits.
const (
	S_IFMT   = 0o170000
	S_IFSOCK = 0o140000
	S_IFLNK  = 0o120000
	S_IFREG  = 0o100000
	S_IFBLK  = 0o060000
	S_IFDIR  = 0o040000
	S_IFCHR  = 0o020000
	S_IFIFO  = 0o010000
)

// Path calls.
func Mkdir(path string, mode uint32) Errno {
	_, e := call2(83, cstr(path), uintptr(mode))
	return e
}
func Rmdir(path string) Errno  { _, e := call1(84, cstr(path)); return e }
func Unlink(path string) Errno { _, e := call1(87, cstr(path)); return e }
func Rename(a, b string) Errno { _, e := call2(82, cstr(a), cstr(b)); return e }
func Link(a, b string) Errno   { _, e := call2(86, cstr(a), cstr(b)); return e }
func Symlink(target, path string) Errno {
	_, e := call2(88, cstr(target), cstr(path))
	return e
}
func Chdir(path string) Errno { _, e := call1(80, cstr(path)); return e }
func Chmod(path string, mode uint32) Errno {
	_, e := call2(90, cstr(path), uintptr(mode))
	return e
}
func Chown(path string, uid, gid int) Errno {
	_, e := call3(92, cstr(path), uintptr(uid), uintptr(gid))
	return e
}
func Lchown(path string, uid, gid int) Errno {
	_, e := call3(94, cstr(path), uintptr(uid), uintptr(gid))
	return e
}
func Mknod(path string, mode uint32, dev uint64) Errno {
	_, e := call3(133, cstr(path), uintptr(mode), uintptr(dev))
	return e
}
func Truncate(path string, n int64) Errno { _, e := call2(76, cstr(path), uintptr(n)); return e }
func Access(path string, mode int) Errno {
	_, e := call2(21, cstr(path), uintptr(mode))
	return e
}
func Umask(m int) int { return int(runtime.Syscall(95, uintptr(m), 0, 0, 0, 0, 0)) }

// Readlink returns a link's target.
func Readlink(path string) (string, Errno) {
	b := make([]byte, 4096)
	n, e := call3(89, cstr(path), data(b), uintptr(len(b)))
	return string(b[:n]), e
}

// Getcwd returns the current directory.
func Getcwd() (string, Errno) {
	b := make([]byte, 4096)
	n, e := call2(79, data(b), uintptr(len(b)))
	if e != 0 {
		return "", e
	}
	return string(b[:n-1]), 0
}

// Utimensat sets times; nil is now.
func Utimensat(path string, t *[2]Timespec, flags int) Errno {
	_, e := call4(280, fdcwd, cstr(path), uintptr(unsafe.Pointer(t)), uintptr(flags))
	return e
}

// UTIME_NOW and UTIME_OMIT are special values of Nsec.
const (
	UTIME_NOW  = 1<<30 - 1
	UTIME_OMIT = 1<<30 - 2
)

// Getdents reads directory entries.
func Getdents(fd int, b []byte) (int, Errno) {
	r, e := call3(217, uintptr(fd), data(b), uintptr(len(b)))
	return int(r), e
}

// Sync, Fsync.
func Sync()              { call0(162) }
func Fsync(fd int) Errno { _, e := call1(74, uintptr(fd)); return e }

// Mount and Umount2.
func Mount(source, target, fstype string, flags uintptr, data string) Errno {
	_, e := call5(165, cstr(source), cstr(target), cstr(fstype), flags, cstr(data))
	return e
}
func Umount2(target string, flags int) Errno {
	_, e := call2(166, cstr(target), uintptr(flags))
	return e
}

// StatFS is struct statfs.
type StatFS struct {
	Type, Bsize                         int64
	Blocks, Bfree, Bavail, Files, Ffree uint64
	FSID                                [2]int32
	Namelen, Frsize, Flags              int64
	_                                   [4]int64
}

func Statfs(path string, st *StatFS) Errno {
	_, e := call2(137, cstr(path), uintptr(unsafe.Pointer(st)))
	return e
}

// Reboot commands.
const (
	RebootRestart  = 0x01234567
	RebootHalt     = 0xcdef0123
	RebootPowerOff = 0x4321fedc
)

func Reboot(cmd uintptr) Errno {
	_, e := call4(169, 0xfee1dead, 672274793, cmd, 0)
	return e
}

// Utsname is struct utsname.
type Utsname struct{ Sysname, Nodename, Release, Version, Machine, Domain [65]byte }

func Uname(u *Utsname) Errno { _, e := call1(63, uintptr(unsafe.Pointer(u))); return e }

func Sethostname(s string) Errno {
	_, e := call2(170, cstr(s), uintptr(len(s)))
	return e
}

// Sysinfo is struct sysinfo.
type Sysinfo struct {
	Uptime                                           int64
	Loads                                            [3]uint64
	Total, Free, Shared, Buffer, SwapTotal, SwapFree uint64
	Procs, _                                         uint16
	_                                                uint32
	TotalHigh, FreeHigh                              uint64
	Unit, _                                          uint32
}

func GetSysinfo(s *Sysinfo) Errno { _, e := call1(99, uintptr(unsafe.Pointer(s))); return e }

// Syslog reads or clears the kernel's log.
func Syslog(action int, b []byte) (int, Errno) {
	r, e := call3(103, uintptr(action), data(b), uintptr(len(b)))
	return int(r), e
}

// ClockGettime and Nanosleep.
func ClockGettime(id int) (t Timespec) {
	call2(228, uintptr(id), uintptr(unsafe.Pointer(&t)))
	return t
}

func ClockSettime(id int, t Timespec) Errno {
	_, e := call2(227, uintptr(id), uintptr(unsafe.Pointer(&t)))
	return e
}

func Nanosleep(t Timespec) Errno {
	_, e := call2(35, uintptr(unsafe.Pointer(&t)), 0)
	return e
}

// Identity.
func Getuid() int           { return int(call0(102)) }
func Geteuid() int          { return int(call0(107)) }
func Getgid() int           { return int(call0(104)) }
func Getegid() int          { return int(call0(108)) }
func Setuid(id int) Errno   { _, e := call1(105, uintptr(id)); return e }
func Setgid(id int) Errno   { _, e := call1(106, uintptr(id)); return e }
func Chroot(p string) Errno { _, e := call1(161, cstr(p)); return e }

func Getgroups() []uint32 {
	g := make([]uint32, 256)
	n, _ := call2(115, uintptr(len(g)), uintptr(unsafe.Pointer(&g[0])))
	return g[:n]
}
