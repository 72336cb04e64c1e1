//go:build galago_user

// Command echo prints its arguments; -n leaves the newline out.
package main

import (
	"galago/libc/args"
	"galago/libc/stdio"
)

func main() {
	words := args.Argv()[1:]
	newline := true
	if len(words) > 0 && words[0] == "-n" {
		newline = false
		words = words[1:]
	}
	for i, a := range words {
		if i > 0 {
			stdio.Puts(" ")
		}
		stdio.Puts(a)
	}
	if newline {
		stdio.Puts("\n")
	}
	if e := stdio.Out.Flush(); e != 0 {
		stdio.Fatal(1, "write error", e)
	}
}
