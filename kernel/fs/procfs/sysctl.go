package procfs

import (
	"sync/atomic"

	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/vfs"
)

// The settings of /proc/sys/fs/protected_* and /proc/sys/fs/inotify, and what /proc/sys/fs tells of open files.

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

// maxFiles is the number of open files that the system allows: there is no limit but memory, and Linux's word for that.
const maxFiles = 1<<63 - 1

func genFileMax(b *Buffer) errno.Errno {
	b.Printf("%d\n", int64(maxFiles))
	return errno.OK
}

// genFileNr writes the number of open files, of unused ones that are kept (0, as on Linux), and the limit.
func genFileNr(b *Buffer) errno.Errno {
	n := int64(0)
	mem.EachCache(func(c mem.CacheStats) {
		if c.Name == vfs.FilesName {
			n = c.Active
		}
	})
	b.Printf("%d\t0\t%d\n", n, int64(maxFiles))
	return errno.OK
}
