//go:build galago_user

// Command test evaluates an expression.
package main

import (
	"runtime"

	"galago/libc/cond"
	"galago/libc/args"
	"galago/libc/stdio"
)

func main() {
	words := args.Argv()
	if stdio.Name == "[" {
		if len(words) == 0 || words[len(words)-1] != "]" {
			stdio.Fatal(2, "missing ]", 0)
		}
		words = words[:len(words)-1]
	}
	ok, msg := cond.Eval(words[1:])
	if msg != "" {
		stdio.Fatal(2, msg, 0)
	}
	if !ok {
		runtime.Exit(1)
	}
}
