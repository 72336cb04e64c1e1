package ipc

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// fifoMutex guards the tie between an inode (Inode.Private) and its pipe, and Pipe.files.
var fifoMutex sched.Mutex

func init() { vfs.OpenFIFO = openFIFO }

// openFIFO opens a named pipe by the rules of fifo(7): a reader waits for a writer and the reverse. With O_NONBLOCK a reader
// does not wait, and a writer without reader gets ENXIO. Opened for both, nobody waits; nor does who opens a pipe again through /proc.
func openFIFO(i *vfs.Inode, f *vfs.File) errno.Errno {
	if !f.Readable() && !f.Writable() {
		return errno.EINVAL
	}
	fifoMutex.Lock()
	p := (*Pipe)(i.Private)
	if p == nil {
		if p = makePipe(); p == nil {
			fifoMutex.Unlock()
			return errno.ENOMEM
		}
		i.Private = unsafe.Pointer(p)
	}
	p.files++
	fifoMutex.Unlock()
	f.Private, f.Ops = unsafe.Pointer(p), pipeOps
	f.SetStream()
	e := p.join(f)
	if e == errno.OK {
		return errno.OK
	}
	fifoMutex.Lock()
	p.files--
	last := p.files == 0
	if last {
		i.Private = nil
	}
	fifoMutex.Unlock()
	if last {
		p.free()
	}
	return e
}

// join counts an open file and meets the other side. On an error it is not counted.
func (p *Pipe) join(f *vfs.File) errno.Errno {
	p.mu.Lock()
	if f.Writable() && !f.Readable() && f.Nonblock() && p.readers.Load() == 0 && !p.anonymous {
		p.mu.Unlock()
		return errno.ENXIO
	}
	if f.Readable() {
		p.readers.Add(1)
		p.rOpens.Add(1)
	}
	if f.Writable() {
		p.writers.Add(1)
		p.wOpens.Add(1)
	}
	rOpens, wOpens := p.rOpens.Load(), p.wOpens.Load()
	readers, writers := p.readers.Load(), p.writers.Load()
	if f.Readable() && f.Nonblock() && writers == 0 {
		p.quiet.Store(wOpens)
	}
	p.mu.Unlock()
	p.rwait.WakeAll()
	p.wwait.WakeAll()
	e := errno.OK
	switch {
	case f.Nonblock(), p.anonymous:
	case readers == 0:
		e = p.meet(&p.wwait, &p.rOpens, rOpens)
	case writers == 0:
		e = p.meet(&p.rwait, &p.wOpens, wOpens)
	}
	if e != errno.OK {
		p.leave(f)
	}
	return e
}

// meet waits for an opening of the other side since count was seen.
func (p *Pipe) meet(q *sched.WaitQueue, opens *atomic.Uint32, seen uint32) errno.Errno {
	return q.WaitInterruptible(func() bool { return opens.Load() != seen })
}
