//go:build galago

package mem

import (
	"sync/atomic"

	"galago/arch"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/lock"
)

// Kernel virtual areas: pages from anywhere, mapped one after the other, with an unmapped guard page on both sides.

type varea struct {
	node       ds.RBNode[varea] // keyed by start
	start, end uintptr          // of the mapped part
}

var (
	vareas     ds.RBTree[varea]       // guarded by vLock
	vNext      = arch.KernelAreaStart // where to look for room first: little is free below. Guarded by vLock
	vLock      = lock.Spin{Rank: lock.RankVAlloc}
	vPages     atomic.Int64
	vareaCache = Cache[varea]{Name: "varea"}
)

// VAlloc returns n bytes (rounded up to pages) of zeroed kernel memory between guard pages. ENOMEM.
func VAlloc(n uintptr) (uintptr, errno.Errno) {
	if n == 0 || n > arch.KernelAreaEnd-arch.KernelAreaStart {
		return 0, errno.ENOMEM
	}
	n = (n + arch.PageSize - 1) &^ (arch.PageSize - 1)
	v := vareaCache.Alloc()
	if v == nil {
		return 0, errno.ENOMEM
	}
	if !v.place(n) {
		vareaCache.Free(v)
		return 0, errno.ENOMEM
	}
	for va := v.start; va < v.end; va += arch.PageSize {
		f := AllocFrame(Zero)
		if f == nil || !arch.MapKernel(va, f.Phys(), arch.KernelRW) {
			if f != nil {
				f.Put()
			}
			v.unmap(va)
			return 0, errno.ENOMEM
		}
	}
	vPages.Add(int64(n >> arch.PageShift))
	return v.start, errno.OK
}

// place finds room for n bytes and two guard pages: from vNext on, wrapping around once. Low addresses are used again, because the tables
// that map them stay for ever: if areas wandered through the whole range, so would tables come to fill memory.
func (v *varea) place(n uintptr) bool {
	irq := vLock.LockIRQ()
	defer vLock.UnlockIRQ(irq)
	need := n + 2*arch.PageSize
	at := vNext
	for wrapped := false; ; {
		if at+need > arch.KernelAreaEnd {
			if wrapped {
				return false
			}
			wrapped = true
			at = arch.KernelAreaStart
		}
		if prev := vareas.Floor(uint64(at)); prev != nil && prev.end > at {
			at = prev.end
			continue
		}
		next := vareas.Ceil(uint64(at))
		if next == nil || next.start >= at+need {
			break
		}
		at = next.end
	}
	v.start, v.end = at+arch.PageSize, at+arch.PageSize+n
	vNext = v.end
	v.node.Init(v)
	vareas.Insert(&v.node, uint64(v.start))
	return true
}

// VFree frees what VAlloc returned.
func VFree(a uintptr) {
	irq := vLock.LockIRQ()
	v := vareas.Find(uint64(a))
	vLock.UnlockIRQ(irq)
	if v == nil {
		panic("mem: VFree of an address that VAlloc did not return")
	}
	vPages.Add(-int64((v.end - v.start) >> arch.PageShift))
	v.unmap(v.end)
}

// unmap gives the pages below end back, and the area.
func (v *varea) unmap(end uintptr) {
	for va := v.start; va < end; {
		var batch [32]arch.PTE
		n, first := 0, va
		for ; va < end && n < len(batch); va += arch.PageSize {
			batch[n] = arch.UnmapKernel(va)
			n++
		}
		arch.FlushKernelRange(first, va)
		for _, e := range batch[:n] {
			FrameOf(e.Addr()).Put()
		}
	}
	irq := vLock.LockIRQ()
	vareas.Remove(&v.node)
	vNext = min(vNext, v.start-arch.PageSize)
	vLock.UnlockIRQ(irq)
	vareaCache.Free(v)
}

// Table pages for arch: one frame each.

// AllocTable is arch.AllocTable once the allocator is up.
func AllocTable() uint64 {
	f := AllocFrame(Zero | Atomic)
	if f == nil {
		return 0
	}
	return f.Phys()
}

// FreeTable is arch.FreeTable.
func FreeTable(pa uint64) { FrameOf(pa).Put() }
