//go:build galago_user

// Command poweroff asks init to end everything in order and switch the machine off; called as reboot or halt it asks for
// that. -f does it at once, without init.
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	o := cmd.Options("[-f]", "fnp", "force=f", "no-sync=n", "poweroff=p")
	force, write := false, true
	how, signal := uintptr(sys.RebootPowerOff), sys.SIGUSR2
	switch stdio.Name {
	case "reboot":
		how, signal = sys.RebootRestart, sys.SIGTERM
	case "halt":
		how, signal = sys.RebootHalt, sys.SIGUSR1
	}
	for o.Next() {
		switch o.Opt {
		case 'f':
			force = true
		case 'n':
			write = false
		case 'p':
			how, signal = sys.RebootPowerOff, sys.SIGUSR2
		}
	}
	o.Need(0, 0)
	if !force {
		if e := sys.Kill(1, signal); e != 0 {
			stdio.Fatal(1, "cannot ask init", e)
		}
		cmd.Done()
	}
	if write {
		sys.Sync()
	}
	stdio.Fatal(1, "reboot", sys.Reboot(how))
}
