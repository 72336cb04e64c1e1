package escape

import "testing"

func TestExpand(t *testing.T) {
	for _, c := range []struct {
		s     string
		style Style
		want  string
		stop  bool
	}{
		{"a\\tb\\n", Echo, "a\tb\n", false},
		{"\\0101\\x41\\101", Echo, "AAA", false},
		{"\\0101", Printf, "\b1", false},
		{"\\101", Printf, "A", false},
		{"a\\cb", Echo, "a", true},
		{"\\q\\", Echo, "\\q\\", false},
		{"\\\\", Echo, "\\", false},
		{"\\xzz", Echo, "\\xzz", false},
		{"\\\"", Printf, "\"", false},
		{"\\a\\b\\e\\f\\r\\v", Echo, "\a\b\x1b\f\r\v", false},
	} {
		got, stop := Expand(c.s, c.style)
		if string(got) != c.want || stop != c.stop {
			t.Errorf("%q: %q %v, want %q %v", c.s, got, stop, c.want, c.stop)
		}
	}
	if text, n, stop := First("\\n rest", Printf); string(text) != "\n" || n != 2 || stop {
		t.Error("First")
	}
}
