package tty

// The line discipline's input side. Unless said otherwise, the functions here need the terminal locked.

// received gathers what has to be done once the lock is released.
type received struct {
	sig  int // to the foreground group
	pgrp int
	wake bool // readers
}

// Receive takes characters from the driver and returns how many; the rest does not fit, and the driver keeps it until Resume is
// called. Called from a DPC or a thread, without the terminal's lock.
func (t *TTY) Receive(p []byte) int {
	done := 0
	for done < len(p) {
		var r received
		t.lock.Lock()
		n := 0
		for n < len(p)-done && r.sig == 0 && t.hasRoom() {
			t.receive(p[done+n], &r)
			n++
		}
		t.full = r.sig == 0 && done+n < len(p)
		stop := t.full
		t.flush()
		t.lock.Unlock()
		t.finish(&r)
		done += n
		if stop {
			break
		}
	}
	return done
}

// finish does what must be done without the lock.
func (t *TTY) finish(r *received) {
	if r.wake {
		t.readWait.WakeAll()
	}
	if r.sig != 0 && r.pgrp != 0 {
		signalGroup(r.pgrp, r.sig)
	}
}

// hasRoom tells whether another character may come. A line that alone fills the ring does not keep the user from editing
// or ending it: what is typed then replaces its last character.
func (t *TTY) hasRoom() bool {
	const parity = 2 // the most a character is stored as
	if t.head-t.tail < ringSize-1-parity {
		return true
	}
	if t.termios.lflag(ICANON) && t.canon == t.tail {
		t.head--
		return true
	}
	return false
}

// store appends a character to the input.
func (t *TTY) store(c byte, r *received) {
	t.ring[t.head%ringSize] = c
	t.head++
	if !t.termios.lflag(ICANON) {
		r.wake = true
	}
}

// storeMarked appends an ordinary character; with PARMRK 0377 is doubled, so that it is no mark.
func (t *TTY) storeMarked(c byte, r *received) {
	if c == 0o377 && t.termios.iflag(PARMRK) {
		t.store(c, r)
	}
	t.store(c, r)
}

// endLine stores a line's last character and lets readers have the line.
func (t *TTY) endLine(c byte, r *received) {
	t.ends[t.head%ringSize/64] |= 1 << (t.head % 64)
	t.store(c, r)
	t.canon = t.head
	r.wake = true
}

// flushInput forgets all input.
func (t *TTY) flushInput() {
	t.tail, t.canon = t.head, t.head
	clear(t.ends[:])
	t.lnext, t.erasing = false, false
}

// receive takes one character through all of c_iflag and c_lflag.
func (t *TTY) receive(c byte, r *received) {
	m := &t.termios
	if m.iflag(ISTRIP) {
		c &= 0x7f
	}
	if m.iflag(IUCLC) && m.lflag(IEXTEN) && c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	if t.lnext {
		t.lnext = false
		t.ordinary(c, r)
		return
	}
	if m.lflag(EXTPROC) {
		t.store(c, r)
		return
	}
	if m.iflag(IXON) {
		if m.is(c, VSTART) {
			t.start()
			return
		}
		if m.is(c, VSTOP) {
			t.stop()
			return
		}
	}
	if m.lflag(ISIG) {
		sig := 0
		switch {
		case m.is(c, VINTR):
			sig = sigINT
		case m.is(c, VQUIT):
			sig = sigQUIT
		case m.is(c, VSUSP):
			sig = sigTSTP
		}
		if sig != 0 {
			t.signalKey(c, sig, r)
			return
		}
	}
	if t.stopped && m.iflag(IXON) && m.iflag(IXANY) {
		t.start()
	}
	switch c {
	case '\r':
		if m.iflag(IGNCR) {
			return
		}
		if m.iflag(ICRNL) {
			c = '\n'
		}
	case '\n':
		if m.iflag(INLCR) {
			c = '\r'
		}
	}
	if m.lflag(ICANON) && t.editKey(c, r) {
		return
	}
	t.ordinary(c, r)
}

// ordinary stores and echoes a character without any meaning.
func (t *TTY) ordinary(c byte, r *received) {
	if t.termios.lflag(ECHO) {
		t.finishErasing()
		if c == '\n' {
			t.output(c)
		} else {
			if t.canon == t.head {
				t.canonColumn = t.column
			}
			t.echo(c)
		}
	}
	t.storeMarked(c, r)
}

// signalKey handles INTR, QUIT and SUSP.
func (t *TTY) signalKey(c byte, sig int, r *received) {
	r.sig, r.pgrp = sig, t.pgrp
	if !t.termios.lflag(NOFLSH) {
		t.flushInput()
		t.outN = 0
		t.driver.Discard()
		t.OutputReady()
	}
	if t.termios.iflag(IXON) {
		t.start()
	}
	if t.termios.lflag(ECHO) {
		t.echo(c)
	}
}

// start and stop are flow control by the user's characters.
func (t *TTY) start() {
	if t.stopped {
		t.stopped = false
		t.hold()
	}
}

func (t *TTY) stop() {
	t.stopped = true
	t.hold()
}

// hold tells the driver whether it may transmit.
func (t *TTY) hold() { t.driver.Hold(t.stopped || t.tcStopped) }

// LineError is what a receiver may report instead of a good character.
type LineError uint8

// The line errors.
const (
	Break LineError = iota
	ParityError
	FramingError
)

// ReceiveError takes a character that came with an error, or a break (c is 0 then). It is dropped when the ring is full. Called
// as Receive is.
func (t *TTY) ReceiveError(c byte, what LineError) {
	var r received
	t.lock.Lock()
	if t.hasRoom() {
		if what == Break {
			t.receiveBreak(&r)
		} else {
			t.receiveBad(c, &r)
		}
	}
	t.flush()
	t.lock.Unlock()
	t.finish(&r)
}

func (t *TTY) receiveBreak(r *received) {
	m := &t.termios
	switch {
	case m.iflag(IGNBRK):
		return
	case m.iflag(BRKINT):
		t.flushInput()
		r.sig, r.pgrp = sigINT, t.pgrp
		return
	case m.iflag(PARMRK):
		t.store(0o377, r)
		t.store(0, r)
	}
	t.store(0, r)
}

func (t *TTY) receiveBad(c byte, r *received) {
	m := &t.termios
	switch {
	case !m.iflag(INPCK):
		t.receive(c, r)
	case m.iflag(IGNPAR):
	case m.iflag(PARMRK):
		t.store(0o377, r)
		t.store(0, r)
		t.store(c, r)
	default:
		t.store(0, r)
	}
}
