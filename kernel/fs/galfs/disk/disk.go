// Package disk is galfs's on-disk format and nothing else: where things lie, how they are encoded, how they are
// checksummed. It allocates nothing, does no I/O and keeps no state, so that the kernel, the image builder and the
// checker share one truth. docs/galfs.md describes the same, byte by byte.
//
// All numbers are little-endian. Every metadata block begins with a magic number that says what it is and a CRC32C
// over the file system's UUID, the block's own number and the rest of the block: a stale, misdirected or foreign
// block is recognised. The one exception is the inode table, where each 256-byte inode carries its own checksum.
package disk

// Sizes and limits of the format.
const (
	BlockShift  = 12
	BlockSize   = 1 << BlockShift
	HeaderSize  = 32                           // common room for a metadata block's header
	BitmapBits  = (BlockSize - HeaderSize) * 8 // bits in a bitmap block: the most blocks a group can have
	InodeSize   = 256                          //
	InodesPerBl = BlockSize / InodeSize        //
	NameMax     = 255                          // bytes in a name
	LinkMax     = 65000                        // links to an inode, as ext4 (EMLINK beyond)
	RootIno     = 2                            // inode 1 is never used
	MaxLBlk     = 1<<32 - 2                    // last logical block of a file
	MaxFileSize = (MaxLBlk + 1) << BlockShift  // 16 TiB less a block
	MaxBlocks   = 1 << 32                      // blocks in a file system
	MinBlocks   = 512                          // 2 MiB
	Version     = 1                            //
	MaxSymlink  = 4095                         // bytes in a symbolic link's target
	descSize    = 32                           // bytes a group descriptor takes
	descHeader  = 32                           //
	DescsPerBl  = (BlockSize - descHeader) / descSize
)

// Magic numbers, at offset 0 of each kind of metadata block ("GAxx" read as bytes).
const (
	MagicSuper  = 0x42534147 // "GASB" superblock
	MagicGroups = 0x44474147 // "GAGD" group descriptors
	MagicBBM    = 0x42424147 // "GABB" block bitmap
	MagicIBM    = 0x42494147 // "GAIB" inode bitmap
	MagicExtent = 0x58454147 // "GAEX" extent tree node
	MagicDir    = 0x52494447 // "GDIR" directory node
	MagicLink   = 0x4c534147 // "GASL" long symbolic link
	MagicJSuper = 0x534a4147 // "GAJS" journal header
	MagicJDesc  = 0x444a4147 // "GAJD" journal descriptor
	MagicJRevk  = 0x524a4147 // "GAJR" journal revocation
	MagicJComm  = 0x434a4147 // "GAJC" journal commit record
)

// Kind says how a metadata block is checksummed.
type Kind uint8

// The kinds of metadata block.
const (
	KindBlock  Kind = iota // magic and CRC at offsets 0 and 4
	KindInodes             // sixteen inodes, each with its own CRC
)

// Common header offsets.
const (
	OffMagic = 0
	OffCRC   = 4
)

// BlockCRC computes the checksum of metadata block blk with content b. seed is Superblock.Seed.
func BlockCRC(seed uint32, blk uint64, b []byte) uint32 {
	b = b[:BlockSize]
	c := crc64(seed, blk)
	c = CRC(c, b[:OffCRC])
	return CRC(c, b[OffCRC+4:])
}

// Seal writes the checksums of a metadata block before it goes to the disk.
func Seal(seed uint32, kind Kind, blk uint64, b []byte) {
	if kind == KindInodes {
		for i := range InodesPerBl {
			SealInode(seed, blk, b[i*InodeSize:(i+1)*InodeSize])
		}
		return
	}
	Put32(b, OffCRC, BlockCRC(seed, blk, b))
}

// Verify checks a metadata block that was read: its magic and its checksum.
func Verify(seed uint32, magic uint32, blk uint64, b []byte) bool {
	return U32(b, OffMagic) == magic && U32(b, OffCRC) == BlockCRC(seed, blk, b)
}
