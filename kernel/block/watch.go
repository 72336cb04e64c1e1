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
		late, busy := d.late()
		if busy {
			startWatch()
		}
		if late {
			d.Driver.TimedOut(d)
		}
	}
}

// Late reports whether a request has been with the driver for longer than the disk's time limit: for TimedOut, to look
// again after it has completed what it could.
func (d *Device) Late() bool {
	late, _ := d.late()
	return late
}

func (d *Device) late() (late, busy bool) {
	q := &d.q
	q.lock.Lock()
	defer q.lock.Unlock()
	r := q.flight.Front()
	return r != nil && time.Now()-r.issued > d.Timeout, r != nil
}
