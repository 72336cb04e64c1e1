//go:build linux

// Test plaincalls makes, by number, the calls that libraries have replaced by newer ones, and those that only root makes, each once with
// success and at an edge.
package main

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"galago/user/test/internal/raw"
)

var room [4096]byte

func main() {
	runtime.LockOSThread()
	names()
	descriptors()
	waits()
	identity()
	system()
}

// call makes a call and prints its result; positive results only as such, as they may be numbers of any kind.
//
//go:uintptrescapes
func call(what string, nr uintptr, args ...uintptr) uintptr {
	var a [6]uintptr
	copy(a[:], args)
	r, _, e := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	switch {
	case e != 0:
		fmt.Println(what, unix.ErrnoName(e))
	case r == 0:
		fmt.Println(what, 0)
	default:
		fmt.Println(what, "positive")
	}
	return r
}

var cwd = ^uintptr(99) // AT_FDCWD

func names() {
	fd := call("creat", unix.SYS_CREAT, raw.String("f"), 0o644)
	call("write", unix.SYS_WRITE, fd, raw.Addr(&room), 100)
	call("fdatasync", unix.SYS_FDATASYNC, fd)
	call("fsync", unix.SYS_FSYNC, fd)
	call("syncfs", unix.SYS_SYNCFS, fd)
	call("fstatfs", unix.SYS_FSTATFS, fd, raw.Addr(&room))
	call("fchown", unix.SYS_FCHOWN, fd, 1, 2)
	call("chown", unix.SYS_CHOWN, raw.String("f"), 3, 4)
	call("symlink", unix.SYS_SYMLINK, raw.String("f"), raw.String("l"))
	call("lchown", unix.SYS_LCHOWN, raw.String("l"), 5, 6)
	call("readlink", unix.SYS_READLINK, raw.String("l"), raw.Addr(&room), 10)
	call("readlink of a file", unix.SYS_READLINK, raw.String("f"), raw.Addr(&room), 10)
	call("open", unix.SYS_OPEN, raw.String("f"), 0, 0)
	call("open nothing", unix.SYS_OPEN, raw.String("none"), 0, 0)
	call("utime", unix.SYS_UTIME, raw.String("f"), raw.Addr(&[2]int64{1000, 2000}))
	call("utimes", unix.SYS_UTIMES, raw.String("f"), raw.Addr(&[4]int64{1000, 5, 2000, 6}))
	call("utimes wrong", unix.SYS_UTIMES, raw.String("f"), raw.Addr(&[4]int64{1000, 1000000, 2000, 6}))
	call("futimesat", unix.SYS_FUTIMESAT, cwd, raw.String("f"), raw.Addr(&[4]int64{1, 5, 2, 6}))
	var st unix.Stat_t
	unix.Stat("f", &st)
	fmt.Println(st.Uid, st.Gid, st.Atim, st.Mtim)
	unix.Lstat("l", &st)
	fmt.Println(st.Uid, st.Gid)
	call("mknod", unix.SYS_MKNOD, raw.String("fifo"), unix.S_IFIFO|0o644, 0)
	call("mknod again", unix.SYS_MKNOD, raw.String("fifo"), unix.S_IFIFO|0o644, 0)
	call("faccessat", unix.SYS_FACCESSAT, cwd, raw.String("f"), 4)
	call("faccessat nothing", unix.SYS_FACCESSAT, cwd, raw.String("none"), 4)
	call("faccessat2", unix.SYS_FACCESSAT2, cwd, raw.String("f"), 4, unix.AT_EACCESS)
	call("faccessat2 wrong", unix.SYS_FACCESSAT2, cwd, raw.String("f"), 4, 1)
	call("mkdir", unix.SYS_MKDIR, raw.String("d"), 0o755)
	d := call("open directory", unix.SYS_OPEN, raw.String("d"), unix.O_DIRECTORY, 0)
	call("fchdir", unix.SYS_FCHDIR, d)
	call("fchdir to a file", unix.SYS_FCHDIR, fd)
	call("chdir back", unix.SYS_CHDIR, raw.String(".."))
	call("unlink", unix.SYS_UNLINK, raw.String("fifo"))
	iov := [1][2]uintptr{{raw.Addr(&room), 8}}
	call("pwritev", unix.SYS_PWRITEV, fd, raw.Addr(&iov), 1, 0, 0)
	rd := call("open again", unix.SYS_OPEN, raw.String("f"), 0, 0)
	call("preadv", unix.SYS_PREADV, rd, raw.Addr(&iov), 1, 0, 0)
	call("preadv before the start", unix.SYS_PREADV, rd, raw.Addr(&iov), 1, ^uintptr(0), ^uintptr(0))
	call("sync", unix.SYS_SYNC)
}

func descriptors() {
	var p [2]int32
	call("pipe", unix.SYS_PIPE, raw.Addr(&p))
	call("eventfd", unix.SYS_EVENTFD, 3)
	ep := call("epoll_create", unix.SYS_EPOLL_CREATE, 1)
	call("epoll_create of nothing", unix.SYS_EPOLL_CREATE, 0)
	event := unix.EpollEvent{Events: unix.EPOLLOUT}
	call("epoll_ctl", unix.SYS_EPOLL_CTL, ep, unix.EPOLL_CTL_ADD, uintptr(p[1]), raw.Addr(&event))
	call("epoll_wait", unix.SYS_EPOLL_WAIT, ep, raw.Addr(&room), 4, 0)
	call("inotify_init", unix.SYS_INOTIFY_INIT)
	call("getrandom", unix.SYS_GETRANDOM, raw.Addr(&room), 16, 0)
	call("getrandom wrong", unix.SYS_GETRANDOM, raw.Addr(&room), 16, 0x80)
}

func waits() {
	var p [2]int32
	unix.Syscall(unix.SYS_PIPE, raw.Addr(&p), 0, 0)
	set := [16]uint64{1 << p[1]}
	zero := [2]int64{}
	call("select", unix.SYS_SELECT, uintptr(p[1])+1, 0, raw.Addr(&set), 0, raw.Addr(&zero))
	call("pselect6", unix.SYS_PSELECT6, uintptr(p[1])+1, 0, raw.Addr(&set), 0, raw.Addr(&zero), 0)
	poll := unix.PollFd{Fd: p[1], Events: unix.POLLOUT}
	call("poll", unix.SYS_POLL, raw.Addr(&poll), 1, 0)
	call("gettimeofday", unix.SYS_GETTIMEOFDAY, raw.Addr(&room), 0)
	call("time", unix.SYS_TIME, 0)
}

func identity() {
	call("getgroups", unix.SYS_GETGROUPS, 0, 0)
	groups := [3]uint32{7, 8, 9}
	call("setgroups", unix.SYS_SETGROUPS, 3, raw.Addr(&groups))
	call("getgroups three", unix.SYS_GETGROUPS, 3, raw.Addr(&room))
	call("getgroups too few", unix.SYS_GETGROUPS, 2, raw.Addr(&room))
	call("getpgrp", unix.SYS_GETPGRP)
	call("getsid", unix.SYS_GETSID, 0)
	call("getsid of nobody", unix.SYS_GETSID, 1<<22)
	var ids [3]uint32
	call("setregid", unix.SYS_SETREGID, 10, 11)
	call("getresgid", unix.SYS_GETRESGID, raw.Addr(&ids[0]), raw.Addr(&ids[1]), raw.Addr(&ids[2]))
	fmt.Println(ids)
	call("setgid", unix.SYS_SETGID, 0)
	call("getresuid", unix.SYS_GETRESUID, raw.Addr(&ids[0]), raw.Addr(&ids[1]), raw.Addr(&ids[2]))
	fmt.Println(ids)
	limit := [2]uint64{100, 200}
	call("setrlimit", unix.SYS_SETRLIMIT, unix.RLIMIT_CORE, raw.Addr(&limit))
	limit[0] = 300
	call("setrlimit wrong", unix.SYS_SETRLIMIT, unix.RLIMIT_CORE, raw.Addr(&limit))
}

func system() {
	call("uname", unix.SYS_UNAME, raw.Addr(&room))
	call("sysinfo", unix.SYS_SYSINFO, raw.Addr(&room))
	call("syslog size", unix.SYS_SYSLOG, 10, 0, 0)
	call("syslog wrong", unix.SYS_SYSLOG, 99, 0, 0)
	call("reboot wrong", unix.SYS_REBOOT, 1, 2, 3, 0)
	call("sethostname wrong", unix.SYS_SETHOSTNAME, raw.Addr(&room), 65)
	call("setdomainname wrong", unix.SYS_SETDOMAINNAME, raw.Addr(&room), 65)
	call("membarrier", unix.SYS_MEMBARRIER, 0, 0, 0)
	call("membarrier wrong", unix.SYS_MEMBARRIER, 1<<30, 0, 0)
	call("set_tid_address", unix.SYS_SET_TID_ADDRESS, raw.Addr(&room))
	call("execveat nothing", unix.SYS_EXECVEAT, cwd, raw.String("none"), 0, 0, 0)
	call("clone3 wrong", unix.SYS_CLONE3, raw.Addr(&room), 8)
	call("rseq wrong", unix.SYS_RSEQ, 8, 1, 0, 0)
	dir, err := os.Getwd()
	if err != nil {
		fmt.Println(err)
	}
	call("setuid", unix.SYS_SETUID, 1000)
	call("setuid back", unix.SYS_SETUID, 0)
	call("chroot as nobody special", unix.SYS_CHROOT, raw.String(dir))
	call("sethostname as nobody special", unix.SYS_SETHOSTNAME, raw.Addr(&room), 4)
}
