// Package partition reads partition tables: GUID partition tables (UEFI 2.10 chapter 5) and the older MBR with its
// chain of extended partitions. It sees a disk as numbered blocks and knows nothing of devices.
//
// A disk is hostile: positions and counts are checked against the disk's size before they are used, and every loop has
// a bound that does not depend on the disk.
package partition

import "galago/kernel/errno"

// ReadFunc reads block lba of the disk into buf, which is one block long.
type ReadFunc func(lba uint64, buf []byte) errno.Errno

// Entry is one partition, in blocks of the disk.
type Entry struct {
	Number       int // from 1
	Start, Count uint64
	Type, UUID   [16]byte // GPT only; as stored
	MBRType      uint8    // MBR only
	Label        [108]byte
	LabelLen     int
}

// Kind is what a disk was found to have.
type Kind uint8

// The kinds. Damaged: there is a protective MBR, but neither copy of the GPT is right.
const (
	None Kind = iota
	MBR
	GPT
	BackupGPT // the first copy is damaged, the second one serves
	Damaged
)

// Scan reads the partition table of a disk of the given number of blocks and calls found for each partition. buf is one
// block long: 512 to 4096 bytes.
func Scan(read ReadFunc, blocks uint64, buf []byte, found func(e Entry)) (Kind, errno.Errno) {
	if len(buf) < mbrSize || len(buf)&(len(buf)-1) != 0 || blocks < 1 {
		return None, errno.EINVAL
	}
	if err := read(0, buf); err != errno.OK {
		return None, err
	}
	switch classify(buf) {
	case MBR:
		return MBR, scanMBR(read, blocks, buf, found)
	case GPT:
		return scanGPT(read, blocks, buf, found)
	}
	return None, errno.OK
}

func le16(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 }
func le32(b []byte) uint32 { return uint32(le16(b)) | uint32(le16(b[2:]))<<16 }
func le64(b []byte) uint64 { return uint64(le32(b)) | uint64(le32(b[4:]))<<32 }
