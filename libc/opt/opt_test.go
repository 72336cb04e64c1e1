package opt

import (
	"fmt"
	"strings"
	"testing"
)

func TestParser(t *testing.T) {
	long := []string{"all=a", "number:=n", "numeric=N", "color?=c", "almost-all=A"}
	for _, c := range []struct{ short, args, want string }{
		{"abn:", "-a -b x", "a b | x"},
		{"abn:", "-ab x y", "a b | x y"},
		{"abn:", "-an5 x", "a n=5 | x"},
		{"abn:", "-n 5 x", "n=5 | x"},
		{"abn:", "x -a y", "a | x y"},
		{"+abn:", "x -a y", "| x -a y"},
		{"abn:", "-a -- -b", "a | -b"},
		{"abn:", "- -a", "a | -"},
		{"abn:", "-x", "! invalid option -- 'x'"},
		{"abn:", "-:", "! invalid option -- ':'"},
		{"abn:", "-n", "! option requires an argument -- 'n'"},
		{"i::", "-i x", "i | x"},
		{"i::", "-i.bak x", "i=.bak | x"},
		{"a", "--all", "a |"},
		{"a", "--al", "! option '--al' is ambiguous"},
		{"a", "--alm", "A |"},
		{"a", "--number=7", "n=7 |"},
		{"a", "--number 7", "n=7 |"},
		{"a", "--num 7", "! option '--num' is ambiguous"},
		{"a", "--number", "! option '--number' requires an argument"},
		{"a", "--all=x", "! option '--all' doesn't allow an argument"},
		{"a", "--color", "c |"},
		{"a", "--color=always x", "c=always | x"},
		{"a", "--nope", "! unrecognized option '--nope'"},
	} {
		p := New(strings.Fields(c.args), c.short, long...)
		var got []string
		for p.Next() {
			o := string(p.Opt)
			if p.Arg != "" {
				o += "=" + p.Arg
			}
			got = append(got, o)
		}
		s := strings.TrimSpace(fmt.Sprint(strings.Join(got, " "), " | ", strings.Join(p.Ops, " ")))
		if p.Err != "" {
			s = "! " + p.Err
		}
		if s != c.want {
			t.Errorf("%q with %q: %q, want %q", c.args, c.short, s, c.want)
		}
	}
}
