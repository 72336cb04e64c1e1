//go:build galago

package sched

import (
	"sync/atomic"

	"galago/arch"
	"galago/kernel/lock"
	"galago/kernel/sched/policy"
	"galago/kernel/time"
)

// OnSwitch, if set, changes what belongs to the process floor from prev to next: address space, FPU state, user
// segment bases. It is called only if one of the two has a Proc, with interrupts off and the run queue locked.
var OnSwitch func(prev, next *Thread)

// OnBlock is called by a watched thread in a sleeping state that is about to give its CPU away. It must not sleep.
var OnBlock func(t *Thread)

// switchPreempt is the preempt count of a thread in the middle of a switch: one of its own and one of the run
// queue's lock, which the next thread releases on behalf of the previous one.
const switchPreempt = 2

// schedule gives the CPU away. A thread in a sleeping state sleeps until it is woken; one that was woken meanwhile
// returns at once.
func schedule() {
	t := Current()
	if t.Watched {
		OnBlock(t)
	}
	t.Preempt++
	flags := arch.IRQDisable()
	switchThread(t, policy.Woken, true)
	arch.IRQRestore(flags)
	lock.PreemptEnable()
}

// Yield lets other threads run.
func Yield() {
	lock.AssertMaySleep()
	t := Current()
	if queues[t.CPU].nr.Load() <= 1 && t.NeedResched == 0 && t.entity.Class != policy.Deadline {
		return // nobody else is here
	}
	t.Preempt++
	flags := arch.IRQDisable()
	switchThread(t, policy.Yielded, false)
	arch.IRQRestore(flags)
	lock.PreemptEnable()
}

// switchThread is the scheduler: it puts the running thread prev where it belongs, picks the next one and switches.
// It returns when prev runs again, perhaps on another CPU. sleep tells that prev goes by its own will if its
// state says so; else it stays runnable for the reason why. Interrupts are off and the preempt count is 1.
func switchThread(prev *Thread, why policy.Why, sleep bool) {
	rq := &queues[prev.CPU]
	rq.lock.Lock()
	if sleep && prev.state.Load() == uint32(Running) {
		rq.lock.Unlock()
		return
	}
	if prev.Preempt != switchPreempt && sleep {
		panic("sched: sleep with preemption off")
	}
	rq.account(time.Now())
	atomic.AndUint32(&prev.NeedResched, ^uint32(needSwitch))
	switch {
	case prev == rq.idle:
	case sleep:
		prev.onRQ = false
		rq.discount(prev)
		prev.voluntary++
	case !prev.affinity.Has(int(rq.cpu)):
		prev.migrate = true // finishSwitch carries it over
		rq.discount(prev)
	default:
		rq.enqueue(prev, why)
	}
	next := rq.pick()
	// A tick is also due when prev goes on: a remote waker relies on it.
	if (rq.nr.Load() > 1 || next.entity.Class == policy.Deadline) && !rq.ticking {
		rq.tickFor(next)
	}
	if next == prev {
		if prev == rq.idle { // what it was woken for has been pulled away
			idleMask.Or(1 << uint(rq.cpu))
		}
		rq.lock.Unlock()
		return
	}
	if !sleep {
		prev.involuntary++
	}
	rq.switchTo(prev, next)
}

// pick takes the next thread from the policy, from another CPU, or else the idle thread. The queue is locked.
//
// +checklocks:rq.lock
func (rq *runQueue) pick() *Thread {
	if urgentWaiting.Load() > 0 {
		rq.pullUrgent()
	}
	e := rq.queue.Pick()
	if e == nil && rq.pull() {
		e = rq.queue.Pick()
	}
	if e == nil {
		return rq.idle
	}
	if e.Class != policy.Normal {
		urgentWaiting.Add(-1)
	}
	return (*Thread)(e.Owner)
}

// switchTo leaves prev and enters next. The queue is locked; finishSwitch unlocks it on next's stack.
func (rq *runQueue) switchTo(prev, next *Thread) {
	if next == rq.idle {
		idleMask.Or(1 << uint(rq.cpu))
	} else if prev == rq.idle {
		idleMask.And(^uint64(1 << uint(rq.cpu)))
	}
	rq.switches++
	rq.curr = next
	rq.prev = prev
	if prev.NeedResched != 0 { // deferred procedure calls belong to the CPU
		atomic.OrUint32(&next.NeedResched, prev.NeedResched)
		prev.NeedResched = 0
	}
	rq.lock.HandOver(&prev.ThreadHeader, &next.ThreadHeader)
	if OnSwitch != nil && (prev.Proc != nil || next.Proc != nil) {
		OnSwitch(prev, next)
	}
	cycles := arch.Cycles()
	prev.KernelTime += cycles
	if prev != rq.idle {
		rq.kernel += prev.KernelTime - rq.mark
	}
	rq.mark = next.KernelTime
	next.KernelTime -= cycles
	arch.Switch(&prev.ThreadHeader, &next.ThreadHeader)
	finishSwitch()
}

// finishSwitch runs on the new thread's stack: it releases the run queue, and does for the previous thread what could
// not be done while its stack was in use. Interrupts are off.
//
//go:noinline
func finishSwitch() {
	rq := &queues[arch.Current().CPU]
	prev := rq.prev
	dead := prev.state.Load() == uint32(Dead)
	migrate := prev.migrate
	cpu := -1
	if prev.entity.Class != policy.Normal && prev.entity.Queued && !dead && !migrate && !prev.entity.Held() {
		cpu = rq.lowerThan(prev)
	}
	rq.lock.Unlock()
	if cpu >= 0 {
		pokeToPull(cpu)
	}
	if dead {
		freeStack(prev.StackLo)
		prev.Put()
	} else if migrate {
		prev.carryOver()
	}
}

// carryOver moves a thread that was just switched away from to a CPU it may run on.
func (t *Thread) carryOver() {
	rq := t.lockQueue()
	t.migrate = false
	cpu := int(rq.cpu)
	if allowed := CPUMask(onlineMask.Load()) & t.affinity; allowed != 0 && !allowed.Has(cpu) {
		cpu = leastLoaded(allowed)
	}
	rq = rq.moveTo(t, cpu)
	rq.activate(t, policy.Migrated)
	rq.lock.Unlock()
}

// dueWork does what NeedResched asks for, until it asks for nothing. Interrupts are off and the preempt count is 0.
func dueWork(t *Thread) {
	for t.NeedResched != 0 {
		t.Preempt++
		if t.NeedResched&needDPC != 0 {
			runDPCs(t)
		}
		if t.NeedResched&needSwitch != 0 {
			switchThread(t, policy.Preempted, false)
		}
		t.Preempt--
	}
}

// InterruptExit is called at the end of an interrupt that struck the kernel, interrupts off and preempt count 0.
func InterruptExit() {
	if t := Current(); t.NeedResched != 0 {
		dueWork(t)
	}
}

// PreemptPoint does due deferred calls and a due reschedule, if the thread may be preempted here. The outermost
// PreemptEnable calls it, and so should the return to user mode.
func PreemptPoint() {
	t := Current()
	if t.Preempt != 0 || t.IRQDepth != 0 || !arch.IRQEnabled() {
		return
	}
	flags := arch.IRQDisable()
	dueWork(t)
	arch.IRQRestore(flags)
}
