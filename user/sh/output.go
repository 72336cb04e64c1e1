//go:build galago_user

package main

import (
	"galago/libc/escape"
	"galago/libc/sys"
)

// Output of built-ins: buffered until the command has ended, so that it keeps its order with what other processes write.

var output struct {
	buf [4096]byte
	n   int
	bad bool // a write has failed
}

func putc(c byte) {
	if output.n == len(output.buf) {
		write()
	}
	output.buf[output.n] = c
	output.n++
}

func puts(s string) {
	for s != "" {
		if output.n == len(output.buf) {
			write()
		}
		n := copy(output.buf[output.n:], s)
		output.n += n
		s = s[n:]
	}
}

func write() {
	n := output.n
	output.n = 0
	if sys.WriteAll(1, output.buf[:n]) != 0 {
		output.bad = true
	}
}

// flush writes what is buffered; false if a write since the last flush has failed.
func flush() bool {
	if output.n > 0 {
		write()
	}
	bad := output.bad
	output.bad = false
	return !bad
}

// echoCommand is echo with the XSI escapes, and -n.
func echoCommand(args []string) int {
	args = args[1:]
	newline := true
	if len(args) > 0 && args[0] == "-n" {
		newline = false
		args = args[1:]
	}
	for i, a := range args {
		if i > 0 {
			putc(' ')
		}
		text, stop := escape.Expand(a, escape.Echo)
		puts(string(text))
		if stop {
			return 0
		}
	}
	if newline {
		putc('\n')
	}
	return 0
}
