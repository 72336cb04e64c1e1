//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
)

// The page tables of a space: entries are changed only under s.pt.

// pteNone marks the entry of a page in an area without any rights. It is not present for the CPU, not even for the
// kernel's own accesses, but holds its frame like a present one.
const pteNone = arch.PTESoft0

// mapped tells whether an entry holds a frame.
func mapped(e arch.PTE) bool { return e&(arch.PTEPresent|pteNone) != 0 }

// isAnon reports whether a frame is private anonymous memory rather than a page of a Backing.
func isAnon(f *mem.Frame) bool { return f.TestFlag(mem.FrameAnon) }

// tableSpan is what one bottom-level table maps.
const tableSpan = arch.PageSize * 512

func slot(va uintptr) uintptr { return va >> arch.PageShift & 511 }

// lastEmpty returns the last address of the run of empty entries of t that va's belongs to.
func lastEmpty(t *arch.Table, va uintptr) uintptr {
	return va&^(tableSpan-1) + (t.Next(slot(va))-1)*arch.PageSize
}

// directory returns the entry for va's bottom-level table, which may map a huge page instead (huge.go), and the first address behind what it
// is for; or nil with the first address for which there may be one again.
func (s *AddressSpace) directory(va uintptr) (d *arch.PTE, next uintptr) {
	t := arch.TableAt(s.Root)
	for l := uint(3); l > 1; l-- {
		shift := arch.PageShift + 9*l
		e := t[va>>shift&511]
		if !e.Present() {
			return nil, (va>>shift + 1) << shift
		}
		t = arch.TableAt(e.Addr())
	}
	return &t[va>>(arch.PageShift+9)&511], va&^(tableSpan-1) + tableSpan
}

// lastTable returns the bottom-level table for va, or nil with the first address for which there may be one again. s.pt is held.
//
// +checklocks:s.pt
func (s *AddressSpace) lastTable(va uintptr) (t *arch.Table, next uintptr) {
	d, next := s.directory(va)
	if d == nil || !d.Present() {
		return nil, next
	}
	return s.table(d), next
}

// entry returns va's entry, or nil if there is no table for it. s.pt is held.
//
// +checklocks:s.pt
func (s *AddressSpace) entry(va uintptr) *arch.PTE {
	t, _ := s.lastTable(va)
	if t == nil {
		return nil
	}
	return &t[slot(va)]
}

// makeTable returns the bottom-level table for va, made if need be; nil: no memory. s.pt is held.
//
// +checklocks:s.pt
func (s *AddressSpace) makeTable(va uintptr) *arch.Table {
	d := s.makeDirectory(va)
	if d == nil {
		return nil
	}
	return s.table(d)
}

// makeDirectory is directory that makes what is missing, the bottom-level table too; nil: no memory. s.pt is held.
//
// +checklocks:s.pt
func (s *AddressSpace) makeDirectory(va uintptr) *arch.PTE {
	t := arch.TableAt(s.Root)
	for l := uint(3); ; l-- {
		e := &t[va>>(arch.PageShift+9*l)&511]
		if !e.Present() {
			pa := arch.AllocTable()
			if pa == 0 {
				return nil
			}
			s.tables.Add(1)
			*e = tableEntry(pa)
		}
		if l == 1 {
			return e
		}
		t = arch.TableAt(e.Addr())
	}
}

// copyTables gives the child c the parent's private pages of area a. Anonymous pages become read-only in
// both; pages of a backing are left to the child's faults.
func (c *AddressSpace) copyTables(s *AddressSpace, a *Area) errno.Errno {
	n := int64(0)
	for va := a.Start; va < a.End; {
		s.pt.Lock()
		t, next := s.lastTable(va)
		end := min(next, a.End)
		var ct *arch.Table
		for ; t != nil && va < end; va += arch.PageSize {
			e := &t[slot(va)]
			if *e == 0 {
				va = lastEmpty(t, va)
				continue
			}
			if !mapped(*e) {
				continue
			}
			f := mem.FrameOf(e.Addr())
			if !isAnon(f) {
				continue
			}
			if ct == nil {
				if ct = c.makeTable(va); ct == nil { // nobody else knows the child's tables yet, or only removes from them
					s.pt.Unlock()
					c.addRSS(n)
					return errno.ENOMEM
				}
			}
			f.Get()
			*e &^= arch.PTEWrite
			ct[slot(va)] = *e
			n++
		}
		s.pt.Unlock()
		va = end
	}
	c.addRSS(n)
	return errno.OK
}

// gather collects frames whose translations are gone, until they have been flushed.
type gather struct {
	s          *AddressSpace
	start, end uintptr // range to flush
	n          int
	zapped     int64
	chain      *mem.Frame // anonymous frames that nobody else has, linked by Next
	frames     [32]*mem.Frame
}

// flush drops the stale translations, then the references. Called without s.pt.
func (g *gather) flush() {
	if g.end > g.start {
		g.s.flush(g.start, g.end)
	}
	g.s.addRSS(-g.zapped)
	for f := g.chain; f != nil; {
		next := f.Next
		f.Next = nil
		f.Put()
		f = next
	}
	for _, f := range g.frames[:g.n] {
		f.Put()
	}
	g.start, g.end, g.n, g.zapped, g.chain = 0, 0, 0, 0, nil
}

// full tells whether the next frame may find no room, or enough memory is held back already.
func (g *gather) full() bool { return g.n == len(g.frames) || g.zapped >= 4096 }

func (g *gather) add(va uintptr, f *mem.Frame, anon bool) {
	if g.end == 0 {
		g.start = va
	}
	g.end = va + arch.PageSize
	g.zapped++
	if anon && f.Refs.Load() == 1 {
		f.Next = g.chain
		g.chain = f
		return
	}
	g.frames[g.n] = f
	g.n++
}

// zap removes the translations of [start, end).
func (s *AddressSpace) zap(start, end uintptr) { s.zapPages(start, end, true) }

// zapPages is zap that spares private copies unless private is set.
func (s *AddressSpace) zapPages(start, end uintptr, private bool) {
	g := gather{s: s}
	for va := start; va < end; {
		s.pt.Lock()
		d, next := s.directory(va)
		switch {
		case d == nil || !d.Present() || *d&arch.PTELarge != 0 && !private:
			va = next
		case *d&arch.PTELarge != 0 && va == next-tableSpan && next <= end:
			g.zapHuge(d, va)
			va = next
		default:
			va = g.zapTable(s.table(d), va, min(next, end), private)
		}
		s.pt.Unlock()
		if g.full() {
			g.flush()
		}
	}
	g.flush()
}

// zapTable removes the entries of [va, stop) from a bottom-level table, until the gather is full, and returns where it ended.
func (g *gather) zapTable(t *arch.Table, va, stop uintptr, private bool) uintptr {
	first, dirty := va, false
	for ; va < stop && !g.full(); va += arch.PageSize {
		e := &t[slot(va)]
		if *e == 0 {
			va = lastEmpty(t, va)
			continue
		}
		f := mem.FrameOf(e.Addr())
		anon := isAnon(f)
		if anon {
			if !private {
				continue
			}
		} else {
			f.MapCount.Add(-1)
			g.s.file.Add(-1)
			dirty = dirty || *e&arch.PTEWrite != 0
		}
		*e = 0
		g.add(va, f, anon)
	}
	va = min(va, stop)
	if dirty {
		// Write-back, which no longer finds these translations, must not overlook stores through stale ones.
		g.s.flush(first, va)
	}
	return va
}

// applyRights makes the entries of [start, end) agree with the rights of area a. Write permission is only taken: stores fault
// and regain it where it is due.
func (s *AddressSpace) applyRights(a *Area, start, end uintptr) {
	set := arch.PTEPresent
	switch {
	case a.Prot&ProtMask == 0:
		set = pteNone
	case a.Prot&ProtExec == 0:
		set |= arch.PTENX
	}
	first, last := uintptr(0), uintptr(0)
	for va := start; va < end; {
		s.pt.Lock()
		t, next := s.lastTable(va)
		stop := min(next, end)
		for ; t != nil && va < stop; va += arch.PageSize {
			e := &t[slot(va)]
			if *e == 0 {
				va = lastEmpty(t, va)
				continue
			}
			*e = *e&^(arch.PTENX|arch.PTEWrite|arch.PTEPresent|pteNone) | set
			if last == 0 {
				first = va
			}
			last = va + arch.PageSize
		}
		s.pt.Unlock()
		va = stop
	}
	if last != 0 {
		s.flush(first, last)
	}
}

// unmapAll empties the space.
func (s *AddressSpace) unmapAll() {
	s.leave()
	for a := s.findFrom(0); a != nil; a = s.findFrom(0) {
		s.zap(a.Start, a.End)
		s.drop(a)
	}
	s.leave()
	s.freeTables(0, arch.UserLimit)
}
