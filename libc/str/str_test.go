package str

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

func TestNumbers(t *testing.T) {
	for _, v := range []int64{0, 1, -1, 42, math.MaxInt64, math.MinInt64} {
		s := strconv.FormatInt(v, 10)
		if Itoa(v) != s {
			t.Errorf("Itoa(%d) = %q", v, Itoa(v))
		}
		if got, ok := Atoi(s); !ok || got != v {
			t.Errorf("Atoi(%q) = %d, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "-", "+", "1x", "9223372036854775808", "-9223372036854775809", " 1", "--1"} {
		if v, ok := Atoi(s); ok {
			t.Errorf("Atoi(%q) = %d", s, v)
		}
	}
	for _, c := range []struct {
		s    string
		base uint64
		want uint64
		ok   bool
	}{{"18446744073709551615", 10, 1<<64 - 1, true}, {"18446744073709551616", 10, 0, false}, {"777", 8, 511, true}, {"8", 8, 0, false},
		{"fF", 16, 255, true}, {"", 10, 0, false}, {"ffffffffffffffff", 16, 1<<64 - 1, true}, {"10000000000000000", 16, 0, false}} {
		if v, ok := ParseUint(c.s, c.base); v != c.want || ok != c.ok {
			t.Errorf("ParseUint(%q, %d) = %d, %v", c.s, c.base, v, ok)
		}
		if c.ok && Utoa(c.want, c.base) != strings.ToLower(c.s) {
			t.Errorf("Utoa(%d, %d) = %q", c.want, c.base, Utoa(c.want, c.base))
		}
	}
}

func TestSize(t *testing.T) {
	for s, want := range map[string]int64{"0": 0, "5": 5, "2b": 1024, "1k": 1024, "1K": 1024, "3M": 3 << 20, "1kB": 1000, "2MiB": 2 << 20,
		"7E": 7 << 60, "": -1, "k": -1, "1x": -1, "9E": -1, "1kiB2": -1, "-1": -1} {
		v, ok := Size(s)
		if ok != (want >= 0) || ok && v != want {
			t.Errorf("Size(%q) = %d, %v", s, v, ok)
		}
	}
}

func TestHuman(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 1023: "1023", 1024: "1.0K", 1025: "1.1K", 10 << 10: "10K", 10<<10 + 1: "11K", 1 << 20: "1.0M",
		1<<20 - 1: "1.0M", 1 << 30: "1.0G", 15 << 40: "15T", math.MaxUint64: "16E"} {
		if got := Human(n); got != want {
			t.Errorf("Human(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestStrings(t *testing.T) {
	for _, s := range []string{"", "a", " a  b\tc\n", "a:b::c", ":", "::", "no"} {
		if got, want := Fields(s), strings.Fields(s); len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("Fields(%q) = %q", s, got)
		}
		if got := Split(s, ':'); !reflect.DeepEqual(got, strings.Split(s, ":")) {
			t.Errorf("Split(%q) = %q", s, got)
		}
		if Join(Split(s, ':'), ":") != s {
			t.Errorf("Join does not undo Split of %q", s)
		}
		if Trim(s) != strings.TrimSpace(s) {
			t.Errorf("Trim(%q) = %q", s, Trim(s))
		}
		for _, sub := range []string{"", "a", "b:", "zz"} {
			if Index(s, sub) != strings.Index(s, sub) || HasPrefix(s, sub) != strings.HasPrefix(s, sub) || HasSuffix(s, sub) != strings.HasSuffix(s, sub) {
				t.Errorf("search for %q in %q", sub, s)
			}
		}
		if LastByte(s, ':') != strings.LastIndexByte(s, ':') {
			t.Errorf("LastByte(%q)", s)
		}
	}
	if PadLeft("ab", 4) != "  ab" || PadRight("ab", 4) != "ab  " || PadLeft("abc", 2) != "abc" {
		t.Error("padding")
	}
	for c := range 256 {
		b := byte(c)
		if b < 0x80 && Lower(b) != strings.ToLower(string(rune(b)))[0] || b >= 0x80 && Lower(b) != b {
			t.Errorf("Lower(%d)", c)
		}
		if b < 0x80 && Upper(b) != strings.ToUpper(string(rune(b)))[0] {
			t.Errorf("Upper(%d)", c)
		}
	}
}
