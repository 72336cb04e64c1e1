//go:build galago_user

// Command soak wears the kernel out in legal ways, for as long as it is told: fork bombs inside a limit, signal storms, floods of pipes
// and sockets with descriptors in flight, threads that are created and killed at random, memory and files that come and go. It must be
// the command of a machine of its own ("galago soak"), as it kills everything else that runs.
//
//	soak SECONDS SEED [ACTOR...]
//
// The master keeps one actor of each kind running (actors.go, threads.go) and kills each, with all its offspring still at work, after
// a random time. Every ten seconds it kills all of them, waits until they are gone, and counts what the kernel has in use: the figures
// of the end are printed beside those of the beginning, and growth is a failure.
package main

import (
	"runtime"

	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
	"galago/user/abuse"
)

const (
	roundTime = 10_000 // ms
	warmUp    = 10_000 // ms, before the first count: caches and tables grow to what the load wants
	longest   = 1_500  // ms that an actor lives
)

// actor is a kind of load; run is a process of its own and need not return.
type actor struct {
	name string
	run  func(r *abuse.Random)
	pid  int
	end  int64 // when it is killed
	runs int
	idle bool // not wanted
}

var actors = [...]actor{
	{name: "fork-bomb", run: forkBomb}, {name: "signal-storm", run: signalStorm}, {name: "pipe-flood", run: pipeFlood},
	{name: "socket-flood", run: socketFlood}, {name: "threads", run: threadChurn}, {name: "memory", run: memoryChurn},
	{name: "files", run: fileChurn}, {name: "events", run: eventChurn},
}

// count is what the kernel has in use when nothing runs.
type count struct{ free, objects, tasks, files, processes int }

func take() (c count) {
	c.free = abuse.FreeMemory()
	c.objects, c.tasks, c.files, c.processes = abuse.Objects(""), abuse.Objects("task"), abuse.Objects("file"), abuse.Processes()
	return c
}

func (c *count) print(what string) {
	stdio.Printf("%s: free %d kB, slab objects %d, tasks %d, open files %d, processes %d\n", what, c.free, c.objects, c.tasks, c.files, c.processes)
	stdio.Out.Flush()
}

const work = "/soak"

func main() {
	if len(runtime.Argv) < 3 {
		stdio.Puts("usage: soak SECONDS SEED [ACTOR...]\n")
		sys.ExitNow(2)
	}
	seconds, _ := str.Atoi(sys.GoString(runtime.Argv[1]))
	seed, _ := str.Atoi(sys.GoString(runtime.Argv[2]))
	choose(runtime.Argv[3:])
	r := abuse.Random(seed)
	abuse.Protect()
	sys.Mkdir(work, 0o777)
	sys.Chmod(work, 0o777)
	sys.Chdir(work)
	end := abuse.Now() + seconds*1000
	round(&r, min(end, abuse.Now()+warmUp)) // fills the stocks that the kernel keeps
	first := take()
	first.print("begin")
	for abuse.Now() < end && !abuse.Failed {
		round(&r, min(end, abuse.Now()+roundTime))
		now := take()
		now.print("round")
	}
	finish(&first)
}

// choose leaves out the actors that are not named, if any are.
func choose(names []*byte) {
	for i := range actors {
		actors[i].idle = len(names) > 0
		for _, n := range names {
			if sys.GoString(n) == actors[i].name {
				actors[i].idle = false
			}
		}
	}
}

// finish compares the end with the beginning.
func finish(first *count) {
	last := take()
	first.print("begin")
	last.print("end")
	for i := range actors {
		stdio.Printf("%s: %d runs\n", actors[i].name, actors[i].runs)
	}
	const memorySlack = 16 << 10 // kB: what slabs and the CPUs' caches keep; the audit at power-off counts exactly
	if last.free < first.free-memorySlack || last.tasks > first.tasks || last.files > first.files || last.processes > first.processes {
		abuse.Complain("soak: something is left over\n")
	}
	sys.Chdir("/")
	abuse.Run("/bin/rm", "-rf", work)
	stdio.Out.Flush()
	if abuse.Failed {
		sys.ExitNow(1)
	}
	sys.ExitNow(0)
}

// round keeps the actors running until a time, then ends everything.
func round(r *abuse.Random, end int64) {
	for abuse.Now() < end && !abuse.Failed {
		for i := range actors {
			a := &actors[i]
			switch now := abuse.Now(); {
			case a.idle:
			case a.pid == 0:
				a.start(r, now)
			case now >= a.end:
				sys.Kill(a.pid, sys.SIGKILL)
				a.end = now + abuse.Patience
			}
		}
		reap()
		abuse.Sleep(10)
	}
	if abuse.KillOthers(reap) {
		for i := range actors {
			actors[i].pid = 0
		}
	}
	const everything = "rm -rf /soak/* /tmp/soak.*"
	abuse.Run("/bin/sh", "-c", everything)
}

func (a *actor) start(r *abuse.Random, now int64) {
	seed := abuse.Random(r.Next())
	pid, e := sys.Fork()
	if e != 0 {
		abuse.Complain("soak: fork: %s\n", e.Name())
		return
	}
	if pid == 0 {
		sys.Setsid()
		a.run(&seed)
		sys.ExitNow(0)
	}
	a.pid, a.end = pid, now+int64(50+r.Below(longest))
	a.runs++
}

func reap() {
	for {
		pid, _, e := sys.Wait4(-1, sys.WNOHANG)
		if e != 0 || pid == 0 {
			return
		}
		for i := range actors {
			if actors[i].pid == pid {
				actors[i].pid = 0
			}
		}
	}
}
