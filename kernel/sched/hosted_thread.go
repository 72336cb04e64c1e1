//go:build !galago

package sched

import (
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
)

// Thread is a thread of control; hosted, a goroutine.
type Thread struct {
	arch.ThreadHeader
	ID   uint64         // serial number, never reused
	Proc unsafe.Pointer // the process floor's own structure; nil in a kernel thread

	Space unsafe.Pointer // its address space, of package vm; nil in a kernel thread

	// NoWait: files are to answer as if all were O_NONBLOCK. Set by the thread itself, for one attempt.
	NoWait bool

	// Charged is what the thread has caused. It counts itself.
	Charged Charges

	mu       sync.Mutex
	name     string
	nice     int
	affinity CPUMask
	state    atomic.Uint32
	wait     Waiter      // its entry in the queue it waits in
	timer    *time.Timer // ends a timed sleep
	fn       func(unsafe.Pointer)
	arg      unsafe.Pointer
	start    time.Time
	wakeup   chan struct{} // capacity 1: a wake-up that came
	exited   chan struct{} // closed at the end
}

var (
	threads sync.Map // goroutine id → *Thread
	all     sync.Map // *Thread → struct{}
	lastID  atomic.Uint64
)

func newThread(name string) *Thread {
	name = name[:min(len(name), NameLen-1)]
	t := &Thread{ID: lastID.Add(1), name: name, affinity: AllCPUs, start: time.Now(),
		wakeup: make(chan struct{}, 1), exited: make(chan struct{})}
	t.wait.thread = t
	all.Store(t, struct{}{})
	return t
}

// goid reads the goroutine's number out of its stack header ("goroutine 7 [running]:").
func goid() uint64 {
	var buf [64]byte
	n := runtime.Stack(buf[:], false)
	const prefix = len("goroutine ")
	end := prefix
	for end < n && buf[end] >= '0' && buf[end] <= '9' {
		end++
	}
	id, err := strconv.ParseUint(string(buf[prefix:end]), 10, 64)
	if err != nil {
		panic("sched: cannot read the goroutine number")
	}
	return id
}

// Current returns the running thread. A goroutine that Go did not start becomes a thread at its first call.
func Current() *Thread {
	id := goid()
	if t, ok := threads.Load(id); ok {
		return t.(*Thread)
	}
	t := newThread("goroutine")
	threads.Store(id, t)
	return t
}

// Create makes a thread that will run fn(arg) once Start is called. The caller owns a reference, to be given
// up with Join or Put.
func Create(name string, fn func(arg unsafe.Pointer), arg unsafe.Pointer) (*Thread, errno.Errno) {
	t := newThread(name)
	t.fn, t.arg = fn, arg
	t.state.Store(uint32(New))
	return t, errno.OK
}

// Start makes a created thread runnable.
func (t *Thread) Start() {
	t.state.Store(uint32(Running))
	go func() {
		id := goid()
		threads.Store(id, t)
		defer func() {
			threads.Delete(id)
			all.Delete(t)
			t.state.Store(uint32(Dead))
			close(t.exited)
		}()
		t.fn(t.arg)
	}()
}

// Go runs fn(arg) in a new thread that nobody joins. The result is valid as long as that thread lives.
func Go(name string, fn func(arg unsafe.Pointer), arg unsafe.Pointer) (*Thread, errno.Errno) {
	t, err := Create(name, fn, arg)
	if err == errno.OK {
		t.Start()
	}
	return t, err
}

// Exit ends the calling thread.
func Exit() { runtime.Goexit() }

// Join waits until the thread has ended and gives up the caller's reference.
func (t *Thread) Join() { <-t.exited }

// Get takes another reference to the thread structure.
func (t *Thread) Get() {}

// Put gives up a reference without waiting.
func (t *Thread) Put() {}

// Abandon frees a thread that was created but never started.
func (t *Thread) Abandon() { all.Delete(t) }

// Name copies the thread's name to buf and returns its length.
func (t *Thread) Name(buf []byte) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return copy(buf, t.name)
}

// SetName sets the name, cut to NameLen−1 bytes.
func (t *Thread) SetName(name string) {
	t.mu.Lock()
	t.name = name[:min(len(name), NameLen-1)]
	t.mu.Unlock()
}

// State returns what the thread is doing.
func (t *Thread) State() State { return State(t.state.Load()) }

// Nice returns the nice level, −20…19.
func (t *Thread) Nice() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.nice
}

// SetNice sets the nice level, clamped to −20…19.
func (t *Thread) SetNice(nice int) {
	t.mu.Lock()
	t.nice = min(max(nice, -20), 19)
	t.mu.Unlock()
}

// Affinity returns the CPUs the thread may run on.
func (t *Thread) Affinity() CPUMask {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.affinity
}

// SetAffinity restricts the thread to a set of CPUs; EINVAL when it holds no CPU of this machine.
func (t *Thread) SetAffinity(m CPUMask) errno.Errno {
	if m&1 == 0 {
		return errno.EINVAL
	}
	t.mu.Lock()
	t.affinity = m
	t.mu.Unlock()
	return errno.OK
}

// Stats returns the thread's figures; hosted, its age stands in for its run time.
func (t *Thread) Stats() Stats { return Stats{RunTime: uint64(time.Since(t.start))} }

// EachThread calls fn for every thread until fn returns false.
func EachThread(fn func(t *Thread) bool) {
	all.Range(func(k, _ any) bool { return fn(k.(*Thread)) })
}

// NumThreads returns the number of threads that exist.
func NumThreads() int {
	n := 0
	all.Range(func(_, _ any) bool { n++; return true })
	return n
}

// Yield lets other threads run.
func Yield() { runtime.Gosched() }

var epoch = time.Now()

// now is the monotonic clock, in nanoseconds.
func now() uint64 { return uint64(time.Since(epoch)) }

// startTimer has the thread woken at deadline, if there is one.
func (t *Thread) startTimer(deadline uint64) {
	if deadline != 0 {
		t.timer = time.AfterFunc(time.Duration(deadline-now()), func() { t.wake(sleeping, false) })
	}
}

// stopTimer undoes startTimer. A timer that is going off this moment does no harm: sleepers expect to be woken
// for no reason, and judge their deadlines by the clock.
func (t *Thread) stopTimer(deadline uint64) {
	if deadline != 0 {
		t.timer.Stop()
	}
}

// schedule sleeps if the thread is in a sleeping state and no wake-up has come since it entered it.
func schedule() {
	t := Current()
	if t.State()&sleeping != 0 {
		<-t.wakeup
	}
}

// setState enters a state. A wake-up token that is left over from an earlier sleep is dropped before.
func (t *Thread) setState(s State) {
	if s&sleeping != 0 {
		select {
		case <-t.wakeup:
		default:
		}
	}
	t.state.Store(uint32(s))
}

// wake ends the thread's sleep if it is in one of the given states.
func (t *Thread) wake(mask State, sync bool) bool {
	for {
		s := t.State()
		if s&mask == 0 {
			return false
		}
		if t.state.CompareAndSwap(uint32(s), uint32(Running)) {
			select {
			case t.wakeup <- struct{}{}:
			default:
			}
			return true
		}
	}
}

// selfID identifies the holder of a Mutex. Hosted, finding out who is running costs too much for that: all
// threads look alike, and the owner is not checked.
func selfID() uintptr { return 2 }

func (t *Thread) id() uintptr { return 2 }

// queueHint tells that a wait queue may not be looked at without its lock: the race detector objects.
const queueHint = true
