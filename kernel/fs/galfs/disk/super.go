package disk

// Superblock offsets (block 0, and block 0 of some groups as a backup).
const (
	sbVersion  = 8
	sbBlockLog = 12
	sbBlocks   = 16
	sbBPG      = 24
	sbIPG      = 28
	sbGroups   = 32
	sbState    = 36
	sbJStart   = 40
	sbJBlocks  = 48
	sbOrphan   = 52
	sbMounts   = 56
	sbCopy     = 60
	sbUUID     = 64
	sbSeed     = 80
	sbLabel    = 96
	sbCreated  = 128
	sbMounted  = 136
	sbIncompat = 144
	sbROCompat = 152
)

// State bits of a superblock.
const (
	StateMounted = 1 << iota // not unmounted cleanly since the last mount; informational, the journal decides
	StateErrors              // an inconsistency was met; a check is due
)

// Superblock is the decoded superblock.
type Superblock struct {
	Blocks         uint64 // blocks in the file system
	BlocksPerGroup uint32
	InodesPerGroup uint32
	Groups         uint32
	State          uint32
	JStart         uint64 // first block of the journal
	JBlocks        uint32 // its length
	Orphan         uint32 // first inode of the orphan list, 0 = none
	Mounts         uint32
	Copy           uint32 // group whose first block this copy is
	UUID           [16]byte
	HashSeed       [2]uint64
	Label          [32]byte
	Created        int64 // seconds since 1970
	Mounted        int64
	Seed           uint32 // CRC of the UUID: seed of all other checksums (not stored)
}

// Put encodes s into block b and seals it as the copy at block blk.
func (s *Superblock) Put(b []byte, blk uint64) {
	clear(b[:BlockSize])
	Put32(b, OffMagic, MagicSuper)
	Put32(b, sbVersion, Version)
	Put32(b, sbBlockLog, BlockShift)
	Put64(b, sbBlocks, s.Blocks)
	Put32(b, sbBPG, s.BlocksPerGroup)
	Put32(b, sbIPG, s.InodesPerGroup)
	Put32(b, sbGroups, s.Groups)
	Put32(b, sbState, s.State)
	Put64(b, sbJStart, s.JStart)
	Put32(b, sbJBlocks, s.JBlocks)
	Put32(b, sbOrphan, s.Orphan)
	Put32(b, sbMounts, s.Mounts)
	Put32(b, sbCopy, s.Copy)
	copy(b[sbUUID:], s.UUID[:])
	Put64(b, sbSeed, s.HashSeed[0])
	Put64(b, sbSeed+8, s.HashSeed[1])
	copy(b[sbLabel:], s.Label[:])
	Put64(b, sbCreated, uint64(s.Created))
	Put64(b, sbMounted, uint64(s.Mounted))
	Put32(b, OffCRC, BlockCRC(CRC(0, s.UUID[:]), blk, b))
}

// SBError says why a superblock is not usable.
type SBError uint8

// What Get may find.
const (
	SBOK        SBError = iota
	SBMagic             // not galfs at all
	SBChecksum          // galfs, but damaged
	SBVersion           // a version or feature this code does not know
	SBGeometry          // checksummed nonsense
	SBTooBig            // larger than the device
	SBROFeature         // usable read-only: unknown compatible-for-reading features
)

func (e SBError) String() string {
	switch e {
	case SBOK:
		return "ok"
	case SBMagic:
		return "bad magic number"
	case SBChecksum:
		return "bad checksum"
	case SBVersion:
		return "unknown version or feature"
	case SBGeometry:
		return "impossible geometry"
	case SBTooBig:
		return "larger than the device"
	}
	return "unknown read-only feature"
}

// Get decodes and checks the copy at block blk of a device of devBlocks blocks. Nothing after a successful Get
// needs to doubt the geometry again.
func (s *Superblock) Get(b []byte, blk, devBlocks uint64) SBError {
	if U32(b, OffMagic) != MagicSuper {
		return SBMagic
	}
	copy(s.UUID[:], b[sbUUID:])
	s.Seed = CRC(0, s.UUID[:])
	if U32(b, OffCRC) != BlockCRC(s.Seed, blk, b) {
		return SBChecksum
	}
	if U32(b, sbVersion) != Version || U32(b, sbBlockLog) != BlockShift || U64(b, sbIncompat) != 0 {
		return SBVersion
	}
	s.Blocks = U64(b, sbBlocks)
	s.BlocksPerGroup = U32(b, sbBPG)
	s.InodesPerGroup = U32(b, sbIPG)
	s.Groups = U32(b, sbGroups)
	s.State = U32(b, sbState)
	s.JStart = U64(b, sbJStart)
	s.JBlocks = U32(b, sbJBlocks)
	s.Orphan = U32(b, sbOrphan)
	s.Mounts = U32(b, sbMounts)
	s.Copy = U32(b, sbCopy)
	s.HashSeed[0], s.HashSeed[1] = U64(b, sbSeed), U64(b, sbSeed+8)
	copy(s.Label[:], b[sbLabel:])
	s.Created = int64(U64(b, sbCreated))
	s.Mounted = int64(U64(b, sbMounted))
	if s.checkGeometry() != SBOK {
		return SBGeometry
	}
	if s.Blocks > devBlocks {
		return SBTooBig
	}
	if U64(b, sbROCompat) != 0 {
		return SBROFeature
	}
	return SBOK
}

func (s *Superblock) checkGeometry() SBError {
	bad := s.Blocks < MinBlocks || s.Blocks > MaxBlocks ||
		s.BlocksPerGroup < MinBlocks || s.BlocksPerGroup > BitmapBits ||
		s.InodesPerGroup < InodesPerBl || s.InodesPerGroup > BitmapBits || s.InodesPerGroup%InodesPerBl != 0
	if bad {
		return SBGeometry
	}
	groups := (s.Blocks + uint64(s.BlocksPerGroup) - 1) / uint64(s.BlocksPerGroup)
	if groups != uint64(s.Groups) || groups*uint64(s.InodesPerGroup) > 1<<32-2 {
		return SBGeometry
	}
	last := s.Groups - 1
	if s.DataStart(last) >= s.GroupStart(last)+uint64(s.GroupBlocks(last)) || s.DataStart(0) >= uint64(s.GroupBlocks(0)) {
		return SBGeometry
	}
	if s.JStart != s.DataStart(0) || s.JBlocks < MinJournal || s.JBlocks > MaxJournal ||
		s.JStart+uint64(s.JBlocks) > uint64(s.GroupBlocks(0)) {
		return SBGeometry
	}
	if s.Orphan != 0 && !s.ValidIno(s.Orphan) {
		return SBGeometry
	}
	return SBOK
}

// SameVolume tells whether two superblocks describe the same geometry, journal and checksums.
func (s *Superblock) SameVolume(t *Superblock) bool {
	return s.Blocks == t.Blocks && s.BlocksPerGroup == t.BlocksPerGroup && s.InodesPerGroup == t.InodesPerGroup &&
		s.JStart == t.JStart && s.JBlocks == t.JBlocks && s.UUID == t.UUID
}

// PutOrphan changes the orphan list's head in an encoded superblock (sealed later, with its transaction).
func PutOrphan(b []byte, ino uint32) { Put32(b, sbOrphan, ino) }

// PutState changes the state and mount bookkeeping in an encoded superblock.
func PutState(b []byte, state, mounts uint32, mounted int64) {
	Put32(b, sbState, state)
	Put32(b, sbMounts, mounts)
	Put64(b, sbMounted, uint64(mounted))
}

// Geometry: everything below follows from four numbers, so there is no pointer on the disk to be wrong.
//
//	group g: [superblock copy, if HasSuper(g)] [group 0: descriptor blocks] block bitmap, inode bitmap,
//	         inode table, [group 0: journal], data

// GroupStart returns the first block of group g.
func (s *Superblock) GroupStart(g uint32) uint64 { return uint64(g) * uint64(s.BlocksPerGroup) }

// GroupBlocks returns the number of blocks in group g (the last may be short).
func (s *Superblock) GroupBlocks(g uint32) uint32 {
	if left := s.Blocks - s.GroupStart(g); left < uint64(s.BlocksPerGroup) {
		return uint32(left)
	}
	return s.BlocksPerGroup
}

// DescBlocks returns the number of group descriptor blocks; they follow the primary superblock.
func (s *Superblock) DescBlocks() uint32 { return (s.Groups + DescsPerBl - 1) / DescsPerBl }

// HasSuper reports whether group g begins with a superblock: groups 0, 1 and the powers of 3, 5 and 7, as ext4's
// sparse_super, so that copies are few but spread.
func HasSuper(g uint32) bool {
	if g <= 1 {
		return true
	}
	for _, p := range [...]uint32{3, 5, 7} {
		n := uint64(p)
		for n < uint64(g) {
			n *= uint64(p)
		}
		if n == uint64(g) {
			return true
		}
	}
	return false
}

// BlockBitmap returns the block of group g's block bitmap.
func (s *Superblock) BlockBitmap(g uint32) uint64 {
	b := s.GroupStart(g)
	if HasSuper(g) {
		b++
	}
	if g == 0 {
		b += uint64(s.DescBlocks())
	}
	return b
}

// InodeBitmap returns the block of group g's inode bitmap.
func (s *Superblock) InodeBitmap(g uint32) uint64 { return s.BlockBitmap(g) + 1 }

// InodeTable returns the first block of group g's inode table.
func (s *Superblock) InodeTable(g uint32) uint64 { return s.BlockBitmap(g) + 2 }

// TableBlocks returns the length of a group's inode table.
func (s *Superblock) TableBlocks() uint32 { return s.InodesPerGroup / InodesPerBl }

// DataStart returns the first block after group g's inode table.
func (s *Superblock) DataStart(g uint32) uint64 { return s.InodeTable(g) + uint64(s.TableBlocks()) }

// FirstData returns the first block of group g that files may own.
func (s *Superblock) FirstData(g uint32) uint64 {
	b := s.DataStart(g)
	if g == 0 {
		b += uint64(s.JBlocks)
	}
	return b
}

// ValidData reports whether n blocks from blk all belong to files: inside one or more groups, not metadata.
// A run may cross groups only if it touches no group's metadata, which each group's head makes impossible; so
// it must lie in one group.
func (s *Superblock) ValidData(blk uint64, n uint32) bool {
	if n == 0 || blk >= s.Blocks || s.Blocks-blk < uint64(n) {
		return false
	}
	g := uint32(blk / uint64(s.BlocksPerGroup))
	return blk >= s.FirstData(g) && blk+uint64(n) <= s.GroupStart(g)+uint64(s.GroupBlocks(g))
}

// GroupOf returns the group of a block.
func (s *Superblock) GroupOf(blk uint64) uint32 { return uint32(blk / uint64(s.BlocksPerGroup)) }

// Inodes returns the number of inodes.
func (s *Superblock) Inodes() uint64 { return uint64(s.Groups) * uint64(s.InodesPerGroup) }

// ValidIno reports whether ino may be in use (inode numbers start at 1, of which the first is reserved).
func (s *Superblock) ValidIno(ino uint32) bool {
	return ino >= RootIno && uint64(ino) <= s.Inodes()
}

// InodeAt returns the block and the offset in it of a valid inode.
func (s *Superblock) InodeAt(ino uint32) (blk uint64, off int) {
	g := (ino - 1) / s.InodesPerGroup
	i := (ino - 1) % s.InodesPerGroup
	return s.InodeTable(g) + uint64(i/InodesPerBl), int(i%InodesPerBl) * InodeSize
}

// DescAt returns the block and the offset in it of group g's descriptor.
func (s *Superblock) DescAt(g uint32) (blk uint64, off int) {
	return 1 + uint64(g/DescsPerBl), descHeader + int(g%DescsPerBl)*descSize
}

// Fields of a group descriptor, relative to DescAt's offset.
const (
	GDFreeBlocks = 0  // u32 clear bits in the block bitmap
	GDFreeInodes = 4  // u32 clear bits in the inode bitmap
	GDDirs       = 8  // u32 directories among its inodes
	GDTableInit  = 12 // u32 inode table blocks ever written; the rest of the table was never initialised
)

// OrphanHead returns the head of the orphan list from an encoded superblock.
func OrphanHead(b []byte) uint32 { return U32(b, sbOrphan) }
