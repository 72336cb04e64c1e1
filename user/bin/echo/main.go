//go:build galago_user

// Command echo writes its arguments. As GNU echo outside POSIX mode: -n leaves out the newline, -e interprets backslash
// escapes, -E does not.
package main

import (
	"galago/libc/cmd"
	"galago/libc/escape"
	"galago/libc/stdio"
)

func main() {
	args := cmd.Args()
	newline, escapes := true, false
	for len(args) > 0 && isOption(args[0]) {
		for _, c := range []byte(args[0][1:]) {
			switch c {
			case 'n':
				newline = false
			case 'e':
				escapes = true
			case 'E':
				escapes = false
			}
		}
		args = args[1:]
	}
	for i, a := range args {
		if i > 0 {
			stdio.Out.Putc(' ')
		}
		if !escapes {
			stdio.Puts(a)
			continue
		}
		text, stop := escape.Expand(a, escape.Echo)
		stdio.Out.Write(text)
		if stop {
			cmd.Done()
		}
	}
	if newline {
		stdio.Out.Putc('\n')
	}
	cmd.Done()
}

func isOption(s string) bool {
	if len(s) < 2 || s[0] != '-' {
		return false
	}
	for _, c := range []byte(s[1:]) {
		if c != 'n' && c != 'e' && c != 'E' {
			return false
		}
	}
	return true
}
