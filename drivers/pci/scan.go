package pci

import (
	"galago/kernel/errno"
	"galago/kernel/klog"
)

// scanner walks the tree of buses, depth first.
type scanner struct {
	seen    [256]bool
	lastBus int // highest number given out
	buses   int
	found   int
}

const maxDepth = 16 // of bridges behind bridges

// scanBus finds the functions of a bus and of those behind it.
func (s *scanner) scanBus(bus, depth int) errno.Errno {
	if s.seen[bus] || depth > maxDepth {
		return errno.OK
	}
	s.seen[bus] = true
	s.buses++
	s.lastBus = max(s.lastBus, bus)
	mapBus(bus)
	for slot := range 32 {
		fns := 1
		for fn := 0; fn < fns; fn++ {
			a := MakeAddr(bus, slot, fn)
			vendor := a.Read16(regVendor)
			if vendor == 0xffff || vendor == 0 {
				if fn == 0 {
					break
				}
				continue
			}
			if fn == 0 && a.Read8(regHeaderType)&headerMulti != 0 {
				fns = 8
			}
			if err := s.add(a, depth); err != errno.OK {
				return err
			}
		}
	}
	return errno.OK
}

// add records a function, and goes on behind it if it is a bridge.
func (s *scanner) add(a Addr, depth int) errno.Errno {
	d := deviceCache.Alloc()
	if d == nil {
		return errno.ENOMEM
	}
	d.Addr = a
	id, class := a.Read32(regVendor), a.Read32(regClass)
	d.Vendor, d.ID = uint16(id), uint16(id>>16)
	d.Class, d.Revision = class>>8, uint8(class)
	switch a.Read8(regHeaderType) & headerTypeMask {
	case headerTypeEnd:
		d.nbars = 6
		sub := a.Read32(regSubsystem)
		d.SubVendor, d.SubDevice = uint16(sub), uint16(sub>>16)
	case headerTypeBridge:
		d.nbars = 2
		d.Bridge = true
	}
	if lastDevice == nil {
		devices = d
	} else {
		lastDevice.next = d
	}
	lastDevice = d
	s.found++
	if d.Bridge {
		return s.scanBehind(d, depth)
	}
	return errno.OK
}

// scanBehind scans the bus behind a bridge. A bridge without a bus number gets the next free one; as its address
// windows are closed then, only devices without registers in memory could be used behind it.
func (s *scanner) scanBehind(d *Device, depth int) errno.Errno {
	v := d.Read32(regBusNumbers)
	secondary := int(v >> 8 & 0xff)
	if secondary > d.Bus() {
		return s.scanBus(secondary, depth+1)
	}
	if s.lastBus >= 255 || depth >= maxDepth {
		klog.Warnf("pci: %02x:%02x.%d: no bus number left", d.Bus(), d.Slot(), d.Func())
		return errno.OK
	}
	s.lastBus++
	secondary = s.lastBus
	v = v&0xff000000 | uint32(d.Bus()) | uint32(secondary)<<8
	d.Write32(regBusNumbers, v|0xff<<16)
	err := s.scanBus(secondary, depth+1)
	d.Write32(regBusNumbers, v|uint32(s.lastBus)<<16)
	return err
}

// prepare makes the function's BARs known and usable. That waits until a driver wants it: probing sizes takes longer
// than all else here, as it moves the function's registers about.
func (d *Device) prepare() {
	d.sizeBARs()
	for i := range d.BARs {
		if b := &d.BARs[i]; !b.IO && b.Size > 0 && b.Base == 0 {
			assignMissing(d)
			return
		}
	}
}

// sizeBARs reads the base address registers and finds their sizes by writing ones: the bits that stay zero are below
// the size (PCI Local Bus 3.0 §6.2.5.1). The function does not decode its addresses meanwhile.
func (d *Device) sizeBARs() {
	if d.sized {
		return
	}
	d.sized = true
	n := d.nbars
	cmd := d.Read16(regCommand)
	d.Write16(regCommand, cmd&^(commandIO|commandMemory))
	for i := 0; i < n; i++ {
		b := &d.BARs[i]
		reg := regBAR + 4*i
		old := d.Read32(reg)
		d.Write32(reg, ^uint32(0))
		mask := d.Read32(reg)
		d.Write32(reg, old)
		if mask == 0 || mask == ^uint32(0) && old == mask {
			continue
		}
		if old&1 != 0 {
			b.IO = true
			b.Base, b.Size = uint64(old&^3), uint64(-(mask|0xffff0000)&^3)
			continue
		}
		b.Prefetch = old&8 != 0
		b.Base = uint64(old &^ 15)
		full := uint64(mask&^15) | 0xffffffff<<32
		if old>>1&3 == 2 && i+1 < n {
			b.Is64 = true
			i++
			oldHi := d.Read32(reg + 4)
			d.Write32(reg+4, ^uint32(0))
			full = uint64(mask&^15) | uint64(d.Read32(reg+4))<<32
			d.Write32(reg+4, oldHi)
			b.Base |= uint64(oldHi) << 32
		}
		b.Size = -full
		if b.Size&(b.Size-1) != 0 {
			*b = BAR{} // not a power of two: nothing a device could mean
		}
	}
	d.Write16(regCommand, cmd)
}

// assignMissing gives d's memory BARs without an address a place in the hole, above all that are assigned there. Behind
// a bridge that would need its windows moved as well, so only the root bus is served.
func assignMissing(d *Device) {
	next := config.hole
	for o := devices; o != nil; o = o.next {
		o.sizeBARs()
		for i := range o.BARs {
			if b := &o.BARs[i]; !b.IO && b.Size > 0 && b.Base >= config.hole && b.Base < config.holeEnd {
				next = max(next, b.Base+b.Size)
			}
		}
	}
	for i := range d.BARs {
		b := &d.BARs[i]
		if b.IO || b.Size == 0 || b.Base != 0 {
			continue
		}
		at := (next + b.Size - 1) &^ (b.Size - 1)
		if d.Bus() != devices.Bus() || at < next || at >= config.holeEnd || b.Size > config.holeEnd-at {
			klog.Warnf("pci: %02x:%02x.%d: no room for BAR %d", d.Bus(), d.Slot(), d.Func(), i)
			*b = BAR{}
			continue
		}
		d.assign(i, at)
		next = at + b.Size
	}
}

func (d *Device) assign(i int, at uint64) {
	cmd := d.Read16(regCommand)
	d.Write16(regCommand, cmd&^(commandIO|commandMemory))
	d.Write32(regBAR+4*i, uint32(at))
	if d.BARs[i].Is64 {
		d.Write32(regBAR+4*i+4, uint32(at>>32))
	}
	d.Write16(regCommand, cmd)
	d.BARs[i].Base = at
}
