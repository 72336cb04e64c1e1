//go:build galago && !lockdep

package lock

import (
	"unsafe"

	"galago/arch"
)

// Debug tells whether the lock-dependency checker is compiled in.
const Debug = false

// AssertMaySleep reports a caller that is not allowed to sleep; without lockdep it does nothing.
func AssertMaySleep() {}

func depAcquire(Rank, unsafe.Pointer, bool)                              {}
func depRelease(unsafe.Pointer)                                          {}
func depHeld(unsafe.Pointer) bool                                        { return true }
func depHandOver(unsafe.Pointer, *arch.ThreadHeader, *arch.ThreadHeader) {}
