package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"galago/tools/internal/fakeguest"
)

// The test binary plays three parts: the tests, the command itself (GALAGO_MAIN), and QEMU (fakeguest).

func TestMain(m *testing.M) {
	if os.Getenv("GALAGO_MAIN") != "" {
		os.Unsetenv("GALAGO_MAIN")
		main()
		os.Exit(0)
	}
	fakeguest.Main()
	os.Exit(m.Run())
}

// command prepares a run of the real command line against the fake guest.
func command(t *testing.T, mode string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	image := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, make([]byte, 1<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe, append([]string{"run", "--image", image, "--kernel", exe}, args...)...)
	c.Env = append(os.Environ(), "GALAGO_MAIN=1", "QEMU="+exe, fakeguest.Env+"="+mode, "GORACE=atexit_sleep_ms=0")
	return c
}

// result runs a command to its end.
func result(t *testing.T, c *exec.Cmd) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestRunContract(t *testing.T) {
	for _, c := range []struct {
		mode, stdin    string
		args           []string
		status         int
		stdout, stderr string // stderr: a part of it; "" means that it is empty
	}{
		{"echo", "hello\n", []string{"--", "cat", "7"}, 7, "hello\n", `["cat" "7"]`},
		{"echo", "", []string{"cat", "0", "-v", "--smp"}, 0, "", `["cat" "0" "-v" "--smp"]`},
		{"echo", "", []string{"--env", "K=V", "--env", "HOME=/h", "--cwd", "/tmp", "--", "cat", "0"}, 0, "", `"/tmp" ["cat" "0"] ["PATH=` + guestPath + `" "HOME=/h" "K=V"]`},
		{"echo", "", []string{"-v", "--", "cat", "0"}, 0, "", "booting"},
		{"late-panic", "", []string{"--", "cat", "0"}, 125, "before\n", "nil pointer"},
		{"early-panic", "", []string{"--", "cat", "0"}, 125, "", "no root device"},
		{"spin", "", []string{"--timeout", "0.3", "--", "cat"}, 124, "", "timed out"},
		{"silent", "", []string{"--boot-timeout", "300ms", "--", "cat"}, 125, "", "not ready"},
		{"echo", "", nil, 125, "", "no command"},
		{"echo", "", []string{"--smp", "many", "--", "cat"}, 125, "", "invalid argument"},
		{"echo", "", []string{"--disk", "tape", "--", "cat"}, 125, "", "tape"},
		{"echo", "", []string{"--image", "/nonexistent", "--", "cat"}, 125, "", "make first"},
		{"echo", "", []string{"--add", "nonsense", "--", "cat"}, 125, "", "HOSTPATH:GUESTPATH"},
	} {
		cmd := command(t, c.mode, c.args...)
		cmd.Stdin = strings.NewReader(c.stdin)
		status, stdout, stderr := result(t, cmd)
		if status != c.status || stdout != c.stdout || !strings.Contains(stderr, c.stderr) || c.stderr == "" && stderr != "" {
			t.Errorf("%s %q: status %d, stdout %q, stderr %q", c.mode, c.args, status, stdout, stderr)
		}
	}
}

func TestRunKeepsImage(t *testing.T) {
	keep := filepath.Join(t.TempDir(), "kept")
	cmd := command(t, "echo", "--keep-image", keep, "--", "cat", "0")
	if status, _, stderr := result(t, cmd); status != 0 {
		t.Fatal(stderr)
	}
	if st, err := os.Stat(keep); err != nil || st.Size() != 1<<20 {
		t.Errorf("kept image: %v", err)
	}
}

// children lists the processes that have ppid as parent.
func children(t *testing.T, ppid int) (pids []string) {
	t.Helper()
	out, err := exec.Command("ps", "-o", "pid=", "--ppid", strconv.Itoa(ppid)).Output()
	if err != nil {
		return nil // ps exits 1 when there are none
	}
	return strings.Fields(string(out))
}

// TestNothingIsLeft kills the command in every way and looks for QEMU and for files.
func TestNothingIsLeft(t *testing.T) {
	for _, c := range []struct {
		mode   string
		signal syscall.Signal
		times  int
		status int // -1: killed
	}{
		{"spin", syscall.SIGINT, 1, 130},
		{"spin", syscall.SIGTERM, 1, 143},
		{"wedged", syscall.SIGTERM, 2, 143},
		{"wedged", syscall.SIGKILL, 1, -1},
	} {
		dir := t.TempDir()
		cmd := command(t, c.mode, "--", "cat")
		cmd.Env = append(cmd.Env, "TMPDIR="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var kids []string
		for i := 0; len(kids) == 0 && i < 200; i++ {
			time.Sleep(10 * time.Millisecond)
			kids = children(t, cmd.Process.Pid)
		}
		time.Sleep(300 * time.Millisecond) // let the command be sent
		for range c.times {
			_ = cmd.Process.Signal(c.signal)
			time.Sleep(50 * time.Millisecond)
		}
		_ = cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != c.status {
			t.Errorf("%s, %v: status %d, want %d", c.mode, c.signal, got, c.status)
		}
		if len(kids) != 1 {
			t.Errorf("%s, %v: children %v", c.mode, c.signal, kids)
			continue
		}
		gone := false
		for i := 0; !gone && i < 200; i++ {
			stat, err := os.ReadFile("/proc/" + kids[0] + "/stat")
			gone = err != nil || bytes.Contains(stat, []byte(") Z "))
			time.Sleep(10 * time.Millisecond)
		}
		if !gone {
			t.Errorf("%s, %v: QEMU %s is still there", c.mode, c.signal, kids[0])
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s, %v: files left: %v, %v", c.mode, c.signal, left, err)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("FROM_HOST", "h")
	r := runFlags{env: []string{"A=1", "FROM_HOST", "NOT_SET_ANYWHERE", "A=2", "PATH=/x"}}
	if got, want := r.environment(), []string{"PATH=/x", "HOME=/root", "A=2", "FROM_HOST=h"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSeconds(t *testing.T) {
	for text, want := range map[string]time.Duration{"5": 5 * time.Second, "0.25": 250 * time.Millisecond, "1m": time.Minute, "-1": -1, "x": -1} {
		var s seconds
		if err := s.Set(text); (err != nil) != (want < 0) || err == nil && s.Duration != want {
			t.Errorf("%q: %v, %v", text, s.Duration, err)
		}
	}
}
