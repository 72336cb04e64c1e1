//go:build galago_user

package main

import (
	"runtime"
	"unsafe"

	"galago/libc/sys"
)

// System calls by number, made directly so that no wrapper is measured.
const (
	sysMprotect = 10
	sysMmap     = 9
	sysMunmap   = 11
	protRW      = 3
	protRead    = 1
	private     = 0x22
)

func mmap(n uintptr) uintptr {
	return runtime.Syscall(sysMmap, 0, n, protRW, private, ^uintptr(0), 0)
}

func touch(a uintptr) { *(*byte)(unsafe.Pointer(a)) = 1 }

// list is every line, in order.
func list() []bench {
	fileName, deepName := sys.CString(file), sys.CString(deep)
	missing := sys.CString("/bench.d1/d2/d3/d4/d5/d6/d7/none")
	path := func(p *byte) uintptr { return uintptr(unsafe.Pointer(p)) }
	stat := uintptr(unsafe.Pointer(&st))
	data := uintptr(unsafe.Pointer(&buf))
	tmpA, tmpB := sys.CString("/bench.a"), sys.CString("/bench.b")
	return []bench{
		{name: "null_getppid", n: 1000, op: func() { runtime.Syscall(110, 0, 0, 0, 0, 0, 0) }},
		{name: "null_enosys", n: 1000, op: func() { runtime.Syscall(999, 0, 0, 0, 0, 0, 0) }},
		{name: "sched_yield", n: 1000, op: func() { runtime.Syscall(24, 0, 0, 0, 0, 0, 0) }},
		{name: "read1_devzero", n: 1000, op: func() { runtime.Syscall(0, uintptr(devZero), data, 1, 0, 0, 0) }},
		{name: "read4k_devzero", n: 1000, op: func() { runtime.Syscall(0, uintptr(devZero), data, page, 0, 0, 0) }},
		{name: "write1_devnull", n: 1000, op: func() { runtime.Syscall(1, uintptr(devNull), data, 1, 0, 0, 0) }},
		{name: "stat_ext4", n: 500, op: func() { runtime.Syscall(4, path(fileName), stat, 0, 0, 0, 0) }},
		{name: "fstat", n: 500, op: func() { runtime.Syscall(5, uintptr(fd), stat, 0, 0, 0, 0) }},
		{name: "open_close_ext4", n: 500, op: func() {
			runtime.Syscall(3, runtime.Syscall(2, path(fileName), 0, 0, 0, 0, 0), 0, 0, 0, 0, 0)
		}},
		{name: "dup_close", n: 500, op: func() { runtime.Syscall(3, runtime.Syscall(32, 0, 0, 0, 0, 0, 0), 0, 0, 0, 0, 0) }},
		{name: "path8_stat_ext4", n: 500, op: func() { runtime.Syscall(4, path(deepName), stat, 0, 0, 0, 0) }},
		{name: "path8_enoent_ext4", n: 500, op: func() { runtime.Syscall(4, path(missing), stat, 0, 0, 0, 0) }},
		{name: "sig_install", n: 500, op: func() { sys.Signal(sys.SIGUSR1, sys.Ignore, false) }},
		{name: "sigprocmask", n: 500, op: func() { sys.Sigprocmask(0, 0) }},
		{name: "sig_handle_kill_self", n: 200, prepare: catchUSR1, op: func() { sys.Kill(sys.Getpid(), sys.SIGUSR1) }},
		{name: "pipe_self_wr", n: 500, prepare: openPipes, op: func() {
			runtime.Syscall(1, uintptr(ping[1]), data, 1, 0, 0, 0)
			runtime.Syscall(0, uintptr(ping[0]), data, 1, 0, 0, 0)
		}, finish: closePipes},
		{name: "pipe_rtt", n: 300, prepare: startEcho, op: func() {
			runtime.Syscall(1, uintptr(ping[1]), data, 1, 0, 0, 0)
			runtime.Syscall(0, uintptr(pong[0]), data, 1, 0, 0, 0)
		}, finish: stopEcho},
		{name: "fork_exit_wait", n: 50, op: forkExit},
		{name: "vfork_exit_wait", n: 50, op: vforkExit},
		{name: "mmap_touch1_munmap", n: 200, op: func() {
			a := mmap(page)
			touch(a)
			runtime.Syscall(sysMunmap, a, page, 0, 0, 0, 0)
		}},
		{name: "mmap_munmap_64k_notouch", n: 200, op: func() { runtime.Syscall(sysMunmap, mmap(65536), 65536, 0, 0, 0, 0) }},
		{name: "pf_anon_4k_perpage", n: 1000, prepare: func() { area = mmap(8 << 20); next = area }, op: func() {
			touch(next)
			next += page
		}, finish: func() { runtime.Syscall(sysMunmap, area, 8<<20, 0, 0, 0, 0) }},
		{name: "mprotect_1page", n: 200, prepare: func() { area = mmap(3 * page); touch(area + page) }, op: func() {
			runtime.Syscall(sysMprotect, area+page, page, protRead, 0, 0, 0)
			runtime.Syscall(sysMprotect, area+page, page, protRW, 0, 0, 0)
		}, per: 2},
		{name: "poll_64fds", n: 100, prepare: openPoll, op: func() { runtime.Syscall(7, uintptr(unsafe.Pointer(&polled)), 64, 0, 0, 0, 0) }},
		{name: "create1k_ext4", n: 100, op: func() {
			f := runtime.Syscall(2, path(tmpA), sys.O_CREAT|sys.O_WRONLY, 0o644, 0, 0, 0)
			runtime.Syscall(1, f, data, 1024, 0, 0, 0)
			runtime.Syscall(3, f, 0, 0, 0, 0, 0)
			runtime.Syscall(87, path(tmpA), 0, 0, 0, 0, 0)
		}},
		{name: "rename_ext4", n: 100, prepare: func() { create("/bench.a") }, op: func() {
			runtime.Syscall(82, path(tmpA), path(tmpB), 0, 0, 0, 0)
			runtime.Syscall(82, path(tmpB), path(tmpA), 0, 0, 0, 0)
		}, per: 2, finish: func() { sys.Unlink("/bench.a") }},
		{name: "mkdir_rmdir_ext4", n: 100, warm: 500, op: func() {
			runtime.Syscall(83, path(tmpA), 0o755, 0, 0, 0, 0)
			runtime.Syscall(84, path(tmpA), 0, 0, 0, 0, 0)
		}},
	}
}

func create(name string) {
	if f, e := sys.Open(name, sys.O_CREAT|sys.O_WRONLY, 0o644); e == 0 {
		sys.Close(f)
	}
}

func catchUSR1() {
	sys.OnSignal(func(int) {})
	sys.Signal(sys.SIGUSR1, sys.Catch, false)
}

func openPipes() {
	ping[0], ping[1], _ = sys.Pipe2(0)
	pong[0], pong[1], _ = sys.Pipe2(0)
}

func closePipes() {
	for _, f := range [...]int{ping[0], ping[1], pong[0], pong[1]} {
		sys.Close(f)
	}
}

// startEcho forks a child that sends back each byte.
func startEcho() {
	openPipes()
	pid, _ := sys.Fork()
	if pid != 0 {
		return
	}
	sys.Close(ping[1])
	for {
		if n, _ := sys.Read(ping[0], buf[:1]); n != 1 {
			sys.ExitNow(0)
		}
		sys.Write(pong[1], buf[:1])
	}
}

func stopEcho() {
	closePipes()
	sys.Wait4(-1, 0)
}

func forkExit() {
	pid, _ := sys.Fork()
	if pid == 0 {
		sys.ExitNow(0)
	}
	sys.WaitFor(pid)
}

func vforkExit() {
	pid := runtime.Vfork()
	if pid == 0 {
		sys.ExitNow(0)
	}
	sys.WaitFor(int(pid))
}

var (
	st     sys.Stat
	polled [64]sys.PollFD
)

func openPoll() {
	r, _, _ := sys.Pipe2(0)
	for i := range polled {
		f, _ := sys.Dup(r)
		polled[i] = sys.PollFD{FD: int32(f), Events: sys.POLLIN}
	}
}
