//go:build galago_user

package main

import "galago/libc/sys"

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
		text, stop := unescape(nil, a)
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

// unescape appends a string with the escapes of echo and of %b decoded; stop: after \c nothing more is to be printed.
func unescape(b []byte, s string) (text []byte, stop bool) {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		if s[i+1] == 'c' {
			return b, true
		}
		if s[i+1] == '0' { // \0 and up to three octal digits
			c, n := octal(s[i+2:])
			b = append(b, c)
			i += n + 1
			continue
		}
		c, n := escape(s[i:])
		b = append(b, c)
		i += n - 1
	}
	return b, false
}

// escape decodes the escape sequence at the beginning of s and returns its length. What is none stands for its backslash.
func escape(s string) (c byte, n int) {
	if len(s) < 2 {
		return '\\', 1
	}
	switch s[1] {
	case 'a':
		return 7, 2
	case 'b':
		return 8, 2
	case 'f':
		return 12, 2
	case 'n':
		return 10, 2
	case 'r':
		return 13, 2
	case 't':
		return 9, 2
	case 'v':
		return 11, 2
	case '\\':
		return '\\', 2
	}
	if c, n := octal(s[1:]); n > 0 {
		return c, n + 1
	}
	return '\\', 1
}

// octal reads up to three octal digits.
func octal(s string) (c byte, n int) {
	v := 0
	for n < len(s) && n < 3 && s[n] >= '0' && s[n] <= '7' {
		v = v<<3 | int(s[n]-'0')
		n++
	}
	return byte(v), n
}
