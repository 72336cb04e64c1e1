//go:build galago

// Package ktest runs tests inside the kernel: of what no user program can see and no hosted test can stand for, such as context
// switches, interrupts, page tables and several CPUs. The tests themselves are in package suite, built with tag ktest.
//
// A test is a function that takes a *T and reports to it. Tests run one after the other in one thread; what they start they
// must end. Around each test the harness counts frames, objects and threads: a test that leaks fails. As the kernel keeps stocks that
// use fills (kernel stacks, radix nodes), a test that seems to leak runs again; a real leak shows in every run.
//
// The report on the console: "ktest: ok NAME", "ktest: FAIL NAME: reason" and at last "ktest: done P passed, F failed".
package ktest

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// T is what a test reports to. Its methods may be called from the test's own thread only.
type T struct {
	name   string
	failed bool
}

// test is an entry of the registry.
type test struct {
	name string
	fn   func(t *T)
}

const maxTests = 256

var (
	tests  [maxTests]test
	nTests int
	run    T // the running test; static, as it goes to a function through a pointer
)

// Register adds a test, in an init function. The name is "package/what", without blanks.
func Register(name string, fn func(t *T)) {
	if nTests == maxTests {
		panic("ktest: too many tests")
	}
	tests[nTests] = test{name, fn}
	nTests++
}

// Fail reports why the test fails; the first report counts. The test goes on, so that it can clean up.
func (t *T) Fail(reason string) {
	if !t.failed {
		klog.Printf("ktest: FAIL %s: %s", t.name, reason)
	}
	t.failed = true
}

// Check fails the test unless ok, and returns ok.
func (t *T) Check(ok bool, what string) bool {
	if !ok {
		t.Fail(what)
	}
	return ok
}

// Equal fails the test unless got is want.
func (t *T) Equal(got, want uint64, what string) bool {
	if got != want && !t.failed {
		klog.Printf("ktest: FAIL %s: %s: %d (%x) instead of %d (%x)", t.name, what, got, got, want, want)
		t.failed = true
	}
	return got == want
}

// OK fails the test unless e is no error.
func (t *T) OK(e errno.Errno, what string) bool {
	if e != errno.OK && !t.failed {
		klog.Printf("ktest: FAIL %s: %s: %s", t.name, what, e.Name())
		t.failed = true
	}
	return e == errno.OK
}

// Failed tells whether the test has failed already.
func (t *T) Failed() bool { return t.failed }

// matches tells whether a name contains the pattern.
func matches(name, pattern string) bool {
	for i := 0; i+len(pattern) <= len(name); i++ {
		if name[i:i+len(pattern)] == pattern {
			return true
		}
	}
	return false
}

// Run runs the tests whose names contain the pattern and returns how many failed.
func Run(pattern string) (failed int) {
	passed := 0
	for i := range tests[:nTests] {
		x := &tests[i]
		if !matches(x.name, pattern) {
			continue
		}
		if runOne(x) {
			klog.Printf("ktest: ok %s", x.name)
			passed++
		} else {
			failed++
		}
	}
	klog.Printf("ktest: done %d passed, %d failed", passed, failed)
	return failed
}

// The leak check's figures: from before the test, and the difference last found.
var (
	before     mem.Census
	frames     int64
	threads    int
	leakName   string
	leakChange int64
)

// leakRuns is how often a test runs that seems to leak.
const leakRuns = 4

// runOne runs a test, several times if it seems to leak.
func runOne(x *test) bool {
	for range leakRuns {
		run = T{name: x.name}
		drain()
		before.Take()
		frames, threads = mem.TakeSnapshot().Frames, sched.NumThreads()
		x.fn(&run)
		mem.FailNth(0)
		if run.failed {
			return false
		}
		if settled() {
			return true
		}
	}
	klog.Printf("ktest: FAIL %s: leak: %s %d", x.name, leakName, leakChange)
	return false
}

// drain empties the CPUs' stocks of kernel stacks.
func drain() {
	me := sched.Current()
	old := me.Affinity()
	for cpu := range arch.NumCPU() {
		if me.SetAffinity(1<<uint(cpu)) == errno.OK {
			sched.DrainStacks()
		}
	}
	me.SetAffinity(old)
}

// settled waits a while for figures to return to what they were: threads and deferred work end in their own time.
func settled() bool {
	for range 40 {
		if !leaking() {
			return true
		}
		sched.Sleep(5e6)
		drain()
	}
	return false
}

func leaking() bool {
	leakName = ""
	if n := sched.NumThreads(); n > threads {
		leakName, leakChange = "threads", int64(n-threads)
		return true
	}
	before.Diff(grown)
	if leakName == "" {
		if n := mem.TakeSnapshot().Frames; n > frames {
			leakName, leakChange = "frames", n-frames
		}
	}
	return leakName != ""
}

func grown(name string, change int64) {
	if change > 0 {
		leakName, leakChange = name, change
	}
}
