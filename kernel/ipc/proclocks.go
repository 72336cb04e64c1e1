package ipc

import (
	"galago/kernel/errno"
	"galago/kernel/fs/procfs"
	"galago/kernel/vfs"
)

// genLocks is /proc/locks: proc_locks(5).
func genLocks(b *procfs.Buffer) errno.Errno {
	n := 0
	EachFileLock(func(i *vfs.Inode, l *FileLock, flock bool) bool {
		n++
		family := "POSIX "
		switch {
		case flock:
			family = "FLOCK "
		case l.OFD():
			family = "OFDLCK"
		}
		typ := "READ "
		if l.Type == WriteLock {
			typ = "WRITE"
		}
		dev := i.SB.DevID
		b.Printf("%d: %s ADVISORY  %s %d %02x:%02x:%d %d ", n, family, typ, l.PID, vfs.Major(dev), vfs.Minor(dev), i.Ino, l.Start)
		if l.End == EndOfFile {
			b.WriteString("EOF\n")
		} else {
			b.Printf("%d\n", l.End)
		}
		return true
	})
	return errno.OK
}
