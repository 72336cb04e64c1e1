//go:build galago_user

// Command tac prints files with their lines in reverse order.
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
)

func main() {
	o := cmd.Options("[file...]", "")
	cmd.Input(o.Rest(), func(name string, fd int) {
		text, e := stdio.ReadAll(fd)
		if e != 0 {
			cmd.Fail(name, e)
		}
		end := len(text)
		for i := len(text) - 2; i >= -1; i-- {
			if i < 0 || text[i] == '\n' {
				stdio.Out.Write(text[i+1 : end])
				end = i + 1
			}
		}
	})
	cmd.Done()
}
