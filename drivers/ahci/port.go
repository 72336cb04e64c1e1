package ahci

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/drivers/hw"
	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Registers of a port (§3.3).
const (
	portCLB  = 0x00
	portFB   = 0x08
	portIS   = 0x10
	portIE   = 0x14
	portCMD  = 0x18
	portTFD  = 0x20
	portSIG  = 0x24
	portSSTS = 0x28
	portSCTL = 0x2c
	portSERR = 0x30
	portSACT = 0x34
	portCI   = 0x38

	cmdStart   = 1 << 0
	cmdSpinUp  = 1 << 1
	cmdPower   = 1 << 2
	cmdFIS     = 1 << 4
	cmdFISRun  = 1 << 14
	cmdRunning = 1 << 15
	cmdActive  = 1 << 28

	tfdErr  = 1 << 0
	tfdDRQ  = 1 << 3
	tfdBusy = 1 << 7

	stsDetect      = 0xf
	stsEstablished = 3
	ctlDetectReset = 1
	ctlNoPower     = 3 << 8 // no partial or slumber state

	isD2H      = 1 << 0
	isPIO      = 1 << 1
	isDMA      = 1 << 2
	isSDB      = 1 << 3
	isConnect  = 1 << 6
	isPhyReady = 1 << 22
	isOverflow = 1 << 24
	isIfFatal  = 1 << 27
	isBusData  = 1 << 28
	isBusFatal = 1 << 29
	isTaskFile = 1 << 30
	isFatal    = isConnect | isPhyReady | isOverflow | isIfFatal | isBusData | isBusFatal | isTaskFile
	isQueued   = isSDB | isFatal
	isPlain    = isD2H | isPIO | isDMA | isSDB | isFatal

	sigATA   = 0x00000101
	sigATAPI = 0xeb140101
)

// Memory of a port: one page with the command list and, behind it, the received FISes; tables on pages of their own.
const (
	maxSlots     = 32
	offFIS       = 0x400
	tableSize    = 1024
	tablesInPage = arch.PageSize / tableSize
	tableData    = 0x80 // where the scatter list begins
	maxPRD       = (tableSize - tableData) / 16
)

// port is a port with a disk.
type port struct {
	c      *controller
	index  int
	base   uintptr
	list   *mem.Frame
	tables [maxSlots / tablesInPage]*mem.Frame
	buffer *mem.Frame // for commands of our own: identify, logs, trim ranges
	disk   block.Device
	info   identity

	lock     lock.Spin // guards the slots
	slots    uint32    // that exist, a mask
	busy     uint32    // taken, until their request is completed
	built    uint32    // those of busy that wait for Commit
	issued   uint32    // those of busy that are with the hardware
	queued   uint32    // those of busy that are queued commands
	enabled  uint32    // what portIE holds
	careful  int       // so many requests go one at a time, to find out which one fails
	requests [maxSlots]*block.Request

	status  atomic.Uint32 // interrupt status that the DPC has not seen yet
	cause   atomic.Uint32 // interrupt status that led to the recovery
	stopped atomic.Bool   // being recovered, or given up
	dpc     sched.DPC
	recover sched.Work
}

var portCache = mem.Cache[port]{Name: "ahci-port"}

func (p *port) read(reg uintptr) uint32     { return hw.Read32(p.base + reg) }
func (p *port) write(reg uintptr, v uint32) { hw.Write32(p.base+reg, v) }

// wait waits until the bits of a register have the value.
func (p *port) wait(reg uintptr, bits, value uint32, ms int) bool {
	for range ms {
		if p.read(reg)&bits == value {
			return true
		}
		sched.Sleep(msec)
	}
	return p.read(reg)&bits == value
}

// openPort readies a port on which something was detected. ENODEV: it is no disk.
func openPort(c *controller, index int) (*port, errno.Errno) {
	p := portCache.Alloc()
	if p == nil {
		return nil, errno.ENOMEM
	}
	p.c, p.index = c, index
	p.base = c.base + regPort + uintptr(index)*portSize
	p.lock.Init(lock.RankDriverQueue)
	p.dpc.Func, p.dpc.Arg = portDPC, unsafe.Pointer(p)
	p.recover.Func, p.recover.Arg = recoverPort, unsafe.Pointer(p)
	err := p.open()
	if err != errno.OK {
		if p.stop() {
			p.release()
		}
		return nil, err
	}
	return p, errno.OK
}

// open starts the port and identifies the disk.
func (p *port) open() errno.Errno {
	if !p.stop() {
		return errno.EIO
	}
	if err := p.allocate(); err != errno.OK {
		return err
	}
	p.setAddresses()
	if err := p.connect(false); err != errno.OK {
		return err
	}
	switch sig := p.read(portSIG); sig {
	case sigATA:
	case sigATAPI:
		klog.Printf("ahci: port %d: an ATAPI device, which we have no driver for", p.index)
		return errno.ENODEV
	default:
		klog.Warnf("ahci: port %d: unknown signature %08x", p.index, sig)
		return errno.ENODEV
	}
	p.start()
	p.slots = uint32(1<<(p.c.cap>>capSlots&0x1f+1) - 1)
	if err := p.identify(); err != errno.OK {
		return err
	}
	p.unmask()
	return errno.OK
}

// allocate gets the port's memory.
func (p *port) allocate() errno.Errno {
	p.list, p.buffer = mem.AllocFrame(mem.Zero), mem.AllocFrame(mem.Zero)
	if p.list == nil || p.buffer == nil {
		return errno.ENOMEM
	}
	for i := range p.tables {
		if p.tables[i] = mem.AllocFrame(mem.Zero); p.tables[i] == nil {
			return errno.ENOMEM
		}
	}
	return errno.OK
}

// release frees a port that is stopped.
func (p *port) release() {
	for _, f := range p.tables {
		if f != nil {
			f.Put()
		}
	}
	if p.list != nil {
		p.list.Put()
	}
	if p.buffer != nil {
		p.buffer.Put()
	}
	portCache.Free(p)
}

func (p *port) setAddresses() {
	at := p.list.Phys()
	p.write(portCLB, uint32(at))
	p.write(portCLB+4, uint32(at>>32))
	at += offFIS
	p.write(portFB, uint32(at))
	p.write(portFB+4, uint32(at>>32))
}

// stop ends the processing of commands and FISes (§10.1.2). False: the controller does not react; memory that it knows
// must not be freed.
func (p *port) stop() bool {
	p.write(portIE, 0)
	p.write(portCMD, p.read(portCMD)&^cmdStart)
	if !p.wait(portCMD, cmdRunning, 0, 500) {
		return false
	}
	p.write(portCMD, p.read(portCMD)&^cmdFIS)
	return p.wait(portCMD, cmdFISRun, 0, 500)
}

// connect brings the link up, by a reset of the disk if asked for, and waits until the disk is ready. The port receives
// FISes then, but does not process commands yet.
func (p *port) connect(reset bool) errno.Errno {
	p.write(portSERR, ^uint32(0))
	p.write(portCMD, p.read(portCMD)|cmdFIS|cmdSpinUp|cmdPower|cmdActive)
	if reset {
		p.write(portSCTL, ctlNoPower|ctlDetectReset)
		sched.Sleep(2 * msec)
		p.write(portSCTL, ctlNoPower)
	}
	if !p.wait(portSSTS, stsDetect, stsEstablished, 1000) {
		return errno.ENXIO
	}
	p.write(portSERR, ^uint32(0))
	if !p.wait(portTFD, tfdBusy|tfdDRQ, 0, 10000) {
		return errno.EIO
	}
	return errno.OK
}

// unmask forgets old interrupts and allows new ones.
func (p *port) unmask() {
	p.status.Store(0)
	p.write(portIS, ^uint32(0))
	p.enabled = isPlain
	p.write(portIE, isPlain)
}

// start lets the port process commands.
func (p *port) start() {
	p.write(portIS, ^uint32(0))
	p.write(portCMD, p.read(portCMD)|cmdFIS)
	p.write(portCMD, p.read(portCMD)|cmdStart)
}
