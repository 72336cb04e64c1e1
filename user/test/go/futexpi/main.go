//go:build linux

// Test futexpi takes locks with priority inheritance through their operations and errors, and has a thread of low priority inherit that of
// a thread which waits for its lock while a third one would keep it from running.
package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"galago/user/test/internal/raw"
)

const (
	wait, wake, requeue                         = 0, 1, 3
	lockPI, unlockPI, trylockPI, lockPI2        = 6, 7, 8, 13
	waitRequeuePI, cmpRequeuePI                 = 11, 12
	private, realtime                           = 128, 256
	waiters, ownerDied, tidMask          uint32 = 1 << 31, 1 << 30, 1<<30 - 1
)

func main() {
	if os.Getenv("GODEBUG") == "" { // the Go runtime is not to interrupt waits by its signals
		e := unix.Exec("/proc/self/exe", os.Args, append(os.Environ(), "GODEBUG=asyncpreemptoff=1"))
		fmt.Println(e)
	}
	runtime.GOMAXPROCS(16)
	debug.SetGCPercent(-1)
	runtime.LockOSThread()
	errors()
	handOver()
	timeouts()
	deadlock()
	died()
	robust()
	conditions()
	contention()
	if os.Getuid() == 0 {
		order()
		inversion()
	}
}

// What runs at real-time priority must not enter the Go scheduler, which an ordinary thread would have to bring it back from: no function
// between taking and releasing a lock may look for a request to give way.
//
//go:nosplit
func futex(word *uint32, op int, val uint32, timeout unsafe.Pointer, second *uint32, val3 uint32) (int, unix.Errno) {
	r, _, e := unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), uintptr(op), uintptr(val), uintptr(timeout), uintptr(unsafe.Pointer(second)), uintptr(val3))
	return int(r), e
}

//go:nosplit
func op(word *uint32, o int) unix.Errno {
	for {
		_, e := futex(word, o|private, 0, nil, nil, 0)
		if e != unix.EINTR {
			return e
		}
	}
}

// spin computes for a while.
//
//go:nosplit
func spin(ns int64) {
	var start, now unix.Timespec
	unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&start)), 0)
	for now = start; (now.Sec-start.Sec)*1e9+now.Nsec-start.Nsec < ns; {
		unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&now)), 0)
	}
}

func num(n int) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&n)) }

func show(what string, r int, e unix.Errno) {
	if e != 0 {
		r = -1
	}
	fmt.Println(what+":", r, raw.Name(e))
}

func tid() uint32 { return uint32(unix.Gettid()) }

// word shows a word relative to a thread's number.
func word(what string, w *uint32, owner uint32) {
	v := atomic.LoadUint32(w)
	fmt.Println(what+": mine", v&tidMask == owner, "free", v&tidMask == 0, "waiters", v&waiters != 0, "died", v&ownerDied != 0)
}

// thread runs f on a thread of its own, which ends with it.
func thread(f func()) (id int, done chan bool) {
	c := make(chan int)
	done = make(chan bool, 1)
	go func() {
		runtime.LockOSThread()
		c <- unix.Gettid()
		f()
		done <- true
	}()
	return <-c, done
}

// asleep waits until a thread sleeps for good.
func asleep(id int) {
	for seen := 0; seen < 8; {
		b, e := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", id))
		if e != nil {
			time.Sleep(150 * time.Millisecond)
			return
		}
		at := bytes.LastIndexByte(b, ')')
		if seen++; b[at+2] != 'S' {
			seen = 0
		}
		time.Sleep(time.Millisecond)
	}
}

func gone(id int) {
	for unix.Tgkill(unix.Getpid(), id, 0) == nil {
		time.Sleep(time.Millisecond)
	}
}

func errors() {
	var w, v uint32
	ro, _ := unix.Mmap(-1, 0, 4096, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANON)
	bad := (*uint32)(num(8))
	odd := (*uint32)(unsafe.Add(unsafe.Pointer(&w), 1))
	past := unix.Timespec{Sec: 1}
	for _, o := range []int{lockPI, lockPI2, trylockPI, unlockPI} {
		call := func(what string, p *uint32, o int, t *unix.Timespec) {
			r, e := futex(p, o, 0, unsafe.Pointer(t), nil, 0)
			show(fmt.Sprint(what, " ", o&^private), r, e)
		}
		call("unmapped", bad, o, nil)
		call("odd", odd, o|private, nil)
		call("read-only", (*uint32)(unsafe.Pointer(&ro[0])), o|private, nil)
		call("realtime", &w, o|private|realtime, nil)
		atomic.StoreUint32(&w, 1<<29)
		call("owner nobody", &w, o|private, nil)
		atomic.StoreUint32(&w, tid())
		call("owner oneself", &w, o|private, nil)
		atomic.StoreUint32(&w, 0)
		call("free", &w, o|private, nil)
		word("then", &w, tid())
		atomic.StoreUint32(&w, ownerDied)
		call("owner died", &w, o|private, &past)
		word("then", &w, tid())
		atomic.StoreUint32(&w, 0)
	}
	r, e := futex(&w, lockPI|private, 0, unsafe.Pointer(&unix.Timespec{Nsec: -1}), nil, 0)
	show("bad time", r, e)
	r, e = futex(&w, cmpRequeuePI|private, 2, num(1), &v, 0)
	show("cmp_requeue_pi 2", r, e)
	r, e = futex(&w, cmpRequeuePI|private, 1, num(1), &w, 0)
	show("cmp_requeue_pi to itself", r, e)
	r, e = futex(&w, cmpRequeuePI|private, 1, num(1), &v, 7)
	show("cmp_requeue_pi wrong", r, e)
	r, e = futex(&w, cmpRequeuePI|private, 1, num(1), &v, 0)
	show("cmp_requeue_pi nobody", r, e)
	r, e = futex(&w, waitRequeuePI|private, 1, nil, &v, 0)
	show("wait_requeue_pi wrong", r, e)
	r, e = futex(&w, waitRequeuePI|private, 0, nil, &w, 0)
	show("wait_requeue_pi itself", r, e)
	r, e = futex(&w, waitRequeuePI|private, 0, unsafe.Pointer(&past), &v, 0)
	show("wait_requeue_pi past", r, e)
}

func handOver() {
	var w uint32
	show("lock", 0, op(&w, lockPI))
	var other uint32
	var waited, unlocked unix.Errno
	var then, me uint32
	id, done := thread(func() {
		me = tid()
		waited = op(&w, lockPI)
		then = atomic.LoadUint32(&w)
		unlocked = op(&w, unlockPI)
	})
	asleep(id)
	word("locked", &w, tid())
	r, e := futex(&w, wake|private, 1, nil, nil, 0)
	show("wake", r, e)
	r, e = futex(&w, requeue|private, 1, num(1), &other, 0)
	show("requeue", r, e)
	_, d := thread(func() {
		show("trylock", 0, op(&w, trylockPI))
		show("unlock of another's", 0, op(&w, unlockPI))
	})
	<-d
	show("unlock", 0, op(&w, unlockPI))
	<-done
	fmt.Println("waited", raw.Name(waited), raw.Name(unlocked))
	word("owner", &then, me)
	word("free", &w, 0)
	// a plain waiter on the word
	atomic.StoreUint32(&w, tid())
	id, done = thread(func() { futex(&w, wait|private, tidMask&atomic.LoadUint32(&w), nil, nil, 0) })
	asleep(id)
	show("unlock with a plain waiter", 0, op(&w, unlockPI))
	atomic.StoreUint32(&w, 0)
	futex(&w, wake|private, 1, nil, nil, 0)
	<-done
}

func timeouts() {
	var w uint32
	op(&w, lockPI)
	_, done := thread(func() {
		for _, o := range []int{lockPI, lockPI2, lockPI2 | realtime} {
			clock := int32(unix.CLOCK_REALTIME)
			if o == lockPI2 {
				clock = unix.CLOCK_MONOTONIC
			}
			var now unix.Timespec
			unix.ClockGettime(clock, &now)
			limit := unix.NsecToTimespec(now.Nano() + 3e6)
			r, e := futex(&w, o|private, 0, unsafe.Pointer(&limit), nil, 0)
			unix.ClockGettime(clock, &now)
			show("time", r, e)
			fmt.Println(now.Nano() >= limit.Nano())
		}
	})
	<-done
	word("after", &w, tid())
	show("unlock", 0, op(&w, unlockPI))
	word("free", &w, 0)
}

// deadlock: three threads, each with a lock, the last one closes the circle.
func deadlock() {
	w := new([3]uint32)
	locked, done := make(chan bool), make(chan bool)
	var next [3]chan bool
	for i := range 3 {
		next[i] = make(chan bool)
		go func() {
			runtime.LockOSThread()
			op(&w[i], lockPI)
			locked <- true
			<-next[i]
			e := op(&w[(i+1)%3], lockPI)
			if i == 2 {
				show("circle", 0, e)
			} else {
				if e != 0 {
					show("circle", i, e)
				}
				op(&w[(i+1)%3], unlockPI)
			}
			op(&w[i], unlockPI)
			done <- true
		}()
	}
	for range 3 {
		<-locked
	}
	for i := range 2 {
		next[i] <- true
		for atomic.LoadUint32(&w[i+1])&waiters == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	time.Sleep(10 * time.Millisecond)
	next[2] <- true
	for range 3 {
		<-done
	}
	for i := range w {
		word("free", &w[i], 0)
	}
}

// died: the owner ends without a robust list, one waiter after the other gets the lock.
func died() {
	w := new(uint32)
	locked, end := make(chan bool), make(chan bool)
	owner, _ := thread(func() {
		op(w, lockPI)
		locked <- true
		<-end
	})
	<-locked
	var done [2]chan bool
	var heirs [2]struct {
		tid, word    uint32
		lock, unlock unix.Errno
	}
	for i := range done {
		var id int
		id, done[i] = thread(func() {
			h := &heirs[i]
			h.tid = tid()
			h.lock = op(w, lockPI)
			h.word = atomic.LoadUint32(w)
			h.unlock = op(w, unlockPI)
		})
		asleep(id)
	}
	end <- true
	gone(owner)
	for i := range heirs {
		<-done[i]
		h := &heirs[i]
		fmt.Println("heir", raw.Name(h.lock), raw.Name(h.unlock))
		word("heir", &h.word, h.tid)
	}
	word("end", w, 0)
	// nobody waits: the number remains
	atomic.StoreUint32(w, uint32(owner))
	show("lock of the dead", 0, op(w, lockPI))
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

func robust() {
	mem, _ := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	h := (*robustHead)(unsafe.Pointer(&mem[0]))
	l := (*robustLock)(unsafe.Pointer(&mem[64]))
	base := uintptr(unsafe.Pointer(h))
	locked, end := make(chan bool), make(chan bool)
	owner, _ := thread(func() {
		op(&l.word, lockPI)
		*h = robustHead{uintptr(unsafe.Pointer(l)) | 1, 8, 0}
		l.next = base
		unix.RawSyscall(unix.SYS_SET_ROBUST_LIST, base, 24, 0)
		locked <- true
		<-end
	})
	<-locked
	id, done := thread(func() {
		show("robust heir", 0, op(&l.word, lockPI))
		word("robust heir", &l.word, tid())
		show("unlock", 0, op(&l.word, unlockPI))
	})
	asleep(id)
	end <- true
	gone(owner)
	<-done
	word("end", &l.word, 0)
}

// conditions: threads wait for a word and wake as owners of the lock.
func conditions() {
	w := new([2]uint32)
	cond, lock := &w[0], &w[1]
	for _, held := range []bool{false, true} {
		if held {
			op(lock, lockPI)
		}
		done := make(chan string, 3)
		for range 3 {
			id, _ := thread(func() {
				r, e := futex(cond, waitRequeuePI|private, 0, nil, lock, 0)
				mine := atomic.LoadUint32(lock)&tidMask == tid()
				done <- fmt.Sprint(r, " ", raw.Name(e), " ", mine, " ", raw.Name(op(lock, unlockPI)))
			})
			asleep(id)
		}
		r, e := futex(cond, wake|private, 1, nil, nil, 0)
		show("wake", r, e)
		r, e = futex(cond, requeue|private, 1, num(1), lock, 0)
		show("requeue", r, e)
		r, e = futex(cond, cmpRequeuePI|private, 1, num(1), cond, 0)
		show("to itself", r, e)
		r, e = futex(cond, cmpRequeuePI|private, 1, num(0), lock, 0)
		show("one", r, e)
		r, e = futex(cond, cmpRequeuePI|private, 1, num(9), lock, 0)
		show("rest", r, e)
		if held {
			show("unlock", 0, op(lock, unlockPI))
		}
		for range 3 {
			fmt.Println("signalled", <-done)
		}
		word("free", lock, 0)
	}
}

// contention: a counter under the lock, with the fast path in user mode.
func contention() {
	w := new(uint32)
	n := 0
	done := make(chan bool)
	const threads, rounds = 6, 300
	for range threads {
		go func() {
			runtime.LockOSThread()
			me := tid()
			for range rounds {
				if !atomic.CompareAndSwapUint32(w, 0, me) {
					if e := op(w, lockPI); e != 0 {
						fmt.Println("lock", raw.Name(e))
					}
				}
				n++
				if !atomic.CompareAndSwapUint32(w, me, 0) {
					if e := op(w, unlockPI); e != 0 {
						fmt.Println("unlock", raw.Name(e))
					}
				}
			}
			done <- true
		}()
	}
	for range threads {
		<-done
	}
	fmt.Println("count", n == threads*rounds)
	word("free", w, 0)
}

func oneCPU() {
	var m [16]uint64
	unix.SchedGetaffinity(0, (*unix.CPUSet)(unsafe.Pointer(&m)))
	first := [16]uint64{m[0] & -m[0]}
	unix.RawSyscall(unix.SYS_SCHED_SETAFFINITY, 0, 128, uintptr(unsafe.Pointer(&first)))
}

func priority(p int32) {
	policy := uintptr(1) // SCHED_FIFO
	if p == 0 {
		policy = 0
	}
	if _, _, e := unix.RawSyscall(unix.SYS_SCHED_SETSCHEDULER, 0, policy, uintptr(unsafe.Pointer(&p))); e != 0 {
		fmt.Println("priority", raw.Name(e))
	}
}

// order: waiters get the lock by priority, not in the order of arrival.
func order() {
	w := new(uint32)
	op(w, lockPI)
	got := make(chan int32, 4)
	for _, p := range []int32{10, 30, 20, 40} {
		id, _ := thread(func() {
			priority(p)
			op(w, lockPI)
			got <- p
			op(w, unlockPI)
			priority(0)
		})
		asleep(id)
	}
	op(w, unlockPI)
	fmt.Println("by priority", <-got, <-got, <-got, <-got)
}

// inversion: low has the lock, high waits for it, middle computes. All are on one CPU. Only if low inherits high's priority does it
// release the lock before middle is through.
func inversion() {
	for _, chain := range []bool{false, true} {
		lock, second := new(uint32), new(uint32)
		var stage, middleDone, highFirst atomic.Int32
		_, low := thread(func() {
			oneCPU()
			priority(10)
			op(lock, lockPI)
			stage.Store(1)
			for stage.Load() < 2 {
				unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&unix.Timespec{Nsec: 1e6})), 0, 0)
			}
			spin(5e6) // in the critical section
			op(lock, unlockPI)
			priority(0)
		})
		for stage.Load() < 1 {
			time.Sleep(time.Millisecond)
		}
		var between chan bool
		if chain {
			var id int
			id, between = thread(func() { // owns the second lock, waits for the first
				oneCPU()
				priority(15)
				op(second, lockPI)
				op(lock, lockPI)
				op(lock, unlockPI)
				op(second, unlockPI)
				priority(0)
			})
			asleep(id)
		}
		id, high := thread(func() {
			oneCPU()
			priority(30)
			want := lock
			if chain {
				want = second
			}
			op(want, lockPI)
			if middleDone.Load() == 0 {
				highFirst.Store(1)
			}
			op(want, unlockPI)
			priority(0)
		})
		asleep(id)
		_, middle := thread(func() {
			oneCPU()
			priority(20)
			stage.Store(2)
			spin(60e6)
			middleDone.Store(1)
			priority(0)
		})
		<-high
		<-middle
		<-low
		if chain {
			<-between
		}
		fmt.Println("inversion avoided", highFirst.Load() == 1)
	}
}
