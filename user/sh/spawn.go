//go:build galago_user

package main

import (
	"runtime"

	"galago/kernel/errno"
	"galago/libc/stdio"
	"galago/libc/sys"
	"galago/user/sh/syntax"
)

// Programs: finding them, and starting them in children.

// external runs a program.
func (v *invocation) external() {
	var vars *savedVar
	if v.assign(&vars) {
		path, e := findProgram(v.words[0])
		if v.last && mayReplace() {
			flush()
			if !apply(v.redirs, nil) {
				sys.ExitNow(2)
			}
			if e == 0 {
				restoreSignals()
				e = execFile(path, v.words)
			}
			sys.ExitNow(notExecuted(v.words[0], e))
		}
		j := newJob("")
		if opt.monitor {
			j.setText(v.words)
		}
		l := &launch{path: path, err: e, words: v.words, env: environment(), redirs: v.redirs, in: -1, out: -1, foreground: true}
		if j.launch(l) {
			waitForeground(j)
		}
	}
	restoreVars(&vars)
}

// launch describes a program to be started in a child.
type launch struct {
	path       string
	err        sys.Errno // of the search for the program
	words, env []string
	redirs     []opened
	in, out    int // pipe ends to become standard input and output; -1: none
	other      int // the read end of the pipe that out belongs to
	pgrp       int // process group to enter, 0 for a new one, with job control
	mask       signalMask
	foreground bool
}

// launch starts l as a process of job j; false if that failed, with a message.
func (j *job) launch(l *launch) bool {
	flush()
	l.pgrp = j.pgrp
	pid := l.guarded()
	if pid < 0 {
		report("Cannot fork: " + stdio.Message(sys.Errno(-pid)))
		status = 2
		if len(j.procs) == 0 {
			j.remove()
		}
		return false
	}
	j.add(pid, l.foreground)
	return true
}

// guarded is start with signals held back in the child until its dispositions are right: a signal that the shell catches or ignores
// for itself must neither be lost nor, since memory is shared, reach the shell.
func (l *launch) guarded() int {
	l.mask = holdSignals()
	pid := l.start()
	letSignals(l.mask)
	return pid
}

// start is vfork(2) and execve(2): cheaper than fork, for the child borrows this process's memory until it executes. Nothing but
// the process number may be needed after the call, since the child uses the same stack: so the frame must be of its own.
//
//go:noinline
func (l *launch) start() int {
	pid := runtime.Vfork()
	if pid == 0 {
		l.child()
	}
	return int(pid)
}

// child prepares the new process and becomes the program. It does not return.
//
//go:noinline
func (l *launch) child() {
	enterGroup(l.pgrp, l.foreground)
	restoreSignals()
	letSignals(l.mask)
	connect(l.in, 0)
	connect(l.out, 1)
	if !apply(l.redirs, nil) {
		sys.ExitNow(2)
	}
	e := l.err
	if e == 0 {
		e = execEnv(l.path, l.words, l.env)
	}
	sys.ExitNow(notExecuted(l.words[0], e))
}

// connect makes a pipe's end a standard descriptor of a child; -1: nothing to do. It may be in its place already, if the shell's own
// standard descriptors are closed.
func connect(fd, to int) {
	switch {
	case fd < 0:
	case fd == to:
		sys.Fcntl(fd, sys.F_SETFD, 0)
	default:
		sys.Dup2(fd, to)
		sys.Close(fd)
	}
}

// enterGroup puts a child into its job's process group, and the group of a foreground job into the terminal's foreground.
func enterGroup(pgrp int, foreground bool) {
	if !opt.monitor || subshell {
		return
	}
	sys.Setpgid(0, pgrp)
	if foreground && pgrp == 0 && ttyFD >= 0 {
		sys.Tcsetpgrp(ttyFD, sys.Getpid())
	}
}

// notExecuted reports why a program did not start; the status is 127 if there is none, otherwise 126 (XCU 2.8.2).
func notExecuted(name string, e sys.Errno) int {
	code, msg := 126, stdio.Message(e)
	if e == errno.ENOENT || e == errno.ENOTDIR {
		code, msg = 127, "not found"
	}
	report(name + ": " + msg)
	return code
}

func execFile(path string, words []string) sys.Errno { return execEnv(path, words, environment()) }

// execEnv is execve; a file of a format the kernel does not know is a script for this shell.
func execEnv(path string, words, env []string) sys.Errno {
	e := sys.Execve(path, words, env)
	if e == errno.ENOEXEC {
		e = sys.Execve("/proc/self/exe", append([]string{"sh", path}, words[1:]...), env)
	}
	return e
}

// findProgram looks a name up in PATH.
func findProgram(name string) (string, sys.Errno) {
	if index(name, '/') < len(name) {
		return name, 0
	}
	path, ok := getVar("PATH")
	if !ok {
		path = "/bin:/sbin:/usr/bin:/usr/sbin"
	}
	result := errno.ENOENT
	for rest, more := path, name != ""; more; {
		n := index(rest, ':')
		full := name
		if n > 0 {
			full = rest[:n] + "/" + name
		}
		more = n < len(rest)
		rest = rest[min(n+1, len(rest)):]
		var st sys.Stat
		if sys.StatPath(full, &st) != 0 || st.Mode&sys.S_IFMT != sys.S_IFREG {
			continue
		}
		const executable = 1
		if e := sys.Access(full, executable); e != 0 {
			result = e
			continue
		}
		return full, 0
	}
	return "", result
}

// pure reports whether expanding a command's words has no effect on the shell and depends on nothing but variables: then it may be
// done by the shell itself for a command that belongs into a child.
func pure(c *syntax.Simple) bool {
	if len(c.Words) == 0 || len(c.Assigns) > 0 || c.Words[0].Lit() == "" || opt.xtrace {
		return false
	}
	for _, w := range c.Words {
		if !pureWord(w) {
			return false
		}
	}
	for _, r := range c.Redirs {
		if !pureWord(r.Target) {
			return false
		}
	}
	return true
}

func pureWord(w *syntax.Word) bool {
	if opt.nounset {
		return w.Plain
	}
	for i := range w.Parts {
		p := &w.Parts[i]
		if p.Kind != syntax.Literal && (p.Kind != syntax.Param || p.Op != syntax.OpNone) {
			return false
		}
	}
	return true
}

// program returns a launch for c if it is a program with pure words; nil if the shell itself has to run c.
func program(c syntax.Command) *launch {
	s, ok := c.(*syntax.Simple)
	if !ok || !pure(s) {
		return nil
	}
	if name := s.Words[0].Lit(); findBuiltin(name) != nil || findFunction(name) != nil {
		return nil
	}
	currentLine = s.Line
	words, ok := expandWords(s.Words)
	if !ok || len(words) == 0 {
		return nil
	}
	redirs, ok := prepare(s.Redirs)
	if !ok {
		return nil
	}
	l := &launch{words: words, redirs: redirs, env: environment(), in: -1, out: -1}
	l.path, l.err = findProgram(words[0])
	return l
}

// forkShell forks the shell; the child is a subshell, in the process group of job j unless that is nil.
func forkShell(j *job, foreground bool) (int, sys.Errno) {
	flush()
	mask := holdSignals()
	pid, e := sys.Fork()
	if pid == 0 && e == 0 {
		if j != nil {
			enterGroup(j.pgrp, foreground)
		}
		enterSubshell()
	}
	letSignals(mask)
	return pid, e
}

// forkInto forks the shell itself into job j; true in the child.
func forkInto(j *job, foreground bool) bool {
	pid, e := forkShell(j, foreground)
	if e != 0 {
		report("Cannot fork: " + stdio.Message(e))
		status = 2
		unwind = aborted
		if len(j.procs) == 0 {
			j.remove()
		}
		return false
	}
	if pid == 0 {
		return true
	}
	j.add(pid, foreground)
	return false
}

// enterSubshell makes this process a subshell: traps are reset, jobs belong to the parent.
func enterSubshell() {
	subshell, interactive = true, false
	restoreSignals()
	clearTraps()
	forgetJobs()
	opt.monitor = false
	loopDepth = 0
}

// substitute runs a command substitution: its output without the newlines at the end. NULs are dropped.
func substitute(body *syntax.List) (out, msg string) {
	r, w, e := sys.Pipe2(sys.O_CLOEXEC)
	if e != 0 {
		return "", "pipe: " + stdio.Message(e)
	}
	pid := startSubstitution(body, w)
	sys.Close(w)
	if pid < 0 {
		sys.Close(r)
		return "", "Cannot fork"
	}
	b, _ := readAll(r)
	sys.Close(r)
	substState = waitChild(pid)
	n := len(b)
	for n > 0 && b[n-1] == '\n' {
		n--
	}
	k := 0
	for _, c := range b[:n] {
		if c != 0 {
			b[k] = c
			k++
		}
	}
	return string(b[:k]), ""
}

// startSubstitution starts a child with standard output w. It stays in the shell's process group.
func startSubstitution(body *syntax.List, w int) int {
	flush()
	if len(body.Items) == 1 && !body.Items[0].Async {
		if l := program(body.Items[0].Cmd); l != nil {
			l.out = w
			control := opt.monitor
			opt.monitor = false
			pid := l.guarded()
			opt.monitor = control
			return pid
		}
	}
	pid, e := forkShell(nil, false)
	if e != 0 {
		return -1
	}
	if pid > 0 {
		return pid
	}
	connect(w, 1)
	tested = 0
	run(body, true)
	leave()
	return 0
}
