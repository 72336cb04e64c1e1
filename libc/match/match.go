// Package match matches shell patterns (POSIX.1-2017 XCU 2.13): * ? [set] and backslash escapes. It is ordinary Go and runs
// in linear space and at worst quadratic time.
package match

// Glob reports whether pattern p matches all of s.
func Glob(p, s string) bool {
	pi, si := 0, 0
	star, mark := -1, 0 // last * and where in s it was tried
	for si < len(s) {
		if pi < len(p) {
			if p[pi] == '*' {
				star, mark = pi, si
				pi++
				continue
			}
			if n, ok := one(p[pi:], s[si]); ok {
				pi += n
				si++
				continue
			}
		}
		if star < 0 {
			return false
		}
		mark++
		pi, si = star+1, mark
	}
	for pi < len(p) && p[pi] == '*' {
		pi++
	}
	return pi == len(p)
}

// one matches a single character against the element at the start of p; n is the element's length.
func one(p string, c byte) (n int, ok bool) {
	switch p[0] {
	case '?':
		return 1, true
	case '[':
		if n, ok, valid := set(p, c); valid {
			return n, ok
		}
	case '\\':
		if len(p) > 1 {
			return 2, p[1] == c
		}
	}
	return 1, p[0] == c
}

// set matches a bracket expression; valid is false when it has no end, and [ stands for itself.
func set(p string, c byte) (n int, ok, valid bool) {
	i := 1
	not := i < len(p) && (p[i] == '!' || p[i] == '^')
	if not {
		i++
	}
	for first := true; ; first = false {
		if i >= len(p) {
			return 0, false, false
		}
		if p[i] == ']' && !first {
			return i + 1, ok != not, true
		}
		if p[i] == '[' && i+1 < len(p) && p[i+1] == ':' {
			if name, end := class(p[i:]); end > 0 {
				ok = ok || InClass(name, c)
				i += end
				continue
			}
		}
		lo := p[i]
		if lo == '\\' && i+1 < len(p) {
			i++
			lo = p[i]
		}
		i++
		hi := lo
		if i+1 < len(p) && p[i] == '-' && p[i+1] != ']' {
			i++
			hi = p[i]
			if hi == '\\' && i+1 < len(p) {
				i++
				hi = p[i]
			}
			i++
		}
		ok = ok || lo <= c && c <= hi
	}
}

// class returns the name in [:name:] at the start of p, and its length with the brackets; 0 if there is none.
func class(p string) (name string, end int) {
	for i := 2; i+1 < len(p); i++ {
		if p[i] == ':' && p[i+1] == ']' {
			return p[2:i], i + 2
		}
	}
	return "", 0
}

// InClass reports whether c belongs to a character class of the POSIX locale.
func InClass(name string, c byte) bool {
	upper, lower, digit := c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9'
	switch name {
	case "alpha":
		return upper || lower
	case "digit":
		return digit
	case "alnum":
		return upper || lower || digit
	case "upper":
		return upper
	case "lower":
		return lower
	case "space":
		return c == ' ' || c >= '\t' && c <= '\r'
	case "blank":
		return c == ' ' || c == '\t'
	case "punct":
		return c > ' ' && c < 0x7f && !(upper || lower || digit)
	case "print":
		return c >= ' ' && c < 0x7f
	case "graph":
		return c > ' ' && c < 0x7f
	case "cntrl":
		return c < ' ' || c == 0x7f
	case "xdigit":
		return digit || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
	}
	return false
}
