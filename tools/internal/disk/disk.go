// Package disk lays out disk images: a GUID partition table with one galfs partition. The table's identifiers are
// fixed, so that the same inputs give the same image, byte for byte.
//
// A Partition is a byte device over a part of an image file. It keeps the image sparse: a block of zeroes is a hole.
package disk

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/diskfs/go-diskfs/partition/gpt"
	"golang.org/x/sys/unix"
)

const (
	// TypeGUID marks a galfs partition.
	TypeGUID = "67616C66-7300-4B65-8E72-6E656C000001"
	// diskGUID and partGUID identify our images. They need to differ only between disks of one machine.
	diskGUID = "67616C66-7300-4B65-8E72-6E656C000002"
	partGUID = "67616C66-7300-4B65-8E72-6E656C000003"

	sector = 512
	align  = 1 << 20 // partitions begin and end on whole megabytes
	// MinSize is the smallest image: the tables at both ends and a partition that a file system fits into.
	MinSize = 8 << 20
)

// ErrNoPartition means that an image has a partition table without a galfs partition.
var ErrNoPartition = errors.New("no galfs partition")

// Partition is a part of an image file. It has the methods of galhost.Device.
type Partition struct {
	f         *os.File
	off, size int64
	durable   bool
}

// Create makes f, which must be empty, an image of the given size with one galfs partition.
func Create(f *os.File, size int64) (*Partition, error) {
	if size < MinSize || size%align != 0 {
		return nil, fmt.Errorf("image size %d: want a multiple of 1 MiB, at least %d", size, int64(MinSize))
	}
	if err := f.Truncate(size); err != nil {
		return nil, err
	}
	p := &Partition{f: f, off: align, size: size - 2*align}
	table := &gpt.Table{
		LogicalSectorSize: sector, PhysicalSectorSize: sector, ProtectiveMBR: true, GUID: diskGUID,
		Partitions: []*gpt.Partition{{
			Index: 1, Start: uint64(p.off / sector), End: uint64((p.off+p.size)/sector) - 1, Size: uint64(p.size),
			Type: TypeGUID, GUID: partGUID, Name: "galago root",
		}},
	}
	if err := table.Write(f, size); err != nil {
		return nil, fmt.Errorf("partition table: %w", err)
	}
	return p, nil
}

// Open finds the galfs partition of an image. A file without a partition table is taken as a bare file system.
func Open(f *os.File) (*Partition, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	head := make([]byte, 8)
	if _, err := f.ReadAt(head, sector); err != nil && err != io.EOF {
		return nil, err
	}
	if string(head) != "EFI PART" {
		return &Partition{f: f, size: st.Size()}, nil
	}
	table, err := gpt.Read(f, sector, sector)
	if err != nil {
		return nil, fmt.Errorf("partition table: %w", err)
	}
	for _, p := range table.Partitions {
		if p.Type != TypeGUID {
			continue
		}
		off, size := int64(p.Start)*sector, (int64(p.End)-int64(p.Start)+1)*sector
		if off < 0 || size <= 0 || off > st.Size() || size > st.Size()-off {
			return nil, fmt.Errorf("partition %d lies outside the image of %d bytes", p.Index, st.Size())
		}
		return &Partition{f: f, off: off, size: size}, nil
	}
	return nil, ErrNoPartition
}

// Durable makes Sync wait for the disk. Images under construction and throw-away copies do not need it.
func (p *Partition) Durable() { p.durable = true }

// Size is the size of the partition in bytes.
func (p *Partition) Size() int64 { return p.size }

// Offset is where the partition begins in the image.
func (p *Partition) Offset() int64 { return p.off }

// ReadAt implements io.ReaderAt within the partition.
func (p *Partition) ReadAt(b []byte, off int64) (int, error) {
	return io.NewSectionReader(p.f, p.off, p.size).ReadAt(b, off)
}

// WriteAt implements io.WriterAt within the partition. Zeroes are stored as holes if the host can.
func (p *Partition) WriteAt(b []byte, off int64) (int, error) {
	if off < 0 || int64(len(b)) > p.size-off {
		return 0, fmt.Errorf("write of %d bytes at %d is outside the partition of %d", len(b), off, p.size)
	}
	if isZero(b) && unix.Fallocate(int(p.f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, p.off+off, int64(len(b))) == nil {
		return len(b), nil
	}
	return p.f.WriteAt(b, p.off+off)
}

// Sync makes writes durable if Durable was called.
func (p *Partition) Sync() error {
	if p.durable {
		return p.f.Sync()
	}
	return nil
}

// isZero reports whether b is at least a block of zeroes.
func isZero(b []byte) bool {
	if len(b) < 4096 {
		return false
	}
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}
