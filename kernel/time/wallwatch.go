package time

import (
	"galago/kernel/ds"
	"galago/kernel/lock"
)

// WallWatch has Func called whenever the wall clock is set, in the setter's thread with a spin lock held: it must not sleep.
type WallWatch struct {
	Func func(w *WallWatch)
	node ds.ListNode[WallWatch]
}

var watches = struct {
	lock lock.Spin
	list ds.List[WallWatch] // guarded by lock
}{lock: lock.Spin{Rank: lock.RankWallWatch}}

// Watch begins calling w.Func, Unwatch ends it: afterwards it does not run, unless it is the caller.
func (w *WallWatch) Watch() {
	watches.lock.Lock()
	if !w.node.Linked() {
		w.node.Init(w)
		watches.list.PushBack(&w.node)
	}
	watches.lock.Unlock()
}

// Unwatch undoes Watch; without it, it does nothing.
func (w *WallWatch) Unwatch() {
	watches.lock.Lock()
	watches.list.Remove(&w.node)
	watches.lock.Unlock()
}

// wallChanged calls the watchers.
func wallChanged() {
	watches.lock.Lock()
	for w := watches.list.Front(); w != nil; {
		next := w.node.Next()
		w.Func(w)
		w = next
	}
	watches.lock.Unlock()
}

// WallNow returns the wall clock in nanoseconds since the Epoch.
func WallNow() int64 {
	now, offset := readWall()
	return int64(now) + offset
}
