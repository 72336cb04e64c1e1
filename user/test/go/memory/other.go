//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"

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
