//go:build galago_user

package main

import (
	"galago/libc/cond"
	"galago/libc/stdio"
	"galago/libc/sys"
	"galago/user/sh/syntax"
)

// Built-in utilities. The special ones (XCU 2.14) keep the assignments before them, and their errors end a shell that is not
// interactive.

type builtin struct {
	name    string
	special bool
	run     func(args []string) int
}

var builtins []builtin

// initBuiltins fills the table, which refers to functions that refer to it.
func initBuiltins() {
	builtins = []builtin{
		{".", true, dotCommand}, {":", true, trueCommand}, {"[", false, testCommand}, {"alias", false, aliasCommand},
		{"bg", false, bgCommand}, {"break", true, breakCommand}, {"cd", false, cdCommand}, {"command", false, nil},
		{"continue", true, continueCommand}, {"echo", false, echoCommand}, {"eval", true, evalCommand}, {"exec", true, nil},
		{"exit", true, exitCommand}, {"export", true, exportCommand}, {"false", false, falseCommand}, {"fg", false, fgCommand},
		{"getopts", false, getoptsCommand}, {"hash", false, hashCommand}, {"jobs", false, jobsCommand}, {"kill", false, killCommand},
		{"local", true, localCommand}, {"printf", false, printfCommand}, {"pwd", false, pwdCommand}, {"read", false, readCommand},
		{"readonly", true, readonlyCommand}, {"return", true, returnCommand}, {"set", true, setCommand}, {"shift", true, shiftCommand},
		{"test", false, testCommand}, {"times", true, timesCommand}, {"trap", true, trapCommand}, {"true", false, trueCommand},
		{"type", false, typeCommand}, {"ulimit", false, ulimitCommand}, {"umask", false, umaskCommand},
		{"unalias", false, unaliasCommand}, {"unset", true, unsetCommand}, {"wait", false, waitCommand},
	}
}

// findBuiltin searches the table, which is sorted by name.
func findBuiltin(name string) *builtin {
	lo, hi := 0, len(builtins)
	for lo < hi {
		mid := (lo + hi) / 2
		switch b := &builtins[mid]; {
		case b.name == name:
			return b
		case b.name < name:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return nil
}

// usage reports a wrong use.
func usage(msg string) int {
	report(msg)
	return 2
}

// misuse is usage for special built-ins.
func misuse(msg string) int {
	abort(msg)
	return 2
}

func trueCommand([]string) int  { return 0 }
func falseCommand([]string) int { return 1 }

func testCommand(args []string) int {
	if args[0] == "[" {
		if args[len(args)-1] != "]" {
			return usage("[: missing ]")
		}
		args = args[:len(args)-1]
	}
	ok, msg := cond.Eval(args[1:])
	switch {
	case msg != "":
		return usage(args[0] + ": " + msg)
	case ok:
		return 0
	}
	return 1
}

// operands skips a -- before the operands of a built-in without options.
func operands(args []string) []string {
	args = args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	return args
}

func exitCommand(args []string) int {
	st := status
	if inTrap {
		st = trapStatus
	}
	if args = operands(args); len(args) > 0 {
		n, ok := number(args[0])
		if !ok {
			return misuse("exit: Illegal number: " + args[0])
		}
		st = n & 0xff
	}
	unwind = exiting
	return st
}

func returnCommand(args []string) int {
	st := status
	if args = operands(args); len(args) > 0 {
		n, ok := number(args[0])
		if !ok {
			return misuse("return: Illegal number: " + args[0])
		}
		st = n & 0xff
	}
	unwind = returning
	if callDepth == 0 {
		unwind = exiting
	}
	return st
}

// loopCommand is break and continue: n loops, at most as many as there are.
func loopCommand(args []string, how unwinding) int {
	n := 1
	if rest := operands(args); len(rest) > 0 {
		var ok bool
		if n, ok = number(rest[0]); !ok || n == 0 {
			return misuse(args[0] + ": Illegal number: " + rest[0])
		}
	}
	if n = min(n, loopDepth); n > 0 {
		unwind, levels = how, n
	}
	return 0
}

func breakCommand(args []string) int    { return loopCommand(args, breaking) }
func continueCommand(args []string) int { return loopCommand(args, continuing) }

func shiftCommand(args []string) int {
	n := 1
	if rest := operands(args); len(rest) > 0 {
		var ok bool
		if n, ok = number(rest[0]); !ok {
			return misuse("shift: Illegal number: " + rest[0])
		}
	}
	if n > len(positional.list) {
		return misuse("shift: can't shift that many")
	}
	positional.list = positional.list[n:]
	return 0
}

func evalCommand(args []string) int {
	text := ""
	for i, a := range operands(args) {
		if i > 0 {
			text += " "
		}
		text += a
	}
	runText(text, currentLine, false)
	return status
}

// dotCommand reads commands from a file, which is looked for in PATH.
func dotCommand(args []string) int {
	args = operands(args)
	if len(args) == 0 {
		return misuse(".: filename argument required")
	}
	text, e := readFile(findScript(args[0]))
	if e != 0 {
		return misuse(".: " + args[0] + ": " + stdio.Message(e))
	}
	old, oldLoops := positional, loopDepth
	if len(args) > 1 {
		positional = params{list: args[1:]}
	}
	loopDepth = 0
	callDepth++
	runText(text, 1, false)
	callDepth--
	if unwind == returning {
		unwind = none
	}
	if loopDepth = oldLoops; len(args) > 1 {
		dropStrings(positional.owned)
		positional = old
	}
	return status
}

func findScript(name string) string {
	if index(name, '/') < len(name) {
		return name
	}
	path, _ := getVar("PATH")
	const readable = 4
	for more := true; more; {
		n := index(path, ':')
		full := name
		if n > 0 {
			full = path[:n] + "/" + name
		}
		if sys.Access(full, readable) == 0 {
			return full
		}
		more = n < len(path)
		path = path[min(n+1, len(path)):]
	}
	return name
}

// quote makes a word that the shell reads back as s.
func quote(s string) string {
	b := []byte{'\''}
	for i := range len(s) {
		if s[i] == '\'' {
			b = append(b, `'"'"'`...)
		} else {
			b = append(b, s[i])
		}
	}
	return string(append(b, '\''))
}

func hashCommand([]string) int { return 0 } // there is no cache of command locations to show or to empty

func timesCommand([]string) int {
	const ticks = 100 // a second
	for i, t := range sys.Times() {
		sep := " "
		if i&1 == 1 {
			sep = "\n"
		}
		frac := itoa(int(t % ticks))
		if len(frac) < 2 {
			frac = "0" + frac
		}
		puts(itoa(int(t/ticks/60)) + "m" + itoa(int(t/ticks%60)) + "." + frac + "0000s" + sep)
	}
	return 0
}

func aliasCommand(args []string) int {
	if len(args) == 1 {
		for a := aliases; a != nil; a = a.next {
			puts(a.name + "=" + quote(a.text) + "\n")
		}
	}
	st := 0
	for _, a := range args[1:] {
		if n := index(a, '='); n > 0 && n < len(a) {
			defineAlias(a[:n], a[n+1:])
		} else if text, ok := findAlias(a); ok {
			puts(a + "=" + quote(text) + "\n")
		} else {
			report("alias: " + a + " not found")
			st = 1
		}
	}
	return st
}

func unaliasCommand(args []string) int {
	st := 0
	for _, a := range args[1:] {
		if a == "-a" {
			for aliases != nil {
				removeAlias(aliases.name)
			}
		} else if !removeAlias(a) {
			report("unalias: " + a + " not found")
			st = 1
		}
	}
	return st
}

func typeCommand(args []string) int {
	st := 0
	for _, a := range operands(args) {
		if !describeName(a, false) {
			st = 127
		}
	}
	return st
}

// describeName tells what a command name stands for: for type and command -V, or short for command -v.
func describeName(name string, short bool) bool {
	text, what := "", name
	b := findBuiltin(name)
	alias, isAlias := findAlias(name)
	switch {
	case syntax.IsReserved(name):
		text = " is a shell keyword"
	case isAlias:
		text = " is an alias for " + alias
		what = "alias " + name + "=" + quote(alias)
	case b != nil && b.special:
		text = " is a special shell builtin"
	case findFunction(name) != nil:
		text = " is a shell function"
	case b != nil:
		text = " is a shell builtin"
	default:
		path, e := findProgram(name)
		const executable = 1
		if e != 0 || sys.Access(path, executable) != 0 {
			if !short {
				puts(name + ": not found\n")
			}
			return false
		}
		text, what = " is "+path, path
	}
	if short {
		puts(what + "\n")
	} else {
		puts(name + text + "\n")
	}
	return true
}
