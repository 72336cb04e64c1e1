package tty

import (
	"galago/kernel/errno"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// Output processing. Unless said otherwise, the functions here need the terminal locked.

const (
	echoReserve  = 256 // room that writers leave to echoes
	maxExpansion = 8   // bytes that one character may become: a tab in spaces
)

// emit appends a byte to what goes to the driver.
func (t *TTY) emit(c byte) {
	if t.outN == len(t.out) {
		t.flush()
	}
	t.out[t.outN] = c
	t.outN++
}

// flush hands what emit has gathered to the driver. Writers have made sure of room; an echo for which there is none is lost.
func (t *TTY) flush() {
	if t.outN > 0 {
		t.driver.Put(t.out[:t.outN])
		t.outN = 0
	}
}

func isControl(c byte) bool { return c < ' ' || c == 0x7f }

// isContinuation tells whether c is a byte of a UTF-8 sequence but the first: it takes no column.
func (t *TTY) isContinuation(c byte) bool { return t.termios.iflag(IUTF8) && c&0xc0 == 0x80 }

// output processes one character by c_oflag, and keeps track of the column.
func (t *TTY) output(c byte) {
	if !t.termios.oflag(OPOST) {
		t.emit(c)
		return
	}
	switch c {
	case '\n':
		if t.termios.oflag(ONLRET) {
			t.column = 0
		}
		if t.termios.oflag(ONLCR) {
			t.column = 0
			t.emit('\r')
		}
		t.canonColumn = t.column
	case '\r':
		if t.termios.oflag(ONOCR) && t.column == 0 {
			return
		}
		if t.termios.oflag(OCRNL) {
			c = '\n'
			if t.termios.oflag(ONLRET) {
				t.column, t.canonColumn = 0, 0
			}
			break
		}
		t.column, t.canonColumn = 0, 0
	case '\t':
		spaces := 8 - t.column&7
		t.column += spaces
		if t.termios.Oflag&TABDLY == XTABS {
			for range spaces {
				t.emit(' ')
			}
			return
		}
	case '\b':
		if t.column > 0 {
			t.column--
		}
	default:
		if isControl(c) {
			break
		}
		if t.termios.oflag(OLCUC) && c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if !t.isContinuation(c) {
			t.column++
		}
	}
	t.emit(c)
}

// room is how many bytes a writer may send.
func (t *TTY) room() int { return t.driver.Room() - echoReserve }

// send processes as much of p as there is room for and returns how much that was.
func (t *TTY) send(p []byte) int {
	room := t.room()
	if !t.termios.oflag(OPOST) {
		n := max(min(len(p), room), 0)
		t.outN = copy(t.out[:], p[:n])
		n = t.outN
		t.flush()
		return n
	}
	n := 0
	for n < len(p) && room >= maxExpansion {
		c := p[n]
		t.output(c)
		switch c {
		case '\n':
			room -= 2
		case '\t':
			room -= maxExpansion
		default:
			room--
		}
		n++
	}
	t.flush()
	return n
}

// write is write(2). The terminal is not locked.
func (t *TTY) write(f *vfs.File, o *openTTY, it *uio.Iter) (int, errno.Errno) {
	if e := t.mayWrite(o); e != errno.OK {
		return 0, e
	}
	if f.Nonblock() {
		if !t.writeMutex.TryLock() {
			return 0, errno.EAGAIN
		}
	} else if e := t.writeMutex.LockInterruptible(); e != errno.OK {
		return 0, e
	}
	n, e := t.writeAll(f, o, it)
	t.writeMutex.Unlock()
	if n > 0 {
		e = errno.OK
	}
	return n, e
}

func (t *TTY) writeAll(f *vfs.File, o *openTTY, it *uio.Iter) (done int, e errno.Errno) {
	var buf [256]byte
	for it.Len() > 0 {
		n, e := it.CopyIn(buf[:])
		if e != errno.OK {
			return done, e
		}
		for sent := 0; sent < n; {
			t.lock.Lock()
			hung, k := o.hungUp(), 0
			if !hung {
				k = t.send(buf[sent:n])
			}
			t.lock.Unlock()
			sent += k
			done += k
			switch {
			case hung:
				return done, errno.EIO
			case k > 0:
				continue
			case f.Nonblock():
				return done, errno.EAGAIN
			}
			e = t.writeWait.WaitInterruptible(func() bool { return t.room() >= maxExpansion || o.isHungUp() })
			if e != errno.OK {
				return done, e
			}
		}
	}
	return done, errno.OK
}
