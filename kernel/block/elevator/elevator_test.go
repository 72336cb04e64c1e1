package elevator

import (
	"slices"
	"testing"
)

func queue(t *testing.T, policy string, now uint64, items []Item) *Queue {
	t.Helper()
	q := &Queue{}
	q.Init()
	if !q.SetPolicy(policy, now) {
		t.Fatal("no policy", policy)
	}
	for i := range items {
		items[i].Init(nil)
		q.Add(&items[i], now)
	}
	return q
}

func drain(q *Queue, now uint64) (sectors []uint64) {
	for it := q.Next(now); it != nil; it = q.Next(now) {
		sectors = append(sectors, it.Sector)
	}
	return sectors
}

func reads(sectors ...uint64) (items []Item) {
	for _, s := range sectors {
		items = append(items, Item{Sector: s, Count: 8})
	}
	return items
}

func TestOrder(t *testing.T) {
	for _, c := range []struct {
		policy string
		in     []uint64
		want   []uint64
	}{
		{"noop", []uint64{50, 10, 90, 30}, []uint64{50, 10, 90, 30}},
		{"deadline", []uint64{50, 10, 90, 30}, []uint64{10, 30, 50, 90}},
	} {
		if got := drain(queue(t, c.policy, 0, reads(c.in...)), 0); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", c.policy, got)
		}
	}
}

func TestDeadlineServesLateFirst(t *testing.T) {
	q := queue(t, "deadline", 0, reads(900, 100, 200))
	if it := q.Next(readExpire); it.Sector != 900 {
		t.Errorf("served %d", it.Sector)
	}
	// The batch goes on from there and wraps around.
	if got := drain(q, 0); !slices.Equal(got, []uint64{100, 200}) {
		t.Error(got)
	}
}

func TestDeadlineDoesNotStarveWrites(t *testing.T) {
	items := make([]Item, 0, 100)
	for i := range uint64(60) {
		items = append(items, Item{Sector: i * 8, Count: 8})
	}
	for i := range uint64(4) {
		items = append(items, Item{Sector: 10000 + i*8, Count: 8, Write: true})
	}
	q := queue(t, "deadline", 0, items)
	for n := range (writesStarved + 1) * deadlineBatch {
		if q.Next(0).Write {
			if n != writesStarved*deadlineBatch {
				t.Errorf("first write after %d requests", n)
			}
			return
		}
	}
	t.Error("no write was served")
}

func TestNeighbours(t *testing.T) {
	items := reads(100, 200)
	items = append(items, Item{Sector: 300, Count: 8, Write: true}, Item{Sector: 400, Count: 8, Single: true})
	q := queue(t, "noop", 0, items)
	probe := func(sector uint64, write, single bool) (before, after *Item) {
		it := Item{Sector: sector, Count: 8, Write: write, Single: single}
		return q.Before(&it), q.After(&it)
	}
	for _, c := range []struct {
		sector        uint64
		write, single bool
		before, after *Item
	}{
		{108, false, false, &items[0], nil},
		{92, false, false, nil, &items[0]},
		{107, false, false, nil, nil},
		{109, false, false, nil, nil},
		{108, true, false, nil, nil},
		{108, false, true, nil, nil},
		{308, true, false, &items[2], nil},
		{408, false, false, nil, nil},
		{392, false, false, nil, nil},
		{0, false, false, nil, nil},
	} {
		if b, a := probe(c.sector, c.write, c.single); b != c.before || a != c.after {
			t.Errorf("%+v: %v %v", c, b, a)
		}
	}
}

func TestSwitchKeepsAll(t *testing.T) {
	q := queue(t, "deadline", 0, reads(5, 3, 9, 1))
	if q.SetPolicy("bogus", 0) || !q.SetPolicy("noop", 0) || q.Policy() != "noop" || q.Len() != 4 {
		t.Fatal("switch")
	}
	if got := drain(q, 0); !slices.Equal(got, []uint64{1, 3, 5, 9}) {
		t.Error(got)
	}
}
