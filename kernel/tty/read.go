package tty

import (
	"galago/kernel/errno"
	"galago/kernel/time"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// Reading. Functions need the terminal unlocked unless they say otherwise.

// available is how many bytes a reader would get. The terminal is locked.
func (t *TTY) available() uint32 {
	if t.termios.lflag(ICANON) && !t.termios.lflag(EXTPROC) {
		return t.canon - t.tail
	}
	return t.head - t.tail
}

// ended tells whether the byte at position i ends a line. The terminal is locked.
func (t *TTY) ended(i uint32) bool { return t.ends[i%ringSize/64]>>(i%64)&1 != 0 }

// take moves up to len(buf) bytes out of the ring: in canonical mode of one line (end: its last byte, or end of file, was
// among them). more says that the reader's own buffer goes beyond buf. resume: the driver waits for room. The terminal is
// locked.
func (t *TTY) take(buf []byte, more bool) (n int, end, resume bool) {
	have := t.available()
	if t.termios.lflag(ICANON) && !t.termios.lflag(EXTPROC) {
		for ; have > 0 && n < len(buf) && !end; have-- {
			c := t.ring[t.tail%ringSize]
			end = t.pop()
			if !end || c != 0 {
				buf[n] = c
				n++
			}
		}
		// An end of file right after what was asked for belongs to this read, or the next one would find nothing but it.
		if !end && !more && n > 0 && have > 0 && t.ended(t.tail) && t.ring[t.tail%ringSize] == 0 {
			t.pop()
		}
	} else {
		for ; have > 0 && n < len(buf); have-- {
			buf[n] = t.ring[t.tail%ringSize]
			t.tail++
			n++
		}
	}
	resume = t.full
	t.full = false
	return n, end, resume
}

// pop drops the ring's first byte and tells whether it ended a line. The terminal is locked.
func (t *TTY) pop() bool {
	end := t.ended(t.tail)
	if end {
		t.ends[t.tail%ringSize/64] &^= 1 << (t.tail % 64)
	}
	t.tail++
	return end
}

const decisecond = 100 * time.Millisecond // the unit of VTIME

// patience is how long a read in raw mode waits: first for the first byte (−1: for ever), then between bytes; and for how many bytes.
// POSIX §11.1.7.
func (t *TTY) patience() (first, between int64, least int) {
	t.lock.Lock()
	defer t.lock.Unlock()
	m := &t.termios
	if m.lflag(ICANON) {
		return -1, -1, 1
	}
	least = int(m.CC[VMIN])
	limit := int64(m.CC[VTIME]) * decisecond
	if least == 0 {
		return limit, limit, 1
	}
	if limit == 0 {
		limit = -1
	}
	return -1, limit, least
}

// read is read(2).
func (t *TTY) read(f *vfs.File, o *openTTY, it *uio.Iter) (int, errno.Errno) {
	if it.Len() == 0 {
		return 0, errno.OK
	}
	if e := t.mayRead(o); e != errno.OK {
		return 0, e
	}
	if f.Nonblock() {
		if !t.readMutex.TryLock() {
			return 0, errno.EAGAIN
		}
	} else if e := t.readMutex.LockInterruptible(); e != errno.OK {
		return 0, e
	}
	n, e := t.readSome(f, o, it)
	t.readMutex.Unlock()
	if n > 0 {
		e = errno.OK
	}
	return n, e
}

func (t *TTY) readSome(f *vfs.File, o *openTTY, it *uio.Iter) (done int, e errno.Errno) {
	var buf [256]byte
	wait, between, least := t.patience()
	deadline := deadlineIn(wait)
	for it.Len() > 0 {
		t.lock.Lock()
		hung := o.hungUp()
		want := buf[:min(len(buf), it.Len())]
		n, end, resume := t.take(want, it.Len() > len(want))
		raw := !t.termios.lflag(ICANON)
		if resume {
			t.driver.Resume()
		}
		t.lock.Unlock()
		if n == 0 && !end {
			if hung || wait == 0 {
				return done, errno.OK
			}
			if f.Nonblock() {
				return done, errno.EAGAIN
			}
			e = t.readWait.WaitTimeout(func() bool { return o.inputReady() }, timeLeft(deadline), true)
			if e == errno.ETIMEDOUT {
				return done, errno.OK
			}
			if e != errno.OK {
				return done, e
			}
			continue
		}
		k, e := it.CopyOut(want[:n])
		done += k
		if e != errno.OK || k < n {
			return done, e
		}
		if end || raw && done >= least {
			return done, errno.OK
		}
		wait, deadline = between, deadlineIn(between)
	}
	return done, errno.OK
}

// inputReady is what a reader waits for.
func (o *openTTY) inputReady() bool {
	t := o.tty
	t.lock.Lock()
	defer t.lock.Unlock()
	return t.available() > 0 || o.hungUp()
}

// deadlineIn turns a relative time in nanoseconds into a point in time; negative: never.
func deadlineIn(ns int64) int64 {
	if ns < 0 {
		return -1
	}
	return int64(time.Now()) + ns
}

// timeLeft is the reverse.
func timeLeft(deadline int64) int64 {
	if deadline < 0 {
		return -1
	}
	return max(deadline-int64(time.Now()), 0)
}
