//go:build galago

package main

import (
	"galago/kernel/errno"
	"galago/kernel/proc"
	"galago/kernel/tty"
)

// jobs connects terminals with processes: both stand on the same floor and know each other only through interfaces.
type jobs struct{}

var theJobs tty.Jobs = jobs{}

func (jobs) Caller() (sid, pgid int, leader bool) {
	t := proc.Current()
	if t == nil {
		return 0, 0, false
	}
	pgid, _ = t.GetPGID(0)
	sid, _ = t.GetSID(0)
	return sid, pgid, sid == t.Proc.PID
}

func (jobs) Terminal() *tty.TTY {
	t := proc.Current()
	if t == nil {
		return nil
	}
	term, _ := t.Terminal().(*tty.TTY)
	return term
}

func (jobs) Take(term *tty.TTY) errno.Errno {
	t := proc.Current()
	if t == nil {
		return errno.EPERM
	}
	_, _, e := t.TakeTerminal(term)
	return e
}

func (jobs) Drop(sid int, term *tty.TTY) { proc.DropTerminal(sid, term) }

func (jobs) Lose() {
	if t := proc.Current(); t != nil {
		t.LoseTerminal()
	}
}

func (jobs) Orphaned() bool {
	t := proc.Current()
	return t != nil && t.Orphaned()
}

func (jobs) Ignores(sig int) bool {
	t := proc.Current()
	return t == nil || t.IgnoresOrBlocks(sig)
}

func (jobs) CheckGroup(pgid int) errno.Errno {
	t := proc.Current()
	if t == nil {
		return errno.ESRCH
	}
	return t.CheckGroup(pgid)
}

func (jobs) SignalGroup(pgid, sig int) { proc.SignalGroup(pgid, sig) }
