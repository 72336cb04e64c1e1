package harness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// The host suite: ordinary `go test` over the machine-independent packages, with the race detector.

const hostSuite = "host"

func hostJob() Job {
	return Job{Suite: hostSuite, Name: "go-test", Alone: true, Run: runHost}
}

// runHost lists the packages, keeps those that match, and tests them in one go command.
func runHost(c *Context, emit func(Result)) {
	packages, err := hostPackages(c)
	if err == nil && len(packages) > 0 {
		err = goTest(c, packages, emit)
	}
	if err != nil {
		emit(Result{Suite: hostSuite, Name: "go-test", Detail: err.Error()})
	}
}

func hostPackages(c *Context) (kept []string, err error) {
	// Packages that exist only under the kernel's or the user programs' build tags have no files here.
	cmd := exec.Command("go", "list", "-e", "-f", "{{if or .GoFiles .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}", "./...")
	cmd.Dir = c.Root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.String())
	}
	for _, p := range strings.Fields(string(out)) {
		if c.Match == nil || c.Match(hostSuite+"/"+strings.TrimPrefix(p, "galago/")) {
			kept = append(kept, p)
		}
	}
	return kept, nil
}

// goTest runs the tests. Without a C compiler there is no race detector; the tests then run without.
func goTest(c *Context, packages []string, emit func(Result)) error {
	args := []string{"test", "-json", "-timeout", "10m"}
	if _, err := exec.LookPath("gcc"); err == nil {
		args = append(args, "-race")
	} else {
		emit(Result{Suite: hostSuite, Name: "race-detector", OK: true, Skipped: true, Detail: "no gcc: the tests run without the race detector"})
	}
	if c.Quick {
		args = append(args, "-short")
	}
	cmd := exec.Command("go", append(args, packages...)...)
	cmd.Dir = c.Root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	failures, perr := parseGoTest(out, emit)
	err = cmd.Wait()
	if perr != nil {
		return perr
	}
	if err != nil && failures == 0 {
		return fmt.Errorf("go test: %w\n%s", err, stderr.String())
	}
	return nil
}

// event is one line of `go test -json`.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build-output and build-fail
	Test        string
	Elapsed     float64
	Output      string
	FailedBuild string
}

// goResults collects the events of a test run.
type goResults struct {
	emit     func(Result)
	output   map[string]*bytes.Buffer // by package and top-level test, or import path of a build
	failed   map[string]bool          // packages with a failed test already emitted
	failures int
}

// parseGoTest emits one result per top-level test, and one per package that failed without a failing test.
func parseGoTest(r io.Reader, emit func(Result)) (failures int, err error) {
	g := &goResults{emit: emit, output: make(map[string]*bytes.Buffer), failed: make(map[string]bool)}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 4<<20)
	for s.Scan() {
		var e event
		if err := json.Unmarshal(s.Bytes(), &e); err != nil {
			continue // go writes some errors as plain text
		}
		g.event(&e)
	}
	return g.failures, s.Err()
}

func (g *goResults) event(e *event) {
	top, _, isSub := strings.Cut(e.Test, "/")
	key := e.Package + " " + top
	switch e.Action {
	case "output":
		g.keep(key, e.Output)
	case "build-output":
		g.keep("build "+e.ImportPath, e.Output)
	case "pass", "fail", "skip":
		if isSub {
			return
		}
		if e.Test != "" {
			g.finish(e, key)
		} else if e.Action == "fail" && !g.failed[e.Package] {
			g.finish(e, key)
		}
		delete(g.output, key)
	}
}

// keep remembers output, bounded.
func (g *goResults) keep(key, text string) {
	b := g.output[key]
	if b == nil {
		b = new(bytes.Buffer)
		g.output[key] = b
	}
	if b.Len() < 64<<10 {
		b.WriteString(text)
	}
}

// finish emits a result.
func (g *goResults) finish(e *event, key string) {
	name := strings.TrimPrefix(e.Package, "galago/")
	if e.Test != "" {
		name += "." + e.Test
	}
	r := Result{Suite: hostSuite, Name: name, OK: e.Action != "fail", Skipped: e.Action == "skip", Time: time.Duration(e.Elapsed * float64(time.Second))}
	if !r.OK {
		g.failures++
		g.failed[e.Package] = true
		for _, k := range []string{"build " + e.FailedBuild, key} {
			if b := g.output[k]; b != nil {
				r.Detail += b.String()
			}
		}
	}
	g.emit(r)
}
