package str

// Utoa writes v in a base from 2 to 16.
func Utoa(v uint64, base uint64) string {
	var b [64]byte
	i := len(b)
	for {
		i--
		b[i] = "0123456789abcdef"[v%base]
		if v /= base; v == 0 {
			return string(b[i:])
		}
	}
}

// Itoa writes v in decimal.
func Itoa(v int64) string {
	if v < 0 {
		return "-" + Utoa(-uint64(v), 10)
	}
	return Utoa(uint64(v), 10)
}

// ParseUint reads all of s as a number in a base from 2 to 16; ok is false for anything else and on overflow.
func ParseUint(s string, base uint64) (v uint64, ok bool) {
	if s == "" {
		return 0, false
	}
	for i := range len(s) {
		d := uint64(255)
		switch c := Lower(s[i]); {
		case IsDigit(c):
			d = uint64(c - '0')
		case c >= 'a' && c <= 'f':
			d = uint64(c-'a') + 10
		}
		if d >= base || v > (1<<64-1-d)/base {
			return 0, false
		}
		v = v*base + d
	}
	return v, true
}

// Atoi reads all of s as a decimal number with an optional sign.
func Atoi(s string) (v int64, ok bool) {
	neg := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		s = s[1:]
	}
	u, ok := ParseUint(s, 10)
	if !ok || u > 1<<63-1 && !(neg && u == 1<<63) {
		return 0, false
	}
	if neg {
		return -int64(u), true
	}
	return int64(u), true
}

// Size reads a number with an optional unit: b (512), k, M, G, T, P, E (powers of 1024, a following iB changes nothing) or
// kB, MB … (powers of 1000).
func Size(s string) (v int64, ok bool) {
	n := 0
	for n < len(s) && IsDigit(s[n]) {
		n++
	}
	v, ok = Atoi(s[:n])
	unit := s[n:]
	if !ok || unit == "" {
		return v, ok
	}
	if unit == "b" {
		return scale(v, 512, 1)
	}
	base := int64(1024)
	switch {
	case len(unit) == 2 && unit[1] == 'B':
		base = 1000
	case len(unit) == 3 && unit[1:] == "iB", len(unit) == 1:
	default:
		return 0, false
	}
	const units = "kmgtpe"
	k := IndexByte(units, Lower(unit[0]))
	if k < 0 {
		return 0, false
	}
	return scale(v, base, k+1)
}

func scale(v, by int64, times int) (int64, bool) {
	for range times {
		if v > (1<<63-1)/by {
			return 0, false
		}
		v *= by
	}
	return v, true
}

// Human writes a number of bytes with a unit, in at most four characters, rounded up: 999, 1.0K, 15M.
func Human(n uint64) string {
	if n < 1024 {
		return Utoa(n, 10)
	}
	const units = "KMGTPE"
	unit := uint64(1024)
	for i := range len(units) {
		tenths := ceilTenths(n, unit)
		if tenths < 100 {
			return Utoa(tenths/10, 10) + "." + Utoa(tenths%10, 10) + units[i:i+1]
		}
		whole := n / unit
		if n%unit != 0 {
			whole++
		}
		if whole < 1024 || i == len(units)-1 {
			return Utoa(whole, 10) + units[i:i+1]
		}
		unit *= 1024
	}
	return ""
}

// ceilTenths is n/unit in tenths, rounded up.
func ceilTenths(n, unit uint64) uint64 {
	rest := n % unit * 10 // unit is at most 2^60
	t := n/unit*10 + rest/unit
	if rest%unit != 0 {
		t++
	}
	return t
}
