package mem

import (
	"math/bits"
	"unsafe"

	"galago/arch"
)

// Byte blocks: size classes over slabs up to maxSmall, above that blocks of frames.
const maxSmall = 8192

var classSizes = [...]uintptr{16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 8192}

var classNames = [len(classSizes)]string{"size-16", "size-32", "size-48", "size-64", "size-96", "size-128", "size-192",
	"size-256", "size-384", "size-512", "size-768", "size-1024", "size-1536", "size-2048", "size-3072", "size-4096", "size-8192"}

var classes [len(classSizes)]slab

// classIndex maps (n+15)/16 to the class that serves n bytes.
var classIndex [maxSmall/16 + 1]uint8

func init() {
	c := 0
	for i := range classIndex {
		for uintptr(i)*16 > classSizes[c] {
			c++
		}
		classIndex[i] = uint8(c)
	}
}

// classOf returns the class for n ≤ maxSmall bytes.
func classOf(n uintptr) int { return int(classIndex[(n+15)/16]) }

// Alloc returns n zeroed bytes aligned to 16, or nil. The largest block is 4 MiB.
func Alloc(n uintptr) unsafe.Pointer {
	if n == 0 {
		n = 1
	}
	if n <= maxSmall {
		i := classOf(n)
		s := &classes[i]
		if s.ready.Load() == 0 {
			s.setup(classNames[i], classSizes[i])
		}
		p := s.alloc()
		if p != nil {
			clearObject(p, n)
		}
		return p
	}
	f := AllocFrames(orderOf(n), Zero)
	if f == nil {
		return nil
	}
	return pointer(f.Virt())
}

// AllocRaw is Alloc without the zeroes: for memory that is overwritten at once. n must not be more than a page.
func AllocRaw(n uintptr) unsafe.Pointer {
	i := classOf(max(n, 1))
	s := &classes[i]
	if s.ready.Load() == 0 {
		s.setup(classNames[i], classSizes[i])
	}
	return s.alloc()
}

func orderOf(n uintptr) int { return bits.Len64(uint64((n - 1) >> arch.PageShift)) }

// Free takes back what Alloc returned; nil is allowed.
func Free(p unsafe.Pointer) {
	if p == nil {
		return
	}
	f := VirtToFrame(uintptr(p))
	if f.Owner != nil {
		(*slab)(f.Owner).free(p)
		return
	}
	f.Put()
}

// AllocBytes returns a zeroed slice of n bytes, or nil.
func AllocBytes(n int) []byte {
	p := Alloc(uintptr(n))
	if p == nil {
		return nil
	}
	return unsafe.Slice((*byte)(p), n)
}

// FreeBytes takes back what AllocBytes returned; the slice may have been shortened, but must begin where it did.
func FreeBytes(b []byte) { Free(unsafe.Pointer(unsafe.SliceData(b))) }
