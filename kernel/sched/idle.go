//go:build galago

package sched

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/sched/policy"
	"galago/kernel/time"
)

// Bringing the scheduler up, on the boot CPU:
//
//	Init(policy)              the boot stack becomes the idle thread of CPU 0
//	PrepareIdle(cpu)          for each further CPU: the header to start it on
//	Create/Go …               threads that do the rest of the boot
//	StartIdle()               and on each further CPU as its first act
//
// Nothing is preempted on a CPU before its StartIdle.

// Init makes the running boot code the idle thread of the boot CPU and chooses the policy by name ("fair" or
// "rr"); an unknown name is EINVAL, and fair is taken.
func Init(name string) errno.Errno {
	err := errno.OK
	if policy.ByName(name, 0) == nil {
		name, err = "fair", errno.EINVAL
	}
	for i := range queues {
		rq := &queues[i]
		rq.lock.Rank = lock.RankRunQueue
		rq.cpu = int32(i)
		rq.idle = &idles[i]
		rq.curr = rq.idle
		rq.queue.Init(policy.ByName(name, i))
		rq.tick.Func = tickTimer
		rq.period.Func, rq.period.Arg = periodTimer, unsafe.Pointer(rq)
	}
	boot := &idles[0]
	boot.ThreadHeader = *arch.Current()
	boot.Preempt++
	boot.setupIdle(0)
	// A switch from the new header to itself keeps the stack and changes who is current.
	flags := arch.IRQDisable()
	arch.Switch(&boot.ThreadHeader, &boot.ThreadHeader)
	arch.IRQRestore(flags)
	installLockReport()
	lock.Resched = PreemptPoint
	arch.OnInterruptExit = InterruptExit
	return err
}

// setupIdle makes t the idle thread of a CPU: runnable by definition, in no policy's queue, pinned.
func (t *Thread) setupIdle(cpu int) {
	var name [NameLen]byte
	n := copy(name[:], "idle/")
	if cpu >= 10 {
		name[n] = byte('0' + cpu/10)
		n++
	}
	name[n] = byte('0' + cpu%10)
	t.CPU = int32(cpu)
	t.setup(unsafe.String(&name[0], n+1))
	t.affinity = 1 << uint(cpu)
	t.refs.Store(1)
	t.onRQ = true
	t.state.Store(uint32(Running))
}

// PrepareIdle makes the idle thread of a CPU that is about to be started, with a stack of its own.
func PrepareIdle(cpu int) (*arch.ThreadHeader, errno.Errno) {
	t := &idles[cpu]
	stack := allocStack()
	if stack == 0 {
		return nil, errno.ENOMEM
	}
	t.SetStack(stack, stack+StackSize)
	t.Preempt = 1
	t.setupIdle(cpu)
	return &t.ThreadHeader, errno.OK
}

// RescheduleIPI is the handler of the reschedule interrupt. The work is done on the way out of it.
func RescheduleIPI(unsafe.Pointer) {}

// StartIdle opens this CPU to threads and idles when there are none. It does not return.
func StartIdle() {
	t := Current()
	rq := &queues[t.CPU]
	arch.IRQOff()
	rq.clock = time.Now()
	onlineMask.Or(1 << uint(t.CPU))
	idleMask.Or(1 << uint(t.CPU))
	t.Preempt = 0
	for {
		// Threads may have been queued before the CPU was open, or since the last look.
		if t.NeedResched != 0 || rq.nr.Load() != 0 {
			t.Preempt++
			if t.NeedResched&needDPC != 0 {
				runDPCs(t)
			}
			switchThread(t, policy.Preempted, false)
			t.Preempt--
		}
		if t.NeedResched == 0 && rq.nr.Load() == 0 {
			arch.IdleWait() // a wake-up's interrupt switches on its way out
		}
		arch.IRQOff()
	}
}

// CPUStats returns a CPU's figures: context switches, idle time in ns, runnable threads.
func CPUStats(cpu int) (switches, idleTime uint64, runnable int) {
	rq := &queues[cpu]
	flags := rq.lock.LockIRQ()
	if onlineMask.Load()>>uint(cpu)&1 != 0 {
		rq.account(time.Now())
	}
	switches, idleTime, runnable = rq.switches, rq.idleTime, int(rq.nr.Load())
	rq.lock.UnlockIRQ(flags)
	return switches, idleTime, runnable
}

// IsIdle tells whether t is the idle thread of its CPU.
func (t *Thread) IsIdle() bool { return t == queues[t.CPU].idle }

// CPUKernelTime returns the time, in ns, that a CPU's threads, but the idle one, spent in the kernel.
func CPUKernelTime(cpu int) uint64 {
	rq := &queues[cpu]
	flags := rq.lock.LockIRQ()
	cycles := rq.kernel
	if rq.curr != rq.idle {
		cycles += rq.curr.kernelCycles() - rq.mark
	}
	rq.lock.UnlockIRQ(flags)
	return time.CyclesToNano(cycles)
}

// RunningOn returns the thread that runs on a CPU now, for reports.
func RunningOn(cpu int) *Thread { return queues[cpu].curr }
