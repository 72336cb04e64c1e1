//go:build linux

// Test openat2 prints what openat2's restrictions allow, what statx adds to stat, and close_range.
package main

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"galago/user/test/internal/raw"
)

var resolves = []struct {
	flag uint64
	name string
}{
	{0, "free"}, {unix.RESOLVE_NO_XDEV, "NO_XDEV"}, {unix.RESOLVE_NO_MAGICLINKS, "NO_MAGICLINKS"}, {unix.RESOLVE_NO_SYMLINKS, "NO_SYMLINKS"},
	{unix.RESOLVE_BENEATH, "BENEATH"}, {unix.RESOLVE_IN_ROOT, "IN_ROOT"},
}

// try opens a path under each restriction and prints what the file is.
func try(dir int, path string, flags uint64) {
	for _, r := range resolves {
		if r.flag == unix.RESOLVE_NO_XDEV && path == "abs" {
			continue // whether the root directory is on another mount is not the test's business
		}
		fd, err := unix.Openat2(dir, path, &unix.OpenHow{Flags: flags, Resolve: r.flag})
		if err != nil {
			fmt.Printf("%s %s: %s\n", path, r.name, unix.ErrnoName(err.(unix.Errno)))
			continue
		}
		b := make([]byte, 30)
		n, err := unix.Read(fd, b)
		if err != nil {
			fmt.Printf("%s %s: opened, %s\n", path, r.name, unix.ErrnoName(err.(unix.Errno)))
		} else {
			fmt.Printf("%s %s: %q\n", path, r.name, b[:n])
		}
		unix.Close(fd)
	}
}

func main() {
	raw.Check(os.MkdirAll("base/sub/deep", 0o755))
	raw.Check(os.WriteFile("outside", []byte("outside"), 0o644))
	raw.Check(os.WriteFile("base/file", []byte("file in base"), 0o644))
	raw.Check(os.WriteFile("base/sub/file", []byte("file in sub"), 0o644))
	raw.Check(os.Symlink("sub/file", "base/rel"))
	raw.Check(os.Symlink("/file", "base/abs"))
	raw.Check(os.Symlink("../outside", "base/out"))
	raw.Check(os.Symlink("../file", "base/sub/up"))
	raw.Check(os.Symlink("loop", "base/loop"))
	raw.Check(os.Mkdir("base/mnt", 0o755))
	raw.Check(unix.Mount("none", "base/mnt", "tmpfs", 0, ""))
	defer unix.Unmount("base/mnt", 0)
	raw.Check(os.WriteFile("base/mnt/f", []byte("mounted"), 0o644))
	dir, err := unix.Open("base", unix.O_PATH|unix.O_DIRECTORY, 0)
	raw.Check(err)
	for _, p := range []string{"file", "sub/file", "rel", "abs", "out", "sub/up", "loop", "mnt/f", "mnt/../file", "..", "../outside", "sub/../../outside",
		"sub/../file", "/file", ".", "none", "sub/none/x", "file/x"} {
		try(dir, p, unix.O_RDONLY)
	}
	try(dir, "rel", unix.O_RDONLY|unix.O_NOFOLLOW)
	try(dir, "rel", unix.O_PATH|unix.O_NOFOLLOW)
	self, err := unix.Open("/proc/self/fd", unix.O_RDONLY, 0)
	raw.Check(err)
	raw.Check(unix.Dup3(dir, 100, 0))
	for _, r := range resolves {
		_, err := unix.Openat2(self, "100/file", &unix.OpenHow{Resolve: r.flag})
		raw.Result("through a magic link "+r.name, err)
	}
	creating(dir)
	arguments(dir)
	status()
	ranges()
}

func creating(dir int) {
	for _, r := range resolves {
		for _, p := range []string{"new", "../new", "sub/../new2", "mnt/new"} {
			fd, err := unix.Openat2(dir, p, &unix.OpenHow{Flags: unix.O_CREAT | unix.O_EXCL | unix.O_WRONLY, Mode: 0o666, Resolve: r.flag})
			raw.Result("create "+p+" "+r.name, err)
			if err == nil {
				unix.Close(fd)
			}
			unix.Unlinkat(dir, p, 0)
			unix.Unlinkat(dir, "new", 0)
		}
	}
}

func arguments(dir int) {
	for _, h := range []unix.OpenHow{
		{Flags: 1 << 40}, {Flags: 1 << 30}, {Resolve: 1 << 10}, {Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_IN_ROOT}, {Mode: 0o644},
		{Flags: unix.O_CREAT, Mode: 0o10000}, {Flags: unix.O_PATH | unix.O_RDWR}, {Flags: unix.O_PATH | unix.O_CLOEXEC},
		{Flags: unix.O_DIRECTORY}, {Flags: unix.O_TMPFILE},
	} {
		fd, err := unix.Openat2(dir, "file", &h)
		raw.Result(fmt.Sprintf("flags %#o mode %#o resolve %#x", h.Flags, h.Mode, h.Resolve), err)
		if err == nil {
			unix.Close(fd)
		}
	}
	_, err := unix.Openat2(-1, "file", &unix.OpenHow{Resolve: unix.RESOLVE_BENEATH})
	raw.Result("bad directory", err)
	_, err = unix.Openat2(0, "file", &unix.OpenHow{Resolve: unix.RESOLVE_BENEATH})
	raw.Result("no directory", err)
	name, _ := unix.BytePtrFromString("file")
	long := make([]byte, 8192)
	for _, size := range []uintptr{0, 8, 23, 24, 32, 4096, 4097} {
		fd, _, e := unix.Syscall6(unix.SYS_OPENAT2, uintptr(dir), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&long[0])), size, 0, 0)
		raw.Result(fmt.Sprint("size ", size), e)
		if e == 0 {
			unix.Close(int(fd))
		}
	}
	long[100] = 1
	_, _, e := unix.Syscall6(unix.SYS_OPENAT2, uintptr(dir), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&long[0])), 200, 0, 0)
	raw.Result("more than is known", e)
	_, _, e = unix.Syscall6(unix.SYS_OPENAT2, uintptr(dir), uintptr(unsafe.Pointer(name)), 8, 24, 0, 0)
	raw.Result("bad address", e)
}

func status() {
	for _, p := range []string{"base/file", "base/mnt", "base/mnt/f", "/"} {
		var x unix.Statx_t
		raw.Check(unix.Statx(unix.AT_FDCWD, p, 0, unix.STATX_BASIC_STATS|unix.STATX_MNT_ID, &x))
		const want = unix.STATX_BASIC_STATS | unix.STATX_MNT_ID
		fmt.Println(p, x.Mask&want == want, x.Mnt_id != 0, x.Attributes_mask&unix.STATX_ATTR_MOUNT_ROOT != 0, x.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0)
	}
	var a, b unix.Statx_t
	raw.Check(unix.Statx(unix.AT_FDCWD, "base/file", 0, unix.STATX_MNT_ID, &a))
	raw.Check(unix.Statx(unix.AT_FDCWD, "base/mnt/f", 0, unix.STATX_MNT_ID, &b))
	fmt.Println("different mounts", a.Mnt_id != b.Mnt_id)
	raw.Result("reserved mask", unix.Statx(unix.AT_FDCWD, "base", 0, 1<<31, &a))
	raw.Result("sync type", unix.Statx(unix.AT_FDCWD, "base", 0x6000, 0, &a))
	raw.Result("flags", unix.Statx(unix.AT_FDCWD, "base", 1, 0, &a))
	raw.Result("no file", unix.Statx(unix.AT_FDCWD, "none", 0, 0, &a))
	raw.Result("empty path", unix.Statx(unix.AT_FDCWD, "", 0, 0, &a))
}

func ranges() {
	open := func(fd int) bool {
		_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		return err == nil
	}
	for _, fd := range []int{200, 201, 202, 203} {
		raw.Check(unix.Dup3(1, fd, 0))
	}
	raw.Result("close_range", unix.CloseRange(201, 202, 0))
	fmt.Println(open(200), open(201), open(202), open(203))
	raw.Result("close on exec", unix.CloseRange(200, 203, unix.CLOSE_RANGE_CLOEXEC))
	fl, _ := unix.FcntlInt(200, unix.F_GETFD, 0)
	fmt.Println(open(200), fl)
	raw.Result("backwards", unix.CloseRange(5, 4, 0))
	raw.Result("flags", unix.CloseRange(500, 600, 1))
	raw.Result("unshare", unix.CloseRange(200, 1<<32-1, unix.CLOSE_RANGE_UNSHARE))
}
