package sched

import (
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/lock"
)

// spawn runs n joined threads of fn(i) and waits for them, failing the test rather than hanging it.
func spawn(t *testing.T, n int, fn func(i int)) {
	t.Helper()
	var ts []*Thread
	for i := range n {
		th, err := Create("test", func(unsafe.Pointer) { fn(i) }, nil)
		if err != errno.OK {
			t.Fatal(err)
		}
		th.Start()
		ts = append(ts, th)
	}
	done := make(chan struct{})
	go func() {
		for _, th := range ts {
			th.Join()
		}
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("threads hang: a wake-up was lost")
	}
}

func TestMutexCounts(t *testing.T) {
	var m Mutex
	n := 0
	spawn(t, 8, func(int) {
		for range 2000 {
			m.Lock()
			n++
			m.Unlock()
		}
	})
	if n != 16000 || m.Locked() {
		t.Fatalf("count %d, locked %v", n, m.Locked())
	}
}

func TestMutexTryAndInterrupt(t *testing.T) {
	var m Mutex
	m.Lock()
	if m.TryLock() {
		t.Fatal("TryLock of a held lock")
	}
	var signalled atomic.Pointer[Thread]
	SignalPending = func(th *Thread) bool { return signalled.Load() == th }
	defer func() { SignalPending = nil }()
	var th atomic.Pointer[Thread]
	go func() {
		for th.Load() == nil || th.Load().State() != Interruptible {
			time.Sleep(time.Millisecond)
		}
		signalled.Store(th.Load())
		Interrupt(th.Load(), Interruptible)
	}()
	spawn(t, 1, func(int) {
		th.Store(Current())
		if err := m.LockInterruptible(); err != errno.EINTR {
			t.Errorf("LockInterruptible = %v", err)
		}
	})
	m.Unlock()
	if !m.TryLock() {
		t.Fatal("the interrupted waiter left a mark")
	}
	m.Unlock()
	if m.owner.Load() != 0 {
		t.Fatalf("owner word %#x", m.owner.Load())
	}
}

func TestRWMutex(t *testing.T) {
	var l RWMutex
	var readers, writers atomic.Int32
	var most atomic.Int32
	value := 0
	spawn(t, 10, func(i int) {
		for range 500 {
			if i < 3 {
				l.Lock()
				if writers.Add(1) != 1 || readers.Load() != 0 {
					t.Error("writer is not alone")
				}
				value++
				writers.Add(-1)
				if i == 2 {
					readers.Add(1)
					l.Downgrade()
					if writers.Load() != 0 {
						t.Error("writer beside a downgraded lock")
					}
					readers.Add(-1)
					l.RUnlock()
				} else {
					l.Unlock()
				}
			} else {
				l.RLock()
				n := readers.Add(1)
				if n > most.Load() {
					most.Store(n)
				}
				if writers.Load() != 0 {
					t.Error("reader beside a writer")
				}
				_ = value
				readers.Add(-1)
				l.RUnlock()
			}
		}
	})
	if value != 1500 || l.Locked() || l.state.Load() != 0 {
		t.Fatalf("value %d, state %#x", value, l.state.Load())
	}
}

func TestRWMutexWriterNotStarved(t *testing.T) {
	var l RWMutex
	l.RLock()
	got := make(chan struct{})
	go func() { l.Lock(); close(got); l.Unlock() }()
	for l.state.Load()&rwWaiters == 0 {
		time.Sleep(time.Millisecond)
	}
	if l.TryRLock() {
		t.Fatal("a reader passed a waiting writer")
	}
	l.RUnlock()
	<-got
}

// TestWaitQueueNoLostWakeup is a bounded buffer of one slot: each lost wake-up hangs it.
func TestWaitQueueNoLostWakeup(t *testing.T) {
	const items, pairs = 2000, 4
	var guard lock.Spin
	var q WaitQueue
	full := false
	sum := 0
	try := func(want bool, then func()) func() bool {
		return func() bool {
			guard.Lock()
			defer guard.Unlock()
			if full != want {
				return false
			}
			full = !full
			then()
			return true
		}
	}
	spawn(t, 2*pairs, func(i int) {
		for n := range items / pairs {
			if i%2 == 0 {
				q.Wait(try(false, func() {}))
			} else {
				q.Wait(try(true, func() { sum += n }))
			}
			q.WakeAll()
		}
	})
	if want := pairs * (items / pairs) * (items/pairs - 1) / 2; sum != want {
		t.Fatalf("sum %d, want %d", sum, want)
	}
}

// TestWakeOneIsPassedOn has tokens taken by WakeOne waiters of which some give up by time-out at any moment: a
// wake-up spent on a quitter must reach another.
func TestWakeOneIsPassedOn(t *testing.T) {
	var q WaitQueue
	var tokens, taken atomic.Int32
	take := func() bool {
		for {
			n := tokens.Load()
			if n == 0 {
				return false
			}
			if tokens.CompareAndSwap(n, n-1) {
				taken.Add(1)
				return true
			}
		}
	}
	const total = 3000
	spawn(t, 7, func(i int) {
		switch {
		case i == 0:
			for range total {
				tokens.Add(1)
				q.WakeOne()
			}
		case i < 4:
			for taken.Load() < total-10 {
				if err := q.WaitTimeout(take, 20_000, false); err != errno.OK && err != errno.ETIMEDOUT {
					t.Error(err)
				}
			}
		default:
			for taken.Load() < total-10 {
				q.WaitTimeout(take, 50_000_000, false)
			}
		}
	})
}

func TestWaitTimeout(t *testing.T) {
	var q WaitQueue
	never := func() bool { return false }
	start := now()
	if err := q.WaitTimeout(never, 20_000_000, false); err != errno.ETIMEDOUT {
		t.Fatalf("err %v", err)
	}
	if d := now() - start; d < 20_000_000 {
		t.Fatalf("woke after %d ns", d)
	}
	if err := q.WaitTimeout(never, 0, false); err != errno.ETIMEDOUT {
		t.Fatalf("zero time-out: %v", err)
	}
	if q.Active() {
		t.Fatal("left in the queue")
	}
	start = now()
	Sleep(5_000_000)
	if d := now() - start; d < 5_000_000 {
		t.Fatalf("slept %d ns", d)
	}
}

func TestWaitInterruptible(t *testing.T) {
	var q WaitQueue
	var pending atomic.Pointer[Thread]
	SignalPending = func(th *Thread) bool { return pending.Load() == th }
	defer func() { SignalPending = nil }()
	never := func() bool { return false }
	spawn(t, 1, func(int) {
		me := Current()
		go func() {
			for me.State() != Interruptible {
				time.Sleep(time.Millisecond)
			}
			if Interrupt(me, Killable) {
				t.Error("a fatal-only wake-up woke an interruptible sleep")
			}
			pending.Store(me)
			Interrupt(me, Interruptible)
		}()
		if err := q.WaitInterruptible(never); err != errno.EINTR {
			t.Errorf("err %v", err)
		}
		left, err := SleepInterruptible(1_000_000_000)
		if err != errno.EINTR || left <= 0 {
			t.Errorf("SleepInterruptible: %v, %d left", err, left)
		}
		if err := q.WaitInterruptible(func() bool { return true }); err != errno.OK {
			t.Errorf("true condition with a signal pending: %v", err)
		}
	})
}

func TestWaiterCallback(t *testing.T) {
	var q, inner WaitQueue
	inner.InitRank(lock.RankWaitQueueInner)
	var calls atomic.Int32
	w := Waiter{Func: func(w *Waiter) {
		(*atomic.Int32)(w.Arg).Add(1)
		inner.WakeAll()
	}, Arg: unsafe.Pointer(&calls)}
	q.Add(&w)
	go func() { time.Sleep(2 * time.Millisecond); q.WakeOne() }()
	inner.Wait(func() bool { return calls.Load() > 0 })
	q.Remove(&w)
	q.Remove(&w) // harmless
	n := calls.Load()
	q.WakeAll()
	if calls.Load() != n || q.Active() {
		t.Fatal("callback after Remove")
	}
}

func TestSemaphore(t *testing.T) {
	var s Semaphore
	s.Init(3)
	var inside atomic.Int32
	spawn(t, 12, func(int) {
		for range 300 {
			s.Down()
			if inside.Add(1) > 3 {
				t.Error("more than 3 inside")
			}
			inside.Add(-1)
			s.Up()
		}
	})
	if s.Count() != 3 {
		t.Fatalf("count %d", s.Count())
	}
	for range 3 {
		if !s.TryDown() {
			t.Fatal("TryDown")
		}
	}
	if err := s.DownTimeout(2_000_000, false); err != errno.ETIMEDOUT || s.TryDown() {
		t.Fatalf("DownTimeout %v", err)
	}
}

func TestCond(t *testing.T) {
	var m Mutex
	var c Cond
	queue, got := 0, 0
	spawn(t, 6, func(i int) {
		for range 400 {
			m.Lock()
			if i%2 == 0 {
				queue++
				c.Signal()
			} else {
				for queue == 0 {
					c.Wait(&m)
				}
				queue--
				got++
			}
			m.Unlock()
		}
	})
	if got != 1200 || queue != 0 {
		t.Fatalf("got %d, left %d", got, queue)
	}
	m.Lock()
	if err := c.WaitTimeout(&m, 1_000_000, false); err != errno.ETIMEDOUT || !m.Locked() {
		t.Fatalf("WaitTimeout %v, locked %v", err, m.Locked())
	}
	m.Unlock()
}

func TestCompletion(t *testing.T) {
	var c Completion
	spawn(t, 2, func(i int) {
		for range 1000 {
			if i == 0 {
				c.Done()
			} else {
				c.Wait()
			}
		}
	})
	if c.TryWait() {
		t.Fatal("an announcement too many")
	}
	if err := c.WaitTimeout(1_000_000); err != errno.ETIMEDOUT {
		t.Fatal(err)
	}
	go c.DoneAll()
	spawn(t, 5, func(int) { c.Wait() })
	c.Reset()
	if c.TryWait() {
		t.Fatal("Reset")
	}
}

func TestBarrier(t *testing.T) {
	var b Barrier
	b.Init(5)
	var rounds [50]atomic.Int32
	var last atomic.Int32
	spawn(t, 5, func(int) {
		for i := range rounds {
			rounds[i].Add(1)
			if b.Wait() {
				last.Add(1)
			}
			if rounds[i].Load() != 5 {
				t.Error("passed the barrier before all had come")
			}
		}
	})
	if last.Load() != 50 {
		t.Fatalf("%d last ones", last.Load())
	}
}

func TestThreads(t *testing.T) {
	before := NumThreads()
	th, _ := Create("worker-with-a-long-name", func(unsafe.Pointer) { Exit(); t.Error("after Exit") }, nil)
	if th.State() != New {
		t.Fatalf("state %v", th.State())
	}
	th.SetName("worker-with-a-long-name")
	var name [NameLen]byte
	if n := th.Name(name[:]); string(name[:n]) != "worker-with-a-l" {
		t.Fatalf("name %q", name[:n])
	}
	th.SetNice(99)
	if th.Nice() != 19 || th.SetAffinity(0) != errno.EINVAL {
		t.Fatal("nice or affinity")
	}
	th.Start()
	th.Join()
	if n := NumThreads(); n != before {
		t.Fatalf("%d threads, %d before", n, before)
	}
	th, _ = Create("never", func(unsafe.Pointer) {}, nil)
	th.Abandon()
	if NumThreads() != before {
		t.Fatal("Abandon leaks")
	}
}

func TestWork(t *testing.T) {
	var runs, concurrent atomic.Int32
	w := Work{Func: func(*Work) {
		if concurrent.Add(1) > 1 {
			t.Error("one item twice at once")
		}
		runs.Add(1)
		time.Sleep(100 * time.Microsecond)
		concurrent.Add(-1)
	}}
	queued := int32(0)
	for range 200 {
		if QueueWork(&w) {
			queued++
		}
		time.Sleep(20 * time.Microsecond)
	}
	FlushWork(&w)
	if runs.Load() != queued || queued == 0 {
		t.Fatalf("%d queued, %d run", queued, runs.Load())
	}
	var d DelayedWork
	var done Completion
	d.Func = func(*Work) { done.Done() }
	start := now()
	QueueDelayedWork(&d, 3_000_000)
	done.Wait()
	if now()-start < 3_000_000 {
		t.Fatal("too early")
	}
	QueueDelayedWork(&d, 1_000_000_000_000)
	CancelDelayedWork(&d)
	if done.TryWait() {
		t.Fatal("cancelled work ran")
	}
}

func TestDPC(t *testing.T) {
	var done Completion
	d := DPC{Func: func(d *DPC) { (*Completion)(d.Arg).Done() }, Arg: unsafe.Pointer(&done)}
	for range 100 {
		if !QueueDPC(&d) {
			t.Fatal("still queued after it ran")
		}
		done.Wait()
	}
}
