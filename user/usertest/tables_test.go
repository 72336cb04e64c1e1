package usertest

// More command lines than cases.go has, one a line in testdata/UTILITY.txt, on files with more variety: links, modes,
// bytes that are no text.

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var build struct {
	sync.Once
	dir string
	err error
	log []byte
}

// programs builds the user programs into a directory of their own and returns it.
func programs(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds all programs")
	}
	build.Do(func() {
		if build.dir, build.err = os.MkdirTemp("", "usertest"); build.err == nil {
			build.log, build.err = exec.Command("make", "-s", "-C", root, "-f", "scripts/user.mk", "user", "UBIN="+build.dir).CombinedOutput()
		}
	})
	if build.err != nil {
		t.Fatalf("%v: %s", build.err, build.log)
	}
	return build.dir
}

func TestMain(m *testing.M) {
	status := m.Run()
	if build.dir != "" {
		os.RemoveAll(build.dir)
	}
	os.Exit(status)
}

// fixture fills a directory with what the command lines work on.
func fixture(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		when := time.Unix(1700000000+int64(len(text)), 0)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	write("passwd", "root:x:0:0:root:/root:/bin/bash\nbin:x:2:2:bin:/bin:/usr/sbin/nologin\nsync:x:4:65534:sync:/bin:/bin/sync\n"+
		"games:x:5:60:games:/usr/games:/usr/sbin/nologin\nmail:x:8:8:mail:/var/mail:/usr/sbin/nologin\nalice:x:1000:1000::/home/alice:/bin/sh\n", 0o644)
	write("text", "The quick brown fox\n\tjumps over\n\nthe lazy dog\n\n\nEnd: foo.bar foo+bar 42 -7 3.5\nlast line", 0o640)
	write("numbers", "10\n9\n-3\n2.5\n2.50\n1e3\n0x1f\nabc\n\n10\n007\n+4\n", 0o600)
	write("repeats", "a\na\nb\nc\nc\nC\na\n", 0o644)
	write("binary", "\x00\x01\x02hello\xff\xfe\x00world\n\x7f\x80", 0o644)
	write("empty", "", 0o644)
	write("run.sh", "#!/bin/sh\necho run \"$@\"\nexit 5\n", 0o755)
	write("tree/a/one.txt", "one\n", 0o644)
	write("tree/a/two.c", "int two;\n", 0o644)
	write("tree/b/c/three.txt", "three foo\n", 0o600)
	write("tree/b/.hidden", "secret\n", 0o644)
	write("tree/b/with space", "x\n", 0o644)
	for link, target := range map[string]string{"tree/link": "a/one.txt", "tree/dirlink": "b", "tree/broken": "nowhere"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(filepath.Join(dir, "tree/a/one.txt"), filepath.Join(dir, "tree/hard")); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.Type().IsRegular() {
			return err
		}
		times := []unix.Timespec{{Sec: started.Unix()}, {Sec: started.Unix() - 1}}
		return unix.UtimesNanoAt(unix.AT_FDCWD, path, times, unix.AT_SYMLINK_NOFOLLOW)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// started is when directories and links of all fixtures were last read, a second after their last change: so looking at one does not
// change it (relatime).
var started = time.Now()

// runIn runs a command line in a directory, by dash where there is one, as other shells have more built-ins.
func runIn(t *testing.T, path, dir, line string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*caseLimit)
	defer cancel()
	shell := "/bin/dash"
	if _, err := os.Stat(shell); err != nil {
		shell = "/bin/sh"
	}
	c := exec.CommandContext(ctx, shell, "-c", line)
	c.Dir = dir
	c.Env = []string{"PATH=" + path, "LC_ALL=C", "TZ=UTC0", "HOME=" + dir, "TMPDIR=" + dir}
	c.WaitDelay = time.Second
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil && c.ProcessState == nil {
		t.Fatalf("%s: %v", line, err)
	}
	return outcome{out.String(), c.ProcessState.ExitCode(), errs.String()}
}

// lines reads the command lines of a file: one a line; a backslash at its end joins the next.
func lines(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, l := range strings.Split(strings.ReplaceAll(string(b), "\\\n", ""), "\n") {
		if l = strings.TrimSpace(l); l != "" && l[0] != '#' {
			list = append(list, l)
		}
	}
	return list
}

func TestTables(t *testing.T) {
	ours := programs(t)
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no command lines: ", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := os.Stat(filepath.Join(ours, name)); err != nil {
				t.Fatal("the program is missing: ", err)
			}
			for _, line := range lines(t, file) {
				// Each side gets a directory of its own, with the same path in both: what is printed may name it.
				dir := filepath.Join(t.TempDir(), "work")
				side := func(path string) outcome {
					made := fixture(t)
					if err := os.Rename(made, dir); err != nil {
						t.Fatal(err)
					}
					r := runIn(t, path, dir, line)
					if err := os.RemoveAll(dir); err != nil {
						t.Fatal(err)
					}
					return r
				}
				want, got := side(hostPath), side(ours+":"+hostPath)
				if got.status != want.status || got.stdout != want.stdout {
					t.Errorf("%s\n  got  %d %q (%s)\n  want %d %q (%s)", line, got.status, got.stdout, got.stderr, want.status, want.stdout, want.stderr)
				}
			}
		})
	}
}

// Programs that write to a full device must notice.
func TestWriteErrors(t *testing.T) {
	ours := programs(t)
	dir := fixture(t)
	for _, line := range []string{"cat passwd", "echo hi", "ls", "grep root passwd", "sed p passwd", "sort passwd", "seq 10", "wc passwd",
		"head passwd", "cut -c1 passwd", "tr a b <passwd", "date", "uname", "printf x", "pwd", "env", "find .", "tee <passwd"} {
		if r := runIn(t, ours+":"+hostPath, dir, "env "+line+" >/dev/full"); r.status == 0 {
			t.Errorf("%s: exit 0 though nothing could be written", line)
		}
	}
}

// A reader that goes away ends the writer.
func TestBrokenPipe(t *testing.T) {
	ours := programs(t)
	dir := fixture(t)
	for _, line := range []string{"yes | head -n 1", "seq 1 100000000 | head -n 1", "cat /dev/zero | head -c 1 | wc -c"} {
		if r := runIn(t, ours+":"+hostPath, dir, line); r.status != 0 || r.stdout == "" {
			t.Errorf("%s: exit %d, %q", line, r.status, r.stdout)
		}
	}
}

// Native programs are small, static and start at once.
func TestSize(t *testing.T) {
	ours := programs(t)
	entries, err := os.ReadDir(ours)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		limit := int64(256 << 10)
		if e.Name() == "sh" {
			limit = 640 << 10
		}
		if info.Size() > limit {
			t.Errorf("%s: %d bytes", e.Name(), info.Size())
		}
	}
}
