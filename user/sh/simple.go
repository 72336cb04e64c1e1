//go:build galago_user

package main

import (
	"galago/libc/sys"
	"galago/user/sh/syntax"
)

// Simple commands (XCU 2.9.1).

func runSimple(c *syntax.Simple, last bool) {
	inRegion(func() { simple(c, last) })
	checkError()
}

func simple(c *syntax.Simple, last bool) {
	currentLine = c.Line
	substState = 0
	words, ok := commandWords(c)
	if !ok {
		return
	}
	if len(words) == 0 {
		assignOnly(c)
		return
	}
	list, ok := prepare(c.Redirs)
	if !ok {
		return
	}
	cmd := &invocation{c, words, list, last}
	b := findBuiltin(words[0])
	switch {
	case b != nil && b.special:
		cmd.builtin(b)
	case findFunction(words[0]) != nil:
		cmd.call(findFunction(words[0]))
	case b != nil:
		cmd.builtin(b)
	default:
		cmd.external()
	}
}

// invocation is a simple command being run.
type invocation struct {
	cmd    *syntax.Simple
	words  []string
	redirs []opened
	last   bool
}

// commandWords expands a command's words. Operands of export, readonly and local that look like assignments are expanded as such.
func commandWords(c *syntax.Simple) ([]string, bool) {
	if len(c.Words) == 0 || !declares(c.Words[0].Lit()) {
		return expandWords(c.Words)
	}
	var out []string
	for _, w := range c.Words {
		if a, ok := syntax.SplitAssign(w); ok {
			v, ok := expandAssignment(a.Value)
			if !ok {
				return nil, false
			}
			out = append(out, a.Name+"="+v)
			continue
		}
		list, ok := expandWords([]*syntax.Word{w})
		if !ok {
			return nil, false
		}
		out = append(out, list...)
	}
	return out, true
}

func declares(name string) bool { return name == "export" || name == "readonly" || name == "local" }

// assignOnly is a command without words: its assignments stay, its redirections are tried out.
func assignOnly(c *syntax.Simple) {
	if len(c.Redirs) > 0 {
		list, ok := prepare(c.Redirs)
		if !ok {
			return
		}
		var saved savedFDs
		ok = apply(list, &saved)
		saved.restore()
		if !ok {
			status = 2
			return
		}
	}
	for _, a := range c.Assigns {
		v, ok := expandAssignment(a.Value)
		if !ok {
			return
		}
		if opt.xtrace {
			trace("", a.Name+"="+v, nil)
		}
		if msg := setVar(a.Name, v); msg != "" {
			abort(msg)
			return
		}
	}
	status = substState
}

// assign carries out the assignments before a command; with saved they are exported and can be undone.
func (v *invocation) assign(saved **savedVar) bool {
	line := ""
	for _, a := range v.cmd.Assigns {
		s, ok := expandAssignment(a.Value)
		if !ok {
			return false
		}
		if opt.xtrace {
			line += a.Name + "=" + s + " "
		}
		if saved != nil {
			if e := lookup(a.Name); e == nil || !e.readonly {
				saveVar(saved, a.Name).exported = true
			}
		}
		if msg := setVar(a.Name, s); msg != "" {
			abort(msg)
			return false
		}
	}
	if opt.xtrace {
		trace("", line, v.words)
	}
	return true
}

// trace prints a command for set -x.
func trace(prefix, assigns string, words []string) {
	flush()
	ps4, ok := getVar("PS4")
	if !ok {
		ps4 = "+ "
	}
	b := []byte(ps4 + prefix + assigns)
	for i, w := range words {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, w...)
	}
	sys.WriteAll(2, append(b, '\n'))
}

// builtin runs a built-in utility. Assignments before a special one stay.
func (v *invocation) builtin(b *builtin) {
	var saved savedFDs
	if !apply(v.redirs, &saved) {
		saved.restore()
		status = 2
		if b.special && !interactive {
			unwind = aborted
		}
		return
	}
	var vars *savedVar
	keepVars := &vars
	if b.special {
		keepVars = nil
	}
	if v.assign(keepVars) {
		switch b.name {
		case "exec":
			v.exec(&saved)
		case "command":
			v.command()
		default:
			status = b.run(v.words)
		}
	}
	if !flush() && status == 0 {
		report(v.words[0] + ": I/O error")
		status = 1
	}
	restoreVars(&vars)
	saved.restore()
}

// call runs a function with positional parameters of its own.
func (v *invocation) call(f *function) {
	if stackLow() {
		abort(f.name + ": function calls nest too deeply")
		return
	}
	var saved savedFDs
	if !apply(v.redirs, &saved) {
		saved.restore()
		status = 2
		return
	}
	var vars *savedVar
	if v.assign(&vars) {
		old, oldLoops, oldLocals := positional, loopDepth, locals
		positional = params{list: v.words[1:]}
		loopDepth, locals = 0, nil
		callDepth++
		f.refs++
		run(f.body, false)
		f.release()
		callDepth--
		if unwind == returning {
			unwind = none
		}
		restoreVars(&locals)
		dropStrings(positional.owned)
		positional, loopDepth, locals = old, oldLoops, oldLocals
	}
	restoreVars(&vars)
	flush()
	saved.restore()
}

// locals are the variables that the running function has made local.
var locals *savedVar

// exec is the built-in exec: become a program, or keep the redirections.
func (v *invocation) exec(saved *savedFDs) {
	args := v.words[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		saved.commit()
		status = 0
		return
	}
	path, e := findProgram(args[0])
	for _, a := range v.cmd.Assigns {
		entry(a.Name).exported = true
	}
	flush()
	if e == 0 {
		restoreSignals()
		e = execFile(path, args)
		for sig := range traps {
			dispose(sig)
		}
	}
	status = notExecuted(args[0], e)
	if !interactive {
		unwind = exiting
	}
}

// command is the built-in command: run a utility without looking at functions, or tell what a name means.
func (v *invocation) command() {
	args := v.words[1:]
	describe := byte(0)
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		a := args[0]
		args = args[1:]
		if a == "--" {
			break
		}
		for _, c := range []byte(a[1:]) {
			switch c {
			case 'v', 'V':
				describe = c
			case 'p':
			default:
				report("command: Illegal option -" + string([]byte{c}))
				status = 2
				return
			}
		}
	}
	status = 0
	if describe != 0 {
		for _, a := range args {
			if !describeName(a, describe == 'v') {
				status = 127
			}
		}
		return
	}
	if len(args) == 0 {
		return
	}
	inner := &invocation{cmd: &syntax.Simple{Line: v.cmd.Line}, words: args}
	b := findBuiltin(args[0])
	if b == nil {
		inner.external()
		return
	}
	plain := *b // its errors do not end the shell
	plain.special = false
	inner.builtin(&plain)
	if unwind == aborted && !opt.errexit {
		unwind = none
	}
}
