package harness

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"galago/tools/internal/guest"
	"galago/tools/internal/qemu"
)

func TestParseGoTest(t *testing.T) {
	stream := `
{"Action":"start","Package":"galago/a"}
{"Action":"run","Package":"galago/a","Test":"TestOne"}
{"Action":"pass","Package":"galago/a","Test":"TestOne","Elapsed":0.5}
{"Action":"run","Package":"galago/a","Test":"TestTwo"}
{"Action":"output","Package":"galago/a","Test":"TestTwo/sub","Output":"why\n"}
{"Action":"fail","Package":"galago/a","Test":"TestTwo/sub","Elapsed":0}
{"Action":"fail","Package":"galago/a","Test":"TestTwo","Elapsed":0}
{"Action":"skip","Package":"galago/a","Test":"TestThree","Elapsed":0}
{"Action":"fail","Package":"galago/a","Elapsed":1}
{"ImportPath":"galago/b [galago/b.test]","Action":"build-output","Output":"b.go:1: syntax error\n"}
{"ImportPath":"galago/b [galago/b.test]","Action":"build-fail"}
{"Action":"fail","Package":"galago/b","Elapsed":0,"FailedBuild":"galago/b [galago/b.test]"}
{"Action":"output","Package":"galago/c","Output":"panic: in init\n"}
{"Action":"fail","Package":"galago/c","Elapsed":0}
{"Action":"pass","Package":"galago/d","Elapsed":0}
plain text
`
	var got []Result
	failures, err := parseGoTest(strings.NewReader(stream), func(r Result) { got = append(got, r) })
	if err != nil || failures != 3 {
		t.Errorf("%d failures, %v", failures, err)
	}
	want := []Result{
		{Suite: "host", Name: "a.TestOne", OK: true, Time: time.Second / 2},
		{Suite: "host", Name: "a.TestTwo", Detail: "why\n"},
		{Suite: "host", Name: "a.TestThree", OK: true, Skipped: true},
		{Suite: "host", Name: "b", Detail: "b.go:1: syntax error\n"},
		{Suite: "host", Name: "c", Detail: "panic: in init\n"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestKtestLog(t *testing.T) {
	for _, c := range []struct {
		log     string
		status  int
		problem string
		results string
	}{
		{"boot\r\n[    0.5] ktest: ok mem.buddy\r\nktest: ok mem.slab\r\nktest: done 2 passed, 0 failed\r\n", qemu.StatusTestPass, "", "mem.buddy+ mem.slab+"},
		{"ktest: ok a\nktest: FAIL b: got 3, want 4\nktest: done 1 passed, 1 failed\n", qemu.StatusTestFail, "", "a+ b-got 3, want 4"},
		{"ktest: ok a\nktest: done 2 passed, 0 failed\n", qemu.StatusTestPass, "counted 2 passed", "a+"},
		{"ktest: ok a\npanic: oh\n", qemu.StatusPanic, "kernel panic", "a+"},
		{"ktest: ok a\n", 0, "before the end", "a+"},
		{"ktest: ok a\nktest: done 1 passed, 0 failed\n", qemu.StatusTestFail, "status 35", "a+"},
		{"ktest: done 0 passed, 0 failed\n", qemu.StatusTestPass, "no tests", ""},
	} {
		var got []string
		k := &ktestLog{suite: "ktest", emit: func(r Result) {
			sign := "-"
			if r.OK {
				sign = "+"
			}
			got = append(got, r.Name+sign+r.Detail)
		}}
		for i := 0; i < len(c.log); i += 7 { // in pieces, as a pipe delivers them
			_, _ = k.Write([]byte(c.log[i:min(i+7, len(c.log))]))
		}
		err := k.verdict(&guest.ConsoleRun{Status: c.status, Log: []byte(c.log)})
		if (err != nil) != (c.problem != "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%q: %v, want %q", c.log, err, c.problem)
		}
		if s := strings.Join(got, " "); s != c.results {
			t.Errorf("%q: results %q", c.log, s)
		}
	}
}

func TestNeeds(t *testing.T) {
	n, err := parseNeeds("#!/bin/sh\n# A test.\n# test: timeout=120 smp=4 mem=128M\necho\n# test: disk=ahci kernel=test\n")
	if want := (needs{2 * time.Minute, 4, "128M", qemu.AHCI, "test"}); err != nil || n != want {
		t.Errorf("%+v, %v", n, err)
	}
	if n, err := parseNeeds("echo # test: smp=2\n"); err != nil || n.smp != 0 || n.timeout != userTimeout {
		t.Errorf("%+v, %v", n, err)
	}
	for _, bad := range []string{"# test: smp=many", "# test: color=red"} {
		if _, err := parseNeeds(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestDifference(t *testing.T) {
	for _, c := range []struct {
		a, b transcript
		want string
	}{
		{transcript{"x\ny\n", 0}, transcript{"x\nz\n", 0}, `line 2: Linux "y\n", Galago "z\n"`},
		{transcript{"x\n", 0}, transcript{"", 0}, `line 1: Linux "x\n", Galago the end`},
		{transcript{"x", 0}, transcript{"x\n", 0}, `line 1: Linux "x", Galago "x\n"`},
		{transcript{"x\n", 1}, transcript{"x\n", 2}, "exit status: Linux 1, Galago 2"},
	} {
		if got := difference(c.a, c.b); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestOnLinux runs the reference half of the user and busybox suites.
func TestOnLinux(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "hello.sh")
	if err := os.WriteFile(script, []byte("cat; pwd | sed 's,.*/,,'; echo $0; exit 3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	u := &userTest{name: "hello.sh", path: script, runner: []string{"sh"}}
	got, err := u.onLinux(needs{timeout: 10 * time.Second}, "in\n")
	if want := (transcript{"in\nscratch\n../hello.sh\n", 3}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := runLinux(dir, 10*time.Second, "", []string{"sh", "-c", "kill -9 $$"}); err != nil || got.status != 137 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := runLinux(dir, 100*time.Millisecond, "", []string{"sleep", "10"}); err == nil {
		t.Error("a time-out was not noticed")
	}
	bb, err := findBusybox()
	if err != nil {
		t.Skip(err)
	}
	scripts, err := busyboxScripts.ReadDir("busybox")
	if err != nil || len(scripts) < 5 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	for _, f := range scripts {
		text, err := busyboxScripts.ReadFile("busybox/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		var outputs [2]transcript
		for i := range outputs { // twice: what differs from run to run on one system proves nothing about two
			d := t.TempDir()
			scratch := filepath.Join(d, "scratch")
			if err := os.Mkdir(scratch, 0o755); err != nil {
				t.Fatal(err)
			}
			for name, data := range map[string][]byte{"busybox": bb, "script": text} {
				if err := os.WriteFile(filepath.Join(d, name), data, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if outputs[i], err = runLinux(scratch, time.Minute, "", []string{"../busybox", "ash", "../script"}); err != nil {
				t.Fatal(err)
			}
		}
		if outputs[0] != outputs[1] || outputs[0].status != 0 || outputs[0].stdout == "" {
			t.Errorf("%s on Linux: %+v, then %s", f.Name(), outputs[0], difference(outputs[0], outputs[1]))
		}
	}
}

func TestSelect(t *testing.T) {
	list := []Job{{Suite: "host", Name: "go-test"}, {Suite: "boot", Name: "smp1", Slow: true}, {Suite: "boot", Name: "smp2"}, {Suite: "run", Name: "status"}}
	for _, c := range []struct {
		pattern string
		quick   bool
		want    string
	}{
		{"", false, "host/go-test boot/smp1 boot/smp2 run/status"},
		{"", true, "host/go-test boot/smp2 run/status"},
		{"boot", false, "boot/smp1 boot/smp2"},
		{"^run/", false, "run/status"},
		{"host/kernel/ds", false, "host/go-test"},
		{"nothing", false, ""},
	} {
		kept, _, err := Select(list, c.pattern, c.quick)
		var names []string
		for _, j := range kept {
			names = append(names, j.FullName())
		}
		if got := strings.Join(names, " "); got != c.want || err != nil {
			t.Errorf("%q: %q, %v", c.pattern, got, err)
		}
	}
	if _, _, err := Select(list, "(", false); err == nil {
		t.Error("a broken pattern was accepted")
	}
}

func TestRunAndReport(t *testing.T) {
	jobs := []Job{
		single("s", "good", func(*Context) error { return nil }),
		single("s", "bad", func(*Context) error { return fmt.Errorf("first\nsecond \x01<&>") }),
		single("t", "panics", func(*Context) error { panic("oh") }),
		{Suite: "host", Name: "x", Alone: true, Run: func(_ *Context, emit func(Result)) {
			emit(Result{Suite: "host", Name: "x", OK: true})
			emit(Result{Suite: "host", Name: "y", OK: true, Skipped: true, Detail: "no gcc"})
		}},
	}
	var out strings.Builder
	r := NewReport(&out)
	Run(&Context{}, jobs, 3, r.Add)
	r.Summary()
	text := out.String()
	if lines := strings.Split(strings.TrimSpace(text), "\n"); lines[len(lines)-1] != "2 passed, 2 failed" {
		t.Errorf("last line %q", lines[len(lines)-1])
	}
	for _, want := range []string{"ok   s/good", "FAIL s/bad", "second", "FAIL t/panics", "oh", "skip host/y", "no gcc"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing from\n%s", want, text)
		}
	}
	if strings.Contains(text, "ok   host/x") {
		t.Error("a passed unit test was shown")
	}
	file := filepath.Join(t.TempDir(), "junit.xml")
	if err := r.WriteJUnit(file); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var suites junitSuites
	if err := xml.Unmarshal(data, &suites); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if suites.Tests != 5 || suites.Failures != 2 || len(suites.Suites) != 3 {
		t.Errorf("%+v", suites)
	}
	if !strings.Contains(string(data), "second &lt;&amp;&gt;") {
		t.Errorf("failure text: %s", data)
	}
}

func TestJobsAreNamedOnce(t *testing.T) {
	list, err := Jobs(&Context{Root: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, j := range list {
		if seen[j.FullName()] {
			t.Errorf("two jobs are called %s", j.FullName())
		}
		seen[j.FullName()] = true
	}
	if len(list) < 30 {
		t.Errorf("only %d jobs", len(list))
	}
}

func TestPowerSwitch(t *testing.T) {
	pulled := 0
	p := &cut{after: 2, kill: func() { pulled++ }}
	for _, s := range []string{"synced 0\nsyn", "ced 1\n", "synced 2\n"} {
		p.see([]byte(s))
	}
	if pulled != 1 || p.batch != 3 {
		t.Errorf("pulled %d times, %d batches", pulled, p.batch)
	}
}
