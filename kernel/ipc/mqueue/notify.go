package mqueue

import (
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// Ways of notification (sigevent(7)).
const (
	SigevSignal = 0
	SigevNone   = 1
	SigevThread = 2
)

// notification is who is to be told of a message that comes to the empty queue. pid 0: nobody.
type notification struct {
	pid    int32
	signal int32 // 0: the process is registered but wants no signal
	value  uint64
}

// fire tells whoever was registered.
func (t notification) fire() {
	if t.pid != 0 && t.signal != 0 {
		Signal(t.pid, t.signal, t.value)
	}
}

// Notify is mq_notify(2) for the calling process. EBUSY: another one, or this one, is registered.
func Notify(f *vfs.File, signal int32, value uint64) errno.Errno {
	q, e := queueOf(f)
	if e != errno.OK {
		return e
	}
	q.lock.Lock()
	defer q.lock.Unlock()
	if q.tell.pid != 0 {
		return errno.EBUSY
	}
	q.tell = notification{PID(), signal, value}
	return errno.OK
}

// Unnotify ends the calling process's registration.
func Unnotify(f *vfs.File) errno.Errno {
	q, e := queueOf(f)
	if e != errno.OK {
		return e
	}
	q.forget(PID())
	return errno.OK
}

// forget ends the registration of a process.
func (q *Queue) forget(pid int32) {
	q.lock.Lock()
	if q.tell.pid == pid {
		q.tell = notification{}
	}
	q.lock.Unlock()
}

// describe writes the line that reading a queue gives, and returns its length.
func (q *Queue) describe(b []byte) int {
	q.lock.Lock()
	bytes, tell := q.bytes, q.tell
	q.lock.Unlock()
	how := 0
	if tell.pid != 0 && tell.signal == 0 {
		how = SigevNone
	}
	at := 0
	field := func(name string, v int64, width int) {
		at += copy(b[at:], name)
		at += padded(b[at:], v, width)
	}
	field("QSIZE:", bytes, 10)
	field(" NOTIFY:", int64(how), 5)
	field(" SIGNO:", int64(tell.signal), 5)
	field(" NOTIFY_PID:", int64(tell.pid), 6)
	at += copy(b[at:], "\n")
	return at
}

// padded writes v and blanks up to the width.
func padded(b []byte, v int64, width int) int {
	var digits [20]byte
	at := len(digits)
	for {
		at--
		digits[at] = byte('0' + v%10)
		if v /= 10; v == 0 {
			break
		}
	}
	n := copy(b, digits[at:])
	for n < width && n < len(b) {
		b[n] = ' '
		n++
	}
	return n
}
