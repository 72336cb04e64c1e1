//go:build linux

// Test futex takes futex(2) and futex_waitv(2) through their operations and errors, with threads that wait for each other.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"galago/user/test/internal/raw"
)

const (
	wait, wake, requeue, cmpRequeue, wakeOp, waitBitset, wakeBitset = 0, 1, 3, 4, 5, 9, 10

	private, realtime = 128, 256
	any               = 1<<32 - 1
)

func main() {
	if len(os.Args) > 1 {
		child()
		return
	}
	errors()
	timeouts()
	wakes()
	bitsets()
	requeues()
	wakeOps()
	vectors()
	kinds()
	processes()
	robust()
	pingPong()
}

func futex(word *uint32, op int, val uint32, timeout unsafe.Pointer, second *uint32, val3 uint32) (int, unix.Errno) {
	r, _, e := unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), uintptr(op), uintptr(val), uintptr(timeout), uintptr(unsafe.Pointer(second)), uintptr(val3))
	return int(r), e
}

func num(n int) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&n)) }

func show(what string, r int, e unix.Errno) {
	if e != 0 {
		r = -1
	}
	fmt.Println(what+":", r, raw.Name(e))
}

func mapShared(fd int, flags int) []byte {
	b, e := unix.Mmap(fd, 0, 8192, unix.PROT_READ|unix.PROT_WRITE, flags)
	if e != nil {
		panic(e)
	}
	return b
}

func word(b []byte, at int) *uint32 { return (*uint32)(unsafe.Pointer(&b[at])) }

func errors() {
	var w [2]uint32
	bad := (*uint32)(unsafe.Pointer(uintptr(8)))
	odd := (*uint32)(unsafe.Add(unsafe.Pointer(&w[0]), 1))
	high := (*uint32)(num(-4096))
	for _, flag := range []int{0, private} {
		call := func(what string, p *uint32, op int, val uint32, t unsafe.Pointer, q *uint32, v3 uint32) {
			r, e := futex(p, op|flag, val, t, q, v3)
			show(fmt.Sprint(what, " ", flag), r, e)
		}
		call("wait wrong", &w[0], wait, 1, nil, nil, 0)
		call("wait unmapped", bad, wait, 1, nil, nil, 0)
		call("wait odd", odd, wait, 1, nil, nil, 0)
		call("wait high", high, wait, 1, nil, nil, 0)
		call("wait no bits", &w[0], waitBitset, 0, nil, nil, 0)
		call("wake nobody", &w[0], wake, 1, nil, nil, 0)
		call("wake unmapped", bad, wake, 1, nil, nil, 0)
		call("wake odd", odd, wake, 1, nil, nil, 0)
		call("wake no bits", &w[0], wakeBitset, 1, nil, nil, 0)
		call("requeue nobody", &w[0], requeue, 1, num(1), &w[1], 0)
		call("requeue negative", &w[0], requeue, 1<<31, num(1), &w[1], 0)
		call("requeue negative 2", &w[0], requeue, 1, num(1<<31), &w[1], 0)
		call("cmp_requeue wrong", &w[0], cmpRequeue, 1, num(1), &w[1], 7)
		call("cmp_requeue unmapped", &w[0], cmpRequeue, 1, num(1), bad, 0)
		call("cmp_requeue odd", &w[0], cmpRequeue, 1, num(1), odd, 0)
		call("wake_op unmapped", &w[0], wakeOp, 1, num(1), bad, 0)
		call("wake_op op 5", &w[0], wakeOp, 1, num(1), &w[1], 5<<28)
		call("wake_op cmp 6", &w[0], wakeOp, 1, num(1), &w[1], 6<<24)
		call("wait realtime", &w[0], wait|realtime, 1, nil, nil, 0)
		call("wake realtime", &w[0], wake|realtime, 1, nil, nil, 0)
		call("operation 2", &w[0], 2, 1, nil, nil, 0)
		call("operation 77", &w[0], 77, 1, nil, nil, 0)
	}
	ro, _ := unix.Mmap(-1, 0, 4096, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANON)
	r, e := futex(word(ro, 0), wake, 1, nil, nil, 0)
	show("wake read-only private", r, e)
	r, e = futex(word(ro, 0), wait, 1, nil, nil, 0)
	show("wait read-only private", r, e)
	r, e = futex(word(ro, 0), wait|private, 1, nil, nil, 0)
	show("private wait read-only", r, e)
	r, e = futex(&w[0], wakeOp|private, 1, num(1), word(ro, 0), 1<<12)
	show("wake_op read-only", r, e)
	ro, _ = unix.Mmap(-1, 0, 4096, unix.PROT_READ, unix.MAP_SHARED|unix.MAP_ANON)
	r, e = futex(word(ro, 0), wait, 1, nil, nil, 0)
	show("wait read-only shared", r, e)
}

func timeouts() {
	var w uint32
	ms := unix.Timespec{Nsec: 1e6}
	r, e := futex(&w, wait, 0, unsafe.Pointer(&ms), nil, 0)
	show("relative", r, e)
	for _, t := range []unix.Timespec{{Sec: -1}, {Nsec: -1}, {Nsec: 1e9}} {
		r, e = futex(&w, wait, 0, unsafe.Pointer(&t), nil, 0)
		show("bad time", r, e)
	}
	r, e = futex(&w, wait, 0, unsafe.Pointer(uintptr(8)), nil, 0)
	show("unmapped time", r, e)
	r, e = futex(&w, waitBitset, 0, unsafe.Pointer(&ms), nil, any)
	show("absolute, past", r, e)
	r, e = futex(&w, waitBitset|realtime, 0, unsafe.Pointer(&ms), nil, any)
	show("absolute real time, past", r, e)
	for _, clock := range []int{unix.CLOCK_MONOTONIC, unix.CLOCK_REALTIME} {
		op := waitBitset
		if clock == unix.CLOCK_REALTIME {
			op |= realtime
		}
		var now, then unix.Timespec
		unix.ClockGettime(int32(clock), &now)
		limit := unix.NsecToTimespec(now.Nano() + 3e6)
		r, e = futex(&w, op, 0, unsafe.Pointer(&limit), nil, any)
		unix.ClockGettime(int32(clock), &then)
		show("absolute", r, e)
		fmt.Println("waited", then.Nano() >= limit.Nano())
	}
}

// start runs n waiters and returns when they sleep; the results come through the channel.
func start(n int, f func(i int) (int, unix.Errno)) chan string {
	c := make(chan string, n)
	var ready sync.WaitGroup
	for i := range n {
		tid := make(chan int)
		ready.Add(1)
		go func() {
			runtime.LockOSThread()
			tid <- unix.Gettid()
			r, e := f(i)
			c <- fmt.Sprint(r, " ", raw.Name(e))
		}()
		id := <-tid
		asleep(id)
		ready.Done()
	}
	ready.Wait()
	return c
}

// asleep waits until a thread sleeps for good.
func asleep(tid int) {
	for seen := 0; seen < 8; {
		b, e := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", tid))
		if e != nil {
			time.Sleep(50 * time.Millisecond)
			return
		}
		at := bytes.LastIndexByte(b, ')')
		if seen++; b[at+2] != 'S' {
			seen = 0
		}
		time.Sleep(time.Millisecond)
	}
}

func collect(what string, c chan string, n int) {
	for range n {
		fmt.Println(what, <-c)
	}
}

func wakes() {
	var w uint32
	c := start(5, func(int) (int, unix.Errno) { return futex(&w, wait|private, 0, nil, nil, 0) })
	r, e := futex(&w, wake, 9, nil, nil, 0)
	show("wake of the other kind", r, e)
	r, e = futex(&w, wake|private, 0, nil, nil, 0)
	show("wake 0", r, e)
	collect("woken", c, 1)
	r, e = futex(&w, wake|private, 2, nil, nil, 0)
	show("wake 2", r, e)
	collect("woken", c, 2)
	r, e = futex(&w, wake|private, 1<<31-1, nil, nil, 0)
	show("wake all", r, e)
	collect("woken", c, 2)
}

func bitsets() {
	var w uint32
	c := start(3, func(i int) (int, unix.Errno) { return futex(&w, waitBitset|private, 0, nil, nil, 1<<i) })
	r, e := futex(&w, wakeBitset|private, 9, nil, nil, 8)
	show("bits 8", r, e)
	r, e = futex(&w, wakeBitset|private, 9, nil, nil, 5)
	show("bits 5", r, e)
	collect("woken", c, 2)
	r, e = futex(&w, wake|private, 9, nil, nil, 0)
	show("any", r, e)
	collect("woken", c, 1)
}

func requeues() {
	for _, op := range []int{requeue, cmpRequeue} {
		var a, b uint32
		c := start(6, func(i int) (int, unix.Errno) { return futex(&a, wait|private, 0, nil, nil, 0) })
		r, e := futex(&a, op|private, 1, num(2), &b, 0)
		show("requeue 1, 2", r, e)
		collect("woken", c, 1)
		r, e = futex(&b, wake|private, 9, nil, nil, 0)
		show("wake of the moved", r, e)
		collect("woken", c, 2)
		r, e = futex(&a, op|private, 0, num(1), &a, 0)
		show("requeue to itself", r, e)
		r, e = futex(&a, wake|private, 9, nil, nil, 0)
		show("wake of the rest", r, e)
		collect("woken", c, 3)
	}
}

func wakeOps() {
	values := []uint32{5, 5, 5, 5, 5, 5, 0xffffffff}
	codes := []uint32{0<<28 | 7<<12, 1<<28 | 7<<12, 2<<28 | 8<<12, 3<<28 | 4<<12, 4<<28 | 1<<12, 10<<28 | 4<<12, 1<<28 | 0xfff<<12}
	for i, code := range codes {
		var a uint32
		b := values[i]
		r, e := futex(&a, wakeOp|private, 1, num(1), &b, code)
		show("operation", r, e)
		fmt.Println("word", b)
	}
	for cmp := range uint32(6) {
		for _, arg := range []uint32{4, 5, 0xffb} {
			var a uint32
			b := uint32(5)
			c := start(1, func(i int) (int, unix.Errno) { return futex(&b, wait|private, 5, nil, nil, 0) })
			r, e := futex(&a, wakeOp|private, 1, num(1), &b, cmp<<24|arg)
			show(fmt.Sprint("comparison ", cmp, " ", arg), r, e)
			if r == 0 {
				futex(&b, wake|private, 1, nil, nil, 0)
			}
			collect("woken", c, 1)
		}
	}
	var a, b uint32
	c := start(3, func(i int) (int, unix.Errno) {
		if i < 2 {
			return futex(&a, wait|private, 0, nil, nil, 0)
		}
		return futex(&b, wait|private, 0, nil, nil, 0)
	})
	r, e := futex(&a, wakeOp|private, 5, num(5), &b, 0<<28|1<<12)
	show("both", r, e)
	collect("woken", c, 3)
}

type waitv struct {
	val, addr       uint64
	flags, reserved uint32
}

func vector(list []waitv, flags int, t *unix.Timespec, clock int) (int, unix.Errno) {
	r, _, e := unix.Syscall6(449, uintptr(unsafe.Pointer(unsafe.SliceData(list))), uintptr(len(list)), uintptr(flags), uintptr(unsafe.Pointer(t)), uintptr(clock), 0)
	return int(r), e
}

func vectors() {
	var w [3]uint32
	entry := func(p *uint32, val uint64) waitv {
		return waitv{val, uint64(uintptr(unsafe.Pointer(p))), 2 | private, 0}
	}
	r, e := vector(nil, 0, nil, 0)
	show("empty", r, e)
	r, e = vector([]waitv{entry(&w[0], 1)}, 0, nil, 0)
	show("wrong value", r, e)
	r, e = vector([]waitv{entry(&w[0], 0)}, 1, nil, 0)
	show("flags", r, e)
	r, e = vector([]waitv{{0, uint64(uintptr(unsafe.Pointer(&w))), 0, 0}}, 0, nil, 0)
	show("no size", r, e)
	r, e = vector([]waitv{{0, uint64(uintptr(unsafe.Pointer(&w))), 2, 1}}, 0, nil, 0)
	show("reserved", r, e)
	r, e = vector([]waitv{{0, 8, 2, 0}}, 0, nil, 0)
	show("unmapped", r, e)
	r, e = vector(make([]waitv, 129), 0, nil, 0)
	show("too many", r, e)
	t := unix.Timespec{Nsec: 1}
	r, e = vector([]waitv{entry(&w[0], 0)}, 0, &t, unix.CLOCK_MONOTONIC)
	show("timeout", r, e)
	r, e = vector([]waitv{entry(&w[0], 0)}, 0, &t, 7)
	show("clock", r, e)
	c := start(1, func(i int) (int, unix.Errno) {
		return vector([]waitv{entry(&w[0], 0), entry(&w[1], 0), entry(&w[2], 0)}, 0, nil, 0)
	})
	r, e = futex(&w[1], wake|private, 1, nil, nil, 0)
	show("wake", r, e)
	collect("woken", c, 1)
	r, e = futex(&w[2], wake|private, 1, nil, nil, 0)
	show("wake after", r, e)
}

// kinds: one page under several addresses is one futex if it is shared.
func kinds() {
	fd, e := unix.Open("shared", unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC, 0o644)
	if e != nil {
		panic(e)
	}
	unix.Ftruncate(fd, 8192)
	a, b := mapShared(fd, unix.MAP_SHARED), mapShared(fd, unix.MAP_SHARED)
	p := mapShared(fd, unix.MAP_PRIVATE)
	c := start(2, func(int) (int, unix.Errno) { return futex(word(a, 4100), wait, 0, nil, nil, 0) })
	r, en := futex(word(b, 4100), wake|private, 1, nil, nil, 0)
	show("private", r, en)
	r, en = futex(word(p, 4100), wake, 1, nil, nil, 0)
	show("private mapping", r, en)
	r, en = futex(word(b, 4), wake, 1, nil, nil, 0)
	show("other page", r, en)
	r, en = futex(word(b, 4100), wake, 1, nil, nil, 0)
	show("other address", r, en)
	collect("woken", c, 1)
	r, en = futex(word(b, 4100), cmpRequeue, 0, num(1), word(b, 8), 0)
	show("requeue", r, en)
	r, en = futex(word(a, 8), wake, 1, nil, nil, 0)
	show("wake of the moved", r, en)
	collect("woken", c, 1)
	unix.Ftruncate(fd, 0)
	r, en = futex(word(b, 4100), wake, 1, nil, nil, 0)
	show("beyond the end", r, en)
}

// processes: a child, started with the shared memory as descriptor 3, waits and wakes.
func processes() {
	fd, e := unix.Open("shared", unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC, 0o644)
	if e != nil {
		panic(e)
	}
	unix.Ftruncate(fd, 8192)
	m := mapShared(fd, unix.MAP_SHARED)
	cmd := exec.Command(os.Args[0], "child")
	cmd.ExtraFiles = []*os.File{os.NewFile(uintptr(fd), "shared")}
	cmd.Stdout = os.Stdout
	if e := cmd.Start(); e != nil {
		panic(e)
	}
	for i := range uint32(50) {
		for atomic.LoadUint32(word(m, 0)) != 2*i+1 {
			futex(word(m, 0), wait, 2*i, nil, nil, 0)
		}
		atomic.StoreUint32(word(m, 0), 2*i+2)
		futex(word(m, 0), wake, 1, nil, nil, 0)
	}
	fmt.Println("child:", cmd.Wait(), atomic.LoadUint32(word(m, 0)))
}

func child() {
	m := mapShared(3, unix.MAP_SHARED)
	for i := range uint32(50) {
		for atomic.LoadUint32(word(m, 0)) != 2*i {
			futex(word(m, 0), wait, 2*i-1, nil, nil, 0)
		}
		atomic.StoreUint32(word(m, 0), 2*i+1)
		futex(word(m, 0), wake, 1, nil, nil, 0)
	}
}

type robustHead struct {
	next    uintptr
	offset  int64
	pending uintptr
}

type robustLock struct {
	next uintptr
	word uint32
}

// robust: a thread ends with locks held; a waiter for one of them learns of it.
func robust() {
	_, _, e := unix.Syscall(unix.SYS_SET_ROBUST_LIST, 0, 23, 0)
	show("set size", 0, e)
	var head, size uintptr
	_, _, e = unix.Syscall(unix.SYS_GET_ROBUST_LIST, 1<<29, uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&size)))
	show("get of nobody", 0, e)
	_, _, e = unix.Syscall(unix.SYS_GET_ROBUST_LIST, 0, 8, uintptr(unsafe.Pointer(&size)))
	show("get to nowhere", 0, e)
	mem := mapShared(-1, unix.MAP_PRIVATE|unix.MAP_ANON)
	h := (*robustHead)(unsafe.Pointer(&mem[0]))
	lock := func(i int) *robustLock { return (*robustLock)(unsafe.Pointer(&mem[64+16*i])) }
	base := uintptr(unsafe.Pointer(h))
	at := func(i int) uintptr { return uintptr(unsafe.Pointer(lock(i))) }
	done := make(chan bool)
	locked := make(chan int)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		tid := uint32(unix.Gettid())
		*h = robustHead{at(0), 8, at(4)}
		lock(0).word, lock(1).word, lock(2).word, lock(3).word, lock(4).word = tid, tid|1<<31, 1, tid|1<<31, tid
		lock(0).next, lock(1).next, lock(2).next, lock(3).next = at(1), at(2), at(3), base
		unix.Syscall(unix.SYS_SET_ROBUST_LIST, base, 24, 0)
		unix.Syscall(unix.SYS_GET_ROBUST_LIST, 0, uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&size)))
		fmt.Println("list", head == base, size)
		locked <- int(tid)
		<-done
	}()
	tid := <-locked
	c := start(1, func(int) (int, unix.Errno) { return futex(&lock(1).word, wait, uint32(tid)|1<<31, nil, nil, 0) })
	done <- true
	collect("woken", c, 1)
	for unix.Tgkill(unix.Getpid(), tid, 0) == nil {
		time.Sleep(time.Millisecond)
	}
	for i := range 5 {
		fmt.Printf("lock %d: %#x\n", i, lock(i).word)
	}
}

// pingPong: two threads take turns; a lost wake-up would stop them.
func pingPong() {
	var w uint32
	play := func(me uint32) {
		for i := range uint32(2000) {
			for {
				v := atomic.LoadUint32(&w)
				if v == 2*i+me {
					break
				}
				futex(&w, wait|private, v, nil, nil, 0)
			}
			atomic.AddUint32(&w, 1)
			futex(&w, wake|private, 1, nil, nil, 0)
		}
	}
	done := make(chan bool)
	go func() { play(1); done <- true }()
	play(0)
	<-done
	fmt.Println("turns", w)
}
