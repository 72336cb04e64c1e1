//go:build galago_user

package main

import (
	"galago/libc/stdio"
	"galago/libc/sys"
	"galago/user/sh/syntax"
)

// Pipelines (XCU 2.9.2) and asynchronous lists (2.9.3).

func runPipeline(c *syntax.Pipeline, last bool) {
	if c.Negate {
		tested++
	}
	if len(c.Cmds) == 1 {
		run(c.Cmds[0], last && !c.Negate)
	} else {
		inRegion(func() { pipe(c) })
	}
	if !c.Negate {
		if len(c.Cmds) > 1 {
			checkError()
		}
		return
	}
	tested--
	if unwind == none {
		if status == 0 {
			status = 1
		} else {
			status = 0
		}
	}
}

// pipe starts the commands of a pipeline, each in a process of its own, and waits for them.
func pipe(c *syntax.Pipeline) {
	flush()
	j := newJob(c.Text)
	in := -1
	for i, cmd := range c.Cmds {
		out, next := -1, -1
		if i < len(c.Cmds)-1 {
			var e sys.Errno
			if next, out, e = sys.Pipe2(sys.O_CLOEXEC); e != 0 {
				report("pipe: " + stdio.Message(e))
				status = 2
				break
			}
		}
		ok := stage(j, cmd, in, out, next)
		if in >= 0 {
			sys.Close(in)
		}
		if out >= 0 {
			sys.Close(out)
		}
		in = next
		if !ok {
			break
		}
	}
	if in >= 0 {
		sys.Close(in)
	}
	if len(j.procs) == 0 {
		j.remove()
		return
	}
	waitForeground(j)
}

// stage starts one command of a pipeline; next is the other end of out, which only the following command may keep open.
func stage(j *job, cmd syntax.Command, in, out, next int) bool {
	if l := program(cmd); l != nil {
		l.in, l.out, l.foreground = in, out, true
		return j.launch(l)
	}
	if unwind != none {
		return false
	}
	if !forkInto(j, true) {
		return unwind == none
	}
	if next >= 0 {
		sys.Close(next)
	}
	connect(in, 0)
	connect(out, 1)
	run(cmd, true)
	leave()
	return false
}

// runAsync starts a command in the background. Without job control it must not take the terminal's input and signals.
func runAsync(it *syntax.Item) {
	control := opt.monitor && !subshell
	reap(false)
	j := newJob(it.Text)
	j.background = true
	if forkInto(j, false) {
		if !control {
			sys.Signal(sys.SIGINT, sys.Ignore, false)
			sys.Signal(sys.SIGQUIT, sys.Ignore, false)
			if fd, e := sys.Open("/dev/null", sys.O_RDONLY, 0); e == 0 && fd != 0 {
				sys.Dup2(fd, 0)
				sys.Close(fd)
			}
		}
		tested = 0
		run(it.Cmd, true)
		leave()
	}
	if unwind != none {
		return
	}
	lastAsync = j.procs[len(j.procs)-1].pid
	if interactive {
		sys.WriteAll(2, []byte("["+itoa(j.num)+"] "+itoa(lastAsync)+"\n"))
	}
	status = 0
}
