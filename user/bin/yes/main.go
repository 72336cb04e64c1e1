//go:build galago_user

// Command yes prints a line for ever.
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

func main() {
	line := "y\n"
	if args := cmd.Args(); len(args) > 0 {
		line = str.Join(args, " ") + "\n"
	}
	buf := []byte(line)
	for len(buf) < 8192 {
		buf = append(buf, line...)
	}
	for {
		if e := sys.WriteAll(1, buf); e != 0 {
			stdio.Fatal(1, "standard output", e)
		}
	}
}
