//go:build galago_user

// Command reboot asks init to restart the machine; -f restarts it at once.
package main

import (
	"galago/libc/args"
	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	if args.Parse("f", "[-f]").Has('f') {
		sys.Sync()
		stdio.Fatal(1, "reboot", sys.Reboot(sys.RebootRestart))
	}
	if e := sys.Kill(1, sys.SIGTERM); e != 0 {
		stdio.Fatal(1, "init", e)
	}
}
