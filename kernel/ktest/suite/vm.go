//go:build galago && ktest

package suite

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/ktest"
	"galago/kernel/mem"
	"galago/kernel/vm"
	"galago/kernel/vm/pagecache"
)

func init() {
	ktest.Register("vm/demand-zero", testDemandZero)
	ktest.Register("vm/copy-on-write", testCopyOnWrite)
	ktest.Register("vm/cow-last-owner", testLastOwner)
	ktest.Register("vm/protect", testProtect)
	ktest.Register("vm/unmap-middle", testUnmapMiddle)
	ktest.Register("vm/discard", testDiscard)
	ktest.Register("vm/remap-moves", testRemap)
	ktest.Register("vm/shared-anonymous", testSharedAnonymous)
	ktest.Register("vm/fork-out-of-memory", testForkNoMemory)
	ktest.Register("vm/file-shared", testFileShared)
	ktest.Register("vm/file-truncate", testFileTruncate)
	ktest.Register("vm/file-write-protect", testWriteProtect)
	ktest.Register("vm/file-try-unmap", testTryUnmap)
	ktest.Register("vm/rmap-after-split", testRmapSplit)
}

const (
	page  = arch.PageSize
	rw    = vm.ProtRead | vm.ProtWrite
	where = uintptr(0x10000000)
)

// memFile is a file in memory as areas map it.
type memFile struct {
	pagecache.NoPrepare
	obj  pagecache.Object
	refs int
}

func (*memFile) ReadPages(*pagecache.Object, []*mem.Frame) errno.Errno  { return errno.EIO }
func (*memFile) Sync(from, to int64) errno.Errno                        { return errno.OK }
func (*memFile) Punch(from, to int64) errno.Errno                       { return errno.EOPNOTSUPP }
func (*memFile) WritePages(*pagecache.Object, []*mem.Frame) errno.Errno { return errno.EIO }

func (m *memFile) Get()                      { m.refs++ }
func (m *memFile) Put()                      { m.refs-- }
func (m *memFile) Object() *pagecache.Object { return &m.obj }
func (m *memFile) Page(idx uint64) (*mem.Frame, errno.Errno) {
	return pagecache.FaultPage(&m.obj, nil, idx)
}
func (m *memFile) Done(f *mem.Frame, stored bool)               { pagecache.UnlockFrame(f) }
func (m *memFile) Describe(buf []byte) (n int, dev, ino uint64) { return 0, 0, 0 }
func (m *memFile) MakeWritable(i uint64, f *mem.Frame) errno.Errno {
	return pagecache.MakeWritable(&m.obj, f)
}

var (
	theFile memFile
	backing vm.Backing    = &theFile
	fileOps pagecache.Ops = &theFile
	oneByte [1]byte
)

// newFile makes theFile a file of n pages.
func newFile(n int64) {
	theFile.refs = 0
	theFile.obj.Init(fileOps, nil, pagecache.InMemory)
	theFile.obj.SetSize(n * page)
}

// space makes an address space with an area of n pages of anonymous memory at where; nil: the test has failed.
func space(t *ktest.T, n uintptr) *vm.AddressSpace {
	s := vm.New()
	if !t.Check(s != nil, "no address space") {
		return nil
	}
	if _, e := s.Map(where, n*page, rw, vm.MayWrite|vm.MayExec, nil, 0, true, false); !t.OK(e, "Map") {
		s.Put()
		return nil
	}
	return s
}

// mapFile maps n pages of theFile at va.
func mapFile(t *ktest.T, s *vm.AddressSpace, va uintptr, n uintptr, fl vm.Flags) bool {
	theFile.Get()
	_, e := s.Map(va, n*page, rw, fl|vm.MayWrite|vm.MayExec, backing, 0, true, false)
	return t.OK(e, "Map of a file")
}

// peek returns the byte at va, or -1.
func peek(s *vm.AddressSpace, va uintptr) int {
	if s.ReadAt(va, oneByte[:]) != 1 {
		return -1
	}
	return int(oneByte[0])
}

// poke stores a byte and tells whether that was possible.
func poke(s *vm.AddressSpace, va uintptr, c byte) bool {
	oneByte[0] = c
	return s.WriteAt(va, oneByte[:]) == 1
}

func resident(s *vm.AddressSpace) uint64 {
	_, rss, _ := s.Pages()
	return rss
}

func testDemandZero(t *ktest.T) {
	s := space(t, 16)
	if s == nil {
		return
	}
	t.Equal(resident(s), 0, "pages before the first use")
	t.Check(peek(s, where+5*page+7) == 0, "a new page is not zero")
	t.Equal(resident(s), 1, "pages after one use")
	t.Check(poke(s, where+6*page, 3) && peek(s, where+6*page) == 3, "a store")
	t.Check(peek(s, where+16*page) == -1 && peek(s, where-1) == -1, "an access outside of the area")
	s.Put()
}

func testCopyOnWrite(t *ktest.T) {
	s := space(t, 4)
	if s == nil {
		return
	}
	poke(s, where, 1)
	poke(s, where+page, 2)
	c, e := s.Fork()
	if t.OK(e, "Fork") {
		t.Check(poke(c, where, 11) && poke(s, where+page, 12), "stores after fork")
		t.Check(peek(s, where) == 1 && peek(c, where) == 11, "the child's store is the child's own")
		t.Check(peek(c, where+page) == 2 && peek(s, where+page) == 12, "the parent's store is the parent's own")
		c.Put()
	}
	s.Put()
}

func testLastOwner(t *ktest.T) {
	s := space(t, 1)
	if s == nil {
		return
	}
	poke(s, where, 1)
	c, e := s.Fork()
	if t.OK(e, "Fork") {
		c.Put()
		before := mem.TakeSnapshot().Frames
		poke(s, where, 2)
		t.Check(peek(s, where) == 2, "the store")
		t.Check(mem.TakeSnapshot().Frames <= before, "the last owner of a page copied it")
	}
	s.Put()
}

func testProtect(t *ktest.T) {
	s := space(t, 3)
	if s == nil {
		return
	}
	for i := range uintptr(3) {
		poke(s, where+i*page, byte(i))
	}
	t.OK(s.Protect(where+page, page, vm.ProtRead, false), "Protect")
	t.Check(s.Fault(where+page, vm.Write) == errno.EACCES, "a store to a read-only page")
	t.Check(peek(s, where+page) == 1 && poke(s, where+2*page, 9) && poke(s, where, 9), "its neighbours")
	t.OK(s.Protect(where, 3*page, 0, false), "Protect none")
	t.Check(s.Fault(where, vm.Read) == errno.EACCES, "a load from an inaccessible page")
	t.OK(s.Protect(where, 3*page, rw, false), "Protect back")
	t.Check(peek(s, where+page) == 1 && poke(s, where+page, 7), "memory after Protect")
	t.Check(s.Protect(where, 4*page, rw, false) == errno.ENOMEM, "Protect beyond the area")
	s.Put()
}

func testUnmapMiddle(t *ktest.T) {
	s := space(t, 5)
	if s == nil {
		return
	}
	for i := range uintptr(5) {
		poke(s, where+i*page, byte(i+1))
	}
	t.OK(s.Unmap(where+2*page, page), "Unmap")
	t.Equal(resident(s), 4, "pages left")
	t.Check(peek(s, where+2*page) == -1, "the hole")
	t.Check(peek(s, where+page) == 2 && peek(s, where+3*page) == 4, "what surrounds it")
	s.Put()
}

func testDiscard(t *ktest.T) {
	s := space(t, 4)
	if s == nil {
		return
	}
	poke(s, where, 5)
	poke(s, where+page, 6)
	t.OK(s.Advise(where, page, vm.AdviseDontNeed), "Advise")
	t.Check(peek(s, where) == 0 && peek(s, where+page) == 6, "memory after MADV_DONTNEED")
	s.Put()
}

func testRemap(t *ktest.T) {
	s := space(t, 4)
	if s == nil {
		return
	}
	for i := range uintptr(4) {
		poke(s, where+i*page, byte(i+1))
	}
	to := where + 64*page
	at, e := s.Remap(where, 4*page, 8*page, vm.RemapMayMove|vm.RemapFixed, to, true)
	t.OK(e, "Remap")
	t.Equal(uint64(at), uint64(to), "the new place")
	t.Check(peek(s, to) == 1 && peek(s, to+3*page) == 4 && peek(s, to+7*page) == 0, "what moved")
	t.Check(peek(s, where) == -1, "the old place")
	s.Put()
}

func testSharedAnonymous(t *ktest.T) {
	s := vm.New()
	if !t.Check(s != nil, "no address space") {
		return
	}
	defer s.Put()
	b, e := vm.NewShared(2*page, true)
	if !t.OK(e, "NewShared") {
		return
	}
	if _, e := s.Map(where, 2*page, rw, vm.Shared|vm.MayWrite, b, 0, true, false); !t.OK(e, "Map") {
		b.Put()
		return
	}
	poke(s, where, 1)
	c, e := s.Fork()
	if t.OK(e, "Fork") {
		poke(c, where, 2)
		poke(s, where+page, 3)
		t.Check(peek(s, where) == 2 && peek(c, where+page) == 3, "stores to shared memory")
		c.Put()
	}
}

func testForkNoMemory(t *ktest.T) {
	s := space(t, 8)
	if s == nil {
		return
	}
	for i := range uintptr(8) {
		poke(s, where+i*page, byte(i))
	}
	for n := int64(1); n < 100; n++ {
		mem.FailNth(n)
		c, e := s.Fork()
		pending := mem.FailPending()
		mem.FailNth(0)
		if e == ok {
			c.Put()
			if pending {
				break
			}
		} else {
			t.Check(e == errno.ENOMEM, "Fork without memory")
		}
	}
	t.Check(peek(s, where+3*page) == 3 && poke(s, where+3*page, 30), "the parent after failed forks")
	s.Put()
}

func testFileShared(t *ktest.T) {
	newFile(8)
	s := space(t, 1)
	if s == nil {
		return
	}
	a, b := where+16*page, where+32*page
	if mapFile(t, s, a, 8, vm.Shared) && mapFile(t, s, b, 8, 0) {
		t.Check(poke(s, a+page, 1) && peek(s, b+page) == 1, "a private mapping sees the file")
		t.Check(poke(s, b+page, 2) && peek(s, a+page) == 1 && peek(s, b+page) == 2, "a private store")
		t.Check(peek(s, a+7*page) == 0, "a hole")
	}
	s.Put()
	theFile.obj.Destroy()
	t.Equal(uint64(theFile.refs), 0, "references to the file")
	t.Check(!theFile.obj.Mapped(), "the file is still mapped")
}

func testFileTruncate(t *ktest.T) {
	newFile(8)
	s := space(t, 1)
	if s == nil {
		return
	}
	a, b := where+16*page, where+32*page
	if mapFile(t, s, a, 8, vm.Shared) && mapFile(t, s, b, 8, 0) {
		for i := range uintptr(8) {
			poke(s, a+i*page, byte(i+1))
			poke(s, b+i*page, byte(i+101))
		}
		t.OK(theFile.obj.Truncate(3*page), "Truncate")
		t.Check(peek(s, a+2*page) == 3 && peek(s, b+2*page) == 103, "what stays")
		t.Check(s.Fault(a+3*page, vm.Read) == errno.ENXIO, "a shared page beyond the end")
		t.Check(s.Fault(b+3*page, vm.Read) == errno.ENXIO, "a private copy beyond the end")
		t.OK(theFile.obj.Truncate(8*page), "growing again")
		t.Check(peek(s, a+3*page) == 0 && peek(s, b+4*page) == 0, "what is new reads as zeroes")
	}
	s.Put()
	theFile.obj.Destroy()
}

// filePage returns page idx of theFile, locked and with a reference.
func filePage(t *ktest.T, idx uint64) *mem.Frame {
	f, e := pagecache.FaultPage(&theFile.obj, nil, idx)
	t.OK(e, "a page of the file")
	return f
}

func writable(s *vm.AddressSpace, va uintptr) bool {
	e := arch.Walk(s.Root, va, 0, false)
	return e != nil && e.Present() && *e&arch.PTEWrite != 0
}

func testWriteProtect(t *ktest.T) {
	newFile(4)
	s := space(t, 1)
	if s == nil {
		return
	}
	a, b := where+16*page, where+32*page
	if mapFile(t, s, a, 4, vm.Shared) && mapFile(t, s, b, 4, vm.Shared) {
		poke(s, a+page, 1)
		poke(s, b+page, 2)
		t.Check(writable(s, a+page) && writable(s, b+page), "pages that were stored to")
		if f := filePage(t, 1); f != nil {
			t.Equal(uint64(f.MapCount.Load()), 2, "mappings of the page")
			st := pagecache.WriteProtect(&theFile.obj, 1, f, pagecache.Stale{})
			t.Check(st.Start == a+page && st.End == b+2*page, "the range to flush")
			st.Flush()
			t.Check(!writable(s, a+page) && !writable(s, b+page), "still writable after WriteProtect")
			t.Check(pagecache.WriteProtect(&theFile.obj, 1, f, pagecache.Stale{}).End == 0, "something to flush the second time")
			pagecache.UnlockFrame(f)
			f.Put()
		}
		t.Check(poke(s, a+page, 3) && writable(s, a+page) && !writable(s, b+page), "the next store")
	}
	s.Put()
	theFile.obj.Destroy()
}

func testTryUnmap(t *ktest.T) {
	newFile(4)
	s := space(t, 1)
	if s == nil {
		return
	}
	a := where + 16*page
	if mapFile(t, s, a, 4, vm.Shared) {
		poke(s, a+2*page, 9)
		if f := filePage(t, 2); f != nil {
			st, gone := pagecache.TryUnmap(&theFile.obj, 2, f, pagecache.Stale{})
			t.Check(!gone, "a page in use was unmapped")
			st, gone = pagecache.TryUnmap(&theFile.obj, 2, f, st)
			t.Check(gone, "an unused page was not unmapped")
			st.Flush()
			t.Equal(uint64(f.MapCount.Load()), 0, "mappings left")
			t.Equal(resident(s), 0, "resident pages")
			pagecache.UnlockFrame(f)
			f.Put()
		}
		t.Check(peek(s, a+2*page) == 9, "the page after that")
	}
	s.Put()
	theFile.obj.Destroy()
}

func testRmapSplit(t *ktest.T) {
	newFile(8)
	s := space(t, 1)
	if s == nil {
		return
	}
	a, to := where+16*page, where+64*page
	if mapFile(t, s, a, 8, vm.Shared) {
		for i := range uintptr(8) {
			poke(s, a+i*page, byte(i+1))
		}
		t.OK(s.Protect(a+3*page, 2*page, vm.ProtRead, false), "Protect splits")
		t.OK(s.Protect(a+3*page, 2*page, rw, false), "Protect merges")
		_, e := s.Remap(a+4*page, 4*page, 4*page, vm.RemapMayMove|vm.RemapFixed, to, true)
		t.OK(e, "Remap")
		c, e := s.Fork()
		if t.OK(e, "Fork") {
			t.Check(peek(c, to+page) == 6, "the child's page")
			t.OK(theFile.obj.Truncate(page), "Truncate")
			t.Check(s.Fault(a+page, vm.Read) == errno.ENXIO && s.Fault(to+page, vm.Read) == errno.ENXIO, "the parent's pages")
			t.Check(c.Fault(to+page, vm.Read) == errno.ENXIO, "the child's page is still there")
			t.Check(peek(s, a) == 1 && peek(c, a) == 1, "the page that stays")
			c.Put()
		}
	}
	s.Put()
	theFile.obj.Destroy()
	t.Check(!theFile.obj.Mapped(), "the file is still mapped")
}
