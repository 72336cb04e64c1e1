package mem

import (
	"math/rand"
	"os"
	"sync"
	"testing"
	"unsafe"
)

func TestMain(m *testing.M) {
	if os.Getenv(bootEnv) == "" {
		HostInit(32 << 20)
	}
	os.Exit(m.Run())
}

// TestBuddyModel allocates and frees at random and checks that blocks never overlap, are aligned, and merge again.
func TestBuddyModel(t *testing.T) {
	drainLocal()
	before := Stats()
	rnd := rand.New(rand.NewSource(3))
	type block struct {
		f     *Frame
		order int
	}
	var live []block
	owner := map[uint64]bool{}
	for range 20000 {
		if rnd.Intn(2) == 0 || len(live) == 0 {
			order := rnd.Intn(6)
			f := AllocFrames(order, 0)
			if f == nil {
				continue
			}
			if f.Phys()>>12&(1<<order-1) != 0 {
				t.Fatal("misaligned")
			}
			for i := range uint64(1) << order {
				p := f.Phys() + i<<12
				if owner[p] {
					t.Fatal("overlap")
				}
				owner[p] = true
			}
			live = append(live, block{f, order})
			continue
		}
		i := rnd.Intn(len(live))
		b := live[i]
		for k := range uint64(1) << b.order {
			delete(owner, b.f.Phys()+k<<12)
		}
		b.f.Put()
		live[i] = live[len(live)-1]
		live = live[:len(live)-1]
	}
	for _, b := range live {
		b.f.Put()
	}
	drainLocal()
	after := Stats()
	if before.Free != after.Free || before.Order != after.Order {
		t.Fatalf("not coalesced: %+v, was %+v", after, before)
	}
}

func TestExhaustion(t *testing.T) {
	var all []*Frame
	for {
		f := AllocFrame(0)
		if f == nil {
			break
		}
		all = append(all, f)
		if len(all) > 1<<20 {
			t.Fatal("no end")
		}
	}
	if AllocFrames(3, 0) != nil {
		t.Fatal("block from nothing")
	}
	for _, f := range all {
		f.Put()
	}
	if f := AllocFrames(MaxOrder, 0); f == nil {
		t.Fatal("not merged again")
	} else {
		f.Put()
	}
}

func TestFailNth(t *testing.T) {
	FailNth(2)
	a := AllocFrame(0)
	if a == nil || AllocFrame(0) != nil {
		t.Fatal("the second allocation should fail, and only it")
	}
	a.Put()
	b := AllocBytes(100)
	if b == nil {
		t.Fatal("third")
	}
	FreeBytes(b)
}

type thing struct {
	a, b uint64
	c    [5]uint64
}

var things = Cache[thing]{Name: "thing"}

func TestCacheConcurrent(t *testing.T) {
	before := TakeSnapshot()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var mine []*thing
			for i := range 2000 {
				p := things.Alloc()
				if p == nil || *p != (thing{}) {
					t.Error("not zeroed")
					return
				}
				p.a, p.b = uint64(g), uint64(i)
				mine = append(mine, p)
			}
			for i, p := range mine {
				if p.a != uint64(g) || p.b != uint64(i) {
					t.Error("shared object")
				}
				things.Free(p)
			}
		}()
	}
	wg.Wait()
	if after := TakeSnapshot(); after.Objects != before.Objects {
		t.Fatalf("leak: %d objects, %d before", after.Objects, before.Objects)
	}
}

func TestSizes(t *testing.T) {
	before := TakeSnapshot()
	for _, n := range []int{1, 16, 17, 100, 511, 4096, 4097, 8192, 8193, 65536, 1 << 20} {
		b := AllocBytes(n)
		if len(b) != n || uintptr(unsafe.Pointer(&b[0]))&15 != 0 {
			t.Fatalf("%d bytes", n)
		}
		for i := range b {
			if b[i] != 0 {
				t.Fatalf("%d bytes: not zeroed", n)
			}
			b[i] = 0xff
		}
		FreeBytes(b)
	}
	if after := TakeSnapshot(); after != before {
		t.Fatalf("leak: %+v, before %+v", after, before)
	}
}

// TestSlabModel allocates and frees at random from a cache with slabs of several frames, and checks that objects
// never overlap and that empty slabs go back.
func TestSlabModel(t *testing.T) {
	type big struct{ b [1500]byte }
	bigs := &Cache[big]{Name: "big"}
	var census Census
	warm := bigs.Alloc() // registers the cache
	census.Take()
	rnd := rand.New(rand.NewSource(4))
	live := []*big{}
	const most = 400
	for range 20000 {
		if rnd.Intn(most) >= len(live) {
			p := bigs.Alloc()
			if *p != (big{}) {
				t.Fatal("not zeroed")
			}
			for i := range p.b {
				p.b[i] = byte(len(live)) | 1
			}
			live = append(live, p)
			continue
		}
		i := rnd.Intn(len(live))
		p := live[i]
		for _, c := range p.b {
			if c != p.b[0] || c == 0 {
				t.Fatal("overwritten")
			}
		}
		bigs.Free(p)
		live[i] = live[len(live)-1]
		live = live[:len(live)-1]
	}
	changes := int64(0)
	census.Diff(func(name string, change int64) {
		if name == "big" {
			changes = change
		}
	})
	if changes != int64(len(live)) {
		t.Errorf("census: %d, want %d", changes, len(live))
	}
	for _, p := range live {
		bigs.Free(p)
	}
	bigs.Free(warm)
	if n := bigs.slab.slabs.Load(); n > 1+magazineSize {
		t.Errorf("%d slabs kept for nothing", n)
	}
	EachCache(func(c CacheStats) {
		if c.Active < 0 || c.Active > c.Total {
			t.Errorf("%+v", c)
		}
	})
}

// TestFrames allocates from several goroutines at once: no frame may be given out twice.
func TestFrames(t *testing.T) {
	before := TakeSnapshot()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			rnd := rand.New(rand.NewSource(int64(g)))
			var mine []*Frame
			for range 5000 {
				if rnd.Intn(2) == 0 && len(mine) < 200 {
					f := AllocFrames(rnd.Intn(3), Zero)
					if f == nil {
						t.Error("no memory")
						return
					}
					b := f.Bytes()
					if b[0] != 0 || b[len(b)-1] != 0 {
						t.Error("not zeroed, or somebody else's")
					}
					b[0], b[len(b)-1] = byte(g+1), byte(g+1)
					mine = append(mine, f)
				} else if n := len(mine); n > 0 {
					if b := mine[n-1].Bytes(); b[0] != byte(g+1) || b[len(b)-1] != byte(g+1) {
						t.Error("given out twice")
					}
					if !mine[n-1].TryGet() {
						t.Error("no reference")
					}
					mine[n-1].Put()
					mine[n-1].Put()
					mine = mine[:n-1]
				}
			}
			for _, f := range mine {
				f.Put()
			}
		}()
	}
	wg.Wait()
	if after := TakeSnapshot(); after != before {
		t.Errorf("leak: %+v, before %+v", after, before)
	}
}

func TestFrameFlags(t *testing.T) {
	f := AllocFrame(0)
	defer f.Put()
	if f.TestAndSet(FrameLocked) || !f.TestAndSet(FrameLocked) || !f.TestFlag(FrameLocked|FrameDirty) {
		t.Error("set")
	}
	f.SetFlag(FrameDirty)
	if !f.TestAndClear(FrameLocked) || f.TestAndClear(FrameLocked) || f.Flags.Load() != FrameDirty {
		t.Error("clear")
	}
}

func TestFrameMisuse(t *testing.T) {
	expect := func(message string, f func()) {
		t.Helper()
		defer func() {
			if r := recover(); r != message {
				t.Errorf("%v, want %q", r, message)
			}
		}()
		f()
	}
	f := AllocFrame(0)
	f.MapCount.Store(1)
	expect("mem: freeing a frame that is mapped", func() { FreeFrames(f, 0) })
	f.MapCount.Store(0)
	f.Refs.Store(1)
	f.Put()
	expect("mem: frame freed twice", func() { f.Put() })
	f.Refs.Store(0)
}

func TestVAlloc(t *testing.T) {
	before := TakeSnapshot()
	a, e := VAlloc(5 * 4096)
	if e != 0 {
		t.Fatal(e)
	}
	VFree(a)
	if _, e := VAlloc(1 << 40); e == 0 {
		t.Error("no such memory")
	}
	if after := TakeSnapshot(); after != before {
		t.Errorf("leak: %+v, before %+v", after, before)
	}
}

func BenchmarkFrame(b *testing.B) {
	for range b.N {
		AllocFrame(0).Put()
	}
}

func BenchmarkObject(b *testing.B) {
	for range b.N {
		things.Free(things.Alloc())
	}
}
