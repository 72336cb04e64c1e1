//go:build linux

// Test sched takes the scheduling calls through their edges, and the real-time classes at their word: who is more urgent runs first.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"galago/user/test/internal/raw"
)

const (
	other, fifo, rr, batch, idle, deadline = 0, 1, 2, 3, 5, 6

	resetOnFork = 0x40000000
)

func main() {
	runtime.LockOSThread()
	if os.Getuid() == 0 {
		privileged()
	}
	bounds()
	params()
	attributes()
	affinity()
	nice()
	ioPriorities()
	order()
	unprivileged()
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

const nobody = 1 << 22

func bounds() {
	for _, p := range []uintptr{other, fifo, rr, batch, 4, idle, deadline, 8, ^uintptr(0)} {
		call(fmt.Sprint("max ", int(p)), unix.SYS_SCHED_GET_PRIORITY_MAX, p)
		call(fmt.Sprint("min ", int(p)), unix.SYS_SCHED_GET_PRIORITY_MIN, p)
	}
}

func params() {
	prio := int32(0)
	one := int32(1)
	minus := ^uintptr(0)
	call("get", unix.SYS_SCHED_GETSCHEDULER, 0)
	call("get own", unix.SYS_SCHED_GETSCHEDULER, uintptr(unix.Gettid()))
	call("get nobody", unix.SYS_SCHED_GETSCHEDULER, nobody)
	call("get negative", unix.SYS_SCHED_GETSCHEDULER, minus)
	call("getparam", unix.SYS_SCHED_GETPARAM, 0, raw.Addr(&prio))
	call("getparam nil", unix.SYS_SCHED_GETPARAM, 0, 0)
	call("getparam bad", unix.SYS_SCHED_GETPARAM, 0, 8)
	call("getparam nobody", unix.SYS_SCHED_GETPARAM, nobody, raw.Addr(&prio))
	call("set nil", unix.SYS_SCHED_SETSCHEDULER, 0, other, 0)
	call("set bad", unix.SYS_SCHED_SETSCHEDULER, 0, other, 8)
	call("set negative", unix.SYS_SCHED_SETSCHEDULER, 0, minus, raw.Addr(&prio))
	call("set unknown", unix.SYS_SCHED_SETSCHEDULER, 0, 4, raw.Addr(&prio))
	call("set nobody", unix.SYS_SCHED_SETSCHEDULER, nobody, other, raw.Addr(&prio))
	call("set fifo 0", unix.SYS_SCHED_SETSCHEDULER, 0, fifo, raw.Addr(&prio))
	call("set other 1", unix.SYS_SCHED_SETSCHEDULER, 0, other, raw.Addr(&one))
	call("set deadline", unix.SYS_SCHED_SETSCHEDULER, 0, deadline, raw.Addr(&prio))
	call("setparam 1", unix.SYS_SCHED_SETPARAM, 0, raw.Addr(&one))
	call("setparam 0", unix.SYS_SCHED_SETPARAM, 0, raw.Addr(&prio))
	for _, p := range []uintptr{batch, idle, other} {
		call("set", unix.SYS_SCHED_SETSCHEDULER, 0, p, raw.Addr(&prio))
		call("get", unix.SYS_SCHED_GETSCHEDULER, 0)
	}
	var ts unix.Timespec
	call("interval bad", unix.SYS_SCHED_RR_GET_INTERVAL, 0, 8)
	call("interval nobody", unix.SYS_SCHED_RR_GET_INTERVAL, nobody, raw.Addr(&ts))
	call("interval negative", unix.SYS_SCHED_RR_GET_INTERVAL, minus, raw.Addr(&ts))
}

type attr struct {
	size, policy              uint32
	flags                     uint64
	nice                      int32
	priority                  uint32
	runtime, deadline, period uint64
	utilMin, utilMax          uint32
	more                      uint64
}

func attributes() {
	var a attr
	call("getattr", unix.SYS_SCHED_GETATTR, 0, raw.Addr(&a), 48, 0)
	fmt.Println(a.size, a.policy, a.flags, a.nice, a.priority)
	call("getattr short", unix.SYS_SCHED_GETATTR, 0, raw.Addr(&a), 47, 0)
	call("getattr flags", unix.SYS_SCHED_GETATTR, 0, raw.Addr(&a), 48, 1)
	call("getattr nil", unix.SYS_SCHED_GETATTR, 0, 0, 48, 0)
	call("getattr bad", unix.SYS_SCHED_GETATTR, 0, 8, 48, 0)
	call("getattr nobody", unix.SYS_SCHED_GETATTR, nobody, raw.Addr(&a), 48, 0)
	call("getattr long", unix.SYS_SCHED_GETATTR, 0, raw.Addr(&a), 4097, 0)
	set := func(what string, a attr, flags uintptr) {
		call("setattr "+what, unix.SYS_SCHED_SETATTR, 0, raw.Addr(&a), flags)
		if a.size != 0 && a.size < 48 {
			fmt.Println("size", a.size)
		}
	}
	call("setattr nil", unix.SYS_SCHED_SETATTR, 0, 0, 0)
	call("setattr bad", unix.SYS_SCHED_SETATTR, 0, 8, 0)
	set("flags", attr{size: 48}, 1)
	set("short", attr{size: 40}, 0)
	set("size 0", attr{}, 0)
	set("unknown flag", attr{size: 48, flags: 1 << 40}, 0)
	set("more", attr{size: 64, more: 1}, 0)
	set("more zero", attr{size: 64}, 0)
	set("unknown policy", attr{size: 48, policy: 9}, 0)
	set("negative policy", attr{size: 48, policy: 1 << 31}, 0)
	set("priority 100", attr{size: 48, policy: fifo, priority: 100}, 0)
	set("other with priority", attr{size: 48, priority: 5}, 0)
	set("keep policy", attr{size: 48, policy: fifo, flags: 8}, 0)
	set("deadline 0", attr{size: 48, policy: deadline}, 0)
	set("deadline short", attr{size: 48, policy: deadline, runtime: 1000, deadline: 1e6, period: 1e6}, 0)
	set("deadline over", attr{size: 48, policy: deadline, runtime: 2e6, deadline: 1e6, period: 3e6}, 0)
	set("deadline late", attr{size: 48, policy: deadline, runtime: 1e6, deadline: 3e6, period: 2e6}, 0)
	call("setattr nobody", unix.SYS_SCHED_SETATTR, nobody, raw.Addr(&attr{size: 48}), 0)
	set("nice 5", attr{size: 48, nice: 5}, 0)
	call("getattr", unix.SYS_SCHED_GETATTR, 0, raw.Addr(&a), 48, 0)
	fmt.Println(a.policy, a.nice)
}

func affinity() {
	var m, all [16]uint64
	n := call("getaffinity bytes", unix.SYS_SCHED_GETAFFINITY, 0, 3, raw.Addr(&m))
	r, _, e := unix.Syscall(unix.SYS_SCHED_GETAFFINITY, 0, 128, raw.Addr(&all))
	fmt.Println("getaffinity", r > 0 && r%8 == 0, raw.Name(e), all[0] != 0)
	call("getaffinity nobody", unix.SYS_SCHED_GETAFFINITY, nobody, 128, raw.Addr(&m))
	call("getaffinity bad", unix.SYS_SCHED_GETAFFINITY, 0, 128, 8)
	call("setaffinity bad", unix.SYS_SCHED_SETAFFINITY, 0, 128, 8)
	call("setaffinity none", unix.SYS_SCHED_SETAFFINITY, 0, 128, raw.Addr(&m))
	call("setaffinity nobody", unix.SYS_SCHED_SETAFFINITY, nobody, 128, raw.Addr(&all))
	m[0] = all[0] & -all[0]
	call("setaffinity first", unix.SYS_SCHED_SETAFFINITY, 0, 8, raw.Addr(&m))
	var cpu uint32
	unix.Syscall(unix.SYS_GETCPU, raw.Addr(&cpu), 0, 0)
	fmt.Println("there", 1<<cpu == m[0], n)
	// another thread of the process
	tid, done := make(chan int), make(chan bool)
	go func() {
		runtime.LockOSThread()
		tid <- unix.Gettid()
		<-done
		var mine [16]uint64
		unix.Syscall(unix.SYS_SCHED_GETAFFINITY, 0, 128, raw.Addr(&mine))
		fmt.Println("changed from outside", mine[0] == m[0])
		done <- true
	}()
	call("setaffinity of a thread", unix.SYS_SCHED_SETAFFINITY, uintptr(<-tid), 8, raw.Addr(&m))
	done <- true
	<-done
	call("setaffinity all", unix.SYS_SCHED_SETAFFINITY, 0, 128, raw.Addr(&all))
}

func nice() {
	minus := ^uintptr(0)
	call("getpriority", unix.SYS_GETPRIORITY, 0, 0)
	call("getpriority which", unix.SYS_GETPRIORITY, 3, 0)
	call("getpriority nobody", unix.SYS_GETPRIORITY, 0, nobody)
	call("getpriority no group", unix.SYS_GETPRIORITY, 1, nobody)
	call("getpriority no user", unix.SYS_GETPRIORITY, 2, 123456)
	call("setpriority which", unix.SYS_SETPRIORITY, minus, 0, 0)
	call("setpriority nobody", unix.SYS_SETPRIORITY, 0, nobody, 0)
	call("setpriority 7", unix.SYS_SETPRIORITY, 0, 0, 7)
	call("getpriority", unix.SYS_GETPRIORITY, 0, 0)
	call("setpriority 99", unix.SYS_SETPRIORITY, 0, uintptr(unix.Gettid()), 99)
	call("getpriority", unix.SYS_GETPRIORITY, 0, 0)
}

func ioPriorities() {
	call("ioprio_get", unix.SYS_IOPRIO_GET, 1, 0)
	call("ioprio_get which", unix.SYS_IOPRIO_GET, 4, 0)
	call("ioprio_get nobody", unix.SYS_IOPRIO_GET, 1, nobody)
	call("ioprio_set class", unix.SYS_IOPRIO_SET, 1, 0, 4<<13)
	call("ioprio_set none 1", unix.SYS_IOPRIO_SET, 1, 0, 1)
	call("ioprio_set best effort 6", unix.SYS_IOPRIO_SET, 1, 0, 2<<13|6)
	call("ioprio_get", unix.SYS_IOPRIO_GET, 1, 0)
	call("ioprio_set idle", unix.SYS_IOPRIO_SET, 1, 0, 3<<13)
	call("ioprio_get", unix.SYS_IOPRIO_GET, 1, 0)
	call("ioprio_set none", unix.SYS_IOPRIO_SET, 1, 0, 0)
}

// privileged does what root may.
func privileged() {
	p := int32(42)
	call("rr|reset", unix.SYS_SCHED_SETSCHEDULER, 0, rr|resetOnFork, raw.Addr(&p))
	call("get", unix.SYS_SCHED_GETSCHEDULER, 0)
	var got int32
	call("getparam", unix.SYS_SCHED_GETPARAM, 0, raw.Addr(&got))
	var ts unix.Timespec
	call("interval", unix.SYS_SCHED_RR_GET_INTERVAL, 0, raw.Addr(&ts))
	fmt.Println(got, ts.Sec, ts.Nsec)
	p = 100
	call("setparam 100", unix.SYS_SCHED_SETPARAM, 0, raw.Addr(&p))
	p = 99
	call("setparam 99", unix.SYS_SCHED_SETPARAM, 0, raw.Addr(&p))
	var a attr
	call("getattr", unix.SYS_SCHED_GETATTR, 0, raw.Addr(&a), 48, 0)
	fmt.Println(a.policy, a.flags, a.priority)
	call("setattr keep params", unix.SYS_SCHED_SETATTR, 0, raw.Addr(&attr{size: 48, policy: fifo, flags: 0x10}), 0)
	call("getattr", unix.SYS_SCHED_GETATTR, 0, raw.Addr(&a), 48, 0)
	fmt.Println(a.policy, a.flags, a.priority)
	call("fifo", unix.SYS_SCHED_SETSCHEDULER, 0, fifo, raw.Addr(&p))
	call("interval", unix.SYS_SCHED_RR_GET_INTERVAL, 0, raw.Addr(&ts))
	fmt.Println(ts.Sec, ts.Nsec)
	p = 0
	call("other", unix.SYS_SCHED_SETSCHEDULER, 0, other, raw.Addr(&p))
	call("setpriority -5", unix.SYS_SETPRIORITY, 0, 0, ^uintptr(4))
	call("getpriority", unix.SYS_GETPRIORITY, 0, 0)
	call("setpriority 0", unix.SYS_SETPRIORITY, 0, 0, 0)
	var all [16]uint64
	unix.Syscall(unix.SYS_SCHED_GETAFFINITY, 0, 128, raw.Addr(&all))
	call("deadline", unix.SYS_SCHED_SETATTR, 0, raw.Addr(&attr{size: 48, policy: deadline, runtime: 2e6, deadline: 10e6, period: 20e6}), 0)
	call("getattr", unix.SYS_SCHED_GETATTR, 0, raw.Addr(&a), 48, 0)
	fmt.Println(a.policy, a.runtime, a.deadline, a.period)
	start := time.Now()
	for time.Since(start) < 50*time.Millisecond {
	}
	call("yield", unix.SYS_SCHED_YIELD)
	call("other", unix.SYS_SCHED_SETSCHEDULER, 0, other, raw.Addr(&p))
}

// rawCall is a system call of which the Go runtime knows nothing: the thread keeps its right to run Go code, so only the kernel decides who goes on.
func rawCall(n uintptr, a, b, c uintptr) {
	unix.RawSyscall6(n, a, b, c, 0, 0, 0)
}

// order: threads on one CPU wait for a start signal; the most urgent goes first, whatever the order of their wake-ups.
func order() {
	if os.Getuid() != 0 {
		return
	}
	runtime.GOMAXPROCS(16)
	debug.SetGCPercent(-1)
	var all, m [16]uint64
	unix.Syscall(unix.SYS_SCHED_GETAFFINITY, 0, 128, raw.Addr(&all))
	m[0] = all[0] & -all[0]
	var next, asleep atomic.Int32
	var places [4]int32
	prios := []int32{10, 40, 30, 20}
	words := new([4]uint32)
	zero := new(int32)
	done := make(chan bool)
	for i, p := range prios {
		go func() {
			runtime.LockOSThread()
			rawCall(unix.SYS_SCHED_SETAFFINITY, 0, 8, raw.Addr(&m))
			rawCall(unix.SYS_SCHED_SETSCHEDULER, 0, fifo, raw.Addr(&p))
			asleep.Add(1)
			for atomic.LoadUint32(&words[i]) == 0 {
				rawCall(unix.SYS_FUTEX, raw.Addr(&words[i]), 0, 0)
			}
			places[i] = next.Add(1)
			rawCall(unix.SYS_SCHED_SETSCHEDULER, 0, other, raw.Addr(zero))
			done <- true
		}()
	}
	for asleep.Load() < 4 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond)
	first := int32(50)
	rawCall(unix.SYS_SCHED_SETAFFINITY, 0, 8, raw.Addr(&m))
	rawCall(unix.SYS_SCHED_SETSCHEDULER, 0, fifo, raw.Addr(&first))
	for i := range words {
		atomic.StoreUint32(&words[i], 1)
		rawCall(unix.SYS_FUTEX, raw.Addr(&words[i]), 1, 1)
	}
	rawCall(unix.SYS_SCHED_SETSCHEDULER, 0, other, raw.Addr(zero))
	for range prios {
		<-done
	}
	unix.Syscall(unix.SYS_SCHED_SETAFFINITY, 0, 128, raw.Addr(&all))
	fmt.Println("places", places)
}

// unprivileged: an ordinary user may only lower himself.
func unprivileged() {
	if os.Getuid() == 0 {
		if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, 1000, 1000, 1000); e != 0 {
			fmt.Println("setresuid", raw.Name(e))
		}
	}
	call("getpriority", unix.SYS_GETPRIORITY, 0, 0)
	p := int32(1)
	call("fifo", unix.SYS_SCHED_SETSCHEDULER, 0, fifo, raw.Addr(&p))
	call("setpriority lower", unix.SYS_SETPRIORITY, 0, 0, 19)
	call("setpriority higher", unix.SYS_SETPRIORITY, 0, 0, 0)
	p = 0
	call("other", unix.SYS_SCHED_SETSCHEDULER, 0, other, raw.Addr(&p))
	call("reset", unix.SYS_SCHED_SETSCHEDULER, 0, other|resetOnFork, raw.Addr(&p))
	call("unreset", unix.SYS_SCHED_SETSCHEDULER, 0, other, raw.Addr(&p))
	call("idle", unix.SYS_SCHED_SETSCHEDULER, 0, idle|resetOnFork, raw.Addr(&p))
	call("other", unix.SYS_SCHED_SETSCHEDULER, 0, other|resetOnFork, raw.Addr(&p))
	call("of init", unix.SYS_SCHED_SETSCHEDULER, 1, other, raw.Addr(&p))
	call("setpriority of init", unix.SYS_SETPRIORITY, 0, 1, 19)
	var m [16]uint64
	unix.Syscall(unix.SYS_SCHED_GETAFFINITY, 0, 128, raw.Addr(&m))
	call("setaffinity of init", unix.SYS_SCHED_SETAFFINITY, 1, 128, raw.Addr(&m))
	call("ioprio_set real time", unix.SYS_IOPRIO_SET, 1, 0, 1<<13)
	call("ioprio_set of init", unix.SYS_IOPRIO_SET, 1, 1, 2<<13)
	call("deadline", unix.SYS_SCHED_SETATTR, 0, raw.Addr(&attr{size: 48, policy: deadline, runtime: 2e6, deadline: 10e6, period: 20e6}), 0)
}
