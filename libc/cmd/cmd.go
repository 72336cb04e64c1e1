//go:build galago_user

// Package cmd is what command-line utilities have in common: arguments, environment, options, messages on standard error
// and the exit status.
package cmd

import (
	"runtime"

	"galago/kernel/errno"
	"galago/libc/opt"
	"galago/libc/stdio"
	"galago/libc/sys"
)

// Status is what Done exits with.
var Status int

// UsageStatus is the exit status of a wrong command line.
var UsageStatus = 1

// Args returns the arguments after the program's name.
func Args() []string {
	if len(runtime.Argv) == 0 {
		return nil
	}
	list := make([]string, len(runtime.Argv)-1)
	for i := range list {
		list[i] = sys.GoString(runtime.Argv[i+1])
	}
	return list
}

// Environ returns the environment as NAME=VALUE strings.
func Environ() []string {
	list := make([]string, len(runtime.Environ))
	for i, p := range runtime.Environ {
		list[i] = sys.GoString(p)
	}
	return list
}

// Getenv returns an environment variable; ok is false if it is not set.
func Getenv(name string) (value string, ok bool) {
	for _, p := range runtime.Environ {
		s := sys.GoString(p)
		if len(s) > len(name) && s[len(name)] == '=' && s[:len(name)] == name {
			return s[len(name)+1:], true
		}
	}
	return "", false
}

// Options makes a parser over the arguments. usage is the synopsis without the name.
func Options(usage, short string, long ...string) *Opts {
	return &Opts{opt.New(Args(), short, long...), usage}
}

// Opts is a parser that reports errors itself.
type Opts struct {
	*opt.Parser
	usage string
}

// Next steps to the next option; a wrong command line ends the program with a message.
func (o *Opts) Next() bool {
	if o.Parser.Next() {
		return true
	}
	if o.Err != "" {
		stdio.Warn(o.Err, 0)
		o.Usage()
	}
	return false
}

// Rest goes through what is left of the command line, for programs without options, and returns the operands.
func (o *Opts) Rest() []string {
	for o.Next() {
	}
	return o.Ops
}

// Need ends the program with a message unless there are from min to max operands; a max of -1 is any number.
func (o *Opts) Need(min, max int) {
	switch {
	case len(o.Ops) < min:
		stdio.Warn("missing operand", 0)
	case max >= 0 && len(o.Ops) > max:
		stdio.Warn("extra operand '"+o.Ops[max]+"'", 0)
	default:
		return
	}
	o.Usage()
}

// Usage prints the synopsis and exits.
func (o *Opts) Usage() {
	stdio.Err.Puts("usage: ")
	stdio.Err.Puts(stdio.Name)
	stdio.Err.Puts(" ")
	stdio.Err.Puts(o.usage)
	stdio.Err.Putc('\n')
	stdio.Err.Flush()
	runtime.Exit(UsageStatus)
}

// Fail reports a problem and makes the exit status 1, unless it is higher already. An errno of 0 adds no text.
func Fail(what string, e sys.Errno) {
	stdio.Warn(what, e)
	Status = max(Status, 1)
}

// Die reports a problem and exits with UsageStatus.
func Die(what string) { stdio.Fatal(UsageStatus, what, 0) }

// Done flushes the output and exits; an output error is reported and makes the status 1 or, if it is higher, UsageStatus.
func Done() {
	if e := stdio.Out.Flush(); e != 0 {
		if e != errno.EPIPE {
			stdio.Warn("write error", e)
		}
		runtime.ExitNow(UsageStatus)
	}
	runtime.ExitNow(Status)
}

// Input calls fn with each operand opened for reading; "-", or no operand at all, is standard input. What cannot be
// opened, and directories, are reported.
func Input(names []string, fn func(name string, fd int)) {
	if len(names) == 0 {
		fn("-", 0)
		return
	}
	for _, name := range names {
		if name == "-" {
			fn(name, 0)
			continue
		}
		fd, e := sys.Open(name, sys.O_RDONLY|sys.O_CLOEXEC, 0)
		if e != 0 {
			Fail(name, e)
			continue
		}
		fn(name, fd)
		sys.Close(fd)
	}
}

// Base returns the last component of a path, without trailing slashes.
func Base(p string) string {
	end := len(p)
	for end > 1 && p[end-1] == '/' {
		end--
	}
	p = p[:end]
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] == '/' && len(p) > 1 {
			return p[i+1:]
		}
	}
	return p
}

// Confirm asks a question on standard error and reports whether the answer from standard input is yes.
func Confirm(question string) bool {
	stdio.Out.Flush()
	stdio.Err.Puts(stdio.Name)
	stdio.Err.Puts(": ")
	stdio.Err.Puts(question)
	stdio.Err.Puts("? ")
	stdio.Err.Flush()
	var c [1]byte
	yes, first := false, true
	for {
		n, e := sys.Read(0, c[:])
		if n <= 0 || e != 0 || c[0] == '\n' {
			return yes
		}
		if first {
			yes = c[0] == 'y' || c[0] == 'Y'
		}
		first = false
	}
}
