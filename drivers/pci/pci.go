// Package pci finds the functions on the PCI Express buses, gives them their resources, sets up their message-signalled
// interrupts, and hands them to the drivers that registered for them.
//
// Firmware (SeaBIOS under QEMU) has numbered the buses and assigned the base address registers; what it left
// unassigned gets a place in the 32-bit hole for devices. All that a function says about itself is checked: lists of
// capabilities are bounded, tables must lie inside their BAR.
//
// Invariants: functions are found once, at boot, by one thread; afterwards the list does not change. A function belongs
// to at most one driver.
//
// Lock order: the port lock (RankPCI) is a leaf.
package pci

import (
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/mem"
)

// Registers of every function's header (PCI Local Bus 3.0 §6.1).
const (
	regVendor     = 0x00
	regCommand    = 0x04
	regStatus     = 0x06
	regClass      = 0x08 // with the revision
	regHeaderType = 0x0e
	regBAR        = 0x10
	regBusNumbers = 0x18 // bridges: primary, secondary, subordinate
	regSubsystem  = 0x2c
	regCapList    = 0x34
	regIRQ        = 0x3c // line, pin

	commandIO        = 1 << 0
	commandMemory    = 1 << 1
	commandMaster    = 1 << 2
	commandNoINTx    = 1 << 10
	statusCapList    = 1 << 4
	headerMulti      = 1 << 7
	headerTypeMask   = 0x7f
	headerTypeEnd    = 0
	headerTypeBridge = 1
)

// BAR is a range of registers of a function.
type BAR struct {
	Base, Size uint64 // Size 0: there is none
	IO         bool   // ports, not memory
	Is64       bool
	Prefetch   bool
}

// Device is one function.
type Device struct {
	Addr
	Vendor, ID           uint16
	SubVendor, SubDevice uint16
	Class                uint32 // base class, subclass, programming interface
	Revision             uint8
	Bridge               bool
	BARs                 [6]BAR         // known once a driver matches
	Driver               *Driver        // nil: none has taken it
	Private              unsafe.Pointer // the driver's

	msi   msiState
	nbars int
	sized bool
	next  *Device
}

// ID is a pattern that a driver matches functions with. AnyID matches everything.
type ID struct {
	Vendor, Device   uint16
	Class, ClassMask uint32
}

// AnyID in an ID's Vendor or Device matches every number.
const AnyID = 0xffff

// Driver is what drivers register.
type Driver struct {
	Name string
	IDs  []ID
	// Probe takes over a function, in a thread. ENODEV: not mine after all.
	Probe func(d *Device) errno.Errno

	next *Driver
}

var (
	deviceCache = mem.Cache[Device]{Name: "pci-device"}
	devices     *Device
	lastDevice  *Device
	drivers     *Driver
)

// Register adds a driver, before Probe.
func Register(drv *Driver) {
	drv.next = drivers
	drivers = drv
}

// Each calls fn for every function until it returns false.
func Each(fn func(d *Device) bool) {
	for d := devices; d != nil && fn(d); d = d.next {
	}
}

// Config says what ACPI and the memory map know.
type Config struct {
	ECAM              uint64 // MCFG: base address; 0: there is none
	FirstBus, LastBus int
	Hole, HoleEnd     uint64 // addresses below 4 GiB for devices without an assigned address
}

// Init finds all functions.
func Init(c Config) errno.Errno {
	if c.ECAM != 0 && c.LastBus >= c.FirstBus && c.FirstBus >= 0 && c.LastBus <= 255 {
		useECAM(c.ECAM, c.FirstBus, c.LastBus)
	}
	config.hole, config.holeEnd = c.Hole, c.HoleEnd
	s := scanner{lastBus: c.FirstBus}
	if err := s.scanBus(c.FirstBus, 0); err != errno.OK {
		return err
	}
	klog.Printf("pci: %d functions on %d buses", s.found, s.buses)
	return errno.OK
}

// Probe offers every function that has no driver to the registered drivers.
func Probe() {
	for d := devices; d != nil; d = d.next {
		for drv := drivers; drv != nil && d.Driver == nil; drv = drv.next {
			if !drv.matches(d) {
				continue
			}
			d.prepare()
			d.Driver = drv
			if err := drv.Probe(d); err != errno.OK {
				d.Driver = nil
				if err != errno.ENODEV {
					klog.Warnf("pci: %02x:%02x.%d: %s: %v", d.Bus(), d.Slot(), d.Func(), drv.Name, err)
				}
			}
		}
	}
}

func (drv *Driver) matches(d *Device) bool {
	for i := range drv.IDs {
		id := &drv.IDs[i]
		if (id.Vendor == AnyID || id.Vendor == d.Vendor) && (id.Device == AnyID || id.Device == d.ID) &&
			d.Class&id.ClassMask == id.Class {
			return true
		}
	}
	return false
}

// Enable turns on the function's registers and its access to memory, and turns its interrupt line off.
func (d *Device) Enable() {
	v := d.Read16(regCommand)
	d.Write16(regCommand, v&^commandIO|commandMemory|commandMaster|commandNoINTx)
}

// Disable stops the function's access to memory: it can do no more harm.
func (d *Device) Disable() {
	d.Write16(regCommand, d.Read16(regCommand)&^commandMaster)
}
