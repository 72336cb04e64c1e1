package console

import (
	"math/bits"
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/sched"
	"galago/kernel/uio"
)

// readable and writable are the conditions that readers and writers wait for.
func (p *Port) readable() bool {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.numFilled > 0 || p.dead
}

func (p *Port) writable() bool {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.free != 0 || p.dead
}

// Read reads what has arrived, at least one byte; it waits for that, or returns EAGAIN if nonblock.
func (p *Port) Read(it *uio.Iter, nonblock bool) (int, errno.Errno) {
	if it.Len() == 0 {
		return 0, errno.OK
	}
	for {
		p.reading.Lock()
		n, err := p.readSome(it)
		p.reading.Unlock()
		if n > 0 || err != errno.EAGAIN || nonblock {
			return n, err
		}
		if err = p.readers.WaitInterruptible(func() bool { return p.readable() }); err != errno.OK {
			return 0, err
		}
	}
}

// readSome copies from the filled buffers until there is none, and offers emptied ones to the device again. EAGAIN: there
// was none. The caller holds reading.
func (p *Port) readSome(it *uio.Iter) (n int, err errno.Errno) {
	for it.Len() > 0 {
		p.lock.Lock()
		if p.numFilled == 0 {
			dead := p.dead
			p.lock.Unlock()
			if n > 0 {
				break
			}
			if dead {
				return 0, errno.EIO
			}
			return 0, errno.EAGAIN
		}
		b := &p.in[p.filled[p.head]]
		p.lock.Unlock()
		k, err := it.CopyOut(b.frame.Bytes()[b.off:b.n])
		n += k
		b.off += k
		if err != errno.OK {
			if n > 0 {
				break
			}
			return 0, err
		}
		if b.off < b.n {
			break
		}
		p.lock.Lock()
		p.head = (p.head + 1) % numBuffers
		p.numFilled--
		p.offer(b)
		p.rx.Notify()
		p.lock.Unlock()
	}
	return n, errno.OK
}

// Write writes everything, waiting for buffers; if nonblock it writes what fits now, or returns EAGAIN.
func (p *Port) Write(it *uio.Iter, nonblock bool) (int, errno.Errno) {
	if nonblock {
		if !p.writing.TryLock() {
			return 0, errno.EAGAIN
		}
	} else if err := p.writing.LockInterruptible(); err != errno.OK {
		return 0, err
	}
	defer p.writing.Unlock()
	n := 0
	for it.Len() > 0 {
		k, err := p.writeSome(it)
		n += k
		if err == errno.EAGAIN && !nonblock {
			err = p.writers.WaitInterruptible(func() bool { return p.writable() })
		}
		if err != errno.OK {
			if n > 0 {
				return n, errno.OK
			}
			return 0, err
		}
	}
	return n, errno.OK
}

// writeSome fills one free buffer and sends it. The caller holds writing, so a free buffer stays free.
func (p *Port) writeSome(it *uio.Iter) (int, errno.Errno) {
	p.lock.Lock()
	i := bits.TrailingZeros32(p.free)
	dead := p.dead
	p.lock.Unlock()
	if dead {
		return 0, errno.EIO
	}
	if i == 32 {
		return 0, errno.EAGAIN
	}
	b := &p.out[i]
	n, err := it.CopyIn(b.frame.Bytes())
	if n == 0 {
		return 0, err
	}
	p.lock.Lock()
	if p.tx.Begin(1) < 0 {
		p.lock.Unlock()
		return 0, errno.EIO
	}
	p.tx.Add(b.frame.Phys(), uint32(n), false)
	p.tx.Publish(unsafe.Pointer(b))
	p.free &^= 1 << i
	p.tx.Notify()
	p.lock.Unlock()
	return n, err
}

// Drain waits until the device has taken everything written, at most ns nanoseconds (ETIMEDOUT; < 0: no limit).
func (p *Port) Drain(ns int64) errno.Errno {
	return p.writers.WaitTimeout(func() bool {
		p.lock.Lock()
		defer p.lock.Unlock()
		return p.free == p.all || p.dead
	}, ns, false)
}

// Ready tells whether a Read or Write would not wait.
func (p *Port) Ready() (read, write bool) { return p.readable(), p.writable() }

// Queues returns where readers and writers wait, for poll.
func (p *Port) Queues() (readers, writers *sched.WaitQueue) { return &p.readers, &p.writers }
