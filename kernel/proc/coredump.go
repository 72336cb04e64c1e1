//go:build galago

package proc

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/uio"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

// Core dumps: core(5). A thread that dies of a signal whose default is to dump stops the other threads where they are, on their way to their
// end, and writes an ELF file with the registers of all of them (corenotes.go) and the memory of the process.

// coreDump is a dump in progress. Guarded by table.lock.
type coreDump struct {
	dumper *Task
	parked int // other threads that have stopped for it
	wait   sched.WaitQueue
	done   bool
}

var coreCache = mem.Cache[coreDump]{Name: "coredump"}

// dumpCore writes a core of the running thread's process, which is about to die of sig; it reports whether there is one.
func (t *Task) dumpCore(sig int, info *Siginfo) bool {
	p := t.Proc
	p.limitsMu.Lock()
	limit := p.Limits[LimitCore].Cur
	p.limitsMu.Unlock()
	if limit < arch.PageSize || !p.Dumpable() || p.Space == nil {
		return false
	}
	d := coreCache.Alloc()
	if d == nil {
		return false
	}
	if !t.gather(d, sig) {
		coreCache.Free(d)
		return false
	}
	ok := t.writeCore(sig, info, limit)
	table.lock.Lock()
	if ok {
		p.exitCode |= coreFlag
	}
	d.done = true
	table.lock.Unlock()
	d.wait.WakeAll()
	d.wait.Wait(func() bool { // the last one to leave frees the dump
		table.lock.Lock()
		defer table.lock.Unlock()
		return d.parked == 0
	})
	table.lock.Lock() // whoever woke us has let go of it
	p.dump.Store(nil)
	table.lock.Unlock()
	coreCache.Free(d)
	return ok
}

// gather begins the end of the process and waits until all other threads are parked. It reports false when the process ends already.
func (t *Task) gather(d *coreDump, sig int) bool {
	p := t.Proc
	d.dumper = t
	table.lock.Lock()
	if t.doomed() || p.exiting.Load() != 0 {
		table.lock.Unlock()
		return false
	}
	p.dump.Store(d)
	p.exiting.Store(1)
	p.exitCode = sig
	for o := p.tasks.Front(); o != nil; o = o.node.Next() {
		if o != t {
			o.setWork(workSignal)
			o.interrupt(true)
		}
	}
	table.lock.Unlock()
	d.wait.Wait(func() bool {
		table.lock.Lock()
		defer table.lock.Unlock()
		return d.parked == p.nTasks-1
	})
	for o := p.tasks.Front(); o != nil; o = o.node.Next() { // nobody comes or goes any more
		if o != t {
			sched.Settle(o.Thread)
		}
	}
	flags := arch.IRQDisable()
	t.fsBase, t.gsBase = arch.UserBases()
	arch.FPUSave(t.fpu)
	arch.IRQRestore(flags)
	return true
}

// park keeps a thread that ends in place while its process's core is written.
func (t *Task) park() {
	p := t.Proc
	table.lock.Lock()
	d := p.dump.Load()
	if d == nil || d.dumper == t || d.done {
		table.lock.Unlock()
		return
	}
	d.parked++
	table.lock.Unlock()
	d.wait.WakeAll()
	d.wait.Wait(func() bool {
		table.lock.Lock()
		defer table.lock.Unlock()
		return d.done
	})
	table.lock.Lock()
	d.parked--
	d.wait.WakeAll()
	table.lock.Unlock()
}

// coreWriter writes the file.
type coreWriter struct {
	file  *vfs.File
	pos   int64
	limit uint64
	ok    bool
}

// write appends bytes, as many as the limit allows.
func (w *coreWriter) write(b []byte) {
	if !w.ok {
		return
	}
	if uint64(w.pos)+uint64(len(b)) > w.limit {
		w.ok = false
		return
	}
	it := uio.FromKernel(b)
	n, _, e := w.file.Ops.Write(w.file, vfs.NoEscape(&it), w.pos)
	w.ok = e == errno.OK && n == len(b)
	w.pos += int64(n)
}

// coreSegment is a program header of the file.
type coreSegment struct {
	start, end uintptr
	dump       uintptr // how many of its bytes are in the file
	flags      uint32
	anon       bool
}

// ELF constants (elf(5)).
const (
	elfHeaderSize = 64
	elfPhdrSize   = 56
	elfCore       = 4
	elfX86        = 62
	elfLoad       = 1
	elfNote       = 4
	maxSegments   = 65000 // program headers are counted in 16 bits
)

// writeCore makes the file and fills it.
func (t *Task) writeCore(sig int, info *Siginfo, limit uint64) bool {
	file := t.createCore(sig)
	if file == nil {
		return false
	}
	defer file.Put()
	s := t.Proc.Space
	segs, raw := coreSegments(s)
	if raw == nil {
		return false
	}
	defer mem.FreeBytes(raw)
	notes := t.coreNotes(sig, info, s)
	if notes.buf == nil {
		return false
	}
	defer mem.FreeBytes(notes.buf)
	w := coreWriter{file: file, limit: limit, ok: true}
	w.headers(segs, len(notes.bytes()))
	w.write(notes.bytes())
	page := mem.AllocBytes(arch.PageSize)
	if page == nil {
		return false
	}
	defer mem.FreeBytes(page)
	w.pos = (w.pos + arch.PageSize - 1) &^ (arch.PageSize - 1)
	for i := range segs {
		w.memory(s, &segs[i], page)
	}
	if size := file.Inode.Size(); w.ok && w.pos > size { // a hole at the end
		w.pos--
		clear(page)
		w.write(page[:1])
	}
	return true
}

// headers writes the ELF header and the program headers.
func (w *coreWriter) headers(segs []coreSegment, notes int) {
	var h [elfHeaderSize]byte
	copy(h[:], "\x7fELF\x02\x01\x01")
	*(*[3]uint16)(unsafe.Pointer(&h[16])) = [3]uint16{elfCore, elfX86, 1}
	*(*uint64)(unsafe.Pointer(&h[32])) = elfHeaderSize
	sizes := (*[3]uint16)(unsafe.Pointer(&h[52]))
	sizes[0], sizes[1], sizes[2] = elfHeaderSize, elfPhdrSize, uint16(len(segs)+1)
	w.write(h[:])
	off := uint64(elfHeaderSize + elfPhdrSize*(len(segs)+1))
	ph := struct {
		kind, flags                             uint32
		off, vaddr, paddr, filesz, memsz, align uint64
	}{kind: elfNote, off: off, filesz: uint64(notes), align: 4}
	w.write(bytesAt(uintptr(unsafe.Pointer(&ph)), elfPhdrSize))
	off = (off + uint64(notes) + arch.PageSize - 1) &^ (arch.PageSize - 1)
	for i := range segs {
		g := &segs[i]
		ph.kind, ph.flags, ph.off, ph.vaddr, ph.paddr = elfLoad, g.flags, off, uint64(g.start), 0
		ph.filesz, ph.memsz, ph.align = uint64(g.dump), uint64(g.end-g.start), arch.PageSize
		w.write(bytesAt(uintptr(unsafe.Pointer(&ph)), elfPhdrSize))
		off += ph.filesz
	}
}

// memory writes a segment's pages; those that were never touched become holes.
func (w *coreWriter) memory(s *vm.AddressSpace, g *coreSegment, page []byte) {
	begin := w.pos
	end := g.start + g.dump
	for va := g.start; va < end && w.ok; va += arch.PageSize {
		if g.anon {
			if va = s.NextPage(va, end); va >= end {
				break
			}
		}
		w.pos = begin + int64(va-g.start)
		clear(page)
		s.PeekAt(va, page)
		w.write(page)
	}
	w.pos = begin + int64(g.dump)
}

// coreSegments decides what of each area is dumped (core(5), /proc/PID/coredump_filter's default): private memory that was written
// and anonymous shared memory wholly, of programs and libraries the page with the ELF header.
func coreSegments(s *vm.AddressSpace) (segs []coreSegment, raw []byte) {
	n := 0
	s.EachArea(func(a *vm.Area) bool {
		n++
		return n < maxSegments
	})
	const size = int(unsafe.Sizeof(coreSegment{}))
	if raw = mem.AllocBytes((n + 1) * size); raw == nil {
		return nil, nil
	}
	all := unsafe.Slice((*coreSegment)(unsafe.Pointer(&raw[0])), n+1)
	k := 0
	s.EachArea(func(a *vm.Area) bool {
		g := &all[k]
		*g = coreSegment{start: a.Start, end: a.End, anon: a.Back == nil}
		if a.Prot&vm.ProtRead != 0 {
			g.flags |= 4
		}
		if a.Prot&vm.ProtWrite != 0 {
			g.flags |= 2
		}
		if a.Prot&vm.ProtExec != 0 {
			g.flags |= 1
		}
		switch {
		case a.Flags&vm.DontDump != 0:
		case a.Back == nil, a.Flags&vm.Shared == 0 && s.HasCopies(a.Start, a.End), a.Flags&vm.Shared != 0 && a.Anonymous():
			g.dump = a.End - a.Start
		case a.Index == 0 && a.Prot&vm.ProtRead != 0 && a.Flags&vm.Shared == 0:
			g.dump = arch.PageSize
		}
		k++
		return k < n
	})
	return all[:k], raw
}
