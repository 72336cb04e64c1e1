package block

import (
	"unsafe"

	"galago/kernel/klog"
	"galago/kernel/lock"
)

// Driver is what a device driver does for its disks. Start and Commit are called with preemption off, from threads
// and DPCs; they must not sleep.
type Driver interface {
	// Start hands a request to the hardware and returns true; Complete (or Requeue) gives it back, possibly before
	// Start returns. False: there is no room; the driver calls Complete or Kick later, when there is again.
	Start(d *Device, r *Request) bool
	// Commit follows one or more calls of Start: time to tell the hardware.
	Commit(d *Device)
	// TimedOut is called in a thread when a request has been with the driver for longer than Device.Timeout, every
	// second while that lasts. The driver recovers, or gives up (Fail).
	TimedOut(d *Device)
}

// Device is a disk, or a partition of one. The driver fills in the first group before Register.
type Device struct {
	Name          string
	Major, Minor  uint32
	Sectors       uint64 // of SectorSize bytes
	BlockSize     uint32 // logical block: the unit of addressing
	PhysBlockSize uint32 // the unit of efficient writes
	ReadOnly      bool
	Rotational    bool
	Cache         bool   // has a volatile write cache, so Flush means something
	FUA           bool   // writes through the cache on request; emulated with flushes otherwise
	MaxSegs       int    // segments of one request
	MaxSectors    uint64 // of one read or write
	MaxDiscard    uint64 // sectors of one Discard; 0: not supported
	MaxZeroes     uint64 // sectors of one WriteZeroes; 0: not supported
	Depth         int    // requests that the driver takes at a time
	Timeout       uint64 // ns; 0: no limit
	Driver        Driver
	Private       unsafe.Pointer // the driver's

	// Of a partition.
	Parent   *Device
	Start    uint64 // first sector on the parent
	Part     int    // number, from 1
	UUID     [16]byte
	TypeUUID [16]byte
	Label    string

	q        queue
	stats    Stats // guarded by the disk's q.lock
	next     *Device
	nameBuf  [32]byte
	labelBuf [108]byte
}

// disk returns the whole disk.
func (d *Device) disk() *Device {
	if d.Parent != nil {
		return d.Parent
	}
	return d
}

var devices struct {
	lock        lock.Spin
	first, last *Device
}

// OnRegister, if set, is called for every new device, in a thread: the device file system's hook. Setting it goes
// with an Each for the devices registered before.
var OnRegister func(d *Device)

func init() { devices.lock.Init(lock.RankBlockTable) }

// setDefaults completes what the driver left out.
func (d *Device) setDefaults() {
	d.BlockSize = max(d.BlockSize, SectorSize)
	d.PhysBlockSize = max(d.PhysBlockSize, d.BlockSize)
	if d.MaxSegs <= 0 {
		d.MaxSegs = MaxSegs
	}
	if d.MaxSectors == 0 {
		d.MaxSectors = 2048
	}
	d.Depth = max(d.Depth, 1)
	d.q.init()
}

// Register makes a disk known. Partitions are found by ScanPartitions.
func Register(d *Device) {
	d.setDefaults()
	d.list()
	mib := d.Sectors >> 11
	klog.Printf("block: %s: %d MiB, %d-byte blocks", d.Name, mib, d.BlockSize)
}

// list appends d to the list of all devices.
func (d *Device) list() {
	devices.lock.Lock()
	if devices.last == nil {
		devices.first = d
	} else {
		devices.last.next = d
	}
	devices.last = d
	devices.lock.Unlock()
	if OnRegister != nil {
		OnRegister(d)
	}
}

// Each calls fn for every device in the order of registration, until it returns false. Devices are never removed, so
// fn may sleep.
func Each(fn func(d *Device) bool) {
	for d := first(); d != nil && fn(d); d = d.following() {
	}
}

func first() *Device {
	devices.lock.Lock()
	defer devices.lock.Unlock()
	return devices.first
}

func (d *Device) following() *Device {
	devices.lock.Lock()
	defer devices.lock.Unlock()
	return d.next
}

// Lookup finds a device by name; nil when there is none.
func Lookup(name string) *Device {
	for d := first(); d != nil; d = d.following() {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// LookupNumber finds a device by its numbers.
func LookupNumber(major, minor uint32) *Device {
	for d := first(); d != nil; d = d.following() {
		if d.Major == major && d.Minor == minor {
			return d
		}
	}
	return nil
}

// LookupPartition finds a partition by its unique identifier, as stored in the table.
func LookupPartition(uuid *[16]byte) *Device {
	for d := first(); d != nil; d = d.following() {
		if d.Part > 0 && d.UUID == *uuid {
			return d
		}
	}
	return nil
}

// SetName builds the device's name out of a prefix, a letter sequence for index ("a" … "z", "aa" …) and, when part > 0,
// a partition number: vda, vda1, sdaa.
func (d *Device) SetName(prefix string, index, part int) {
	n := copy(d.nameBuf[:16], prefix)
	var letters [8]byte
	i := len(letters)
	for v := index + 1; v > 0 && i > 0; v = (v - 1) / 26 {
		i--
		letters[i] = byte('a' + (v-1)%26)
	}
	n += copy(d.nameBuf[n:24], letters[i:])
	if part > 0 {
		n += klog.Format(d.nameBuf[n:], "%d", part)
	}
	d.Name = unsafe.String(&d.nameBuf[0], n)
}
