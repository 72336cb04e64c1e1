// Package escape expands backslash escapes as echo(1), printf(1) and tr(1) know them.
package escape

// Style says which escapes there are.
type Style int

const (
	Echo   Style = iota // \0ooo octal, \c ends the output (also printf's %b)
	Printf              // \ooo octal
)

// Expand expands all escapes in s; stop is true when \c was met.
func Expand(s string, style Style) (text []byte, stop bool) {
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 == len(s) {
			text = append(text, s[i])
			i++
			continue
		}
		if s[i+1] == 'c' {
			return text, true
		}
		var n int
		text, n = one(text, s[i:], style)
		i += n
	}
	return text, false
}

// First expands the escape at the beginning of s; n is its length, and stop is true for \c.
func First(s string, style Style) (text []byte, n int, stop bool) {
	if len(s) == 1 {
		return []byte(s), 1, false
	}
	if s[1] == 'c' {
		return nil, 2, true
	}
	text, n = one(nil, s, style)
	return text, n, false
}

// one appends what the escape at the start of s stands for and returns the escape's length.
func one(dst []byte, s string, style Style) ([]byte, int) {
	switch c := s[1]; c {
	case '0', '1', '2', '3', '4', '5', '6', '7':
		digits := 3
		if style == Echo && c == '0' {
			digits = 4
		}
		v, i := 0, 1
		for ; i <= digits && i < len(s) && s[i] >= '0' && s[i] <= '7'; i++ {
			v = v*8 + int(s[i]-'0')
		}
		return append(dst, byte(v)), i
	case 'x':
		v, i := 0, 2
		for ; i < 4 && i < len(s) && hex(s[i]) >= 0; i++ {
			v = v*16 + hex(s[i])
		}
		if i > 2 {
			return append(dst, byte(v)), i
		}
	case '"', '\'':
		if style == Printf {
			return append(dst, c), 2
		}
	default:
		if r := Letter(c); r != 0 {
			return append(dst, r), 2
		}
	}
	return append(dst, '\\', s[1]), 2
}

// Letter returns the byte that backslash and c stand for, or 0.
func Letter(c byte) byte {
	switch c {
	case 'a':
		return 7
	case 'b':
		return 8
	case 'e':
		return 27
	case 'f':
		return 12
	case 'n':
		return 10
	case 'r':
		return 13
	case 't':
		return 9
	case 'v':
		return 11
	case '\\':
		return '\\'
	}
	return 0
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
