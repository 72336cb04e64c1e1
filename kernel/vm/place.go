//go:build galago

package vm

import "galago/arch"

// Where areas go. Areas without a wish are placed from the top of the mmap area downwards. The search begins where the last one
// ended, as long as no gap above is large enough: skipped bounds the gaps there from above, so that a process with
// many areas does not walk past all of them for each new one.

// room finds free room for length bytes: at hint if that is free, else as high as possible below the mmap top, else
// anywhere. 0: none.
func (s *AddressSpace) room(hint, length uintptr) uintptr {
	if hint != 0 && hint >= MinAddress && hint <= arch.UserLimit-length && s.isFree(hint, length) {
		return hint
	}
	if s.search == 0 || s.search > s.Layout.MmapTop || length <= s.skipped {
		s.search, s.skipped = s.Layout.MmapTop, 0
	}
	at, largest := s.gapBelow(s.search, length, MinAddress)
	if at != 0 {
		s.search, s.skipped = at, max(s.skipped, largest)
		return at
	}
	at, _ = s.gapBelow(arch.UserLimit, length, MinAddress)
	return at
}

// room32 is room for MAP_32BIT.
func (s *AddressSpace) room32(hint, length uintptr) uintptr {
	if hint >= low32Start && length <= low32End && hint <= low32End-length && s.isFree(hint, length) {
		return hint
	}
	at, _ := s.gapBelow(low32End, length, low32Start)
	return at
}

// lower returns where an area begins for its lower neighbours: a stack keeps some room to grow.
func (a *Area) lower() uintptr {
	if a.Flags&GrowsDown != 0 && a.Start > guardGap {
		return a.Start - guardGap
	}
	return a.Start
}

// isFree tells whether an area may be put there.
func (s *AddressSpace) isFree(start, length uintptr) bool {
	a := s.findFrom(start)
	return a == nil || a.lower() >= start+length
}

// gapBelow walks down from top to the first gap of length bytes above floor. largest is the largest of the gaps passed over.
func (s *AddressSpace) gapBelow(top, length, floor uintptr) (at, largest uintptr) {
	a := s.areas.Floor(uint64(top - 1))
	if up := s.findFrom(top); up != nil {
		top = min(top, up.lower())
	}
	for {
		low := floor
		if a != nil {
			low = max(a.End, floor)
		}
		if top > low {
			if top-low >= length {
				return top - length, largest
			}
			largest = max(largest, top-low)
		}
		if a == nil || a.Start <= floor {
			return 0, largest
		}
		top = min(top, a.lower())
		a = s.prev(a)
	}
}

// freed notes that [start, end) has become free, between the areas around it.
func (s *AddressSpace) freed(start, end uintptr) {
	if end <= s.search {
		return
	}
	low, high := uintptr(MinAddress), uintptr(arch.UserLimit)
	b := s.findFrom(start)
	if b != nil {
		high = b.Start
		if a := s.prev(b); a != nil {
			low = a.End
		}
	} else if a := s.areas.Floor(uint64(start)); a != nil {
		low = a.End
	}
	s.skipped = max(s.skipped, high-low)
}
