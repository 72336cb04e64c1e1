//go:build memdebug

package mem

import (
	"unsafe"

	"galago/kernel/klog"
)

// redZone bytes follow each object; a free object and its red zone hold poisonByte, except for the list link in its
// first word. The red zone keeps the byte while the object is in use.
const (
	redZone    = 16
	poisonByte = 0x6b
	freshByte  = 0x5a // fills an object that is handed out, so that nobody relies on it being zero
	linkSize   = 8
)

func (s *slab) cells(p unsafe.Pointer) []byte { return unsafe.Slice((*byte)(p), s.objSize+redZone) }

// poison marks an object free.
func poison(s *slab, p unsafe.Pointer) {
	b := s.cells(p)
	for i := range b {
		b[i] = poisonByte
	}
}

// firstDamage returns the first byte from `from` on that is not poison, or -1.
func firstDamage(b []byte, from int) int {
	for i := from; i < len(b); i++ {
		if b[i] != poisonByte {
			return i
		}
	}
	return -1
}

// checkFree panics when a free object that is being handed out was written to.
func checkFree(s *slab, p unsafe.Pointer) {
	b := s.cells(p)
	if i := firstDamage(b, linkSize); i >= 0 {
		klog.Errorf("mem: %s at %x: byte %d was changed to %x while the object was free", s.name, uintptr(p), i, b[i])
		panic("mem: object used after it was freed, or its neighbour overran")
	}
	for i := range s.objSize {
		b[i] = freshByte
	}
}

// checkOwned panics when an object that is being freed is free already, or was written beyond its end.
func checkOwned(s *slab, p unsafe.Pointer) {
	f := s.head(p)
	if f.Owner != unsafe.Pointer(s) || (uintptr(p)-f.Virt())%s.size != 0 {
		klog.Errorf("mem: %x is not an object of %s", uintptr(p), s.name)
		panic("mem: free of something that is not an object of its cache")
	}
	b := s.cells(p)
	if i := firstDamage(b, int(s.objSize)); i >= 0 {
		klog.Errorf("mem: %s at %x: byte %d beyond the end was changed to %x", s.name, uintptr(p), i, b[i])
		panic("mem: object overrun")
	}
	if s.objSize > linkSize && firstDamage(b, linkSize) < 0 {
		klog.Errorf("mem: %s at %x", s.name, uintptr(p))
		panic("mem: object freed twice")
	}
}
