package block

import (
	"sync/atomic"

	"galago/kernel/sched"
	"galago/kernel/time"
)

// The watch looks every second, while any disk with a time limit has requests in flight, for requests that have
// exceeded it.
var (
	watch    sched.DelayedWork
	watching atomic.Bool
)

const watchPeriod = time.Second

func init() { watch.Func = lookForLate }

func startWatch() {
	if !watching.Load() && watching.CompareAndSwap(false, true) {
		sched.QueueDelayedWork(&watch, watchPeriod)
	}
}

func lookForLate(*sched.Work) {
	watching.Store(false)
	for d := first(); d != nil; d = d.following() {
		if d.Parent != nil || d.Timeout == 0 {
			continue
		}
		q := &d.q
		q.lock.Lock()
		r := q.flight.Front()
		late := r != nil && time.Now()-r.issued > d.Timeout
		q.lock.Unlock()
		if r != nil {
			startWatch()
		}
		if late {
			d.Driver.TimedOut(d)
		}
	}
}
