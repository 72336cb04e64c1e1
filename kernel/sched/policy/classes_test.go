package policy

import "testing"

func newClasses() *Classes {
	q := new(Classes)
	q.Init(new(Fair))
	return q
}

func entity(c Class, priority uint8) *Entity {
	e := &Entity{Class: c, Priority: priority}
	e.SetNice(0)
	return e
}

// TestClassOrder: deadline before real time before the rest, priorities in order, equals in the order of arrival.
func TestClassOrder(t *testing.T) {
	q := newClasses()
	normal, low, high, high2 := entity(Normal, 0), entity(RealTime, 1), entity(RealTime, 99), entity(RealTime, 99)
	mid := entity(RealTime, 64)
	near, far := entity(Deadline, 0), entity(Deadline, 0)
	near.Budget, far.Budget = Budget{1000, 5000, 5000}, Budget{1000, 9000, 9000}
	for _, e := range []*Entity{normal, low, far, high, high2, near, mid} {
		q.Enqueue(e, Created)
	}
	for i, want := range []*Entity{near, far, high, high2, mid, low, normal, nil} {
		if got := q.Pick(); got != want {
			t.Fatalf("pick %d: %+v", i, got)
		}
	}
}

// TestPreemption: who may interrupt whom.
func TestPreemption(t *testing.T) {
	q := newClasses()
	idle, batch := entity(Normal, 0), entity(Normal, 0)
	idle.Background, batch.Batch = true, true
	for _, c := range []struct {
		woken, curr *Entity
		want        bool
	}{
		{entity(RealTime, 1), entity(Normal, 0), true},
		{entity(Normal, 0), entity(RealTime, 1), false},
		{entity(RealTime, 2), entity(RealTime, 1), true},
		{entity(RealTime, 1), entity(RealTime, 1), false},
		{entity(Deadline, 0), entity(RealTime, 99), true},
		{entity(Normal, 0), idle, true},
		{idle, entity(Normal, 0), false},
		{batch, entity(Normal, 0), false},
	} {
		if got := q.Preempts(c.woken, c.curr); got != c.want {
			t.Errorf("%+v over %+v: %v", c.woken, c.curr, got)
		}
	}
}

// TestRoundRobin: SCHED_RR goes to the end of its line after a turn, SCHED_FIFO never.
func TestRoundRobin(t *testing.T) {
	q := newClasses()
	a, b := entity(RealTime, 5), entity(RealTime, 5)
	a.RoundRobin, b.RoundRobin = true, true
	q.Enqueue(a, Created)
	q.Enqueue(b, Created)
	curr := q.Pick()
	q.Account(curr, RealTimeTurn-1)
	if q.Expired(curr) {
		t.Error("before the turn is over")
	}
	q.Account(curr, 1)
	if !q.Expired(curr) {
		t.Error("after the turn")
	}
	q.Enqueue(curr, Preempted)
	if q.Pick() != b {
		t.Error("the other one is next")
	}
	q.Enqueue(b, Preempted) // its turn is not over
	if q.Pick() != b {
		t.Error("a turn that was cut short goes on")
	}
	a.RoundRobin = false
	q.Account(a, 10*RealTimeTurn)
	if q.Expired(a) {
		t.Error("FIFO has no turns")
	}
}

// TestShare: real time leaves the rest a twentieth of the CPU.
func TestShare(t *testing.T) {
	q := newClasses()
	rt, normal := entity(RealTime, 50), entity(Normal, 0)
	q.Enqueue(rt, Created)
	q.Enqueue(normal, Created)
	const step = 1_000_000
	ran := map[*Entity]int{}
	curr := q.Pick()
	for range 20_000 {
		ran[curr]++
		q.Account(curr, step)
		if q.Expired(curr) {
			q.Enqueue(curr, Preempted)
			curr = q.Pick()
		}
	}
	if ran[normal] < 900 || ran[normal] > 1100 {
		t.Errorf("the ordinary one ran %d of 20000 ms", ran[normal])
	}
}

// TestBudgets: two of 40 % each and one that wants all of the CPU with a budget of 10 %: each gets what it was promised, in each period.
func TestBudgets(t *testing.T) {
	q := newClasses()
	budgets := []Budget{{4, 10, 10}, {8, 20, 20}, {1, 10, 10}}
	const ms = 1_000_000
	names := map[*Entity]int{}
	for i, b := range budgets {
		e := entity(Deadline, 0)
		e.Budget = Budget{b.Runtime * ms, b.Deadline * ms, b.Period * ms}
		names[e] = i
		q.Enqueue(e, Created)
	}
	var ran [3]uint64
	var curr *Entity
	for now := uint64(0); now < 1000*ms; now += ms / 10 {
		q.Now = now
		for q.Replenish() != nil {
		}
		if curr != nil {
			ran[names[curr]] += ms / 10
			q.Account(curr, ms/10)
			if q.Expired(curr) {
				q.Enqueue(curr, Preempted)
				curr = nil
			}
		}
		if curr == nil {
			curr = q.Pick()
		}
	}
	for i, b := range budgets {
		want := 1000 * ms * b.Runtime / b.Period
		if ran[i] < want-want/20 || ran[i] > want+want/20 {
			t.Errorf("%d ran %d ms of %d", i, ran[i]/ms, want/ms)
		}
	}
}

// TestBandwidth is the arithmetic of admission.
func TestBandwidth(t *testing.T) {
	for _, c := range []struct {
		b    Budget
		want uint64
	}{{Budget{}, 0}, {Budget{5, 10, 10}, BandwidthUnit / 2}, {Budget{1 << 62, 1 << 62, 1 << 62}, BandwidthUnit}} {
		if got := c.b.Bandwidth(); got != c.want {
			t.Errorf("%+v: %d", c.b, got)
		}
	}
}
