package disk

// Inode offsets within its 256 bytes.
const (
	InMode    = 0x00 // u32 file type and permissions, as stat's st_mode; 0 = free
	InLinks   = 0x04 // u32
	InUID     = 0x08 // u32
	InGID     = 0x0c // u32
	InSize    = 0x10 // u64 bytes
	InBlocks  = 0x18 // u64 blocks of 4 KiB, those of the extent tree included
	InATime   = 0x20 // i64 seconds
	InMTime   = 0x28
	InCTime   = 0x30
	InBTime   = 0x38
	InATimeNs = 0x40 // u32 nanoseconds
	InMTimeNs = 0x44
	InCTimeNs = 0x48
	InBTimeNs = 0x4c
	InGen     = 0x50 // u32 generation, one more at each reuse
	InParent  = 0x54 // u32 directories: inode of the parent
	InRdev    = 0x58 // u64 device number
	InOrphan  = 0x60 // u32 next inode of the orphan list
	InDepth   = 0x64 // u16 levels of nodes below the root; directories: levels of index blocks
	InCount   = 0x66 // u16 entries used in the root
	InRoot    = 0x70 // 128 bytes: extent root, fast symbolic link or directory root
	InRootLen = 128
	InCRC     = 0xfc // u32
)

// Mode bits (POSIX <sys/stat.h>, Linux values).
const (
	ModeFmt  = 0o170000
	ModeSock = 0o140000
	ModeLink = 0o120000
	ModeReg  = 0o100000
	ModeBlk  = 0o060000
	ModeDir  = 0o040000
	ModeChr  = 0o020000
	ModeFIFO = 0o010000
)

// InodeCRC computes the checksum of the inode in raw, which lies in inode table block blk.
func InodeCRC(seed uint32, blk uint64, raw []byte) uint32 {
	return CRC(crc64(seed, blk), raw[:InCRC])
}

// SealInode writes an inode's checksum. A never-used slot stays all zero.
func SealInode(seed uint32, blk uint64, raw []byte) { Put32(raw, InCRC, InodeCRC(seed, blk, raw)) }

// FileType returns the directory entry type (DT_*, Linux values) of a mode.
func FileType(mode uint32) uint8 { return uint8(mode & ModeFmt >> 12) }

// ValidType reports whether mode names a type of file that exists.
func ValidType(mode uint32) bool {
	switch mode & ModeFmt {
	case ModeSock, ModeLink, ModeReg, ModeBlk, ModeDir, ModeChr, ModeFIFO:
		return true
	}
	return false
}

// Extents: a root of up to RootExtents entries in the inode; with InDepth > 0 the entries point to nodes.
//
//	leaf entry:  u32 first logical block, u32 length, u64 first physical block
//	index entry: u32 first logical block, u32 zero,   u64 node
const (
	ExtentSize   = 16
	RootExtents  = InRootLen / ExtentSize
	NodeExtents  = (BlockSize - HeaderSize) / ExtentSize
	MaxExtentLen = 32768
	MaxDepth     = 5 // of extent trees and of directories

	ExLBlk = 0
	ExLen  = 4
	ExPBlk = 8
)

// Tree node header (extent nodes and directory nodes).
const (
	NodeOwner = 8  // u32 inode
	NodeGen   = 12 // u32 its generation
	NodeDepth = 16 // u16 levels below this node
	NodeCount = 18 // u16 entries
	NodeHeap  = 20 // u16 directory leaves: lowest byte in use by names
	NodeDead  = 22 // u16 directory leaves: bytes lost to removed names
)

// Directories: a B+tree keyed by hash whose nodes are blocks. InRoot holds the root's block (u64, 0 = no entries).
//
//	index entry: u64 lowest hash, u64 node
//	leaf slot:   u64 hash, u32 inode, u16 offset of the name, u8 its length, u8 type; slots are sorted by hash,
//	             names are packed from the end of the block downwards
const (
	DirEntSize  = 16
	DirEntries  = (BlockSize - HeaderSize) / DirEntSize
	DeHash      = 0
	DeIno       = 8
	DeOff       = 12
	DeLen       = 14
	DeType      = 15
	IxHash      = 0
	IxBlk       = 8
	LongLinkLen = 8 // u32 in the header of a MagicLink block
	LongLinkOff = HeaderSize
)
