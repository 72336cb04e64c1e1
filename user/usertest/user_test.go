// Package usertest compares Galago's utilities with the host's: the same command lines, in equal directories, must give the same
// standard output and exit status. The programs are static Linux executables, so they run here as they do in the guest.
package usertest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	root      = "../.." // of the checkout
	hostPath  = "/usr/bin:/bin"
	caseLimit = 10 * time.Second
	notFound  = 127 // the shell's status
)

// files are what every command line finds in its directory; they are older than the directory's other names.
var files = []struct{ name, text string }{
	{"a", "one\ntwo\nthree\n"},
	{"b", "four\nfive\n"},
	{"empty", ""},
	{"gaps", "x\n\n\n\ny\n\nz\n"},
	{"nums", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n"},
	{"words", "banana\napple\nCherry\nfig\napple pie\npineapple\nDate\nabracadabra\n"},
	{"mixed", "10\n9\n-3\n2.5\nabc\n 7\n0\n1e3\n\n"},
	{"dup", "a\na\nb\nB\nb\nb\nc\nxa\nya\n"},
	{"table", "x 10 q\ny 9 q\nx  2 p\nz 10 a\n"},
	{"colon", "root:0:x\nbin:12:y\nsys:3:z\nnone\n"},
	{"paths", "/usr/bin\na/b/c\n"},
	{"pats", "fig\nCher\n"},
	{"prog", "# comment\n2d\ns/1/one/\n/5/{\n  s//five/\n  p\n}\n$a\\\nend\n"},
	{"re", "abc\nab\na\nabcbc\nabbc\n"},
	{"zero", "a b\x00c\x00"},
	{".hidden", "h\n"},
	{"d/f1", "f1\n"},
	{"d/f2", "f2\n"},
	{"d/sub/f3", "f3\n"},
}

// populate makes the directory a command line runs in.
func populate(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(dir, "d/sub"), 0o755))
	stamp := time.Now().Add(-time.Hour)
	for _, f := range files {
		p := filepath.Join(dir, f.name)
		must(os.WriteFile(p, []byte(f.text), 0o644))
		must(os.Chmod(p, 0o644))
		must(os.Chtimes(p, stamp, stamp))
	}
	for _, d := range []string{"d", "d/sub"} {
		must(os.Chmod(filepath.Join(dir, d), 0o755))
	}
	must(os.WriteFile(filepath.Join(dir, "old"), nil, 0o644))
	old := stamp.Add(-72 * time.Hour)
	must(os.Chtimes(filepath.Join(dir, "old"), old, old))
	must(os.Symlink("a", filepath.Join(dir, "link")))
	return dir
}

// outcome is what a command line is judged by; stderr helps to read a failure.
type outcome struct {
	stdout string
	status int
	stderr string
}

func run(t *testing.T, path, line string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), caseLimit)
	defer cancel()
	c := exec.CommandContext(ctx, "/bin/sh", "-c", line)
	c.Dir = populate(t)
	c.Env = []string{"PATH=" + path, "LC_ALL=C", "TZ=UTC0", "HOME=/"}
	c.WaitDelay = time.Second
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", line, err)
	}
	if ctx.Err() != nil {
		t.Fatalf("%s: does not end; stderr %q", line, errs.String())
	}
	return outcome{out.String(), c.ProcessState.ExitCode(), errs.String()}
}

func TestLikeHost(t *testing.T) {
	if testing.Short() {
		t.Skip("builds all programs")
	}
	ours := t.TempDir() // not the common directory, whose programs may be built anew meanwhile
	build := exec.Command("make", "-C", root, "-f", "scripts/user.mk", "user", "UBIN="+ours)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("make user: %v\n%s", err, out)
	}
	if err := os.Symlink("test", filepath.Join(ours, "[")); err != nil { // as in the image
		t.Fatal(err)
	}
	for _, u := range cases {
		t.Run(u.utility, func(t *testing.T) {
			if _, err := exec.LookPath(u.utility); err != nil && u.utility != "pipelines" {
				t.Skip("the host has none to compare with")
			}
			for _, line := range u.lines {
				want, got := run(t, hostPath, line), run(t, ours, line)
				if want.status == notFound && !strings.Contains(line, "nosuchcommand") {
					t.Errorf("%s: the host lacks a program it needs (%s)", line, want.stderr)
				}
				if got.stdout != want.stdout || got.status != want.status {
					t.Errorf("%s\n  got  %d %q (%s)\n  want %d %q (%s)", line, got.status, got.stdout, got.stderr, want.status, want.stdout, want.stderr)
				}
			}
		})
	}
}
