//go:build galago_user

package main

import (
	"runtime"

	"galago/kernel/errno"
	"galago/libc/match"
	"galago/libc/stdio"
	"galago/libc/sys"
)

// Execution of syntax trees.

var (
	lastStatus  int // $?
	lastAsync   int // $!
	shellPID    int // $$
	arg0        string
	currentLine int
	substStatus int // status of the last command substitution, for assignments

	// Unwinding: break and continue count loops, return and exit leave more.
	breaking, continuing int
	returning, exiting   bool
	loopDepth, funcDepth int

	errorSeen  bool // an expansion error: the command is given up
	errorCode  int
	inCond     int  // > 0: errexit is off (conditions)
	isSubshell bool // a forked child: no job control
)

func unwinding() bool { return breaking > 0 || continuing > 0 || returning || exiting || errorSeen }

// fail gives the current command up with a message.
func fail(msg string, code int) {
	if errorSeen {
		return
	}
	errorf(msg)
	errorSeen, errorCode = true, code
}

func failed() bool { return errorSeen }

func errorf(msg string) {
	stdio.Out.Flush()
	pre := arg0 + ": "
	if currentLine > 0 && !interactive {
		pre += itoa(int64(currentLine)) + ": "
	}
	sys.WriteAll(2, []byte(pre+msg+"\n"))
}

// run executes a tree and returns its status. last: the shell has nothing else to do, so an external command may replace it.
func run(n *node, last bool) int {
	if n == nil || unwinding() {
		return lastStatus
	}
	switch n.kind {
	case kSimple:
		return runSimple(n, last)
	case kSeq:
		st := lastStatus
		for i, c := range n.list {
			st = run(c, last && i == len(n.list)-1)
			if unwinding() {
				break
			}
			runTraps()
		}
		return st
	case kAnd, kOr:
		inCond++
		st := run(n.list[0], false)
		inCond--
		if !unwinding() && (st == 0) == (n.kind == kAnd) {
			st = run(n.list[1], last)
		}
		return setStatus(st)
	case kNot:
		inCond++
		st := run(n.list[0], false)
		inCond--
		return setStatus(int(b2i(st == 0)))
	case kPipe:
		return checkErrExit(runPipe(n))
	case kAsync:
		return runAsync(n.list[0])
	case kFunc:
		defineFunction(n.name, n.list[0])
		return setStatus(0)
	}
	return runCompound(n, last)
}

func setStatus(st int) int {
	lastStatus = st
	return st
}

// checkErrExit leaves the shell after a failed command under set -e.
func checkErrExit(st int) int {
	lastStatus = st
	if st != 0 && optErrExit && inCond == 0 && !unwinding() {
		exiting = true
	}
	return st
}

// runCompound executes a compound command with its redirections.
func runCompound(n *node, last bool) int {
	if n.kind == kSubshell {
		return checkErrExit(runSubshell(n))
	}
	if len(n.redirs) == 0 {
		return compound(n, last)
	}
	var saved savedFDs
	if !redirect(n.redirs, &saved) {
		saved.restore()
		return checkErrExit(1)
	}
	st := compound(n, false)
	stdio.Out.Flush()
	saved.restore()
	return st
}

func compound(n *node, last bool) int {
	switch n.kind {
	case kGroup:
		return run(n.list[0], last)
	case kIf:
		inCond++
		st := run(n.list[0], false)
		inCond--
		switch {
		case unwinding():
			return st
		case st == 0:
			return run(n.list[1], last)
		case len(n.list) > 2:
			return run(n.list[2], last)
		}
		return setStatus(0)
	case kWhile, kUntil:
		return runWhile(n)
	case kFor:
		return runFor(n)
	case kCase:
		return runCase(n, last)
	}
	return lastStatus
}

// loopOnce runs a loop's body in a region of its own; false: leave the loop.
func loopOnce(fn func()) bool {
	inRegion(fn)
	runTraps()
	if continuing > 0 {
		continuing--
		return continuing == 0
	}
	if breaking > 0 {
		breaking--
		return false
	}
	return !unwinding()
}

func runWhile(n *node) int {
	st := 0
	loopDepth++
	for {
		stop := false
		if !loopOnce(func() {
			inCond++
			c := run(n.list[0], false)
			inCond--
			if unwinding() {
				return
			}
			if (c == 0) != (n.kind == kWhile) {
				stop = true
				return
			}
			st = run(n.list[1], false)
		}) || stop {
			break
		}
	}
	loopDepth--
	return setStatus(st)
}

func runFor(n *node) int {
	items := positional.list
	if n.hasIn {
		items = expandWords(n.words)
	} else {
		items = append([]string(nil), items...)
	}
	if failed() {
		return setStatus(errorCode)
	}
	st := 0
	loopDepth++
	for _, it := range items {
		if !setVar(n.name, it) {
			st = 2
			break
		}
		if !loopOnce(func() { st = run(n.list[0], false) }) {
			break
		}
	}
	loopDepth--
	return setStatus(st)
}

func runCase(n *node, last bool) int {
	subject := expandString(n.words[0])
	for i := range n.cases {
		for _, p := range n.cases[i].patterns {
			if failed() {
				return setStatus(errorCode)
			}
			if match.Glob(expandPattern(p), subject) {
				if len(n.cases[i].body.list) == 0 {
					return setStatus(0)
				}
				return run(n.cases[i].body, last)
			}
		}
	}
	return setStatus(0)
}

// runSubshell runs ( ) in a child.
func runSubshell(n *node) int {
	pid := forkShell(true)
	if pid < 0 {
		return 2
	}
	if pid == 0 {
		var saved savedFDs
		if !redirect(n.redirs, &saved) {
			exitNow(1)
		}
		run(n.list[0], true)
		leave()
	}
	return waitForeground(pid, pid)
}

// leave ends a subshell with the status of what it ran.
func leave() {
	if errorSeen {
		lastStatus = errorCode
	}
	runExitTrap()
	exitNow(lastStatus)
}

func exitNow(code int) {
	stdio.Out.Flush()
	runtime.ExitNow(code)
}

// runPipe runs the commands of a pipeline at the same time, each in a child; the status is the last one's (or, with
// pipefail, the last failure's).
func runPipe(n *node) int {
	stdio.Out.Flush()
	pgrp := 0
	prev := -1
	pids := make([]int, len(n.list))
	for i, c := range n.list {
		r, w := -1, -1
		if i < len(n.list)-1 {
			var e sys.Errno
			if r, w, e = sys.Pipe2(sys.O_CLOEXEC); e != 0 {
				errorf("pipe: " + stdio.Message(e))
				break
			}
		}
		pid := forkJob(&pgrp, true)
		if pid == 0 {
			if prev >= 0 {
				sys.Dup2(prev, 0)
				sys.Close(prev)
			}
			if w >= 0 {
				sys.Dup2(w, 1)
				sys.Close(w)
				sys.Close(r)
			}
			run(c, true)
			leave()
		}
		pids[i] = pid
		if prev >= 0 {
			sys.Close(prev)
		}
		if w >= 0 {
			sys.Close(w)
		}
		prev = r
	}
	status := 0
	for i, pid := range pids {
		if pid <= 0 {
			status = 2
			continue
		}
		st := waitJob(pid, pgrp)
		if i == len(pids)-1 && !optPipeFail || optPipeFail && st != 0 {
			status = st
		}
	}
	takeTerminal()
	return status
}

// runAsync starts a command in the background.
func runAsync(n *node) int {
	stdio.Out.Flush()
	pgrp := 0
	pid := forkJob(&pgrp, false)
	if pid < 0 {
		return setStatus(2)
	}
	if pid == 0 {
		if !optMonitor {
			sys.Signal(sys.SIGINT, sys.Ignore, false)
			sys.Signal(sys.SIGQUIT, sys.Ignore, false)
			if fd, e := sys.Open("/dev/null", sys.O_RDONLY, 0); e == 0 {
				sys.Dup2(fd, 0)
				if fd > 0 {
					sys.Close(fd)
				}
			}
		}
		run(n, true)
		leave()
	}
	lastAsync = pid
	addJob(pid, pgrp, false)
	return setStatus(0)
}

// substitute runs a command substitution and returns its output without trailing newlines.
func substitute(text string) string {
	r, w, e := sys.Pipe2(sys.O_CLOEXEC)
	if e != 0 {
		fail("pipe: "+stdio.Message(e), 2)
		return ""
	}
	pid := forkShell(false)
	if pid < 0 {
		sys.Close(r)
		sys.Close(w)
		return ""
	}
	if pid == 0 {
		sys.Dup2(w, 1)
		sys.Close(w)
		sys.Close(r)
		runText(text, true)
		leave()
	}
	sys.Close(w)
	out, _ := stdio.ReadAll(r)
	sys.Close(r)
	substStatus = waitChild(pid)
	n := len(out)
	for n > 0 && out[n-1] == '\n' {
		n--
	}
	k := 0
	for _, c := range out[:n] { // NULs are dropped
		if c != 0 {
			out[k] = c
			k++
		}
	}
	return string(out[:k])
}

// runText parses and runs text as commands; it reports false on a syntax error.
func runText(text string, last bool) bool {
	p := parser{lexer: lexer{src: stringSource{}, buf: []byte(text), eof: true, line: max(currentLine, 1)}}
	for {
		n := p.command()
		if p.failed != "" {
			fail("syntax error: "+p.failed, 2)
			lastStatus = 2
			return false
		}
		if n == nil {
			return true
		}
		if optNoExec {
			continue
		}
		run(n, last && p.done())
		if unwinding() {
			return true
		}
	}
}

// runSimple executes a simple command.
func runSimple(n *node, last bool) int {
	currentLine = n.line
	substStatus = 0
	words := expandWords(n.words)
	if failed() {
		return setStatus(errorCode)
	}
	if len(words) == 0 {
		return runAssignments(n)
	}
	if optXTrace {
		trace(n, words)
	}
	name := words[0]
	if f := findFunction(name); f != nil {
		return checkErrExit(callFunction(f, n, words))
	}
	if b := findBuiltin(name); b != nil {
		return checkErrExit(callBuiltin(b, n, words))
	}
	return checkErrExit(runExternal(n, words, last))
}

// runAssignments handles a command without words: its assignments stay, its redirections are tried out.
func runAssignments(n *node) int {
	for _, a := range n.assigns {
		name, raw := splitAssign(a)
		v := expandString(raw)
		if failed() {
			return setStatus(errorCode)
		}
		if optXTrace {
			sys.WriteAll(2, []byte(prompt4()+name+"="+v+"\n"))
		}
		if !setVar(name, v) {
			errorSeen, errorCode = true, 2
			return setStatus(2)
		}
	}
	if len(n.redirs) > 0 {
		var saved savedFDs
		ok := redirect(n.redirs, &saved)
		saved.restore()
		if !ok {
			return checkErrExit(1)
		}
	}
	return checkErrExit(substStatus)
}

func prompt4() string {
	if v, ok := getVar("PS4"); ok {
		return v
	}
	return "+ "
}

func trace(n *node, words []string) {
	b := []byte(prompt4())
	for _, a := range n.assigns {
		name, raw := splitAssign(a)
		b = append(b, name+"="+expandString(raw)+" "...)
	}
	for i, w := range words {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, w...)
	}
	sys.WriteAll(2, append(b, '\n'))
}

// callFunction runs a function with its own positional parameters; assignments before it last for the call.
func callFunction(f *function, n *node, words []string) int {
	const maxDepth = 1000
	if funcDepth >= maxDepth {
		fail("function calls nest too deeply", 2)
		return errorCode
	}
	var saved savedFDs
	if !redirect(n.redirs, &saved) {
		saved.restore()
		return 1
	}
	temps := assignTemporarily(n.assigns)
	old := positional.list
	positional.list = keepList(words[1:])
	oldLoop, oldLocals := loopDepth, locals
	loopDepth, locals = 0, nil
	funcDepth++
	st := run(f.body, false)
	funcDepth--
	if returning {
		returning = false
		st = lastStatus
	}
	restoreLocals(locals)
	loopDepth, locals = oldLoop, oldLocals
	dropList(positional.list)
	positional.list = old
	restoreLocals(temps)
	stdio.Out.Flush()
	saved.restore()
	return st
}

// savedVar is a variable's state to go back to.
type savedVar struct {
	next               *savedVar
	name, value        string
	set, exported, was bool
}

var locals *savedVar

func saveVar(list *savedVar, name string) *savedVar {
	s := &savedVar{next: list, name: name}
	if v := lookup(name); v != nil {
		s.value, s.set, s.exported, s.was = keep(v.value), v.set, v.exported, true
	}
	return s
}

func restoreLocals(list *savedVar) {
	for s := list; s != nil; s = s.next {
		v := entry(s.name)
		drop(v.value)
		v.value, v.set, v.exported = s.value, s.set, s.exported
	}
}

func assignTemporarily(assigns []string) *savedVar {
	var list *savedVar
	for _, a := range assigns {
		name, raw := splitAssign(a)
		list = saveVar(list, name)
		setVar(name, expandString(raw))
		entry(name).exported = true
	}
	return list
}

// runExternal finds and runs a program.
func runExternal(n *node, words []string, last bool) int {
	stdio.Out.Flush()
	path, e := findProgram(words[0])
	if last && noTraps() && !interactive {
		execute(n, path, e, words)
	}
	pgrp := 0
	pid := forkJob(&pgrp, true)
	if pid < 0 {
		return 2
	}
	if pid == 0 {
		execute(n, path, e, words)
	}
	return waitForeground(pid, pgrp)
}

// execute becomes the program; it does not return.
func execute(n *node, path string, e sys.Errno, words []string) {
	var saved savedFDs
	if !redirect(n.redirs, &saved) {
		exitNow(1)
	}
	for _, a := range n.assigns {
		name, raw := splitAssign(a)
		setVar(name, expandString(raw))
		entry(name).exported = true
	}
	if e == 0 {
		e = execFile(path, words)
	}
	code := 126
	msg := stdio.Message(e)
	if e == errno.ENOENT {
		code, msg = 127, "not found"
	}
	errorf(words[0] + ": " + msg)
	exitNow(code)
}

// execFile is execve; a text file without #! is run as a script by the shell itself.
func execFile(path string, words []string) sys.Errno {
	env := environment()
	e := sys.Execve(path, words, env)
	if e == errno.ENOEXEC {
		argv := append([]string{"sh", path}, words[1:]...)
		return sys.Execve("/proc/self/exe", argv, env)
	}
	return e
}

// findProgram looks a name up in PATH.
func findProgram(name string) (string, sys.Errno) {
	for i := range len(name) {
		if name[i] == '/' {
			return name, 0
		}
	}
	path, ok := getVar("PATH")
	if !ok {
		path = "/bin:/sbin:/usr/bin:/usr/sbin"
	}
	result := errno.ENOENT
	for start, i := 0, 0; i <= len(path); i++ {
		if i < len(path) && path[i] != ':' {
			continue
		}
		full := name
		if i > start {
			full = path[start:i] + "/" + name
		}
		start = i + 1
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
