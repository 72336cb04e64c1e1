//go:build !galago

package galhost

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"galago/kernel/fs/galfs/disk"
)

// Device is where a file system lives: a disk image file, a part of one, or memory.
type Device interface {
	io.ReaderAt
	io.WriterAt
	Size() int64
	Sync() error
}

// fileDevice is a Device over a section of an open file.
type fileDevice struct {
	f         *os.File
	off, size int64
}

// File makes a Device of size bytes from offset off of an open file.
func File(f *os.File, off, size int64) Device { return &fileDevice{f, off, size} }

func (d *fileDevice) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(p)) > d.size {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := d.f.ReadAt(p, d.off+off)
	if err == io.EOF { // beyond the end of a file that is still growing
		clear(p[n:])
		n, err = len(p), nil
	}
	return n, err
}

func (d *fileDevice) WriteAt(p []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(p)) > d.size {
		return 0, io.ErrShortWrite
	}
	return d.f.WriteAt(p, d.off+off)
}

func (d *fileDevice) Size() int64 { return d.size }
func (d *fileDevice) Sync() error { return d.f.Sync() }

// FormatOptions are the choices of Format. With UUID and Time given, the same device size gives the same bytes.
type FormatOptions struct {
	UUID          [16]byte  // all zero: random
	Label         string    // up to 32 bytes
	Time          time.Time // of creation and of the root directory; zero: now
	JournalBlocks uint32    // 0: by the size of the device
	InodeRatio    int64     // bytes of space for each inode; 0: 8192
	RootMode      uint32    // permissions of the root directory; 0: 0755
	UID, GID      uint32    // owner of the root directory
}

// ErrTooSmall is returned by Format for a device that can not hold a file system.
var ErrTooSmall = errors.New("galfs: the device is too small")

// Format makes an empty file system that fills the device. What was on it is lost, though not overwritten: only the metadata in
// use and the journal are written.
func Format(dev Device, o FormatOptions) error {
	if o.UUID == ([16]byte{}) {
		if _, err := rand.Read(o.UUID[:]); err != nil {
			return err
		}
		o.UUID[6], o.UUID[8] = o.UUID[6]&0x0f|0x40, o.UUID[8]&0x3f|0x80 // RFC 4122 version 4
	}
	if o.Time.IsZero() {
		o.Time = time.Now()
	}
	if len(o.Label) > 32 {
		return errors.New("galfs: the label is longer than 32 bytes")
	}
	sb, err := plan(dev.Size(), &o)
	if err != nil {
		return err
	}
	w := formatter{dev: dev, sb: sb, o: &o}
	w.groups()
	w.root()
	w.journal()
	w.superblocks()
	if w.err != nil {
		return fmt.Errorf("galfs: format: %w", w.err)
	}
	return dev.Sync()
}

// plan decides on the geometry.
func plan(size int64, o *FormatOptions) (*disk.Superblock, error) {
	blocks := uint64(size / disk.BlockSize)
	if blocks < disk.MinBlocks {
		return nil, ErrTooSmall
	}
	blocks = min(blocks, disk.MaxBlocks)
	ratio := o.InodeRatio
	if ratio == 0 {
		ratio = 8192
	}
	sb := &disk.Superblock{Blocks: blocks, BlocksPerGroup: disk.BitmapBits, UUID: o.UUID, Created: o.Time.Unix()}
	first := min(blocks, disk.BitmapBits)
	inodes := int64(first) * disk.BlockSize / max(ratio, 1024)
	inodes = min(max(inodes, 64), disk.BitmapBits) / disk.InodesPerBl * disk.InodesPerBl
	sb.InodesPerGroup = uint32(inodes)
	sb.Groups = uint32((blocks + disk.BitmapBits - 1) / disk.BitmapBits)
	if last := sb.Groups - 1; last > 0 && uint64(sb.GroupBlocks(last)) < sb.DataStart(last)-sb.GroupStart(last)+64 {
		sb.Groups--
		sb.Blocks = uint64(sb.Groups) * disk.BitmapBits
	}
	sb.JBlocks = o.JournalBlocks
	if sb.JBlocks == 0 {
		sb.JBlocks = uint32(min(max(sb.Blocks/64, disk.MinJournal), 8192))
	}
	sb.JStart = sb.DataStart(0)
	if sb.JBlocks < disk.MinJournal || sb.JBlocks > disk.MaxJournal {
		return nil, fmt.Errorf("galfs: a journal has %d to %d blocks", disk.MinJournal, disk.MaxJournal)
	}
	if sb.JStart+uint64(sb.JBlocks)+16 > uint64(sb.GroupBlocks(0)) {
		return nil, ErrTooSmall
	}
	sb.Seed = disk.CRC(0, sb.UUID[:])
	sum := sha256.Sum256(append([]byte("galfs directory hash "), o.UUID[:]...))
	sb.HashSeed[0] = binary.LittleEndian.Uint64(sum[0:])
	sb.HashSeed[1] = binary.LittleEndian.Uint64(sum[8:])
	copy(sb.Label[:], o.Label)
	return sb, nil
}

// formatter writes the parts of an empty file system; the first error sticks.
type formatter struct {
	dev Device
	sb  *disk.Superblock
	o   *FormatOptions
	err error
}

func (w *formatter) write(blk uint64, b []byte) {
	if w.err == nil {
		_, w.err = w.dev.WriteAt(b[:disk.BlockSize], int64(blk)*disk.BlockSize)
	}
}

// groups writes bitmaps and descriptors.
func (w *formatter) groups() {
	sb := w.sb
	var desc []byte
	for g := range sb.Groups {
		base := sb.GroupStart(g)
		bbm := make([]byte, disk.BlockSize)
		disk.Put32(bbm, disk.OffMagic, disk.MagicBBM)
		disk.Put32(bbm, 8, g)
		used := uint32(sb.FirstData(g) - base)
		fillBits(bbm, 0, used)
		fillBits(bbm, sb.GroupBlocks(g), disk.BitmapBits)
		ibm := make([]byte, disk.BlockSize)
		disk.Put32(ibm, disk.OffMagic, disk.MagicIBM)
		disk.Put32(ibm, 8, g)
		fillBits(ibm, sb.InodesPerGroup, disk.BitmapBits)
		blk, off := sb.DescAt(g)
		if g%disk.DescsPerBl == 0 {
			desc = make([]byte, disk.BlockSize)
			disk.Put32(desc, disk.OffMagic, disk.MagicGroups)
		}
		d := desc[off:]
		disk.Put32(d, disk.GDFreeBlocks, sb.GroupBlocks(g)-used)
		disk.Put32(d, disk.GDFreeInodes, sb.InodesPerGroup)
		if g == 0 {
			fillBits(ibm, 0, disk.RootIno)
			disk.Put32(d, disk.GDFreeInodes, sb.InodesPerGroup-disk.RootIno)
			disk.Put32(d, disk.GDDirs, 1)
			disk.Put32(d, disk.GDTableInit, 1)
		}
		disk.Seal(sb.Seed, disk.KindBlock, sb.BlockBitmap(g), bbm)
		w.write(sb.BlockBitmap(g), bbm)
		disk.Seal(sb.Seed, disk.KindBlock, sb.InodeBitmap(g), ibm)
		w.write(sb.InodeBitmap(g), ibm)
		if g%disk.DescsPerBl == disk.DescsPerBl-1 || g == sb.Groups-1 {
			disk.Seal(sb.Seed, disk.KindBlock, blk, desc)
			w.write(blk, desc)
		}
	}
}

// fillBits sets bits [from, to) of a bitmap block.
func fillBits(b []byte, from, to uint32) {
	for i := from; i < to; i++ {
		b[disk.HeaderSize+i/8] |= 1 << (i % 8)
	}
}

// root writes the first inode table block with the root directory, which is empty.
func (w *formatter) root() {
	b := make([]byte, disk.BlockSize)
	blk, off := w.sb.InodeAt(disk.RootIno)
	in := b[off:]
	mode := w.o.RootMode & 0o7777
	if mode == 0 {
		mode = 0o755
	}
	disk.Put32(in, disk.InMode, disk.ModeDir|mode)
	disk.Put32(in, disk.InLinks, 2)
	disk.Put32(in, disk.InUID, w.o.UID)
	disk.Put32(in, disk.InGID, w.o.GID)
	disk.Put32(in, disk.InGen, 1)
	disk.Put32(in, disk.InParent, disk.RootIno)
	for _, f := range [][2]int{{disk.InATime, disk.InATimeNs}, {disk.InMTime, disk.InMTimeNs},
		{disk.InCTime, disk.InCTimeNs}, {disk.InBTime, disk.InBTimeNs}} {
		disk.Put64(in, f[0], uint64(w.o.Time.Unix()))
		disk.Put32(in, f[1], uint32(w.o.Time.Nanosecond()))
	}
	disk.Seal(w.sb.Seed, disk.KindInodes, blk, b)
	w.write(blk, b)
}

// journal writes an empty journal. Its blocks are cleared, unless they are zero already (a fresh image file): records
// of a former file system must never look like a continuation of this one's log.
func (w *formatter) journal() {
	const chunk = 256
	buf, zero := make([]byte, chunk*disk.BlockSize), make([]byte, chunk*disk.BlockSize)
	for pos := uint32(0); pos < w.sb.JBlocks && w.err == nil; pos += chunk {
		n := int64(min(chunk, w.sb.JBlocks-pos)) * disk.BlockSize
		at := int64(w.sb.JStart+uint64(pos)) * disk.BlockSize
		if _, err := w.dev.ReadAt(buf[:n], at); err != nil || string(buf[:n]) != string(zero[:n]) {
			_, w.err = w.dev.WriteAt(zero[:n], at)
		}
	}
	b := make([]byte, disk.BlockSize)
	w.sb.PutJournalHeader(b, 1, 1)
	w.write(w.sb.JStart, b)
}

// superblocks writes the primary and its copies, last, so that an interrupted Format leaves nothing that mounts.
func (w *formatter) superblocks() {
	b := make([]byte, disk.BlockSize)
	for g := w.sb.Groups; g > 0; g-- {
		if !disk.HasSuper(g - 1) {
			continue
		}
		w.sb.Copy = g - 1
		blk := w.sb.GroupStart(g - 1)
		w.sb.Put(b, blk)
		w.write(blk, b)
	}
}
