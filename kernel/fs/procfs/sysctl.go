package procfs

import (
	"sync/atomic"

	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// The settings of /proc/sys/fs/protected_* and /proc/sys/fs/inotify.

func genInt(b *Buffer, v *atomic.Int32) errno.Errno {
	b.Printf("%d\n", v.Load())
	return errno.OK
}

func writeInt(v *atomic.Int32, limit int, data []byte) errno.Errno {
	n, ok := parseNumber(str(data))
	if !ok || n > limit {
		return errno.EINVAL
	}
	v.Store(int32(n))
	return errno.OK
}

func genHardlinks(b *Buffer) errno.Errno { return genInt(b, &vfs.Protected.Hardlinks) }
func genSymlinks(b *Buffer) errno.Errno  { return genInt(b, &vfs.Protected.Symlinks) }
func genFIFOs(b *Buffer) errno.Errno     { return genInt(b, &vfs.Protected.FIFOs) }
func genRegular(b *Buffer) errno.Errno   { return genInt(b, &vfs.Protected.Regular) }

func writeHardlinks(n *node, data []byte) errno.Errno {
	return writeInt(&vfs.Protected.Hardlinks, 1, data)
}

func writeSymlinks(n *node, data []byte) errno.Errno {
	return writeInt(&vfs.Protected.Symlinks, 1, data)
}

func writeFIFOs(n *node, data []byte) errno.Errno { return writeInt(&vfs.Protected.FIFOs, 2, data) }

func writeRegular(n *node, data []byte) errno.Errno { return writeInt(&vfs.Protected.Regular, 2, data) }

func genQueuedEvents(b *Buffer) errno.Errno   { return genInt(b, &vfs.WatchLimits.QueuedEvents) }
func genWatchInstances(b *Buffer) errno.Errno { return genInt(b, &vfs.WatchLimits.UserInstances) }
func genWatches(b *Buffer) errno.Errno        { return genInt(b, &vfs.WatchLimits.UserWatches) }

const maxInt = 1<<31 - 1

func writeQueuedEvents(n *node, data []byte) errno.Errno {
	return writeInt(&vfs.WatchLimits.QueuedEvents, maxInt, data)
}

func writeWatchInstances(n *node, data []byte) errno.Errno {
	return writeInt(&vfs.WatchLimits.UserInstances, maxInt, data)
}

func writeWatches(n *node, data []byte) errno.Errno {
	return writeInt(&vfs.WatchLimits.UserWatches, maxInt, data)
}
