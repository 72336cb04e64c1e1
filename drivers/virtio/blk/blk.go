// Package blk drives virtio block devices (virtio 1.2 §5.2): one queue for each CPU when the device has as many,
// transfers straight between the device and the frames of a request, flush, discard and write-zeroes.
//
// A request is a header, data and a status byte; headers and status bytes lie in one page a queue, by slot. Interrupts only
// queue a DPC, which completes what is done.
//
// When a device answers nothing in time, or nonsense, a worker thread resets it and repeats its requests; when that
// fails, or has happened too often, the disk is given up.
//
// Lock order: a queue's lock (RankDriverQueue) is a leaf but for memory; requests are completed without it.
package blk

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/drivers/pci"
	"galago/drivers/virtio"
	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Features (§5.2.3).
const (
	featureSegMax   = 1 << 2
	featureReadOnly = 1 << 5
	featureBlkSize  = 1 << 6
	featureFlush    = 1 << 9
	featureTopology = 1 << 10
	featureMQ       = 1 << 12
	featureDiscard  = 1 << 13
	featureZeroes   = 1 << 14

	wanted = featureSegMax | featureReadOnly | featureBlkSize | featureFlush | featureTopology | featureMQ |
		featureDiscard | featureZeroes
)

// Configuration registers (§5.2.4).
const (
	cfgCapacity   = 0
	cfgSegMax     = 12
	cfgBlkSize    = 20
	cfgPhysExp    = 24
	cfgNumQueues  = 34
	cfgMaxDiscard = 36
	cfgMaxZeroes  = 48
)

const (
	major        = 254 // as Linux usually numbers them
	maxQueues    = 8
	queueSize    = 32
	minors       = 16 // of a disk: itself and its partitions
	timeout      = 30_000_000_000
	maxPartSeg   = virtio.TableLen - 2 // header and status go with the data
	maxRun       = 1 << 22
	maxTransfer  = 2048 // sectors
	sectorsLimit = 1 << 40
)

// queue is one virtqueue with the memory of its requests' headers.
type queue struct {
	lock    lock.Spin
	vq      virtio.Queue // guarded by lock
	headers *mem.Frame
	dirty   bool // published, not yet notified; guarded by lock
	dpc     sched.DPC
	disk    *disk
}

// disk is one block device.
type disk struct {
	dev     virtio.Device
	block   block.Device
	queues  [maxQueues]queue
	n       int
	recover sched.Work
	resets  int         // only the recovering thread looks
	stopped atomic.Bool // being reset, or given up
}

var (
	diskCache = mem.Cache[disk]{Name: "virtio-blk"}
	nextIndex int
	driver    = pci.Driver{Name: "virtio-blk", Probe: probe, IDs: ids[:]}
	ids       = [...]pci.ID{{Vendor: virtio.VendorID, Device: 0x1001}, {Vendor: virtio.VendorID, Device: 0x1042}}
)

// Register makes the driver known to package pci.
func Register() { pci.Register(&driver) }

// probe takes over a device and registers its disk.
func probe(p *pci.Device) errno.Errno {
	if virtio.TypeOf(p) != virtio.TypeBlock {
		return errno.ENODEV
	}
	d := diskCache.Alloc()
	if d == nil {
		return errno.ENOMEM
	}
	if err := d.open(p); err != errno.OK {
		p.Disable()
		d.release()
		diskCache.Free(d)
		return err
	}
	p.Private = unsafe.Pointer(d)
	d.block.SetName("vd", nextIndex, 0)
	d.block.Major, d.block.Minor = major, uint32(nextIndex*minors)
	nextIndex++
	block.Register(&d.block)
	block.ScanPartitions(&d.block)
	return errno.OK
}

// open sets the device up, up to being ready.
func (d *disk) open(p *pci.Device) errno.Errno {
	if err := d.dev.Open(p); err != errno.OK {
		return err
	}
	if err := d.dev.Negotiate(wanted); err != errno.OK {
		return err
	}
	d.recover.Func, d.recover.Arg = recoverDisk, unsafe.Pointer(d)
	d.n = 1
	if d.dev.Has(featureMQ) {
		d.n = max(1, min(int(d.dev.Config16(cfgNumQueues)), arch.NumCPU(), maxQueues, d.dev.NumQueues))
	}
	for i := range d.n {
		if err := d.queues[i].open(d, i); err != errno.OK {
			return err
		}
	}
	if err := d.describe(); err != errno.OK {
		return err
	}
	d.dev.Ready()
	return errno.OK
}

// open makes queue i, with its interrupt on CPU i if there are as many interrupts.
func (q *queue) open(d *disk, i int) errno.Errno {
	q.disk = d
	q.lock.Init(lock.RankDriverQueue)
	q.dpc.Func, q.dpc.Arg = queueDPC, unsafe.Pointer(q)
	if q.headers = mem.AllocFrame(mem.Zero); q.headers == nil {
		return errno.ENOMEM
	}
	vector := d.vectorOf(i)
	if i < d.dev.Vectors() {
		if err := d.dev.SetInterrupt(vector, i, "virtio-blk", interrupt, unsafe.Pointer(q)); err != errno.OK {
			return err
		}
	}
	if err := q.vq.Setup(&d.dev, i, queueSize, vector); err != errno.OK {
		return err
	}
	q.vq.Arm()
	return errno.OK
}

// vectorOf returns the interrupt of queue i: its own, or that of another one.
func (d *disk) vectorOf(i int) int { return i % max(d.dev.Vectors(), 1) }

func (d *disk) release() {
	for i := range d.n {
		q := &d.queues[i]
		q.vq.Release()
		if q.headers != nil {
			q.headers.Put()
		}
	}
}

// describe fills in the disk from the device's configuration, which is checked.
func (d *disk) describe() errno.Errno {
	v, b := &d.dev, &d.block
	b.Sectors = v.Config64(cfgCapacity)
	b.BlockSize = block.SectorSize
	if v.Has(featureBlkSize) {
		b.BlockSize = v.Config32(cfgBlkSize)
	}
	if b.Sectors > sectorsLimit || b.BlockSize < block.SectorSize || b.BlockSize > 4096 || b.BlockSize&(b.BlockSize-1) != 0 {
		return errno.EINVAL
	}
	b.PhysBlockSize = b.BlockSize
	if v.Has(featureTopology) {
		b.PhysBlockSize = b.BlockSize << min(v.Config8(cfgPhysExp), 8)
	}
	b.MaxSegs = 1
	if v.Has(featureSegMax) {
		b.MaxSegs = int(min(max(v.Config32(cfgSegMax), 1), maxPartSeg))
	}
	b.MaxSectors = maxTransfer
	b.ReadOnly = v.Has(featureReadOnly)
	b.Cache = v.Has(featureFlush)
	if v.Has(featureDiscard) {
		b.MaxDiscard = uint64(v.Config32(cfgMaxDiscard))
	}
	if v.Has(featureZeroes) {
		b.MaxZeroes = uint64(v.Config32(cfgMaxZeroes))
	}
	for i := range d.n {
		b.Depth += d.queues[i].vq.Size()
	}
	if !v.Has(virtio.FeatureIndirect) {
		// A request takes as many descriptors as it has buffers.
		b.MaxSegs = min(b.MaxSegs, d.queues[0].vq.Size()-2)
	}
	b.Timeout = timeout
	b.Driver, b.Private = d, unsafe.Pointer(d)
	return errno.OK
}

// maxResets is how often a device may go wrong.
const maxResets = 8

// recoverDisk resets a device that went wrong and repeats its requests, or gives it up.
func recoverDisk(w *sched.Work) {
	d := (*disk)(w.Arg)
	klog.Warnf("virtio-blk: %s: resetting the device", d.block.Name)
	d.resets++
	err := errno.EIO
	if d.resets <= maxResets {
		err = d.dev.Reset()
	} else {
		d.dev.PCI.Disable()
	}
	for i := range d.n {
		d.takeBack(&d.queues[i], err != errno.OK)
	}
	if err == errno.OK {
		err = d.restart()
	}
	if err != errno.OK {
		d.dev.GiveUp()
		d.block.Fail()
		return
	}
	d.stopped.Store(false)
	d.block.Kick()
}

// takeBack has the requests of a queue whose device is stopped repeated, or failed.
func (d *disk) takeBack(q *queue, fail bool) {
	for i := 0; ; i++ {
		q.lock.Lock()
		var cookie unsafe.Pointer
		i, cookie = q.vq.Busy(i)
		q.dirty = false
		q.lock.Unlock()
		if i < 0 {
			return
		}
		if r := (*block.Request)(cookie); fail {
			block.Complete(r, errno.EIO)
		} else {
			block.Requeue(r, true)
		}
	}
}

// restart negotiates again after a reset and sets the queues up as they were.
func (d *disk) restart() errno.Errno {
	features := d.dev.Features
	if err := d.dev.Negotiate(wanted); err != errno.OK {
		return err
	}
	if d.dev.Features != features {
		return errno.EIO
	}
	for i := range d.n {
		q := &d.queues[i]
		q.lock.Lock()
		size := q.vq.Size()
		err := q.vq.Setup(&d.dev, i, queueSize, d.vectorOf(i))
		if err == errno.OK && q.vq.Size() != size {
			err = errno.EIO
		}
		if err == errno.OK {
			q.vq.Arm()
		}
		q.lock.Unlock()
		if err != errno.OK {
			return err
		}
	}
	d.dev.Ready()
	return errno.OK
}
