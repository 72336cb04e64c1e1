//go:build galago_user

// Command basename prints the last component of paths (POSIX.1-2017 XCU basename).
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
)

func main() {
	o := cmd.Options("[-az] [-s suffix] path [suffix]", "+as:z", "multiple=a", "suffix:=s", "zero=z")
	multiple, suffix, end := false, "", byte('\n')
	for o.Next() {
		switch o.Opt {
		case 'a':
			multiple = true
		case 's':
			multiple, suffix = true, o.Arg
		case 'z':
			end = 0
		}
	}
	if multiple {
		o.Need(1, -1)
	} else {
		o.Need(1, 2)
		if len(o.Ops) == 2 {
			suffix, o.Ops = o.Ops[1], o.Ops[:1]
		}
	}
	for _, p := range o.Ops {
		b := cmd.Base(p)
		if len(b) > len(suffix) && str.HasSuffix(b, suffix) {
			b = b[:len(b)-len(suffix)]
		}
		stdio.Puts(b)
		stdio.Out.Putc(end)
	}
	cmd.Done()
}
