//go:build memdebug

package mem

import (
	"testing"
	"unsafe"
)

var victims = Cache[[40]byte]{Name: "victim"}

// TestMemdebug breaks the rules one by one; each must be caught.
func TestMemdebug(t *testing.T) {
	expect := func(what, message string, f func()) {
		t.Helper()
		defer func() {
			if r := recover(); r != message {
				t.Errorf("%s: %v, want %q", what, r, message)
			}
		}()
		f()
	}
	p := victims.Alloc()
	end := (*byte)(unsafe.Add(unsafe.Pointer(p), len(p)))
	*end = 1
	expect("overrun", "mem: object overrun", func() { victims.Free(p) })
	*end = ownedByte
	inner := (*[40]byte)(unsafe.Add(unsafe.Pointer(p), 16))
	expect("inner pointer", "mem: free of something that is not an object of its cache", func() { victims.Free(inner) })
	victims.Free(p)
	expect("twice", "mem: object freed twice", func() { victims.Free(p) })
	p[20] = 7
	expect("after free", "mem: object used after it was freed, or its neighbour overran", func() { victims.Alloc() })
}
