//go:build galago

package sched

import (
	"math/bits"
	"sync/atomic"

	"galago/arch"
	"galago/kernel/lock"
	"galago/kernel/sched/policy"
	"galago/kernel/time"
)

// Bits of ThreadHeader.NeedResched. They are set in the thread that runs on a CPU, by that CPU with interrupts off
// or by others under its run queue's lock.
const (
	needSwitch = 1 // another thread should run
	needDPC    = 2 // deferred procedure calls wait
)

// runQueue is what one CPU has to run. The running thread is not in the policy's queue, and counts in nr and
// load unless it is the idle thread.
type runQueue struct {
	lock lock.Spin // RankRunQueue; of two queues, the second is only tried
	cpu  int32

	// Guarded by lock. nr and load are read by others without it, as hints.
	nr       atomic.Int32  // runnable threads
	load     atomic.Uint64 // sum of their weights
	curr     *Thread
	idle     *Thread
	queue    policy.Classes
	clock    uint64 // when curr was last accounted for
	idleTime uint64 // ns
	kernel   uint64 // cycles that threads spent in the kernel here, but for curr's since it came
	mark     uint64 // curr's KernelTime when it came
	switches uint64
	ticking  bool // the tick timer is set
	ticks    uint32
	prev     *Thread // during a switch: who ran before

	// Touched by this CPU only, interrupts off.
	tick             time.Timer
	period           time.Timer // begins the next period of an entity of the deadline class
	dpcFirst, dpcEnd *DPC
	_                [64]byte
}

var (
	queues [arch.MaxCPUs]runQueue
	idles  [arch.MaxCPUs]Thread

	onlineMask atomic.Uint64 // CPUs that schedule
	idleMask   atomic.Uint64 // CPUs that run their idle thread and have not been chosen by a waker since
)

// lockQueue locks the run queue that the thread belongs to. Interrupts are off. Holding it, the thread is either
// running there, or waiting there, or off its stack: the switch away from a thread ends before the lock is released.
//
// +checklocksacquire:.runQueue.lock
func (t *Thread) lockQueue() *runQueue {
	for {
		cpu := atomic.LoadInt32(&t.CPU)
		rq := &queues[cpu]
		rq.lock.Lock()
		if atomic.LoadInt32(&t.CPU) == cpu {
			return rq
		}
		rq.lock.Unlock()
	}
}

// account charges the time since the last call to whoever runs. The queue is locked.
//
// +checklocks:rq.lock
func (rq *runQueue) account(now uint64) {
	ns := now - rq.clock
	if int64(ns) <= 0 { // another CPU's clock may be a little ahead
		return
	}
	rq.clock = now
	curr := rq.curr
	if curr == rq.idle {
		rq.idleTime += ns
		return
	}
	curr.runTime += ns
	rq.queue.Now = now
	rq.queue.Account(&curr.entity, ns)
}

// enqueue puts t, which counts as runnable, into the policy's queue. The queue is locked.
//
// +checklocks:rq.lock
func (rq *runQueue) enqueue(t *Thread, why policy.Why) {
	if t.entity.Class == policy.Deadline {
		rq.queue.Now = time.Now()
	}
	rq.queue.Enqueue(&t.entity, why)
	if t.entity.Class != policy.Normal {
		rq.urgent(t)
	}
}

// dequeue takes the waiting thread t out of the queue again, still counted. The queue is locked.
//
// +checklocks:rq.lock
func (rq *runQueue) dequeue(t *Thread) {
	if t.entity.Held() {
		rq.count(t)
	} else if t.entity.Class != policy.Normal {
		urgentWaiting.Add(-1)
	}
	rq.queue.Dequeue(&t.entity)
}

// count adds t to the runnable threads, discount takes it off. The queue is locked.
//
// +checklocks:rq.lock
func (rq *runQueue) count(t *Thread) {
	rq.nr.Add(1)
	rq.load.Add(t.entity.Weight)
}

// +checklocks:rq.lock
func (rq *runQueue) discount(t *Thread) {
	rq.nr.Add(-1)
	rq.load.Add(-t.entity.Weight)
}

// activate makes t, which no queue has, wait for this CPU, and sees to it that it gets the CPU in due time. The queue
// is locked, interrupts are off.
//
// +checklocks:rq.lock
func (rq *runQueue) activate(t *Thread, why policy.Why) {
	rq.count(t)
	rq.enqueue(t, why)
	if t.entity.Held() {
		return
	}
	curr := rq.curr
	if curr == rq.idle {
		idleMask.And(^uint64(1 << uint(rq.cpu)))
		rq.resched()
		return
	}
	rq.account(time.Now())
	if rq.queue.Preempts(&t.entity, &curr.entity) {
		rq.resched()
	} else if !rq.ticking {
		if rq.cpu == arch.Current().CPU {
			rq.startTick()
		} else {
			rq.resched() // it starts its own tick
		}
	}
}

// resched has the CPU pick anew soon. The queue is locked.
//
// +checklocks:rq.lock
func (rq *runQueue) resched() {
	need := &rq.curr.NeedResched
	if atomic.LoadUint32(need)&needSwitch != 0 {
		return
	}
	atomic.OrUint32(need, needSwitch)
	if rq.cpu != arch.Current().CPU {
		arch.SendReschedule(int(rq.cpu))
	}
}

// wake ends the thread's sleep if it is in one of the given states. sync: the caller is about to sleep itself.
func (t *Thread) wake(mask State, sync bool) bool {
	flags := arch.IRQDisable()
	rq := t.lockQueue()
	if State(t.state.Load())&mask == 0 {
		rq.lock.UnlockIRQ(flags)
		return false
	}
	t.state.Store(uint32(Running))
	if !t.onRQ { // else it was caught before it left its CPU
		t.onRQ = true
		rq = rq.moveTo(t, t.selectCPU(int(rq.cpu), sync))
		rq.activate(t, policy.Woken)
	}
	rq.lock.UnlockIRQ(flags)
	return true
}

// moveTo assigns t, which is in no policy's queue and off its stack, to a CPU, and locks that CPU's queue in place
// of rq. Nobody else touches t meanwhile: it is not running, and wakers see onRQ.
func (rq *runQueue) moveTo(t *Thread, cpu int) *runQueue {
	if cpu == int(rq.cpu) {
		return rq
	}
	rq.queue.Leave(&t.entity)
	atomic.StoreInt32(&t.CPU, int32(cpu))
	rq.lock.Unlock()
	rq = &queues[cpu]
	rq.lock.Lock()
	rq.queue.Join(&t.entity)
	return rq
}

// selectCPU chooses where a woken thread should run: beside its waker if that is about to sleep and alone; else where
// it ran last if that CPU is idle (its caches), the waker's CPU if that is, any idle one; else where it ran last.
func (t *Thread) selectCPU(prev int, sync bool) int {
	allowed := CPUMask(onlineMask.Load()) & t.affinity
	if allowed&(allowed-1) == 0 && allowed.Has(prev) {
		return prev // no choice, as on a uniprocessor
	}
	if t.entity.Class != policy.Normal {
		return t.selectUrgent(prev, allowed)
	}
	me := int(arch.Current().CPU)
	if sync && allowed.Has(me) && queues[me].nr.Load() == 1 {
		return me
	}
	idle := CPUMask(idleMask.Load()) & allowed
	switch {
	case idle.Has(prev):
		return prev
	case idle.Has(me):
		return me
	case idle != 0:
		return bits.TrailingZeros64(uint64(idle))
	case allowed.Has(prev):
		return prev
	case allowed != 0:
		return leastLoaded(allowed)
	}
	return prev
}

// leastLoaded returns the CPU of a non-empty set that has the least to run.
func leastLoaded(set CPUMask) int {
	best, least := 0, ^uint64(0)
	for m := uint64(set); m != 0; m &= m - 1 {
		cpu := bits.TrailingZeros64(m)
		if load := queues[cpu].load.Load(); load < least {
			best, least = cpu, load
		}
	}
	return best
}

// Start makes a created thread runnable, on an idle CPU if there is one.
func (t *Thread) Start() { t.start(false) }

// StartNear makes a created thread runnable on its creator's CPU if the creator is alone there: most who fork wait for the child at
// once, so that it runs at once, with what it needs in the caches and without interrupting another CPU. One who goes on gets
// rid of the child at the next balancing.
func (t *Thread) StartNear() { t.start(true) }

func (t *Thread) start(near bool) {
	flags := arch.IRQDisable()
	rq := t.lockQueue()
	t.state.Store(uint32(Running))
	t.onRQ = true
	// A thread that never ran has no virtual time to carry from queue to queue.
	cpu := t.selectCPU(int(rq.cpu), near)
	if cpu != int(rq.cpu) {
		atomic.StoreInt32(&t.CPU, int32(cpu))
		rq.lock.Unlock()
		rq = &queues[cpu]
		rq.lock.Lock()
	}
	rq.activate(t, policy.Created)
	rq.lock.UnlockIRQ(flags)
}
