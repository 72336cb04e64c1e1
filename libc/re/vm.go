package re

// machine simulates all threads of a program side by side. There is at most one thread at each instruction: where two meet, the one
// with the better groups stays (POSIX.1-2017 XBD 9.1: the leftmost, then the longest, subexpressions from left to right).
type machine struct {
	slots    int
	cur, nxt threads
	best     []int // of the best match so far
	found    bool
	scratch  []int
}

// threads is a sparse set of instructions, each with its captured bounds.
type threads struct {
	dense  []int
	sparse []int
	caps   []int // slots for each instruction
}

func (t *threads) has(pc int) bool {
	i := t.sparse[pc]
	return i < len(t.dense) && t.dense[i] == pc
}

func (t *threads) insert(pc int) {
	t.sparse[pc] = len(t.dense)
	t.dense = append(t.dense, pc)
}

func (m *machine) prepare(r *Regexp, slots int) {
	m.slots = slots
	if need := len(r.prog) * slots; m.cur.sparse == nil || len(m.cur.caps) < need {
		for _, t := range [...]*threads{&m.cur, &m.nxt} {
			t.sparse = make([]int, len(r.prog))
			t.dense = make([]int, 0, len(r.prog))
			t.caps = make([]int, need)
		}
		m.best = make([]int, 2*(r.Groups+1))
		m.scratch = make([]int, 2*(r.Groups+1))
	}
	m.cur.dense = m.cur.dense[:0]
	m.nxt.dense = m.nxt.dense[:0]
	m.found = false
}

// run searches; the result is in best.
func (m *machine) run(r *Regexp, text []byte, from, slots int) bool {
	m.prepare(r, slots)
	for at := from; ; at++ {
		if len(m.cur.dense) == 0 {
			if m.found || r.begin && at > 0 {
				break
			}
			if !r.canNil {
				for at < len(text) && !r.first.has(text[at]) {
					at++
				}
			}
		}
		if !m.found {
			for i := range m.scratch {
				m.scratch[i] = -1
			}
			m.add(r, &m.cur, 0, text, at)
		}
		if at == len(text) {
			break
		}
		c := text[at]
		for _, pc := range m.cur.dense {
			i := &r.prog[pc]
			if i.op != iSet || !i.set.has(c) {
				continue
			}
			caps := m.cur.caps[pc*m.slots : (pc+1)*m.slots]
			if m.found && slots > 0 && caps[0] > m.best[0] {
				continue // begins later than the match that is known
			}
			copy(m.scratch, caps)
			m.add(r, &m.nxt, pc+1, text, at+1)
		}
		m.cur, m.nxt = m.nxt, m.cur
		m.nxt.dense = m.nxt.dense[:0]
	}
	return m.found
}

// add puts a thread with the bounds in scratch at pc and follows what consumes nothing.
func (m *machine) add(r *Regexp, t *threads, pc int, text []byte, at int) {
	for {
		caps := t.caps[pc*m.slots : (pc+1)*m.slots]
		if !t.has(pc) {
			t.insert(pc)
		} else if !better(m.scratch[:m.slots], caps) {
			return
		}
		copy(caps, m.scratch)
		switch i := &r.prog[pc]; i.op {
		case iSet:
			return
		case iMatch:
			if !m.found || m.scratch[0] < m.best[0] || m.scratch[0] == m.best[0] && better(m.scratch[:m.slots], m.best) {
				m.found = true
				copy(m.best, m.scratch[:m.slots])
			}
			return
		case iJump:
			pc = i.x
		case iSplit:
			m.add(r, t, i.x, text, at)
			pc = i.y
		case iSave:
			if i.n < m.slots {
				m.save(r, t, pc, i.n, text, at)
				return
			}
			pc++
		default:
			if !i.op.holds(text, at) {
				return
			}
			pc++
		}
	}
}

// save records a bound for the threads that go on from here. The start of a group makes its old end void.
func (m *machine) save(r *Regexp, t *threads, pc, slot int, text []byte, at int) {
	old, oldEnd := m.scratch[slot], -1
	m.scratch[slot] = at
	if slot&1 == 0 {
		oldEnd = m.scratch[slot+1]
		m.scratch[slot+1] = -1
	}
	m.add(r, t, pc+1, text, at)
	m.scratch[slot] = old
	if slot&1 == 0 {
		m.scratch[slot+1] = oldEnd
	}
}

// better compares bounds group by group: a group that took part, that begins earlier, that ends later.
func better(a, b []int) bool {
	for i := 0; i < len(a); i += 2 {
		if a[i] != b[i] {
			return b[i] < 0 || a[i] >= 0 && a[i] < b[i]
		}
		if a[i+1] != b[i+1] {
			return a[i+1] > b[i+1]
		}
	}
	return false
}
