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

// Size of a pipe's buffer, and of a write that is never torn (PIPE_BUF). pipe(7).
const (
	PipeSize  = pipePages * arch.PageSize
	PipeBuf   = arch.PageSize
	pipePages = 16
)

// Pipe is a ring of page frames that are allocated when bytes come to lie in them. Positions count bytes from the
// pipe's beginning; page number modulo pipePages gives the frame.
type Pipe struct {
	mu     sched.Mutex
	frames [pipePages]*mem.Frame // guarded by mu
	rpos   uint64                // guarded by mu: next byte to read
	wpos   uint64                // guarded by mu: next byte to write

	// Written under mu, read without it by waiters and pollers.
	used    atomic.Int64 // wpos − rpos
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
var pipeOps vfs.FileOps = pipeFile{}

// NewPipe makes a pipe and returns its two ends. flags may hold O_NONBLOCK.
func NewPipe(flags uint32, c *cred.Cred) (r, w *vfs.File, e errno.Errno) {
	flags &= vfs.O_NONBLOCK
	i, e := vfs.NewAnonInode(vfs.S_IFIFO|0o600, c)
	if e != errno.OK {
		return nil, nil, e
	}
	p := pipeCache.Alloc()
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
	p.files = 1
	p.readers.Store(1)
	if w, e = vfs.NewAnonFile(pipeOps, i.Get(), unsafe.Pointer(p), flags|vfs.O_WRONLY, c); e != errno.OK {
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
func (pipeFile) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) {
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
	return n, e
}

// drain copies buffered bytes out. p.mu is held.
func (p *Pipe) drain(it *uio.Iter) (done int, e errno.Errno) {
	for it.Len() > 0 && p.rpos < p.wpos {
		off := int(p.rpos % arch.PageSize)
		n := min(arch.PageSize-off, int(p.wpos-p.rpos), it.Len())
		var k int
		k, e = it.CopyOut(p.frames[p.rpos/arch.PageSize%pipePages].Bytes()[off : off+n])
		p.consume(k)
		done += k
		if k < n {
			break
		}
	}
	p.used.Store(int64(p.wpos - p.rpos))
	if done > 0 {
		e = errno.OK
	}
	return done, e
}

// consume moves the read position over n bytes of one page and gives back the frame it leaves. An empty pipe starts
// again at the beginning of the frame it is in, so that small messages always use the same one.
func (p *Pipe) consume(n int) {
	page := p.rpos / arch.PageSize
	p.rpos += uint64(n)
	if p.rpos == p.wpos {
		p.rpos, p.wpos = page*arch.PageSize, page*arch.PageSize
		return
	}
	// The writer may have come round to this frame already; then it stays.
	if p.rpos/arch.PageSize != page && p.wpos <= (page+pipePages)*arch.PageSize {
		p.frames[page%pipePages].Put()
		p.frames[page%pipePages] = nil
	}
}

// Write copies all in, waiting for room as long as there are readers. Up to PipeBuf bytes go in one piece.
func (pipeFile) Write(f *vfs.File, it *uio.Iter, pos int64) (done int, newPos int64, e errno.Errno) {
	p := pipeOf(f)
	if it.Len() == 0 {
		return 0, pos, errno.OK
	}
	whole := it.Len() <= PipeBuf
	p.mu.Lock()
	for {
		if p.readers.Load() == 0 {
			p.mu.Unlock()
			if OnBrokenPipe != nil {
				OnBrokenPipe()
			}
			return done, pos, partial(done, errno.EPIPE)
		}
		room := PipeSize - int(p.used.Load())
		if room > 0 && (room >= it.Len() || !whole) {
			var n int
			n, e = p.fill(it, room)
			done += n
			if e != errno.OK || it.Len() == 0 {
				break
			}
		}
		p.mu.Unlock()
		if done > 0 {
			p.rwait.WakeOne()
		}
		if f.Nonblock() {
			return done, pos, partial(done, errno.EAGAIN)
		}
		need := int64(PipeSize - min(it.Len(), PipeBuf))
		e = p.wwait.WaitInterruptible(func() bool { return p.used.Load() <= need || p.readers.Load() == 0 })
		if e != errno.OK {
			p.passRoom()
			return done, pos, partial(done, e)
		}
		p.mu.Lock()
	}
	p.mu.Unlock()
	p.rwait.WakeSync()
	p.passRoom()
	return done, pos, partial(done, e)
}

// passRoom wakes the next writer if there is room left.
func (p *Pipe) passRoom() {
	if p.used.Load() < PipeSize {
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

// fill copies up to room bytes in. p.mu is held. An error tells why not all of them.
func (p *Pipe) fill(it *uio.Iter, room int) (done int, e errno.Errno) {
	for room > 0 && it.Len() > 0 {
		slot := &p.frames[p.wpos/arch.PageSize%pipePages]
		if *slot == nil {
			if *slot = mem.AllocFrame(0); *slot == nil {
				e = errno.ENOMEM
				break
			}
		}
		off := int(p.wpos % arch.PageSize)
		n := min(arch.PageSize-off, room, it.Len())
		var k int
		k, e = it.CopyIn((*slot).Bytes()[off : off+n])
		p.wpos += uint64(k)
		done += k
		room -= k
		if k < n {
			e = errno.EFAULT
			break
		}
	}
	p.used.Store(int64(p.wpos - p.rpos))
	return done, e
}

// Poll: readable with bytes or at the end, writable when PipeBuf bytes go in without waiting.
func (pipeFile) Poll(f *vfs.File, pt *vfs.PollTable) uint32 {
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
		if p.used.Load() <= PipeSize-PipeBuf {
			mask |= vfs.POLLOUT | vfs.POLLWRNORM
		}
		if p.readers.Load() == 0 {
			mask |= vfs.POLLERR
		}
	}
	return mask
}

// Ioctl knows FIONREAD.
func (pipeFile) Ioctl(f *vfs.File, cmd uint32, arg uintptr) (uintptr, errno.Errno) {
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
func (pipeFile) Release(f *vfs.File) {
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
	for _, fr := range p.frames {
		if fr != nil {
			fr.Put()
		}
	}
	pipeCache.Free(p)
}

// Capacity is fcntl(F_GETPIPE_SZ); EBADF for a file that is no pipe.
func Capacity(f *vfs.File) (int, errno.Errno) {
	if f.Ops != pipeOps {
		return 0, errno.EBADF
	}
	return PipeSize, errno.OK
}
