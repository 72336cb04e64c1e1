package uart

import (
	"galago/kernel/sched"
	"galago/kernel/tty"
)

// The port as tty.Driver.

// Put queues bytes and starts sending them.
func (p *Port) Put(b []byte) int {
	flags := p.mu.LockIRQ()
	n := min(len(b), txSize-int(p.txHead-p.txTail))
	for _, c := range b[:n] {
		p.tx[p.txHead%txSize] = c
		p.txHead++
	}
	before := p.txHead - p.txTail
	p.transmit()
	room := p.madeRoom(before)
	p.mu.UnlockIRQ(flags)
	if room {
		p.term.OutputReady()
	}
	return n
}

// Room is the free part of the ring.
func (p *Port) Room() int {
	flags := p.mu.LockIRQ()
	n := txSize - int(p.txHead-p.txTail)
	p.mu.UnlockIRQ(flags)
	return n
}

// Pending counts what is in the ring, and one more while the chip is sending.
func (p *Port) Pending() int {
	flags := p.mu.LockIRQ()
	n := int(p.txHead - p.txTail)
	p.regs.Lock()
	if p.in(regStatus)&statusIdle == 0 {
		n++
	}
	p.regs.Unlock()
	p.mu.UnlockIRQ(flags)
	return n
}

// Discard empties the ring; what the chip has is on its way.
func (p *Port) Discard() {
	flags := p.mu.LockIRQ()
	p.txTail = p.txHead
	p.mu.UnlockIRQ(flags)
}

// Hold stops and resumes sending.
func (p *Port) Hold(stop bool) {
	flags := p.mu.LockIRQ()
	p.held = stop
	p.transmit()
	p.mu.UnlockIRQ(flags)
}

// SendNow sends a character past the ring, waiting for the chip.
func (p *Port) SendNow(c byte) {
	flags := p.regs.LockIRQ()
	p.waitHolding()
	p.out(regData, c)
	p.regs.UnlockIRQ(flags)
}

// waitHolding waits until the chip takes a byte. One that never does must not stop the kernel. regs is held.
//
// +checklocks:p.regs
func (p *Port) waitHolding() {
	const patience = 100_000
	for range patience {
		if p.in(regStatus)&statusHolding != 0 {
			return
		}
	}
}

// Resume delivers what was held back.
func (p *Port) Resume() { sched.QueueDPC(&p.dpc) }

// Configure sets speed and frame format; a speed of 0 drops the modem lines. termios(3), c_cflag.
func (p *Port) Configure(m *tty.Termios) {
	line := uint8(lineBits8)
	switch m.Cflag & tty.CSIZE {
	case tty.CS5:
		line = lineBits5
	case tty.CS6:
		line = lineBits6
	case tty.CS7:
		line = lineBits7
	}
	if m.Cflag&tty.CSTOPB != 0 {
		line |= lineStop2
	}
	if m.Cflag&tty.PARENB != 0 {
		line |= lineParity
		if m.Cflag&tty.PARODD == 0 {
			line |= lineEven
		}
		if m.Cflag&tty.CMSPAR != 0 {
			line |= lineStick
		}
	}
	modem := uint8(modemDTR | modemRTS | modemOut2)
	baud := m.Baud()
	if baud == 0 {
		modem = modemOut2
	}
	flags := p.regs.LockIRQ()
	p.line = line
	if baud != 0 {
		p.setSpeed(baud)
	}
	p.out(regModem, modem)
	p.regs.UnlockIRQ(flags)
}

// Break holds the line in break condition.
func (p *Port) Break(on bool) {
	flags := p.regs.LockIRQ()
	p.line &^= lineBreak
	if on {
		p.line |= lineBreak
	}
	p.out(regLine, p.line)
	p.regs.UnlockIRQ(flags)
}

// Open lets the port receive, and delivers what came before.
func (p *Port) Open() {
	flags := p.mu.LockIRQ()
	p.open = true
	p.regs.Lock()
	p.enable(p.intr | intrReceive | intrStatus)
	p.regs.Unlock()
	arrived := p.rxHead != p.rxTail
	p.mu.UnlockIRQ(flags)
	if arrived {
		p.Resume()
	}
}

// Close leaves what arrives to the chip, for the next one who opens the terminal.
func (p *Port) Close() {
	flags := p.mu.LockIRQ()
	p.open = false
	p.regs.Lock()
	p.enable(p.intr &^ (intrReceive | intrStatus))
	p.regs.Unlock()
	p.mu.UnlockIRQ(flags)
}
