package partition

import (
	"encoding/binary"
	"hash/crc32"
	"testing"
	"unicode/utf16"

	"galago/kernel/errno"
)

const block = 512

type disk struct {
	data  []byte
	block int
	reads int
	bad   map[uint64]bool
}

func (d *disk) read(lba uint64, buf []byte) errno.Errno {
	d.reads++
	if d.bad[lba] || int(lba)*d.block >= len(d.data) {
		return errno.EIO
	}
	copy(buf, d.data[int(lba)*d.block:])
	return errno.OK
}

func (d *disk) scan(t testing.TB) (Kind, []Entry, errno.Errno) {
	t.Helper()
	var got []Entry
	kind, err := Scan(d.read, uint64(len(d.data)/d.block), make([]byte, d.block), func(e Entry) { got = append(got, e) })
	return kind, got, err
}

func protect(b []byte) {
	b[450] = 0xee
	binary.LittleEndian.PutUint32(b[454:], 1)
	binary.LittleEndian.PutUint32(b[458:], 0xffffffff)
	b[510], b[511] = 0x55, 0xaa
}

// putHeader writes a header at lba for an array at entries.
func (d *disk) putHeader(lba, other, entries uint64, num uint32) {
	le := binary.LittleEndian
	total := uint64(len(d.data) / d.block)
	h := d.data[int(lba)*d.block:][:d.block]
	clear(h)
	copy(h, "EFI PART")
	le.PutUint32(h[8:], 0x10000)
	le.PutUint32(h[12:], 92)
	le.PutUint64(h[24:], lba)
	le.PutUint64(h[32:], other)
	le.PutUint64(h[40:], 34)
	le.PutUint64(h[48:], total-34)
	le.PutUint64(h[72:], entries)
	le.PutUint32(h[80:], num)
	le.PutUint32(h[84:], 128)
	le.PutUint32(h[88:], crc32.ChecksumIEEE(d.data[int(entries)*d.block:][:num*128]))
	le.PutUint32(h[16:], crc32.ChecksumIEEE(h[:92]))
}

func (d *disk) putEntry(entries uint64, i int, start, end uint64, name string) {
	le := binary.LittleEndian
	e := d.data[int(entries)*d.block+i*128:][:128]
	clear(e)
	e[0], e[16] = 1, byte(i+1)
	le.PutUint64(e[32:], start)
	le.PutUint64(e[40:], end)
	for k, u := range utf16.Encode([]rune(name)) {
		le.PutUint16(e[56+2*k:], u)
	}
}

// newGPT makes a disk with two partitions and both tables.
func newGPT(blockSize int) *disk {
	const total = 2048
	d := &disk{data: make([]byte, total*blockSize), block: blockSize, bad: map[uint64]bool{}}
	protect(d.data)
	second := uint64(total - 33)
	for _, at := range []uint64{2, second} {
		d.putEntry(at, 0, 64, 127, "root")
		d.putEntry(at, 3, 128, 1000, "dätä 𝄞")
		d.putEntry(at, 5, 500, 400, "backwards")
		d.putEntry(at, 6, 3, 70, "in the table")
		d.putEntry(at, 7, 1900, 1<<40, "too long")
	}
	d.putHeader(1, total-1, 2, 128)
	d.putHeader(total-1, 1, second, 128)
	return d
}

func checkTwo(t *testing.T, got []Entry) {
	t.Helper()
	if len(got) != 2 || got[0].Number != 1 || got[0].Start != 64 || got[0].Count != 64 || got[0].UUID[0] != 1 ||
		got[1].Number != 4 || got[1].Start != 128 || got[1].Count != 873 {
		t.Fatalf("%+v", got)
	}
	if s := string(got[1].Label[:got[1].LabelLen]); s != "dätä 𝄞" {
		t.Errorf("label %q", s)
	}
}

func TestGPT(t *testing.T) {
	for _, size := range []int{512, 4096} {
		kind, got, err := newGPT(size).scan(t)
		if kind != GPT || err != errno.OK {
			t.Fatal(kind, err)
		}
		checkTwo(t, got)
	}
}

func TestBackup(t *testing.T) {
	for name, damage := range map[string]func(d *disk){
		"header":          func(d *disk) { d.data[block+40]++ },
		"signature":       func(d *disk) { d.data[block]++ },
		"entries":         func(d *disk) { d.data[2*block+1]++ },
		"unreadable":      func(d *disk) { d.bad[1] = true },
		"entries unread":  func(d *disk) { d.bad[5] = true },
		"wrong place":     func(d *disk) { copy(d.data[block:2*block], d.data[2047*block:]) },
		"count too large": func(d *disk) { binary.LittleEndian.PutUint32(d.data[block+80:], 1<<30) },
	} {
		d := newGPT(block)
		damage(d)
		kind, got, err := d.scan(t)
		if kind != BackupGPT || err != errno.OK {
			t.Fatalf("%s: %v %v", name, kind, err)
		}
		checkTwo(t, got)
		d.data[2047*block+50]++
		if kind, got, _ = d.scan(t); kind != Damaged || got != nil {
			t.Errorf("%s: both damaged: %v %v", name, kind, got)
		}
	}
}

func mbrEntryAt(b []byte, i int, kind byte, start, count uint32) {
	e := b[446+16*i:]
	e[4] = kind
	binary.LittleEndian.PutUint32(e[8:], start)
	binary.LittleEndian.PutUint32(e[12:], count)
	b[510], b[511] = 0x55, 0xaa
}

func TestMBR(t *testing.T) {
	d := &disk{data: make([]byte, 1<<20), block: block}
	mbrEntryAt(d.data, 0, 0x83, 64, 64)
	mbrEntryAt(d.data, 1, 0x83, 100, 1<<30) // beyond the end
	mbrEntryAt(d.data, 2, 0x05, 1000, 1000)
	mbrEntryAt(d.data, 3, 0x82, 500, 10)
	mbrEntryAt(d.data[1000*block:], 0, 0x83, 1, 9)
	mbrEntryAt(d.data[1000*block:], 1, 0x05, 100, 50)
	mbrEntryAt(d.data[1100*block:], 0, 0x07, 2, 8)
	kind, got, err := d.scan(t)
	want := []Entry{{Number: 1, Start: 64, Count: 64, MBRType: 0x83}, {Number: 4, Start: 500, Count: 10, MBRType: 0x82},
		{Number: 5, Start: 1001, Count: 9, MBRType: 0x83}, {Number: 6, Start: 1102, Count: 8, MBRType: 0x07}}
	if kind != MBR || err != errno.OK || len(got) != len(want) {
		t.Fatal(kind, err, got)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
	// A chain that bites its tail ends.
	mbrEntryAt(d.data[1100*block:], 1, 0x05, 100, 50)
	d.reads = 0
	if _, got, _ = d.scan(t); len(got) != 2+maxLogical || d.reads > maxLogical+2 {
		t.Errorf("%d partitions, %d reads", len(got), d.reads)
	}
}

func TestNone(t *testing.T) {
	boot := make([]byte, 1<<16)
	for i := range boot[:510] {
		boot[i] = 0x90
	}
	boot[510], boot[511] = 0x55, 0xaa
	for name, data := range map[string][]byte{"zeroes": make([]byte, 1<<16), "boot code": boot} {
		d := &disk{data: data, block: block}
		if kind, got, err := d.scan(t); kind != None || got != nil || err != errno.OK {
			t.Error(name, kind, got, err)
		}
	}
}

func TestCRC(t *testing.T) {
	c := newCRC()
	c.add([]byte("1234"))
	c.add([]byte("56789"))
	if c.value() != 0xcbf43926 {
		t.Errorf("%08x", c.value())
	}
}

func TestParseGUID(t *testing.T) {
	var g [16]byte
	ok := ParseGUID(&g, "67616C66-7300-4B65-8E72-6E656C000003")
	if !ok || g != [16]byte{0x66, 0x6c, 0x61, 0x67, 0, 0x73, 0x65, 0x4b, 0x8e, 0x72, 0x6e, 0x65, 0x6c, 0, 0, 3} {
		t.Errorf("%x %v", g, ok)
	}
	for _, s := range []string{"", "67616c66", "67616C66-7300-4B65-8E72-6E656C00000x", "67616C66-7300-4B65-8E72-6E656C0000031",
		"6-7616C667300-4B65-8E72-6E656C000003", "67616C66--7300-4B65-8E72-6E656C000003"} {
		var g [16]byte
		if ParseGUID(&g, s) {
			t.Errorf("%q accepted", s)
		}
	}
}

// FuzzGPT: whatever a disk holds, a scan ends after a bounded number of reads and reports only partitions that lie on
// the disk.
func FuzzGPT(f *testing.F) {
	good := newGPT(block)
	f.Add(good.data[:block], good.data[block:2*block], good.data[2*block:4*block], uint8(0))
	f.Add(good.data[:block], good.data[block:2*block], good.data[2*block:4*block], uint8(1))
	m := make([]byte, block)
	mbrEntryAt(m, 0, 0x05, 1, 2000)
	f.Add(m, m, m, uint8(0))
	f.Fuzz(func(t *testing.T, first, header, entries []byte, repair uint8) {
		d := newGPT(block)
		copy(d.data, first[:min(len(first), block)])
		copy(d.data[block:], header[:min(len(header), block)])
		copy(d.data[2*block:], entries[:min(len(entries), 32*block)])
		if repair&1 != 0 { // let the fuzzer past the checksums
			fixChecksums(d.data)
		}
		total := uint64(len(d.data) / block)
		_, got, _ := d.scan(t)
		for _, e := range got {
			if e.Start == 0 || e.Count == 0 || e.Start >= total || e.Count > total-e.Start || e.LabelLen > len(e.Label) {
				t.Fatalf("%+v", e)
			}
		}
		if d.reads > 4*maxEntries*maxEntrySize/block {
			t.Fatalf("%d reads", d.reads)
		}
	})
}

func fixChecksums(data []byte) {
	le := binary.LittleEndian
	h := data[block : 2*block]
	at, n := le.Uint64(h[72:]), uint64(le.Uint32(h[80:]))*uint64(le.Uint32(h[84:]))
	if at < 2048 && n <= 2048*block-at*block {
		le.PutUint32(h[88:], crc32.ChecksumIEEE(data[at*block:][:n]))
	}
	size := le.Uint32(h[12:])
	if size <= block {
		le.PutUint32(h[16:], 0)
		le.PutUint32(h[16:], crc32.ChecksumIEEE(h[:size]))
	}
}
