//go:build galago_user

package main

import (
	"galago/libc/cmd"
	"galago/libc/date"
	"galago/libc/match"
	"galago/libc/str"
)

// key is a part of the line and how it is compared. Fields and characters count from 1; an end field of 0 is the end of the line, an end
// character of 0 the end of the field.
type key struct {
	whole                                   bool
	field, char, endField, endChar          int
	blanks, endBlanks                       bool
	dict, fold, general, human, ignore      bool
	month, numeric, reverse, version, flags bool // flags: it has flags of its own
}

func (k *key) flag(c byte) {
	k.flags = true
	switch c {
	case 'b':
		k.blanks, k.endBlanks = true, true
	case 'd':
		k.dict = true
	case 'f':
		k.fold = true
	case 'g':
		k.general = true
	case 'h':
		k.human = true
	case 'i':
		k.ignore = true
	case 'M':
		k.month = true
	case 'n':
		k.numeric = true
	case 'r':
		k.reverse = true
	case 'V':
		k.version = true
	}
}

// inherit takes the global flags unless the key has its own.
func (k *key) inherit(g *key) {
	if k.flags {
		return
	}
	place := [4]int{k.field, k.char, k.endField, k.endChar}
	whole := k.whole
	*k = *g
	k.field, k.char, k.endField, k.endChar = place[0], place[1], place[2], place[3]
	k.whole = whole
}

// parseKey reads F[.C][flags][,F[.C][flags]].
func parseKey(s string) key {
	k := key{char: 1}
	i := 0
	bad := func() { cmd.Die("invalid field specification '" + s + "'") }
	number := func() int {
		start := i
		for i < len(s) && str.IsDigit(s[i]) {
			i++
		}
		v, ok := str.ParseUint(s[start:i], 10)
		if !ok {
			bad()
		}
		return int(min(v, 1<<40))
	}
	flags := func(end bool) {
		for ; i < len(s) && s[i] != ','; i++ {
			if str.IndexByte("bdfghiMnrV", s[i]) < 0 {
				bad()
			}
			if s[i] == 'b' {
				k.flags = true
				k.blanks, k.endBlanks = k.blanks || !end, k.endBlanks || end
			} else {
				k.flag(s[i])
			}
		}
	}
	if k.field = number(); k.field == 0 {
		bad()
	}
	if i < len(s) && s[i] == '.' {
		i++
		if k.char = number(); k.char == 0 {
			bad()
		}
	}
	flags(false)
	if i < len(s) {
		i++
		if k.endField = number(); k.endField == 0 {
			bad()
		}
		if i < len(s) && s[i] == '.' {
			i++
			k.endChar = number()
		}
		flags(true)
	}
	return k
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

// fieldStart returns where field n (from 0) begins. Without a separator, a field begins with its blanks.
func fieldStart(l []byte, n int) int {
	i := 0
	for ; n > 0 && i < len(l); n-- {
		i = fieldEnd(l, i)
		if separator >= 0 && i < len(l) {
			i++
		}
	}
	return i
}

func fieldEnd(l []byte, i int) int {
	if separator >= 0 {
		for i < len(l) && l[i] != byte(separator) {
			i++
		}
		return i
	}
	for i < len(l) && isBlank(l[i]) {
		i++
	}
	for i < len(l) && !isBlank(l[i]) {
		i++
	}
	return i
}

// extract returns the part of the line that the key compares.
func (k *key) extract(l []byte) []byte {
	if k.whole {
		return l
	}
	if k.field == 0 { // the whole line, but for its blanks
		return skipBlanks(l)
	}
	lo := fieldStart(l, k.field-1)
	if k.blanks {
		lo = len(l) - len(skipBlanks(l[lo:]))
	}
	lo = min(lo+k.char-1, len(l))
	hi := len(l)
	if k.endField > 0 {
		at := fieldStart(l, k.endField-1)
		if k.endChar == 0 {
			hi = fieldEnd(l, at)
		} else {
			if k.endBlanks {
				at = len(l) - len(skipBlanks(l[at:]))
			}
			hi = min(at+k.endChar, len(l))
		}
	}
	return l[lo:max(lo, hi)]
}

func skipBlanks(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	return b
}

// compare orders lines by their keys and then, unless -s or -u is given, by all their bytes.
func compare(a, b []byte) int {
	if c := compareKeys(a, b); c != 0 || stable || unique {
		return c
	}
	c := compareBytes(a, b)
	if global.reverse {
		return -c
	}
	return c
}

func compareKeys(a, b []byte) int {
	for i := range keys {
		k := &keys[i]
		c := k.compare(k.extract(a), k.extract(b))
		if c == 0 {
			continue
		}
		if k.reverse {
			return -c
		}
		return c
	}
	return 0
}

func (k *key) compare(a, b []byte) int {
	switch {
	case k.numeric:
		return compareNumbers(a, b)
	case k.human:
		return compareHuman(a, b)
	case k.general:
		return compareGeneral(a, b)
	case k.month:
		return monthOf(a) - monthOf(b)
	case k.version:
		return compareVersions(a, b)
	case k.dict || k.fold || k.ignore:
		return k.compareText(a, b)
	}
	return compareBytes(a, b)
}

func compareBytes(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return int(a[i]) - int(b[i])
		}
	}
	return len(a) - len(b)
}

// compareText leaves out what -d or -i ignore and folds letters with -f.
func (k *key) compareText(a, b []byte) int {
	keep := func(c byte) bool {
		return !(k.dict && !isBlank(c) && !match.InClass("alnum", c)) && !(k.ignore && !match.InClass("print", c))
	}
	for {
		for len(a) > 0 && !keep(a[0]) {
			a = a[1:]
		}
		for len(b) > 0 && !keep(b[0]) {
			b = b[1:]
		}
		if len(a) == 0 || len(b) == 0 {
			return len(a) - len(b)
		}
		x, y := a[0], b[0]
		if k.fold {
			x, y = str.Upper(x), str.Upper(y)
		}
		if x != y {
			return int(x) - int(y)
		}
		a, b = a[1:], b[1:]
	}
}

// number is a decimal number as text, which compares exactly whatever its length.
type number struct {
	neg         bool
	whole, frac []byte
	rest        []byte
}

func parseNumber(b []byte) (n number) {
	b = skipBlanks(b)
	if len(b) > 0 && b[0] == '-' {
		n.neg = true
		b = b[1:]
	}
	for len(b) > 0 && b[0] == '0' {
		b = b[1:]
	}
	i := 0
	for i < len(b) && str.IsDigit(b[i]) {
		i++
	}
	n.whole, b = b[:i], b[i:]
	if len(b) > 0 && b[0] == '.' {
		i = 1
		for i < len(b) && str.IsDigit(b[i]) {
			i++
		}
		n.frac, b = b[1:i], b[i:]
	}
	for len(n.frac) > 0 && n.frac[len(n.frac)-1] == '0' {
		n.frac = n.frac[:len(n.frac)-1]
	}
	n.rest = b
	if len(n.whole) == 0 && len(n.frac) == 0 {
		n.neg = false
	}
	return n
}

func (n *number) compare(m *number) int {
	if n.neg != m.neg {
		if n.neg {
			return -1
		}
		return 1
	}
	c := len(n.whole) - len(m.whole)
	if c == 0 {
		c = compareBytes(n.whole, m.whole)
	}
	if c == 0 {
		c = compareBytes(n.frac, m.frac)
	}
	if n.neg {
		return -c
	}
	return c
}

func compareNumbers(a, b []byte) int {
	x, y := parseNumber(a), parseNumber(b)
	return x.compare(&y)
}

// compareHuman orders by sign, unit and number, as GNU sort -h does.
func compareHuman(a, b []byte) int {
	x, y := parseNumber(a), parseNumber(b)
	unit := func(n *number) int {
		if len(n.rest) == 0 || len(n.whole) == 0 && len(n.frac) == 0 {
			return 0
		}
		u := 1 + str.IndexByte("KMGTPEZY", str.Upper(n.rest[0]))
		if n.neg {
			return -u
		}
		return u
	}
	if c := unit(&x) - unit(&y); c != 0 && x.neg == y.neg {
		return c
	}
	return x.compare(&y)
}

func monthOf(b []byte) int {
	b = skipBlanks(b)
	if len(b) < 3 {
		return 0
	}
	for m := 1; m <= 12; m++ {
		name := date.MonthName(m)
		if str.Upper(b[0]) == name[0] && str.Lower(b[1]) == name[1] && str.Lower(b[2]) == name[2] {
			return m
		}
	}
	return 0
}

// compareGeneral compares floating-point numbers; what is none comes first.
func compareGeneral(a, b []byte) int {
	x, okX := float(a)
	y, okY := float(b)
	switch {
	case okX != okY:
		if okY {
			return -1
		}
		return 1
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// float reads a decimal number with an exponent, or a hexadecimal integer.
func float(b []byte) (v float64, ok bool) {
	b = skipBlanks(b)
	neg := len(b) > 0 && b[0] == '-'
	if neg || len(b) > 0 && b[0] == '+' {
		b = b[1:]
	}
	if len(b) > 2 && b[0] == '0' && str.Lower(b[1]) == 'x' && match.InClass("xdigit", b[2]) {
		for b = b[2:]; len(b) > 0 && match.InClass("xdigit", b[0]); b = b[1:] {
			d, _ := str.ParseUint(string(b[:1]), 16)
			v = v*16 + float64(d)
		}
		if neg {
			v = -v
		}
		return v, true
	}
	scale := 0
	for point := false; len(b) > 0; b = b[1:] {
		if b[0] == '.' && !point {
			point = true
			continue
		}
		if !str.IsDigit(b[0]) {
			break
		}
		v = v*10 + float64(b[0]-'0')
		ok = true
		if point {
			scale--
		}
	}
	if ok && len(b) > 1 && (b[0] == 'e' || b[0] == 'E') {
		end := 1
		if b[1] == '-' || b[1] == '+' {
			end++
		}
		for end < len(b) && str.IsDigit(b[end]) {
			end++
		}
		if e, okE := str.Atoi(string(b[1:end])); okE {
			scale += int(max(min(e, 400), -400))
		}
	}
	for ; scale > 0; scale-- {
		v *= 10
	}
	for ; scale < 0; scale++ {
		v /= 10
	}
	if neg {
		v = -v
	}
	return v, ok
}

// compareVersions compares runs of digits as numbers and the rest as text.
func compareVersions(a, b []byte) int {
	for len(a) > 0 && len(b) > 0 {
		if !str.IsDigit(a[0]) || !str.IsDigit(b[0]) {
			if a[0] != b[0] {
				return versionOrder(a[0]) - versionOrder(b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		x, y := number{}, number{}
		x.whole, a = run(a)
		y.whole, b = run(b)
		if c := x.compare(&y); c != 0 {
			return c
		}
	}
	return len(a) - len(b)
}

// versionOrder puts a tilde first, then the ends of numbers, letters, and other characters.
func versionOrder(c byte) int {
	switch {
	case c == '~':
		return -1
	case str.IsDigit(c):
		return 0
	case match.InClass("alpha", c):
		return int(c)
	}
	return int(c) + 256
}

// run returns the digits that begin b, without leading zeros, and what follows.
func run(b []byte) (digits, rest []byte) {
	for len(b) > 0 && b[0] == '0' {
		b = b[1:]
	}
	i := 0
	for i < len(b) && str.IsDigit(b[i]) {
		i++
	}
	return b[:i], b[i:]
}
