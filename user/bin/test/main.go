//go:build galago_user

// Command test evaluates a condition (POSIX.1-2017 XCU test). Called as [ its last argument must be ].
package main

import (
	"runtime"

	"galago/libc/cmd"
	"galago/libc/cond"
	"galago/libc/stdio"
)

func main() {
	args := cmd.Args()
	if stdio.Name == "[" {
		if len(args) == 0 || args[len(args)-1] != "]" {
			stdio.Fatal(2, "missing ']'", 0)
		}
		args = args[:len(args)-1]
	}
	ok, msg := cond.Eval(args)
	switch {
	case msg != "":
		stdio.Fatal(2, msg, 0)
	case !ok:
		runtime.ExitNow(1)
	}
}
