package pagecache

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/uio"
)

func TestMain(m *testing.M) {
	mem.HostInit(128 << 20)
	SetLimits(1<<40, 1<<40)
	os.Exit(m.Run())
}

// disk is a file on a slow device: I/O ends some time later on another goroutine, in any order.
type disk struct {
	mu       sync.Mutex
	data     []byte
	delay    time.Duration
	failRead map[uint64]bool // pages that cannot be read
	failW    map[uint64]bool
	reads    [][2]uint64 // first page and number of each ReadPages
	writes   [][2]uint64
	inFlight map[uint64]bool // pages being written: twice at once is an error
	bad      atomic.Pointer[string]
	prepare  func(idx uint64) errno.Errno
	released atomic.Int64
}

func newDisk(size int) *disk {
	return &disk{data: make([]byte, (size+pageMask)&^pageMask), failRead: map[uint64]bool{}, failW: map[uint64]bool{},
		inFlight: map[uint64]bool{}}
}

// dma copies a page as a device does, beside the CPU: a writer may be changing the page meanwhile, which dirties it again.
//
//go:norace
func dma(dst, src []byte) {
	for k := range min(len(dst), len(src), pageSize) {
		dst[k] = src[k]
	}
}

func (d *disk) wait() {
	if d.delay > 0 {
		time.Sleep(time.Duration(rand.Int63n(int64(d.delay))))
	}
}

func (d *disk) complain(format string, a ...any) {
	s := fmt.Sprintf(format, a...)
	d.bad.CompareAndSwap(nil, &s)
}

func (d *disk) check(t *testing.T) {
	t.Helper()
	if s := d.bad.Load(); s != nil {
		t.Fatal(*s)
	}
}

func (d *disk) ReadPages(o *Object, frames []*mem.Frame) errno.Errno {
	d.mu.Lock()
	d.reads = append(d.reads, [2]uint64{frames[0].Index, uint64(len(frames))})
	d.mu.Unlock()
	first := frames[0].Index // that page may be gone as soon as its I/O has begun
	for k, f := range frames {
		if !f.TestFlag(mem.FrameLocked) || f.TestFlag(mem.FrameUptodate) || f.Index != first+uint64(k) {
			d.complain("read of page %d in a wrong state", f.Index)
		}
		f := f
		idx := f.Index
		go func() {
			d.wait()
			d.mu.Lock()
			fail := d.failRead[idx]
			if off := int(idx) * pageSize; !fail && off < len(d.data) {
				dma(f.Bytes(), d.data[off:])
			} else {
				clear(f.Bytes())
			}
			d.mu.Unlock()
			if fail {
				ReadDone(f, errno.EIO)
			} else {
				ReadDone(f, errno.OK)
			}
		}()
	}
	return errno.OK
}

func (d *disk) WritePages(o *Object, frames []*mem.Frame) errno.Errno {
	d.mu.Lock()
	d.writes = append(d.writes, [2]uint64{frames[0].Index, uint64(len(frames))})
	d.mu.Unlock()
	first := frames[0].Index
	for k, f := range frames {
		if !f.TestFlag(mem.FrameWriteback) || f.Index != first+uint64(k) {
			d.complain("write of page %d in a wrong state", f.Index)
		}
		f := f
		idx := f.Index
		d.mu.Lock()
		if d.inFlight[idx] {
			d.complain("page %d is written twice at once", idx)
		}
		d.inFlight[idx] = true
		d.mu.Unlock()
		go func() {
			d.wait()
			d.mu.Lock()
			fail := d.failW[idx]
			if need := int(idx+1) * pageSize; !fail {
				if need > len(d.data) {
					d.data = append(d.data, make([]byte, need-len(d.data))...)
				}
				dma(d.data[int(idx)*pageSize:], f.Bytes())
			}
			delete(d.inFlight, idx)
			d.mu.Unlock()
			if fail {
				WriteDone(f, errno.EIO)
			} else {
				WriteDone(f, errno.OK)
			}
		}()
	}
	return errno.OK
}

func (d *disk) PrepareWrite(o *Object, f *mem.Frame, from, to int) errno.Errno {
	if !f.TestFlag(mem.FrameLocked) {
		d.complain("PrepareWrite without the page lock")
	}
	if d.prepare != nil {
		return d.prepare(f.Index)
	}
	return errno.OK
}

func (d *disk) Release(o *Object, f *mem.Frame, dirty bool) { d.released.Add(1) }

// fail makes writes of a page fail, or work again.
func (d *disk) fail(idx uint64, bad bool) {
	d.mu.Lock()
	d.failW[idx] = bad
	d.mu.Unlock()
}

// contents returns what is on the device.
func (d *disk) contents(n int) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return bytes.Clone(d.data[:n])
}

// truncate is what a file system does: the blocks behind the new end are holes from then on. The rest of the last one is
// left as garbage.
func (d *disk) truncate(t *testing.T, o *Object, size int) {
	t.Helper()
	if err := o.Truncate(int64(size)); err != 0 {
		t.Fatal(err)
	}
	d.mu.Lock()
	if end := int(pagesIn(int64(size))) * pageSize; end < len(d.data) {
		clear(d.data[end:])
	}
	d.mu.Unlock()
}

// newObject makes an object over d in memory that the collector does not move or scan, as the kernel's is.
func newObject(t testing.TB, d Ops, size int64, flags ObjectFlags) *Object {
	o := objects.Alloc()
	o.Init(d, nil, flags)
	o.SetSize(size)
	t.Cleanup(func() {
		o.Destroy()
		if o.Pages() != 0 {
			t.Errorf("%d pages left", o.Pages())
		}
		objects.Free(o)
	})
	return o
}

var objects = mem.Cache[Object]{Name: "test_object"}

func iter(b []byte) *uio.Iter {
	it := new(uio.Iter)
	*it = uio.FromKernel(b)
	return it
}

func pattern(n int, seed byte) []byte {
	b := make([]byte, n)
	for k := range b {
		b[k] = byte(k>>12) ^ byte(k) ^ seed
	}
	return b
}

func read(t testing.TB, o *Object, ra *ReadAhead, n int, pos int64) []byte {
	t.Helper()
	b := make([]byte, n)
	k, err := GenericRead(o, ra, iter(b), pos)
	if err != 0 {
		t.Fatalf("read at %d: %v", pos, err)
	}
	return b[:k]
}

func TestSequentialReadAhead(t *testing.T) {
	d := newDisk(1 << 20)
	copy(d.data, pattern(1<<20, 3))
	o := newObject(t, d, 1<<20-100, 0)
	var ra ReadAhead
	var got []byte
	for len(got) < 1<<20-100 {
		p := read(t, o, &ra, 4096, int64(len(got)))
		if len(p) == 0 {
			t.Fatalf("end of file at %d", len(got))
		}
		got = append(got, p...)
	}
	if !bytes.Equal(got, d.data[:len(got)]) {
		t.Fatal("wrong data")
	}
	if p := read(t, o, &ra, 10, int64(len(got))); len(p) != 0 {
		t.Fatalf("%d bytes past the end", len(p))
	}
	if len(d.reads) > 14 {
		t.Errorf("%d reads for 256 pages: windows do not grow: %v", len(d.reads), d.reads)
	}
	seen := map[uint64]bool{}
	for _, r := range d.reads {
		for k := range r[1] {
			if seen[r[0]+k] {
				t.Errorf("page %d was read twice", r[0]+k)
			}
			seen[r[0]+k] = true
		}
	}
	d.check(t)
}

func TestRandomReadsDoNotReadAhead(t *testing.T) {
	d := newDisk(4 << 20)
	o := newObject(t, d, 4<<20, 0)
	var ra ReadAhead
	for _, page := range []int64{500, 3, 900, 77, 410, 650} {
		read(t, o, &ra, 100, page*pageSize)
	}
	if len(d.reads) != 6 || o.Pages() != 6 {
		t.Errorf("reads %v, %d pages", d.reads, o.Pages())
	}
}

func TestWriteThenSync(t *testing.T) {
	d := newDisk(0)
	o := newObject(t, d, 0, 0)
	want := pattern(300_000, 9)
	for pos := 0; pos < len(want); {
		n := min(1+rand.Intn(9000), len(want)-pos)
		if k, err := GenericWrite(o, iter(want[pos:pos+n]), int64(pos)); err != 0 || k != n {
			t.Fatalf("write: %d %v", k, err)
		}
		pos += n
	}
	if o.Size() != int64(len(want)) {
		t.Fatalf("size %d", o.Size())
	}
	o.Sync(0, lastIndex, true)
	if !o.Clean() {
		t.Error("not clean after Sync")
	}
	if !bytes.Equal(d.contents(len(want)), want) {
		t.Error("wrong data on the device")
	}
	for _, w := range d.writes[:len(d.writes)-1] {
		if w[1] != batchPages {
			t.Errorf("batches not full: %v", d.writes)
			break
		}
	}
	if left := o.Invalidate(0, lastIndex); left != 0 || o.Pages() != 0 {
		t.Errorf("%d pages left", o.Pages())
	}
	if !bytes.Equal(read(t, o, nil, len(want)+10, 0), want) {
		t.Error("wrong data read back")
	}
	d.check(t)
}

func TestOverwriteDoesNotReadWholePages(t *testing.T) {
	d := newDisk(1 << 20)
	o := newObject(t, d, 1<<20, 0)
	GenericWrite(o, iter(pattern(8*pageSize, 1)), 4*pageSize)
	if len(d.reads) != 0 {
		t.Errorf("whole pages were read: %v", d.reads)
	}
	GenericWrite(o, iter([]byte("x")), 100*pageSize+7)
	if len(d.reads) != 1 {
		t.Errorf("a partial write of an old page needs one read: %v", d.reads)
	}
}

func TestReadError(t *testing.T) {
	d := newDisk(1 << 20)
	copy(d.data, pattern(1<<20, 0))
	d.failRead[5] = true
	o := newObject(t, d, 1<<20, 0)
	var ra ReadAhead
	if p := read(t, o, &ra, 10*pageSize, 0); len(p) != 5*pageSize {
		t.Errorf("%d bytes before the bad page", len(p))
	}
	if _, err := GenericRead(o, &ra, iter(make([]byte, 10)), 5*pageSize); err != errno.EIO {
		t.Errorf("error %v", err)
	}
	if _, err := o.Get(5); err != errno.EIO {
		t.Errorf("Get: %v", err)
	}
	d.mu.Lock()
	d.failRead[5] = false
	d.mu.Unlock()
	if p := read(t, o, &ra, 10, 5*pageSize); len(p) != 10 {
		t.Error("a page that could not be read once can never be read")
	}
	if _, err := GenericWrite(o, iter([]byte("y")), 1<<30); err != 0 {
		t.Errorf("write far behind the end: %v", err)
	}
}

func TestWriteErrorOncePerFile(t *testing.T) {
	d := newDisk(1 << 20)
	o := newObject(t, d, 1<<20, 0)
	var a, b atomic.Uint32
	a.Store(o.SampleError())
	b.Store(o.SampleError())
	d.fail(2, true)
	write := func() {
		GenericWrite(o, iter(pattern(4*pageSize, 7)), 0)
		o.Sync(0, lastIndex, true)
	}
	write()
	var late atomic.Uint32
	late.Store(o.SampleError())
	for name, w := range map[string]*atomic.Uint32{"a": &a, "b": &b, "opened before anybody saw it": &late} {
		if err := o.CheckError(w); err != errno.EIO {
			t.Errorf("%s: %v, want EIO", name, err)
		}
		if err := o.CheckError(w); err != 0 {
			t.Errorf("%s: %v the second time", name, err)
		}
	}
	var later atomic.Uint32
	later.Store(o.SampleError())
	if err := o.CheckError(&later); err != 0 {
		t.Errorf("opened after it was seen: %v", err)
	}
	write()
	if err := o.CheckError(&later); err != errno.EIO {
		t.Errorf("second error: %v", err)
	}
	d.fail(2, false)
	write()
	if o.CheckError(&a) != errno.EIO || o.CheckError(&later) != 0 {
		t.Error("the second error reached the wrong files")
	}
}

func TestPrepareFailure(t *testing.T) {
	d := newDisk(1 << 20)
	d.prepare = func(idx uint64) errno.Errno {
		if idx >= 3 {
			return errno.ENOSPC
		}
		return errno.OK
	}
	o := newObject(t, d, 0, 0)
	n, err := GenericWrite(o, iter(pattern(5*pageSize, 1)), 0)
	if n != 3*pageSize || err != 0 || o.Size() != 3*pageSize || o.Pages() != 3 {
		t.Errorf("%d %v, size %d, %d pages", n, err, o.Size(), o.Pages())
	}
	if n, err = GenericWrite(o, iter([]byte("z")), o.Size()); n != 0 || err != errno.ENOSPC {
		t.Errorf("%d %v", n, err)
	}
	o.Sync(0, lastIndex, true)
}

// TestTailsReadAsZeroes: what a page holds beyond the end of the file never shows up when the file grows.
func TestTailsReadAsZeroes(t *testing.T) {
	d := newDisk(1 << 16)
	for _, flags := range []ObjectFlags{0, InMemory} {
		o := newObject(t, d, 0, flags)
		GenericWrite(o, iter(pattern(5000, 1)), 0)
		o.Sync(0, lastIndex, true)
		if o.Invalidate(0, lastIndex) == 0 {
			d.mu.Lock()
			for k := 5000; k < 2*pageSize; k++ {
				d.data[k] = 0xEE // garbage beyond the end in the file's last block
			}
			d.mu.Unlock()
		}
		f, err := o.Get(1)
		if err != 0 {
			t.Fatal(err)
		}
		f.Bytes()[3000] = 0xAA // through a mapping, beyond the end
		f.Put()
		GenericWrite(o, iter([]byte("end")), 9000)
		got := read(t, o, nil, 10000, 0)
		if len(got) != 9003 || !bytes.Equal(got[:5000], pattern(5000, 1)) || !bytes.Equal(got[5000:9000], make([]byte, 4000)) {
			t.Errorf("flags %d: %d bytes, tail not zero", flags, len(got))
		}
		d.truncate(t, o, 100)
		d.truncate(t, o, 8000)
		got = read(t, o, nil, 10000, 0)
		if len(got) != 8000 || !bytes.Equal(got[100:], make([]byte, 7900)) {
			t.Errorf("flags %d: truncated bytes came back", flags)
		}
	}
}

func TestInMemoryHoles(t *testing.T) {
	o := newObject(t, newDisk(0), 0, InMemory)
	GenericWrite(o, iter([]byte("far")), 10*pageSize)
	if o.Pages() != 1 {
		t.Errorf("%d pages", o.Pages())
	}
	if got := read(t, o, nil, 3*pageSize, 0); !bytes.Equal(got, make([]byte, 3*pageSize)) || o.Pages() != 1 {
		t.Error("reading a hole")
	}
	f, err := FaultPage(o, nil, 2)
	if err != 0 || o.Pages() != 2 {
		t.Fatalf("fault in a hole: %v", err)
	}
	UnlockFrame(f)
	f.Put()
	if _, err := FaultPage(o, nil, 11); err != errno.ENXIO {
		t.Errorf("fault past the end: %v", err)
	}
}

func TestShrinkerPrefersColdPages(t *testing.T) {
	d := newDisk(4 << 20)
	o := newObject(t, d, 4<<20, 0)
	for range 3 { // hot: used again and again
		for p := range int64(20) {
			read(t, o, nil, 1, p*pageSize)
		}
	}
	for p := range int64(600) { // a single pass
		read(t, o, nil, 1, (20+p)*pageSize)
	}
	if freed := shrink(400, 1200, false); freed < 300 {
		a, i := LRUCounts()
		t.Fatalf("freed %d; %d pages, %d active, %d inactive", freed, o.Pages(), a, i)
	}
	for p := range uint64(20) {
		if f := o.Lookup(p); f == nil {
			t.Errorf("hot page %d was reclaimed", p)
		} else {
			f.Put()
		}
	}
}

func TestThrottling(t *testing.T) {
	d := newDisk(0)
	d.delay = time.Millisecond
	o := newObject(t, d, 0, 0)
	SetLimits(8, 64)
	defer SetLimits(1<<40, 1<<40)
	startOnce.Do(func() {
		if err := Start(1 << 20); err != 0 {
			t.Fatal(err)
		}
		SetLimits(8, 64)
	})
	for k := range 1000 {
		GenericWrite(o, iter(pattern(pageSize, 0)), int64(k)*pageSize)
		if n := nrDirty.Load() + nrWriteback.Load(); n > 66 {
			t.Fatalf("%d pages dirty or in writeback", n)
		}
	}
	o.Sync(0, lastIndex, true)
	d.check(t)
}

var startOnce sync.Once

func TestNoMemory(t *testing.T) {
	d := newDisk(1 << 20)
	o := newObject(t, d, 1<<20, 0)
	for nth := int64(1); nth < 40; nth++ {
		mem.FailNth(nth)
		_, err := GenericRead(o, nil, iter(make([]byte, 3*pageSize)), nth*16384)
		_, werr := GenericWrite(o, iter(pattern(3*pageSize, 1)), nth*16384)
		mem.FailNth(0)
		if err != 0 && err != errno.ENOMEM || werr != 0 && werr != errno.ENOMEM {
			t.Fatalf("allocation %d: %v, %v", nth, err, werr)
		}
	}
	o.Sync(0, lastIndex, true)
}
