//go:build galago_user

// Command printenv prints environment variables.
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
)

func main() {
	o := cmd.Options("[-0] [name...]", "+0", "null=0")
	end := byte('\n')
	for o.Next() {
		end = 0
	}
	print := func(s string) {
		stdio.Puts(s)
		stdio.Out.Putc(end)
	}
	if len(o.Ops) == 0 {
		for _, v := range cmd.Environ() {
			print(v)
		}
	}
	for _, name := range o.Ops {
		v, ok := cmd.Getenv(name)
		if ok {
			print(v)
		} else {
			cmd.Status = 1
		}
	}
	cmd.Done()
}
