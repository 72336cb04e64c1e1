//go:build galago_user

// Command uniq drops or reports repeated adjacent lines (POSIX.1-2017 XCU uniq).
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

var (
	count, repeated, unique, fold bool
	allRepeated                   bool
	skipFields, skipChars         int
	width                         = -1
)

func main() {
	o := cmd.Options("[-c] [-d | -u] [-Di] [-f fields] [-s chars] [-w chars] [input [output]]", "cdDuif:s:w:", "count=c",
		"repeated=d", "unique=u", "ignore-case=i", "skip-fields:=f", "skip-chars:=s", "check-chars:=w")
	number := func() int {
		v, ok := str.ParseUint(o.Arg, 10)
		if !ok {
			cmd.Die("invalid number: '" + o.Arg + "'")
		}
		return int(min(v, 1<<31))
	}
	for o.Next() {
		switch o.Opt {
		case 'c':
			count = true
		case 'd':
			repeated = true
		case 'D':
			repeated, allRepeated = true, true
		case 'u':
			unique = true
		case 'i':
			fold = true
		case 'f':
			skipFields = number()
		case 's':
			skipChars = number()
		case 'w':
			width = number()
		}
	}
	o.Need(0, 2)
	in := 0
	if len(o.Ops) > 0 && o.Ops[0] != "-" {
		fd, e := sys.Open(o.Ops[0], sys.O_RDONLY, 0)
		if e != 0 {
			stdio.Fatal(1, o.Ops[0], e)
		}
		in = fd
	}
	if len(o.Ops) == 2 && o.Ops[1] != "-" {
		fd, e := sys.Open(o.Ops[1], sys.O_WRONLY|sys.O_CREAT|sys.O_TRUNC, 0o666)
		if e == 0 {
			e = sys.Dup2(fd, 1)
		}
		if e != 0 {
			stdio.Fatal(1, o.Ops[1], e)
		}
	}
	run(stdio.NewReader(in))
	cmd.Done()
}

func run(r *stdio.Reader) {
	var held, line []byte
	n := 0
	held, _, ok := r.Line(held)
	for ok {
		n = 1
		same := true
		for same {
			if line, _, ok = r.Line(line); !ok {
				break
			}
			if same = equal(key(held), key(line)); same {
				n++
				if allRepeated && !unique {
					if n == 2 {
						put(held, 0)
					}
					put(line, 0)
				}
			}
		}
		if !allRepeated && !(n == 1 && repeated) && !(n > 1 && unique) {
			put(held, n)
		}
		held, line = line, held
	}
	if r.Err != 0 {
		cmd.Fail("read error", r.Err)
	}
}

func put(line []byte, n int) {
	if count {
		stdio.Printf("%7d ", n)
	}
	stdio.Out.Write(line)
	stdio.Out.Putc('\n')
}

// key is the part of a line that is compared. A field is blanks and then other characters.
func key(b []byte) []byte {
	for range skipFields {
		i := 0
		for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
			i++
		}
		for i < len(b) && b[i] != ' ' && b[i] != '\t' {
			i++
		}
		b = b[i:]
	}
	b = b[min(skipChars, len(b)):]
	if width >= 0 {
		b = b[:min(width, len(b))]
	}
	return b
}

func equal(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !(fold && str.Lower(a[i]) == str.Lower(b[i])) {
			return false
		}
	}
	return true
}
