package harness

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"galago/tools/internal/systable"
)

// The coverage suite: whether every system call that the table says is supported was made, with success, by a user test. It
// runs last, after the whole user suite.

const coverageSuite = "coverage"

// noReturn are calls that never return a result, and one that no test may make on the host: being entered must do.
var noReturn = map[string]bool{"exit": true, "exit_group": true, "pause": true, "rt_sigsuspend": true, "reboot": true}

func coverageJob(userTests int) Job {
	return Job{Suite: coverageSuite, Name: "syscalls", Last: true, Run: func(c *Context, emit func(Result)) {
		start := time.Now()
		r := Result{Suite: coverageSuite, Name: "syscalls", OK: true}
		c.auditor.mu.Lock()
		if err := covered(c.Root, c.auditor.calls); err != nil {
			r.OK, r.Detail = false, err.Error()
			if n := c.auditor.tests; n < userTests { // those that failed say so themselves
				r.OK, r.Skipped = true, true
				r.Detail += fmt.Sprintf("\n(only %d of %d user tests came so far as to count)", n, userTests)
			}
		}
		c.auditor.mu.Unlock()
		r.Time = time.Since(start)
		emit(r)
	}}
}

// covered compares the table with the calls made.
func covered(root string, made map[string]calls) error {
	rows, err := systable.Read(root)
	if err != nil {
		return err
	}
	supported := 0
	var never, failed []string
	for _, r := range rows {
		if r.Level == "Error" {
			continue
		}
		supported++
		switch n := made[r.Name]; {
		case n.came == 0:
			never = append(never, r.Name)
		case n.returned == 0 && !noReturn[r.Name]:
			failed = append(failed, r.Name)
		}
	}
	if len(never)+len(failed) == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "of %d supported calls no user test makes %d: %s", supported, len(never), strings.Join(never, " "))
	if len(failed) > 0 {
		fmt.Fprintf(&b, "\nand %d never succeed: %s", len(failed), strings.Join(failed, " "))
	}
	return errors.New(b.String())
}
