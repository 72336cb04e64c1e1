package policy

import (
	"math"
	"math/rand"
	"testing"
	"unsafe"
)

// The simulator runs a policy against a list of jobs on one CPU of virtual time, as package sched would run it:
// the running job is accounted for at each tick and before each decision.

type job struct {
	e       Entity
	name    string
	arrive  uint64
	work    uint64 // what is left to run
	sleep   uint64 // after each burst
	burst   uint64 // runs this long between sleeps; 0: never sleeps
	inBurst uint64
	wakeAt  uint64
	ran     uint64
	first   uint64 // response: when it first ran
	end     uint64
	started bool
	worst   uint64 // longest wait between waking and running, but for the first time
	ready   uint64
}

type sim struct {
	t    *testing.T
	q    Queue
	now  uint64
	step uint64
	jobs []*job
	curr *job
}

func (s *sim) owner(e *Entity) *job { return (*job)(e.Owner) }

// arrivals enqueues whoever arrives or wakes now, and tells whether one of them preempts.
func (s *sim) arrivals() (preempt bool) {
	for _, j := range s.jobs {
		why := Woken
		switch {
		case !j.started && j.arrive == s.now:
			j.started = true
			j.first = math.MaxUint64
			why = Created
		case j.started && j.wakeAt != 0 && j.wakeAt <= s.now:
			j.wakeAt = 0
		default:
			continue
		}
		j.ready = s.now
		s.q.Enqueue(&j.e, why)
		if s.curr != nil && s.q.Preempts(&j.e, &s.curr.e) {
			preempt = true
		}
	}
	return preempt
}

// run simulates until all jobs have ended or the time is up.
func (s *sim) run(until uint64) {
	for s.now < until {
		preempt := s.arrivals()
		if c := s.curr; c != nil && (preempt || s.q.Expired(&c.e)) {
			s.q.Enqueue(&c.e, Preempted)
			s.curr = nil
		}
		if s.curr == nil {
			if e := s.q.Pick(); e != nil {
				s.curr = s.owner(e)
				if s.curr.ran > 0 {
					s.curr.worst = max(s.curr.worst, s.now-s.curr.ready)
				}
				s.curr.first = min(s.curr.first, s.now)
			}
		}
		s.now += s.step
		c := s.curr
		if c == nil {
			continue
		}
		s.q.Account(&c.e, s.step)
		c.ran += s.step
		c.ready = s.now
		if c.work > 0 {
			if c.work -= s.step; c.work == 0 {
				c.end = s.now
				s.curr = nil
				continue
			}
		}
		if c.burst > 0 {
			if c.inBurst += s.step; c.inBurst >= c.burst {
				c.inBurst = 0
				c.wakeAt = s.now + c.sleep
				s.curr = nil
			}
		}
	}
}

func newSim(t *testing.T, q Queue, step uint64, jobs ...*job) *sim {
	for _, j := range jobs {
		j.e.Owner = unsafe.Pointer(j)
	}
	return &sim{t: t, q: q, step: step, jobs: jobs}
}

func withNice(nice int) *job {
	j := &job{}
	j.e.SetNice(nice)
	return j
}

const ms = 1_000_000

// TestRoundRobinTextbook holds RR against the worked example of the course: jobs of 4, 3, 3 and 1 ms at time 0.
func TestRoundRobinTextbook(t *testing.T) {
	for _, tc := range []struct {
		quantum              uint64
		response, completion float64
	}{
		{1 * ms, 1.5, 8.5},
		{2 * ms, 3, 9.25},
		{100 * ms, 5.25, 8}, // a quantum longer than any job: first come, first served
	} {
		var jobs []*job
		for _, w := range []uint64{4, 3, 3, 1} {
			j := withNice(0)
			j.work = w * ms
			jobs = append(jobs, j)
		}
		s := newSim(t, &RR{Quantum: tc.quantum}, ms, jobs...)
		s.run(20 * ms)
		response, completion := 0.0, 0.0
		for _, j := range jobs {
			response += float64(j.first) / ms / 4
			completion += float64(j.end) / ms / 4
		}
		if response != tc.response || completion != tc.completion {
			t.Errorf("quantum %d ms: response %v, completion %v; want %v, %v", tc.quantum/ms,
				response, completion, tc.response, tc.completion)
		}
	}
}

// TestRoundRobinKeepsTurn: a preempted thread goes on with the rest of its turn, at the head of the line.
func TestRoundRobinKeepsTurn(t *testing.T) {
	q := &RR{Quantum: 10}
	a, b := withNice(0), withNice(0)
	q.Enqueue(&a.e, Created)
	q.Enqueue(&b.e, Created)
	if q.Pick() != &a.e {
		t.Fatal("not in order of arrival")
	}
	q.Account(&a.e, 4)
	q.Enqueue(&a.e, Preempted)
	if q.Pick() != &a.e || a.e.Turn != 4 {
		t.Fatal("the rest of the turn is lost")
	}
	q.Account(&a.e, 6)
	if !q.Expired(&a.e) {
		t.Fatal("turn not over")
	}
	q.Enqueue(&a.e, Preempted)
	if q.Pick() != &b.e {
		t.Fatal("turn over, yet it goes on")
	}
	q.Enqueue(&b.e, Yielded)
	if q.Next(nil) != &a.e || q.Next(&a.e) != &b.e || q.Next(&b.e) != nil || q.Len() != 2 {
		t.Fatal("order after yield")
	}
	q.Dequeue(&a.e)
	if q.Next(nil) != &b.e || q.Len() != 1 {
		t.Fatal("Dequeue")
	}
}

// TestFairShares: CPU-bound threads get the CPU in proportion to their weights, within 5 %.
func TestFairShares(t *testing.T) {
	for _, nices := range [][]int{{0, 0}, {0, 5}, {-5, 0, 5}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {-20, 19}, {-10, 0, 10, 19}, {19, 19, 19}} {
		var jobs []*job
		total := uint64(0)
		for _, n := range nices {
			j := withNice(n)
			jobs = append(jobs, j)
			total += j.e.Weight
		}
		s := newSim(t, &Fair{}, ms, jobs...)
		// Long enough for the lightest to have had at least 40 turns.
		least := jobs[0].e.Weight
		for _, j := range jobs {
			least = min(least, j.e.Weight)
		}
		span := max(2000*ms, 40*ms*total/least)
		s.run(span)
		for i, j := range jobs {
			want := float64(span) * float64(j.e.Weight) / float64(total)
			if got := float64(j.ran); math.Abs(got-want) > 0.05*want+2*ms {
				t.Errorf("nice %v: thread %d ran %.1f ms, want %.1f", nices, i, got/ms, want/ms)
			}
		}
	}
}

// TestFairLevels: each nice level is worth a factor of 1.25.
func TestFairLevels(t *testing.T) {
	var prev Entity
	for n := -20; n <= 19; n++ {
		var e Entity
		e.SetNice(n)
		if n > -20 {
			if r := float64(prev.Weight) / float64(e.Weight); r < 1.17 || r > 1.30 {
				t.Errorf("nice %d: factor %.3f", n, r)
			}
		}
		prev = e
	}
	var e Entity
	if e.SetNice(-100); e.Nice != -20 {
		t.Error("not clamped")
	}
	if e.SetNice(100); e.Nice != 19 {
		t.Error("not clamped")
	}
}

// TestFairSleeper: a thread that runs 100 µs out of every 10 ms gets on at once beside CPU hogs, and does not starve
// them; one that slept for long gains no more than that.
func TestFairSleeper(t *testing.T) {
	sleeper := withNice(0)
	sleeper.burst, sleeper.sleep = ms/10, 10*ms
	hogs := []*job{withNice(0), withNice(0), withNice(0)}
	s := newSim(t, &Fair{}, ms/10, append(hogs, sleeper)...)
	s.run(3000 * ms)
	if sleeper.worst > 3*ms {
		t.Errorf("waited up to %d µs after waking", sleeper.worst/1000)
	}
	if got := float64(sleeper.ran) / float64(3000*ms); got < 0.008 || got > 0.011 {
		t.Errorf("share of the sleeper %.4f", got)
	}
	late := withNice(0)
	late.arrive = 0
	late.burst, late.sleep = ms, 2000*ms
	hog := withNice(0)
	s = newSim(t, &Fair{}, ms/10, hog, late)
	s.run(1000 * ms)
	late.burst = 0 // from its wake-up on it is a hog
	before := hog.ran
	s.run(2100 * ms)
	if d := hog.ran - before; d < (1000+40)*ms {
		t.Errorf("a long sleeper kept the other off the CPU: it ran %d ms of 1100", d/ms)
	}
}

// TestFairMoves: an entity keeps its lead or lag when it changes queues.
func TestFairMoves(t *testing.T) {
	a, b := &Fair{}, &Fair{}
	x, y, z := withNice(0), withNice(0), withNice(0)
	a.Enqueue(&x.e, Created)
	b.Enqueue(&y.e, Created)
	for range 1000 {
		a.Account(a.Pick(), 5*ms)
		a.Enqueue(&x.e, Preempted)
	}
	b.Enqueue(&z.e, Created)
	b.Account(b.Pick(), 3*ms)
	a.Dequeue(&x.e)
	a.Leave(&x.e)
	b.Join(&x.e)
	b.Enqueue(&x.e, Migrated)
	if lag := int64(x.e.vruntime - b.base); lag < -int64(Period) || lag > int64(Period) {
		t.Errorf("moved with a lag of %d ns", lag)
	}
}

// TestQueuesModel runs random operations on each policy against a set.
func TestQueuesModel(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for name, q := range map[string]Queue{"rr": &RR{}, "fair": &Fair{}} {
		jobs := make([]*job, 40)
		for i := range jobs {
			jobs[i] = withNice(rng.Intn(40) - 20)
			jobs[i].e.Owner = unsafe.Pointer(jobs[i])
		}
		in := map[*Entity]bool{}
		var curr *Entity
		for range 20000 {
			e := &jobs[rng.Intn(len(jobs))].e
			switch op := rng.Intn(5); {
			case op == 0 && !in[e] && e != curr:
				q.Enqueue(e, Why(rng.Intn(2)))
				in[e] = true
			case op == 1 && in[e]:
				q.Dequeue(e)
				delete(in, e)
			case op == 2:
				if curr != nil {
					q.Account(curr, uint64(rng.Intn(5*ms)))
					q.Enqueue(curr, Preempted+Why(rng.Intn(2)))
					in[curr] = true
				}
				if curr = q.Pick(); curr != nil {
					if !in[curr] {
						t.Fatalf("%s: picked one that was not queued", name)
					}
					delete(in, curr)
				} else if len(in) > 0 {
					t.Fatalf("%s: nothing picked of %d", name, len(in))
				}
			case op == 3 && in[e]:
				q.Dequeue(e)
				q.Leave(e)
				q.Join(e)
				q.Enqueue(e, Migrated)
			}
			if q.Len() != len(in) {
				t.Fatalf("%s: Len %d, want %d", name, q.Len(), len(in))
			}
		}
		n := 0
		for e := q.Next(nil); e != nil; e = q.Next(e) {
			if !in[e] || !e.Queued {
				t.Fatalf("%s: walk meets a stranger", name)
			}
			n++
		}
		if n != len(in) {
			t.Fatalf("%s: walk of %d, want %d", name, n, len(in))
		}
	}
}

func TestByName(t *testing.T) {
	if ByName("fair", 3) == nil || ByName("rr", 0) == nil || ByName("lottery", 0) != nil {
		t.Fatal("ByName")
	}
}
