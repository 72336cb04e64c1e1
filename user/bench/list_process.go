//go:build galago_user

package main

import (
	"runtime"
	"unsafe"

	"galago/libc/sys"
)

// Processes, threads, and memory.

func processes() []bench {
	argv = [3]uintptr{uintptr(unsafe.Pointer(self)), path("", "exit") + 1, 0}
	program, args := uintptr(unsafe.Pointer(self)), uintptr(unsafe.Pointer(&argv))
	none := uintptr(unsafe.Pointer(&argv[2]))
	return []bench{
		{name: "fork_exit_wait", n: 50, op: func() { forkExit() }},
		{name: "fork_exit_wait_16m", n: 10, prepare: func() { fill(16 << 20) }, op: func() { forkExit() }, finish: func() { call(11, area, 16<<20, 0) }},
		{name: "vfork_exit_wait", n: 50, op: func() {
			pid := runtime.Vfork()
			if pid == 0 {
				call(231, 0, 0, 0)
			}
			wait(pid)
		}},
		{name: "fork_exec_wait", n: 20, op: func() {
			pid := call(57, 0, 0, 0)
			if pid == 0 {
				call(59, program, args, none)
				call(231, 1, 0, 0)
			}
			wait(pid)
		}},
		{name: "vfork_exec_wait", n: 20, op: func() {
			pid := runtime.Vfork()
			if pid == 0 {
				call(59, program, args, none)
				call(231, 1, 0, 0)
			}
			wait(pid)
		}},
		{name: "pthread_create_join", n: 50, op: func() {
			if !worker.Prepare(64<<10, func(unsafe.Pointer) { runtime.Self().ExitThread(false) }, nil) || worker.Start() != 0 {
				must(^uintptr(0), "thread")
			}
			worker.Wait()
			worker.Free()
		}},
	}
}

var (
	worker runtime.Thread
	argv   [3]uintptr // of what the exec lines run
)

func forkExit() {
	pid := call(57, 0, 0, 0)
	if pid == 0 {
		call(231, 0, 0, 0)
	}
	wait(pid)
}

func wait(pid uintptr) { runtime.Syscall(61, pid, 0, 0, 0, 0, 0) }

// fill maps n bytes in small pages and touches them.
func fill(n uintptr) {
	area = mmap(n, 0)
	smallPages(area, n)
	for at := area; at < area+n; at += page {
		touch(at)
	}
}

func smallPages(at, n uintptr) {
	const noHugePage = 15
	call(28, at, n, noHugePage)
}

func memory() []bench {
	const big = 8 << 20
	child := uintptr(0)
	return []bench{
		{name: "mmap_touch1_munmap", n: 200, op: func() {
			a := mmap(page, 0)
			touch(a)
			call(11, a, page, 0)
		}},
		{name: "mmap_munmap_64k_notouch", n: 200, op: func() { call(11, mmap(65536, 0), 65536, 0) }},
		{name: "pf_anon_4k_perpage", n: 1000, prepare: func() {
			area = mmap(big, 0)
			smallPages(area, big)
			next = area
		}, op: nextPage, finish: func() { call(11, area, big, 0) }},
		{name: "munmap_touched_perpage", n: 5, per: 1024, each: func() { fill(1024 * page) }, op: func() { call(11, area, 1024*page, 0) }},
		{name: "pf_anon_default_thp_perpage", n: 1, per: 4096, warm: -1, prepare: func() { area = mmap(18<<20, 0) }, op: func() {
			at := (area + 2<<20 - 1) &^ (2<<20 - 1)
			for i := range uintptr(4096) {
				touch(at + i*page)
			}
		}, finish: func() { call(11, area, 18<<20, 0) }},
		{name: "pf_file_shared_read_perpage", n: 1000, prepare: func() {
			f := bigFile(big)
			area = must(runtime.Syscall(9, 0, big, 1, 1, f, 0), "mmap of a file")
			next = area
			call(3, f, 0, 0)
		}, op: func() {
			sink += *(*byte)(unsafe.Pointer(next))
			next += page
		}, finish: func() { call(11, area, big, 0) }},
		{name: "cow_fault_perpage", n: 1000, prepare: func() {
			fill(big)
			next = area
			if child = call(57, 0, 0, 0); child == 0 {
				call(34, 0, 0, 0)
			}
		}, op: nextPage, finish: func() {
			call(62, child, sys.SIGKILL, 0)
			wait(child)
			call(11, area, big, 0)
		}},
		{name: "mprotect_1page", n: 200, per: 2, prepare: func() { fill(3 * page) }, op: func() {
			call(10, area+page, page, 1)
			call(10, area+page, page, 3)
		}, finish: func() { call(11, area, 3*page, 0) }},
		{name: "mprotect_256pages", n: 50, per: 2, prepare: func() { fill(258 * page) }, op: func() {
			call(10, area+page, 256*page, 1)
			call(10, area+page, 256*page, 3)
		}, finish: func() { call(11, area, 258*page, 0) }},
	}
}

var sink byte

func nextPage() {
	touch(next)
	next += page
}
