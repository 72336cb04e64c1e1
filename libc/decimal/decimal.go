// Package decimal does exact arithmetic on decimal fractions and prints floating-point numbers, for seq(1) and printf(1).
package decimal

import "galago/libc/str"

// Number is v / 10^scale.
type Number struct {
	V     int64
	Scale int
}

// maxScale keeps 10^scale within an int64.
const maxScale = 17

// Parse reads [-+]digits[.digits]; ok is false for anything else and for what does not fit.
func Parse(s string) (n Number, ok bool) {
	neg := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		s = s[1:]
	}
	whole, frac, _ := str.Cut(s, '.')
	if whole+frac == "" || len(frac) > maxScale {
		return n, false
	}
	u, ok := str.ParseUint(whole+frac, 10)
	if !ok || u > 1<<62 {
		return n, false
	}
	n = Number{int64(u), len(frac)}
	if neg {
		n.V = -n.V
	}
	return n, true
}

// Rescale returns n with another, not smaller, scale; ok is false on overflow.
func (n Number) Rescale(scale int) (Number, bool) {
	for ; n.Scale < scale; n.Scale++ {
		if n.V > (1<<62)/10 || n.V < -(1<<62)/10 {
			return n, false
		}
		n.V *= 10
	}
	return n, true
}

// String writes n with all digits of its scale.
func (n Number) String() string {
	sign, u := "", uint64(n.V)
	if n.V < 0 {
		sign, u = "-", -u
	}
	s := str.Utoa(u, 10)
	if n.Scale == 0 {
		return sign + s
	}
	for len(s) <= n.Scale {
		s = "0" + s
	}
	return sign + s[:len(s)-n.Scale] + "." + s[len(s)-n.Scale:]
}
