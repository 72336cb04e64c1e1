package vm

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// The page-out thread keeps some memory free, so that those who cannot wait (interrupt handlers, code under spin locks) find
// some and the others seldom have to reclaim it themselves.

// pageoutPause follows each round: when nothing can be freed, trying all the time would only cost CPU time.
const pageoutPause = 5e6 // ns

var (
	pageoutWait   sched.WaitQueue
	pageoutWanted atomic.Uint32
	pageoutDPC    sched.DPC
)

// StartPageOut starts the page-out thread, which works whenever free memory falls below its low watermark.
func StartPageOut() errno.Errno {
	pageoutDPC.Func = wakePageOut
	if _, e := sched.Go("pageout", pageOut, nil); e != errno.OK {
		return e
	}
	mem.WakeReclaim = wantPageOut
	return errno.OK
}

// wantPageOut is called by allocations in any context, under any lock: the wake-up itself comes later.
func wantPageOut() {
	pageoutWanted.Store(1)
	sched.QueueDPC(&pageoutDPC)
}

func wakePageOut(*sched.DPC) { pageoutWait.WakeAll() }

func pageOut(unsafe.Pointer) {
	for {
		pageoutWait.Wait(func() bool { return pageoutWanted.Load() != 0 })
		pageoutWanted.Store(0)
		mem.ReclaimBackground()
		sched.Sleep(pageoutPause)
	}
}
