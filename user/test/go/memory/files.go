//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

func slicePtr[T any](s []T) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(s))) }

// field returns a line's value in a file like /proc/self/status.
func field(file, key string) string {
	data, _ := os.ReadFile(file)
	for _, l := range strings.Split(string(data), "\n") {
		if v, ok := strings.CutPrefix(l, key); ok {
			return strings.TrimSpace(v)
		}
	}
	return "no such line"
}

func testFiles() {
	section("files")
	os.WriteFile("f", []byte(strings.Repeat("abcdefgh", 1024*5/2)), 0o644) // 5 pages
	open := func(flags int) int {
		fd, err := unix.Open("f", flags, 0)
		if err != nil {
			fmt.Println(err)
		}
		return fd
	}
	ro, wo, both := open(unix.O_RDONLY), open(unix.O_WRONLY), open(unix.O_RDWR)
	for _, fd := range []int{ro, wo, both} {
		for _, prot := range []int{none, r, unix.PROT_WRITE, rw, rx} {
			for _, fl := range []int{unix.MAP_PRIVATE, unix.MAP_SHARED, 3} {
				_, e := mmap(p(0), page, prot, fl|fixed, fd, 0)
				fmt.Print(name(e), " ")
			}
		}
		fmt.Println()
	}
	_, e := mmap(p(0), page, r, 3|fixed|unix.MAP_SYNC, both, 0)
	fmt.Println("sync:", name(e))
	_, e = mmap(p(0), page, r, unix.MAP_PRIVATE|fixed|unix.MAP_GROWSDOWN, both, 0)
	fmt.Println("growing file:", name(e))
	clear()
	mmap(p(0), 3*page, rw, unix.MAP_SHARED|fixed, both, page)
	mmap(p(4), 3*page, rw, unix.MAP_PRIVATE|fixed, ro, page)
	mmap(p(8), 2*page, r, unix.MAP_SHARED|fixed, ro, 0)
	maps()
	store(p(0), 'X')
	store(p(5), 'Y')
	fmt.Println(load(p(4)), load(p(9)), load(p(1)), load(p(5)))
	unix.Pwrite(wo, []byte("ZZ"), 2*page+10)
	fmt.Println(load(p(1)+10), load(p(5)+10))
	b := make([]byte, 2)
	unix.Pread(ro, b, page)
	fmt.Printf("%q\n", b)
	do("protect read-only shared", unix.SYS_MPROTECT, p(8), page, rw)
	do("protect private of a read-only file", unix.SYS_MPROTECT, p(4), page, rx)
	maps()
	section("past the end")
	mmap(p(20), 8*page, rw, unix.MAP_SHARED|fixed, both, 0)
	mmap(p(30), 8*page, rw, unix.MAP_PRIVATE|fixed, both, 0)
	store(p(33), 'P')
	fmt.Println(load(p(24)), load(p(25)), store(p(25), 1), load(p(35)))
	unix.Ftruncate(both, 2*page+100)
	fmt.Println(load(p(21)), load(p(22)), load(p(22)+99), load(p(22)+100), load(p(23)), load(p(33)))
	store(p(22)+200, 'Q')
	unix.Ftruncate(both, 6*page)
	fmt.Println(load(p(22)+99), load(p(22)+200), load(p(23)), load(p(25)), load(p(26)), load(p(33)))
	do("willneed", unix.SYS_MADVISE, p(20), 8*page, unix.MADV_WILLNEED)
	do("pageout", unix.SYS_MADVISE, p(20), 6*page, unix.MADV_PAGEOUT)
	do("free of a file", unix.SYS_MADVISE, p(30), page, unix.MADV_FREE)
	do("wipe of a file", unix.SYS_MADVISE, p(30), page, unix.MADV_WIPEONFORK)
	do("dontneed private", unix.SYS_MADVISE, p(30), 3*page, unix.MADV_DONTNEED)
	do("populate", unix.SYS_MADVISE, p(20), 2*page, 22)
	do("populate past the end", unix.SYS_MADVISE, p(25), 2*page, 22)
	fmt.Println(load(p(20)), load(p(31)))
	os.Remove("f")
	clear()
	mmap(p(0), page, r, unix.MAP_SHARED|fixed, ro, 0)
	maps()
	fmt.Println(load(p(0)))
	clear()
	unix.Close(ro)
	unix.Close(wo)
	unix.Close(both)
}

func testSync() {
	section("msync and mincore")
	fd, _ := unix.Open("g", unix.O_RDWR|unix.O_CREAT, 0o644)
	unix.Ftruncate(fd, 4*page)
	mmap(p(0), 4*page, rw, unix.MAP_SHARED|fixed, fd, 0)
	at(6, 2, rw, anon)
	for i := range 4 {
		store(p(i), 1)
	}
	ms := func(what string, a, n, fl uintptr) { do(what, unix.SYS_MSYNC, a, n, fl) }
	ms("sync", p(0), 4*page, unix.MS_SYNC)
	ms("async", p(0), 4*page, unix.MS_ASYNC)
	ms("no flag", p(0), 4*page, 0)
	ms("both", p(0), 4*page, unix.MS_SYNC|unix.MS_ASYNC)
	ms("flags", p(0), 4*page, 8)
	ms("not aligned", p(0)+1, page, unix.MS_SYNC)
	ms("length 0", p(0), 0, unix.MS_SYNC)
	ms("hole", p(2), 5*page, unix.MS_SYNC|unix.MS_INVALIDATE)
	ms("nothing", p(50), page, unix.MS_SYNC)
	ms("wraps", p(0), ^uintptr(0)&^(page-1), unix.MS_SYNC)
	ms("private", p(6), page, unix.MS_SYNC)
	vec := make([]byte, 8)
	mc := func(what string, a, n uintptr, v uintptr) {
		for i := range vec {
			vec[i] = 9
		}
		_, e := call(unix.SYS_MINCORE, a, n, v)
		for i := range vec {
			if vec[i] != 9 {
				vec[i] &= 1
			}
		}
		fmt.Println(what, name(e), vec)
	}
	store(p(7), 1)
	mc("file", p(0), 4*page, slicePtr(vec))
	mc("anonymous", p(6), 2*page, slicePtr(vec))
	mc("odd length", p(6), page+1, slicePtr(vec))
	mc("length 0", p(6), 0, slicePtr(vec))
	mc("hole", p(4), page, slicePtr(vec))
	mc("not aligned", p(6)+1, page, slicePtr(vec))
	mc("bad vector", p(6), page, 4096)
	mc("too high", top, page, slicePtr(vec))
	clear()
	unix.Close(fd)
}

func testMemfd() {
	section("memfd")
	mk := func(what, nm string, fl int) int {
		fd, err := unix.MemfdCreate(nm, fl)
		fmt.Println(what, errName(err))
		return fd
	}
	mk("flags", "x", 0x20)
	mk("exec and not", "x", 0x18)
	mk("long name", strings.Repeat("n", 250), 0)
	unix.Close(mk("longest name", strings.Repeat("n", 249), 0))
	_, e := call(unix.SYS_MEMFD_CREATE, 1, 0)
	fmt.Println("address:", name(e))
	fd := mk("plain", "one", unix.MFD_CLOEXEC)
	link, _ := os.Readlink(fmt.Sprint("/proc/self/fd/", fd))
	fl, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	st := unix.Stat_t{}
	unix.Fstat(fd, &st)
	fmt.Printf("%s %d %o %d %d\n", link, fl, st.Mode, st.Nlink, st.Size)
	seals := func(fd int) {
		s, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
		fmt.Println("seals:", s, errName(err))
	}
	add := func(fd, s int) {
		_, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, s)
		fmt.Println("add", s, errName(err))
	}
	seals(fd)
	add(fd, unix.F_SEAL_GROW)
	unix.Write(fd, []byte("hello"))
	x, e := mmap(p(0), 2*page, rw, unix.MAP_SHARED|fixed, fd, 0)
	fmt.Println(name(e), load(x), load(x+10), load(x+page))
	maps()
	unix.Close(fd)
	clear()
	fd = mk("sealable", "two", unix.MFD_ALLOW_SEALING)
	seals(fd)
	add(fd, 0x1000)
	fmt.Println(errName(unix.Ftruncate(fd, 2*page)))
	add(fd, unix.F_SEAL_SHRINK)
	fmt.Println(errName(unix.Ftruncate(fd, page)), errName(unix.Ftruncate(fd, 3*page)))
	add(fd, unix.F_SEAL_GROW)
	_, err := unix.Pwrite(fd, []byte("xyz"), 3*page-1)
	_, err2 := unix.Pwrite(fd, []byte("xyz"), 3*page-3)
	fmt.Println(errName(unix.Ftruncate(fd, 4*page)), errName(err), errName(err2), errName(unix.Fallocate(fd, 0, 0, 4*page)))
	mmap(p(0), page, rw, unix.MAP_SHARED|fixed, fd, 0)
	add(fd, unix.F_SEAL_WRITE)
	call(unix.SYS_MPROTECT, p(0), page, r)
	add(fd, unix.F_SEAL_WRITE)
	clear()
	add(fd, unix.F_SEAL_WRITE)
	seals(fd)
	_, err = unix.Pwrite(fd, []byte("x"), 0)
	fmt.Println("write:", errName(err), errName(unix.Fallocate(fd, 3, 0, page)))
	for _, prot := range []int{r, rw} {
		for _, fl := range []int{unix.MAP_SHARED, unix.MAP_PRIVATE} {
			_, e := mmap(p(0), page, prot, fl|fixed, fd, 0)
			fmt.Print(name(e), " ")
			_, e = call(unix.SYS_MPROTECT, p(0), page, rw)
			fmt.Println(name(e))
			clear()
		}
	}
	add(fd, unix.F_SEAL_SEAL)
	add(fd, unix.F_SEAL_SEAL)
	seals(fd)
	rd, err := unix.Open(fmt.Sprint("/proc/self/fd/", fd), unix.O_RDONLY, 0)
	fmt.Println("open again:", errName(err))
	add(rd, unix.F_SEAL_SEAL)
	unix.Close(rd)
	unix.Close(fd)
	fd = mk("future", "three", unix.MFD_ALLOW_SEALING)
	unix.Ftruncate(fd, page)
	mmap(p(0), page, rw, unix.MAP_SHARED|fixed, fd, 0)
	add(fd, unix.F_SEAL_FUTURE_WRITE)
	_, e = mmap(p(1), page, rw, unix.MAP_SHARED|fixed, fd, 0)
	fmt.Println(store(p(0), 5), name(e))
	_, e = mmap(p(1), page, r, unix.MAP_SHARED|fixed, fd, 0)
	fmt.Println(load(p(1)), name(e))
	_, err = unix.Write(fd, []byte("x"))
	fmt.Println(errName(err))
	unix.Close(fd)
	fd = mk("not executable", "four", 8)
	seals(fd)
	unix.Fstat(fd, &st)
	fmt.Printf("%o %s %s\n", st.Mode, errName(unix.Fchmod(fd, 0o777)), errName(unix.Fchmod(fd, 0o600)))
	unix.Close(fd)
	fd, _ = unix.Open("h", unix.O_RDWR|unix.O_CREAT, 0o600)
	pfd := make([]int, 2)
	unix.Pipe(pfd)
	seals(pfd[0])
	add(pfd[1], 1)
	unix.Close(fd)
	clear()
}
