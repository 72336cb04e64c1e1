// Package str has the string and number helpers that programs without package strings and strconv need. It is ordinary
// Go, without maps and without state.
package str

// HasPrefix reports whether s begins with p.
func HasPrefix(s, p string) bool { return len(s) >= len(p) && s[:len(p)] == p }

// HasSuffix reports whether s ends with p.
func HasSuffix(s, p string) bool { return len(s) >= len(p) && s[len(s)-len(p):] == p }

// IndexByte returns the place of the first c in s, or -1.
func IndexByte(s string, c byte) int {
	for i := range len(s) {
		if s[i] == c {
			return i
		}
	}
	return -1
}

// LastByte returns the place of the last c in s, or -1.
func LastByte(s string, c byte) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == c {
			return i
		}
	}
	return -1
}

// Index returns the place of the first sub in s, or -1.
func Index(s, sub string) int {
	for i := 0; i+len(sub) <= len(s); i++ {
		if s[i:i+len(sub)] == sub {
			return i
		}
	}
	return -1
}

// Cut splits s around the first sep; found is false, and before is s, when there is none.
func Cut(s string, sep byte) (before, after string, found bool) {
	if i := IndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// Split splits s at each sep; the empty string has one empty part.
func Split(s string, sep byte) []string {
	var list []string
	for {
		before, after, found := Cut(s, sep)
		list = append(list, before)
		if !found {
			return list
		}
		s = after
	}
}

// IsSpace reports whether c is white space in the POSIX locale.
func IsSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// IsDigit reports whether c is a decimal digit.
func IsDigit(c byte) bool { return c >= '0' && c <= '9' }

// Fields splits s at runs of white space.
func Fields(s string) []string {
	var list []string
	for i := 0; i < len(s); {
		for i < len(s) && IsSpace(s[i]) {
			i++
		}
		start := i
		for i < len(s) && !IsSpace(s[i]) {
			i++
		}
		if i > start {
			list = append(list, s[start:i])
		}
	}
	return list
}

// Join joins parts with sep between them.
func Join(parts []string, sep string) string {
	var b []byte
	for i, p := range parts {
		if i > 0 {
			b = append(b, sep...)
		}
		b = append(b, p...)
	}
	return string(b)
}

// Trim removes white space at both ends.
func Trim(s string) string {
	for s != "" && IsSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && IsSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// Lower returns c as a small letter.
func Lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Upper returns c as a capital letter.
func Upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c + 'A' - 'a'
	}
	return c
}

// PadLeft puts blanks before s up to width n.
func PadLeft(s string, n int) string {
	if len(s) >= n {
		return s
	}
	b := make([]byte, n)
	for i := range b[:n-len(s)] {
		b[i] = ' '
	}
	copy(b[n-len(s):], s)
	return string(b)
}

// PadRight puts blanks after s up to width n.
func PadRight(s string, n int) string {
	if len(s) >= n {
		return s
	}
	b := make([]byte, n)
	for i := copy(b, s); i < n; i++ {
		b[i] = ' '
	}
	return string(b)
}
