//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/mem"
)

// Giving up tables that map nothing any more. Unmapping a large range frees the tables inside it at once; those that many small
// mappings leave behind are swept when there are many more than after the last sweep, so that mapping and unmapping
// a page again and again does not make and free its tables each time.

// sweepSlack is how many tables may be useless before a sweep.
const sweepSlack = 64

// trimTables frees tables after [start, end) was unmapped. s.lock is held for writing.
//
// +checklocks:s.lock
func (s *AddressSpace) trimTables(start, end uintptr) {
	if s.tables.Load() > 2*s.swept+sweepSlack {
		s.sweep()
		return
	}
	if end-start < tableSpan {
		return
	}
	low, high := s.gapAround(start)
	s.freeTables(low, high)
}

// gapAround returns the bounds of the free range that holds va.
func (s *AddressSpace) gapAround(va uintptr) (low, high uintptr) {
	high = arch.UserLimit
	b := s.findFrom(va)
	var a *Area
	if b != nil {
		high = b.Start
		a = s.prev(b)
	} else {
		a = s.areas.Max()
	}
	if a != nil {
		low = a.End
	}
	return low, high
}

// sweep frees all tables that no area needs.
func (s *AddressSpace) sweep() {
	low := uintptr(0)
	for a := s.findFrom(0); a != nil; a = s.next(a) {
		s.freeTables(low, a.Start)
		low = a.End
	}
	s.freeTables(low, arch.UserLimit)
	s.swept = s.tables.Load()
}

// freeTables frees the tables that only map addresses of [low, high), where nothing is mapped. CPUs may walk them
// speculatively, so they are cut off and flushed first.
func (s *AddressSpace) freeTables(low, high uintptr) {
	if high <= low || (low+tableSpan-1)&^(tableSpan-1)+tableSpan > high && high != arch.UserLimit {
		return
	}
	var chain *mem.Frame
	s.pt.Lock()
	n := cutTables(arch.TableAt(s.Root), 3, 0, low, high, &chain)
	s.pt.Unlock()
	if chain == nil {
		return
	}
	s.tables.Add(-n)
	s.flush(low, high)
	for f := chain; f != nil; {
		next := f.Next
		f.Next = nil
		arch.FreeTable(f.Phys())
		f = next
	}
}

// cutTables takes the tables below t, which is of a level above 0 and maps from base on, that lie within [low, high) out of
// it, links their frames into a chain, and returns their number. The depth is bounded by the level.
func cutTables(t *arch.Table, level uint, base, low, high uintptr, chain **mem.Frame) (n int64) {
	shift := arch.PageShift + 9*level
	first, last := uintptr(0), uintptr(511)
	if low > base {
		first = (low - base) >> shift
	}
	if end := base + 512<<shift; high < end {
		last = (high - 1 - base) >> shift
	}
	if level == 3 {
		last = min(last, 255)
	}
	for i := t.Next(first); i <= last; i = t.Next(i + 1) {
		if !t[i].Present() {
			continue
		}
		at := base + i<<shift
		child := t[i].Addr()
		if level > 1 {
			n += cutTables(arch.TableAt(child), level-1, at, max(low, at), min(high, at+1<<shift), chain)
		}
		whole := at >= low && (at+1<<shift <= high || high == arch.UserLimit && at+1<<shift > high)
		if !whole {
			continue
		}
		t[i] = 0
		f := mem.FrameOf(child)
		f.Next = *chain
		*chain = f
		n++
	}
	return n
}
