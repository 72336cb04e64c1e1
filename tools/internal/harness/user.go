package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"galago/tools/internal/qemu"
	"galago/tools/internal/store"
)

// The user suite: every test is an ordinary Linux program or shell script. It runs on the host's Linux first, then in the
// guest, and the two transcripts (standard output and exit status) must be equal.
//
// A test NAME lives in a directory with its scratch directory, which is where it starts: the program is ../NAME. A
// script may say what it needs in a comment such as `# test: timeout=120 smp=4 mem=128M disk=ahci`; for a program the
// same words stand in user/test/NAME/test.conf. NAME.in, if there is one, is standard input.

const (
	userSuite   = "user"
	testDir     = "/test" // in the guest
	userTimeout = 60 * time.Second
)

// needs are the words after "# test:".
type needs struct {
	timeout time.Duration
	smp     int
	mem     string
	disk    qemu.Disk
}

var directive = regexp.MustCompile(`(?m)^#\s*test:(.*)$`)

// parseNeeds reads directives.
func parseNeeds(text string) (n needs, err error) {
	n.timeout = userTimeout
	for _, m := range directive.FindAllStringSubmatch(text, -1) {
		for _, word := range strings.Fields(m[1]) {
			key, value, _ := strings.Cut(word, "=")
			switch key {
			case "timeout":
				var s int
				s, err = strconv.Atoi(value)
				n.timeout = time.Duration(s) * time.Second
			case "smp":
				n.smp, err = strconv.Atoi(value)
			case "mem":
				n.mem = value
			case "disk":
				n.disk = qemu.Disk(value)
			default:
				err = fmt.Errorf("unknown word %q", word)
			}
			if err != nil {
				return n, fmt.Errorf("# test: %w", err)
			}
		}
	}
	return n, nil
}

// userTest is one program or script.
type userTest struct {
	name   string   // file name
	path   string   // on the host
	runner []string // before ../NAME: "sh", or nothing
	input  string   // file with standard input, or ""
	conf   string   // text with directives
}

// userJobs finds the tests.
func userJobs(c *Context) (list []Job, err error) {
	scripts, err := filepath.Glob(filepath.Join(c.Root, "user/test/*.sh"))
	if err != nil {
		return nil, err
	}
	programs, err := filepath.Glob(filepath.Join(c.Root, "build/test/bin/*"))
	if err != nil {
		return nil, err
	}
	sort.Strings(scripts)
	sort.Strings(programs)
	for _, p := range append(scripts, programs...) {
		t := &userTest{name: filepath.Base(p), path: p}
		base := strings.TrimSuffix(t.name, ".sh")
		confFile := filepath.Join(c.Root, "user/test", base, "test.conf")
		if base != t.name {
			t.runner, confFile = []string{"sh"}, p
		}
		if text, err := os.ReadFile(confFile); err == nil {
			t.conf = string(text)
		}
		if in := filepath.Join(c.Root, "user/test", base+".in"); exists(in) {
			t.input = in
		}
		list = append(list, single(userSuite, base, t.run))
	}
	return list, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// transcript is what must agree.
type transcript struct {
	stdout string
	status int
}

// run runs the test on both systems and compares.
func (t *userTest) run(c *Context) error {
	n, err := parseNeeds(t.conf)
	if err != nil {
		return err
	}
	stdin := ""
	if t.input != "" {
		text, err := os.ReadFile(t.input)
		if err != nil {
			return err
		}
		stdin = string(text)
	}
	linux, err := t.onLinux(n, stdin)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "galago-scratch-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	o, err := c.boot(machine{
		smp: n.smp, mem: n.mem, disk: n.disk, timeout: n.timeout, stdin: stdin, cwd: testDir + "/scratch",
		add: []store.Addition{{Host: t.path, Guest: testDir + "/" + t.name}, {Host: scratch, Guest: testDir + "/scratch"}},
	}, t.command()...)
	if err != nil {
		return err
	}
	got := transcript{o.stdout, o.Status}
	if !o.OK() {
		return o.explain("on Linux: status %d", linux.status)
	}
	if got != linux {
		return o.explain("the transcripts differ: %s", difference(linux, got))
	}
	return nil
}

// command is the command line, relative to the scratch directory.
func (t *userTest) command() []string {
	return append(append([]string(nil), t.runner...), "../"+t.name)
}

// onLinux runs the test on the host in a directory of its own.
func (t *userTest) onLinux(n needs, stdin string) (transcript, error) {
	dir, err := os.MkdirTemp("", "galago-test-*")
	if err != nil {
		return transcript{}, err
	}
	defer os.RemoveAll(dir)
	scratch := filepath.Join(dir, "scratch")
	text, err := os.ReadFile(t.path)
	if err != nil {
		return transcript{}, err
	}
	if err := errors.Join(os.Mkdir(scratch, 0o755), os.WriteFile(filepath.Join(dir, t.name), text, 0o755)); err != nil {
		return transcript{}, err
	}
	return runLinux(scratch, n.timeout, stdin, t.command())
}

// runLinux runs a command in a directory and returns its transcript.
func runLinux(dir string, timeout time.Duration, stdin string, args []string) (transcript, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, testEnv("/bin:/sbin:/usr/bin:/usr/sbin"), strings.NewReader(stdin)
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		return transcript{}, fmt.Errorf("on Linux: %w", err)
	}
	if ctx.Err() != nil {
		return transcript{}, fmt.Errorf("on Linux: timed out after %v\n%s%s", timeout, stdout.String(), stderr.String())
	}
	return transcript{stdout.String(), shellStatus(cmd.ProcessState)}, nil
}

// difference says where two transcripts part.
func difference(linux, galago transcript) string {
	a, b := strings.SplitAfter(linux.stdout, "\n"), strings.SplitAfter(galago.stdout, "\n")
	for i := range max(len(a), len(b)) {
		line := func(l []string) string {
			if i < len(l) && l[i] != "" {
				return fmt.Sprintf("%q", l[i])
			}
			return "the end"
		}
		if line(a) != line(b) {
			return fmt.Sprintf("line %d: Linux %s, Galago %s", i+1, line(a), line(b))
		}
	}
	return fmt.Sprintf("exit status: Linux %d, Galago %d", linux.status, galago.status)
}
