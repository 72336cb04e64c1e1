package inotify

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// notice is an event in an instance's queue; the name lies behind it in memory.
type notice struct {
	node ds.ListNode[notice]
	noticeHeader
}

// noticeHeader is struct inotify_event, without the name.
type noticeHeader struct {
	wd     int32
	mask   uint32
	cookie uint32
	length uint32 // of the name, padded
}

const noticeHeaderSize = int(unsafe.Sizeof(noticeHeader{}))

func (n *notice) init(wd int32, mask, cookie uint32) {
	n.node.Init(n)
	n.wd, n.mask, n.cookie = wd, mask, cookie
}

// name returns the padded name.
func (n *notice) name() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(n), unsafe.Sizeof(*n))), n.length)
}

func (n *notice) size() int { return noticeHeaderSize + int(n.length) }

// same tells whether an event would only repeat this one.
func (n *notice) same(wd int32, mask uint32, name string) bool {
	return n.wd == wd && n.mask == mask && trimmed(n.name()) == name
}

func trimmed(b []byte) string {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// watchEvent tells the watches of i. When the file is gone, they end.
func watchEvent(i *vfs.Inode, e *vfs.Event) {
	const last = vfs.NotifyDeleteSelf | vfs.NotifyUnmount
	const withoutType = vfs.NotifyDeleteSelf | vfs.NotifyMoveSelf
	mask := e.Mask
	if mask&withoutType != 0 {
		mask &^= vfs.NotifyIsDir
	}
	var killed *watch
	s := watchShardOf(i)
	s.Lock()
	for w := (*watch)(unsafe.Pointer(i.Watch.Load())); w != nil; {
		next := w.next
		hit := mask&(w.mask|vfs.NotifyUnmount)&^vfs.NotifyIsDir != 0 && !(e.Unlinked && e.Name != "" && w.mask&inExclUnlink != 0)
		if hit {
			w.in.post(w.wd, mask, e.Cookie, e.Name)
		}
		if mask&last != 0 || hit && w.mask&inOneshot != 0 {
			w.kill()
			w.in.post(w.wd, inIgnored, 0, "")
			w.next, killed = killed, w
		}
		w = next
	}
	s.Unlock()
	for killed != nil {
		w := killed
		killed = w.next
		w.put()
	}
}

// post queues an event, unless it repeats the last one.
func (in *notifier) post(wd int32, mask, cookie uint32, name string) {
	n := newNotice(wd, mask, cookie, name)
	in.lock.Lock()
	back := in.queue.Back()
	switch {
	case back != nil && mask&inIgnored == 0 && back.same(wd, mask, name):
	case n == nil || in.queued.Load() >= vfs.WatchLimits.QueuedEvents.Load():
		if !in.overflow.node.Linked() {
			in.push(&in.overflow)
		}
	default:
		in.push(n)
		n = nil
	}
	in.lock.Unlock()
	if n != nil {
		mem.Free(unsafe.Pointer(n))
	}
	in.wait.WakeAll()
}

// newNotice makes an event; nil without memory.
func newNotice(wd int32, mask, cookie uint32, name string) *notice {
	length := 0
	if name != "" {
		length = (len(name) + noticeHeaderSize) &^ (noticeHeaderSize - 1) // at least one NUL
	}
	n := (*notice)(mem.Alloc(unsafe.Sizeof(notice{}) + uintptr(length)))
	if n == nil {
		return nil
	}
	n.init(wd, mask, cookie)
	n.length = uint32(length)
	copy(n.name(), name)
	return n
}

func (in *notifier) push(n *notice) {
	in.queue.PushBack(&n.node)
	in.queued.Add(1)
	in.bytes.Add(int32(n.size()))
}

// take removes the first event if it fits into room bytes. EINVAL: it does not; EAGAIN: there is none.
func (in *notifier) take(room int) (*notice, errno.Errno) {
	in.lock.Lock()
	defer in.lock.Unlock()
	n := in.queue.Front()
	if n == nil {
		return nil, errno.EAGAIN
	}
	if n.size() > room {
		return nil, errno.EINVAL
	}
	in.queue.Remove(&n.node)
	in.queued.Add(-1)
	in.bytes.Add(-int32(n.size()))
	return n, errno.OK
}

// drop frees an event that is out of the queue.
func (in *notifier) drop(n *notice) {
	if n != &in.overflow {
		mem.Free(unsafe.Pointer(n))
	}
}

// Read gives as many whole events as fit, and waits for the first.
func (*notifierFile) Read(f *vfs.File, it *uio.Iter, pos int64) (done int, e errno.Errno) {
	in := (*notifier)(f.Private)
	for {
		var n *notice
		n, e = in.take(it.Len())
		if e == errno.OK {
			head := n.noticeHeader
			var k int
			k, e = it.CopyOut((*[16]byte)(unsafe.Pointer(&head))[:])
			if k == noticeHeaderSize && n.length > 0 {
				var m int
				m, e = it.CopyOut(n.name())
				k += m
			}
			whole := k == n.size()
			in.drop(n)
			if whole {
				done += k
				continue
			}
			if e == errno.OK {
				e = errno.EFAULT
			}
			return 0, e
		}
		if done > 0 {
			return done, errno.OK
		}
		if e != errno.EAGAIN || f.Nonblock() {
			return 0, e
		}
		if e = in.wait.WaitInterruptible(func() bool { return in.queued.Load() > 0 }); e != errno.OK {
			return 0, e
		}
	}
}

// Poll: readable with an event.
func (*notifierFile) Poll(f *vfs.File, pt *vfs.PollTable) uint32 {
	in := (*notifier)(f.Private)
	pt.Wait(&in.wait)
	if in.queued.Load() > 0 {
		return vfs.POLLIN | vfs.POLLRDNORM
	}
	return 0
}

// Ioctl knows FIONREAD.
func (*notifierFile) Ioctl(f *vfs.File, cmd uint32, arg uintptr) (uintptr, errno.Errno) {
	const fionread = 0x541b
	if cmd != fionread {
		return 0, errno.ENOTTY
	}
	n := (*notifier)(f.Private).bytes.Load()
	if arch.CopyToUser(arg, unsafe.Pointer(&n), unsafe.Sizeof(n)) != 0 {
		return 0, errno.EFAULT
	}
	return 0, errno.OK
}
