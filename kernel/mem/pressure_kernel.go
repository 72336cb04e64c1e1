//go:build galago

package mem

import "galago/arch"

// mayReclaim reports whether this context may sleep and is not reclaiming already.
func mayReclaim() bool {
	h := arch.Current()
	return h.Preempt == 0 && h.IRQDepth == 0 && h.Reclaiming == 0 && arch.IRQEnabled()
}

// Values of ThreadHeader.Reclaiming.
const (
	reclaiming        = 1
	reclaimingSparing = 2
)

func enterReclaim(in, sparing bool) {
	h := arch.Current()
	switch {
	case !in:
		h.Reclaiming = 0
	case sparing:
		h.Reclaiming = reclaimingSparing
	default:
		h.Reclaiming = reclaiming
	}
}

// threadFails counts an allocation of the running thread, and tells whether it is to fail.
func threadFails() bool {
	h := arch.Current()
	if h.FailEvery == 0 || h.IRQDepth != 0 {
		return false
	}
	if h.FailIn--; h.FailIn != 0 {
		return false
	}
	h.FailIn = h.FailEvery
	return true
}

// Sparing tells a shrinker that the memory is wanted for a process's pages, or in advance: the last of what running programs
// need again at once should stay. It is better to find out that memory has run out than to read the program from the disk for every
// few instructions.
func Sparing() bool { return arch.Current().Reclaiming == reclaimingSparing }
