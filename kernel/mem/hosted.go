//go:build !galago

package mem

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
)

var (
	hostOnce sync.Once
	vPages   atomic.Int64

	// arena is memory of Go's heap rather than mapped memory because the race detector only watches the former.
	arena []byte
)

// HostInit makes an arena of n bytes that stands for physical memory. Only the first call counts.
func HostInit(n int) {
	hostOnce.Do(func() {
		n = (n + arch.PageSize - 1) &^ (arch.PageSize - 1)
		const align = arch.PageSize << MaxOrder
		arena = make([]byte, n+align)
		arch.DirectMap = (uintptr(unsafe.Pointer(&arena[0])) + align - 1) &^ (align - 1)
		BootInit([]Region{{arch.PageSize, uint64(n)}}, uint64(n))
		if !Init() {
			panic("mem: arena too small")
		}
	})
}

// VAlloc returns n bytes of kernel memory; hosted it is a block of frames.
func VAlloc(n uintptr) (uintptr, errno.Errno) {
	p := Alloc(n)
	if p == nil {
		return 0, errno.ENOMEM
	}
	return uintptr(p), 0
}

// VFree frees what VAlloc returned.
func VFree(a uintptr) { Free(pointer(a)) }
