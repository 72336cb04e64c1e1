//go:build linux

// Test sigqueue checks pending signals: their order, values and limit, waiting for them (rt_sigtimedwait, signalfd), and who gets them.
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"galago/user/test/internal/raw"
)

// siginfo is siginfo_t.
type siginfo struct {
	Signo, Errno, Code, _ int32
	PID                   int32
	UID                   uint32
	Value                 uint64
	_                     [96]byte
}

const (
	usr1, usr2 = int(unix.SIGUSR1), int(unix.SIGUSR2)
	rt         = 40 // the first of a few real-time signals that Go's runtime leaves alone
)

func bit(sig int) uint64 { return 1 << uint(sig-1) }

//go:uintptrescapes
func call(n uintptr, a ...uintptr) (uintptr, unix.Errno) {
	var b [6]uintptr
	copy(b[:], a)
	r, _, e := unix.RawSyscall6(n, b[0], b[1], b[2], b[3], b[4], b[5])
	return r, e
}

// slow is call for calls that may sleep.
//
//go:uintptrescapes
func slow(n uintptr, a ...uintptr) (uintptr, unix.Errno) {
	var b [6]uintptr
	copy(b[:], a)
	r, _, e := unix.Syscall6(n, b[0], b[1], b[2], b[3], b[4], b[5])
	return r, e
}

func mask(how int, set uint64) (old uint64) {
	call(unix.SYS_RT_SIGPROCMASK, uintptr(how), uintptr(unsafe.Pointer(&set)), uintptr(unsafe.Pointer(&old)), 8)
	return old
}

func wait(set uint64, ns int64, info *siginfo) (int, unix.Errno) {
	ts := unix.NsecToTimespec(ns)
	for {
		r, e := slow(unix.SYS_RT_SIGTIMEDWAIT, uintptr(unsafe.Pointer(&set)), uintptr(unsafe.Pointer(info)), uintptr(unsafe.Pointer(&ts)), 8)
		if e != unix.EINTR { // the runtime's own signals
			return int(r), e
		}
	}
}

func pending() (set uint64) {
	call(unix.SYS_RT_SIGPENDING, uintptr(unsafe.Pointer(&set)), 8)
	return set
}

func queue(sig int, code int32, value uint64) unix.Errno {
	info := siginfo{Code: code, PID: 77, UID: 88, Value: value}
	_, e := call(unix.SYS_RT_SIGQUEUEINFO, uintptr(os.Getpid()), uintptr(sig), uintptr(unsafe.Pointer(&info)))
	return e
}

func tgqueue(tid, sig int, code int32, value uint64) unix.Errno {
	info := siginfo{Code: code, PID: 77, UID: 88, Value: value}
	_, e := call(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(os.Getpid()), uintptr(tid), uintptr(sig), uintptr(unsafe.Pointer(&info)))
	return e
}

func show(sig int, e unix.Errno, i *siginfo) {
	if e != 0 {
		fmt.Println("  ", raw.Name(e))
		return
	}
	who := "other"
	switch int(i.PID) {
	case os.Getpid():
		who = "self"
	case 77:
		who = "77"
	}
	fmt.Printf("   sig %d signo %d code %d from %s uid %d value %#x\n", sig, i.Signo, i.Code, who, i.UID, i.Value)
}

func init() { runtime.LockOSThread() }

func main() {
	all := bit(usr1) | bit(usr2) | bit(rt) | bit(rt+1) | bit(rt+2)
	blocked := all | bit(int(unix.SIGTSTP)) | bit(int(unix.SIGCONT))
	if mask(0, blocked)&blocked != blocked { // again, so that the runtime gives the mask to all its threads
		unix.Exec(os.Args[0], os.Args, append(os.Environ(), "GODEBUG=asyncpreemptoff=1"))
	}
	order(all)
	edges()
	limit()
	threads()
	descriptors()
	actions()
}

func order(all uint64) {
	fmt.Println("order")
	for i, sig := range []int{rt + 1, rt, usr2, rt, usr1, rt + 1, usr1, rt} {
		if e := queue(sig, -1, uint64(i)<<33|uint64(i)); e != 0 {
			fmt.Println("queue", raw.Name(e))
		}
	}
	unix.Kill(os.Getpid(), unix.Signal(rt))
	unix.Tgkill(os.Getpid(), unix.Gettid(), unix.Signal(rt+2))
	unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGUSR2)
	fmt.Printf("pending %#x\n", pending()&all)
	for {
		var i siginfo
		sig, e := wait(all, 0, &i)
		show(sig, e, &i)
		if e != 0 {
			break
		}
	}
	fmt.Printf("pending %#x\n", pending()&all)
}

func edges() {
	fmt.Println("edges")
	me := os.Getpid()
	for _, code := range []int32{0, 1, -1, -2, -6, -7, 0x80} {
		fmt.Println("queue to init with code", code, raw.Name(func() unix.Errno {
			i := siginfo{Code: code}
			_, e := call(unix.SYS_RT_SIGQUEUEINFO, 1, 0, uintptr(unsafe.Pointer(&i)))
			return e
		}()))
		fmt.Println("queue to self with code", code, raw.Name(queue(usr1, code, 5)))
		var i siginfo
		sig, e := wait(bit(usr1), 0, &i)
		show(sig, e, &i)
		fmt.Println("tgqueue to self with code", code, raw.Name(tgqueue(unix.Gettid(), usr1, code, 6)))
		sig, e = wait(bit(usr1), 0, &i)
		show(sig, e, &i)
	}
	big := siginfo{Code: 0x70000000}
	(*[128]byte)(unsafe.Pointer(&big))[127] = 1
	_, e := call(unix.SYS_RT_SIGQUEUEINFO, uintptr(me), uintptr(usr1), uintptr(unsafe.Pointer(&big)))
	fmt.Println("unknown code with garbage", raw.Name(e))
	big.Code = -1
	_, e = call(unix.SYS_RT_SIGQUEUEINFO, uintptr(me), uintptr(usr1), uintptr(unsafe.Pointer(&big)))
	fmt.Println("known code with garbage", raw.Name(e))
	var i siginfo
	wait(bit(usr1), 0, &i)
	fmt.Println("queue bad signals", raw.Name(queue(65, -1, 0)), raw.Name(queue(-1, -1, 0)), raw.Name(queue(0, -1, 0)))
	_, e = call(unix.SYS_RT_SIGQUEUEINFO, uintptr(me), uintptr(usr1), 8)
	fmt.Println("queue bad address", raw.Name(e))
	_, e = call(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(me), 0, uintptr(usr1), uintptr(unsafe.Pointer(&i)))
	fmt.Println("tgqueue tid 0", raw.Name(e))
	_, e = call(unix.SYS_RT_TGSIGQUEUEINFO, 1, uintptr(unix.Gettid()), uintptr(usr1), uintptr(unsafe.Pointer(&i)))
	fmt.Println("tgqueue wrong group", raw.Name(e))
	for _, pid := range []int{me, 1 << 22, -1 << 31} {
		for _, sig := range []int{0, 65, -1} {
			_, e := call(unix.SYS_KILL, uintptr(pid), uintptr(sig))
			_, e2 := call(unix.SYS_TKILL, uintptr(pid), uintptr(sig))
			_, e3 := call(unix.SYS_TGKILL, uintptr(pid), uintptr(pid), uintptr(sig))
			if pid == me {
				_, e2 = call(unix.SYS_TKILL, uintptr(unix.Gettid()), uintptr(sig))
				_, e3 = call(unix.SYS_TGKILL, uintptr(pid), uintptr(unix.Gettid()), uintptr(sig))
			}
			fmt.Println("kill, tkill, tgkill", pid == me, sig, raw.Name(e), raw.Name(e2), raw.Name(e3))
		}
	}
	set := bit(usr1)
	at := uintptr(unsafe.Pointer(&set))
	_, e = call(unix.SYS_RT_SIGTIMEDWAIT, at, 0, 0, 4)
	fmt.Println("sigtimedwait size", raw.Name(e))
	_, e = call(unix.SYS_RT_SIGTIMEDWAIT, 8, 0, 0, 8)
	fmt.Println("sigtimedwait set", raw.Name(e))
	_, e = call(unix.SYS_RT_SIGTIMEDWAIT, at, 0, 8, 8)
	fmt.Println("sigtimedwait time address", raw.Name(e))
	ts := unix.Timespec{Nsec: 1e9}
	_, e = call(unix.SYS_RT_SIGTIMEDWAIT, at, 0, uintptr(unsafe.Pointer(&ts)), 8)
	fmt.Println("sigtimedwait time", raw.Name(e))
	queue(usr1, -1, 0)
	ts = unix.Timespec{}
	_, e = call(unix.SYS_RT_SIGTIMEDWAIT, at, 8, uintptr(unsafe.Pointer(&ts)), 8)
	fmt.Println("sigtimedwait info address", raw.Name(e))
	n, e := wait(bit(usr1), 20e6, &i)
	fmt.Println("sigtimedwait time out", int(int32(n)), raw.Name(e))
	var word [2]uint32
	for _, n := range []uintptr{0, 4, 8, 9} {
		_, e = call(unix.SYS_RT_SIGPENDING, uintptr(unsafe.Pointer(&word)), n)
		fmt.Println("sigpending size", n, raw.Name(e))
	}
	_, e = call(unix.SYS_RT_SIGPROCMASK, 3, at, 0, 8)
	_, e2 := call(unix.SYS_RT_SIGPROCMASK, 3, 0, 0, 8)
	_, e3 := call(unix.SYS_RT_SIGPROCMASK, 0, at, 0, 4)
	fmt.Println("sigprocmask", raw.Name(e), raw.Name(e2), raw.Name(e3))
	_, e = call(unix.SYS_RESTART_SYSCALL)
	fmt.Println("restart_syscall", raw.Name(e))
}

func limit() {
	fmt.Println("limit")
	syscall.Setresuid(3456, 0, 0) // the limit counts what all processes of the user have pending
	defer syscall.Setresuid(0, 0, 0)
	old := unix.Rlimit{}
	unix.Getrlimit(unix.RLIMIT_SIGPENDING, &old)
	unix.Setrlimit(unix.RLIMIT_SIGPENDING, &unix.Rlimit{Cur: 3, Max: old.Max})
	for i := range 5 {
		fmt.Println(i, raw.Name(queue(rt, -1, uint64(i))))
	}
	fmt.Println("kill", raw.Name(kill(os.Getpid(), rt)), "standard", raw.Name(queue(usr1, -1, 9)), "kill", raw.Name(kill(os.Getpid(), usr2)))
	for {
		var i siginfo
		sig, e := wait(bit(rt)|bit(usr1)|bit(usr2), 0, &i)
		show(sig, e, &i)
		if e != 0 {
			break
		}
	}
	unix.Setrlimit(unix.RLIMIT_SIGPENDING, &old)
}

func kill(pid, sig int) unix.Errno {
	_, e := call(unix.SYS_KILL, uintptr(pid), uintptr(sig))
	return e
}

// threads has two threads wait for a signal of the process and one of their own.
func threads() {
	fmt.Println("threads")
	type report struct {
		which int
		sig   int
		i     siginfo
	}
	reports := make(chan report)
	var tids [2]chan int
	for n := range tids {
		tids[n] = make(chan int)
		go func() {
			runtime.LockOSThread()
			tids[n] <- unix.Gettid()
			for {
				var i siginfo
				sig, e := wait(bit(rt)|bit(rt+1+n), 5e9, &i)
				if e != 0 {
					fmt.Println("wait", raw.Name(e))
				}
				reports <- report{n, sig, i}
				if sig == rt {
					return
				}
			}
		}()
	}
	t0, t1 := <-tids[0], <-tids[1]
	time.Sleep(20 * time.Millisecond)
	tgqueue(t1, rt+2, -1, 1)
	r := <-reports
	fmt.Println("thread", r.which)
	show(r.sig, 0, &r.i)
	queue(rt+1, -1, 2)
	r = <-reports
	fmt.Println("thread", r.which)
	show(r.sig, 0, &r.i)
	unix.Tgkill(os.Getpid(), t0, unix.Signal(rt+1))
	r = <-reports
	fmt.Println("thread", r.which)
	show(r.sig, 0, &r.i)
	queue(rt, -1, 3)
	r = <-reports
	show(r.sig, 0, &r.i)
	queue(rt, -1, 4)
	r = <-reports
	show(r.sig, 0, &r.i)
}

func descriptors() {
	fmt.Println("signalfd")
	set := bit(rt) | bit(usr1) | bit(int(unix.SIGKILL))
	fd, e := call(unix.SYS_SIGNALFD4, ^uintptr(0), uintptr(unsafe.Pointer(&set)), 8, unix.SFD_NONBLOCK)
	fmt.Println(raw.Name(e))
	_, e = call(unix.SYS_SIGNALFD4, ^uintptr(0), uintptr(unsafe.Pointer(&set)), 4, 0)
	_, e2 := call(unix.SYS_SIGNALFD4, ^uintptr(0), uintptr(unsafe.Pointer(&set)), 8, 1)
	_, e3 := call(unix.SYS_SIGNALFD4, ^uintptr(0), 8, 8, 0)
	_, e4 := call(unix.SYS_SIGNALFD4, 99, uintptr(unsafe.Pointer(&set)), 8, 0)
	_, e5 := call(unix.SYS_SIGNALFD4, 1, uintptr(unsafe.Pointer(&set)), 8, 0)
	fmt.Println(raw.Name(e), raw.Name(e2), raw.Name(e3), raw.Name(e4), raw.Name(e5))
	old, e := call(unix.SYS_SIGNALFD, ^uintptr(0), uintptr(unsafe.Pointer(&set)), 8)
	fmt.Println("signalfd", raw.Name(e))
	unix.Close(int(old))
	type info struct {
		Signo       uint32
		Errno, Code int32
		PID, UID    uint32
		FD          int32
		TID, Band   uint32
		Overrun, TN uint32
		Status, Int int32
		Ptr         uint64
		_           [72]byte
	}
	read := func(n int) {
		buf := make([]byte, n)
		k, err := unix.Read(int(fd), buf)
		fmt.Println("read", n, k, err)
		for i := 0; i+128 <= k; i += 128 {
			d := (*info)(unsafe.Pointer(&buf[i]))
			fmt.Println("  ", d.Signo, d.Code, d.PID == uint32(os.Getpid()), d.PID == 77, d.UID, d.Int, d.Ptr, d.Status)
		}
	}
	poll := func() {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLOUT}}
		n, _ := unix.Poll(p, 0)
		fmt.Println("poll", n, p[0].Revents)
	}
	read(1000)
	poll()
	queue(rt, -1, 1)
	queue(rt, -1, 2)
	unix.Kill(os.Getpid(), unix.SIGUSR1)
	unix.Kill(os.Getpid(), unix.SIGUSR2)
	poll()
	read(127)
	read(256)
	poll()
	read(1000)
	set = bit(usr2)
	r, e := call(unix.SYS_SIGNALFD4, fd, uintptr(unsafe.Pointer(&set)), 8, 0)
	fmt.Println("same descriptor", r == fd, raw.Name(e))
	poll()
	read(1000)
	_, err := unix.Write(int(fd), make([]byte, 128))
	fmt.Println("write", err)
	epoll(int(fd))
	unix.Close(int(fd))
}

// epoll watches the descriptor from a process that has no signals pending, and then gets one.
func epoll(fd int) {
	ep, _ := unix.EpollCreate1(0)
	unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: 5})
	ev := make([]unix.EpollEvent, 4)
	n, err := unix.EpollWait(ep, ev, 0)
	fmt.Println("epoll", n, err)
	me, tid := os.Getpid(), unix.Gettid()
	go func() {
		time.Sleep(20 * time.Millisecond)
		unix.Tgkill(me, tid, unix.SIGUSR2)
	}()
	n, err = unix.EpollWait(ep, ev, 5000)
	fmt.Println("epoll", n, err, ev[0].Fd)
	var i siginfo
	sig, e := wait(bit(usr2), 0, &i)
	show(sig, e, &i)
	unix.Close(ep)
}

// action is struct kernel_sigaction.
type action struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

func actions() {
	fmt.Println("actions")
	set := func(sig int, a *action, size uintptr) unix.Errno {
		_, e := call(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(a)), 0, size)
		return e
	}
	ign := action{handler: 1}
	for _, sig := range []int{0, -1, 65, 9, 19, 64} {
		fmt.Println(sig, raw.Name(set(sig, &ign, 8)), raw.Name(set(sig, nil, 8)), raw.Name(set(sig, nil, 4)))
	}
	_, e := call(unix.SYS_RT_SIGACTION, uintptr(usr1), 8, 0, 8)
	_, e2 := call(unix.SYS_RT_SIGACTION, uintptr(usr1), 0, 8, 8)
	fmt.Println(raw.Name(e), raw.Name(e2))
	odd := action{handler: 1, flags: ^uintptr(0), mask: ^uint64(0)}
	set(50, &odd, 8)
	call(unix.SYS_RT_SIGACTION, 50, 0, uintptr(unsafe.Pointer(&odd)), 8)
	fmt.Printf("flags %#x mask %#x\n", odd.flags, odd.mask)
	// Ignoring discards what is pending.
	kill(os.Getpid(), rt)
	set(rt, &ign, 8)
	fmt.Println("ignored", pending()&bit(rt) != 0)
	kill(os.Getpid(), rt)
	fmt.Println("blocked and ignored", pending()&bit(rt) != 0)
	dfl := action{}
	set(rt, &dfl, 8)
	fmt.Println("default", pending()&bit(rt) != 0)
	// A stop discards a continue, and the reverse.
	stops := bit(int(unix.SIGTSTP)) | bit(int(unix.SIGCONT))
	mask(0, stops)
	kill(os.Getpid(), int(unix.SIGTSTP))
	fmt.Printf("%#x ", pending()&stops)
	kill(os.Getpid(), int(unix.SIGCONT))
	fmt.Printf("%#x ", pending()&stops)
	kill(os.Getpid(), int(unix.SIGTSTP))
	fmt.Printf("%#x\n", pending()&stops)
	kill(os.Getpid(), int(unix.SIGCONT))
}
