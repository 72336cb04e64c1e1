//go:build galago_user

// Command xargs builds command lines from standard input and runs them (POSIX.1-2017 XCU xargs).
package main

import (
	"runtime"

	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/spawn"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

var (
	replace   string
	perLine   int
	perCall   int
	limit     = 128 << 10
	procs     = 1
	noEmpty   bool
	trace     bool
	confirm   bool
	exitFull  bool
	delimiter = -1 // -0 and -d: the only separator, no quotes
	command   []string
	env       []string
	running   int
)

func main() {
	o := cmd.Options("[-0prtx] [-d char] [-I text] [-L lines] [-n args] [-P procs] [-s size] [command [argument...]]",
		"+0prtxd:E:I:i::L:l::n:P:s:", "null=0", "interactive=p", "no-run-if-empty=r", "verbose=t", "delimiter:=d",
		"max-args:=n", "max-lines:=L", "max-procs:=P", "max-chars:=s", "exit=x", "replace?=i")
	number := func() int {
		v, ok := str.ParseUint(o.Arg, 10)
		if !ok || v > 1<<30 {
			cmd.Die("invalid number '" + o.Arg + "' for -" + string([]byte{o.Opt}))
		}
		return int(v)
	}
	end := ""
	for o.Next() {
		switch o.Opt {
		case '0':
			delimiter = 0
		case 'd':
			delimiter = delimiterOf(o.Arg)
		case 'E':
			end = o.Arg
		case 'I', 'i':
			replace, perLine = "{}", 1
			if o.Arg != "" {
				replace = o.Arg
			}
		case 'L', 'l':
			perLine = 1
			if o.Arg != "" {
				perLine = number()
			}
		case 'n':
			perCall = number()
		case 'P':
			if procs = number(); procs == 0 {
				procs = 1 << 20
			}
		case 's':
			limit = number()
		case 'p':
			confirm, trace = true, true
		case 'r':
			noEmpty = true
		case 't':
			trace = true
		case 'x':
			exitFull = true
		}
	}
	command = o.Ops
	if len(command) == 0 {
		command = []string{"echo"}
	}
	env = cmd.Environ()
	in := &scanner{r: stdio.NewReader(0), end: end}
	collect(in)
	for running > 0 {
		reap()
	}
	if in.r.Err != 0 {
		cmd.Fail("standard input", in.r.Err)
	}
	cmd.Done()
}

func delimiterOf(s string) int {
	switch {
	case len(s) == 1:
		return int(s[0])
	case s == "\\n":
		return '\n'
	case s == "\\t":
		return '\t'
	case s == "\\0":
		return 0
	}
	cmd.Die("invalid input delimiter '" + s + "'")
	return 0
}

// scanner splits standard input.
type scanner struct {
	words int // items read so far
	r     *stdio.Reader
	end   string // -E: an item that ends the input
	done  bool
}

// next returns an item; lineEnd tells that its line ended with it.
func (in *scanner) next() (item string, lineEnd, ok bool) {
	if in.done {
		return "", false, false
	}
	if delimiter >= 0 {
		return in.delimited(byte(delimiter))
	}
	c := in.r.Getc()
	for c == ' ' || c == '\t' || c == '\n' {
		c = in.r.Getc()
	}
	if c < 0 {
		in.done = true
		return "", false, false
	}
	item, lineEnd = in.word(c)
	in.words++
	if cmd.Status == 1 {
		return "", false, false
	}
	if in.end != "" && item == in.end {
		in.done = true
		return "", false, false
	}
	return item, lineEnd, true
}

// delimited reads up to a delimiter; what the end of the input ends counts if it is not empty.
func (in *scanner) delimited(d byte) (string, bool, bool) {
	var b []byte
	for {
		c := in.r.Getc()
		if c < 0 {
			in.done = true
			return string(b), true, len(b) > 0
		}
		if byte(c) == d {
			return string(b), true, true
		}
		b = append(b, byte(c))
	}
}

// word reads an item that begins with c, with quotes and backslashes. With -I blanks inside belong to it.
func (in *scanner) word(c int) (item string, lineEnd bool) {
	var b []byte
	for {
		switch {
		case c < 0 || c == '\n':
			in.done = c < 0
			return string(b), true
		case (c == ' ' || c == '\t') && replace == "":
			// A line that ends in a blank goes on in the next one (POSIX, for -L).
			next := in.r.Getc()
			for next == ' ' || next == '\t' {
				next = in.r.Getc()
			}
			if next >= 0 && next != '\n' {
				in.r.Ungetc()
				return string(b), false
			}
			in.done = next < 0
			return string(b), next < 0
		case c == '\'' || c == '"':
			for q := c; ; {
				if c = in.r.Getc(); c == q {
					break
				}
				if c < 0 || c == '\n' { // what came before still counts
					stdio.Warn("unmatched quote", 0)
					if in.words == 0 {
						runtime.Exit(1)
					}
					cmd.Status, in.done = 1, true
					return "", true
				}
				b = append(b, byte(c))
			}
		case c == '\\':
			if c = in.r.Getc(); c >= 0 {
				b = append(b, byte(c))
			}
		default:
			b = append(b, byte(c))
		}
		c = in.r.Getc()
	}
}

// carry holds the item that did not fit any more, over the release of the others.
var carry [128 << 10]byte

// collect gathers items and runs the command whenever a limit is reached.
func collect(in *scanner) {
	base := 0
	for _, a := range command {
		base += len(a) + 1
	}
	mark := runtime.Mark()
	var items []string
	size, lines, ran := base, 0, false
	flush := func() {
		run(items)
		items, size, lines, ran = nil, base, 0, true
		runtime.Release(mark)
	}
	for {
		item, lineEnd, ok := in.next()
		if !ok {
			break
		}
		if base+len(item)+1 > limit || len(item) > len(carry) {
			stdio.Fatal(1, "argument line too long", 0)
		}
		if size+len(item)+1 > limit && len(items) > 0 {
			if exitFull && (perLine > 0 || perCall > 0) {
				stdio.Fatal(1, "argument list too long", 0)
			}
			copy(carry[:], item) // the memory is about to be released
			n := len(item)
			flush()
			item = string(carry[:n])
		}
		items = append(items, item)
		size += len(item) + 1
		if lineEnd {
			lines++
		}
		if perCall > 0 && len(items) == perCall || perLine > 0 && lines == perLine {
			flush()
		}
	}
	if len(items) > 0 || !ran && !noEmpty && replace == "" {
		run(items)
	}
}

func run(items []string) {
	argv := append([]string(nil), command...)
	if replace == "" {
		argv = append(argv, items...)
	} else {
		for i, a := range argv {
			argv[i] = substitute(a, items[0])
		}
	}
	if trace {
		stdio.Err.Puts(str.Join(argv, " "))
		if confirm {
			stdio.Err.Flush()
			if !cmd.Confirm("") {
				return
			}
		}
		stdio.Err.Putc('\n')
		stdio.Err.Flush()
	}
	for running >= procs {
		reap()
	}
	if _, e := spawn.Start(argv, env); e != 0 {
		stdio.Warn(argv[0], e)
		sys.ExitNow(spawn.Status(e))
	}
	running++
	if procs == 1 {
		reap()
	}
}

func substitute(a, item string) string {
	var b []byte
	for {
		k := str.Index(a, replace)
		if k < 0 {
			return string(append(b, a...))
		}
		b = append(append(b, a[:k]...), item...)
		a = a[k+len(replace):]
	}
}

// reap waits for a command; its status decides how xargs ends: 123 failed, 124 asked to stop, 125 killed.
func reap() {
	_, st, e := sys.Wait4(-1, 0)
	if e == errno.EINTR {
		return
	}
	running--
	switch {
	case st.Signaled():
		stdio.Fatal(125, command[0]+": terminated by signal "+str.Itoa(int64(st.Signal())), 0)
	case st.ExitCode() == 255:
		stdio.Fatal(124, command[0]+": exited with status 255; aborting", 0)
	case st.ExitCode() != 0:
		cmd.Status = 123
	}
}
