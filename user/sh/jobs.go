//go:build galago_user

package main

import (
	"galago/kernel/errno"
	"galago/libc/stdio"
	"galago/libc/sys"
)

// Child processes and job control.

type job struct {
	pid, pgrp int
	status    sys.WaitStatus
	done      bool
	stopped   bool
	used      bool
}

const maxJobs = 64

var (
	jobs       [maxJobs]job
	ttyFD      = -1 // the terminal, with job control
	shellGroup int
)

func privateFD(fd int) bool { return fd == ttyFD }

// startJobControl makes the shell its terminal's foreground group.
func startJobControl() {
	fd, e := sys.Fcntl(0, sys.F_DUPFD_CLOEXEC, firstPrivate)
	if e != 0 || !sys.Isatty(fd) {
		return
	}
	ttyFD = fd
	for _, sig := range [...]int{sys.SIGTSTP, sys.SIGTTIN, sys.SIGTTOU} {
		sys.Signal(sig, sys.Ignore, false)
	}
	if sys.Getpgrp() != sys.Getpid() {
		sys.Setpgid(0, 0)
	}
	shellGroup = sys.Getpgrp()
	if sys.Tcsetpgrp(ttyFD, shellGroup) != 0 {
		ttyFD = -1
		return
	}
	optMonitor = true
}

func takeTerminal() {
	if optMonitor && ttyFD >= 0 && !isSubshell {
		sys.Tcsetpgrp(ttyFD, shellGroup)
	}
}

// forkShell forks for a part of the shell itself.
func forkShell(jobControl bool) int {
	if jobControl {
		pgrp := 0
		return forkJob(&pgrp, true)
	}
	stdio.Out.Flush()
	pid, e := sys.Fork()
	if e != 0 {
		errorf("Cannot fork: " + stdio.Message(e))
		return -1
	}
	if pid == 0 {
		becomeSubshell()
	}
	return pid
}

func becomeSubshell() {
	isSubshell = true
	interactive = false
	resetTraps()
	sys.Signal(sys.SIGINT, defaultOrIgnored(sys.SIGINT), false)
	for _, sig := range [...]int{sys.SIGQUIT, sys.SIGTERM, sys.SIGTSTP, sys.SIGTTIN, sys.SIGTTOU} {
		sys.Signal(sig, defaultOrIgnored(sig), false)
	}
	for i := range jobs {
		jobs[i] = job{}
	}
}

// forkJob forks a command of a job. With job control it goes into the job's process group, which the first one makes; a
// foreground job gets the terminal.
func forkJob(pgrp *int, foreground bool) int {
	stdio.Out.Flush()
	control := optMonitor && !isSubshell
	pid, e := sys.Fork()
	if e != 0 {
		errorf("Cannot fork: " + stdio.Message(e))
		return -1
	}
	if pid == 0 {
		if control {
			sys.Setpgid(0, *pgrp)
			if foreground && ttyFD >= 0 && *pgrp == 0 {
				sys.Tcsetpgrp(ttyFD, sys.Getpid())
			}
		}
		becomeSubshell()
		optMonitor = false
		return 0
	}
	if control {
		sys.Setpgid(pid, *pgrp)
		if *pgrp == 0 {
			*pgrp = pid
			if foreground && ttyFD >= 0 {
				sys.Tcsetpgrp(ttyFD, pid)
			}
		}
	}
	return pid
}

// waitForeground waits for one command and takes the terminal back.
func waitForeground(pid, pgrp int) int {
	st := waitJob(pid, pgrp)
	takeTerminal()
	return st
}

// waitJob waits until a child ends or stops.
func waitJob(pid, pgrp int) int {
	options := 0
	if optMonitor && !isSubshell {
		options = sys.WUNTRACED
	}
	for {
		got, st, e := sys.Wait4(-1, options)
		if e == errno.EINTR {
			continue
		}
		if e != 0 {
			return 127
		}
		if got != pid {
			note(got, st)
			continue
		}
		if st.Stopped() {
			i := addJob(pid, pgrp, true)
			sys.WriteAll(2, []byte("\n["+itoa(int64(i+1))+"] Stopped\n"))
			return 128 + st.StopSignal()
		}
		return ended(st)
	}
}

// waitChild waits for one child whatever else happens.
func waitChild(pid int) int {
	for {
		_, st, e := sys.Wait4(pid, 0)
		if e == errno.EINTR {
			continue
		}
		if e != 0 {
			return 127
		}
		return st.ShellStatus()
	}
}

var signalNames = [...]string{1: "Hangup", 3: "Quit", 4: "Illegal instruction", 5: "Trace/breakpoint trap", 6: "Aborted", 7: "Bus error",
	8: "Floating point exception", 9: "Killed", 11: "Segmentation fault", 14: "Alarm clock", 15: "Terminated"}

// ended reports a death by signal, as shells do, and returns the status.
func ended(st sys.WaitStatus) int {
	if st.Signaled() {
		sig := st.Signal()
		switch {
		case sig == sys.SIGINT:
			if interactive {
				sys.WriteAll(2, []byte("\n"))
			}
		case sig != sys.SIGPIPE && sig < len(signalNames) && signalNames[sig] != "":
			msg := signalNames[sig]
			if st.CoreDump() {
				msg += " (core dumped)"
			}
			sys.WriteAll(2, []byte(msg+"\n"))
		}
	}
	return st.ShellStatus()
}

// note records the end or stop of a background child.
func note(pid int, st sys.WaitStatus) {
	for i := range jobs {
		j := &jobs[i]
		if j.used && j.pid == pid {
			j.status, j.stopped = st, st.Stopped()
			j.done = !st.Stopped() && !st.Continued()
			return
		}
	}
}

// addJob remembers a background or stopped child.
func addJob(pid, pgrp int, stopped bool) int {
	slot := 0
	for i := range jobs {
		if jobs[i].used && jobs[i].pid == pid {
			slot = i
			jobs[i].stopped = stopped
			return i
		}
	}
	for i := range jobs {
		if !jobs[i].used {
			slot = i
			break
		}
		if jobs[i].done {
			slot = i
		}
	}
	jobs[slot] = job{pid: pid, pgrp: pgrp, stopped: stopped, used: true}
	if interactive && !stopped {
		sys.WriteAll(2, []byte("["+itoa(int64(slot+1))+"] "+itoa(int64(pid))+"\n"))
	}
	return slot
}

// reapJobs collects children that have ended meanwhile, and tells the user before a prompt.
func reapJobs() {
	for {
		pid, st, e := sys.Wait4(-1, sys.WNOHANG|sys.WUNTRACED|sys.WCONTINUED)
		if e != 0 || pid == 0 {
			break
		}
		note(pid, st)
	}
	for i := range jobs {
		if j := &jobs[i]; j.used && j.done && interactive {
			sys.WriteAll(2, []byte("["+itoa(int64(i+1))+"] Done\n"))
			j.used = false
		}
	}
}

// findJob resolves %N, %%, %+ or a process number; -1: none.
func findJob(spec string) int {
	if spec == "" || spec == "%%" || spec == "%+" || spec == "%" {
		for i := maxJobs - 1; i >= 0; i-- {
			if jobs[i].used && !jobs[i].done {
				return i
			}
		}
		return -1
	}
	if spec[0] == '%' {
		n := atoi(spec[1:]) - 1
		if n >= 0 && n < maxJobs && jobs[n].used {
			return n
		}
		return -1
	}
	pid := atoi(spec)
	for i := range jobs {
		if jobs[i].used && jobs[i].pid == pid {
			return i
		}
	}
	return -1
}
