package disk

// LogEntry is one slot of the table that ScanLog fills: the newest committed copy of block Home is journal block Pos.
// Pos 0 is an empty slot, LogGone one whose entry was revoked.
type LogEntry struct {
	Home uint64
	Pos  uint32
	_    uint32
}

// LogGone marks a revoked table slot.
const LogGone = ^uint32(0)

// LogReader is where the blocks of a journal come from.
type LogReader interface {
	// ReadLog reads a block of the device into b, which is one of Log's scratch blocks; false on an I/O error.
	ReadLog(blk uint64, b []byte) bool
}

// Log reads a journal. The caller provides the memory and the way to read blocks; the same code replays in the kernel
// and lets the checker look through a journal that was not replayed.
type Log struct {
	SB    *Superblock
	Dev   LogReader
	Table []LogEntry // at least TableSize entries, zeroed
	Block []byte     // two scratch blocks
	Copy  []byte

	Tail    uint32 // after Scan: where the log begins
	NextSeq uint64 // after Scan: the first sequence number not found
	Txs     int    // transactions found
	Live    int    // copies to be written home
}

// LogError says how a scan failed.
type LogError uint8

// What Scan may find.
const (
	LogOK     LogError = iota
	LogIO              // a block could not be read
	LogHeader          // the journal's header is damaged
)

// TableSize returns the number of table entries that a journal of n blocks can need: a power of two with half of
// the slots free.
func TableSize(n uint32) uint32 {
	s := uint32(64)
	for s < 2*n {
		s *= 2
	}
	return s
}

// at returns the device block of journal block pos.
func (l *Log) at(pos uint32) uint64 { return l.SB.JStart + uint64(pos) }

// next returns the journal block after pos in the ring.
func (l *Log) next(pos uint32) uint32 {
	if pos++; pos >= l.SB.JBlocks {
		return 1
	}
	return pos
}

// Scan follows the log from its tail. It ends at the first block that is not what the log promises (another
// sequence number, a bad checksum, an impossible address): from there on nothing was committed.
func (l *Log) Scan() LogError {
	if !l.Dev.ReadLog(l.at(0), l.Block) {
		return LogIO
	}
	tail := U32(l.Block, JSTail)
	l.NextSeq = U64(l.Block, JSSeq)
	if !Verify(l.SB.Seed, MagicJSuper, l.at(0), l.Block) || l.NextSeq == 0 || l.NextSeq > MaxSeq || tail == 0 || tail >= l.SB.JBlocks ||
		U32(l.Block, JSLen) != l.SB.JBlocks {
		return LogHeader
	}
	l.Tail = tail
	left := l.SB.JBlocks - 1
	for left > 0 {
		used, err := l.verifyTx(tail, left)
		if err != LogOK {
			return err
		}
		if used == 0 {
			break
		}
		if err := l.applyTx(tail, used); err != LogOK {
			return err
		}
		for range used {
			tail = l.next(tail)
		}
		left -= used
		l.NextSeq++
		l.Txs++
	}
	return LogOK
}

// verifyTx checks the transaction at pos, which may take up to left blocks, and returns its length, 0 if it is not
// whole.
func (l *Log) verifyTx(pos, left uint32) (used uint32, err LogError) {
	chain := uint32(0)
	for used < left {
		if !l.Dev.ReadLog(l.at(pos), l.Block) {
			return 0, LogIO
		}
		b := l.Block
		magic := U32(b, OffMagic)
		if !Verify(l.SB.Seed, magic, l.at(pos), b) || U64(b, JHSeq) != l.NextSeq {
			return 0, LogOK
		}
		n := U32(b, JHCount)
		pos = l.next(pos)
		used++
		if magic != MagicJComm {
			chain = Chain(chain, b)
		}
		switch magic {
		case MagicJComm:
			if n != used-1 || U32(b, JHChain) != chain {
				return 0, LogOK
			}
			return used, LogOK
		case MagicJRevk:
			if n > JRCount {
				return 0, LogOK
			}
		case MagicJDesc:
			if n > JDCount || n >= left-used {
				return 0, LogOK
			}
			for i := range int(n) {
				e := b[HeaderSize+i*JDSize:]
				if !l.Dev.ReadLog(l.at(pos), l.Copy) {
					return 0, LogIO
				}
				if CopyCRC(l.SB.Seed, l.NextSeq, l.Copy) != U32(e, JDCRC) || !l.validHome(U64(e, JDHome)) {
					return 0, LogOK
				}
				pos = l.next(pos)
			}
			used += n
		default:
			return 0, LogOK
		}
	}
	return 0, LogOK
}

func (l *Log) validHome(blk uint64) bool {
	return blk < l.SB.Blocks && (blk < l.SB.JStart || blk >= l.SB.JStart+uint64(l.SB.JBlocks))
}

// applyTx enters a verified transaction into the table: its revocations first, which concern older copies
// only, since a transaction never logs a block that it frees.
func (l *Log) applyTx(start, used uint32) LogError {
	for _, revoke := range [...]bool{true, false} {
		pos := start
		for i := uint32(0); i < used; i++ {
			if !l.Dev.ReadLog(l.at(pos), l.Block) {
				return LogIO
			}
			b := l.Block
			pos = l.next(pos)
			n := U32(b, JHCount)
			switch U32(b, OffMagic) {
			case MagicJRevk:
				for k := range int(min(n, JRCount)) {
					if revoke {
						l.drop(U64(b, HeaderSize+8*k))
					}
				}
			case MagicJDesc:
				for k := range int(min(n, JDCount)) {
					if !revoke {
						l.enter(U64(b, HeaderSize+k*JDSize), pos)
					}
					pos = l.next(pos)
				}
				i += n
			}
		}
	}
	return LogOK
}

func logSlot(blk uint64, mask uint32) uint32 {
	return uint32(blk*0x9e3779b97f4a7c15>>32) & mask
}

// enter records the newest copy of a block. The table has more slots than the journal has blocks, so the probe
// ends; slots of revoked entries are not reused, which keeps the count of used slots below the number of copies.
func (l *Log) enter(blk uint64, pos uint32) {
	mask := uint32(len(l.Table) - 1)
	for s, i := logSlot(blk, mask), 0; i < len(l.Table); s, i = (s+1)&mask, i+1 {
		e := &l.Table[s]
		if e.Pos == 0 || e.Home == blk {
			if e.Pos == 0 || e.Pos == LogGone {
				l.Live++
			}
			e.Home, e.Pos = blk, pos
			return
		}
	}
}

// drop forgets the copies of a block that was freed.
func (l *Log) drop(blk uint64) {
	if e := l.Find(blk); e != nil {
		e.Pos = LogGone
		l.Live--
	}
}

// Find returns the table entry of a block that has a copy in the log, or nil.
func (l *Log) Find(blk uint64) *LogEntry {
	mask := uint32(len(l.Table) - 1)
	for s, i := logSlot(blk, mask), 0; i < len(l.Table); s, i = (s+1)&mask, i+1 {
		e := &l.Table[s]
		if e.Pos == 0 {
			return nil
		}
		if e.Home == blk {
			if e.Pos == LogGone {
				return nil
			}
			return e
		}
	}
	return nil
}
