package guest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"galago/tools/internal/fakeguest"
	"galago/tools/internal/qemu"
	"galago/tools/internal/runproto"
)

func TestMain(m *testing.M) {
	fakeguest.Main()
	os.Exit(m.Run())
}

// alive reports whether the process id exists.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// options starts the fake in a mode, with the test binary standing for the kernel too.
func options(t *testing.T, mode string) Options {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Machine: qemu.Config{Binary: exe, Kernel: exe, Disk: qemu.NoDisk, Env: []string{fakeguest.Env + "=" + mode, "GORACE=atexit_sleep_ms=0"}},
		Cmd:     runproto.Cmd{Dir: "/", Args: []string{"/bin/echo", "0"}, Env: []string{"A=b"}},
	}
}

func TestOutcomes(t *testing.T) {
	interrupt := make(chan os.Signal, 2)
	interrupt <- syscall.SIGTERM
	interrupt <- syscall.SIGTERM
	for _, c := range []struct {
		mode    string
		change  func(*Options)
		status  int
		problem string
		log     string
	}{
		{"echo", nil, 0, "", "booting"},
		{"echo", func(o *Options) { o.Cmd.Args[1] = "7" }, 7, "", ""},
		{"echo", func(o *Options) { o.Cmd.Args[1] = "137" }, 137, "", ""},
		{"no-boot", nil, 125, "could not load kernel", ""},
		{"triple-fault", nil, 125, "while booting", "half way"},
		{"early-panic", nil, 125, "kernel panic", "no root device"},
		{"late-panic", nil, 125, "kernel panic", "nil pointer"},
		{"panic-at-shutdown", nil, 125, "kernel panic", ""},
		{"lost", nil, 125, "before the command ended", ""},
		{"garbage", nil, 125, "unknown type", ""},
		{"silent", func(o *Options) { o.BootTimeout = 200 * time.Millisecond }, 125, "not ready", ""},
		{"silent", func(o *Options) { o.Timeout = 200 * time.Millisecond }, 124, "timed out", ""},
		{"spin", func(o *Options) { o.Timeout = 300 * time.Millisecond }, 124, "timed out", ""},
		{"spin", func(o *Options) { o.Timeout = 300 * time.Millisecond; o.Orderly = true }, 124, "timed out", ""},
		{"silent", func(o *Options) { o.Signals = interrupt }, 128 + 15, "signal 15", ""},
	} {
		o := options(t, c.mode)
		if c.change != nil {
			c.change(&o)
		}
		pid := 0
		o.OnStart = func(_ func(), id int) { pid = id }
		r := Run(o)
		if r.Status != c.status || !strings.Contains(r.Problem, c.problem) || r.OK() != (c.problem == "") {
			t.Errorf("%s: status %d, problem %q; want %d, %q", c.mode, r.Status, r.Problem, c.status, c.problem)
		}
		if !bytes.Contains(r.Log, []byte(c.log)) {
			t.Errorf("%s: log %q", c.mode, r.Log)
		}
		if alive(pid) {
			t.Errorf("%s: QEMU is still there", c.mode)
		}
	}
}

func TestOrderlyTimeout(t *testing.T) {
	o := options(t, "spin")
	o.Timeout, o.Orderly = 200*time.Millisecond, true
	if r := Run(o); r.QEMU != 0 {
		t.Errorf("the guest could not shut down: QEMU status %d", r.QEMU)
	}
}

func TestStreams(t *testing.T) {
	o := options(t, "echo")
	o.Cmd = runproto.Cmd{Dir: "/tmp", Args: []string{"cat", "3"}, Env: []string{"K=V"}}
	input := bytes.Repeat([]byte("0123456789abcde\n"), 300<<10/16)
	var out, errs bytes.Buffer
	o.Stdin, o.Stdout, o.Stderr = bytes.NewReader(input), &out, &errs
	r := Run(o)
	if r.Status != 3 || !r.OK() {
		t.Fatalf("%+v", r)
	}
	if !bytes.Equal(out.Bytes(), input) {
		t.Errorf("%d bytes out, %d in", out.Len(), len(input))
	}
	if want := `"/tmp" ["cat" "3"] ["K=V"]`; errs.String() != want {
		t.Errorf("stderr %q, want %q", errs.String(), want)
	}
}

// slowWriter takes its time, as `| less` does.
type slowWriter struct {
	n, frames int
	bad       bool
}

func (w *slowWriter) Write(p []byte) (int, error) {
	w.bad = w.bad || binary.LittleEndian.Uint32(p) != uint32(w.frames)
	w.frames++
	w.n += len(p)
	time.Sleep(time.Millisecond)
	return len(p), nil
}

func TestAllOutputArrives(t *testing.T) {
	for _, mode := range []string{"flood", "console"} {
		o := options(t, mode)
		w := new(slowWriter)
		o.Stdout = w
		if r := Run(o); !r.OK() || w.n != 200*60000 || w.bad {
			t.Errorf("%s: %+v: %d bytes, out of order: %v", mode, r, w.n, w.bad)
		}
	}
}

// brokenPipe fails after the first write.
type brokenPipe struct{ writes atomic.Int32 }

func (w *brokenPipe) Write(p []byte) (int, error) {
	if w.writes.Add(1) > 1 {
		return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
	}
	return len(p), nil
}

func TestBrokenPipe(t *testing.T) {
	o := options(t, "yes")
	w := new(brokenPipe)
	o.Stdout = w
	if r := Run(o); r.Status != 128+13 || !r.OK() || w.writes.Load() != 2 {
		t.Errorf("%+v after %d writes", r, w.writes.Load())
	}
}

func TestSignals(t *testing.T) {
	for _, c := range []struct {
		mode   string
		send   int
		status int
	}{
		{"spin", 1, 128 + 2},   // forwarded; the command dies of it
		{"wedged", 2, 128 + 2}, // the second ends the machine
	} {
		sig := make(chan os.Signal, 2)
		o := options(t, c.mode)
		o.Signals = sig
		o.OnReady = func() {
			for range c.send {
				sig <- syscall.SIGINT
			}
		}
		if r := Run(o); r.Status != c.status {
			t.Errorf("%s: %+v", c.mode, r)
		}
	}
}

func TestStdinStaysOpen(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	o := options(t, "spin")
	o.Stdin, o.Timeout = r, 300*time.Millisecond
	if res := Run(o); res.Status != StatusTimeout {
		t.Errorf("%+v", res)
	}
}

func TestMissingParts(t *testing.T) {
	o := options(t, "echo")
	o.Machine.Kernel = "/nonexistent/kernel.elf"
	if r := Run(o); r.Status != 125 || !strings.Contains(r.Problem, "run make first") {
		t.Errorf("%+v", r)
	}
	o = options(t, "echo")
	o.Machine.Binary = "qemu-system-nonexistent"
	if r := Run(o); r.Status != 125 || !strings.Contains(r.Problem, "not installed") {
		t.Errorf("%+v", r)
	}
	o = options(t, "echo")
	o.Cmd.Args = nil
	if r := Run(o); r.Status != 125 {
		t.Errorf("%+v", r)
	}
}

func TestKernelCommandLine(t *testing.T) {
	for _, c := range []struct {
		d                 qemu.Disk
		extra, init, want string
	}{
		{qemu.Virtio, "", "run /dev/hvc0", "console=ttyS0 root=/dev/vda1 -- run /dev/hvc0"},
		{qemu.AHCI, "sched=rr", "", "console=ttyS0 root=/dev/sda1 sched=rr"},
		{qemu.NoDisk, "ktest", "", "console=ttyS0 ktest"},
	} {
		if got := KernelCommandLine(c.d, c.extra, c.init); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestRing(t *testing.T) {
	var r ring
	for range 5 {
		r.write(bytes.Repeat([]byte("x"), ringSize/2))
	}
	r.write([]byte("the end"))
	if b := r.bytes(); len(b) > ringSize || !bytes.HasSuffix(b, []byte("the end")) {
		t.Errorf("%d bytes kept", len(b))
	}
}

func TestFailingStderrIsIgnored(t *testing.T) {
	o := options(t, "echo")
	o.Stderr = writerFunc(func([]byte) (int, error) { return 0, errors.New("never") })
	if r := Run(o); r.Status != 0 || !r.OK() {
		t.Errorf("%+v", r)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
