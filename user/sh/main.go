//go:build galago_user

// Command sh is Galago's shell: the POSIX command language (POSIX.1-2017 XCU chapter 2) with job control.
//
// How it works: the lexer and parser (lex.go, parse.go) make a tree of each complete command; exec.go walks it. Words are
// expanded when their command runs (expand.go). Memory: each command's allocations are released when it has ended; what
// outlives it (variables, parameters, traps) lives in blocks of its own (vars.go).
package main

import (
	"runtime"

	"galago/kernel/errno"
	"galago/libc/stdio"
	"galago/libc/sys"
)

// input reads a script or the terminal, line by line.
type input struct {
	fd       int
	terminal bool
	buf      [4096]byte
	r, w     int
	byByte   bool // others read the same descriptor: take no more than a line
}

func (in *input) fill() bool {
	n := len(in.buf)
	if in.byByte {
		n = 1
	}
	for {
		k, e := sys.Read(in.fd, in.buf[:n])
		if e == errno.EINTR {
			if in.terminal && traps[sys.SIGINT].pending {
				return false
			}
			continue
		}
		in.r, in.w = 0, max(k, 0)
		return k > 0 && e == 0
	}
}

func (in *input) next(continued bool) []byte {
	if in.terminal {
		prompt(continued)
	}
	var line []byte
	for {
		if in.r == in.w && !in.fill() {
			if in.terminal && traps[sys.SIGINT].pending {
				return nil
			}
			if len(line) == 0 {
				return nil
			}
			break
		}
		c := in.buf[in.r]
		in.r++
		line = append(line, c)
		if c == '\n' {
			break
		}
	}
	if optVerbose {
		sys.WriteAll(2, line)
	}
	return line
}

func prompt(continued bool) {
	stdio.Out.Flush()
	name, def := "PS1", "$ "
	if sys.Geteuid() == 0 {
		def = "# "
	}
	if continued {
		name, def = "PS2", "> "
	} else {
		reapJobs()
	}
	if v, ok := getVar(name); ok {
		def = expandString(v)
	}
	sys.WriteAll(2, []byte(def))
}

// options are the shell's own command-line options.
type options struct {
	command  string
	hasC     bool
	stdin    bool
	forced   bool // -i
	login    bool
	operands []string
}

func parseArgs() (o options) {
	var argv []string
	for _, a := range runtime.Argv {
		argv = append(argv, sys.GoString(a))
	}
	arg0 = "sh"
	if len(argv) > 0 {
		arg0 = argv[0]
		o.login = len(arg0) > 0 && arg0[0] == '-'
		argv = argv[1:]
	}
	wantCommand := false
	for len(argv) > 0 && len(argv[0]) > 1 && (argv[0][0] == '-' || argv[0][0] == '+') {
		a := argv[0]
		argv = argv[1:]
		if a == "--" {
			break
		}
		for _, c := range []byte(a[1:]) {
			switch c {
			case 'c':
				wantCommand = true
			case 's':
				o.stdin = true
			case 'i':
				o.forced = true
			case 'l':
				o.login = true
			case 'o':
				if len(argv) > 0 {
					setOptionName(argv[0], a[0] == '-')
					argv = argv[1:]
				}
			default:
				if !setOption(c, a[0] == '-') {
					errorf("Illegal option -" + string([]byte{c}))
					runtime.Exit(2)
				}
			}
		}
	}
	if wantCommand {
		if len(argv) == 0 {
			errorf("-c requires an argument")
			runtime.Exit(2)
		}
		o.command, o.hasC = argv[0], true
		argv = argv[1:]
	}
	o.operands = argv
	return o
}

func main() {
	initBuiltins()
	shellPID = sys.Getpid()
	importEnvironment()
	setVar("IFS", " \t\n")
	o := parseArgs()
	setVar("PPID", itoa(int64(sys.Getppid())))
	setVar("OPTIND", "1")
	setVar("PWD", workingDir())
	sys.OnSignal(caught)
	var in *input
	switch {
	case o.hasC:
		if len(o.operands) > 0 {
			arg0 = keep(o.operands[0])
			o.operands = o.operands[1:]
		}
	case len(o.operands) > 0 && !o.stdin:
		arg0 = keep(o.operands[0])
		fd, e := sys.Open(o.operands[0], sys.O_RDONLY|sys.O_CLOEXEC, 0)
		if e != 0 {
			errorf("cannot open " + o.operands[0] + ": " + message(e))
			runtime.Exit(127)
		}
		if high, e := sys.Fcntl(fd, sys.F_DUPFD_CLOEXEC, firstPrivate); e == 0 {
			sys.Close(fd)
			fd = high
		}
		o.operands = o.operands[1:]
		in = &input{fd: fd}
	default:
		in = &input{fd: 0, byByte: true}
		interactive = o.forced || sys.Isatty(0) && sys.Isatty(2)
	}
	setParams(o.operands)
	if o.login {
		source("/etc/profile")
	}
	if interactive {
		in.terminal = true
		sys.Signal(sys.SIGINT, sys.Catch, true)
		for _, sig := range [...]int{sys.SIGQUIT, sys.SIGTERM} {
			sys.Signal(sig, sys.Ignore, false)
		}
		startJobControl()
	}
	if o.hasC {
		runText(o.command, true)
		finish()
	}
	readCommands(in)
	finish()
}

func message(e sys.Errno) string {
	if e == errno.ENOENT {
		return "No such file"
	}
	return stdio.Message(e)
}

// source runs a start-up file, if it exists.
func source(path string) {
	if sys.Access(path, 4) == 0 {
		runText(readFile(path), false)
		returning = false
	}
}

// readCommands is the main loop: read a command, run it, release its memory.
func readCommands(in *input) {
	p := &parser{lexer: lexer{src: in}}
	for !exiting {
		over := false
		held := holdMemory
		inRegion(func() {
			p.buf = append([]byte(nil), p.buf[p.at:]...)
			p.at = 0
			n := p.command()
			switch {
			case p.failed != "":
				currentLine = p.line
				fail("syntax error: "+p.failed, 2)
			case n == nil:
				over = true
			case !optNoExec:
				run(n, false)
			}
			runTraps()
			// What is left of the line must survive the release.
			rest = append(rest[:0], p.buf[p.at:]...)
		})
		holdMemory = held && !interactive
		p.buf, p.at = rest, 0
		if errorSeen {
			lastStatus = errorCode
			if !interactive {
				return
			}
			p.failed, p.docs, p.pending, p.buf = "", nil, nil, nil
		}
		if traps[sys.SIGINT].pending && in.terminal {
			traps[sys.SIGINT].pending, trapPending = false, false
			sys.WriteAll(2, []byte("\n"))
			p.failed, p.docs, p.pending, p.buf, p.eof = "", nil, nil, nil, false
			lastStatus, over = 130, false
		}
		errorSeen, breaking, continuing, returning = false, 0, 0, false
		if over {
			if interactive {
				sys.WriteAll(2, []byte("\n"))
			}
			return
		}
	}
}

// rest keeps the unread part of a line; its memory is allocated before any region is marked.
var rest = make([]byte, 0, 65536)

// finish ends the shell.
func finish() {
	if errorSeen {
		lastStatus = errorCode
	}
	runExitTrap()
	runtime.Exit(lastStatus)
}
