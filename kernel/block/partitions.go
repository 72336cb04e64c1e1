package block

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/block/partition"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/mem"
)

// maxParts is how many partitions of a disk get a device: the minor numbers of a disk are 16.
const maxParts = 15

var partCache = mem.Cache[Device]{Name: "partition"}

// tableReader reads blocks of a device a page at a time: tables are long runs of small blocks.
type tableReader struct {
	d     *Device
	frame *mem.Frame
	page  uint64 // what frame holds, if valid
	valid bool
}

const pageSectors = arch.PageSize / SectorSize

// read copies the block at a sector to buf.
func (t *tableReader) read(sector uint64, buf []byte) errno.Errno {
	page := sector / pageSectors
	if !t.valid || t.page != page {
		n := min(pageSectors, t.d.Sectors-page*pageSectors)
		r := AllocRequest(t.d, Read)
		r.Sector = page * pageSectors
		r.AddSegment(t.frame, 0, uint32(n*SectorSize))
		err := t.d.SubmitSync(r)
		FreeRequest(r)
		t.page, t.valid = page, err == errno.OK
		if err != errno.OK {
			return err
		}
	}
	copy(buf, t.frame.Bytes()[sector%pageSectors*SectorSize:])
	return errno.OK
}

// ScanPartitions reads the disk's partition table and registers its partitions. It waits for I/O. Finding no table is
// no error.
func ScanPartitions(d *Device) errno.Errno {
	t := tableReader{d: d, frame: mem.AllocFrame(0)}
	buf := mem.AllocBytes(int(d.BlockSize))
	if t.frame == nil || buf == nil {
		if t.frame != nil {
			t.frame.Put()
		}
		mem.FreeBytes(buf)
		return errno.ENOMEM
	}
	per := uint64(d.BlockSize / SectorSize)
	result := errno.OK
	read := func(lba uint64, b []byte) errno.Errno { return t.read(lba*per, b) }
	kind, err := partition.Scan(read, d.Sectors/per, buf, func(e partition.Entry) {
		if e.Number > maxParts {
			klog.Warnf("block: %s: no device for partition %d", d.Name, e.Number)
			return
		}
		if err := d.addPartition(&e, per); err != errno.OK {
			result = err
		}
	})
	mem.FreeBytes(buf)
	t.frame.Put()
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
