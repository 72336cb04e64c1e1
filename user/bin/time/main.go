//go:build galago_user

// Command time runs a command and shows how long it took (POSIX.1-2017 XCU time).
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/spawn"
	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	cmd.UsageStatus = 125
	o := cmd.Options("[-p] command [argument]...", "+p", "portability=p")
	for o.Next() {
	}
	o.Need(1, -1)
	const monotonic = 1
	start := sys.ClockGettime(monotonic)
	pid, e := spawn.Start(o.Ops, cmd.Environ())
	if e != 0 {
		stdio.Warn(o.Ops[0], e)
		sys.ExitNow(spawn.Status(e))
	}
	sys.Signal(sys.SIGINT, sys.Ignore, false)
	sys.Signal(sys.SIGQUIT, sys.Ignore, false)
	var ru sys.Rusage
	var st sys.WaitStatus
	for e = errno.EINTR; e == errno.EINTR; {
		_, st, e = sys.Wait4Usage(pid, 0, &ru)
	}
	end := sys.ClockGettime(monotonic)
	show("real", end.Sec-start.Sec, end.Nsec-start.Nsec)
	show("user", ru.Utime.Sec, ru.Utime.Usec*1000)
	show("sys", ru.Stime.Sec, ru.Stime.Usec*1000)
	stdio.Err.Flush()
	sys.ExitNow(st.ShellStatus())
}

func show(name string, sec, nsec int64) {
	if nsec < 0 {
		sec, nsec = sec-1, nsec+1e9
	}
	stdio.Err.Printf("%s %d.%02d\n", name, sec, nsec/1e7)
}
