package re

import (
	"fmt"
	"math/rand"
	"regexp"
	"strings"
	"testing"
	"time"
)

// bounds runs a search and writes the bounds of all groups as "0-3 1-2 -".
func bounds(t *testing.T, expr, text string, flags Flags) string {
	t.Helper()
	r, msg := Compile(expr, flags)
	if msg != "" {
		return "error: " + msg
	}
	caps := make([]int, 2*(r.Groups+1))
	if found := r.Find([]byte(text), 0, caps); found != r.Match([]byte(text)) {
		t.Errorf("%q on %q: Find says %v, Match the contrary", expr, text, found)
	} else if !found {
		return "none"
	}
	var list []string
	for i := 0; i < len(caps); i += 2 {
		if caps[i] < 0 {
			list = append(list, "-")
		} else {
			list = append(list, fmt.Sprintf("%d-%d", caps[i], caps[i+1]))
		}
	}
	return strings.Join(list, " ")
}

func TestCases(t *testing.T) {
	const e = Extended
	for _, c := range []struct {
		expr, text string
		flags      Flags
		want       string
	}{
		{"abc", "xabcx", 0, "1-4"},
		{"a*", "baaa", 0, "0-0"},
		{"a\\+", "baaa", 0, "1-4"},
		{"*a", "x*a", 0, "1-3"},
		{"\\(*a\\)", "*a", 0, "0-2 0-2"},
		{"^*a", "*a", 0, "0-2"},
		{"a^b$c", "a^b$c", 0, "0-5"},
		{"a\\{2,3\\}", "aaaa", 0, "0-3"},
		{"a{2,3}", "aaaa", e, "0-3"},
		{"a{,2}b", "aab", e, "0-3"},
		{"a{x", "a{x", e, "0-3"},
		{"(a|ab)(c|bcd)(d*)", "abcd", e, "0-4 0-2 2-3 3-4"},
		{"(a*)*", "aab", e, "0-2 0-2"},
		{"(a*)+", "b", e, "0-0 0-0"},
		{"x(a|b)*y", "xabay", e, "0-5 3-4"},
		{"(^a|b)+c", "abc", e, "0-3 1-2"},
		{"[]a]*", "]a]b", e, "0-3"},
		{"[^]a]", "]ab", e, "2-3"},
		{"[a-]+", "-a-", e, "0-3"},
		{"[[:digit:]x]+", "ax12b", e, "1-4"},
		{"[[:nope:]]", "a", e, "error: Invalid character class name"},
		{"[z-a]", "a", e, "error: Invalid range end"},
		{"[a", "a", e, "error: Unmatched [, [^, [:, [., or [="},
		{"(a", "a", e, "error: Unmatched ( or \\("},
		{"\\(a", "a", 0, "error: Unmatched ( or \\("},
		{"a)", "a)", e, "0-2"},
		{"a\\)", "a)", 0, "error: Unmatched ) or \\)"},
		{"a\\", "a", 0, "error: Trailing backslash"},
		{"\\(a\\)\\2", "aa", 0, "error: Invalid back reference"},
		{"\\(ab*\\)\\1", "xabbabb", 0, "1-7 1-4"},
		{"\\(.*\\)x\\1", "abxab", 0, "0-5 0-2"},
		{"(a|b)\\1", "abb", e, "1-3 1-2"},
		{"\\<foo\\>", "afoo foo", 0, "5-8"},
		{"o\\b", "foo bar", 0, "2-3"},
		{"\\w+\\W", "ab_1 ", e, "0-5"},
		{"HeLLo", "say hello", IgnoreCase, "4-9"},
		{"[a-c]+", "xABC", e | IgnoreCase, "1-4"},
		{"a|ab", "ab", e | WholeLine, "0-2"},
		{"b", "ab", WholeLine, "none"},
		{"^$", "", 0, "0-0"},
		{"$^", "a", e, "none"},
		{"$^", "", e, "0-0"},
		{"^$", "a", 0, "none"},
		{"a\\nb", "a\nb", Escapes, "0-3"},
		{"[\\n]", "\\", 0, "0-1"},
		{"[\\n]", "\n", Escapes, "0-1"},
		{"()", "a", e, "0-0 0-0"},
		{"a||b", "b", e, "0-1"},
		{"(((((a)))))", "a", e, "0-1 0-1 0-1 0-1 0-1 0-1"},
		{"((a{200}){200}){200}", "a", e, "error: Regular expression too big"},
		{"a{99999}", "a", e, "error: Regular expression too big"},
	} {
		if got := bounds(t, c.expr, c.text, c.flags); got != c.want {
			t.Errorf("%q on %q: %s, want %s", c.expr, c.text, got, c.want)
		}
	}
}

// Find in the middle of a text sees what is before.
func TestFrom(t *testing.T) {
	for _, c := range []struct {
		expr string
		from int
		want bool
	}{{"^b", 1, false}, {"b", 1, true}, {"\\<b", 1, false}, {"c$", 2, true}, {"a", 1, false}} {
		r, _ := Compile(c.expr, 0)
		var caps [2]int
		if got := r.Find([]byte("abc"), c.from, caps[:]); got != c.want {
			t.Errorf("%q from %d: %v", c.expr, c.from, got)
		}
	}
}

func TestList(t *testing.T) {
	r, msg := CompileList([]string{"\\(a\\)\\1", "\\(b\\)\\1", "x"}, 0)
	if msg != "" {
		t.Fatal(msg)
	}
	for text, want := range map[string]bool{"aa": true, "bb": true, "ab": false, "x": true, "": false} {
		if r.Match([]byte(text)) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

// random makes an extended expression over a small alphabet.
func random(rnd *rand.Rand, depth int) string {
	if depth == 0 {
		return []string{"a", "b", "c", ".", "[ab]", "[^a]", "^", "$", "ab"}[rnd.Intn(9)]
	}
	x, y := random(rnd, depth-1), random(rnd, depth-1)
	switch rnd.Intn(6) {
	case 0:
		return "(" + x + "|" + y + ")"
	case 1:
		return "(" + x + ")*"
	case 2:
		return "(" + x + ")?" + y
	case 3:
		return "(" + x + "){1,2}" + y
	case 4:
		return "(" + x + ")+"
	}
	return x + y
}

// The bounds of the whole match are those of Go's leftmost-longest engine.
func TestAgainstGo(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	end := time.Now().Add(4 * time.Second)
	for n := 0; n < 20000 && time.Now().Before(end); n++ {
		expr := random(rnd, 1+rnd.Intn(4))
		theirs, err := regexp.CompilePOSIX("(?s)" + expr)
		if err != nil {
			if theirs, err = regexp.Compile("(?s)" + expr); err != nil {
				t.Fatal(expr, err)
			}
			theirs.Longest()
		}
		ours, msg := Compile(expr, Extended)
		if msg != "" {
			t.Fatalf("%q: %s", expr, msg)
		}
		for range 5 {
			text := make([]byte, rnd.Intn(10))
			for i := range text {
				text[i] = "abc"[rnd.Intn(3)]
			}
			var caps [2]int
			found := ours.Find(text, 0, caps[:])
			want := theirs.FindIndex(text)
			if found != (want != nil) || found && (caps[0] != want[0] || caps[1] != want[1]) {
				t.Fatalf("%q on %q: %v %v, want %v", expr, text, found, caps, want)
			}
			if ours.Match(text) != found {
				t.Fatalf("%q on %q: Match and Find disagree", expr, text)
			}
			bt := backtracker{}
			all := make([]int, 2*(ours.Groups+1))
			if bt.run(ours, text, 0, all) != found || found && (all[0] != caps[0] || all[1] != caps[1]) {
				t.Fatalf("%q on %q: backtracker %v, want %v", expr, text, all[:2], caps)
			}
		}
	}
}

// Expressions that ruin a naive backtracking matcher take time linear in the text.
func TestNotExponential(t *testing.T) {
	text := []byte(strings.Repeat("a", 2000))
	for _, expr := range []string{"(a*)*b", "(a|a)*b", "(a|aa)+$x", "((a*)*)*b", "(a?){50}a{50}b", "(.*)(.*)(.*)(.*)(.*)b"} {
		r, msg := Compile(expr, Extended)
		if msg != "" {
			t.Fatal(msg)
		}
		start := time.Now()
		caps := make([]int, 2*(r.Groups+1))
		if r.vm.run(r, text, 0, len(caps)) || r.Match(text) {
			t.Errorf("%q matches", expr)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%q takes %v", expr, d)
		}
	}
	r, _ := Compile("(a*)*\\1b", Extended)
	start := time.Now()
	if r.Match([]byte(strings.Repeat("a", 30))) {
		t.Error("back-reference matches")
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("back-reference takes %v", d)
	}
}

// A text that needs more states than are kept still gets the right answer.
func TestManyStates(t *testing.T) {
	r, msg := Compile("(a|b)*a(a|b){12}c", Extended)
	if msg != "" {
		t.Fatal(msg)
	}
	rnd := rand.New(rand.NewSource(2))
	text := make([]byte, 20000)
	for i := range text {
		text[i] = "ab"[rnd.Intn(2)]
	}
	if r.Match(text) {
		t.Error("matches without a c")
	}
	text = append(text, "abbbbbbbbbbbbc"...)
	if !r.Match(text) {
		t.Error("no match")
	}
}

func FuzzCompile(f *testing.F) {
	f.Add("a(b|c)*[[:alpha:]]{2,3}$", "abc", uint(1))
	f.Add("\\(a*\\)\\1", "aaaa", uint(0))
	f.Fuzz(func(t *testing.T, expr, text string, flags uint) {
		if len(expr) > 40 || len(text) > 40 {
			return
		}
		r, msg := Compile(expr, Flags(flags&15))
		if msg != "" {
			return
		}
		caps := make([]int, 2*(r.Groups+1))
		if r.Find([]byte(text), 0, caps) != r.Match([]byte(text)) {
			t.Errorf("%q on %q: Find and Match disagree", expr, text)
		}
	})
}
