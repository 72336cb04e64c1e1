//go:build linux

// Test filecalls prints what the less common calls on files answer: vectored I/O with flags, copies between files, hints, extended
// attributes, the old getdents.
package main

import (
	"bytes"
	"fmt"
	"os"
	"sort"
	"unsafe"

	"golang.org/x/sys/unix"
)

func show(what string, r any, err error) {
	if e, ok := err.(unix.Errno); ok && e != 0 {
		fmt.Printf("%s: %s\n", what, unix.ErrnoName(e))
		return
	}
	if err != nil {
		if pe, ok := err.(*os.PathError); ok {
			show(what, r, pe.Err)
			return
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

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func main() {
	vectored()
	copies()
	hints()
	attributes()
	directory()
	strangers()
}

func vectored() {
	f := must(os.Create("v"))
	defer f.Close()
	fd := int(f.Fd())
	n, err := unix.Pwritev2(fd, [][]byte{[]byte("hello "), []byte("world")}, 3, 0)
	show("pwritev2", n, err)
	n, err = unix.Pwritev2(fd, [][]byte{[]byte("own")}, -1, unix.RWF_DSYNC)
	show("pwritev2 at the own position", n, err)
	pos, _ := f.Seek(0, 1)
	fmt.Println("position", pos)
	b := make([]byte, 20)
	n, err = unix.Preadv2(fd, [][]byte{b[:4], b[4:]}, 0, 0)
	show("preadv2", n, err)
	fmt.Printf("%q\n", b[:n])
	_, err = unix.Preadv2(fd, [][]byte{b}, -2, 0)
	show("preadv2 negative", 0, err)
	_, err = unix.Preadv2(fd, [][]byte{b}, 0, 1<<20)
	show("preadv2 unknown flag", 0, err)
	_, err = unix.Preadv2(-1, [][]byte{b}, 0, 0)
	show("preadv2 bad descriptor", 0, err)
	var p [2]int
	unix.Pipe2(p[:], 0)
	_, err = unix.Preadv2(p[0], [][]byte{b}, 0, 0)
	show("preadv2 of a pipe at a position", 0, err)
}

func copies() {
	data := bytes.Repeat([]byte("0123456789"), 5000)
	os.WriteFile("from", data, 0o644)
	in, out := must(os.Open("from")), must(os.Create("to"))
	i, o := int(in.Fd()), int(out.Fd())
	n, err := unix.CopyFileRange(i, nil, o, nil, 30000, 0)
	show("copy_file_range", n, err)
	n, err = unix.CopyFileRange(i, nil, o, nil, 30000, 0)
	show("copy_file_range to the end", n, err)
	n, err = unix.CopyFileRange(i, nil, o, nil, 30000, 0)
	show("copy_file_range at the end", n, err)
	fmt.Println("equal", bytes.Equal(must(os.ReadFile("to")), data))
	from, to := int64(5), int64(100000)
	n, err = unix.CopyFileRange(i, &from, o, &to, 10, 0)
	show("copy_file_range with offsets", fmt.Sprint(n, from, to), err)
	_, err = unix.CopyFileRange(i, nil, o, nil, 1, 1)
	show("copy_file_range flags", 0, err)
	_, err = unix.CopyFileRange(o, nil, i, nil, 1, 0)
	show("copy_file_range from unreadable", 0, err)
	rw := must(os.OpenFile("from", os.O_RDWR, 0))
	a, b := int64(0), int64(5)
	_, err = unix.CopyFileRange(int(rw.Fd()), &a, int(rw.Fd()), &b, 100, 0)
	show("copy_file_range overlapping", 0, err)
	dir := must(os.Open("."))
	_, err = unix.CopyFileRange(int(dir.Fd()), nil, o, nil, 1, 0)
	show("copy_file_range of a directory", 0, err)
	ap := must(os.OpenFile("to", os.O_WRONLY|os.O_APPEND, 0))
	_, err = unix.CopyFileRange(i, &a, int(ap.Fd()), nil, 1, 0)
	show("copy_file_range appending", 0, err)
	neg := int64(-1)
	_, err = unix.CopyFileRange(i, &neg, o, nil, 1, 0)
	show("copy_file_range negative", 0, err)
}

func hints() {
	f := must(os.OpenFile("from", os.O_RDWR, 0))
	fd := int(f.Fd())
	for advice := range 8 {
		show(fmt.Sprint("fadvise ", advice), 0, unix.Fadvise(fd, 0, 0, advice))
	}
	show("fadvise negative length", 0, unix.Fadvise(fd, 0, -1, 0))
	var p [2]int
	unix.Pipe2(p[:], 0)
	show("fadvise pipe", 0, unix.Fadvise(p[0], 0, 0, 0))
	dir := must(os.Open("/bin"))
	for advice := range 6 {
		show(fmt.Sprint("fadvise directory ", advice), 0, unix.Fadvise(int(dir.Fd()), 0, 0, advice))
	}
	raw("readahead directory", unix.SYS_READAHEAD, dir.Fd(), 0, 10000)
	show("sync_file_range directory", 0, unix.SyncFileRange(int(dir.Fd()), 0, 5000, 7))
	raw("readahead", unix.SYS_READAHEAD, uintptr(fd), 0, 10000)
	raw("readahead pipe", unix.SYS_READAHEAD, uintptr(p[0]), 0, 10000)
	raw("readahead bad descriptor", unix.SYS_READAHEAD, ^uintptr(0), 0, 10000)
	for flags := range 9 {
		show(fmt.Sprint("sync_file_range ", flags), 0, unix.SyncFileRange(fd, 0, 5000, flags))
	}
	show("sync_file_range negative", 0, unix.SyncFileRange(fd, -1, 5000, 1))
	show("sync_file_range pipe", 0, unix.SyncFileRange(p[1], 0, 5000, 1))
}

func attributes() {
	const file = "/proc/version"
	b := make([]byte, 100)
	_, err := unix.Getxattr(file, "user.x", b)
	show("getxattr", 0, err)
	_, err = unix.Lgetxattr(file, "user.x", b)
	show("lgetxattr", 0, err)
	_, err = unix.Getxattr("nowhere", "user.x", b)
	show("getxattr no file", 0, err)
	_, err = unix.Getxattr(file, "", b)
	show("getxattr no name", 0, err)
	_, err = unix.Getxattr(file, string(bytes.Repeat([]byte("x"), 300)), b)
	show("getxattr long name", 0, err)
	show("setxattr", 0, unix.Setxattr(file, "user.x", b, 0))
	show("lsetxattr", 0, unix.Lsetxattr(file, "user.x", b, 0))
	show("setxattr flags", 0, unix.Setxattr(file, "user.x", b, 8))
	show("setxattr large", 0, unix.Setxattr(file, "user.x", make([]byte, 70000), 0))
	show("removexattr", 0, unix.Removexattr(file, "user.x"))
	show("lremovexattr", 0, unix.Lremovexattr(file, "user.x"))
	n, err := unix.Listxattr(file, b)
	show("listxattr", n, err)
	n, err = unix.Llistxattr(file, b)
	show("llistxattr", n, err)
	f := must(os.Open(file))
	fd := int(f.Fd())
	_, err = unix.Fgetxattr(fd, "user.x", b)
	show("fgetxattr", 0, err)
	show("fsetxattr", 0, unix.Fsetxattr(fd, "user.x", b, 0))
	show("fremovexattr", 0, unix.Fremovexattr(fd, "user.x"))
	n, err = unix.Flistxattr(fd, b)
	show("flistxattr", n, err)
	_, err = unix.Fgetxattr(-1, "user.x", b)
	show("fgetxattr bad descriptor", 0, err)
	_, err = unix.Flistxattr(-1, b)
	show("flistxattr bad descriptor", 0, err)
}

// directory reads a directory with the old call: the type is in the last byte of a record.
func directory() {
	os.Mkdir("d", 0o755)
	os.WriteFile("d/file", nil, 0o644)
	os.Mkdir("d/dir", 0o755)
	os.Symlink("x", "d/link")
	d := must(os.Open("d"))
	b := make([]byte, 4096)
	n, _, e := unix.Syscall(unix.SYS_GETDENTS, d.Fd(), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if e != 0 {
		show("getdents", 0, e)
		return
	}
	var names []string
	for at := 0; at < int(n); {
		size := int(b[at+16]) | int(b[at+17])<<8
		name := b[at+18 : at+size-1]
		name = name[:bytes.IndexByte(name, 0)]
		names = append(names, fmt.Sprintf("%s %d %d", name, b[at+size-1], size))
		at += size
	}
	sort.Strings(names)
	fmt.Println(names)
	raw("getdents small buffer", unix.SYS_GETDENTS, must(os.Open("d")).Fd(), uintptr(unsafe.Pointer(&b[0])), 5)
	raw("getdents of a file", unix.SYS_GETDENTS, must(os.Open("d/file")).Fd(), uintptr(unsafe.Pointer(&b[0])), 100)
}

func strangers() {
	raw("getcpu nil", unix.SYS_GETCPU, 0, 0, 0)
	raw("sysfs 9", unix.SYS_SYSFS, 9)
	raw("sysfs unknown type", unix.SYS_SYSFS, 1, uintptr(unsafe.Pointer(&[]byte("nosuchfs\x00")[0])))
	raw("personality", unix.SYS_PERSONALITY, 0xffffffff)
	raw("personality set", unix.SYS_PERSONALITY, 0x0040000)
	raw("personality get", unix.SYS_PERSONALITY, 0xffffffff)
}
