package ds

import (
	"math/rand"
	"slices"
	"testing"
)

type item struct {
	ln  ListNode[item]
	rb  RBNode[item]
	key uint64
}

func TestList(t *testing.T) {
	var l List[item]
	items := make([]item, 5)
	for i := range items {
		items[i].ln.Init(&items[i])
		items[i].key = uint64(i)
	}
	l.PushBack(&items[1].ln)
	l.PushFront(&items[0].ln)
	l.PushBack(&items[3].ln)
	l.InsertBefore(&items[2].ln, &items[3].ln)
	want := []uint64{0, 1, 2, 3}
	check := func() {
		t.Helper()
		var got []uint64
		for p := l.Front(); p != nil; p = p.ln.Next() {
			got = append(got, p.key)
		}
		if !slices.Equal(got, want) || l.Len() != len(want) {
			t.Fatalf("%v (len %d), want %v", got, l.Len(), want)
		}
	}
	check()
	l.Remove(&items[0].ln)
	l.Remove(&items[3].ln)
	l.Remove(&items[4].ln)
	want = []uint64{1, 2}
	check()
	if l.Back() != &items[2] || items[3].ln.Linked() {
		t.Fatal("back or linked")
	}
}

// verify checks the red-black rules and returns the black height.
func verify(t *testing.T, n *RBNode[item]) int {
	if n == nil {
		return 1
	}
	for _, c := range []*RBNode[item]{n.left, n.right} {
		if c != nil && (c.parent != n || n.red && c.red) {
			t.Fatal("bad parent or two reds in a row")
		}
	}
	l, r := verify(t, n.left), verify(t, n.right)
	if l != r {
		t.Fatal("black heights differ")
	}
	if n.red {
		return l
	}
	return l + 1
}

func TestRBTreeModel(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	var tree RBTree[item]
	items := make([]item, 300)
	in := map[int]bool{}
	for step := range 20000 {
		i := rnd.Intn(len(items))
		if in[i] {
			tree.Remove(&items[i].rb)
			delete(in, i)
		} else {
			items[i].key = uint64(rnd.Intn(200))
			items[i].rb.Init(&items[i])
			tree.Insert(&items[i].rb, items[i].key)
			in[i] = true
		}
		if step%50 != 0 {
			continue
		}
		verify(t, tree.root)
		var want []uint64
		for i := range in {
			want = append(want, items[i].key)
		}
		slices.Sort(want)
		var got []uint64
		for p := tree.Min(); p != nil; p = tree.Next(&p.rb) {
			got = append(got, p.key)
		}
		if !slices.Equal(got, want) || tree.Len() != len(want) {
			t.Fatal("contents differ")
		}
		k := uint64(rnd.Intn(210))
		pos, _ := slices.BinarySearch(want, k)
		if c := tree.Ceil(k); (c == nil) != (pos == len(want)) || c != nil && c.key != want[pos] {
			t.Fatal("ceil")
		}
		pos, _ = slices.BinarySearch(want, k+1)
		if f := tree.Floor(k); (f == nil) != (pos == 0) || f != nil && f.key != want[pos-1] {
			t.Fatal("floor")
		}
	}
}

type nodePool struct{ out, fail int }

func (p *nodePool) Alloc() *RadixNode {
	if p.fail > 0 {
		if p.fail--; p.fail == 0 {
			return nil
		}
	}
	p.out++
	return new(RadixNode)
}
func (p *nodePool) Free(*RadixNode) { p.out-- }

func TestRadixModel(t *testing.T) {
	rnd := rand.New(rand.NewSource(2))
	pool := &nodePool{}
	var r Radix[int]
	r.Init(pool)
	model := map[uint64]*int{}
	tags := map[uint64]bool{}
	index := func() uint64 { return rnd.Uint64() >> (uint(rnd.Intn(64))) &^ (rnd.Uint64() & 1) }
	var used []uint64
	for range 30000 {
		i := index()
		if len(used) > 0 && rnd.Intn(2) == 0 {
			i = used[rnd.Intn(len(used))]
		}
		switch rnd.Intn(6) {
		case 0, 1:
			if rnd.Intn(20) == 0 {
				pool.fail = 1 + rnd.Intn(4)
			}
			v := new(int)
			if r.Set(i, v) {
				model[i] = v
				used = append(used, i)
			}
			pool.fail = 0
		case 2:
			if got := r.Delete(i); got != model[i] {
				t.Fatal("delete")
			}
			delete(model, i)
			delete(tags, i)
		case 3:
			r.SetTag(i, 1)
			if model[i] != nil {
				tags[i] = true
			}
		case 4:
			r.ClearTag(i, 1)
			delete(tags, i)
		case 5:
			if r.Get(i) != model[i] || r.HasTag(i, 1) != tags[i] || r.HasTag(i, 0) {
				t.Fatal("get or tag")
			}
			checkNext(t, &r, i, model, tags)
		}
		if r.Len() != len(model) {
			t.Fatal("len")
		}
	}
	for i := range model {
		r.Delete(i)
	}
	if pool.out != 0 || r.Len() != 0 {
		t.Fatalf("%d nodes leaked", pool.out)
	}
}

func checkNext(t *testing.T, r *Radix[int], i uint64, model map[uint64]*int, tags map[uint64]bool) {
	t.Helper()
	best, bestTag, any, anyTag := uint64(0), uint64(0), false, false
	for k := range model {
		if k >= i && (!any || k < best) {
			best, any = k, true
		}
		if k >= i && tags[k] && (!anyTag || k < bestTag) {
			bestTag, anyTag = k, true
		}
	}
	if at, v := r.Next(i); (v != nil) != any || any && (at != best || v != model[best]) {
		t.Fatalf("next(%#x) = %#x %v, want %#x %v", i, at, v, best, any)
	}
	if at, v := r.NextTagged(i, 1); (v != nil) != anyTag || anyTag && (at != bestTag || v != model[bestTag]) {
		t.Fatalf("nextTagged(%#x) = %#x %v, want %#x %v", i, at, v, bestTag, anyTag)
	}
}

func TestBitmap(t *testing.T) {
	b := make(Bitmap, 4)
	for i := range 130 {
		b.Set(i)
	}
	b.Clear(77)
	if b.FindZero(0, 256) != 77 || b.FindZero(78, 256) != 130 || b.FindZero(0, 77) != -1 || b.FindZeroRun(0, 256, 2) != 130 {
		t.Fatal("find")
	}
	b.Set(200)
	if b.FindSet(130, 256) != 200 || b.FindZeroRun(0, 256, 70) != 130 || b.FindZeroRun(0, 256, 71) != -1 {
		t.Fatal("runs")
	}
}

// TestRBTreeOrder checks neighbours in both directions, and that equal keys keep the order of insertion.
func TestRBTreeOrder(t *testing.T) {
	rnd := rand.New(rand.NewSource(8))
	var tree RBTree[item]
	items := make([]item, 500)
	seq := map[*item]int{}
	for i := range items {
		it := &items[i]
		it.key = uint64(rnd.Intn(60))
		it.rb.Init(it)
		tree.Insert(&it.rb, it.key)
		seq[it] = i
	}
	for i := 0; i < len(items); i += 3 {
		tree.Remove(&items[i].rb)
		delete(seq, &items[i])
	}
	var last *item
	n := 0
	for p := tree.Min(); p != nil; p = tree.Next(&p.rb) {
		if last != nil && (p.key < last.key || p.key == last.key && seq[p] < seq[last]) {
			t.Fatal("order")
		}
		if tree.Prev(&p.rb) != last || p.rb.Key() != p.key {
			t.Fatal("prev or key")
		}
		if f := tree.Find(p.key); f == nil || f.key != p.key {
			t.Fatal("find")
		}
		if c := tree.Ceil(p.key); last == nil || last.key != p.key {
			if c != p {
				t.Fatal("ceil is the first inserted of equal keys")
			}
		}
		last = p
		n++
	}
	if n != len(seq) || tree.Max() != last || tree.Floor(last.key) != last || tree.Find(1000) != nil {
		t.Fatal("max, floor or length")
	}
	for tree.Min() != nil {
		tree.Remove(&tree.Min().rb)
	}
	if tree.Max() != nil || tree.Len() != 0 {
		t.Fatal("not empty")
	}
}

// FuzzRadix plays a string of operations on a tree and a map.
func FuzzRadix(f *testing.F) {
	f.Add([]byte{0, 1, 0, 200, 2, 1, 0, 7, 4, 1})
	f.Fuzz(func(t *testing.T, ops []byte) {
		pool := &nodePool{}
		var r Radix[int]
		r.Init(pool)
		model, tags := map[uint64]*int{}, map[uint64]bool{}
		for len(ops) >= 2 && len(model) < 64 {
			i := uint64(ops[1]) << (ops[0] >> 3 * 2)
			switch ops[0] & 7 {
			case 0, 1:
				v := new(int)
				if r.Set(i, v) {
					model[i] = v
				}
			case 2:
				if r.Delete(i) != model[i] {
					t.Fatal("delete")
				}
				delete(model, i)
				delete(tags, i)
			case 3:
				pool.fail = 1 + int(ops[1]&3)
			case 4, 5:
				r.SetTag(i, 1)
				if model[i] != nil {
					tags[i] = true
				}
			case 6:
				r.ClearTag(i, 1)
				delete(tags, i)
			}
			checkNext(t, &r, i, model, tags)
			if r.Get(i) != model[i] || r.Len() != len(model) {
				t.Fatal("get")
			}
			ops = ops[2:]
		}
		for i := range model {
			r.Delete(i)
		}
		if pool.out != 0 {
			t.Fatalf("%d nodes leaked", pool.out)
		}
	})
}
