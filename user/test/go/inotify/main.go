//go:build linux

// Test inotify prints the events that operations on files give, and the errors of the calls.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

var names = []struct {
	bit  uint32
	name string
}{
	{unix.IN_ACCESS, "ACCESS"}, {unix.IN_MODIFY, "MODIFY"}, {unix.IN_ATTRIB, "ATTRIB"}, {unix.IN_CLOSE_WRITE, "CLOSE_WRITE"},
	{unix.IN_CLOSE_NOWRITE, "CLOSE_NOWRITE"}, {unix.IN_OPEN, "OPEN"}, {unix.IN_MOVED_FROM, "MOVED_FROM"},
	{unix.IN_MOVED_TO, "MOVED_TO"}, {unix.IN_CREATE, "CREATE"}, {unix.IN_DELETE, "DELETE"}, {unix.IN_DELETE_SELF, "DELETE_SELF"},
	{unix.IN_MOVE_SELF, "MOVE_SELF"}, {unix.IN_UNMOUNT, "UNMOUNT"}, {unix.IN_Q_OVERFLOW, "Q_OVERFLOW"},
	{unix.IN_IGNORED, "IGNORED"}, {unix.IN_ISDIR, "ISDIR"},
}

func maskName(m uint32) string {
	var s []string
	for _, n := range names {
		if m&n.bit != 0 {
			s = append(s, n.name)
			m &^= n.bit
		}
	}
	if m != 0 {
		s = append(s, fmt.Sprintf("%#x", m))
	}
	return strings.Join(s, "|")
}

func result(what string, n int, err error) int {
	if e, ok := err.(unix.Errno); ok && e != 0 {
		fmt.Printf("%s: %s\n", what, unix.ErrnoName(e))
	} else {
		fmt.Printf("%s: %d\n", what, n)
	}
	return n
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

var cookies = map[uint32]int{0: 0}

// events prints what is queued.
func events(fd int, what string) {
	fmt.Printf("-- %s\n", what)
	buf := make([]byte, 65536)
	for {
		n, err := unix.Read(fd, buf)
		if err != nil {
			if err != unix.EAGAIN {
				fmt.Println("read:", err)
			}
			return
		}
		for b := buf[:n]; len(b) > 0; {
			wd, mask := int32(binary.LittleEndian.Uint32(b)), binary.LittleEndian.Uint32(b[4:])
			cookie, size := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
			name := strings.TrimRight(string(b[16:16+size]), "\x00")
			if _, ok := cookies[cookie]; !ok {
				cookies[cookie] = len(cookies)
			}
			fmt.Printf("wd %d %s cookie %d %q (%d)\n", wd, maskName(mask), cookies[cookie], name, size)
			b = b[16+size:]
		}
	}
}

func add(fd int, path string, mask uint32) int {
	wd, err := unix.InotifyAddWatch(fd, path, mask)
	return result(fmt.Sprintf("add %s %s", path, maskName(mask)), wd, err)
}

func main() {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	check(err)
	errors(fd)
	directory(fd)
	attributes(fd)
	moves(fd)
	ends(fd)
	flags(fd)
	reading(fd)
	unmount(fd)
	overflow()
	unix.Close(fd)
	instances()
}

func errors(fd int) {
	_, err := unix.InotifyInit1(1)
	result("init1 flags", 0, err)
	add(fd, "nowhere", unix.IN_OPEN)
	add(fd, ".", 0)
	add(fd, ".", unix.IN_MASK_ADD|unix.IN_MASK_CREATE|unix.IN_OPEN)
	add(fd, "/proc/self/exe/x", unix.IN_OPEN)
	add(-1, ".", unix.IN_OPEN)
	add(0, ".", unix.IN_OPEN)
	r, err := unix.InotifyRmWatch(fd, 77)
	result("rm", r, err)
	r, err = unix.InotifyRmWatch(fd, uint32(0xffffffff))
	result("rm -1", r, err)
	r, err = unix.InotifyRmWatch(0, 1)
	result("rm of another file", r, err)
	r, err = unix.InotifyRmWatch(-1, 1)
	result("rm bad descriptor", r, err)
	_, err = unix.Write(fd, []byte("x"))
	result("write", 0, err)
	_, err = unix.Pread(fd, make([]byte, 64), 0)
	result("pread", 0, err)
	n, err := unix.Read(fd, make([]byte, 64))
	result("read of an empty queue", n, err)
	fl, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	check(err)
	fmt.Printf("flags %#o\n", fl)
}

func directory(fd int) {
	check(os.Mkdir("d", 0o755))
	wd := add(fd, "d", unix.IN_ALL_EVENTS)
	add(fd, "d", unix.IN_ALL_EVENTS|unix.IN_MASK_CREATE)
	check(os.WriteFile("d/file", []byte("text"), 0o644))
	events(fd, "a new file")
	_, err := os.ReadFile("d/file")
	check(err)
	events(fd, "reading it")
	f, err := os.OpenFile("d/file", os.O_RDWR|os.O_TRUNC, 0)
	check(err)
	events(fd, "O_TRUNC")
	f.Write([]byte("one"))
	f.Write([]byte("two"))
	events(fd, "two writes are one event")
	f.WriteAt([]byte("x"), 1)
	f.ReadAt(make([]byte, 1), 0)
	f.Truncate(2)
	f.Chmod(0o600)
	f.Close()
	events(fd, "by descriptor")
	check(os.Mkdir("d/sub", 0o755))
	check(os.Symlink("file", "d/link"))
	check(os.Link("d/file", "d/hard"))
	check(unix.Mkfifo("d/fifo", 0o600))
	events(fd, "other kinds")
	_, err = os.ReadDir("d")
	check(err)
	_, err = os.ReadDir("d/sub")
	check(err)
	events(fd, "listing directories")
	check(os.Remove("d/link"))
	check(os.Remove("d/hard"))
	check(os.Remove("d/fifo"))
	check(os.Remove("d/sub"))
	events(fd, "removals")
	f, err = os.OpenFile("d/file", unix.O_PATH, 0)
	check(err)
	f.Close()
	events(fd, "O_PATH is silent")
	r, err := unix.InotifyRmWatch(fd, uint32(wd))
	result("rm", r, err)
	r, err = unix.InotifyRmWatch(fd, uint32(wd))
	result("rm again", r, err)
	os.Remove("d/file")
	events(fd, "no longer watched")
}

func attributes(fd int) {
	check(os.WriteFile("d/a", nil, 0o644))
	add(fd, "d", unix.IN_ALL_EVENTS)
	add(fd, "d/a", unix.IN_ALL_EVENTS)
	check(os.Chmod("d/a", 0o600))
	events(fd, "chmod, seen twice")
	check(os.Chown("d/a", 1, 1))
	check(os.Chown("d/a", -1, -1))
	events(fd, "chown")
	now := unix.Timespec{Sec: 1000}
	omit := unix.Timespec{Nsec: unix.UTIME_OMIT}
	check(unix.UtimesNanoAt(unix.AT_FDCWD, "d/a", []unix.Timespec{now, now}, 0))
	events(fd, "both times")
	check(unix.UtimesNanoAt(unix.AT_FDCWD, "d/a", []unix.Timespec{now, omit}, 0))
	events(fd, "access time")
	check(unix.UtimesNanoAt(unix.AT_FDCWD, "d/a", []unix.Timespec{omit, now}, 0))
	events(fd, "modification time")
	check(unix.UtimesNanoAt(unix.AT_FDCWD, "d/a", []unix.Timespec{omit, omit}, 0))
	events(fd, "neither")
	check(os.Truncate("d/a", 10))
	events(fd, "truncate")
	check(os.Link("d/a", "d/b"))
	events(fd, "link")
	check(os.Remove("d/b"))
	events(fd, "unlink of one of two names")
	check(os.Remove("d/a"))
	events(fd, "unlink")
}

func moves(fd int) {
	check(os.Mkdir("e", 0o755))
	check(os.WriteFile("d/m", nil, 0o644))
	check(os.WriteFile("d/old", nil, 0o644))
	events(fd, "before moves")
	add(fd, "e", unix.IN_ALL_EVENTS)
	add(fd, "d/m", unix.IN_ALL_EVENTS)
	add(fd, "d/old", unix.IN_ALL_EVENTS)
	check(os.Rename("d/m", "d/n"))
	events(fd, "rename")
	check(os.Rename("d/n", "e/n"))
	events(fd, "to another directory")
	check(os.Rename("e/n", "d/old"))
	events(fd, "over a file")
	check(os.Mkdir("d/dir", 0o755))
	check(os.Rename("d/dir", "e/dir"))
	check(os.Rename("d/old", "outside"))
	events(fd, "a directory; out of sight")
	check(os.WriteFile("d/x", nil, 0o644))
	check(os.WriteFile("e/y", nil, 0o644))
	events(fd, "before an exchange")
	check(unix.Renameat2(unix.AT_FDCWD, "d/x", unix.AT_FDCWD, "e/y", unix.RENAME_EXCHANGE))
	events(fd, "exchange")
	check(os.Remove("d/x"))
	check(os.Remove("e/y"))
	check(os.Remove("e/dir"))
	check(os.Remove("outside"))
	events(fd, "removal of what was moved")
}

func ends(fd int) {
	f, err := os.Create("d/open")
	check(err)
	events(fd, "before")
	add(fd, "d/open", unix.IN_ALL_EVENTS)
	check(os.Remove("d/open"))
	events(fd, "removed while open")
	f.Write([]byte("x"))
	f.Close()
	events(fd, "and closed")
	check(os.Remove("e"))
	events(fd, "a directory is removed")
	check(os.Remove("d"))
	events(fd, "and another one")
}

func flags(fd int) {
	check(os.Mkdir("f", 0o755))
	check(os.WriteFile("f/a", nil, 0o644))
	check(os.Symlink("a", "f/l"))
	add(fd, "f/a", unix.IN_OPEN|unix.IN_ONLYDIR)
	add(fd, "f", unix.IN_OPEN|unix.IN_ONLYDIR)
	add(fd, "f", unix.IN_ATTRIB|unix.IN_MASK_ADD)
	os.ReadFile("f/a")
	os.Chmod("f/a", 0o600)
	events(fd, "IN_MASK_ADD")
	add(fd, "f", unix.IN_ATTRIB)
	os.ReadFile("f/a")
	os.Chmod("f/a", 0o600)
	events(fd, "replaced")
	wd := add(fd, "f/l", unix.IN_OPEN|unix.IN_DONT_FOLLOW)
	os.ReadFile("f/l")
	events(fd, "watching a link")
	unix.InotifyRmWatch(fd, uint32(wd))
	add(fd, "f/l", unix.IN_OPEN|unix.IN_ONESHOT)
	os.ReadFile("f/a")
	os.ReadFile("f/a")
	events(fd, "IN_ONESHOT")
	add(fd, "f", unix.IN_MODIFY|unix.IN_CLOSE|unix.IN_EXCL_UNLINK)
	f, err := os.OpenFile("f/a", os.O_RDWR, 0)
	check(err)
	f.Write([]byte("x"))
	events(fd, "IN_EXCL_UNLINK, before")
	os.Remove("f/a")
	f.Write([]byte("x"))
	f.Close()
	events(fd, "IN_EXCL_UNLINK, after")
	os.RemoveAll("f")
	events(fd, "end")
}

func reading(fd int) {
	check(os.Mkdir("r", 0o755))
	add(fd, "r", unix.IN_CREATE)
	os.WriteFile("r/first", nil, 0o644)
	os.WriteFile("r/a-name-of-more-than-sixteen-bytes", nil, 0o644)
	var bytes int32
	unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCINQ, uintptr(unsafe.Pointer(&bytes)))
	fmt.Println("FIONREAD", bytes)
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLOUT}}
	n, err := unix.Poll(p, 0)
	result("poll", n, err)
	fmt.Printf("%#x\n", p[0].Revents)
	n, err = unix.Read(fd, make([]byte, 20))
	result("read into too little", n, err)
	n, err = unix.Read(fd, make([]byte, 32))
	result("read of one", n, err)
	n, err = unix.Read(fd, make([]byte, 4096))
	result("read of the rest", n, err)
	os.RemoveAll("r")
	events(fd, "end")
	ep, err := unix.EpollCreate1(0)
	check(err)
	check(unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN}))
	ev := make([]unix.EpollEvent, 2)
	n, err = unix.EpollWait(ep, ev, 0)
	result("epoll", n, err)
	check(os.Mkdir("r", 0o755))
	add(fd, "r", unix.IN_DELETE_SELF)
	os.Remove("r")
	n, err = unix.EpollWait(ep, ev, 1000)
	result("epoll", n, err)
	unix.Close(ep)
	events(fd, "end")
	waits(fd)
}

// waits reads before there is anything.
func waits(fd int) {
	blocking, err := unix.InotifyInit1(0)
	check(err)
	check(os.Mkdir("w", 0o755))
	_, err = unix.InotifyAddWatch(blocking, "w", unix.IN_CREATE)
	check(err)
	done := make(chan int)
	go func() {
		n, err := unix.Read(blocking, make([]byte, 100))
		check(err)
		done <- n
	}()
	unix.Nanosleep(&unix.Timespec{Nsec: 20e6}, nil)
	check(os.WriteFile("w/x", nil, 0o644))
	fmt.Println("a reader got", <-done)
	unix.Close(blocking)
	os.RemoveAll("w")
}

func unmount(fd int) {
	check(os.Mkdir("mnt", 0o755))
	if err := unix.Mount("none", "mnt", "tmpfs", 0, ""); err != nil {
		fmt.Println("mount", err)
		return
	}
	check(os.WriteFile("mnt/f", nil, 0o644))
	add(fd, "mnt", unix.IN_CREATE)
	add(fd, "mnt/f", unix.IN_OPEN)
	check(unix.Unmount("mnt", 0))
	events(fd, "after an unmount")
	os.Remove("mnt")
}

func overflow() {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK)
	check(err)
	check(os.WriteFile("o", []byte("text"), 0o644))
	wd, err := unix.InotifyAddWatch(fd, "o", unix.IN_ATTRIB|unix.IN_ACCESS)
	check(err)
	f, err := os.Open("o")
	check(err)
	b := make([]byte, 1)
	for range 10000 {
		f.ReadAt(b, 0)
		f.Chmod(0o600)
	}
	f.Close()
	buf := make([]byte, 1<<20)
	n, err := unix.Read(fd, buf)
	check(err)
	fmt.Println("bytes", n)
	last := buf[n-16:]
	fmt.Println("last:", int32(binary.LittleEndian.Uint32(last)), maskName(binary.LittleEndian.Uint32(last[4:])))
	r, err := unix.InotifyRmWatch(fd, uint32(wd))
	result("rm", r, err)
	events(fd, "after the overflow")
	unix.Close(fd)
	os.Remove("o")
}

func instances() {
	var fds []int
	for {
		fd, err := unix.InotifyInit1(0)
		if err != nil {
			result("too many instances", 0, err)
			break
		}
		if fds = append(fds, fd); len(fds) > 128 {
			fmt.Println("no limit")
			break
		}
	}
	for _, fd := range fds {
		unix.Close(fd)
	}
	for _, name := range []string{"max_queued_events", "max_user_instances"} {
		b, err := os.ReadFile("/proc/sys/fs/inotify/" + name)
		check(err)
		fmt.Print(name, " ", string(b))
	}
}
