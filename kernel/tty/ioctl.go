package tty

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/sched"
	"galago/kernel/time"
	"galago/kernel/vfs"
)

// ioctl commands (asm-generic/ioctls.h).
const (
	tcGETS     = 0x5401
	tcSETS     = 0x5402
	tcSETSW    = 0x5403
	tcSETSF    = 0x5404
	tcSBRK     = 0x5409
	tcXONC     = 0x540a
	tcFLSH     = 0x540b
	tiocEXCL   = 0x540c
	tiocNXCL   = 0x540d
	tiocSCTTY  = 0x540e
	tiocGPGRP  = 0x540f
	tiocSPGRP  = 0x5410
	tiocOUTQ   = 0x5411
	tiocSTI    = 0x5412
	tiocGWINSZ = 0x5413
	tiocSWINSZ = 0x5414
	tiocINQ    = 0x541b
	tiocNOTTY  = 0x5422
	tiocSETD   = 0x5423
	tiocGETD   = 0x5424
	tcSBRKP    = 0x5425
	tiocSBRK   = 0x5427
	tiocCBRK   = 0x5428
	tiocGSID   = 0x5429
	tcGETS2    = 0x802c542a
	tcSETS2    = 0x402c542b
	tcSETSW2   = 0x402c542c
	tcSETSF2   = 0x402c542d
	tiocGDEV   = 0x80045432
	tiocVHANG  = 0x5437
	tiocGEXCL  = 0x80045440
)

// Arguments of tcflush(3) and tcflow(3).
const (
	tcIFLUSH  = 0
	tcOFLUSH  = 1
	tcIOFLUSH = 2
	tcOOFF    = 0
	tcOON     = 1
	tcIOFF    = 2
	tcION     = 3
)

const (
	breakTime      = 250 * time.Millisecond
	drainStep      = time.Millisecond
	drainAtClose   = 2 * time.Second // a line that does not take output must not hold up close(2) for ever
	drainUnlimited = -1
)

// copyIn and copyOut stay calls: inlined with a constant size they trip over a fault of the compiler in the hosted
// variant ("disjointTypes: one of arguments is not a pointer", go1.26).
//
//go:noinline
func copyIn(p unsafe.Pointer, user, n uintptr) errno.Errno {
	if arch.CopyFromUser(p, user, n) != 0 {
		return errno.EFAULT
	}
	return errno.OK
}

//go:noinline
func copyOut(user uintptr, p unsafe.Pointer, n uintptr) errno.Errno {
	if arch.CopyToUser(user, p, n) != 0 {
		return errno.EFAULT
	}
	return errno.OK
}

func get[T any](p *T, user uintptr) errno.Errno {
	return copyIn(unsafe.Pointer(p), user, unsafe.Sizeof(*p))
}

func put[T any](user uintptr, p *T) errno.Errno {
	return copyOut(user, unsafe.Pointer(p), unsafe.Sizeof(*p))
}

func putInt(user uintptr, v int) errno.Errno {
	n := int32(v)
	return put(user, &n)
}

// ioctl is ioctl(2) on a terminal.
func (t *TTY) ioctl(f *vfs.File, o *openTTY, cmd uint32, arg uintptr) errno.Errno {
	if o.isHungUp() {
		if cmd == tiocSPGRP {
			return errno.ENOTTY
		}
		return errno.EIO
	}
	switch cmd {
	case tcSETS, tcSETSW, tcSETSF, tcSETS2, tcSETSW2, tcSETSF2, tcSBRK, tcSBRKP, tcXONC, tcFLSH, tiocSETD, tiocSBRK, tiocCBRK:
		if e := t.checkForeground(sigTTOU); e != errno.OK {
			return e
		}
	}
	return t.command(f, cmd, arg)
}

// command is ioctl without the rules for processes in the background and hung-up files.
func (t *TTY) command(f *vfs.File, cmd uint32, arg uintptr) errno.Errno {
	switch cmd {
	case tcGETS, tcGETS2:
		return t.getTermios(cmd, arg)
	case tcSETS, tcSETS2:
		return t.setTermios(cmd, arg, false, false)
	case tcSETSW, tcSETSW2:
		return t.setTermios(cmd, arg, true, false)
	case tcSETSF, tcSETSF2:
		return t.setTermios(cmd, arg, true, true)
	case tcSBRK, tcSBRKP, tiocSBRK, tiocCBRK:
		return t.sendBreak(cmd, arg)
	case tcXONC:
		return t.flow(arg)
	case tcFLSH:
		return t.discard(arg)
	}
	return t.ioctlState(f, cmd, arg)
}

// ioctlState is the commands on the terminal's state and its processes.
func (t *TTY) ioctlState(f *vfs.File, cmd uint32, arg uintptr) errno.Errno {
	switch cmd {
	case tiocGWINSZ:
		t.lock.Lock()
		w := t.winsize
		t.lock.Unlock()
		return put(arg, &w)
	case tiocSWINSZ:
		var w Winsize
		if e := get(&w, arg); e != errno.OK {
			return e
		}
		t.SetSize(w)
		return errno.OK
	case tiocINQ:
		return putInt(arg, t.readable())
	case tiocOUTQ:
		return putInt(arg, t.driver.Pending())
	case tiocGDEV:
		return putInt(arg, int(t.dev))
	case tiocGETD:
		return putInt(arg, 0)
	case tiocSETD:
		n := int32(0)
		if e := get(&n, arg); e != errno.OK {
			return e
		}
		if n != 0 { // N_TTY is the only line discipline
			return errno.EINVAL
		}
		return errno.OK
	case tiocEXCL, tiocNXCL:
		t.lock.Lock()
		t.exclusive = cmd == tiocEXCL
		t.lock.Unlock()
		return errno.OK
	case tiocGEXCL:
		n := 0
		if t.exclusive {
			n = 1
		}
		return putInt(arg, n)
	case tiocSTI:
		return errno.EIO // as on Linux with dev.tty.legacy_tiocsti=0: pushing input is a way to take over a shell
	}
	return t.ioctlJobs(f, cmd, arg)
}

func (t *TTY) ioctlJobs(f *vfs.File, cmd uint32, arg uintptr) errno.Errno {
	if Processes == nil {
		return errno.ENOTTY
	}
	switch cmd {
	case tiocSCTTY:
		return t.setControlling(f, arg)
	case tiocNOTTY:
		return t.giveUp()
	case tiocGPGRP, tiocGSID:
		if e := t.owned(); e != errno.OK {
			return e
		}
		t.lock.Lock()
		id := t.pgrp
		if cmd == tiocGSID {
			id = t.session
		}
		t.lock.Unlock()
		return putInt(arg, id)
	case tiocSPGRP:
		var pgid int32
		if e := get(&pgid, arg); e != errno.OK {
			return e
		}
		return t.setForeground(int(pgid))
	case tiocVHANG:
		if !f.Cred.Capable(cred.SysAdmin) {
			return errno.EPERM
		}
		t.Hangup()
		return errno.OK
	}
	return errno.ENOTTY
}

// readable is FIONREAD: what a read would return; end-of-file marks do not count.
func (t *TTY) readable() int {
	t.lock.Lock()
	defer t.lock.Unlock()
	n := int(t.available())
	for i := t.tail; i != t.canon && t.termios.lflag(ICANON); i++ {
		if t.ended(i) && t.ring[i%ringSize] == 0 {
			n--
		}
	}
	return n
}

func (t *TTY) getTermios(cmd uint32, arg uintptr) errno.Errno {
	t.lock.Lock()
	m := t.termios
	t.lock.Unlock()
	if cmd == tcGETS2 {
		return put(arg, &m)
	}
	return copyOut(arg, unsafe.Pointer(&m), oldTermiosSize)
}

// setTermios changes the modes: at once, after output has drained, or also forgetting input.
func (t *TTY) setTermios(cmd uint32, arg uintptr, drain, flush bool) errno.Errno {
	t.lock.Lock()
	m := t.termios
	t.lock.Unlock()
	switch cmd {
	case tcSETS2, tcSETSW2, tcSETSF2:
		if e := get(&m, arg); e != errno.OK {
			return e
		}
	default:
		if e := copyIn(unsafe.Pointer(&m), arg, oldTermiosSize); e != errno.OK {
			return e
		}
	}
	if m.Cflag&CBAUD != BOTHER {
		m.Ispeed, m.Ospeed = m.Baud(), m.Baud()
	}
	if drain {
		if e := t.drain(drainUnlimited); e != errno.OK {
			return e
		}
	}
	t.lock.Lock()
	if flush {
		t.flushInput()
	}
	t.change(&m)
	t.lock.Unlock()
	t.readWait.WakeAll() // what counts as input may be different now
	return errno.OK
}

// change installs new modes. Input that is waiting while canonical mode goes on becomes a line; when it goes off, bytes. The
// terminal is locked.
func (t *TTY) change(m *Termios) {
	old := t.termios
	t.termios = *m
	t.termios.Line = 0
	if (old.Lflag^m.Lflag)&(ICANON|EXTPROC) != 0 {
		clear(t.ends[:])
		t.canon = t.tail
		if m.lflag(ICANON) && t.head != t.tail {
			last := t.head - 1
			t.ends[last%ringSize/64] |= 1 << (last % 64)
			t.canon = t.head
		}
		t.lnext, t.erasing = false, false
	}
	if old.iflag(IXON) && !m.iflag(IXON) {
		t.start()
	}
	if old.Cflag != m.Cflag || old.Ospeed != m.Ospeed || old.Iflag != m.Iflag || old.CC != m.CC {
		t.driver.Configure(&t.termios)
	}
	if t.full {
		t.full = false
		t.driver.Resume()
	}
}

// drain waits until all output has left, at most limit nanoseconds (negative: for ever); EINTR.
func (t *TTY) drain(limit int64) errno.Errno {
	deadline := deadlineIn(limit)
	for t.driver.Pending() > 0 && timeLeft(deadline) != 0 {
		if _, e := sched.SleepInterruptible(drainStep); e != errno.OK {
			return e
		}
	}
	return errno.OK
}

// sendBreak is TCSBRK (0: a break; else only drain), TCSBRKP, and TIOCSBRK/TIOCCBRK, which begin and end one.
func (t *TTY) sendBreak(cmd uint32, arg uintptr) errno.Errno {
	if e := t.drain(drainUnlimited); e != errno.OK {
		return e
	}
	if cmd == tcSBRK && arg != 0 {
		return errno.OK
	}
	t.lock.Lock()
	t.driver.Break(cmd != tiocCBRK)
	t.lock.Unlock()
	if cmd == tiocSBRK || cmd == tiocCBRK {
		return errno.OK
	}
	length := int64(breakTime)
	if cmd == tcSBRKP && arg != 0 {
		length = int64(min(arg, 100)) * decisecond
	}
	_, e := sched.SleepInterruptible(length)
	t.lock.Lock()
	t.driver.Break(false)
	t.lock.Unlock()
	return e
}

// flow is tcflow(3).
func (t *TTY) flow(how uintptr) errno.Errno {
	t.lock.Lock()
	defer t.lock.Unlock()
	switch how {
	case tcOOFF, tcOON:
		t.tcStopped = how == tcOOFF
		if how == tcOON {
			t.stopped = false
		}
		t.hold()
	case tcIOFF:
		if c := t.termios.CC[VSTOP]; c != 0 {
			t.driver.SendNow(c)
		}
	case tcION:
		if c := t.termios.CC[VSTART]; c != 0 {
			t.driver.SendNow(c)
		}
	default:
		return errno.EINVAL
	}
	return errno.OK
}

// discard is tcflush(3).
func (t *TTY) discard(what uintptr) errno.Errno {
	if what > tcIOFLUSH {
		return errno.EINVAL
	}
	t.lock.Lock()
	if what != tcOFLUSH {
		t.flushInput()
		if t.full {
			t.full = false
			t.driver.Resume()
		}
	}
	if what != tcIFLUSH {
		t.outN = 0
		t.driver.Discard()
	}
	t.lock.Unlock()
	t.OutputReady()
	return errno.OK
}
