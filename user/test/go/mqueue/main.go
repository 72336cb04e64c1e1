//go:build linux

// Test mqueue prints what POSIX message queues do: creation, limits, priorities, time-outs, notification, polling, the file system.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

type attr struct {
	flags, maxMsg, msgSize, cur int64
	_                           [4]int64
}

func result(what string, r int, err error) int {
	if e, ok := err.(unix.Errno); ok && e != 0 {
		fmt.Printf("%s: %s\n", what, unix.ErrnoName(e))
		return -1
	}
	fmt.Printf("%s: %d\n", what, r)
	return r
}

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

func str(s string) uintptr {
	b, err := unix.BytePtrFromString(s)
	check(err)
	keep = append(keep, b)
	return uintptr(unsafe.Pointer(b))
}

var keep []*byte

func open(name string, flags int, mode uint32, a *attr) (int, error) {
	return call(unix.SYS_MQ_OPEN, str(name), uintptr(flags), uintptr(mode), uintptr(unsafe.Pointer(a)))
}

func unlink(name string) error {
	_, err := call(unix.SYS_MQ_UNLINK, str(name))
	return err
}

func send(q int, text string, prio uint32, ts *unix.Timespec) error {
	b := []byte(text + "\x00")
	_, err := call(unix.SYS_MQ_TIMEDSEND, uintptr(q), uintptr(unsafe.Pointer(&b[0])), uintptr(len(text)), uintptr(prio), uintptr(unsafe.Pointer(ts)))
	return err
}

func receive(q, n int, ts *unix.Timespec) (string, uint32, error) {
	b := make([]byte, n+1)
	var prio uint32
	r, err := call(unix.SYS_MQ_TIMEDRECEIVE, uintptr(q), uintptr(unsafe.Pointer(&b[0])), uintptr(n), uintptr(unsafe.Pointer(&prio)), uintptr(unsafe.Pointer(ts)))
	if err != nil {
		return "", 0, err
	}
	return string(b[:r]), prio, nil
}

func get(q, n int) {
	s, prio, err := receive(q, n, nil)
	if err != nil {
		result("receive", 0, err)
		return
	}
	fmt.Printf("received %q priority %d\n", s, prio)
}

func show(what string, q int) {
	var a attr
	_, err := call(unix.SYS_MQ_GETSETATTR, uintptr(q), 0, uintptr(unsafe.Pointer(&a)))
	if err != nil {
		result(what, 0, err)
		return
	}
	fmt.Printf("%s: flags %#o max %d size %d now %d\n", what, a.flags, a.maxMsg, a.msgSize, a.cur)
}

func in(ms int64) *unix.Timespec {
	ts := unix.NsecToTimespec(time.Now().Add(time.Duration(ms) * time.Millisecond).UnixNano())
	return &ts
}

func main() {
	unix.Umask(0o022)
	names()
	messages()
	errors()
	attributes()
	polling()
	waiting()
	notification()
	fileSystem()
	others()
}

func names() {
	for _, n := range []string{"", "a/b", ".", "..", "none", strings.Repeat("x", 256), "/slash"} {
		_, err := open(n, unix.O_RDWR, 0, nil)
		result(fmt.Sprintf("open %.10q", n), 0, err)
		_, err = open(n, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, 0o600, nil)
		if result(fmt.Sprintf("create %.10q", n), 0, err); err == nil {
			result("unlink", 0, unlink(n))
		}
		result(fmt.Sprintf("unlink %.10q", n), 0, unlink(n))
	}
	_, err := open("q", unix.O_CREAT|3, 0o600, nil)
	result("access mode 3", 0, err)
	q, err := open("q", unix.O_CREAT|unix.O_RDONLY, 0o666, nil)
	check(err)
	_, err = open("q", unix.O_CREAT|unix.O_EXCL|unix.O_RDONLY, 0o666, nil)
	result("again", 0, err)
	var st unix.Stat_t
	check(unix.Fstat(q, &st))
	fmt.Printf("mode %#o size %d links %d\n", st.Mode, st.Size, st.Nlink)
	fl, err := unix.FcntlInt(uintptr(q), unix.F_GETFD, 0)
	check(err)
	fmt.Println("close on exec", fl)
	show("default", q)
	result("unlink", 0, unlink("q"))
	result("unlink again", 0, unlink("q"))
	show("still open", q)
	unix.Close(q)
	for _, a := range []attr{{maxMsg: 0, msgSize: 1}, {maxMsg: 1, msgSize: 0}, {maxMsg: -1, msgSize: 1}, {maxMsg: 65537, msgSize: 1},
		{maxMsg: 1, msgSize: 16<<20 + 1}, {maxMsg: 3, msgSize: 100}} {
		q, err := open("q", unix.O_CREAT|unix.O_RDWR, 0o600, &a)
		if result(fmt.Sprint("attributes ", a.maxMsg, a.msgSize), 0, err); err == nil {
			show("given", q)
			unix.Close(q)
			unlink("q")
		}
	}
	_, err = call(unix.SYS_MQ_OPEN, str("q"), unix.O_CREAT|unix.O_RDWR, 0o600, 8)
	result("bad attributes", 0, err)
	_, err = call(unix.SYS_MQ_OPEN, 8, unix.O_RDWR, 0, 0)
	result("bad name", 0, err)
}

func messages() {
	q, err := open("m", unix.O_CREAT|unix.O_RDWR|unix.O_NONBLOCK, 0o600, &attr{maxMsg: 6, msgSize: 20})
	check(err)
	for i, p := range []uint32{1, 5, 5, 0, 32767, 1} {
		check(send(q, fmt.Sprint("message ", i), p, nil))
	}
	show("full", q)
	result("one more", 0, send(q, "x", 0, nil))
	b := make([]byte, 200)
	n, err := unix.Read(q, b)
	check(err)
	fmt.Printf("%q\n", b[:n])
	for range 7 {
		get(q, 20)
	}
	check(send(q, "", 3, nil))
	get(q, 30)
	unix.Close(q)
	check(unlink("m"))
}

func errors() {
	q, err := open("e", unix.O_CREAT|unix.O_RDWR|unix.O_NONBLOCK, 0o600, &attr{maxMsg: 2, msgSize: 8})
	check(err)
	r, err := open("e", unix.O_RDONLY, 0, nil)
	check(err)
	w, err := open("e", unix.O_WRONLY, 0, nil)
	check(err)
	result("priority", 0, send(q, "x", 32768, nil))
	result("too long", 0, send(q, "123456789", 0, nil))
	result("exactly", 0, send(q, "12345678", 0, nil))
	get(q, 7)
	get(q, 8)
	result("send to a reader", 0, send(r, "x", 0, nil))
	get(w, 8)
	result("send to no queue", 0, send(0, "x", 0, nil))
	result("send to a bad descriptor", 0, send(-1, "x", 0, nil))
	get(0, 8)
	get(-1, 8)
	_, err = call(unix.SYS_MQ_TIMEDSEND, uintptr(q), 8, 4, 0, 0)
	result("bad address", 0, err)
	result("bad time", 0, send(q, "x", 0, &unix.Timespec{Nsec: 1e9}))
	result("bad time", 0, send(q, "x", 0, &unix.Timespec{Sec: -1}))
	_, err = call(unix.SYS_MQ_TIMEDSEND, uintptr(q), str("x"), 1, 0, 8)
	result("bad time's address", 0, err)
	_, err = unix.Write(w, []byte("x"))
	result("write", 0, err)
	n, err := unix.Seek(q, 5, 0)
	result("seek", int(n), err)
	for _, fd := range []int{q, r, w} {
		unix.Close(fd)
	}
	check(unlink("e"))
}

func attributes() {
	q, err := open("a", unix.O_CREAT|unix.O_RDWR, 0o600, &attr{maxMsg: 2, msgSize: 8})
	check(err)
	var old attr
	for _, f := range []int64{unix.O_NONBLOCK, unix.O_RDWR, 0} {
		r, err := call(unix.SYS_MQ_GETSETATTR, uintptr(q), uintptr(unsafe.Pointer(&attr{flags: f, maxMsg: 100})), uintptr(unsafe.Pointer(&old)))
		result(fmt.Sprintf("set flags %#o", f), r, err)
		show("now", q)
	}
	r, err := call(unix.SYS_MQ_GETSETATTR, uintptr(q), 8, 0)
	result("bad address", r, err)
	show("no queue", 0)
	show("bad descriptor", -1)
	unix.Close(q)
	check(unlink("a"))
}

func poll(q int) {
	p := []unix.PollFd{{Fd: int32(q), Events: unix.POLLIN | unix.POLLOUT}}
	n, err := unix.Poll(p, 0)
	check(err)
	fmt.Printf("poll %d %#x\n", n, p[0].Revents)
}

func polling() {
	q, err := open("p", unix.O_CREAT|unix.O_RDWR, 0o600, &attr{maxMsg: 2, msgSize: 8})
	check(err)
	poll(q)
	check(send(q, "a", 0, nil))
	poll(q)
	check(send(q, "b", 0, nil))
	poll(q)
	ep, err := unix.EpollCreate1(0)
	check(err)
	get(q, 8)
	get(q, 8)
	check(unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, q, &unix.EpollEvent{Events: unix.EPOLLIN}))
	go func() {
		time.Sleep(20 * time.Millisecond)
		send(q, "later", 0, nil)
	}()
	ev := make([]unix.EpollEvent, 1)
	n, err := unix.EpollWait(ep, ev, 5000)
	result("epoll", n, err)
	get(q, 8)
	unix.Close(ep)
	unix.Close(q)
	check(unlink("p"))
}

func waiting() {
	q, err := open("w", unix.O_CREAT|unix.O_RDWR, 0o600, &attr{maxMsg: 1, msgSize: 8})
	check(err)
	start := time.Now()
	_, _, err = receive(q, 8, in(30))
	result("time-out", 0, err)
	fmt.Println("waited", time.Since(start) >= 30*time.Millisecond)
	_, _, err = receive(q, 8, &unix.Timespec{})
	result("in the past", 0, err)
	done := make(chan bool)
	go func() {
		get(q, 8)
		done <- true
	}()
	time.Sleep(20 * time.Millisecond)
	check(send(q, "wake up", 9, nil))
	<-done
	check(send(q, "first", 0, nil))
	result("time-out of a send", 0, send(q, "second", 0, in(30)))
	go func() {
		check(send(q, "second", 0, nil))
		done <- true
	}()
	time.Sleep(20 * time.Millisecond)
	get(q, 8)
	<-done
	get(q, 8)
	sum := make(chan int)
	const producers, each = 4, 300
	for range producers {
		go func() {
			for i := range each {
				check(send(q, fmt.Sprint(i), uint32(i%7), nil))
			}
		}()
	}
	for range 3 {
		go func() {
			n := 0
			for {
				s, _, err := receive(q, 8, nil)
				check(err)
				if s == "end" {
					break
				}
				v := 0
				fmt.Sscan(s, &v)
				n += v
				sum <- v
			}
			sum <- -1
		}()
	}
	total := 0
	for range producers * each {
		total += <-sum
	}
	for range 3 {
		check(send(q, "end", 0, nil))
	}
	for range 3 {
		<-sum
	}
	fmt.Println("sum", total, producers*each*(each-1)/2)
	unix.Close(q)
	check(unlink("w"))
}

type sigevent struct {
	value         uint64
	signo, notify int32
	_             [6]uint64
}

func notify(what string, q int, ev *sigevent) {
	r, err := call(unix.SYS_MQ_NOTIFY, uintptr(q), uintptr(unsafe.Pointer(ev)))
	result("notify "+what, r, err)
}

func notification() {
	q, err := open("n", unix.O_CREAT|unix.O_RDWR|unix.O_NONBLOCK, 0o600, &attr{maxMsg: 4, msgSize: 8})
	check(err)
	c := make(chan os.Signal, 10)
	signal.Notify(c, unix.SIGUSR1)
	got := func() {
		select {
		case s := <-c:
			fmt.Println("signal", s)
		case <-time.After(50 * time.Millisecond):
			fmt.Println("no signal")
		}
	}
	notify("kind", q, &sigevent{notify: 7})
	notify("signal", q, &sigevent{signo: 65})
	notify("bad descriptor", -1, nil)
	notify("no queue", 0, nil)
	notify("nothing to end", q, nil)
	notify("", q, &sigevent{signo: int32(unix.SIGUSR1), value: 42})
	notify("again", q, &sigevent{signo: int32(unix.SIGUSR1)})
	check(send(q, "a", 0, nil))
	got()
	check(send(q, "b", 0, nil))
	got()
	notify("not empty", q, &sigevent{signo: int32(unix.SIGUSR1)})
	check(send(q, "c", 0, nil))
	got()
	for range 3 {
		get(q, 8)
	}
	check(send(q, "d", 0, nil))
	got()
	get(q, 8)
	notify("none", q, &sigevent{notify: 1})
	check(send(q, "e", 0, nil))
	got()
	get(q, 8)
	notify("", q, &sigevent{signo: int32(unix.SIGUSR1)})
	notify("end", q, nil)
	check(send(q, "f", 0, nil))
	got()
	get(q, 8)
	q2, err := open("n", unix.O_RDWR, 0, nil)
	check(err)
	notify("", q, &sigevent{signo: int32(unix.SIGUSR1)})
	unix.Close(q2)
	check(send(q, "g", 0, nil))
	got()
	signal.Stop(c)
	unix.Close(q)
	check(unlink("n"))
}

func fileSystem() {
	check(os.Mkdir("mq", 0o755))
	check(unix.Mount("none", "mq", "mqueue", 0, ""))
	defer func() {
		check(unix.Unmount("mq", 0))
		check(os.Remove("mq"))
	}()
	for _, n := range []string{"one", "two"} {
		q, err := open(n, unix.O_CREAT|unix.O_RDWR, 0o640, &attr{maxMsg: 4, msgSize: 8})
		check(err)
		check(send(q, "hello", 0, nil))
		unix.Close(q)
	}
	es, err := os.ReadDir("mq")
	check(err)
	for _, e := range es {
		i, err := e.Info()
		check(err)
		b, err := os.ReadFile("mq/" + e.Name())
		check(err)
		fmt.Printf("%s %v %d %q\n", e.Name(), i.Mode(), i.Size(), b)
	}
	var st unix.Statfs_t
	check(unix.Statfs("mq", &st))
	fmt.Printf("type %#x\n", st.Type)
	result("mkdir", 0, unix.Mkdir("mq/d", 0o755))
	result("symlink", 0, unix.Symlink("x", "mq/l"))
	result("link", 0, unix.Link("mq/one", "mq/l"))
	result("rename", 0, unix.Rename("mq/one", "mq/l"))
	fd, err := unix.Open("mq/three", unix.O_CREAT|unix.O_RDWR, 0o600)
	result("create", 0, err)
	show("created", fd)
	check(send(fd, "hi", 0, nil))
	unix.Close(fd)
	info, err := os.Stat("mq/three")
	check(err)
	fmt.Println(info.Mode())
	for _, n := range []string{"one", "two", "three"} {
		result("remove "+n, 0, unix.Unlink("mq/"+n))
	}
	_, err = open("one", unix.O_RDWR, 0, nil)
	result("open", 0, err)
}

// others does what is forbidden to other users.
func others() {
	q, err := open("o", unix.O_CREAT|unix.O_RDWR, 0o640, nil)
	check(err)
	done := make(chan bool)
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, 12345, 12345, 12345); e != 0 {
			fmt.Println(e)
			return
		}
		_, err := open("o", unix.O_RDWR, 0, nil)
		result("open", 0, err)
		_, err = open("o", unix.O_RDWR|unix.O_CREAT, 0o600, nil)
		result("open with O_CREAT", 0, err)
		result("unlink", 0, unlink("o"))
		_, err = open("mine", unix.O_RDWR|unix.O_CREAT, 0o600, &attr{maxMsg: 11, msgSize: 8})
		result("too many messages", 0, err)
		_, err = open("mine", unix.O_RDWR|unix.O_CREAT, 0o600, &attr{maxMsg: 10, msgSize: 8193})
		result("too large ones", 0, err)
		var fds []int
		for i := range 20 {
			q, err := open(fmt.Sprint("mine", i), unix.O_RDWR|unix.O_CREAT, 0o600, &attr{maxMsg: 10, msgSize: 8192})
			if err != nil {
				result("the queues of a user", 0, err)
				break
			}
			fds = append(fds, q)
		}
		fmt.Println("had", len(fds))
		for i, fd := range fds {
			unix.Close(fd)
			check(unlink(fmt.Sprint("mine", i)))
		}
	}()
	<-done
	unix.Close(q)
	check(unlink("o"))
}
