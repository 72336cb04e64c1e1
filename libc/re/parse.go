package re

import (
	"galago/libc/match"
	"galago/libc/str"
)

// node is a piece of the syntax tree.
type node struct {
	op       op
	set      *set
	min, max int // repeat; max -1 is no bound
	group    int // group, back-reference
	subs     []*node
}

type op uint8

const (
	opEmpty op = iota
	opSet      // one byte of set
	opConcat
	opAlternate
	opRepeat
	opGroup
	opBackref
	opBegin    // ^
	opEnd      // $
	opWordEdge // \b
	opNotEdge  // \B
	opWordStart
	opWordEnd
)

// set is a set of bytes.
type set [4]uint64

func (s *set) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *set) has(c byte) bool { return s[c>>6]>>(c&63)&1 != 0 }
func (s *set) invert()         { s[0], s[1], s[2], s[3] = ^s[0], ^s[1], ^s[2], ^s[3] }
func (s *set) union(t *set)    { s[0] |= t[0]; s[1] |= t[1]; s[2] |= t[2]; s[3] |= t[3] }
func (s *set) class(in func(byte) bool) {
	for c := range 256 {
		if in(byte(c)) {
			s.add(byte(c))
		}
	}
}

const (
	maxRepeat = 32767 // RE_DUP_MAX of Linux
	maxDepth  = 500   // of parentheses
)

type parser struct {
	s      string
	i      int
	flags  Flags
	groups int
	open   int // groups that are open
	depth  int
	closed []bool // by group number
	refs   bool
	msg    string
}

func (p *parser) fail(msg string) *node {
	if p.msg == "" {
		p.msg = msg
	}
	p.i = len(p.s)
	return &node{}
}

// next reports whether the operator c comes next: bare in extended, after a backslash in basic expressions.
func (p *parser) next(c byte) bool {
	if p.flags&Extended != 0 {
		return p.i < len(p.s) && p.s[p.i] == c
	}
	return p.i+1 < len(p.s) && p.s[p.i] == '\\' && p.s[p.i+1] == c
}

// take is next, and skips the operator.
func (p *parser) take(c byte) bool {
	if !p.next(c) {
		return false
	}
	p.i++
	if p.flags&Extended == 0 {
		p.i++
	}
	return true
}

func (p *parser) alternation() *node {
	if p.depth++; p.depth > maxDepth {
		return p.fail("Regular expression too big")
	}
	n := p.concatenation()
	if p.next('|') {
		n = &node{op: opAlternate, subs: []*node{n}}
		for p.take('|') {
			n.subs = append(n.subs, p.concatenation())
		}
	}
	p.depth--
	return n
}

func (p *parser) concatenation() *node {
	n := &node{op: opConcat}
	for first := true; p.i < len(p.s) && !p.next('|') && !(p.next(')') && (p.open > 0 || p.flags&Extended == 0)); first = false {
		a := p.atom(first)
		for p.i < len(p.s) && (a.op != opBegin || p.flags&Extended != 0) {
			lo, hi, ok := p.repetition()
			if !ok {
				break
			}
			a = &node{op: opRepeat, min: lo, max: hi, subs: []*node{a}}
			if a.min > maxRepeat || a.max > maxRepeat {
				return p.fail("Regular expression too big")
			}
		}
		n.subs = append(n.subs, a)
		if a.op == opBegin && p.flags&Extended == 0 && p.i < len(p.s) && p.s[p.i] == '*' { // no repetition of ^
			p.i++
			n.subs = append(n.subs, p.literal('*'))
		}
	}
	return n
}

// repetition reads *, +, ? or an interval.
func (p *parser) repetition() (lo, hi int, ok bool) {
	if p.s[p.i] == '*' {
		p.i++
		return 0, -1, true
	}
	switch {
	case p.take('+'):
		return 1, -1, true
	case p.take('?'):
		return 0, 1, true
	case p.next('{'):
		return p.interval()
	}
	return 0, 0, false
}

// interval reads {m}, {m,}, {,n} or {m,n}. In an extended expression a brace that begins none of them stands for itself.
func (p *parser) interval() (lo, hi int, ok bool) {
	start := p.i
	p.take('{')
	number := func() int {
		v, from := 0, p.i
		for p.i < len(p.s) && str.IsDigit(p.s[p.i]) {
			v = min(v*10+int(p.s[p.i]-'0'), maxRepeat+1)
			p.i++
		}
		if p.i == from {
			return -1
		}
		return v
	}
	lo = number()
	hi = lo
	comma := p.i < len(p.s) && p.s[p.i] == ','
	if comma {
		p.i++
		hi = number()
	}
	valid := (lo >= 0 || comma) && (hi < 0 || hi >= lo)
	if valid && p.take('}') {
		return max(lo, 0), hi, true
	}
	if p.flags&Extended != 0 && !(p.take('}') && (lo >= 0 || comma)) {
		p.i = start
		return 0, 0, false
	}
	p.fail("Invalid content of \\{\\}")
	return 0, 0, false
}

func (p *parser) literal(c byte) *node {
	s := new(set)
	s.add(c)
	if p.flags&IgnoreCase != 0 {
		s.add(str.Lower(c))
		s.add(str.Upper(c))
	}
	return &node{op: opSet, set: s}
}

// atom reads one element; first tells that a branch begins here.
func (p *parser) atom(first bool) *node {
	extended := p.flags&Extended != 0
	if p.take('(') {
		return p.group()
	}
	c := p.s[p.i]
	p.i++
	switch c {
	case '.':
		s := new(set)
		s.invert()
		return &node{op: opSet, set: s}
	case '[':
		return p.bracket()
	case '^':
		if extended || first {
			return &node{op: opBegin}
		}
	case '$':
		if extended || p.i == len(p.s) || p.next('|') || p.next(')') {
			return &node{op: opEnd}
		}
	case '*':
		if extended && first { // GNU: a star with nothing before it is taken away
			return &node{}
		}
	case '+', '?':
		if extended && first {
			return &node{}
		}
	case '\\':
		if p.i == len(p.s) {
			return p.fail("Trailing backslash")
		}
		c = p.s[p.i]
		p.i++
		return p.escape(c)
	}
	return p.literal(c)
}

func (p *parser) group() *node {
	p.groups++
	g := p.groups
	own := len(p.closed)
	p.closed = append(p.closed, false)
	p.open++
	n := p.alternation()
	p.open--
	if p.msg == "" && !p.take(')') {
		return p.fail("Unmatched ( or \\(")
	}
	if p.msg == "" {
		p.closed[own] = true
	}
	return &node{op: opGroup, group: g, subs: []*node{n}}
}

func (p *parser) escape(c byte) *node {
	switch c {
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		g := int(c - '0')
		if g > len(p.closed) || !p.closed[g-1] {
			return p.fail("Invalid back reference")
		}
		p.refs = true
		return &node{op: opBackref, group: g}
	case 'b':
		return &node{op: opWordEdge}
	case 'B':
		return &node{op: opNotEdge}
	case '<':
		return &node{op: opWordStart}
	case '>':
		return &node{op: opWordEnd}
	case '`':
		return &node{op: opBegin}
	case '\'':
		return &node{op: opEnd}
	case 'w', 'W', 's', 'S':
		s := new(set)
		if str.Lower(c) == 'w' {
			s.class(isWord)
		} else {
			s.class(str.IsSpace)
		}
		if c < 'a' {
			s.invert()
		}
		return &node{op: opSet, set: s}
	case 'n':
		if p.flags&Escapes != 0 {
			return p.literal('\n')
		}
	case 't':
		if p.flags&Escapes != 0 {
			return p.literal('\t')
		}
	}
	return p.literal(c)
}

func isWord(c byte) bool { return c == '_' || match.InClass("alnum", c) }

// bracket reads a bracket expression (POSIX.1-2017 XBD 9.3.5); the opening bracket has been read.
func (p *parser) bracket() *node {
	s := new(set)
	not := p.i < len(p.s) && p.s[p.i] == '^'
	if not {
		p.i++
	}
	for first := true; ; first = false {
		if p.i >= len(p.s) {
			return p.fail("Unmatched [, [^, [:, [., or [=")
		}
		if p.s[p.i] == ']' && !first {
			p.i++
			break
		}
		if p.inner(s) {
			continue
		}
		lo, ok := p.element()
		hi := lo
		if ok && p.i+1 < len(p.s) && p.s[p.i] == '-' && p.s[p.i+1] != ']' {
			p.i++
			hi, ok = p.element()
		}
		if !ok {
			return p.fail("Unmatched [, [^, [:, [., or [=")
		}
		if lo > hi {
			return p.fail("Invalid range end")
		}
		for c := int(lo); c <= int(hi); c++ {
			s.add(byte(c))
		}
	}
	if p.flags&IgnoreCase != 0 {
		both := *s
		for c := range 256 {
			if s.has(byte(c)) {
				both.add(str.Lower(byte(c)))
				both.add(str.Upper(byte(c)))
			}
		}
		*s = both
	}
	if not {
		s.invert()
	}
	return &node{op: opSet, set: s}
}

// inner reads [:class:].
func (p *parser) inner(s *set) bool {
	if p.i+1 >= len(p.s) || p.s[p.i] != '[' || p.s[p.i+1] != ':' {
		return false
	}
	end := str.Index(p.s[p.i+2:], ":]")
	if end < 0 {
		return false
	}
	name := p.s[p.i+2 : p.i+2+end]
	p.i += end + 4
	before := *s
	s.class(func(c byte) bool { return match.InClass(name, c) })
	if *s == before && !knownClass(name) {
		p.fail("Invalid character class name")
	}
	return true
}

func knownClass(name string) bool {
	for c := range 256 {
		if match.InClass(name, byte(c)) {
			return true
		}
	}
	return false
}

// element reads one byte of a bracket expression, also as [.x.] or [=x=].
func (p *parser) element() (byte, bool) {
	if p.i >= len(p.s) {
		return 0, false
	}
	c := p.s[p.i]
	p.i++
	if c == '[' && p.i < len(p.s) && (p.s[p.i] == '.' || p.s[p.i] == '=') {
		if p.i+3 >= len(p.s) || p.s[p.i+2] != p.s[p.i] || p.s[p.i+3] != ']' {
			p.fail("Invalid collation character")
			return 0, true
		}
		c = p.s[p.i+1]
		p.i += 4
		return c, true
	}
	if c == '\\' && p.flags&Escapes != 0 && p.i < len(p.s) {
		switch p.s[p.i] {
		case 'n':
			p.i++
			return '\n', true
		case 't':
			p.i++
			return '\t', true
		}
	}
	return c, true
}
