//go:build !galago

package arch

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// Hosted variants: one CPU, no interrupts, user memory is kernel memory.

// DirectMap is the address at which physical address 0 of the test arena would appear.
var DirectMap uintptr

// CPUID returns the index of this CPU.
func CPUID() int { return 0 }

// NumCPU returns the number of CPUs in use.
func NumCPU() int { return 1 }

// IRQDisable masks interrupts and returns the former state.
func IRQDisable() uintptr { return 0 }

// IRQRestore restores the state that IRQDisable returned.
func IRQRestore(flags uintptr) {}

// IRQEnabled reports whether interrupts are unmasked.
func IRQEnabled() bool { return true }

// Pause is the spin-wait hint.
func Pause() {}

// Mb is a full memory fence.
func Mb() {}

// Current returns the running thread's header; hosted code has none.
func Current() *ThreadHeader { return nil }

// ClearPage zeroes the page at va.
func ClearPage(va uintptr) { clear((*[PageSize]byte)(ptr(va))[:]) }

// CopyPage copies one page.
func CopyPage(dst, src uintptr) {
	*(*[PageSize]byte)(ptr(dst)) = *(*[PageSize]byte)(ptr(src))
}

var start = time.Now()

// Cycles reads the time-stamp counter (here: nanoseconds since the program started).
func Cycles() uint64 { return uint64(time.Since(start)) }

// CopyFromUser copies n bytes from user address src and returns how many were left.
//
//go:noinline
func CopyFromUser(dst unsafe.Pointer, src uintptr, n uintptr) (left uintptr) {
	copy(unsafe.Slice((*byte)(dst), n), unsafe.Slice((*byte)(ptr(src)), n))
	return 0
}

// CopyToUser copies n bytes to user address dst and returns how many were left.
//
//go:noinline
func CopyToUser(dst uintptr, src unsafe.Pointer, n uintptr) (left uintptr) {
	copy(unsafe.Slice((*byte)(ptr(dst)), n), unsafe.Slice((*byte)(src), n))
	return 0
}

// ZeroUser clears n bytes at user address dst and returns how many were left.
//
//go:noinline
func ZeroUser(dst uintptr, n uintptr) (left uintptr) {
	clear(unsafe.Slice((*byte)(ptr(dst)), n))
	return 0
}

// ptr converts an arena address without vet's objection: arena memory is never moved or collected.
func ptr(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

// UserRange reports whether [a, a+n) may be user memory; hosted, all memory is.
func UserRange(a, n uintptr) bool { return true }

// LoadUser32 reads a word of user memory.
func LoadUser32(a uintptr) (v uint32, ok bool) { return atomic.LoadUint32((*uint32)(ptr(a))), true }

// CasUser32 compares and swaps a word of user memory and returns what it held.
func CasUser32(a uintptr, old, new uint32) (prev uint32, ok bool) {
	p := (*uint32)(ptr(a))
	for {
		if v := atomic.LoadUint32(p); v != old {
			return v, true
		}
		if atomic.CompareAndSwapUint32(p, old, new) {
			return old, true
		}
	}
}
