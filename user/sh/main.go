//go:build galago_user

// Command sh is Galago's shell: the POSIX command language (POSIX.1-2017 XCU chapter 2) with job control.
//
// The way of a command: a source delivers lines (input.go), package syntax makes a tree of them, run walks it (exec.go,
// simple.go, pipeline.go), package expand expands its words, and built-ins run in this process while programs are started with
// vfork (spawn.go). Forks of the shell itself are left to what needs them: subshells, pipelines of built-ins, background lists.
//
// Memory: nothing collects garbage here, so each command, and each round of a loop, runs in a region that is released behind it.
// What lives on is copied into blocks that are freed one by one (memory.go): variables, parameters, functions, traps, jobs.
//
// Flow of control: there is no unwinding of the stack; see unwind in exec.go.
package main

import (
	"runtime"

	"galago/kernel/errno"
	"galago/libc/stdio"
	"galago/libc/sys"
	"galago/user/sh/syntax"
)

// arguments are the shell's own options.
type arguments struct {
	command    string
	hasCommand bool
	stdin      bool
	forced     bool // -i
	login      bool
	operands   []string
}

// parseArguments reads the command line (XCU sh).
func parseArguments() (a arguments) {
	argv := make([]string, 0, len(runtime.Argv))
	for _, p := range runtime.Argv {
		argv = append(argv, sys.GoString(p))
	}
	arg0 = "sh"
	if len(argv) > 0 {
		arg0 = argv[0]
		a.login = arg0 != "" && arg0[0] == '-'
		argv = argv[1:]
	}
	for len(argv) > 0 && len(argv[0]) > 0 && (argv[0][0] == '-' || argv[0][0] == '+') {
		word, on := argv[0], argv[0][0] == '-'
		argv = argv[1:]
		if word == "--" || word == "-" {
			break
		}
		for _, c := range []byte(word[1:]) {
			switch {
			case c == 'c':
				a.hasCommand = true
			case c == 's':
				a.stdin = true
			case c == 'i':
				a.forced = true
			case c == 'l':
				a.login = true
			case c == 'o' && len(argv) > 0:
				if !setOptionNamed(argv[0], on) {
					badArgument("Illegal option -o " + argv[0])
				}
				argv = argv[1:]
			case !setOption(c, on):
				badArgument("Illegal option -" + string([]byte{c}))
			}
		}
	}
	if a.hasCommand {
		if len(argv) == 0 {
			badArgument("-c requires an argument")
		}
		a.command = argv[0]
		argv = argv[1:]
	}
	a.operands = argv
	return a
}

func badArgument(msg string) {
	report(msg)
	sys.ExitNow(2)
}

func main() {
	measureStack()
	initBuiltins()
	shellPID = sys.Getpid()
	importEnvironment()
	initVariables()
	sys.OnSignal(caught)
	a := parseArguments()
	var in *fileSource
	switch {
	case a.hasCommand:
		interactive = a.forced
		if len(a.operands) > 0 {
			arg0 = a.operands[0]
			a.operands = a.operands[1:]
		}
	case len(a.operands) > 0 && !a.stdin:
		interactive = a.forced
		in = openScript(a.operands[0])
		a.operands = a.operands[1:]
	default:
		in = newFileSource(0)
		in.shared = true
		const current = 1
		_, e := sys.Lseek(0, 0, current)
		in.seekable = e == 0
		interactive = a.forced || sys.Isatty(0) && sys.Isatty(2)
		in.prompts, in.terminal = interactive, sys.Isatty(0)
	}
	setParams(a.operands)
	if interactive {
		opt.emacs = true
		dispose(sys.SIGINT)
		dispose(sys.SIGQUIT)
		dispose(sys.SIGTERM)
		if sys.Isatty(0) || sys.Isatty(2) {
			setOption('m', true)
		}
	} else if opt.monitor {
		switchMonitor(true)
	}
	if a.login {
		startFile("/etc/profile")
		if home, ok := getVar("HOME"); ok {
			startFile(home + "/.profile")
		}
	}
	if env, ok := getVar("ENV"); ok && interactive {
		startFile(env)
	}
	if unwind == none {
		if a.hasCommand {
			runText(a.command, 1, true)
		} else {
			readCommands(in)
		}
	}
	finish()
}

// initVariables sets what the shell sets at its start (XCU 2.5.3).
func initVariables() {
	setVar("IFS", " \t\n")
	setVar("OPTIND", "1")
	setVar("PPID", itoa(sys.Getppid()))
	setVar("PS2", "> ")
	setVar("PS4", "+ ")
	if _, ok := getVar("PS1"); !ok {
		ps1 := "$ "
		if sys.Geteuid() == 0 {
			ps1 = "# "
		}
		setVar("PS1", ps1)
	}
	entry("PS2").exported, entry("PS4").exported = false, false
	setVar("PWD", workingDir())
}

// openScript opens a script's file beyond the descriptors that scripts use.
func openScript(path string) *fileSource {
	arg0 = path
	fd, e := sys.Open(path, sys.O_RDONLY|sys.O_CLOEXEC, 0)
	if e != 0 {
		msg := stdio.Message(e)
		if e == errno.ENOENT {
			msg = "No such file"
		}
		report("cannot open " + path + ": " + msg)
		sys.ExitNow(127)
	}
	if high, e := sys.Fcntl(fd, sys.F_DUPFD_CLOEXEC, firstPrivate); e == 0 {
		sys.Close(fd)
		fd = high
	}
	return newFileSource(fd)
}

// startFile runs a start-up file, if it exists.
func startFile(path string) {
	inRegion(func() {
		text, e := readFile(path)
		if e != 0 {
			return
		}
		callDepth++
		runText(text, 1, false)
		callDepth--
		if unwind != exiting {
			unwind = none
		}
	})
}

// readCommands is the main loop: read a command, run it, release its memory.
func readCommands(in *fileSource) {
	p := syntax.NewParser(in, 1)
	p.Alias = aliasHook
	for over := false; !over; {
		inRegion(func() {
			l := p.Command()
			failed := syntaxError(p)
			switch {
			case in.stopped || failed:
			case l == nil:
				over = true
			case !opt.noexec:
				run(l, false)
			}
			runTraps()
		})
		if unwind == exiting || unwind == aborted && !interactive {
			return
		}
		if in.stopped || unwind == interrupted {
			in.recover()
			p = syntax.NewParser(in, p.Line())
			p.Alias = aliasHook
			over = false
		} else if unwind == aborted {
			p = syntax.NewParser(in, p.Line())
			p.Alias = aliasHook
		}
		unwind, loopDepth, callDepth, tested = none, 0, 0, 0
	}
	if in.prompts {
		sys.WriteAll(2, []byte("\n"))
	}
}

// recover goes back to the prompt after ^C.
func (s *fileSource) recover() {
	if s.stopped {
		sys.WriteAll(2, []byte("\n"))
	}
	s.stopped = false
	pending[sys.SIGINT] = false
	s.discard()
	status = 128 + sys.SIGINT
}
