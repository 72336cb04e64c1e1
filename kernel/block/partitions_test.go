package block

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"galago/kernel/errno"
)

// gptImage makes a disk with one partition, "root", from block 64 to the given last one.
func gptImage(blockSize, blocks int, last uint64) []byte {
	le := binary.LittleEndian
	img := make([]byte, blocks*blockSize)
	img[450], img[510], img[511] = 0xee, 0x55, 0xaa
	e := img[2*blockSize:]
	e[0], e[16] = 1, 7
	le.PutUint64(e[32:], 64)
	le.PutUint64(e[40:], last)
	for i, c := range "root" {
		e[56+2*i] = byte(c)
	}
	h := img[blockSize:][:blockSize]
	copy(h, "EFI PART")
	le.PutUint32(h[8:], 0x10000)
	le.PutUint32(h[12:], 92)
	le.PutUint64(h[24:], 1)
	le.PutUint64(h[40:], 34)
	le.PutUint64(h[48:], uint64(blocks-34))
	le.PutUint64(h[72:], 2)
	le.PutUint32(h[80:], 128)
	le.PutUint32(h[84:], 128)
	le.PutUint32(h[88:], crc32.ChecksumIEEE(e[:128*128]))
	le.PutUint32(h[16:], crc32.ChecksumIEEE(h[:92]))
	return img
}

func TestPartitionIsADevice(t *testing.T) {
	for _, c := range []struct {
		name, part string
		blockSize  int
	}{{"vdz", "vdz1", 512}, {"nvme0n1", "nvme0n1p1", 4096}} {
		img := gptImage(c.blockSize, 1021, 127)
		d := NewHostDevice(c.name, NewMemFile(img), int64(len(img)))
		d.BlockSize, d.Major, d.Minor = uint32(c.blockSize), 254, 16
		if err := ScanPartitions(d); err != errno.OK {
			t.Fatal(err)
		}
		p := Find("/dev/" + c.part)
		if p == nil || p != Find(c.part) || p.Minor != 17 || p.Parent != d {
			t.Fatalf("%s: %+v", c.name, p)
		}
		if got := Find("PARTUUID=00000001-0000-0000-0000-000000000000"); got != nil {
			t.Error("found by its type")
		}
		if Find("PARTUUID=00000007-0000-0000-0000-000000000000") == nil || Find("PARTLABEL=root") == nil || Find("nothing") != nil {
			t.Error("Find")
		}
		per := uint64(c.blockSize / 512)
		if p.Start != 64*per || p.Sectors != 64*per {
			t.Errorf("%d sectors at %d", p.Sectors, p.Start)
		}
		// The first page of the partition is that page of the disk, and it has an end.
		if err := p.WriteSync(0, frame(t, 9)); err != errno.OK {
			t.Fatal(err)
		}
		r := frame(t, 0)
		if err := d.ReadSync(64*per/8, r); err != errno.OK || r.Bytes()[0] != 9 {
			t.Errorf("%v, %d", err, r.Bytes()[0])
		}
		if err := p.ReadSync(8*per, r); err != errno.EIO {
			t.Errorf("beyond the end: %v", err)
		}
		if s, w := p.Stats(), d.Stats(); s.Ops[Write].Sectors != 8 || w.Ops[Write].Sectors != 8 || s.Ops[Read].IOs != 0 {
			t.Errorf("statistics: %+v", s.Ops)
		}
	}
}

func TestUnreadableTable(t *testing.T) {
	img := gptImage(512, 1000, 127)
	d := NewHostDeviceOptions("bad", NewMemFile(img), int64(len(img)), HostOptions{
		Fault: func(op Op, sector, count uint64) errno.Errno { return errno.EIO }})
	if err := ScanPartitions(d); err != errno.EIO {
		t.Error(err)
	}
}
