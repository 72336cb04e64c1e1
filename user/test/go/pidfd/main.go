//go:build linux

// Test pidfd prints what descriptors of processes, waitid, unshare and kcmp answer.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

func show(what string, r any, err error) {
	if err != nil {
		if e, ok := err.(unix.Errno); ok {
			r = unix.ErrnoName(e)
		} else {
			r = err
		}
	}
	fmt.Printf("%s: %v\n", what, r)
}

//go:uintptrescapes
func raw(what string, nr uintptr, args ...uintptr) uintptr {
	var a [6]uintptr
	copy(a[:], args)
	r, _, e := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	if e != 0 {
		show(what, 0, e)
	} else {
		show(what, r, nil)
	}
	return r
}

func poll(fd, ms int) string {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(p, ms)
	return fmt.Sprintf("%d %#x %v", n, p[0].Revents, err)
}

func main() {
	if len(os.Args) > 1 {
		var b [1]byte
		os.Stdin.Read(b[:])
		os.Exit(7)
	}
	runtime.LockOSThread()
	child := exec.Command("/proc/self/exe", "child")
	in, _ := child.StdinPipe()
	child.Start()
	pid := child.Process.Pid
	fd, err := unix.PidfdOpen(pid, 0)
	show("pidfd_open", fd > 2, err)
	_, err = unix.PidfdOpen(pid, 1)
	show("pidfd_open flags", 0, err)
	_, err = unix.PidfdOpen(-1, 0)
	show("pidfd_open -1", 0, err)
	_, err = unix.PidfdOpen(1<<22-3, 0)
	show("pidfd_open nobody", 0, err)
	fmt.Println("poll alive", poll(fd, 0))
	show("send 0", 0, unix.PidfdSendSignal(fd, 0, nil, 0))
	show("send flags", 0, unix.PidfdSendSignal(fd, 0, nil, 9))
	show("send bad signal", 0, unix.PidfdSendSignal(fd, 99, nil, 0))
	show("send to no pidfd", 0, unix.PidfdSendSignal(1, 0, nil, 0))
	dup, err := unix.PidfdGetfd(fd, 0, 0)
	show("pidfd_getfd", dup > 2, err)
	_, err = unix.PidfdGetfd(fd, 77, 0)
	show("pidfd_getfd bad", 0, err)
	var info unix.Siginfo
	show("waitid nohang", 0, unix.Waitid(unix.P_PIDFD, fd, &info, unix.WEXITED|unix.WNOHANG, nil))
	fmt.Println("signo", info.Signo)
	in.Close()
	fmt.Println("poll ended", poll(fd, 5000))
	show("waitid nowait", 0, unix.Waitid(unix.P_PIDFD, fd, &info, unix.WEXITED|unix.WNOWAIT, nil))
	status := *(*int32)(unsafe.Pointer(uintptr(unsafe.Pointer(&info)) + 24))
	fmt.Println("signo", info.Signo, "code", info.Code, "status", status)
	show("send to a zombie", 0, unix.PidfdSendSignal(fd, 0, nil, 0))
	show("waitid", 0, unix.Waitid(unix.P_PIDFD, fd, &info, unix.WEXITED, nil))
	show("waitid again", 0, unix.Waitid(unix.P_PIDFD, fd, &info, unix.WEXITED, nil))
	show("send to nobody", 0, unix.PidfdSendSignal(fd, 0, nil, 0))
	show("waitid bad type", 0, unix.Waitid(9, 0, &info, unix.WEXITED, nil))
	show("waitid no option", 0, unix.Waitid(unix.P_ALL, 0, &info, 0, nil))
	show("waitid no pidfd", 0, unix.Waitid(unix.P_PIDFD, 1, &info, unix.WEXITED, nil))

	self := uintptr(os.Getpid())
	raw("kcmp same file", unix.SYS_KCMP, self, self, 0, 1, 1)
	raw("kcmp vm", unix.SYS_KCMP, self, self, 1)
	raw("kcmp bad descriptor", unix.SYS_KCMP, self, self, 0, 1, 99)
	raw("kcmp bad type", unix.SYS_KCMP, self, self, 99)
	raw("kcmp nobody", unix.SYS_KCMP, self, 1<<22-3, 1)
	raw("unshare nothing", unix.SYS_UNSHARE, 0)
	raw("unshare unknown", unix.SYS_UNSHARE, 1)
	raw("unshare files", unix.SYS_UNSHARE, unix.CLONE_FILES)
	raw("unshare directories", unix.SYS_UNSHARE, unix.CLONE_FS)
	os.Mkdir("only-here", 0o755)
	show("chdir", 0, unix.Chdir("only-here"))
	done := make(chan string)
	go func() {
		runtime.LockOSThread()
		d, _ := os.Getwd()
		done <- d[len(d)-9:]
	}()
	fmt.Println("another thread is in", <-done == "only-here")
	raw("unshare threads", unix.SYS_UNSHARE, unix.CLONE_THREAD)
	raw("setns of a file", unix.SYS_SETNS, 1, 0)
	raw("setns bad descriptor", unix.SYS_SETNS, 99, 0)
}
