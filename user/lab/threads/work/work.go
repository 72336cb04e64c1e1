//go:build galago_user

// Package work is one workload for all thread libraries: creation, yielding, hand-over by condition variable, a contended mutex, system
// calls that block, and threads that only preemption gets going.
package work

import (
	"galago/libc/sys"
	"galago/libc/thread"
)

// Figures are one library's results: nanoseconds per operation (Blocking: in all), and what must be the same on every run.
type Figures struct {
	Create, Yield, Handover, Mutex, Blocking int64
	Sum, Turns                               int
	Preempted                                bool
}

func clock() int64 {
	t := sys.ClockGettime(1)
	return t.Sec*1e9 + t.Nsec
}

// timed returns how long fn takes, divided by n.
func timed(n int, fn func()) int64 {
	start := clock()
	fn()
	return (clock() - start) / int64(n)
}

// Measure runs the whole workload on one library with procs kernel threads.
func Measure(l thread.Library, procs int) (f Figures, e sys.Errno) {
	e = thread.Run(l, procs, func() {
		f.Create = timed(creations, createAndJoin)
		f.Yield = timed(2*yields, yieldRing)
		f.Handover = timed(2*handovers, func() { f.Turns = pingPong() })
		f.Mutex = timed(counters*increments, func() { f.Sum = count() })
		f.Blocking = timed(1, block)
		f.Preempted = spin()
	})
	return f, e
}

const (
	creations  = 500
	yields     = 5000
	handovers  = 2000
	counters   = 4
	increments = 20000

	// Blockers threads make Calls blocking calls of CallTime nanoseconds each.
	Blockers = 8
	Calls    = 4
	CallTime = 10_000_000
)

func createAndJoin() {
	for range creations {
		thread.Join(thread.Go(func() {}))
	}
}

// together runs fn in n threads.
func together(n int, fn func(i int)) {
	list := make([]*thread.Thread, n)
	for i := range list {
		list[i] = thread.Go(func() { fn(i) })
	}
	for _, t := range list {
		thread.Join(t)
	}
}

func yieldRing() {
	together(2, func(int) {
		for range yields {
			thread.Yield()
		}
	})
}

// pingPong hands a ball to and fro with a condition variable and counts the turns.
func pingPong() (turns int) {
	var m thread.Mutex
	var moved thread.Cond
	ball := 0
	together(2, func(me int) {
		for range handovers {
			m.Lock()
			for ball != me {
				moved.Wait(&m)
			}
			ball = 1 - me
			turns++
			moved.Signal()
			m.Unlock()
		}
	})
	return turns
}

// count adds under a mutex; without it, the sum would be less.
func count() (sum int) {
	var m thread.Mutex
	together(counters, func(int) {
		for range increments {
			m.Lock()
			sum++
			m.Unlock()
		}
	})
	return sum
}

// block has threads make system calls that block.
func block() {
	together(Blockers, func(int) {
		for range Calls {
			sys.Nanosleep(sys.Timespec{Nsec: CallTime})
		}
	})
}

// spin has two threads wait for each other without yielding: only preemption (or two CPUs) gets them through.
func spin() bool {
	var flag [2]flagWord
	together(2, func(me int) {
		flag[me].set()
		for !flag[1-me].get() {
		}
	})
	return true
}
