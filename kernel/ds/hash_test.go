package ds

import (
	"math/rand"
	"testing"
)

type entry struct {
	n   HashNode[entry]
	key uint64
}

func TestHashTableModel(t *testing.T) {
	rnd := rand.New(rand.NewSource(5))
	var h HashTable[entry]
	h.Init(make([]*HashNode[entry], 8))
	items := make([]entry, 200)
	in := map[int]bool{}
	for step := range 20000 {
		i := rnd.Intn(len(items))
		e := &items[i]
		if in[i] != e.n.Linked() {
			t.Fatal("linked")
		}
		if in[i] {
			h.Remove(&e.n)
			h.Remove(&e.n)
			delete(in, i)
		} else {
			e.key = uint64(rnd.Intn(50))
			e.n.Init(e)
			h.Insert(&e.n, e.key)
			in[i] = true
		}
		if step%2000 == 0 {
			for _, b := range h.Rehash(make([]*HashNode[entry], 1<<rnd.Intn(9))) {
				if b != nil {
					t.Fatal("old bucket not empty")
				}
			}
		}
		key := uint64(rnd.Intn(60))
		want, got := 0, 0
		for i := range in {
			if items[i].key == key {
				want++
			}
		}
		for e := h.First(key); e != nil; e = e.n.Next() {
			if e.key != key {
				t.Fatal("wrong object")
			}
			got++
		}
		if got != want || h.Len() != len(in) {
			t.Fatalf("%d objects of key %d, want %d", got, key, want)
		}
	}
	h.Each(func(e *entry) bool { h.Remove(&e.n); return true })
	if h.Len() != 0 {
		t.Fatal("not empty")
	}
}

func TestRingModel(t *testing.T) {
	rnd := rand.New(rand.NewSource(6))
	var r Ring[int]
	if _, ok := r.Pop(); ok || r.Push(1) || r.Readable() != nil || r.Writable() != nil {
		t.Fatal("zero value")
	}
	r.Init(make([]int, 16))
	var model []int
	for step := range 20000 {
		switch rnd.Intn(7) {
		case 0, 1:
			if r.Push(step) != (len(model) < 16) {
				t.Fatal("push")
			} else if len(model) < 16 {
				model = append(model, step)
			}
		case 2:
			v, ok := r.Pop()
			if ok != (len(model) > 0) || ok && v != model[0] {
				t.Fatal("pop")
			} else if ok {
				model = model[1:]
			}
		case 3:
			v, ok := r.PopBack()
			if ok != (len(model) > 0) || ok && v != model[len(model)-1] {
				t.Fatal("pop back")
			} else if ok {
				model = model[:len(model)-1]
			}
		case 4:
			w := r.Writable()
			if (len(w) == 0) != (len(model) == 16) {
				t.Fatal("writable")
			}
			n := rnd.Intn(len(w) + 1)
			for i := range n {
				w[i] = -step - i
				model = append(model, w[i])
			}
			r.Commit(n)
		case 5:
			p := r.Readable()
			if (len(p) == 0) != (len(model) == 0) {
				t.Fatal("readable")
			}
			n := rnd.Intn(len(p) + 1)
			for i := range n {
				if p[i] != model[i] {
					t.Fatal("content")
				}
			}
			model = model[n:]
			r.Discard(n)
		}
		if r.Len() != len(model) || r.Free() != 16-len(model) {
			t.Fatal("len")
		}
		if n := len(model); n > 0 && (r.At(0) != model[0] || r.At(n-1) != model[n-1]) {
			t.Fatal("at")
		}
	}
}

func TestPanics(t *testing.T) {
	var l, l2 List[item]
	var h HashTable[entry]
	h.Init(make([]*HashNode[entry], 1))
	var it item
	var e entry
	it.ln.Init(&it)
	e.n.Init(&e)
	l.PushBack(&it.ln)
	h.Insert(&e.n, 1)
	var r Ring[int]
	for name, f := range map[string]func(){
		"list twice":         func() { l2.PushBack(&it.ln) },
		"remove from other":  func() { l2.Remove(&it.ln) },
		"table twice":        func() { h.Insert(&e.n, 1) },
		"odd buckets":        func() { h.Init(make([]*HashNode[entry], 3)) },
		"odd ring":           func() { r.Init(make([]int, 3)) },
		"ring out of range":  func() { r.At(0) },
		"bucketless table":   func() { h.Init(nil) },
		"ring negative":      func() { r.At(-1) },
		"list insert before": func() { l2.InsertBefore(&it.ln, &it.ln) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
