//go:build galago_user

// Command clear clears the terminal (ECMA-48: CUP, ED 2; xterm's ED 3 for what has scrolled away).
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
)

func main() {
	stdio.Puts("\x1b[H\x1b[2J\x1b[3J")
	cmd.Done()
}
