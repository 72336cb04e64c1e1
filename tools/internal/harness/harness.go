// Package harness runs every test of the system and sums them up: host unit tests, in-kernel tests, user programs on Linux and on
// Galago, boots of many machines, and special tests that need more than one machine.
//
// A Job is a unit of scheduling; it emits one Result per test. Jobs share nothing but the Context, which has a lock for what changes in it: each machine
// gets its own copy of the disk image. Jobs marked Alone run one at a time before the others, because they use all CPUs
// themselves; those marked Last run when all others have ended.
package harness

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"galago/tools/internal/guest"
	"galago/tools/internal/qemu"
	"galago/tools/internal/runproto"
	"galago/tools/internal/sparse"
	"galago/tools/internal/store"
)

// Context is what all jobs need to know.
type Context struct {
	Root       string // the checkout
	Kernel     string // the kernel as shipped
	TestKernel string // the kernel with in-kernel tests
	Image      string // the disk image
	Galago     string // this command
	Quick      bool   // shorter loops
	Match      func(name string) bool

	auditor auditor
}

// Result is the outcome of one test.
type Result struct {
	Suite, Name string
	OK          bool
	Skipped     bool // neither passed nor failed
	Detail      string
	Time        time.Duration
}

// FullName is the name that patterns match.
func (r *Result) FullName() string { return r.Suite + "/" + r.Name }

// Job is something to run.
type Job struct {
	Suite, Name string
	Alone       bool // uses all CPUs
	Last        bool // looks at what the others left in the Context: runs after them
	Slow        bool // left out by --quick
	Run         func(c *Context, emit func(Result))
}

// FullName is the name that patterns match.
func (j *Job) FullName() string { return j.Suite + "/" + j.Name }

// single makes a job of a function that is one test. A panic in it is a failure of that test alone.
func single(suite, name string, f func(c *Context) error) Job {
	return Job{Suite: suite, Name: name, Run: func(c *Context, emit func(Result)) {
		start := time.Now()
		err := protect(func() error { return f(c) })
		r := Result{Suite: suite, Name: name, OK: err == nil, Time: time.Since(start)}
		if err != nil {
			r.Detail = err.Error()
		}
		emit(r)
	}}
}

// protect turns a panic into an error.
func protect(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the test itself failed: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// Jobs lists everything there is to run.
func Jobs(c *Context) ([]Job, error) {
	list := []Job{hostJob()}
	list = append(list, ktestJobs()...)
	user, err := userJobs(c)
	if err != nil {
		return nil, err
	}
	list = append(list, user...)
	list = append(list, bootJobs(c)...)
	list = append(list, contractJobs()...)
	list = append(list, busyboxJobs()...)
	list = append(list, debianJobs()...)
	list = append(list, gostdJobs()...)
	list = append(list, urootJobs()...)
	list = append(list, specialJobs()...)
	list = append(list, abuseJobs()...)
	parsers, err := fuzzJobs(c)
	if err != nil {
		return nil, err
	}
	list = append(list, parsers...)
	return append(list, coverageJob(len(user))), nil
}

// Select keeps the jobs that a pattern (a regular expression; empty matches all) and quick let through. The host job
// is kept if the pattern could mean one of its packages; it filters by itself.
func Select(list []Job, pattern string, quick bool) (kept []Job, match func(string) bool, err error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, nil, err
	}
	for _, j := range list {
		host := j.Suite == hostSuite && (pattern == "" || strings.HasPrefix(strings.TrimPrefix(pattern, "^"), hostSuite))
		if (host || j.Suite != hostSuite && re.MatchString(j.FullName())) && !(quick && j.Slow) {
			kept = append(kept, j)
		}
	}
	return kept, re.MatchString, nil
}

// Run runs jobs on a number of workers and hands each result to report, one at a time.
func Run(c *Context, list []Job, workers int, report func(Result)) {
	var mu sync.Mutex
	emit := func(r Result) {
		mu.Lock()
		defer mu.Unlock()
		report(r)
	}
	var rest, last []Job
	for _, j := range list {
		switch {
		case j.Alone:
			j.Run(c, emit)
		case j.Last:
			last = append(last, j)
		default:
			rest = append(rest, j)
		}
	}
	queue := make(chan Job)
	var wg sync.WaitGroup
	for range max(1, workers) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range queue {
				j.Run(c, emit)
			}
		}()
	}
	for _, j := range rest {
		queue <- j
	}
	close(queue)
	wg.Wait()
	for _, j := range last {
		j.Run(c, emit)
	}
}

// machine describes one boot of a test.
type machine struct {
	kernel    string // "" for the shipped one
	model     string // QEMU's name of the machine; "" for q35
	smp       int
	mem       string
	disk      qemu.Disk
	transport qemu.Transport
	append    string
	add       []store.Addition
	image     *os.File // used in place; nil for a throw-away copy
	stdin     string
	cwd       string
	timeout   time.Duration
	onStart   func(kill func(), pid int)
	stdout    func(p []byte) // sees output as it comes; may be nil
}

// outcome is a finished run with its output.
type outcome struct {
	guest.Result
	stdout, stderr string
}

// boot runs a command in a fresh machine.
func (c *Context) boot(m machine, args ...string) (outcome, error) {
	image := m.image
	if image == nil {
		copied, err := c.copyImage()
		if err != nil {
			return outcome{}, err
		}
		defer copied.Close()
		image = copied
	}
	if err := store.Add(image, m.add, store.Observer{}); err != nil {
		return outcome{}, err
	}
	if m.timeout == 0 {
		m.timeout = 60 * time.Second
	}
	if m.cwd == "" {
		m.cwd = "/"
	}
	q := qemu.Config{Kernel: cmp.Or(m.kernel, c.Kernel), Machine: m.model, SMP: m.smp, Mem: m.mem, Disk: m.disk, Transport: m.transport, Image: image}
	q.Fill()
	q.Append = guest.KernelCommandLine(q.Disk, m.append, "run "+q.Transport.GuestPath())
	var stdout, stderr strings.Builder
	out := writer(func(p []byte) {
		stdout.Write(p)
		if m.stdout != nil {
			m.stdout(p)
		}
	})
	r := guest.Run(guest.Options{
		Machine: q, Timeout: m.timeout, Stdin: strings.NewReader(m.stdin), Stdout: out, Stderr: &stderr, OnStart: m.onStart,
		Cmd: runproto.Cmd{Dir: m.cwd, Args: args, Env: testEnv("/bin:/sbin:/usr/bin:/usr/sbin")},
	})
	return outcome{r, stdout.String(), stderr.String()}, nil
}

// testEnv is the environment of every test program, on Linux and in the guest.
func testEnv(path string) []string {
	return []string{"PATH=" + path, "HOME=/", "LC_ALL=C", "TZ=UTC"}
}

// writer is an io.Writer made of a function.
type writer func(p []byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

// copyImage makes an unnamed copy of the disk image.
func (c *Context) copyImage() (*os.File, error) {
	base, err := os.Open(c.Image)
	if err != nil {
		return nil, fmt.Errorf("no disk image (run make first): %w", err)
	}
	defer base.Close()
	f, err := sparse.Temp(filepath.Dir(c.Image))
	if err != nil {
		return nil, err
	}
	if err := sparse.Clone(f, base); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// explain turns an unexpected outcome into an error with everything that helps.
func (o *outcome) explain(format string, args ...any) error {
	var b strings.Builder
	fmt.Fprintf(&b, format, args...)
	fmt.Fprintf(&b, "\nstatus %d", o.Status)
	if o.Problem != "" {
		fmt.Fprintf(&b, " (%s)", o.Problem)
	}
	section := func(title, text string) {
		if text != "" {
			fmt.Fprintf(&b, "\n--- %s\n%s", title, tail(text, 4000))
		}
	}
	section("stdout", o.stdout)
	section("stderr", o.stderr)
	section("kernel log", strings.ReplaceAll(string(o.Log), "\r", ""))
	return fmt.Errorf("%s", strings.TrimRight(b.String(), "\n"))
}

// expect checks status and standard output.
func (o *outcome) expect(status int, stdout string) error {
	if o.Status != status || o.stdout != stdout {
		return o.explain("want status %d and stdout %q", status, stdout)
	}
	return nil
}

// tail cuts a text to its last n bytes.
func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return "[…]" + s[len(s)-n:]
}
