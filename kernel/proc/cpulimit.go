//go:build galago

package proc

import (
	"unsafe"

	"galago/kernel/sched"
	"galago/kernel/time"
)

// RLIMIT_CPU and RLIMIT_FSIZE. The first: while a process has a limit, a timer looks at its CPU time, no earlier than the limit can be
// reached if all its threads run, and no more often than every 10 ms. Beyond the soft limit the process gets SIGXCPU, and
// again for each further second (the soft limit moves); at the hard limit it is killed.

const cpuLimitStep = 10 * time.Millisecond

// armCPULimit starts the timer, if there is a limit. The process lives; table.lock is held.
//
// +checklocks:table.lock
func (p *Process) armCPULimit() {
	if p.Limits[LimitCPU].Cur == Infinity {
		return
	}
	p.cpuTimer.Func, p.cpuTimer.Arg = cpuLimitTimer, unsafe.Pointer(p)
	p.cpuWork.Func, p.cpuWork.Arg = checkCPULimit, unsafe.Pointer(p)
	p.cpuTimer.Start(time.Now() + cpuLimitStep)
}

// cpuLimitTimer has a worker do the rest, as signals are not sent from interrupts.
func cpuLimitTimer(t *time.Timer) {
	p := (*Process)(t.Arg)
	p.Get()
	if !sched.QueueWork(&p.cpuWork) {
		p.refs.Add(-1) // queued already, with a reference: not the last one
	}
}

// checkCPULimit sends what is due and starts the timer again.
func checkCPULimit(w *sched.Work) {
	p := (*Process)(w.Arg)
	user, sys := p.CPUTime()
	p.limitsMu.Lock()
	l := &p.Limits[LimitCPU]
	used, sig := user+sys, 0
	switch {
	case l.Max != Infinity && used >= nanos(l.Max):
		sig = SIGKILL
	case l.Cur != Infinity && used >= nanos(l.Cur):
		sig = SIGXCPU
		l.Cur = min(l.Cur+1, l.Max)
	}
	next := min(nanos(l.Cur), nanos(l.Max))
	p.limitsMu.Unlock()
	if sig != 0 {
		info := Siginfo{Signo: int32(sig), Code: SI_KERNEL}
		p.Send(sig, &info)
	}
	table.lock.Lock()
	threads := uint64(p.nTasks)
	again := p.state == Alive && p.exiting.Load() == 0 && sig != SIGKILL && next != Infinity
	if again {
		left := max(next, used) - used
		p.cpuTimer.Start(time.Now() + max(left/max(threads, 1), cpuLimitStep))
	}
	table.lock.Unlock()
	p.Put()
}

// nanos converts seconds of a limit.
func nanos(s uint64) uint64 {
	if s > Infinity/time.Second {
		return Infinity
	}
	return s * time.Second
}

// fileSizeLimit is vfs's hook for RLIMIT_FSIZE.
func fileSizeLimit() int64 {
	t := Current()
	if t == nil {
		return 1<<63 - 1
	}
	return int64(min(t.Proc.Limits[LimitFSize].Cur, 1<<63-1))
}

// overFileSize is vfs's hook: the running thread has come to its limit.
func overFileSize() {
	t := Current()
	info := Siginfo{Signo: SIGXFSZ, Code: SI_USER}
	info.setSender(t.Proc.PID, t.Ctx.Cred.UID)
	table.lock.Lock()
	t.sendTask(SIGXFSZ, &info)
	table.lock.Unlock()
}
