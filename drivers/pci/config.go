package pci

import (
	"galago/drivers/hw"
	"galago/kernel/lock"
)

// Addr names a function of a device: bus, device and function number, as 8, 5 and 3 bits.
type Addr uint16

// MakeAddr builds an Addr.
func MakeAddr(bus, dev, fn int) Addr { return Addr(bus<<8 | dev<<3 | fn) }

// Bus returns the bus number.
func (a Addr) Bus() int { return int(a >> 8) }

// Slot returns the device number on its bus.
func (a Addr) Slot() int { return int(a >> 3 & 31) }

// Func returns the function number in its device.
func (a Addr) Func() int { return int(a & 7) }

// Ports of the legacy mechanism (PCI Local Bus 3.0 §3.2.2.3.2).
const (
	portAddress = 0xcf8
	portData    = 0xcfc
)

// config is how configuration space is reached: through memory, 4 KiB a function (PCI Express 3.0 §7.2.2), for the buses
// that ACPI's MCFG table names; else through two ports, 256 bytes a function.
var config struct {
	lock             lock.Spin // guards the ports
	ecam             uint64
	firstBus, endBus int
	bus              [256]uintptr // where a bus's functions are mapped
	hole, holeEnd    uint64       // addresses for BARs that firmware left unassigned
}

func init() { config.lock.Init(lock.RankPCI) }

// useECAM says where configuration space is in memory: that of firstBus at base, up to lastBus.
func useECAM(base uint64, firstBus, lastBus int) {
	config.ecam, config.firstBus, config.endBus = base, firstBus, lastBus+1
}

// mapBus maps the configuration space of a bus, when it is in memory. Failing that the ports serve.
func mapBus(bus int) {
	c := &config
	if c.ecam != 0 && bus >= c.firstBus && bus < c.endBus && c.bus[bus] == 0 {
		c.bus[bus] = hw.Map(c.ecam+uint64(bus-c.firstBus)<<20, 1<<20)
	}
}

// register returns the address of a register in memory, or 0.
func (a Addr) register(off int) uintptr {
	if base := config.bus[a.Bus()]; base != 0 {
		return base + uintptr(a&0xff)<<12 + uintptr(off)
	}
	return 0
}

// Read32 reads the register at off, a multiple of 4.
func (a Addr) Read32(off int) uint32 {
	if r := a.register(off); r != 0 {
		return hw.Read32(r)
	}
	return a.readPorts(off)
}

// Write32 writes the register at off, a multiple of 4.
func (a Addr) Write32(off int, v uint32) {
	if r := a.register(off); r != 0 {
		hw.Write32(r, v)
		return
	}
	f := a.selectPort(off)
	hw.Out32(portData, v)
	config.lock.UnlockIRQ(f)
}

func (a Addr) readPorts(off int) uint32 {
	if off > 0xff {
		return ^uint32(0)
	}
	f := a.selectPort(off)
	v := hw.In32(portData)
	config.lock.UnlockIRQ(f)
	return v
}

// selectPort locks the ports and points them at a register.
func (a Addr) selectPort(off int) (flags uintptr) {
	flags = config.lock.LockIRQ()
	hw.Out32(portAddress, 1<<31|uint32(a)<<8|uint32(off&0xfc))
	return flags
}

// Read16 and Read8 read narrower registers.
func (a Addr) Read16(off int) uint16 {
	if r := a.register(off); r != 0 {
		return hw.Read16(r)
	}
	return uint16(a.readPorts(off) >> (off & 2 * 8))
}

// Read8 reads a byte.
func (a Addr) Read8(off int) uint8 {
	if r := a.register(off); r != 0 {
		return hw.Read8(r)
	}
	return uint8(a.readPorts(off) >> (off & 3 * 8))
}

// Write16 writes a register at an even offset.
func (a Addr) Write16(off int, v uint16) {
	if r := a.register(off); r != 0 {
		hw.Write16(r, v)
		return
	}
	f := a.selectPort(off)
	hw.Out16(portData+uint16(off&2), v)
	config.lock.UnlockIRQ(f)
}

// Write8 writes a byte.
func (a Addr) Write8(off int, v uint8) {
	if r := a.register(off); r != 0 {
		hw.Write8(r, v)
		return
	}
	f := a.selectPort(off)
	hw.Out8(portData+uint16(off&3), v)
	config.lock.UnlockIRQ(f)
}
