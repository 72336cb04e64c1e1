//go:build galago_user

package main

import (
	"galago/libc/sys"
	"galago/user/sh/expand"
	"galago/user/sh/syntax"
)

// Execution of syntax trees. Each run function leaves the exit status in status. Commands that change the flow of control (break,
// return, exit, errors, ^C) set unwind, and everything returns up to where it is caught.

type unwinding uint8

const (
	none        unwinding = iota
	breaking              // levels loops are to be left
	continuing            // levels-1 loops are to be left, the next one goes on
	returning             // a function or a script read by . ends
	exiting               // the shell ends
	aborted               // an error: an interactive shell gives its command up, another one ends
	interrupted           // ^C in an interactive shell
)

var (
	status     int // $?
	lastAsync  int // $!
	shellPID   int // $$
	arg0       string
	substState int // exit status of the last command substitution
	unwind     unwinding
	levels     int
	loopDepth  int
	callDepth  int // functions and scripts read by .
	tested     int // > 0: inside a condition, where set -e does nothing

	currentLine int
	interactive bool
	subshell    bool // a forked child: no job control
)

// report prints a message with the place.
func report(msg string) {
	flush()
	prefix := arg0 + ": "
	if !interactive {
		prefix += itoa(currentLine) + ": "
	}
	sys.WriteAll(2, []byte(prefix+msg+"\n"))
}

// abort gives the command up with a message (XCU 2.8.1): a shell that is not interactive ends with status 2.
func abort(msg string) {
	report(msg)
	status = 2
	unwind = aborted
}

// run executes a command. last: the process has nothing else to do, so the last program may take its place.
func run(c syntax.Command, last bool) {
	if unwind != none {
		return
	}
	switch c := c.(type) {
	case *syntax.Simple:
		runSimple(c, last)
	case *syntax.List:
		runList(c, last)
	case *syntax.Binary:
		tested++
		run(c.X, false)
		tested--
		if unwind == none && (status == 0) != c.Or {
			run(c.Y, last)
		}
	case *syntax.Pipeline:
		runPipeline(c, last)
	case *syntax.Redirected:
		runRedirected(c)
	case *syntax.Subshell:
		runSubshell(c, last)
		checkError()
	case *syntax.Group:
		runList(c.Body, last)
	case *syntax.If:
		runIf(c, last)
	case *syntax.Loop:
		runLoop(c)
	case *syntax.For:
		runFor(c)
	case *syntax.Case:
		runCase(c, last)
	case *syntax.FuncDef:
		defineFunction(c.Name, c.Body)
		status = 0
	}
}

// checkError ends the shell after a failed command under set -e (XCU set).
func checkError() {
	if status != 0 && opt.errexit && tested == 0 && unwind == none {
		unwind = exiting
	}
}

func runList(l *syntax.List, last bool) {
	for i := range l.Items {
		it := &l.Items[i]
		if it.Async {
			runAsync(it)
		} else {
			run(it.Cmd, last && i == len(l.Items)-1)
		}
		runTraps()
		if unwind != none {
			return
		}
	}
}

func runIf(c *syntax.If, last bool) {
	tested++
	run(c.Cond, false)
	tested--
	switch {
	case unwind != none:
	case status == 0:
		run(c.Then, last)
	case c.Else != nil:
		run(c.Else, last)
	default:
		status = 0
	}
}

// loopBody runs one round of a loop in a region of its own; false: the loop is over.
func loopBody(fn func()) bool {
	inRegion(fn)
	switch unwind {
	case none:
		return true
	case breaking, continuing:
		if levels--; levels > 0 {
			return false
		}
		again := unwind == continuing
		unwind = none
		return again
	}
	return false
}

func runLoop(c *syntax.Loop) {
	result := 0
	over := false
	loopDepth++
	round := func() {
		tested++
		run(c.Cond, false)
		tested--
		if unwind != none {
			return
		}
		if (status == 0) == c.Until {
			over = true
			return
		}
		run(c.Body, false)
		result = status
	}
	for loopBody(round) && !over {
	}
	loopDepth--
	if unwind == none {
		status = result
	}
}

func runFor(c *syntax.For) {
	currentLine = c.Line
	inRegion(func() {
		items := append([]string(nil), positional.list...)
		for i, s := range items {
			items[i] = string([]byte(s)) // the body may set the parameters anew
		}
		if c.In {
			var ok bool
			if items, ok = expandWords(c.Words); !ok {
				return
			}
		}
		status = 0
		loopDepth++
		for _, s := range items {
			if msg := setVar(c.Name, s); msg != "" {
				abort(msg)
				break
			}
			if !loopBody(func() { run(c.Body, false) }) {
				break
			}
		}
		loopDepth--
	})
}

func runCase(c *syntax.Case, last bool) {
	currentLine = c.Line
	substState = 0
	subject, ok := expandString(c.Word)
	if !ok {
		return
	}
	for i := range c.Items {
		for _, p := range c.Items[i].Patterns {
			pat, ok := expandPattern(p)
			if !ok {
				return
			}
			if expand.Match(pat, subject) {
				status = 0
				run(c.Items[i].Body, last)
				return
			}
		}
	}
	status = 0
}

func runRedirected(c *syntax.Redirected) {
	inRegion(func() {
		list, ok := prepare(c.Redirs)
		if !ok {
			return
		}
		var saved savedFDs
		if !apply(list, &saved) {
			saved.restore()
			status = 2
			checkError()
			return
		}
		run(c.Cmd, false)
		flush()
		saved.restore()
	})
}

// runSubshell runs ( ) in a child, or in this process if it is about to end anyway.
func runSubshell(c *syntax.Subshell, last bool) {
	if last && mayReplace() {
		enterSubshell()
		run(c.Body, true)
		leave()
	}
	j := newJob("")
	if forkInto(j, true) {
		run(c.Body, true)
		leave()
	}
	waitForeground(j)
}

// mayReplace tells whether a program may take the shell's place at its end: no trap is left to run.
func mayReplace() bool { return !interactive && !anyTrap() }

// leave ends a subshell.
func leave() {
	finish()
}

// finish ends the shell with the exit status, after the EXIT trap.
func finish() {
	runExitTrap()
	flush()
	sys.ExitNow(status)
}

// textSource is a script in memory.
type textSource struct {
	text string
	at   int
}

// Next returns the next line.
func (s *textSource) Next(bool) []byte {
	rest := s.text[s.at:]
	n := min(index(rest, '\n')+1, len(rest))
	s.at += n
	line := []byte(rest[:n])
	if opt.verbose {
		sys.WriteAll(2, line)
	}
	return line
}

// over reports that nothing but blank space is left.
func (s *textSource) over() bool {
	for i := s.at; i < len(s.text); i++ {
		if c := s.text[i]; c != ' ' && c != '\t' && c != '\n' {
			return false
		}
	}
	return true
}

// runText parses and runs a script in memory: eval, ., traps, sh -c. Its status is 0 if there is no command in it.
func runText(text string, line int, last bool) {
	if stackLow() {
		abort("scripts nest too deeply")
		return
	}
	src := &textSource{text: text}
	p := syntax.NewParser(src, line)
	p.Alias = aliasHook
	empty := true
	for over := false; !over && unwind == none; {
		inRegion(func() {
			l := p.Command()
			if l == nil {
				over = true
				if !syntaxError(p) && empty {
					status = 0
				}
				return
			}
			empty = false
			if !opt.noexec {
				run(l, last && src.over())
			}
			runTraps()
		})
	}
}

// syntaxError gives up after an error of the parser, if there was one.
func syntaxError(p *syntax.Parser) bool {
	msg, line := p.Err()
	if msg == "" {
		return false
	}
	currentLine = line
	abort("Syntax error: " + msg)
	return true
}

func aliasHook(name string) (string, bool) {
	if aliases == nil {
		return "", false
	}
	return findAlias(name)
}
