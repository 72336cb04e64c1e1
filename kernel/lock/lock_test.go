package lock

import (
	"sync"
	"sync/atomic"
	"testing"
)

func hammer(workers, rounds int, fn func(worker int)) {
	var wg sync.WaitGroup
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range rounds {
				fn(w)
			}
		}()
	}
	wg.Wait()
}

func TestMutualExclusion(t *testing.T) {
	const workers, rounds = 4, 2000
	var spin Spin
	var bare TestAndSet
	var ticket Ticket
	var mcs MCS
	var nodes [workers]MCSNode
	var rw RWSpin
	var seq SeqLock
	for _, tc := range []struct {
		name         string
		lock, unlock func(w int)
	}{
		{"Spin", func(int) { spin.Lock() }, func(int) { spin.Unlock() }},
		{"Spin IRQ", func(int) { spin.LockIRQ() }, func(int) { spin.UnlockIRQ(0) }},
		{"Spin try", func(int) {
			for !spin.TryLock() {
				spinWait()
			}
		}, func(int) { spin.Unlock() }},
		{"TestAndSet", func(int) { bare.Lock() }, func(int) { bare.Unlock() }},
		{"TestAndSet try", func(int) {
			for !bare.TryLock() {
				spinWait()
			}
		}, func(int) { bare.Unlock() }},
		{"Ticket", func(int) { ticket.Lock() }, func(int) { ticket.Unlock() }},
		{"Ticket try", func(int) {
			for !ticket.TryLock() {
				spinWait()
			}
		}, func(int) { ticket.Unlock() }},
		{"MCS", func(w int) { mcs.Lock(&nodes[w]) }, func(w int) { mcs.Unlock(&nodes[w]) }},
		{"MCS try", func(w int) {
			for !mcs.TryLock(&nodes[w]) {
				spinWait()
			}
		}, func(w int) { mcs.Unlock(&nodes[w]) }},
		{"RWSpin", func(int) { rw.Lock() }, func(int) { rw.Unlock() }},
		{"SeqLock", func(int) { seq.Lock() }, func(int) { seq.Unlock() }},
	} {
		n := 0
		hammer(workers, rounds, func(w int) {
			tc.lock(w)
			n++
			tc.unlock(w)
		})
		if n != workers*rounds {
			t.Errorf("%s: %d, want %d", tc.name, n, workers*rounds)
		}
	}
	if spin.Locked() || ticket.Locked() {
		t.Error("left locked")
	}
}

// TestTicketWraps: the counters share a word; the low one must wrap without carrying into the high one.
func TestTicketWraps(t *testing.T) {
	l := Ticket{word: 0xffffffff_ffffffff}
	for range 3 {
		l.Lock()
		if !l.Locked() || l.TryLock() {
			t.Fatalf("not held: %#x", l.word)
		}
		l.Unlock()
		if l.Locked() {
			t.Fatalf("held: %#x", l.word)
		}
	}
	if l.word != 2<<32|2 {
		t.Fatalf("word %#x", l.word)
	}
}

// TestTicketOrder: waiters are served in the order they came.
func TestTicketOrder(t *testing.T) {
	var l Ticket
	l.Lock()
	var order []int
	var wg sync.WaitGroup
	for i := range 5 {
		before := ticketsTaken(&l)
		wg.Add(1)
		go func() {
			defer wg.Done()
			l.Lock()
			order = append(order, i)
			l.Unlock()
		}()
		for ticketsTaken(&l) == before {
			spinWait()
		}
	}
	l.Unlock()
	wg.Wait()
	for i, v := range order {
		if i != v {
			t.Fatalf("order %v", order)
		}
	}
}

func TestReaders(t *testing.T) {
	var rw RWSpin
	var seq SeqLock
	a, b := 0, 0
	c, d := 0, 0
	hammer(4, 1000, func(w int) {
		if w == 0 {
			rw.Lock()
			a++
			b++
			rw.Unlock()
			f := seq.LockIRQ()
			c++
			d++
			seq.UnlockIRQ(f)
			return
		}
		f := rw.RLockIRQ()
		if a != b {
			t.Errorf("read %d and %d", a, b)
		}
		rw.RUnlockIRQ(f)
		for {
			s := seq.ReadBegin()
			x, y := c, d
			if !seq.ReadRetry(s) {
				if x != y {
					t.Errorf("read %d and %d", x, y)
				}
				break
			}
		}
	})
}

func TestAssertHeld(t *testing.T) {
	var s Spin
	s.Init(RankPipe)
	s.Lock()
	s.AssertHeld()
	s.Unlock()
	defer func() {
		if recover() == nil {
			t.Error("AssertHeld of a free lock does not panic")
		}
	}()
	s.AssertHeld()
}

// TestRanks: every rank has a name of its own, and the leaves are where the rules of the house want them.
func TestRanks(t *testing.T) {
	seen := map[string]Rank{}
	for r := RankNone; r < NumRanks; r++ {
		name := r.String()
		if name == "" || name == "bad rank" {
			t.Errorf("rank %d has no name", r)
		}
		if other, ok := seen[name]; ok {
			t.Errorf("ranks %d and %d are both %q", r, other, name)
		}
		seen[name] = r
	}
	if NumRanks.String() != "bad rank" {
		t.Error("a rank too many")
	}
	for _, o := range [][2]Rank{
		{RankProcess, RankVMSpace}, {RankVMSpace, RankInode}, {RankInode, RankPageCache}, {RankPageCache, RankBlockQueue},
		{RankBlockQueue, RankWaitQueue}, {RankSleepLock, RankRunQueue}, {RankWaitQueue, RankRunQueue},
		{RankRunQueue, RankTimer}, {RankTimer, RankZone}, {RankSlab, RankZone}, {RankZone, RankLog}, {RankLog, RankConsole},
	} {
		if o[0] >= o[1] {
			t.Errorf("%v is not before %v", o[0], o[1])
		}
	}
}

func ticketsTaken(l *Ticket) uint32 { return uint32(atomic.LoadUint64(&l.word) >> 32) }
