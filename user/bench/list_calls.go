//go:build galago_user

package main

import (
	"runtime"
	"unsafe"

	"galago/libc/sys"
)

// Calls that do little, and names.

var statBuf sys.Stat

func calls() []bench {
	st := uintptr(unsafe.Pointer(&statBuf))
	clock := vdsoClock()
	list := []bench{
		{name: "null_getppid", n: 1000, op: func() { call(110, 0, 0, 0) }},
		{name: "null_enosys", n: 1000, op: func() { call(999, 0, 0, 0) }},
		{name: "clock_gettime_vdso", n: 1000, op: func() { runtime.CallC(clock, monotonic, bufAt) }},
		{name: "clock_gettime_sys", n: 1000, op: func() { call(228, monotonic, bufAt, 0) }},
		{name: "sched_yield", n: 1000, op: func() { call(24, 0, 0, 0) }},
		{name: "read1_devzero", n: 1000, op: func() { call(0, devZero, bufAt, 1) }},
		{name: "read4k_devzero", n: 1000, op: func() { call(0, devZero, bufAt, page) }},
		{name: "write1_devnull", n: 1000, op: func() { call(1, devNull, bufAt, 1) }},
		{name: "fstat", n: 500, op: func() { call(5, fd, st, 0) }},
		{name: "dup_close", n: 500, op: func() { call(3, call(32, fd, 0, 0), 0, 0) }},
		{name: "brk_grow_touch_shrink", n: 200, op: brkCycle},
	}
	if clock == 0 { // no vDSO: the line would measure nothing
		list = append(list[:2], list[3:]...)
	}
	for _, d := range [...]struct{ suffix, dir string }{{"ext4", disk}, {"ram", ram}} {
		plain, far, missing := path(d.dir, "bench.file"), path(d.dir, deep), path(d.dir, deep[:len(deep)-1]+"none")
		list = append(list,
			bench{name: "stat_" + d.suffix, n: 500, op: func() { call(4, plain, st, 0) }},
			bench{name: "open_close_" + d.suffix, n: 500, op: func() { call(3, call(2, plain, 0, 0), 0, 0) }},
			bench{name: "path8_stat_" + d.suffix, n: 500, op: func() { call(4, far, st, 0) }},
			bench{name: "path8_enoent_" + d.suffix, n: 500, op: func() { call(4, missing, st, 0) }})
	}
	return list
}

const monotonic = 1

func brkCycle() {
	const pages = 4
	at := call(12, 0, 0, 0)
	call(12, at+pages*page, 0, 0)
	for i := range uintptr(pages) {
		touch(at + i*page)
	}
	call(12, at, 0, 0)
}

func touch(a uintptr) { *(*byte)(unsafe.Pointer(a)) = 1 }

// signals: installing, sending, handling.
func signals() []bench {
	const usr1 = sys.SIGUSR1
	pid := uintptr(sys.Getpid())
	return []bench{
		{name: "sig_install", n: 500, op: func() { sys.Signal(usr1, sys.Ignore, false) }},
		{name: "sigprocmask", n: 500, op: func() { sys.Sigprocmask(0, 0) }},
		{name: "sig_handle_kill_self", n: 200, prepare: func() {
			sys.OnSignal(func(int) {})
			sys.Signal(usr1, sys.Catch, false)
		}, op: func() { call(62, pid, usr1, 0) }},
		{name: "segv_handler_mprotect_x2", n: 200, prepare: func() {
			area = mmap(page, 0)
			sys.OnSignal(func(int) { call(10, area, page, 3) })
			sys.Signal(sys.SIGSEGV, sys.Catch, false)
			call(10, area, page, 0)
		}, op: func() {
			touch(area)
			call(10, area, page, 0)
		}, finish: func() {
			sys.Signal(sys.SIGSEGV, sys.Default, false)
			call(11, area, page, 0)
		}},
	}
}

var area, next uintptr

// mmap maps n bytes of anonymous private memory.
func mmap(n, moreFlags uintptr) uintptr {
	return must(runtime.Syscall(9, 0, n, 3, 0x22|moreFlags, ^uintptr(0), 0), "mmap")
}
