//go:build galago_user

// Command sed edits a stream (POSIX.1-2017 XCU sed): all commands, with GNU's additions -E, -i, -s, -z, first~step and addr,+n, the s flag I,
// and \n, \t, \U \L \u \l \E in replacements. script.go reads the script, run.go executes it, subst.go is the s command.
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/sys"
)

var (
	quiet    bool
	extended bool
	inPlace  bool
	suffix   string
	separate bool
	newline  = byte('\n')
)

func main() {
	o := cmd.Options("[-Ensz] [-i[suffix]] [-e script]... [-f file]... [script] [file...]", "nEre:f:i::suz", "quiet=n",
		"silent=n", "regexp-extended=E", "expression:=e", "file:=f", "in-place?=i", "separate=s", "unbuffered=u", "null-data=z")
	var script []byte
	given := false
	add := func(text []byte) {
		if given {
			script = append(script, '\n')
		}
		script = append(script, text...)
		given = true
	}
	for o.Next() {
		switch o.Opt {
		case 'n':
			quiet = true
		case 'E', 'r':
			extended = true
		case 'e':
			add([]byte(o.Arg))
		case 'f':
			add(scriptFile(o.Arg))
		case 'i':
			inPlace, separate, suffix = true, true, o.Arg
		case 's':
			separate = true
		case 'z':
			newline = 0
		}
	}
	ops := o.Ops
	if !given {
		o.Need(1, -1)
		add([]byte(ops[0]))
		ops = ops[1:]
	}
	if len(script) >= 2 && script[0] == '#' && script[1] == 'n' && (len(script) == 2 || script[2] == '\n') {
		quiet = true
	}
	program := parse(string(script))
	if len(ops) == 0 {
		ops = []string{"-"}
		inPlace = false
	}
	run(program, ops)
	cmd.Done()
}

func scriptFile(name string) []byte {
	fd := 0
	if name != "-" {
		var e sys.Errno
		if fd, e = sys.Open(name, sys.O_RDONLY, 0); e != 0 {
			stdio.Fatal(4, "couldn't open file "+name, e)
		}
	}
	b, e := stdio.ReadAll(fd)
	if e != 0 {
		stdio.Fatal(1, name, e)
	}
	if len(b) > 0 && b[len(b)-1] == '\n' {
		b = b[:len(b)-1]
	}
	return b
}
