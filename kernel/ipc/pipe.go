package ipc

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// Sizes of a pipe's buffer, and of a write that is never torn (PIPE_BUF). pipe(7).
const (
	PipeSize    = pipePages * arch.PageSize
	PipeBuf     = arch.PageSize
	pipePages   = 16      // segments of a new pipe
	pipeMaxSize = 1 << 20 // what F_SETPIPE_SZ gives without CAP_SYS_RESOURCE
)

// segment is a piece of a page that is to be read.
type segment struct {
	frame  *mem.Frame // referenced
	off, n uint32
	flags  uint32
}

// Flags of segments.
const (
	segOwn    = 1 << iota // the page was allocated by a pipe: it can be used again when nobody else has a reference
	segMerge              // and a write may add to it
	segPacket             // written in packet mode: a read takes no more than it, and all of it
)

// Pipe is a ring of segments. head and tail count them from the pipe's beginning; their remainder by the ring's length, a power of 2,
// gives the place.
type Pipe struct {
	anonymous  bool // from pipe(2); never changes
	mu         sched.Mutex
	ring       []segment  // guarded by mu; inline at first
	head, tail uint32     // guarded by mu: next to write, next to read
	spare      *mem.Frame // guarded by mu: a page to write to, kept from the last segment that was read
	inline     [pipePages]segment

	// Written under mu, read without it by waiters and pollers.
	used    atomic.Int64 // bytes in the segments
	filled  atomic.Int32 // segments in use
	room    atomic.Int32 // segments there are
	readers atomic.Int32 // open files that can read
	writers atomic.Int32
	// rOpens and wOpens count openings, so that the opener of a FIFO who waits for the other side notices one that has
	// come and gone. quiet is the value of wOpens for which no hang-up is reported: nobody has written yet.
	rOpens, wOpens, quiet atomic.Uint32

	rwait sched.WaitQueue // readers, and pollers of either side
	wwait sched.WaitQueue // writers

	files int // open files; guarded by fifoMutex
}

var pipeCache = mem.Cache[Pipe]{Name: "pipe"}

type pipeFile struct{ vfs.NoFileOps }

// pipeOps is shared by both ends and by FIFOs: what an end may do is the file's mode.
var pipeOps vfs.FileOps = &pipeFile{}

// makePipe makes the ring; nil without memory.
func makePipe() *Pipe {
	p := pipeCache.Alloc()
	if p != nil {
		p.ring = p.inline[:]
		p.room.Store(pipePages)
	}
	return p
}

// NewPipe makes a pipe and returns its two ends. flags may hold O_NONBLOCK and O_DIRECT (packet mode).
func NewPipe(flags uint32, c *cred.Cred) (r, w *vfs.File, e errno.Errno) {
	packet := flags & vfs.O_DIRECT
	flags &= vfs.O_NONBLOCK
	i, e := vfs.NewAnonInode(vfs.S_IFIFO|0o600, c)
	if e != errno.OK {
		return nil, nil, e
	}
	p := makePipe()
	if p == nil {
		i.Put()
		return nil, nil, errno.ENOMEM
	}
	i.InitSpecial(0) // opened again through /proc it behaves as a FIFO
	i.Private = unsafe.Pointer(p)
	if r, e = vfs.NewAnonFile(pipeOps, i, unsafe.Pointer(p), flags|vfs.O_RDONLY, c); e != errno.OK {
		pipeCache.Free(p)
		i.Put()
		return nil, nil, e
	}
	p.anonymous = true
	p.files = 1
	p.readers.Store(1)
	if w, e = vfs.NewAnonFile(pipeOps, i.Get(), unsafe.Pointer(p), flags|packet|vfs.O_WRONLY, c); e != errno.OK {
		i.Put()
		r.Put() // frees the pipe
		return nil, nil, e
	}
	p.files = 2
	p.writers.Store(1)
	p.rOpens.Store(1)
	p.wOpens.Store(1)
	return r, w, errno.OK
}

func pipeOf(f *vfs.File) *Pipe { return (*Pipe)(f.Private) }

// Read takes what is there, and waits only for the first byte.
func (*pipeFile) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) {
	p := pipeOf(f)
	if it.Len() == 0 {
		return 0, errno.OK
	}
	slept := false
	for {
		p.mu.Lock()
		if p.used.Load() > 0 {
			break
		}
		writers := p.writers.Load()
		p.mu.Unlock()
		if writers == 0 {
			return 0, errno.OK
		}
		if f.Nonblock() {
			return 0, errno.EAGAIN
		}
		slept = true
		if e := p.rwait.WaitInterruptible(func() bool { return p.used.Load() > 0 || p.writers.Load() == 0 }); e != errno.OK {
			return 0, e
		}
	}
	n, e := p.drain(it)
	left := p.used.Load()
	p.mu.Unlock()
	p.wwait.WakeSync()
	if left > 0 && slept {
		p.rwait.PassOn() // the wake-up that came with these bytes may have been taken by this reader
	}
	f.Accessed()
	return n, e
}

// at returns the segment of a number.
func (p *Pipe) at(n uint32) *segment { return &p.ring[n&uint32(len(p.ring)-1)] }

// count publishes what the segments hold, after n bytes more or less.
func (p *Pipe) count(n int) {
	p.used.Store(p.used.Load() + int64(n))
	p.filled.Store(int32(p.head - p.tail))
}

// drain copies buffered bytes out. p.mu is held.
//
// +checklocks:p.mu
func (p *Pipe) drain(it *uio.Iter) (done int, e errno.Errno) {
	gone := 0
	for it.Len() > 0 && p.tail != p.head {
		s := p.at(p.tail)
		n := min(int(s.n), it.Len())
		var k int
		k, e = it.CopyOut(s.frame.Bytes()[s.off:][:n])
		s.off += uint32(k)
		s.n -= uint32(k)
		done += k
		gone += k
		if k < n {
			break
		}
		packet := s.flags&segPacket != 0
		if packet {
			gone += int(s.n)
			s.n = 0
		}
		if s.n == 0 {
			p.retire(s)
			p.tail++
		}
		if packet {
			break
		}
	}
	p.count(-gone)
	if done > 0 {
		e = errno.OK
	}
	return done, e
}

// retire gives up a segment's page, or keeps it for the next write.
func (p *Pipe) retire(s *segment) {
	f := s.frame
	s.frame = nil
	if p.spare == nil && s.flags&segOwn != 0 && f.Refs.Load() == 1 {
		p.spare = f
	} else {
		f.Put()
	}
}

// push adds a segment, for which there is room. It takes over a reference to the page.
func (p *Pipe) push(f *mem.Frame, off, n int, flags uint32) {
	*p.at(p.head) = segment{f, uint32(off), uint32(n), flags}
	p.head++
}

// full tells whether there is no room for another segment.
func (p *Pipe) full() bool { return p.head-p.tail >= uint32(len(p.ring)) }

// Write copies all in, waiting for room as long as there are readers. Up to PipeBuf bytes go in one piece.
func (*pipeFile) Write(f *vfs.File, it *uio.Iter, pos int64) (done int, newPos int64, e errno.Errno) {
	p := pipeOf(f)
	if it.Len() == 0 {
		return 0, pos, errno.OK
	}
	flags := uint32(segOwn | segMerge)
	if f.Flags.Load()&vfs.O_DIRECT != 0 {
		flags = segOwn | segPacket
	}
	p.mu.Lock()
	if p.readers.Load() > 0 && flags&segMerge != 0 {
		done, e = p.merge(it)
	}
	for e == errno.OK && it.Len() > 0 {
		if p.readers.Load() == 0 {
			p.mu.Unlock()
			if OnBrokenPipe != nil {
				OnBrokenPipe()
			}
			return done, pos, partial(done, errno.EPIPE)
		}
		var n int
		n, e = p.fill(it, flags)
		done += n
		if e != errno.OK || it.Len() == 0 {
			break
		}
		p.mu.Unlock()
		if done > 0 {
			p.rwait.WakeOne()
		}
		if f.Nonblock() {
			return done, pos, partial(done, errno.EAGAIN)
		}
		e = p.wwait.WaitInterruptible(func() bool { return p.filled.Load() < p.room.Load() || p.readers.Load() == 0 })
		if e != errno.OK {
			p.passRoom()
			return done, pos, partial(done, e)
		}
		p.mu.Lock()
	}
	p.mu.Unlock()
	p.rwait.WakeSync()
	p.passRoom()
	if done > 0 && f.Path.Dentry != nil {
		f.Inode.Touch(vfs.AttrMTime | vfs.AttrCTime)
	}
	return done, pos, partial(done, e)
}

// passRoom wakes the next writer if there is room left.
func (p *Pipe) passRoom() {
	if p.filled.Load() < p.room.Load() {
		p.wwait.WakeOne()
	}
}

// partial drops an error after something was transferred.
func partial(done int, e errno.Errno) errno.Errno {
	if done > 0 {
		return errno.OK
	}
	return e
}

// merge adds the odd part of a write to the last page, if it fits there. p.mu is held.
//
// +checklocks:p.mu
func (p *Pipe) merge(it *uio.Iter) (int, errno.Errno) {
	odd := it.Len() & (arch.PageSize - 1)
	if odd == 0 || p.head == p.tail {
		return 0, errno.OK
	}
	s := p.at(p.head - 1)
	end := int(s.off + s.n)
	if s.flags&segMerge == 0 || end+odd > arch.PageSize {
		return 0, errno.OK
	}
	k, e := it.CopyIn(s.frame.Bytes()[end:][:odd])
	s.n += uint32(k)
	p.count(k)
	if k < odd {
		e = errno.EFAULT
	}
	return k, e
}

// page returns a page to write to, with a reference, or nil. p.mu is held.
//
// +checklocks:p.mu
func (p *Pipe) page() *mem.Frame {
	if f := p.spare; f != nil {
		p.spare = nil
		return f
	}
	return mem.AllocFrame(0)
}

// fill copies in what there is room for, a page a segment. p.mu is held. An error tells why not all of it.
//
// +checklocks:p.mu
func (p *Pipe) fill(it *uio.Iter, flags uint32) (done int, e errno.Errno) {
	for it.Len() > 0 && !p.full() {
		f := p.page()
		if f == nil {
			e = errno.ENOMEM
			break
		}
		n := min(arch.PageSize, it.Len())
		var k int
		k, e = it.CopyIn(f.Bytes()[:n])
		if k == 0 {
			p.spare = f
			e = errno.EFAULT
			break
		}
		p.push(f, 0, k, flags)
		done += k
		if k < n {
			e = errno.EFAULT
			break
		}
	}
	p.count(done)
	return done, e
}

// Poll: readable with bytes or at the end, writable with a free segment, so that PipeBuf bytes go in without waiting.
func (*pipeFile) Poll(f *vfs.File, pt *vfs.PollTable) uint32 {
	p := pipeOf(f)
	mask := uint32(0)
	if f.Readable() {
		pt.Wait(&p.rwait)
		if p.used.Load() > 0 {
			mask |= vfs.POLLIN | vfs.POLLRDNORM
		}
		if p.writers.Load() == 0 && p.wOpens.Load() != p.quiet.Load() {
			mask |= vfs.POLLHUP
		}
	}
	if f.Writable() {
		pt.Wait(&p.wwait)
		if p.filled.Load() < p.room.Load() {
			mask |= vfs.POLLOUT | vfs.POLLWRNORM
		}
		if p.readers.Load() == 0 {
			mask |= vfs.POLLERR
		}
	}
	return mask
}

// Ioctl knows FIONREAD.
func (*pipeFile) Ioctl(f *vfs.File, cmd uint32, arg uintptr) (uintptr, errno.Errno) {
	const fionread = 0x541b
	if cmd != fionread {
		return 0, errno.ENOTTY
	}
	n := int32(pipeOf(f).used.Load())
	if arch.CopyToUser(arg, unsafe.Pointer(&n), unsafe.Sizeof(n)) != 0 {
		return 0, errno.EFAULT
	}
	return 0, errno.OK
}

// Release closes an end and tells the other one.
func (*pipeFile) Release(f *vfs.File) {
	p := pipeOf(f)
	p.leave(f)
	fifoMutex.Lock()
	p.files--
	last := p.files == 0
	if last {
		f.Inode.Private = nil
	}
	fifoMutex.Unlock()
	if last {
		p.free()
	}
}

// leave takes an open file out of the counts.
func (p *Pipe) leave(f *vfs.File) {
	p.mu.Lock()
	if f.Readable() {
		p.readers.Add(-1)
	}
	if f.Writable() {
		p.writers.Add(-1)
	}
	p.mu.Unlock()
	p.rwait.WakeAll()
	p.wwait.WakeAll()
}

func (p *Pipe) free() {
	for ; p.tail != p.head; p.tail++ {
		p.at(p.tail).frame.Put()
	}
	if p.spare != nil {
		p.spare.Put()
	}
	p.freeRing()
	pipeCache.Free(p)
}
