// Package ahci drives SATA disks behind an AHCI controller, such as the ICH9 of QEMU's q35 machine (Serial ATA AHCI 1.3.1):
// native command queuing with up to 32 commands, transfers straight between disk and frames, flushes, trim, and
// recovery from errors.
//
// Each port with a disk has a page for the command list and received FISes, and command tables of 1 KiB, one for each
// slot; the slot number is the queue tag. Queued commands and others exclude each other on a port: Start refuses what
// cannot go now, and the block layer offers it again after the next completion.
//
// An interrupt only collects the ports' status and queues a DPC for each. When a port reports an error, or nothing for
// too long, a worker thread stops it, finds the culprit (log page 10h for queued commands), restarts it, fails the culprit
// and has the others repeated.
//
// Invariants: a slot is free, built, issued to the hardware, or finished (busy, but neither built nor issued) and about to be
// completed by the one who found it so. While stopped is set nothing is built or issued but by the recovery.
//
// Lock order: a port's lock (RankDriverQueue) is a leaf; requests are completed without it.
package ahci

import (
	"unsafe"

	"galago/drivers/hw"
	"galago/drivers/pci"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Registers of the controller (§3.1).
const (
	regCAP  = 0x00
	regGHC  = 0x04
	regIS   = 0x08
	regPI   = 0x0c
	regCAP2 = 0x24
	regBOHC = 0x28
	regPort = 0x100 // of port 0; 0x80 further for each

	capSlots   = 8 // 5 bits, minus one
	capNCQ     = 1 << 30
	cap64      = 1 << 31
	ghcReset   = 1 << 0
	ghcIntr    = 1 << 1
	ghcAHCI    = 1 << 31
	cap2BIOS   = 1 << 0
	bohcBIOS   = 1 << 0
	bohcOS     = 1 << 1
	portSize   = 0x80
	maxPorts   = 32
	abar       = 5 // the BAR of the registers
	abarSize   = regPort + maxPorts*portSize
	msec       = 1_000_000
	resetTime  = 1000 // ms
	classAHCI  = 0x010601
	classMask  = 0xffffff
	vectorName = "ahci"
)

// controller is one AHCI controller.
type controller struct {
	pci   *pci.Device
	base  uintptr
	cap   uint32
	ports [maxPorts]*port
}

var (
	controllerCache = mem.Cache[controller]{Name: "ahci"}
	ids             = [...]pci.ID{{Vendor: pci.AnyID, Device: pci.AnyID, Class: classAHCI, ClassMask: classMask}}
	driver          = pci.Driver{Name: "ahci", Probe: probe, IDs: ids[:]}
	nextIndex       int // of disks
)

// Register makes the driver known to package pci.
func Register() { pci.Register(&driver) }

func (c *controller) read(reg uintptr) uint32     { return hw.Read32(c.base + reg) }
func (c *controller) write(reg uintptr, v uint32) { hw.Write32(c.base+reg, v) }

// probe takes over a controller and registers its disks.
func probe(d *pci.Device) errno.Errno {
	c := controllerCache.Alloc()
	if c == nil {
		return errno.ENOMEM
	}
	c.pci = d
	if err := c.open(); err != errno.OK {
		d.Disable()
		controllerCache.Free(c)
		return err
	}
	d.Private = unsafe.Pointer(c)
	for i := range c.ports {
		if p := c.ports[i]; p != nil {
			p.register()
		}
	}
	return errno.OK
}

// open resets the controller and finds its disks.
func (c *controller) open() errno.Errno {
	d := c.pci
	d.Enable()
	size := min(d.BARs[abar].Size, abarSize)
	base, err := d.MapBAR(abar, 0, size)
	if err != errno.OK {
		return err
	}
	c.base = base
	c.takeOver()
	c.write(regGHC, ghcAHCI)
	c.write(regGHC, ghcAHCI|ghcReset)
	if !c.waitClear(regGHC, ghcReset, resetTime) {
		return errno.EIO
	}
	c.write(regGHC, ghcAHCI)
	c.cap = c.read(regCAP)
	if c.cap&cap64 == 0 {
		klog.Warnf("ahci: the controller cannot reach all memory")
		return errno.ENODEV
	}
	if _, err := d.InitMSI(); err != errno.OK {
		return err
	}
	if err := d.SetInterrupt(0, 0, vectorName, interrupt, unsafe.Pointer(c)); err != errno.OK {
		return err
	}
	c.openPorts(size)
	c.write(regIS, ^uint32(0))
	c.write(regGHC, ghcAHCI|ghcIntr)
	return errno.OK
}

// takeOver asks the firmware to let go of the controller (§10.6.3).
func (c *controller) takeOver() {
	if c.read(regCAP2)&cap2BIOS == 0 {
		return
	}
	c.write(regBOHC, c.read(regBOHC)|bohcOS)
	if !c.waitClear(regBOHC, bohcBIOS, 2000) {
		klog.Warnf("ahci: the firmware does not let go")
	}
}

// waitClear waits until the bits of a register are zero.
func (c *controller) waitClear(reg uintptr, bits uint32, ms int) bool {
	for range ms {
		if c.read(reg)&bits == 0 {
			return true
		}
		sched.Sleep(msec)
	}
	return c.read(reg)&bits == 0
}

// openPorts brings up the ports that have a disk. Real links need up to 10 ms to be detected; all have them at once. Virtual
// ones are there at once.
func (c *controller) openPorts(size uint64) {
	present := uint32(0)
	implemented := c.read(regPI)
	for i := range maxPorts {
		if implemented>>i&1 != 0 && regPort+uint64(i+1)*portSize <= size {
			present |= 1 << i
			c.write(regPort+uintptr(i)*portSize+portCMD, cmdSpinUp|cmdPower|cmdActive)
		}
	}
	for tries := 0; tries < 10 && !hw.Virtual(); tries++ {
		found := true
		for i := range maxPorts {
			if present>>i&1 != 0 && c.read(regPort+uintptr(i)*portSize+portSSTS)&stsDetect == 0 {
				found = false
			}
		}
		if found {
			break
		}
		sched.Sleep(msec)
	}
	for i := range maxPorts {
		if present>>i&1 == 0 || c.read(regPort+uintptr(i)*portSize+portSSTS)&stsDetect == 0 {
			continue
		}
		p, err := openPort(c, i)
		if err == errno.OK {
			c.ports[i] = p
		} else if err != errno.ENODEV {
			klog.Warnf("ahci: port %d: %v", i, err)
		}
	}
}

// interrupt collects the status of all ports that have something to say, and leaves the work to DPCs.
func interrupt(arg unsafe.Pointer) {
	c := (*controller)(arg)
	status := c.read(regIS)
	for i := range maxPorts {
		if status>>i&1 == 0 {
			continue
		}
		if p := c.ports[i]; p != nil {
			is := p.read(portIS)
			p.write(portIS, is)
			p.status.Or(is)
			sched.QueueDPC(&p.dpc)
		} else {
			at := regPort + uintptr(i)*portSize
			c.write(at+portIE, 0)
			c.write(at+portIS, ^uint32(0))
		}
	}
	c.write(regIS, status)
}
