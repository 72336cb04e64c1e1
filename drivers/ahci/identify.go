package ahci

import (
	"math/bits"
	"unsafe"

	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/klog"
)

// identity is what a disk says of itself, checked.
type identity struct {
	blocks    uint64
	blockSize uint32
	physical  uint32
	per       uint64 // sectors of 512 bytes in a block
	ncq       bool
	depth     int
	fua       bool
	cache     bool
	trim      bool
	rotates   bool
	model     [40]byte
	modelLen  int
}

// identify asks the disk who it is.
func (p *port) identify() errno.Errno {
	if err := p.own(command{code: ataIdentify}, block.SectorSize); err != errno.OK {
		return err
	}
	words := (*[256]uint16)(pointer(p.buffer.Virt()))
	if !p.info.parse(words) {
		return errno.EINVAL
	}
	slots := bits.Len32(p.slots)
	p.info.ncq = p.info.ncq && p.c.cap&capNCQ != 0
	p.info.depth = min(p.info.depth, slots)
	if !p.info.ncq {
		p.info.depth = 1
	}
	return errno.OK
}

// Words of the IDENTIFY DEVICE data (ACS-3 §7.12.7).
const (
	idModel       = 27
	idQueueDepth  = 75
	idSATA        = 76
	idCommands82  = 82
	idCommands83  = 83
	idEnabled85   = 85
	idCommands87  = 87
	idBlocks      = 100
	idSectorSize  = 106
	idLogicalSize = 117
	idTrim        = 169
	idRotation    = 217
)

// parse reads the identification. False: a disk we cannot use (one without 48-bit addresses) or nonsense.
func (d *identity) parse(w *[256]uint16) bool {
	const lba48 = 1 << 10
	if w[0]&0x8000 != 0 || w[idCommands83]&0xc000 != 0x4000 || w[idCommands83]&lba48 == 0 {
		return false
	}
	d.blocks = uint64(w[idBlocks]) | uint64(w[idBlocks+1])<<16 | uint64(w[idBlocks+2])<<32
	d.blockSize = block.SectorSize
	exp := uint32(0)
	if s := w[idSectorSize]; s&0xc000 == 0x4000 {
		if s&(1<<12) != 0 {
			d.blockSize = 2 * (uint32(w[idLogicalSize]) | uint32(w[idLogicalSize+1])<<16)
		}
		if s&(1<<13) != 0 {
			exp = uint32(s & 0xf)
		}
	}
	if d.blockSize < block.SectorSize || d.blockSize > 4096 || d.blockSize&(d.blockSize-1) != 0 || d.blocks == 0 {
		return false
	}
	d.physical = d.blockSize << min(exp, 8)
	d.per = uint64(d.blockSize / block.SectorSize)
	d.ncq = w[idSATA] != 0xffff && w[idSATA]&(1<<8) != 0
	d.depth = int(w[idQueueDepth]&0x1f) + 1
	valid87 := w[idCommands87]&0xc000 == 0x4000
	d.fua = valid87 && w[idCommands87]&(1<<6) != 0
	d.cache = w[idCommands82]&(1<<5) != 0 && w[idEnabled85]&(1<<5) != 0
	d.trim = w[idTrim]&1 != 0
	d.rotates = w[idRotation] != 1
	d.setModel(w)
	return true
}

// setModel copies the model name, two characters a word, high byte first, padded with spaces.
func (d *identity) setModel(w *[256]uint16) {
	for i := range d.model {
		c := byte(w[idModel+i/2] >> (8 * (1 - i%2)))
		if c < ' ' || c > '~' {
			c = ' '
		}
		d.model[i] = c
		if c != ' ' {
			d.modelLen = i + 1
		}
	}
}

const (
	major   = 8 // as on Linux
	minors  = 16
	timeout = 30_000_000_000
	// maxTransfer is in sectors. A count of 65,536 blocks would be written as 0; we stay far below.
	maxTransfer = 2048
)

// register makes the port's disk known.
func (p *port) register() {
	d, id := &p.disk, &p.info
	d.SetName("sd", nextIndex, 0)
	d.Major, d.Minor = major, uint32(nextIndex*minors)
	nextIndex++
	d.Sectors = id.blocks * id.per
	d.BlockSize, d.PhysBlockSize = id.blockSize, id.physical
	d.Rotational, d.Cache = id.rotates, id.cache
	d.FUA = id.fua && id.ncq
	d.MaxSegs, d.MaxSectors = maxPRD, maxTransfer
	if id.trim {
		d.MaxDiscard = trimRanges * trimRangeSectors * id.per
	}
	d.Depth = bits.OnesCount32(p.usable())
	d.Timeout = timeout
	d.Driver, d.Private = p, unsafe.Pointer(p)
	klog.Printf("ahci: port %d: %s, queue depth %d", p.index, unsafe.String(&id.model[0], id.modelLen), d.Depth)
	block.Register(d)
	block.ScanPartitions(d)
}
