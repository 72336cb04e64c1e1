// Package console drives virtio consoles (virtio 1.2 §5.3) with one port: a stream of raw bytes in each direction, which
// appears as /dev/hvc0 and so on.
//
// Both directions have a fixed set of buffers. A buffer that the device has filled stays filled until it is read, so the
// host is held back when nobody reads; a writer waits when all buffers are with the device.
//
// Invariants: a buffer is free, with the device, or (receiving) filled, in the order of arrival.
//
// Lock order: reading or writing (the sleeping locks, which serialise readers and writers) → lock (RankDriverQueue).
package console

import (
	"unsafe"

	"galago/arch"
	"galago/drivers/pci"
	"galago/drivers/virtio"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

const (
	numBuffers = 16
	bufferSize = arch.PageSize
	maxPorts   = 4
	receiveQ   = 0
	transmitQ  = 1
)

// buffer is a page of a port.
type buffer struct {
	frame *mem.Frame
	off   int // received: where the unread bytes begin
	n     int // and where they end
}

// waiting is what readers and writers of a port wait for. It is apart from the port because it outlives it: a last
// wake-up may still be on its way when a port that failed to start is freed.
type waiting struct {
	reading, writing sched.Mutex
	readers, writers sched.WaitQueue
}

// Port is one console.
type Port struct {
	*waiting
	dev virtio.Device
	dpc sched.DPC

	lock      lock.Spin // guards what follows
	rx, tx    virtio.Queue
	in        [numBuffers]buffer
	out       [numBuffers]buffer
	filled    [numBuffers]uint8 // ring of filled buffers of in
	head      int
	numFilled int
	free, all uint32 // masks of free buffers of out, and of those in use at all
	dead      bool
}

var (
	portCache = mem.Cache[Port]{Name: "virtio-console"}
	ports     [maxPorts]*Port
	queues    [maxPorts]waiting
	numPorts  int
	ids       = [...]pci.ID{{Vendor: virtio.VendorID, Device: 0x1003}, {Vendor: virtio.VendorID, Device: 0x1043}}
	driver    = pci.Driver{Name: "virtio-console", Probe: probe, IDs: ids[:]}
)

// Register makes the driver known to package pci.
func Register() { pci.Register(&driver) }

// Get returns console i, or nil.
func Get(i int) *Port {
	if i < 0 || i >= numPorts {
		return nil
	}
	return ports[i]
}

func probe(d *pci.Device) errno.Errno {
	if virtio.TypeOf(d) != virtio.TypeConsole || numPorts == maxPorts {
		return errno.ENODEV
	}
	p := portCache.Alloc()
	if p == nil {
		return errno.ENOMEM
	}
	p.waiting = &queues[numPorts]
	if err := p.open(d); err != errno.OK {
		d.Disable()
		p.release()
		return err
	}
	d.Private = unsafe.Pointer(p)
	klog.Printf("virtio-console: hvc%d", numPorts)
	ports[numPorts] = p
	numPorts++
	return errno.OK
}

// open sets the device up. No feature of the type's own is accepted: so it has one port and no control queues.
func (p *Port) open(d *pci.Device) errno.Errno {
	p.lock.Init(lock.RankDriverQueue)
	p.dpc.Func, p.dpc.Arg = portDPC, unsafe.Pointer(p)
	if err := p.dev.Open(d); err != errno.OK {
		return err
	}
	if err := p.dev.Negotiate(0); err != errno.OK {
		return err
	}
	for i := range numBuffers {
		p.in[i].frame, p.out[i].frame = mem.AllocFrame(0), mem.AllocFrame(0)
		if p.in[i].frame == nil || p.out[i].frame == nil {
			return errno.ENOMEM
		}
	}
	if err := p.dev.SetInterrupt(0, 0, "virtio-console", interrupt, unsafe.Pointer(p)); err != errno.OK {
		return err
	}
	if err := p.rx.Setup(&p.dev, receiveQ, numBuffers, 0); err != errno.OK {
		return err
	}
	if err := p.tx.Setup(&p.dev, transmitQ, numBuffers, 0); err != errno.OK {
		return err
	}
	p.all = 1<<p.tx.Size() - 1
	p.free = p.all
	p.dev.Ready()
	for i := range p.rx.Size() {
		p.offer(&p.in[i])
	}
	p.rx.Notify()
	p.rx.Arm()
	p.tx.Arm()
	return errno.OK
}

func (p *Port) release() {
	p.rx.Release()
	p.tx.Release()
	for i := range numBuffers {
		if f := p.in[i].frame; f != nil {
			f.Put()
		}
		if f := p.out[i].frame; f != nil {
			f.Put()
		}
	}
	portCache.Free(p)
}

// offer gives a buffer to the device to fill. The port is locked.
func (p *Port) offer(b *buffer) {
	if p.rx.Begin(1) >= 0 {
		p.rx.Add(b.frame.Phys(), bufferSize, true)
		p.rx.Publish(unsafe.Pointer(b))
	}
}

func interrupt(arg unsafe.Pointer) { sched.QueueDPC(&(*Port)(arg).dpc) }

// portDPC collects what the device has received and sent.
func portDPC(c *sched.DPC) { (*Port)(c.Arg).collect() }

func (p *Port) collect() {
	p.lock.Lock()
	for {
		received, sent := p.collectReceived(), p.collectSent()
		if !received && !sent && p.rx.Arm() && p.tx.Arm() {
			break
		}
		if p.rx.Broken() || p.tx.Broken() {
			if !p.dead {
				p.dead = true
				p.dev.GiveUp()
				p.dev.PCI.Disable()
				klog.Errorf("virtio-console: the device is broken")
			}
			break
		}
	}
	p.lock.Unlock()
	p.readers.WakeAll()
	p.writers.WakeAll()
}

// collectReceived appends filled buffers to the ring. The port is locked.
func (p *Port) collectReceived() (any bool) {
	for {
		slot, cookie, n := p.rx.Pop()
		if slot < 0 {
			return any
		}
		any = true
		b := (*buffer)(cookie)
		b.off, b.n = 0, int(n)
		if n == 0 {
			p.offer(b)
			continue
		}
		p.filled[(p.head+p.numFilled)%numBuffers] = uint8((uintptr(cookie) - uintptr(unsafe.Pointer(&p.in))) / unsafe.Sizeof(*b))
		p.numFilled++
	}
}

// collectSent frees buffers that were sent. The port is locked.
func (p *Port) collectSent() (any bool) {
	for {
		slot, cookie, _ := p.tx.Pop()
		if slot < 0 {
			return any
		}
		any = true
		p.free |= 1 << ((uintptr(cookie) - uintptr(unsafe.Pointer(&p.out))) / unsafe.Sizeof(buffer{}))
	}
}
