package uart

import (
	"unsafe"

	"galago/drivers/hw"
	"galago/kernel/klog"
	"galago/kernel/lock"
	"galago/kernel/sched"
	"galago/kernel/tty"
)

// A port that works by interrupts, as the driver of a terminal. What is to be sent waits in a ring; what arrives goes
// into another, which a DPC empties into the line discipline. When the terminal has no room, bytes stay in the ring, and when that
// is full in the chip: the other side then finds that nobody takes them, and nothing is lost.
//
// Lock order: mu → regs. regs is a leaf below the log's lock, as polled output (the log's) takes it, too. Both are
// taken with interrupts off.

// Registers, as offsets from the port's base, and bits (PC16550D data sheet, table II).
const (
	regData    = 0 // RBR, THR; divisor low
	regIntr    = 1 // IER; divisor high
	regIdent   = 2 // IIR when read, FCR when written
	regLine    = 3 // LCR
	regModem   = 4 // MCR
	regStatus  = 5 // LSR
	regMStatus = 6 // MSR
	regScratch = 7

	intrReceive  = 1 << 0
	intrTransmit = 1 << 1
	intrStatus   = 1 << 2

	identNone = 1 << 0
	identFIFO = 0xc0

	statusData    = 1 << 0
	statusParity  = 1 << 2
	statusFraming = 1 << 3
	statusBreak   = 1 << 4
	statusHolding = 1 << 5 // transmit holding register, or FIFO, empty
	statusIdle    = 1 << 6 // shift register empty, too

	lineBits5   = 0
	lineBits6   = 1
	lineBits7   = 2
	lineBits8   = 3
	lineStop2   = 1 << 2
	lineParity  = 1 << 3
	lineEven    = 1 << 4
	lineStick   = 1 << 5
	lineBreak   = 1 << 6
	lineDivisor = 1 << 7

	modemDTR  = 1 << 0
	modemRTS  = 1 << 1
	modemOut2 = 1 << 3
	modemLoop = 1 << 4

	fifoOn    = 0x01
	fifoDepth = 16
	clockBaud = 115200
)

const (
	txSize = 4096 // powers of two
	rxSize = 1024

	// Bounds on what one interrupt or one write does with interrupts off.
	maxBursts = 16
	maxTurns  = 64
)

// Port is one serial port.
type Port struct {
	base uint16
	name string
	term *tty.TTY
	dpc  sched.DPC

	mu         lock.Spin
	txHead     uint32 // guarded by mu, as all that follows up to regs
	txTail     uint32
	rxHead     uint32
	rxTail     uint32
	held       bool // flow control: do not transmit
	open       bool
	rxFull     bool // the receive ring is full: the chip keeps what arrives
	delivering bool // a DPC is at work
	again      bool // and has to look once more
	overruns   uint32
	tx         [txSize]byte
	rx         [rxSize]uint16 // a character with its error bits of LSR above

	regs  lock.Spin
	depth int   // of the transmit FIFO; guarded by regs, as are the next
	intr  uint8 // copies of registers
	line  uint8
}

// The four standard ports of a PC and their ISA interrupt lines.
var ports = [...]Port{
	{base: 0x3f8, name: "ttyS0"},
	{base: 0x2f8, name: "ttyS1"},
	{base: 0x3e8, name: "ttyS2"},
	{base: 0x2e8, name: "ttyS3"},
}

// irqLine is an ISA line and the ports on it.
type irqLine struct {
	line  int
	name  string
	ports [2]*Port
}

var irqLines = [...]irqLine{
	{4, "serial 0/2", [2]*Port{&ports[0], &ports[2]}},
	{3, "serial 1/3", [2]*Port{&ports[1], &ports[3]}},
}

const (
	major      = 4 // of ttyS0…; Linux's devices.txt
	firstMinor = 64
)

func init() {
	for i := range ports {
		p := &ports[i]
		p.mu.Init(lock.RankDriver)
		p.regs.Init(lock.RankConsole)
		p.depth = 1
	}
}

// Init finds the ports, makes a terminal of each, and connects their interrupts. A machine without any is no error.
func Init() {
	for i := range ports {
		p := &ports[i]
		if !p.answers() {
			continue
		}
		p.dpc.Func, p.dpc.Arg = deliver, unsafe.Pointer(p)
		p.reset(p.base == COM1)
		p.term = tty.New(p.name, major, firstMinor+uint32(i), p)
		if p.term == nil {
			klog.Errorf("%s: no memory", p.name)
		}
	}
	for i := range irqLines {
		l := &irqLines[i]
		if l.ports[0].term == nil && l.ports[1].term == nil {
			continue
		}
		v := hw.AllocVector(l.name, interrupt, unsafe.Pointer(l))
		if v == 0 || !routeISA(l.line, v) {
			klog.Errorf("serial ports: no interrupt %d", l.line)
			continue
		}
		for _, p := range l.ports[:] {
			if p.term != nil {
				klog.Printf("%s: 16550 at port 0x%x, interrupt %d", p.name, uint64(p.base), l.line)
			}
		}
	}
}

func (p *Port) in(reg uint16) uint8     { return hw.In8(p.base + reg) }
func (p *Port) out(reg uint16, v uint8) { hw.Out8(p.base+reg, v) }

// answers tells whether there is a port: its scratch register keeps what is written.
func (p *Port) answers() bool {
	for _, v := range [...]uint8{0x5a, 0xa5} {
		p.out(regScratch, v)
		if p.in(regScratch) != v {
			return false
		}
	}
	return true
}

// reset readies the port, its interrupts off. One that is in use already, by polled output, keeps its settings and its input.
func (p *Port) reset(inUse bool) {
	flags := p.regs.LockIRQ()
	p.out(regIntr, 0)
	p.line = lineBits8
	if !inUse {
		p.setSpeed(clockBaud)
		p.out(regIdent, fifoOn)
	}
	p.out(regModem, modemDTR|modemRTS|modemOut2)
	if p.in(regIdent)&identFIFO == identFIFO {
		p.depth = fifoDepth
	}
	p.regs.UnlockIRQ(flags)
}

// setSpeed programs the divisor and the frame format. regs is held.
//
// +checklocks:p.regs
func (p *Port) setSpeed(baud uint32) {
	divisor := uint16(max(min(clockBaud/max(baud, 1), 0xffff), 1))
	p.out(regLine, p.line|lineDivisor)
	p.out(regData, uint8(divisor))
	p.out(regIntr, uint8(divisor>>8))
	p.out(regLine, p.line)
	p.out(regIntr, p.intr)
}

// enable sets the interrupt enable register. Writing it anew makes an edge of what is pending. regs is held.
//
// +checklocks:p.regs
func (p *Port) enable(mask uint8) {
	if p.intr != mask {
		p.intr = mask
		p.out(regIntr, mask)
	}
}

// interrupt serves a line. ISA interrupts are edges: the line must have been quiet once before the handler returns, or there
// will never be another one.
func interrupt(arg unsafe.Pointer) {
	l := (*irqLine)(arg)
	for _, p := range l.ports[:] {
		if p.term != nil {
			p.serve()
		}
	}
}

// serve does what the chip asks for.
func (p *Port) serve() {
	flags := p.mu.LockIRQ()
	before := p.txHead - p.txTail
	turns := 0
	for ; turns < maxTurns; turns++ {
		p.regs.Lock()
		idle := p.in(regIdent)&identNone != 0 // reading acknowledges a transmit interrupt
		p.regs.Unlock()
		if idle {
			break
		}
		p.receive()
		p.transmit()
		p.regs.Lock()
		p.in(regMStatus) // acknowledges a change of the modem lines
		p.regs.Unlock()
	}
	if turns == maxTurns {
		p.regs.Lock()
		p.out(regIntr, 0)
		p.out(regIntr, p.intr)
		p.regs.Unlock()
	}
	arrived := p.rxHead != p.rxTail
	room := p.madeRoom(before)
	p.mu.UnlockIRQ(flags)
	if arrived {
		sched.QueueDPC(&p.dpc)
	}
	if room {
		p.term.OutputReady()
	}
}

// madeRoom tells whether the transmit ring, which held before bytes, has just become half empty. mu is held.
//
// +checklocks:p.mu
func (p *Port) madeRoom(before uint32) bool {
	return before > txSize/2 && p.txHead-p.txTail <= txSize/2
}

// receive moves characters from the chip to the ring. mu is held.
//
// +checklocks:p.mu
func (p *Port) receive() {
	p.regs.Lock()
	for {
		if p.rxHead-p.rxTail == rxSize {
			p.rxFull = true
			p.enable(p.intr &^ (intrReceive | intrStatus))
			break
		}
		s := p.in(regStatus)
		if s&statusData == 0 {
			break
		}
		c := p.in(regData)
		p.rx[p.rxHead%rxSize] = uint16(s&(statusParity|statusFraming|statusBreak))<<8 | uint16(c)
		p.rxHead++
	}
	p.regs.Unlock()
}

// transmit moves bytes from the ring to the chip, and has it interrupt when it can take the rest. mu is held.
//
// +checklocks:p.mu
func (p *Port) transmit() {
	p.regs.Lock()
	for range maxBursts {
		if p.held || p.txHead == p.txTail || p.in(regStatus)&statusHolding == 0 {
			break
		}
		for i := 0; i < p.depth && p.txHead != p.txTail; i++ {
			p.out(regData, p.tx[p.txTail%txSize])
			p.txTail++
		}
	}
	if p.held || p.txHead == p.txTail {
		p.enable(p.intr &^ intrTransmit)
	} else {
		p.enable(p.intr | intrTransmit)
	}
	p.regs.Unlock()
}

// deliver hands what has arrived to the line discipline. It may be queued on several CPUs, but one at a time works.
func deliver(d *sched.DPC) {
	p := (*Port)(d.Arg)
	flags := p.mu.LockIRQ()
	if p.delivering {
		p.again = true
		p.mu.UnlockIRQ(flags)
		return
	}
	p.delivering = true
	for {
		p.again = false
		p.mu.UnlockIRQ(flags)
		more := p.deliverSome()
		flags = p.mu.LockIRQ()
		p.reopen()
		if !more && !p.again {
			break
		}
	}
	p.delivering = false
	p.mu.UnlockIRQ(flags)
}

// reopen lets the chip interrupt again when the ring has room. mu is held.
//
// +checklocks:p.mu
func (p *Port) reopen() {
	if p.rxFull && p.open && p.rxHead-p.rxTail <= rxSize/2 {
		p.rxFull = false
		p.regs.Lock()
		p.enable(p.intr | intrReceive | intrStatus)
		p.regs.Unlock()
	}
}

// deliverSome delivers a run of good characters, or one that came with an error. False: there is none, or no room.
func (p *Port) deliverSome() bool {
	var run [64]byte
	n := 0
	flags := p.mu.LockIRQ()
	for p.rxTail+uint32(n) != p.rxHead && n < len(run) {
		c := p.rx[(p.rxTail+uint32(n))%rxSize]
		if c > 0xff {
			break
		}
		run[n] = byte(c)
		n++
	}
	bad := uint16(0)
	if n == 0 && p.rxTail != p.rxHead {
		bad = p.rx[p.rxTail%rxSize]
	}
	p.mu.UnlockIRQ(flags)
	if n == 0 && bad == 0 {
		return false
	}
	taken := 1
	if bad != 0 {
		p.reportBad(bad)
	} else {
		taken = p.term.Receive(run[:n])
	}
	flags = p.mu.LockIRQ()
	p.rxTail += uint32(taken)
	p.mu.UnlockIRQ(flags)
	return taken > 0
}

func (p *Port) reportBad(c uint16) {
	switch s := uint8(c >> 8); {
	case s&statusBreak != 0:
		p.term.ReceiveError(0, tty.Break)
	case s&statusFraming != 0:
		p.term.ReceiveError(byte(c), tty.FramingError)
	default:
		p.term.ReceiveError(byte(c), tty.ParityError)
	}
}
