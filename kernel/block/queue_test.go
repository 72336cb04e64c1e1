package block

import (
	"math/rand"
	"sync"
	"testing"

	"galago/kernel/errno"
)

// slowDriver takes requests and completes them when told, so that queues build up.
type slowDriver struct {
	mu      sync.Mutex
	taken   []*Request
	commits int
	full    int // refuses more than this many
	late    int
}

func (s *slowDriver) Start(d *Device, r *Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full > 0 && len(s.taken) >= s.full {
		return false
	}
	s.taken = append(s.taken, r)
	return true
}

func (s *slowDriver) Commit(d *Device)   { s.mu.Lock(); s.commits++; s.mu.Unlock() }
func (s *slowDriver) TimedOut(d *Device) { s.late++ }

// take returns what the driver has and forgets it.
func (s *slowDriver) take() []*Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.taken
	s.taken = nil
	return t
}

func slowDevice(depth int) (*Device, *slowDriver) {
	s := &slowDriver{}
	d := &Device{Name: "slow", Sectors: 1 << 20, Cache: true, MaxSegs: 128, MaxSectors: 1024, Depth: depth, Driver: s,
		MaxDiscard: 1000}
	d.setDefaults()
	return d, s
}

type outcome struct {
	mu   sync.Mutex
	errs map[uint64]errno.Errno // by first sector
	n    int
}

var result outcome

func (o *outcome) reset() {
	o.mu.Lock()
	o.errs, o.n = map[uint64]errno.Errno{}, 0
	o.mu.Unlock()
}

func (o *outcome) note(r *Request) {
	o.mu.Lock()
	if _, twice := o.errs[r.Sector]; twice {
		panic("completed twice")
	}
	o.errs[r.Sector] = r.Err
	o.n++
	o.mu.Unlock()
	FreeRequest(r)
}

func page(t *testing.T, d *Device, op Op, pageNo int) *Request {
	t.Helper()
	r := AllocRequest(d, op)
	r.Sector = uint64(pageNo) * 8
	r.AddSegment(frame(t, 0), 0, 4096)
	r.Done = result.note
	return r
}

// busy occupies a device of depth 1, so that what follows waits.
func busy(t *testing.T, d *Device, s *slowDriver) *Request {
	d.Submit(page(t, d, Read, 10000))
	return s.take()[0]
}

func chainPages(r *Request) (pages []uint64) {
	for q := r; q != nil; q = q.chain {
		pages = append(pages, q.Sector/8)
	}
	return pages
}

func TestMergeWhileWaiting(t *testing.T) {
	for _, c := range []struct {
		name  string
		pages []int
		want  [][]uint64
	}{
		{"back", []int{1, 2, 3}, [][]uint64{{1, 2, 3}}},
		{"front", []int{3, 2, 1}, [][]uint64{{1, 2, 3}}},
		{"apart", []int{1, 3, 5}, [][]uint64{{1}, {3}, {5}}},
		{"gap filled", []int{1, 3, 2}, [][]uint64{{1, 2}, {3}}},
		{"front of a chain", []int{5, 6, 4}, [][]uint64{{4, 5, 6}}},
	} {
		result.reset()
		d, s := slowDevice(1)
		first := busy(t, d, s)
		for _, p := range c.pages {
			d.Submit(page(t, d, Read, p))
		}
		Complete(first, errno.OK)
		var got [][]uint64
		for taken := s.take(); len(taken) > 0; taken = s.take() {
			got = append(got, chainPages(taken[0]))
			Complete(taken[0], errno.OK)
		}
		if !equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		if result.n != len(c.pages)+1 {
			t.Errorf("%s: %d done", c.name, result.n)
		}
	}
}

func equal(a, b [][]uint64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if len(a[i]) != len(b[i]) {
			return false
		}
		for k := range a[i] {
			if a[i][k] != b[i][k] {
				return false
			}
		}
	}
	return true
}

func TestMergeLimits(t *testing.T) {
	result.reset()
	d, s := slowDevice(1)
	d.MaxSectors = 24
	first := busy(t, d, s)
	for p := range 7 {
		d.Submit(page(t, d, Write, p))
	}
	d.Submit(page(t, d, Read, 7)) // another direction
	Complete(first, errno.OK)
	n := 0
	for taken := s.take(); len(taken) > 0; taken = s.take() {
		r := taken[0]
		if _, count := r.Position(); count > 24 {
			t.Errorf("request of %d sectors", count)
		}
		phys, bytes := uint64(0), 0
		runs := r.Runs(1 << 20)
		for at, k := runs.Next(); k > 0; at, k = runs.Next() {
			if at == phys {
				t.Error("runs that touch")
			}
			phys, bytes = at+uint64(k), bytes+int(k)
		}
		if bytes != int(r.item.Count)*SectorSize {
			t.Errorf("%d bytes for %d sectors", bytes, r.item.Count)
		}
		n++
		Complete(r, errno.OK)
	}
	if n != 4 || result.n != 9 {
		t.Errorf("%d requests to the driver, %d done", n, result.n)
	}
}

func TestErrorOfMergedRequestIsItsOwn(t *testing.T) {
	result.reset()
	d, s := slowDevice(1)
	first := busy(t, d, s)
	for p := range 5 {
		d.Submit(page(t, d, Write, p))
	}
	Complete(first, errno.OK)
	merged := s.take()[0]
	if len(chainPages(merged)) != 5 {
		t.Fatal("not merged")
	}
	Complete(merged, errno.EIO)
	for taken := s.take(); len(taken) > 0; taken = s.take() {
		r := taken[0]
		if r.chain != nil {
			t.Fatal("still merged")
		}
		err := errno.OK
		if r.Sector == 2*8 {
			err = errno.EIO
		}
		Complete(r, err)
	}
	for p := range uint64(5) {
		want := errno.OK
		if p == 2 {
			want = errno.EIO
		}
		if got := result.errs[p*8]; got != want {
			t.Errorf("page %d: %v", p, got)
		}
	}
}

func TestFlushSequence(t *testing.T) {
	for _, c := range []struct {
		pre, fua, cache, devFUA bool
		want                    []Op
	}{
		{false, false, true, false, []Op{Write}},
		{true, false, true, false, []Op{Flush, Write}},
		{false, true, true, false, []Op{Write, Flush}},
		{true, true, true, false, []Op{Flush, Write, Flush}},
		{true, true, true, true, []Op{Flush, Write}},
		{true, true, false, false, []Op{Write}},
	} {
		result.reset()
		d, s := slowDevice(4)
		d.Cache, d.FUA = c.cache, c.devFUA
		r := page(t, d, Write, 1)
		r.Preflush, r.FUA = c.pre, c.fua
		d.Submit(r)
		var got []Op
		for taken := s.take(); len(taken) > 0; taken = s.take() {
			if result.n != 0 {
				t.Error("done too early")
			}
			got = append(got, taken[0].Command())
			if force := taken[0].Force(); force != (c.devFUA && taken[0].Command() == Write) {
				t.Errorf("%+v: force %v", c, force)
			}
			Complete(taken[0], errno.OK)
		}
		if len(got) != len(c.want) || result.n != 1 {
			t.Fatalf("%+v: got %v", c, got)
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%+v: got %v", c, got)
			}
		}
	}
}

func TestSubmitChecks(t *testing.T) {
	d, _ := slowDevice(1)
	d.BlockSize = 4096
	small := func(off, n uint32, sector uint64, op Op) errno.Errno {
		r := AllocRequest(d, op)
		defer FreeRequest(r)
		r.Sector = sector
		r.AddSegment(frame(t, 0), off, n)
		return d.SubmitSync(r)
	}
	if err := small(0, 512, 0, Read); err != errno.EINVAL {
		t.Errorf("part of a block: %v", err)
	}
	if err := small(0, 4096, 1, Read); err != errno.EINVAL {
		t.Errorf("unaligned: %v", err)
	}
	if err := small(0, 4096, d.Sectors, Read); err != errno.EIO {
		t.Errorf("beyond the end: %v", err)
	}
	if err := small(0, 4096, ^uint64(0)-3, Read); err != errno.EIO {
		t.Errorf("overflow: %v", err)
	}
	d.ReadOnly = true
	if err := small(0, 4096, 0, Write); err != errno.EROFS {
		t.Errorf("read-only: %v", err)
	}
	if err := d.Discard(0, 8); err != errno.EROFS {
		t.Errorf("discard: %v", err)
	}
	d.MaxDiscard = 0
	if err := d.Discard(0, 8); err != errno.EOPNOTSUPP {
		t.Errorf("discard unsupported: %v", err)
	}
}

func TestDriverFullAndKick(t *testing.T) {
	result.reset()
	d, s := slowDevice(8)
	s.full = 1
	for p := range 4 {
		d.Submit(page(t, d, Read, 2*p))
	}
	if got := s.take(); len(got) != 1 {
		t.Fatalf("%d taken", len(got))
	} else {
		Complete(got[0], errno.OK)
	}
	if got := s.take(); len(got) != 1 {
		t.Fatal("not restarted by the completion")
	} else {
		Requeue(got[0], true)
	}
	d.Kick()
	for n := 0; n < 3; n++ {
		got := s.take()
		if len(got) != 1 {
			t.Fatal("stuck")
		}
		Complete(got[0], errno.OK)
	}
	if result.n != 4 || d.Stats().InFlight != 0 {
		t.Errorf("%d done, %d in flight", result.n, d.Stats().InFlight)
	}
}

func TestRequeueIsBounded(t *testing.T) {
	result.reset()
	d, s := slowDevice(1)
	d.Submit(page(t, d, Read, 0))
	for i := 0; result.n == 0; i++ {
		if i > maxRetries {
			t.Fatal("no end")
		}
		Requeue(s.take()[0], true)
		d.Kick()
	}
	if result.errs[0] != errno.EIO {
		t.Error(result.errs[0])
	}
}

func TestFail(t *testing.T) {
	result.reset()
	d, s := slowDevice(1)
	first := busy(t, d, s)
	for p := range 5 {
		d.Submit(page(t, d, Write, p*2))
	}
	d.Fail()
	if result.n != 5 {
		t.Errorf("%d failed", result.n)
	}
	Complete(first, errno.EIO)
	d.Submit(page(t, d, Read, 100))
	if result.n != 7 || result.errs[800] != errno.EIO {
		t.Errorf("%d done", result.n)
	}
}

func TestPlugMerges(t *testing.T) {
	result.reset()
	d, s := slowDevice(8)
	plugWatched.Store(true) // keeps the watch away, which would empty the plug on a slow machine
	defer plugWatched.Store(false)
	StartPlug()
	StartPlug()
	for _, p := range []int{4, 5, 9, 3, 6, 10} {
		d.Submit(page(t, d, Read, p))
	}
	FinishPlug()
	if n := len(s.take()); n != 0 {
		t.Fatalf("%d passed a nested plug", n)
	}
	FinishPlug()
	got := s.take()
	if len(got) != 2 || s.commits != 1 {
		t.Fatalf("%d requests, %d commits", len(got), s.commits)
	}
	for _, r := range got {
		Complete(r, errno.OK)
	}
	if result.n != 6 || activePlugs.Load() != 0 {
		t.Errorf("%d done", result.n)
	}
	if m := d.Stats().Ops[Read].Merges; m != 4 {
		t.Errorf("%d merges", m)
	}
}

// TestRandomLoad checks, with an asynchronous disk and several submitters, that every request is done once and that
// what is read is what was written last.
func TestRandomLoad(t *testing.T) {
	const pages, workers, rounds = 64, 4, 150
	file := NewMemFile(make([]byte, workers*pages*4096))
	d := NewHostDeviceOptions("t", file, workers*pages*4096, HostOptions{Async: true})
	var wg sync.WaitGroup
	for w := range workers {
		f := frame(t, 0)
		wg.Add(1)
		go func() {
			defer wg.Done()
			rnd := rand.New(rand.NewSource(int64(w)))
			var model [pages]byte
			for i := range rounds {
				p := rnd.Intn(pages)
				blk := uint64(w*pages + p)
				if rnd.Intn(2) == 0 {
					model[p] = byte(i + 1)
					for k := range f.Bytes() {
						f.Bytes()[k] = model[p]
					}
					StartPlug()
					err := d.WriteSync(blk, f)
					FinishPlug()
					if err != errno.OK {
						t.Error(err)
					}
				} else if err := d.ReadSync(blk, f); err != errno.OK || f.Bytes()[4095] != model[p] {
					t.Errorf("page %d: %v, %d instead of %d", p, err, f.Bytes()[4095], model[p])
				}
				if i%16 == 0 {
					d.SetElevator([]string{"noop", "deadline"}[rnd.Intn(2)])
				}
			}
		}()
	}
	wg.Wait()
	if s := d.Stats(); s.InFlight != 0 || s.Ops[Read].IOs+s.Ops[Write].IOs+s.Ops[Read].Merges+s.Ops[Write].Merges != workers*rounds {
		t.Errorf("%+v", s)
	}
}

func TestZeroByWriting(t *testing.T) {
	rec := NewRecorder("t", make([]byte, 1<<20))
	if err := rec.Device.WriteSync(1, frame(t, 7)); err != errno.OK {
		t.Fatal(err)
	}
	if err := rec.Device.Zero(9, 6); err != errno.OK {
		t.Fatal(err)
	}
	img := rec.Image(rec.Len())
	if img[9*512-1] != 7 || img[9*512] != 0 || img[15*512-1] != 0 || img[15*512] != 7 {
		t.Error("wrong range")
	}
}

func TestReserve(t *testing.T) {
	d, _ := slowDevice(1)
	var got []*Request
	for r := fromReserve(); r != nil; r = fromReserve() {
		got = append(got, r)
	}
	if len(got) != len(reserve.items) {
		t.Fatalf("%d", len(got))
	}
	for _, r := range got {
		FreeRequest(r)
	}
	if r := TryAllocRequest(d, Read); r == nil {
		t.Error("no request")
	} else {
		FreeRequest(r)
	}
}
