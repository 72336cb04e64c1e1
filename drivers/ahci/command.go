package ahci

import (
	"unsafe"

	"galago/kernel/block"
	"galago/kernel/errno"
)

// ATA commands (ACS-3 §7).
const (
	ataReadDMA       = 0x25
	ataWriteDMA      = 0x35
	ataWriteDMAFUA   = 0x3d
	ataReadQueued    = 0x60
	ataWriteQueued   = 0x61
	ataReadLog       = 0x2f
	ataFlush         = 0xea
	ataIdentify      = 0xec
	ataDataSet       = 0x06
	dataSetTrim      = 1
	fisHostToDevice  = 0x27
	fisCommand       = 0x80
	fisDwords        = 5
	deviceLBA        = 0x40
	deviceForce      = 0x80
	maxPRDBytes      = 1 << 22
	headerWrite      = 1 << 6
	headerPRDs       = 16
	trimRangeSectors = 0xffff
	trimRanges       = 64 // in one block of 512 bytes
)

// header is an entry of the command list (§4.2.2).
type header struct {
	flags uint32
	bytes uint32 // transferred
	table uint64
	_     [4]uint32
}

// prd is an entry of a command's scatter list (§4.2.3.3).
type prd struct {
	addr  uint64
	_     uint32
	count uint32 // minus one
}

// table is a command table (§4.2.3).
type table struct {
	fis [0x40]byte
	_   [tableData - 0x40]byte
	prd [maxPRD]prd
}

func pointer(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

func (p *port) table(slot int) (*table, uint64) {
	f, off := p.tables[slot/tablesInPage], uintptr(slot%tablesInPage)*tableSize
	return (*table)(pointer(f.Virt() + off)), f.Phys() + uint64(off)
}

func (p *port) header(slot int) *header {
	return (*header)(pointer(p.list.Virt() + uintptr(slot)*unsafe.Sizeof(header{})))
}

// command is a host-to-device FIS to be (Serial ATA 3.0 §10.3.4).
type command struct {
	code, device uint8
	features     uint16
	lba          uint64
	count        uint16
}

// setFIS writes the FIS of a slot.
func (t *table) setFIS(c command) {
	t.fis = [0x40]byte{
		fisHostToDevice, fisCommand, c.code, uint8(c.features),
		uint8(c.lba), uint8(c.lba >> 8), uint8(c.lba >> 16), c.device,
		uint8(c.lba >> 24), uint8(c.lba >> 32), uint8(c.lba >> 40), uint8(c.features >> 8),
		uint8(c.count), uint8(c.count >> 8),
	}
}

// setHeader completes a slot: prds entries of its scatter list are in use.
func (p *port) setHeader(slot, prds int, write bool) {
	_, at := p.table(slot)
	flags := uint32(fisDwords) | uint32(prds)<<headerPRDs
	if write {
		flags |= headerWrite
	}
	*p.header(slot) = header{flags: flags, table: at}
}

// Start builds the command for a request. Commit issues it.
func (p *port) Start(d *block.Device, r *block.Request) bool {
	p.lock.Lock()
	queued := p.info.ncq && (r.Command() == block.Read || r.Command() == block.Write)
	alone := !queued || p.queued == 0 || p.careful > 0
	if p.stopped.Load() || p.busy != 0 && alone || p.busy == p.usable() {
		p.lock.Unlock()
		return false
	}
	slot := 0
	for p.busy>>slot&1 != 0 {
		slot++
	}
	ok := true
	switch r.Command() {
	case block.Read, block.Write:
		ok = p.buildTransfer(slot, r, queued)
	case block.Flush:
		t, _ := p.table(slot)
		t.setFIS(command{code: ataFlush, device: deviceLBA})
		p.setHeader(slot, 0, false)
	case block.Discard:
		p.buildTrim(slot, r)
	default:
		ok = false
	}
	if ok {
		p.busy |= 1 << slot
		p.built |= 1 << slot
		if queued {
			p.queued |= 1 << slot
		}
		p.requests[slot] = r
	}
	p.lock.Unlock()
	if !ok {
		block.Complete(r, errno.EINVAL)
	}
	return true
}

// usable returns the slots that may be in use together.
func (p *port) usable() uint32 {
	if p.info.ncq {
		return p.slots & (1<<p.info.depth - 1)
	}
	return 1
}

// buildTransfer fills a slot with a read or write. False: the memory is not fit for it.
func (p *port) buildTransfer(slot int, r *block.Request, queued bool) bool {
	t, _ := p.table(slot)
	sector, count := r.Position()
	lba, n := sector/p.info.per, uint16(count/p.info.per)
	write := r.Command() == block.Write
	c := command{device: deviceLBA, lba: lba, count: n}
	switch {
	case queued:
		c.code = ataReadQueued
		if write {
			c.code = ataWriteQueued
		}
		c.features, c.count = n, uint16(slot)<<3
		if r.Force() {
			c.device |= deviceForce
		}
	case write && r.Force():
		c.code = ataWriteDMAFUA
	case write:
		c.code = ataWriteDMA
	default:
		c.code = ataReadDMA
	}
	t.setFIS(c)
	runs := r.Runs(maxPRDBytes)
	i := 0
	for at, n := runs.Next(); n > 0; at, n = runs.Next() {
		if i == maxPRD || at&1 != 0 || n&1 != 0 || n > maxPRDBytes {
			return false
		}
		t.prd[i] = prd{addr: at, count: n - 1}
		i++
	}
	p.setHeader(slot, i, write)
	return true
}

// buildTrim fills a slot with a data-set command whose ranges are in the port's buffer. It runs alone, so there is but
// one at a time.
func (p *port) buildTrim(slot int, r *block.Request) {
	sector, count := r.Position()
	lba, left := sector/p.info.per, count/p.info.per
	ranges := (*[trimRanges]uint64)(pointer(p.buffer.Virt()))
	for i := range ranges {
		n := min(left, trimRangeSectors)
		ranges[i] = lba | n<<48
		if n == 0 {
			ranges[i] = 0
		}
		lba, left = lba+n, left-n
	}
	t, _ := p.table(slot)
	t.setFIS(command{code: ataDataSet, device: deviceLBA, features: dataSetTrim, count: 1})
	t.prd[0] = prd{addr: p.buffer.Phys(), count: trimRanges*8 - 1}
	p.setHeader(slot, 1, true)
}

// Commit issues what has been built: for queued commands first the tags, then all (§5.5.1).
func (p *port) Commit(d *block.Device) {
	p.lock.Lock()
	if fresh := p.built; fresh != 0 && !p.stopped.Load() {
		p.built = 0
		p.issued |= fresh
		if tags := fresh & p.queued; tags != 0 {
			p.write(portSACT, tags)
		}
		p.enable(fresh&^p.queued != 0)
		p.write(portCI, fresh)
	}
	p.lock.Unlock()
}

// enable chooses the interrupts: a command that is not queued ends with a register FIS; a queued one begins with one,
// which we do not care to hear about, and ends with a set-device-bits FIS. The port is locked.
func (p *port) enable(registers bool) {
	want := uint32(isQueued)
	if registers {
		want = isPlain
	}
	if p.enabled != want {
		p.enabled = want
		p.write(portIS, isD2H)
		p.write(portIE, want)
	}
}

// reap completes the commands that the hardware has finished with.
func (p *port) reap() {
	p.lock.Lock()
	if p.stopped.Load() {
		p.lock.Unlock()
		return
	}
	done := p.finished()
	p.lock.Unlock()
	p.completeAll(done, errno.OK)
}

// finished takes the slots back that are done, and returns them. The port is locked.
func (p *port) finished() uint32 {
	if p.issued == 0 {
		return 0
	}
	done := p.issued &^ (p.read(portSACT) | p.read(portCI))
	p.issued &^= done
	return done
}

// completeAll frees finished slots and completes their requests.
func (p *port) completeAll(slots uint32, err errno.Errno) {
	for slot := 0; slots != 0; slot++ {
		if slots>>slot&1 == 0 {
			continue
		}
		slots &^= 1 << slot
		block.Complete(p.free(slot), err)
	}
}

// free gives a slot up and returns its request.
func (p *port) free(slot int) *block.Request {
	p.lock.Lock()
	r := p.requests[slot]
	p.requests[slot] = nil
	p.careful = max(p.careful-1, 0)
	p.busy &^= 1 << slot
	p.queued &^= 1 << slot
	p.lock.Unlock()
	return r
}
