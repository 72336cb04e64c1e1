//go:build galago_user

package main

import (
	"galago/libc/sys"
)

// Traps and signals (XCU trap, 2.11). The handler only notes a signal; its action runs between two commands.

var signals = [...]struct{ name, text string }{{"EXIT", ""}, {"HUP", "Hangup"}, {"INT", "Interrupt"}, {"QUIT", "Quit"},
	{"ILL", "Illegal instruction"}, {"TRAP", "Trace/breakpoint trap"}, {"ABRT", "Aborted"}, {"BUS", "Bus error"},
	{"FPE", "Floating point exception"}, {"KILL", "Killed"}, {"USR1", "User defined signal 1"}, {"SEGV", "Segmentation fault"},
	{"USR2", "User defined signal 2"}, {"PIPE", "Broken pipe"}, {"ALRM", "Alarm clock"}, {"TERM", "Terminated"},
	{"STKFLT", "Stack fault"}, {"CHLD", ""}, {"CONT", ""}, {"STOP", ""}, {"TSTP", ""}, {"TTIN", ""}, {"TTOU", ""}, {"URG", ""},
	{"XCPU", "CPU time limit exceeded"}, {"XFSZ", "File size limit exceeded"}, {"VTALRM", "Virtual timer expired"},
	{"PROF", "Profiling timer expired"}, {"WINCH", ""}, {"IO", "I/O possible"}, {"PWR", "Power failure"}, {"SYS", "Bad system call"}}

// trap is what to do on a signal; index 0 is EXIT.
type trap struct {
	action  string // "": ignore
	set     bool
	ignored bool // when the shell was started: cannot be changed (XCU trap)
	touched bool // the disposition is not what it was when the shell was started
}

var (
	traps [len(signals)]trap

	// Written by the handler.
	pending    [len(signals)]bool
	anyPending bool
)

// caught is the signal handler.
func caught(sig int) {
	if sig < len(pending) {
		pending[sig] = true
		anyPending = true
	}
}

// signalNumber resolves a name, with or without SIG, or a number.
func signalNumber(s string) (int, bool) {
	if n, ok := number(s); ok {
		return n, n < 65
	}
	if len(s) > 3 && (s[:3] == "SIG" || s[:3] == "sig") {
		s = s[3:]
	}
	for i := range signals {
		if equalFold(signals[i].name, s) {
			return i, true
		}
	}
	return 0, false
}

// equalFold compares an upper-case name without regard to case.
func equalFold(name, s string) bool {
	if len(name) != len(s) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if name[i] != c {
			return false
		}
	}
	return true
}

// dispose sets what the process does on a signal by its trap and by the shell's mode.
func dispose(sig int) {
	t := &traps[sig]
	if sig == 0 || t.ignored {
		return
	}
	how := sys.Default
	switch {
	case t.set && t.action == "":
		how = sys.Ignore
	case t.set:
		how = sys.Catch
	case interactive && sig == sys.SIGINT:
		how = sys.Catch
	case interactive && (sig == sys.SIGQUIT || sig == sys.SIGTERM):
		how = sys.Ignore
	case opt.monitor && !subshell && (sig == sys.SIGTSTP || sig == sys.SIGTTIN || sig == sys.SIGTTOU):
		how = sys.Ignore
	}
	if how == sys.Default && !t.touched {
		return
	}
	old, e := sys.Signal(sig, how, true)
	if e != 0 {
		return
	}
	if !t.touched && old == sys.Ignore && !interactive {
		t.ignored = true
		sys.Signal(sig, sys.Ignore, true)
		return
	}
	t.touched = true
}

// restoreSignals gives a child the dispositions it should have: caught signals and those ignored by the shell for itself become
// default ones.
func restoreSignals() {
	for sig := 1; sig < len(traps); sig++ {
		t := &traps[sig]
		if t.touched && !t.ignored && !(t.set && t.action == "") {
			sys.Signal(sig, sys.Default, true)
		}
	}
}

// signalMask is what holdSignals has changed.
type signalMask struct {
	held bool
	old  uint64
}

// holdSignals blocks all signals around a fork if the child has dispositions to change before it may get one.
func holdSignals() signalMask {
	if !interactive && !anyTrap() {
		return signalMask{}
	}
	const block = 0
	return signalMask{true, sys.Sigprocmask(block, ^uint64(0))}
}

func letSignals(m signalMask) {
	const set = 2
	if m.held {
		sys.Sigprocmask(set, m.old)
	}
}

// clearTraps is for subshells: actions go, ignored signals stay ignored. The dispositions are default ones already.
func clearTraps() {
	for sig := range traps {
		t := &traps[sig]
		if t.set && t.action != "" {
			drop(t.action)
			t.action, t.set = "", false
		}
		if !t.set {
			t.touched = false
		}
		pending[sig] = false
	}
	anyPending = false
}

func anyTrap() bool {
	for i := range traps {
		if traps[i].set && traps[i].action != "" {
			return true
		}
	}
	return false
}

func setTrap(sig int, action string, reset bool) {
	t := &traps[sig]
	drop(t.action)
	t.action, t.set = "", false
	if !reset {
		t.action, t.set = keep(action), true
	}
	dispose(sig)
}

// runTraps runs the actions of signals that have come. ^C without a trap interrupts an interactive shell's command.
func runTraps() {
	for anyPending && unwind == none {
		anyPending = false
		for sig := range pending {
			if !pending[sig] {
				continue
			}
			pending[sig] = false
			switch {
			case traps[sig].set:
				runAction(sig)
			case sig == sys.SIGINT && interactive:
				sys.WriteAll(2, []byte("\n"))
				unwind = interrupted
			}
		}
	}
}

// runAction runs a trap's action; $? is afterwards what it was.
func runAction(sig int) {
	if traps[sig].action == "" {
		return
	}
	inRegion(func() {
		text := string([]byte(traps[sig].action)) // the action may change the trap
		before := status
		inTrap, trapStatus = true, before
		runText(text, currentLine, false)
		inTrap = false
		if unwind == none || unwind == returning || unwind == breaking || unwind == continuing {
			status = before
		}
	})
}

// Within a trap's action, exit without operand ends with the status from before it (XCU exit).
var (
	trapStatus int
	inTrap     bool
)

// runExitTrap runs the EXIT trap, once.
func runExitTrap() {
	if !traps[0].set || traps[0].action == "" {
		return
	}
	text := string([]byte(traps[0].action))
	before := status
	setTrap(0, "", true)
	unwind, loopDepth, callDepth, tested = none, 0, 0, 0
	inTrap, trapStatus = true, before
	runText(text, currentLine, false)
	inTrap = false
	if unwind != exiting && unwind != aborted {
		status = before
	}
}

// trapCommand is the built-in trap.
func trapCommand(args []string) int {
	args = args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		for sig := range traps {
			if traps[sig].set {
				puts("trap -- " + quote(traps[sig].action) + " " + signals[sig].name + "\n")
			}
		}
		return 0
	}
	action := args[0]
	_, isNumber := number(action)
	reset := isNumber || len(args) == 1
	if !reset {
		args = args[1:]
		reset = action == "-"
	}
	st := 0
	for _, a := range args {
		sig, ok := signalNumber(a)
		if !ok || sig >= len(traps) {
			report("trap: " + a + ": bad trap")
			st = 1
			continue
		}
		setTrap(sig, action, reset)
	}
	return st
}
