package expand

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"galago/user/sh/syntax"
)

// fakeEnv is a shell in memory. A command substitution returns its command's words.
type fakeEnv struct {
	vars            map[string]string
	params          []string
	nounset, noglob bool
	files           []string // paths; directories end with a slash
}

func (f *fakeEnv) Get(name string) (string, bool) {
	switch name {
	case "#":
		return fmt.Sprint(len(f.params)), true
	case "?":
		return "0", true
	}
	if n := name[0]; n >= '1' && n <= '9' {
		i := int(n - '1')
		if i < len(f.params) {
			return f.params[i], true
		}
		return "", false
	}
	v, ok := f.vars[name]
	return v, ok
}

func (f *fakeEnv) Set(name, value string) string {
	if name == "RO" {
		return "RO: is read only"
	}
	f.vars[name] = value
	return ""
}

func (f *fakeEnv) Params() []string { return f.params }

func (f *fakeEnv) Command(body *syntax.List) (string, string) {
	s, ok := body.Items[0].Cmd.(*syntax.Simple)
	if !ok || s.Words[0].Lit() == "fail" {
		return "", "cannot run"
	}
	return strings.Join(New(f).Fields(s.Words), " "), ""
}

func (f *fakeEnv) Home(user string) (string, bool) {
	switch user {
	case "":
		v, ok := f.vars["HOME"]
		return v, ok
	case "bob":
		return "/home/bob", true
	}
	return "", false
}

func (f *fakeEnv) NoUnset() bool { return f.nounset }
func (f *fakeEnv) NoGlob() bool  { return f.noglob }

func (f *fakeEnv) ReadDir(path string) []string {
	prefix := strings.TrimRight(path, "/") + "/"
	if path == "." {
		prefix = ""
	}
	set := map[string]bool{".": true, "..": true}
	for _, p := range f.files {
		if rest, ok := strings.CutPrefix(p, prefix); ok && rest != "" {
			name, _, _ := strings.Cut(rest, "/")
			set[name] = true
		}
	}
	return slices.Collect(maps.Keys(set))
}

func (f *fakeEnv) Exists(path string, directory bool) bool {
	path = strings.ReplaceAll(path, "//", "/")
	dir := strings.TrimRight(path, "/") + "/"
	for _, p := range f.files {
		if strings.HasPrefix(p, dir) || !directory && p == path {
			return true
		}
	}
	return false
}

func newEnv() *fakeEnv {
	return &fakeEnv{
		vars: map[string]string{"a": "A", "s": " x  y ", "e": "", "HOME": "/home/me", "p": "*.c", "path": "/usr/lib/x.tar.gz", "n": "7", "m": "n+1",
			"loop": "loop", "bad": "1+"},
		params: []string{"one", "t w o", ""},
		files:  []string{"main.c", "util.c", "x.h", ".hid.c", "d/", "d/e.c", "d/f/", "d/f/g.c", "we[ird", "/abs/", "/abs/q.c"},
	}
}

// words parses the words of a command.
func words(t testing.TB, text string) []*syntax.Word {
	t.Helper()
	p := syntax.NewParser(&source{"cmd " + text + "\n"}, 1)
	l := p.Command()
	if l == nil {
		msg, _ := p.Err()
		t.Fatalf("%q: %s", text, msg)
	}
	return l.Items[0].Cmd.(*syntax.Simple).Words[1:]
}

type source struct{ text string }

func (s *source) Next(bool) []byte {
	line := s.text
	s.text = ""
	return []byte(line)
}

func TestFields(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"x", []string{"x"}},
		{`'' ""`, []string{"", ""}},
		{"$a $e $none", []string{"A"}},
		{`"$e" "$none" x$e`, []string{"", "", "x"}},
		{"$s", []string{"x", "y"}},
		{`"$s"`, []string{" x  y "}},
		{"a$s'b'", []string{"a", "x", "y", "b"}},
		{`$s""`, []string{"x", "y", ""}},
		{"$@", []string{"one", "t", "w", "o"}},
		{`"$@"`, []string{"one", "t w o", ""}},
		{`"<$@>"`, []string{"<one", "t w o", ">"}},
		{`"$*"`, []string{"one t w o "}},
		{"$# ${#a} ${#none} ${#@}", []string{"3", "1", "0", "3"}},
		{"${none:-d e} \"${none:-d e}\" ${none:-'d e'}", []string{"d", "e", "d e", "d e"}},
		{"${a:+alt} ${e:+alt} ${e+alt}", []string{"alt", "alt"}},
		{"${new:=v w} $new", []string{"v", "w", "v", "w"}},
		{"${path##*/} ${path#*/} ${path%.*} ${path%%.*}", []string{"x.tar.gz", "usr/lib/x.tar.gz", "/usr/lib/x.tar", "/usr/lib/x"}},
		{"~ ~/x ~bob ~bob/y ~nobody '~' a~ ~'bob'", []string{"/home/me", "/home/me/x", "/home/bob", "/home/bob/y", "~nobody", "~", "a~", "~bob"}},
		{"$(echo  a b) \"$(q '$x')\"", []string{"echo", "a", "b", "q $x"}},
		{"$((1+2)) $((n*m))", []string{"3", "56"}},
		{"*.c", []string{"main.c", "util.c"}},
		{".*.c", []string{".hid.c"}},
		{"*.x '*.c' \\*.c", []string{"*.x", "*.c", "*.c"}},
		{"$p \"$p\"", []string{"main.c", "util.c", "*.c"}},
		{"*/ d/* d/*/*.c */*.c", []string{"d/", "d/e.c", "d/f", "d/f/g.c", "d/e.c"}},
		{"/abs/* /a*/q.c", []string{"/abs/q.c", "/abs/q.c"}},
		{"we[* [mu]*.c", []string{"we[ird", "main.c", "util.c"}},
		{"x[", []string{"x["}},
		{"${none:-*.h}", []string{"x.h"}},
	} {
		env := newEnv()
		e := New(env)
		got := e.Fields(words(t, c.text))
		if e.Err != "" || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, error %q; want %q", c.text, got, e.Err, c.want)
		}
	}
}

func TestSplitting(t *testing.T) {
	for _, c := range []struct {
		ifs, value string
		want       []string
	}{
		{":", "a:b", []string{"a", "b"}},
		{":", "a::b:", []string{"a", "", "b"}},
		{":", ":a", []string{"", "a"}},
		{": ", " a : b  c: ", []string{"a", "b", "c"}},
		{": ", "a: :b", []string{"a", "", "b"}},
		{"", "a b", []string{"a b"}},
		{" ", "a\tb c", []string{"a\tb", "c"}},
		{"x", "axxb", []string{"a", "", "b"}},
	} {
		env := newEnv()
		env.vars["IFS"], env.vars["v"] = c.ifs, c.value
		if got := New(env).Fields(words(t, "$v")); !slices.Equal(got, c.want) {
			t.Errorf("IFS %q, %q: %q, want %q", c.ifs, c.value, got, c.want)
		}
	}
}

func TestStringAndPattern(t *testing.T) {
	for text, want := range map[string]string{"$s": " x  y ", "$@": "one t w o ", "*.c": "*.c", "~/a:~/b": "/home/me/a:/home/me/b", "a'b'$a": "abA"} {
		if got := New(newEnv()).Assignment(words(t, text)[0]); got != want {
			t.Errorf("assignment %s: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"*.c": "*.c", "'*'.c": `\*.c`, "$p": "*.c", `"$p"`: `\*.c`, `\[a-]`: `\[a-]`, "a": "a"} {
		if got := New(newEnv()).Pattern(words(t, text)[0]); got != want {
			t.Errorf("pattern %s: %q, want %q", text, got, want)
		}
	}
}

func TestFailures(t *testing.T) {
	for _, text := range []string{"${none?}", "${e:?no}", "$((1/0))", "$((1+))", "$((loop))", "$((bad))", "${9:=x}", "${RO:=x}", "$((RO=1))", "$(fail)",
		"\"${none?$(q)}\"", "${none:-${none?}}", "$((08))", "$((1 2))", "$((1?2))", "${a#${none?}}"} {
		e := New(newEnv())
		if e.Fields(words(t, text)); e.Err == "" {
			t.Errorf("%s does not fail", text)
		}
	}
	for _, text := range []string{"$none", "${#none}", "${none#x}", "$9", "$((none))", "\"x$none\""} {
		env := newEnv()
		env.nounset = true
		e := New(env)
		if e.Fields(words(t, text)); e.Err == "" {
			t.Errorf("set -u: %s does not fail", text)
		}
	}
	env := newEnv()
	env.nounset, env.params = true, nil
	e := New(env)
	if got := e.Fields(words(t, `"$@" $* ${none-x} ${none+y} $#`)); e.Err != "" || !slices.Equal(got, []string{"x", "0"}) {
		t.Errorf("set -u: %q, error %q", got, e.Err)
	}
}

func TestNoGlob(t *testing.T) {
	env := newEnv()
	env.noglob = true
	if got := New(env).Fields(words(t, `*.c "*"`)); !slices.Equal(got, []string{"*.c", "*"}) {
		t.Errorf("%q", got)
	}
}

func TestArith(t *testing.T) {
	for expr, want := range map[string]int64{
		"": 0, "1": 1, "1+2*3": 7, "(1+2)*3": 9, "7/2": 3, "-7/2": -3, "-7%3": -1, "1<<4|1": 17, "6&3^1": 3, "~0": -1, "!0": 1, "!7": 0, "1<2==1": 1,
		"1?2:3": 2, "0?2:0?3:4": 4, "0x1F": 31, "017": 15, "1,2": 2, "x=3,x*x": 9, "y+=2": 2, "z=1,z<<=3": 8, "q=5,q++ + ++q": 12, "q=5,q---1": 4,
		"- -1": 1, "--1": 1, "1- -1": 2, "0&&1/0": 0, "1||1/0": 1, "1?1:1/0": 1, "n": 7, "m": 8, "9223372036854775807+1": -9223372036854775808,
		"-9223372036854775807-1": -9223372036854775808, "(-9223372036854775807-1)/-1": -9223372036854775808, "(-9223372036854775807-1)%-1": 0,
		"99999999999999999999": 9223372036854775807, "2>1&&3>=3": 1, " \n 1\t+ 1 ": 2, "1!=1||2<=1": 0, "5>>1": 2, "a1=2,a1": 2, "w=v=3": 3, "1&2|4": 4,
	} {
		if got, msg := Arith(newEnv(), expr); got != want || msg != "" {
			t.Errorf("%q = %d, %q; want %d", expr, got, msg, want)
		}
	}
	env := newEnv()
	if Arith(env, "0&&(k=1)"); env.vars["k"] != "" {
		t.Error("the dead side of && was evaluated")
	}
	if _, msg := Arith(env, strings.Repeat("(", 10000)+"1"); msg == "" {
		t.Error("deep nesting")
	}
	if _, msg := Arith(env, strings.Repeat("-", 10000)+"1"); msg == "" {
		t.Error("many signs")
	}
}

func TestParseInt(t *testing.T) {
	for s, want := range map[string]int64{"0": 0, "-5": -5, "+5": 5, "0x10": 16, "-0x10": -16, "010": 8, "18446744073709551615": 1<<63 - 1} {
		if v, ok := ParseInt(s); !ok || v != want {
			t.Errorf("%s: %d, %v", s, v, ok)
		}
	}
	for _, s := range []string{"", "-", "x", "0x", "09", "1a", "0xg", "- 1"} {
		if v, ok := ParseInt(s); ok {
			t.Errorf("%q is %d", s, v)
		}
	}
}

// FuzzFields: expansions of whatever parses fail at most by Err.
func FuzzFields(f *testing.F) {
	for _, s := range []string{"$a${b:-\"$@\"}'c'", "$((1+$n*(2?3:4)))", "*[a-c]?/x ~", "${path##*[./]}", "$(q `x`)"} {
		f.Add(s, " \t:", "a b:c")
	}
	f.Fuzz(func(t *testing.T, text, ifs, value string) {
		p := syntax.NewParser(&source{"cmd " + text + "\n"}, 1)
		l := p.Command()
		if l == nil {
			return
		}
		s, ok := l.Items[0].Cmd.(*syntax.Simple)
		if !ok {
			return
		}
		env := &quietEnv{newEnv()}
		env.vars["IFS"], env.vars["v"] = ifs, value
		New(env).Fields(s.Words)
		for _, a := range s.Assigns {
			New(env).Assignment(a.Value)
		}
	})
}

// quietEnv runs no substitutions.
type quietEnv struct{ *fakeEnv }

func (quietEnv) Command(*syntax.List) (string, string) { return "o u t", "" }
