//go:build galago && ktest

package suite

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/ktest"
	"galago/kernel/mem"
)

func init() {
	ktest.Register("mem/frame", testFrame)
	ktest.Register("mem/zeroed", testZeroed)
	ktest.Register("mem/buddy-orders", testBuddyOrders)
	ktest.Register("mem/buddy-coalesce", testCoalesce)
	ktest.Register("mem/dma32", testDMA32)
	ktest.Register("mem/fail-nth", testFailNth)
	ktest.Register("mem/slab", testSlab)
	ktest.Register("mem/slab-smp", testSlabSMP)
	ktest.Register("mem/frames-smp", testFramesSMP)
	ktest.Register("mem/alloc-sizes", testAllocSizes)
	ktest.Register("mem/valloc", testVAlloc)
	ktest.Register("mem/valloc-guard", testVAllocGuard)
	ktest.Register("mem/references", testReferences)
}

func testFrame(t *ktest.T) {
	f := mem.AllocFrame(0)
	if !t.Check(f != nil, "no frame") {
		return
	}
	t.Check(mem.FrameOf(f.Phys()) == f, "FrameOf(Phys)")
	t.Check(mem.VirtToFrame(f.Virt()) == f, "VirtToFrame(Virt)")
	t.Equal(uint64(f.Refs.Load()), 1, "references")
	b := f.Bytes()
	for i := range b {
		b[i] = byte(i)
	}
	for i := range b {
		if b[i] != byte(i) {
			t.Fail("memory does not hold what was written")
			break
		}
	}
	f.Put()
}

func testZeroed(t *ktest.T) {
	for range 8 {
		f := mem.AllocFrame(0)
		if !t.Check(f != nil, "no frame") {
			return
		}
		for i := range f.Bytes() {
			f.Bytes()[i] = 0xa5
		}
		f.Put()
		z := mem.AllocFrame(mem.Zero)
		if !t.Check(z != nil, "no frame") {
			return
		}
		for _, c := range z.Bytes() {
			if c != 0 {
				t.Fail("a frame allocated with Zero is not zero")
				break
			}
		}
		z.Put()
	}
}

func testBuddyOrders(t *ktest.T) {
	for order := 0; order <= 6; order++ {
		f := mem.AllocFrames(order, 0)
		if !t.Check(f != nil, "no block") {
			return
		}
		t.Equal(f.Phys()&(arch.PageSize<<uint(order)-1), 0, "alignment of a block")
		mem.FreeFrames(f, order)
	}
}

func testCoalesce(t *ktest.T) {
	const order = 5
	var blocks [8]*mem.Frame
	for i := range blocks {
		blocks[i] = mem.AllocFrames(order, 0)
		t.Check(blocks[i] != nil, "no block")
	}
	for i := range blocks {
		for k := range blocks[:i] {
			a, b := blocks[i].Phys(), blocks[k].Phys()
			t.Check(a >= b+arch.PageSize<<order || b >= a+arch.PageSize<<order, "blocks overlap")
		}
	}
	for i := range blocks {
		if blocks[i] != nil {
			mem.FreeFrames(blocks[i], order)
		}
	}
	f := mem.AllocFrames(order+3, 0)
	if t.Check(f != nil, "freed buddies do not make a larger block") {
		mem.FreeFrames(f, order+3)
	}
}

func testDMA32(t *ktest.T) {
	f := mem.AllocFrame(mem.DMA32)
	if t.Check(f != nil, "no frame") {
		t.Check(f.Phys() < 1<<32, "a DMA32 frame above 4 GiB")
		f.Put()
	}
}

func testFailNth(t *ktest.T) {
	mem.FailNth(2)
	a := mem.AllocFrame(0)
	b := mem.AllocFrame(0)
	t.Check(a != nil && b == nil, "the second allocation should fail")
	t.Check(!mem.FailPending(), "the failure is still pending")
	c := mem.AllocFrame(0)
	t.Check(c != nil, "the third allocation should succeed")
	for _, f := range [...]*mem.Frame{a, b, c} {
		if f != nil {
			f.Put()
		}
	}
}

// object is what the slab tests allocate: not a power of two.
type object struct {
	self *object
	id   int
	pad  [104]byte
}

var (
	objects = mem.Cache[object]{Name: "ktest_object"}
	held    [crewMax][64]*object
)

func testSlab(t *ktest.T) {
	for round := range 3 {
		h := &held[0]
		for i := range h {
			p := objects.Alloc()
			if !t.Check(p != nil, "no object") {
				return
			}
			t.Check(p.self == nil && p.id == 0 && p.pad[0] == 0 && p.pad[103] == 0, "an object is not zero")
			p.self, p.id, p.pad[0], p.pad[103] = p, round<<8+i, 1, 1
			h[i] = p
		}
		for i, p := range h {
			t.Check(p.self == p && p.id == round<<8+i, "objects share memory")
			objects.Free(p)
		}
	}
}

func testSlabSMP(t *ktest.T) {
	together(t, crewMax, slabWorker)
	t.Equal(uint64(count.Load()), crewMax, "workers whose objects were intact")
}

func slabWorker(arg unsafe.Pointer) {
	w := (*worker)(arg)
	h := &held[w.id]
	for round := range 40 {
		for i := range h {
			p := objects.Alloc()
			if p == nil || p.self != nil {
				return
			}
			p.self, p.id = p, w.id<<16+round<<8+i
			h[i] = p
		}
		for i, p := range h {
			if p.self != p || p.id != w.id<<16+round<<8+i {
				return
			}
			objects.Free(p)
		}
	}
	count.Add(1)
}

func testFramesSMP(t *ktest.T) {
	together(t, crewMax, frameWorker)
	t.Equal(uint64(count.Load()), crewMax, "workers whose frames were intact")
}

func frameWorker(arg unsafe.Pointer) {
	w := (*worker)(arg)
	var mine [32]*mem.Frame
	good := true
	for range 20 {
		for i := range mine {
			f := mem.AllocFrame(0)
			if f == nil {
				return
			}
			*(*uint64)(unsafe.Pointer(&f.Bytes()[8])) = uint64(w.id)<<32 + f.Phys()
			mine[i] = f
		}
		for _, f := range mine {
			good = good && *(*uint64)(unsafe.Pointer(&f.Bytes()[8])) == uint64(w.id)<<32+f.Phys()
			f.Put()
		}
	}
	if good {
		count.Add(1)
	}
}

func testAllocSizes(t *ktest.T) {
	for _, n := range [...]int{1, 16, 17, 100, 1000, 2048, 4096, 5000, 40000} {
		b := mem.AllocBytes(n)
		if !t.Check(b != nil && len(b) == n, "AllocBytes") {
			return
		}
		b[0], b[n-1] = 1, 2
		mem.FreeBytes(b)
	}
}

func testVAlloc(t *ktest.T) {
	const n = 5 * arch.PageSize
	a, e := mem.VAlloc(n)
	if !t.OK(e, "VAlloc") {
		return
	}
	for off := uintptr(0); off < n; off += arch.PageSize {
		*(*uintptr)(kernelPointer(a + off)) = off ^ a
	}
	for off := uintptr(0); off < n; off += arch.PageSize {
		t.Equal(uint64(*(*uintptr)(kernelPointer(a + off))), uint64(off^a), "what an area holds")
	}
	mem.VFree(a)
	t.Check(!mapped(a), "an area is still mapped after VFree")
}

func testVAllocGuard(t *ktest.T) {
	const n = 2 * arch.PageSize
	a, e := mem.VAlloc(n)
	if !t.OK(e, "VAlloc") {
		return
	}
	t.Check(mapped(a) && mapped(a+n-arch.PageSize), "the area is not mapped")
	t.Check(!mapped(a-arch.PageSize), "no guard page below the area")
	t.Check(!mapped(a+n), "no guard page above the area")
	mem.VFree(a)
}

// mapped tells whether a kernel address has a translation.
func mapped(va uintptr) bool {
	e := arch.Walk(arch.KernelRoot(), va, 0, false)
	return e != nil && e.Present()
}

func kernelPointer(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

func testReferences(t *ktest.T) {
	f := mem.AllocFrame(0)
	if !t.Check(f != nil, "no frame") {
		return
	}
	f.Get()
	f.Put()
	t.Equal(uint64(f.Refs.Load()), 1, "references after Get and Put")
	f.SetFlag(mem.FrameDirty | mem.FrameError)
	t.Check(f.TestFlag(mem.FrameDirty) && f.TestAndSet(mem.FrameError), "flags")
	f.ClearFlag(mem.FrameDirty | mem.FrameError)
	t.Check(!f.TestFlag(mem.FrameDirty), "a cleared flag")
	f.Put()
}
