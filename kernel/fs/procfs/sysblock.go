package procfs

import (
	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/mem"
	"galago/kernel/vfs"
)

// Disks in /sys: a directory each in /sys/devices/block, those of partitions in their disk's, and links from /sys/block, /sys/class/block and
// /sys/dev/block.

type diskFile struct {
	name string
	gen  func(n *node, b *Buffer) errno.Errno
}

var (
	anyDiskFiles   = [...]diskFile{{"dev", genDev}, {"size", genSize}, {"ro", genReadOnly}, {"stat", genDiskStat}, {"uevent", genUevent}}
	partitionFiles = [...]diskFile{{"start", genStart}, {"partition", genPartition}}
	wholeDiskFiles = [...]diskFile{{"removable", genZero}, {"queue/logical_block_size", genLogical}, {"queue/hw_sector_size", genLogical},
		{"queue/physical_block_size", genPhysical}, {"queue/minimum_io_size", genPhysical}, {"queue/rotational", genRotational},
		{"queue/max_segments", genMaxSegments}, {"queue/fua", genFUA}, {"queue/discard_max_bytes", genDiscard},
		{"queue/write_cache", genWriteCache}}
)

// addDisk makes the directory and links of a disk or partition. A disk comes before its partitions.
func addDisk(d *block.Device) errno.Errno {
	var room, linkRoom [160]byte
	path, link := vfs.NoEscape(&room), vfs.NoEscape(&linkRoom)
	n := klog.Format(path[:], "/devices/block/%s", d.Name)
	if d.Parent != nil {
		n = klog.Format(path[:], "/devices/block/%s/%s", d.Parent.Name, d.Name)
	}
	add := func(files []diskFile) (e errno.Errno) {
		for i := range files {
			k := n + klog.Format(path[n:], "/%s", files[i].name)
			if e = addSys(str(path[:k]), modeFile, files[i].gen, &sysEntry{disk: d}); e != errno.OK {
				return e
			}
		}
		return errno.OK
	}
	e := add(anyDiskFiles[:])
	if e == errno.OK && d.Parent != nil {
		e = add(partitionFiles[:])
	} else if e == errno.OK {
		e = add(wholeDiskFiles[:])
	}
	if e == errno.OK && d.Parent == nil {
		e = addSysLink(link[:klog.Format(link[:], "/block/%s", d.Name)], "..", path[:n])
	}
	if e == errno.OK {
		e = addSysLink(link[:klog.Format(link[:], "/class/block/%s", d.Name)], "../..", path[:n])
	}
	if e == errno.OK {
		e = addSysLink(link[:klog.Format(link[:], "/dev/block/%d:%d", d.Major, d.Minor)], "../..", path[:n])
	}
	return e
}

// addSysLink adds a link to up followed by path.
func addSysLink(at []byte, up string, path []byte) errno.Errno {
	b := mem.AllocBytes(len(up) + len(path))
	if b == nil {
		return errno.ENOMEM
	}
	n := copy(b, up)
	n += copy(b[n:], path)
	return addSys(str(at), modeLink, nil, &sysEntry{target: str(b[:n])})
}

func number(b *Buffer, v uint64) errno.Errno {
	b.Printf("%d\n", v)
	return errno.OK
}

func truth(b *Buffer, v bool) errno.Errno {
	if v {
		return number(b, 1)
	}
	return number(b, 0)
}

func genDev(n *node, b *Buffer) errno.Errno {
	b.Printf("%d:%d\n", n.entry.sys.disk.Major, n.entry.sys.disk.Minor)
	return errno.OK
}

func genUevent(n *node, b *Buffer) errno.Errno {
	d := n.entry.sys.disk
	kind := "disk"
	if d.Parent != nil {
		kind = "partition"
	}
	b.Printf("MAJOR=%d\nMINOR=%d\nDEVNAME=%s\nDEVTYPE=%s\n", d.Major, d.Minor, d.Name, kind)
	if d.Parent != nil {
		b.Printf("PARTN=%d\n", d.Part)
	}
	return errno.OK
}

func genSize(n *node, b *Buffer) errno.Errno     { return number(b, n.entry.sys.disk.Sectors) }
func genStart(n *node, b *Buffer) errno.Errno    { return number(b, n.entry.sys.disk.Start) }
func genReadOnly(n *node, b *Buffer) errno.Errno { return truth(b, n.entry.sys.disk.ReadOnly) }
func genFUA(n *node, b *Buffer) errno.Errno      { return truth(b, n.entry.sys.disk.FUA) }

func genPartition(n *node, b *Buffer) errno.Errno { return number(b, uint64(n.entry.sys.disk.Part)) }

func genLogical(n *node, b *Buffer) errno.Errno {
	return number(b, uint64(n.entry.sys.disk.BlockSize))
}

func genPhysical(n *node, b *Buffer) errno.Errno {
	return number(b, uint64(n.entry.sys.disk.PhysBlockSize))
}

func genRotational(n *node, b *Buffer) errno.Errno { return truth(b, n.entry.sys.disk.Rotational) }

func genMaxSegments(n *node, b *Buffer) errno.Errno {
	return number(b, uint64(n.entry.sys.disk.MaxSegs))
}

func genDiscard(n *node, b *Buffer) errno.Errno {
	return number(b, n.entry.sys.disk.MaxDiscard*block.SectorSize)
}

func genWriteCache(n *node, b *Buffer) errno.Errno {
	if n.entry.sys.disk.Cache {
		b.WriteString("write back\n")
	} else {
		b.WriteString("write through\n")
	}
	return errno.OK
}

// genDiskStat is a disk's stat file: the figures of /proc/diskstats.
func genDiskStat(n *node, b *Buffer) errno.Errno {
	s := n.entry.sys.disk.Stats()
	diskFigures(b, vfs.NoEscape(&s))
	b.WriteString("\n")
	return errno.OK
}

// diskFigures appends the 17 figures of a disk.
func diskFigures(b *Buffer, s *block.Stats) {
	for i, op := range [...]block.Op{block.Read, block.Write} {
		o := &s.Ops[op]
		if i > 0 {
			b.WriteString(" ")
		}
		b.Printf("%d %d %d %d", o.IOs, o.Merges, o.Sectors, o.Time/1e6)
	}
	b.Printf(" %d %d %d", s.InFlight, s.Busy/1e6, s.Weighted/1e6)
	c, f := &s.Ops[block.Discard], &s.Ops[block.Flush]
	b.Printf(" %d %d %d %d %d %d", c.IOs, c.Merges, c.Sectors, c.Time/1e6, f.IOs, f.Time/1e6)
}
