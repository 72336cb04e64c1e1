//go:build galago_user

// Command hostname prints or sets the machine's name.
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

func main() {
	o := cmd.Options("[-s] [name]", "s", "short=s")
	short := false
	for o.Next() {
		short = true
	}
	o.Need(0, 1)
	if len(o.Ops) == 1 {
		if e := sys.Sethostname(o.Ops[0]); e != 0 {
			stdio.Fatal(1, "cannot set the name", e)
		}
		cmd.Done()
	}
	var u sys.Utsname
	sys.Uname(&u)
	name := sys.GoString(&u.Nodename[0])
	if short {
		name, _, _ = str.Cut(name, '.')
	}
	stdio.Puts(name + "\n")
	cmd.Done()
}
