package re

// inst is an instruction of the automaton's program.
type inst struct {
	op   iop
	set  *set
	x, y int // iSplit: both go on; iJump: x
	n    int // iSave: slot; iBackref: group
}

type iop uint8

const (
	iSet iop = iota
	iSplit
	iJump
	iSave
	iBackref
	iBegin
	iEnd
	iWordEdge
	iNotEdge
	iWordStart
	iWordEnd
	iMatch
)

// maxProg bounds the program: nested intervals multiply.
const maxProg = 40000

type compiler struct {
	prog  []inst
	edges bool
	big   bool
}

func (c *compiler) emit(i inst) int {
	if len(c.prog) >= maxProg {
		c.big = true
		return 0
	}
	c.prog = append(c.prog, i)
	return len(c.prog) - 1
}

func (c *compiler) compile(n *node) {
	if c.big {
		return
	}
	switch n.op {
	case opSet:
		c.emit(inst{op: iSet, set: n.set})
	case opConcat:
		for _, s := range n.subs {
			c.compile(s)
		}
	case opAlternate:
		c.alternate(n.subs)
	case opRepeat:
		c.repeat(n)
	case opGroup:
		c.emit(inst{op: iSave, n: 2 * n.group})
		c.compile(n.subs[0])
		c.emit(inst{op: iSave, n: 2*n.group + 1})
	case opBackref:
		c.emit(inst{op: iBackref, n: n.group})
	case opBegin:
		c.emit(inst{op: iBegin})
	case opEnd:
		c.emit(inst{op: iEnd})
	case opWordEdge, opNotEdge, opWordStart, opWordEnd:
		c.edges = true
		c.emit(inst{op: iWordEdge + iop(n.op-opWordEdge)})
	}
}

func (c *compiler) alternate(subs []*node) {
	var jumps []int
	for i, s := range subs {
		if i == len(subs)-1 {
			c.compile(s)
			break
		}
		split := c.emit(inst{op: iSplit})
		c.compile(s)
		jumps = append(jumps, c.emit(inst{op: iJump}))
		if c.big {
			return
		}
		c.prog[split].x, c.prog[split].y = split+1, len(c.prog)
	}
	for _, j := range jumps {
		c.prog[j].x = len(c.prog)
	}
}

// repeat unrolls an interval: min copies, then a loop or max-min optional copies.
func (c *compiler) repeat(n *node) {
	sub := n.subs[0]
	for range n.min {
		c.compile(sub)
		if c.big {
			return
		}
	}
	if n.max < 0 {
		split := c.emit(inst{op: iSplit})
		c.compile(sub)
		c.emit(inst{op: iJump, x: split})
		if !c.big {
			c.prog[split].x, c.prog[split].y = split+1, len(c.prog)
		}
		return
	}
	var splits []int
	for range n.max - n.min {
		splits = append(splits, c.emit(inst{op: iSplit}))
		c.compile(sub)
		if c.big {
			return
		}
	}
	for _, s := range splits {
		c.prog[s].x, c.prog[s].y = s+1, len(c.prog)
	}
}

// holds reports whether an assertion is true at a place in the text.
func (op iop) holds(text []byte, at int) bool {
	if op == iBegin {
		return at == 0
	}
	if op == iEnd {
		return at == len(text)
	}
	before := at > 0 && isWord(text[at-1])
	after := at < len(text) && isWord(text[at])
	switch op {
	case iWordEdge:
		return before != after
	case iNotEdge:
		return before == after
	case iWordStart:
		return !before && after
	}
	return before && !after // iWordEnd
}
