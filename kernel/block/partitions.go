package block

import (
	"unsafe"

	"galago/kernel/block/partition"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/mem"
)

// maxParts is how many partitions of a disk get a device: the minor numbers of a disk are 16.
const maxParts = 15

var partCache = mem.Cache[Device]{Name: "partition"}

// ScanPartitions reads the disk's partition table and registers its partitions. It waits for I/O. Finding no table is
// no error.
func ScanPartitions(d *Device) errno.Errno {
	f := mem.AllocFrame(0)
	if f == nil {
		return errno.ENOMEM
	}
	defer f.Put()
	buf := f.Bytes()[:d.BlockSize]
	per := uint64(d.BlockSize / SectorSize)
	result := errno.OK
	read := func(lba uint64, b []byte) errno.Errno { return d.readBlock(lba*per, f) }
	kind, err := partition.Scan(read, d.Sectors/per, buf, func(e partition.Entry) {
		if e.Number > maxParts {
			klog.Warnf("block: %s: no device for partition %d", d.Name, e.Number)
			return
		}
		if err := d.addPartition(&e, per); err != errno.OK {
			result = err
		}
	})
	if err != errno.OK {
		klog.Errorf("block: %s: partition table: %v", d.Name, err)
		return err
	}
	switch kind {
	case partition.BackupGPT:
		klog.Warnf("block: %s: primary GPT is damaged, using the backup", d.Name)
	case partition.Damaged:
		klog.Errorf("block: %s: both GPTs are damaged", d.Name)
		return errno.EINVAL
	}
	return result
}

// readBlock reads one block of the device to the beginning of f.
func (d *Device) readBlock(sector uint64, f *mem.Frame) errno.Errno {
	r := AllocRequest(d, Read)
	r.Sector = sector
	r.AddSegment(f, 0, d.BlockSize)
	err := d.SubmitSync(r)
	FreeRequest(r)
	return err
}

// addPartition registers a partition; positions are in blocks of per sectors.
func (d *Device) addPartition(e *partition.Entry, per uint64) errno.Errno {
	p := partCache.Alloc()
	if p == nil {
		return errno.ENOMEM
	}
	p.Parent, p.Part, p.Start, p.Sectors = d, e.Number, e.Start*per, e.Count*per
	p.Major, p.Minor = d.Major, d.Minor+uint32(e.Number)
	p.BlockSize, p.PhysBlockSize = d.BlockSize, d.PhysBlockSize
	p.ReadOnly, p.Rotational, p.Cache, p.FUA = d.ReadOnly, d.Rotational, d.Cache, d.FUA
	p.MaxSegs, p.MaxSectors, p.MaxDiscard, p.MaxZeroes = d.MaxSegs, d.MaxSectors, d.MaxDiscard, d.MaxZeroes
	ds.Copy16(&p.UUID, &e.UUID)
	ds.Copy16(&p.TypeUUID, &e.Type)
	p.labelBuf = e.Label
	p.Label = unsafe.String(&p.labelBuf[0], e.LabelLen)
	// A name that ends in a digit is set apart from the number by a p, as on Linux.
	format := "%s%d"
	if c := d.Name[len(d.Name)-1]; c >= '0' && c <= '9' {
		format = "%sp%d"
	}
	n := klog.Format(p.nameBuf[:], format, d.Name, e.Number)
	p.Name = unsafe.String(&p.nameBuf[0], n)
	p.list()
	klog.Printf("block: %s: %d MiB at sector %d %s", p.Name, p.Sectors>>11, p.Start, p.Label)
	return errno.OK
}

// Find returns the device that a boot option or a mount names: /dev/NAME, NAME, PARTUUID=… or PARTLABEL=…; nil when there
// is none.
func Find(spec string) *Device {
	const dev, uuid, label = "/dev/", "PARTUUID=", "PARTLABEL="
	switch {
	case hasPrefix(spec, dev):
		return Lookup(spec[len(dev):])
	case hasPrefix(spec, uuid):
		var g [16]byte
		if partition.ParseGUID(&g, spec[len(uuid):]) {
			return LookupPartition(&g)
		}
		return nil
	case hasPrefix(spec, label):
		for d := first(); d != nil; d = d.following() {
			if d.Part > 0 && d.Label == spec[len(label):] {
				return d
			}
		}
		return nil
	}
	return Lookup(spec)
}

func hasPrefix(s, p string) bool { return len(s) > len(p) && s[:len(p)] == p }
