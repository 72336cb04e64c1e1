//go:build galago

package oops

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/klog"
	"galago/kernel/sched"
)

// Stacks of a living kernel, for /proc/sysrq-trigger: what every CPU does at this moment (l), and where every thread waits (t).

// trail is a call chain, innermost first.
type trail struct {
	pc [maxFrames]uintptr
	n  int
}

// follow fills the trail from pc and frame pointer fp on. It reads the stack only where within says that it is one.
func (t *trail) follow(pc, fp uintptr, within func(fp uintptr) bool) {
	for t.n = 0; t.n < maxFrames; {
		t.pc[t.n] = pc
		t.n++
		if fp&7 != 0 || !within(fp) {
			return
		}
		record := (*[2]uintptr)(unsafe.Pointer(fp))        // the caller's frame pointer, the return address
		if record[1] < arch.UserLimit || record[0] == fp { // user mode is not ours to follow
			return
		}
		pc, fp = record[1]-1, record[0]
	}
}

func (t *trail) print(level klog.Level) {
	for _, pc := range t.pc[:t.n] {
		fn, file, line := runtime.FuncLine(pc)
		klog.Log(level, "  %016x %s %s:%d", pc, fn, file, line)
	}
}

// onOwnStack tells whether a frame pointer lies on the running thread's stack or this CPU's interrupt stacks.
func onOwnStack(fp uintptr) bool {
	h := arch.Current()
	return fp >= h.StackLo && fp < h.StackHi-16 || arch.OnInterruptStack(fp)
}

// report is what a CPU says of itself in its NMI. Whoever asked prints it, so that reports do not mix.
type report struct {
	asked  atomic.Uint32
	ready  atomic.Uint32
	thread uint64
	user   bool
	trail  trail
	_      [32]byte
}

var (
	reports     [arch.MaxCPUs]report
	reportsLock sched.Mutex
)

// nmi stops the CPU if another one dies, and answers ShowCPUs.
func nmi(f *arch.Frame) {
	if arch.Stopping {
		arch.Halt()
	}
	r := &reports[arch.CPUID()]
	if r.asked.Swap(0) == 0 {
		return
	}
	r.thread = sched.Current().ID
	r.user = f.User()
	r.trail.n = 0
	if !r.user {
		r.trail.follow(uintptr(f.IP), uintptr(f.BP), onOwnStack)
	}
	r.ready.Store(1)
}

// ShowCPUs logs what every CPU does. It sleeps.
func ShowCPUs() {
	const patience = 100 // ms
	reportsLock.Lock()
	for c := range arch.NumCPU() {
		reports[c].ready.Store(0)
		reports[c].asked.Store(1)
	}
	arch.NMIOthers()
	for c := range arch.NumCPU() {
		r := &reports[c]
		for i := 0; i < patience && r.ready.Load() == 0; i++ {
			if c == arch.CPUID() {
				break // ourselves, or a CPU we have come to since
			}
			sched.Sleep(1_000_000)
		}
		switch {
		case r.ready.Load() == 0:
			klog.Printf("CPU %d: runs this report, or does not answer", c)
		case r.user:
			klog.Printf("CPU %d: thread %d, in user mode", c, r.thread)
		default:
			klog.Printf("CPU %d: thread %d", c, r.thread)
			r.trail.print(klog.Info)
		}
	}
	reportsLock.Unlock()
}

// ShowThreads logs where every thread that does not run waits.
func ShowThreads() {
	reportsLock.Lock()
	var t trail // some 300 bytes
	for last := uint64(0); ; {
		next := nextThread(last)
		if next == nil {
			break
		}
		last = next.ID
		var name [sched.NameLen]byte
		klog.Printf("thread %d (%s), state %d, CPU %d", next.ID, name[:next.Name(name[:])], uint64(next.State()), next.CPU)
		t.n = 0
		next.Parked(func(h *arch.ThreadHeader) {
			t.follow(*(*uintptr)(unsafe.Pointer(h.SP)), h.BP, func(fp uintptr) bool { return fp >= h.StackLo && fp < h.StackHi-16 })
		})
		t.print(klog.Info)
		next.Put()
	}
	reportsLock.Unlock()
}

// nextThread returns the thread with the lowest number above last, with a reference; nil: none.
func nextThread(last uint64) (next *sched.Thread) {
	for {
		const none = ^uint64(0)
		id := none
		sched.EachThread(func(t *sched.Thread) bool {
			if t.ID > last {
				id = min(id, t.ID)
			}
			return true
		})
		if id == none {
			return nil
		}
		sched.EachThread(func(t *sched.Thread) bool {
			if t.ID == id {
				next = t
				t.Get()
			}
			return next == nil
		})
		if next != nil {
			return next
		}
		last = id // it has ended meanwhile
	}
}
