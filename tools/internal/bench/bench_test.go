package bench

import (
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	got, rest, err := Parse(strings.NewReader("# guest instructions\nnull_getppid 150\npipe_rtt\t7999.5\n  fork_exit_wait: 100000\nnanosleep 5 waits\n\nfailed: no such file\n"))
	want := []Result{{"null_getppid", 150, false}, {"pipe_rtt", 7999.5, false}, {"fork_exit_wait", 100000, false}, {"nanosleep", 5, true}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if len(rest) != 2 || rest[1] != "failed: no such file" {
		t.Errorf("rest %q", rest)
	}
}

const table = "# comment\nbenchmark\tstock\ttuned\twaits\na\t10\t8\tno\nb\t0\t0\tno\n"

func TestBaseline(t *testing.T) {
	b, err := ReadBaseline(strings.NewReader(table), "tuned")
	if err != nil || !reflect.DeepEqual(b, Baseline{"a": 8, "b": 0}) {
		t.Errorf("%v, %v", b, err)
	}
	for _, c := range []struct{ text, column, part string }{
		{table, "fast", `no column "fast"`},
		{table, "waits", "line 3"},
		{"", "tuned", "empty"},
		{"benchmark\ttuned\na\n", "tuned", "1 columns"},
	} {
		if _, err := ReadBaseline(strings.NewReader(c.text), c.column); err == nil || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%q %s: %v", c.text, c.column, err)
		}
	}
}

func TestReports(t *testing.T) {
	list := Compare([]Result{{"a", 4, false}, {"b", 1, false}, {"c", 2.5, false}, {"d", 16, false}, {"e", 100, true}}, Baseline{"a": 8, "b": 0, "d": 8, "e": 1})
	s := Summarise(list)
	if s.Lines != 2 || s.Mean < 0.999 || s.Mean > 1.001 || !reflect.DeepEqual(s.Slower, []string{"d"}) {
		t.Errorf("%+v", s)
	}
	var text, page, plot strings.Builder
	if err := Text(&text, list, "linux"); err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for _, line := range strings.Split(strings.TrimSpace(text.String()), "\n") {
		rows = append(rows, strings.Fields(line))
	}
	want := [][]string{
		{"benchmark", "galago", "linux", "ratio"},
		{"a", "4", "8", "0.50"},
		{"b", "1", "-", "-"},
		{"c", "2.5", "-", "-"},
		{"d", "16", "8", "2.00", "SLOWER"},
		{"e", "100", "1", "100.00", "waits"},
	}
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("%q", rows)
	}
	if err := Markdown(&page, list, "Linux 6", "p.svg"); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"| a | 4 | 8 | 0.50 |", "Geometric mean over 2 lines: 1.00. Slower than Linux: d.", "![ratios](p.svg)"} {
		if !strings.Contains(page.String(), part) {
			t.Errorf("no %q in %s", part, page.String())
		}
	}
	SVG(&plot, list, "Linux 6")
	if n := strings.Count(plot.String(), "<rect"); n != 3 { // background and two bars
		t.Errorf("%d rectangles in %s", n, plot.String())
	}
}
