package re

// automaton answers whether a text matches, with states that are sets of instructions, made when they are first reached. When there
// are too many, all are forgotten and it starts afresh, so memory stays bounded.
type automaton struct {
	states []*state
	n      int // states in use
	table  [tableSize]int16
	start  int // at the beginning of the text
	ready  bool
	mark   []int // by instruction: the closure that has seen it
	turn   int
	work   []int
}

const (
	maxStates = 400
	tableSize = 1024
	unknown   = -1
)

type state struct {
	set     []int // instructions that consume a byte or wait for the end, in order
	hash    uint32
	accept  bool // a match has been seen
	atEnd   bool // the end of the text makes it a match
	endDone bool
	next    [256]int16
}

func (a *automaton) match(r *Regexp, text []byte) bool {
	if !a.ready {
		a.mark = make([]int, len(r.prog))
		a.reset(r)
	}
	s := a.states[a.start]
	for i := 0; ; i++ {
		if s.accept {
			return true
		}
		if i == len(text) {
			return a.end(r, s, i == 0)
		}
		n := s.next[text[i]]
		if n == unknown {
			n = a.step(r, s, text[i])
		}
		s = a.states[n]
		if len(s.set) == 0 && !s.accept {
			return false // only when all matches begin at the beginning
		}
	}
}

func (a *automaton) reset(r *Regexp) {
	a.ready = true
	a.n = 0
	for i := range a.table {
		a.table[i] = unknown
	}
	a.turn++
	a.work = a.work[:0]
	accept := a.closure(r, 0, true)
	a.start = a.intern(accept)
}

// closure adds what is reached from pc without consuming a byte; true if a match is.
func (a *automaton) closure(r *Regexp, pc int, begin bool) bool {
	for {
		if a.mark[pc] == a.turn {
			return false
		}
		a.mark[pc] = a.turn
		switch i := &r.prog[pc]; i.op {
		case iMatch:
			return true
		case iSet, iEnd:
			a.work = append(a.work, pc)
			return false
		case iJump:
			pc = i.x
		case iSplit:
			if a.closure(r, i.x, begin) {
				return true
			}
			pc = i.y
		case iBegin:
			if !begin {
				return false
			}
			pc++
		default:
			pc++
		}
	}
}

// step makes the state after c. The search may begin anew at every place.
func (a *automaton) step(r *Regexp, s *state, c byte) int16 {
	a.turn++
	a.work = a.work[:0]
	accept := false
	for _, pc := range s.set {
		if i := &r.prog[pc]; i.op == iSet && i.set.has(c) && a.closure(r, pc+1, false) {
			accept = true
			break
		}
	}
	if !accept && !r.begin {
		accept = a.closure(r, 0, false)
	}
	if a.n == maxStates {
		work := append([]int(nil), a.work...)
		a.reset(r)
		a.work = append(a.work[:0], work...)
		return int16(a.intern(accept)) // s itself is forgotten: its link is not set
	}
	n := int16(a.intern(accept))
	s.next[c] = n
	return n
}

// intern returns the state for the set in work.
func (a *automaton) intern(accept bool) int {
	if accept {
		a.work = a.work[:0]
	}
	h := uint32(2166136261)
	for _, pc := range a.work {
		h = (h ^ uint32(pc)) * 16777619
	}
	if accept {
		h++
	}
	slot := h % tableSize
	for ; a.table[slot] != unknown; slot = (slot + 1) % tableSize {
		if s := a.states[a.table[slot]]; s.hash == h && s.accept == accept && equal(s.set, a.work) {
			return int(a.table[slot])
		}
	}
	if a.n == len(a.states) {
		a.states = append(a.states, new(state))
	}
	s := a.states[a.n]
	s.set = append(s.set[:0], a.work...)
	s.hash, s.accept, s.endDone = h, accept, false
	for i := range s.next {
		s.next[i] = unknown
	}
	a.table[slot] = int16(a.n)
	a.n++
	return a.n - 1
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// end reports whether the end of the text completes a match, by passing through the instructions that wait for it. The
// answer for a text that is empty is not that for others.
func (a *automaton) end(r *Regexp, s *state, empty bool) bool {
	if s.endDone && !empty {
		return s.atEnd
	}
	a.turn++
	matches := false
	for _, pc := range s.set {
		if r.prog[pc].op == iEnd && a.finish(r, pc+1, empty) {
			matches = true
			break
		}
	}
	if !empty {
		s.endDone, s.atEnd = true, matches
	}
	return matches
}

// finish follows the program at the end of the text.
func (a *automaton) finish(r *Regexp, pc int, begin bool) bool {
	for {
		if a.mark[pc] == a.turn {
			return false
		}
		a.mark[pc] = a.turn
		switch i := &r.prog[pc]; i.op {
		case iMatch:
			return true
		case iSet:
			return false
		case iJump:
			pc = i.x
		case iSplit:
			if a.finish(r, i.x, begin) {
				return true
			}
			pc = i.y
		case iBegin:
			if !begin {
				return false
			}
			pc++
		default:
			pc++
		}
	}
}
