//go:build galago_user

// Command printf prints formatted text (POSIX.1-2017 XCU printf), the conversions of C and %b. Numbers are
// exact: decimal fractions are not rounded to binary first.
package main

import (
	"galago/libc/cmd"
	"galago/libc/decimal"
	"galago/libc/escape"
	"galago/libc/stdio"
	"galago/libc/str"
)

var args []string

func main() {
	args = cmd.Args()
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		stdio.Warn("missing operand", 0)
		stdio.Fatal(1, "usage: printf format [argument]...", 0)
	}
	format := args[0]
	args = args[1:]
	for {
		before := len(args)
		if !once(format) {
			break
		}
		if len(args) == 0 || len(args) == before { // all used, or the format uses none
			break
		}
	}
	cmd.Done()
}

// spec is one conversion.
type spec struct {
	left, plus, blank, sharp, zero bool
	width, prec                    int // prec -1 is none
	verb                           byte
}

// once prints the format once; false after \c.
func once(format string) bool {
	for i := 0; i < len(format); {
		switch {
		case format[i] == '\\':
			text, n, stop := escape.First(format[i:], escape.Printf)
			if stop {
				return false
			}
			stdio.Out.Write(text)
			i += n
		case format[i] == '%' && i+1 < len(format) && format[i+1] == '%':
			stdio.Out.Putc('%')
			i += 2
		case format[i] == '%':
			var s spec
			i = s.parse(format, i+1)
			if !s.print() {
				return false
			}
		default:
			stdio.Out.Putc(format[i])
			i++
		}
	}
	return true
}

func next() (string, bool) {
	if len(args) == 0 {
		return "", false
	}
	a := args[0]
	args = args[1:]
	return a, true
}

func (s *spec) parse(f string, i int) int {
	start := i
	s.prec = -1
	for ; i < len(f) && str.IndexByte("-+ #0", f[i]) >= 0; i++ {
		switch f[i] {
		case '-':
			s.left = true
		case '+':
			s.plus = true
		case ' ':
			s.blank = true
		case '#':
			s.sharp = true
		case '0':
			s.zero = true
		}
	}
	number := func() int {
		v := 0
		if i < len(f) && f[i] == '*' {
			i++
			a, _ := next()
			return int(max(min(integer(a), 1<<20), -(1 << 20)))
		}
		for ; i < len(f) && str.IsDigit(f[i]); i++ {
			v = min(v*10+int(f[i]-'0'), 1<<20)
		}
		return v
	}
	if s.width = number(); s.width < 0 {
		s.left, s.width = true, -s.width
	}
	if i < len(f) && f[i] == '.' {
		i++
		s.prec = number()
	}
	for i < len(f) && str.IndexByte("hlLjzt", f[i]) >= 0 {
		i++
	}
	if i == len(f) || str.IndexByte("diouxXcsbfFeEgG", f[i]) < 0 {
		end := min(i+1, len(f))
		cmd.Fail("%"+f[start:end]+": invalid conversion specification", 0)
		cmd.Done()
	}
	s.verb = f[i]
	return i + 1
}

// print prints one argument; false after \c in %b.
func (s *spec) print() bool {
	a, given := next()
	switch s.verb {
	case 'c':
		s.text(a[:min(len(a), 1)])
	case 's':
		s.text(a)
	case 'b':
		text, stop := escape.Expand(a, escape.Echo)
		s.text(string(text))
		return !stop
	case 'd', 'i':
		v := int64(0)
		if given {
			v = integer(a)
		}
		u := uint64(v)
		if v < 0 {
			u = -u
		}
		s.number(v < 0, "", str.Utoa(u, 10), true)
	case 'o', 'u', 'x', 'X':
		v := uint64(0)
		if given {
			v = unsigned(a)
		}
		s.unsigned(v)
	default:
		s.float(a)
	}
	return true
}

func (s *spec) text(t string) {
	if s.prec >= 0 && s.prec < len(t) {
		t = t[:s.prec]
	}
	if s.left {
		stdio.Puts(str.PadRight(t, s.width))
	} else {
		stdio.Puts(str.PadLeft(t, s.width))
	}
}

func (s *spec) unsigned(v uint64) {
	base, prefix := uint64(10), ""
	switch s.verb {
	case 'o':
		base = 8
	case 'x':
		base, prefix = 16, "0x"
	case 'X':
		base, prefix = 16, "0X"
	}
	digits := str.Utoa(v, base)
	if s.verb == 'X' {
		digits = upper(digits)
	}
	if !s.sharp || v == 0 {
		prefix = ""
	}
	if s.sharp && s.verb == 'o' && digits[0] != '0' {
		digits = "0" + digits
	}
	s.plus, s.blank = false, false
	s.number(false, prefix, digits, true)
}

func upper(t string) string {
	b := []byte(t)
	for i := range b {
		b[i] = str.Upper(b[i])
	}
	return string(b)
}

// number prints sign, prefix and digits; the precision of an integer is its least number of digits.
func (s *spec) number(neg bool, prefix, digits string, integer bool) {
	switch {
	case neg:
		prefix = "-" + prefix
	case s.plus:
		prefix = "+" + prefix
	case s.blank:
		prefix = " " + prefix
	}
	zero := s.zero && !s.left
	if integer && s.prec >= 0 {
		zero = false
		if s.prec == 0 && digits == "0" {
			digits = ""
		}
		for len(digits) < s.prec {
			digits = "0" + digits
		}
	}
	if zero {
		for len(prefix)+len(digits) < s.width {
			digits = "0" + digits
		}
	}
	s.prec = -1
	s.text(prefix + digits)
}

func (s *spec) float(a string) {
	f, n := decimal.ParseFloat(a)
	if a != "" && (a[0] == '\'' || a[0] == '"') {
		f, n = decimal.ParseFloat(str.Itoa(integer(a)))
		n = len(a)
	}
	if n < len(a) {
		bad(a, n > 0)
	}
	prec := s.prec
	if prec < 0 {
		prec = 6
	}
	var t string
	lower := str.Lower(s.verb)
	switch {
	case f.Kind == 'i':
		t, s.zero = "inf", false
	case f.Kind == 'n':
		t, s.zero = "nan", false
	case lower == 'f':
		t = f.Fixed(prec, s.sharp)
	case lower == 'e':
		t = f.Scientific(prec, s.sharp, 'e')
	default:
		t = f.General(prec, s.sharp, 'e')
	}
	if lower != s.verb {
		t = upper(t)
	}
	s.number(f.Neg, "", t, false)
}

func bad(a string, partly bool) {
	if partly {
		cmd.Fail("'"+a+"': value not completely converted", 0)
	} else {
		cmd.Fail("'"+a+"': expected a numeric value", 0)
	}
}

// integer reads a C constant: decimal, octal, hexadecimal, or a quote and a character.
func integer(a string) int64 {
	neg := str.HasPrefix(a, "-")
	u := magnitude(a)
	switch {
	case neg && u > 1<<63:
		overflow(a)
		return -1 << 63
	case neg:
		return -int64(u)
	case u > 1<<63-1:
		overflow(a)
		return 1<<63 - 1
	}
	return int64(u)
}

func unsigned(a string) uint64 {
	u := magnitude(a)
	if str.HasPrefix(a, "-") {
		return -u
	}
	return u
}

func overflow(a string) { cmd.Fail("'"+a+"': Numerical result out of range", 0) }

func magnitude(a string) uint64 {
	if len(a) > 1 && (a[0] == '\'' || a[0] == '"') {
		return uint64(a[1])
	}
	t := a
	for t != "" && str.IsSpace(t[0]) {
		t = t[1:]
	}
	if t != "" && (t[0] == '-' || t[0] == '+') {
		t = t[1:]
	}
	base := uint64(10)
	switch {
	case len(t) > 2 && t[0] == '0' && str.Lower(t[1]) == 'x':
		t, base = t[2:], 16
	case len(t) > 1 && t[0] == '0':
		base = 8
	}
	n := 0
	for n < len(t) {
		if _, ok := str.ParseUint(t[n:n+1], base); !ok {
			break
		}
		n++
	}
	if n < len(t) || n == 0 {
		bad(a, n > 0)
	}
	if n == 0 {
		return 0
	}
	v, ok := str.ParseUint(t[:n], base)
	if !ok {
		overflow(a)
		return 1<<64 - 1
	}
	return v
}
