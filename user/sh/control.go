//go:build galago_user

package main

import (
	"galago/kernel/errno"
	"galago/libc/stdio"
	"galago/libc/sys"
)

// Traps and signals, and the built-ins for jobs.

var signalList = [...]string{"EXIT", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
	"TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"}

// traps holds what to do on a signal (0: EXIT); set tells whether there is a trap, "" ignores.
var traps [len(signalList)]struct {
	action  string
	set     bool
	pending bool
	ignored bool // since the shell started: cannot be trapped
}

var trapPending bool

func signalNumber(s string) int {
	if digits(s) {
		if n := atoi(s); n < len(signalList) {
			return n
		}
		return -1
	}
	if len(s) > 3 && s[:3] == "SIG" {
		s = s[3:]
	}
	for i, name := range signalList {
		if name == s {
			return i
		}
	}
	return -1
}

func caught(sig int) {
	if sig < len(traps) {
		traps[sig].pending = true
		trapPending = true
	}
}

func defaultOrIgnored(sig int) int {
	if traps[sig].set && traps[sig].action == "" {
		return sys.Ignore
	}
	return sys.Default
}

// resetTraps gives a subshell default actions; ignored signals stay ignored.
func resetTraps() {
	for sig := range traps {
		t := &traps[sig]
		if t.set && t.action != "" {
			t.set = false
			if sig > 0 {
				sys.Signal(sig, sys.Default, false)
			}
		}
	}
}

func noTraps() bool {
	for i := range traps {
		if traps[i].set && traps[i].action != "" {
			return false
		}
	}
	return true
}

// runTraps runs the actions of signals that have come.
func runTraps() {
	for trapPending && !unwinding() {
		trapPending = false
		for sig := range traps {
			t := &traps[sig]
			if !t.pending {
				continue
			}
			t.pending = false
			if t.set && t.action != "" {
				st := lastStatus
				runText(t.action, false)
				if !exiting {
					lastStatus = st
				}
			}
		}
	}
}

func runExitTrap() {
	if t := &traps[0]; t.set && t.action != "" {
		t.set = false
		st := lastStatus
		exiting, returning, errorSeen, breaking, continuing = false, false, false, 0, 0
		runText(t.action, false)
		if !exiting {
			lastStatus = st
		}
	}
}

func biTrap(args []string) int {
	args = args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		for i := range traps {
			if traps[i].set {
				stdio.Puts("trap -- " + quote(traps[i].action) + " " + signalList[i] + "\n")
			}
		}
		return 0
	}
	action, reset := args[0], false
	if digits(action) || len(args) == 1 {
		reset = true
	} else {
		args = args[1:]
		reset = action == "-"
	}
	st := 0
	for _, a := range args {
		sig := signalNumber(a)
		if sig < 0 {
			errorf("trap: " + a + ": bad trap")
			st = 1
			continue
		}
		setTrap(sig, action, reset)
	}
	return st
}

func setTrap(sig int, action string, reset bool) {
	t := &traps[sig]
	drop(t.action)
	t.action, t.set = "", false
	how := sys.Default
	if !reset {
		t.action, t.set = keep(action), true
		how = sys.Catch
		if action == "" {
			how = sys.Ignore
		}
	}
	if sig == 0 {
		return
	}
	if how == sys.Default && interactive {
		switch sig {
		case sys.SIGINT:
			how = sys.Catch
		case sys.SIGQUIT, sys.SIGTERM, sys.SIGTSTP, sys.SIGTTIN, sys.SIGTTOU:
			how = sys.Ignore
		}
	}
	sys.Signal(sig, how, true)
}

func biKill(args []string) int {
	args = args[1:]
	sig := sys.SIGTERM
	if len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		switch opt := args[0][1:]; opt {
		case "l":
			for i, name := range signalList[1:] {
				stdio.Printf("%2d) %s\n", i+1, name)
			}
			return 0
		case "s":
			if len(args) < 2 {
				return usage("kill: -s needs a signal")
			}
			sig = signalNumber(args[1])
			args = args[1:]
		case "-":
		default:
			sig = signalNumber(opt)
		}
		args = args[1:]
	}
	if sig < 0 {
		return usage("kill: unknown signal")
	}
	if len(args) == 0 {
		return usage("kill: usage: kill [-s signal | -signal] pid ...")
	}
	st := 0
	for _, a := range args {
		pid, ok := 0, true
		switch {
		case a[0] == '%':
			j := findJob(a)
			ok = j >= 0
			if ok {
				pid = -jobs[j].pgrp
				if jobs[j].pgrp == 0 {
					pid = jobs[j].pid
				}
			}
		case a[0] == '-' && digits(a[1:]):
			pid = -atoi(a[1:])
		case digits(a):
			pid = atoi(a)
		default:
			ok = false
		}
		if !ok {
			errorf("kill: Illegal number: " + a)
			st = 2
			continue
		}
		if e := sys.Kill(pid, sig); e != 0 {
			errorf("kill: " + stdio.Message(e))
			st = 1
		}
	}
	return st
}

// biWait waits for all background children, or for those named.
func biWait(args []string) int {
	if len(args) == 1 {
		for {
			pid, st, e := sys.Wait4(-1, 0)
			if e == errno.EINTR {
				if trapPending {
					runTraps()
					return 130
				}
				continue
			}
			if e != 0 {
				break
			}
			note(pid, st)
		}
		for i := range jobs {
			jobs[i] = job{}
		}
		return 0
	}
	st := 0
	for _, a := range args[1:] {
		st = waitNamed(a)
	}
	return st
}

func waitNamed(spec string) int {
	j := findJob(spec)
	if j < 0 {
		return 127
	}
	for !jobs[j].done {
		pid, ws, e := sys.Wait4(-1, 0)
		if e == errno.EINTR {
			if trapPending {
				runTraps()
				return 130
			}
			continue
		}
		if e != 0 {
			return 127
		}
		note(pid, ws)
	}
	st := jobs[j].status.ShellStatus()
	jobs[j] = job{}
	return st
}

func biJobs(args []string) int {
	reapJobs()
	for i := range jobs {
		j := &jobs[i]
		if !j.used {
			continue
		}
		state := "Running"
		switch {
		case j.done:
			state = "Done"
		case j.stopped:
			state = "Stopped"
		}
		stdio.Printf("[%d] %s %d\n", i+1, state, j.pid)
		if j.done {
			j.used = false
		}
	}
	return 0
}

func jobArgument(args []string) *job {
	spec := ""
	if len(args) > 1 {
		spec = args[1]
	}
	i := findJob(spec)
	if i < 0 {
		errorf(args[0] + ": No such job")
		return nil
	}
	return &jobs[i]
}

func (j *job) resume() {
	j.stopped = false
	if j.pgrp != 0 {
		sys.Kill(-j.pgrp, sys.SIGCONT)
	} else {
		sys.Kill(j.pid, sys.SIGCONT)
	}
}

func biFg(args []string) int {
	j := jobArgument(args)
	if j == nil {
		return 2
	}
	if ttyFD >= 0 && j.pgrp != 0 {
		sys.Tcsetpgrp(ttyFD, j.pgrp)
	}
	pid, pgrp := j.pid, j.pgrp
	j.resume()
	st := waitForeground(pid, pgrp)
	if i := findJob(itoa(int64(pid))); i >= 0 && !jobs[i].stopped {
		jobs[i] = job{}
	}
	return st
}

func biBg(args []string) int {
	j := jobArgument(args)
	if j == nil {
		return 2
	}
	j.resume()
	return 0
}
