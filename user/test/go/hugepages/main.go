//go:build linux

// Test hugepages fills large anonymous memory, so that it comes in huge pages, and then does to parts of it whatever takes huge pages apart: fork,
// mprotect, munmap, mremap, madvise, mlock, stores by another process. A model says what each page has to hold.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"galago/user/test/internal/raw"
)

const (
	page = 4096
	huge = 2 << 20
)

func main() {
	if len(os.Args) > 1 {
		fmt.Println("child: disabled", prctl(unix.PR_GET_THP_DISABLE, 0))
		return
	}
	runtime.LockOSThread()
	contents()
	advised()
	settings()
	disabled()
	together()
	forked()
	vectors()
	forced()
	for seed := range int64(8) {
		random(seed)
	}
}

// area maps anonymous memory of n bytes that begins at a multiple of the huge page size.
func area(n int) []byte {
	all, _, e := unix.Syscall6(unix.SYS_MMAP, 0, uintptr(n+huge), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS, ^uintptr(0), 0)
	if e != 0 {
		panic(e)
	}
	return unsafe.Slice((*byte)(pointer((all+huge-1)&^(huge-1))), n)
}

// pointer makes memory outside the Go heap accessible.
func pointer(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

func fill(b []byte, salt int) {
	for i := 0; i < len(b); i += page {
		binary.LittleEndian.PutUint64(b[i:], uint64(i+salt))
	}
}

// wrong counts pages that do not hold what fill wrote, or where gone tells so zero.
func wrong(b []byte, salt int, gone func(page int) bool) (n int) {
	for i := 0; i < len(b); i += page {
		want := uint64(i + salt)
		if gone != nil && gone(i/page) {
			want = 0
		}
		if binary.LittleEndian.Uint64(b[i:]) != want || b[i+page-1] != 0 {
			n++
		}
	}
	return n
}

func contents() {
	b := area(8 * huge)
	fmt.Println("new memory is zero:", wrong(b, 0, func(int) bool { return true }))
	unmap(b)
	b = area(8 * huge)
	fill(b, 1)
	fmt.Println("filled:", got(b, 7), wrong(b, 1, nil)) // the first has nothing before it
	raw.Check(unix.Madvise(b[2*huge+5*page:2*huge+9*page], unix.MADV_DONTNEED))
	raw.Check(unix.Madvise(b[4*huge:6*huge], unix.MADV_DONTNEED))
	fmt.Println("parts given back:", wrong(b, 1, func(p int) bool { return p >= 1029 && p < 1033 || p >= 2048 && p < 3072 }))
	fill(b[4*huge:6*huge], 1+4*huge)
	fill(b[2*huge:3*huge], 1+2*huge)
	raw.Check(unix.Mprotect(b[3*huge+page:3*huge+2*page], unix.PROT_READ))
	fmt.Println("stored to what is read-only:", faults(func() { b[3*huge+page] = 1 }), faults(func() { b[3*huge+8] = 0 }))
	raw.Check(unix.Mprotect(b[3*huge+page:3*huge+2*page], unix.PROT_READ|unix.PROT_WRITE))
	fmt.Println("all there:", wrong(b, 1, nil))
	raw.Check(unix.Mlock(b[:2*huge]))
	raw.Check(unix.Munlock(b[:huge+page]))
	var in [8 * huge / page]byte
	_, _, e := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(unsafe.Pointer(&in)))
	n := 0
	for _, v := range in {
		n += int(v & 1)
	}
	fmt.Println("in core:", n, e)
	_, _, e = unix.Syscall(unix.SYS_MUNMAP, uintptr(unsafe.Pointer(&b[huge+7*page])), huge, 0)
	fmt.Println("hole:", e, faults(func() { b[huge+7*page] = 1 }), faults(func() { b[2*huge+6*page] = 1 }), faults(func() { b[2*huge+7*page] = 1 }), faults(func() { b[huge+6*page] = 1 }))
	unmap(b)
}

func unmap(b []byte) {
	_, _, e := unix.Syscall(unix.SYS_MUNMAP, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), 0)
	if e != 0 {
		panic(e)
	}
}

// faults tells whether f ends with a segmentation fault.
func faults(f func()) (yes bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { yes = recover() != nil }()
	f()
	return
}

// advised checks that advice does what it says, as far as all systems agree on it.
func advised() {
	b := area(4 * huge)
	raw.Check(unix.Madvise(b, unix.MADV_NOHUGEPAGE))
	fill(b, 2)
	fmt.Println("no huge pages:", hugeIn(b) == 0, wrong(b, 2, nil))
	unmap(b)
	b = area(4 * huge)
	raw.Check(unix.Madvise(b, unix.MADV_HUGEPAGE))
	b[3*huge+100*page] = 9
	fmt.Println("advised:", got(b, 1), b[3*huge+99*page], b[3*huge+100*page], b[3*huge])
	fill(b, 3)
	fmt.Println("filled:", got(b, 4))
	raw.Check(unix.Madvise(b[huge:huge+huge/2], unix.MADV_DONTFORK)) // the boundary of two areas within a huge page
	rss := residentIn(b)
	fmt.Println("counted once:", rss == 4*huge/1024, wrong(b, 3, nil))
	unmap(b)
}

// hugeIn returns the size in kilobytes of the huge pages in b.
func hugeIn(b []byte) int { return sizeIn(b, "AnonHugePages:") }

// residentIn returns the size in kilobytes of what is in memory of b.
func residentIn(b []byte) int { return sizeIn(b, "Rss:") }

// sizeIn adds a figure of the areas in b from /proc/self/smaps.
func sizeIn(b []byte, what string) (kb int) {
	text, err := os.ReadFile("/proc/self/smaps")
	raw.Check(err)
	within := false
	at := uintptr(unsafe.Pointer(&b[0]))
	for _, l := range strings.Split(string(text), "\n") {
		var start, end uintptr
		if n, _ := fmt.Sscanf(l, "%x-%x ", &start, &end); n == 2 {
			within = start < at+uintptr(len(b)) && end > at
		}
		v := 0
		if n, _ := fmt.Sscanf(l, what+" %d kB", &v); n == 1 && within {
			kb += v
		}
	}
	return kb
}

// got tells whether there are as many huge pages in b as Galago is to have made. Linux may have other settings, or no free block.
func got(b []byte, want int) bool { return !galago() || hugeIn(b) == want*huge/1024 }

func galago() bool {
	var u unix.Utsname
	raw.Check(unix.Uname(&u))
	return strings.Contains(unix.ByteSliceToString(u.Release[:]), "galago")
}

func prctl(what, arg uintptr) uintptr {
	r, _, e := unix.Syscall6(unix.SYS_PRCTL, what, arg, 0, 0, 0, 0)
	if e != 0 {
		panic(e)
	}
	return r
}

// settings tries the modes of /sys, on Galago only: they are everybody's.
func settings() {
	const file = "/sys/kernel/mm/transparent_hugepage/enabled"
	if !galago() {
		fmt.Println("modes: true true true true true")
		return
	}
	set := func(mode string) error { return os.WriteFile(file, []byte(mode+"\n"), 0) }
	kb := func(advice int) int {
		b := area(4 * huge)
		defer unmap(b)
		raw.Check(unix.Madvise(b, advice))
		fill(b, 1)
		return hugeIn(b)
	}
	raw.Check(set("never"))
	never := kb(unix.MADV_HUGEPAGE)
	raw.Check(set("madvise"))
	text, err := os.ReadFile(file)
	raw.Check(err)
	plain, advised := kb(unix.MADV_NORMAL), kb(unix.MADV_HUGEPAGE)
	wrong := set("sometimes")
	raw.Check(set("always"))
	fmt.Println("modes:", never == 0, string(text) == "always [madvise] never\n", plain == 0, advised == 4*huge/1024, errors.Is(wrong, unix.EINVAL))
}

func disabled() {
	_, _, e := unix.Syscall6(unix.SYS_PRCTL, unix.PR_SET_THP_DISABLE, 1, 1, 0, 0, 0)
	_, _, e2 := unix.Syscall6(unix.SYS_PRCTL, unix.PR_GET_THP_DISABLE, 1, 0, 0, 0, 0)
	fmt.Println("wrong arguments:", e, e2)
	prctl(unix.PR_SET_THP_DISABLE, 1)
	b := area(4 * huge)
	fill(b, 4)
	fmt.Println("disabled:", prctl(unix.PR_GET_THP_DISABLE, 0), hugeIn(b), wrong(b, 4, nil))
	unmap(b)
	out, err := exec.Command("/proc/self/exe", "child").Output()
	fmt.Print(string(out))
	raw.Check(err)
	prctl(unix.PR_SET_THP_DISABLE, 0)
}

// together has threads fill the same memory at the same time, each page by all of them.
func together() {
	const threads = 4
	b := area(8 * huge)
	var wg sync.WaitGroup
	for t := range threads {
		wg.Go(func() {
			for i := 0; i < len(b); i += page {
				b[i+t] = byte(t + 1)
			}
		})
	}
	wg.Wait()
	bad := 0
	for i := 0; i < len(b); i += page {
		for t := range threads {
			if b[i+t] != byte(t+1) {
				bad++
			}
		}
	}
	fmt.Println("threads together:", bad)
	unmap(b)
}

// forked checks that parent and child have the memory for themselves after a fork, in the order parent first, child first.
func forked() {
	b := area(4 * huge)
	fill(b, 5)
	c := child{b: b, model: make([]uint64, len(b)/page), count: 2 * huge / page}
	for i := range c.model {
		c.model[i] = uint64(i*page + 5)
	}
	for round := range 2 {
		var p [2]int
		raw.Check(unix.Pipe(p[:]))
		c.wait = -1
		if round == 0 { // until the parent has stored
			c.wait = p[0]
		}
		pid := c.fork()
		if round == 0 {
			fill(b[huge:3*huge], 7)
			unix.Write(p[1], []byte{1})
		}
		fmt.Println("child:", ended(pid))
		if round == 0 {
			fmt.Println("parent:", wrong(b[:huge], 5, nil), wrong(b[huge:3*huge], 7, nil), wrong(b[3*huge:], 5+3*huge, nil))
			fill(b, 5)
		}
	}
	fmt.Println("parent:", wrong(b, 5, nil))
	unmap(b)
}

// child is what a forked process does: it compares memory with the model, and stores to some of it. It has one thread of a runtime that thinks
// it has several, so it must not come to where the runtime could want another one: its code has no prologues and calls nothing.
type child struct {
	b           []byte
	model       []uint64
	from, count int // pages that it stores to
	wait        int // a pipe that it reads from first; -1: none
	one         [1]byte
}

// fork makes the child, whose exit status is the number of pages that were not as they should be, or 255.
//
//go:noinline
func (c *child) fork() int {
	pid, _, e := unix.RawSyscall(unix.SYS_FORK, 0, 0, 0)
	if e != 0 {
		panic(e)
	}
	if pid == 0 {
		c.run()
	}
	return int(pid)
}

//go:nosplit
func (c *child) run() {
	if c.wait >= 0 {
		unix.RawSyscall(unix.SYS_READ, uintptr(c.wait), uintptr(unsafe.Pointer(&c.one)), 1)
	}
	bad := uintptr(0)
	at := unsafe.Pointer(unsafe.SliceData(c.b))
	for i, want := range c.model {
		if *(*uint64)(unsafe.Add(at, i*page)) != want {
			bad++
		}
	}
	for i := c.from; i < c.from+c.count; i++ {
		*(*uint64)(unsafe.Add(at, i*page)) = uint64(i) ^ 0x5555
	}
	for i := c.from; i < c.from+c.count; i++ {
		if *(*uint64)(unsafe.Add(at, i*page)) != uint64(i)^0x5555 {
			bad++
		}
	}
	for {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, min(bad, 255), 0, 0)
	}
}

// ended waits for a child and returns its exit status.
func ended(pid int) int {
	var ws unix.WaitStatus
	for {
		if _, err := unix.Wait4(pid, &ws, 0, nil); err != unix.EINTR {
			raw.Check(err)
			return ws.ExitStatus()
		}
	}
}

// vectors lets another process's calls look into huge pages.
func vectors() {
	b := area(4 * huge)
	fill(b, 8)
	var word [3 * page]byte
	at := uintptr(unsafe.Pointer(&b[2*huge-page]))
	n, err := unix.ProcessVMReadv(os.Getpid(), []unix.Iovec{{Base: &word[0], Len: 3 * page}}, []unix.RemoteIovec{{Base: at, Len: 3 * page}}, 0)
	fmt.Println("read:", n, err, binary.LittleEndian.Uint64(word[:]) == uint64(2*huge-page+8), binary.LittleEndian.Uint64(word[page:]) == uint64(2*huge+8))
	n, err = unix.ProcessVMWritev(os.Getpid(), []unix.Iovec{{Base: &word[0], Len: 3 * page}}, []unix.RemoteIovec{{Base: at + page, Len: 3 * page}}, 0)
	fmt.Println("written:", n, err, wrong(b[2*huge:2*huge+3*page], 2*huge+8-page, nil), wrong(b[:2*huge], 8, nil))
	unmap(b)
}

// forced has a debugger's store go to memory that the program may not touch.
func forced() {
	b := area(2 * huge)
	raw.Check(unix.Madvise(b, unix.MADV_HUGEPAGE))
	raw.Check(unix.Mprotect(b, unix.PROT_NONE))
	f, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0)
	raw.Check(err)
	at := int64(uintptr(unsafe.Pointer(&b[5*page])))
	n, err := f.WriteAt([]byte("hello"), at)
	fmt.Println("forced:", n, err, faults(func() { b[0] = 1 }))
	var back [5]byte
	_, err = f.ReadAt(back[:], at)
	fmt.Println("seen:", string(back[:]), err)
	raw.Check(f.Close())
	raw.Check(unix.Mprotect(b, unix.PROT_READ|unix.PROT_WRITE))
	fill(b[huge:], 9)
	fmt.Println("there:", string(b[5*page:5*page+5]), b[6*page], wrong(b[huge:], 9, nil))
	unmap(b)
}

// random does operations by chance and compares with the model.
func random(seed int64) {
	r := rand.New(rand.NewSource(seed))
	const n = 6 * huge / page
	b := area(6 * huge)
	var model [n]uint64
	base := uintptr(unsafe.Pointer(&b[0]))
	bad := 0
	for range 60 {
		from := r.Intn(n)
		count := min(1+r.Intn(n/2), n-from)
		switch r.Intn(4) {
		case 0:
			from = from &^ 511
		case 1:
			from = from &^ 511
			count = min((count+511)&^511, n-from)
		}
		start, length := base+uintptr(from)*page, uintptr(count)*page
		switch r.Intn(7) {
		case 0, 1, 2:
			for i := from; i < from+count; i++ {
				model[i] = r.Uint64()
				binary.LittleEndian.PutUint64(b[i*page:], model[i])
			}
		case 3:
			raw.Check(unix.Madvise(b[from*page:(from+count)*page], unix.MADV_DONTNEED))
			clear(model[from : from+count])
		case 4:
			call(unix.SYS_MPROTECT, start, length, unix.PROT_READ)
			bad += differs(b, model[:])
			call(unix.SYS_MPROTECT, start, length, unix.PROT_READ|unix.PROT_WRITE)
		case 5: // away and back
			to := call(unix.SYS_MMAP, 0, length, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS, ^uintptr(0), 0)
			call(unix.SYS_MREMAP, start, length, length, unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED, to)
			call(unix.SYS_MREMAP, to, length, length, unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED, start)
		case 6:
			c := child{b: b, model: model[:], from: from, count: count, wait: -1}
			bad += ended(c.fork())
		}
		bad += differs(b, model[:])
	}
	fmt.Println("random", seed, bad)
	unmap(b)
}

func call(nr uintptr, args ...uintptr) uintptr {
	var a [6]uintptr
	copy(a[:], args)
	r, _, e := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	if e != 0 {
		panic(fmt.Sprint(nr, e))
	}
	return r
}

func differs(b []byte, model []uint64) (n int) {
	for i, want := range model {
		if binary.LittleEndian.Uint64(b[i*page:]) != want {
			n++
		}
	}
	return n
}
