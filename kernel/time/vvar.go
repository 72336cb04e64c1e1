package time

import "sync/atomic"

// VVar is what user mode computes the time from: the data page of the virtual dynamic shared object (boot/vdso/vdso.S, which
// knows the offsets).
type VVar struct {
	seq    atomic.Uint32 // odd while the rest is being written
	_      uint32
	base   uint64 // the counter at boot
	mult   uint64 // ns·2^32 a count
	offset int64  // wall clock minus time since boot, ns
}

// vvar is nil until Publish; guarded by wall.seq.
var vvar *VVar

// Publish keeps v, a part of a page that user mode may read, up to date from now on.
func Publish(v *VVar) {
	f := wall.seq.LockIRQ()
	vvar = v
	publish()
	wall.seq.UnlockIRQ(f)
}

// publish writes what has changed. wall.seq is held for writing.
//
// +checklocks:wall.seq
func publish() {
	v := vvar
	if v == nil {
		return
	}
	v.seq.Add(1)
	v.base, v.mult, v.offset = clock.base, clock.mult, wall.offset
	v.seq.Add(1)
}
