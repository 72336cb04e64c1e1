package harness

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// At power-off the test kernel says which system calls programs made and what is still in use (kernel/syscall/audit.go). The
// harness adds up the calls of the user suite, and compares what is left after each test with what an idle machine leaves.

// audit is one machine's report.
type audit struct {
	calls map[string]calls
	left  map[string]int
}

// calls counts how often a call was entered, and how often it returned without an error.
type calls struct{ came, returned int }

var auditLine = regexp.MustCompile(`(?m)\baudit: (call|left) (\S+) (\d+)(?: (\d+))?\r?$`)

// parseAudit reads a kernel log.
func parseAudit(log []byte) (a audit) {
	a.calls, a.left = make(map[string]calls), make(map[string]int)
	for _, m := range auditLine.FindAllStringSubmatch(string(log), -1) {
		n, _ := strconv.Atoi(m[3]) // the pattern admits digits only
		k, _ := strconv.Atoi(m[4])
		if m[1] == "call" {
			a.calls[m[2]] = calls{n, k}
		} else {
			a.left[m[2]] = n
		}
	}
	return a
}

// slack is what may be left beyond an idle machine's: kernel threads end in their own time, init's buffers grow with what it
// forwards, caches of metadata keep what their volume refers to, and the inode that files without a name share is made once.
var slack = map[string]int{
	"threads": 3, "thread": 3, "varea": 3, "frames": 100, "galfs_buf": 1 << 20, "galfs_buf_table": 64, "galfs_freed": 1 << 20,
	"radix_node": 200, "radix_node_vm": 16, "vm_area": 2, "anon_inode": 1,
}

// leaks lists what a machine left that an idle one does not.
func (a *audit) leaks(idle *audit) error {
	var list []string
	for name, n := range a.left {
		if n > idle.left[name]+slack[name] {
			list = append(list, fmt.Sprintf("%s %d (idle: %d)", name, n, idle.left[name]))
		}
	}
	if len(list) == 0 {
		return nil
	}
	sort.Strings(list)
	return fmt.Errorf("left behind: %s", strings.Join(list, ", "))
}

// auditor keeps what tests share: idle machines' reports, and the sum of the calls. The zero value is ready.
type auditor struct {
	mu    sync.Mutex
	idle  map[string]audit // by kind of machine; guarded by mu
	calls map[string]calls // guarded by mu
	tests int              // whose calls were added; guarded by mu
}

// add adds the calls of a test.
func (x *auditor) add(a *audit) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.calls == nil {
		x.calls = make(map[string]calls)
	}
	for name, n := range a.calls {
		sum := x.calls[name]
		x.calls[name] = calls{sum.came + n.came, sum.returned + n.returned}
	}
	x.tests++
}

// idleAudit is what a machine of m's kind leaves that does nothing.
func (c *Context) idleAudit(m machine) (audit, error) {
	x := &c.auditor
	kind := fmt.Sprint(m.smp, m.mem, m.disk)
	x.mu.Lock()
	a, ok := x.idle[kind]
	x.mu.Unlock()
	if ok {
		return a, nil
	}
	o, err := c.boot(machine{kernel: m.kernel, smp: m.smp, mem: m.mem, disk: m.disk}, "/bin/true")
	if err != nil {
		return audit{}, err
	}
	a = parseAudit(o.Log)
	if !o.OK() || o.Status != 0 || len(a.left) == 0 {
		return audit{}, o.explain("an idle machine gives no audit")
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.idle == nil {
		x.idle = make(map[string]audit)
	}
	x.idle[kind] = a
	return a, nil
}

// auditTest judges a finished test on the test kernel.
func (c *Context) auditTest(m machine, o *outcome) error {
	a := parseAudit(o.Log)
	if len(a.left) == 0 {
		return o.explain("the test kernel gives no audit")
	}
	c.auditor.add(&a)
	idle, err := c.idleAudit(m)
	if err != nil {
		return err
	}
	return a.leaks(&idle)
}
