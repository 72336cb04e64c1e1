//go:build galago_user

package main

import (
	"galago/libc/decimal"
	"galago/libc/escape"
	"galago/user/sh/expand"
)

// The built-in printf (XCU printf).

type formatter struct {
	args   []string
	used   bool
	status int
	stop   bool
}

func printfCommand(args []string) int {
	args = operands(args)
	if len(args) == 0 {
		return usage("printf: usage: printf format [arg ...]")
	}
	p := formatter{args: args[1:]}
	for {
		p.used = false
		p.pass(args[0])
		if p.stop || len(p.args) == 0 || !p.used {
			break
		}
	}
	return p.status
}

func (p *formatter) fail(msg string) {
	report("printf: " + msg)
	p.status = 1
}

func (p *formatter) next() string {
	p.used = true
	if len(p.args) == 0 {
		return ""
	}
	s := p.args[0]
	p.args = p.args[1:]
	return s
}

// pass prints the format once.
func (p *formatter) pass(f string) {
	for i := 0; i < len(f) && !p.stop; {
		switch {
		case f[i] == '\\':
			text, n, stop := escape.First(f[i:], escape.Printf)
			puts(string(text))
			i += n
			p.stop = stop
		case f[i] == '%' && i+1 < len(f) && f[i+1] == '%':
			putc('%')
			i += 2
		case f[i] == '%':
			i += p.conversion(f[i:])
		default:
			putc(f[i])
			i++
		}
	}
}

// spec is what stands between % and the conversion character.
type spec struct {
	minus, zero, plus, space, alt bool
	width, prec                   int // prec -1: none
}

// conversion prints the conversion at the beginning of f and returns its length.
func (p *formatter) conversion(f string) int {
	s := spec{prec: -1}
	i := 1
	for ; i < len(f) && s.flag(f[i]); i++ {
	}
	s.width, i = p.count(f, i)
	if s.width < 0 {
		s.minus, s.width = true, -s.width
	}
	if i < len(f) && f[i] == '.' {
		s.prec, i = p.count(f, i+1)
		s.prec = max(s.prec, -1)
	}
	if i >= len(f) {
		p.fail("missing format character")
		p.stop = true
		return i
	}
	switch c := f[i]; c {
	case 'd', 'i':
		s.number(p.integer(p.next()), 10, true, false)
	case 'u':
		s.number(p.integer(p.next()), 10, false, false)
	case 'o':
		s.number(p.integer(p.next()), 8, false, false)
	case 'x', 'X':
		s.number(p.integer(p.next()), 16, false, c == 'X')
	case 'c':
		a := p.next()
		s.text(a[:min(1, len(a))])
	case 's':
		s.text(s.cut(p.next()))
	case 'b':
		text, stop := escape.Expand(p.next(), escape.Echo)
		s.text(s.cut(string(text)))
		p.stop = p.stop || stop
	case 'e', 'E', 'f', 'F', 'g', 'G':
		s.float(p.float(p.next()), c)
	default:
		p.fail("%" + string([]byte{c}) + ": invalid directive")
		p.stop = true
	}
	return i + 1
}

func (s *spec) flag(c byte) bool {
	switch c {
	case '-':
		s.minus = true
	case '0':
		s.zero = true
	case '+':
		s.plus = true
	case ' ':
		s.space = true
	case '#':
		s.alt = true
	default:
		return false
	}
	return true
}

// count reads a width or precision, perhaps from an argument (*).
func (p *formatter) count(f string, i int) (n, next int) {
	if i < len(f) && f[i] == '*' {
		return int(p.integer(p.next())), i + 1
	}
	const most = 1 << 20
	for ; i < len(f) && f[i] >= '0' && f[i] <= '9'; i++ {
		n = min(n*10+int(f[i]-'0'), most)
	}
	return n, i
}

// integer reads a C constant, or the code of the character after a quote.
func (p *formatter) integer(s string) int64 {
	if s == "" {
		return 0
	}
	if s[0] == '\'' || s[0] == '"' {
		if len(s) == 1 {
			return 0
		}
		return int64(s[1])
	}
	for n := len(s); n > 0; n-- {
		if v, ok := expand.ParseInt(s[:n]); ok {
			if n < len(s) {
				p.fail(s + ": not completely converted")
			}
			return v
		}
	}
	p.fail(s + ": expected numeric value")
	return 0
}

// float reads a floating-point number.
func (p *formatter) float(a string) decimal.Float {
	if a != "" && (a[0] == '\'' || a[0] == '"') {
		f, _ := decimal.ParseFloat(expand.Itoa(p.integer(a)))
		return f
	}
	f, n := decimal.ParseFloat(a)
	switch {
	case n == len(a):
	case n > 0:
		p.fail(a + ": not completely converted")
	default:
		p.fail(a + ": expected numeric value")
	}
	return f
}

// float prints a number by the conversion c.
func (s *spec) float(f decimal.Float, c byte) {
	prec := s.prec
	if prec < 0 {
		prec = 6
	}
	lower := c | 0x20
	var t string
	switch {
	case f.Kind == 'i':
		t, s.zero = "inf", false
	case f.Kind == 'n':
		t, s.zero = "nan", false
	case lower == 'f':
		t = f.Fixed(prec, s.alt)
	case lower == 'e':
		t = f.Scientific(prec, s.alt, 'e')
	default:
		t = f.General(prec, s.alt, 'e')
	}
	b := []byte(t)
	for i := range b {
		if c != lower && b[i] >= 'a' {
			b[i] -= 'a' - 'A'
		}
	}
	sign := s.sign(f.Neg)
	if s.zero && !s.minus {
		for n := len(sign) + len(b); n < s.width; n++ {
			sign += "0"
		}
	}
	s.text(sign + string(b))
}

// sign is what stands before a signed number.
func (s *spec) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case s.plus:
		return "+"
	case s.space:
		return " "
	}
	return ""
}

func (s *spec) cut(t string) string {
	if s.prec >= 0 && s.prec < len(t) {
		return t[:s.prec]
	}
	return t
}

// number prints an integer by the rules of ISO C printf.
func (s *spec) number(v int64, base uint64, signed, upper bool) {
	var tmp [24]byte
	i := len(tmp)
	u := uint64(v)
	prefix := ""
	if signed {
		prefix = s.sign(v < 0)
		if v < 0 {
			u = -u
		}
	}
	digits := "0123456789abcdef"
	if upper {
		digits = "0123456789ABCDEF"
	}
	for u > 0 || i == len(tmp) && s.prec != 0 {
		i--
		tmp[i] = digits[u%base]
		u /= base
	}
	if s.alt && base == 16 && v != 0 {
		prefix = "0" + string([]byte{digits[10] + 'x' - 'a'})
	}
	least := s.prec
	if s.alt && base == 8 && (i == len(tmp) || tmp[i] != '0') {
		least = max(least, len(tmp)-i+1)
	}
	if s.zero && !s.minus && s.prec < 0 {
		least = max(least, s.width-len(prefix))
	}
	b := []byte(prefix)
	for n := len(tmp) - i; n < least; n++ {
		b = append(b, '0')
	}
	s.text(string(append(b, tmp[i:]...)))
}

// text prints a string in its field.
func (s *spec) text(t string) {
	for n := s.width - len(t); n > 0 && !s.minus; n-- {
		putc(' ')
	}
	puts(t)
	for n := s.width - len(t); n > 0 && s.minus; n-- {
		putc(' ')
	}
}
