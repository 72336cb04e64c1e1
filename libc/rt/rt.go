//go:build galago_user

// Package runtime is the replacement of Go's package runtime in Galago's native user programs: start-up, system
// calls, an allocator that frees, strings, panics. There is no garbage collector, no goroutine, no map and no channel;
// a program that needs one does not link. The parts that have nothing to do with user mode (symbol tables, equality,
// panics, memory moves) are the kernel's own, from kernel/rt.
//
// Threads (thread.go): R14 points to the running thread's Thread, kernel thread or user-level thread alike.
//
// Memory: what the language allocates (new, append, string building) lives in the thread's current region and is never collected.
// A long-running program brackets its work with Mark and Release, which frees everything allocated in between; Alloc
// and Free manage memory that outlives regions.
package runtime

import (
	_ "internal/runtime/maps"
	"unsafe"
)

// Syscall makes a system call; the result is negative, -errno, on failure.
func Syscall(nr, a1, a2, a3, a4, a5, a6 uintptr) (r uintptr)

// Vfork is vfork(2). The child may only call Syscall and must end with execve or exit.
func Vfork() uintptr

// CallC calls a function of the C convention that takes two words and returns nothing of interest: those of the vDSO.
func CallC(fn, a, b uintptr)

// Cycles reads the time-stamp counter.
func Cycles() uint64

// Argv, Environ and Auxv are the process's start-up vectors, in the memory the kernel laid out.
var (
	Argv    []*byte
	Environ []*byte
	Auxv    []uintptr
)

// AtExit runs before a normal exit, to flush output.
var AtExit func()

const (
	sysWrite     = 1
	sysMmap      = 9
	sysMunmap    = 11
	sysExitGroup = 231
)

func start(sp unsafe.Pointer) {
	argc := *(*uintptr)(sp)
	Argv = unsafe.Slice((**byte)(add(sp, 8)), argc)
	env := add(sp, 8*(argc+2))
	n := uintptr(0)
	for *(*uintptr)(add(env, n*8)) != 0 {
		n++
	}
	Environ = unsafe.Slice((**byte)(env), n)
	aux := add(env, (n+1)*8)
	k := uintptr(0)
	for *(*uintptr)(add(aux, k*8)) != 0 {
		k += 2
	}
	Auxv = unsafe.Slice((*uintptr)(aux), k)
	PanicHook = died
	RunInits()
}

// Exit ends the process after AtExit.
func Exit(code int) {
	if AtExit != nil {
		AtExit()
	}
	ExitNow(code)
}

// ExitNow ends the process at once.
func ExitNow(code int) { Syscall(sysExitGroup, uintptr(code), 0, 0, 0, 0, 0) }

func exit0() { Exit(0) }

// died reports a run-time panic on descriptor 2 and exits with status 2, as Go programs do.
func died(msg string, arg any, bounds bool, x, y int64, pc, fp uintptr) {
	print("panic: ", msg)
	if s, ok := arg.(string); ok {
		print(": ", s)
	}
	if bounds {
		print(" [", x, " with ", y, "]")
	}
	print("\n")
	for range 16 {
		fn, file, line := FuncLine(pc)
		print("\t", fn, " ", file, ":", line, "\n")
		if fp == 0 || fp&7 != 0 {
			break
		}
		next := (*[2]uintptr)(unsafe.Pointer(fp))
		if next[1] == 0 {
			break
		}
		pc, fp = next[1]-1, next[0]
	}
	ExitNow(2)
}

// SignalHandler is called for every signal that a program catches, on the interrupted thread and its stack.
var SignalHandler func(sig int, info, context unsafe.Pointer)

func sighandler(sig int, info, context unsafe.Pointer) {
	if h := SignalHandler; h != nil {
		h(sig, info, context)
	}
}

func sigAddrs() (tramp, restore uintptr)

// SignalEntry returns the addresses of the signal handler and restorer for sigaction(2).
func SignalEntry() (handler, restorer uintptr) { return sigAddrs() }
