//go:build galago_user

// Command poweroff asks init to shut the machine down; -f stops it at once.
package main

import (
	"galago/libc/args"
	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	if args.Parse("f", "[-f]").Has('f') {
		sys.Sync()
		stdio.Fatal(1, "reboot", sys.Reboot(sys.RebootPowerOff))
	}
	if e := sys.Kill(1, sys.SIGUSR2); e != 0 {
		stdio.Fatal(1, "init", e)
	}
}
