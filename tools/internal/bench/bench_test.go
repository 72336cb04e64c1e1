package bench

import (
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	got, rest, err := Parse(strings.NewReader("# guest instructions\nnull_getppid 150\npipe_rtt\t7999.5\n  fork_exit_wait: 100000\n\nfailed: no such file\n"))
	want := []Result{{"null_getppid", 150}, {"pipe_rtt", 7999.5}, {"fork_exit_wait", 100000}}
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

func TestTable(t *testing.T) {
	var b strings.Builder
	over, err := Table(&b, []Result{{"a", 4}, {"b", 1}, {"c", 2.5}}, Baseline{"a": 8, "b": 0}, "linux", Budget{"a": 4, "c": 2})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(over, []string{"c"}) {
		t.Errorf("over budget: %v", over)
	}
	var rows [][]string
	for _, line := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		rows = append(rows, strings.Fields(line))
	}
	want := [][]string{
		{"benchmark", "galago", "linux", "ratio", "budget"},
		{"a", "4", "8", "0.50", "4"},
		{"b", "1", "0", "-", "-"},
		{"c", "2.5", "-", "-", "2", "OVER"},
	}
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("%q", rows)
	}
}
