package harness

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"galago/tools/internal/store"
)

// The gostd suite: Go's own tests of packages that lean on the system, with the full Go runtime, built without cgo by the host's toolchain and run in the guest
// with -test.short. They are their own oracle. What cannot pass yet is skipped by name, with the reason.

const (
	gostdSuite   = "gostd"
	gostdTimeout = 4 * time.Minute
)

// stdPackage is a package whose tests run.
type stdPackage struct {
	path  string
	trees []string // of GOROOT, beside the package's own directory
	skip  []skipped
}

// skipped is a test that is left out.
type skipped struct{ name, why string }

const noInternet = "wants a TCP socket; AF_INET gives EAFNOSUPPORT until there is a network"

var stdPackages = []stdPackage{
	{path: "sync"}, {path: "sync/atomic"}, {path: "io"}, {path: "bufio"}, {path: "runtime/debug"},
	{path: "context", skip: []skipped{{"ExampleAfterFunc_connection", noInternet}}},
	{path: "time", trees: []string{"lib/time"}},
	{path: "os/signal"},
	{path: "os/exec", skip: []skipped{{"TestExtraFilesRace", noInternet}}},
	{path: "math"}, {path: "math/big"}, {path: "math/bits"}, {path: "math/cmplx"}, {path: "math/rand"}, {path: "math/rand/v2"},
}

func gostdJobs() (list []Job) {
	for i := range stdPackages {
		p := &stdPackages[i]
		j := single(gostdSuite, p.path, func(c *Context) error { return gostdTest(c, p) })
		j.Slow = true
		list = append(list, j)
	}
	return list
}

// gostdTest builds the package's test and runs it in its own directory, as `go test` does.
func gostdTest(c *Context, p *stdPackage) error {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	goroot := strings.TrimSpace(string(root))
	program := filepath.Join(c.Root, "build/gostd", strings.ReplaceAll(p.path, "/", "_")+".test")
	build := exec.Command("go", "test", "-c", "-o", program, p.path)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=")
	if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
		return err
	}
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go test -c %s: %w\n%s", p.path, err, out)
	}
	const guestRoot = "/go"
	dir := guestRoot + "/src/" + p.path
	add := []store.Addition{{Host: filepath.Join(goroot, "src", p.path), Guest: dir}, {Host: program, Guest: dir + "/std.test"}}
	for _, t := range p.trees {
		add = append(add, store.Addition{Host: filepath.Join(goroot, t), Guest: guestRoot + "/" + t})
	}
	var skip []string
	for _, s := range p.skip {
		skip = append(skip, "^"+s.name+"$")
	}
	// A pattern for -test.run tells os/exec that not all of its helpers will be called.
	args := []string{"/bin/env", "GOROOT=" + guestRoot, "./std.test", "-test.short", "-test.run=.", "-test.skip=" + strings.Join(skip, "|")}
	o, err := c.boot(machine{smp: 2, mem: "1G", timeout: gostdTimeout, add: add, cwd: dir}, args...)
	if err != nil {
		return err
	}
	if !o.OK() {
		return o.explain("%s", p.path)
	}
	if o.Status != 0 || !strings.HasSuffix(strings.TrimSpace(o.stdout), "PASS") {
		return errors.Join(fmt.Errorf("status %d", o.Status), errors.New(lastLines(o.stdout+o.stderr, 60)))
	}
	return nil
}

// lastLines are the last lines of a text.
func lastLines(text string, lines int) string {
	l := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(l[max(0, len(l)-lines):], "\n")
}
