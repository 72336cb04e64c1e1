//go:build memdebug

package mem

import (
	"unsafe"

	"galago/kernel/klog"
)

// redZone bytes follow each object. They tell its state, whatever its owner writes into the object: ownedByte while it
// is in use, poisonByte while it is free. A free object holds poisonByte too, except for the list link in its first word.
const (
	redZone    = 16
	poisonByte = 0x6b
	ownedByte  = 0xbb
	freshByte  = 0x5a // fills an object that is handed out, so that nobody relies on it being zero
	linkSize   = 8
)

func (s *slab) cells(p unsafe.Pointer) []byte { return unsafe.Slice((*byte)(p), s.objSize+redZone) }

func fill(b []byte, c byte) {
	for i := range b {
		b[i] = c
	}
}

// damage returns the index of the first byte of b from `from` on that is not c, or -1.
func damage(b []byte, from int, c byte) int {
	for i := from; i < len(b); i++ {
		if b[i] != c {
			return i
		}
	}
	return -1
}

// poison marks an object free.
func poison(s *slab, p unsafe.Pointer) { fill(s.cells(p), poisonByte) }

// checkFree panics when a free object that is being handed out was written to, and marks it as in use.
func checkFree(s *slab, p unsafe.Pointer) {
	b := s.cells(p)
	if i := damage(b, linkSize, poisonByte); i >= 0 {
		klog.Errorf("mem: %s at %x: byte %d was changed to %x while the object was free", s.name, uintptr(p), i, b[i])
		panic("mem: object used after it was freed, or its neighbour overran")
	}
	fill(b[:s.objSize], freshByte)
	fill(b[s.objSize:], ownedByte)
}

// checkOwned panics when an object that is being freed is free already, or was written beyond its end.
func checkOwned(s *slab, p unsafe.Pointer) {
	f := s.head(p)
	if f.Owner != unsafe.Pointer(s) || (uintptr(p)-f.Virt())%s.size != 0 {
		klog.Errorf("mem: %x is not an object of %s", uintptr(p), s.name)
		panic("mem: free of something that is not an object of its cache")
	}
	b := s.cells(p)
	i := damage(b, int(s.objSize), ownedByte)
	if i < 0 {
		return
	}
	if damage(b, int(s.objSize), poisonByte) < 0 {
		klog.Errorf("mem: %s at %x", s.name, uintptr(p))
		panic("mem: object freed twice")
	}
	klog.Errorf("mem: %s at %x: byte %d beyond the end was changed to %x", s.name, uintptr(p), i, b[i])
	panic("mem: object overrun")
}
