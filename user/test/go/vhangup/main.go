//go:build linux

// Test vhangup hangs up the controlling terminal of a session, a pseudo-terminal, and prints what its leader sees.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func show(what string, n int, err error) {
	if e, ok := err.(unix.Errno); ok && e != 0 {
		fmt.Printf("%s: %s\n", what, unix.ErrnoName(e))
	} else {
		fmt.Printf("%s: %d\n", what, n)
	}
}

func vhangup() error {
	if _, _, e := unix.Syscall(unix.SYS_VHANGUP, 0, 0, 0); e != 0 {
		return e
	}
	return nil
}

// leader is the session's leader; descriptor 3 is the slave.
func leader() {
	c := make(chan os.Signal, 10)
	signal.Notify(c, unix.SIGHUP)
	t, err := unix.Open("/dev/tty", unix.O_RDWR, 0)
	show("/dev/tty", 0, err)
	unix.Close(t)
	show("vhangup", 0, vhangup())
	fmt.Println("signal", <-c)
	n, err := unix.Write(3, []byte("x"))
	show("write", n, err)
	b := make([]byte, 4)
	n, err = unix.Read(3, b)
	show("read", n, err)
	_, err = unix.Open("/dev/tty", unix.O_RDWR, 0)
	show("/dev/tty", 0, err)
	show("vhangup without a terminal", 0, vhangup())
	check(unix.Setresuid(1000, 1000, 1000))
	show("vhangup of an ordinary user", 0, vhangup())
}

func main() {
	if len(os.Args) > 1 {
		leader()
		return
	}
	m, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	check(err)
	zero := int32(0)
	_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(m), unix.TIOCSPTLCK, uintptr(unsafe.Pointer(&zero)))
	show("unlock", 0, e)
	n, err := unix.IoctlGetInt(m, unix.TIOCGPTN)
	check(err)
	s, err := os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	check(err)
	child := exec.Command("/proc/self/exe", "leader")
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	child.ExtraFiles = []*os.File{s}
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	check(child.Run())
}
