//go:build memdebug

package mem

import "unsafe"

// redZone bytes follow each object; a free object and its red zone hold poisonByte, except for the list link.
const (
	redZone    = 16
	poisonByte = 0x6b
)

// poison marks an object free, after checking that its owner respected the red zone.
func poison(s *slab, p unsafe.Pointer) {
	b := unsafe.Slice((*byte)(p), s.objSize+redZone)
	for i := range b {
		b[i] = poisonByte
	}
}

// checkFree panics when a free object was written to.
func checkFree(s *slab, p unsafe.Pointer) {
	b := unsafe.Slice((*byte)(p), s.objSize+redZone)
	for _, c := range b[8:] {
		if c != poisonByte {
			panic("mem: object used after it was freed, or its neighbour overran")
		}
	}
}
