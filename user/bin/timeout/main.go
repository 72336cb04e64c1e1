//go:build galago_user

// Command timeout runs a command and ends it when it takes too long: exit status 124 then.
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/date"
	"galago/libc/signals"
	"galago/libc/spawn"
	"galago/libc/stdio"
	"galago/libc/sys"
)

// caught is a signal that was sent to timeout itself, to be passed on.
var caught int

func main() {
	cmd.UsageStatus = 125
	o := cmd.Options("[-s signal] [-k duration] duration command [argument]...", "+s:k:pv", "signal:=s", "kill-after:=k",
		"preserve-status=p", "foreground=f", "verbose=v")
	sig, preserve, killAfter := sys.SIGTERM, false, int64(0)
	nanos := func(s string) int64 {
		sec, nsec, ok := date.Duration(s)
		if !ok || sec > 1<<32 {
			cmd.Die("invalid time interval '" + s + "'")
		}
		return sec*1e9 + nsec
	}
	for o.Next() {
		switch o.Opt {
		case 's':
			var ok bool
			if sig, ok = signals.Number(o.Arg); !ok {
				cmd.Die("'" + o.Arg + "': invalid signal")
			}
		case 'k':
			killAfter = nanos(o.Arg)
		case 'p':
			preserve = true
		}
	}
	o.Need(2, -1)
	limit := nanos(o.Ops[0])
	// SIGCHLD is caught so that it ends a sleep.
	sys.OnSignal(func(s int) {
		if s != sys.SIGCHLD {
			caught = s
		}
	})
	for _, s := range [...]int{sys.SIGCHLD, sys.SIGTERM, sys.SIGINT, sys.SIGHUP} {
		sys.Signal(s, sys.Catch, true)
	}
	pid, e := spawn.Start(o.Ops[1:], cmd.Environ())
	if e != 0 {
		stdio.Warn("failed to run command '"+o.Ops[1]+"'", e)
		sys.ExitNow(spawn.Status(e))
	}
	st, late := supervise(pid, sig, limit, killAfter)
	if late && !preserve && !(st.Signaled() && st.Signal() == sys.SIGKILL) {
		sys.ExitNow(124)
	}
	sys.ExitNow(st.ShellStatus())
}

// supervise waits for the command; at the limit it sends sig, and SIGKILL killAfter later.
func supervise(pid, sig int, limit, killAfter int64) (st sys.WaitStatus, late bool) {
	const step = 10e6 // ns: bounds what a signal just before the sleep can cost
	deadline := monotonic() + limit
	for {
		got, st, e := sys.Wait4(pid, sys.WNOHANG)
		if got == pid || e == errno.ECHILD {
			return st, late
		}
		if caught != 0 {
			sys.Kill(pid, caught)
			caught = 0
		}
		left := deadline - monotonic()
		switch {
		case limit == 0 && !late:
			left = step
		case left <= 0:
			sys.Kill(pid, sig)
			sys.Kill(pid, sys.SIGCONT)
			late = true
			sig, deadline = sys.SIGKILL, monotonic()+killAfter
			if killAfter == 0 {
				deadline = 1<<63 - 1
			}
			left = step
		}
		sys.Nanosleep(sys.Timespec{Nsec: min(left, step)})
	}
}

func monotonic() int64 {
	t := sys.ClockGettime(1)
	return t.Sec*1e9 + t.Nsec
}
