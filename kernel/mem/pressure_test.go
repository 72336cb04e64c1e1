package mem

import (
	"testing"
)

// TestShrinker exhausts memory and checks that allocation goes on with what a shrinker gives back.
func TestShrinker(t *testing.T) {
	var hoard []*Frame
	calls := 0
	RegisterShrinker(&Shrinker{Name: "hoard", Shrink: func(want int) int {
		calls++
		n := min(want, len(hoard))
		for _, f := range hoard[len(hoard)-n:] {
			f.Put()
		}
		hoard = hoard[:len(hoard)-n]
		return n
	}})
	before := TakeSnapshot()
	defer func() {
		for _, f := range hoard {
			f.Put()
		}
		hoard = nil
		if after := TakeSnapshot(); after != before {
			t.Errorf("leak: %+v, before %+v", after, before)
		}
	}()
	for calls == 0 {
		f := AllocFrame(0)
		if f == nil {
			t.Fatal("no frame though the shrinker had some to give")
		}
		hoard = append(hoard, f)
	}
	if AllocFrame(Atomic) == nil {
		t.Fatal("the reserve should serve atomic allocations")
	} else {
		before.Frames++
	}
	found := false
	EachShrinker(func(s *Shrinker, freed int64) { found = found || s.Name == "hoard" && freed > 0 })
	if !found {
		t.Fatal("shrinker's figures")
	}
	var objs []*thing
	for range 2000 {
		p := things.Alloc()
		if p == nil {
			t.Fatal("objects should come from reclaimed frames")
		}
		objs = append(objs, p)
	}
	for _, p := range objs {
		things.Free(p)
	}
}

// TestReserve checks that sleeping contexts leave a reserve which atomic ones may use, and that all fail in the end.
func TestReserve(t *testing.T) {
	before := TakeSnapshot()
	failed := Stats().Failures
	var all []*Frame
	for f := AllocFrame(0); f != nil; f = AllocFrame(0) {
		all = append(all, f)
	}
	atomics := 0
	for f := AllocFrame(Atomic); f != nil; f = AllocFrame(Atomic) {
		all = append(all, f)
		atomics++
	}
	if atomics == 0 || Stats().Failures < failed+2 {
		t.Errorf("%d atomic allocations, %d failures", atomics, Stats().Failures-failed)
	}
	if s := Stats(); s.Free != 0 || s.Available != 0 {
		t.Errorf("free: %+v", s)
	}
	if Alloc(1<<20) != nil || AllocFrames(1, Atomic) != nil {
		t.Error("memory from nothing")
	}
	for _, f := range all {
		f.Put()
	}
	if after := TakeSnapshot(); after != before {
		t.Errorf("leak: %+v, before %+v", after, before)
	}
}

func TestWatermarkWakesReclaim(t *testing.T) {
	woken := 0
	WakeReclaim = func() { woken++ }
	defer func() { WakeReclaim = nil }()
	var all []*Frame
	for woken == 0 {
		f := AllocFrame(0)
		if f == nil {
			t.Fatal("exhausted without a call of WakeReclaim")
		}
		all = append(all, f)
	}
	if free := Stats().Free; free > zones[0].low+pcpMax || free < zones[0].min {
		t.Errorf("woken at %d free frames", free)
	}
	for _, f := range all {
		f.Put()
	}
	ReclaimBackground()
	if pressure.Load() != 0 {
		t.Error("still under pressure")
	}
}
