// The shell beside the host's: each script runs under our sh, under dash and under busybox ash, and standard output and exit
// status must agree. The binary is a static Linux program, so all three run on the host.
package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// script is one case.
type script struct {
	name string
	text string
	mode int // how the script is given to the shell
	only int // which oracles know the feature, if not both
}

// Modes: as a file (the default), as an operand of -c, on standard input.
const (
	asFile = iota
	asCommand
	asInput
)

// Oracles.
const (
	both = iota
	dashOnly
	busyboxOnly
)

var buildOnce sync.Once

// shell returns our binary, built by make from what is in the tree; GALAGO_SH names another one.
func shell(t testing.TB) string {
	if s := os.Getenv("GALAGO_SH"); s != "" {
		return s
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	buildOnce.Do(func() {
		cmd := exec.Command("make", "-s", "-f", "scripts/user.mk", "user")
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("make user: %v\n%s", err, out)
		}
	})
	return filepath.Join(root, "build/user/bin/sh")
}

// oracle returns the command line of another shell. A missing one is a failure: nothing is skipped.
func oracle(t testing.TB, name string) []string {
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is needed to compare with: apt-get install dash busybox-static", name)
	}
	if name == "busybox" {
		return []string{path, "ash"}
	}
	return []string{path}
}

type result struct {
	stdout, stderr string
	status         int
}

// runScript runs a script in a fresh directory.
func runScript(t testing.TB, shell []string, s *script) result {
	t.Helper()
	dir := t.TempDir()
	for _, f := range []struct{ name, text string }{{"lines", "one\ntwo words\nthree\n"}, {"a.txt", "A\n"}, {"b.txt", "B\n"}, {".hidden", ""},
		{"lib.sh", "libvar=set\nlibfn() { echo \"lib $1\"; }\n"}, {"sub/c.txt", "C\n"}, {"sub/deep/d.txt", "D\n"}} {
		path := filepath.Join(dir, f.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(f.text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	args := append([]string(nil), shell[1:]...)
	var stdin string
	switch s.mode {
	case asCommand:
		args = append(args, "-c", s.text)
	case asInput:
		stdin = s.text
	default:
		if err := os.WriteFile(filepath.Join(dir, "script"), []byte(s.text), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, "script", "arg one", "arg2")
		stdin = "in1\nin2\n"
	}
	cmd := exec.CommandContext(ctx, shell[0], args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=/home/tester", "SHELLS=" + shell[0], "LC_ALL=C"}
	cmd.Stdin = strings.NewReader(stdin)
	cmd.WaitDelay = time.Second
	var out, errout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errout
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		t.Fatalf("%v: %v", shell, err)
	}
	if ctx.Err() != nil {
		t.Fatalf("%v hangs\nstdout %q\nstderr %q", shell, out.String(), errout.String())
	}
	st := cmd.ProcessState.ExitCode()
	return result{strings.ReplaceAll(out.String(), dir, "DIR"), errout.String(), st}
}

func TestScripts(t *testing.T) {
	ours := []string{shell(t)}
	dash, busybox := oracle(t, "dash"), oracle(t, "busybox")
	seen := map[string]bool{}
	for _, group := range [][]script{wordCases, arithCases, expandCases, controlCases, redirectCases, builtinCases, processCases, errorCases} {
		for i := range group {
			s := &group[i]
			if seen[s.name] {
				t.Fatalf("two cases are called %q", s.name)
			}
			seen[s.name] = true
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				got := runScript(t, ours, s)
				for _, o := range []struct {
					shell []string
					skip  int
				}{{dash, busyboxOnly}, {busybox, dashOnly}} {
					if s.only == o.skip {
						continue
					}
					want := runScript(t, o.shell, s)
					if got.stdout != want.stdout || got.status != want.status {
						t.Errorf("script:\n%s\nours: status %d, stdout %q, stderr %q\n%s: status %d, stdout %q, stderr %q", s.text, got.status, got.stdout,
							got.stderr, filepath.Base(o.shell[0]), want.status, want.stdout, want.stderr)
					}
				}
			})
		}
	}
	for i := range ownCases {
		c := &ownCases[i]
		t.Run("own "+c.name, func(t *testing.T) {
			t.Parallel()
			got := runScript(t, ours, &c.script)
			if got.stdout != c.stdout || got.status != c.status {
				t.Errorf("script:\n%s\nstatus %d, stdout %q, stderr %q\nwant   %d, stdout %q", c.text, got.status, got.stdout, got.stderr, c.status, c.stdout)
			}
		})
	}
	if len(seen) < 150 {
		t.Errorf("only %d cases", len(seen))
	}
}
