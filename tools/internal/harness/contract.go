package harness

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"galago/tools/internal/store"
)

// The contract suite: what house rules promise about `galago run`.

const contractSuite = "run"

// contractCase is one command line with the status and output it must have.
type contractCase struct {
	name, stdin string
	args        []string
	status      int
	stdout      string
}

var contractCases = []contractCase{
	{"status", "", []string{"/bin/sh", "-c", "echo hi | wc -c; exit 7"}, 7, "3\n"},
	{"stdin", "one\ntwo\n", []string{"/bin/cat"}, 0, "one\ntwo\n"},
	{"stderr-apart", "", []string{"/bin/sh", "-c", "echo out; echo err >&2"}, 0, "out\n"},
	{"not-found", "", []string{"/bin/no-such-program"}, 127, ""},
	{"not-executable", "", []string{"/etc"}, 126, ""},
	{"killed", "", []string{"/bin/sh", "-c", "kill -9 $$"}, 128 + 9, ""},
	{"terminated", "", []string{"/bin/sh", "-c", "kill -15 $$"}, 128 + 15, ""},
	{"arguments", "", []string{"/bin/echo", "", "a b", "*", "$HOME"}, 0, " a b * $HOME\n"},
	{"search-path", "", []string{"echo", "found"}, 0, "found\n"},
}

func contractJobs() (list []Job) {
	for _, k := range contractCases {
		list = append(list, single(contractSuite, k.name, func(c *Context) error {
			o, err := c.boot(machine{stdin: k.stdin}, k.args...)
			if err != nil {
				return err
			}
			return o.expect(k.status, k.stdout)
		}))
	}
	return append(list,
		single(contractSuite, "megabytes", bigPipe),
		single(contractSuite, "timeout", timeoutTest),
		single(contractSuite, "panic", panicTest),
		single(contractSuite, "add-tree", addTree),
		single(contractSuite, "interactive-eof", interactiveEOF),
	)
}

// bigPipe sends four megabytes of every byte value there and back.
func bigPipe(c *Context) error {
	block := make([]byte, 4096)
	for i := range block {
		block[i] = byte(i*7 + i>>8)
	}
	text := string(bytes.Repeat(block, 1024))
	o, err := c.boot(machine{stdin: text, timeout: 2 * time.Minute}, "/bin/cat")
	if err != nil {
		return err
	}
	if o.Status != 0 || o.stdout != text {
		same := 0
		for same < len(o.stdout) && same < len(text) && o.stdout[same] == text[same] {
			same++
		}
		n := len(o.stdout)
		o.stdout = ""
		return o.explain("%d of %d bytes came back, the first %d right", n, len(text), same)
	}
	return nil
}

// timeoutTest runs a program that never ends.
func timeoutTest(c *Context) error {
	o, err := c.boot(machine{timeout: 4 * time.Second}, "/bin/sh", "-c", "echo begun; while :; do :; done")
	if err != nil {
		return err
	}
	return o.expect(124, "begun\n")
}

// panicTest makes the kernel panic through the usual knob and wants a symbolised back trace.
func panicTest(c *Context) error {
	o, err := c.boot(machine{}, "/bin/sh", "-c", "echo c >/proc/sysrq-trigger")
	if err != nil {
		return err
	}
	log := string(o.Log)
	if o.Status != 125 || !o.Panicked {
		return o.explain("want a panic and status 125")
	}
	for _, want := range []string{"panic", "galago/kernel", ".go:"} {
		if !strings.Contains(log, want) {
			return o.explain("the panic report lacks %q", want)
		}
	}
	return nil
}

// addTree adds a tree with links and modes and looks at it from within.
func addTree(c *Context) error {
	dir, err := os.MkdirTemp("", "galago-tree-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	a := filepath.Join(dir, "a")
	if err := errors.Join(
		os.WriteFile(a, []byte("alpha\n"), 0o640), os.Chmod(a, 0o640), os.Link(a, filepath.Join(dir, "hard")),
		os.Symlink("a", filepath.Join(dir, "soft")), os.Mkdir(filepath.Join(dir, "sub"), 0o700),
		os.Mkdir(filepath.Join(dir, "many"), 0o755), os.WriteFile(filepath.Join(dir, "sub", "b"), []byte("beta\n"), 0o755),
		unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600),
	); err != nil {
		return err
	}
	for i := range 1000 {
		if err := os.WriteFile(filepath.Join(dir, "many", fmt.Sprint(i)), []byte(strings.Repeat("x", i*17)), 0o644); err != nil {
			return err
		}
	}
	script := `cd /deep/er && cat hard soft sub/b && stat -c '%a %h' a hard sub && test -p fifo && test -L soft && ls many | wc -l && cat many/* | wc -c`
	o, err := c.boot(machine{add: []store.Addition{{Host: dir, Guest: "/deep/er"}}}, "/bin/sh", "-c", script)
	if err != nil {
		return err
	}
	return o.expect(0, fmt.Sprintf("alpha\nalpha\nbeta\n640 2\n640 2\n700 2\n1000\n%d\n", 999*1000/2*17))
}

// interactiveEOF boots to the shell with nothing to type: it must end by itself.
func interactiveEOF(c *Context) error {
	for _, input := range []string{"", "echo si''gn\n"} {
		cmd := exec.Command(c.Galago, "qemu", "--image", c.Image, "--kernel", c.Kernel)
		cmd.Dir = c.Root
		cmd.Stdin = strings.NewReader(input)
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("input %q: %w\n%s", input, err, tail(string(out), 4000))
		}
		if input != "" && !strings.Contains(string(out), "\nsign") {
			return fmt.Errorf("the shell did not run %q\n%s", input, tail(string(out), 4000))
		}
	}
	return nil
}
