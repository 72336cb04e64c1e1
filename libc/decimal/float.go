package decimal

import "galago/libc/str"

// Floating-point numbers are converted with integers of any length, so the digits are exact and correctly rounded (half to even),
// as those of the C library.

// big is a natural number in base 10^9, the lowest digit first.
type big []uint32

const bigBase = 1e9

func (b big) mulAdd(m, a uint64) big {
	for i := range b {
		v := uint64(b[i])*m + a
		b[i] = uint32(v % bigBase)
		a = v / bigBase
	}
	for ; a > 0; a /= bigBase {
		b = append(b, uint32(a%bigBase))
	}
	return b
}

func (b big) digits() []byte {
	var out []byte
	for i := len(b) - 1; i >= 0; i-- {
		v := b[i]
		var d [9]byte
		for k := 8; k >= 0; k-- {
			d[k] = byte('0' + v%10)
			v /= 10
		}
		out = append(out, d[:]...)
	}
	for len(out) > 1 && out[0] == '0' {
		out = out[1:]
	}
	return out
}

// Float is a floating-point number as decimal digits: 0.d1d2d3… × 10^Exp. Its digits are exact.
type Float struct {
	Neg    bool
	Digits []byte // without leading zeros; empty for 0
	Exp    int
	Kind   byte // 'i' infinity, 'n' not a number, 0 otherwise
}

// FromBits takes an IEEE 754 double apart: mantissa × 2^exponent becomes digits by multiplying with 2 or 5.
func FromBits(bits uint64) (f Float) {
	f.Neg = bits>>63 != 0
	exp, mant := int(bits>>52&0x7ff), bits&(1<<52-1)
	if exp == 0x7ff {
		f.Kind = 'i'
		if mant != 0 {
			f.Kind = 'n'
		}
		return f
	}
	if exp == 0 {
		exp++
	} else {
		mant |= 1 << 52
	}
	exp -= 1075
	if mant == 0 {
		return f
	}
	b := big{}.mulAdd(1, mant)
	for e := exp; e > 0; e-- {
		b = b.mulAdd(2, 0)
	}
	for e := exp; e < 0; e++ {
		b = b.mulAdd(5, 0)
	}
	f.Digits = b.digits()
	f.Exp = len(f.Digits)
	if exp < 0 {
		f.Exp += exp
	}
	return f
}

// ParseFloat reads text exactly: [-+]digits[.digits][e[-+]digits], inf, nan. n is the length that was understood.
func ParseFloat(s string) (f Float, n int) {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		f.Neg = s[i] == '-'
		i++
	}
	if len(s) >= i+3 {
		switch w := string([]byte{str.Lower(s[i]), str.Lower(s[i+1]), str.Lower(s[i+2])}); w {
		case "inf", "nan":
			f.Kind = w[0]
			return f, i + 3
		}
	}
	any, point := false, false
	for ; i < len(s); i++ {
		if s[i] == '.' && !point {
			point = true
			continue
		}
		if !str.IsDigit(s[i]) {
			break
		}
		any = true
		if len(f.Digits) > 0 || s[i] != '0' {
			f.Digits = append(f.Digits, s[i])
			if !point {
				f.Exp++
			}
		} else if point {
			f.Exp--
		}
	}
	if !any {
		return f, 0
	}
	if i < len(s) && str.Lower(s[i]) == 'e' {
		k := i + 1
		if k < len(s) && (s[k] == '-' || s[k] == '+') {
			k++
		}
		start := k
		for k < len(s) && str.IsDigit(s[k]) {
			k++
		}
		if e, ok := str.Atoi(s[i+1 : k]); ok && k > start {
			f.Exp += int(max(min(e, 10000), -10000))
			i = k
		}
	}
	return f, i
}

// round keeps n digits (n may be 0 or less), half to even.
func (f *Float) round(n int) {
	if n >= len(f.Digits) {
		return
	}
	if n < 0 {
		f.Digits = nil
		return
	}
	up := f.Digits[n] > '5'
	if f.Digits[n] == '5' {
		up = n > 0 && f.Digits[n-1]&1 == 1
		for _, d := range f.Digits[n+1:] {
			up = up || d != '0'
		}
	}
	f.Digits = append([]byte(nil), f.Digits[:n]...)
	if !up {
		return
	}
	for i := n - 1; i >= 0; i-- {
		if f.Digits[i] != '9' {
			f.Digits[i]++
			return
		}
		f.Digits[i] = '0'
	}
	f.Digits = append([]byte{'1'}, f.Digits...)
	f.Exp++
}

func (f *Float) digit(i int) byte {
	if i >= 0 && i < len(f.Digits) {
		return f.Digits[i]
	}
	return '0'
}

// Fixed writes prec digits after the point (%f), without the sign.
func (f Float) Fixed(prec int, point bool) string {
	f.round(f.Exp + prec)
	var b []byte
	for i := range max(f.Exp, 0) {
		b = append(b, f.digit(i))
	}
	if len(b) == 0 {
		b = append(b, '0')
	}
	if prec > 0 || point {
		b = append(b, '.')
	}
	for i := range prec {
		b = append(b, f.digit(f.Exp+i))
	}
	return string(b)
}

// Scientific writes one digit, the point, prec digits and the exponent (%e), without the sign.
func (f Float) Scientific(prec int, point bool, e byte) string {
	f.round(prec + 1)
	b := []byte{f.digit(0)}
	if prec > 0 || point {
		b = append(b, '.')
	}
	for i := range prec {
		b = append(b, f.digit(i+1))
	}
	exp := f.Exp - 1
	if len(f.Digits) == 0 {
		exp = 0
	}
	b = append(b, e, '+')
	if exp < 0 {
		b[len(b)-1] = '-'
		exp = -exp
	}
	if exp < 10 {
		b = append(b, '0')
	}
	return string(b) + str.Itoa(int64(exp))
}

// General writes prec significant digits (%g): fixed or scientific by size, trailing zeros left out unless keep is set.
func (f Float) General(prec int, keep bool, e byte) string {
	prec = max(prec, 1)
	r := f
	r.round(prec)
	exp := r.Exp - 1
	if len(r.Digits) == 0 {
		exp = 0
	}
	if exp < -4 || exp >= prec {
		s := f.Scientific(prec-1, keep, e)
		if keep {
			return s
		}
		at := str.IndexByte(s, e)
		return trim(s[:at]) + s[at:]
	}
	s := f.Fixed(max(prec-1-exp, 0), keep)
	if keep {
		return s
	}
	return trim(s)
}

func trim(s string) string {
	if str.IndexByte(s, '.') < 0 {
		return s
	}
	for s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	if s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	return s
}
