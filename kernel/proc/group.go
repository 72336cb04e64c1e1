//go:build galago

package proc

import "galago/kernel/errno"

// Process groups, sessions and job control (POSIX.1-2017 §11.1, §3.302).

// GroupID and SessionID of a process; 0 for a process that is gone.
func (p *Process) GroupID() int {
	table.lock.Lock()
	defer table.lock.Unlock()
	if p.group == nil {
		return 0
	}
	return p.group.ID
}

func (p *Process) SessionID() int {
	table.lock.Lock()
	defer table.lock.Unlock()
	if p.group == nil {
		return 0
	}
	return p.group.Session.ID
}

// ParentPID returns the parent's PID, 0 for init.
func (p *Process) ParentPID() int { return int(p.ppid.Load()) }

// SetPGID is setpgid(2).
func (t *Task) SetPGID(pid, pgid int) errno.Errno {
	if pgid < 0 {
		return errno.EINVAL
	}
	spare := groupCache.Alloc()
	if spare == nil {
		return errno.ENOMEM
	}
	table.lock.Lock()
	used, e := t.setPGID(pid, pgid, spare)
	table.lock.Unlock()
	if !used {
		groupCache.Free(spare)
	}
	return e
}

// +checklocks:table.lock
func (t *Task) setPGID(pid, pgid int, spare *Group) (used bool, e errno.Errno) {
	me := t.Proc
	p := me
	if pid != 0 && pid != me.PID {
		if pid < 0 || pid >= MaxPID || table.procs[pid] == nil || table.procs[pid].parent != me {
			return false, errno.ESRCH
		}
		p = table.procs[pid]
		if p.state != Alive {
			return false, errno.ESRCH
		}
		if p.group.Session != me.group.Session {
			return false, errno.EPERM
		}
		if p.didExec {
			return false, errno.EACCES
		}
	}
	if pgid == 0 {
		pgid = p.PID
	}
	s := p.group.Session
	if s.ID == p.PID {
		return false, errno.EPERM // a session leader
	}
	if pgid != p.PID {
		if pgid >= MaxPID || table.groups[pgid] == nil || table.groups[pgid].Session != s {
			return false, errno.EPERM
		}
	}
	if p.group.ID == pgid {
		return false, errno.OK
	}
	s.refs++ // join leaves the old group first, which might end the session
	used = p.join(pgid, s, spare)
	s.refs--
	return used, errno.OK
}

// SetSID is setsid(2): a new session with the caller as leader and only member. EPERM for a group leader.
func (t *Task) SetSID() (int, errno.Errno) {
	p := t.Proc
	g, s := groupCache.Alloc(), sessionCache.Alloc()
	if g == nil || s == nil {
		if g != nil {
			groupCache.Free(g)
		}
		if s != nil {
			sessionCache.Free(s)
		}
		return 0, errno.ENOMEM
	}
	table.lock.Lock()
	if table.groups[p.PID] != nil {
		table.lock.Unlock()
		groupCache.Free(g)
		sessionCache.Free(s)
		return 0, errno.EPERM
	}
	*s = Session{ID: p.PID, Leader: p}
	holdPID(p.PID)
	p.join(p.PID, s, g)
	p.noTerminal = false
	table.lock.Unlock()
	return p.PID, errno.OK
}

// GetPGID is getpgid(2), GetSID getsid(2); pid 0 is the caller.
func (t *Task) GetPGID(pid int) (int, errno.Errno) {
	g, _, e := t.ids(pid)
	return g, e
}

func (t *Task) GetSID(pid int) (int, errno.Errno) {
	_, s, e := t.ids(pid)
	return s, e
}

func (t *Task) ids(pid int) (pgid, sid int, e errno.Errno) {
	table.lock.Lock()
	defer table.lock.Unlock()
	p := t.Proc
	if pid != 0 {
		if pid < 0 || pid >= MaxPID || table.procs[pid] == nil {
			return 0, 0, errno.ESRCH
		}
		p = table.procs[pid]
	}
	if p.group == nil {
		return 0, 0, errno.ESRCH
	}
	return p.group.ID, p.group.Session.ID, errno.OK
}

// CheckGroup reports whether group pgid exists (ESRCH) in the running task's session (EPERM).
func (t *Task) CheckGroup(pgid int) errno.Errno {
	table.lock.Lock()
	defer table.lock.Unlock()
	switch {
	case pgid <= 0 || pgid >= MaxPID || table.groups[pgid] == nil:
		return errno.ESRCH
	case table.groups[pgid].Session != t.Proc.group.Session:
		return errno.EPERM
	}
	return errno.OK
}

// Terminal returns the session's controlling terminal, or nil.
func (t *Task) Terminal() Terminal {
	table.lock.Lock()
	defer table.lock.Unlock()
	if t.Proc.noTerminal {
		return nil
	}
	return t.Proc.group.Session.TTY
}

// LoseTerminal takes the controlling terminal from the running task's process, until it begins a session of its own.
func (t *Task) LoseTerminal() {
	table.lock.Lock()
	t.Proc.noTerminal = true
	table.lock.Unlock()
}

// TakeTerminal makes tty the controlling terminal of the running task's session: it must lead the session and have
// none yet (EPERM).
func (t *Task) TakeTerminal(tty Terminal) (sid, pgid int, e errno.Errno) {
	table.lock.Lock()
	defer table.lock.Unlock()
	s := t.Proc.group.Session
	if s.Leader != t.Proc || s.TTY != nil && s.TTY != tty {
		return 0, 0, errno.EPERM
	}
	s.TTY = tty
	return s.ID, t.Proc.group.ID, errno.OK
}

// DropTerminal ends a session's tie to its terminal.
func DropTerminal(sid int, tty Terminal) {
	table.lock.Lock()
	defer table.lock.Unlock()
	if sid > 0 && sid < MaxPID && table.groups[sid] != nil && table.groups[sid].Session.TTY == tty {
		table.groups[sid].Session.TTY = nil
	}
}

// leaveTerminal hangs the terminal up when a session leader ends.
func (p *Process) leaveTerminal() {
	table.lock.Lock()
	var tty Terminal
	if g := p.group; g != nil && g.Session.Leader == p {
		tty, g.Session.TTY, g.Session.Leader = g.Session.TTY, nil, nil
	}
	table.lock.Unlock()
	if tty != nil {
		tty.Hangup()
	}
}

// Orphaned reports whether a group is orphaned: no member has a parent in another group of the same session.
func orphaned(g *Group, except *Process) bool {
	for p := g.members.Front(); p != nil; p = p.inGroup.Next() {
		if p == except || p.state != Alive || p.parent == nil {
			continue
		}
		if pg := p.parent.group; pg != nil && pg != g && pg.Session == g.Session && p.parent != initProcess {
			return false
		}
	}
	return true
}

func (p *Process) orphaned() bool {
	table.lock.Lock()
	defer table.lock.Unlock()
	return orphaned(p.group, nil)
}

// Orphaned reports whether the running task's process group is orphaned, for terminals (POSIX §11.1.4).
func (t *Task) Orphaned() bool { return t.Proc.orphaned() }

// orphanGroups sends SIGHUP and SIGCONT to the groups that become orphaned by p's end and have stopped members
// (POSIX _Exit). table.lock is held.
//
// +checklocks:table.lock
func (p *Process) orphanGroups() {
	check := func(g *Group, except *Process) {
		if g == nil || !orphaned(g, except) {
			return
		}
		stopped := false
		for m := g.members.Front(); m != nil; m = m.inGroup.Next() {
			stopped = stopped || m != except && m.stopped
		}
		if !stopped {
			return
		}
		info := Siginfo{Code: SI_KERNEL}
		for m := g.members.Front(); m != nil; m = m.inGroup.Next() {
			if m != except {
				info.Signo = SIGHUP
				m.send(SIGHUP, &info)
				info.Signo = SIGCONT
				m.send(SIGCONT, &info)
			}
		}
	}
	if p.parent != nil && p.group != nil && p.parent.group != p.group {
		check(p.group, p)
	}
	for c := p.children.Front(); c != nil; c = c.sibling.Next() {
		if c.group != nil && c.group != p.group {
			check(c.group, nil)
		}
	}
}
