package console

import (
	"galago/kernel/errno"
	"galago/kernel/fs/devfs"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

const (
	major     = 229 // as on Linux
	drainTime = 5_000_000_000
)

// fileOps are the operations of /dev/hvcN: a stream of raw bytes, no terminal.
type fileOps struct{ vfs.NoFileOps }

var names = [maxPorts]string{"hvc0", "hvc1", "hvc2", "hvc3"}

var theFileOps vfs.FileOps = fileOps{}

// AddNodes makes the device files, once devfs is there.
func AddNodes() errno.Errno {
	for i := range numPorts {
		if err := devfs.Register(names[i], 0o600, major, uint32(i), theFileOps); err != errno.OK {
			return err
		}
	}
	return errno.OK
}

func portOf(f *vfs.File) *Port { return Get(int(vfs.Minor(f.Inode.Rdev))) }

// Open refuses numbers without a console.
func (fileOps) Open(i *vfs.Inode, f *vfs.File) errno.Errno {
	if Get(int(vfs.Minor(i.Rdev))) == nil {
		return errno.ENXIO
	}
	f.SetStream()
	return errno.OK
}

// Read reads what has arrived.
func (fileOps) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) {
	return portOf(f).Read(it, f.Nonblock())
}

// Write sends.
func (fileOps) Write(f *vfs.File, it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	n, err := portOf(f).Write(it, f.Nonblock())
	return n, pos, err
}

// Seek is not possible.
func (fileOps) Seek(f *vfs.File, off int64, whence int) (int64, errno.Errno) {
	return 0, errno.ESPIPE
}

// Poll reports what would not wait.
func (fileOps) Poll(f *vfs.File, pt *vfs.PollTable) uint32 {
	p := portOf(f)
	readers, writers := p.Queues()
	pt.Wait(readers)
	pt.Wait(writers)
	events := uint32(0)
	read, write := p.Ready()
	if read {
		events |= vfs.POLLIN | vfs.POLLRDNORM
	}
	if write {
		events |= vfs.POLLOUT | vfs.POLLWRNORM
	}
	return events
}

// Fsync waits until the host has everything.
func (fileOps) Fsync(f *vfs.File, datasync bool) errno.Errno { return portOf(f).Drain(drainTime) }
