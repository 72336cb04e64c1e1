package mem

import "sync/atomic"

// Fault injection: the failNth-th allocation from now on fails, once.
var failCount atomic.Int64

// FailNth makes the n-th allocation from now fail (1: the next one); 0 ends the injection.
func FailNth(n int64) { failCount.Store(n) }

func failInjected() bool {
	if failCount.Load() == 0 {
		return false
	}
	return failCount.Add(-1) == 0
}

// Statistics are in frames.
type Statistics struct {
	Total, Free, Slab int64
	Order             [nZones][MaxOrder + 1]int
}

// Stats returns the present figures.
func Stats() (s Statistics) {
	s.Total = int64(total)
	for i := range zones {
		z := &zones[i]
		s.Free += z.nfree.Load()
		s.Order[i] = z.count
	}
	for i := range pcp {
		s.Free += int64(pcp[i].n)
	}
	slabsLock.Lock()
	for c := allSlabs; c != nil; c = c.next {
		s.Slab += c.slabs.Load() << c.order
	}
	slabsLock.Unlock()
	return s
}

// ZoneName names the i-th zone of Statistics.Order.
func ZoneName(i int) string { return zoneNames[i] }

// Snapshot is what a leak check compares: frames and objects in use.
type Snapshot struct {
	Frames  int64
	Objects int64
}

// TakeSnapshot counts what is in use now.
func TakeSnapshot() (s Snapshot) {
	st := Stats()
	s.Frames = st.Total - st.Free - st.Slab
	EachCache(func(c CacheStats) { s.Objects += c.Active })
	return s
}
