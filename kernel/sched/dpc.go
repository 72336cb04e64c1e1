//go:build galago

package sched

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/lock"
)

// DPC is a deferred procedure call: code that an interrupt handler puts off until the CPU leaves its
// interrupts and spin locks. It runs on the same CPU with interrupts on and preemption off, and must not sleep.
// As it never runs inside a spin lock's section of its CPU, what it shares with threads needs Lock, not LockIRQ.
type DPC struct {
	Func func(d *DPC)
	Arg  unsafe.Pointer

	next    *DPC
	pending atomic.Uint32
}

// QueueDPC runs d.Func(d) at the end of the interrupt. It returns false if d is queued already and not yet begun.
func QueueDPC(d *DPC) bool {
	if !d.pending.CompareAndSwap(0, 1) {
		return false
	}
	lock.PreemptDisable()
	flags := arch.IRQDisable()
	t := Current()
	rq := &queues[t.CPU]
	d.next = nil
	if rq.dpcEnd == nil {
		rq.dpcFirst = d
	} else {
		rq.dpcEnd.next = d
	}
	rq.dpcEnd = d
	atomic.OrUint32(&t.NeedResched, needDPC)
	arch.IRQRestore(flags)
	lock.PreemptEnable() // outside an interrupt, it runs here
	return true
}

// runDPCs runs this CPU's deferred calls until there are none. Interrupts are off on entry and return, and on in
// between; preemption is off.
func runDPCs(t *Thread) {
	rq := &queues[t.CPU]
	for {
		atomic.AndUint32(&t.NeedResched, ^uint32(needDPC))
		d := rq.dpcFirst
		if d == nil {
			return
		}
		rq.dpcFirst, rq.dpcEnd = nil, nil
		arch.IRQOn()
		for d != nil {
			next := d.next
			d.pending.Store(0) // from here on it may be queued again
			d.Func(d)
			d = next
		}
		arch.IRQOff()
	}
}
