//go:build galago_user

// Command linuxinit is process 1 of the Linux machine that the benchmark runs on beside Galago (tools/internal/linux): it loads the modules
// that /modules/order names, mounts what there is to mount, runs /bench with the arguments in /args, and powers off.
package main

import (
	"unsafe"

	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

func main() {
	for _, d := range [...]string{"/dev", "/proc", "/disk", "/ram"} {
		sys.Mkdir(d, 0o755)
	}
	sys.Mount("devtmpfs", "/dev", "devtmpfs", 0, "")
	for fd := range 3 {
		if f, e := sys.Open("/dev/console", sys.O_RDWR, 0); e == 0 && f != fd {
			sys.Dup2(f, fd)
			sys.Close(f)
		}
	}
	sys.Mount("proc", "/proc", "proc", 0, "")
	sys.Mount("tmpfs", "/ram", "tmpfs", 0, "")
	for _, name := range lines("/modules/order") {
		load("/modules/" + name)
	}
	if e := sys.Mount("/dev/vda", "/disk", "ext4", 0, ""); e != 0 {
		stdio.Printf("linuxinit: mounting the disk: %s\n", e.Name())
	}
	pid, e := sys.Fork()
	if e == 0 && pid == 0 {
		sys.Execve("/bench", append([]string{"/bench", "/disk", "/ram"}, lines("/args")...), nil)
		sys.ExitNow(127)
	}
	st := sys.WaitFor(pid)
	stdio.Printf("linuxinit: status %d\n", st.ShellStatus())
	stdio.Out.Flush()
	sys.Umount2("/disk", 0)
	sys.Reboot(sys.RebootPowerOff)
}

// lines are the lines of a file, none if there is no file.
func lines(path string) (list []string) {
	fd, e := sys.Open(path, sys.O_RDONLY, 0)
	if e != 0 {
		return nil
	}
	text, _ := stdio.ReadAll(fd)
	sys.Close(fd)
	for _, line := range str.Split(string(text), '\n') {
		if line != "" {
			list = append(list, line)
		}
	}
	return list
}

// load is finit_module(2).
func load(path string) {
	fd, e := sys.Open(path, sys.O_RDONLY, 0)
	if e == 0 {
		_, e = sys.Call(313, uintptr(fd), uintptr(unsafe.Pointer(&noParameters)), 0)
		sys.Close(fd)
	}
	if e != 0 {
		stdio.Printf("linuxinit: %s: %s\n", path, e.Name())
	}
}

var noParameters [1]byte // the empty string
