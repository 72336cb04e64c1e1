package ipc

import (
	"galago/kernel/errno"
	"galago/kernel/fs/procfs"
	"galago/kernel/vfs"
)

// RegisterKinds tells /proc what the anonymous files of this package are.
func RegisterKinds() {
	procfs.RegisterKind(eventOps, "[eventfd]", eventInfo)
	procfs.RegisterKind(epollOps, "[eventpoll]", epollInfo)
	procfs.RegisterSysctl("fs/epoll", "max_user_watches", func(b *procfs.Buffer) errno.Errno {
		b.Printf("%d\n", maxWatches())
		return errno.OK
	}, nil)
	procfs.RegisterSysctl("fs", "pipe-max-size", func(b *procfs.Buffer) errno.Errno {
		b.Printf("%d\n", pipeMaxSize)
		return errno.OK
	}, nil)
}

func eventInfo(b *procfs.Buffer, f *vfs.File) {
	v := eventOf(f)
	semaphore := 0
	if v.semaphore {
		semaphore = 1
	}
	b.Printf("eventfd-count: %16x\neventfd-semaphore: %d\n", v.count.Load(), semaphore)
}

// epollInfo writes a line for each watch.
func epollInfo(b *procfs.Buffer, f *vfs.File) {
	ep := epollOf(f)
	ep.mu.Lock()
	for w := ep.tree.Min(); w != nil && !b.Full(); w = ep.tree.Next(&w.node) {
		b.Printf("tfd: %8d events: %8x data: %16x  pos:0 ino:%x sdev:%x\n", w.fd, w.events, w.data, w.file.Inode.Ino, w.file.Inode.SB.DevID)
	}
	ep.mu.Unlock()
}
