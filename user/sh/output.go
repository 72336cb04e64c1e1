//go:build galago_user

package main

import "galago/libc/stdio"

// echo and printf.

func biEcho(args []string) int {
	args = args[1:]
	newline := true
	if len(args) > 0 && args[0] == "-n" {
		newline = false
		args = args[1:]
	}
	for i, a := range args {
		if i > 0 {
			stdio.Out.Putc(' ')
		}
		if !echoText(a) {
			return 0
		}
	}
	if newline {
		stdio.Out.Putc('\n')
	}
	return result("echo")
}

func result(name string) int {
	if stdio.Out.Flush() != 0 {
		errorf(name + ": I/O error")
		stdio.Out = *stdio.NewWriter(1)
		return 1
	}
	return 0
}

// echoText writes a word with the XSI escapes, as dash does; false after \c.
func echoText(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			stdio.Out.Putc(s[i])
			continue
		}
		c, n, stop := escape(s[i:], true)
		if stop {
			return false
		}
		if n == 0 {
			stdio.Out.Putc('\\')
			continue
		}
		stdio.Out.Putc(c)
		i += n - 1
	}
	return true
}

// escape decodes the escape sequence at the start of s; n is its length, 0 if it is none. octal0: octal needs a leading 0.
func escape(s string, octal0 bool) (c byte, n int, stop bool) {
	switch s[1] {
	case 'a':
		return 7, 2, false
	case 'b':
		return 8, 2, false
	case 'c':
		return 0, 2, octal0
	case 'f':
		return 12, 2, false
	case 'n':
		return 10, 2, false
	case 'r':
		return 13, 2, false
	case 't':
		return 9, 2, false
	case 'v':
		return 11, 2, false
	case '\\':
		return '\\', 2, false
	}
	i := 1
	most := 3
	if octal0 {
		if s[1] != '0' {
			return 0, 0, false
		}
		i = 2
	}
	v, start := 0, i
	for i < len(s) && i-start < most && s[i] >= '0' && s[i] <= '7' {
		v = v*8 + int(s[i]-'0')
		i++
	}
	if i == start && !octal0 {
		return 0, 0, false
	}
	return byte(v), i, false
}

// formatter is one printf call.
type formatter struct {
	args   []string
	used   bool
	status int
	stop   bool
}

func biPrintf(args []string) int {
	if len(args) > 1 && args[1] == "--" {
		args = args[1:]
	}
	if len(args) < 2 {
		return usage("printf: usage: printf format [arg ...]")
	}
	p := formatter{args: args[2:]}
	for {
		p.used = false
		p.pass(args[1])
		if p.stop || len(p.args) == 0 || !p.used {
			break
		}
	}
	if st := result("printf"); st != 0 {
		return st
	}
	return p.status
}

func (p *formatter) next() (string, bool) {
	p.used = true
	if len(p.args) == 0 {
		return "", false
	}
	s := p.args[0]
	p.args = p.args[1:]
	return s, true
}

func (p *formatter) pass(f string) {
	for i := 0; i < len(f) && !p.stop; i++ {
		switch {
		case f[i] == '\\' && i+1 < len(f):
			c, n, _ := escape(f[i:], false)
			if n == 0 {
				stdio.Out.Putc('\\')
				continue
			}
			stdio.Out.Putc(c)
			i += n - 1
		case f[i] == '%' && i+1 < len(f) && f[i+1] == '%':
			stdio.Out.Putc('%')
			i++
		case f[i] == '%':
			i = p.conversion(f, i)
		default:
			stdio.Out.Putc(f[i])
		}
	}
}

type spec struct {
	minus, zero, plus, space, alt bool
	width, prec                   int
}

// conversion handles the directive at f[i] and returns the index of its last character.
func (p *formatter) conversion(f string, i int) int {
	s := spec{prec: -1}
	for i++; i < len(f); i++ {
		switch f[i] {
		case '-':
			s.minus = true
			continue
		case '0':
			s.zero = true
			continue
		case '+':
			s.plus = true
			continue
		case ' ':
			s.space = true
			continue
		case '#':
			s.alt = true
			continue
		}
		break
	}
	s.width, i = p.count(f, i)
	if s.width < 0 {
		s.minus, s.width = true, -s.width
	}
	if i < len(f) && f[i] == '.' {
		s.prec, i = p.count(f, i+1)
	}
	if i >= len(f) {
		errorf("printf: missing format character")
		p.stop, p.status = true, 1
		return i
	}
	switch f[i] {
	case 'd', 'i':
		a, _ := p.next()
		p.number(s, p.integer(a), 10, true, false)
	case 'u':
		a, _ := p.next()
		p.number(s, p.integer(a), 10, false, false)
	case 'o':
		a, _ := p.next()
		p.number(s, p.integer(a), 8, false, false)
	case 'x', 'X':
		a, _ := p.next()
		p.number(s, p.integer(a), 16, false, f[i] == 'X')
	case 'c':
		a, _ := p.next()
		p.text(s, a[:min(1, len(a))])
	case 's':
		a, _ := p.next()
		if s.prec >= 0 && s.prec < len(a) {
			a = a[:s.prec]
		}
		p.text(s, a)
	case 'b':
		a, _ := p.next()
		if !echoText(a) {
			p.stop = true
		}
	default:
		errorf("printf: %" + string([]byte{f[i]}) + ": invalid directive")
		p.stop, p.status = true, 1
	}
	return i
}

// count reads a width or precision, perhaps from an argument (*).
func (p *formatter) count(f string, i int) (int, int) {
	if i < len(f) && f[i] == '*' {
		a, _ := p.next()
		return int(p.integer(a)), i + 1
	}
	n := 0
	for i < len(f) && f[i] >= '0' && f[i] <= '9' {
		n = min(n*10+int(f[i]-'0'), 1<<20)
		i++
	}
	return n, i
}

// integer reads a C constant or a character after a quote.
func (p *formatter) integer(s string) int64 {
	if s == "" {
		return 0
	}
	if (s[0] == '\'' || s[0] == '"') && len(s) > 1 {
		return int64(s[1])
	}
	t, neg := s, false
	if t[0] == '-' || t[0] == '+' {
		neg = t[0] == '-'
		t = t[1:]
	}
	v, ok := parseNumber(t)
	if !ok {
		errorf("printf: " + s + ": expected numeric value")
		p.status = 1
		v = int64(atoi(t))
	}
	if neg {
		return -v
	}
	return v
}

func (p *formatter) number(s spec, v int64, base uint64, signed, upper bool) {
	var tmp [24]byte
	i := len(tmp)
	u := uint64(v)
	sign := ""
	if signed {
		switch {
		case v < 0:
			u, sign = -u, "-"
		case s.plus:
			sign = "+"
		case s.space:
			sign = " "
		}
	}
	digitsOf := "0123456789abcdef"
	if upper {
		digitsOf = "0123456789ABCDEF"
	}
	for u > 0 || i == len(tmp) && s.prec != 0 {
		i--
		tmp[i] = digitsOf[u%base]
		u /= base
	}
	body := string(tmp[i:])
	if s.alt && base == 16 && v != 0 {
		sign = "0x"
	}
	if s.alt && base == 8 && (body == "" || body[0] != '0') {
		body = "0" + body
	}
	for len(body) < s.prec {
		body = "0" + body
	}
	if s.zero && !s.minus && s.prec < 0 {
		for len(body)+len(sign) < s.width {
			body = "0" + body
		}
	}
	p.text(s, sign+body)
}

func (p *formatter) text(s spec, t string) {
	for n := s.width - len(t); n > 0 && !s.minus; n-- {
		stdio.Out.Putc(' ')
	}
	for i := range len(t) {
		stdio.Out.Putc(t[i])
	}
	for n := s.width - len(t); n > 0 && s.minus; n-- {
		stdio.Out.Putc(' ')
	}
}
