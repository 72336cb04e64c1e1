//go:build galago || galago_user

package runtime

import (
	"internal/runtime/atomic"
	"unsafe"
)

// sync/atomic leaves its pointer operations to the runtime, for the sake of write barriers. There are none here.

//go:linkname sync_atomic_StorePointer sync/atomic.StorePointer
//go:nosplit
func sync_atomic_StorePointer(ptr *unsafe.Pointer, new unsafe.Pointer) {
	atomic.StorepNoWB(unsafe.Pointer(ptr), new)
}

//go:linkname sync_atomic_SwapPointer sync/atomic.SwapPointer
//go:nosplit
func sync_atomic_SwapPointer(ptr *unsafe.Pointer, new unsafe.Pointer) unsafe.Pointer {
	return unsafe.Pointer(atomic.Xchguintptr((*uintptr)(unsafe.Pointer(ptr)), uintptr(new)))
}

//go:linkname sync_atomic_CompareAndSwapPointer sync/atomic.CompareAndSwapPointer
//go:nosplit
func sync_atomic_CompareAndSwapPointer(ptr *unsafe.Pointer, old, new unsafe.Pointer) bool {
	return atomic.Casp1(ptr, old, new)
}
