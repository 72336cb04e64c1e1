//go:build galago

package proc

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Scheduler activations (Anderson, Bershad, Lazowska, Levy: Scheduler Activations, SOSP 1991): a library of user-level threads gets a number of processors, and
// as many of its kernel threads, the activations, are in user mode or ready for it, whatever blocks in the kernel. Linux has nothing like it; the
// calls are options of prctl(2) that Linux refuses.
//
//	running   in user mode, or in a system call that has not slept yet; at most target of them
//	blocked   asleep in a system call or a fault; a parked one has been let go in its place
//	parked    waits here until it is to run
//
// When a blocked activation is about to return to user mode and finds no processor free, the upcall is a signal: its handler hands the
// user-level thread back to the library, and the activation settles, that is parks.
//
// Lock order: activations.lock (RankProcMisc) → wait-queue locks. Nothing sleeps under it.
type activations struct {
	refs   atomic.Int32
	target int
	signal int
	lock   lock.Spin

	// Guarded by lock.
	running int
	waiting int // parked
	grants  int // of them, those that have been let go and have not gone yet
	over    bool

	queue sched.WaitQueue // the parked ones
}

// activationState is a task's part in its process's activations.
type activationState uint8

const (
	notActivation activationState = iota
	activationRunning
	activationBlocked
	activationParked
)

var activationsCache = mem.Cache[activations]{Name: "activations"}

func (a *activations) put() {
	if a.refs.Add(-1) == 0 {
		activationsCache.Free(a)
	}
}

// grant lets a parked activation go if there is a processor for it. The lock is held.
//
// +checklocks:a.lock
func (a *activations) grant() {
	if a.waiting > a.grants && a.running+a.grants < a.target {
		a.grants++
		a.queue.WakeOne()
	}
}

// StartActivations makes the running task the first activation of a group with n processors; sig is the upcall. EINVAL, EBUSY when the process has
// a group, ENOMEM.
func (t *Task) StartActivations(n, sig int) errno.Errno {
	if n < 1 || n > MaxPID || sig < 1 || sig > NSIG || unblockable.Has(sig) {
		return errno.EINVAL
	}
	a := activationsCache.Alloc()
	if a == nil {
		return errno.ENOMEM
	}
	a.lock.Init(lock.RankProcMisc)
	a.target, a.signal, a.running = n, sig, 1
	a.refs.Store(2) // the process's and the task's
	p := t.Proc
	table.lock.Lock()
	if p.activations != nil {
		table.lock.Unlock()
		activationsCache.Free(a)
		return errno.EBUSY
	}
	p.activations = a
	table.lock.Unlock()
	t.activations, t.activation = a, activationRunning
	t.Thread.Watched = true
	return errno.OK
}

// joinActivations makes the running task one of its process's activations. EINVAL: there are none.
func (t *Task) joinActivations() (*activations, errno.Errno) {
	if t.activations != nil {
		return t.activations, errno.OK
	}
	table.lock.Lock()
	a := t.Proc.activations
	if a != nil {
		a.refs.Add(1)
	}
	table.lock.Unlock()
	if a == nil {
		return nil, errno.EINVAL
	}
	t.activations = a
	t.Thread.Watched = true
	return a, errno.OK
}

// ParkActivation gives the processor up until the task is to run: in place of a blocked one, or woken. It does not wait if the word at user
// address addr is not val. ETIMEDOUT after ns nanoseconds (0: no limit); ECANCELED at the end of the group; EFAULT, EINTR.
func (t *Task) ParkActivation(addr uintptr, val uint32, ns int64) errno.Errno {
	a, e := t.joinActivations()
	if e != 0 {
		return e
	}
	a.park(t)
	word := val
	if arch.CopyFromUser(unsafe.Pointer(&word), addr, unsafe.Sizeof(word)) != 0 {
		a.resume(t)
		return errno.EFAULT
	}
	if word != val {
		a.resume(t)
		return errno.OK
	}
	if ns == 0 {
		ns = -1
	}
	return a.wait(t, ns)
}

// SettleActivation parks the running task if more activations run than there are processors: what is due after an upcall.
func (t *Task) SettleActivation() errno.Errno {
	a := t.activations
	if a == nil {
		return errno.EINVAL
	}
	a.lock.Lock()
	surplus := a.running > a.target
	a.lock.Unlock()
	if !surplus {
		return errno.OK
	}
	a.park(t)
	return a.wait(t, -1)
}

// WakeActivation lets a parked activation run if a processor is free.
func (t *Task) WakeActivation() errno.Errno {
	a := t.activations
	if a == nil {
		return errno.EINVAL
	}
	a.lock.Lock()
	a.grant()
	a.lock.Unlock()
	return errno.OK
}

// EndActivations dissolves the group: the parked ones return with ECANCELED.
func (t *Task) EndActivations() errno.Errno {
	p := t.Proc
	table.lock.Lock()
	a := p.activations
	p.activations = nil
	table.lock.Unlock()
	if a == nil {
		return errno.EINVAL
	}
	a.lock.Lock()
	a.over = true
	a.queue.WakeAll()
	a.lock.Unlock()
	a.put()
	return errno.OK
}

// park counts the running task as parked.
func (a *activations) park(t *Task) {
	a.lock.Lock()
	if t.activation == activationRunning {
		a.running--
	}
	t.activation = activationParked
	a.waiting++
	a.lock.Unlock()
}

// resume undoes park.
func (a *activations) resume(t *Task) {
	a.lock.Lock()
	a.unpark(t)
	a.lock.Unlock()
}

func (a *activations) unpark(t *Task) {
	a.waiting--
	a.running++
	t.activation = activationRunning
	if a.grants > a.waiting { // one was meant for this task
		a.grants--
	}
}

// wait sleeps until the parked task is let go.
func (a *activations) wait(t *Task, ns int64) errno.Errno {
	e := a.queue.WaitTimeout(func() bool {
		a.lock.Lock()
		defer a.lock.Unlock()
		if t.activation != activationParked {
			return true
		}
		if a.grants == 0 && !a.over {
			return false
		}
		if a.grants > 0 {
			a.grants--
		}
		a.waiting--
		a.running++
		t.activation = activationRunning
		return true
	}, ns, true)
	a.lock.Lock()
	if t.activation == activationParked {
		a.unpark(t)
	}
	over := a.over
	a.lock.Unlock()
	if over {
		return errno.ECANCELED
	}
	return e
}

// activationBlocks is the scheduler's hook: a watched thread is about to sleep.
func activationBlocks(th *sched.Thread) {
	t := (*Task)(th.Proc)
	if t == nil || t.activation != activationRunning {
		return
	}
	a := t.activations
	a.lock.Lock()
	a.running--
	t.activation = activationBlocked
	a.grant()
	a.lock.Unlock()
	t.setWork(workActivation) // seen on the way back to user mode
}

// activationReturns is what a blocked activation does on its way to user mode: it runs again, and if there is no processor for it, the
// upcall comes first.
func (t *Task) activationReturns() {
	t.clearWork(workActivation)
	a := t.activations
	if a == nil || t.activation != activationBlocked {
		return
	}
	a.lock.Lock()
	a.running++
	t.activation = activationRunning
	surplus := a.running+a.grants > a.target && !a.over
	a.lock.Unlock()
	if surplus {
		info := Siginfo{Signo: int32(a.signal), Code: SI_KERNEL}
		table.lock.Lock()
		t.sendTask(a.signal, &info)
		table.lock.Unlock()
	}
}

// leaveActivations ends the running task's part in them.
func (t *Task) leaveActivations() {
	a := t.activations
	if a == nil {
		return
	}
	t.Thread.Watched = false
	a.lock.Lock()
	if t.activation == activationRunning {
		a.running--
	}
	t.activation = notActivation
	a.grant()
	a.lock.Unlock()
	t.activations = nil
	a.put()
}
