//go:build !galago

package mem

import "sync/atomic"

var inReclaim atomic.Int32

// Hosted, one thread reclaims at a time.
func mayReclaim() bool { return inReclaim.Load() == 0 }

func enterReclaim(in, _ bool) {
	if in {
		inReclaim.Store(1)
	} else {
		inReclaim.Store(0)
	}
}

// threadFails is told of threads in the kernel only.
func threadFails() bool { return false }

// Sparing is told apart in the kernel only.
func Sparing() bool { return false }
