package galfs

import (
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Metadata buffers are given back when memory is short. A shrinker can not be unregistered, so one serves all mounted
// file systems.

var (
	mountedMu sched.Mutex
	mounted   *FS // by nextFS; guarded by mountedMu
	shrinking bool
	shrinker  = mem.Shrinker{Name: "galfs_buf"}
)

// listForShrinker makes fs's buffers reclaimable.
func (fs *FS) listForShrinker() {
	mountedMu.Lock()
	fs.nextFS, mounted, fs.listed = mounted, fs, true
	first := !shrinking
	shrinking = true
	mountedMu.Unlock()
	if first {
		shrinker.Shrink = shrinkBuffers
		mem.RegisterShrinker(&shrinker)
	}
}

// unlistForShrinker takes fs off the list again.
func (fs *FS) unlistForShrinker() {
	mountedMu.Lock()
	if fs.listed {
		p := &mounted
		for *p != fs {
			p = &(*p).nextFS
		}
		*p = fs.nextFS
		fs.listed = false
	}
	mountedMu.Unlock()
}

// shrinkBuffers frees about want unused buffers. It does not wait for a mount or unmount under way, which may itself wait
// for memory.
func shrinkBuffers(want int) (freed int) {
	if !mountedMu.TryLock() {
		return 0
	}
	for fs := mounted; fs != nil && freed < want; fs = fs.nextFS {
		freed += fs.bufs.shrink(want - freed)
	}
	mountedMu.Unlock()
	return freed
}
