//go:build linux

// Test aio prints what asynchronous I/O's calls do: contexts, requests on files and pipes, events with and without the ring, errors.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

type iocb struct {
	data        uint64
	key, rw     uint32
	opcode      uint16
	prio        int16
	fd          int32
	buf, nbytes uint64
	offset      int64
	reserved    uint64
	flags       uint32
	resfd       int32
}

type event struct {
	data, obj uint64
	res, res2 int64
}

type ring struct {
	id, nr, head, tail               uint32
	magic, compat, incompat, headLen uint32
}

const (
	pread, pwrite, fsync, fdsync, noop, preadv, pwritev = 0, 1, 2, 3, 6, 7, 8
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

//go:uintptrescapes
func call(nr uintptr, a ...uintptr) (int, error) {
	var p [6]uintptr
	copy(p[:], a)
	r, _, e := unix.Syscall6(nr, p[0], p[1], p[2], p[3], p[4], p[5])
	if e != 0 {
		return -1, e
	}
	return int(r), nil
}

func result(what string, n int, err error) {
	if e, ok := err.(unix.Errno); ok && e != 0 {
		fmt.Printf("%s: %s\n", what, unix.ErrnoName(e))
	} else {
		fmt.Printf("%s: %d\n", what, n)
	}
}

func setup(n int) uintptr {
	var id uintptr
	_, err := call(unix.SYS_IO_SETUP, uintptr(n), uintptr(unsafe.Pointer(&id)))
	check(err)
	return id
}

// live keeps what the kernel has addresses of.
var live []any

func address(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	live = append(live, b)
	return uint64(uintptr(unsafe.Pointer(&b[0])))
}

func submit(id uintptr, cbs ...*iocb) (int, error) {
	live = append(live, cbs)
	if len(cbs) == 0 {
		return call(unix.SYS_IO_SUBMIT, id, 0, 0)
	}
	n, err := call(unix.SYS_IO_SUBMIT, id, uintptr(len(cbs)), uintptr(unsafe.Pointer(&cbs[0])))
	runtime.KeepAlive(cbs)
	return n, err
}

func errName(r int64) string {
	if r < 0 {
		return unix.ErrnoName(unix.Errno(-r))
	}
	return fmt.Sprint(r)
}

func events(what string, id uintptr, least, n int, ts *unix.Timespec) {
	evs := make([]event, max(n, 1))
	k, err := call(unix.SYS_IO_GETEVENTS, id, uintptr(least), uintptr(n), uintptr(unsafe.Pointer(&evs[0])), uintptr(unsafe.Pointer(ts)))
	result(what, k, err)
	evs = evs[:max(k, 0)]
	sort.Slice(evs, func(a, b int) bool { return evs[a].data < evs[b].data })
	for _, e := range evs {
		fmt.Println("  data", e.data, "res", errName(e.res), e.res2, e.obj != 0)
	}
}

var soon = &unix.Timespec{Nsec: 20e6}

func main() {
	contexts()
	files()
	errors()
	pipes()
	notified()
	wait()
	inRing()
	children()
}

func contexts() {
	var id uintptr
	for _, n := range []uintptr{0, 1, 100} {
		id = 0
		r, err := call(unix.SYS_IO_SETUP, n, uintptr(unsafe.Pointer(&id)))
		result(fmt.Sprint("io_setup ", n), r, err)
		if err == nil {
			r, err = call(unix.SYS_IO_SETUP, n, uintptr(unsafe.Pointer(&id)))
			result("again", r, err)
			r, err = call(unix.SYS_IO_DESTROY, id)
			result("io_destroy", r, err)
			r, err = call(unix.SYS_IO_DESTROY, id)
			result("again", r, err)
		}
	}
	r, err := call(unix.SYS_IO_SETUP, 1, 8)
	result("bad address", r, err)
	id = 0
	r, err = call(unix.SYS_IO_SETUP, 1<<28, uintptr(unsafe.Pointer(&id)))
	fmt.Println("too many", r, err != nil)
	r, err = call(unix.SYS_IO_DESTROY, 0)
	result("no context", r, err)
	r, err = submit(4096)
	result("submit to none", r, err)
	events("events of none", 4096, 0, 1, nil)
}

func files() {
	id := setup(10)
	f, err := os.Create("file")
	check(err)
	fd := int32(f.Fd())
	n, err := submit(id, &iocb{data: 1, opcode: pwrite, fd: fd, buf: address([]byte("hello, world")), nbytes: 12, offset: 5})
	result("write", n, err)
	events("events", id, 1, 10, nil)
	b, c := make([]byte, 20), make([]byte, 5)
	f.Close()
	f, err = os.OpenFile("file", os.O_RDWR, 0)
	check(err)
	fd = int32(f.Fd())
	iov := []unix.Iovec{{Base: &c[0], Len: 2}, {Base: &c[2], Len: 3}}
	live = append(live, iov)
	out := []unix.Iovec{{Base: &[]byte("AB")[0], Len: 2}, {Base: &[]byte("CD")[0], Len: 2}}
	live = append(live, out)
	n, err = submit(id,
		&iocb{data: 1, opcode: pread, fd: fd, buf: address(b), nbytes: 20, offset: 0},
		&iocb{data: 2, opcode: preadv, fd: fd, buf: uint64(uintptr(unsafe.Pointer(&iov[0]))), nbytes: 2, offset: 5},
		&iocb{data: 3, opcode: pread, fd: fd, buf: address(b), nbytes: 20, offset: 100},
		&iocb{data: 4, opcode: fsync, fd: fd},
		&iocb{data: 5, opcode: fdsync, fd: fd})
	result("five", n, err)
	for range 5 {
		evs := make([]event, 1)
		_, err := call(unix.SYS_IO_GETEVENTS, id, 1, 1, uintptr(unsafe.Pointer(&evs[0])), 0)
		check(err)
	}
	fmt.Printf("%q %q\n", b, c)
	n, err = submit(id, &iocb{data: 6, opcode: pwritev, fd: fd, buf: uint64(uintptr(unsafe.Pointer(&out[0]))), nbytes: 2, offset: 17, rw: unix.RWF_DSYNC})
	result("pwritev", n, err)
	events("events", id, 1, 10, nil)
	got, err := os.ReadFile("file")
	check(err)
	fmt.Printf("%q\n", got)
	pos, _ := f.Seek(0, 1)
	fmt.Println("position", pos)
	n, err = submit(id)
	result("none", n, err)
	f.Close()
	_, err = call(unix.SYS_IO_DESTROY, id)
	check(err)
}

func errors() {
	id := setup(4)
	f, err := os.OpenFile("file", os.O_RDONLY, 0)
	check(err)
	fd := int32(f.Fd())
	d, err := os.Open(".")
	check(err)
	b := address(make([]byte, 10))
	for _, t := range []struct {
		what string
		cb   iocb
	}{
		{"bad descriptor", iocb{opcode: pread, fd: -1, buf: b, nbytes: 10}},
		{"no such operation", iocb{opcode: 99, fd: fd}},
		{"NOOP", iocb{opcode: noop, fd: fd}},
		{"write to a reader", iocb{opcode: pwrite, fd: fd, buf: b, nbytes: 10}},
		{"negative offset", iocb{opcode: pread, fd: fd, buf: b, nbytes: 10, offset: -1}},
		{"too long", iocb{opcode: pread, fd: fd, buf: b, nbytes: 1 << 63}},
		{"reserved", iocb{opcode: pread, fd: fd, buf: b, nbytes: 10, reserved: 1}},
		{"flags of the transfer", iocb{opcode: pread, fd: fd, buf: b, nbytes: 10, rw: 1 << 20}},
		{"directory", iocb{opcode: pread, fd: int32(d.Fd()), buf: b, nbytes: 10}},
		{"result to no eventfd", iocb{opcode: pread, fd: fd, buf: b, nbytes: 10, flags: 1, resfd: fd}},
		{"result to a bad descriptor", iocb{opcode: pread, fd: fd, buf: b, nbytes: 10, flags: 1, resfd: -1}},
		{"fsync with a buffer", iocb{opcode: fsync, fd: fd, buf: b}},
	} {
		n, err := submit(id, &t.cb)
		result(t.what, n, err)
	}
	n, err := submit(id, &iocb{data: 1, opcode: pread, fd: fd, buf: 8, nbytes: 10})
	result("bad buffer", n, err)
	events("its event", id, 0, 4, soon)
	n, err = submit(id, &iocb{data: 1, opcode: pread, fd: fd, buf: b, nbytes: 10}, &iocb{opcode: 99, fd: fd}, &iocb{opcode: pread, fd: fd, buf: b, nbytes: 10})
	result("the second is wrong", n, err)
	events("its event", id, 1, 4, nil)
	n, err = call(unix.SYS_IO_SUBMIT, id, ^uintptr(0), 0)
	result("negative number", n, err)
	n, err = call(unix.SYS_IO_SUBMIT, id, 1, 8)
	result("bad list", n, err)
	bad := []uintptr{8}
	n, err = call(unix.SYS_IO_SUBMIT, id, 1, uintptr(unsafe.Pointer(&bad[0])))
	result("bad request", n, err)
	events("least above most", id, 3, 2, nil)
	events("bad time", id, 0, 1, &unix.Timespec{Nsec: -1})
	cb := &iocb{opcode: pread, fd: fd, buf: b, nbytes: 10}
	var ev event
	n, err = call(unix.SYS_IO_CANCEL, id, uintptr(unsafe.Pointer(cb)), uintptr(unsafe.Pointer(&ev)))
	result("cancel", n, err)
	n, err = call(unix.SYS_IO_CANCEL, id, 8, uintptr(unsafe.Pointer(&ev)))
	result("cancel a bad address", n, err)
	f.Close()
	d.Close()
	call(unix.SYS_IO_DESTROY, id)
}

func pipes() {
	id := setup(4)
	var p [2]int
	check(unix.Pipe2(p[:], 0))
	b := make([]byte, 10)
	n, err := submit(id, &iocb{data: 1, opcode: pwrite, fd: int32(p[1]), buf: address([]byte("piped")), nbytes: 5, offset: 100},
		&iocb{data: 2, opcode: pread, fd: int32(p[0]), buf: address(b), nbytes: 10})
	result("pipe", n, err)
	events("events", id, 2, 4, nil)
	fmt.Printf("%q\n", b[:5])
	unix.Close(p[0])
	unix.Close(p[1])
	call(unix.SYS_IO_DESTROY, id)
}

func notified() {
	id := setup(4)
	f, err := os.Open("file")
	check(err)
	ev, err := unix.Eventfd(0, unix.EFD_NONBLOCK)
	check(err)
	b := address(make([]byte, 10))
	for i := range 3 {
		_, err := submit(id, &iocb{data: uint64(i), opcode: pread, fd: int32(f.Fd()), buf: b, nbytes: uint64(i), flags: 1, resfd: int32(ev)})
		check(err)
	}
	count := make([]byte, 8)
	_, err = unix.Read(ev, count)
	check(err)
	fmt.Println("eventfd", count[0])
	events("events", id, 3, 4, nil)
	unix.Close(ev)
	f.Close()
	call(unix.SYS_IO_DESTROY, id)
}

func wait() {
	id := setup(4)
	events("at once", id, 1, 1, &unix.Timespec{})
	start := time.Now()
	events("time-out", id, 1, 1, soon)
	fmt.Println("waited", time.Since(start) >= 20*time.Millisecond)
	events("least 0", id, 0, 1, nil)
	f, err := os.Open("file")
	check(err)
	done := make(chan bool)
	go func() {
		events("two from another thread", id, 2, 4, nil)
		done <- true
	}()
	b := address(make([]byte, 10))
	for i := range 2 {
		time.Sleep(20 * time.Millisecond)
		_, err := submit(id, &iocb{data: uint64(i), opcode: pread, fd: int32(f.Fd()), buf: b, nbytes: 3})
		check(err)
	}
	<-done
	evs := make([]event, 1)
	set := struct {
		mask *uint64
		size uintptr
	}{new(uint64), 8}
	n, err := call(unix.SYS_IO_PGETEVENTS, id, 1, 1, uintptr(unsafe.Pointer(&evs[0])), uintptr(unsafe.Pointer(soon)), uintptr(unsafe.Pointer(&set)))
	result("io_pgetevents", n, err)
	set.size = 4
	n, err = call(unix.SYS_IO_PGETEVENTS, id, 1, 1, uintptr(unsafe.Pointer(&evs[0])), uintptr(unsafe.Pointer(soon)), uintptr(unsafe.Pointer(&set)))
	result("size of the mask", n, err)
	f.Close()
	call(unix.SYS_IO_DESTROY, id)
}

// inRing takes events without system calls, and lies in the ring.
func inRing() {
	id := setup(3)
	r := (*ring)(*(*unsafe.Pointer)(unsafe.Pointer(&id)))
	fmt.Printf("magic %#x %d %d %d, room %v, head %d tail %d\n", r.magic, r.compat, r.incompat, r.headLen, r.nr > 3, r.head, r.tail)
	f, err := os.Open("file")
	check(err)
	b := address(make([]byte, 10))
	for i := range 2000 {
		_, err := submit(id, &iocb{data: uint64(i), opcode: pread, fd: int32(f.Fd()), buf: b, nbytes: 3})
		check(err)
		ev := *(*event)(unsafe.Add(unsafe.Pointer(r), 32+uintptr(r.head)*32))
		if r.head == r.tail || ev.data != uint64(i) || ev.res != 3 {
			fmt.Println("wrong event", i, ev)
			break
		}
		r.head = (r.head + 1) % r.nr
	}
	events("taken already", id, 0, 4, &unix.Timespec{})
	full := 0
	for range 10000 {
		if _, err := submit(id, &iocb{opcode: pread, fd: int32(f.Fd()), buf: b, nbytes: 3}); err != nil {
			fmt.Println("full:", unix.ErrnoName(err.(unix.Errno)))
			break
		}
		full++
	}
	fmt.Println("took enough", full >= 3)
	r.head = 0xffffff
	evs := make([]event, 8)
	_, err = call(unix.SYS_IO_GETEVENTS, id, 0, 8, uintptr(unsafe.Pointer(&evs[0])), 0)
	fmt.Println("survived", err)
	f.Close()
	n, err := call(unix.SYS_IO_DESTROY, id)
	result("destroyed", n, err)
}

// children leaves a context to the end of the process.
func children() {
	id := setup(5)
	fmt.Println("left", id != 0)
}
