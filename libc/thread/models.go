//go:build galago_user

package thread

import (
	"runtime"
	"sync/atomic"

	"galago/kernel/errno"
	"galago/libc/sys"
)

// ManyToOne runs all threads on the caller's kernel thread.
type ManyToOne struct{ scheduler }

// Name implements Library.
func (*ManyToOne) Name() string { return "N:1" }

func (l *ManyToOne) begin(_ int, first *Thread) sys.Errno {
	l.kernel = futexIdle{}
	return l.run(1, first)
}

// ManyToMany runs the threads on procs kernel threads. One that is blocked in a call is missing meanwhile.
type ManyToMany struct{ scheduler }

// Name implements Library.
func (*ManyToMany) Name() string { return "M:N" }

func (l *ManyToMany) begin(procs int, first *Thread) sys.Errno {
	l.kernel = futexIdle{}
	return l.run(max(procs, 1), first)
}

// futexIdle lets kernel threads without work sleep on scheduler.wake.
type futexIdle struct{}

func (futexIdle) idle(k *kthread, seq uint32, ns int64) { runtime.FutexWait(&k.s.wake, seq, ns) }

func (futexIdle) parksFirst() bool { return false }

func (futexIdle) wake(s *scheduler) {
	atomic.AddUint32(&s.wake, 1)
	runtime.FutexWake(&s.wake, 1)
}

func (futexIdle) end(s *scheduler) { runtime.FutexWake(&s.wake, 1<<30) }

func (futexIdle) settle(*kthread) {}

// Activations runs the threads on procs processors: there are as many activations in user mode, whatever blocks. The kernel has a parked
// activation take the place of a blocked one; when that goes on, its return to user mode is an upcall (the preempting signal): its thread goes
// to the ready queue and the activation parks.
type Activations struct{ scheduler }

// Name implements Library.
func (*Activations) Name() string { return "activations" }

func (l *Activations) begin(procs int, first *Thread) sys.Errno {
	if sys.ActivationsStart(max(procs, 1), preemptSignal) != 0 {
		return errno.ENOSYS
	}
	l.kernel = activationIdle{}
	e := l.run(max(procs, 1)+1, first) // one is spare
	return e
}

type activationIdle struct{}

// idle parks. Whoever leaves sees to it that another one is there for the next that blocks.
func (activationIdle) idle(k *kthread, seq uint32, ns int64) {
	s := k.s
	sys.ActivationPark(&s.wake, seq, ns)
	s.lock.Lock()
	spare := s.idle > 1 || s.over || s.kernels >= maxActivations
	s.lock.Unlock()
	if !spare {
		s.spawn() // without one, a blocked activation is missed as in M:N
	}
}

// maxActivations bounds the kernel threads that may be blocked at once.
const maxActivations = 64

func (activationIdle) parksFirst() bool { return true }

func (activationIdle) wake(s *scheduler) {
	atomic.AddUint32(&s.wake, 1)
	sys.ActivationWake()
}

func (activationIdle) end(*scheduler) { sys.ActivationsEnd() }

// settle asks the kernel after an upcall whether this activation may stay.
func (activationIdle) settle(*kthread) { sys.ActivationSettle() }
