//go:build linux

// Test rarecalls makes calls that few programs make and the other tests only see fail, each once with success: on things of its own, or
// with what already holds.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"

	"golang.org/x/sys/unix"

	"galago/user/test/internal/raw"
)

func main() {
	runtime.LockOSThread()
	debug.SetGCPercent(-1) // the children below have only the thread that makes them
	system()
	files()
	semaphores()
	children()
}

//go:uintptrescapes
func call(what string, nr uintptr, args ...uintptr) uintptr {
	var a [6]uintptr
	copy(a[:], args)
	r, _, e := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	fmt.Println(what, raw.Name(e))
	return r
}

func system() {
	var u unix.Utsname
	unix.Uname(&u)
	length := func(b []byte) (n uintptr) {
		for n < uintptr(len(b)) && b[n] != 0 {
			n++
		}
		return n
	}
	call("sethostname to what it is", unix.SYS_SETHOSTNAME, uintptr(unsafe.Pointer(&u.Nodename)), length(u.Nodename[:]))
	call("setdomainname to what it is", unix.SYS_SETDOMAINNAME, uintptr(unsafe.Pointer(&u.Domainname)), length(u.Domainname[:]))
	call("settimeofday of nothing", unix.SYS_SETTIMEOFDAY, 0, 0)
	var x unix.Timex
	call("clock_adjtime that only asks", unix.SYS_CLOCK_ADJTIME, unix.CLOCK_REALTIME, uintptr(unsafe.Pointer(&x)))
	call("mlockall", unix.SYS_MLOCKALL, unix.MCL_CURRENT)
	call("munlockall", unix.SYS_MUNLOCKALL)
	const numberOfFileSystems = 3
	call("sysfs", unix.SYS_SYSFS, numberOfFileSystems)
	root := []byte("/\x00")
	call("chroot to the root", unix.SYS_CHROOT, uintptr(unsafe.Pointer(&root[0])))
}

func files() {
	fd, err := unix.MemfdCreate("f", 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	f := os.NewFile(uintptr(fd), "f")
	defer f.Close()
	call("fallocate", unix.SYS_FALLOCATE, f.Fd(), 0, 1000, 5000)
	var st unix.Stat_t
	unix.Fstat(int(f.Fd()), &st)
	fmt.Println("size", st.Size, "has blocks", st.Blocks >= 8)
	f.WriteAt([]byte("written"), 2000)
	b := make([]byte, 10)
	f.ReadAt(b, 1998)
	fmt.Printf("%q\n", b)
	call("fallocate of nothing", unix.SYS_FALLOCATE, f.Fd(), 0, 0, 0)
	call("fallocate before the start", unix.SYS_FALLOCATE, f.Fd(), 0, ^uintptr(0), 10)
}

// sembuf is struct sembuf.
type sembuf struct {
	num, op, flags int16
}

func semaphores() {
	id := call("semget", unix.SYS_SEMGET, 0, 1, 0o600)
	up, down := sembuf{0, 2, 0}, sembuf{0, -1, 0}
	ts := unix.Timespec{Sec: 1}
	call("semtimedop up", unix.SYS_SEMTIMEDOP, id, uintptr(unsafe.Pointer(&up)), 1, uintptr(unsafe.Pointer(&ts)))
	call("semtimedop down", unix.SYS_SEMTIMEDOP, id, uintptr(unsafe.Pointer(&down)), 1, uintptr(unsafe.Pointer(&ts)))
	call("semctl remove", unix.SYS_SEMCTL, id, 0, 0)
}

// cloneArgs is struct clone_args, its first version.
type cloneArgs struct{ flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls uint64 }

// program is what a child becomes.
type program struct {
	fd        uintptr
	path      *byte
	argv, env **byte
}

func children() {
	args := cloneArgs{exitSignal: uint64(unix.SIGCHLD)}
	report(fork(&args, nil))

	f, err := os.Open("/bin/sh")
	if err != nil {
		fmt.Println(err)
		return
	}
	argv, env := [4]*byte{cstr("sh"), cstr("-c"), cstr("echo run by execveat; exit 5")}, [1]*byte{}
	report(fork(&args, &program{f.Fd(), cstr(""), &argv[0], &env[0]}))
}

func cstr(s string) *byte {
	b, _ := unix.BytePtrFromString(s)
	return b
}

// fork makes a child that runs a program, or ends with status 7 if it is nil. The child has none of the runtime's threads: nothing in it
// may look at its stack's bound, where the runtime asks for a change of goroutines.
//
//go:nosplit
func fork(args *cloneArgs, p *program) (int, unix.Errno) {
	pid, _, e := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(args)), unsafe.Sizeof(*args), 0)
	if e == 0 && pid == 0 {
		status := uintptr(7)
		if p != nil {
			unix.RawSyscall6(unix.SYS_EXECVEAT, p.fd, uintptr(unsafe.Pointer(p.path)), uintptr(unsafe.Pointer(p.argv)), uintptr(unsafe.Pointer(p.env)), unix.AT_EMPTY_PATH, 0)
			status = 99
		}
		for {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, status, 0, 0)
		}
	}
	return int(pid), e
}

func report(pid int, e unix.Errno) {
	var st unix.WaitStatus
	_, err := unix.Wait4(pid, &st, 0, nil)
	fmt.Println("clone3", raw.Name(e), "child", err, st.Exited(), st.ExitStatus())
}
