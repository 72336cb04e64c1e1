package pci

import (
	"unsafe"

	"galago/drivers/hw"
	"galago/kernel/errno"
)

// Capability identifiers (PCI Code and ID Assignment 1.11 §2).
const (
	CapMSI    = 0x05
	CapVendor = 0x09
	CapMSIX   = 0x11
)

// FindCap returns the offset of the first capability with an identifier after the one at offset from (0: from the
// start); 0 when there is none. The list is a device's and may be broken: at most 48 fit.
func (d *Device) FindCap(id uint8, from int) int {
	if d.Read16(regStatus)&statusCapList == 0 {
		return 0
	}
	at := int(d.Read8(regCapList)) &^ 3
	found := from == 0
	for range 48 {
		if at < 0x40 {
			return 0
		}
		h := d.Read16(at)
		if h == 0xffff {
			return 0
		}
		if found && uint8(h) == id {
			return at
		}
		found = found || at == from
		at = int(h>>8) &^ 3
	}
	return 0
}

// MapBAR maps size bytes at off in a memory BAR and returns their address. EINVAL when they do not lie inside it.
func (d *Device) MapBAR(i int, off, size uint64) (uintptr, errno.Errno) {
	if i < 0 || i >= len(d.BARs) {
		return 0, errno.EINVAL
	}
	b := &d.BARs[i]
	if b.IO || b.Base == 0 || size == 0 || off > b.Size || size > b.Size-off {
		return 0, errno.EINVAL
	}
	const page = 4096
	at := b.Base + off
	a := hw.Map(at&^(page-1), uintptr((at&(page-1)+size+page-1)&^(page-1)))
	if a == 0 {
		return 0, errno.ENOMEM
	}
	return a + uintptr(at&(page-1)), errno.OK
}

// msiState is a function's interrupts as set up: by MSI-X, with a table of vectors, or MSI, with one.
type msiState struct {
	cap   int // of MSI-X or MSI; 0: not set up
	table uintptr
	n     int
	msix  bool
}

// MSI-X registers (PCI Local Bus 3.0 §6.8.2); a table entry is address, data and control in 16 bytes.
const (
	msixControl = 2
	msixTable   = 4
	msixEnable  = 1 << 15
	msixMaskAll = 1 << 14
	msixMasked  = 1

	msiControl = 2
	msiEnable  = 1 << 0
	msiMulti   = 7 << 4
	msi64      = 1 << 7
	msiAddress = 4
)

// InitMSI sets the function up for message-signalled interrupts, all masked, and returns how many there are; ENODEV
// when it has none.
func (d *Device) InitMSI() (int, errno.Errno) {
	if d.msi.cap != 0 {
		return d.msi.n, errno.OK
	}
	if c := d.FindCap(CapMSIX, 0); c != 0 {
		ctl := d.Read16(c + msixControl)
		n := int(ctl&0x7ff) + 1
		t := d.Read32(c + msixTable)
		table, err := d.MapBAR(int(t&7), uint64(t&^7), uint64(n)*16)
		if err == errno.OK {
			d.Write16(c+msixControl, ctl|msixEnable|msixMaskAll)
			for i := range n {
				hw.Write32(table+uintptr(i)*16+12, msixMasked)
			}
			d.Write16(c+msixControl, ctl&^msixMaskAll|msixEnable)
			d.msi = msiState{c, table, n, true}
			return n, errno.OK
		}
		if err != errno.EINVAL {
			return 0, err
		}
	}
	c := d.FindCap(CapMSI, 0)
	if c == 0 {
		return 0, errno.ENODEV
	}
	d.msi = msiState{cap: c, n: 1}
	return 1, errno.OK
}

// SetInterrupt has interrupt i of the function call handler on a CPU, and unmasks it. name is for /proc/interrupts.
func (d *Device) SetInterrupt(i, cpu int, name string, handler func(arg unsafe.Pointer), arg unsafe.Pointer) errno.Errno {
	if d.msi.cap == 0 || i < 0 || i >= d.msi.n {
		return errno.EINVAL
	}
	v := hw.AllocVector(name, handler, arg)
	if v == 0 {
		return errno.ENOSPC
	}
	d.route(i, hw.MSIAddress(cpu), hw.MSIData(v))
	return errno.OK
}

// route writes the message of interrupt i and enables it.
func (d *Device) route(i int, addr uint64, data uint32) {
	if d.msi.msix {
		e := d.msi.table + uintptr(i)*16
		hw.Write32(e+12, msixMasked)
		hw.Write32(e, uint32(addr))
		hw.Write32(e+4, uint32(addr>>32))
		hw.Write32(e+8, data)
		hw.Write32(e+12, 0)
		return
	}
	c := d.msi.cap
	ctl := d.Read16(c+msiControl) &^ (msiMulti | msiEnable)
	d.Write16(c+msiControl, ctl)
	d.Write32(c+msiAddress, uint32(addr))
	if ctl&msi64 != 0 {
		d.Write32(c+8, uint32(addr>>32))
		d.Write16(c+12, uint16(data))
	} else {
		d.Write16(c+8, uint16(data))
	}
	d.Write16(c+msiControl, ctl|msiEnable)
}
