//go:build galago_user

package runtime

import (
	"internal/abi"
	"unsafe"
)

// The heap has two parts.
//
// Regions: a bump pointer through chunks, for what the language allocates; each thread has its own, so it takes no lock. Mark
// remembers the pointer; Release goes back to it, giving whole chunks to a free list.
//
// Blocks: size classes with free lists, for Alloc and Free, under heapLock. Large blocks are mappings of their own.

const (
	chunkSize = 64 << 10
	maxBlock  = 32 << 10
	align     = 16
)

// chunk is a piece of region memory; its header lies at its beginning.
type chunk struct {
	prev *chunk
	size uintptr
}

const chunkHeader = (unsafe.Sizeof(chunk{}) + align - 1) &^ (align - 1)

// regions is a thread's region memory.
type regions struct {
	at, end uintptr
	last    *chunk
	spare   *chunk // released chunks of chunkSize
}

func mmap(n uintptr) uintptr {
	const protRW, private = 3, 0x22
	p := Syscall(sysMmap, 0, n, protRW, private, ^uintptr(0), 0)
	if p > ^uintptr(4095) {
		die("out of memory", nil, false, 0, 0, 0, 0)
	}
	return p
}

// alloc returns n zeroed bytes of the current region.
func alloc(n uintptr) unsafe.Pointer {
	region := &Self().region
	n = (n + align - 1) &^ (align - 1)
	if region.end-region.at < n || region.at == 0 {
		region.grow(n)
	}
	p := region.at
	region.at += n
	return unsafe.Pointer(p)
}

func (region *regions) grow(n uintptr) {
	size := uintptr(chunkSize)
	if n+chunkHeader > size {
		size = (n + chunkHeader + 4095) &^ 4095
	}
	c := region.spare
	if c != nil && size == chunkSize {
		region.spare = c.prev
		memclrNoHeapPointers(add(unsafe.Pointer(c), chunkHeader), chunkSize-chunkHeader)
	} else {
		c = (*chunk)(unsafe.Pointer(mmap(size)))
		c.size = size
	}
	c.prev = region.last
	region.last = c
	region.at = uintptr(unsafe.Pointer(c)) + chunkHeader
	region.end = uintptr(unsafe.Pointer(c)) + size
}

// Region is a place in the region memory.
type Region struct {
	at   uintptr
	last *chunk
}

// Mark returns the present place.
func Mark() Region {
	region := &Self().region
	return Region{region.at, region.last}
}

// Release frees everything the language has allocated in this thread since r was marked. Nothing of it may be used any
// more.
func Release(r Region) {
	region := &Self().region
	for region.last != r.last {
		c := region.last
		region.last = c.prev
		if c.size == chunkSize {
			c.prev = region.spare
			region.spare = c
		} else {
			Syscall(sysMunmap, uintptr(unsafe.Pointer(c)), c.size, 0, 0, 0, 0)
		}
	}
	if r.last == nil {
		region.at, region.end = 0, 0
		return
	}
	end := uintptr(unsafe.Pointer(r.last)) + r.last.size
	top := region.at
	if region.end != end {
		top = end
	}
	memclrNoHeapPointers(unsafe.Pointer(r.at), top-r.at)
	region.at, region.end = r.at, end
}

// block is the header of a block from Alloc.
type block struct {
	size uintptr // of the whole block
	next *block
}

var (
	heapLock   Lock
	freeBlocks [32]*block // by the binary logarithm of the size; guarded by heapLock
)

// freeAll gives all of an ended thread's region memory back.
func (region *regions) freeAll() {
	for _, list := range [...]*chunk{region.last, region.spare} {
		for c := list; c != nil; {
			prev := c.prev
			Syscall(sysMunmap, uintptr(unsafe.Pointer(c)), c.size, 0, 0, 0, 0)
			c = prev
		}
	}
	*region = regions{}
}

func class(n uintptr) int {
	k := 5
	for uintptr(1)<<k < n {
		k++
	}
	return k
}

// Alloc returns n zeroed bytes that live until Free.
func Alloc(n uintptr) unsafe.Pointer {
	n += 16
	if n > maxBlock {
		size := (n + 4095) &^ 4095
		b := (*block)(unsafe.Pointer(mmap(size)))
		b.size = size
		return add(unsafe.Pointer(b), 16)
	}
	k := class(n)
	heapLock.Lock()
	if freeBlocks[k] == nil {
		refill(k)
	}
	b := freeBlocks[k]
	freeBlocks[k] = b.next
	heapLock.Unlock()
	b.size = 1 << k
	p := add(unsafe.Pointer(b), 16)
	memclrNoHeapPointers(p, 1<<k-16)
	b.next = nil
	return p
}

func refill(k int) {
	const batch = 64 << 10
	at := mmap(batch)
	for off := uintptr(0); off+1<<k <= batch; off += 1 << k {
		b := (*block)(unsafe.Pointer(at + off))
		b.next = freeBlocks[k]
		freeBlocks[k] = b
	}
}

// Free takes back what Alloc returned; nil is allowed.
func Free(p unsafe.Pointer) {
	if p == nil {
		return
	}
	b := (*block)(unsafe.Pointer(uintptr(p) - 16))
	if b.size > maxBlock {
		Syscall(sysMunmap, uintptr(unsafe.Pointer(b)), b.size, 0, 0, 0, 0)
		return
	}
	k := class(b.size)
	heapLock.Lock()
	b.next = freeBlocks[k]
	freeBlocks[k] = b
	heapLock.Unlock()
}

// What the compiler calls.

// zerobase is what allocations of size zero point to.
var zerobase uintptr

func newobject(t *abi.Type) unsafe.Pointer { return alloc(t.Size_) }

func mallocgc(size uintptr, t *abi.Type, zero bool) unsafe.Pointer { return alloc(size) }

func makeslice(t *abi.Type, n, c int) unsafe.Pointer {
	if n < 0 || n > c || t.Size_ > 0 && uintptr(c) > (1<<46)/t.Size_ {
		die("makeslice: length out of range", nil, false, 0, 0, 0, 0)
	}
	return alloc(t.Size_ * uintptr(c))
}

func makeslice64(t *abi.Type, n, c int64) unsafe.Pointer { return makeslice(t, int(n), int(c)) }

func makeslicecopy(t *abi.Type, to, from int, src unsafe.Pointer) unsafe.Pointer {
	p := makeslice(t, to, to)
	memmove(p, src, uintptr(min(to, from))*t.Size_)
	return p
}

func growslice(old unsafe.Pointer, newLen, oldCap, num int, t *abi.Type) slice {
	c := max(newLen, 2*oldCap, 8)
	size := t.Size_ * uintptr(oldCap)
	// The newest allocation grows in place.
	region := &Self().region
	if end := uintptr(old) + (size+align-1)&^(align-1); oldCap > 0 && end == region.at {
		extra := t.Size_*uintptr(c) - size
		if region.end-region.at >= extra+align {
			region.at += (extra + align - 1) &^ (align - 1)
			return slice{old, newLen, c}
		}
	}
	p := alloc(t.Size_ * uintptr(c))
	memmove(p, old, t.Size_*uintptr(newLen-num))
	return slice{p, newLen, c}
}

func growsliceBuf(old unsafe.Pointer, newLen, oldCap, num int, t *abi.Type, buf unsafe.Pointer, bufLen int) slice {
	return growslice(old, newLen, oldCap, num, t)
}

func convT(t *abi.Type, v unsafe.Pointer) unsafe.Pointer {
	p := alloc(t.Size_)
	memmove(p, v, t.Size_)
	return p
}

func convTnoptr(t *abi.Type, v unsafe.Pointer) unsafe.Pointer { return convT(t, v) }

func convT16(v uint16) unsafe.Pointer {
	p := (*uint16)(alloc(2))
	*p = v
	return unsafe.Pointer(p)
}

func convT32(v uint32) unsafe.Pointer {
	p := (*uint32)(alloc(4))
	*p = v
	return unsafe.Pointer(p)
}

func convT64(v uint64) unsafe.Pointer {
	p := (*uint64)(alloc(8))
	*p = v
	return unsafe.Pointer(p)
}

func convTstring(v string) unsafe.Pointer {
	p := (*string)(alloc(16))
	*p = v
	return unsafe.Pointer(p)
}

func convTslice(v []byte) unsafe.Pointer {
	p := (*[]byte)(alloc(24))
	*p = v
	return unsafe.Pointer(p)
}

// moveSlice and its kin move a slice that append built on the stack into memory that outlives the function
// (cmd/compile/internal/slice).
func moveSlice(t *abi.Type, old unsafe.Pointer, n, c int) (unsafe.Pointer, int, int) {
	return moveSliceNoScan(t.Size_, old, n, c)
}

func moveSliceNoScan(size uintptr, old unsafe.Pointer, n, c int) (unsafe.Pointer, int, int) {
	if c == 0 {
		if old != nil {
			old = unsafe.Pointer(&zerobase)
		}
		return old, 0, 0
	}
	p := alloc(uintptr(c) * size)
	memmove(p, old, uintptr(n)*size)
	return p, n, c
}

func moveSliceNoCap(t *abi.Type, old unsafe.Pointer, n int) (unsafe.Pointer, int, int) {
	return moveSliceNoScan(t.Size_, old, n, n)
}

func moveSliceNoCapNoScan(size uintptr, old unsafe.Pointer, n int) (unsafe.Pointer, int, int) {
	return moveSliceNoScan(size, old, n, n)
}
