//go:build galago

package vm

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
)

// The page tables of a space, changed only under s.pt.

// isAnon reports whether a frame is private anonymous memory rather than a page of a Backing.
func isAnon(f *mem.Frame) bool { return f.TestFlag(mem.FrameAnon) }

// lastTable returns the bottom-level table for va, or nil with the first address it may exist at again.
func (s *AddressSpace) lastTable(va uintptr) (t *arch.Table, next uintptr) {
	t = arch.TableAt(s.Root)
	for l := uint(3); l > 0; l-- {
		shift := arch.PageShift + 9*l
		e := t[va>>shift&511]
		if !e.Present() {
			return nil, (va>>shift + 1) << shift
		}
		t = arch.TableAt(e.Addr())
	}
	const span = arch.PageSize * 512
	return t, va&^(span-1) + span
}

// copyTables gives the child c the parent's private pages of area a. Anonymous pages become read-only in
// both; pages of a backing are left to the child's faults.
func (c *AddressSpace) copyTables(s *AddressSpace, a *Area) errno.Errno {
	n := int64(0)
	for va := a.Start; va < a.End; {
		t, next := s.lastTable(va)
		end := min(next, a.End)
		if t == nil {
			va = next
			continue
		}
		var ct *arch.Table
		s.pt.Lock()
		for ; va < end; va += arch.PageSize {
			e := &t[va>>arch.PageShift&511]
			if !e.Present() {
				continue
			}
			f := mem.FrameOf(e.Addr())
			if !isAnon(f) {
				continue
			}
			if ct == nil {
				ce := arch.Walk(c.Root, va, 0, true)
				if ce == nil {
					s.pt.Unlock()
					c.addRSS(n)
					return errno.ENOMEM
				}
				ct, _ = c.lastTable(va)
			}
			f.Get()
			*e &^= arch.PTEWrite
			ct[va>>arch.PageShift&511] = *e
			n++
		}
		s.pt.Unlock()
	}
	c.addRSS(n)
	return errno.OK
}

// gather collects frames whose translations are gone, until they have been flushed.
type gather struct {
	s          *AddressSpace
	start, end uintptr // range to flush
	n          int
	frames     [64]*mem.Frame
}

// flush drops the stale translations, then the references. Called without s.pt.
func (g *gather) flush() {
	if g.end > g.start {
		arch.FlushRange(g.start, g.end, g.s.cpus.Load())
	}
	for _, f := range g.frames[:g.n] {
		f.Put()
	}
	g.start, g.end, g.n = 0, 0, 0
}

func (g *gather) add(va uintptr, f *mem.Frame) {
	if g.end == 0 {
		g.start = va
	}
	g.end = va + arch.PageSize
	g.frames[g.n] = f
	g.n++
}

// zap removes the translations of [start, end).
func (s *AddressSpace) zap(start, end uintptr) { s.zapPages(start, end, true) }

// zapPages is zap that spares private copies unless private is set.
func (s *AddressSpace) zapPages(start, end uintptr, private bool) {
	g := gather{s: s}
	for va := start; va < end; {
		t, next := s.lastTable(va)
		if t == nil {
			va = next
			continue
		}
		stop := min(next, end)
		first, dirty := va, false
		s.pt.Lock()
		for ; va < stop && g.n < len(g.frames); va += arch.PageSize {
			e := &t[va>>arch.PageShift&511]
			if !e.Present() {
				continue
			}
			f := mem.FrameOf(e.Addr())
			if isAnon(f) {
				if !private {
					continue
				}
			} else {
				f.MapCount.Add(-1)
				s.file.Add(-1)
				dirty = dirty || *e&arch.PTEWrite != 0
			}
			*e = 0
			g.add(va, f)
		}
		if dirty {
			// Write-back, which no longer finds these translations, must not overlook stores through stale ones.
			arch.FlushRange(first, va, s.cpus.Load())
		}
		s.pt.Unlock()
		if g.n == len(g.frames) {
			s.addRSS(-int64(g.n))
			g.flush()
		}
	}
	s.addRSS(-int64(g.n))
	g.flush()
}

// narrow removes write permission (and changes execute permission) in [start, end) to match the area.
func (s *AddressSpace) narrow(a *Area, start, end uintptr) {
	for va := start; va < end; {
		t, next := s.lastTable(va)
		if t == nil {
			va = next
			continue
		}
		stop := min(next, end)
		s.pt.Lock()
		for ; va < stop; va += arch.PageSize {
			e := &t[va>>arch.PageShift&511]
			if !e.Present() {
				continue
			}
			*e &^= arch.PTENX | arch.PTEWrite // stores fault and regain the right where it is due
			if a.Prot&ProtExec == 0 {
				*e |= arch.PTENX
			}
			if a.Prot&ProtMask == 0 {
				*e &^= arch.PTEUser
			} else {
				*e |= arch.PTEUser
			}
		}
		s.pt.Unlock()
	}
	arch.FlushRange(start, end, s.cpus.Load())
}

// freeTables releases the table pages of the user half; nothing is mapped any more. A CPU that runs a kernel thread may still
// have the root loaded and walk it speculatively, so the tables are cut off and their cached entries flushed first.
func (s *AddressSpace) freeTables() {
	root := arch.TableAt(s.Root)
	const userHalf = 256
	for i := range userHalf {
		root[i] &^= arch.PTEPresent
	}
	arch.FlushRange(0, arch.UserLimit, s.cpus.Load())
	for i := range userHalf {
		if pa := root[i].Addr(); pa != 0 {
			freeLevel(pa, 2)
			root[i] = 0
		}
	}
}

// freeLevel frees a table at level (2: page directory pointers … 0: bottom) and those below it; the depth is
// bounded by the level.
func freeLevel(pa uint64, level int) {
	if level > 0 {
		t := arch.TableAt(pa)
		for i := range t {
			if t[i].Present() {
				freeLevel(t[i].Addr(), level-1)
			}
		}
	}
	arch.FreeTable(pa)
}

// unmapAll empties the space.
func (s *AddressSpace) unmapAll() {
	for a := s.findFrom(0); a != nil; a = s.findFrom(0) {
		s.zap(a.Start, a.End)
		s.drop(a)
	}
	s.leave()
	s.freeTables()
}
