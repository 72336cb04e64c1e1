//go:build galago && ktest

package suite

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/ktest"
	"galago/kernel/sched"
	"galago/kernel/time"
)

// Run runs the tests whose names contain the pattern and returns how many failed.
func Run(pattern string) (failed int) { return ktest.Run(pattern) }

const crewMax = 8

// worker is a member of a crew: several threads that run the same function, spread over the CPUs.
type worker struct {
	id     int
	thread *sched.Thread
}

var (
	crew  [crewMax]worker
	count atomic.Int64 // for what the workers count together
	plain int64        // the same, under the lock that is tested
)

// together runs fn in n threads and waits for all of them. fn gets its *worker.
func together(t *ktest.T, n int, fn func(w unsafe.Pointer)) {
	count.Store(0)
	plain = 0
	started := 0
	for i := range n {
		w := &crew[i]
		th, e := sched.Create("ktest", fn, unsafe.Pointer(w))
		if !t.OK(e, "creating a thread") {
			break
		}
		w.id, w.thread = i, th
		th.SetAffinity(1 << uint(i%arch.NumCPU()))
		started++
	}
	for i := range started {
		crew[i].thread.Start()
	}
	for i := range started {
		crew[i].thread.Join()
	}
}

// start runs fn(arg) in one thread; Join ends it. nil: the test has failed.
func start(t *ktest.T, fn func(unsafe.Pointer), arg unsafe.Pointer) *sched.Thread {
	th, e := sched.Create("ktest", fn, arg)
	if !t.OK(e, "creating a thread") {
		return nil
	}
	th.Start()
	return th
}

// soon waits up to two seconds for a condition.
func soon(cond func() bool) bool {
	for end := time.Now() + 2e9; time.Now() < end; sched.Sleep(1e6) {
		if cond() {
			return true
		}
	}
	return cond()
}

const ok = errno.OK
