//go:build galago_user

// Command dirname prints paths without their last component (POSIX.1-2017 XCU dirname).
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
)

func main() {
	o := cmd.Options("[-z] path...", "z", "zero=z")
	end := byte('\n')
	for o.Next() {
		end = 0
	}
	o.Need(1, -1)
	for _, p := range o.Ops {
		stdio.Puts(dir(p))
		stdio.Out.Putc(end)
	}
	cmd.Done()
}

func dir(p string) string {
	n := len(p)
	slashes := func() {
		for n > 1 && p[n-1] == '/' {
			n--
		}
	}
	slashes()
	for n > 0 && p[n-1] != '/' {
		n--
	}
	slashes()
	if n == 0 {
		return "."
	}
	return p[:n]
}
