//go:build galago

package proc

import (
	"sync/atomic"

	"galago/kernel/ds"
	"galago/kernel/lock"
	"galago/kernel/mem"
)

// MaxPID bounds process numbers (kernel.pid_max's default on Linux).
const MaxPID = 32768

// table is every process, thread, group and session, by number.
var table struct {
	lock  lock.Spin
	tasks [MaxPID]atomic.Pointer[Task]
	// used counts what keeps a number alive besides a task: a zombie, a group, a session.
	used   [MaxPID]uint8
	groups [MaxPID]*Group
	procs  [MaxPID]*Process
	next   int
	count  int // processes, zombies included
}

// Group is a process group; Session a session. Guarded by table.lock.
type Group struct {
	ID      int
	Session *Session
	members ds.List[Process]
	n       int
}

// Session is a set of groups with at most one controlling terminal.
type Session struct {
	ID     int
	Leader *Process
	refs   int
	TTY    Terminal
}

// Terminal is what sessions know of a controlling terminal; package tty implements it.
type Terminal interface {
	// Hangup tells the terminal that its session's leader is gone.
	Hangup()
	// Number is the device number, for /proc/PID/stat.
	Number() uint64
	// Foreground is the foreground process group.
	Foreground() int
}

var (
	groupCache   = mem.Cache[Group]{Name: "pgrp"}
	sessionCache = mem.Cache[Session]{Name: "session"}
)

func init() { table.lock.Init(lock.RankProcTable) }

// allocPID takes a free number, in ascending order with wrap-around; 0 when all are taken. table.lock is held.
//
// +checklocks:table.lock
func allocPID() int {
	const firstAfterWrap = 300
	n := table.next
	for range MaxPID {
		n++
		if n >= MaxPID {
			n = firstAfterWrap
		}
		if table.used[n] == 0 {
			table.used[n] = 1
			table.next = n
			return n
		}
	}
	return 0
}

func holdPID(n int) { table.used[n]++ }
func dropPID(n int) { table.used[n]-- }

// Find returns the process with a PID, with a reference, or nil.
func Find(pid int) *Process {
	if pid <= 0 || pid >= MaxPID {
		return nil
	}
	table.lock.Lock()
	p := table.procs[pid]
	if p != nil {
		p.Get()
	}
	table.lock.Unlock()
	return p
}

// IsThread reports whether a number is that of a thread which is not the first one of its process.
func IsThread(tid int) bool {
	if tid <= 0 || tid >= MaxPID {
		return false
	}
	table.lock.Lock()
	defer table.lock.Unlock()
	t := table.tasks[tid].Load()
	return t != nil && t.Proc.PID != tid
}

// Next returns the process with the smallest PID above after, with a reference, or nil: for /proc.
func Next(after int) *Process {
	table.lock.Lock()
	defer table.lock.Unlock()
	for n := max(after+1, 1); n < MaxPID; n++ {
		if p := table.procs[n]; p != nil {
			p.Get()
			return p
		}
	}
	return nil
}

// Count returns the number of processes, zombies included.
func Count() int { return table.count }

// join puts p into the group with the given id, made in session s when it does not exist. table.lock is held; g
// is a spare group for that case. It reports whether the spare was used.
//
// +checklocks:table.lock
func (p *Process) join(id int, s *Session, spare *Group) bool {
	g := table.groups[id]
	used := g == nil
	if used {
		g = spare
		*g = Group{ID: id, Session: s}
		s.refs++
		holdPID(id)
		table.groups[id] = g
	}
	p.leave()
	p.group = g
	g.members.PushBack(&p.inGroup)
	g.n++
	return used
}

// leave takes p out of its group, freeing the group and then the session with the last member.
func (p *Process) leave() {
	g := p.group
	if g == nil {
		return
	}
	g.members.Remove(&p.inGroup)
	p.group = nil
	if g.n--; g.n > 0 {
		return
	}
	table.groups[g.ID] = nil
	dropPID(g.ID)
	s := g.Session
	groupCache.Free(g)
	if s.refs--; s.refs == 0 {
		dropPID(s.ID)
		sessionCache.Free(s)
	}
}
