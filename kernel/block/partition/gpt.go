package partition

import (
	"galago/kernel/ds"
	"galago/kernel/errno"
)

// Layout of the header (UEFI 2.10 table 5.5) and of an entry (table 5.6).
const (
	hdrRevision  = 8
	hdrSize      = 12
	hdrCRC       = 16
	hdrMyLBA     = 24
	hdrOtherLBA  = 32
	hdrFirst     = 40
	hdrLast      = 48
	hdrEntryLBA  = 72
	hdrNum       = 80
	hdrEntrySize = 84
	hdrEntryCRC  = 88
	hdrMin       = 92

	entUUID  = 16
	entStart = 32
	entEnd   = 40
	entName  = 56
	entMin   = 128

	// maxEntries is more than any tool writes; 128 is usual.
	maxEntries   = 1024
	maxEntrySize = 512
)

const signature = "EFI PART"

// gpt is a header that has been checked.
type gpt struct {
	first, last uint64 // blocks that partitions may use
	other       uint64
	entries     uint64
	num         uint32
	size        uint32
	crc         uint32
}

// scanGPT uses the first table that is right: the one at the start of the disk, or the backup, which is where the first
// header says if that much of it is right, else at the end.
func scanGPT(read ReadFunc, blocks uint64, buf []byte, found func(e Entry)) (Kind, errno.Errno) {
	g, ok, err := readGPT(read, blocks, 1, buf)
	if ok {
		return GPT, g.report(read, buf, found)
	}
	backup := blocks - 1
	if g.other > 1 && g.other < blocks {
		backup = g.other
	}
	for range 2 {
		var err2 errno.Errno
		if g, ok, err2 = readGPT(read, blocks, backup, buf); ok {
			return BackupGPT, g.report(read, buf, found)
		}
		if err == errno.OK {
			err = err2
		}
		if backup == blocks-1 {
			break
		}
		backup = blocks - 1
	}
	return Damaged, err
}

// readGPT reads and checks the header at lba and the checksum of its entries. If only the entries are wrong, g.other is
// set nevertheless.
func readGPT(read ReadFunc, blocks, lba uint64, buf []byte) (g gpt, ok bool, err errno.Errno) {
	if lba >= blocks {
		return g, false, errno.OK
	}
	if err := read(lba, buf); err != errno.OK {
		return g, false, err
	}
	if !g.parse(buf, blocks, lba) {
		return g, false, errno.OK
	}
	sum, err := g.checksum(read, buf)
	return g, err == errno.OK && sum == g.crc, err
}

// parse checks a header: signature, checksum, and that all it points to is on the disk.
func (g *gpt) parse(b []byte, blocks, lba uint64) bool {
	n := le32(b[hdrSize:])
	if string(b[:8]) != signature || n < hdrMin || n > uint32(len(b)) || le32(b[hdrRevision:]) != 0x10000 {
		return false
	}
	sum := newCRC()
	sum.add(b[:hdrCRC])
	sum.add(zeroes[:4])
	sum.add(b[hdrCRC+4 : n])
	if sum.value() != le32(b[hdrCRC:]) || le64(b[hdrMyLBA:]) != lba {
		return false
	}
	h := gpt{le64(b[hdrFirst:]), le64(b[hdrLast:]), le64(b[hdrOtherLBA:]), le64(b[hdrEntryLBA:]),
		le32(b[hdrNum:]), le32(b[hdrEntrySize:]), le32(b[hdrEntryCRC:])}
	const firstPossible = 2 // behind the protective MBR and the header
	if h.first < firstPossible || h.first > h.last || h.last >= blocks || h.num > maxEntries ||
		h.size < entMin || h.size > maxEntrySize || h.size&(h.size-1) != 0 {
		return false
	}
	if h.entries < 2 || h.entries >= blocks || h.arrayBlocks(len(b)) > blocks-h.entries {
		return false
	}
	*g = h
	return true
}

func (g *gpt) arrayBlocks(block int) uint64 {
	return (uint64(g.num)*uint64(g.size) + uint64(block) - 1) / uint64(block)
}

// checksum computes the checksum of the array of entries.
func (g *gpt) checksum(read ReadFunc, buf []byte) (uint32, errno.Errno) {
	sum := newCRC()
	left := int(g.num * g.size)
	for i := uint64(0); left > 0; i++ {
		if err := read(g.entries+i, buf); err != errno.OK {
			return 0, err
		}
		n := min(left, len(buf))
		sum.add(buf[:n])
		left -= n
	}
	return sum.value(), errno.OK
}

// report calls found for each entry in use.
func (g *gpt) report(read ReadFunc, buf []byte, found func(e Entry)) errno.Errno {
	per := len(buf) / int(g.size)
	for i := range int(g.num) {
		if i%per == 0 {
			if err := read(g.entries+uint64(i/per), buf); err != errno.OK {
				return err
			}
		}
		b := buf[i%per*int(g.size):][:entMin]
		start, end := le64(b[entStart:]), le64(b[entEnd:])
		if string(b[:16]) == string(zeroes[:]) || start < g.first || start > end || end > g.last {
			continue
		}
		e := Entry{Number: i + 1, Start: start, Count: end - start + 1}
		ds.Copy16(&e.Type, (*[16]byte)(b))
		ds.Copy16(&e.UUID, (*[16]byte)(b[entUUID:]))
		e.setLabel(b[entName:entMin])
		found(e)
	}
	return errno.OK
}

var zeroes [16]byte

// setLabel converts the name from UTF-16 to UTF-8. 36 units become at most 108 bytes.
func (e *Entry) setLabel(b []byte) {
	for i := 0; i+1 < len(b); i += 2 {
		u := rune(le16(b[i:]))
		if u == 0 {
			return
		}
		if u >= 0xd800 && u < 0xe000 {
			lo := rune(0)
			if i+3 < len(b) {
				lo = rune(le16(b[i+2:]))
			}
			if u < 0xdc00 && lo >= 0xdc00 && lo < 0xe000 {
				u = 0x10000 + (u-0xd800)<<10 + (lo - 0xdc00)
				i += 2
			} else {
				u = 0xfffd
			}
		}
		e.appendRune(u)
	}
}

func (e *Entry) appendRune(u rune) {
	add := func(c rune) {
		e.Label[e.LabelLen] = byte(c)
		e.LabelLen++
	}
	switch {
	case u < 0x80:
		add(u)
	case u < 0x800:
		add(0xc0 | u>>6)
		add(0x80 | u&0x3f)
	case u < 0x10000:
		add(0xe0 | u>>12)
		add(0x80 | u>>6&0x3f)
		add(0x80 | u&0x3f)
	default:
		add(0xf0 | u>>18)
		add(0x80 | u>>12&0x3f)
		add(0x80 | u>>6&0x3f)
		add(0x80 | u&0x3f)
	}
}

// ParseGUID reads a GUID's text form into g, which is zero, in the form in which tables store it: the first three fields little endian.
func ParseGUID(g *[16]byte, s string) bool {
	order := [16]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}
	n := 0
	for i := 0; i < len(s); i++ {
		if (n == 8 || n == 12 || n == 16 || n == 20) && s[i] == '-' && i > 0 && s[i-1] != '-' {
			continue
		}
		v, digit := hexDigit(s[i])
		if !digit || n == 32 {
			return false
		}
		g[order[n/2]] = g[order[n/2]]<<4 | v
		n++
	}
	return n == 32
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
