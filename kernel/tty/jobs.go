package tty

import (
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// Signals that terminals send (signal(7), x86).
const (
	sigHUP   = 1
	sigINT   = 2
	sigQUIT  = 3
	sigCONT  = 18
	sigTSTP  = 20
	sigTTIN  = 21
	sigTTOU  = 22
	sigWINCH = 28
)

// Jobs is what terminals need of the process floor: who is calling, and signals. Methods are called without any terminal's lock.
type Jobs interface {
	// Caller returns the running process's session and group (0 for a kernel thread), and whether it leads the session.
	Caller() (sid, pgid int, leader bool)
	// Terminal is the controlling terminal of the caller's session, or nil.
	Terminal() *TTY
	// Take makes t the controlling terminal of the session that the caller leads; EPERM.
	Take(t *TTY) errno.Errno
	// Drop ends a session's tie to t, if there is one.
	Drop(sid int, t *TTY)
	// Lose takes the terminal from the calling process, for its children too, but not from its session.
	Lose()
	// Orphaned tells whether the caller's process group is orphaned.
	Orphaned() bool
	// Ignores tells whether the running thread blocks or ignores a signal.
	Ignores(sig int) bool
	// CheckGroup tells whether a process group exists (else ESRCH) in the caller's session (else EPERM).
	CheckGroup(pgid int) errno.Errno
	// SignalGroup sends a signal of the kernel's own to a process group. It may be called from a DPC.
	SignalGroup(pgid, sig int)
}

// Processes is set by the process floor at boot, before the first terminal is opened.
var Processes Jobs

func signalGroup(pgid, sig int) {
	if Processes != nil {
		Processes.SignalGroup(pgid, sig)
	}
}

// checkForeground is job control (POSIX §11.1.4): a process in the background of its controlling terminal gets sig and its call is
// restarted afterwards. One that ignores sig may go on, except that it may not read (EIO); an orphaned group, which
// nobody could continue, gets EIO.
func (t *TTY) checkForeground(sig int) errno.Errno {
	if Processes == nil || Processes.Terminal() != t {
		return errno.OK
	}
	_, pgid, _ := Processes.Caller()
	fg := t.Foreground()
	if fg == 0 || pgid == fg {
		return errno.OK
	}
	if Processes.Ignores(sig) {
		if sig == sigTTIN {
			return errno.EIO
		}
		return errno.OK
	}
	if Processes.Orphaned() {
		return errno.EIO
	}
	Processes.SignalGroup(pgid, sig)
	return errno.ERESTARTSYS
}

func (t *TTY) mayRead(o *openTTY) errno.Errno {
	if o.console {
		return errno.OK
	}
	return t.checkForeground(sigTTIN)
}

func (t *TTY) mayWrite(o *openTTY) errno.Errno {
	if o.console {
		return errno.OK
	}
	t.lock.Lock()
	stop := t.termios.lflag(TOSTOP)
	t.lock.Unlock()
	if !stop {
		return errno.OK
	}
	return t.checkForeground(sigTTOU)
}

// adopt makes the terminal the caller's controlling terminal when it may become one by being opened: the caller leads a session
// without terminal, and the terminal belongs to no session.
func (t *TTY) adopt(f *vfs.File) {
	if Processes == nil || !f.Readable() {
		return
	}
	if _, _, leader := Processes.Caller(); leader && Processes.Terminal() == nil {
		t.control(false)
	}
}

// control makes the terminal the caller's controlling terminal; with steal also when it belongs to another session.
func (t *TTY) control(steal bool) errno.Errno {
	sid, pgid, _ := Processes.Caller()
	t.lock.Lock()
	old := t.session
	if old != 0 && old != sid && !steal {
		t.lock.Unlock()
		return errno.EPERM
	}
	t.session, t.pgrp = sid, pgid
	t.lock.Unlock()
	if old != 0 && old != sid {
		Processes.Drop(old, t)
	}
	e := Processes.Take(t)
	if e != errno.OK {
		t.leave(sid)
	}
	return e
}

// leave ends the terminal's tie to a session and returns the foreground group there was.
func (t *TTY) leave(sid int) int {
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.session != sid {
		return 0
	}
	pgrp := t.pgrp
	t.session, t.pgrp = 0, 0
	return pgrp
}

// setControlling is TIOCSCTTY.
func (t *TTY) setControlling(f *vfs.File, arg uintptr) errno.Errno {
	sid, _, leader := Processes.Caller()
	t.lock.Lock()
	mine := t.session == sid
	free := t.session == 0
	t.lock.Unlock()
	admin := f.Cred.Capable(cred.SysAdmin)
	switch {
	case leader && mine:
		return errno.OK
	case !leader, Processes.Terminal() != nil:
		return errno.EPERM
	case !free && (arg != 1 || !admin):
		return errno.EPERM
	case !f.Readable() && !admin:
		return errno.EPERM
	}
	return t.control(arg == 1 && admin)
}

// giveUp is TIOCNOTTY. When its leader gives the terminal up the whole session loses it; another process loses it for itself alone.
func (t *TTY) giveUp() errno.Errno {
	sid, _, leader := Processes.Caller()
	if Processes.Terminal() != t {
		return errno.ENOTTY
	}
	if !leader {
		Processes.Lose()
		return errno.OK
	}
	pgrp := t.leave(sid)
	Processes.Drop(sid, t)
	if pgrp != 0 {
		Processes.SignalGroup(pgrp, sigHUP)
		Processes.SignalGroup(pgrp, sigCONT)
	}
	return errno.OK
}

// owned checks that the terminal is the caller's controlling terminal.
func (t *TTY) owned() errno.Errno {
	if Processes == nil || Processes.Terminal() != t {
		return errno.ENOTTY
	}
	return errno.OK
}

// setForeground is TIOCSPGRP.
func (t *TTY) setForeground(pgid int) errno.Errno {
	if e := t.checkForeground(sigTTOU); e != errno.OK {
		if e == errno.EIO {
			e = errno.ENOTTY
		}
		return e
	}
	if pgid < 0 {
		return errno.EINVAL
	}
	if e := t.owned(); e != errno.OK {
		return e
	}
	if e := Processes.CheckGroup(pgid); e != errno.OK {
		return e
	}
	sid, _, _ := Processes.Caller()
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.session != sid {
		return errno.ENOTTY
	}
	t.pgrp = pgid
	return errno.OK
}

// Hangup cuts the terminal off from the processes that use it: the line was lost, or the session's leader has ended. Open
// files, except those of /dev/console, see the end from now on; the session loses its terminal, and its leader
// and the foreground group get SIGHUP and SIGCONT.
func (t *TTY) Hangup() {
	t.lock.Lock()
	session, pgrp := t.session, t.pgrp
	t.session, t.pgrp = 0, 0
	t.gen++
	t.flushInput()
	t.outN = 0
	t.driver.Discard()
	t.stopped, t.tcStopped = false, false
	t.hold()
	if t.full {
		t.full = false
		t.driver.Resume()
	}
	t.lock.Unlock()
	t.readWait.WakeAll()
	t.writeWait.WakeAll()
	if Processes == nil || session == 0 {
		return
	}
	Processes.SignalGroup(session, sigHUP) // the leader's own group
	Processes.SignalGroup(session, sigCONT)
	if pgrp != 0 && pgrp != session {
		Processes.SignalGroup(pgrp, sigHUP)
		Processes.SignalGroup(pgrp, sigCONT)
	}
	Processes.Drop(session, t)
}
