//go:build galago_user

package main

import (
	"runtime"
	"unsafe"

	"galago/kernel/errno"
	"galago/libc/sys"
)

// Jobs: the children of the shell, by pipeline. Every child belongs to one from its start until its status has been used.

type procState uint8

const (
	running procState = iota
	stopped
	done
)

type process struct {
	pid   int
	state procState
	ws    sys.WaitStatus
}

type job struct {
	next       *job
	num        int // for %num
	pgrp       int // process group, with job control
	procs      []process
	text       string
	background bool
	notified   bool // the user has been told of its state
}

var (
	jobs       *job // the newest first; the first one that is stopped or in the background is the current job
	ttyFD      = -1 // the terminal, with job control
	shellGroup int
)

// newJob makes a job without processes.
func newJob(text string) *job {
	j := create[job]()
	j.num = 1
	for k := jobs; k != nil; k = k.next {
		j.num = max(j.num, k.num+1)
	}
	j.next = jobs
	if opt.monitor {
		j.text = keep(text)
	}
	jobs = j
	return j
}

func (j *job) setText(words []string) {
	text := ""
	for i, w := range words {
		if i > 0 {
			text += " "
		}
		text += w
	}
	drop(j.text)
	j.text = keep(text)
}

// add records a new child.
func (j *job) add(pid int, foreground bool) {
	if opt.monitor && !subshell {
		sys.Setpgid(pid, j.pgrp) // the child does the same: whoever comes first
		if j.pgrp == 0 {
			j.pgrp = pid
			if foreground && ttyFD >= 0 {
				sys.Tcsetpgrp(ttyFD, pid)
			}
		}
	}
	n := len(j.procs)
	size := unsafe.Sizeof(process{})
	list := unsafe.Slice((*process)(runtime.Alloc(uintptr(n+1)*size)), n+1)
	copy(list, j.procs)
	list[n] = process{pid: pid}
	runtime.Free(unsafe.Pointer(unsafe.SliceData(j.procs)))
	j.procs = list
}

// remove forgets a job.
func (j *job) remove() {
	for p := &jobs; *p != nil; p = &(*p).next {
		if *p == j {
			*p = j.next
			break
		}
	}
	runtime.Free(unsafe.Pointer(unsafe.SliceData(j.procs)))
	drop(j.text)
	discard(j)
}

func forgetJobs() {
	for jobs != nil {
		jobs.remove()
	}
}

// state is running if a process runs, otherwise stopped if one is stopped, otherwise done.
func (j *job) state() procState {
	s := done
	for i := range j.procs {
		s = min(s, j.procs[i].state)
	}
	return s
}

// waitStatus is the status of the last process; with pipefail, of the last one that failed.
func (j *job) waitStatus() sys.WaitStatus {
	ws := j.procs[len(j.procs)-1].ws
	if opt.pipefail {
		for i := len(j.procs) - 1; i >= 0 && ws == 0; i-- {
			ws = j.procs[i].ws
		}
	}
	return ws
}

// collect waits for a change of state of any child. It returns ECHILD when there is none, EAGAIN when options has WNOHANG and
// nothing has happened, EINTR after a signal.
func collect(options int) sys.Errno {
	if opt.monitor && !subshell {
		options |= sys.WUNTRACED | sys.WCONTINUED
	}
	pid, ws, e := sys.Wait4(-1, options)
	if e != 0 {
		return e
	}
	if pid == 0 {
		return errno.EAGAIN
	}
	for j := jobs; j != nil; j = j.next {
		for i := range j.procs {
			p := &j.procs[i]
			if p.pid != pid || p.state == done {
				continue
			}
			switch {
			case ws.Continued():
				p.state = running
			case ws.Stopped():
				p.state, p.ws = stopped, ws
				j.notified = false
			default:
				p.state, p.ws = done, ws
			}
			return 0
		}
	}
	return 0
}

// waitForeground waits until a job ends or stops, takes the terminal back and sets status.
func waitForeground(j *job) {
	if len(j.procs) == 0 {
		return
	}
	for j.state() == running {
		if e := collect(0); e == errno.ECHILD {
			for i := range j.procs {
				j.procs[i].state = done
			}
		}
	}
	if ttyFD >= 0 && opt.monitor && !subshell {
		sys.Tcsetpgrp(ttyFD, shellGroup)
	}
	ws := j.waitStatus()
	if j.state() == stopped {
		for i := range j.procs {
			if j.procs[i].state == stopped {
				ws = j.procs[i].ws
			}
		}
		status = 128 + ws.StopSignal()
		j.background, j.notified = true, true
		j.promote()
		sys.WriteAll(2, []byte("\n"))
		j.show(2)
		return
	}
	status = ws.ShellStatus()
	j.remove()
	announce(ws)
}

// promote makes j the current job.
func (j *job) promote() {
	for p := &jobs; *p != nil; p = &(*p).next {
		if *p == j {
			*p = j.next
			break
		}
	}
	j.next = jobs
	jobs = j
}

// announce tells of a death by signal, and passes ^C on to an interactive shell's command.
func announce(ws sys.WaitStatus) {
	if !ws.Signaled() {
		return
	}
	switch sig := ws.Signal(); sig {
	case sys.SIGINT:
		if interactive {
			sys.WriteAll(2, []byte("\n"))
			if unwind == none {
				unwind = interrupted
			}
		}
	case sys.SIGPIPE:
	default:
		sys.WriteAll(2, []byte(deathText(ws)+"\n"))
	}
}

func deathText(ws sys.WaitStatus) string {
	msg := "Signal " + itoa(ws.Signal())
	if sig := ws.Signal(); sig < len(signals) && signals[sig].text != "" {
		msg = signals[sig].text
	}
	if ws.CoreDump() {
		msg += " (core dumped)"
	}
	return msg
}

// waitChild waits for a child that belongs to no job.
func waitChild(pid int) int {
	for {
		_, ws, e := sys.Wait4(pid, 0)
		switch {
		case e == errno.EINTR:
			continue
		case e != 0:
			return 127
		}
		if ws.Signaled() && ws.Signal() == sys.SIGINT {
			announce(ws)
		}
		return ws.ShellStatus()
	}
}

// show prints a job as jobs does: number, current job, state, text.
func (j *job) show(fd int) {
	mark := " "
	switch {
	case j == jobs:
		mark = "+"
	case j == jobs.next:
		mark = "-"
	}
	state := "Running"
	switch j.state() {
	case stopped:
		state = "Stopped"
	case done:
		ws := j.waitStatus()
		switch {
		case ws.Signaled():
			state = deathText(ws)
		case ws.ExitCode() != 0:
			state = "Done(" + itoa(ws.ExitCode()) + ")"
		default:
			state = "Done"
		}
	}
	for len(state) < 24 {
		state += " "
	}
	line := "[" + itoa(j.num) + "] " + mark + " " + state + j.text + "\n"
	if fd == 1 {
		puts(line)
	} else {
		sys.WriteAll(fd, []byte(line))
	}
}

// reap collects what has happened meanwhile; an interactive shell tells of it before the prompt. Statuses of old background
// children that nobody waits for are dropped beyond a limit.
func reap(tell bool) {
	if jobs == nil {
		return
	}
	for collect(sys.WNOHANG) == 0 {
	}
	const remembered = 64
	finished := 0
	for j := jobs; j != nil; {
		next := j.next
		s := j.state()
		switch {
		case s == done && tell && !j.notified:
			j.show(2)
			j.remove()
		case s == stopped && tell && !j.notified:
			j.show(2)
			j.notified = true
		case s == done:
			if finished++; finished > remembered {
				j.remove()
			}
		}
		j = next
	}
}

// findJob resolves %number, %%, %+, %-, %text, %?text and a process number.
func findJob(spec string) *job {
	if spec != "" && spec[0] != '%' {
		pid, ok := number(spec)
		for j := jobs; j != nil && ok; j = j.next {
			if n := len(j.procs); n > 0 && j.procs[n-1].pid == pid {
				return j
			}
		}
		return nil
	}
	switch spec {
	case "", "%", "%%", "%+":
		return jobs
	case "%-":
		if jobs != nil {
			return jobs.next
		}
		return nil
	}
	spec = spec[1:]
	num, isNumber := number(spec)
	for j := jobs; j != nil; j = j.next {
		switch {
		case isNumber:
			if j.num == num {
				return j
			}
		case spec[0] == '?':
			if contains(j.text, spec[1:]) {
				return j
			}
		case len(j.text) >= len(spec) && j.text[:len(spec)] == spec:
			return j
		}
	}
	return nil
}

func contains(s, sub string) bool {
	for i := 0; i+len(sub) <= len(s); i++ {
		if s[i:i+len(sub)] == sub {
			return true
		}
	}
	return false
}
