//go:build galago_user

package main

import (
	"galago/kernel/errno"
	"galago/libc/stdio"
	"galago/libc/sys"
)

// Job control, and the built-ins for jobs: jobs, fg, bg, wait, kill.

// switchMonitor turns job control on or off (set -m). With it, each job has a process group of its own, and the foreground job owns
// the terminal.
func switchMonitor(on bool) {
	if subshell {
		return
	}
	if !on {
		if ttyFD >= 0 {
			sys.Close(ttyFD)
			ttyFD = -1
		}
	} else {
		acquireTerminal()
	}
	for _, sig := range [...]int{sys.SIGTSTP, sys.SIGTTIN, sys.SIGTTOU} {
		dispose(sig)
	}
}

// acquireTerminal finds the terminal and makes the shell its foreground process group.
func acquireTerminal() {
	for _, from := range [...]int{0, 1, 2} {
		if !sys.Isatty(from) {
			continue
		}
		fd, e := sys.Fcntl(from, sys.F_DUPFD_CLOEXEC, firstPrivate)
		if e != 0 {
			continue
		}
		ttyFD = fd
		break
	}
	shellGroup = sys.Getpgrp()
	if ttyFD < 0 || !interactive {
		return
	}
	sys.Signal(sys.SIGTTOU, sys.Ignore, true)
	traps[sys.SIGTTOU].touched = true
	sys.Setpgid(0, 0)
	shellGroup = sys.Getpgrp()
	if sys.Tcsetpgrp(ttyFD, shellGroup) != 0 {
		report("can't access tty; job control turned off")
		sys.Close(ttyFD)
		ttyFD = -1
		opt.monitor = false
	}
}

func jobsCommand(args []string) int {
	reap(false)
	pids := false
	for args = args[1:]; len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-'; args = args[1:] {
		pids = pids || args[0] == "-p"
	}
	if len(args) > 0 {
		for _, a := range args {
			j := findJob(a)
			if j == nil {
				return usage("jobs: No such job: " + a)
			}
			j.list(pids)
		}
		return 0
	}
	highest := 0
	for j := jobs; j != nil; j = j.next {
		highest = max(highest, j.num)
	}
	for n := 1; n <= highest; n++ {
		if j := findJob("%" + itoa(n)); j != nil {
			j.list(pids)
		}
	}
	return 0
}

// list prints a job for the built-in jobs; one that is done has been told of then.
func (j *job) list(pids bool) {
	if pids {
		puts(itoa(j.procs[0].pid) + "\n")
		return
	}
	j.show(1)
	j.notified = true
	if j.state() == done && interactive {
		j.remove()
	}
}

func jobOperand(args []string) *job {
	spec := ""
	if len(args) > 1 {
		spec = args[1]
	}
	j := findJob(spec)
	if j == nil || j.state() == done {
		report(args[0] + ": No such job")
		return nil
	}
	if j.pgrp == 0 {
		report(args[0] + ": job not created under job control")
		return nil
	}
	return j
}

// resume lets a stopped job run on.
func (j *job) resume() {
	for i := range j.procs {
		if j.procs[i].state == stopped {
			j.procs[i].state = running
		}
	}
	sys.Kill(-j.pgrp, sys.SIGCONT)
}

func fgCommand(args []string) int {
	j := jobOperand(args)
	if j == nil {
		return 2
	}
	puts(j.text + "\n")
	flush()
	if ttyFD >= 0 {
		sys.Tcsetpgrp(ttyFD, j.pgrp)
	}
	j.background = false
	j.resume()
	waitForeground(j)
	return status
}

func bgCommand(args []string) int {
	j := jobOperand(args)
	if j == nil {
		return 2
	}
	puts("[" + itoa(j.num) + "] " + j.text + "\n")
	j.background = true
	j.resume()
	return 0
}

// waitCommand waits for all children, or for those named; a trapped signal ends it early (XCU 2.11).
func waitCommand(args []string) int {
	args = operands(args)
	if len(args) == 0 {
		for running := true; running; {
			running = false
			for j := jobs; j != nil; j = j.next {
				running = running || j.state() == 0
			}
			if running {
				if st, stop := waitStep(); stop {
					return st
				}
			}
		}
		for j := jobs; j != nil; {
			next := j.next
			if j.state() == done {
				j.remove()
			}
			j = next
		}
		return 0
	}
	st := 0
	for _, a := range args {
		if _, ok := number(a); !ok && (a == "" || a[0] != '%') {
			return usage("wait: Illegal number: " + a)
		}
		j := findJob(a)
		if j == nil {
			st = 127
			continue
		}
		for j.state() == running {
			if st, stop := waitStep(); stop {
				return st
			}
		}
		st = j.waitStatus().ShellStatus()
		if j.state() == done {
			j.remove()
		}
	}
	return st
}

// waitStep waits for one event; stop: a signal came, and its trap has run.
func waitStep() (st int, stop bool) {
	e := collect(0)
	if e == errno.ECHILD {
		for j := jobs; j != nil; j = j.next {
			for i := range j.procs {
				j.procs[i].state = done
			}
		}
	}
	for sig := range pending {
		if pending[sig] {
			runTraps()
			return 128 + sig, true
		}
	}
	return 0, false
}

func killCommand(args []string) int {
	args = args[1:]
	sig := sys.SIGTERM
	if len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		name := args[0][1:]
		args = args[1:]
		switch {
		case name == "-":
			name = "TERM"
		case name == "l":
			return listSignals(args)
		case name == "s":
			if len(args) == 0 {
				return usage("kill: -s needs a signal")
			}
			name, args = args[0], args[1:]
		}
		var ok bool
		if sig, ok = signalNumber(name); !ok {
			return usage("kill: invalid signal number or name: " + name)
		}
		if len(args) > 0 && args[0] == "--" {
			args = args[1:]
		}
	}
	if len(args) == 0 {
		return usage("kill: usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or kill -l [exitstatus]")
	}
	st := 0
	for _, a := range args {
		pid, ok := target(a)
		if !ok {
			report("kill: Illegal number: " + a)
			st = 2
		} else if e := sys.Kill(pid, sig); e != 0 {
			report("kill: " + stdio.Message(e))
			st = 1
		}
	}
	return st
}

// target resolves an operand of kill: a process, a group (negative), or a job.
func target(a string) (int, bool) {
	if a == "" {
		return 0, false
	}
	switch a[0] {
	case '%':
		j := findJob(a)
		switch {
		case j == nil:
			return 0, false
		case j.pgrp != 0:
			return -j.pgrp, true
		}
		return j.procs[0].pid, true
	case '-':
		n, ok := number(a[1:])
		return -n, ok
	}
	return number(a)
}

// listSignals is kill -l: all names, or the name of a signal or of one that an exit status tells of.
func listSignals(args []string) int {
	if len(args) == 0 {
		for i := 1; i < len(signals); i++ {
			puts(signals[i].name + "\n")
		}
		return 0
	}
	for _, a := range args {
		n, ok := number(a)
		if n > 128 {
			n -= 128
		}
		if !ok || n == 0 || n >= len(signals) {
			return usage("kill: invalid signal number or exit status: " + a)
		}
		puts(signals[n].name + "\n")
	}
	return 0
}
