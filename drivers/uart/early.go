//go:build galago

// Package uart drives 16550-compatible serial ports (National PC16550D data sheet). Early output polls; once a port
// is opened by the terminal layer it works by interrupts.
package uart

import "galago/arch"

// Registers, as offsets from the port's base, and their bits.
const (
	rbr = 0 // receive buffer, transmit holding; divisor low with DLAB
	ier = 1 // interrupt enable; divisor high
	fcr = 2 // FIFO control (write), interrupt identification (read)
	lcr = 3
	mcr = 4
	lsr = 5
	msr = 6

	ierReceive  = 1
	ierTransmit = 2
	fcrEnable   = 0xc7 // FIFOs on and cleared, trigger at 14 bytes
	lcr8N1      = 3
	lcrDLAB     = 0x80
	mcrReady    = 0x0b // DTR, RTS, OUT2 (interrupts reach the bus)
	lsrData     = 1
	lsrEmpty    = 0x20
	fifoSize    = 16
)

// setup programs 115200 baud, 8N1, FIFOs on, interrupts off.
func setup(base uint16) {
	arch.Outb(base+ier, 0)
	arch.Outb(base+lcr, lcrDLAB)
	arch.Outb(base+rbr, 1)
	arch.Outb(base+ier, 0)
	arch.Outb(base+lcr, lcr8N1)
	arch.Outb(base+fcr, fcrEnable)
	arch.Outb(base+mcr, mcrReady)
}

// present reports whether a 16550 answers at base: its scratch register keeps a value.
func present(base uint16) bool {
	const scratch = 7
	arch.Outb(base+scratch, 0x5a)
	if arch.Inb(base+scratch) != 0x5a {
		return false
	}
	arch.Outb(base+scratch, 0xa5)
	return arch.Inb(base+scratch) == 0xa5
}

// COM1 is the port of early and panic output.
const COM1 = 0x3f8

// EarlyInit readies COM1 for polled output.
func EarlyInit() { setup(COM1) }

// EarlyWrite writes p to COM1, polling, with newlines as CR LF.
func EarlyWrite(p []byte) {
	for _, c := range p {
		if c == '\n' {
			put('\r')
		}
		put(c)
	}
}

func put(c byte) {
	const patience = 100_000 // a port that never drains must not stop the kernel
	for range patience {
		if arch.Inb(COM1+lsr)&lsrEmpty != 0 {
			break
		}
		arch.Pause()
	}
	arch.Outb(COM1+rbr, c)
}
