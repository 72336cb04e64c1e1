//go:build galago_user

package main

import (
	"galago/libc/re"
	"galago/libc/stdio"
	"galago/libc/str"
)

// address selects lines.
type address struct {
	kind addressKind
	n    int64 // line, step base or count
	step int64
	re   *re.Regexp // nil: the last one used
}

type addressKind uint8

const (
	addrNone addressKind = iota
	addrLine
	addrLast
	addrRegexp
	addrStep     // first~step
	addrPlus     // ,+n
	addrMultiple // ,~n
)

// command is one command of the script.
type command struct {
	a1, a2 address
	not    bool
	name   byte
	text   []byte // a, i, c; y's table; file name of r and w; label
	n      int64  // q, Q, l
	target int    // of branches and of the { that goes on after its }
	subst  *substitution
	out    *output // w

	active bool  // inside the range
	until  int64 // last line of a range that ends at a number
}

type scanner struct {
	s      string
	i      int
	prog   []command
	open   []int // unmatched {
	labels []label
}

type label struct {
	name string
	at   int
}

func parse(script string) []command {
	p := &scanner{s: script}
	for p.skip(" \t\n;"); p.i < len(p.s); p.skip(" \t\n;") {
		p.command()
	}
	if len(p.open) > 0 {
		p.fail("unmatched '{'")
	}
	for i := range p.prog {
		c := &p.prog[i]
		if c.name == 'b' || c.name == 't' || c.name == 'T' {
			c.target = p.find(string(c.text))
		}
	}
	return p.prog
}

func (p *scanner) find(name string) int {
	if name == "" {
		return len(p.prog)
	}
	for _, l := range p.labels {
		if l.name == name {
			return l.at
		}
	}
	stdio.Fatal(4, "can't find label for jump to '"+name+"'", 0)
	return 0
}

func (p *scanner) fail(msg string) {
	stdio.Fatal(1, "-e expression, char "+str.Itoa(int64(p.i))+": "+msg, 0)
}

func (p *scanner) skip(set string) {
	for p.i < len(p.s) && str.IndexByte(set, p.s[p.i]) >= 0 {
		p.i++
	}
}

func (p *scanner) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *scanner) number() int64 {
	v := int64(0)
	for str.IsDigit(p.peek()) {
		v = min(v*10+int64(p.peek()-'0'), 1<<50)
		p.i++
	}
	return v
}

// address reads one address, if there is one.
func (p *scanner) address(second bool) (a address) {
	switch c := p.peek(); {
	case str.IsDigit(c):
		a.kind, a.n = addrLine, p.number()
		if p.peek() == '~' && !second {
			p.i++
			a.kind, a.step = addrStep, p.number()
		}
	case c == '$':
		p.i++
		a.kind = addrLast
	case c == '/' || c == '\\':
		if c == '\\' {
			p.i++
		}
		delim := p.peek()
		p.i++
		expr := p.delimited(delim, true)
		flags := re.Flags(0)
		for ; p.peek() == 'I' || p.peek() == 'M'; p.i++ {
			if p.peek() == 'I' {
				flags = re.IgnoreCase
			}
		}
		a.kind, a.re = addrRegexp, p.compile(expr, flags)
	case second && (c == '+' || c == '~'):
		p.i++
		a.kind = addrPlus
		if c == '~' {
			a.kind = addrMultiple
		}
		a.n = p.number()
	}
	return a
}

func (p *scanner) compile(expr string, flags re.Flags) *re.Regexp {
	if expr == "" {
		return nil
	}
	flags |= re.Escapes
	if extended {
		flags |= re.Extended
	}
	r, msg := re.Compile(expr, flags)
	if msg != "" {
		p.fail(msg)
	}
	return r
}

// delimited reads up to an unescaped delimiter and skips it. An escaped delimiter stands for itself; an escaped newline, in
// an expression, for a newline. In brackets the delimiter is not special.
func (p *scanner) delimited(delim byte, expr bool) string {
	var b []byte
	for p.i < len(p.s) {
		c := p.s[p.i]
		p.i++
		switch {
		case c == delim:
			return string(b)
		case c == '\\' && p.i < len(p.s):
			n := p.s[p.i]
			p.i++
			switch {
			case n == delim && n == '&' && !expr: // it would be the match
				b = append(b, '\\', '&')
			case n == delim && str.IndexByte("()|{}+?.*[]^$", n) >= 0 && expr && delim != '/':
				b = append(b, '[', n, ']')
				if n == '^' {
					b = append(b[:len(b)-3], '\\', '^')
				}
			case n == delim:
				b = append(b, n)
			default:
				b = append(b, '\\', n)
			}
		case c == '[' && expr:
			p.i--
			b = append(b, p.brackets()...)
		case c == '\n' && expr:
			p.fail("unterminated address regex")
		default:
			b = append(b, c)
		}
	}
	p.fail("unterminated 's' command")
	return ""
}

// brackets returns the bracket expression that begins here, or just the bracket if it has no end.
func (p *scanner) brackets() string {
	start := p.i
	i := p.i + 1
	if i < len(p.s) && p.s[i] == '^' {
		i++
	}
	if i < len(p.s) && p.s[i] == ']' {
		i++
	}
	for ; i < len(p.s) && p.s[i] != '\n'; i++ {
		if p.s[i] == ']' {
			p.i = i + 1
			return p.s[start:p.i]
		}
		if p.s[i] == '[' && i+1 < len(p.s) && str.IndexByte(":.=", p.s[i+1]) >= 0 {
			if end := str.Index(p.s[i+2:], string([]byte{p.s[i+1], ']'})); end >= 0 {
				i += end + 3
			}
		}
	}
	p.i = start + 1
	return "["
}

func (p *scanner) command() {
	c := command{a1: p.address(false)}
	p.skip(" \t")
	if p.peek() == ',' && c.a1.kind != addrNone {
		p.i++
		p.skip(" \t")
		if c.a2 = p.address(true); c.a2.kind == addrNone {
			p.fail("unexpected ','")
		}
	}
	for p.skip(" \t"); p.peek() == '!'; p.skip(" \t") {
		p.i++
		c.not = true
	}
	if p.i >= len(p.s) {
		p.fail("missing command")
	}
	c.name = p.s[p.i]
	p.i++
	if p.arguments(&c) {
		p.prog = append(p.prog, c)
	}
}

// arguments reads what follows the command's letter; false if there is nothing to execute.
func (p *scanner) arguments(c *command) bool {
	switch c.name {
	case '{':
		p.open = append(p.open, len(p.prog))
		return true
	case '}':
		if len(p.open) == 0 {
			p.fail("unexpected '}'")
		}
		p.prog[p.open[len(p.open)-1]].target = len(p.prog)
		p.open = p.open[:len(p.open)-1]
		p.end()
		return false
	case '#':
		p.rest()
		return false
	case ':':
		p.skip(" \t")
		name := str.Trim(p.label())
		if name == "" || c.a1.kind != addrNone {
			p.fail("\":\" lacks a label")
		}
		p.labels = append(p.labels, label{name, len(p.prog)})
		return false
	case 'a', 'i', 'c':
		c.text = p.text()
	case 'b', 't', 'T':
		p.skip(" \t")
		c.text = []byte(str.Trim(p.label()))
	case 'r', 'w':
		p.skip(" \t")
		name := p.rest()
		if name == "" {
			p.fail("missing filename in r/R/w/W commands")
		}
		c.text = []byte(name)
		if c.name == 'w' {
			c.out = openOutput(name)
		}
	case 's':
		c.subst = p.substitution()
		p.end()
	case 'y':
		c.text = p.transliteration()
		p.end()
	case 'q', 'Q', 'l':
		p.skip(" \t")
		c.n = -1
		if str.IsDigit(p.peek()) {
			c.n = p.number()
		}
		p.end()
	case '=', 'd', 'D', 'g', 'G', 'h', 'H', 'n', 'N', 'p', 'P', 'x', 'z', 'F':
		p.end()
	default:
		p.fail("unknown command: '" + string([]byte{c.name}) + "'")
	}
	return true
}

// end checks that nothing but the next command follows.
func (p *scanner) end() {
	p.skip(" \t")
	switch p.peek() {
	case 0, '\n', ';', '}', '#':
	default:
		p.fail("extra characters after command")
	}
}

// rest is what is left of the script's line.
func (p *scanner) rest() string {
	start := p.i
	for p.i < len(p.s) && p.s[p.i] != '\n' {
		p.i++
	}
	return p.s[start:p.i]
}

// label ends at a semicolon too, as GNU sed has it, and before the brace that closes a block.
func (p *scanner) label() string {
	start := p.i
	for p.i < len(p.s) && p.s[p.i] != '\n' && p.s[p.i] != ';' && p.s[p.i] != '}' {
		p.i++
	}
	return p.s[start:p.i]
}

// text reads the text of a, i and c: after a backslash and newline, or (GNU) on the same line.
func (p *scanner) text() []byte {
	p.skip(" \t")
	if p.peek() == '\\' {
		p.i++
		save := p.i
		p.skip(" \t")
		if p.peek() == '\n' {
			p.i++
		} else {
			p.i = save
		}
	} else if p.i == len(p.s) || p.peek() == '\n' {
		p.fail("expected \\ after 'a', 'c' or 'i'")
	}
	var b []byte
	for p.i < len(p.s) && p.s[p.i] != '\n' {
		if p.s[p.i] == '\\' && p.i+1 < len(p.s) {
			p.i++
			if p.s[p.i] == 't' {
				b = append(b, '\t')
				p.i++
				continue
			}
		}
		b = append(b, p.s[p.i])
		p.i++
	}
	return append(b, '\n')
}

// transliteration reads y/from/to/ into a table of 256 bytes.
func (p *scanner) transliteration() []byte {
	delim := p.peek()
	p.i++
	from, to := unescape(p.delimited(delim, false)), unescape(p.delimited(delim, false))
	if len(from) != len(to) {
		p.fail("strings for 'y' command are different lengths")
	}
	table := make([]byte, 256)
	for i := range table {
		table[i] = byte(i)
	}
	for i := range from {
		table[from[i]] = to[i]
	}
	return table
}

func unescape(s string) []byte {
	var b []byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			i++
			switch s[i] {
			case 'n':
				c = '\n'
			case 't':
				c = '\t'
			case '\\':
			default:
				b = append(b, '\\')
				c = s[i]
			}
		}
		b = append(b, c)
	}
	return b
}
