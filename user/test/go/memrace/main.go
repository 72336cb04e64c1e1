//go:build linux

// Test memrace changes one address space from several threads at once: mappings come and go, change their rights, move, are discarded and
// truncated while others use them, and the process forks. Each thread knows what its own memory must hold.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	page   = 4096
	rounds = 16
	rw     = unix.PROT_READ | unix.PROT_WRITE
	anon   = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS
)

var bad atomic.Int32

func check(ok bool, what string) {
	if !ok && bad.Add(1) < 10 {
		fmt.Println("wrong:", what)
	}
}

func mmap(n int, flags, fd int) uintptr {
	a, _, e := unix.Syscall6(unix.SYS_MMAP, 0, uintptr(n*page), rw, uintptr(flags), uintptr(fd), 0)
	check(e == 0, "mmap")
	return a
}

//go:uintptrescapes
func call(n int, a ...uintptr) uintptr {
	var v [6]uintptr
	copy(v[:], a)
	r, _, e := unix.Syscall6(uintptr(n), v[0], v[1], v[2], v[3], v[4], v[5])
	check(e == 0, fmt.Sprint("call ", n, " ", e))
	return r
}

func word(a uintptr) *uint64 { return (*uint64)(unsafe.Pointer(a)) }

// mapUnmap maps, fills, checks and unmaps.
func mapUnmap(tag uint64) {
	for i := range rounds {
		n := 1 + i%40
		a := mmap(n, anon, -1)
		for p := range n {
			check(*word(a + uintptr(p*page)) == 0, "a new page is not zero")
			*word(a + uintptr(p*page)) = tag + uint64(p)
		}
		for p := range n {
			check(*word(a + uintptr(p*page)) == tag+uint64(p), "a page has changed")
		}
		call(unix.SYS_MUNMAP, a+uintptr(n/2*page), uintptr((n-n/2)*page))
		if n/2 > 0 {
			check(*word(a) == tag, "unmapping the rest has changed a page")
			call(unix.SYS_MUNMAP, a, uintptr(n/2*page))
		}
	}
}

// protect takes rights and gives them back.
func protect(tag uint64) {
	const n = 16
	a := mmap(n, anon, -1)
	for i := range rounds {
		for p := range n {
			*word(a + uintptr(p*page)) = tag + uint64(i+p)
		}
		call(unix.SYS_MPROTECT, a+uintptr(i%n*page), page, unix.PROT_READ)
		check(*word(a + uintptr(i%n*page)) == tag+uint64(i+i%n), "a protected page")
		call(unix.SYS_MPROTECT, a, n*page, unix.PROT_NONE)
		call(unix.SYS_MPROTECT, a, n*page, rw)
	}
	call(unix.SYS_MUNMAP, a, n*page)
}

// move lets a mapping wander and grow.
func move(tag uint64) {
	a, n := mmap(2, anon, -1), 2
	*word(a) = tag
	for i := range rounds {
		m := 2 + i%30
		a = call(unix.SYS_MREMAP, a, uintptr(n*page), uintptr(m*page), unix.MREMAP_MAYMOVE)
		n = m
		check(*word(a) == tag, "a moved page")
		*word(a + uintptr((n-1)*page)) = tag
	}
	call(unix.SYS_MUNMAP, a, uintptr(n*page))
}

// discard throws pages away that another thread stores to: they read as zero or as what it has stored.
func discard(tag uint64) {
	const n = 8
	a := mmap(n, anon, -1)
	var wg sync.WaitGroup
	var stop atomic.Bool
	wg.Go(func() {
		runtime.LockOSThread()
		for !stop.Load() {
			for p := range n {
				v := atomic.LoadUint64(word(a + uintptr(p*page)))
				check(v == 0 || v == tag, "a discarded page")
				atomic.StoreUint64(word(a+uintptr(p*page)), tag)
			}
			runtime.Gosched()
		}
	})
	for i := range rounds {
		call(unix.SYS_MADVISE, a+uintptr(i%n*page), page, unix.MADV_DONTNEED)
	}
	stop.Store(true)
	wg.Wait()
	call(unix.SYS_MUNMAP, a, n*page)
}

// truncate shrinks and grows a file under a mapping that another thread uses; the accesses that fail are caught.
func truncate(tag uint64, name string) {
	const n = 8
	fd, err := unix.Open(name, unix.O_RDWR|unix.O_CREAT, 0o600)
	check(err == nil, "open")
	unix.Ftruncate(fd, n*page)
	a := mmap(n, unix.MAP_SHARED, fd)
	var wg sync.WaitGroup
	var stop atomic.Bool
	wg.Go(func() {
		runtime.LockOSThread()
		for !stop.Load() {
			for p := range n {
				touch(word(a+uintptr(p*page)), tag)
			}
			runtime.Gosched()
		}
	})
	for i := range rounds / 3 {
		check(unix.Ftruncate(fd, int64(i%n*page)) == nil, "truncation")
		check(unix.Ftruncate(fd, n*page) == nil, "growth")
		var b [8]byte
		unix.Pread(fd, b[:], int64(i%n*page))
	}
	stop.Store(true)
	wg.Wait()
	call(unix.SYS_MUNMAP, a, n*page)
	unix.Close(fd)
}

func touch(w *uint64, tag uint64) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { recover() }()
	v := atomic.LoadUint64(w)
	check(v == 0 || v == tag, "a page of a truncated file")
	atomic.StoreUint64(w, tag)
}

// forks has the space copied while the others change it.
func forks() {
	for range 3 {
		out, err := exec.Command(os.Args[0], "child").Output()
		check(err == nil && string(out) == "fine\n", "a child")
	}
}

func main() {
	if len(os.Args) > 1 {
		fmt.Println("fine")
		return
	}
	dir, err := os.MkdirTemp("", "memrace.")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	var wg sync.WaitGroup
	for i := range 2 {
		tag := uint64(i+1) << 32
		wg.Go(func() { mapUnmap(tag) })
		wg.Go(func() { protect(tag) })
		wg.Go(func() { move(tag) })
		wg.Go(func() { discard(tag) })
		wg.Go(func() { truncate(tag, fmt.Sprint(dir, "/", i)) })
	}
	wg.Go(forks)
	wg.Wait()
	fmt.Println("mistakes:", bad.Load())
}
