package match

import "testing"

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		p, s string
		want bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "abc", true}, {"a*c", "abc", true}, {"a*c", "abd", false},
		{"?", "a", true}, {"?", "", false}, {"[abc]", "b", true}, {"[!abc]", "b", false}, {"[^abc]", "d", true},
		{"[a-c]x", "bx", true}, {"[a-c]x", "dx", false}, {"[]]", "]", true}, {"[!]]", "]", false}, {"[a", "[a", true},
		{"[[:digit:]]*", "1x", true}, {"[[:digit:]]*", "x1", false}, {"\\*", "*", true}, {"\\*", "a", false},
		{"*.go", "x.go", true}, {"*.go", "x.goo", false}, {"*a*b*c*", "xxaxxbxxcxx", true}, {"a**b", "ab", true},
		{"[a\\]b]", "]", true}, {"*[0-9]", "a1b2", true}, {"[-a]", "-", true}, {"[a-]", "-", true},
	} {
		if got := Glob(c.p, c.s); got != c.want {
			t.Errorf("Glob(%q, %q) = %v", c.p, c.s, got)
		}
	}
}

func TestGlobIsNotExponential(t *testing.T) {
	p, s := "", ""
	for range 30 {
		p += "a*"
	}
	for range 5000 {
		s += "a"
	}
	if Glob(p+"b", s) {
		t.Fatal("matched")
	}
}
