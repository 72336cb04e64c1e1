//go:build galago

package lock

import (
	"sync/atomic"

	"galago/arch"
)

// Resched is called when the preempt count drops to zero while work is due (ThreadHeader.NeedResched): a
// reschedule or deferred procedure calls. Package sched sets it.
var Resched func()

// PreemptDisable keeps the thread on its CPU until the matching PreemptEnable. Calls nest.
func PreemptDisable() { arch.Current().Preempt++ }

// PreemptEnable undoes one PreemptDisable; the outermost one takes a due reschedule.
func PreemptEnable() {
	h := arch.Current()
	h.Preempt--
	if h.Preempt == 0 && h.NeedResched != 0 {
		resched()
	}
}

//go:noinline
func resched() {
	if Resched != nil {
		Resched()
	}
}

// spinWait is one turn of a busy-waiting loop.
func spinWait() { arch.Pause() }

// storeRelease publishes v with release ordering.
func storeRelease(p *uint32, v uint32) { atomic.StoreUint32(p, v) }
