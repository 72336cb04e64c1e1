package partition

import "galago/kernel/errno"

// The MBR (UEFI 2.10 §5.2): four entries of 16 bytes at 446 and a signature.
const (
	mbrSize       = 512
	mbrEntries    = 446
	mbrSignature  = 510
	mbrProtective = 0xee
	maxLogical    = 60
)

// mbrEntry is an entry of an MBR or of a link in the chain of an extended partition.
type mbrEntry struct {
	status, kind uint8
	start, count uint64
}

func readMBR(b []byte, i int) mbrEntry {
	e := b[mbrEntries+16*i:]
	return mbrEntry{e[0], e[4], uint64(le32(e[8:])), uint64(le32(e[12:]))}
}

func isSigned(b []byte) bool { return le16(b[mbrSignature:]) == 0xaa55 }

func (e *mbrEntry) extended() bool { return e.kind == 0x05 || e.kind == 0x0f || e.kind == 0x85 }

// classify tells what the first block announces. A boot sector without partitions has the signature too, but code where
// the entries would be: their status bytes betray it.
func classify(b []byte) Kind {
	if !isSigned(b) {
		return None
	}
	kind := None
	for i := range 4 {
		e := readMBR(b, i)
		if e.status&0x7f != 0 {
			return None
		}
		if e.kind == mbrProtective {
			return GPT
		}
		if e.kind != 0 && e.count > 0 {
			kind = MBR
		}
	}
	return kind
}

// scanMBR reports the four primary partitions, those that are used, and from number 5 on the logical ones.
func scanMBR(read ReadFunc, blocks uint64, buf []byte, found func(e Entry)) errno.Errno {
	ext := uint64(0)
	extCount := uint64(0)
	for i := range 4 {
		e := readMBR(buf, i)
		if e.kind == 0 || e.count == 0 || e.start == 0 || e.start >= blocks || e.count > blocks-e.start {
			continue
		}
		if e.extended() {
			if ext == 0 {
				ext, extCount = e.start, e.count
			}
			continue
		}
		found(Entry{Number: i + 1, Start: e.start, Count: e.count, MBRType: e.kind})
	}
	if ext == 0 {
		return errno.OK
	}
	return scanLogical(read, ext, extCount, buf, found)
}

// scanLogical follows the chain in an extended partition: each link's first entry is a partition relative to the link,
// the second the next link relative to the extended partition.
func scanLogical(read ReadFunc, ext, count uint64, buf []byte, found func(e Entry)) errno.Errno {
	at := uint64(0)
	for n := range maxLogical {
		if err := read(ext+at, buf); err != errno.OK {
			return err
		}
		if !isSigned(buf) {
			break
		}
		e, next := readMBR(buf, 0), readMBR(buf, 1)
		if start := at + e.start; e.kind != 0 && e.start > 0 && e.count > 0 && start < count && e.count <= count-start {
			found(Entry{Number: 5 + n, Start: ext + start, Count: e.count, MBRType: e.kind})
		}
		if !next.extended() || next.start == 0 || next.start >= count {
			break
		}
		at = next.start
	}
	return errno.OK
}
