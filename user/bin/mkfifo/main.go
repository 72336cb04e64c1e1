//go:build galago_user

// Command mkfifo makes FIFOs (POSIX.1-2017 XCU mkfifo).
package main

import (
	"galago/libc/cmd"
	"galago/libc/mode"
	"galago/libc/sys"
)

func main() {
	o := cmd.Options("[-m mode] name...", "m:", "mode:=m")
	m, exact := uint32(0o666), false
	for o.Next() {
		list, ok := mode.Parse(o.Arg)
		if !ok {
			cmd.Die("invalid mode '" + o.Arg + "'")
		}
		m, exact = mode.Apply(list, 0o666, 0), true
	}
	o.Need(1, -1)
	for _, p := range o.Ops {
		e := sys.Mknod(p, sys.S_IFIFO|m, 0)
		if e == 0 && exact {
			e = sys.Chmod(p, m)
		}
		if e != 0 {
			cmd.Fail("cannot create fifo '"+p+"'", e)
		}
	}
	cmd.Done()
}
