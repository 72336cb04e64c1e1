package harness

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"galago/tools/internal/guest"
	"galago/tools/internal/qemu"
)

// The ktest suite: the test kernel tests itself, on several numbers of CPUs, and reports on its console.

const ktestTimeout = 5 * time.Minute

func ktestJobs() (list []Job) {
	for _, smp := range []int{1, 2, 4} {
		suite := fmt.Sprintf("ktest-smp%d", smp)
		list = append(list, Job{Suite: suite, Name: "all", Slow: smp == 1, Run: func(c *Context, emit func(Result)) {
			k := &ktestLog{suite: suite, emit: emit, last: time.Now()}
			if err := k.run(c, smp); err != nil {
				emit(Result{Suite: suite, Name: "kernel", Detail: err.Error()})
			}
		}})
	}
	return list
}

// ktestLog is an io.Writer that understands the kernel's report.
type ktestLog struct {
	suite string
	emit  func(Result)
	line  []byte
	last  time.Time // when the previous test ended

	passed, failed int
	done           bool
	saidPassed     int // what the kernel counted itself
	saidFailed     int
}

// run boots the test kernel and checks that what it says, what it counted and how it exited agree.
func (k *ktestLog) run(c *Context, smp int) error {
	if _, err := os.Stat(c.TestKernel); err != nil {
		return fmt.Errorf("no test kernel: %w", err)
	}
	q := qemu.Config{Kernel: c.TestKernel, SMP: smp, Mem: "512M", Disk: qemu.NoDisk}
	if _, err := os.Stat(c.Image); err == nil {
		image, err := c.copyImage()
		if err != nil {
			return err
		}
		defer image.Close()
		q.Disk, q.Image = qemu.Virtio, image
	}
	q.Append = guest.KernelCommandLine(q.Disk, "ktest", "")
	r, err := guest.Console(q, ktestTimeout, k)
	if err != nil {
		return err
	}
	return k.verdict(&r)
}

func (k *ktestLog) verdict(r *guest.ConsoleRun) error {
	log := "\n--- kernel log\n" + tail(strings.ReplaceAll(string(r.Log), "\r", ""), 6000)
	switch {
	case r.TimedOut:
		return fmt.Errorf("not finished after %v%s", ktestTimeout, log)
	case r.Status == qemu.StatusPanic:
		return fmt.Errorf("kernel panic%s", log)
	case !k.done:
		return fmt.Errorf("the kernel stopped before the end of its tests (QEMU status %d) %s%s", r.Status, r.QEMU, log)
	case k.saidPassed != k.passed || k.saidFailed != k.failed:
		return fmt.Errorf("the kernel counted %d passed, %d failed, but reported %d and %d%s", k.saidPassed, k.saidFailed, k.passed, k.failed, log)
	case k.failed == 0 && r.Status != qemu.StatusTestPass, k.failed > 0 && r.Status != qemu.StatusTestFail:
		return fmt.Errorf("QEMU ended with status %d after %d failures%s", r.Status, k.failed, log)
	case k.passed+k.failed == 0:
		return fmt.Errorf("the kernel ran no tests%s", log)
	}
	return nil
}

// Write takes the console apart into lines.
func (k *ktestLog) Write(p []byte) (int, error) {
	k.line = append(k.line, p...)
	for {
		i := bytes.IndexByte(k.line, '\n')
		if i < 0 {
			return len(p), nil
		}
		k.oneLine(strings.TrimRight(string(k.line[:i]), "\r"))
		k.line = k.line[i+1:]
	}
}

// Report lines; the kernel's log may put a time stamp before them.
var (
	ktestResult = regexp.MustCompile(`\bktest: (ok|FAIL) (\S+?):?(?: (.*))?$`)
	ktestDone   = regexp.MustCompile(`\bktest: done (\d+) passed, (\d+) failed`)
)

func (k *ktestLog) oneLine(line string) {
	if m := ktestDone.FindStringSubmatch(line); m != nil {
		k.done = true
		k.saidPassed, _ = strconv.Atoi(m[1]) // the pattern admits digits only
		k.saidFailed, _ = strconv.Atoi(m[2])
		return
	}
	m := ktestResult.FindStringSubmatch(line)
	if m == nil {
		return
	}
	now := time.Now()
	r := Result{Suite: k.suite, Name: m[2], OK: m[1] == "ok", Time: now.Sub(k.last)}
	k.last = now
	if r.OK {
		k.passed++
	} else {
		k.failed++
		r.Detail = m[3]
	}
	k.emit(r)
}
