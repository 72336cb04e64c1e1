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

func init() {
	ktest.Register("sched/threads", testThreads)
	ktest.Register("sched/switch", testSwitch)
	ktest.Register("sched/yield", testYield)
	ktest.Register("sched/preemption", testPreemption)
	ktest.Register("sched/affinity", testAffinity)
	ktest.Register("sched/all-cpus", testAllCPUs)
	ktest.Register("sched/sleep", testSleep)
	ktest.Register("sched/wait-queue", testWaitQueue)
	ktest.Register("sched/wait-timeout", testWaitTimeout)
	ktest.Register("sched/wake-one", testWakeOne)
	ktest.Register("sched/mutex", testMutex)
	ktest.Register("sched/rwmutex", testRWMutex)
	ktest.Register("sched/semaphore", testSemaphore)
	ktest.Register("sched/semaphore-timeout", testSemaphoreTimeout)
	ktest.Register("sched/cond", testCond)
	ktest.Register("sched/completion", testCompletion)
	ktest.Register("sched/barrier", testBarrier)
	ktest.Register("sched/work", testWork)
	ktest.Register("sched/delayed-work", testDelayedWork)
	ktest.Register("sched/dpc", testDPC)
	ktest.Register("sched/accounting", testAccounting)
	ktest.Register("time/monotonic", testMonotonic)
	ktest.Register("time/timer", testTimer)
	ktest.Register("time/timer-order", testTimerOrder)
	ktest.Register("time/timer-stop", testTimerStop)
}

func bump(unsafe.Pointer) { count.Add(1) }

func testThreads(t *ktest.T) {
	for range 5 {
		together(t, crewMax, bump)
		t.Equal(uint64(count.Load()), crewMax, "threads that ran")
	}
}

// turn is whose turn it is in testSwitch; gate is where the other one waits.
var (
	turn atomic.Int32
	gate sched.WaitQueue
)

const switches = 500

func testSwitch(t *ktest.T) {
	turn.Store(0)
	together(t, 2, pingPong)
	t.Equal(uint64(count.Load()), 2*switches, "turns taken")
}

func pingPong(arg unsafe.Pointer) {
	me := int32((*worker)(arg).id)
	for range switches {
		gate.Wait(func() bool { return turn.Load() == me })
		count.Add(1)
		turn.Store(1 - me)
		gate.WakeAll()
	}
}

func testYield(t *ktest.T) {
	together(t, crewMax, yielder)
	t.Equal(uint64(count.Load()), crewMax*50, "turns taken")
}

func yielder(unsafe.Pointer) {
	for range 50 {
		count.Add(1)
		sched.Yield()
	}
}

// flagged ends the loops of spinning threads.
var flagged atomic.Uint32

func spin(unsafe.Pointer) {
	for flagged.Load() == 0 {
		count.Add(1)
	}
}

// testPreemption lets a thread that never sleeps share its CPU with one that must end it.
func testPreemption(t *ktest.T) {
	flagged.Store(0)
	spinner, e := sched.Create("ktest", spin, nil)
	if !t.OK(e, "creating a thread") {
		return
	}
	ender, e := sched.Create("ktest", endSpin, nil)
	if !t.OK(e, "creating a thread") {
		spinner.Abandon()
		return
	}
	spinner.SetAffinity(1)
	ender.SetAffinity(1)
	spinner.Start()
	ender.Start()
	spinner.Join()
	ender.Join()
	t.Check(flagged.Load() == 1, "the spinning thread was not ended")
}

func endSpin(unsafe.Pointer) {
	for i := 0; i < 1000; i++ {
		arch.Pause()
	}
	flagged.Store(1)
}

var badCPU atomic.Int32

func testAffinity(t *ktest.T) {
	badCPU.Store(0)
	together(t, crewMax, checkCPU)
	t.Equal(uint64(badCPU.Load()), 0, "times a thread ran on a CPU that its affinity forbids")
	t.Equal(uint64(count.Load()), crewMax, "threads that ran")
	me := sched.Current()
	old := me.Affinity()
	for cpu := range arch.NumCPU() {
		t.OK(me.SetAffinity(1<<uint(cpu)), "SetAffinity")
		t.Equal(uint64(arch.CPUID()), uint64(cpu), "the CPU after moving")
	}
	t.Check(me.SetAffinity(0) == errno.EINVAL, "an empty affinity")
	me.SetAffinity(old)
}

func checkCPU(arg unsafe.Pointer) {
	w := (*worker)(arg)
	for range 50 {
		if arch.CPUID() != w.id%arch.NumCPU() {
			badCPU.Add(1)
		}
		sched.Yield()
	}
	count.Add(1)
}

var seen atomic.Uint64

// testAllCPUs checks that threads without affinity spread over all CPUs.
func testAllCPUs(t *ktest.T) {
	seen.Store(0)
	flagged.Store(0)
	var th [crewMax]*sched.Thread
	for i := range th {
		th[i] = start(t, markCPU, nil)
	}
	all := uint64(1)<<uint(arch.NumCPU()) - 1
	t.Check(soon(func() bool { return seen.Load()&all == all || arch.NumCPU() > crewMax }), "some CPU got no thread")
	flagged.Store(1)
	for _, x := range th {
		if x != nil {
			x.Join()
		}
	}
}

func markCPU(unsafe.Pointer) {
	for flagged.Load() == 0 {
		seen.Or(1 << uint(arch.CPUID()))
	}
}

func testSleep(t *ktest.T) {
	for _, ns := range [...]int64{0, 50_000, 1_000_000, 20_000_000} {
		at := time.Now()
		sched.Sleep(ns)
		d := int64(time.Now() - at)
		t.Check(d >= ns, "woke too early")
		t.Check(d < ns+500_000_000, "woke far too late")
	}
}

func testWaitQueue(t *ktest.T) {
	turn.Store(0)
	th := start(t, sleepOnGate, nil)
	if th == nil {
		return
	}
	t.Check(soon(gate.Active), "the thread does not wait")
	gate.WakeAll() // for nothing: the condition does not hold
	sched.Sleep(2e6)
	t.Check(gate.Active(), "a wake-up without the condition ended the wait")
	turn.Store(7)
	gate.WakeAll()
	th.Join()
	t.Check(!gate.Active(), "somebody still waits")
}

func sleepOnGate(unsafe.Pointer) { gate.Wait(func() bool { return turn.Load() == 7 }) }

func testWaitTimeout(t *ktest.T) {
	at := time.Now()
	e := gate.WaitTimeout(func() bool { return false }, 10e6, false)
	t.Check(e == errno.ETIMEDOUT, "no timeout")
	t.Check(time.Now()-at >= 10e6, "too early")
	t.OK(gate.WaitTimeout(func() bool { return true }, 10e6, false), "a condition that holds")
}

var semaphore sched.Semaphore

func testWakeOne(t *ktest.T) {
	semaphore.Init(0)
	count.Store(0)
	var th [4]*sched.Thread
	for i := range th {
		th[i] = start(t, downOnce, nil)
	}
	for i := range th {
		sched.Sleep(2e6)
		t.Equal(uint64(count.Load()), uint64(i), "threads let through")
		semaphore.Up()
		t.Check(soon(func() bool { return count.Load() == int64(i+1) }), "nobody was woken")
	}
	for _, x := range th {
		if x != nil {
			x.Join()
		}
	}
}

func downOnce(unsafe.Pointer) {
	semaphore.Down()
	count.Add(1)
}

var (
	mutex   sched.Mutex
	rwmutex sched.RWMutex
	cond    sched.Cond
	done    sched.Completion
	barrier sched.Barrier
)

const locks = 300

func testMutex(t *ktest.T) {
	together(t, crewMax, lockMutex)
	t.Equal(uint64(plain), crewMax*locks, "what was counted under the mutex")
	t.Check(mutex.TryLock() && !mutex.TryLock(), "TryLock")
	mutex.Unlock()
}

func lockMutex(unsafe.Pointer) {
	for i := range locks {
		mutex.Lock()
		n := plain
		if i%16 == 0 {
			sched.Yield()
		}
		plain = n + 1
		mutex.Unlock()
	}
}

func testRWMutex(t *ktest.T) {
	badCPU.Store(0)
	together(t, crewMax, lockRWMutex)
	t.Equal(uint64(plain), crewMax/2*locks, "what was counted under the lock")
	t.Equal(uint64(badCPU.Load()), 0, "times a reader saw a writer's work half done")
}

func lockRWMutex(arg unsafe.Pointer) {
	w := (*worker)(arg)
	for range locks {
		if w.id%2 == 0 {
			rwmutex.Lock()
			plain++
			rwmutex.Unlock()
			continue
		}
		rwmutex.RLock()
		n := plain
		arch.Pause()
		if n != plain {
			badCPU.Add(1)
		}
		rwmutex.RUnlock()
	}
}

var inside, most atomic.Int32

func testSemaphore(t *ktest.T) {
	semaphore.Init(3)
	inside.Store(0)
	most.Store(0)
	together(t, crewMax, enter)
	t.Check(most.Load() <= 3, "more threads inside than the semaphore lets in")
	t.Equal(uint64(semaphore.Count()), 3, "the count in the end")
}

func enter(unsafe.Pointer) {
	for range 50 {
		semaphore.Down()
		if n := inside.Add(1); n > most.Load() {
			most.Store(n)
		}
		sched.Yield()
		inside.Add(-1)
		semaphore.Up()
	}
}

func testSemaphoreTimeout(t *ktest.T) {
	semaphore.Init(1)
	t.Check(semaphore.TryDown() && !semaphore.TryDown(), "TryDown")
	t.Check(semaphore.DownTimeout(5e6, false) == errno.ETIMEDOUT, "no timeout")
	semaphore.Up()
	t.OK(semaphore.DownTimeout(5e6, false), "DownTimeout")
}

func testCond(t *ktest.T) {
	together(t, crewMax, takeTurns)
	t.Equal(uint64(plain), crewMax*20, "turns taken")
}

func takeTurns(arg unsafe.Pointer) {
	w := (*worker)(arg)
	for range 20 {
		mutex.Lock()
		for plain%crewMax != int64(w.id) {
			cond.Wait(&mutex)
		}
		plain++
		cond.Broadcast()
		mutex.Unlock()
	}
}

func testCompletion(t *ktest.T) {
	done.Reset()
	t.Check(done.WaitTimeout(3e6) == errno.ETIMEDOUT, "no timeout")
	th := start(t, complete, nil)
	done.Wait()
	if th != nil {
		th.Join()
	}
	t.Check(!done.TryWait(), "a completion can be waited for twice")
}

func complete(unsafe.Pointer) {
	sched.Sleep(1e6)
	done.Done()
}

func testBarrier(t *ktest.T) {
	barrier.Init(crewMax)
	badCPU.Store(0)
	together(t, crewMax, meet)
	t.Equal(uint64(badCPU.Load()), 0, "times a thread passed the barrier before all were there")
}

func meet(unsafe.Pointer) {
	for round := int64(1); round <= 20; round++ {
		count.Add(1)
		barrier.Wait()
		if count.Load() < round*crewMax {
			badCPU.Add(1)
		}
		barrier.Wait()
	}
}

var (
	work    [16]sched.Work
	delayed sched.DelayedWork
	late    atomic.Uint64
	dpc     sched.DPC
)

func workDone(*sched.Work) { count.Add(1) }

func testWork(t *ktest.T) {
	count.Store(0)
	for i := range work {
		work[i].Func = workDone
		t.Check(sched.QueueWork(&work[i]), "QueueWork")
	}
	for i := range work {
		sched.FlushWork(&work[i])
	}
	t.Equal(uint64(count.Load()), uint64(len(work)), "items done")
}

func workAt(*sched.Work) { late.Store(time.Now()) }

func testDelayedWork(t *ktest.T) {
	late.Store(0)
	delayed.Func = workAt
	at := time.Now()
	t.Check(sched.QueueDelayedWork(&delayed, 10e6), "QueueDelayedWork")
	t.Check(soon(func() bool { return late.Load() != 0 }), "not done")
	t.Check(late.Load() >= at+10e6, "too early")
	late.Store(0)
	sched.QueueDelayedWork(&delayed, 20e6)
	sched.CancelDelayedWork(&delayed)
	sched.Sleep(40e6)
	t.Equal(late.Load(), 0, "time of cancelled work")
}

func dpcRuns(*sched.DPC) {
	if arch.IRQEnabled() && arch.Current().Preempt > 0 {
		count.Add(1)
	}
}

func testDPC(t *ktest.T) {
	count.Store(0)
	dpc.Func = dpcRuns
	for i := range int64(10) {
		flags := arch.IRQDisable()
		t.Check(sched.QueueDPC(&dpc), "QueueDPC")
		t.Check(!sched.QueueDPC(&dpc), "queued twice")
		t.Equal(uint64(count.Load()), uint64(i), "calls while interrupts are off")
		arch.IRQRestore(flags)
		t.Check(soon(func() bool { return count.Load() == i+1 }), "not called with interrupts on and preemption off")
	}
}

func testAccounting(t *ktest.T) {
	me := sched.Current()
	a := me.Stats()
	for end := time.Now() + 20e6; time.Now() < end; {
	}
	b := me.Stats()
	t.Check(b.RunTime >= a.RunTime+1e6, "no CPU time was counted")
	t.Check(soon(func() bool { return sched.Current().Stats().Voluntary > b.Voluntary }), "no switch was counted")
}

func testMonotonic(t *ktest.T) {
	badCPU.Store(0)
	late.Store(0)
	together(t, crewMax, watchClock)
	t.Equal(uint64(badCPU.Load()), 0, "times the clock went back")
}

func watchClock(unsafe.Pointer) {
	last := time.Now()
	for range 2000 {
		now := time.Now()
		if now < last {
			badCPU.Add(1)
		}
		last = now
	}
}

var (
	timers [8]time.Timer
	order  [8]atomic.Uint64
)

func timerRuns(tm *time.Timer) {
	i := int(uintptr(unsafe.Pointer(tm))-uintptr(unsafe.Pointer(&timers[0]))) / int(unsafe.Sizeof(timers[0]))
	late.Store(time.Now())
	order[i].Store(uint64(count.Add(1)))
}

func testTimer(t *ktest.T) {
	count.Store(0)
	tm := &timers[0]
	tm.Func = timerRuns
	for _, ns := range [...]uint64{100_000, 3_000_000} {
		was := count.Load()
		due := time.Now() + ns
		tm.Start(due)
		t.Check(soon(func() bool { return count.Load() == was+1 }), "the timer did not run")
		t.Check(late.Load() >= due, "the timer ran too early")
	}
}

func testTimerOrder(t *ktest.T) {
	count.Store(0)
	me := sched.Current()
	old := me.Affinity()
	me.SetAffinity(1) // timers run on the CPU that starts them
	at := time.Now() + 2e6
	for i := range timers {
		timers[i].Func = timerRuns
		timers[i].Start(at + uint64(len(timers)-i)*1e6)
	}
	t.Check(soon(func() bool { return count.Load() == int64(len(timers)) }), "not all timers ran")
	me.SetAffinity(old)
	for i := range order {
		t.Equal(order[i].Load(), uint64(len(timers)-i), "place in the order of deadlines")
	}
}

func testTimerStop(t *ktest.T) {
	count.Store(0)
	tm := &timers[0]
	tm.Func = timerRuns
	tm.Start(time.Now() + 10e6)
	t.Check(tm.Pending() && tm.Stop() && !tm.Pending(), "stopping a pending timer")
	sched.Sleep(20e6)
	t.Equal(uint64(count.Load()), 0, "runs of a stopped timer")
	t.Check(!tm.Stop(), "stopping a timer that is not pending")
}
