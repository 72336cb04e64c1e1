//go:build galago_user

// Command cmp compares two files byte by byte (POSIX.1-2017 XCU cmp).
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	cmd.UsageStatus = 2
	o := cmd.Options("[-l | -s] file1 [file2]", "ls", "verbose=l", "quiet=s", "silent=s")
	list, silent := false, false
	for o.Next() {
		list, silent = list || o.Opt == 'l', silent || o.Opt == 's'
	}
	o.Need(1, 2)
	names := [2]string{o.Ops[0], "-"}
	if len(o.Ops) == 2 {
		names[1] = o.Ops[1]
	}
	var r [2]*stdio.Reader
	for i, n := range names {
		fd := 0
		if n != "-" {
			var e sys.Errno
			if fd, e = sys.Open(n, sys.O_RDONLY, 0); e != 0 {
				if !silent {
					stdio.Warn(n, e)
				}
				sys.ExitNow(2)
			}
		}
		r[i] = stdio.NewReader(fd)
	}
	compare(names, r, list, silent)
	cmd.Done()
}

func compare(names [2]string, r [2]*stdio.Reader, list, silent bool) {
	line := 1
	for at := 1; ; at++ {
		a, b := r[0].Getc(), r[1].Getc()
		for i := range r {
			if r[i].Err != 0 {
				stdio.Fatal(2, names[i], r[i].Err)
			}
		}
		switch {
		case a == b && a < 0:
			return
		case a < 0 || b < 0:
			cmd.Status = 1
			if silent {
				return
			}
			short := names[0]
			if b < 0 {
				short = names[1]
			}
			stdio.Warn("EOF on "+short, 0)
			return
		case a != b:
			cmd.Status = 1
			if silent {
				return
			}
			if !list {
				stdio.Printf("%s %s differ: char %d, line %d\n", names[0], names[1], at, line)
				return
			}
			stdio.Printf("%d %3o %3o\n", at, a, b)
		case a == '\n':
			line++
		}
	}
}
