package tty

import (
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/fs/devfs"
	"galago/kernel/fs/devpts"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// The master side of pseudo-terminals: /dev/ptmx.

// ioctl commands of masters (asm-generic/ioctls.h).
const (
	tiocPKT     = 0x5420
	tiocGPTN    = 0x80045430
	tiocSPTLCK  = 0x40045431
	tiocSIG     = 0x40045436
	tiocGPKT    = 0x80045438
	tiocGPTLCK  = 0x80045439
	tiocGPTPEER = 0x5441
)

type ptmxFile struct{ vfs.NoFileOps }

var ptmxOps vfs.FileOps = ptmxFile{}

func ptyOf(f *vfs.File) *pty { return (*pty)(f.Private) }

// publishPTY makes /dev/ptmx.
func publishPTY() errno.Errno {
	e := devfs.Register("ptmx", 0o666, auxMajor, ptmxMinor, ptmxOps)
	if e == errno.EEXIST {
		return errno.OK
	}
	return e
}

// Open makes a pair; the slave belongs to the opener. ENODEV: no devpts is mounted beside the node.
func (ptmxFile) Open(i *vfs.Inode, f *vfs.File) errno.Errno {
	sb, e := devpts.Of(f)
	if e != errno.OK {
		return e
	}
	y, e := newPTY()
	if e != errno.OK {
		sb.Release()
		return e
	}
	y.names = sb
	if e = devfs.Register("", 0, ptsMajor, uint32(y.index), ttyOps); e == errno.OK {
		e = devpts.Add(sb, y.index, y.tty.dev, f.Cred)
	}
	if e != errno.OK {
		y.closeMaster()
		return e
	}
	f.Private, f.Ops = unsafe.Pointer(y), ptmxOps
	f.SetStream()
	return errno.OK
}

// Release is the end of the master.
func (ptmxFile) Release(f *vfs.File) { ptyOf(f).closeMaster() }

// take moves what the slave has sent to b; in packet mode one byte of status goes before. eof: nobody will send any more.
func (y *pty) take(b []byte) (n int, eof bool) {
	y.lock.Lock()
	defer y.lock.Unlock()
	if y.packet {
		if y.status != 0 {
			b[0], y.status = y.status, 0
			return 1, false
		}
		if y.head == y.tail {
			return 0, y.closed
		}
		b[0] = 0
		n = 1
	}
	for n < len(b) && y.tail != y.head {
		b[n] = y.ring[y.tail%ptyRing]
		y.tail++
		n++
	}
	return n, n == 0 && y.closed
}

// readable tells whether take would return something.
func (y *pty) readable() bool {
	y.lock.Lock()
	defer y.lock.Unlock()
	return y.head != y.tail || y.closed || y.packet && y.status != 0
}

// Read reads what the slave's processes have written. EIO: the slave was closed.
func (ptmxFile) Read(f *vfs.File, it *uio.Iter, pos int64) (done int, e errno.Errno) {
	y := ptyOf(f)
	var buf [256]byte
	for it.Len() > 0 {
		n, eof := y.take(buf[:min(len(buf), it.Len())])
		if n == 0 {
			switch {
			case done > 0:
				return done, errno.OK
			case eof:
				return 0, errno.EIO
			case f.Nonblock():
				return 0, errno.EAGAIN
			}
			if e = y.readWait.WaitInterruptible(y.readable); e != errno.OK {
				return 0, e
			}
			continue
		}
		y.tty.OutputReady()
		k, e := it.CopyOut(buf[:n])
		done += k
		if e != errno.OK {
			return done, e
		}
		if y.packet { // each read is one packet
			break
		}
	}
	return done, errno.OK
}

// hasInputRoom tells whether the slave takes more.
func (y *pty) hasInputRoom() bool {
	y.tty.lock.Lock()
	defer y.tty.lock.Unlock()
	return !y.tty.full
}

// Write is what the user of the terminal types.
func (ptmxFile) Write(f *vfs.File, it *uio.Iter, pos int64) (done int, newPos int64, e errno.Errno) {
	y := ptyOf(f)
	if e = y.writeMutex.LockInterruptible(); e != errno.OK {
		return 0, pos, e
	}
	defer y.writeMutex.Unlock()
	var buf [256]byte
	for it.Len() > 0 {
		n, e := it.CopyIn(buf[:])
		if e != errno.OK {
			return done, pos, e
		}
		for sent := 0; sent < n; {
			y.lock.Lock()
			closed := y.closed
			y.lock.Unlock()
			if closed {
				return done, pos, errno.EIO
			}
			k := y.tty.Receive(buf[sent:n])
			sent += k
			done += k
			if sent == n {
				break
			}
			if f.Nonblock() {
				if done > 0 {
					return done, pos, errno.OK
				}
				return 0, pos, errno.EAGAIN
			}
			if e = y.inputWait.WaitInterruptible(func() bool { return y.hasInputRoom() }); e != errno.OK {
				if done > 0 {
					e = errno.OK
				}
				return done, pos, e
			}
		}
	}
	return done, pos, errno.OK
}

// Poll: readable when the slave has sent something, or is closed; writable when it has room.
func (ptmxFile) Poll(f *vfs.File, pt *vfs.PollTable) uint32 {
	y := ptyOf(f)
	pt.Wait(&y.readWait)
	pt.Wait(&y.inputWait)
	mask := uint32(0)
	if y.hasInputRoom() {
		mask |= vfs.POLLOUT | vfs.POLLWRNORM
	}
	y.lock.Lock()
	defer y.lock.Unlock()
	if y.head != y.tail {
		mask |= vfs.POLLIN | vfs.POLLRDNORM
	}
	if y.packet && y.status != 0 {
		mask |= vfs.POLLPRI | vfs.POLLIN | vfs.POLLRDNORM
	}
	if y.closed {
		mask |= vfs.POLLHUP
	}
	return mask
}

// Ioctl is the master's own commands, and those of the slave's that make sense here: they act on the slave.
func (ptmxFile) Ioctl(f *vfs.File, cmd uint32, arg uintptr) (uintptr, errno.Errno) {
	y := ptyOf(f)
	t := &y.tty
	switch cmd {
	case tiocGPTN:
		return 0, putInt(arg, y.index)
	case tiocSPTLCK, tiocPKT:
		return 0, y.setFlag(cmd, arg)
	case tiocGPTLCK, tiocGPKT:
		y.lock.Lock()
		on := cmd == tiocGPTLCK && y.locked || cmd == tiocGPKT && y.packet
		y.lock.Unlock()
		n := 0
		if on {
			n = 1
		}
		return 0, putInt(arg, n)
	case tiocSIG:
		if pgrp := t.Foreground(); pgrp != 0 {
			if arg < 1 || arg > 64 {
				return 0, errno.EINVAL
			}
			signalGroup(pgrp, int(arg))
		}
		return 0, errno.OK
	case tiocGPTPEER:
		return 0, errno.EINVAL
	case tiocINQ:
		y.lock.Lock()
		n := int(y.head - y.tail)
		y.lock.Unlock()
		return 0, putInt(arg, n)
	case tiocGPGRP, tiocGSID:
		t.lock.Lock()
		id := t.pgrp
		if cmd == tiocGSID {
			id = t.session
		}
		t.lock.Unlock()
		if cmd == tiocGSID && id == 0 {
			return 0, errno.ENOTTY
		}
		return 0, putInt(arg, id)
	case tiocSCTTY, tiocNOTTY, tiocSPGRP, tiocSTI:
		return 0, errno.ENOTTY
	}
	return 0, t.command(f, cmd, arg)
}

// setFlag is TIOCSPTLCK and TIOCPKT.
func (y *pty) setFlag(cmd uint32, arg uintptr) errno.Errno {
	var n int32
	if e := get(&n, arg); e != errno.OK {
		return e
	}
	y.lock.Lock()
	if cmd == tiocSPTLCK {
		y.locked = n != 0
	} else {
		y.packet, y.status = n != 0, 0
	}
	y.lock.Unlock()
	return errno.OK
}
