package tty

import (
	"galago/kernel/errno"
	"galago/kernel/fs/devfs"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// The device files. Which terminal a node means is decided at open by its number: /dev/tty is the caller's
// controlling terminal, /dev/console the one chosen at boot.

// Device numbers (Linux's devices.txt).
const (
	auxMajor     = 5
	minorTTY     = 0
	minorConsole = 1
)

type ttyFile struct{ vfs.NoFileOps }

var ttyOps vfs.FileOps = ttyFile{}

// Publish gives the terminals made so far their entries in /dev, and /dev/tty and /dev/console.
func Publish() errno.Errno {
	tableLock.Lock()
	n := nTTY
	tableLock.Unlock()
	for _, t := range table[:n] {
		e := devfs.Register(t.name, 0o620, vfs.Major(t.dev), vfs.Minor(t.dev), ttyOps)
		if e != errno.OK && e != errno.EEXIST {
			return e
		}
	}
	if e := devfs.Register("tty", 0o666, auxMajor, minorTTY, ttyOps); e != errno.OK && e != errno.EEXIST {
		return e
	}
	if e := publishPTY(); e != errno.OK {
		return e
	}
	if e := devfs.Register("console", 0o600, auxMajor, minorConsole, ttyOps); e != errno.OK && e != errno.EEXIST {
		return e
	}
	return errno.OK
}

// Open finds the terminal and makes it the caller's controlling terminal where POSIX says so.
func (ttyFile) Open(i *vfs.Inode, f *vfs.File) errno.Errno {
	var t *TTY
	noctty := f.Flags.Load()&vfs.O_NOCTTY != 0
	asConsole := false
	switch i.Rdev {
	case vfs.Makedev(auxMajor, minorTTY):
		if Processes != nil {
			t = Processes.Terminal()
		}
	case vfs.Makedev(auxMajor, minorConsole):
		t, noctty, asConsole = Console(), true, true
	default:
		if vfs.Major(i.Rdev) == ptsMajor {
			y := findPTY(vfs.Minor(i.Rdev))
			if y == nil {
				return errno.EIO
			}
			if e := y.mayOpen(); e != errno.OK {
				return e
			}
			t = &y.tty
		} else {
			t = find(i.Rdev)
		}
	}
	if t == nil {
		return errno.ENXIO
	}
	if e := t.open(f, asConsole); e != errno.OK {
		return e
	}
	f.Ops = ttyOps
	f.SetStream()
	if !noctty {
		t.adopt(f)
	}
	return errno.OK
}

// Release closes the file.
func (ttyFile) Release(f *vfs.File) {
	o := openOf(f)
	t := o.tty
	t.close(o)
	if y, ok := t.driver.(*ptyLine); ok {
		(*pty)(y).release()
	}
}

// Read reads a line, or bytes in raw mode.
func (ttyFile) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) {
	o := openOf(f)
	return o.tty.read(f, o, it)
}

// Write writes through output processing.
func (ttyFile) Write(f *vfs.File, it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	o := openOf(f)
	n, e := o.tty.write(f, o, it)
	return n, pos, e
}

// Ioctl is the terminal calls.
func (ttyFile) Ioctl(f *vfs.File, cmd uint32, arg uintptr) (uintptr, errno.Errno) {
	o := openOf(f)
	return 0, o.tty.ioctl(f, o, cmd, arg)
}

// Poll: readable when a read would return something, writable when there is room.
func (ttyFile) Poll(f *vfs.File, pt *vfs.PollTable) uint32 {
	o := openOf(f)
	t := o.tty
	pt.Wait(&t.readWait)
	pt.Wait(&t.writeWait)
	t.lock.Lock()
	defer t.lock.Unlock()
	if o.hungUp() {
		return vfs.DefaultPoll | vfs.POLLERR | vfs.POLLHUP
	}
	mask := uint32(0)
	least := uint32(1)
	if !t.termios.lflag(ICANON) && t.termios.CC[VTIME] == 0 {
		least = max(uint32(t.termios.CC[VMIN]), 1)
	}
	if t.available() >= least {
		mask |= vfs.POLLIN | vfs.POLLRDNORM
	}
	if t.room() >= maxExpansion {
		mask |= vfs.POLLOUT | vfs.POLLWRNORM
	}
	return mask
}
