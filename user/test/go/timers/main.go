//go:build linux

// Test timers takes timer_create(2), setitimer(2), alarm(2), timerfd_create(2), clock_gettime(2) and clock_nanosleep(2) through their edges.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"galago/user/test/internal/raw"
)

const ms = int64(1e6)

func main() {
	runtime.LockOSThread()
	clocks()
	sleeps()
	errors()
	threadTimers()
	intervals()
	timerfds()
}

//go:uintptrescapes
func call(what string, n uintptr, args ...uintptr) int {
	var a [6]uintptr
	copy(a[:], args)
	r, _, e := unix.Syscall6(n, a[0], a[1], a[2], a[3], a[4], a[5])
	if e != 0 {
		fmt.Println(what, raw.Name(e))
		return -1
	}
	fmt.Println(what, int(int32(r)))
	return int(r)
}

func now(clock int) int64 {
	var ts unix.Timespec
	unix.Syscall(unix.SYS_CLOCK_GETTIME, uintptr(clock), raw.Addr(&ts), 0)
	return ts.Nano()
}

// cpuClock is a process's or thread's CPU clock as a number: kind 0 profile, 1 virtual, 2 scheduler; 4 for threads.
func cpuClock(id, kind int) int { return ^id<<3 | kind }

func clocks() {
	var ts unix.Timespec
	for id := -1; id <= 12; id++ {
		if id != 10 {
			call(fmt.Sprint("gettime ", id), unix.SYS_CLOCK_GETTIME, uintptr(id), raw.Addr(&ts))
		}
	}
	call("gettime bad", unix.SYS_CLOCK_GETTIME, 0, 8)
	call("getres 1", unix.SYS_CLOCK_GETRES, 1, raw.Addr(&ts))
	fmt.Println(ts.Sec, ts.Nsec)
	call("getres nil", unix.SYS_CLOCK_GETRES, 1, 0)
	call("getres 99", unix.SYS_CLOCK_GETRES, 99, raw.Addr(&ts))
	for _, c := range []int{cpuClock(0, 2), cpuClock(0, 0), cpuClock(0, 1), cpuClock(os.Getpid(), 2), cpuClock(0, 6), cpuClock(unix.Gettid(), 6),
		cpuClock(1<<22, 2), cpuClock(1<<22, 6), cpuClock(1, 6)} {
		call("CPU clock", unix.SYS_CLOCK_GETTIME, uintptr(c), raw.Addr(&ts))
	}
	start := now(unix.CLOCK_THREAD_CPUTIME_ID)
	for now(unix.CLOCK_THREAD_CPUTIME_ID)-start < 3*ms {
	}
	fmt.Println("own", now(cpuClock(unix.Gettid(), 6))-start >= 3*ms, now(cpuClock(os.Getpid(), 2)) >= now(unix.CLOCK_THREAD_CPUTIME_ID)-ms)
	call("settime monotonic", unix.SYS_CLOCK_SETTIME, 1, raw.Addr(&ts))
	call("settime bad", unix.SYS_CLOCK_SETTIME, 0, raw.Addr(&unix.Timespec{Nsec: -1}))
}

func sleeps() {
	for _, c := range []int{0, 1, 2, 3, 4, 5, 6, 7, 11, 12} {
		if c == 2 {
			continue
		}
		for flags := range uintptr(2) {
			call(fmt.Sprint("sleep ", c, " ", flags), unix.SYS_CLOCK_NANOSLEEP, uintptr(c), flags, raw.Addr(&unix.Timespec{Nsec: 1000}), 0)
		}
	}
	call("sleep bad time", unix.SYS_CLOCK_NANOSLEEP, 1, 0, raw.Addr(&unix.Timespec{Nsec: 1e9}), 0)
	call("sleep unmapped", unix.SYS_CLOCK_NANOSLEEP, 1, 0, 8, 0)
	for _, c := range []int{unix.CLOCK_REALTIME, unix.CLOCK_MONOTONIC} {
		end := now(c) + 5*ms
		ts := unix.NsecToTimespec(end)
		call("sleep until", unix.SYS_CLOCK_NANOSLEEP, uintptr(c), 1, raw.Addr(&ts), 0)
		fmt.Println("not early", now(c) >= end)
	}
}

type event struct {
	value         uint64
	signo, notify int32
	tid           int32
	_             [11]int32
}

type setting struct{ interval, value unix.Timespec }

func errors() {
	var id int32
	none := event{notify: 1}
	for c := -1; c <= 12; c++ {
		if c == 8 || c == 9 || c == 10 {
			continue
		}
		r, _, e := unix.Syscall(unix.SYS_TIMER_CREATE, uintptr(c), raw.Addr(&none), raw.Addr(&id))
		fmt.Println("create", c, r == 0, raw.Name(e))
	}
	bad := func(what string, ev event) {
		_, _, e := unix.Syscall(unix.SYS_TIMER_CREATE, 1, raw.Addr(&ev), raw.Addr(&id))
		fmt.Println(what, raw.Name(e))
	}
	bad("notify 3", event{notify: 3, signo: 10})
	bad("signal 0", event{signo: 0})
	bad("signal 65", event{signo: 65})
	bad("thread of nobody", event{signo: 10, notify: 4, tid: 1 << 22})
	bad("thread of another", event{signo: 10, notify: 4, tid: 1})
	call("create bad event", unix.SYS_TIMER_CREATE, 1, 8, raw.Addr(&id))
	call("create bad id", unix.SYS_TIMER_CREATE, 1, raw.Addr(&none), 8)
	var s setting
	const nobody = 1 << 20
	call("settime nobody", unix.SYS_TIMER_SETTIME, nobody, 0, raw.Addr(&s), 0)
	call("settime nil", unix.SYS_TIMER_SETTIME, 0, 0, 0, 0)
	call("gettime nobody", unix.SYS_TIMER_GETTIME, nobody, raw.Addr(&s))
	call("getoverrun nobody", unix.SYS_TIMER_GETOVERRUN, nobody)
	call("delete nobody", unix.SYS_TIMER_DELETE, nobody)
	unix.Syscall(unix.SYS_TIMER_CREATE, 1, raw.Addr(&none), raw.Addr(&id))
	call("settime bad time", unix.SYS_TIMER_SETTIME, uintptr(id), 0, raw.Addr(&setting{value: unix.Timespec{Nsec: -1}}), 0)
	call("settime", unix.SYS_TIMER_SETTIME, uintptr(id), 0, raw.Addr(&setting{value: unix.Timespec{Sec: 100}, interval: unix.Timespec{Sec: 7}}), raw.Addr(&s))
	fmt.Println(s)
	call("gettime", unix.SYS_TIMER_GETTIME, uintptr(id), raw.Addr(&s))
	fmt.Println(s.interval, s.value.Sec == 99)
	call("disarm", unix.SYS_TIMER_SETTIME, uintptr(id), 0, raw.Addr(&setting{}), raw.Addr(&s))
	fmt.Println(s.interval, s.value.Sec == 99)
	call("getoverrun", unix.SYS_TIMER_GETOVERRUN, uintptr(id))
	call("delete", unix.SYS_TIMER_DELETE, uintptr(id))
	call("delete again", unix.SYS_TIMER_DELETE, uintptr(id))
}

const rt = 40

// await takes a real-time signal that the thread blocks.
func await(wait int64) (info [128]byte, e unix.Errno) {
	set := uint64(1) << (rt - 1)
	ts := unix.NsecToTimespec(wait)
	_, _, e = unix.Syscall6(unix.SYS_RT_SIGTIMEDWAIT, raw.Addr(&set), raw.Addr(&info), raw.Addr(&ts), 8, 0, 0)
	return info, e
}

func threadTimers() {
	set := uint64(1) << (rt - 1)
	unix.Syscall6(unix.SYS_RT_SIGPROCMASK, 0, raw.Addr(&set), 0, 8, 0, 0)
	for _, clock := range []int{unix.CLOCK_REALTIME, unix.CLOCK_MONOTONIC, unix.CLOCK_BOOTTIME} {
		for absolute := range uintptr(2) {
			var id int32
			ev := event{value: 0x1122334455667788, signo: rt, notify: 4, tid: int32(unix.Gettid())}
			unix.Syscall(unix.SYS_TIMER_CREATE, uintptr(clock), raw.Addr(&ev), raw.Addr(&id))
			s := setting{value: unix.NsecToTimespec(5 * ms)}
			start := now(clock)
			if absolute != 0 {
				s.value = unix.NsecToTimespec(start + 5*ms)
			}
			unix.Syscall6(unix.SYS_TIMER_SETTIME, uintptr(id), absolute, raw.Addr(&s), 0, 0, 0)
			info, e := await(3e9)
			word := func(at int) int32 { return int32(binary.LittleEndian.Uint32(info[at:])) }
			fmt.Println("once", raw.Name(e), word(0), word(4), word(8), word(16) == id, word(20), binary.LittleEndian.Uint64(info[24:]) == ev.value, now(clock)-start >= 5*ms)
			_, e = await(2 * ms)
			fmt.Println("again", raw.Name(e))
			call("delete", unix.SYS_TIMER_DELETE, uintptr(id))
		}
	}
	var id int32
	ev := event{signo: rt, notify: 4, tid: int32(unix.Gettid())}
	unix.Syscall(unix.SYS_TIMER_CREATE, unix.CLOCK_MONOTONIC, raw.Addr(&ev), raw.Addr(&id))
	s := setting{value: unix.NsecToTimespec(2 * ms), interval: unix.NsecToTimespec(2 * ms)}
	unix.Syscall6(unix.SYS_TIMER_SETTIME, uintptr(id), 0, raw.Addr(&s), 0, 0, 0)
	time.Sleep(31 * time.Millisecond)
	info, e := await(1e9)
	over := int32(binary.LittleEndian.Uint32(info[20:]))
	fmt.Println("periodic", raw.Name(e), over >= 10, over < 10000)
	r, _, _ := unix.Syscall(unix.SYS_TIMER_GETOVERRUN, uintptr(id), 0, 0)
	fmt.Println("overrun", int32(r) == over)
	_, e = await(1e9)
	fmt.Println("next", raw.Name(e))
	call("delete", unix.SYS_TIMER_DELETE, uintptr(id))
	await(0)
	// the thread's own time
	unix.Syscall(unix.SYS_TIMER_CREATE, unix.CLOCK_THREAD_CPUTIME_ID, raw.Addr(&ev), raw.Addr(&id))
	s = setting{value: unix.NsecToTimespec(20 * ms)}
	unix.Syscall6(unix.SYS_TIMER_SETTIME, uintptr(id), 0, raw.Addr(&s), 0, 0, 0)
	_, e = await(60 * ms)
	fmt.Println("asleep", raw.Name(e))
	for start := now(unix.CLOCK_THREAD_CPUTIME_ID); now(unix.CLOCK_THREAD_CPUTIME_ID)-start < 60*ms; {
	}
	_, e = await(0)
	fmt.Println("computed", raw.Name(e))
	call("delete", unix.SYS_TIMER_DELETE, uintptr(id))
}

type itimer struct{ interval, value unix.Timeval }

func intervals() {
	c := make(chan os.Signal, 100)
	signal.Notify(c, unix.SIGALRM, unix.SIGVTALRM)
	var v itimer
	call("getitimer 3", unix.SYS_GETITIMER, 3, raw.Addr(&v))
	call("getitimer nil", unix.SYS_GETITIMER, 0, 0)
	call("setitimer 3", unix.SYS_SETITIMER, 3, raw.Addr(&v), 0)
	call("setitimer bad", unix.SYS_SETITIMER, 0, raw.Addr(&itimer{value: unix.Timeval{Usec: 1e6}}), 0)
	call("setitimer unmapped", unix.SYS_SETITIMER, 0, 8, 0)
	call("alarm", unix.SYS_ALARM, 100)
	call("alarm", unix.SYS_ALARM, 50)
	call("getitimer", unix.SYS_GETITIMER, 0, raw.Addr(&v))
	fmt.Println(v.value.Sec == 49 || v.value.Sec == 50, v.interval)
	call("setitimer", unix.SYS_SETITIMER, 0, raw.Addr(&itimer{value: unix.Timeval{Usec: 3000}, interval: unix.Timeval{Usec: 3000}}), raw.Addr(&v))
	fmt.Println(v.value.Sec == 49 || v.value.Sec == 50)
	for range 3 {
		fmt.Println(<-c)
	}
	call("disarm", unix.SYS_SETITIMER, 0, raw.Addr(&itimer{}), raw.Addr(&v))
	fmt.Println(v.interval)
	call("alarm", unix.SYS_ALARM, 0)
	time.Sleep(5 * time.Millisecond)
	for len(c) > 0 {
		<-c
	}
	call("virtual", unix.SYS_SETITIMER, 1, raw.Addr(&itimer{value: unix.Timeval{Usec: 10000}}), 0)
	for start := now(unix.CLOCK_MONOTONIC); len(c) == 0 && now(unix.CLOCK_MONOTONIC)-start < 5000*ms; {
		for i := range 10000 {
			v.value.Sec = int64(i)
		}
	}
	fmt.Println(<-c)
}

func read(fd int) (int64, unix.Errno) {
	var b [8]byte
	_, _, e := unix.Syscall(unix.SYS_READ, uintptr(fd), raw.Addr(&b), 8)
	return int64(binary.LittleEndian.Uint64(b[:])), e
}

func timerfds() {
	call("timerfd clock 2", unix.SYS_TIMERFD_CREATE, 2, 0)
	call("timerfd flags", unix.SYS_TIMERFD_CREATE, 1, 1)
	var s setting
	call("settime stdin", unix.SYS_TIMERFD_SETTIME, 0, 0, raw.Addr(&s), 0)
	call("settime closed", unix.SYS_TIMERFD_SETTIME, 99, 0, raw.Addr(&s), 0)
	call("gettime closed", unix.SYS_TIMERFD_GETTIME, 99, raw.Addr(&s))
	for _, clock := range []int{unix.CLOCK_REALTIME, unix.CLOCK_MONOTONIC, unix.CLOCK_BOOTTIME} {
		r, _, _ := unix.Syscall(unix.SYS_TIMERFD_CREATE, uintptr(clock), unix.TFD_NONBLOCK, 0)
		fd := int(r)
		n, e := read(fd)
		fmt.Println("disarmed", n, raw.Name(e))
		call("settime flags", unix.SYS_TIMERFD_SETTIME, r, 8, raw.Addr(&s), 0)
		call("settime bad", unix.SYS_TIMERFD_SETTIME, r, 0, raw.Addr(&setting{value: unix.Timespec{Sec: -1}}), 0)
		call("settime unmapped", unix.SYS_TIMERFD_SETTIME, r, 0, 8, 0)
		set := setting{value: unix.NsecToTimespec(4 * ms), interval: unix.NsecToTimespec(4 * ms)}
		call("settime", unix.SYS_TIMERFD_SETTIME, r, 0, raw.Addr(&set), raw.Addr(&s))
		fmt.Println(s)
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		k, _ := unix.Poll(p, 3000)
		fmt.Println("poll", k, p[0].Revents)
		time.Sleep(20 * time.Millisecond)
		n, e = read(fd)
		fmt.Println("expired", n >= 5, raw.Name(e))
		call("gettime", unix.SYS_TIMERFD_GETTIME, r, raw.Addr(&s))
		fmt.Println(s.interval, s.value.Sec, s.value.Nsec > 0 && s.value.Nsec <= 4*ms)
		unix.SetNonblock(fd, false)
		n, e = read(fd)
		fmt.Println("blocking", n >= 1, raw.Name(e))
		set = setting{value: unix.NsecToTimespec(now(clock) + 3*ms)}
		call("absolute", unix.SYS_TIMERFD_SETTIME, r, 1, raw.Addr(&set), 0)
		n, e = read(fd)
		fmt.Println("absolute", n, raw.Name(e))
		call("gettime", unix.SYS_TIMERFD_GETTIME, r, raw.Addr(&s))
		fmt.Println(s)
		unix.Close(fd)
	}
	if os.Getuid() != 0 {
		return
	}
	// The clock is set, to what it is.
	r, _, _ := unix.Syscall(unix.SYS_TIMERFD_CREATE, unix.CLOCK_REALTIME, 0, 0)
	set := setting{value: unix.NsecToTimespec(now(unix.CLOCK_REALTIME) + 100e9)}
	call("cancel on set", unix.SYS_TIMERFD_SETTIME, r, 3, raw.Addr(&set), 0)
	ts := unix.NsecToTimespec(now(unix.CLOCK_REALTIME))
	call("clock_settime", unix.SYS_CLOCK_SETTIME, 0, raw.Addr(&ts))
	n, e := read(int(r))
	fmt.Println("cancelled", n, raw.Name(e))
}
