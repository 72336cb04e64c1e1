package disk

// Journal: block 0 of the journal's run is its header, the others are a ring that transactions are appended to.
//
//	transaction = { descriptor, the blocks it lists } …, revocation …, commit record
//
// Journal blocks are checksummed like any metadata block, by their place. Block copies are stored as they are: they can not
// be mistaken for a header, since only descriptors say where headers are.
const (
	MinJournal = 128
	MaxJournal = 16384
	MaxSeq     = 1 << 62 // the largest sequence number that the header may have, so that counting never wraps

	JSSeq  = 8  // header: u64 sequence number expected at the tail
	JSTail = 16 // header: u32 journal block of the first transaction to replay
	JSLen  = 20 // header: u32 journal blocks, as the superblock says

	JHSeq   = 8  // all log blocks: u64 sequence number
	JHCount = 16 // descriptor, revocation: u32 entries; commit: u32 log blocks before it in this transaction
	JHChain = 20 // commit: u32 CRC over the CRC fields of the transaction's descriptors and revocations
	JHTime  = 24 // commit: i64 wall clock seconds

	JDSize  = 16 // descriptor entry: u64 home block, u32 CRC32C of the copy, u32 zero
	JDHome  = 0
	JDCRC   = 8
	JDCount = (BlockSize - HeaderSize) / JDSize
	JRCount = (BlockSize - HeaderSize) / 8 // revocation entry: u64 block
)

// CopyCRC is the checksum a descriptor keeps of a block copy in transaction seq.
func CopyCRC(seed uint32, seq uint64, b []byte) uint32 { return CRC(crc64(seed, seq), b[:BlockSize]) }

// Chain continues a transaction's chain checksum over a sealed header block. It ties the commit record to the contents,
// so that a record left over from an earlier attempt under the same sequence number is not taken for this one's.
func Chain(chain uint32, b []byte) uint32 { return CRC(chain, b[OffCRC:OffCRC+4]) }

// PutJournalHeader encodes and seals the journal's header: the log begins at block pos with transaction seq.
func (s *Superblock) PutJournalHeader(b []byte, seq uint64, pos uint32) {
	clear(b[:BlockSize])
	Put32(b, OffMagic, MagicJSuper)
	Put64(b, JSSeq, seq)
	Put32(b, JSTail, pos)
	Put32(b, JSLen, s.JBlocks)
	Seal(s.Seed, KindBlock, s.JStart, b)
}
