//go:build linux

// Test ipcrace has many threads do at once what must not disturb each other: watches that come and go while their files do and their
// instances are closed; pipes that are resized, spliced and teed; message queues made and removed; asynchronous I/O in contexts that end.
package main

// test: smp=4

import (
	"fmt"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	run("inotify", watchers)
	run("pipes", pipes)
	run("mqueue", queues)
	run("aio", contexts)
}

// run runs eight threads of fn, and prints when all are through.
func run(what string, fn func(n int)) {
	var g sync.WaitGroup
	for n := range 8 {
		g.Go(func() { fn(n) })
	}
	g.Wait()
	fmt.Println(what, "done")
}

var shared sync.Mutex

func watchers(n int) {
	os.MkdirAll("w", 0o755)
	buf := make([]byte, 4096)
	for i := range 60 {
		fd, err := unix.InotifyInit1(unix.IN_NONBLOCK)
		check(err)
		wd, err := unix.InotifyAddWatch(fd, "w", unix.IN_ALL_EVENTS)
		check(err)
		name := fmt.Sprintf("w/%d", i%3)
		os.WriteFile(name, []byte("x"), 0o644)
		unix.InotifyAddWatch(fd, name, unix.IN_ALL_EVENTS|unix.IN_ONESHOT)
		os.Rename(name, fmt.Sprintf("w/%d", (i+1)%3))
		os.Chmod("w", 0o755)
		os.Remove(fmt.Sprintf("w/%d", (i+n)%3))
		unix.Read(fd, buf)
		if i%2 == 0 {
			unix.InotifyRmWatch(fd, uint32(wd))
		}
		if i%4 == 0 {
			os.Mkdir(fmt.Sprintf("w/d%d", n), 0o755)
			unix.InotifyAddWatch(fd, fmt.Sprintf("w/d%d", n), unix.IN_ALL_EVENTS)
			os.Remove(fmt.Sprintf("w/d%d", n))
		}
		unix.Close(fd)
	}
}

var ring = sync.OnceValue(func() (p [2][2]int) {
	check(unix.Pipe2(p[0][:], unix.O_NONBLOCK))
	check(unix.Pipe2(p[1][:], unix.O_NONBLOCK))
	return p
})

func pipes(n int) {
	p := ring()
	b := make([]byte, 6000)
	for i := range 300 {
		switch (n + i) % 8 {
		case 0:
			unix.FcntlInt(uintptr(p[0][1]), unix.F_SETPIPE_SZ, 4096<<(i%7))
		case 1, 2:
			unix.Write(p[n%2][1], b[:i*19%6000+1])
		case 3:
			unix.Splice(p[0][0], nil, p[1][1], nil, 5000, unix.SPLICE_F_NONBLOCK)
		case 4:
			unix.Splice(p[1][0], nil, p[0][1], nil, 3000, unix.SPLICE_F_NONBLOCK)
		case 5:
			unix.Tee(p[0][0], p[1][1], 2000, unix.SPLICE_F_NONBLOCK)
		case 6:
			unix.Tee(p[1][0], p[0][1], 2000, unix.SPLICE_F_NONBLOCK)
		case 7:
			unix.Read(p[i%2][0], b)
		}
	}
}

func queues(n int) {
	type attr struct{ flags, maxMsg, msgSize, cur, a, b, c, d int64 }
	text := []byte("message\x00")
	for i := range 100 {
		name, _ := unix.BytePtrFromString(fmt.Sprintf("race%d", i%2))
		a := attr{maxMsg: 4, msgSize: 8}
		q, _, e := unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(name)), unix.O_CREAT|unix.O_RDWR|unix.O_NONBLOCK, 0o600, uintptr(unsafe.Pointer(&a)), 0, 0)
		if e != 0 {
			panic(e)
		}
		for range 6 {
			unix.Syscall6(unix.SYS_MQ_TIMEDSEND, q, uintptr(unsafe.Pointer(&text[0])), 7, uintptr(i), 0, 0)
		}
		buf := make([]byte, 8)
		for range 4 {
			unix.Syscall6(unix.SYS_MQ_TIMEDRECEIVE, q, uintptr(unsafe.Pointer(&buf[0])), 8, 0, 0, 0)
		}
		if (i+n)%3 == 0 {
			unix.Syscall(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(name)), 0, 0)
		}
		unix.Close(int(q))
	}
	for i := range 2 {
		name, _ := unix.BytePtrFromString(fmt.Sprintf("race%d", i))
		unix.Syscall(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(name)), 0, 0)
	}
}

// current is the context that all threads use, and one of them replaces.
var current uintptr

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

func contexts(n int) {
	check(os.WriteFile(fmt.Sprint("a", n), []byte("text"), 0o644))
	f, err := os.Open(fmt.Sprint("a", n))
	check(err)
	defer f.Close()
	b := make([]byte, 8)
	events := make([]byte, 32*4)
	for i := range 150 {
		shared.Lock()
		id := current
		if n == 0 && i%5 == 0 {
			var fresh uintptr
			if _, _, e := unix.Syscall(unix.SYS_IO_SETUP, 8, uintptr(unsafe.Pointer(&fresh)), 0); e != 0 {
				panic(e)
			}
			current = fresh
		}
		shared.Unlock()
		cb := &iocb{opcode: 0, fd: int32(f.Fd()), buf: uint64(uintptr(unsafe.Pointer(&b[0]))), nbytes: 4}
		list := []*iocb{cb}
		unix.Syscall(unix.SYS_IO_SUBMIT, id, 1, uintptr(unsafe.Pointer(&list[0])))
		ts := unix.Timespec{Nsec: 1000}
		unix.Syscall6(unix.SYS_IO_GETEVENTS, id, 1, 4, uintptr(unsafe.Pointer(&events[0])), uintptr(unsafe.Pointer(&ts)), 0)
		if n == 0 && i%5 == 0 && id != 0 {
			unix.Syscall(unix.SYS_IO_DESTROY, id, 0, 0)
		}
	}
}
