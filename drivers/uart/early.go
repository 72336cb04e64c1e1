//go:build galago

// Package uart drives 16550-compatible serial ports (National PC16550D data sheet). Early output polls; once a port
// is opened by the terminal layer it works by interrupts.
package uart

import (
	"galago/arch"
	"galago/kernel/lock"
)

// COM1 is the port of early and panic output.
const COM1 = 0x3f8

// EarlyInit readies COM1 for polled output: 115200 baud, 8N1, FIFOs on, interrupts off. Switching the FIFOs on forgets a
// character that has come already; it is kept for the terminal. Loopback keeps another one from coming in between: what is
// piped into an emulator comes as fast as it is taken.
func EarlyInit() {
	p := &ports[0]
	p.line = lineBits8
	p.setSpeed(clockBaud) // +checklocksforce: nobody else knows the port yet
	p.out(regModem, modemLoop)
	if p.in(regStatus)&statusData != 0 {
		p.rx[0] = uint16(p.in(regData))
		p.rxHead = 1
	}
	p.out(regIdent, fifoOn)
	p.out(regModem, modemDTR|modemRTS|modemOut2)
}

// EarlyWrite writes b to COM1, polling, with newlines as CR LF. It takes turns with the terminal's output, if there
// is any; a lock that is never released (a CPU that a panic has stopped) does not keep it.
func EarlyWrite(b []byte) {
	const patience = 1_000_000
	p := &ports[0]
	lock.PreemptDisable()
	flags := arch.IRQDisable()
	locked := false
	for i := 0; i < patience && !locked; i++ {
		locked = p.regs.TryLock()
	}
	for _, c := range b {
		if c == '\n' {
			p.waitHolding() // +checklocksforce: as far as it could be had
			p.out(regData, '\r')
		}
		p.waitHolding() // +checklocksforce: as above
		p.out(regData, c)
	}
	if locked {
		p.regs.Unlock()
	}
	arch.IRQRestore(flags)
	lock.PreemptEnable()
}
