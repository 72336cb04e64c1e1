package re

// backtracker matches expressions with back-references: it tries all ways and keeps the best. It remembers combinations of instruction, place
// and groups that led nowhere new, so that its time stays polynomial for a given number of groups as long as the memory (limit)
// suffices.
type backtracker struct {
	caps  []int
	best  []int
	found bool
	text  []byte
	loops []int    // by instruction: where a loop was entered last, against empty rounds
	seen  []uint64 // open hash table of combinations; 0 is free
	used  int
}

const (
	minSeen = 1 << 10
	maxSeen = 1 << 20
)

func (b *backtracker) run(r *Regexp, text []byte, from int, caps []int) bool {
	if b.caps == nil {
		b.caps = make([]int, 2*(r.Groups+1))
		b.best = make([]int, 2*(r.Groups+1))
		b.loops = make([]int, len(r.prog))
		b.seen = make([]uint64, minSeen)
	}
	b.text = text
	for at := from; at <= len(text); at++ {
		if r.begin && at > 0 {
			break
		}
		if !r.canNil && (at == len(text) || !r.first.has(text[at])) {
			continue
		}
		b.found = false
		clear(b.seen)
		b.used = 0
		for i := range b.caps {
			b.caps[i] = -1
		}
		for i := range b.loops {
			b.loops[i] = -1
		}
		b.try(r, 0, at)
		if b.found {
			copy(caps, b.best)
			return true
		}
	}
	return false
}

// visit reports whether a combination is new.
func (b *backtracker) visit(pc, at int) bool {
	h := uint64(pc)*0x9e3779b97f4a7c15 ^ uint64(at)
	for _, c := range b.caps {
		h = (h^uint64(c+1))*0xff51afd7ed558ccd + 0x2545f4914f6cdd1d
		h ^= h >> 29
	}
	if h == 0 {
		h = 1
	}
	if b.used*2 >= len(b.seen) && len(b.seen) < maxSeen {
		old := b.seen
		b.seen = make([]uint64, 4*len(old))
		for _, v := range old {
			if v != 0 {
				b.put(v)
			}
		}
	}
	if b.used*4 >= len(b.seen)*3 {
		return true // full: go on without remembering
	}
	if !b.put(h) {
		return false
	}
	b.used++
	return true
}

func (b *backtracker) put(h uint64) bool {
	mask := uint64(len(b.seen) - 1)
	i := h & mask
	for ; b.seen[i] != 0; i = (i + 1) & mask {
		if b.seen[i] == h {
			return false
		}
	}
	b.seen[i] = h
	return true
}

func (b *backtracker) try(r *Regexp, pc, at int) {
	for {
		switch i := &r.prog[pc]; i.op {
		case iSet:
			if at == len(b.text) || !i.set.has(b.text[at]) {
				return
			}
			pc++
			at++
		case iJump:
			pc = i.x
		case iSplit:
			if b.loops[pc] != at { // else the round was empty
				if !b.visit(pc, at) {
					return
				}
				old := b.loops[pc]
				b.loops[pc] = at
				b.try(r, i.x, at)
				b.loops[pc] = old
			}
			pc = i.y
		case iSave:
			old := b.caps[i.n]
			b.caps[i.n] = at
			b.try(r, pc+1, at)
			b.caps[i.n] = old
			return
		case iBackref:
			lo, hi := b.caps[2*i.n], b.caps[2*i.n+1]
			if lo < 0 || hi < lo || len(b.text)-at < hi-lo || string(b.text[at:at+hi-lo]) != string(b.text[lo:hi]) {
				return
			}
			at += hi - lo
			pc++
		case iMatch:
			if !b.found || better(b.caps, b.best) {
				b.found = true
				copy(b.best, b.caps)
			}
			return
		default:
			if !i.op.holds(b.text, at) {
				return
			}
			pc++
		}
	}
}
