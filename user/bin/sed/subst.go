//go:build galago_user

package main

import (
	"galago/libc/re"
	"galago/libc/str"
)

// substitution is an s command.
type substitution struct {
	re     *re.Regexp // nil: the last one used
	parts  []part
	global bool
	nth    int64
	print  bool
	out    *output
}

// part is a piece of a replacement.
type part struct {
	kind byte // 't' text, 'g' group, or a case conversion: U L u l E
	text []byte
	n    int
}

func (p *scanner) substitution() *substitution {
	delim := p.peek()
	if delim == 0 || delim == '\n' || delim == '\\' {
		p.fail("unterminated 's' command")
	}
	p.i++
	expr := p.delimited(delim, true)
	repl := p.delimited(delim, false)
	s := &substitution{nth: 1}
	flags := re.Flags(0)
	for done := false; !done; {
		switch c := p.peek(); {
		case c == 'g':
			s.global = true
		case c == 'p':
			s.print = true
		case c == 'i' || c == 'I':
			flags |= re.IgnoreCase
		case c == 'w':
			p.i++
			p.skip(" \t")
			s.out = openOutput(p.rest())
			done = true
		case str.IsDigit(c):
			if s.nth = p.number(); s.nth == 0 {
				p.fail("number option to 's' command may not be zero")
			}
			p.i--
		default:
			done = true
		}
		if !done {
			p.i++
		}
	}
	s.re = p.compile(expr, flags)
	s.parts = p.replacement(repl)
	for _, part := range s.parts {
		if part.kind == 'g' && s.re != nil && part.n > s.re.Groups {
			p.fail("invalid reference \\" + str.Itoa(int64(part.n)) + " on 's' command's RHS")
		}
	}
	return s
}

func (p *scanner) replacement(s string) []part {
	var list []part
	var text []byte
	flush := func(next part) {
		if len(text) > 0 {
			list = append(list, part{kind: 't', text: text})
			text = nil
		}
		if next.kind != 0 {
			list = append(list, next)
		}
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '&' {
			flush(part{kind: 'g'})
			continue
		}
		if c != '\\' || i+1 == len(s) {
			text = append(text, c)
			continue
		}
		i++
		switch c = s[i]; {
		case str.IsDigit(c):
			flush(part{kind: 'g', n: int(c - '0')})
		case str.IndexByte("ULulE", c) >= 0:
			flush(part{kind: c})
		case c == 'n':
			text = append(text, '\n')
		case c == 't':
			text = append(text, '\t')
		default:
			text = append(text, c)
		}
	}
	flush(part{})
	return list
}

// caser applies \U \L \u \l \E while a replacement is put together.
type caser struct {
	all, next byte
	dst       []byte
}

func (c *caser) add(b []byte) {
	for _, ch := range b {
		switch c.next {
		case 'u':
			ch = str.Upper(ch)
		case 'l':
			ch = str.Lower(ch)
		default:
			switch c.all {
			case 'U':
				ch = str.Upper(ch)
			case 'L':
				ch = str.Lower(ch)
			}
		}
		c.next = 0
		c.dst = append(c.dst, ch)
	}
}

var caps [20]int

// apply edits the line; the result goes to dst, which is returned, as is whether anything was replaced.
func (s *substitution) apply(line, dst []byte) ([]byte, bool) {
	r := use(s.re)
	c := caser{dst: dst[:0]}
	count, at, changed := int64(0), 0, false
	last := -1 // where the last match has ended: an empty match there does not count
	for from := 0; from <= len(line) && r.Find(line, from, caps[:]); {
		lo, hi := caps[0], caps[1]
		if hi > lo || lo != last {
			last = hi
			if count++; count >= s.nth {
				c.dst = append(c.dst, line[at:lo]...)
				s.replace(&c, line)
				at, changed = hi, true
				if !s.global {
					break
				}
			}
		}
		if from = hi; lo == hi {
			from++
		}
	}
	if !changed {
		return dst, false
	}
	return append(c.dst, line[at:]...), true
}

func (s *substitution) replace(c *caser, line []byte) {
	c.all, c.next = 0, 0
	for _, p := range s.parts {
		switch p.kind {
		case 't':
			c.add(p.text)
		case 'g':
			if caps[2*p.n] >= 0 {
				c.add(line[caps[2*p.n]:caps[2*p.n+1]])
			}
		case 'u', 'l':
			c.next = p.kind
		case 'E':
			c.all = 0
		default:
			c.all = p.kind
		}
	}
}
