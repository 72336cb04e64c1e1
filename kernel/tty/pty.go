package tty

import (
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/fs/devfs"
	"galago/kernel/fs/devpts"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// Pseudo-terminals (pty(7)): a terminal whose line is a file. Opening /dev/ptmx makes a pair: the file is the master, what a terminal emulator
// or sshd holds; /dev/pts/N is the slave, an ordinary terminal. What processes write to the slave the master reads, and the reverse
// (ptmx.go).
//
// A pair lives until the master and all files of the slave are closed. Others may still be looking at the terminal then, as the one their session had
// until a moment ago; so its memory is given back a little later.

const (
	ptsMajor  = 136
	ptmxMinor = 2
	maxPTY    = 256
	ptyRing   = 8192
)

// pty is a pair.
type pty struct {
	tty   TTY // the slave
	index int
	names *vfs.SuperBlock // the devpts that shows the slave; held while the master is open
	name  [8]byte         // "pts/N"

	writeMutex sched.Mutex     // of the master: its bytes stay together
	readWait   sched.WaitQueue // the master's readers
	inputWait  sched.WaitQueue // the master's writers: the slave has room again

	lock   lock.Spin // guards the rest; taken under tty.lock
	head   uint32    // ring[tail:head] is what the slave has sent; positions count up
	tail   uint32
	held   bool // the slave's output is stopped
	closed bool // no file of the slave is open, but one was
	master bool // the master is open
	locked bool // the slave may not be opened yet (unlockpt(3))
	packet bool // packet mode (TIOCPKT)
	status byte // what packet mode has to tell: pkt…
	stops  bool // as told last: the slave stops at ^S
	free   sched.DelayedWork
	ring   [ptyRing]byte
}

// Status bits of packet mode (ioctl_tty(2)).
const (
	pktFlushRead  = 1
	pktFlushWrite = 2
	pktStop       = 4
	pktStart      = 8
	pktNoStop     = 16
	pktDoStop     = 32
)

var (
	ptyCache = mem.Cache[pty]{Name: "pty"}
	ptys     [maxPTY]*pty // guarded by tableLock
)

// newPTY makes a pair with the lowest free number. ENOSPC, ENOMEM.
func newPTY() (*pty, errno.Errno) {
	y := ptyCache.Alloc()
	if y == nil {
		return nil, errno.ENOMEM
	}
	y.lock.Init(lock.RankDriverMisc)
	y.master, y.locked, y.stops = true, true, true
	tableLock.Lock()
	i := 0
	for i < maxPTY && ptys[i] != nil {
		i++
	}
	if i < maxPTY {
		ptys[i] = y
	}
	tableLock.Unlock()
	if i == maxPTY {
		ptyCache.Free(y)
		return nil, errno.ENOSPC
	}
	y.index = i
	n := copy(y.name[:], "pts/")
	for d := 100; d > 0; d /= 10 {
		if i >= d || d == 1 {
			y.name[n] = byte('0' + i/d%10)
			n++
		}
	}
	t := &y.tty
	t.name, t.dev, t.driver = unsafe.String(&y.name[0], n), vfs.Makedev(ptsMajor, uint32(i)), y.asDriver()
	t.lock.Init(lock.RankTTY)
	t.termios = defaultTermios
	t.termios.Cflag = t.termios.Cflag&^(CBAUD|HUPCL|CLOCAL) | B38400
	t.termios.Ispeed, t.termios.Ospeed = 38400, 38400
	return y, errno.OK
}

// findPTY returns the slave with a number, or nil.
func findPTY(minor uint32) *pty {
	tableLock.Lock()
	defer tableLock.Unlock()
	if minor >= maxPTY {
		return nil
	}
	return ptys[minor]
}

// mayOpen tells whether the slave can be opened: the master is there, and has unlocked it. EIO.
func (y *pty) mayOpen() errno.Errno {
	y.lock.Lock()
	defer y.lock.Unlock()
	if !y.master || y.locked {
		return errno.EIO
	}
	return errno.OK
}

// release gives the number and, later, the memory back when neither side is open.
func (y *pty) release() {
	y.tty.lock.Lock()
	unused := y.tty.opens == 0
	y.tty.lock.Unlock()
	tableLock.Lock()
	y.lock.Lock()
	gone := unused && !y.master && ptys[y.index] == y
	y.lock.Unlock()
	if gone {
		ptys[y.index] = nil
	}
	tableLock.Unlock()
	if gone {
		const grace = 20_000_000 // ns
		y.free.Func, y.free.Arg = freePTY, unsafe.Pointer(y)
		sched.QueueDelayedWork(&y.free, grace)
	}
}

func freePTY(w *sched.Work) { ptyCache.Free((*pty)(w.Arg)) }

// closeMaster hangs the slave up.
func (y *pty) closeMaster() {
	y.lock.Lock()
	y.master = false
	y.lock.Unlock()
	devfs.Unregister("", ptsMajor, uint32(y.index))
	devpts.Remove(y.names, y.index)
	y.names.Release()
	y.tty.Hangup()
	y.release()
}

func (y *pty) asDriver() Driver { return (*ptyLine)(y) }

// ptyLine is a pair seen from the slave, as its tty.Driver.
type ptyLine pty

// Put sends to the master.
func (y *ptyLine) Put(p []byte) int {
	y.lock.Lock()
	n := 0
	for n < len(p) && y.head-y.tail < ptyRing {
		y.ring[y.head%ptyRing] = p[n]
		y.head++
		n++
	}
	y.lock.Unlock()
	if n > 0 {
		y.readWait.WakeAll()
	}
	return n
}

// Room is how much the master's ring takes.
func (y *ptyLine) Room() int {
	y.lock.Lock()
	defer y.lock.Unlock()
	if y.held {
		return 0
	}
	return int(ptyRing - (y.head - y.tail))
}

// Pending: what the master has not read counts as sent.
func (y *ptyLine) Pending() int { return 0 }

// Discard has nothing to forget: what is in the ring has reached the master. Packet mode tells of it.
func (y *ptyLine) Discard() {
	y.lock.Lock()
	y.tell(pktFlushWrite)
	y.lock.Unlock()
	y.readWait.WakeAll()
}

// tell notes a status for packet mode. The pair is locked.
func (y *ptyLine) tell(status byte) {
	if y.packet {
		y.status |= status
	}
}

// Hold stops or resumes the slave's output.
func (y *ptyLine) Hold(stop bool) {
	y.lock.Lock()
	changed := y.held != stop
	y.held = stop
	if changed && stop {
		y.status &^= pktStart
		y.tell(pktStop)
	} else if changed {
		y.status &^= pktStop
		y.tell(pktStart)
	}
	y.lock.Unlock()
	if changed {
		y.readWait.WakeAll()
		y.tty.OutputReady()
	}
}

// SendNow sends one character to the master.
func (y *ptyLine) SendNow(c byte) {
	b := [1]byte{c}
	y.Put(b[:])
}

// Resume lets the master write again.
func (y *ptyLine) Resume() { y.inputWait.WakeAll() }

// Configure tells a master in packet mode whether the slave's user can stop it by ^S.
func (y *ptyLine) Configure(m *Termios) {
	stops := m.iflag(IXON) && m.CC[VSTOP] == 'S'-64 && m.CC[VSTART] == 'Q'-64
	y.lock.Lock()
	changed := y.stops != stops
	if y.stops = stops; changed && stops {
		y.tell(pktDoStop)
	} else if changed {
		y.tell(pktNoStop)
	}
	y.lock.Unlock()
	if changed {
		y.readWait.WakeAll()
	}
}

// Break does nothing: there is no line.
func (y *ptyLine) Break(on bool) {}

// Open and Close follow whether the slave is in use.
func (y *ptyLine) Open() {
	y.lock.Lock()
	y.closed = false
	y.lock.Unlock()
}

func (y *ptyLine) Close() {
	y.lock.Lock()
	y.closed = true
	y.lock.Unlock()
	y.readWait.WakeAll()
	y.inputWait.WakeAll()
}
