//go:build linux

package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func testAdvise() {
	section("madvise")
	ad := func(what string, i int, n, advice uintptr) { do(what, unix.SYS_MADVISE, p(i), n, advice) }
	at(0, 8, rw, anon)
	at(10, 4, rw, sanon)
	for i := range 8 {
		store(p(i), 5)
	}
	store(p(10), 6)
	do("not aligned", unix.SYS_MADVISE, p(0)+1, page, unix.MADV_DONTNEED)
	ad("advice", 0, page, 77)
	ad("negative", 0, page, ^uintptr(0))
	ad("length 0", 0, 0, unix.MADV_DONTNEED)
	ad("wraps", 0, ^uintptr(0), unix.MADV_DONTNEED)
	ad("nothing there", 100, page, unix.MADV_DONTNEED)
	ad("dontneed", 1, page, unix.MADV_DONTNEED)
	ad("hole", 6, 4*page, unix.MADV_DONTNEED)
	fmt.Println(load(p(0)), load(p(1)), load(p(5)), load(p(6)))
	ad("shared dontneed", 10, page, unix.MADV_DONTNEED)
	fmt.Println(load(p(10)))
	ad("free", 0, page, unix.MADV_FREE)
	store(p(0), 9)
	fmt.Println(load(p(0)))
	ad("free shared", 10, page, unix.MADV_FREE)
	ad("remove private", 0, page, unix.MADV_REMOVE)
	ad("remove shared", 10, page, unix.MADV_REMOVE)
	fmt.Println(load(p(10)))
	for _, v := range []uintptr{unix.MADV_NORMAL, unix.MADV_RANDOM, unix.MADV_SEQUENTIAL, unix.MADV_WILLNEED, unix.MADV_DONTFORK, unix.MADV_DOFORK,
		unix.MADV_HUGEPAGE, unix.MADV_NOHUGEPAGE, unix.MADV_DONTDUMP, unix.MADV_DODUMP, unix.MADV_WIPEONFORK, unix.MADV_KEEPONFORK, unix.MADV_COLD,
		unix.MADV_PAGEOUT, 22, 23} {
		ad(fmt.Sprint("private ", v), 2, 2*page, v)
		ad(fmt.Sprint("shared ", v), 10, 2*page, v)
		ad(fmt.Sprint("hole ", v), 7, 2*page, v)
	}
	fmt.Println(load(p(2)), load(p(10)))
	ad("normal", 0, 8*page, unix.MADV_NORMAL)
	call(unix.SYS_MPROTECT, p(4), page, r)
	ad("populate what cannot be written", 4, page, 23)
	ad("populate to read", 4, page, 22)
	clear()
	section("fork")
	at(0, 3, rw, anon)
	at(5, 1, rw, sanon)
	for _, i := range []int{0, 1, 2, 5} {
		store(p(i), 4)
	}
	ad("wipe", 1, page, unix.MADV_WIPEONFORK)
	maps()
	clear()
}

func testLock() {
	section("mlock")
	at(0, 8, rw, anon)
	do("lock", unix.SYS_MLOCK, p(0)+5, 2*page)
	locked()
	maps()
	do("length 0", unix.SYS_MLOCK, p(0), 0)
	do("hole", unix.SYS_MLOCK, p(6), 4*page)
	do("wraps", unix.SYS_MLOCK, p(6), ^uintptr(0)&^(2*page-1))
	do("unlock", unix.SYS_MUNLOCK, p(1), page)
	locked()
	maps()
	do("unlock a hole", unix.SYS_MUNLOCK, p(6), 4*page)
	do("dontneed locked", unix.SYS_MADVISE, p(0), page, unix.MADV_DONTNEED)
	do("free locked", unix.SYS_MADVISE, p(0), page, unix.MADV_FREE)
	do("cold locked", unix.SYS_MADVISE, p(0), page, unix.MADV_COLD)
	do("dontneed_locked", unix.SYS_MADVISE, p(0), page, 24)
	do("invalidate locked", unix.SYS_MSYNC, p(0), page, unix.MS_INVALIDATE)
	do("mlock2", unix.SYS_MLOCK2, p(4), page, 1)
	do("mlock2 flags", unix.SYS_MLOCK2, p(4), page, 2)
	do("mlockall flags", unix.SYS_MLOCKALL, 0)
	do("mlockall flags", unix.SYS_MLOCKALL, 8)
	do("mlockall onfault alone", unix.SYS_MLOCKALL, 4)
	var old unix.Rlimit
	unix.Getrlimit(unix.RLIMIT_MEMLOCK, &old)
	do("unlock all", unix.SYS_MUNLOCKALL)
	locked()
	do("map locked", unix.SYS_MMAP, p(20), 2*page, rw, anon|fixed|unix.MAP_LOCKED, ^uintptr(0), 0)
	locked()
	do("grow locked", unix.SYS_MREMAP, p(20), 2*page, 4*page, 0)
	locked()
	do("unmap locked", unix.SYS_MUNMAP, p(20), page)
	locked()
	clear()
	locked()
}

// locked prints the amount of locked memory.
func locked() {
	fmt.Println("locked:", field("/proc/self/status", "VmLck:"))
}

func testCross() {
	section("process_vm")
	at(0, 4, rw, anon)
	copy(bytes(p(0), 16), "0123456789abcdef")
	pid := uintptr(os.Getpid())
	type iov = [2]uintptr
	cross := func(what string, nr, who uintptr, l, rm []iov, flags uintptr) {
		n, e := call(nr, who, slicePtr(l), uintptr(len(l)), slicePtr(rm), uintptr(len(rm)), flags)
		if e != 0 {
			fmt.Println(what, name(e))
			return
		}
		fmt.Println(what, n)
	}
	rd, wr := uintptr(unix.SYS_PROCESS_VM_READV), uintptr(unix.SYS_PROCESS_VM_WRITEV)
	cross("read", rd, pid, []iov{{p(1), 4}, {p(1) + 100, 100}}, []iov{{p(0) + 2, 3}, {p(0), 10}}, 0)
	fmt.Printf("%q %q\n", bytes(p(1), 4), bytes(p(1)+100, 10))
	cross("write", wr, pid, []iov{{p(0), 10}}, []iov{{p(2) - 3, 8}}, 0)
	fmt.Printf("%q\n", bytes(p(2)-3, 8))
	cross("flags", rd, pid, []iov{{p(1), 4}}, []iov{{p(0), 4}}, 1)
	cross("nobody", rd, 1<<30, []iov{{p(1), 4}}, []iov{{p(0), 4}}, 0)
	cross("no local", rd, 1<<30, nil, []iov{{p(0), 4}}, 0)
	cross("no remote", rd, pid, []iov{{p(1), 4}}, nil, 0)
	cross("remote fault", rd, pid, []iov{{p(1), 4}}, []iov{{p(100), 4}}, 0)
	cross("remote partial", rd, pid, []iov{{p(1), 64}}, []iov{{p(4) - 8, 64}}, 0)
	cross("local fault", rd, pid, []iov{{p(100), 4}}, []iov{{p(0), 4}}, 0)
	cross("too many", rd, pid, make([]iov, 1025), []iov{{p(0), 4}}, 0)
	call(unix.SYS_MPROTECT, p(3), page, r)
	cross("write to read-only memory", wr, pid, []iov{{p(0), 4}}, []iov{{p(3), 4}}, 0)
	clear()
}
