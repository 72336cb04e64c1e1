// Package tty is the terminal: what lies between a serial line (or any other Driver) and the processes that read and
// write it. Characters that arrive go through the line discipline (input.go, edit.go: line editing, echo, signal
// keys, flow control) into an input ring, from which read(2) takes lines or, in raw mode, bytes (read.go).
// What processes write goes through output processing (output.go) to the driver. jobs.go is job control, ioctl.go the
// termios calls, file.go the device files.
//
// The rules are those of POSIX.1-2017 chapter 11 and termios(3); where these leave a choice, Linux's choice.
//
// Invariants:
//   - tail ≤ canon ≤ head (as positions that count up); the ring holds head−tail < ringSize bytes. In canonical mode
//     [tail, canon) is finished lines, each ending in a byte marked in ends, and [canon, head) the line being edited.
//   - An end of file typed by the user is a marked zero byte.
//   - Signals are sent without the terminal's lock: the process floor's locks come first.
//   - A file opened before the last hang-up (gen differs) reads end of file and writes EIO.
//
// Lock order: readMutex, writeMutex (sleeping) → TTY.lock → the driver's lock, wait queues. TTY.lock is taken by
// threads and DPCs, never by interrupt handlers.
package tty

import (
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

const ringSize = 4096 // a power of two; as on Linux, the longest line is one byte shorter

// TTY is a terminal.
type TTY struct {
	name   string
	dev    uint64
	driver Driver

	readMutex  sched.Mutex // one reader at a time, or lines would be torn
	writeMutex sched.Mutex // one writer at a time
	readWait   sched.WaitQueue
	writeWait  sched.WaitQueue

	lock lock.Spin // guards the rest

	termios Termios
	winsize Winsize

	tail, canon, head uint32
	lnext             bool // the next character is taken literally
	erasing           bool // between the \ and / of ECHOPRT
	full              bool // the driver holds back input for which there was no room

	column      uint32 // of the cursor, for tabs
	canonColumn uint32 // where the line being edited began
	stopped     bool   // output, by the STOP character
	tcStopped   bool   // output, by tcflow(3)

	session   int // the session whose controlling terminal it is, or 0
	pgrp      int // the foreground group, or 0
	gen       uint32
	opens     int
	exclusive bool

	outN int
	out  [256]byte // output on its way to the driver
	ends [ringSize / 64]uint64
	ring [ringSize]byte
}

// Driver is a terminal's hardware. Methods are called with the terminal's lock held unless noted, and must not sleep. The driver
// hands what it receives to TTY.Receive (from a DPC) and calls TTY.OutputReady when it has made room.
type Driver interface {
	// Put takes bytes to transmit and returns how many it had room for.
	Put(p []byte) int
	// Room is how many bytes Put would take. Called with or without the lock.
	Room() int
	// Pending is how many bytes have not left yet, those in the hardware included. Called without the lock.
	Pending() int
	// Discard forgets bytes that have not left.
	Discard()
	// Hold stops (true) or resumes transmission, for flow control.
	Hold(stop bool)
	// SendNow transmits a flow-control character ahead of everything else, even while held.
	SendNow(c byte)
	// Resume is called when there is room again after Receive took less than it was given.
	Resume()
	// Configure sets speed and frame format from the c_cflag of t.
	Configure(t *Termios)
	// Break begins or ends a break condition on the line.
	Break(on bool)
	// Open is called at the first open, Close after the last close.
	Open()
	Close()
}

var ttyCache = mem.Cache[TTY]{Name: "tty"}

// maxTTY terminals can be registered.
const maxTTY = 16

var (
	tableLock = lock.Spin{Rank: lock.RankTTYTable}
	table     [maxTTY]*TTY // guarded by tableLock; entries are never removed
	nTTY      int
	console   *TTY
)

// New makes a terminal with a device number; Publish gives it its /dev entry. name is a constant. nil: no
// memory, or too many terminals.
func New(name string, major, minor uint32, d Driver) *TTY {
	t := ttyCache.Alloc()
	if t == nil {
		return nil
	}
	t.name, t.dev, t.driver = name, vfs.Makedev(major, minor), d
	t.lock.Init(lock.RankTTY)
	t.termios = defaultTermios
	tableLock.Lock()
	ok := nTTY < maxTTY
	if ok {
		table[nTTY] = t
		nTTY++
	}
	tableLock.Unlock()
	if !ok {
		ttyCache.Free(t)
		return nil
	}
	return t
}

// find returns the terminal with a device number, or nil.
func find(dev uint64) *TTY {
	tableLock.Lock()
	defer tableLock.Unlock()
	for _, t := range table[:nTTY] {
		if t.dev == dev {
			return t
		}
	}
	return nil
}

// SetConsole makes the terminal of the given name (as in console=ttyS0; what follows a comma is ignored) the one behind
// /dev/console. An unknown name changes nothing and gives false; without any call it is the first one registered.
func SetConsole(name string) bool {
	for i := range name {
		if name[i] == ',' {
			name = name[:i]
			break
		}
	}
	tableLock.Lock()
	defer tableLock.Unlock()
	for _, t := range table[:nTTY] {
		if t.name == name {
			console = t
			return true
		}
	}
	return false
}

// Console returns the terminal behind /dev/console, or nil.
func Console() *TTY {
	tableLock.Lock()
	defer tableLock.Unlock()
	if console == nil && nTTY > 0 {
		console = table[0]
	}
	return console
}

// Name is the terminal's name in /dev.
func (t *TTY) Name() string { return t.name }

// Number is the device number.
func (t *TTY) Number() uint64 { return t.dev }

// Foreground returns the foreground process group, 0 if there is none.
func (t *TTY) Foreground() int {
	t.lock.Lock()
	defer t.lock.Unlock()
	return t.pgrp
}

// SetSize sets the window size, as TIOCSWINSZ does.
func (t *TTY) SetSize(w Winsize) {
	t.lock.Lock()
	changed := t.winsize != w
	t.winsize = w
	pgrp := t.pgrp
	t.lock.Unlock()
	if changed && pgrp != 0 {
		signalGroup(pgrp, sigWINCH)
	}
}

// OutputReady tells that the driver has room again. Called in any context.
func (t *TTY) OutputReady() { t.writeWait.WakeAll() }

// openTTY is an open file's side.
type openTTY struct {
	tty     *TTY
	gen     uint32
	console bool // opened as /dev/console: neither hung up nor subject to job control
}

var openCache = mem.Cache[openTTY]{Name: "tty_file"}

func openOf(f *vfs.File) *openTTY { return (*openTTY)(f.Private) }

// hungUp tells whether the file was open when the terminal hung up. The terminal is locked.
func (o *openTTY) hungUp() bool { return !o.console && o.gen != o.tty.gen }

// isHungUp is hungUp that takes the lock.
func (o *openTTY) isHungUp() bool {
	o.tty.lock.Lock()
	defer o.tty.lock.Unlock()
	return o.hungUp()
}

// open makes an open file of the terminal.
func (t *TTY) open(f *vfs.File, asConsole bool) errno.Errno {
	o := openCache.Alloc()
	if o == nil {
		return errno.ENOMEM
	}
	t.lock.Lock()
	if t.exclusive && !f.Cred.Capable(cred.SysAdmin) {
		t.lock.Unlock()
		openCache.Free(o)
		return errno.EBUSY
	}
	o.tty, o.gen, o.console = t, t.gen, asConsole
	t.opens++
	if t.opens == 1 {
		t.driver.Open()
		t.driver.Configure(&t.termios)
	}
	t.lock.Unlock()
	f.Private = unsafe.Pointer(o)
	return errno.OK
}

// close undoes open; the last one lets output drain.
func (t *TTY) close(o *openTTY) {
	t.lock.Lock()
	last := t.opens == 1 && !o.hungUp()
	t.lock.Unlock()
	if last {
		t.drain(drainAtClose)
	}
	t.lock.Lock()
	t.opens--
	if t.opens == 0 {
		t.exclusive = false
		t.driver.Close()
	}
	t.lock.Unlock()
	openCache.Free(o)
}
