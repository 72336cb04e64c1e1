//go:build linux

// Test splice prints what pipes of several sizes and in packet mode hold, and what splice, tee, vmsplice and sendfile move.
package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

func result(what string, n int64, err error) {
	if e, ok := err.(unix.Errno); ok && e != 0 {
		fmt.Printf("%s: %s\n", what, unix.ErrnoName(e))
	} else {
		fmt.Printf("%s: %d\n", what, n)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func pipe(flags int) (r, w int) {
	var p [2]int
	check(unix.Pipe2(p[:], flags))
	return p[0], p[1]
}

func fcntl(what string, fd, cmd, arg int) int {
	n, err := unix.FcntlInt(uintptr(fd), cmd, arg)
	result(what, int64(n), err)
	return n
}

func read(fd, n int) {
	b := make([]byte, n)
	n, err := unix.Read(fd, b)
	if err != nil {
		result("read", 0, err)
		return
	}
	if n > 40 {
		sum := 0
		for _, c := range b[:n] {
			sum += int(c)
		}
		fmt.Println("read", n, "sum", sum)
		return
	}
	fmt.Printf("read %q\n", b[:n])
}

func pending(fd int) int {
	n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
	check(err)
	return n
}

func poll(fd int) {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLOUT}}
	_, err := unix.Poll(p, 0)
	check(err)
	fmt.Printf("poll %#x\n", p[0].Revents)
}

func main() {
	sizes()
	filling()
	packets()
	splices()
	pipeToPipe()
	tees()
	user()
	errors()
	blocking()
	fifo()
}

func sizes() {
	r, w := pipe(unix.O_NONBLOCK)
	fcntl("F_GETPIPE_SZ", r, unix.F_GETPIPE_SZ, 0)
	for _, n := range []int{0, 1, 4096, 4097, 65536, 100000, 1 << 20, 1<<31 + 1} {
		fcntl(fmt.Sprint("F_SETPIPE_SZ ", n), w, unix.F_SETPIPE_SZ, n)
	}
	fcntl("now", r, unix.F_GETPIPE_SZ, 0)
	n, err := unix.Write(w, bytes.Repeat([]byte("x"), 2<<20))
	result("filled", int64(n), err)
	fcntl("smaller", w, unix.F_SETPIPE_SZ, 4096)
	for range 15 {
		unix.Read(r, make([]byte, 65536))
	}
	fcntl("smaller", w, unix.F_SETPIPE_SZ, 65536)
	fmt.Println("holds", pending(r))
	n, err = unix.Write(w, []byte("y"))
	result("write", int64(n), err)
	f, err := os.Create("plain")
	check(err)
	fcntl("of a file", int(f.Fd()), unix.F_GETPIPE_SZ, 0)
	fcntl("of a file", int(f.Fd()), unix.F_SETPIPE_SZ, 4096)
	f.Close()
	unix.Close(r)
	unix.Close(w)
	r, w = pipe(0)
	fmt.Println("unprivileged:", stranger())
	unix.Close(r)
	unix.Close(w)
}

// stranger tries a size that only the privileged may have, in a thread of another user, which ends with it.
func stranger() string {
	done := make(chan string)
	go func() {
		runtime.LockOSThread()
		if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, 1000, 1000, 1000); e != 0 {
			done <- "setresuid failed"
			return
		}
		r, w := pipe(0)
		defer unix.Close(r)
		defer unix.Close(w)
		_, err := unix.FcntlInt(uintptr(w), unix.F_SETPIPE_SZ, 1<<21)
		done <- fmt.Sprint(err == unix.EPERM)
	}()
	return <-done
}

func filling() {
	for _, size := range []int{1, 100, 2000, 4095, 4096, 5000} {
		r, w := pipe(unix.O_NONBLOCK)
		total, count := 0, 0
		b := make([]byte, size)
		for {
			n, err := unix.Write(w, b)
			if err != nil {
				break
			}
			total += n
			count++
		}
		fmt.Println("writes of", size, "fill with", total, "in", count)
		poll(w)
		unix.Read(r, make([]byte, 4095))
		poll(w)
		unix.Read(r, make([]byte, 4097))
		poll(w)
		fmt.Println("left", pending(r))
		unix.Close(r)
		unix.Close(w)
	}
}

func packets() {
	r, w := pipe(unix.O_DIRECT | unix.O_NONBLOCK)
	fcntl("F_GETFL of the reader", r, unix.F_GETFL, 0)
	fcntl("F_GETFL of the writer", w, unix.F_GETFL, 0)
	for _, s := range []string{"one", "two", "", "three"} {
		n, err := unix.Write(w, []byte(s))
		result("write", int64(n), err)
	}
	read(r, 100)
	read(r, 2)
	read(r, 100)
	read(r, 100)
	n, err := unix.Write(w, make([]byte, 5000))
	result("write", int64(n), err)
	read(r, 10000)
	read(r, 10000)
	count := 0
	for {
		if _, err := unix.Write(w, []byte("x")); err != nil {
			break
		}
		count++
	}
	fmt.Println("packets that fit", count)
	fcntl("off", w, unix.F_SETFL, unix.O_NONBLOCK)
	read(r, 10)
	unix.Write(w, []byte("a"))
	unix.Write(w, []byte("b"))
	for range 15 {
		unix.Read(r, make([]byte, 10))
	}
	read(r, 10)
	fcntl("on", w, unix.F_SETFL, unix.O_NONBLOCK|unix.O_DIRECT)
	unix.Write(w, []byte("a"))
	unix.Write(w, []byte("b"))
	read(r, 10)
	read(r, 10)
	unix.Close(r)
	unix.Close(w)
}

func splice(what string, in int, inAt *int64, out int, outAt *int64, n, flags int) {
	k, err := unix.Splice(in, inAt, out, outAt, n, flags)
	result("splice "+what, k, err)
}

func splices() {
	text := bytes.Repeat([]byte("0123456789abcdef"), 2048)
	check(os.WriteFile("in", text, 0o644))
	in, err := unix.Open("in", unix.O_RDONLY, 0)
	check(err)
	out, err := unix.Open("out", unix.O_RDWR|unix.O_CREAT, 0o644)
	check(err)
	r, w := pipe(0)
	splice("file to pipe", in, nil, w, nil, 10, 0)
	at := int64(100)
	splice("with a position", in, &at, w, nil, 10, 0)
	fmt.Println("position", at)
	pos, _ := unix.Seek(in, 0, 1)
	fmt.Println("own position", pos)
	n, err := unix.Write(w, []byte("more"))
	result("write behind it", int64(n), err)
	fmt.Println("pending", pending(r))
	read(r, 30)
	at = 4090
	splice("across pages", in, &at, w, nil, 20000, 0)
	fmt.Println("pending", pending(r))
	splice("pipe to file", r, nil, out, nil, 5000, 0)
	to := int64(10000)
	splice("pipe to file at", r, nil, out, &to, 100000, 0)
	fmt.Println("position", to)
	got, err := os.ReadFile("out")
	check(err)
	fmt.Println(len(got), bytes.Equal(got[:5000], text[4090:9090]), bytes.Equal(got[10000:], text[9090:24090]))
	at = 1 << 20
	splice("past the end", in, &at, w, nil, 10, 0)
	at = -1
	splice("negative", in, &at, w, nil, 10, 0)
	at = 32760
	splice("up to the end", in, &at, w, nil, 100, 0)
	read(r, 100)
	at = 0
	splice("more than fits", in, &at, w, nil, 1<<20, unix.SPLICE_F_NONBLOCK)
	splice("a full one", in, &at, w, nil, 1<<20, unix.SPLICE_F_NONBLOCK)
	check(os.WriteFile("shared", []byte("before"), 0o644))
	for pending(r) > 0 {
		unix.Read(r, make([]byte, 4096))
	}
	zero, err := unix.Open("/dev/zero", unix.O_RDONLY, 0)
	check(err)
	splice("of /dev/zero", zero, nil, w, nil, 5000, 0)
	read(r, 6000)
	null, err := unix.Open("/dev/null", unix.O_WRONLY, 0)
	check(err)
	unix.Write(w, []byte("gone"))
	splice("to /dev/null", r, nil, null, nil, 100, 0)
	fmt.Println("pending", pending(r))
	hole, err := unix.Open("hole", unix.O_RDWR|unix.O_CREAT, 0o644)
	check(err)
	check(unix.Ftruncate(hole, 10000))
	splice("of a hole", hole, nil, w, nil, 10000, 0)
	read(r, 20000)
	n, err = unix.Sendfile(w, in, nil, 100)
	result("sendfile to a pipe", int64(n), err)
	read(r, 200)
	n, err = unix.Sendfile(out, r, nil, 100)
	result("sendfile of a pipe", int64(n), err)
	for _, fd := range []int{in, out, r, w, zero, null, hole} {
		unix.Close(fd)
	}
}

func pipeToPipe() {
	r, w := pipe(0)
	r2, w2 := pipe(unix.O_NONBLOCK)
	unix.Write(w, []byte("hello, "))
	splice("pipe to pipe", r, nil, w2, nil, 3, 0)
	splice("the rest", r, nil, w2, nil, 100, 0)
	splice("an empty one", r, nil, w2, nil, 100, unix.SPLICE_F_NONBLOCK)
	unix.Write(w2, []byte("world"))
	read(r2, 100)
	splice("to itself", r, nil, w, nil, 100, 0)
	unix.Write(w2, make([]byte, 65536))
	unix.Write(w, []byte("x"))
	splice("to a full one", r, nil, w2, nil, 100, unix.SPLICE_F_NONBLOCK)
	unix.Close(w)
	fmt.Println("pending", pending(r))
	read(r, 10)
	splice("without writers", r, nil, w2, nil, 100, unix.SPLICE_F_NONBLOCK)
	unix.Read(r2, make([]byte, 65536))
	splice("without writers", r, nil, w2, nil, 100, 0)
	unix.Close(r)
	unix.Close(r2)
	unix.Close(w2)
}

func tees() {
	r, w := pipe(0)
	r2, w2 := pipe(0)
	tee := func(what string, in, out, n, flags int) {
		k, err := unix.Tee(in, out, n, flags)
		result("tee "+what, k, err)
	}
	unix.Write(w, []byte("one"))
	tee("", r, w2, 100, 0)
	unix.Write(w, []byte(" and two"))
	read(r, 100)
	read(r2, 100)
	unix.Write(w, []byte("first"))
	tee("of a part", r, w2, 2, 0)
	unix.Write(w2, []byte("other"))
	unix.Write(w, []byte("second"))
	read(r, 100)
	read(r2, 100)
	tee("of nothing", r, w2, 100, unix.SPLICE_F_NONBLOCK)
	tee("length 0", r, w2, 0, 0)
	tee("itself", r, w, 10, 0)
	tee("wrong ends", w, r, 10, 0)
	f, err := os.Create("t")
	check(err)
	tee("a file", r, int(f.Fd()), 10, 0)
	tee("flags", r, w2, 10, 16)
	f.Close()
	unix.Close(w)
	tee("without writers", r, w2, 10, 0)
	unix.Close(r)
	unix.Close(r2)
	unix.Close(w2)
}

func user() {
	r, w := pipe(unix.O_NONBLOCK)
	iov := func(bs ...[]byte) (v []unix.Iovec) {
		for _, b := range bs {
			v = append(v, unix.Iovec{Base: unsafe.SliceData(b), Len: uint64(len(b))})
		}
		return v
	}
	n, err := unix.Vmsplice(w, iov([]byte("user "), []byte("pages")), 0)
	result("vmsplice", int64(n), err)
	read(r, 100)
	unix.Write(w, []byte("to memory"))
	b := make([]byte, 20)
	n, err = unix.Vmsplice(r, iov(b[:4], b[4:]), 0)
	result("vmsplice of the reader", int64(n), err)
	fmt.Printf("%q\n", b)
	n, err = unix.Vmsplice(w, iov(nil), 0)
	result("nothing", int64(n), err)
	n, err = unix.Vmsplice(w, iov(make([]byte, 4096*20)), unix.SPLICE_F_NONBLOCK)
	result("too much", int64(n), err)
	n, err = unix.Vmsplice(w, iov(make([]byte, 1)), unix.SPLICE_F_NONBLOCK)
	result("when full", int64(n), err)
	n, err = unix.Vmsplice(w, iov(make([]byte, 1)), 32)
	result("flags", int64(n), err)
	f, err := os.Create("u")
	check(err)
	n, err = unix.Vmsplice(int(f.Fd()), iov(make([]byte, 1)), 0)
	result("of a file", int64(n), err)
	f.Close()
	unix.Close(r)
	unix.Close(w)
}

func errors() {
	r, w := pipe(unix.O_NONBLOCK)
	f, err := unix.Open("errors", unix.O_RDWR|unix.O_CREAT, 0o644)
	check(err)
	a, err := unix.Open("errors", unix.O_WRONLY|unix.O_APPEND, 0o644)
	check(err)
	d, err := unix.Open(".", unix.O_RDONLY, 0)
	check(err)
	ev, err := unix.Eventfd(1, 0)
	check(err)
	at := int64(0)
	splice("length 0", -1, nil, -1, nil, 0, 0)
	splice("bad in", -1, nil, w, nil, 1, 0)
	splice("bad out", f, nil, -1, nil, 1, 0)
	splice("flags", f, nil, w, nil, 1, 16)
	splice("no pipe", f, nil, f, nil, 1, 0)
	splice("position of the pipe in", r, &at, f, nil, 1, 0)
	splice("position of the pipe out", f, nil, w, &at, 1, 0)
	splice("wrong end", w, nil, f, nil, 1, 0)
	splice("wrong end", f, nil, r, nil, 1, 0)
	splice("not for reading", a, nil, w, nil, 1, 0)
	unix.Write(w, []byte("x"))
	splice("O_APPEND", r, nil, a, nil, 1, 0)
	splice("directory", d, nil, w, nil, 1, 0)
	splice("eventfd", ev, nil, w, nil, 8, 0)
	splice("to an eventfd", r, nil, ev, nil, 8, 0)
	unix.Read(r, make([]byte, 10))
	splice("empty pipe", r, nil, f, nil, 1, 0)
	unix.Close(w)
	splice("no writers", r, nil, f, nil, 1, 0)
	for _, fd := range []int{r, f, a, d, ev} {
		unix.Close(fd)
	}
}

func blocking() {
	r, w := pipe(0)
	r2, w2 := pipe(0)
	done := make(chan int64)
	go func() {
		n, err := unix.Splice(r, nil, w2, nil, 100, 0)
		check(err)
		done <- n
	}()
	go func() {
		b := make([]byte, 100)
		n, err := unix.Read(r2, b)
		check(err)
		fmt.Printf("arrived %q\n", b[:n])
		done <- -1
	}()
	unix.Nanosleep(&unix.Timespec{Nsec: 20e6}, nil)
	unix.Write(w, []byte("through two pipes"))
	a, b := <-done, <-done
	fmt.Println("moved", max(a, b))
	total := 0
	go func() {
		b := make([]byte, 3000)
		for i := range 2000 {
			for j := range b {
				b[j] = byte(i)
			}
			unix.Write(w, b)
		}
		unix.Close(w)
	}()
	go func() {
		for {
			n, err := unix.Splice(r, nil, w2, nil, 10000, 0)
			check(err)
			if n == 0 {
				break
			}
		}
		unix.Close(w2)
	}()
	b2, right := make([]byte, 5000), true
	for {
		n, err := unix.Read(r2, b2)
		check(err)
		if n == 0 {
			break
		}
		for i := range n {
			right = right && b2[i] == byte((total+i)/3000)
		}
		total += n
	}
	fmt.Println("a stream of", total, right)
	unix.Close(r)
	unix.Close(r2)
}

func fifo() {
	check(unix.Mkfifo("fifo", 0o600))
	past := unix.Timespec{Sec: 1000}
	check(unix.UtimesNanoAt(unix.AT_FDCWD, "fifo", []unix.Timespec{past, past}, 0))
	f, err := unix.Open("fifo", unix.O_RDWR, 0)
	check(err)
	unix.Write(f, []byte("x"))
	var st unix.Stat_t
	check(unix.Stat("fifo", &st))
	fmt.Println("written now", st.Mtim.Sec > 1000, "read then", st.Atim.Sec == 1000)
	unix.Read(f, make([]byte, 1))
	check(unix.Stat("fifo", &st))
	fmt.Println("read now", st.Atim.Sec > 1000)
	unix.Close(f)
}
