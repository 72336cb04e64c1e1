package harness

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// The fuzz suite: every Fuzz function of the tree, which are the parsers of what is foreign (disks, images, tables of firmware,
// packets), for $FUZZTIME each (a Go duration; default fuzzTime). What go finds interesting stays in its cache and is where the
// next run begins; an input that fails is left in testdata/fuzz of the package, to be committed with the repair.

const (
	fuzzSuite = "fuzz"
	fuzzTime  = 10 * time.Second
	fuzzBuild = 4 * time.Minute // what building for coverage may add
)

var fuzzFunc = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(`)

// fuzzJobs finds the targets.
func fuzzJobs(c *Context) (list []Job, err error) {
	err = filepath.WalkDir(c.Root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != c.Root && (name[0] == '.' || name == "build" || name == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(c.Root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, m := range fuzzFunc.FindAllSubmatch(text, -1) {
			target := string(m[1])
			j := single(fuzzSuite, dir+"."+target, func(c *Context) error { return fuzz(c, dir, target) })
			j.Slow = true
			list = append(list, j)
		}
		return nil
	})
	return list, err
}

// fuzz runs one target on one CPU.
func fuzz(c *Context, dir, target string) error {
	long := fuzzTime
	if s := os.Getenv("FUZZTIME"); s != "" {
		var err error
		if long, err = time.ParseDuration(s); err != nil {
			return fmt.Errorf("FUZZTIME: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), long+fuzzBuild)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+target+"$", "-fuzztime", long.String(), "-fuzzminimizetime", "10x",
		"-parallel", "1", "./"+dir)
	cmd.Dir, cmd.WaitDelay = c.Root, time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && !outOfTime(out.String()) {
		return fmt.Errorf("%w\n%s", err, tail(out.String(), 6000))
	}
	return nil
}

// outOfTime tells whether a run failed for nothing but its own end: go test reports "context deadline exceeded" when the time is up while a worker is being
// asked something. A real failure names the input that it has written.
func outOfTime(out string) bool {
	return strings.Contains(out, "context deadline exceeded") && !strings.Contains(out, "Failing input written") && !strings.Contains(out, "panic")
}
