package mem

import (
	"math/rand"
	"os"
	"sync"
	"testing"
	"unsafe"
)

func TestMain(m *testing.M) {
	HostInit(32 << 20)
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
