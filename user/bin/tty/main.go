//go:build galago_user

// Command tty prints the name of standard input's terminal (POSIX.1-2017 XCU tty).
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	cmd.UsageStatus = 2
	o := cmd.Options("[-s]", "s", "silent=s", "quiet=s")
	silent := false
	for o.Next() {
		silent = true
	}
	name := "not a tty"
	if sys.Isatty(0) {
		var e sys.Errno
		if name, e = sys.Readlink("/proc/self/fd/0"); e != 0 {
			name = "/dev/tty"
		}
	} else {
		cmd.Status = 1
	}
	if !silent {
		stdio.Puts(name + "\n")
	}
	cmd.Done()
}
