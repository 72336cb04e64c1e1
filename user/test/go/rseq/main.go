//go:build linux

// Test rseq registers restartable sequences and memory barriers, and adjusts clocks, at the edges of these calls.
package main

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const sysRSeq = 334

type area struct {
	cpuStart, cpu uint32
	section       uint64
	flags         uint32
	_             [3]uint32
}

func main() {
	runtime.LockOSThread()
	registration()
	barriers()
	adjustments()
}

//go:uintptrescapes
func call(what string, n uintptr, args ...uintptr) int {
	var a [6]uintptr
	copy(a[:], args)
	r, _, e := unix.Syscall6(n, a[0], a[1], a[2], a[3], a[4], a[5])
	if e != 0 {
		fmt.Println(what, unix.ErrnoName(e))
		return -1
	}
	fmt.Println(what, int(int32(r)))
	return int(r)
}

func registration() {
	mem, _ := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	a := (*area)(unsafe.Pointer(&mem[64]))
	at := uintptr(unsafe.Pointer(a))
	const sig = 0x53053053
	call("unregister nothing", sysRSeq, at, 32, 1, sig)
	call("odd", sysRSeq, at+8, 32, 0, sig)
	call("short", sysRSeq, at, 31, 0, sig)
	call("flags", sysRSeq, at, 32, 2, sig)
	call("kernel", sysRSeq, ^uintptr(0xfff), 32, 0, sig)
	a.cpu = 1 << 20
	call("register", sysRSeq, at, 32, 0, sig)
	call("again", sysRSeq, at, 32, 0, sig)
	call("other signature", sysRSeq, at, 32, 0, sig+1)
	call("other place", sysRSeq, at+32, 32, 0, sig)
	var m, all [16]uint64
	unix.Syscall(unix.SYS_SCHED_GETAFFINITY, 0, 128, uintptr(unsafe.Pointer(&all)))
	// On each CPU in turn the structure says where the thread is.
	right := true
	for cpu := range uint32(64) {
		if all[0]>>cpu&1 == 0 {
			continue
		}
		m[0] = 1 << cpu
		unix.Syscall(unix.SYS_SCHED_SETAFFINITY, 0, 128, uintptr(unsafe.Pointer(&m)))
		right = right && atomic.LoadUint32(&a.cpu) == cpu && atomic.LoadUint32(&a.cpuStart) == cpu
	}
	unix.Syscall(unix.SYS_SCHED_SETAFFINITY, 0, 128, uintptr(unsafe.Pointer(&all)))
	fmt.Println("numbers", right)
	call("unregister short", sysRSeq, at, 16, 1, sig)
	call("unregister other signature", sysRSeq, at, 32, 1, sig+1)
	call("unregister", sysRSeq, at, 32, 1, sig)
	fmt.Println(a.cpuStart, a.cpu)
	call("unregister again", sysRSeq, at, 32, 1, sig)
}

func barriers() {
	r, _, e := unix.Syscall(unix.SYS_MEMBARRIER, 0, 0, 0)
	fmt.Println("query", r&0x1ff == 0x1ff, e)
	call("flags", unix.SYS_MEMBARRIER, 0, 1)
	call("unknown", unix.SYS_MEMBARRIER, 1<<20, 0)
	for _, cmd := range []uintptr{8, 32, 128} {
		call("unregistered", unix.SYS_MEMBARRIER, cmd, 0)
		call("register", unix.SYS_MEMBARRIER, cmd<<1, 0)
		call("registered", unix.SYS_MEMBARRIER, cmd, 0)
	}
	call("global", unix.SYS_MEMBARRIER, 1, 0)
	call("global expedited", unix.SYS_MEMBARRIER, 2, 0)
	call("register global", unix.SYS_MEMBARRIER, 4, 0)
	call("registrations", unix.SYS_MEMBARRIER, 512, 0)
}

func adjustments() {
	var t [26]uint64
	at := uintptr(unsafe.Pointer(&t))
	call("adjtimex unmapped", unix.SYS_ADJTIMEX, 8)
	r, _, e := unix.Syscall(unix.SYS_ADJTIMEX, at, 0, 0)
	fmt.Println("adjtimex", int(r) >= 0, e, t[9] > 1e9)
	call("clock_adjtime monotonic", unix.SYS_CLOCK_ADJTIME, 1, at)
	call("clock_adjtime 99", unix.SYS_CLOCK_ADJTIME, 99, at)
	call("settimeofday unmapped", unix.SYS_SETTIMEOFDAY, 8, 0)
	call("settimeofday bad", unix.SYS_SETTIMEOFDAY, uintptr(unsafe.Pointer(&unix.Timeval{Usec: 1e6 + 1})), 0)
	if unix.Getuid() == 0 {
		unix.RawSyscall(unix.SYS_SETRESUID, 1000, 1000, 1000)
	}
	var tv unix.Timeval
	unix.Gettimeofday(&tv)
	call("settimeofday", unix.SYS_SETTIMEOFDAY, uintptr(unsafe.Pointer(&tv)), 0)
	t[0] = 0x100
	call("adjtimex step", unix.SYS_ADJTIMEX, at)
	call("clock_adjtime step", unix.SYS_CLOCK_ADJTIME, 0, at)
	call("clock_settime", unix.SYS_CLOCK_SETTIME, 0, uintptr(unsafe.Pointer(&unix.Timespec{Sec: 1e9})))
}
