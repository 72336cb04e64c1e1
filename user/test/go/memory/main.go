//go:build linux

// Test memory calls mmap and its kin with all their edges: what they return, what is readable and writable afterwards, and what
// /proc/self/maps says. Addresses are printed relative to an arena, so that the transcripts agree.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	page  = 4096
	none  = unix.PROT_NONE
	r     = unix.PROT_READ
	rw    = unix.PROT_READ | unix.PROT_WRITE
	rx    = unix.PROT_READ | unix.PROT_EXEC
	anon  = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS
	sanon = unix.MAP_SHARED | unix.MAP_ANONYMOUS
	fixed = unix.MAP_FIXED
	top   = 0x7ffffffff000
)

// The arena is an empty range that nothing else uses, as it is far from where kernels put what has no wish: what the tests map lies in it.
const (
	arena     = uintptr(0x1000_0000_0000)
	arenaSize = 64 << 20
)

func name(e syscall.Errno) string {
	if e == 0 {
		return "ok"
	}
	return unix.ErrnoName(e)
}

func errName(err error) string {
	var e syscall.Errno
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &e):
		return unix.ErrnoName(e)
	}
	return err.Error()
}

//go:uintptrescapes
func call(n uintptr, a ...uintptr) (uintptr, syscall.Errno) {
	var v [6]uintptr
	copy(v[:], a)
	x, _, e := syscall.Syscall6(n, v[0], v[1], v[2], v[3], v[4], v[5])
	return x, e
}

// do prints the outcome of a call.
//
//go:uintptrescapes
func do(what string, n uintptr, a ...uintptr) uintptr {
	x, e := call(n, a...)
	s := name(e)
	if e == 0 && x >= arena && x < arena+arenaSize {
		s = fmt.Sprintf("at %d", (x-arena)/page)
	}
	fmt.Printf("%s: %s\n", what, s)
	return x
}

func mmap(addr, n uintptr, prot, flags, fd int, off uintptr) (uintptr, syscall.Errno) {
	return call(unix.SYS_MMAP, addr, n, uintptr(prot), uintptr(flags), uintptr(fd), off)
}

// at maps anonymous memory at page i of the arena.
func at(i, n int, prot, flags int) uintptr {
	x, e := mmap(arena+uintptr(i)*page, uintptr(n)*page, prot, flags|fixed, -1, 0)
	if e != 0 {
		fmt.Println("mapping failed:", name(e))
	}
	return x
}

func p(i int) uintptr { return arena + uintptr(i)*page }

// clear empties the arena.
func clear() { call(unix.SYS_MUNMAP, arena, arenaSize) }

func bytes(a uintptr, n int) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(a)), n) }

// try reports what a memory access does.
func try(fn func()) (s string) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			s = "fault"
		}
	}()
	fn()
	return "ok"
}

var sink byte

func load(a uintptr) string {
	v := byte(0)
	if s := try(func() { v = *(*byte)(unsafe.Pointer(a)) }); s != "ok" {
		return s
	}
	return fmt.Sprint(v)
}

func store(a uintptr, v byte) string { return try(func() { *(*byte)(unsafe.Pointer(a)) = v }) }

// maps prints the lines of /proc/self/maps in the arena: page, length, rights, offset, name.
func maps() {
	data, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		fmt.Println(err)
	}
	for _, line := range strings.Split(string(data), "\n") {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		var a, b uintptr
		fmt.Sscanf(f[0], "%x-%x", &a, &b)
		if a < arena || a >= arena+arenaSize {
			continue
		}
		file := ""
		if len(f) > 5 {
			file = strings.Join(f[5:], " ")
			if i := strings.Index(file, "/memtest."); i >= 0 {
				file = file[i+len("/memtest."):]
				file = file[strings.Index(file, "/"):]
			}
		}
		fmt.Printf("  %d+%d %s %s %s\n", (a-arena)/page, (b-a)/page, f[1], f[2], file)
	}
}

func section(s string) { fmt.Println("==", s) }

func main() {
	if len(os.Args) > 1 {
		layout()
		return
	}
	if _, e := mmap(arena, arenaSize, none, anon|unix.MAP_NORESERVE|unix.MAP_FIXED_NOREPLACE, -1, 0); e != 0 {
		fmt.Println("no arena")
		return
	}
	clear()
	dir, err := os.MkdirTemp("", "memtest.")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	os.Chdir(dir)
	testMap()
	testProtect()
	testRemap()
	testAdvise()
	testFiles()
	testSync()
	testLock()
	testMemfd()
	testCross()
	testOther()
	testPolicy()
}
