package ahci

import (
	"math/bits"

	"galago/arch"
	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/sched"
)

// portDPC follows an interrupt.
func portDPC(c *sched.DPC) {
	p := (*port)(c.Arg)
	if status := p.status.Swap(0); status&isFatal != 0 {
		p.cause.Or(status)
		p.fault()
		return
	}
	p.reap()
}

// fault has the port recovered, by a thread. Commands that are done are completed there.
func (p *port) fault() {
	if p.stopped.CompareAndSwap(false, true) {
		sched.QueueWork(&p.recover)
	}
}

// TimedOut looks for commands that are done without an interrupt having come, and recovers the port when there are none.
func (p *port) TimedOut(d *block.Device) {
	p.reap()
	if d.Late() {
		p.fault()
	}
}

// recoverPort brings a port back into service (§6.2.2): it stops it, completes what was done, finds out which command
// failed, and has all others repeated. If the disk does not answer any more, it is given up.
func recoverPort(w *sched.Work) {
	p := (*port)(w.Arg)
	cause := p.cause.Swap(0)
	klog.Warnf("ahci: %s: error: status %08x, task file %08x, link %08x", p.disk.Name, cause, p.read(portTFD), p.read(portSERR))
	p.lock.Lock()
	done := p.finished()
	failed := p.built | p.issued
	p.built, p.issued = 0, 0
	queued := failed & p.queued
	p.lock.Unlock()
	// The disk refused a command, and the way to it is in order.
	ataError := cause&isFatal == isTaskFile && p.read(portTFD)&(tfdBusy|tfdDRQ) == 0
	err := errno.EIO
	if p.stop() {
		err = p.connect(!ataError)
	}
	p.completeAll(done, errno.OK)
	if err != errno.OK {
		p.giveUp(failed)
		return
	}
	p.start()
	culprit := uint32(0)
	if ataError {
		var ok bool
		if culprit, ok = p.findCulprit(failed, queued); !ok {
			p.giveUp(failed)
			return
		}
	}
	p.completeAll(culprit, errno.EIO)
	p.repeat(failed&^culprit, !ataError)
	if ataError && culprit == 0 {
		p.lock.Lock()
		p.careful = bits.OnesCount32(failed)
		p.lock.Unlock()
	}
	p.unmask()
	p.stopped.Store(false)
	p.disk.Kick()
}

// findCulprit returns the slot of the command that the disk failed, as a mask; 0: the disk does not say which it was. False:
// the disk does not answer any more. The port is started. After a queued command failed, the disk refuses all others
// until its log has been read.
func (p *port) findCulprit(failed, queued uint32) (culprit uint32, ok bool) {
	if queued == 0 {
		return failed, true
	}
	if tag, ok := p.readErrorLog(); ok {
		return failed & (1 << tag), true
	}
	// A failed log command leaves the port stopped and the disk in an unknown state.
	if !p.stop() || p.connect(true) != errno.OK {
		return 0, false
	}
	p.start()
	if failed&(failed-1) == 0 {
		culprit = failed
	}
	return culprit, true
}

// repeat gives requests back to the block layer to be started again.
func (p *port) repeat(slots uint32, blame bool) {
	for slot := range maxSlots {
		if slots>>slot&1 != 0 {
			block.Requeue(p.free(slot), blame)
		}
	}
}

// giveUp fails the disk. Its memory stays: the controller may still use it.
func (p *port) giveUp(slots uint32) {
	p.write(portIE, 0)
	p.disk.Fail()
	p.completeAll(slots, errno.EIO)
}

// readErrorLog returns the tag of the queued command that failed (ACS-3 §9.13, log 10h). False: the log says nothing of
// use. The port is idle; commands of ours go by polling.
func (p *port) readErrorLog() (tag uint8, ok bool) {
	const (
		logQueuedError = 0x10
		notQueued      = 0x80
	)
	c := command{code: ataReadLog, device: deviceLBA, lba: logQueuedError, count: 1}
	if p.own(c, block.SectorSize) != errno.OK {
		return 0, false
	}
	b := p.buffer.Bytes()[:block.SectorSize]
	sum := uint8(0)
	for _, x := range b {
		sum += x
	}
	return b[0] & 0x1f, sum == 0 && b[0]&notQueued == 0
}

// own executes a command of the driver's own that reads n bytes into the port's buffer, with slot 0 while no request
// is with the hardware. It waits for the result without interrupts.
func (p *port) own(c command, n int) errno.Errno {
	arch.ClearPage(p.buffer.Virt())
	t, _ := p.table(0)
	t.setFIS(c)
	t.prd[0] = prd{addr: p.buffer.Phys(), count: uint32(n) - 1}
	p.setHeader(0, 1, false)
	p.write(portCI, 1)
	const patience = 5000 // ms
	for range patience {
		// The task file may still be that of the command before.
		if p.read(portIS)&isFatal != 0 {
			return errno.EIO
		}
		if p.read(portCI)&1 == 0 {
			return errno.OK
		}
		sched.Sleep(msec / 10)
	}
	return errno.ETIMEDOUT
}
