package block

import (
	"galago/kernel/ds"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Requests come from a slab; when memory is short, from a reserve that only needs the requests before to end. So
// writing pages out always gets on.
var (
	requestCache = mem.Cache[Request]{Name: "block-request"}

	reserve struct {
		lock  lock.Spin
		free  ds.List[Request] // guarded by lock
		items [32]Request
		back  sched.WaitQueue
	}
)

func init() {
	reserve.lock.Init(lock.RankBlockPool)
	for i := range reserve.items {
		r := &reserve.items[i]
		r.link.Init(r)
		reserve.free.PushBack(&r.link)
	}
}

// AllocRequest returns an empty request for d; it never fails, but may sleep. A maker that needs several before it
// submits the first must use TryAllocRequest for those after the first.
func AllocRequest(d *Device, op Op) *Request {
	r := TryAllocRequest(d, op)
	if r == nil {
		FlushPlug()
		reserve.back.Wait(func() bool {
			r = fromReserve()
			return r != nil
		})
		r.Dev, r.Op = d, op
	}
	return r
}

// TryAllocRequest is AllocRequest that does not wait for a request from the reserve: it returns nil instead.
func TryAllocRequest(d *Device, op Op) *Request {
	r := requestCache.Alloc()
	if r == nil {
		if r = fromReserve(); r == nil {
			return nil
		}
	}
	r.Dev, r.Op = d, op
	return r
}

// fromReserve returns a request of the reserve, or nil.
func fromReserve() *Request {
	reserve.lock.Lock()
	r := reserve.free.Front()
	if r != nil {
		reserve.free.Remove(&r.link)
	}
	reserve.lock.Unlock()
	if r != nil {
		*r = Request{reserved: true}
	}
	return r
}

// FreeRequest takes a request back that is not under way.
func FreeRequest(r *Request) {
	if !r.reserved {
		requestCache.Free(r)
		return
	}
	reserve.lock.Lock()
	r.link.Init(r)
	reserve.free.PushBack(&r.link)
	reserve.lock.Unlock()
	reserve.back.WakeOne()
}
