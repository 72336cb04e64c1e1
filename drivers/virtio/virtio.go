// Package virtio is what all virtio devices have in common: discovery over PCI, negotiation of features, and split
// virtqueues with indirect descriptors and event indexes (Virtual I/O Device version 1.2). Only devices that speak
// version 1 are used; QEMU's transitional ones do.
//
// A device is not trusted: whatever it writes into a used ring is checked, and a queue that holds nonsense is marked
// broken, for its driver to reset or give up the device. Nothing of it is an index or an address before that.
//
// Invariants:
//   - A descriptor belongs to the device from Publish until Pop returns it.
//   - Queue memory lives as long as the device; Reset takes all descriptors back.
//
// Lock order: a queue is guarded by its driver's lock (RankDriverQueue); this package takes none.
package virtio

import (
	"unsafe"

	"galago/drivers/hw"
	"galago/drivers/pci"
	"galago/kernel/errno"
	"galago/kernel/sched"
)

// VendorID is the PCI vendor of all virtio devices. A transitional one has its type as subsystem number, another one in
// its device number (§4.1.2).
const (
	VendorID     = 0x1af4
	idTransition = 0x1000
	idModern     = 0x1040
	idEnd        = 0x107f
)

// Device types (§5).
const (
	TypeNet     = 1
	TypeBlock   = 2
	TypeConsole = 3
)

// Device status bits (§2.1).
const (
	statusAcknowledge = 1
	statusDriver      = 2
	statusDriverOK    = 4
	statusFeaturesOK  = 8
	statusNeedsReset  = 64
	statusFailed      = 128
)

// Features of all types (§6).
const (
	FeatureIndirect = 1 << 28
	FeatureEventIdx = 1 << 29
	FeatureVersion1 = 1 << 32
)

// Registers of the common configuration (§4.1.4.3).
const (
	regDeviceFeatureSelect = 0x00
	regDeviceFeature       = 0x04
	regDriverFeatureSelect = 0x08
	regDriverFeature       = 0x0c
	regConfigVector        = 0x10
	regNumQueues           = 0x12
	regStatus              = 0x14
	regGeneration          = 0x15
	regQueueSelect         = 0x16
	regQueueSize           = 0x18
	regQueueVector         = 0x1a
	regQueueEnable         = 0x1c
	regQueueNotifyOff      = 0x1e
	regQueueDesc           = 0x20
	regQueueDriver         = 0x28
	regQueueDevice         = 0x30
	commonSize             = 0x38

	noVector = 0xffff
)

// Device is a virtio device.
type Device struct {
	PCI       *pci.Device
	Type      int
	Features  uint64 // negotiated
	NumQueues int

	common       uintptr
	notify       uintptr
	notifySize   uint64
	notifyFactor uint32
	config       uintptr // the type's own registers
	configSize   uint64
	vectors      int
}

// TypeOf returns the virtio type of a PCI function; 0: it is none.
func TypeOf(p *pci.Device) int {
	switch {
	case p.Vendor != VendorID || p.ID < idTransition || p.ID > idEnd:
		return 0
	case p.ID >= idModern:
		return int(p.ID) - idModern
	}
	return int(p.SubDevice)
}

// Structures that vendor capabilities point to (§4.1.4).
const (
	capCommon = 1
	capNotify = 2
	capConfig = 4
)

// Open finds the device's registers and resets it. ENODEV: it does not speak version 1.
func (v *Device) Open(p *pci.Device) errno.Errno {
	v.PCI, v.Type = p, TypeOf(p)
	p.Enable()
	for at := p.FindCap(pci.CapVendor, 0); at != 0; at = p.FindCap(pci.CapVendor, at) {
		if err := v.readCap(at); err != errno.OK {
			return err
		}
	}
	if v.common == 0 || v.notify == 0 {
		return errno.ENODEV
	}
	n, err := p.InitMSI()
	if err != errno.OK {
		return err
	}
	v.vectors = n
	return v.Reset()
}

// readCap maps the structure that a capability describes, the first of its kind.
func (v *Device) readCap(at int) errno.Errno {
	p := v.PCI
	kind, bar := p.Read8(at+3), int(p.Read8(at+4))
	off, size := uint64(p.Read32(at+8)), uint64(p.Read32(at+12))
	var err errno.Errno
	switch {
	case kind == capCommon && v.common == 0 && size >= commonSize:
		v.common, err = p.MapBAR(bar, off, size)
	case kind == capNotify && v.notify == 0 && size >= 2:
		v.notify, err = p.MapBAR(bar, off, size)
		v.notifySize, v.notifyFactor = size, p.Read32(at+16)
	case kind == capConfig && v.config == 0 && size > 0:
		v.config, err = p.MapBAR(bar, off, size)
		v.configSize = size
	}
	if err == errno.EINVAL {
		return errno.OK // in ports, or out of bounds: a structure that we cannot use
	}
	return err
}

const resetTime = 1_000_000_000 // ns

// Reset stops the device: it forgets its queues and touches memory no more. May sleep.
func (v *Device) Reset() errno.Errno {
	hw.Write8(v.common+regStatus, 0)
	for waited := int64(0); hw.Read8(v.common+regStatus) != 0; waited += 1_000_000 {
		if waited >= resetTime {
			v.PCI.Disable()
			return errno.EIO
		}
		sched.Sleep(1_000_000)
	}
	return errno.OK
}

func (v *Device) setStatus(bits uint8) {
	hw.Write8(v.common+regStatus, hw.Read8(v.common+regStatus)|bits)
}

// Negotiate accepts those of the wanted features that the device offers (§3.1.1). The transport's own are added.
func (v *Device) Negotiate(wanted uint64) errno.Errno {
	v.setStatus(statusAcknowledge)
	v.setStatus(statusDriver)
	offered := uint64(0)
	for i := range uint32(2) {
		hw.Write32(v.common+regDeviceFeatureSelect, i)
		offered |= uint64(hw.Read32(v.common+regDeviceFeature)) << (32 * i)
	}
	if offered&FeatureVersion1 == 0 {
		v.setStatus(statusFailed)
		return errno.ENODEV
	}
	v.Features = offered & (wanted | FeatureVersion1 | FeatureIndirect | FeatureEventIdx)
	for i := range uint32(2) {
		hw.Write32(v.common+regDriverFeatureSelect, i)
		hw.Write32(v.common+regDriverFeature, uint32(v.Features>>(32*i)))
	}
	v.setStatus(statusFeaturesOK)
	if hw.Read8(v.common+regStatus)&statusFeaturesOK == 0 {
		v.setStatus(statusFailed)
		return errno.ENODEV
	}
	hw.Write16(v.common+regConfigVector, noVector)
	v.NumQueues = int(hw.Read16(v.common + regNumQueues))
	return errno.OK
}

// Has reports whether all the given features were negotiated.
func (v *Device) Has(features uint64) bool { return v.Features&features == features }

// Ready tells the device to begin.
func (v *Device) Ready() { v.setStatus(statusDriverOK) }

// GiveUp marks the device as failed.
func (v *Device) GiveUp() { v.setStatus(statusFailed) }

// NeedsReset reports whether the device has met an error that only a reset cures.
func (v *Device) NeedsReset() bool { return hw.Read8(v.common+regStatus)&statusNeedsReset != 0 }

// Vectors returns the number of interrupts.
func (v *Device) Vectors() int { return v.vectors }

// SetInterrupt has interrupt i of the device call handler on a CPU.
func (v *Device) SetInterrupt(i, cpu int, name string, handler func(unsafe.Pointer), arg unsafe.Pointer) errno.Errno {
	return v.PCI.SetInterrupt(i, cpu, name, handler, arg)
}

// Config8 … Config64 read a register of the device type's own; 0 where the device has none.
func (v *Device) Config8(off uintptr) uint8 {
	if uint64(off)+1 > v.configSize {
		return 0
	}
	return hw.Read8(v.config + off)
}

// Config16 reads 16 bits.
func (v *Device) Config16(off uintptr) uint16 {
	if uint64(off)+2 > v.configSize {
		return 0
	}
	return hw.Read16(v.config + off)
}

// Config32 reads 32 bits.
func (v *Device) Config32(off uintptr) uint32 {
	if uint64(off)+4 > v.configSize {
		return 0
	}
	return hw.Read32(v.config + off)
}

// Config64 reads 64 bits as a whole: again until the device did not change them in between (§4.1.3.1, §2.5.1).
func (v *Device) Config64(off uintptr) uint64 {
	for range 100 {
		g := hw.Read8(v.common + regGeneration)
		x := uint64(v.Config32(off)) | uint64(v.Config32(off+4))<<32
		if hw.Read8(v.common+regGeneration) == g {
			return x
		}
	}
	return 0
}
