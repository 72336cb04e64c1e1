package ipc

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/uio"
	"galago/kernel/vfs"
	"galago/kernel/vm/pagecache"
)

// Moving data through pipes without copying it (splice(2), tee(2), vmsplice(2)): what moves are references to pages. A page of a file
// that is spliced into a pipe is the page cache's own; one that a pipe allocated moves with its segment.

// Flags of splice, tee and vmsplice.
const (
	SpliceMove     = 1
	SpliceNonblock = 2
	SpliceMore     = 4
	SpliceGift     = 8
	spliceAll      = SpliceMove | SpliceNonblock | SpliceMore | SpliceGift
)

// IsPipe tells whether f is an end of a pipe or a FIFO.
func IsPipe(f *vfs.File) bool { return f.Is(pipeOps) }

// spliceable tells whether a file that is no pipe can be the other end: counters, epoll instances and directories cannot.
func spliceable(f *vfs.File) bool {
	switch f.Inode.Type() {
	case vfs.S_IFREG, vfs.S_IFBLK, vfs.S_IFCHR, vfs.S_IFSOCK:
		return true
	}
	return false
}

// await locks the pipe once there is something to read. EAGAIN with nowait; done: there is nothing and never will be.
//
// +checklocksacquire:p.mu
func (p *Pipe) await(nowait bool) (done bool, e errno.Errno) {
	for {
		p.mu.Lock()
		if p.head != p.tail {
			return false, errno.OK
		}
		writers := p.writers.Load()
		p.mu.Unlock()
		if writers == 0 {
			return true, errno.OK
		}
		if nowait {
			return false, errno.EAGAIN
		}
		if e := p.rwait.WaitInterruptible(func() bool { return p.used.Load() > 0 || p.writers.Load() == 0 }); e != errno.OK {
			return false, e
		}
	}
}

// awaitRoom locks the pipe once there is room for a segment. EPIPE without readers, after a signal.
//
// +checklocksacquire:p.mu
func (p *Pipe) awaitRoom(nowait bool) errno.Errno {
	for {
		p.mu.Lock()
		if p.readers.Load() == 0 {
			p.mu.Unlock()
			if OnBrokenPipe != nil {
				OnBrokenPipe()
			}
			return errno.EPIPE
		}
		if !p.full() {
			return errno.OK
		}
		p.mu.Unlock()
		if nowait {
			return errno.EAGAIN
		}
		if e := p.wwait.WaitInterruptible(func() bool { return p.filled.Load() < p.room.Load() || p.readers.Load() == 0 }); e != errno.OK {
			return e
		}
	}
}

// wakeBoth is called after segments went from one pipe to the other.
func wakeBoth(from, to *Pipe) {
	from.wwait.WakeOne()
	to.rwait.WakeOne()
	to.passRoom()
	if from.used.Load() > 0 {
		from.rwait.PassOn()
	}
}

// lockPipes waits until there is something in one pipe and room in the other, and locks both.
//
// +checklocksacquire:from.mu
func lockPipes(from, to *Pipe, nowait bool) (done bool, e errno.Errno) {
	for {
		if done, e = from.await(nowait); e != errno.OK {
			return false, e
		}
		if !done {
			from.mu.Unlock()
		}
		if e = to.awaitRoom(nowait); e != errno.OK {
			return false, e
		}
		to.mu.Unlock()
		if done {
			return true, errno.OK
		}
		a, b := from, to
		if uintptr(unsafe.Pointer(b)) < uintptr(unsafe.Pointer(a)) {
			a, b = b, a
		}
		a.mu.Lock()
		b.mu.Lock()
		if from.head != from.tail && !to.full() && to.readers.Load() > 0 {
			return false, errno.OK
		}
		b.mu.Unlock()
		a.mu.Unlock()
	}
}

// SplicePipes moves up to n bytes from one pipe to another one, or with keep (tee) lets both have them.
func SplicePipes(in, out *vfs.File, n int, flags uint32, keep bool) (int, errno.Errno) {
	from, to := pipeOf(in), pipeOf(out)
	if from == to {
		return 0, errno.EINVAL
	}
	nowait := flags&SpliceNonblock != 0 || in.Nonblock() || out.Nonblock()
	if done, e := lockPipes(from, to, nowait); done || e != errno.OK {
		return 0, e
	}
	moved := from.shift(to, n, keep)
	from.mu.Unlock()
	to.mu.Unlock()
	wakeBoth(from, to)
	return moved, errno.OK
}

// shift moves, or with keep copies, references of up to n bytes. Both pipes are locked.
//
// +checklocks:p.mu
func (p *Pipe) shift(to *Pipe, n int, keep bool) (moved int) {
	at := p.tail
	for moved < n && at != p.head && !to.full() {
		s := p.at(at)
		k := min(int(s.n), n-moved)
		moved += k
		if !keep && k == int(s.n) {
			to.push(s.frame, int(s.off), k, s.flags&^segMerge)
			s.frame = nil
			at++
			continue
		}
		s.frame.Get()
		to.push(s.frame, int(s.off), k, s.flags&^segMerge)
		if keep {
			at++
			continue
		}
		s.off += uint32(k)
		s.n -= uint32(k)
	}
	to.count(moved)
	if !keep {
		p.tail = at
		p.count(-moved)
	}
	return moved
}

// SpliceFrom moves up to n bytes of a pipe to a file that is none: at *pos, which moves, or where it stands (nil).
func SpliceFrom(in, out *vfs.File, pos *int64, n int, flags uint32) (done int, e errno.Errno) {
	if !spliceable(out) {
		return 0, errno.EINVAL
	}
	p := pipeOf(in)
	nowait := flags&SpliceNonblock != 0 || in.Nonblock()
	for done < n && e == errno.OK {
		var end bool
		if done > 0 && p.used.Load() == 0 {
			break
		}
		if end, e = p.await(nowait); end || e != errno.OK {
			break
		}
		var k int
		k, e = p.pour(out, pos, n-done)
		p.mu.Unlock()
		p.wwait.WakeOne()
		if done += k; k == 0 {
			break
		}
	}
	if p.used.Load() > 0 {
		p.rwait.PassOn()
	}
	return done, partial(done, e)
}

// pour writes the first segment to a file. The pipe is locked.
//
// +checklocks:p.mu
func (p *Pipe) pour(out *vfs.File, pos *int64, n int) (k int, e errno.Errno) {
	s := p.at(p.tail)
	it := uio.FromKernel(s.frame.Bytes()[s.off:][:min(int(s.n), n)])
	if pos == nil {
		k, e = out.Write(vfs.NoEscape(&it))
	} else if k, e = out.WriteAt(vfs.NoEscape(&it), *pos); k > 0 {
		*pos += int64(k)
	}
	if k <= 0 {
		return 0, e
	}
	s.off += uint32(k)
	s.n -= uint32(k)
	if s.n == 0 {
		p.retire(s)
		p.tail++
	}
	p.count(-k)
	return k, errno.OK
}

// SpliceTo moves up to n bytes of a file that is no pipe into one: from *pos, which moves, or where it stands (nil).
func SpliceTo(in, out *vfs.File, pos *int64, n int, flags uint32) (done int, e errno.Errno) {
	if !spliceable(in) {
		return 0, errno.EINVAL
	}
	p := pipeOf(out)
	if e := p.awaitRoom(flags&SpliceNonblock != 0 || out.Nonblock()); e != errno.OK {
		return 0, e
	}
	if in.Pages.Ops != nil && in.Inode.Type() == vfs.S_IFREG {
		done, e = p.takePages(in, pos, n)
	} else {
		done, e = p.takeBytes(in, pos, n)
	}
	p.mu.Unlock()
	if done > 0 {
		p.rwait.WakeOne()
	}
	p.passRoom()
	return done, partial(done, e)
}

// takePages adds references to pages of a cached file. The pipe is locked.
//
// +checklocks:p.mu
func (p *Pipe) takePages(in *vfs.File, pos *int64, n int) (done int, e errno.Errno) {
	o := in.Pages
	at := in.Pos()
	if pos != nil {
		at = *pos
	}
	if at < 0 {
		return 0, errno.EINVAL
	}
	n = min(n, (len(p.ring)-int(p.head-p.tail))*arch.PageSize)
	if left := o.Size() - at; int64(n) > left {
		n = int(max(left, 0))
	}
	if n > 0 && o.Flags&pagecache.InMemory == 0 {
		o.Prefetch(uint64(at)>>arch.PageShift, uint64(at+int64(n)-1)>>arch.PageShift)
	}
	for done < n && !p.full() {
		off := int(at & (arch.PageSize - 1))
		k := min(arch.PageSize-off, n-done)
		var f *mem.Frame
		var flags uint32
		if f, flags, e = cachedPage(o, uint64(at)>>arch.PageShift); e != errno.OK {
			break
		}
		p.push(f, off, k, flags)
		done += k
		at += int64(k)
	}
	p.count(done)
	if done > 0 {
		in.Accessed()
		in.NotifyAccessed()
		if pos != nil {
			*pos = at
		} else {
			in.Lseek(at, vfs.SeekSet)
		}
	}
	return done, e
}

// cachedPage returns a page of a file with a reference; a hole in memory is a page of zeroes of one's own.
func cachedPage(o *pagecache.Object, idx uint64) (*mem.Frame, uint32, errno.Errno) {
	if o.Flags&pagecache.InMemory != 0 && !o.Cached(idx) {
		f := mem.AllocFrame(mem.Zero)
		if f == nil {
			return nil, 0, errno.ENOMEM
		}
		return f, segOwn, errno.OK
	}
	f, e := o.Get(idx)
	return f, 0, e
}

// takeBytes reads from a file that has no pages to give. The pipe is locked.
//
// +checklocks:p.mu
func (p *Pipe) takeBytes(in *vfs.File, pos *int64, n int) (done int, e errno.Errno) {
	for done < n && !p.full() {
		f := p.page()
		if f == nil {
			e = errno.ENOMEM
			break
		}
		it := uio.FromKernel(f.Bytes()[:min(n-done, arch.PageSize)])
		want := it.Len()
		var k int
		if pos == nil {
			k, e = in.Read(vfs.NoEscape(&it))
		} else if k, e = in.ReadAt(vfs.NoEscape(&it), *pos); k > 0 {
			*pos += int64(k)
		}
		if k <= 0 {
			p.spare = f
			break
		}
		p.push(f, 0, k, segOwn)
		if done += k; k < want {
			break
		}
	}
	p.count(done)
	return done, e
}

// SpliceUser is vmsplice(2): into a pipe the user's bytes are copied, so that the caller may change them at once; out of a pipe
// they are read.
func SpliceUser(f *vfs.File, it *uio.Iter, flags uint32) (done int, e errno.Errno) {
	p := pipeOf(f)
	nowait := flags&SpliceNonblock != 0
	if !f.Writable() {
		end, e := p.await(nowait || f.Nonblock())
		if end || e != errno.OK {
			return 0, e
		}
		done, e = p.drain(it)
		p.mu.Unlock()
		p.wwait.WakeOne()
		return done, e
	}
	if e := p.awaitRoom(nowait || f.Nonblock()); e != errno.OK {
		return 0, e
	}
	done, e = p.fill(it, segOwn)
	p.mu.Unlock()
	p.rwait.WakeOne()
	p.passRoom()
	return done, partial(done, e)
}

// CheckSplice tells whether the flags are known.
func CheckSplice(flags uint32) errno.Errno {
	if flags&^uint32(spliceAll) != 0 {
		return errno.EINVAL
	}
	return errno.OK
}
