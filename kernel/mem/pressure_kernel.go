//go:build galago

package mem

import "galago/arch"

// mayReclaim reports whether this context may sleep and is not reclaiming already.
func mayReclaim() bool {
	h := arch.Current()
	return h.Preempt == 0 && h.IRQDepth == 0 && h.Reclaiming == 0 && arch.IRQEnabled()
}

func enterReclaim(in bool) {
	h := arch.Current()
	if in {
		h.Reclaiming = 1
	} else {
		h.Reclaiming = 0
	}
}
