package vfs

import "galago/kernel/errno"

// Hooks for files whose contents are not the file system's: set once by the floors that have them.
var (
	// OpenDevice opens a character or block device by i.Rdev: it sets f.Ops (and f.Private). ENXIO: no such device.
	OpenDevice func(i *Inode, f *File) errno.Errno
	// OpenFIFO opens a named pipe.
	OpenFIFO func(i *Inode, f *File) errno.Errno
)

// specialOps opens device nodes and FIFOs through the hooks, which replace it.
type specialOps struct{ NoFileOps }

var special FileOps = specialOps{}

// Open hands the file to whom it belongs.
func (specialOps) Open(i *Inode, f *File) errno.Errno {
	hook := OpenDevice
	if i.Type() == S_IFIFO {
		hook = OpenFIFO
	}
	if hook == nil {
		return errno.ENXIO
	}
	return hook(i, f)
}

// InitSpecial sets type, device number and FOps of a device node, FIFO or socket on any file system.
func (i *Inode) InitSpecial(rdev uint64) {
	switch i.Type() {
	case S_IFCHR, S_IFBLK:
		i.Rdev = rdev
		i.FOps = special
	case S_IFIFO:
		i.FOps = special
	}
}
