//go:build galago

package proc

import (
	"galago/kernel/errno"
)

// Options of wait4(2) and waitid(2).
const (
	WNOHANG    = 1
	WUNTRACED  = 2
	WEXITED    = 4
	WCONTINUED = 8
	WNOWAIT    = 0x01000000
	WNOTHREAD  = 0x20000000
	WALL       = 0x40000000
	WCLONE     = 0x80000000
)

// Waited is what a wait call reports of a child.
type Waited struct {
	PID    int
	UID    uint32
	Status int // wait status
	Times  Times
	// Trapped: a tracee stopped for its tracer.
	Trapped bool
}

// waiter is one wait call's criteria.
type waiter struct {
	p       *Process
	task    *Task // with WNOTHREAD: only its children count
	pid     int   // >0 that child, 0 own group, -1 any, < -1 that group
	options int
	out     *Waited
	any     bool // a child matched, though it has nothing to report yet
	found   *Process
}

func (w *waiter) matches(c *Process) bool {
	if w.options&WALL == 0 && (c.exitSignal == SIGCHLD) == (w.options&WCLONE != 0) {
		return false
	}
	if w.options&WNOTHREAD != 0 && c.creator != w.task {
		return false
	}
	switch {
	case w.pid > 0:
		return c.PID == w.pid
	case w.pid == -1:
		return true
	case w.pid == 0:
		return c.group == w.p.group
	}
	return c.group != nil && c.group.ID == -w.pid
}

// scan looks for a child with something to report and takes the report. table.lock is held.
//
// +checklocks:table.lock
func (w *waiter) scan() bool {
	w.any = false
	for c := w.p.children.Front(); c != nil; c = c.sibling.Next() {
		if !w.matches(c) {
			continue
		}
		w.any = true
		mine := c.tracedByParent() // its stops are for the tracer's side of wait
		keep := w.options&WNOWAIT != 0
		switch {
		case c.ended != nil: // its tracer comes first
		case c.state == Zombie && w.options&WEXITED != 0:
			w.report(c, c.status)
			if !keep {
				w.reap(c)
			}
			return true
		case c.stopped && !mine && !c.reported && w.options&WUNTRACED != 0:
			w.report(c, c.status)
			c.reported = !keep
			return true
		case c.contd && w.options&WCONTINUED != 0:
			w.report(c, 0xffff)
			c.contd = keep
			return true
		}
	}
	return w.scanTracees()
}

func (w *waiter) report(c *Process, status int) {
	*w.out = Waited{PID: c.PID, UID: c.cred.UID, Status: status, Times: c.Times}
	w.out.Times.add(&c.ChildTimes)
}

// +checklocks:table.lock
func (w *waiter) reap(c *Process) {
	w.p.ChildTimes.add(&w.out.Times)
	c.unlink()
	w.found = c
}

// Wait waits for a change of a child: wait4(2) and waitid(2). ECHILD when no child can match; EINTR; with
// WNOHANG a zero PID when nothing has happened yet.
func (t *Task) Wait(pid, options int, out *Waited) errno.Errno {
	w := waiter{p: t.Proc, task: t, pid: pid, options: options, out: out}
	*out = Waited{}
	try := func() bool {
		table.lock.Lock()
		done := w.scan() || !w.any
		table.lock.Unlock()
		return done
	}
	e := errno.OK
	if !try() {
		if options&WNOHANG != 0 {
			return errno.OK
		}
		e = t.Proc.childWait.WaitInterruptible(try)
	}
	if w.found != nil {
		w.found.Put()
	}
	switch {
	case e != 0:
		return errno.ERESTARTSYS
	case out.PID == 0 && !w.any:
		return errno.ECHILD
	}
	return errno.OK
}
