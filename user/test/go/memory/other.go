//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

func testOther() {
	section("brk")
	now, _ := call(unix.SYS_BRK, 0)
	x, _ := call(unix.SYS_BRK, now+3*page+5)
	fmt.Println("grown by", x-now)
	fmt.Println(load(now), store(now+3*page, 4), load(now+3*page))
	data, _ := os.ReadFile("/proc/self/maps")
	fmt.Println("heap:", strings.Contains(string(data), "[heap]"), "stack:", strings.Contains(string(data), "[stack]"))
	x, _ = call(unix.SYS_BRK, 4096)
	fmt.Println("too low:", x-now)
	x, _ = call(unix.SYS_BRK, top)
	fmt.Println("too high:", x-now)
	x, _ = call(unix.SYS_BRK, now)
	fmt.Println("back:", x-now)

	section("limits")
	var as unix.Rlimit
	unix.Getrlimit(unix.RLIMIT_DATA, &as)
	low := unix.Rlimit{Cur: 1 << 20, Max: as.Max}
	unix.Setrlimit(unix.RLIMIT_DATA, &low)
	_, e := mmap(p(0), page, rw, anon|fixed, -1, 0)
	fmt.Println("data:", name(e))
	_, e = mmap(p(0), page, r, anon|fixed, -1, 0)
	fmt.Println("read-only:", name(e))
	_, e = call(unix.SYS_MPROTECT, p(0), page, rw)
	fmt.Println("made writable:", name(e))
	_, e = mmap(p(1), page, rw, sanon|fixed, -1, 0)
	fmt.Println("shared:", name(e))
	x, _ = call(unix.SYS_BRK, now+page)
	fmt.Println("brk:", x == now+page)
	unix.Setrlimit(unix.RLIMIT_DATA, &as)
	clear()
	unix.Getrlimit(unix.RLIMIT_AS, &as)
	low = unix.Rlimit{Cur: 1 << 20, Max: as.Max}
	unix.Setrlimit(unix.RLIMIT_AS, &low)
	_, e = mmap(p(0), page, none, anon|fixed, -1, 0)
	unix.Setrlimit(unix.RLIMIT_AS, &as)
	fmt.Println("address space:", name(e))

	section("proc")
	at(0, 4, rw, anon)
	store(p(0), 1)
	store(p(2), 1)
	call(unix.SYS_MLOCK, p(0), page)
	smaps()
	mem, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	call(unix.SYS_MPROTECT, p(2), page, none)
	b := make([]byte, 4)
	n, err := mem.ReadAt(b, int64(p(2)))
	fmt.Println("mem:", n, errName(err), b)
	n, err = mem.WriteAt([]byte{7}, int64(p(2)))
	fmt.Println("mem:", n, errName(err))
	n, err = mem.ReadAt(b, int64(p(8)))
	fmt.Println("mem, nothing there:", n, errName(err))
	call(unix.SYS_MPROTECT, p(2), page, r)
	fmt.Println(load(p(2)))
	mem.Close()
	pm, err := os.Open("/proc/self/pagemap")
	if err != nil {
		fmt.Println(err)
		return
	}
	var w [32]byte
	n, err = pm.ReadAt(w[:], int64(p(0)/page*8))
	fmt.Println("pagemap:", n, errName(err))
	for i := range 4 {
		fmt.Print(binary.LittleEndian.Uint64(w[8*i:])>>61, " ")
	}
	fmt.Println()
	pm.Close()
	clear()
}

// smaps prints what can be compared of the arena's areas.
func smaps() {
	data, _ := os.ReadFile("/proc/self/smaps")
	in := false
	for _, l := range strings.Split(string(data), "\n") {
		f := strings.Fields(l)
		if len(f) == 0 {
			continue
		}
		if !strings.HasSuffix(f[0], ":") {
			var a uintptr
			fmt.Sscanf(f[0], "%x-", &a)
			in = a >= arena && a < arena+arenaSize
			continue
		}
		switch f[0] {
		case "Size:", "Rss:", "Pss:", "Shared_Clean:", "Shared_Dirty:", "Private_Clean:", "Private_Dirty:", "Anonymous:", "Swap:", "Locked:", "KernelPageSize:":
			if in {
				fmt.Println(" ", strings.Join(f, " "))
			}
		}
	}
}

func testPolicy() {
	section("memory policy")
	one, two, mode := uint64(1), uint64(2), int32(9)
	ptr := func(p *uint64) uintptr { return uintptr(unsafe.Pointer(p)) }
	set := func(what string, a ...uintptr) { do("set "+what, unix.SYS_SET_MEMPOLICY, a...) }
	get := func(what string, nodes uintptr, a ...uintptr) {
		mode, one = 9, 5
		_, e := call(unix.SYS_GET_MEMPOLICY, append([]uintptr{uintptr(unsafe.Pointer(&mode)), nodes}, a...)...)
		fmt.Println("get", what, name(e), mode, one)
		one = 1
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	set("default", 0, 0, 0)
	set("default with nodes", 0, ptr(&one), 64)
	set("bind", 2, ptr(&one), 64)
	get("bind", ptr(&one), 1024, 0, 0)
	set("bind without nodes", 2, 0, 0)
	set("bind to another", 2, ptr(&two), 64)
	set("mode", 77, 0, 0)
	set("local", 4, 0, 0)
	set("interleave", 3, ptr(&one), 64)
	get("next", ptr(&one), 1024, 0, 1)
	get("allowed", ptr(&one), 1024, 0, 4)
	get("flags", ptr(&one), 1024, 0, 8)
	get("address without flag", ptr(&one), 1024, p(0), 0)
	get("address", ptr(&one), 1024, p(0), 3)
	at(0, 2, rw, anon)
	store(p(0), 1)
	get("address", 0, 0, p(0), 3)
	set("back", 0, 0, 0)
	do("mbind", unix.SYS_MBIND, p(0), page, 2, ptr(&one), 64, 0)
	do("mbind mode", unix.SYS_MBIND, p(0), page, 55, ptr(&one), 64, 0)
	do("mbind flags", unix.SYS_MBIND, p(0), page, 2, ptr(&one), 64, 64)
	do("mbind hole", unix.SYS_MBIND, p(10), page, 2, ptr(&one), 64, 0)
	do("mbind odd", unix.SYS_MBIND, p(0)+1, page, 2, ptr(&one), 64, 0)
	clear()
	section("process_madvise")
	at(0, 4, rw, anon)
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	fmt.Println(errName(err))
	iov := [][2]uintptr{{p(0), page}, {p(1), 2 * page}}
	pm := func(what string, a ...uintptr) {
		n, e := call(unix.SYS_PROCESS_MADVISE, a...)
		if e != 0 {
			n = 0
		}
		fmt.Println(what, name(e), n)
	}
	pm("cold", uintptr(fd), slicePtr(iov), 2, unix.MADV_COLD, 0)
	pm("flags", uintptr(fd), slicePtr(iov), 2, unix.MADV_COLD, 1)
	pm("advice", uintptr(fd), slicePtr(iov), 2, 77, 0)
	pm("descriptor", 999, slicePtr(iov), 2, unix.MADV_COLD, 0)
	iov[1][0] = p(3)
	pm("half", uintptr(fd), slicePtr(iov), 2, unix.MADV_COLD, 0)
	unix.Close(fd)
	clear()
	section("layout")
	for _, fixed := range []bool{true, false} {
		seen := map[string]bool{}
		for range 3 {
			if fixed {
				call(unix.SYS_PERSONALITY, 0x0040000)
			}
			out, _ := exec.Command(os.Args[0], "layout").Output()
			call(unix.SYS_PERSONALITY, 0)
			seen[string(out)] = true
		}
		fmt.Println(fixed, len(seen))
	}
}

// layout prints where the stack and the heap are.
func layout() {
	data, _ := os.ReadFile("/proc/self/maps")
	for _, l := range strings.Split(string(data), "\n") {
		if strings.Contains(l, "[stack]") {
			fmt.Println(l)
		}
	}
	now, _ := call(unix.SYS_BRK, 0)
	fmt.Println(now)
}
