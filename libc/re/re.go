// Package re is the regular expressions of POSIX (POSIX.1-2017 XBD chapter 9), basic and extended, with the usual GNU
// extensions (\| \+ \? in basic expressions, \w \s \b \< \>). Characters are bytes; matches are the leftmost, and among
// those the longest.
//
// An expression is parsed to a tree (parse.go) and compiled to a program of a nondeterministic automaton (prog.go). Whether a line matches
// at all is decided by a deterministic automaton built as it runs (dfa.go); where, and what the groups hold, by a simulation of
// all threads side by side (vm.go). Both take time linear in the text. Only expressions with back-references, for which no such
// method is known, go through a backtracking matcher that remembers where it has been (back.go).
//
// The package is ordinary Go without maps; it allocates when an expression is compiled and first used.
package re

// Flags change how an expression is read.
type Flags uint

const (
	Extended   Flags = 1 << iota // extended syntax
	IgnoreCase                   // letters match both cases
	Escapes                      // \n and \t are newline and tab, in brackets too, as in sed(1)
	WholeLine                    // only a match of the whole text counts
)

// Regexp is a compiled expression. It is not safe for use by several threads.
type Regexp struct {
	Groups int // number of groups

	prog    []inst
	first   set  // bytes that a match can begin with
	canNil  bool // it can match the empty string
	refs    bool // has back-references
	edges   bool // has word edges
	begin   bool // every match begins at the beginning of the text
	literal []byte

	vm  machine
	dfa automaton
	bt  backtracker
}

// Compile compiles an expression; msg says what is wrong with it.
func Compile(expr string, flags Flags) (r *Regexp, msg string) {
	return CompileList([]string{expr}, flags)
}

// CompileList compiles expressions of which any may match. Groups are numbered through all of them.
func CompileList(list []string, flags Flags) (r *Regexp, msg string) {
	root := &node{op: opAlternate}
	p := parser{flags: flags}
	for _, expr := range list {
		base := p.groups
		p.s, p.i, p.depth, p.open = expr, 0, 0, 0
		p.closed = make([]bool, 0, 8)
		n := p.alternation()
		if p.msg == "" && p.i < len(p.s) {
			p.fail("Unmatched ) or \\)")
		}
		if p.msg != "" {
			return nil, p.msg
		}
		if p.refs {
			renumber(n, base)
		}
		root.subs = append(root.subs, n)
	}
	if len(root.subs) == 1 {
		root = root.subs[0]
	}
	if flags&WholeLine != 0 {
		root = &node{op: opConcat, subs: []*node{{op: opBegin}, root, {op: opEnd}}}
	}
	c := compiler{}
	c.emit(inst{op: iSave, n: 0})
	c.compile(root)
	c.emit(inst{op: iSave, n: 1})
	c.emit(inst{op: iMatch})
	if c.big {
		return nil, "Regular expression too big"
	}
	r = &Regexp{Groups: p.groups, prog: c.prog, refs: p.refs, edges: c.edges}
	r.analyse(root)
	return r, ""
}

// renumber makes a list's back-references count the groups of their own expression.
func renumber(n *node, base int) {
	if n.op == opBackref {
		n.group += base
	}
	for _, s := range n.subs {
		renumber(s, base)
	}
}

// Match reports whether the expression matches somewhere in text.
func (r *Regexp) Match(text []byte) bool {
	switch {
	case r.literal != nil:
		return find(text, r.literal) >= 0
	case r.refs:
		var caps [2]int
		return r.Find(text, 0, caps[:])
	case r.edges:
		return r.vm.run(r, text, 0, 2)
	}
	return r.dfa.match(r, text)
}

// Find finds the leftmost longest match that begins at from or later; text before from is looked at for ^ and word edges. It sets
// caps[2n] and caps[2n+1] to the bounds of group n, -1 for groups that took no part; group 0 is the whole match. As many
// groups are found as caps has room for.
func (r *Regexp) Find(text []byte, from int, caps []int) bool {
	slots := min(len(caps), 2*(r.Groups+1)) &^ 1
	for i := range caps {
		caps[i] = -1
	}
	if r.literal != nil {
		i := find(text[from:], r.literal)
		if i >= 0 {
			caps[0], caps[1] = from+i, from+i+len(r.literal)
		}
		return i >= 0
	}
	if r.refs {
		return r.bt.run(r, text, from, caps[:slots])
	}
	if from == 0 && !r.edges && !r.dfa.match(r, text) {
		return false
	}
	if !r.vm.run(r, text, from, slots) {
		return false
	}
	copy(caps, r.vm.best[:slots])
	return true
}

// find is the first place of a literal.
func find(text, lit []byte) int {
	for i := 0; i+len(lit) <= len(text); i++ {
		if text[i] == lit[0] && string(text[i:i+len(lit)]) == string(lit) {
			return i
		}
	}
	return -1
}

// analyse finds out what makes searching faster: a literal, the first bytes, an anchor.
func (r *Regexp) analyse(root *node) {
	r.canNil = firstBytes(root, &r.first)
	r.begin = anchored(root)
	if root.op != opConcat || len(root.subs) == 0 {
		return
	}
	var lit []byte
	for _, n := range root.subs {
		c, ok := n.single()
		if !ok {
			return
		}
		lit = append(lit, c)
	}
	r.literal = lit
}

// single returns the byte of a node that matches just that.
func (n *node) single() (c byte, ok bool) {
	if n.op != opSet {
		return 0, false
	}
	for i := range 256 {
		if n.set.has(byte(i)) {
			if ok {
				return 0, false
			}
			c, ok = byte(i), true
		}
	}
	return c, ok
}

// firstBytes adds the bytes that a match of n can begin with; it reports whether n can match the empty string.
func firstBytes(n *node, s *set) bool {
	switch n.op {
	case opSet:
		s.union(n.set)
		return false
	case opConcat:
		for _, sub := range n.subs {
			if !firstBytes(sub, s) {
				return false
			}
		}
		return true
	case opAlternate:
		empty := false
		for _, sub := range n.subs {
			empty = firstBytes(sub, s) || empty
		}
		return empty
	case opRepeat:
		return firstBytes(n.subs[0], s) || n.min == 0
	case opGroup:
		return firstBytes(n.subs[0], s)
	}
	return true // assertions; back-references may be empty
}

// anchored reports whether every match of n begins with ^.
func anchored(n *node) bool {
	switch n.op {
	case opBegin:
		return true
	case opConcat:
		return len(n.subs) > 0 && anchored(n.subs[0])
	case opGroup:
		return anchored(n.subs[0])
	case opAlternate:
		for _, sub := range n.subs {
			if !anchored(sub) {
				return false
			}
		}
		return true
	}
	return false
}
