package mem

import "sync/atomic"

// Fault injection: the failNth-th allocation from now on fails, once.
var failCount atomic.Int64

// allocFailures counts allocations that found no memory, even after reclaim.
var allocFailures atomic.Int64

// FailNth makes the n-th allocation from now fail (1: the next one); 0 ends the injection.
func FailNth(n int64) { failCount.Store(n) }

// FailPending reports whether an injected failure is still to come: a test that fails the first, second, third …
// allocation of an operation is done when the operation ends with the failure still pending.
func FailPending() bool { return failCount.Load() > 0 }

func failInjected() bool { return failCount.Load() != 0 && failNow() }

// perThread is a failCount that is not reached: threads count for themselves.
const perThread = 1 << 62

// FailThreads begins the injection of failures by threads that want them: ThreadHeader.FailEvery. Interrupt handlers on them are spared.
func FailThreads() { failCount.Store(perThread) }

func failNow() bool {
	if failCount.Load() == perThread {
		return threadFails()
	}
	n := failCount.Add(-1)
	if n < 0 {
		failCount.Store(0) // another CPU's allocation took the failure
	}
	return n == 0
}

// Statistics are in frames.
type Statistics struct {
	Total     int64 // managed; the kernel's image and what was allocated at boot are not in it
	Free      int64
	Slab      int64
	Areas     int64 // behind VAlloc
	Available int64 // free above the reserve for atomic allocations
	Failures  int64 // allocations that failed
	Order     [nZones][MaxOrder + 1]int
}

// Stats returns the present figures. CPUs go on allocating meanwhile, so they need not add up exactly.
func Stats() (s Statistics) {
	s.Total = int64(total)
	for i := range zones {
		z := &zones[i]
		irq := z.lock.LockIRQ()
		s.Free += z.nfree.Load()
		s.Available -= z.min
		s.Order[i] = z.count
		z.lock.UnlockIRQ(irq)
	}
	irq := pcpLock.lock()
	for i := range pcp {
		s.Free += int64(pcp[i].n)
	}
	pcpLock.unlock(irq)
	s.Available = max(s.Free+s.Available, 0)
	s.Areas = vPages.Load()
	s.Failures = allocFailures.Load()
	irq = slabsLock.LockIRQ()
	for c := allSlabs; c != nil; c = c.next {
		s.Slab += c.slabs.Load() << c.order
	}
	slabsLock.UnlockIRQ(irq)
	return s
}

// ZoneName names the i-th zone of Statistics.Order.
func ZoneName(i int) string { return zoneNames[i] }

// Snapshot is what a leak check compares: frames outside slabs and objects in use.
type Snapshot struct {
	Frames  int64
	Objects int64
}

// TakeSnapshot counts what is in use now.
func TakeSnapshot() (s Snapshot) {
	st := Stats()
	s.Frames = st.Total - st.Free - st.Slab
	irq := slabsLock.LockIRQ()
	for c := allSlabs; c != nil; c = c.next {
		s.Objects += c.active()
	}
	slabsLock.UnlockIRQ(irq)
	return s
}

// maxCensus is the number of caches a Census tells apart; the others are not compared.
const maxCensus = 160

// Census is a leak check's detail: the objects in use of every cache. It is large: keep it in static memory.
type Census struct{ active [maxCensus]int64 }

// Take counts the objects in use now.
func (c *Census) Take() {
	*c = Census{}
	irq := slabsLock.LockIRQ()
	for s := allSlabs; s != nil; s = s.next {
		if s.id < maxCensus {
			c.active[s.id] = s.active()
		}
	}
	slabsLock.UnlockIRQ(irq)
}

// Diff calls fn for every cache whose number of objects in use has changed since Take. fn must not allocate.
func (c *Census) Diff(fn func(name string, change int64)) {
	irq := slabsLock.LockIRQ()
	defer slabsLock.UnlockIRQ(irq)
	for s := allSlabs; s != nil; s = s.next {
		if s.id < maxCensus {
			if d := s.active() - c.active[s.id]; d != 0 {
				fn(s.name, d)
			}
		}
	}
}
