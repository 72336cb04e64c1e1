package pagecache

import (
	"sync/atomic"

	"galago/kernel/errno"
)

// Write-back errors happen when nobody waits, and must reach everyone who had the file open at the time exactly
// once, through fsync. As in Linux's errseq_t: a word per object holds the last error, a sequence number, and a bit telling
// whether anybody has seen it; each open file remembers the word as of its last look. The number only moves on when the
// present value has been seen, so that unseen errors do not wrap it around.
const (
	errMask  = 1<<12 - 1
	errSeen  = 1 << 12
	errCount = 1 << 13
)

// RecordError notes that a page could not be written.
func (o *Object) RecordError(err errno.Errno) {
	for {
		old := o.wbErr.Load()
		v := old&^(errMask|errSeen) | uint32(err)&errMask
		if old&errSeen != 0 {
			v += errCount
		}
		if v == old || o.wbErr.CompareAndSwap(old, v) {
			return
		}
	}
}

// SampleError returns where an open file begins to watch: errors seen already do not concern it, an unseen one does.
func (o *Object) SampleError() uint32 {
	v := o.wbErr.Load()
	if v&errSeen == 0 {
		return 0
	}
	return v
}

// CheckError returns the error that came since the look recorded in since, once, and moves since on.
func (o *Object) CheckError(since *atomic.Uint32) errno.Errno {
	for {
		v, old := o.wbErr.Load(), since.Load()
		if v == old || v == 0 {
			return errno.OK
		}
		seen := v | errSeen
		if v != seen && !o.wbErr.CompareAndSwap(v, seen) {
			continue
		}
		if since.CompareAndSwap(old, seen) {
			if seen == old {
				return errno.OK
			}
			return errno.Errno(v & errMask)
		}
	}
}
