//go:build galago_user

// Command kill sends signals to processes (POSIX.1-2017 XCU kill).
package main

import (
	"galago/libc/cmd"
	"galago/libc/signals"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

func main() {
	args := cmd.Args()
	sig := sys.SIGTERM
	if len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		a := args[0][1:]
		args = args[1:]
		switch {
		case a == "l" || a == "-list":
			list(args)
		case a == "-":
		case a == "s" || a == "-signal" || a == "n":
			if len(args) == 0 {
				usage()
			}
			sig = number(args[0])
			args = args[1:]
		case a[0] == 's' && len(a) > 1:
			sig = number(a[1:])
		default:
			sig = number(a)
		}
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		usage()
	}
	for _, a := range args {
		pid, ok := str.Atoi(a)
		if !ok {
			cmd.Fail("invalid process id '"+a+"'", 0)
			continue
		}
		if e := sys.Kill(int(pid), sig); e != 0 {
			cmd.Fail("("+a+")", e)
		}
	}
	cmd.Done()
}

func usage() {
	stdio.Fatal(2, "usage: kill [-s signal | -signal] pid... | -l [number...]", 0)
}

func number(s string) int {
	n, ok := signals.Number(s)
	if !ok {
		stdio.Fatal(1, "'"+s+"': invalid signal", 0)
	}
	return n
}

// list prints names: of all signals, or of given numbers, also as in the exit status of a shell.
func list(args []string) {
	if len(args) == 0 {
		for i := 1; i < 32; i++ {
			stdio.Puts(signals.Name(i) + "\n")
		}
	}
	for _, a := range args {
		v, isNum := str.ParseUint(a, 10)
		switch {
		case isNum && v > 128 && v <= 128+signals.Last:
			v -= 128
			fallthrough
		case isNum && v <= signals.Last:
			stdio.Puts(signals.Name(int(v)) + "\n")
		default:
			stdio.Printf("%d\n", number(a))
		}
	}
	cmd.Done()
}
