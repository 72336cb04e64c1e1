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
	"syscall"
	"time"

	"galago/tools/internal/qemu"
	"galago/tools/internal/store"
)

// The user suite: every test is an ordinary Linux program or shell script. It runs on the host's Linux first, then in the
// guest, and the two transcripts (standard output and exit status) must be equal.
//
// A test NAME lives in a directory with its scratch directory, which is where it starts: the program is ../NAME. A
// script may say what it needs in a comment such as `# test: timeout=120 smp=4 mem=128M disk=ahci`; for a program the
// same words stand in test.conf beside its source, user/test/NAME or user/test/go/NAME. user/test/NAME.in, if there is one, is
// standard input.
//
// In the guest each test runs twice: on the kernel as shipped, with as many CPUs as it asks for (one if it does not), and on the
// test kernel, whose checkers panic at a lock-order or memory error, with at least checkedCPUs. `kernel=shipped` or `kernel=test`
// leaves one of the two out.

const (
	userSuite   = "user"
	testDir     = "/test" // in the guest
	userTimeout = 60 * time.Second
	checkedCPUs = 4 // of the test kernel
)

// needs are the words after "# test:".
type needs struct {
	timeout time.Duration
	smp     int
	mem     string
	disk    qemu.Disk
	kernel  string // "shipped", "test"; "" for both
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
			case "kernel":
				n.kernel = value
				if value != "shipped" && value != "test" {
					err = fmt.Errorf("kernel %q", value)
				}
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
		conf := []string{filepath.Join(c.Root, "user/test", base, "test.conf"), filepath.Join(c.Root, "user/test/go", base, "test.conf")}
		if base != t.name {
			t.runner, conf = []string{"sh"}, []string{p}
		}
		for _, file := range conf {
			if text, err := os.ReadFile(file); err == nil {
				t.conf = string(text)
			}
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
	m := machine{
		smp: n.smp, mem: n.mem, disk: n.disk, timeout: n.timeout, stdin: stdin, cwd: testDir + "/scratch",
		add: []store.Addition{{Host: t.path, Guest: testDir + "/" + t.name}, {Host: scratch, Guest: testDir + "/scratch"}},
	}
	if n.kernel != "test" {
		err = t.inGuest(c, m, linux)
	}
	if n.kernel != "shipped" && err == nil {
		m.kernel, m.smp = c.TestKernel, max(n.smp, checkedCPUs)
		if err = t.inGuest(c, m, linux); err != nil {
			err = fmt.Errorf("on the test kernel with %d CPUs%s: %w", m.smp, c.staleness(), err)
		}
	}
	return err
}

// staleness says that the test kernel is older than the shipped one, if so.
func (c *Context) staleness() string {
	shipped, err := os.Stat(c.Kernel)
	test, terr := os.Stat(c.TestKernel)
	if err == nil && (terr != nil || test.ModTime().Before(shipped.ModTime())) {
		return " (which is missing or old: make ktest)"
	}
	return ""
}

// inGuest runs the test in a machine and compares with what it did on Linux.
func (t *userTest) inGuest(c *Context, m machine, linux transcript) error {
	o, err := c.boot(m, t.command()...)
	if err != nil {
		return err
	}
	if !o.OK() {
		return o.explain("on Linux: status %d", linux.status)
	}
	if got := (transcript{o.stdout, o.Status}); got != linux {
		return o.explain("the transcripts differ: %s", difference(linux, got))
	}
	if m.kernel == c.TestKernel {
		return c.auditTest(m, &o)
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
	cmd.WaitDelay, cmd.SysProcAttr = time.Second, ownSession()
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

// ownSession starts a command as the guest's init does: it leads a session, whose number it can see even in a PID name space that the
// shell that started us is outside of, and it has no supplementary groups, if that is ours to say.
func ownSession() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true}
	if os.Geteuid() == 0 {
		a.Credential = &syscall.Credential{Gid: uint32(os.Getegid())}
	}
	return a
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
